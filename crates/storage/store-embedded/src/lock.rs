//! One process at a time: a lock that the operating system drops with the process.
//!
//! The lock is on a file of its own. Locking the database file itself would not do: closing any other handle of that
//! file would silently drop the locks that SQLite holds on it.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use landfall_model::limits::STORE_LOCK_TRIES_MAX;
use landfall_store::{Error, Result};

use crate::error::open;

/// The store is ours while this lives.
#[derive(Debug)]
pub(crate) struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// Takes the lock of the store at `store`.
    pub(crate) fn take(store: &Path) -> Result<Self> {
        Self::take_if_free(store)?.ok_or_else(|| in_use(store))
    }

    /// Takes the lock of the store at `store`; none if another process has it.
    pub(crate) fn take_if_free(store: &Path) -> Result<Option<Self>> {
        let mut name = OsString::from(store);
        name.push("-lock");
        let path = PathBuf::from(name);
        for _ in 0..STORE_LOCK_TRIES_MAX {
            let file = OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .mode(0o600)
                .open(&path)
                .map_err(|error| refused(&path, &error))?;
            match file.try_lock() {
                Ok(()) => (),
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(refused(&path, &error)),
            }
            if is_at(&file, &path).map_err(|error| refused(&path, &error))? {
                return Ok(Some(Self { path, _file: file }));
            }
        }
        Ok(None)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Removed before it is unlocked: a process that opened it in between sees that it is no longer there.
        // Left behind it does no harm.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Whether the file that we locked is the one that others will find.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let ours = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(found) => Ok(ours.dev() == found.dev() && ours.ino() == found.ino()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn in_use(store: &Path) -> Error {
    open(format_args!(
        "{} is in use by another process; stop that one, or use another folder",
        store.display()
    ))
}

fn refused(path: &Path, error: &io::Error) -> Error {
    open(format_args!("{}: {error}", path.display()))
}
