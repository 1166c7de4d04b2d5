//! What can go wrong here.

use landfall_model::Fault;
use tracing::error;

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

impl Error {
    /// What a client is told; a defect or an outage is logged.
    pub(crate) fn fault(self) -> Fault {
        match self {
            Self::Refused(fault) | Self::Engine(landfall_engine::Error::Refused(fault)) => fault,
            other => {
                error!(error = %landfall_engine::chain(&other), "a request of the Metadata API failed");
                match other {
                    Self::Engine(failure) => failure.fault(),
                    _ => Fault::Internal { error_id: 0 },
                }
            }
        }
    }
}
