//! Whether a data folder is whole, while no server uses it.

use std::path::Path;

pub use landfall_store_embedded::check::{Finding, Report};

use crate::assembly::BULK_FOLDER;
use crate::error::Error;
use crate::org_mark;
use crate::orgs::STORE_FILE;

/// Whether this is the data folder of an org, or what is left of one.
pub fn is_data_folder(folder: &Path) -> bool {
    let Ok(mut entries) = std::fs::read_dir(folder) else {
        return false;
    };
    entries.any(|entry| {
        entry.is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with(STORE_FILE))
    })
}

/// Looks at everything that a data folder holds. It writes nothing.
///
/// # Errors
/// [`Error::Unsafe`] if the data file is missing; [`Error::Store`] if it cannot be looked at, as while a server uses it.
pub fn check(folder: &Path) -> Result<Report, Error> {
    let file = folder.join(STORE_FILE);
    org_mark::check_before(&file, &folder.join(BULK_FOLDER))?;
    landfall_store_embedded::check::check(&file)
        .map_err(|source| Error::Store { path: file, source })
}
