//! The schema of an org: its fixed tables, who writes to it, and whether the server is fit for it.

use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use landfall_model::limits::{POSTGRES_LOCK_POLL, POSTGRES_LOCK_WAIT, POSTGRES_STATEMENT_TIME_MAX};
use landfall_model::{CommitNumber, ReplayId, Timestamp};
use landfall_store::{Position, Result};
use tokio_postgres::Row;

use crate::driver::Driver;
use crate::election::{self, Lead};
use crate::error::{Failed, corrupt, loaded, open, reading};
use crate::place::Place;
use crate::session::{Generation, Request, Session, plain};
use crate::value::Arg;
use crate::{feed, files, functions};

/// Of the fixed tables, the blocks and the columns' types. 1: the first.
pub(crate) const FORMAT_VERSION: i64 = 1;
/// In the place of the version: the schema is being filled by a move of an org, and is no store yet.
pub(crate) const MOVING: i64 = 0;
/// PostgreSQL 15, as `server_version_num` has it.
const SERVER_VERSION_MIN: i64 = 150_000;
/// Begins the number of the lock of an org, before that of its schema: `LdFl`.
const LOCK: i64 = 0x4c64_466c << 32;

/// From now on no earlier writer commits anything.
const RAISE: &str = "UPDATE org SET epoch = epoch + 1, transaction_id = 0 RETURNING epoch, tail, commit_number, appended_ms";

/// What the writer has.
pub(crate) struct Held {
    pub(crate) session: Session,
    pub(crate) generation: Arc<Generation>,
    pub(crate) lock: i64,
    pub(crate) epoch: i64,
    pub(crate) position: Position,
}

