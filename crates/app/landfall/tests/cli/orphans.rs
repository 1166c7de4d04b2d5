//! Files in a data folder that no org owns.

use crate::{Org, code, run, stderr, text};

#[test]
fn a_file_that_no_org_owns_is_named_at_the_start_and_by_a_check() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("org");
    assert_eq!(Org::start(&["--data", text(&data)]).stop().0, Some(0));
    let orphans = ["landfall.db-wal.old", "landfall.db.2026-11-01"];
    for name in orphans {
        std::fs::write(data.join(name), "left").expect("written");
    }
    let org = Org::start(&["--data", text(&data)]);
    for name in orphans {
        let named = org
            .said
            .lines()
            .filter(|line| line.contains("belongs to no org") && line.contains(name));
        assert_eq!(named.count(), 1, "{name}: {}", org.said);
    }
    assert_eq!(org.stop().0, Some(0));

    let checked = run(&["check", text(&data), "--json"]);
    assert_eq!(code(&checked), 0, "{}", stderr(&checked));
    let report: serde_json::Value = serde_json::from_slice(&checked.stdout).expect("JSON");
    assert_eq!(report["orphans"], serde_json::json!(orphans));
    assert_eq!(report["furtherOrphans"], 0);
    let checked = run(&["check", text(&data)]);
    let words = String::from_utf8_lossy(&checked.stdout).into_owned();
    for name in orphans {
        let line = format!("{name} belongs to no org");
        assert!(words.contains(&line), "{words}");
        assert!(data.join(name).exists(), "it stays");
    }
}
