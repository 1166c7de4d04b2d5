//! Laws of the commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use landfall_model::{EntityDefinition, ReplayId, Timestamp, Value};

use super::Fixture;
use super::sample::{
    changed_row, entity, event, id, keep, new_row, nothing, opened, place, publish, row, text,
    topic,
};
use crate::{
    Appended, Document, DocumentKind, Error, Opened, Outcome, Position, TopicFilter, WriteSet,
};

fn document(content: &str) -> Document {
    Document {
        kind: DocumentKind::Org,
        key: "document".to_owned(),
        content: Some(content.as_bytes().to_vec()),
    }
}

/// Name of the record, the document and the payloads, as a reader sees them.
fn seen(
    store: &Opened,
    entity: &EntityDefinition,
) -> (Option<Value>, Option<Vec<u8>>, Vec<Vec<u8>>) {
    let reader = &store.reader;
    let row = reader.row(entity, id(1)).expect("readable");
    let name = row.and_then(|row| row.get(place(entity, "Name")).cloned());
    let document = reader
        .document(DocumentKind::Org, "document")
        .expect("readable");
    let page = reader.events(ReplayId::ORIGIN, &TopicFilter::All, 100);
    let payloads = page
        .expect("readable")
        .events
        .iter()
        .map(|event| event.payload.to_vec())
        .collect();
    (name, document, payloads)
}

pub(super) fn seen_whole(at: &dyn Fixture) {
    let entity = entity();
    let mut store = opened(at, &entity);
    let topic = topic(&mut store, "/data/Thing__ChangeEvent");
    assert_eq!(seen(&store, &entity), (None, None, Vec::new()));
    let write = WriteSet {
        rows: vec![new_row(
            &entity,
            1,
            row(&entity, 1, &[("Name", text("kept"))]),
        )],
        documents: vec![document("kept")],
        ..WriteSet::default()
    };
    let reader = Arc::clone(&store.reader);
    let mut calls = 0;
    let committed = store.writer.commit(&write, &mut |position| {
        calls += 1;
        let early = reader.row(&entity, id(1)).expect("readable");
        assert_eq!(early, None, "nothing is seen before the commit");
        Appended {
            events: vec![event(topic, 1), event(topic, 2)],
            at: Timestamp::from_millis(5),
            commit_number: position.commit_number.advanced_by(2),
        }
    });
    let committed = committed
        .and_then(Outcome::committed)
        .expect("a commit succeeds");
    assert_eq!(calls, 1, "the events are asked for once");
    assert_eq!(committed.commit.tail, ReplayId::ORIGIN.advanced_by(2));
    drop(reader);
    let whole = (
        Some(text("kept")),
        Some(b"kept".to_vec()),
        vec![b"payload 1".to_vec(), b"payload 2".to_vec()],
    );
    assert_eq!(seen(&store, &entity), whole);
    let page = store
        .reader
        .events(ReplayId::ORIGIN, &TopicFilter::All, 100);
    assert_eq!(page.expect("readable").events, committed.events);
    drop(store);
    assert_eq!(seen(&opened(at, &entity), &entity), whole);
}

pub(super) fn failed(at: &dyn Fixture) {
    let entity = entity();
    let mut store = opened(at, &entity);
    let topic = topic(&mut store, "/data/Thing__ChangeEvent");
    let first = new_row(&entity, 1, row(&entity, 1, &[("Name", text("kept"))]));
    keep(&mut *store.writer, vec![first], vec![document("kept")]);
    publish(&mut *store.writer, 1, &[event(topic, 1)]);
    let before = seen(&store, &entity);

    // One good change, and one of a record that is not there.
    let good = row(&entity, 1, &[("Name", text("lost"))]);
    let bad = row(&entity, 2, &[("Name", text("lost"))]);
    let write = WriteSet {
        rows: vec![
            changed_row(&entity, 1, good, &["Name"]),
            changed_row(&entity, 2, bad, &["Name"]),
        ],
        documents: vec![document("lost")],
        ..WriteSet::default()
    };
    let result = store.writer.commit(&write, &mut |position| Appended {
        events: vec![event(topic, 2)],
        ..nothing(position)
    });
    assert!(matches!(result, Err(Error::Commit { .. })), "{result:?}");
    assert_eq!(seen(&store, &entity), before, "nothing of it is seen");
    let through_writer = store
        .writer
        .row(&entity, id(1))
        .expect("the writer still reads");
    assert_eq!(
        through_writer,
        store.reader.row(&entity, id(1)).expect("readable")
    );
    let again = store.writer.commit(&WriteSet::default(), &mut nothing);
    assert!(matches!(again, Err(Error::Poisoned)), "{again:?}");
    let trimmed = store.writer.trim(Timestamp::from_millis(0));
    assert!(matches!(trimmed, Err(Error::Poisoned)), "{trimmed:?}");
    drop(store);

    let mut store = opened(at, &entity);
    assert_eq!(seen(&store, &entity), before, "nothing of it is kept");
    let committed = publish(&mut *store.writer, 2, &[event(topic, 3)]);
    assert_eq!(committed.commit.tail, ReplayId::ORIGIN.advanced_by(2));
}

