//! Laws of two stores, one of which is moved into the other.

use std::ops::ControlFlow;
use std::sync::Arc;

use landfall_model::limits::MOVE_BATCH_ITEMS;
use landfall_model::{EntityDefinition, FieldType, ReplayId, Row, Timestamp, Value};

use super::Movable;
use super::sample::{
    changed_row, entity, entity_with, event, field, full_row, id, keep, moment, new_row, opened,
    place, publish, row, text, topic,
};
use crate::transfer::{Compared, Copied, Part, compared, copy, sums};
use crate::{Document, DocumentKind, Error, Opened, Position, RowRemoval, TopicFilter, WriteSet};

/// The sample with a field that is deleted later.
fn before() -> Arc<EntityDefinition> {
    entity_with(vec![
        field("Gone__c", FieldType::String),
        field("GoneToo__c", FieldType::Reference),
    ])
}

/// More than one batch.
fn records() -> u64 {
    u64::try_from(MOVE_BATCH_ITEMS + 50).expect("a small number")
}

fn first_row() -> Row {
    [full_row(&entity(), 1), vec![text("kept"), Value::Id(id(2))]].concat()
}

fn some_row(number: u64) -> Row {
    let entity = entity();
    let count = i64::try_from(number).expect("a small number");
    row(
        &entity,
        number,
        &[
            ("Name", text(&format!("Thing {number}"))),
            ("Count__c", Value::Integer(count)),
            ("IsDeleted", Value::Boolean(number.is_multiple_of(7))),
            ("LastModifiedDate", moment(1_700_000_000_000 + count)),
        ],
    )
}

fn document(kind: DocumentKind, key: &str, content: &[u8]) -> Document {
    Document {
        kind,
        key: key.to_owned(),
        content: Some(content.to_vec()),
    }
}

/// Fills a store with something of everything.
fn fill(from: &dyn Movable) {
    let mut store = opened(from, &before());
    keep(
        &mut *store.writer,
        vec![new_row(&before(), 1, first_row())],
        Vec::new(),
    );
    let entity = entity();
    store
        .writer
        .prepare(std::slice::from_ref(&entity))
        .expect("prepared");
    let rows = (2..=records()).map(|number| new_row(&entity, number, some_row(number)));
    keep(&mut *store.writer, rows.collect(), Vec::new());
    let mut changed = some_row(3);
    let name = changed.get_mut(place(&entity, "Name"));
    *name.expect("a value for each field") = text("changed");
    let write = WriteSet {
        rows: vec![changed_row(&entity, 3, changed, &["Name"])],
        removals: [2, records()]
            .map(|number| RowRemoval {
                entity: Arc::clone(&entity),
                id: id(number),
            })
            .into(),
        documents: vec![document(DocumentKind::Counter, "a00", b"9")],
        ..WriteSet::default()
    };
    let committed = store
        .writer
        .commit(&write, &mut super::sample::nothing)
        .and_then(crate::Outcome::committed);
    committed.expect("committed");
    documents(&mut store);
    events(&mut store);
    let files = from.files(&store);
    for (name, content) in [("750.csv", &b"Id\n1\n"[..]), ("751.csv", b"")] {
        files.create(name).expect("created");
        files.append(name, 0, content).expect("appended");
        files.keep(name).expect("kept");
    }
}

/// One of every kind, and many of one.
fn documents(store: &mut Opened) {
    let mut all: Vec<Document> = DocumentKind::ALL
        .into_iter()
        .map(|kind| document(kind, "key\nof two lines", kind.as_str().as_bytes()))
        .collect();
    let sessions = 0..records();
    all.extend(
        sessions.map(|number| document(DocumentKind::Session, &number.to_string(), &[0, 255])),
    );
    all.push(document(DocumentKind::File, "empty", b""));
    all.push(document(DocumentKind::File, "large", &vec![7; 5_000_000]));
    keep(&mut *store.writer, Vec::new(), all);
}

/// Some commits, the first of which is deleted.
fn events(store: &mut Opened) {
    let (one, two) = (topic(store, "/data/One"), topic(store, "/data/Two"));
    topic(store, "/data/Unused");
    for commit in 0_u64..20 {
        let at = 1_000_000 + i64::try_from(commit).expect("a small number") * 1_000;
        let some = [
            event(one, commit),
            event(two, commit),
            event(one, commit + 100),
        ];
        publish(&mut *store.writer, at, &some);
    }
    let trimmed = store.writer.trim(Timestamp::from_millis(1_000_001));
    assert!(!trimmed.expect("trimmed"), "all at once");
}

/// Copies all of it, without interruption.
fn moved(from: &dyn Movable, to: &dyn Movable) {
    let source = from.export().expect("the source opens");
    let destination = to.import().expect("the destination opens");
    let copied = copy(&*source, destination, &mut |_| ControlFlow::Continue(()));
    assert_eq!(copied.expect("copied"), Copied::All);
}

