//! The files of jobs as rows: a row for each file, and its bytes in chunks of a bounded size.
//!
//! Every change is a transaction of its own, which is refused once another process has become the writer: a node that was
//! deposed and does not know it yet adds nothing to a file that its successor has begun.

use std::io::{Error, ErrorKind, Result};
use std::sync::Arc;

use landfall_model::limits::{JOB_FILE_CHUNK_BYTES, JOB_FILE_READ_CHUNKS_MAX};
use landfall_store::JobFiles;
use tokio_postgres::Row;

use crate::error::{Failed, Kind, Reason};
use crate::reader::Shared;
use crate::session::{BEGIN, COMMIT, Request, Session, plain};
use crate::value::Arg;

/// `bytes` is the length of a file; its chunks begin at 0 and follow each other.
pub(crate) const TABLES: &str = "
CREATE TABLE IF NOT EXISTS job_file (
    file_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text COLLATE \"C\" NOT NULL UNIQUE,
    bytes bigint NOT NULL
);
CREATE TABLE IF NOT EXISTS job_chunk (
    file_id bigint NOT NULL REFERENCES job_file ON DELETE CASCADE,
    first_byte bigint NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (file_id, first_byte)
);
ALTER TABLE job_chunk ALTER COLUMN data SET STORAGE EXTERNAL;
";

const APPEND: &str = "
WITH file AS (UPDATE job_file SET bytes = bytes + $3::bigint WHERE name = $1::text AND bytes = $2::bigint RETURNING file_id)
INSERT INTO job_chunk (file_id, first_byte, data)
SELECT file_id, first_byte, data FROM file, unnest($4::bigint[], $5::bytea[]) AS chunk(first_byte, data) RETURNING 1";

/// The bytes of chunks from the one that holds byte `$2` on; one row without a chunk at the end of a file.
const READ: &str = "
SELECT chunk.first_byte, substring(chunk.data FROM (greatest($2::bigint - chunk.first_byte, 0) + 1)::integer FOR $3::integer)
FROM job_file AS file LEFT JOIN LATERAL (
    SELECT * FROM job_chunk WHERE file_id = file.file_id AND first_byte < $2::bigint + $3::bigint AND first_byte >= coalesce(
        (SELECT max(first_byte) FROM job_chunk WHERE file_id = file.file_id AND first_byte <= $2::bigint), 0)
    ORDER BY first_byte LIMIT $4::bigint) AS chunk ON $2::bigint < file.bytes
WHERE file.name = $1::text ORDER BY chunk.first_byte";

/// The files of an org on some connection.
pub(crate) struct Files<C>(pub(crate) C);

/// Runs statements on some connection.
pub(crate) trait Connection {
    /// Runs them in one round trip.
    fn run(&self, requests: Vec<Request>) -> std::result::Result<Vec<Vec<Row>>, Failed>;

    /// The epoch that a change is refused without; none: no other process can write.
    fn epoch(&self) -> Option<i64>;
}

/// The connections of the readers of an org that is served.
pub(crate) struct Pooled(pub(crate) Arc<Shared>);

impl Connection for Pooled {
    fn run(&self, requests: Vec<Request>) -> std::result::Result<Vec<Vec<Row>>, Failed> {
        self.0.pool.once(|session| session.run(requests))
    }

    fn epoch(&self) -> Option<i64> {
        Some(self.0.epoch)
    }
}

/// The connection that holds the locks of an org that is moved.
pub(crate) struct Own(pub(crate) Arc<Session>);

impl Connection for Own {
    fn run(&self, requests: Vec<Request>) -> std::result::Result<Vec<Vec<Row>>, Failed> {
        self.0.run(requests)
    }

    fn epoch(&self) -> Option<i64> {
        None
    }
}

/// What the last of the statements has returned in a transaction.
fn change(connection: &impl Connection, mut statements: Vec<Request>) -> Result<Vec<Row>> {
    let last = statements.len();
    statements.insert(0, plain(BEGIN));
    if let Some(epoch) = connection.epoch() {
        // Last, so that commits of the writer wait for no more than the end of this one.
        statements.push(Request::new(
            "SELECT landfall_hold($1::bigint)",
            vec![Arg::Int(epoch)],
        ));
    }
    statements.push(plain(COMMIT));
    let mut answers = connection.run(statements).map_err(failed)?;
    Ok(answers.drain(..).nth(last).unwrap_or_default())
}

fn one(connection: &impl Connection, request: Request) -> Result<Vec<Row>> {
    let mut answers = connection.run(vec![request]).map_err(failed)?;
    Ok(answers.pop().unwrap_or_default())
}

/// In the terms of files.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` passes")]
fn failed(failed: Failed) -> Error {
    let kind = match failed.kind {
        Kind::Refused(Reason::DiskFull) => ErrorKind::StorageFull,
        Kind::Refused(Reason::Now | Reason::Cancelled) | Kind::Broken | Kind::Unreachable => {
            ErrorKind::NotConnected
        }
        Kind::Refused(Reason::Fenced) => ErrorKind::PermissionDenied,
        Kind::Refused(Reason::Damaged) => ErrorKind::InvalidData,
        Kind::Refused(Reason::Other) => ErrorKind::Other,
    };
    Error::new(kind, format!("PostgreSQL: {}", failed.source))
}

