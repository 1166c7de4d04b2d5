//! Files among those of the jobs that no job owns: what a crash left of an upload or of a result, the data of jobs that
//! were deleted, and whatever else somebody put there.
//!
//! What is named like the file of a job is removed: nothing can read it any more. Anything else is left alone. Both are
//! named in the log.

use std::collections::HashSet;
use std::io;

use landfall_model::RecordId;
use landfall_model::limits::ORPHANS_NAMED_MAX;
use landfall_store::JobFiles;
use tracing::warn;

use crate::job::{BATCH_PREFIX, JOB_PREFIX};

/// How the names of a job's files end: its data or result, what a batch came as, either of them in the making.
pub(crate) const ENDINGS: [&str; 3] = [".csv", ".request", ".part"];

/// What was found that no job owns.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Leftovers {
    /// What was removed: the name and how many bytes it had. [`ORPHANS_NAMED_MAX`] at most.
    pub(crate) removed: Vec<(String, u64)>,
    /// What is not named like the file of a job, or could not be removed. [`ORPHANS_NAMED_MAX`] at most.
    pub(crate) left: Vec<String>,
    /// How many there are besides.
    pub(crate) further: u64,
}

impl Leftovers {
    /// Removes the files of jobs that are none of `kept`, by their names.
    ///
    /// # Errors
    /// The files cannot be listed.
    pub(crate) fn remove(files: &dyn JobFiles, kept: &HashSet<String>) -> io::Result<Self> {
        let mut found = Self::default();
        for (name, bytes) in files.list()? {
            if !kept.contains(&name) {
                found.add(files, name, bytes);
            }
        }
        Ok(found)
    }

    fn add(&mut self, files: &dyn JobFiles, name: String, bytes: u64) {
        let is_removed = is_of_a_job(&name) && files.remove(&name).is_ok();
        if self.removed.len() + self.left.len() >= ORPHANS_NAMED_MAX {
            self.further += 1;
        } else if is_removed {
            self.removed.push((name, bytes));
        } else {
            self.left.push(name);
        }
    }

    /// Logs each by its name.
    pub(crate) fn log(&self, data: &str) {
        for (file, bytes) in &self.removed {
            warn!(file, bytes, data, "a file of no bulk job was removed");
        }
        for file in &self.left {
            warn!(
                file,
                data, "a file among those of the bulk jobs belongs to no job"
            );
        }
        if self.further > 0 {
            warn!(
                further = self.further,
                data, "more files among those of the bulk jobs belong to no job"
            );
        }
    }
}

/// Whether a file is named by the id of a job or a batch.
fn is_of_a_job(name: &str) -> bool {
    let id = ENDINGS.iter().find_map(|ending| name.strip_suffix(ending));
    id.is_some_and(|id| {
        let is_job = [JOB_PREFIX, BATCH_PREFIX]
            .iter()
            .any(|prefix| id.starts_with(prefix));
        is_job && RecordId::parse(id).is_ok_and(|read| read.as_str() == id)
    })
}

#[cfg(test)]
mod tests {
    use landfall_store_embedded::JobFolder;

    use super::*;

    fn files(folder: &tempfile::TempDir) -> JobFolder {
        JobFolder::open(folder.path()).expect("a folder")
    }

    const JOB: &str = "750000000000001AAA";

    #[test]
    fn files_of_unknown_jobs_are_removed_and_anything_else_is_only_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let kept = HashSet::from([format!("{JOB}.csv")]);
        let unknown = [
            "750000000000002AAA.csv",
            "750000000000002AAA.part",
            "751000000000003AAA.request",
        ];
        let part = format!("{JOB}.part");
        let strange = [
            "001000000000002AAA.csv",
            "750.part",
            "750000000000002AAA.csv.old",
            "notes.txt",
        ];
        for name in kept
            .iter()
            .map(String::as_str)
            .chain(unknown)
            .chain(strange)
        {
            std::fs::write(at(name), "left").expect("written");
        }
        std::fs::write(at(&part), "half").expect("written");
        std::fs::create_dir(at("750000000000004AAA.csv")).expect("made");

        let found = Leftovers::remove(&files(&folder), &kept).expect("readable");
        let removed: Vec<&str> = found
            .removed
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(removed, [part.as_str(), unknown[0], unknown[1], unknown[2]]);
        assert!(found.removed.iter().all(|(_, bytes)| *bytes == 4));
        assert_eq!(found.left, strange);
        assert_eq!(found.further, 0);
        // A folder is no file of a job.
        for name in strange.iter().chain(&["750000000000004AAA.csv"]) {
            assert!(at(name).exists(), "{name}");
        }
        assert!(at(&format!("{JOB}.csv")).exists());
        let again = Leftovers::remove(&files(&folder), &kept).expect("readable");
        assert_eq!((again.removed.len(), again.left), (0, found.left));
    }

    #[test]
    fn all_are_removed_and_some_are_named() {
        let folder = tempfile::tempdir().expect("a folder");
        for number in 0..ORPHANS_NAMED_MAX + 2 {
            let name = format!("750000000{number:06}AAA.part");
            std::fs::write(folder.path().join(name), "").expect("written");
        }
        let found = Leftovers::remove(&files(&folder), &HashSet::new()).expect("readable");
        assert_eq!((found.removed.len(), found.further), (ORPHANS_NAMED_MAX, 2));
        assert!(
            std::fs::read_dir(folder.path())
                .expect("readable")
                .next()
                .is_none()
        );
    }
}
