//! The laws of a store hold for the embedded one.

use landfall_store::laws::check_all;

use crate::place::Folder;

#[test]
fn every_law_holds() {
    check_all(&|| Box::new(Folder::new()));
}
