//! Laws of the feed of commits.

use std::collections::BTreeSet;
use std::sync::Arc;

use landfall_model::{CommitNumber, EntityDefinition, EntityName, Timestamp, Topic};

use super::Fixture;
use super::sample::{
    changed_row, entity, event, id, new_row, nothing, opened, publish, row, text, topic,
};
use crate::{
    Appended, Commit, Document, DocumentKind, Followed, Opened, Outcome, Reader, RowRemoval,
    TopicFilter, WriteSet,
};

/// Everything after `after`, in pages of `limit`.
fn followed(store: &Opened, after: CommitNumber, limit: usize) -> Vec<Arc<Commit>> {
    followed_by(&*store.reader, after, limit)
}

fn followed_by(reader: &dyn Reader, after: CommitNumber, limit: usize) -> Vec<Arc<Commit>> {
    let mut all: Vec<Arc<Commit>> = Vec::new();
    loop {
        let from = all.last().map_or(after, |commit| commit.number);
        match reader.follow(from, limit).expect("readable") {
            Followed::Commits(commits) if commits.is_empty() => return all,
            Followed::Commits(commits) => {
                assert!(commits.len() <= limit);
                all.extend(commits);
            }
            Followed::TooFarBehind => panic!("nothing has been dropped yet"),
        }
    }
}

fn document(kind: DocumentKind, key: &str, content: Option<&str>) -> Document {
    Document {
        kind,
        key: key.to_owned(),
        content: content.map(|content| content.as_bytes().to_vec()),
    }
}

/// One commit after another: its write, and how many events it has.
fn writes(entity: &Arc<EntityDefinition>) -> Vec<(WriteSet, u64)> {
    let row = |name| row(entity, 1, &[("Name", text(name))]);
    let rows = |rows| WriteSet {
        rows,
        ..WriteSet::default()
    };
    let documents = |documents| WriteSet {
        documents,
        ..WriteSet::default()
    };
    let removal = RowRemoval {
        entity: Arc::clone(entity),
        id: id(1),
    };
    vec![
        (rows(vec![new_row(entity, 1, row("one"))]), 2),
        (rows(vec![changed_row(entity, 1, row("two"), &["Name"])]), 1),
        (
            documents(vec![
                document(DocumentKind::Session, "b", Some("1")),
                document(DocumentKind::Counter, "001", Some("1")),
                document(DocumentKind::Component, "a", Some("1")),
                document(DocumentKind::Session, "a", Some("1")),
                document(DocumentKind::Session, "b", None),
            ]),
            0,
        ),
        (WriteSet::default(), 3),
        (
            WriteSet {
                removals: vec![removal],
                ..WriteSet::default()
            },
            0,
        ),
    ]
}

pub(super) fn follows(at: &dyn Fixture) {
    let entity = entity();
    let mut store = opened(at, &entity);
    let topic = topic(&mut store, "/data/Thing__ChangeEvent");
    let start = store.reader.position().expect("readable");
    assert_eq!(followed(&store, start.commit_number, 10), []);
    let mut expected = Vec::new();
    let mut at_millis = 0;
    for is_reported in [false, true] {
        let reported = is_reported.then(|| entity.name.clone());
        let reported: Vec<EntityName> = reported.into_iter().collect();
        store.writer.report_records_of(&reported);
        for (write, events) in writes(&entity) {
            at_millis += 10;
            let outcome = store.writer.commit(&write, &mut |position| Appended {
                events: (0..events).map(|number| event(topic, number)).collect(),
                at: Timestamp::from_millis(at_millis),
                ..nothing(position)
            });
            let committed = outcome.and_then(Outcome::committed).expect("committed");
            let commit = committed.commit;
            assert_eq!(commit.appended_at, Timestamp::from_millis(at_millis));
            assert_eq!(
                store.reader.position().expect("readable"),
                commit.position()
            );
            let touched = &commit.touched;
            let has_rows = !write.rows.is_empty() || !write.removals.is_empty();
            let records = touched.records.get(&entity.name);
            let ids = (is_reported && has_rows).then(|| BTreeSet::from([id(1)]));
            assert_eq!(records, ids.as_ref());
            assert_eq!(touched.has_definitions(), !write.documents.is_empty());
            let sessions: Vec<&str> = touched.keys(DocumentKind::Session).collect();
            let keys: &[&str] = if write.documents.is_empty() {
                &[]
            } else {
                &["a", "b"]
            };
            assert_eq!(sessions, keys);
            assert!(
                !touched.has(DocumentKind::Counter),
                "only the writer reads them"
            );
            assert_eq!(touched.trimmed, None);
            expected.push(commit);
        }
    }
    let mut numbers: Vec<CommitNumber> = expected.iter().map(|commit| commit.number).collect();
    numbers.dedup();
    assert!(numbers.is_sorted());
    assert_eq!(
        numbers.len(),
        expected.len(),
        "each commit has a number of its own"
    );
    for limit in [1, 3, 100] {
        assert_eq!(followed(&store, start.commit_number, limit), expected);
    }
    follows_elsewhere(at, start.commit_number, &expected);
    for (index, commit) in expected.iter().enumerate() {
        let rest: Vec<_> = expected.iter().skip(index + 1).cloned().collect();
        assert_eq!(followed(&store, commit.number, 2), rest);
    }
}