/// Compares both stores as a whole.
fn check_equal(from: &dyn Movable, to: &dyn Movable) {
    let of = |store: &dyn Movable| {
        let store = store.export().expect("it opens");
        let sums = sums(&*store, &mut |_| ControlFlow::Continue(()));
        sums.expect("readable").expect("not interrupted")
    };
    let compared = compared(&of(from), &of(to));
    let different: Vec<&Compared> = compared.iter().filter(|part| !part.is_equal()).collect();
    assert!(different.is_empty(), "{different:?}");
    let items = |part: &Part| {
        let found = compared.iter().find(|compared| compared.part == *part);
        found.map(|found| found.source.items)
    };
    assert_eq!(
        items(&Part::Records(entity().name.clone())),
        Some(records() - 2)
    );
    assert_eq!(items(&Part::Events), Some(57));
    assert_eq!(items(&Part::Topics), Some(3));
    assert_eq!(items(&Part::Files), Some(2));
    assert_eq!(
        items(&Part::Documents(DocumentKind::Session)),
        Some(records() + 1)
    );
}

pub(super) fn equal(from: &dyn Movable, to: &dyn Movable) {
    fill(from);
    moved(from, to);
    check_equal(from, to);

    let source = from.open();
    let position = source.reader.position().expect("readable");
    let pages = |store: &Opened| {
        let page = store
            .reader
            .events(ReplayId::ORIGIN, &TopicFilter::All, 1_000);
        page.expect("readable").events
    };
    let (since, recent) = (Timestamp::from_millis(1_005_000), 100);
    let seen = |store: &mut Opened| {
        store
            .writer
            .prepare(&[entity()])
            .expect("the definitions fit");
        let reader = &store.reader;
        let entity = entity();
        (
            pages(store),
            reader.first_since(since).expect("readable"),
            reader.log_bounds().expect("readable"),
            reader.recent_rows(&entity, recent).expect("readable"),
            reader.documents(DocumentKind::Usage).expect("readable"),
        )
    };
    let mut source = source;
    let expected = seen(&mut source);
    drop(source);

    let mut store = to.open();
    assert_eq!(store.reader.position().expect("readable"), position);
    assert!(seen(&mut store) == expected, "both show the same");
    let one = topic(&mut store, "/data/One");
    let appended = publish(&mut *store.writer, 0, &[event(one, 9)]);
    let next = appended.events.first().map(|event| event.replay_id);
    assert_eq!(next, Some(position.tail.advanced_by(1)));
    assert!(appended.commit.appended_at >= position.appended_at);
    assert!(appended.commit.number > position.commit_number);
    let entity = entity();
    keep(
        &mut *store.writer,
        vec![new_row(&entity, 9_999, some_row(9_999))],
        Vec::new(),
    );
    // A record that is created now is the newest of all.
    let found = store.reader.row(&entity, id(9_999)).expect("readable");
    assert_eq!(found, Some(some_row(9_999)));
    let before = before();
    store
        .writer
        .prepare(std::slice::from_ref(&before))
        .expect("deleted fields can be restored");
    let restored = store.reader.row(&before, id(1)).expect("readable");
    assert_eq!(restored, Some(first_row()), "with their values");
}

pub(super) fn interrupted(from: &dyn Movable, to: &dyn Movable) {
    fill(from);
    let mut copies = 0;
    loop {
        let source = from.export().expect("the source opens");
        let destination = to.import().expect("it is gone on with");
        let mut batches = 0;
        let copied = copy(&*source, destination, &mut |_| {
            batches += 1;
            // One batch of each attempt.
            if batches > 1 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        copies += 1;
        if copied.expect("copied") == Copied::All {
            break;
        }
    }
    assert!(copies > 12, "{copies} copies");
    check_equal(from, to);
}

pub(super) fn refused(from: &dyn Movable, to: &dyn Movable) {
    fill(from);
    let source = from.export().expect("the source opens");
    let mut batches = 0;
    let half = copy(&*source, to.import().expect("it opens"), &mut |_| {
        batches += 1;
        if batches > 3 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    assert_eq!(half.expect("copied"), Copied::Interrupted);
    let is_refused = |refused: Option<Error>| {
        assert!(matches!(refused, Some(Error::Open { .. })), "{refused:?}");
    };
    is_refused(to.export().err());
    drop(source);

    // The source is not what it was.
    let mut store = from.open();
    keep(
        &mut *store.writer,
        Vec::new(),
        vec![document(DocumentKind::Org, "more", b"{}")],
    );
    let position = store.reader.position().expect("readable");
    assert_ne!(position, Position::ORIGIN);
    drop(store);
    let source = from.export().expect("the source opens");
    let other = copy(&*source, to.import().expect("it opens"), &mut |_| {
        ControlFlow::Continue(())
    });
    is_refused(other.err());
    drop(source);
    is_refused(from.import().err());
}
