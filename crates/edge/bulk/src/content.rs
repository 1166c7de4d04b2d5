//! The data of jobs: files that are written as they arrive and read record by record.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use csv::{ByteRecord, Position, ReaderBuilder, StringRecord};
use http_body_util::BodyExt;
use landfall_model::Fault;
use landfall_model::limits::{
    BULK_CHUNK_BYTES_MAX, BULK_CHUNK_RECORDS_MAX, BULK_CONTENT_BYTES_MAX, BULK_RECORD_BYTES_MAX,
    BULK_RECORD_FIELDS_MAX,
};
use tokio::io::AsyncWriteExt;

use crate::error::Error;
use crate::job::{Delimiter, LineEnding};

/// Bytes that are read from a file at once.
const BUFFER_BYTES: usize = 64 * 1024;

/// Where the data of jobs is: a file for each job that has data.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Makes the folder, and removes what belongs to none of these jobs.
    pub(crate) async fn open(path: PathBuf, jobs: Vec<String>) -> Result<Self, Error> {
        tokio::task::spawn_blocking(move || {
            let unusable = |source| Error::File {
                path: path.clone(),
                source,
            };
            let kept: HashSet<String> = jobs.iter().map(|id| file_name(id)).collect();
            std::fs::create_dir_all(&path).map_err(unusable)?;
            for entry in std::fs::read_dir(&path).map_err(unusable)? {
                let entry = entry.map_err(unusable)?;
                let is_kept = entry.file_name().to_str().is_some_and(|n| kept.contains(n));
                if !is_kept {
                    std::fs::remove_file(entry.path()).map_err(unusable)?;
                }
            }
            Ok(Self(path))
        })
        .await?
    }

    /// The data of a job.
    pub(crate) fn path(&self, id: &str) -> PathBuf {
        self.0.join(file_name(id))
    }

    /// Writes the data of a job as it arrives; says how many bytes it has. When this returns they are durable.
    ///
    /// # Errors
    /// [`Fault::RequestTooLarge`], and [`Fault::JsonInvalid`] if it ended early: nothing is left of it.
    pub(crate) async fn receive(&self, id: &str, body: Body) -> Result<u64, Fault> {
        let part = self.0.join(format!("{id}.part"));
        let received = write(&part, body).await;
        match received {
            Ok(Ok(length)) => {
                let (folder, path) = (self.0.clone(), self.path(id));
                self.keep(folder, part, path).await.map_err(Error::fault)?;
                Ok(length)
            }
            Ok(Err(fault)) => {
                let removed = tokio::fs::remove_file(&part).await;
                removed.map_err(|source| Error::File { path: part, source }.fault())?;
                Err(fault)
            }
            Err(source) => Err(Error::File { path: part, source }.fault()),
        }
    }

    /// Gives a file its name, durably.
    async fn keep(&self, folder: PathBuf, part: PathBuf, path: PathBuf) -> Result<(), Error> {
        tokio::task::spawn_blocking(move || {
            std::fs::rename(&part, &path)
                .and_then(|()| File::open(&folder)?.sync_all())
                .map_err(|source| Error::File { path, source })
        })
        .await?
    }

    /// Removes the data of a job, if it has any.
    pub(crate) async fn remove(&self, id: &str) -> Result<(), Error> {
        let path = self.path(id);
        match tokio::fs::remove_file(&path).await {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(Error::File { path, source })
            }
            _ => Ok(()),
        }
    }
}

fn file_name(id: &str) -> String {
    format!("{id}.csv")
}

/// Writes a body to a file, as far as it is not too long.
async fn write(path: &Path, mut body: Body) -> io::Result<Result<u64, Fault>> {
    let mut file = tokio::fs::File::create(path).await?;
    let mut length = 0_u64;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Ok(Err(Fault::JsonInvalid {
                reason: "The HTTP entity body ended early".to_owned(),
                line: 1,
                column: 1,
            }));
        };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        length = length.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX));
        if length > BULK_CONTENT_BYTES_MAX {
            return Ok(Err(Fault::RequestTooLarge));
        }
        file.write_all(&data).await?;
    }
    file.flush().await?;
    file.sync_all().await?;
    Ok(Ok(length))
}

/// Why data is not read on.
#[derive(Debug)]
pub(crate) enum Unread {
    /// It is wrong: what the job tells about it.
    Wrong(String),
    /// It cannot be had.
    Failed(Error),
}

/// Records that are processed together.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// Where the first of them begins.
    pub(crate) start: u64,
    /// Where the next record after them begins.
    pub(crate) end: u64,
    pub(crate) records: Vec<StringRecord>,
}

/// The records of a job's data.
pub(crate) struct Records {
    reader: csv::Reader<Metered>,
    left: Arc<AtomicU64>,
    path: PathBuf,
    /// The names of the fields.
    pub(crate) header: StringRecord,
    /// Where the first record begins.
    pub(crate) first: u64,
}

