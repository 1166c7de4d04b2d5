//! What can go wrong beneath the requests.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;

use landfall_model::Fault;
use tracing::{error, warn};

/// Why jobs cannot be kept or processed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The engine failed.
    #[error("the org failed")]
    Engine(#[from] landfall_engine::Error),
    /// A file of a job cannot be used.
    #[error("cannot use {}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// A stored document cannot be read.
    #[error("the stored {what} cannot be read")]
    Document {
        /// What it is about.
        what: &'static str,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A piece of work was dropped by the runtime, which is going down.
    #[error("the work has been dropped")]
    Dropped(#[from] tokio::task::JoinError),
    /// A result is not there that must be.
    #[error("the result {key} is missing")]
    ResultMissing {
        /// Its key.
        key: String,
    },
    /// The data of a job is not what it was when the job began.
    #[error("the data of a job has changed")]
    ContentChanged,
}

impl Error {
    /// What a client is told. A defect or an outage is logged with the number that the client hears.
    pub(crate) fn fault(self) -> Fault {
        let text = chain(&self);
        let fault = match self {
            Self::Engine(landfall_engine::Error::Refused(fault)) => return fault,
            Self::Engine(error) => error.fault(),
            _ => Fault::Internal { error_id: 0 },
        };
        let Fault::Internal { .. } = fault else {
            warn!(error = text, "a request for a bulk job was refused");
            return fault;
        };
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let error_id = hasher.finish() >> 32;
        error!(error_id, error = text, "a request for a bulk job failed");
        Fault::Internal { error_id }
    }
}

/// An error with what caused it, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
