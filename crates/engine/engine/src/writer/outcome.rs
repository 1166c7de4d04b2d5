//! The outcome of a commit, and what the writer does then.
//!
//! - *Committed*: everybody in the group is answered with what was made.
//! - *Unavailable*: nothing was kept. The group is refused with the documented fault, and the next one is tried.
//! - *Unknown*: the store is asked again, a bounded number of times, before anybody is answered. If nobody knows then, the
//!   writer ends.
//! - *Damaged*: as unavailable, but the store takes other writes. The next commands go alone for a while, so that one which
//!   meets the same damage is refused alone.
//! - *Fenced*, or a failure after which nobody knows what the disk holds: the writer ends. It takes nothing more until the
//!   store is opened again.

use landfall_model::limits;
use landfall_store::{Appended, Committed, Outcome, Position, WriteSet, Writer};

use crate::error::Error;

/// Commits, and asks for the outcome until it is known.
pub(super) fn settled(
    store: &mut dyn Writer,
    write: &WriteSet,
    events: &mut dyn FnMut(Position) -> Appended,
) -> landfall_store::Result<Committed> {
    let mut outcome = store.commit(write, events)?;
    for _ in 0..limits::OUTCOME_QUERIES_MAX {
        let Outcome::Unknown(transaction) = outcome else {
            break;
        };
        outcome = store.outcome_of(transaction)?;
        if matches!(outcome, Outcome::Unknown(_)) {
            std::thread::sleep(limits::OUTCOME_QUERY_PAUSE);
        }
    }
    outcome.committed()
}

/// Whether nothing may be written after this failure.
pub(super) const fn ends_the_writer(failure: &Error) -> bool {
    use landfall_store::Error::{
        Commit, Corrupt, Fenced, FieldKept, InDoubt, Open, Poisoned, Read, Snapshot, TimedOut,
        TooMany, Unavailable,
    };
    match failure {
        Error::Store(failure) => match failure {
            Commit { .. } | Poisoned | Fenced | InDoubt | Open { .. } => true,
            // Nothing was written: what could not be read was needed first.
            Corrupt { .. }
            | Read { .. }
            | FieldKept { .. }
            | Snapshot { .. }
            | Unavailable { .. }
            | TooMany
            | TimedOut => false,
        },
        Error::Refused(_)
        | Error::Schema { .. }
        | Error::Standard(_)
        | Error::Document { .. }
        | Error::Invalid { .. }
        | Error::Thread(_)
        | Error::Stopped
        | Error::ReadOnly
        | Error::Behind => false,
    }
}

/// What the callers of a group hear that was not kept; the log has the cause. Who met damaged data alone meets it again.
pub(super) fn refused(failure: &Error, is_alone: bool) -> Error {
    if ends_the_writer(failure) {
        landfall_store::Error::Poisoned.into()
    } else if is_alone && failure.is_damage() {
        landfall_store::Error::Corrupt {
            what: "what a change needs",
            reason: crate::chain(failure),
        }
        .into()
    } else {
        landfall_store::Error::Unavailable {
            failure: failure.failure(),
            source: "the group of this request was not kept".into(),
        }
        .into()
    }
}
