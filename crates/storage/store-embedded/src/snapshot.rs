//! Snapshots: a copy of the file, made while others write, and the way back to one.
//!
//! A snapshot is a file of this store. Returning to one replaces the tables of objects whole; of the objects whose records
//! the feed of commits reports, and of documents, it writes only what differs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use landfall_model::{EntityName, RecordId, ReplayId};
use landfall_store::{Deadline, DocumentKind, Error, Restoring, Result, SnapshotContent, Touched};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use tracing::warn;

use crate::checksum::CHECKSUM;
use crate::error::{Attempt, loaded};
use crate::file::{APPLICATION_ID, FLAGS, FORMAT_VERSION};
use crate::layout::{ID, quoted};
use crate::log;

pub(crate) const SNAPSHOT: &str = "snapshot";
/// Pages that are copied between two looks at the deadline.
const COPIED_PAGES: i32 = 4_096;
/// Where a file says by which version of the format it is written and read, and the version without a write-ahead log.
///
/// Source: "Database File Format" (sqlite.org), 1.3.3.
const FORMAT_OFFSET: u64 = 18;
const WITHOUT_LOG: [u8; 2] = [1, 1];
/// Steps of SQLite between two looks at it.
const STEPS: i32 = 50_000;
/// What comes before the name of an object in that of its table.
pub(crate) const TABLE_PREFIX: &str = "record_";

/// Writes a copy of the file at `from`; its pages are put in order, without those that are free. It is on the disk then.
pub(crate) fn save(from: &Path, to: &Path, deadline: &Deadline) -> Result<SnapshotContent> {
    made(to, || {
        deadline.check()?;
        let path = to.to_str().ok_or("its path is no Unicode")?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | FLAGS;
        let mut connection = Connection::open_with_flags(from, flags)?;
        end_at(&mut connection, deadline)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute("VACUUM INTO ?1", [path])?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | FLAGS;
        let mut saved = Connection::open_with_flags(to, flags)?;
        end_at(&mut saved, deadline)?;
        described(&saved)
    })
}

/// Writes a copy of the pages that a connection reads, as they are: that is faster where nothing has to reach the disk.
pub(crate) fn copy(from: &Connection, to: &Path, deadline: &Deadline) -> Result<SnapshotContent> {
    made(to, || {
        deadline.check()?;
        // The steps copy one state, that of the transaction.
        let transaction = from.unchecked_transaction()?;
        let content = described(&transaction)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | FLAGS;
        let mut copy = Connection::open_with_flags(to, flags)?;
        copy.execute_batch("PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF")?;
        let backup = Backup::new(&transaction, &mut copy)?;
        loop {
            match backup.step(COPIED_PAGES)? {
                StepResult::Done => break,
                StepResult::More => deadline.check()?,
                _ => return Err("the file is locked".into()),
            }
        }
        drop(backup);
        copy.close().map_err(|(_, error)| error)?;
        // It is read where it is, without files beside it.
        let file = OpenOptions::new().write(true).open(to)?;
        file.write_all_at(&WITHOUT_LOG, FORMAT_OFFSET)?;
        Ok(content)
    })
}

/// Has a file be made, for its owner alone, since it holds credentials; after a failure it is gone.
fn made(to: &Path, write: impl FnOnce() -> Attempt<SnapshotContent>) -> Result<SnapshotContent> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true).mode(0o600);
    let opened = options.open(to).map_err(Into::into);
    opened.and_then(|_| write()).map_err(|cause| {
        remove_left(to);
        refused(format_args!("{}: {cause}", to.display()))
    })
}

/// Has what a connection does be interrupted at the deadline.
pub(crate) fn end_at(connection: &mut Connection, deadline: &Deadline) -> rusqlite::Result<()> {
    let deadline = deadline.clone();
    connection.progress_handler(STEPS, Some(move || deadline.has_passed()))
}

/// Removes what a save that has failed leaves behind: the file, and the journal of its transaction.
fn remove_left(file: &Path) {
    let mut journal = file.as_os_str().to_owned();
    journal.push("-journal");
    for left in [file, Path::new(&journal)] {
        if let Err(error) = std::fs::remove_file(left)
            && error.kind() != ErrorKind::NotFound
        {
            warn!(file = %left.display(), %error, "a part of a snapshot is left");
        }
    }
}

