//! The file: who it belongs to, its version, its fixed tables, and the connections to it.

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::num::NonZeroUsize;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use landfall_model::limits::{READER_STATEMENTS_MAX, STORE_BUSY_TIMEOUT, WRITER_STATEMENTS_MAX};
use landfall_store::{Cause, Error, Failure, Position, RecentCommits, Result};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tracing::warn;

use crate::Config;
use crate::checkpoint::{Bounds, Checkpointer, checkpoint};
use crate::error::open as refused;
use crate::layout::Layouts;
use crate::lock::Lock;
use crate::reader::Pool;
use crate::{log, prepare};

/// Marks the file as ours: `LdFl`.
pub(crate) const APPLICATION_ID: i32 = 0x4c64_466c;
/// Marks a file that is being filled by a move of an org, and is no store yet: `LdFm`.
pub(crate) const MOVING_ID: i32 = 0x4c64_466d;
/// What is said of such a file.
pub(crate) const HALF_FILLED: &str = "is half filled by a move that has not ended: run `landfall move` again with the same source, or remove the file";
/// Of the fixed tables, the blocks and the columns' types. A file of an older version is brought up to date at open.
/// 1: the first. 2: `log.appended_ms`. 3: checksums of records and documents.
pub(crate) const FORMAT_VERSION: i32 = 3;
/// The first version without the WAL-reset bug. Source: "Write-Ahead Logging" (sqlite.org), "The WAL-Reset Bug".
const SQLITE_VERSION_MIN: i32 = 3_051_003;
/// A page of the file.
pub(crate) const PAGE_BYTES: u64 = 4096;
/// Each connection is used by one thread at a time.
pub(crate) const FLAGS: OpenFlags = OpenFlags::SQLITE_OPEN_NO_MUTEX;

/// What the writer and the readers have in common. The last of them closes the file.
pub(crate) struct Shared {
    pub(crate) layouts: Layouts,
    /// For short reads.
    pub(crate) pool: Pool,
    /// For queries.
    pub(crate) queries: Pool,
    pub(crate) checkpointer: Checkpointer,
    pub(crate) recent: RecentCommits,
    /// Whether what is written has to be on the disk.
    pub(crate) is_durable: bool,
    identity: Identity,
    _lock: Lock,
}

impl Shared {
    /// Whether the file that was opened is still the one at its path.
    ///
    /// # Errors
    /// [`Error::Commit`]: what is written to a file that nobody finds again is not kept.
    pub(crate) fn check_in_place(&self) -> Result<()> {
        self.identity.check_in_place()
    }

    /// Where the file is.
    pub(crate) fn path(&self) -> &Path {
        &self.identity.path
    }

    /// Bytes that the disk of the file has left for this process.
    pub(crate) fn free_bytes(&self) -> io::Result<u64> {
        let folder = self
            .identity
            .path
            .parent()
            .unwrap_or_else(|| Path::new("."));
        let disk = rustix::fs::statvfs(folder)?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }
}

/// The file that was opened: its path, and its device and number there.
#[derive(Clone)]
struct Identity {
    path: PathBuf,
    file: (u64, u64),
}

impl Identity {
    /// See [`Shared::check_in_place`].
    fn check_in_place(&self) -> Result<()> {
        let Self { path, file } = self;
        let shown = path.display();
        let (failure, source): (_, Cause) = match device_and_number(path) {
            Ok(now) if now == *file => return Ok(()),
            Ok(_) => (
                Failure::FileReplaced,
                format!("{shown} was replaced while it was open").into(),
            ),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (
                Failure::FileMissing,
                format!("{shown} was removed while it was open").into(),
            ),
            Err(error) => (Failure::Other, error.into()),
        };
        Err(Error::Commit { failure, source })
    }
}

fn device_and_number(path: &Path) -> io::Result<(u64, u64)> {
    let file = std::fs::metadata(path)?;
    Ok((file.dev(), file.ino()))
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The last connection to close must be one that may write: it moves the rest of the write-ahead log into the file.
        self.pool.close();
        self.queries.close();
        let connection = self.checkpointer.stop();
        if !self.is_durable {
            return;
        }
        let connection = connection.map_or_else(|| checkpointing(&self.identity.path, true), Ok);
        let moved = connection
            .and_then(|connection| checkpoint(&connection, "PRAGMA wal_checkpoint(TRUNCATE)"));
        if let Err(error) = moved {
            warn!(%error, "last checkpoint failed: the write-ahead log stays beside the file");
        }
    }
}

