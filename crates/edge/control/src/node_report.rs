//! What a node reports of itself, beyond what its orgs know.

use std::sync::Arc;
use std::time::Duration;

/// A node.
pub trait NodeFacts: Send + Sync + 'static {
    /// What it is and does at the moment.
    fn report(&self) -> NodeReport;
}

/// What a node is and does.
#[derive(Clone, Debug)]
pub struct NodeReport {
    /// Its version.
    pub version: &'static str,
    /// How it was built: `release`, `debug`.
    pub build: &'static str,
    /// Operating system and processor.
    pub platform: String,
    /// The command that it runs under: `dev`, `serve`.
    pub command: &'static str,
    /// Address and port that it listens on.
    pub address: String,
    /// For how long it has run.
    pub uptime: Duration,
    /// Whether it takes requests, as `/readyz` answers.
    pub is_ready: bool,
    /// Why it does not, or what an operator should look at.
    pub reasons: Vec<String>,
    /// Where the org is stored.
    pub storage: StorageReport,
    /// Its connections.
    pub connections: ConnectionsReport,
    /// Its settings, in the order of the documentation.
    pub settings: Arc<[SettingReport]>,
}

/// Where an org is stored.
#[derive(Clone, Debug)]
pub struct StorageReport {
    /// Name of the back end.
    pub back_end: &'static str,
    /// The data folder, or that it is a database.
    pub place: String,
    /// Size of the data file and its log, if there is one.
    pub file_bytes: Option<u64>,
    /// Free space below which uploads and jobs are refused. Unit: bytes.
    pub reserve_bytes: u64,
    /// Damaged blocks, records and documents that are known.
    pub damaged: u64,
    /// How often everything stored was compared with its checksums since the start.
    pub checks: u64,
}

/// Connections of a process.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionsReport {
    /// Open ones.
    pub open: u64,
    /// How many may be open.
    pub max: u64,
    /// Accepted since the start.
    pub accepted: u64,
    /// Those that had to wait.
    pub delayed: u64,
    /// Those that could not be accepted.
    pub failed: u64,
}

/// A setting in effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingReport {
    /// Its key in the configuration file.
    pub key: &'static str,
    /// What it is about.
    pub group: &'static str,
    /// Its value; no secret.
    pub value: Option<String>,
    /// Where it was set.
    pub origin: String,
}
