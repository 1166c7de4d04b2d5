//! Files for nobody but the server's user: the data folder, and the secrets that the configuration names.

use std::io;
use std::path::Path;

use tracing::warn;

use crate::error::Error;

/// What the server keeps in a data folder: names, and beginnings of names.
const OWN: [&str; 4] = ["landfall.db", "tls", "bulk", "snapshots"];

/// Makes a data folder, and makes it private: 0700, and 0600 for the server's files in it, whatever they were before. A
/// folder that has files of something else keeps its mode, with a warning: it may be a home folder.
///
/// # Errors
/// [`Error::Data`].
pub(crate) fn folder(folder: &Path) -> Result<(), Error> {
    let failed = failed(folder);
    std::fs::create_dir_all(folder).map_err(&failed)?;
    let mut is_shared = false;
    for entry in std::fs::read_dir(folder).map_err(&failed)? {
        let entry = entry.map_err(&failed)?;
        let name = entry.file_name();
        if OWN
            .iter()
            .any(|own| name.to_string_lossy().starts_with(own))
        {
            restrict(&entry.path())?;
        } else {
            is_shared = true;
        }
    }
    if is_shared {
        warn!(
            data = %folder.display(),
            "data folder has files of something else: only the server's own are made private"
        );
        return Ok(());
    }
    set_mode(folder, FOLDER).map_err(failed)
}

fn failed(path: &Path) -> impl Fn(io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::Data {
        path: path.clone(),
        source,
    }
}

/// Makes a file of the server, or a folder of it and what is in it, private. Links are not followed: what they lead to is
/// not the server's. Files come and go, such as those of the database.
fn restrict(path: &Path) -> Result<(), Error> {
    let failed = failed(path);
    let kind = match std::fs::symlink_metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    if kind.is_dir() {
        set_mode(path, FOLDER).map_err(&failed)?;
        for entry in std::fs::read_dir(path).map_err(&failed)? {
            restrict(&entry.map_err(&failed)?.path())?;
        }
    } else if kind.is_file() {
        match set_mode(path, FILE) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            changed => changed.map_err(failed)?,
        }
    }
    Ok(())
}

/// Refuses a secret that other users of the machine can replace, and warns of one that they can read. One that belongs to
/// another user may be readable by a group, which is how the server reads it.
///
/// # Errors
/// [`Error::Unsafe`] with `name`, the setting; [`Error::Read`].
#[cfg(unix)]
pub(crate) fn secret(name: &str, path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::MetadataExt;

    let metadata = std::fs::metadata(path).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })?;
    let mode = metadata.mode() & 0o7777;
    if !metadata.is_file() {
        return Ok(());
    }
    if mode & 0o022 != 0 {
        return Err(Error::Unsafe {
            reason: format!(
                "{name}: other users can replace {} (mode {mode:04o})",
                path.display()
            ),
            hint: format!("chmod 600 {}", path.display()),
        });
    }
    let is_own = metadata.uid() == rustix::process::geteuid().as_raw();
    if mode & if is_own { 0o044 } else { 0o004 } != 0 {
        warn!(
            setting = name,
            path = %path.display(),
            mode = %format_args!("{mode:04o}"),
            "secret readable by other users: chmod 600 it"
        );
    }
    Ok(())
}

/// Other systems have no modes.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub(crate) fn secret(_name: &str, _path: &Path) -> Result<(), Error> {
    Ok(())
}

const FOLDER: u32 = 0o700;
const FILE: u32 = 0o600;

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_path: &Path, _mode: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        let metadata = std::fs::metadata(path).expect("it exists");
        metadata.permissions().mode() & 0o777
    }

    fn open_to_all(path: &Path, mode: u32) {
        set_mode(path, mode).expect("a mode");
    }

    #[test]
    fn a_data_folder_becomes_private_whatever_it_was() {
        let parent = tempfile::tempdir().expect("a folder");
        let org = parent.path().join("org");
        for part in ["bulk", "snapshots", "tls"] {
            std::fs::create_dir_all(org.join(part)).expect("a folder");
        }
        let (database, job) = (org.join("landfall.db"), org.join("bulk/750"));
        let snapshot = org.join("snapshots/seed.db");
        for file in [&database, &job, &snapshot] {
            std::fs::write(file, "x").expect("written");
            open_to_all(file, 0o666);
        }
        open_to_all(&org, 0o777);
        folder(&org).expect("private");
        assert_eq!((mode(&org), mode(&database)), (0o700, 0o600));
        assert_eq!((mode(&org.join("bulk")), mode(&job)), (0o700, 0o600));
        assert_eq!(mode(&snapshot), 0o600);
        let new = parent.path().join("new");
        folder(&new).expect("made");
        assert_eq!(mode(&new), 0o700);
    }

    #[test]
    fn files_of_something_else_are_left_alone() {
        let home = tempfile::tempdir().expect("a folder");
        let (letter, database) = (
            home.path().join("letter"),
            home.path().join("landfall.db-wal"),
        );
        for file in [&letter, &database] {
            std::fs::write(file, "x").expect("written");
            open_to_all(file, 0o644);
        }
        open_to_all(home.path(), 0o755);
        folder(home.path()).expect("used");
        assert_eq!(mode(home.path()), 0o755);
        assert_eq!((mode(&letter), mode(&database)), (0o644, 0o600));
    }

    #[test]
    fn a_secret_that_others_can_replace_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret");
        std::fs::write(&path, "x").expect("written");
        for (mode, is_private) in [(0o600, true), (0o644, true), (0o620, false), (0o602, false)] {
            open_to_all(&path, mode);
            let checked = secret("`admin.password_file`", &path);
            assert_eq!(checked.is_ok(), is_private, "{mode:o}");
        }
    }
}
