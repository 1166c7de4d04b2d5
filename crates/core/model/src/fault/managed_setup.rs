//! Why a managed event subscription cannot be created or changed.

/// Why a managed event subscription cannot be created or changed. `landfall-wire` spells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManagedSetupFault {
    /// The developer name has letters, or a form, that names do not have.
    NameMalformed,
    /// Another managed subscription has the developer name.
    NameTaken {
        /// The name.
        name: String,
    },
    /// The developer name of a managed subscription does not change.
    NameFixed,
    /// The topic of a managed subscription does not exist, or would change.
    TopicInvalid,
    /// A managed subscription runs or is stopped, and nothing else.
    StateInvalid,
    /// The org has as many managed subscriptions as it may have.
    TooMany,
}
