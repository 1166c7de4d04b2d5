//! Why a server does not start, or does not stop cleanly.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use landfall_metadata::Problem;
use landfall_model::RecordId;

/// Why the server does not run. The text names the failed operation; [`Error::hint`] says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file named by the configuration, or the configuration itself, cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The configuration file is not TOML, or has a key or a value that is not known.
    #[error("{}:{line}:{column}: {reason}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Place of the error, from 1.
        line: usize,
        /// Place of the error, from 1. Unit: characters.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
    /// The configuration says things that do not go together, or leaves out what is needed.
    #[error("the configuration is incomplete: {reason}")]
    Incomplete {
        /// What is missing, by the name of its key.
        reason: String,
    },
    /// The configuration would put the org at risk.
    #[error("refusing to start: {reason}")]
    Unsafe {
        /// What is unsafe and why.
        reason: String,
        /// How to make it safe.
        hint: String,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The data folder cannot be made or written.
    #[error("cannot use the data folder {}", path.display())]
    Data {
        /// The folder, or a file in it.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A certificate or key cannot be made or used.
    #[error("cannot set up TLS: {what}")]
    Tls {
        /// What failed.
        what: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The store cannot be opened.
    #[error("cannot open {}", path.display())]
    Store {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: landfall_store::Error,
    },
    /// The engine does not start on this store.
    #[error("the engine does not start")]
    Engine(#[from] landfall_engine::Error),
    /// Users and logins cannot be read.
    #[error("users and logins cannot be set up")]
    Auth(#[from] landfall_auth::Error),
    /// Bulk jobs cannot be read.
    #[error("bulk jobs cannot be set up")]
    Bulk(#[from] landfall_bulk::Error),
    /// Deployments cannot be read.
    #[error("the Metadata API cannot be set up")]
    Mdapi(#[from] landfall_mdapi::Error),
    /// The Pub/Sub API cannot be described.
    #[error("server reflection cannot be set up")]
    Reflection(#[from] landfall_pubsub::ReflectionError),
    /// The project cannot be deployed.
    #[error("the project cannot be used\n{}", listed(problems))]
    Project {
        /// All that is wrong.
        problems: Vec<Problem>,
    },
    /// The records that the org is to begin with cannot be made.
    #[error("the first records cannot be loaded\n{}", listed(problems))]
    Seed {
        /// What is wrong.
        problems: Vec<Problem>,
    },
    /// Something of the server ended by a defect.
    #[error("a part of the server ended unexpectedly: {0}")]
    Ended(&'static str),
    /// The org is open already, under this id.
    #[error("the org {org} is open already")]
    OrgOpen {
        /// Its id.
        org: RecordId,
    },
    /// No org with this id is open.
    #[error("no org {org} is open")]
    OrgUnknown {
        /// The id.
        org: RecordId,
    },
}

impl Error {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unsafe { hint, .. } => Some(hint.clone()),
            Self::Listen { source, .. } => match source.kind() {
                io::ErrorKind::AddrInUse => {
                    Some("use what runs there, or choose a free port with --listen 127.0.0.1:0".to_owned())
                }
                io::ErrorKind::PermissionDenied => {
                    Some("ports below 1024 need privileges; choose a higher one with --listen".to_owned())
                }
                _ => None,
            },
            Self::Data { .. } => Some("choose another folder with --data DIR".to_owned()),
            Self::Store { .. } => Some(
                "if another landfall uses this folder, stop it or choose another folder with --data DIR"
                    .to_owned(),
            ),
            Self::Read { .. }
            | Self::Syntax { .. }
            | Self::Incomplete { .. }
            | Self::Tls { .. }
            | Self::Engine(_)
            | Self::Auth(_)
            | Self::Bulk(_)
            | Self::Mdapi(_)
            | Self::Reflection(_)
            | Self::Project { .. }
            | Self::Seed { .. }
            | Self::Ended(_)
            | Self::OrgOpen { .. }
            | Self::OrgUnknown { .. } => None,
        }
    }
}

/// One problem a line: file, line, reason.
fn listed(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
    lines.join("\n")
}
