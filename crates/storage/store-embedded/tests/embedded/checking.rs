//! A check finds what cannot have been written by this code, says where it is, and changes nothing.

use landfall_store::Error;
use landfall_store::laws::{Fixture, sample};
use landfall_store_embedded::check::{Part, Report, check};

use crate::place::{Folder, commit, publish};

/// Three blocks of 20 events and a record.
fn filled() -> Folder {
    let folder = Folder::new();
    let entity = sample::entity();
    let mut store = folder.opened(&entity);
    for _ in 0..3 {
        publish(&mut store, 20);
    }
    let row = sample::new_row(&entity, 1, sample::full_row(&entity, 1));
    commit(&mut *store.writer, vec![row], 1, &[]).expect("committed");
    folder
}

fn report(folder: &Folder) -> Report {
    check(&folder.file()).expect("looked at")
}

/// A statement that damages the file is found in a part, in words that name what is damaged.
#[track_caller]
fn check_found(damage: &str, part: Part, problem: &str) {
    let folder = filled();
    let changed = folder.sqlite().execute(damage, []);
    assert_eq!(changed.expect("the damage is done"), 1, "{damage}");
    let report = report(&folder);
    assert!(
        report
            .findings
            .iter()
            .any(|finding| finding.part == part && finding.problem.contains(problem)),
        "{damage}: {report:?}"
    );
}

#[test]
fn a_whole_file_has_no_findings_and_stays_as_it_is() {
    let folder = filled();
    let files = folder.files();
    let bytes = std::fs::read(folder.file()).expect("readable");
    let report = report(&folder);
    assert_eq!(report.findings, []);
    assert_eq!((report.blocks, report.events), (3, 60));
    assert_eq!(folder.files(), files);
    assert_eq!(std::fs::read(folder.file()).expect("readable"), bytes);
}

#[test]
fn what_is_still_in_the_write_ahead_log_is_looked_at() {
    let folder = Folder::new();
    let mut store = folder.open();
    publish(&mut store, 20);
    // As after a crash: the file and its log, copied while the store is open.
    let copy = Folder::new();
    for name in ["", "-wal"] {
        let of = |folder: &Folder| format!("{}{name}", folder.file().display());
        std::fs::copy(of(&folder), of(&copy)).expect("copied");
    }
    let report = report(&copy);
    assert_eq!((report.findings.len(), report.events), (0, 20));
}

#[test]
fn events_past_their_retention_are_no_hole() {
    let folder = filled();
    let trimmed = folder.sqlite().execute_batch(
        "DELETE FROM event_block WHERE first_replay_id < 1041;
             DELETE FROM event_topic WHERE first_replay_id < 1041;",
    );
    trimmed.expect("as a trim does");
    let report = report(&folder);
    assert_eq!((report.findings.len(), report.blocks), (0, 1));
}

#[test]
fn damage_to_the_log_is_found() {
    for (damage, problem) in [
        (
            "UPDATE event_block SET data = substr(data, 1, 100) WHERE first_replay_id = 1021",
            "block 1021",
        ),
        (
            "UPDATE event_block SET last_replay_id = 1039 WHERE first_replay_id = 1021",
            "block 1021",
        ),
        (
            "DELETE FROM event_block WHERE first_replay_id = 1021",
            "events 1021 to 1040 are missing",
        ),
        (
            "DELETE FROM event_block WHERE first_replay_id = 1041",
            "the log ends at 1060",
        ),
        (
            "DELETE FROM event_topic WHERE first_replay_id = 1021",
            "block 1021 is not in the index",
        ),
        ("UPDATE log SET tail = 1100", "the log ends at 1100"),
        ("UPDATE log SET tail = -1", "negative"),
    ] {
        check_found(damage, Part::Log, problem);
    }
}

#[test]
fn damage_to_the_pages_is_found() {
    let folder = filled();
    let mut bytes = std::fs::read(folder.file()).expect("readable");
    let last = bytes.len() - 4096;
    bytes[last..last + 64].fill(0xff);
    std::fs::write(folder.file(), bytes).expect("written");
    let report = report(&folder);
    assert!(!report.is_whole(), "{report:?}");
}

#[test]
fn a_file_that_is_open_or_of_another_program_is_not_looked_at() {
    let folder = Folder::new();
    let store = folder.open();
    let refused = check(&folder.file());
    assert!(matches!(refused, Err(Error::Open { .. })), "{refused:?}");
    drop(store);
    folder
        .sqlite()
        .execute_batch("PRAGMA application_id = 7")
        .expect("changed");
    let refused = check(&folder.file());
    assert!(matches!(refused, Err(Error::Open { .. })), "{refused:?}");
    let refused = check(&Folder::new().file());
    assert!(matches!(refused, Err(Error::Open { .. })), "{refused:?}");
}
