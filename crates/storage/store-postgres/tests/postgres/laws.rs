//! The store on PostgreSQL keeps the laws of a store. `LAW=words` checks those with that word in their names.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::Arc;

use landfall_store::laws::{Fixture, LAWS, Movable, check_files, check_pair};
use landfall_store::transfer::{Export, Import};
use landfall_store::{JobFiles, Opened, Reader, Result};
use landfall_store_embedded::JobFolder;
use landfall_store_postgres::{Config, follow, open};
use tempfile::TempDir;

use crate::server::Server;

/// A schema of its own for each law.
struct Schema(String);

impl Fixture for Schema {
    fn open(&self) -> Opened {
        let config = Config {
            feeds: true,
            ..Config::new(&self.0)
        };
        open(&config).expect("the store opens")
    }

    fn reader_elsewhere(&self) -> Option<Arc<dyn Reader>> {
        Some(follow(&Config::new(&self.0)).expect("the store can be followed"))
    }
}

#[test]
fn every_law_holds() {
    let server = Server::start();
    let word = std::env::var("LAW").unwrap_or_default();
    let laws = LAWS.iter().enumerate();
    let mut checked = 0;
    for (number, law) in laws.filter(|(_, law)| law.name.contains(&word)) {
        (law.check)(&Schema(server.url(&format!("law_{number}"))));
        checked += 1;
    }
    assert!(checked > 0, "no law has {word:?} in its name");
}

impl Movable for Schema {
    fn export(&self) -> Result<Box<dyn Export>> {
        landfall_store_postgres::export(&self.0)
    }

    fn import(&self) -> Result<Box<dyn Import>> {
        landfall_store_postgres::import(&self.0)
    }

    fn files(&self, opened: &Opened) -> Arc<dyn JobFiles> {
        opened.reader.job_files().expect("in the database")
    }
}

/// A store on SQLite.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder for the test"))
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("landfall.db")
    }

    fn jobs(&self) -> PathBuf {
        self.0.path().join("bulk")
    }
}

impl Fixture for Folder {
    fn open(&self) -> Opened {
        let config = landfall_store_embedded::Config::new(self.file());
        landfall_store_embedded::open(&config).expect("the store opens")
    }
}

impl Movable for Folder {
    fn export(&self) -> Result<Box<dyn Export>> {
        landfall_store_embedded::export(&self.file(), &self.jobs())
    }

    fn import(&self) -> Result<Box<dyn Import>> {
        landfall_store_embedded::import(&self.file(), &self.jobs())
    }

    fn files(&self, _: &Opened) -> Arc<dyn JobFiles> {
        Arc::new(JobFolder::open(self.jobs()).expect("a folder"))
    }
}

#[test]
fn an_org_is_moved_between_a_file_and_a_schema() {
    let server = Server::start();
    let schemas = Cell::new(0);
    let schema = || -> Box<dyn Movable> {
        schemas.set(schemas.get() + 1);
        Box::new(Schema(server.url(&format!("moved_{}", schemas.get()))))
    };
    let folder = || -> Box<dyn Movable> { Box::new(Folder::new()) };
    check_pair(&folder, &schema);
    check_pair(&schema, &folder);
    check_pair(&schema, &schema);
}

#[test]
fn files_of_jobs_are_kept_in_chunks() {
    let server = Server::start();
    let schema = Schema(server.url("files"));
    let opened = schema.open();
    check_files(&*schema.files(&opened));
    assert_eq!(server.psql("SELECT count(*) FROM files.job_chunk"), "0");
}

#[test]
fn a_writer_that_was_replaced_changes_no_file_of_a_job() {
    let server = Server::start();
    let schema = Schema(server.url("fenced"));
    let first = schema.open();
    let old = schema.files(&first);
    old.create("a.part").expect("created");
    drop(first);
    let second = schema.open();
    let new = schema.files(&second);
    for refused in [
        old.append("a.part", 0, b"old").err(),
        old.create("a.part").err(),
        old.rename("a.part", "a.csv").err(),
        old.remove("a.part").err(),
    ] {
        let refused = refused.map(|error| error.kind());
        assert_eq!(refused, Some(std::io::ErrorKind::PermissionDenied));
    }
    new.append("a.part", 0, b"new").expect("appended");
    assert_eq!(new.read("a.part", 0, 9).expect("readable"), b"new");
}
