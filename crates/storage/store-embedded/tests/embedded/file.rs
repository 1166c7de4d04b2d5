//! The file: who may open it, what is beside it, and how it grows with its objects.

use std::os::unix::fs::PermissionsExt;

use landfall_model::{CommitNumber, FieldType, ReplayId, Timestamp, Topic, Value};
use landfall_store::laws::{Fixture, sample};
use landfall_store::{
    Appended, DocumentKind, Error, Failure, NewEvent, Outcome, Position, TopicFilter, TopicId,
    WriteSet,
};
use landfall_store_embedded::{Config, open};

use crate::place::{Folder, commit, publish};

#[track_caller]
fn check_refused(folder: &Folder, word: &str) {
    match open(&Config::new(folder.file())) {
        Err(Error::Open { reason }) => assert!(reason.contains(word), "{reason}"),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it was opened"),
    }
}

#[test]
fn a_second_opening_is_refused_until_the_first_is_closed() {
    let folder = Folder::new();
    let store = folder.open();
    check_refused(&folder, "in use");
    let reader = store.reader;
    drop(store.writer);
    check_refused(&folder, "in use");
    drop(reader);
    drop(folder.open());
}

#[test]
fn a_second_opening_is_refused_through_a_link_too() {
    let folder = Folder::new();
    let store = folder.open();
    let link = folder.file().with_file_name("link.db");
    std::os::unix::fs::symlink(folder.file(), &link).expect("a link");
    assert!(matches!(open(&Config::new(link)), Err(Error::Open { .. })));
    drop(store);
}

#[test]
fn a_clean_close_leaves_one_file_in_any_order() {
    let folder = Folder::new();
    let mut store = folder.open();
    publish(&mut store, 100);
    assert!(folder.files().len() > 1);
    drop(store.reader);
    drop(store.writer);
    assert_eq!(folder.files(), ["landfall.db"]);

    let mut store = folder.open();
    publish(&mut store, 100);
    drop(store.writer);
    let page = store
        .reader
        .events(ReplayId::ORIGIN, &TopicFilter::All, 1_000);
    assert_eq!(page.expect("readable without a writer").events.len(), 200);
    drop(store.reader);
    assert_eq!(folder.files(), ["landfall.db"]);
}

#[test]
fn leftovers_of_a_process_are_harmless() {
    let folder = Folder::new();
    let mut store = folder.open();
    publish(&mut store, 100);
    // What a killed process leaves: the file and its write-ahead log as they are now, and a lock that nobody holds.
    let other = Folder::new();
    for name in ["landfall.db", "landfall.db-wal", "landfall.db-lock"] {
        let from = folder.file().with_file_name(name);
        std::fs::copy(from, other.file().with_file_name(name)).expect("copied");
    }
    drop(store);
    let store = other.open();
    let page = store
        .reader
        .events(ReplayId::ORIGIN, &TopicFilter::All, 1_000);
    assert_eq!(page.expect("readable").events.len(), 100);
}

#[test]
fn only_the_owner_may_read_the_file() {
    let folder = Folder::new();
    let mut store = folder.open();
    publish(&mut store, 1);
    for name in folder.files() {
        let file = folder.file().with_file_name(&name);
        let mode = std::fs::metadata(file).expect("there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} has mode {mode:o}");
    }
}

#[test]
fn the_file_of_another_program_is_refused_and_left_alone() {
    let folder = Folder::new();
    let sqlite = folder.sqlite();
    sqlite
        .execute_batch("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)")
        .expect("made");
    drop(sqlite);
    check_refused(&folder, "another program");
    let kept: i64 = folder
        .sqlite()
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .expect("readable");
    assert_eq!(kept, 1);

    let folder = Folder::new();
    std::fs::write(
        folder.file(),
        b"no database, but long enough to be looked at",
    )
    .expect("written");
    check_refused(&folder, "not a database");
    assert_eq!(folder.files(), ["landfall.db"]);
}

#[test]
fn a_write_ahead_log_without_its_file_is_not_overwritten() {
    let folder = Folder::new();
    let mut store = folder.open();
    publish(&mut store, 100);
    let other = Folder::new();
    let log = |folder: &Folder| folder.file().with_file_name("landfall.db-wal");
    std::fs::copy(log(&folder), log(&other)).expect("copied");
    check_refused(&other, "landfall.db-wal");
    assert_eq!(other.files(), ["landfall.db-wal"]);
    std::fs::remove_file(log(&other)).expect("moved away");
    drop(other.open());
}

