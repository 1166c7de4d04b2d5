//! Files next to the data file that are named like it, and that no org owns: copies, or what is left of another org. Nothing
//! reads them, and nothing removes them.

use std::io;
use std::path::Path;

use landfall_model::limits::ORPHANS_NAMED_MAX;
use tracing::warn;

use crate::error::Error;
use crate::orgs::mark::MARK;

/// What the names of the files that belong to an org add to that of its data file.
const COMPANIONS: [&str; 4] = ["-wal", "-shm", "-lock", MARK];

/// Files that no org owns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Orphans {
    /// Their names, [`ORPHANS_NAMED_MAX`] at most.
    pub names: Vec<String>,
    /// How many there are besides.
    pub further: u64,
}

impl Orphans {
    /// Those next to a data file.
    ///
    /// # Errors
    /// [`Error::Data`]: the folder cannot be read.
    pub(crate) fn beside(file: &Path) -> Result<Self, Error> {
        let mut orphans = Self::default();
        let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else {
            return Ok(orphans);
        };
        let failed = |source: io::Error| Error::Data {
            path: folder.to_owned(),
            source,
        };
        let name = name.to_string_lossy();
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?.file_name();
            let entry = entry.to_string_lossy();
            let rest = entry.strip_prefix(&*name);
            if rest.is_none_or(|rest| rest.is_empty() || COMPANIONS.contains(&rest)) {
                continue;
            }
            if orphans.names.len() < ORPHANS_NAMED_MAX {
                orphans.names.push(entry.into_owned());
            } else {
                orphans.further += 1;
            }
        }
        orphans.names.sort_unstable();
        Ok(orphans)
    }

    /// Logs each by its name.
    pub(crate) fn log(&self, file: &Path) {
        let data = file.parent().unwrap_or(file).display();
        for name in &self.names {
            warn!(file = name, %data, "a file next to the data file belongs to no org");
        }
        if self.further > 0 {
            warn!(further = self.further, %data, "more files next to the data file belong to no org");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_no_org_is_named_within_a_bound() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("landfall.db");
        let put = |name: &str| std::fs::write(folder.path().join(name), "").expect("written");
        for name in ["landfall.db", "landfall.toml", "bulk"] {
            put(name);
        }
        for companion in COMPANIONS {
            put(&format!("landfall.db{companion}"));
        }
        assert_eq!(Orphans::beside(&file).expect("read"), Orphans::default());

        for name in ["landfall.db.old", "landfall.db-wal.old"] {
            put(name);
        }
        let two = Orphans::beside(&file).expect("read");
        assert_eq!(two.names, ["landfall.db-wal.old", "landfall.db.old"]);
        for number in 0..ORPHANS_NAMED_MAX {
            put(&format!("landfall.db.{number}"));
        }
        let many = Orphans::beside(&file).expect("read");
        assert_eq!((many.names.len(), many.further), (ORPHANS_NAMED_MAX, 2));
    }
}
