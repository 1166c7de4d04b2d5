//! What the committed pages say is what there is.

use std::path::Path;

use landfall_engine::faults::FaultKind;

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

#[test]
fn each_fault_is_described_and_was_met_by_clients() {
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs");
    for page in ["testing.md", "clients/faults.md"] {
        let text = std::fs::read_to_string(pages.join(page)).expect("it is read");
        for name in FaultKind::NAMES {
            assert!(
                text.contains(&format!("\n| `{name}`")),
                "docs/{page} has no row for {name}"
            );
        }
    }
}
