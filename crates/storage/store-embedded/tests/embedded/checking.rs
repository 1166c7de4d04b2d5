//! A check finds what cannot have been written by this code, says where it is, and changes nothing.

use landfall_model::limits::WAL_BYTES_MAX;
use landfall_model::{FieldType, Timestamp};
use landfall_store::laws::{Fixture, sample};
use landfall_store::{Appended, Document, DocumentKind, Error, Opened, Outcome, WriteSet};
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
    write_document(&mut store);
    folder
}

fn write_document(store: &mut Opened) {
    let document = Document {
        kind: DocumentKind::Org,
        key: "key".to_owned(),
        content: Some(b"content".to_vec()),
    };
    let write = WriteSet {
        documents: vec![document],
        ..WriteSet::default()
    };
    let committed = store.writer.commit(&write, &mut |position| Appended {
        events: Vec::new(),
        at: Timestamp::from_millis(1),
        commit_number: position.commit_number.advanced_by(1),
    });
    committed.and_then(Outcome::committed).expect("committed");
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
    assert_eq!((report.documents, report.records), (1, 1));
    assert_eq!(report.without_checksum, 0);
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
fn damage_to_records_and_documents_is_found() {
    for damage in [
        "UPDATE \"record_Thing__c\" SET \"Name\" = 'another'",
        "UPDATE \"record_Thing__c\" SET \"Count__c\" = \"Count__c\" + 1",
        "UPDATE \"record_Thing__c\" SET \"Name\" = NULL",
        "UPDATE \"record_Thing__c\" SET \"_checksum\" = \"_checksum\" + 1",
        "UPDATE \"record_Thing__c\" SET \"_checksum\" = 1",
        "DELETE FROM column_set",
    ] {
        check_found(damage, Part::Records, "is damaged");
    }
    for damage in [
        "UPDATE document SET content = CAST('contents' AS BLOB)",
        "UPDATE document SET key = 'other'",
        "UPDATE document SET checksum = checksum + 1",
    ] {
        check_found(damage, Part::Documents, "of org is damaged");
    }
}

#[test]
fn damaged_records_and_documents_are_not_served() {
    let folder = filled();
    let sqlite = folder.sqlite();
    let damage = "UPDATE \"record_Thing__c\" SET \"Name\" = 'another';
                  UPDATE document SET content = CAST('contents' AS BLOB)";
    sqlite.execute_batch(damage).expect("the damage is done");
    drop(sqlite);
    let entity = sample::entity();
    let store = folder.opened(&entity);
    let row = store.reader.row(&entity, sample::id(1));
    assert!(matches!(row, Err(Error::Corrupt { .. })), "{row:?}");
    let document = store.reader.document(DocumentKind::Org, "key");
    assert!(
        matches!(document, Err(Error::Corrupt { .. })),
        "{document:?}"
    );
    let documents = store.reader.documents(DocumentKind::Org);
    assert!(
        matches!(documents, Err(Error::Corrupt { .. })),
        "{documents:?}"
    );
}

#[test]
fn records_from_before_a_change_of_their_object_are_whole() {
    let folder = filled();
    let more = sample::field("More__c", FieldType::Int);
    let wider = sample::entity_with(vec![more]);
    let mut store = folder.opened(&wider);
    let row = sample::new_row(&wider, 2, sample::full_row(&wider, 2));
    commit(&mut *store.writer, vec![row], 1, &[]).expect("committed");
    let read = store.reader.row(&wider, sample::id(1)).expect("whole");
    assert!(read.is_some());
    drop(store);
    // The column of the field stays when the field is deleted.
    let entity = sample::entity();
    let mut store = folder.opened(&entity);
    let row = sample::changed_row(&entity, 2, sample::full_row(&entity, 2), &["Name"]);
    commit(&mut *store.writer, vec![row], 1, &[]).expect("committed");
    drop(store);
    let report = report(&folder);
    assert_eq!(report.findings, []);
    assert_eq!((report.records, report.without_checksum), (2, 0));
}

#[test]
fn records_of_the_second_format_have_a_checksum_once_they_are_written_again() {
    let folder = filled();
    let as_before = "DROP TABLE column_set;
         ALTER TABLE document DROP COLUMN checksum;
         ALTER TABLE \"record_Thing__c\" DROP COLUMN \"_checksum\";
         UPDATE layout SET fingerprint = 'of the second format';
         PRAGMA user_version = 2;";
    folder.sqlite().execute_batch(as_before).expect("changed");
    let entity = sample::entity();
    let store = folder.opened(&entity);
    let full = sample::full_row(&entity, 1);
    let read = store.reader.row(&entity, sample::id(1)).expect("readable");
    assert_eq!(read.as_ref(), Some(&full));
    drop(store);
    assert_eq!(report(&folder).without_checksum, 2);
    let mut store = folder.opened(&entity);
    let row = sample::changed_row(&entity, 1, full, &["Name"]);
    commit(&mut *store.writer, vec![row], 1, &[]).expect("committed");
    write_document(&mut store);
    drop(store);
    let report = report(&folder);
    assert_eq!((report.without_checksum, report.findings.len()), (0, 0));
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
fn a_file_in_use_is_checked_beside_its_server() {
    let folder = filled();
    let mut store = folder.open();
    publish(&mut store, 20);
    let files = folder.files();
    let whole = report(&folder);
    assert_eq!((whole.in_use, whole.findings.len()), (true, 0), "{whole:?}");
    assert_eq!((whole.blocks, whole.events), (4, 80));
    assert_eq!((whole.documents, whole.records), (1, 1));
    assert_eq!(folder.files(), files);
    publish(&mut store, 20);
    assert_eq!(report(&folder).events, 100);

    let damaged = folder.sqlite().execute(
        "UPDATE event_block SET data = substr(data, 1, 100) WHERE first_replay_id = 1021",
        [],
    );
    assert_eq!(damaged.expect("the damage is done"), 1);
    let found = report(&folder);
    assert_eq!(found.findings.len(), 1, "{found:?}");
    drop(store);
    assert!(!report(&folder).in_use);
}

#[test]
fn damage_to_an_index_is_found_beside_its_server() {
    let folder = filled();
    let store = folder.open();
    // An index of other columns than the one that was filled.
    let damaged = folder.sqlite().execute_batch(
        "CREATE TABLE other (one, two); CREATE INDEX one_index ON other (one);
         INSERT INTO other VALUES (1, 2);
         PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = replace(sql, '(one)', '(two)') WHERE name = 'one_index';",
    );
    damaged.expect("the damage is done");
    let found = report(&folder);
    let is_found = |part| found.findings.iter().any(|finding| finding.part == part);
    assert!(found.in_use && is_found(Part::Database), "{found:?}");
    drop(store);
}

/// A check of the indexes keeps the log from starting over: it gives way to a server that writes a lot.
#[test]
fn a_file_with_a_long_write_ahead_log_is_not_checked_beside_its_server() {
    let folder = filled();
    let mut store = folder.open();
    publish(&mut store, 20);
    let log = format!("{}-wal", folder.file().display());
    let log = std::fs::OpenOptions::new().write(true).open(log);
    log.and_then(|log| log.set_len(WAL_BYTES_MAX))
        .expect("a long file");
    let refused = check(&folder.file()).expect_err("not looked at");
    assert!(refused.to_string().contains("quieter"), "{refused}");
    publish(&mut store, 20);
    drop(store);
    assert_eq!(report(&folder).events, 100);
}

#[test]
fn a_file_of_another_program_is_not_looked_at() {
    let folder = Folder::new();
    drop(folder.open());
    folder
        .sqlite()
        .execute_batch("PRAGMA application_id = 7")
        .expect("changed");
    let refused = check(&folder.file());
    assert!(matches!(refused, Err(Error::Open { .. })), "{refused:?}");
    let refused = check(&Folder::new().file());
    assert!(matches!(refused, Err(Error::Open { .. })), "{refused:?}");
}
