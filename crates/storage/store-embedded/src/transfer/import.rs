//! Filling a file from another store. It has a mark of its own until it is finished, so that nobody takes it for a store.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use landfall_model::limits::{STORE_BUSY_TIMEOUT, WRITER_STATEMENTS_MAX};
use landfall_model::{EntityName, Topic};
use landfall_relational::block;
use landfall_store::transfer::{Batch, Import, KeptBlock, KeptDocument, KeptRecord, KeptTable};
use landfall_store::{Error, JobFiles, Position, Result, TopicId};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, params_from_iter};

use crate::checksum::{self, CHECKSUM, Values};
use crate::error::{Attempt, ended, failure, keeps_nothing, open as refused, reading, stored};
use crate::file::{
    APPLICATION_ID, FORMAT_VERSION, HALF_FILLED, MOVING_ID, PAGE_BYTES, TABLES, connect, place,
};
use crate::job_folder::JobFolder;
use crate::layout::{ID, Layout, ROW_NUMBER, Table, quoted};
use crate::lock::Lock;
use crate::prepare;
use crate::value::encode;
use crate::writer::{unavailable, within};

/// Memory for pages of the file. Unit: KiB.
const CACHE_KIB: u32 = 24 * 1024;

/// Pages of the write-ahead log after which it is moved into the file.
const CHECKPOINT_PAGES: u32 = 4_000;

/// The note, in one row.
const NOTE: &str = "CREATE TABLE moving (number INTEGER PRIMARY KEY CHECK (number = 1), note TEXT)";

/// Opens a file for being filled, and makes it if there is none; `jobs` is the folder of the files of its jobs.
///
/// # Errors
/// [`landfall_store::Error::Open`]: it holds an org already, is somebody else's, was half filled by another version, or is in
/// use.
pub fn import(path: &Path, jobs: &Path) -> Result<Box<dyn Import>> {
    let shown = path.display();
    let named = |error: rusqlite::Error| refused(format_args!("{shown}: {error}"));
    let path = place(path).map_err(|error| refused(format_args!("{shown}: {error}")))?;
    let lock = Lock::take(&path)?;
    let mut connection = connect(&path, true, CACHE_KIB, WRITER_STATEMENTS_MAX).map_err(named)?;
    connection.busy_timeout(STORE_BUSY_TIMEOUT).map_err(named)?;
    connection
        .pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)
        .map_err(named)?;
    claim(&mut connection)
        .map_err(named)?
        .map_err(|reason| refused(format_args!("{shown} {reason}")))?;
    Ok(Box::new(FileImport {
        connection,
        path,
        jobs: JobFolder::at(jobs),
        _lock: lock,
    }))
}

/// Makes an empty file one that is being filled, or checks that it is one; the inner error says why it is not.
fn claim(connection: &mut Connection) -> rusqlite::Result<std::result::Result<(), String>> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let (application, version) = (pragma("application_id")?, pragma("user_version")?);
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let reason = match (application, version, tables) {
        (0, 0, 0) => {
            connection.execute_batch(&format!(
                "PRAGMA page_size = {PAGE_BYTES};
                 PRAGMA auto_vacuum = INCREMENTAL;
                 PRAGMA journal_mode = WAL;"
            ))?;
            let transaction = connection.transaction()?;
            transaction.execute_batch(TABLES)?;
            transaction.execute_batch(NOTE)?;
            transaction.execute("INSERT INTO moving (number) VALUES (1)", [])?;
            transaction.pragma_update(None, "application_id", MOVING_ID)?;
            transaction.pragma_update(None, "user_version", FORMAT_VERSION)?;
            transaction.commit()?;
            return Ok(Ok(()));
        }
        (MOVING_ID, FORMAT_VERSION, _) => return Ok(Ok(())),
        (MOVING_ID, ..) => format!("{HALF_FILLED}; its format is that of another version"),
        (APPLICATION_ID, ..) => "holds an org already: name a folder without one".to_owned(),
        _ => "is the database of another program".to_owned(),
    };
    Ok(Err(reason))
}

