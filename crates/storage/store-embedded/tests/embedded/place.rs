//! A store in a folder that goes away with the test, and how the tests write to it.

use std::path::PathBuf;
use std::sync::Arc;

use landfall_model::{EntityDefinition, Timestamp, Topic};
use landfall_store::laws::{Fixture, Movable, sample};
use landfall_store::transfer::{Export, Import};
use landfall_store::{Appended, Committed, JobFiles, NewEvent, Opened, RowWrite, WriteSet, Writer};
use landfall_store_embedded::{Config, JobFolder, open};
use tempfile::TempDir;

/// The folder, and whether the store in it is durable.
pub(crate) struct Folder(TempDir, bool);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder for the test"), true)
    }

    /// For a store that has to survive nothing.
    pub(crate) fn ephemeral() -> Self {
        Self(Self::new().0, false)
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.path().join("landfall.db")
    }

    /// The folder of the files of jobs.
    pub(crate) fn jobs(&self) -> PathBuf {
        self.0.path().join("bulk")
    }

    /// The names of the files that are there.
    pub(crate) fn files(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.0.path()).expect("readable");
        let mut names: Vec<_> = files
            .map(|file| {
                file.expect("readable")
                    .file_name()
                    .into_string()
                    .expect("a name")
            })
            .collect();
        names.sort();
        names
    }

    /// The file as SQLite sees it. The store must be closed.
    pub(crate) fn sqlite(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.file()).expect("a database")
    }

    /// Opens the store with the sample object.
    pub(crate) fn opened(&self, entity: &Arc<EntityDefinition>) -> Opened {
        let mut store = self.open();
        store
            .writer
            .prepare(std::slice::from_ref(entity))
            .expect("prepared");
        store
    }
}

impl Fixture for Folder {
    fn open(&self) -> Opened {
        let config = if self.1 {
            Config::new(self.file())
        } else {
            Config::ephemeral(self.file())
        };
        open(&config).expect("the store opens")
    }
}

impl Movable for Folder {
    fn export(&self) -> landfall_store::Result<Box<dyn Export>> {
        landfall_store_embedded::export(&self.file(), &self.jobs())
    }

    fn import(&self) -> landfall_store::Result<Box<dyn Import>> {
        landfall_store_embedded::import(&self.file(), &self.jobs())
    }

    fn files(&self, _: &Opened) -> Arc<dyn JobFiles> {
        Arc::new(JobFolder::open(self.jobs()).expect("a folder"))
    }
}

/// Commits rows and events.
pub(crate) fn commit(
    writer: &mut dyn Writer,
    rows: Vec<RowWrite>,
    at: i64,
    events: &[NewEvent],
) -> landfall_store::Result<Committed> {
    let write = WriteSet {
        rows,
        ..WriteSet::default()
    };
    writer
        .commit(&write, &mut |position| Appended {
            events: events.to_vec(),
            at: Timestamp::from_millis(at),
            commit_number: position.commit_number.advanced_by(1),
        })?
        .committed()
}

/// Commits `count` events on one topic in one group.
pub(crate) fn publish(store: &mut Opened, count: u64) -> Committed {
    let topic = store
        .writer
        .topic(&Topic::new("/event/One__e"))
        .expect("numbered");
    let events: Vec<_> = (0..count)
        .map(|number| sample::event(topic, number))
        .collect();
    commit(&mut *store.writer, Vec::new(), 1, &events).expect("committed")
}