#[test]
fn nothing_is_acknowledged_once_the_file_is_removed_or_replaced() {
    for is_replaced in [false, true] {
        let folder = Folder::new();
        let mut store = folder.open();
        publish(&mut store, 1);
        std::fs::rename(folder.file(), folder.file().with_file_name("moved")).expect("moved");
        if is_replaced {
            std::fs::copy(folder.file().with_file_name("moved"), folder.file()).expect("copied");
        }
        let (word, expected) = if is_replaced {
            ("replaced", Failure::FileReplaced)
        } else {
            ("removed", Failure::FileMissing)
        };
        let noticed = store.reader.free_bytes().map_err(|error| error.failure());
        assert_eq!(noticed, Err(expected), "without a write, too");
        match commit(&mut *store.writer, Vec::new(), 1, &[]) {
            Err(Error::Commit { source, failure }) => {
                assert!(source.to_string().contains(word), "{source}");
                assert_eq!(failure, expected);
            }
            other => panic!("{other:?}"),
        }
        let again = commit(&mut *store.writer, Vec::new(), 1, &[]);
        assert!(matches!(again, Err(Error::Poisoned)), "{again:?}");
    }
}

#[test]
fn the_space_of_trimmed_events_goes_back_to_the_disk() {
    let folder = Folder::new();
    let mut store = folder.open();
    let topic = store.writer.topic(&Topic::new("/event/One__e"));
    let topic = topic.expect("numbered");
    let event = NewEvent {
        payload: vec![7; 100_000].into(),
        ..sample::event(topic, 1)
    };
    for _ in 0..60 {
        let events = vec![event.clone(); 10];
        commit(&mut *store.writer, Vec::new(), 1, &events).expect("committed");
    }
    let mut steps = 0;
    while store
        .writer
        .trim(Timestamp::from_millis(2))
        .expect("trimmed")
    {
        steps += 1;
        assert!(steps < 100, "trim comes to an end");
    }
    assert!(steps > 1, "a bounded number of pages at a time");
    drop(store);
    let length = std::fs::metadata(folder.file()).expect("there").len();
    assert!(
        length < 16 * 1024 * 1024,
        "{length} bytes are left of 60 MB"
    );
}

/// A file as the first format had it: an event of 10 ms, and a tail and a commit number to go on from.
const FORMAT_1: &str = include_str!("format_1.sql");

#[test]
fn a_file_of_the_first_format_is_brought_up_to_date_without_loss() {
    let folder = Folder::new();
    let sqlite = folder.sqlite();
    sqlite.execute_batch(FORMAT_1).expect("made");
    drop(sqlite);
    let expected = Position {
        tail: ReplayId::ORIGIN.advanced_by(2),
        commit_number: CommitNumber::ORIGIN.advanced_by(7),
        appended_at: Timestamp::from_millis(1_700_000_000_123),
    };
    for _ in 0..2 {
        let mut store = folder.open();
        assert_eq!(store.reader.position().expect("readable"), expected);
        let topic = store.writer.topic(&Topic::new("/event/One__e"));
        assert_eq!(topic.expect("numbered"), TopicId(1));
        let page = store.reader.events(ReplayId::ORIGIN, &TopicFilter::All, 10);
        let page = page.expect("readable");
        let payloads: Vec<_> = page.events.iter().map(|event| &*event.payload).collect();
        assert_eq!(payloads, [&b"one"[..], b"two"]);
        let document = store.reader.document(DocumentKind::Org, "key");
        assert_eq!(document.expect("readable"), Some(b"kept".to_vec()));
    }
}

