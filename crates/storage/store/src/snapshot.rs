//! Snapshots: a whole store as a file, and the way back to it.

use std::path::Path;

use landfall_model::{EntityName, ReplayId};

use crate::{DocumentKind, Error};

/// What a snapshot holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotContent {
    /// Records by object, without those in the recycle bin and without objects that have none; in the order of the names.
    pub records: Vec<(EntityName, u64)>,
    /// Retained events.
    pub events: u64,
    /// The newest replay id.
    pub tail: ReplayId,
}

/// How a store returns to a snapshot.
#[derive(Clone, Copy, Debug)]
pub struct Restoring {
    /// Documents of these kinds stay as they are.
    pub kept: &'static [DocumentKind],
    /// A document that both must have alike: it says whose store this is.
    pub identity: (DocumentKind, &'static str),
    /// Whether the log goes on where it is, without the events of before; otherwise the events and the newest replay id are
    /// those of the snapshot.
    pub log_goes_on: bool,
}

/// The answer of a store that has no snapshots.
pub(crate) fn unsupported(file: &Path) -> Error {
    Error::Snapshot {
        reason: format!("this store has none, and {} is not used", file.display()),
    }
}
