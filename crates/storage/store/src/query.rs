//! How much of a query is read, and records that are read again.

use landfall_query::ResultRow;

/// How much is read of what a query finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryLimits {
    /// Records whose values are read, those of queries of children included; at least one if there is one.
    pub rows: usize,
    /// Records that may be found at all: [`crate::Error::TooMany`] beyond.
    pub records: usize,
}

/// Records that were found before, read again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reread {
    /// Those of them that are still there.
    pub rows: Vec<ResultRow>,
    /// How many of the ids have been looked at: the page may be full before the last.
    pub looked_at: usize,
}
