//! How failures of SQLite become failures of the store.

use std::fmt::Display;

use landfall_store::Error;
use rusqlite::ErrorCode;

/// Why a write is given up: it always ends as [`Error::Commit`].
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;
/// What a write leads to.
pub(crate) type Attempt<T> = Result<T, Failure>;

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
