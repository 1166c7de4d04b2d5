//! What a query finds.

use landfall_model::{RecordId, Value};

/// How much is read of what a query finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Records whose values are read, those of queries of children included; at least one if there is one.
    pub rows: usize,
    /// Records that may be found at all: [`crate::Error::TooMany`] beyond.
    pub records: usize,
}

/// Records or groups, in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The first of them, with their values; all, if they are groups.
    pub rows: Vec<FoundRow>,
    /// The ids of all of them; none, if they are groups.
    pub ids: Vec<RecordId>,
}

/// One record or group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FoundRow {
    /// In the order of the plan's columns.
    pub values: Vec<Value>,
    /// In the order of the plan's queries of children.
    pub children: Vec<Found>,
}

/// Records that were found before, read again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reread {
    /// Those of them that are still there.
    pub rows: Vec<FoundRow>,
    /// How many of the ids have been looked at: the room may end before they do.
    pub looked_at: usize,
}
