//! The committed document is the one that is served.

use std::path::Path;

#[test]
fn the_committed_document_is_the_one_that_is_served() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/control.openapi.yaml");
    let document = landfall_control::document().yaml();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &document).expect("it is written");
    }
    let committed = std::fs::read_to_string(&path).expect("it is read");
    assert!(
        committed == document,
        "docs/control.openapi.yaml is not what is served: run this test with UPDATE=1"
    );
}
