//! The store of one machine: one SQLite file that holds records, events and documents, so that a change and its events
//! become durable in one transaction.
//!
//! It knows nothing of protocols, of what an event's payload means, or of time. Start reading at [`open`]; the write
//! side is `writer`, the read side `reader`, the event log `log`, an object's table `layout`,
//! queries `query`, snapshots `snapshot`; whether a file is whole is up to [`check`], moving a whole store to [`export`] and
//! [`import`].

pub mod check;
mod checkpoint;
mod checksum;
mod convert;
mod difference;
mod documents;
mod error;
mod file;
mod job_folder;
mod layout;
mod lock;
mod log;
mod look;
mod prepare;
mod query;
mod reader;
mod rows;
mod snapshot;
mod transfer;
mod value;
mod writer;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use landfall_model::limits::{QUERIES_AT_ONCE_MAX, READERS, WAL_BYTES_MAX};
use landfall_store::{Opened, Result};

pub use crate::job_folder::JobFolder;
pub use crate::transfer::{export, import};

/// Where the store is and how much it may use.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file. While it is open there are companions next to it (`-wal`, `-shm`, `-lock`); a clean close leaves just it.
    pub path: PathBuf,
    /// Connections for short reads (rows, documents, events), one each; a call waits for a free one.
    pub readers: NonZeroUsize,
    /// Connections for queries, one each; a query waits for a free one.
    pub query_readers: NonZeroUsize,
    /// Memory for pages of the file on the write side. Unit: KiB.
    pub writer_cache_kib: u32,
    /// Memory for pages of the file of each connection for short reads. Replays read each page once. Unit: KiB.
    pub reader_cache_kib: u32,
    /// The same of each connection for queries, which sort in as much before they use files. Unit: KiB.
    pub query_cache_kib: u32,
    /// Length of the write-ahead log, besides the last commit. Unit: bytes.
    pub wal_bytes_max: u64,
    /// Whether a commit is on the disk before it is answered.
    pub is_durable: bool,
}

impl Config {
    /// The file, and what suits a small server.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            readers: const { NonZeroUsize::new(READERS).expect("not zero") },
            query_readers: const { NonZeroUsize::new(QUERIES_AT_ONCE_MAX).expect("not zero") },
            writer_cache_kib: 24 * 1024,
            reader_cache_kib: 2 * 1024,
            query_cache_kib: 8 * 1024,
            wal_bytes_max: WAL_BYTES_MAX,
            is_durable: true,
        }
    }

    /// The same of a file that is removed when its process ends, however that happens: nothing in it has to survive a loss of
    /// power, and there may be many such files in one process.
    pub fn ephemeral(path: impl Into<PathBuf>) -> Self {
        Self {
            writer_cache_kib: 512,
            reader_cache_kib: 128,
            query_cache_kib: 128,
            wal_bytes_max: WAL_BYTES_MAX / 4,
            is_durable: false,
            ..Self::new(path)
        }
    }
}

/// Opens the store, and makes it if there is none.
///
/// The file is closed when both the writer and every holder of the reader are dropped.
///
/// # Errors
/// [`landfall_store::Error::Open`]: the file belongs to something else, to a newer version of this crate, or to another
/// process that has it open.
pub fn open(config: &Config) -> Result<Opened> {
    let (writer, shared) = file::open(config)?;
    Ok(Opened {
        writer: Box::new(writer::EmbeddedWriter::new(writer, Arc::clone(&shared))?),
        reader: Arc::new(reader::EmbeddedReader::new(shared)),
    })
}
