//! The data of jobs, read record by record.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use csv::{ByteRecord, Position, ReaderBuilder, StringRecord};
use landfall_model::JobFailure;
use landfall_model::limits::{
    BULK_CHUNK_BYTES_MAX, BULK_CHUNK_RECORDS_MAX, BULK_RECORD_BYTES_MAX, BULK_RECORD_FIELDS_MAX,
};

use crate::error::Error;
use crate::job::{Delimiter, LineEnding};
use crate::job_file::{JobFile, Reading};

/// Bytes that are read from a file at once.
const BUFFER_BYTES: usize = 64 * 1024;

/// Why data is not read on.
#[derive(Debug)]
pub enum Unread {
    /// It is wrong.
    Wrong(JobFailure),
    /// It cannot be had.
    Failed(Error),
}

/// Records that are processed together.
#[derive(Debug)]
pub struct Chunk {
    /// Where the first of them begins.
    pub start: u64,
    /// Where the next record after them begins.
    pub end: u64,
    /// At most [`BULK_CHUNK_RECORDS_MAX`].
    pub records: Vec<StringRecord>,
}

/// The records of a job's data. Every record is within the limits of one, however the data goes on.
pub struct Records {
    reader: csv::Reader<Metered>,
    left: Arc<AtomicU64>,
    file: JobFile,
    /// The names of the fields.
    pub header: StringRecord,
    /// Where the first record begins.
    pub first: u64,
}

impl Records {
    /// Opens the data and reads the header.
    ///
    /// # Errors
    /// [`Unread`].
    pub fn open(file: JobFile, delimiter: Delimiter) -> Result<Self, Unread> {
        let reading = file.open();
        let reading = reading.map_err(|source| Unread::Failed(file.failed(source)))?;
        let left = Arc::new(AtomicU64::new(0));
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter.byte())
            .buffer_capacity(BUFFER_BYTES)
            .from_reader(Metered {
                file: reading,
                left: Arc::clone(&left),
            });
        let mut records = Self {
            reader,
            left,
            file,
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
        let expected = match self.ending().map_err(|source| self.failed(source))? {
            Some(found) if found != ending => ending.as_str(),
            _ => return Ok(()),
        };
        Err(Unread::Wrong(JobFailure::LineEnding { expected }))
    }

    /// How the header ends; none if it ends the data.
    fn ending(&self) -> io::Result<Option<LineEnding>> {
        let mut file = self.file.open()?;
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
    ///
    /// # Errors
    /// [`Unread::Failed`].
    pub fn seek(&mut self, offset: u64) -> Result<(), Unread> {
        let mut position = Position::new();
        position.set_byte(offset);
        self.reader
            .seek(position)
            .map_err(|error| self.wrong(error))
    }

    /// The next records that are processed together; none at the end.
    ///
    /// # Errors
    /// [`Unread`].
    pub fn chunk(&mut self) -> Result<Chunk, Unread> {
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
        Unread::Failed(self.file.failed(source))
    }
}

fn wrong(reason: &str) -> Unread {
    let reason = reason.to_owned();
    Unread::Wrong(JobFailure::Csv { reason })
}

/// A file that gives no more than a record may have: one that is not closed must not fill the memory.
struct Metered {
    file: Reading,
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