struct FileImport {
    connection: Connection,
    path: PathBuf,
    jobs: JobFolder,
    _lock: Lock,
}

impl FileImport {
    /// Does `work` and notes how far it is, in one durable transaction.
    fn transact(&self, work: impl FnOnce(&Connection) -> Attempt<()>) -> Result<()> {
        within(&self.connection, work).map_err(|source| match source.downcast::<Error>() {
            Ok(error) => *error,
            Err(source) if keeps_nothing(&source) => unavailable(source),
            Err(source) => ended(source),
        })
    }
}

impl Import for FileImport {
    fn noted(&self) -> Result<Option<String>> {
        self.connection
            .query_row("SELECT note FROM moving", [], |row| row.get(0))
            .map_err(reading("note of the move"))
    }

    fn write(&mut self, batch: Batch<'_>, note: &str) -> Result<()> {
        self.transact(|connection| {
            match batch {
                Batch::Topics(topics) => number(connection, topics)?,
                Batch::Documents(documents) => insert_documents(connection, documents)?,
                Batch::Table(table) => Filled::of(table).create(connection)?,
                Batch::Records(table, records) => Filled::of(table).insert(connection, records)?,
                Batch::Indexes(table) => Filled::of(table).index(connection)?,
                Batch::Blocks(blocks) => append(connection, blocks)?,
                Batch::Nothing => {}
            }
            connection
                .prepare_cached("UPDATE moving SET note = ?1")?
                .execute([note])?;
            Ok(())
        })
    }

    fn files(&self) -> &dyn JobFiles {
        &self.jobs
    }

    fn finish(self: Box<Self>, position: Position) -> Result<()> {
        self.transact(|connection| {
            connection.execute(
                "INSERT INTO log (number, tail, commit_number, appended_ms) VALUES (1, ?1, ?2, ?3)",
                (
                    stored(position.tail.get())?,
                    stored(position.commit_number.get())?,
                    position.appended_at.as_millis(),
                ),
            )?;
            connection.execute_batch("DROP TABLE moving")?;
            connection.pragma_update(None, "application_id", APPLICATION_ID)?;
            Ok(())
        })?;
        let Self {
            connection,
            path,
            _lock,
            ..
        } = *self;
        // The file alone is the store then; closing moves the rest of the write-ahead log into it.
        let closed = connection
            .close()
            .map_err(|(_, error)| error.into())
            .and_then(|()| in_place(&path).map_err(Into::into));
        closed.map_err(|source| Error::Unavailable {
            failure: failure(&source),
            source,
        })
    }
}

/// Makes the name of the file durable.
fn in_place(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn number(connection: &Connection, topics: &[(TopicId, Topic)]) -> Attempt<()> {
    let mut statement =
        connection.prepare_cached("INSERT INTO topic (topic_id, name) VALUES (?1, ?2)")?;
    for (number, topic) in topics {
        statement.execute((number.0, topic.as_str()))?;
    }
    Ok(())
}

fn insert_documents(connection: &Connection, documents: &[KeptDocument]) -> Attempt<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO document (kind, key, content, checksum) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for KeptDocument { kind, key, content } in documents {
        let sum = checksum::of_document(*kind, key, content);
        statement.execute((kind.as_str(), key, content, sum))?;
    }
    Ok(())
}

fn append(connection: &Connection, blocks: &[KeptBlock]) -> Attempt<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO event_block (first_replay_id, last_replay_id, appended_ms, data) VALUES (?1, ?2, ?3, ?4)",
    )?;
    let mut index = connection
        .prepare_cached("INSERT INTO event_topic (topic_id, first_replay_id) VALUES (?1, ?2)")?;
    for kept in blocks {
        for block in block::of_kept(kept)? {
            let first = stored(block.first.get())?;
            insert.execute((
                first,
                stored(block.last.get())?,
                kept.appended.as_millis(),
                block.data,
            ))?;
            for topic in block.topics {
                index.execute((topic.0, first))?;
            }
        }
    }
    Ok(())
}

