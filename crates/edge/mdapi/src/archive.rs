//! Zip files: bounded when they are read, the same bytes for the same files when they are written.
//!
//! A small file can claim to be an endless one, and a name can lead out of where it is unpacked: nothing is unpacked to
//! disk, and what is unpacked in memory has a limit that no claim changes.

use std::io::{Cursor, Read, Write};

use landfall_model::limits::{
    METADATA_FILE_BYTES_MAX, METADATA_FILES_MAX, METADATA_UNZIPPED_BYTES_MAX,
};
use landfall_model::limits::{ZIP_FOLDER_LEVELS_MAX, ZIP_NAME_BYTES_MAX};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

/// A file in a zip file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path, with `/` between the folders.
    pub path: String,
    /// What is in it; empty if it was not wanted.
    pub content: Vec<u8>,
}

/// The files of a zip file, in its order. Of those that `wanted` does not name, only the paths are read.
///
/// # Errors
/// Why it is none that is taken, for people.
pub fn read(bytes: &[u8], wanted: impl Fn(&str) -> bool) -> Result<Vec<Entry>, String> {
    let mut archive = ZipArchive::new(Cursor::new(bytes))
        .map_err(|error| format!("The zip file cannot be read: {error}"))?;
    if archive.len() > METADATA_FILES_MAX {
        return Err(format!(
            "The zip file has more than {METADATA_FILES_MAX} files"
        ));
    }
    let mut entries = Vec::new();
    let mut room = METADATA_UNZIPPED_BYTES_MAX;
    for index in 0..archive.len() {
        let file = archive
            .by_index(index)
            .map_err(|error| format!("A file of the zip file cannot be read: {error}"))?;
        if file.is_dir() {
            continue;
        }
        let path = file
            .name()
            .map_err(|error| format!("A name in the zip file cannot be read: {error}"))?;
        let path = checked(&path)?;
        let mut content = Vec::new();
        if wanted(&path) {
            let most = room.min(METADATA_FILE_BYTES_MAX);
            let limit = u64::try_from(most).unwrap_or(u64::MAX);
            file.take(limit.saturating_add(1))
                .read_to_end(&mut content)
                .map_err(|error| format!("{path} cannot be read: {error}"))?;
            if content.len() > most {
                return Err(format!("{path} is too large once it is unpacked"));
            }
            room -= content.len();
        }
        entries.push(Entry { path, content });
    }
    Ok(entries)
}

/// A path that stays where it is unpacked.
fn checked(name: &str) -> Result<String, String> {
    let leads_out = name.starts_with('/')
        || name.contains(['\\', ':'])
        || name
            .split('/')
            .any(|folder| matches!(folder, "" | "." | ".."));
    let is_strange = name.len() > ZIP_NAME_BYTES_MAX
        || name.chars().any(char::is_control)
        || name.split('/').count() > ZIP_FOLDER_LEVELS_MAX;
    if leads_out || is_strange {
        let name: String = name.chars().take(80).flat_map(char::escape_debug).collect();
        return Err(format!("The zip file has an entry with the path {name}"));
    }
    Ok(name.to_owned())
}

/// A zip file of these files.
///
/// # Errors
/// What the format cannot hold: a defect.
pub fn write(entries: &[Entry]) -> Result<Vec<u8>, zip::result::ZipError> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default());
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for entry in entries {
        writer.start_file(entry.path.as_str(), options)?;
        writer.write_all(&entry.content)?;
    }
    Ok(writer.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, content: &[u8]) -> Entry {
        Entry {
            path: path.to_owned(),
            content: content.to_vec(),
        }
    }

    #[test]
    fn what_is_written_is_read_back_and_what_is_not_wanted_is_only_named() {
        let files = [entry("package.xml", b"<a/>"), entry("classes/A.cls", b"x")];
        let zip = write(&files).expect("written");
        assert_eq!(zip, write(&files).expect("written"));
        let read = read(&zip, |path| path == "package.xml").expect("read");
        assert_eq!(read, [files[0].clone(), entry("classes/A.cls", b"")]);
    }

    #[test]
    fn what_leads_out_is_refused() {
        for path in [
            "../a",
            "/a",
            "a/../b",
            "a\\b",
            "C:a",
            "a//b",
            "a\nb",
            &"a/".repeat(20),
        ] {
            let path = format!("{path}x");
            let zip = write(&[entry(&path, b"")]).expect("written");
            assert!(read(&zip, |_| true).is_err(), "{path}");
        }
    }

    #[test]
    fn a_bomb_stays_small() {
        let bomb = vec![0; METADATA_FILE_BYTES_MAX + 1];
        let zip = write(&[entry("objects/A__c.object", &bomb)]).expect("written");
        assert!(zip.len() < METADATA_FILE_BYTES_MAX / 100);
        let refused = read(&zip, |_| true).expect_err("too large");
        assert!(refused.ends_with("is too large once it is unpacked"));
        assert!(read(&zip, |_| false).is_ok());
        let most = vec![0; METADATA_FILE_BYTES_MAX];
        let count = METADATA_UNZIPPED_BYTES_MAX / METADATA_FILE_BYTES_MAX + 1;
        let many: Vec<Entry> = (0..count)
            .map(|number| entry(&number.to_string(), &most))
            .collect();
        assert!(read(&write(&many).expect("written"), |_| true).is_err());
    }

    #[test]
    fn damage_is_refused() {
        let zip = write(&[entry("package.xml", b"<a/>")]).expect("written");
        for end in 0..zip.len() {
            assert!(read(&zip[..end], |_| true).is_err(), "{end}");
        }
        for at in 0..zip.len() {
            let mut damaged = zip.clone();
            damaged[at] ^= 0xff;
            // Read or refused, never a panic.
            let _ = read(&damaged, |_| true);
        }
    }
}
