//! The laws of a store hold for the embedded one.

use landfall_store::laws::{Movable, check_all, check_files, check_pair};
use landfall_store_embedded::JobFolder;
use landfall_store_memory::MemoryStore;

use crate::place::Folder;

#[test]
fn every_law_holds() {
    check_all(&|| Box::new(Folder::new()));
}

#[test]
fn every_law_holds_for_a_store_that_has_to_survive_nothing() {
    check_all(&|| Box::new(Folder::ephemeral()));
}

#[test]
fn a_file_is_moved_into_another_one() {
    let file = || -> Box<dyn Movable> { Box::new(Folder::new()) };
    let memory = || -> Box<dyn Movable> { Box::new(MemoryStore::default()) };
    check_pair(&file, &file);
    check_pair(&file, &memory);
    check_pair(&memory, &file);
}

#[test]
fn files_of_jobs_are_kept_in_a_folder() {
    let folder = Folder::new();
    check_files(&JobFolder::open(folder.jobs()).expect("a folder"));
}
