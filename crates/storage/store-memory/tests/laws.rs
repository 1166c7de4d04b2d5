//! The store in memory keeps the laws of a store.

use landfall_store::laws::check_all;
use landfall_store_memory::MemoryStore;

#[test]
fn every_law_holds() {
    check_all(&|| Box::new(MemoryStore::default()));
}
