//! Where this user's files are kept.

use std::env;
use std::path::PathBuf;

use crate::outcome::Failure;

/// Folder of what the commands remember: contexts.
///
/// # Errors
/// If the environment does not say where.
pub(crate) fn config() -> Result<PathBuf, Failure> {
    own("XDG_CONFIG_HOME", "APPDATA", ".config")
}

/// Folder of what can be fetched again: certificates.
///
/// # Errors
/// If the environment does not say where.
pub(crate) fn cache() -> Result<PathBuf, Failure> {
    own("XDG_CACHE_HOME", "LOCALAPPDATA", ".cache")
}

/// Source: "XDG Base Directory Specification": a variable that is empty or names no absolute path is ignored.
fn own(variable: &str, on_windows: &str, below_home: &str) -> Result<PathBuf, Failure> {
    let absolute = |name: &str| {
        let folder = env::var_os(name).map(PathBuf::from);
        folder.filter(|folder| folder.is_absolute())
    };
    let windows = || cfg!(windows).then(|| absolute(on_windows)).flatten();
    let home = || absolute("HOME").map(|home| home.join(below_home));
    let folder = absolute(variable).or_else(windows).or_else(home);
    let folder = folder.ok_or_else(|| {
        Failure::new(format!(
            "there is no folder for this user's files: neither {variable} nor HOME is set"
        ))
    })?;
    Ok(folder.join("landfall"))
}
