//! What this node is and does, for the control interface: of the process, and of an org in it.

pub(crate) mod bearer;
pub(crate) mod health;
pub(crate) mod metrics;
pub(crate) mod open_files;
pub(crate) mod standing;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use landfall_control::{ConnectionsReport, NodeFacts, NodeReport, SettingReport, StorageReport};
use tokio::sync::Semaphore;

use crate::config::{Config, Mode};
use crate::connections::Connections;
use crate::orgs::files::STORE_FILE;
use health::Health;

/// Endings of the files of a database, after the name of the first.
const FILES: [&str; 3] = ["", "-wal", "-shm"];

/// Facts of the process, which all orgs share.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    pub(crate) address: String,
    pub(crate) started: Instant,
    pub(crate) connections: Arc<Connections>,
    pub(crate) connections_max: usize,
    /// One for each connection that may still be opened.
    pub(crate) slots: Arc<Semaphore>,
}

/// An org on this node.
pub(crate) struct OnNode {
    process: Process,
    health: Health,
    command: &'static str,
    back_end: &'static str,
    folder: PathBuf,
    is_file: bool,
    reserve_bytes: u64,
    settings: Arc<[SettingReport]>,
}

impl OnNode {
    pub(crate) fn new(process: Process, config: &Config, folder: PathBuf, health: Health) -> Self {
        let is_file = config.store.is_none();
        Self {
            process,
            health,
            command: match config.mode {
                Mode::Developer => "dev",
                Mode::Production { .. } => "serve",
            },
            back_end: if is_file { "SQLite" } else { "PostgreSQL" },
            folder,
            is_file,
            reserve_bytes: config.reserve_bytes,
            settings: Arc::clone(&config.settings),
        }
    }

    fn storage(&self) -> StorageReport {
        let sizes = || {
            let size = |ending| {
                let file = self.folder.join(format!("{STORE_FILE}{ending}"));
                std::fs::metadata(file).map_or(0, |file| file.len())
            };
            FILES.into_iter().map(size).sum()
        };
        StorageReport {
            back_end: self.back_end,
            place: if self.is_file {
                self.folder.display().to_string()
            } else {
                "the database of `store`".to_owned()
            },
            file_bytes: self.is_file.then(sizes),
            reserve_bytes: self.reserve_bytes,
            damaged: self.health.scrub.findings(),
            checks: self.health.scrub.passes(),
        }
    }
}

impl NodeFacts for OnNode {
    fn report(&self) -> NodeReport {
        let (is_ready, reasons) = self.health.readiness();
        let process = &self.process;
        let [accepted, delayed, failed] = process.connections.totals().map(|(_, count)| count);
        let max = process.connections_max;
        let open = max.saturating_sub(process.slots.available_permits());
        let whole = |count| u64::try_from(count).unwrap_or(u64::MAX);
        NodeReport {
            version: env!("CARGO_PKG_VERSION"),
            build: if cfg!(debug_assertions) {
                "debug"
            } else {
                "release"
            },
            platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            command: self.command,
            address: process.address.clone(),
            uptime: process.started.elapsed(),
            is_ready,
            reasons,
            storage: self.storage(),
            connections: ConnectionsReport {
                open: whole(open),
                max: whole(max),
                accepted,
                delayed,
                failed,
            },
            settings: Arc::clone(&self.settings),
        }
    }
}
