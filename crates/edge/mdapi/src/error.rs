//! What can go wrong here.

use landfall_engine::report;
use landfall_model::{Fault, ServiceFault};

/// Why a request or a deployment came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The client's mistake, or a rule.
    #[error("refused: {0:?}")]
    Refused(Fault),
    /// The engine failed.
    #[error("the engine failed")]
    Engine(#[from] landfall_engine::Error),
    /// A zip file cannot be made: a defect.
    #[error("a zip file cannot be made")]
    Zip(#[from] zip::result::ZipError),
    /// A component that is kept is no document: a defect.
    #[error("a component that is kept cannot be read")]
    Component(#[source] landfall_engine::Problem),
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Refused(fault)
    }
}

landfall_model::from_fault_families!(Error);

impl Error {
    /// The fault that a client gets. An internal error is logged ([`report`]).
    pub(crate) fn fault(self) -> Fault {
        match self {
            Self::Refused(fault) => fault,
            Self::Engine(failure) => failure.fault(),
            other => report(
                &other,
                Fault::Service(ServiceFault::Internal { error_id: 0 }),
            ),
        }
    }
}
