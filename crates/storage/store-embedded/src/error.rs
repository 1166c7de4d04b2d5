//! How failures of SQLite become failures of the store.
//!
//! A write that fails is one of two kinds:
//! - *Nothing was kept*: the disk is full, a write or the growth of a file failed, or another process holds the file's lock.
//!   SQLite has undone the transaction before it asked for any sync, and frames without a commit mark are overwritten by the
//!   next one. The caller gets [`Error::Unavailable`], and writing goes on when the cause is removed. The same holds for a
//!   write that has to read a damaged page, or one that the disk cannot read: it fails, and writes that need other pages do
//!   not.
//! - *Nobody knows*: a sync failed. The kernel may have dropped the pages that it could not write, and a second sync may
//!   succeed without them. The writer takes no more writes until the store is opened again, which reads what the disk holds.
//!   So it does after a write that contradicts what is stored.

use std::fmt::Display;

use landfall_store::{Cause, Error, Failure};
use rusqlite::{ErrorCode, ffi};

/// What a write leads to.
pub(crate) type Attempt<T> = Result<T, Cause>;

/// Whether a write failed before any sync, so that SQLite has undone it without a trace.
pub(crate) fn keeps_nothing(cause: &Cause) -> bool {
    if failure(cause) == Failure::Damaged {
        return true;
    }
    sqlite_error(cause).is_some_and(|error| {
        matches!(
            error.extended_code,
            ffi::SQLITE_FULL
                | ffi::SQLITE_BUSY
                | ffi::SQLITE_IOERR_READ
                | ffi::SQLITE_IOERR_SHORT_READ
                | ffi::SQLITE_IOERR_WRITE
                | ffi::SQLITE_IOERR_TRUNCATE
                | ffi::SQLITE_IOERR_SHMSIZE
        )
    })
}

fn sqlite_error(cause: &Cause) -> Option<&ffi::Error> {
    cause
        .downcast_ref::<rusqlite::Error>()
        .and_then(rusqlite::Error::sqlite_error)
}

/// The failure after which this writer takes no more writes.
pub(crate) fn ended(source: Cause) -> Error {
    Error::Commit {
        failure: failure(&source),
        source,
    }
}

/// What a failed write means to an operator.
pub(crate) fn failure(source: &Cause) -> Failure {
    if let Some(error) = source.downcast_ref::<Error>() {
        return error.failure();
    }
    let Some(error) = sqlite_error(source) else {
        return Failure::Other;
    };
    match error.extended_code {
        ffi::SQLITE_FULL => Failure::DiskFull,
        ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC | ffi::SQLITE_IOERR_CLOSE => {
            Failure::SyncFailed
        }
        ffi::SQLITE_IOERR_DATA | ffi::SQLITE_IOERR_CORRUPTFS => Failure::Damaged,
        _ => match error.code {
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Failure::Damaged,
            ErrorCode::SystemIoFailure | ErrorCode::ReadOnly | ErrorCode::DatabaseBusy => {
                Failure::WriteFailed
            }
            _ => Failure::Other,
        },
    }
}

/// Names what was read: a damaged file is corrupt, the rest is a failed read.
pub(crate) fn reading(what: &'static str) -> impl Fn(rusqlite::Error) -> Error {
    move |error| match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => corrupt(what, error),
        _ => match error {
            rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..) => corrupt(what, error),
            error => Error::Read {
                what,
                source: Box::new(error),
            },
        },
    }
}

pub(crate) fn corrupt(what: &'static str, reason: impl Display) -> Error {
    Error::Corrupt {
        what,
        reason: reason.to_string(),
    }
}

pub(crate) fn open(reason: impl Display) -> Error {
    Error::Open {
        reason: reason.to_string(),
    }
}

/// The number as SQLite keeps it. Replay ids and commit numbers stay far below the limit.
pub(crate) fn stored(number: u64) -> Attempt<i64> {
    i64::try_from(number).map_err(|_| format!("{number} does not fit into the file").into())
}

/// The number that SQLite keeps as `stored`.
pub(crate) fn loaded(what: &'static str, stored: i64) -> landfall_store::Result<u64> {
    u64::try_from(stored).map_err(|_| corrupt(what, format_args!("{stored} is negative")))
}