/// Becomes the writer of the org; in a cluster with its lead, and ends what is left of an earlier writer.
pub(crate) fn take_over(driver: &Arc<Driver>, place: &Place, lead: Option<&Lead>) -> Result<Held> {
    let generation = Arc::new(Generation::default());
    let session = Session::connect(driver, place, &generation, POSTGRES_STATEMENT_TIME_MAX)
        .map_err(|failed| open(format_args!("PostgreSQL: {}", failed.source)))?;
    check_server(&session)?;
    let lock = lock_of(&session, &place.schema)?;
    if let Some(lead) = lead {
        lead.end_writers(driver, lock).map_err(refused)?;
    }
    if !lock_within(&session, lock, POSTGRES_LOCK_WAIT).map_err(refused)? {
        return Err(open(format_args!(
            "another process is the writer of the schema {}: stop it first",
            place.schema
        )));
    }
    claim(&session, place)?;
    session
        .execute(format!(
            "{} {} {}; {}",
            election::TABLE,
            feed::TABLE,
            election::forget_gone(),
            files::TABLES
        ))
        .map_err(refused)?;
    functions::create(&session)?;
    let rows = match lead {
        Some(lead) => lead.raise(driver, RAISE),
        None => session.one(plain(RAISE)),
    };
    let rows = rows.map_err(refused)?;
    let row = rows.first().ok_or_else(|| open("the table org is empty"))?;
    let (epoch, position) = (number(row, 0)?, position(row, 1)?);
    Ok(Held {
        session,
        generation,
        lock,
        epoch,
        position,
    })
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` passes")]
pub(crate) fn refused(failed: Failed) -> landfall_store::Error {
    open(format_args!("PostgreSQL: {}", failed.source))
}

pub(crate) fn number(row: &Row, place: usize) -> Result<i64> {
    row.try_get(place).map_err(|error| corrupt("org", error))
}

/// The position after the newest commit.
pub(crate) fn position_of(session: &Session) -> Result<Position> {
    let rows = session.one(plain("SELECT tail, commit_number, appended_ms FROM org"));
    let rows = rows.map_err(reading("org"))?;
    let row = rows
        .first()
        .ok_or_else(|| corrupt("org", "the table is empty"))?;
    position(row, 0)
}

/// The position in a row, from this column on.
pub(crate) fn position(row: &Row, first: usize) -> Result<Position> {
    Ok(Position {
        tail: ReplayId::new(loaded("org", number(row, first)?)?),
        commit_number: CommitNumber::new(loaded("org", number(row, first + 1)?)?),
        appended_at: Timestamp::from_millis(number(row, first + 2)?),
    })
}

/// Whether the server keeps what it has acknowledged, and compares texts as they are.
pub(crate) fn check_server(session: &Session) -> Result<()> {
    let rows = session.one(plain(
        "SELECT current_setting('server_version_num')::bigint, current_setting('server_version'),
            current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit'),
            pg_encoding_to_char(encoding)::text, pg_is_in_recovery()
         FROM pg_database WHERE datname = current_database()",
    ));
    let rows = rows.map_err(refused)?;
    let row = rows
        .first()
        .ok_or_else(|| open("PostgreSQL names no database"))?;
    let text = |place| -> Result<String> { row.try_get(place).map_err(open) };
    if number(row, 0)? < SERVER_VERSION_MIN {
        return Err(open(format_args!(
            "PostgreSQL {} is too old: version 15 or later is needed",
            text(1)?
        )));
    }
    for (place, setting) in [
        (2, "fsync"),
        (3, "full_page_writes"),
        (4, "synchronous_commit"),
    ] {
        if text(place)? == "off" {
            return Err(open(format_args!(
                "PostgreSQL has {setting} = off, so that a crash loses changes that were acknowledged: set it to on"
            )));
        }
    }
    if text(5)? != "UTF8" {
        return Err(open(format_args!(
            "the database has the encoding {}: UTF8 is needed",
            text(5)?
        )));
    }
    if row.try_get(6).map_err(open)? {
        return Err(open(
            "PostgreSQL is a standby that takes no writes: name the primary",
        ));
    }
    Ok(())
}

/// The lock of the schema, which is created if it is not there.
pub(crate) fn lock_of(session: &Session, schema: &str) -> Result<i64> {
    let find = || {
        session.one(Request::new(
            "SELECT oid::bigint FROM pg_namespace WHERE nspname = $1::text",
            vec![Arg::Text(schema.to_owned())],
        ))
    };
    let mut found = find().map_err(refused)?;
    if found.is_empty() {
        session
            .execute(format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\""))
            .map_err(refused)?;
        found = find().map_err(refused)?;
    }
    let row = found.first();
    let row = row.ok_or_else(|| open(format_args!("the schema {schema} cannot be created")))?;
    Ok(LOCK | number(row, 0)?)
}

/// Takes the lock of an org; false if another session has it all this time.
pub(crate) fn lock_within(
    session: &Session,
    lock: i64,
    time: Duration,
) -> std::result::Result<bool, Failed> {
    let until = Instant::now() + time;
    loop {
        let rows = session.one(Request::new(
            "SELECT pg_try_advisory_lock($1::bigint)",
            vec![Arg::Int(lock)],
        ))?;
        if rows.first().is_some_and(|row| row.get::<_, bool>(0)) {
            return Ok(true);
        }
        if Instant::now() >= until {
            return Ok(false);
        }
        sleep(POSTGRES_LOCK_POLL);
    }
}

/// Makes an empty schema ours, or checks that it is.
fn claim(session: &Session, place: &Place) -> Result<()> {
    let schema = &place.schema;
    let tables = session.one(plain(
        "SELECT count(*), count(*) FILTER (WHERE relname = 'org') FROM pg_class
         WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'",
    ));
    let tables = tables.map_err(refused)?;
    let row = tables
        .first()
        .ok_or_else(|| open("PostgreSQL counts no tables"))?;
    match (number(row, 0)?, number(row, 1)?) {
        (0, _) => session
            .execute(format!(
                "BEGIN; {TABLES} INSERT INTO org VALUES (1, {FORMAT_VERSION}, 0, {}, {}, {}, 0, ''); COMMIT;",
                Position::ORIGIN.tail.get(),
                Position::ORIGIN.commit_number.get(),
                Position::ORIGIN.appended_at.as_millis()
            ))
            .map_err(refused),
        (_, 0) => Err(open(format_args!(
            "the schema {schema} has tables of something else: name another one"
        ))),
        _ => check_format(session, schema),
    }
}

/// Refuses a schema of another format.
pub(crate) fn check_format(session: &Session, schema: &str) -> Result<()> {
    let format = session
        .one(plain("SELECT format FROM org"))
        .map_err(refused)?;
    let row = format
        .first()
        .ok_or_else(|| open("the table org is empty"))?;
    check_version(number(row, 0)?, schema)
}

/// Refuses another version of the format.
pub(crate) fn check_version(format: i64, schema: &str) -> Result<()> {
    match format {
        FORMAT_VERSION => Ok(()),
        MOVING => Err(open(format_args!(
            "the schema {schema} is half filled by a move that has not ended: run `landfall move` again with the same source, \
             or drop the schema"
        ))),
        format => Err(open(format_args!(
            "the schema {schema} has format version {format}, and this program knows version {FORMAT_VERSION}: \
             use the program that wrote it, or a newer one"
        ))),
    }
}

/// The fixed tables. `org` has one row; `layout` has what an object's table was last prepared for.
pub(crate) const TABLES: &str = "
CREATE TABLE org (
    number bigint PRIMARY KEY CHECK (number = 1),
    format bigint NOT NULL,
    epoch bigint NOT NULL,
    tail bigint NOT NULL,
    commit_number bigint NOT NULL,
    appended_ms bigint NOT NULL,
    transaction_id bigint NOT NULL,
    functions text NOT NULL
);
CREATE TABLE topic (
    topic_id bigint PRIMARY KEY,
    name text COLLATE \"C\" NOT NULL UNIQUE
);
CREATE TABLE event_block (
    first_replay_id bigint PRIMARY KEY,
    last_replay_id bigint NOT NULL,
    appended_ms bigint NOT NULL,
    data bytea NOT NULL
);
ALTER TABLE event_block ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE INDEX event_block_appended ON event_block (appended_ms, first_replay_id);
CREATE TABLE event_topic (
    topic_id bigint NOT NULL,
    first_replay_id bigint NOT NULL,
    PRIMARY KEY (topic_id, first_replay_id)
);
CREATE TABLE document (
    kind text COLLATE \"C\" NOT NULL,
    key text COLLATE \"C\" NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (kind, key)
);
CREATE TABLE layout (
    entity text COLLATE \"C\" PRIMARY KEY,
    fingerprint text NOT NULL
);
";
