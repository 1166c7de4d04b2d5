//! A schema that is moved into another store, and a schema that is filled from one.
//!
//! Either holds the locks of the writer and of the lead meanwhile, on the connection that does all of it: no process serves
//! the org, and when the connection is lost nothing more is read or written.

mod export;
mod import;

pub use export::export;
pub use import::import;

use std::sync::Arc;
use std::time::Duration;

use landfall_model::limits::POSTGRES_LOCK_WAIT;
use landfall_store::{Cause, Error, Result};

use crate::driver::Driver;
use crate::election::LEAD;
use crate::error::{Failed, Kind, Reason, ended, open};
use crate::place::Place;
use crate::schema::{check_server, lock_of, lock_within, refused};
use crate::session::{Generation, Session};

/// No time-out of statements: an index of many records takes its time.
const NO_TIMEOUT: Duration = Duration::ZERO;

/// The bits of a lock that are the number of its schema.
const SCHEMA: i64 = 0xffff_ffff;

/// A connection that has an org to itself.
fn alone(url: &str) -> Result<(Arc<Session>, Place)> {
    let place = Place::read(url)?;
    let driver = Arc::new(Driver::start()?);
    let generation = Arc::new(Generation::default());
    let session = Session::connect(&driver, &place, &generation, NO_TIMEOUT).map_err(refused)?;
    check_server(&session)?;
    let lock = lock_of(&session, &place.schema)?;
    for (lock, holder) in [
        (LEAD | (lock & SCHEMA), "a node of a cluster leads"),
        (lock, "another process is the writer of"),
    ] {
        if !lock_within(&session, lock, POSTGRES_LOCK_WAIT).map_err(refused)? {
            return Err(open(format_args!(
                "{holder} the schema {}: stop every server of this org first",
                place.schema
            )));
        }
    }
    Ok((Arc::new(session), place))
}

/// A failure to write.
fn unwritten(failed: Failed) -> Error {
    let failure = failed.failure();
    match failed.kind {
        Kind::Refused(Reason::Other) => ended(failed.source),
        _ => Error::Unavailable {
            failure,
            source: failed.source,
        },
    }
}

fn defect(source: impl Into<Cause>) -> Error {
    ended(source)
}