/// What a snapshot holds.
fn described(snapshot: &Connection) -> Attempt<SnapshotContent> {
    let mut records = Vec::new();
    for object in tables(snapshot, "main")?.into_keys() {
        let table = quoted(&format!("{TABLE_PREFIX}{object}"));
        let has_bin =
            "SELECT EXISTS (SELECT 1 FROM pragma_table_info(?1) WHERE name = 'IsDeleted')";
        let named = [format!("{TABLE_PREFIX}{object}")];
        let has_bin: bool = snapshot.query_row(has_bin, named, |row| row.get(0))?;
        let kept = if has_bin {
            " WHERE \"IsDeleted\" IS NOT 1"
        } else {
            ""
        };
        let sql = format!("SELECT count(*) FROM {table}{kept}");
        let count: i64 = snapshot.query_row(&sql, [], |row| row.get(0))?;
        if count > 0 {
            records.push((EntityName::new(object), loaded(SNAPSHOT, count)?));
        }
    }
    let events = "SELECT coalesce(sum(last_replay_id - first_replay_id + 1), 0) FROM event_block";
    let events = snapshot.query_row(events, [], |row| row.get(0))?;
    Ok(SnapshotContent {
        records,
        events: loaded(SNAPSHOT, events)?,
        tail: log::position(snapshot)?.tail,
    })
}

pub(crate) fn refused(reason: impl std::fmt::Display) -> Error {
    Error::Snapshot {
        reason: reason.to_string(),
    }
}

/// Opens a snapshot beside the file, as the schema `snapshot` of a connection, and checks that it is one of this store.
pub(crate) fn attach(connection: &Connection, from: &Path, how: &Restoring) -> Result<()> {
    let shown = from.display();
    let path = from.to_str().filter(|_| from.is_file());
    let path = path.ok_or_else(|| refused(format_args!("{shown} is no file")))?;
    let attached = connection.execute("ATTACH DATABASE ?1 AS snapshot", [path]);
    attached.map_err(|error| refused(format_args!("{shown}: {error}")))?;
    let reason = match check(connection, how) {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(reason)) => format!("{shown} {reason}"),
        Err(cause) => format!("{shown}: {cause}"),
    };
    detach(connection);
    Err(refused(reason))
}

/// Closes it.
pub(crate) fn detach(connection: &Connection) {
    if let Err(error) = connection.execute_batch("DETACH DATABASE snapshot") {
        warn!(%error, "a snapshot stays open until the store is closed");
    }
}

/// The inner error says why the snapshot cannot be used.
fn check(
    connection: &Connection,
    how: &Restoring,
) -> Attempt<std::result::Result<(), &'static str>> {
    let pragma = |name: &str| {
        connection.pragma_query_value(Some("snapshot"), name, |row| row.get::<_, i32>(0))
    };
    if pragma("application_id")? != APPLICATION_ID {
        return Ok(Err("is no snapshot"));
    }
    if pragma("user_version")? != FORMAT_VERSION {
        return Ok(Err("was saved by another version of this program"));
    }
    let (kind, key) = how.identity;
    let identity = |schema: &str| {
        let sql = format!("SELECT content FROM {schema}.document WHERE kind = ?1 AND key = ?2");
        let mut statement = connection.prepare(&sql)?;
        let content = statement.query_row((kind.as_str(), key), |row| row.get::<_, Vec<u8>>(0));
        content.optional()
    };
    if identity("snapshot")? != identity("main")? {
        return Ok(Err("is a snapshot of another org"));
    }
    let renumbered = "SELECT 1 FROM snapshot.topic s JOIN main.topic m
                      ON s.topic_id = m.topic_id AND s.name <> m.name
                      OR s.topic_id <> m.topic_id AND s.name = m.name LIMIT 1";
    let renumbered = connection
        .query_row(renumbered, [], |_| Ok(()))
        .optional()?;
    Ok(match renumbered {
        None => Ok(()),
        Some(()) => Err("is a snapshot of a copy of this org that has gone its own way"),
    })
}

/// What the store holds now.
pub(crate) struct Restored {
    /// The objects that have a table in the snapshot.
    pub(crate) tables: Vec<EntityName>,
    pub(crate) tail: ReplayId,
    pub(crate) touched: Touched,
}