#[test]
fn a_file_of_a_newer_format_is_refused() {
    let folder = Folder::new();
    drop(folder.open());
    folder
        .sqlite()
        .pragma_update(None, "user_version", 4)
        .expect("set");
    check_refused(&folder, "format version 4");
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error_with_its_name() {
    let folder = Folder::new();
    std::fs::write(folder.file(), b"").expect("written");
    let below = folder.file().join("below.db");
    match open(&Config::new(below)) {
        Err(Error::Open { reason }) => assert!(reason.contains("below.db"), "{reason}"),
        other => panic!("{:?}", other.err()),
    }
}

#[test]
fn an_object_whose_tables_fit_is_not_written_again() {
    let folder = Folder::new();
    let entity = sample::entity();
    let mut store = folder.opened(&entity);
    let row = sample::new_row(&entity, 1, sample::full_row(&entity, 1));
    commit(&mut *store.writer, vec![row], 1, &[]).expect("committed");
    drop(store);
    let version = |folder: &Folder| -> i64 {
        let sqlite = folder.sqlite();
        sqlite
            .pragma_query_value(None, "schema_version", |row| row.get(0))
            .expect("readable")
    };
    let before = version(&folder);
    drop(folder.opened(&entity));
    assert_eq!(version(&folder), before);
    drop(folder.opened(&sample::entity_with(vec![sample::field(
        "More__c",
        FieldType::Int,
    )])));
    assert!(version(&folder) > before);
}

#[test]
fn an_object_has_no_table_before_its_first_record() {
    let folder = Folder::new();
    let entity = sample::entity();
    let tables = |folder: &Folder| -> i64 {
        let count = "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'record%'";
        let sqlite = folder.sqlite();
        let tables = sqlite.query_row(count, [], |row| row.get(0));
        tables.expect("readable")
    };
    let mut store = folder.opened(&entity);
    let place = entity.index_of("Id").expect("it has one");
    let found = store.reader.rows_where(&entity, place, &Value::Null, 1);
    assert!(found.expect("readable").is_empty());
    assert_eq!(tables(&folder), 0);
    let full = |number| sample::new_row(&entity, number, sample::full_row(&entity, number));
    commit(&mut *store.writer, vec![full(1), full(2)], 1, &[]).expect("committed");
    assert!(tables(&folder) > 0);
    for number in [1, 2] {
        let row = store.reader.row(&entity, sample::id(number));
        assert!(row.expect("readable").is_some());
    }
}

#[test]
fn an_object_has_a_table_before_its_first_record_if_a_commit_says_so() {
    let folder = Folder::new();
    let entity = sample::entity();
    let mut store = folder.opened(&entity);
    let write = WriteSet {
        tables: vec![entity.name.clone()],
        ..WriteSet::default()
    };
    let mut nothing = |position: Position| Appended {
        events: Vec::new(),
        at: position.appended_at,
        commit_number: position.commit_number,
    };
    for _ in 0..2 {
        let outcome = store.writer.commit(&write, &mut nothing);
        outcome.and_then(Outcome::committed).expect("committed");
    }
    let table = format!("record_{}", entity.name);
    let count = "SELECT count(*) FROM sqlite_schema WHERE name = ?1";
    let tables = folder.sqlite().query_row(count, [table], |row| row.get(0));
    assert_eq!(tables, Ok(1));
}

#[test]
fn a_field_cannot_become_something_else_and_the_writer_goes_on() {
    let folder = Folder::new();
    let text = sample::entity_with(vec![sample::field("More__c", FieldType::String)]);
    let number = sample::entity_with(vec![sample::field("More__c", FieldType::Int)]);
    let phone = sample::entity_with(vec![sample::field("More__c", FieldType::Phone)]);
    let mut store = folder.opened(&text);
    let row = sample::new_row(&text, 1, sample::full_row(&text, 1));
    commit(&mut *store.writer, vec![row], 1, &[]).expect("committed");
    let refused = store.writer.prepare(&[number]);
    assert!(
        matches!(refused, Err(Error::FieldKept { .. })),
        "{refused:?}"
    );
    store.writer.prepare(&[phone]).expect("text stays text");
    publish(&mut store, 1);
}

#[test]
fn a_value_that_its_field_cannot_hold_is_a_failed_commit() {
    let folder = Folder::new();
    let entity = sample::entity();
    for (name, value) in [
        ("Count__c", sample::text("5")),
        ("Name", Value::Integer(5)),
        ("Ratio__c", Value::Double(f64::NAN)),
    ] {
        let mut store = folder.opened(&entity);
        let row = sample::new_row(&entity, 1, sample::row(&entity, 1, &[(name, value)]));
        let result = commit(&mut *store.writer, vec![row], 1, &[]);
        assert!(matches!(result, Err(Error::Commit { .. })), "{result:?}");
    }
}

#[test]
fn trim_takes_a_bounded_number_of_blocks_at_a_time() {
    let folder = Folder::new();
    let mut store = folder.open();
    for _ in 0..1_010 {
        publish(&mut store, 1);
    }
    let later = Timestamp::from_millis(2);
    assert!(
        store.writer.trim(later).expect("trimmed"),
        "there is more to do"
    );
    let left = store.reader.log_bounds().expect("readable").earliest;
    assert_eq!(left, Some(ReplayId::ORIGIN.advanced_by(1_001)));
    assert!(!store.writer.trim(later).expect("trimmed"));
    drop(store);
    let left: i64 = folder
        .sqlite()
        .query_row("SELECT count(*) FROM event_topic", [], |row| row.get(0))
        .expect("readable");
    assert_eq!(left, 0, "nothing points to blocks that are gone");
}

#[test]
fn the_log_begins_again() {
    let folder = Folder::new();
    let mut store = folder.open();
    publish(&mut store, 3);
    let before = store.reader.position().expect("readable");
    let restarted = store.writer.restart_log().expect("restarted");
    let restarted = restarted.committed().expect("committed");
    assert!(restarted.commit.touched.rewound);
    let bounds = store.reader.log_bounds().expect("readable");
    assert_eq!((bounds.earliest, bounds.tail), (None, ReplayId::ORIGIN));
    publish(&mut store, 1);
    let after = store.reader.position().expect("readable");
    assert_eq!(after.tail, ReplayId::ORIGIN.advanced_by(1));
    assert!(after.commit_number > before.commit_number);
    drop(store);
    let store = folder.open();
    let position = store.reader.position().expect("readable");
    assert_eq!(position, after, "it is durable");
}
