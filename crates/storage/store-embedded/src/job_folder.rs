//! The files of jobs as files in a folder, next to the file of the store.

use std::fs::{File, OpenOptions};
use std::io::{self, Error, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use landfall_store::JobFiles;

/// A folder of files of jobs.
#[derive(Clone, Debug)]
pub struct JobFolder(PathBuf);

impl JobFolder {
    /// The folder, which is made if it is not there.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = folder.into();
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    /// The same, which need not be there as long as nothing is written.
    pub(crate) fn at(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    fn path(&self, name: &str) -> io::Result<PathBuf> {
        // Names come from this program, and from stores that it reads.
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._- ".contains(letter);
        if name.is_empty() || name.starts_with('.') || !name.chars().all(is_plain) {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                format!("{name:?} is no name of a file of a job"),
            ));
        }
        Ok(self.0.join(name))
    }
}

impl JobFiles for JobFolder {
    fn create(&self, name: &str) -> io::Result<()> {
        std::fs::create_dir_all(&self.0)?;
        File::create(self.path(name)?).map(drop)
    }

    fn append(&self, name: &str, at: u64, bytes: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new().append(true).open(self.path(name)?)?;
        let length = file.metadata()?.len();
        if length != at {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                format!("{name} has {length} bytes, not {at}"),
            ));
        }
        file.write_all(bytes)
    }

    fn keep(&self, name: &str) -> io::Result<()> {
        File::open(self.path(name)?)?.sync_all()?;
        File::open(&self.0)?.sync_all()
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.path(from)?, self.path(to)?)?;
        File::open(&self.0)?.sync_all()
    }

    fn size(&self, name: &str) -> io::Result<Option<u64>> {
        match std::fs::metadata(self.path(name)?) {
            Ok(file) => Ok(Some(file.len())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn read(&self, name: &str, at: u64, most: usize) -> io::Result<Vec<u8>> {
        let mut file = File::open(self.path(name)?)?;
        file.seek(SeekFrom::Start(at))?;
        let mut piece = Vec::new();
        file.take(u64::try_from(most).unwrap_or(u64::MAX))
            .read_to_end(&mut piece)?;
        Ok(piece)
    }

    fn remove(&self, name: &str) -> io::Result<bool> {
        match std::fs::remove_file(self.path(name)?) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Folders are not listed: no job makes one.
    fn list(&self) -> io::Result<Vec<(String, u64)>> {
        let entries = match std::fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut files = Vec::new();
        for entry in entries {
            let entry = entry?;
            // That of a link, not of what it leads to.
            let metadata = entry.metadata()?;
            if !metadata.is_dir() {
                let name = entry.file_name().to_string_lossy().into_owned();
                files.push((name, metadata.len()));
            }
        }
        files.sort_unstable();
        Ok(files)
    }

    fn place(&self) -> String {
        self.0.display().to_string()
    }
}
