//! Files for nobody but the server's user: the data folder, and the secrets that the configuration names.

use std::io;
use std::path::Path;

use crate::error::Error;

/// Makes a data folder private: 0700, and 0600 for the files in it, whatever they were before.
///
/// # Errors
/// [`Error::Unsafe`] for a folder that has files, but no org: it was not meant. [`Error::Data`].
pub(crate) fn folder(folder: &Path, org_file: &str) -> Result<(), Error> {
    let failed = |source| Error::Data {
        path: folder.to_owned(),
        source,
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let is_empty = std::fs::read_dir(folder).map_err(failed)?.next().is_none();
    // A start that failed leaves certificates and no org.
    let is_ours = [org_file, "tls", "bulk"]
        .iter()
        .any(|name| folder.join(name).exists());
    if !is_empty && !is_ours {
        return Err(Error::Unsafe {
            reason: format!(
                "{} has files of something else, and a data folder is made private",
                folder.display()
            ),
            hint: "choose an empty or new folder with --data DIR".to_owned(),
        });
    }
    restrict(folder)
}

/// Makes a folder of the server and what is in it private.
///
/// # Errors
/// [`Error::Data`].
pub(crate) fn restrict(folder: &Path) -> Result<(), Error> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Data { path, source }
    };
    set_mode(folder, FOLDER).map_err(failed(folder))?;
    for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        // Links are not followed: what they lead to is not the server's.
        let kind = match std::fs::symlink_metadata(&path) {
            Ok(metadata) => metadata.file_type(),
            // Files come and go, such as those of the database.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(&path)(error)),
        };
        if kind.is_dir() {
            restrict(&path)?;
        } else if kind.is_file() {
            match set_mode(&path, FILE) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                changed => changed.map_err(failed(&path))?,
            }
        }
    }
    Ok(())
}

/// Refuses a secret that other users of the machine can read. One that belongs to another user may be readable by a group,
/// which is how the server reads it.
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
    let mode = metadata.mode();
    let is_own = metadata.uid() == rustix::process::geteuid().as_raw();
    let others = if is_own { 0o077 } else { 0o037 };
    if metadata.is_file() && mode & others != 0 {
        return Err(Error::Unsafe {
            reason: format!(
                "{name}: other users can access {} (mode {:04o})",
                path.display(),
                mode & 0o7777
            ),
            hint: format!("chmod 600 {}", path.display()),
        });
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
        std::fs::create_dir_all(org.join("bulk")).expect("a folder");
        let (database, job) = (org.join("landfall.db"), org.join("bulk/750"));
        for file in [&database, &job] {
            std::fs::write(file, "x").expect("written");
            open_to_all(file, 0o666);
        }
        open_to_all(&org, 0o777);
        folder(&org, "landfall.db").expect("private");
        assert_eq!((mode(&org), mode(&database)), (0o700, 0o600));
        assert_eq!((mode(&org.join("bulk")), mode(&job)), (0o700, 0o600));
        let new = parent.path().join("new");
        folder(&new, "landfall.db").expect("made");
        assert_eq!(mode(&new), 0o700);
    }

    #[test]
    fn a_folder_of_something_else_is_left_alone() {
        let home = tempfile::tempdir().expect("a folder");
        std::fs::write(home.path().join("letter"), "x").expect("written");
        open_to_all(home.path(), 0o755);
        let refused = folder(home.path(), "landfall.db").expect_err("refused");
        assert!(
            refused.to_string().contains("files of something else"),
            "{refused}"
        );
        assert_eq!(mode(home.path()), 0o755);
    }

    #[test]
    fn a_secret_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret");
        std::fs::write(&path, "x").expect("written");
        for (mode, is_private) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false)] {
            open_to_all(&path, mode);
            let checked = secret("`admin.password_file`", &path);
            assert_eq!(checked.is_ok(), is_private, "{mode:o}");
        }
    }
}
