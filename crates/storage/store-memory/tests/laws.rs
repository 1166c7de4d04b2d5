//! The store in memory keeps the laws of a store.

use landfall_store::laws::{Movable, check_all, check_files, check_pair};
use landfall_store_memory::MemoryStore;

#[test]
fn every_law_holds() {
    check_all(&|| Box::new(MemoryStore::default()));
}

#[test]
fn a_store_is_moved_into_another_one() {
    let store = || -> Box<dyn Movable> { Box::new(MemoryStore::default()) };
    check_pair(&store, &store);
}

#[test]
fn files_of_jobs_are_kept() {
    let store = MemoryStore::default();
    let opened = store.open();
    check_files(&*store.files(&opened));
}
