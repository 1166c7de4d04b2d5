//! Why a server does not start, or does not stop gracefully.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use landfall_metadata::Problem;
use landfall_model::RecordId;

use crate::settings::origin::Origin;

/// Why the server does not run. The text names the failed operation; [`Error::hint`] how to solve it.
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
    /// The configuration file is not TOML, or has an unknown key.
    #[error("{}:{line}:{column}: {reason}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// From 1. Unit: characters.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
    /// A setting has a value that is not allowed.
    #[error("{origin}: `{key}`: {reason}")]
    Value {
        /// Where it was set.
        origin: Origin,
        /// Key of the setting.
        key: &'static str,
        /// What is wrong and what is allowed.
        reason: String,
    },
    /// Settings contradict each other, or a required one is missing.
    #[error("the configuration is incomplete: {reason}")]
    Incomplete {
        /// Which setting, by its key, and why.
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
    /// The database of the org cannot be opened.
    #[error("cannot open the database of `store`")]
    Database(#[source] landfall_store::Error),
    /// The source or the destination of a move cannot be used.
    #[error("cannot use {place}")]
    Place {
        /// Which one, without a password.
        place: String,
        /// Why.
        #[source]
        source: landfall_store::Error,
    },
    /// A move of an org has failed on its way.
    #[error("cannot move the org")]
    Move(#[source] landfall_store::Error),
    /// The engine does not start on this store.
    #[error("cannot start the engine")]
    Engine(#[from] landfall_engine::Error),
    /// Users and logins cannot be read.
    #[error("cannot load users and logins")]
    Auth(#[from] landfall_auth::Error),
    /// Bulk jobs cannot be read.
    #[error("cannot load bulk jobs")]
    Bulk(#[from] landfall_bulk::Error),
    /// Deployments cannot be read.
    #[error("cannot load deployments")]
    Mdapi(#[from] landfall_mdapi::Error),
    /// The Pub/Sub API cannot be described.
    #[error("cannot set up server reflection")]
    Reflection(#[from] landfall_pubsub::ReflectionError),
    /// The state that a developer org begins with cannot be kept.
    #[error("cannot keep the first state of the org: {reason}")]
    State {
        /// Why.
        reason: String,
    },
    /// The project cannot be deployed.
    #[error("cannot deploy the project\n{}", listed(problems))]
    Project {
        /// All that is wrong.
        problems: Vec<Problem>,
    },
    /// The seeds cannot be loaded.
    #[error("cannot load the seeds\n{}", listed(problems))]
    Seed {
        /// What is wrong.
        problems: Vec<Problem>,
    },
    /// A task of the server ended because of a defect.
    #[error("internal error: {0} ended unexpectedly")]
    Ended(&'static str),
    /// The org is open already, under this id.
    #[error("the org {org} is open already")]
    OrgOpen {
        /// Its id.
        org: RecordId,
    },
    /// The process stops, and no org is opened any more.
    #[error("the server is stopping")]
    Stopping,
    /// No org with this id is open.
    #[error("no org {org} is open")]
    OrgUnknown {
        /// The id.
        org: RecordId,
    },
}

impl Error {
    /// How to solve it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unsafe { hint, .. } => Some(hint.clone()),
            Self::Listen { source, .. } => match source.kind() {
                io::ErrorKind::AddrInUse => {
                    Some("stop what listens there, or pick a free port with --listen 127.0.0.1:0".to_owned())
                }
                io::ErrorKind::PermissionDenied => {
                    Some("ports below 1024 need privileges; pick a higher one with --listen".to_owned())
                }
                _ => None,
            },
            Self::Data { .. } => Some("choose another folder with --data DIR".to_owned()),
            Self::Store { .. } => Some(
                "if another landfall uses this folder, stop it or choose another folder with --data DIR"
                    .to_owned(),
            ),
            Self::Move(landfall_store::Error::Open { .. }) => Some(
                "remove what the destination holds of it to start over, or name another destination"
                    .to_owned(),
            ),
            Self::Move(_) => Some(
                "nothing is lost: the source is as it was; run the command again, and it goes on where it was"
                    .to_owned(),
            ),
            Self::Read { .. }
            | Self::Syntax { .. }
            | Self::Value { .. }
            | Self::Incomplete { .. }
            | Self::Tls { .. }
            | Self::Database(_)
            | Self::Place { .. }
            | Self::Engine(_)
            | Self::Auth(_)
            | Self::Bulk(_)
            | Self::Mdapi(_)
            | Self::Reflection(_)
            | Self::State { .. }
            | Self::Project { .. }
            | Self::Seed { .. }
            | Self::Ended(_)
            | Self::Stopping
            | Self::OrgOpen { .. }
            | Self::OrgUnknown { .. } => None,
        }
    }
}

/// One problem a line: file, line, reason.
fn listed(problems: &[Problem]) -> String {
    let mut lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
    if problems.len() > 1 {
        let files: BTreeSet<&str> = problems
            .iter()
            .map(|problem| problem.path.as_str())
            .collect();
        lines.push(format!(
            "{} problems, files: {}",
            problems.len(),
            files.len()
        ));
    }
    lines.join("\n")
}