pub(super) fn position(at: &dyn Fixture) {
    let entity = entity();
    let mut expected = Position::ORIGIN;
    for (opening, events) in [1, 0, 3].into_iter().enumerate() {
        let mut store = opened(at, &entity);
        let topic = topic(&mut store, "/data/Thing__ChangeEvent");
        assert_eq!(store.reader.position().expect("readable"), expected);
        for (commit_numbers, at) in [(0, 20), (1, 10), (5, 30)] {
            let mut found = None;
            let committed = store.writer.commit(&WriteSet::default(), &mut |position| {
                found = Some(position);
                Appended {
                    events: (0..events).map(|number| event(topic, number)).collect(),
                    at: Timestamp::from_millis(at),
                    commit_number: position.commit_number.advanced_by(commit_numbers),
                }
            });
            assert_eq!(found, Some(expected), "opening {opening}");
            // Each commit has a number of its own, and the time goes back for none of them.
            expected = Position {
                tail: expected.tail.advanced_by(events),
                commit_number: expected.commit_number.advanced_by(commit_numbers.max(1)),
                appended_at: expected.appended_at.max(Timestamp::from_millis(at)),
            };
            let committed = committed.and_then(Outcome::committed);
            let committed = committed.expect("a commit succeeds");
            assert_eq!(committed.commit.position(), expected);
            for event in &committed.events {
                assert_eq!(event.appended, expected.appended_at);
            }
            let bounds = store.reader.log_bounds().expect("readable");
            assert_eq!(bounds.tail, expected.tail);
            assert_eq!(store.reader.position().expect("readable"), expected);
        }
    }
}

pub(super) fn reads_go_forward(at: &dyn Fixture) {
    const COMMITS: u64 = 200;
    let entity = entity();
    let mut store = opened(at, &entity);
    let topic = topic(&mut store, "/data/Thing__ChangeEvent");
    let count = |number: u64| {
        let number = i64::try_from(number).expect("a small number");
        row(&entity, 1, &[("Count__c", Value::Integer(number))])
    };
    keep(
        &mut *store.writer,
        vec![new_row(&entity, 1, count(0))],
        Vec::new(),
    );
    let done = AtomicBool::new(false);
    let reader = Arc::clone(&store.reader);
    let look = || {
        let mut last = 0;
        loop {
            let stop = done.load(Ordering::Acquire);
            let row = reader
                .row(&entity, id(1))
                .expect("readable")
                .expect("there");
            let Some(Value::Integer(seen)) = row.get(place(&entity, "Count__c")) else {
                panic!("the count is a number");
            };
            let seen = u64::try_from(*seen).expect("not negative");
            assert!(seen >= last, "{seen} after {last}");
            let page = reader
                .events(ReplayId::ORIGIN, &TopicFilter::All, 10_000)
                .expect("readable");
            assert!(page.reached >= ReplayId::ORIGIN.advanced_by(2 * seen));
            assert!(
                page.events.len().is_multiple_of(2),
                "half a commit was seen"
            );
            last = seen;
            if stop {
                assert_eq!(seen, COMMITS, "the last commit is seen");
                return;
            }
        }
    };
    std::thread::scope(|scope| {
        let looking = [scope.spawn(look), scope.spawn(look)];
        for number in 1..=COMMITS {
            let write = WriteSet {
                rows: vec![changed_row(&entity, 1, count(number), &["Count__c"])],
                ..WriteSet::default()
            };
            let committed = store.writer.commit(&write, &mut |position| Appended {
                events: vec![event(topic, number), event(topic, number)],
                ..nothing(position)
            });
            committed
                .and_then(Outcome::committed)
                .expect("a commit succeeds");
        }
        done.store(true, Ordering::Release);
        for thread in looking {
            thread.join().expect("what was read is as it should be");
        }
    });
}
