//! A store in a folder that goes away with the test.

use std::path::PathBuf;

use landfall_store::Opened;
use landfall_store::laws::Place;
use landfall_store_embedded::{Config, open};
use tempfile::TempDir;

pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder for the test"))
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.path().join("landfall.db")
    }
}

impl Place for Folder {
    fn open(&self) -> Opened {
        open(&Config::new(self.file())).expect("the store opens")
    }
}
