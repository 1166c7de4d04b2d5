//! Snapshots: a whole store as a file, and the way back to it.

use std::path::Path;

use landfall_model::{EntityName, RecordId, ReplayId, Topic, Value};

use crate::{DocumentKind, Error, TopicId};

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

/// Which of the records that differ are listed.
#[derive(Clone, Debug)]
pub struct DifferenceQuery {
    /// Those of this object; none: of all, object by object.
    pub object: Option<EntityName>,
    /// Those after this one, in the order of their ids.
    pub after: Option<RecordId>,
    /// At most so many records, and at most so many events of each side.
    pub limit: usize,
    /// A document that both must have alike: it says whose store this is.
    pub identity: (DocumentKind, &'static str),
}

/// What differs between an earlier state of a store and a later one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Difference {
    /// How many records differ, by object, in the order of the names; those of the query.
    pub objects: Vec<ObjectDifference>,
    /// The first of them.
    pub records: Vec<RecordDifference>,
    /// Events that only the later state has.
    pub added: EventDifference,
    /// Events that only the earlier state has.
    pub removed: EventDifference,
}

/// How many records of an object differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectDifference {
    /// The object.
    pub object: EntityName,
    /// Records that only the later state has.
    pub created: u64,
    /// Records that are not the same.
    pub changed: u64,
    /// Records that only the earlier state has.
    pub removed: u64,
}

/// A record that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordDifference {
    /// Its object.
    pub object: EntityName,
    /// Its id.
    pub id: RecordId,
    /// Whether the earlier and the later state have it.
    pub is_in: (bool, bool),
    /// The fields that differ, with their values before and after.
    pub fields: Vec<(String, Value, Value)>,
}

/// Events that only one of two states has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventDifference {
    /// How many.
    pub count: u64,
    /// The first of them, with their topics.
    pub first: Vec<(ReplayId, TopicId, Topic)>,
}

/// The answer of a store that keeps no state but the present one.
pub(crate) fn unpinned() -> Error {
    Error::Snapshot {
        reason: "this store keeps no state but the present one".to_owned(),
    }
}

/// The answer of a store that has no snapshots.
pub(crate) fn unsupported(file: &Path) -> Error {
    Error::Snapshot {
        reason: format!("this store has none, and {} is not used", file.display()),
    }
}
