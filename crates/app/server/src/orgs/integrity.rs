//! Whether a data folder is whole, with or without a server that uses it.

use std::path::Path;

pub use landfall_store_embedded::check::{Finding, Report};

use crate::error::Error;
use crate::orgs::files::BULK_FOLDER;
use crate::orgs::files::STORE_FILE;
use crate::orgs::mark;
pub use crate::orgs::orphans::Orphans;

/// Whether this is the data folder of an org, or what is left of one.
pub fn is_data_folder(folder: &Path) -> bool {
    let Ok(mut entries) = std::fs::read_dir(folder) else {
        return false;
    };
    entries.any(|entry| {
        entry.is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with(STORE_FILE))
    })
}

/// What is in a data folder.
#[derive(Clone, Debug)]
pub struct Contents {
    /// What the org holds, and what of it is damaged.
    pub report: Report,
    /// Files that no org owns.
    pub orphans: Orphans,
}

/// Looks at everything that a data folder holds. It writes nothing.
///
/// # Errors
/// [`Error::Unsafe`] if the data file is missing; [`Error::Store`], [`Error::Data`] if it cannot be read.
pub fn check(folder: &Path) -> Result<Contents, Error> {
    let file = folder.join(STORE_FILE);
    mark::check_before(&file, &folder.join(BULK_FOLDER))?;
    let orphans = Orphans::beside(&file)?;
    let report = landfall_store_embedded::check::check(&file)
        .map_err(|source| Error::Store { path: file, source })?;
    Ok(Contents { report, orphans })
}
