//! The file next to the data file that holds the id of its org, so that a lost or replaced data file is noticed at the
//! next start.
//!
//! Its name begins with that of the data file, so that removing `landfall.db*` begins a new org.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use landfall_model::RecordId;

use crate::error::Error;

/// What the name of the file adds to that of the data file.
pub(crate) const MARK: &str = "-org";

/// Refuses to begin a new org where one has been.
///
/// # Errors
/// [`Error::Unsafe`] if the data file is missing; [`Error::Data`].
pub(crate) fn check_before(file: &Path, bulk: &Path) -> Result<(), Error> {
    let is_there = std::fs::metadata(file).is_ok_and(|metadata| metadata.len() > 0);
    if is_there {
        return Ok(());
    }
    let mut left = Vec::new();
    let mark = companion(file, MARK);
    if mark.exists() {
        left.push(mark.display().to_string());
    }
    let jobs = match std::fs::read_dir(bulk) {
        Ok(mut jobs) => jobs.next().is_some(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(failed(bulk)(error)),
    };
    if jobs {
        left.push(bulk.display().to_string());
    }
    if left.is_empty() {
        return Ok(());
    }
    let left = left.join(" and ");
    Err(Error::Unsafe {
        reason: format!(
            "{} is missing, and {left} is left of the org that it held",
            file.display()
        ),
        hint: format!("restore the file from a backup, or move {left} away to begin a new org"),
    })
}

/// Refuses a store of another org than the folder was of before, and notes which org it is; `named` is the store in words.
///
/// # Errors
/// [`Error::Unsafe`], [`Error::Data`].
pub(crate) fn check_after(file: &Path, named: &str, org: RecordId) -> Result<(), Error> {
    let mark = companion(file, MARK);
    match std::fs::read_to_string(&mark) {
        Ok(before) if before.trim() == org.as_str() => Ok(()),
        // A crash has interrupted the first start.
        Ok(before) if before.trim().is_empty() => write(&mark, org),
        Ok(before) => Err(Error::Unsafe {
            reason: format!(
                "{named} holds the org {org}, and the folder held {} before: it was replaced",
                before.trim()
            ),
            hint: format!(
                "restore the store of that org, or remove {} to serve this one",
                mark.display()
            ),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => write(&mark, org),
        Err(error) => Err(failed(&mark)(error)),
    }
}

fn write(mark: &Path, org: RecordId) -> Result<(), Error> {
    let written = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(mark)
        .and_then(|mut file| {
            writeln!(file, "{org}")?;
            file.sync_all()
        });
    written.map_err(failed(mark))
}

fn companion(file: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(suffix);
    PathBuf::from(name)
}

fn failed(path: &Path) -> impl Fn(io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::Data {
        path: path.clone(),
        source,
    }
}