/// Returns to the attached snapshot, inside a transaction. `tail` is the newest replay id, `reported` are the objects whose
/// records the feed lists.
pub(crate) fn restore(
    connection: &Connection,
    how: &Restoring,
    tail: ReplayId,
    reported: &BTreeSet<EntityName>,
) -> Attempt<Restored> {
    let mut touched = Touched {
        documents: restore_documents(connection, how.kept)?,
        ..Touched::default()
    };
    let (present, wanted) = (tables(connection, "main")?, tables(connection, "snapshot")?);
    let objects: BTreeSet<&String> = present.keys().chain(wanted.keys()).collect();
    for object in objects {
        let entity = EntityName::new(object.as_str());
        let table = Table {
            connection,
            name: quoted(&format!("{TABLE_PREFIX}{object}")),
            present: present.get(object),
            wanted: wanted.get(object),
        };
        if reported.contains(&entity) {
            let differing = table.differing()?;
            table.restore_some(&differing)?;
            if !differing.is_empty() {
                touched.records.insert(entity, differing);
            }
        } else {
            table.restore()?;
        }
    }
    connection.execute_batch(
        "DELETE FROM main.layout; INSERT INTO main.layout SELECT * FROM snapshot.layout;
         INSERT OR IGNORE INTO main.column_set SELECT * FROM snapshot.column_set;
         INSERT OR IGNORE INTO main.topic SELECT * FROM snapshot.topic;",
    )?;
    let tail = restore_log(connection, how.log_goes_on, tail, &mut touched)?;
    Ok(Restored {
        tables: wanted.into_keys().map(EntityName::new).collect(),
        tail,
        touched,
    })
}

/// Writes the documents that differ; their names.
fn restore_documents(
    connection: &Connection,
    kept: &[DocumentKind],
) -> Attempt<BTreeSet<(DocumentKind, String)>> {
    let kept: Vec<String> = kept
        .iter()
        .map(|kind| format!("'{}'", kind.as_str()))
        .collect();
    let kept = kept.join(", ");
    let other = |there: &str, here: &str| {
        format!(
            "{here}.document.kind NOT IN ({kept}) AND NOT EXISTS (
                 SELECT 1 FROM {there}.document AS other WHERE other.kind = {here}.document.kind
                 AND other.key = {here}.document.key AND other.content = {here}.document.content)"
        )
    };
    let removed = format!(
        "DELETE FROM main.document WHERE {} RETURNING kind, key",
        other("snapshot", "main")
    );
    let added = format!(
        "INSERT INTO main.document (kind, key, content, checksum)
         SELECT kind, key, content, checksum FROM snapshot.document WHERE {} RETURNING kind, key",
        other("main", "snapshot")
    );
    let mut names = BTreeSet::new();
    for sql in [removed, added] {
        let mut statement = connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (kind, key): (String, String) = (row.get(0)?, row.get(1)?);
            let kind = DocumentKind::named(&kind)
                .ok_or("a document of the snapshot is of an unknown kind")?;
            if kind != DocumentKind::Counter {
                names.insert((kind, key));
            }
        }
    }
    Ok(names)
}

/// The tables of objects, by object: the statements that make each and its indexes.
pub(crate) fn tables(
    connection: &Connection,
    schema: &str,
) -> Attempt<BTreeMap<String, Vec<String>>> {
    let sql = format!(
        "SELECT tbl_name, sql FROM {schema}.sqlite_schema
         WHERE substr(tbl_name, 1, 7) = '{TABLE_PREFIX}' AND sql IS NOT NULL ORDER BY tbl_name, type DESC, name"
    );
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let table: String = row.get(0)?;
        let object = table.strip_prefix(TABLE_PREFIX).unwrap_or(&table);
        tables
            .entry(object.to_owned())
            .or_default()
            .push(row.get(1)?);
    }
    Ok(tables)
}

/// The table of an object, here and in the snapshot.
struct Table<'c> {
    connection: &'c Connection,
    /// Quoted.
    name: String,
    /// The statements that make it and its indexes; none: there is no such table.
    present: Option<&'c Vec<String>>,
    wanted: Option<&'c Vec<String>>,
}

