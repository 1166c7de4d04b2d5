//! The service itself cannot answer.

/// The service itself cannot answer. `landfall-wire` spells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceFault {
    /// The store cannot take writes; nothing of the request was kept.
    StoreUnavailable,
    /// More is asked of the service than it can do now.
    Busy,
    /// A defect of the service; the number finds it in the log.
    Internal {
        /// Also in the log.
        error_id: u64,
    },
}
