//! Why the records that changed in a period are not listed.

/// Why the records that changed in a period are not listed. `landfall-wire` spells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplicationFault {
    /// More records changed in a period than one response lists.
    TooMany,
    /// A period that cannot be queried.
    DateInvalid {
        /// What is wrong with it.
        reason: &'static str,
    },
}