/// Opens the file; gives the writing connection and what it shares with readers.
pub(crate) fn open(config: &Config) -> Result<(Connection, Arc<Shared>)> {
    let version = rusqlite::version_number();
    if version < SQLITE_VERSION_MIN {
        return Err(refused(format_args!(
            "SQLite {} is linked, which can damage the file; 3.51.3 or newer is needed",
            rusqlite::version()
        )));
    }
    let path = place(&config.path)
        .map_err(|error| refused(format_args!("{}: {error}", config.path.display())))?;
    let lock = Lock::take(&path)?;
    let shown = path.display();
    let named = |error| refused(format_args!("{shown}: {error}"));
    let writer = connect(
        &path,
        config.is_durable,
        config.writer_cache_kib,
        WRITER_STATEMENTS_MAX,
    );
    let mut writer = writer.map_err(named)?;
    claim(&mut writer)
        .map_err(named)?
        .map_err(|reason| refused(format_args!("{shown} {reason}")))?;
    let journal: String = writer
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .map_err(named)?;
    if journal != "wal" {
        return Err(refused(format_args!(
            "{shown} cannot have a write-ahead log: the folder must be on a local disk"
        )));
    }
    let file = device_and_number(&path);
    let file = file.map_err(|error| refused(format_args!("{shown}: {error}")))?;
    let identity = Identity {
        path: path.clone(),
        file,
    };
    let pool = |connections: NonZeroUsize, temporary: Temporary| {
        let (config, identity) = (config.clone(), identity.clone());
        Pool::new(connections, move || {
            let opened = reading(&identity.path, &config, temporary);
            // What has been put in the place of the file is not read.
            identity.check_in_place()?;
            opened.map_err(crate::error::reading("file"))
        })
    };
    let readers = pool(config.readers, Temporary::Memory);
    let queries = pool(config.query_readers, Temporary::Files);
    let (file, is_durable) = (path.clone(), config.is_durable);
    let bounds = Bounds::of(config.wal_bytes_max);
    let open_another = Box::new(move || checkpointing(&file, is_durable));
    let checkpointer = Checkpointer::start(open_another, bounds)?;
    // Of the file of a log that has started again; the connection that writes it decides.
    let kept = i64::try_from(bounds.kept()).unwrap_or(i64::MAX);
    writer
        .pragma_update(None, "journal_size_limit", kept)
        .map_err(named)?;
    checkpointer.watch(&mut writer).map_err(named)?;
    let layouts = Layouts::default();
    layouts.have_tables(prepare::objects(&writer).map_err(named)?);
    let shared = Shared {
        layouts,
        pool: readers,
        queries,
        checkpointer,
        recent: RecentCommits::since(log::position(&writer)?),
        is_durable: config.is_durable,
        identity,
        _lock: lock,
    };
    Ok((writer, Arc::new(shared)))
}

/// The real path of the file, which is made if it is not there: it holds credentials, so only its owner may read it.
pub(crate) fn place(path: &Path) -> io::Result<PathBuf> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    check_not_lost(path)?;
    let made = OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(path);
    match made {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => path.canonicalize(),
    }
}

/// A write-ahead log without its file is what is left of an org: beginning a new one would overwrite it.
fn check_not_lost(path: &Path) -> io::Result<()> {
    let log = write_ahead_log(path);
    if path.try_exists()? || !has_content(&log) {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::NotFound,
        format!(
            "the file is missing, but its write-ahead log {} is there: restore the file, or move the log away",
            log.display()
        ),
    ))
}

pub(crate) fn write_ahead_log(path: &Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    PathBuf::from(log)
}

pub(crate) fn has_content(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|file| file.len() > 0)
}

pub(crate) fn connect(
    path: &Path,
    is_durable: bool,
    cache_kib: u32,
    statements: usize,
) -> rusqlite::Result<Connection> {
    let synchronous = if is_durable { "FULL" } else { "OFF" };
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | FLAGS)?;
    connection.busy_timeout(STORE_BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(statements);
    // Nobody opens the file again.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !is_durable)?;
    // Without it a statement is prepared anew whenever a bound number changes, such as that of its `LIMIT`.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch(&format!(
        "PRAGMA cache_size = -{cache_kib};
         PRAGMA synchronous = {synchronous};
         PRAGMA wal_autocheckpoint = 0;
         PRAGMA foreign_keys = OFF;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;
         PRAGMA temp_store = MEMORY;"
    ))?;
    Ok(connection)
}

/// A connection that moves pages into the file.
fn checkpointing(path: &Path, is_durable: bool) -> rusqlite::Result<Connection> {
    connect(path, is_durable, 1024, READER_STATEMENTS_MAX)
}

/// Where SQLite puts what it sorts, groups or makes distinct.
#[derive(Clone, Copy)]
enum Temporary {
    Memory,
    /// In files without names once it is larger than the cache: a query over millions of records sorts them in bounded
    /// memory. SQLite chooses the folder: `SQLITE_TMPDIR`, `TMPDIR`, `/var/tmp`, `/tmp`.
    Files,
}

