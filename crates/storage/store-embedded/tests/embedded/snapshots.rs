//! Snapshots: what is saved is what is there after the way back, whatever was done in between.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use landfall_model::limits::SNAPSHOT_TIME_MAX;
use landfall_model::{EntityDefinition, FieldType, ReplayId, Row, Topic};
use landfall_store::laws::{Fixture as _, sample};
use landfall_store::{
    Deadline, DifferenceQuery, Document, DocumentKind, Error, Followed, LogBounds, Opened, Outcome,
    Restoring, RowRemoval, TopicFilter, WriteSet,
};

use crate::place::{Folder, commit, publish};

const WHOLE: Restoring = Restoring {
    kept: &[DocumentKind::Session],
    identity: (DocumentKind::Org, "identity"),
    log_goes_on: false,
};

const LOG_GOES_ON: Restoring = Restoring {
    log_goes_on: true,
    ..WHOLE
};

/// A deadline that no test reaches.
fn later() -> Deadline {
    Deadline::after(SNAPSHOT_TIME_MAX)
}

/// A store with two records, two documents of each sort, and two events; and a snapshot of it.
struct Saved {
    folder: Folder,
    store: Opened,
    entity: Arc<EntityDefinition>,
    snapshot: PathBuf,
}

impl Saved {
    fn new(reports: bool) -> Self {
        Self::in_folder(Folder::new(), reports)
    }

    fn in_folder(folder: Folder, reports: bool) -> Self {
        let entity = sample::entity();
        let mut store = folder.opened(&entity);
        if reports {
            store
                .writer
                .report_records_of(std::slice::from_ref(&entity.name));
        }
        write(&mut store, &entity, &[1, 2], &[], "before");
        publish(&mut store, 2);
        let snapshot = folder.file().with_file_name("saved.db");
        let saved = store.reader.save(&snapshot, &later()).expect("saved");
        assert_eq!(saved.records, [(entity.name.clone(), 2)]);
        assert_eq!(
            (saved.events, saved.tail),
            (2, ReplayId::ORIGIN.advanced_by(2))
        );
        Self {
            folder,
            store,
            entity,
            snapshot,
        }
    }

    /// Another state: a record gone, one changed, one new, the documents others, more events.
    fn go_on(&mut self) {
        write(&mut self.store, &self.entity, &[3], &[1], "after");
        let mut row = sample::full_row(&self.entity, 2);
        let place = self.entity.index_of("Name").expect("it has one");
        row[place] = sample::text("changed");
        let changed = sample::changed_row(&self.entity, 2, row, &["Name"]);
        commit(&mut *self.store.writer, vec![changed], 2, &[]).expect("committed");
        publish(&mut self.store, 3);
    }

    fn restore(&mut self, how: &Restoring) -> landfall_store::Result<Outcome> {
        self.store.writer.restore(&self.snapshot, how)
    }

    fn rows(&self) -> Vec<Option<Row>> {
        let ids = [1, 2, 3].map(|number| (&*self.entity, sample::id(number)));
        self.store.reader.rows(&ids).expect("readable")
    }

    fn document(&self, kind: DocumentKind) -> Option<Vec<u8>> {
        let document = self.store.reader.document(kind, "changing");
        document.expect("readable")
    }

    /// The events by their numbers, beginning with 1.
    fn events(&self) -> Vec<u64> {
        let page = self
            .store
            .reader
            .events(ReplayId::ORIGIN, &TopicFilter::All, 100);
        let events = page.expect("readable").events;
        let number = |id: ReplayId| id.get() - ReplayId::ORIGIN.get();
        events.iter().map(|event| number(event.replay_id)).collect()
    }

    fn bounds(&self) -> LogBounds {
        self.store.reader.log_bounds().expect("readable")
    }
}

fn write(
    store: &mut Opened,
    entity: &Arc<EntityDefinition>,
    new: &[u64],
    gone: &[u64],
    content: &str,
) {
    let document = |kind, key: &str, content: &str| Document {
        kind,
        key: key.to_owned(),
        content: Some(content.as_bytes().to_vec()),
    };
    let rows = new.iter();
    let rows =
        rows.map(|number| sample::new_row(entity, *number, sample::full_row(entity, *number)));
    let removals = gone.iter().map(|number| RowRemoval {
        entity: Arc::clone(entity),
        id: sample::id(*number),
    });
    let write = WriteSet {
        conversions: Vec::new(),
        tables: Vec::new(),
        rows: rows.collect(),
        removals: removals.collect(),
        documents: vec![
            document(DocumentKind::Org, "identity", "this org"),
            document(DocumentKind::Org, "changing", content),
            document(DocumentKind::Session, "changing", content),
            document(DocumentKind::Counter, "changing", content),
        ],
    };
    let committed = store.writer.commit(&write, &mut sample::nothing);
    committed.and_then(Outcome::committed).expect("committed");
}