impl Table<'_> {
    /// Makes it what the snapshot has.
    fn restore(&self) -> Attempt<()> {
        let name = &self.name;
        // A table that is not in the snapshot stays, without rows: queries that have begun know it.
        if self.wanted.is_some() && self.present != self.wanted {
            self.create()?;
        } else if self.has_rows("main")? {
            self.execute(&format!("DELETE FROM main.{name}"))?;
        }
        if self.wanted.is_some() && self.has_rows("snapshot")? {
            self.execute(&format!(
                "INSERT INTO main.{name} SELECT * FROM snapshot.{name}"
            ))?;
        }
        Ok(())
    }

    /// The same, if only these records differ.
    fn restore_some(&self, records: &BTreeSet<RecordId>) -> Attempt<()> {
        if self.present != self.wanted {
            return self.restore();
        }
        let name = &self.name;
        let remove = format!("DELETE FROM main.{name} WHERE {ID} = ?1");
        let add = format!("INSERT INTO main.{name} SELECT * FROM snapshot.{name} WHERE {ID} = ?1");
        for sql in [remove, add] {
            let mut statement = self.connection.prepare(&sql)?;
            for id in records {
                statement.execute([id.as_str()])?;
            }
        }
        Ok(())
    }

    /// The records that are not the same here and in the snapshot.
    fn differing(&self) -> Attempt<BTreeSet<RecordId>> {
        let rows = |schema: &str, table: Option<_>| match table {
            Some(_) => format!("SELECT {ID}, {CHECKSUM} FROM {schema}.{}", self.name),
            None => format!("SELECT NULL AS {ID}, NULL AS {CHECKSUM} WHERE false"),
        };
        let (here, there) = (rows("main", self.present), rows("snapshot", self.wanted));
        let sql = format!(
            "SELECT {ID} FROM (SELECT * FROM ({here}) EXCEPT SELECT * FROM ({there})) UNION
             SELECT {ID} FROM (SELECT * FROM ({there}) EXCEPT SELECT * FROM ({here}))"
        );
        let mut statement = self.connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        let mut ids = BTreeSet::new();
        while let Some(row) = rows.next()? {
            let id: String = row.get(0)?;
            ids.insert(RecordId::parse(&id).map_err(|_| format!("{id} is no id"))?);
        }
        Ok(ids)
    }

    /// Has the table and its indexes made as the snapshot has them, without rows.
    fn create(&self) -> Attempt<()> {
        self.execute(&format!("DROP TABLE IF EXISTS main.{}", self.name))?;
        for statement in self.wanted.into_iter().flatten() {
            self.execute(statement)?;
        }
        Ok(())
    }

    fn has_rows(&self, schema: &str) -> Attempt<bool> {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {schema}.{})", self.name);
        Ok(self.connection.query_row(&sql, [], |row| row.get(0))?)
    }

    fn execute(&self, sql: &str) -> Attempt<()> {
        self.connection.execute(sql, [])?;
        Ok(())
    }
}

/// Replaces the events, or forgets them; the newest replay id then.
fn restore_log(
    connection: &Connection,
    goes_on: bool,
    tail: ReplayId,
    touched: &mut Touched,
) -> Attempt<ReplayId> {
    connection.execute_batch("DELETE FROM main.event_block; DELETE FROM main.event_topic;")?;
    if goes_on {
        touched.trimmed = Some(tail);
        return Ok(tail);
    }
    connection.execute_batch(
        "INSERT INTO main.event_block SELECT * FROM snapshot.event_block;
         INSERT INTO main.event_topic SELECT * FROM snapshot.event_topic;",
    )?;
    touched.rewound = true;
    let saved = connection.query_row("SELECT tail FROM snapshot.log", [], |row| row.get(0))?;
    Ok(ReplayId::new(loaded(SNAPSHOT, saved)?))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rusqlite::ErrorCode;

    use super::*;

    #[test]
    fn what_takes_longer_than_its_deadline_is_interrupted() {
        let mut connection = Connection::open_in_memory().expect("opened");
        end_at(&mut connection, &Deadline::after(Duration::ZERO)).expect("set");
        let endless = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) SELECT count(*) FROM n";
        let found = connection.query_row(endless, [], |row| row.get::<_, i64>(0));
        let error = found.expect_err("interrupted");
        assert_eq!(
            error.sqlite_error_code(),
            Some(ErrorCode::OperationInterrupted)
        );
    }
}
