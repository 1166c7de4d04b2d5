//! What can go wrong beneath the requests.

use std::path::PathBuf;

use landfall_engine::report;
use landfall_model::Fault;

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
    /// The fault that a client receives. Anything but a refusal is logged ([`report`]).
    pub(crate) fn fault(self) -> Fault {
        match self {
            Self::Engine(error) => error.fault(),
            other => report(&other, Fault::Internal { error_id: 0 }),
        }
    }
}