fn reason(refused: landfall_store::Result<Outcome>) -> String {
    match refused {
        Err(Error::Snapshot { reason }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn everything_is_as_it_was_saved_but_what_is_kept() {
    for reports in [false, true] {
        let mut saved = Saved::new(reports);
        let (rows, bounds) = (saved.rows(), saved.bounds());
        let number = |saved: &Saved| {
            saved
                .store
                .reader
                .position()
                .expect("readable")
                .commit_number
        };
        saved.go_on();
        let before = number(&saved);
        assert_ne!(saved.rows(), rows);

        let restored = saved.restore(&WHOLE).expect("restored");
        let commit = restored.committed().expect("durable").commit;
        assert_eq!((saved.rows(), saved.bounds()), (rows, bounds));
        assert_eq!(saved.events(), [1, 2]);
        assert_eq!(
            saved.document(DocumentKind::Org).as_deref(),
            Some(&b"before"[..])
        );
        assert_eq!(
            saved.document(DocumentKind::Counter).as_deref(),
            Some(&b"before"[..])
        );
        assert_eq!(
            saved.document(DocumentKind::Session).as_deref(),
            Some(&b"after"[..])
        );
        assert!(commit.number > before, "commit numbers never go back");

        let touched = &commit.touched;
        assert!(touched.rewound && touched.trimmed.is_none());
        let documents: Vec<_> = touched.documents.iter().collect();
        assert_eq!(documents, [&(DocumentKind::Org, "changing".to_owned())]);
        let ids = BTreeSet::from([1, 2, 3].map(sample::id));
        let listed = touched.records.get(&saved.entity.name);
        assert_eq!(listed, reports.then_some(&ids));
        let followed = saved.store.reader.follow(before, 10).expect("readable");
        assert_eq!(followed, Followed::Commits(vec![commit]));

        // Writing goes on, and all of it is there after a restart.
        saved.go_on();
        assert_eq!(saved.events(), [1, 2, 3, 4, 5]);
        let rows = saved.rows();
        let Saved {
            folder,
            store,
            entity,
            snapshot,
        } = saved;
        drop(store);
        let store = folder.open();
        let saved = Saved {
            folder,
            store,
            entity,
            snapshot,
        };
        assert_eq!((saved.rows(), saved.events().len()), (rows, 5));
    }
}

#[test]
fn a_log_that_goes_on_has_none_of_its_events_and_never_gives_a_replay_id_again() {
    let mut saved = Saved::new(false);
    saved.go_on();
    let restored = saved.restore(&LOG_GOES_ON).expect("restored");
    let commit = restored.committed().expect("durable").commit;
    let newest = ReplayId::ORIGIN.advanced_by(5);
    assert_eq!(
        (commit.touched.rewound, commit.touched.trimmed),
        (false, Some(newest))
    );
    assert_eq!(saved.events(), [0; 0]);
    let bounds = LogBounds {
        tail: newest,
        earliest: None,
    };
    assert_eq!(saved.bounds(), bounds);
    publish(&mut saved.store, 1);
    assert_eq!(saved.events(), [6]);
}

#[test]
fn tables_that_have_changed_since_are_as_they_were_saved() {
    let mut saved = Saved::new(false);
    let rows = saved.rows();
    let wider = sample::entity_with(vec![sample::field("More__c", FieldType::Int)]);
    let mut other = EntityDefinition::clone(&wider);
    other.name = landfall_model::EntityName::new("Other__c");
    let prepared = saved.store.writer.prepare(&[wider, Arc::new(other)]);
    prepared.expect("prepared");
    let restored = saved.restore(&WHOLE).expect("restored");
    restored.committed().expect("durable");
    assert_eq!(saved.rows(), rows);
    let tables =
        "SELECT count(*) FROM sqlite_schema WHERE name = 'record_Other__c' OR sql LIKE '%More__c%'";
    let Saved {
        folder,
        store,
        entity,
        ..
    } = saved;
    drop(store);
    let left: i64 = folder
        .sqlite()
        .query_row(tables, [], |row| row.get(0))
        .expect("readable");
    assert_eq!(left, 0);
    // The definition is prepared for anew, as it was before.
    let mut store = folder.opened(&entity);
    write(&mut store, &entity, &[3], &[], "more");
}

#[test]
fn a_topic_keeps_its_number() {
    let mut saved = Saved::new(false);
    let later = Topic::new("/event/Later__e");
    let number = saved.store.writer.topic(&later).expect("numbered");
    saved
        .restore(&WHOLE)
        .and_then(Outcome::committed)
        .expect("durable");
    assert_eq!(saved.store.writer.topic(&later).expect("numbered"), number);
}

#[test]
fn what_is_no_snapshot_of_the_store_changes_nothing() {
    let mut saved = Saved::new(false);
    let other = Saved::new(false);
    let aside = |name: &str| saved.snapshot.with_file_name(name);
    let edited = |name: &str, sql: &str| {
        let file = aside(name);
        std::fs::copy(&saved.snapshot, &file).expect("copied");
        let connection = rusqlite::Connection::open(&file).expect("a database");
        connection.execute_batch(sql).expect("edited");
        file
    };
    let foreign = edited(
        "foreign.db",
        "UPDATE document SET content = X'00' WHERE key = 'identity'",
    );
    let newer = edited("newer.db", "PRAGMA user_version = 1000");
    let renumbered = edited(
        "renumbered.db",
        "UPDATE topic SET topic_id = topic_id + 100",
    );
    let empty = edited("empty.db", "PRAGMA application_id = 0");
    let text = aside("text.db");
    std::fs::write(
        &text,
        "not a database, but long enough to be looked at as one",
    )
    .expect("written");
    drop(other);
    saved.go_on();
    let (rows, events) = (saved.rows(), saved.events());
    let refusals: [(&Path, &str); 6] = [
        (&foreign, "is a snapshot of another org"),
        (&newer, "was saved by another version of this program"),
        (
            &renumbered,
            "is a snapshot of a copy of this org that has gone its own way",
        ),
        (&empty, "is no snapshot"),
        (&text, "file is not a database"),
        (Path::new("/nowhere/saved.db"), "is no file"),
    ];
    for (file, expected) in refusals {
        let reason = reason(saved.store.writer.restore(file, &WHOLE));
        assert!(reason.contains(expected), "{reason}");
        assert_eq!(
            (saved.rows(), saved.events()),
            (rows.clone(), events.clone())
        );
    }
    saved.go_on_after_a_refusal();
}

impl Saved {
    fn go_on_after_a_refusal(&mut self) {
        publish(&mut self.store, 1);
        let restored = self.restore(&WHOLE).expect("restored");
        restored.committed().expect("durable");
        assert_eq!(self.events(), [1, 2]);
    }
}

#[test]
fn a_snapshot_that_cannot_be_written_is_refused() {
    let saved = Saved::new(false);
    let refused = saved
        .store
        .reader
        .save(Path::new("/nowhere/saved.db"), &later());
    assert!(
        matches!(refused, Err(Error::Snapshot { .. })),
        "{refused:?}"
    );
    // A folder where its journal would be.
    let file = saved.snapshot.with_file_name("refused.db");
    std::fs::create_dir(saved.snapshot.with_file_name("refused.db-journal")).expect("made");
    assert!(saved.store.reader.save(&file, &later()).is_err());
    assert!(!file.exists());
}

#[test]
fn a_snapshot_that_nobody_waits_for_any_more_is_neither_written_nor_compared() {
    let saved = Saved::new(false);
    let nobody_waits = later();
    nobody_waits.abandon();
    let file = saved.snapshot.with_file_name("unfinished.db");
    assert!(saved.store.reader.save(&file, &nobody_waits).is_err());
    assert!(!file.exists());
    let query = DifferenceQuery {
        object: None,
        after: None,
        limit: 1,
        identity: WHOLE.identity,
    };
    let compare = |deadline| {
        let reader = &saved.store.reader;
        reader.difference(&saved.snapshot, None, &query, deadline)
    };
    assert!(compare(&nobody_waits).is_err());
    assert!(compare(&later()).is_ok());
}

#[test]
fn a_snapshot_is_for_its_owner_alone_and_opens_as_a_store() {
    use std::os::unix::fs::PermissionsExt as _;

    let saved = Saved::new(false);
    let mode = std::fs::metadata(&saved.snapshot)
        .expect("there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let rows = saved.rows();
    let elsewhere = Folder::new();
    std::fs::copy(&saved.snapshot, elsewhere.file()).expect("copied");
    let store = elsewhere.opened(&saved.entity);
    let opened = Saved {
        store,
        ..Saved::new(false)
    };
    assert_eq!((opened.rows(), opened.events()), (rows, vec![1, 2]));
}

#[test]
fn a_store_that_has_to_survive_nothing_is_saved_as_one_file_and_returns_to_it() {
    let mut saved = Saved::in_folder(Folder::ephemeral(), false);
    let (rows, events) = (saved.rows(), saved.events());
    let files = saved.folder.files();
    let beside = |ending: &str| {
        files
            .iter()
            .any(|name| *name == format!("saved.db{ending}"))
    };
    assert!(
        beside("") && !beside("-wal") && !beside("-shm"),
        "{files:?}"
    );
    saved.go_on();
    assert_ne!(saved.rows(), rows);
    let restored = saved.restore(&WHOLE).expect("restored");
    assert!(matches!(restored, Outcome::Committed(_)));
    assert_eq!((saved.rows(), saved.events()), (rows, events));
}

#[test]
fn a_pinned_reader_sees_the_state_of_its_beginning() {
    let mut saved = Saved::new(false);
    let before = (saved.rows(), saved.events());
    let present = Arc::clone(&saved.store.reader);
    let pinned = present.pinned().expect("pinned");
    saved.go_on();
    let after = (saved.rows(), saved.events());
    assert_ne!(after, before);
    saved.store.reader = pinned;
    assert_eq!((saved.rows(), saved.events()), before);
    saved.store.reader = present;
    assert_eq!((saved.rows(), saved.events()), after);
}
