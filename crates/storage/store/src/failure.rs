//! What has gone wrong with a store, in terms of what its operator can do about it.

use std::fmt;

/// The kind of a failure. The words of the back end are in the error's source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// There is no space left. Nothing was kept, and writing continues when there is space.
    DiskFull,
    /// A write failed for another reason than space. Nothing was kept, and the next one is tried.
    WriteFailed,
    /// The database of the store cannot be reached, or takes no writes right now. Nothing was kept, and the next one is tried.
    DatabaseUnavailable,
    /// A sync failed: only opening the store again shows what the disk holds.
    SyncFailed,
    /// Stored data is damaged.
    Damaged,
    /// The file was removed while it was open.
    FileMissing,
    /// Another file is at the path of the one that was opened.
    FileReplaced,
    /// Another process has become the writer.
    Fenced,
    /// Anything else, a defect of this program among it.
    Other,
}

impl Failure {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::DiskFull,
        Self::WriteFailed,
        Self::DatabaseUnavailable,
        Self::SyncFailed,
        Self::Damaged,
        Self::FileMissing,
        Self::FileReplaced,
        Self::Fenced,
        Self::Other,
    ];

    /// A name for logs and pages of the documentation, which stays the same.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DiskFull => "full-disk",
            Self::WriteFailed => "failed-write",
            Self::DatabaseUnavailable => "unavailable-database",
            Self::SyncFailed => "failed-sync",
            Self::Damaged => "damage",
            Self::FileMissing => "missing-file",
            Self::FileReplaced => "replaced-file",
            Self::Fenced => "fenced",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DiskFull => "the disk is full",
            Self::WriteFailed => "the disk refuses writes",
            Self::DatabaseUnavailable => "the database is unavailable",
            Self::SyncFailed => "a sync of the disk failed",
            Self::Damaged => "stored data is damaged",
            Self::FileMissing => "the data file was removed while it was open",
            Self::FileReplaced => "the data file was replaced while it was open",
            Self::Fenced => "another process has become the writer",
            Self::Other => "the store failed",
        })
    }
}
