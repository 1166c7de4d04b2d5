//! An allocation of the org is used up.

/// An allocation of the org is used up. `landfall-wire` spells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LimitFault {
    /// There is too little space for what the request would store.
    Storage,
    /// The daily number of requests is used up.
    Requests,
    /// The hourly number of published platform events is used up.
    Publishes,
    /// More events in a day than allowed.
    Deliveries,
    /// A platform event has more bytes than an event may have.
    EventTooLarge,
}
