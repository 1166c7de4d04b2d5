//! One file of a job: read from anywhere in it, written from its beginning to its end.

use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use landfall_model::limits::JOB_FILE_CHUNK_BYTES;
use landfall_store::JobFiles;

use crate::error::Error;

/// A file of a job, which may be there or not.
#[derive(Clone)]
pub struct JobFile {
    files: Arc<dyn JobFiles>,
    name: String,
}

impl std::fmt::Debug for JobFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("JobFile").field(&self.name).finish()
    }
}

impl JobFile {
    /// The file of a name.
    pub fn new(files: Arc<dyn JobFiles>, name: impl Into<String>) -> Self {
        let name = name.into();
        Self { files, name }
    }

    /// The failure to use it.
    pub(crate) fn failed(&self, source: io::Error) -> Error {
        let path = PathBuf::from(self.files.place()).join(&self.name);
        Error::File { path, source }
    }

    /// Opens it for reading.
    ///
    /// # Errors
    /// `NotFound`; what the back end says.
    pub(crate) fn open(&self) -> io::Result<Reading> {
        match self.files.size(&self.name)? {
            None => Err(ErrorKind::NotFound.into()),
            Some(_) => Ok(Reading {
                file: self.clone(),
                at: 0,
                piece: Vec::new(),
            }),
        }
    }

    /// Bytes from `at` on, `most` at most.
    ///
    /// # Errors
    /// `NotFound`; what the back end says.
    pub(crate) fn read(&self, at: u64, most: usize) -> io::Result<Vec<u8>> {
        self.files.read(&self.name, at, most)
    }

    /// Begins it, in the place of one that is there.
    ///
    /// # Errors
    /// What the back end says.
    pub(crate) fn create(&self) -> io::Result<()> {
        self.files.create(&self.name)
    }

    /// Adds bytes to it, which has `at` bytes so far.
    ///
    /// # Errors
    /// What the back end says.
    pub(crate) fn append(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.files.append(&self.name, at, bytes)
    }

    /// Makes what was added durable.
    ///
    /// # Errors
    /// What the back end says.
    pub(crate) fn keep(&self) -> io::Result<()> {
        self.files.keep(&self.name)
    }

    /// Gives it the name of another file, which it replaces.
    ///
    /// # Errors
    /// What the back end says.
    pub(crate) fn rename(&self, to: &Self) -> io::Result<()> {
        self.files.rename(&self.name, &to.name)
    }

    /// Removes it, if it is there.
    ///
    /// # Errors
    /// What the back end says.
    pub(crate) fn remove(&self) -> io::Result<()> {
        self.files.remove(&self.name).map(drop)
    }
}

/// A file that is read piece by piece.
pub(crate) struct Reading {
    file: JobFile,
    /// Where the piece begins.
    at: u64,
    /// What was read last, and is not used up yet.
    piece: Vec<u8>,
}

impl Reading {
    /// Goes to a place within the piece, or gives the piece up.
    fn go(&mut self, to: u64) {
        let within = to
            .checked_sub(self.at)
            .and_then(|skipped| usize::try_from(skipped).ok())
            .filter(|skipped| *skipped <= self.piece.len());
        match within {
            Some(skipped) => drop(self.piece.drain(..skipped)),
            None => self.piece.clear(),
        }
        self.at = to;
    }
}

impl Read for Reading {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.piece.is_empty() {
            self.piece = self.file.read(self.at, JOB_FILE_CHUNK_BYTES)?;
        }
        let taken = buffer.len().min(self.piece.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..taken), self.piece.get(..taken)) {
            to.copy_from_slice(from);
        }
        self.go(self
            .at
            .saturating_add(u64::try_from(taken).unwrap_or(u64::MAX)));
        Ok(taken)
    }
}

impl Seek for Reading {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(to) => Some(to),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => {
                let length = self.file.files.size(&self.file.name)?;
                let length = length.ok_or(ErrorKind::NotFound)?;
                length.checked_add_signed(by)
            }
        };
        let to = to.ok_or(ErrorKind::InvalidInput)?;
        self.go(to);
        Ok(to)
    }
}

#[cfg(test)]
mod tests {
    use landfall_store_embedded::JobFolder;

    use super::*;

    #[test]
    fn a_file_is_read_from_anywhere() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = JobFolder::open(folder.path()).expect("a folder");
        let file = JobFile::new(Arc::new(files), "a.csv");
        assert_eq!(
            file.open().err().map(|error| error.kind()),
            Some(ErrorKind::NotFound)
        );
        let content: Vec<u8> = (0..JOB_FILE_CHUNK_BYTES + 1_000)
            .map(|place| u8::try_from(place % 251).expect("small"))
            .collect();
        file.create().expect("created");
        file.append(0, &content).expect("appended");
        let length = u64::try_from(content.len()).expect("small");
        let mut reading = file.open().expect("it is there");
        let all = |reading: &mut Reading| {
            let mut all = Vec::new();
            reading.read_to_end(&mut all).expect("readable");
            all
        };
        assert!(all(&mut reading) == content);
        for (to, expected) in [
            (SeekFrom::Start(7), 7),
            (SeekFrom::Current(-1), length - 1),
            (SeekFrom::End(-500), length - 500),
        ] {
            assert_eq!(reading.seek(to).expect("within"), expected);
            let start = usize::try_from(expected).expect("small");
            assert!(all(&mut reading) == content[start..], "{to:?}");
        }
        assert!(reading.seek(SeekFrom::Start(0)).is_ok());
        let mut one = [0];
        assert_eq!(reading.read(&mut one).expect("readable"), 1);
        assert_eq!(reading.seek(SeekFrom::Current(3)).expect("within"), 4);
        assert_eq!(reading.read(&mut one).expect("readable"), 1);
        assert_eq!(one, content[4..5]);
        assert!(reading.seek(SeekFrom::Current(-9)).is_err());
    }
}
