//! How failures of PostgreSQL become failures of the store.

use std::fmt::Display;

use landfall_store::{Cause, Error, Failure};
use tokio_postgres::error::SqlState;

/// Raised by `landfall_advance` and `landfall_hold`: the epoch is that of another writer.
pub(crate) const FENCED: &str = "LF001";
/// Raised by `landfall_expect`: a row that is written is not there.
pub(crate) const CONTRADICTED: &str = "LF002";

/// Why statements did not come to their end.
#[derive(Debug)]
pub(crate) struct Failed {
    /// The first statement that failed.
    pub(crate) at: usize,
    pub(crate) kind: Kind,
    pub(crate) source: Cause,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The server refused a statement: it and what followed in its transaction did nothing.
    Refused(Reason),
    /// The connection broke, or did not answer in time: the outcome of the statements is unknown.
    Broken,
    /// Nothing was sent: the server could not be reached.
    Unreachable,
}

/// What the refusal of a statement means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    Fenced,
    /// It ended at its deadline.
    Cancelled,
    DiskFull,
    /// The server cannot do it now.
    Now,
    /// What it holds is damaged.
    Damaged,
    /// Anything else: a defect, or data that contradicts what is stored.
    Other,
}

impl Failed {
    pub(crate) fn of(at: usize, error: tokio_postgres::Error) -> Self {
        let kind = match error.code() {
            Some(code) => Kind::Refused(reason(code)),
            None => Kind::Broken,
        };
        Self {
            at,
            kind,
            source: spelled(error),
        }
    }

    /// A parameter could not be encoded: nothing was sent.
    pub(crate) fn of_values(source: Cause) -> Self {
        Self {
            at: 0,
            kind: Kind::Refused(Reason::Other),
            source,
        }
    }

    pub(crate) fn broken(reason: &'static str) -> Self {
        Self {
            at: 0,
            kind: Kind::Broken,
            source: reason.into(),
        }
    }

    pub(crate) fn unreachable(source: impl Into<Cause>) -> Self {
        Self {
            at: 0,
            kind: Kind::Unreachable,
            source: source.into(),
        }
    }

    /// What it means to an operator.
    pub(crate) const fn failure(&self) -> Failure {
        match self.kind {
            Kind::Refused(Reason::Fenced) => Failure::Fenced,
            Kind::Refused(Reason::DiskFull) => Failure::DiskFull,
            Kind::Refused(Reason::Damaged) => Failure::Damaged,
            Kind::Refused(Reason::Now | Reason::Cancelled) | Kind::Broken | Kind::Unreachable => {
                Failure::DatabaseUnavailable
            }
            Kind::Refused(Reason::Other) => Failure::Other,
        }
    }
}

/// The server's own words: the error of the client library only says that there are some.
fn spelled(error: tokio_postgres::Error) -> Cause {
    match error.as_db_error() {
        Some(said) => format!("{} ({})", said.message(), said.code().code()).into(),
        None => error.into(),
    }
}

fn reason(code: &SqlState) -> Reason {
    if code.code() == FENCED {
        return Reason::Fenced;
    }
    if *code == SqlState::DISK_FULL {
        return Reason::DiskFull;
    }
    if *code == SqlState::QUERY_CANCELED {
        return Reason::Cancelled;
    }
    match code.code().get(..2) {
        // Resources, the operator's intervention, deadlocks, locks, the system, and a standby that takes no writes.
        Some("53" | "57" | "40" | "55" | "58" | "25") => Reason::Now,
        Some("XX") if *code != SqlState::INTERNAL_ERROR => Reason::Damaged,
        _ => Reason::Other,
    }
}

/// Names what was read.
pub(crate) fn reading(what: &'static str) -> impl Fn(Failed) -> Error {
    move |failed| match failed.kind {
        Kind::Refused(Reason::Damaged) => corrupt(what, failed.source),
        Kind::Refused(Reason::Cancelled) => Error::TimedOut,
        _ => Error::Read {
            what,
            source: failed.source,
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

/// The failure after which this writer takes no more writes.
pub(crate) fn ended(source: impl Into<Cause>) -> Error {
    Error::Commit {
        failure: Failure::Other,
        source: source.into(),
    }
}

/// The number as PostgreSQL keeps it. Replay ids and commit numbers stay far below the limit.
pub(crate) fn stored(number: u64) -> Result<i64, Cause> {
    i64::try_from(number).map_err(|_| format!("{number} does not fit into the table").into())
}

/// The number that is kept as `stored`.
pub(crate) fn loaded(what: &'static str, stored: i64) -> landfall_store::Result<u64> {
    u64::try_from(stored).map_err(|_| corrupt(what, format_args!("{stored} is negative")))
}