/// Another process reads the same commits.
fn follows_elsewhere(at: &dyn Fixture, after: CommitNumber, expected: &[Arc<Commit>]) {
    let Some(elsewhere) = at.reader_elsewhere() else {
        return;
    };
    for limit in [1, 3, 100] {
        assert_eq!(followed_by(&*elsewhere, after, limit), expected);
    }
    assert_eq!(
        elsewhere.position().ok(),
        expected.last().map(|commit| commit.position())
    );
}

pub(super) fn too_far_behind(at: &dyn Fixture) {
    let entity = entity();
    let mut store = opened(at, &entity);
    let before = store.reader.position().expect("readable");
    for number in 0..10_000 {
        publish(&mut *store.writer, number, &[]);
        if store
            .reader
            .follow(before.commit_number, 1)
            .expect("readable")
            == Followed::TooFarBehind
        {
            let after = store.reader.position().expect("readable");
            assert_eq!(followed(&store, after.commit_number, 1), []);
            return;
        }
    }
    panic!("the feed keeps commits without a bound");
}

/// What a commit has touched is there for the reader of another process once the commit is reported to it: rows of an object
/// whose table is made later, fields that it gets, documents, events. Nothing is missing after the writer was another one.
pub(super) fn read_along(at: &dyn Fixture) {
    let entity = entity();
    let mut store = opened(at, &entity);
    let Some(elsewhere) = at.reader_elsewhere() else {
        return;
    };
    let topic = topic(&mut store, "/data/Thing__ChangeEvent");
    let start = elsewhere.position().expect("readable");
    assert_eq!(elsewhere.row(&entity, id(1)).expect("readable"), None);
    let kept = row(&entity, 1, &[("Name", text("one"))]);
    let write = WriteSet {
        rows: vec![new_row(&entity, 1, kept)],
        documents: vec![document(DocumentKind::Session, "a", Some("1"))],
        ..WriteSet::default()
    };
    let outcome = store.writer.commit(&write, &mut |position| Appended {
        events: vec![event(topic, 1)],
        ..nothing(position)
    });
    let committed = outcome.and_then(Outcome::committed).expect("committed");
    let followed = followed_by(&*elsewhere, start.commit_number, 10);
    assert_eq!(followed, std::slice::from_ref(&committed.commit));
    assert_eq!(
        elsewhere.row(&entity, id(1)).expect("readable"),
        store.reader.row(&entity, id(1)).expect("readable")
    );
    let session = elsewhere.document(DocumentKind::Session, "a");
    assert_eq!(session.expect("readable").as_deref(), Some(&b"1"[..]));
    let page = elsewhere.events(start.tail, &TopicFilter::All, 10);
    assert_eq!(page.expect("readable").events, committed.events);
    let of_topic = elsewhere.topic_number(&Topic::new("/data/Thing__ChangeEvent"));
    assert_eq!(of_topic.expect("readable"), Some(topic));
    drop(store);
    let mut store = opened(at, &entity);
    let renamed = row(&entity, 1, &[("Name", text("two"))]);
    let write = WriteSet {
        rows: vec![changed_row(&entity, 1, renamed, &["Name"])],
        ..WriteSet::default()
    };
    let outcome = store.writer.commit(&write, &mut nothing);
    let later = outcome.and_then(Outcome::committed).expect("committed");
    let followed = followed_by(&*elsewhere, committed.commit.number, 10);
    assert_eq!(followed, [later.commit]);
    assert_eq!(
        elsewhere.row(&entity, id(1)).expect("readable"),
        store.reader.row(&entity, id(1)).expect("readable")
    );
}

pub(super) fn trimmed(at: &dyn Fixture) {
    let entity = entity();
    let mut store = opened(at, &entity);
    let topic = topic(&mut store, "/event/One__e");
    publish(&mut *store.writer, 10, &[event(topic, 1), event(topic, 2)]);
    let last = publish(&mut *store.writer, 20, &[event(topic, 3)]);
    let after = last.commit.number;
    while store
        .writer
        .trim(Timestamp::from_millis(10))
        .expect("trimmed")
    {}
    assert_eq!(followed(&store, after, 10), [], "there was nothing to trim");
    while store
        .writer
        .trim(Timestamp::from_millis(15))
        .expect("trimmed")
    {}
    let commits = followed(&store, after, 10);
    let trimmed = commits.iter().filter_map(|commit| commit.touched.trimmed);
    let bounds = store.reader.log_bounds().expect("readable");
    assert_eq!(
        trimmed.max().map(|newest| newest.advanced_by(1)),
        bounds.earliest
    );
    for commit in &commits {
        assert_eq!(commit.tail, last.commit.tail);
        assert_eq!(commit.appended_at, last.commit.appended_at);
    }
    let position = store.reader.position().expect("readable");
    assert_eq!(
        commits.last().map(|commit| commit.position()),
        Some(position)
    );
    if let Some(elsewhere) = at.reader_elsewhere() {
        assert_eq!(followed_by(&*elsewhere, after, 1), commits);
        assert_eq!(elsewhere.log_bounds().expect("readable"), bounds);
    }
    drop(store);
    let store = at.open();
    assert_eq!(store.reader.position().expect("readable"), position);
    assert_eq!(followed(&store, position.commit_number, 10), []);
}
