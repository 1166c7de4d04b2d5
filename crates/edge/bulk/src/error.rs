//! What can go wrong beneath the requests.

use std::io;
use std::path::PathBuf;

use landfall_engine::report;
use landfall_model::{Fault, LimitFault, ServiceFault};

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
        source: io::Error,
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
    /// There is less space than the reserve.
    #[error("less disk space is free than the reserve")]
    SpaceLow,
    /// The data of a job is not what it was when the job began.
    #[error("the data of a job has changed")]
    ContentChanged,
}

impl Error {
    /// Whether the job may continue later without a restart, as with a full disk.
    pub(crate) fn is_temporary(&self) -> bool {
        match self {
            Self::Engine(error) => error.is_temporary(),
            Self::SpaceLow => true,
            Self::File { source, .. } => is_full(source) || is_away(source),
            Self::Document { .. }
            | Self::Dropped(_)
            | Self::ResultMissing { .. }
            | Self::ContentChanged => false,
        }
    }

    /// Whether the data of a job is not where the files of jobs are.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::File { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    /// The fault that a client receives. Anything but a refusal is logged ([`report`]).
    pub(crate) fn fault(self) -> Fault {
        match self {
            Self::Engine(error) => error.fault(),
            Self::SpaceLow => Fault::Limit(LimitFault::Storage),
            Self::File { ref source, .. } if is_full(source) => {
                report(&self, Fault::Limit(LimitFault::Storage))
            }
            Self::File { ref source, .. } if is_away(source) => {
                report(&self, Fault::Service(ServiceFault::StoreUnavailable))
            }
            other => report(
                &other,
                Fault::Service(ServiceFault::Internal { error_id: 0 }),
            ),
        }
    }
}

/// Whether the database of the files cannot be reached now.
fn is_away(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotConnected
}

/// Whether a write failed for want of space.
fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}