fn corrupt(reason: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidData, reason.to_string())
}

fn missing(name: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("there is no file {name}"))
}

fn stored(number: u64) -> Result<i64> {
    i64::try_from(number).map_err(corrupt)
}

fn loaded(row: &Row, place: usize) -> Result<u64> {
    let number: i64 = row.try_get(place).map_err(corrupt)?;
    u64::try_from(number).map_err(corrupt)
}

fn named(name: &str) -> Vec<Arg> {
    vec![Arg::Text(name.to_owned())]
}

fn delete(name: &str) -> Request {
    Request::new(
        "DELETE FROM job_file WHERE name = $1::text RETURNING 1",
        named(name),
    )
}

impl<C: Connection + Send + Sync> JobFiles for Files<C> {
    fn create(&self, name: &str) -> Result<()> {
        let insert = Request::new(
            "INSERT INTO job_file (name, bytes) VALUES ($1::text, 0)",
            named(name),
        );
        change(&self.0, vec![delete(name), insert]).map(drop)
    }

    fn append(&self, name: &str, at: u64, bytes: &[u8]) -> Result<()> {
        let (mut first, mut chunks, mut next) = (Vec::new(), Vec::new(), stored(at)?);
        let length = i64::try_from(bytes.len()).map_err(corrupt)?;
        for chunk in bytes.chunks(JOB_FILE_CHUNK_BYTES) {
            first.push(next);
            next += i64::try_from(chunk.len()).map_err(corrupt)?;
            chunks.push(chunk.to_vec());
        }
        let append = Request::new(
            APPEND,
            vec![
                Arg::Text(name.to_owned()),
                Arg::Int(stored(at)?),
                Arg::Int(length),
                Arg::Ints(first),
                Arg::Bytes(chunks),
            ],
        );
        if bytes.is_empty() || !change(&self.0, vec![append])?.is_empty() {
            return Ok(());
        }
        match self.size(name)? {
            None => Err(missing(name)),
            Some(length) => Err(Error::new(
                ErrorKind::InvalidInput,
                format!("{name} has {length} bytes, not {at}"),
            )),
        }
    }

    /// Every change is durable.
    fn keep(&self, _: &str) -> Result<()> {
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        let rename = Request::new(
            "UPDATE job_file SET name = $2::text WHERE name = $1::text RETURNING 1",
            vec![Arg::Text(from.to_owned()), Arg::Text(to.to_owned())],
        );
        // A file that is missing must not cost the one whose place it would take.
        let replaced = Request::new(
            "DELETE FROM job_file WHERE name = $2::text AND EXISTS (SELECT 1 FROM job_file WHERE name = $1::text)",
            vec![Arg::Text(from.to_owned()), Arg::Text(to.to_owned())],
        );
        if change(&self.0, vec![replaced, rename])?.is_empty() {
            return Err(missing(from));
        }
        Ok(())
    }

    fn size(&self, name: &str) -> Result<Option<u64>> {
        let rows = one(
            &self.0,
            Request::new(
                "SELECT bytes FROM job_file WHERE name = $1::text",
                named(name),
            ),
        )?;
        rows.first().map(|row| loaded(row, 0)).transpose()
    }

    fn read(&self, name: &str, at: u64, most: usize) -> Result<Vec<u8>> {
        let most = most.min(JOB_FILE_CHUNK_BYTES * JOB_FILE_READ_CHUNKS_MAX);
        let rows = one(
            &self.0,
            Request::new(
                READ,
                vec![
                    Arg::Text(name.to_owned()),
                    Arg::Int(stored(at)?),
                    Arg::Int(i64::try_from(most).map_err(corrupt)?),
                    Arg::Limit(i64::try_from(JOB_FILE_READ_CHUNKS_MAX).ok()),
                ],
            ),
        )?;
        if rows.is_empty() {
            return Err(missing(name));
        }
        let mut piece: Vec<u8> = Vec::with_capacity(most);
        let mut next = at;
        for row in &rows {
            let first: Option<i64> = row.try_get(0).map_err(corrupt)?;
            let Some(first) = first else {
                // It is at the end.
                break;
            };
            let data: &[u8] = row.try_get(1).map_err(corrupt)?;
            let first = u64::try_from(first).map_err(corrupt)?.max(at);
            if first != next {
                return Err(corrupt(format_args!("{name} lacks bytes from {next} on")));
            }
            let taken = data.get(..most - piece.len()).unwrap_or(data);
            piece.extend_from_slice(taken);
            next = next.saturating_add(u64::try_from(data.len()).map_err(corrupt)?);
        }
        Ok(piece)
    }

    fn remove(&self, name: &str) -> Result<bool> {
        Ok(!change(&self.0, vec![delete(name)])?.is_empty())
    }

    fn list(&self) -> Result<Vec<(String, u64)>> {
        let rows = one(
            &self.0,
            plain("SELECT name, bytes FROM job_file ORDER BY name"),
        )?;
        rows.iter()
            .map(|row| Ok((row.try_get(0).map_err(corrupt)?, loaded(row, 1)?)))
            .collect()
    }

    fn place(&self) -> String {
        "PostgreSQL".to_owned()
    }
}