fn reading(path: &Path, config: &Config, temporary: Temporary) -> rusqlite::Result<Connection> {
    let cache = match temporary {
        Temporary::Memory => config.reader_cache_kib,
        Temporary::Files => config.query_cache_kib,
    };
    let connection = connect(path, config.is_durable, cache, READER_STATEMENTS_MAX)?;
    if let Temporary::Files = temporary {
        connection.execute_batch("PRAGMA temp_store = FILE")?;
    }
    connection.execute_batch("PRAGMA query_only = ON")?;
    crate::query::functions::register(&connection)?;
    Ok(connection)
}

/// Makes an empty file ours, or checks that it is; the inner error says why it is not.
fn claim(connection: &mut Connection) -> rusqlite::Result<std::result::Result<(), String>> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let application = pragma("application_id")?;
    let version = pragma("user_version")?;
    if application == APPLICATION_ID && version == FORMAT_VERSION {
        // A snapshot has no write-ahead log yet.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        return Ok(Ok(()));
    }
    if application == APPLICATION_ID && (1..FORMAT_VERSION).contains(&version) {
        return upgrade(connection, version).map(Ok);
    }
    if application == APPLICATION_ID {
        return Ok(Err(format!(
            "has format version {version}, and this program knows versions 1 to {FORMAT_VERSION}: use the program that wrote it, or a newer one"
        )));
    }
    if application == MOVING_ID {
        return Ok(Err(HALF_FILLED.to_owned()));
    }
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != 0 || version != 0 || tables != 0 {
        return Ok(Err("is the database of another program".to_owned()));
    }
    connection.execute_batch(&format!(
        "PRAGMA page_size = {PAGE_BYTES};
         PRAGMA auto_vacuum = INCREMENTAL;
         PRAGMA journal_mode = WAL;"
    ))?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(TABLES)?;
    transaction.execute(
        "INSERT INTO log (number, tail, commit_number, appended_ms) VALUES (1, ?1, ?2, ?3)",
        (
            i64::try_from(Position::ORIGIN.tail.get()).unwrap_or(i64::MAX),
            i64::try_from(Position::ORIGIN.commit_number.get()).unwrap_or(i64::MAX),
            Position::ORIGIN.appended_at.as_millis(),
        ),
    )?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", FORMAT_VERSION)?;
    transaction.commit()?;
    Ok(Ok(()))
}

/// Brings the file of an older version up to date.
fn upgrade(connection: &mut Connection, version: i32) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    if version < 2 {
        transaction.execute_batch(TIME_OF_NEWEST_COMMIT)?;
    }
    if version < 3 {
        transaction.execute_batch(CHECKSUMS)?;
    }
    transaction.pragma_update(None, "user_version", FORMAT_VERSION)?;
    transaction.commit()
}

/// Version 2: the time of the newest commit, which is that of the newest events as far as version 1 kept it.
const TIME_OF_NEWEST_COMMIT: &str = "
ALTER TABLE log ADD COLUMN appended_ms INTEGER NOT NULL DEFAULT 0;
UPDATE log SET appended_ms = coalesce(
    (SELECT appended_ms FROM event_block ORDER BY first_replay_id DESC LIMIT 1), 0);
";

/// Version 3: what is already there has no checksum until it is written again. Tables of records get their column when they
/// are prepared.
const CHECKSUMS: &str = "
ALTER TABLE document ADD COLUMN checksum INTEGER;
CREATE TABLE column_set (
    entity TEXT NOT NULL,
    number INTEGER NOT NULL,
    columns TEXT NOT NULL,
    PRIMARY KEY (entity, number)
) WITHOUT ROWID;
";

/// The fixed tables. `log` has one row; `layout` says what an object's table was last prepared for; `column_set` has the
/// columns that checksums of records cover.
pub(crate) const TABLES: &str = "
CREATE TABLE log (
    number INTEGER PRIMARY KEY CHECK (number = 1),
    tail INTEGER NOT NULL,
    commit_number INTEGER NOT NULL,
    appended_ms INTEGER NOT NULL
);
CREATE TABLE topic (
    topic_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
CREATE TABLE event_block (
    first_replay_id INTEGER PRIMARY KEY,
    last_replay_id INTEGER NOT NULL,
    appended_ms INTEGER NOT NULL,
    data BLOB NOT NULL
);
CREATE TABLE event_topic (
    topic_id INTEGER NOT NULL,
    first_replay_id INTEGER NOT NULL,
    PRIMARY KEY (topic_id, first_replay_id)
) WITHOUT ROWID;
CREATE TABLE document (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    content BLOB NOT NULL,
    checksum INTEGER,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE TABLE column_set (
    entity TEXT NOT NULL,
    number INTEGER NOT NULL,
    columns TEXT NOT NULL,
    PRIMARY KEY (entity, number)
) WITHOUT ROWID;
CREATE TABLE layout (
    entity TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL
) WITHOUT ROWID;
";
