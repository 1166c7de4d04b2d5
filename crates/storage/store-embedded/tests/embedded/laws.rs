//! The laws of a store hold for the embedded one.

use landfall_store::laws::check_all;

use crate::place::Folder;

#[test]
fn every_law_holds() {
    check_all(&|| Box::new(Folder::new()));
}

#[test]
fn every_law_holds_for_a_store_that_has_to_survive_nothing() {
    check_all(&|| Box::new(Folder::ephemeral()));
}
