//! What can go wrong in the engine.

use landfall_metadata::Problem;
use landfall_model::{Fault, ServiceFault};

use crate::report::report;

/// Why the engine did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request is refused: the client's mistake, or a rule.
    #[error("refused: {0:?}")]
    Refused(Fault),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] landfall_store::Error),
    /// A definition cannot be turned into an event schema.
    #[error("the event schema of {entity} cannot be built")]
    Schema {
        /// The object.
        entity: String,
        /// Why.
        #[source]
        source: landfall_schema::Error,
    },
    /// A shipped definition cannot be read: a defect.
    #[error("the standard objects cannot be read")]
    Standard(#[from] landfall_standard::Error),
    /// A stored document cannot be read.
    #[error("the stored {what} cannot be read: {reason}")]
    Document {
        /// What it is about.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A project that cannot be deployed.
    #[error("the project has {} problems", problems.len())]
    Invalid {
        /// All of them.
        problems: Vec<Problem>,
    },
    /// The writer has no thread to run on.
    #[error("the writer cannot be started")]
    Thread(#[source] std::io::Error),
    /// The engine has been stopped.
    #[error("the engine has stopped")]
    Stopped,
    /// Another process writes to the store.
    #[error("another process writes to the store of this org")]
    ReadOnly,
    /// Another process writes to the store, and what it has committed could not be taken in.
    #[error("what is in memory is behind what is stored")]
    Behind,
}

impl Error {
    /// Whether nothing was kept and the same request may succeed later without a restart, as with a full disk.
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Store(landfall_store::Error::Unavailable { .. }))
    }

    /// Whether it is damaged data that was met. Other data may be whole.
    pub(crate) const fn is_damage(&self) -> bool {
        matches!(self.failure(), landfall_store::Failure::Damaged)
    }

    /// What has gone wrong with the store, if it is that.
    pub(crate) const fn failure(&self) -> landfall_store::Failure {
        match self {
            Self::Store(error) => error.failure(),
            _ => landfall_store::Failure::Other,
        }
    }

    /// The fault that a client gets. An internal error is logged ([`report`]).
    pub fn fault(self) -> Fault {
        let fault = match self {
            Self::Refused(fault) => return fault,
            Self::Store(_) | Self::Stopped | Self::ReadOnly | Self::Behind => {
                Fault::Service(ServiceFault::StoreUnavailable)
            }
            Self::Invalid { .. }
            | Self::Schema { .. }
            | Self::Standard(_)
            | Self::Document { .. }
            | Self::Thread(_) => Fault::Service(ServiceFault::Internal { error_id: 0 }),
        };
        report(&self, fault)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Refused(fault)
    }
}

landfall_model::from_fault_families!(Error);