impl Records {
    /// Opens the data and reads the header.
    pub(crate) fn open(path: PathBuf, delimiter: Delimiter) -> Result<Self, Unread> {
        let file = File::open(&path).map_err(|source| {
            let path = path.clone();
            Unread::Failed(Error::File { path, source })
        })?;
        let left = Arc::new(AtomicU64::new(0));
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter.byte())
            .buffer_capacity(BUFFER_BYTES)
            .from_reader(Metered {
                file,
                left: Arc::clone(&left),
            });
        let mut records = Self {
            reader,
            left,
            path,
            header: StringRecord::new(),
            first: 0,
        };
        let mut header = StringRecord::new();
        records.read(&mut header)?;
        records.first = records.reader.position().byte();
        records.header = header;
        Ok(records)
    }

    /// Refuses data whose header does not end as the job says.
    pub(crate) fn check_line_ending(&self, ending: LineEnding) -> Result<(), Unread> {
        let told = match self.ending().map_err(|source| self.failed(source))? {
            Some(found) if found != ending => ending.as_str(),
            _ => return Ok(()),
        };
        Err(Unread::Wrong(format!(
            "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is {told}"
        )))
    }

    /// How the header ends; none if it ends the data.
    fn ending(&self) -> io::Result<Option<LineEnding>> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.first.saturating_sub(2)))?;
        let mut around = Vec::new();
        file.take(3).read_to_end(&mut around)?;
        // The reader stops before or after the second of two ending characters.
        Ok(if around.windows(2).any(|pair| pair == b"\r\n") {
            Some(LineEnding::Crlf)
        } else if around.contains(&b'\n') {
            Some(LineEnding::Lf)
        } else {
            None
        })
    }

    /// Goes to where a record begins.
    pub(crate) fn seek(&mut self, offset: u64) -> Result<(), Unread> {
        let mut position = Position::new();
        position.set_byte(offset);
        self.reader
            .seek(position)
            .map_err(|error| self.wrong(error))
    }

    /// The next records that are processed together; none at the end.
    pub(crate) fn chunk(&mut self) -> Result<Chunk, Unread> {
        self.take(BULK_CHUNK_RECORDS_MAX)
    }

    /// The next records, `count` at most.
    pub(crate) fn take(&mut self, count: usize) -> Result<Chunk, Unread> {
        let start = self.reader.position().byte();
        let mut chunk = Chunk {
            start,
            end: start,
            records: Vec::new(),
        };
        while chunk.records.len() < count && chunk.end - start < BULK_CHUNK_BYTES_MAX {
            let mut record = StringRecord::new();
            match self.read(&mut record) {
                Ok(true) => {}
                Ok(false) => break,
                // What comes before a wrong record is processed.
                Err(Unread::Wrong(_)) if !chunk.records.is_empty() => break,
                Err(unread) => return Err(unread),
            }
            chunk.end = self.reader.position().byte();
            chunk.records.push(record);
        }
        if self.reader.position().byte() != chunk.end && !chunk.records.is_empty() {
            self.seek(chunk.end)?;
        }
        Ok(chunk)
    }

    fn read(&mut self, record: &mut StringRecord) -> Result<bool, Unread> {
        let buffered = u64::try_from(BUFFER_BYTES).unwrap_or(u64::MAX);
        self.left
            .store(BULK_RECORD_BYTES_MAX + buffered, Ordering::Relaxed);
        let mut bytes = ByteRecord::new();
        let read = self.reader.read_byte_record(&mut bytes);
        if !read.map_err(|error| self.wrong(error))? {
            return Ok(false);
        }
        *record = StringRecord::from_byte_record(bytes)
            .map_err(|error| wrong(&format!("not UTF-8: {error}")))?;
        let expected = self.header.len();
        if record.len() > BULK_RECORD_FIELDS_MAX {
            return Err(wrong("too many fields in a record"));
        }
        if expected > 0 && record.len() != expected {
            return Err(wrong(&format!(
                "a record has {} fields where the header has {expected}",
                record.len()
            )));
        }
        Ok(true)
    }

    fn wrong(&self, error: csv::Error) -> Unread {
        match error.into_kind() {
            csv::ErrorKind::Io(source) if !is_too_long(&source) => self.failed(source),
            csv::ErrorKind::Io(_) => wrong("too many characters in a record"),
            other => wrong(&format!("{other:?}")),
        }
    }

    fn failed(&self, source: io::Error) -> Unread {
        let path = self.path.clone();
        Unread::Failed(Error::File { path, source })
    }
}

fn wrong(reason: &str) -> Unread {
    Unread::Wrong(format!("InvalidBatch : Failed to parse CSV: {reason}"))
}

/// A file that gives no more than a record may have: one that is not closed must not fill the memory.
struct Metered {
    file: File,
    left: Arc<AtomicU64>,
}

#[derive(Debug, thiserror::Error)]
#[error("a record is too long")]
struct TooLong;

fn is_too_long(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(<dyn std::error::Error + Send + Sync>::is::<TooLong>)
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        let taken = u64::try_from(read).unwrap_or(u64::MAX);
        let left = self.left.load(Ordering::Relaxed);
        let left = left
            .checked_sub(taken)
            .ok_or_else(|| io::Error::other(TooLong))?;
        self.left.store(left, Ordering::Relaxed);
        Ok(read)
    }
}

impl Seek for Metered {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}
