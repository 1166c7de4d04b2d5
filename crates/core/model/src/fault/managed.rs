//! Why a stream of a managed event subscription is refused or ended.

/// Why a stream of a managed event subscription is refused or ended. `landfall-wire` spells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManagedFault {
    /// The first request names no managed subscription, or names it twice.
    NameMissing,
    /// The id of a managed subscription is no id.
    IdInvalid,
    /// No managed subscription of this id.
    IdUnknown,
    /// No managed subscription of this name.
    NameUnknown,
    /// Another stream uses the managed subscription.
    Active,
    /// The managed subscription has been stopped.
    Stopped,
    /// The managed subscription has been deleted.
    Deleted,
    /// A later request names another managed subscription.
    Changed,
    /// A request that asks for nothing.
    FetchEmpty,
    /// A request for less than no event.
    FetchCountInvalid,
    /// The first request commits.
    CommitEarly,
    /// The first request brings another access token.
    RefreshEarly,
    /// Nothing was committed for too long.
    CommitMissing,
}