/// The table of an object that is filled.
struct Filled {
    entity: EntityName,
    /// With the columns of the definition in force.
    current: Layout,
    /// With those of deleted fields too.
    all: Layout,
    /// Of each field, whether the definition in force has it.
    is_current: Vec<bool>,
    insert: String,
}

impl Filled {
    fn of(kept: &KeptTable) -> Self {
        let layout = |all| Layout::of(Table::of_kept(kept, all, quoted), String::new());
        let all = layout(true);
        let columns = all.table.own_columns().map(|column| column.name.as_str());
        let columns: Vec<&str> = [ROW_NUMBER, ID]
            .into_iter()
            .chain(columns)
            .chain([CHECKSUM])
            .collect();
        let marks = vec!["?"; columns.len()].join(", ");
        let (table, columns) = (&all.table.name, columns.join(", "));
        Self {
            entity: kept.entity.clone(),
            insert: format!("INSERT INTO {table} ({columns}) VALUES ({marks})"),
            is_current: kept.fields.iter().map(|field| field.is_current).collect(),
            current: layout(false),
            all,
        }
    }

    fn create(&self, connection: &Connection) -> Attempt<()> {
        let mut names = BTreeSet::new();
        for column in self.all.table.own_columns() {
            if !names.insert(column.name.to_ascii_lowercase()) {
                let (entity, name) = (&self.entity, &column.field);
                return Err(Box::new(Error::Snapshot {
                    reason: format!(
                        "{entity} has two fields {}, one of them deleted, whose names differ in letter case only, and a data file cannot hold both",
                        name.as_str()
                    ),
                }));
            }
        }
        connection.execute_batch(&prepare::create_table(&self.all))?;
        let entity = self.entity.as_str();
        for layout in [&self.current, &self.all] {
            prepare::check_column_set(connection, entity, layout)?;
            prepare::note_column_set(connection, entity, layout.column_set, &layout.covered)?;
        }
        Ok(())
    }

    fn insert(&self, connection: &Connection, records: &[KeptRecord]) -> Attempt<()> {
        let mut statement = connection.prepare_cached(&self.insert)?;
        for record in records {
            let mut values = vec![
                ToSqlOutput::from(stored(record.number)?),
                ToSqlOutput::from(record.id.as_str()),
            ];
            for (column, value) in self.all.table.own_columns().zip(&record.values) {
                let value = encode(column.holds, value).ok_or_else(|| {
                    // The value itself stays out of the message: it may be anybody's data.
                    format!("{}.{} takes no such value", self.entity, column.name)
                })?;
                values.push(value);
            }
            values.push(ToSqlOutput::from(self.checksum(record, &values)?));
            statement.execute(params_from_iter(values))?;
        }
        Ok(())
    }

    /// The checksum of a record, which covers values of deleted fields if there are any.
    fn checksum(&self, record: &KeptRecord, values: &[ToSqlOutput<'_>]) -> Attempt<i64> {
        let mut of_deleted = self.is_current.iter().zip(&record.values);
        let covers_all = of_deleted.any(|(is_current, value)| !is_current && !value.is_null());
        let mut joined = Values::new();
        // The number of the row is not covered, its id always is.
        let places = std::iter::once(&true).chain(&self.is_current);
        for (value, is_current) in values.iter().skip(1).zip(places) {
            if !covers_all && !is_current {
                continue;
            }
            match value {
                ToSqlOutput::Borrowed(value) => joined.add(*value),
                ToSqlOutput::Owned(value) => joined.add(ValueRef::from(value)),
                _ => return Err("a value of no known form".into()),
            }
        }
        let layout = if covers_all { &self.all } else { &self.current };
        Ok(joined.checksum(layout.column_set).to_stored())
    }

    /// Makes the indexes, now that the records are there.
    fn index(&self, connection: &Connection) -> Attempt<()> {
        let entity = self.entity.as_str();
        for statement in prepare::indexes(entity, &self.current).into_values() {
            connection.execute_batch(&statement)?;
        }
        prepare::note_layout(connection, entity, &self.current.fingerprint())
    }
}
