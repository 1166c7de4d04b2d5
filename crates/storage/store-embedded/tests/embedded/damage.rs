//! What cannot have been written by this code is never served: events are a gap, records an error, and nothing a panic.

use landfall_model::{ReplayId, Timestamp, Topic};
use landfall_store::laws::{Fixture, sample};
use landfall_store::{
    Appended, Document, DocumentKind, Error, Failure, LogGap, Opened, Outcome, Page, Result,
    TopicFilter, TopicId, WriteSet,
};

use crate::place::{Folder, commit, publish};

/// Three blocks, damaged by a statement while the store is closed, and read by each way: from the start, and after the
/// second block.
fn read_after(damage: &str) -> [(Result<Page>, Result<Page>); 2] {
    let folder = Folder::new();
    let mut store = folder.open();
    for _ in 0..3 {
        publish(&mut store, 20);
    }
    let topic = store
        .writer
        .topic(&Topic::new("/event/One__e"))
        .expect("numbered");
    drop(store);
    let sqlite = folder.sqlite();
    let changed = sqlite.execute(damage, []).expect("the damage is done");
    assert_eq!(changed, 1, "{damage}");
    drop(sqlite);
    let store = folder.open();
    [TopicFilter::All, TopicFilter::These(vec![topic])].map(|filter| {
        let read = |after| store.reader.events(after, &filter, 1_000);
        (read(ReplayId::ORIGIN), read(ReplayId::new(1_040)))
    })
}

/// The damage costs the events of one block, which are reported, and reading continues after them.
#[track_caller]
fn check_gap(damage: &str) {
    let expected = LogGap {
        first: ReplayId::new(1_021),
        last: ReplayId::new(1_040),
        topics: vec![TopicId(1)],
        appended: Timestamp::from_millis(1),
    };
    for (page, rest) in read_after(damage) {
        let page = page.expect("readable");
        assert_eq!(page.gap.as_ref(), Some(&expected), "{damage}");
        assert_eq!(page.events.len(), 20, "{damage}: the block before");
        assert_eq!(page.reached, expected.last, "{damage}");
        let rest = rest.expect("readable");
        assert_eq!((rest.gap, rest.events.len()), (None, 20), "{damage}");
    }
}

#[test]
fn a_truncated_block_is_a_gap() {
    for length in [0, 1, 4, 5, 24, 25, 100] {
        check_gap(&format!(
            "UPDATE event_block SET data = substr(data, 1, {length}) WHERE first_replay_id = 1021"
        ));
    }
}

#[test]
fn a_garbled_block_is_a_gap() {
    for place in [1, 3, 6, 30, 200] {
        check_gap(&format!(
            "UPDATE event_block SET data = CAST(substr(data, 1, {place} - 1) || x'5a' || substr(data, {place} + 1) AS BLOB) \
             WHERE first_replay_id = 1021"
        ));
    }
}

#[test]
fn a_block_that_is_not_bytes_is_a_gap() {
    check_gap("UPDATE event_block SET data = 'text' WHERE first_replay_id = 1021");
    check_gap("UPDATE event_block SET data = 17 WHERE first_replay_id = 1021");
}

#[test]
fn a_block_in_the_place_of_another_is_a_gap() {
    check_gap(
        "UPDATE event_block SET data = (SELECT data FROM event_block WHERE first_replay_id = 1001) \
         WHERE first_replay_id = 1021",
    );
    check_gap("UPDATE event_block SET last_replay_id = 1039 WHERE first_replay_id = 1021");
}

#[test]
fn a_missing_block_is_a_gap() {
    check_gap("DELETE FROM event_block WHERE first_replay_id = 1021");
    for (page, rest) in read_after("DELETE FROM event_block WHERE first_replay_id = 1041") {
        let page = page.expect("readable");
        let gap = page.gap.expect("the newest block is missing");
        assert_eq!((gap.first.get(), gap.last.get()), (1_041, 1_060));
        assert_eq!((page.events.len(), page.reached), (40, gap.last));
        let rest = rest.expect("readable");
        assert_eq!(rest.gap, Some(gap));
    }
}

#[test]
fn a_subscriber_that_stopped_within_a_block_gets_the_rest_of_it_as_a_gap() {
    let folder = Folder::new();
    let mut store = folder.open();
    for _ in 0..2 {
        publish(&mut store, 20);
    }
    drop(store);
    let garble = "UPDATE event_block SET data = x'00' WHERE first_replay_id = 1001";
    folder
        .sqlite()
        .execute(garble, [])
        .expect("the damage is done");
    let store = folder.open();
    let page = store
        .reader
        .events(ReplayId::new(1_007), &TopicFilter::All, 100);
    let gap = page.expect("readable").gap.expect("a gap");
    assert_eq!((gap.first.get(), gap.last.get()), (1_008, 1_020));
    assert_eq!(gap.topics, [TopicId(1)]);
}

#[test]
fn a_value_of_another_kind_is_corrupt() {
    for damage in [
        "\"Flag__c\" = 2",
        "\"Count__c\" = 'many'",
        "\"Count__c\" = 1.5",
        "\"Ratio__c\" = 'half'",
        "\"Name\" = x'00'",
        "\"Name\" = CAST(x'ff' AS TEXT)",
        "\"Day__c\" = 1e9 * 10",
        "\"Parent__c\" = 'nobody'",
        "\"Parent__c\" = '001000000000001AAB'",
    ] {
        let folder = Folder::new();
        let entity = sample::entity();
        let mut store = folder.opened(&entity);
        let row = sample::new_row(&entity, 1, sample::full_row(&entity, 1));
        commit(&mut *store.writer, vec![row], 1, &[]).expect("committed");
        drop(store);
        let sqlite = folder.sqlite();
        let statement = format!("UPDATE \"record_Thing__c\" SET {damage}");
        sqlite.execute(&statement, []).expect("the damage is done");
        drop(sqlite);
        let store = folder.opened(&entity);
        let result = store.reader.row(&entity, sample::id(1));
        assert!(
            matches!(result, Err(Error::Corrupt { .. })),
            "{damage}: {result:?}"
        );
    }
}

/// Writes documents of a page each, about.
fn write_documents(
    store: &mut Opened,
    numbers: std::ops::Range<u32>,
    mark: &str,
) -> Result<Outcome> {
    let documents = numbers.map(|number| Document {
        kind: DocumentKind::Org,
        key: format!("{number:04}"),
        content: Some(format!("{mark}-{number:04}-{}", "x".repeat(900)).into_bytes()),
    });
    let write = WriteSet {
        documents: documents.collect(),
        ..WriteSet::default()
    };
    store.writer.commit(&write, &mut |position| Appended {
        events: Vec::new(),
        at: Timestamp::from_millis(1),
        commit_number: position.commit_number.advanced_by(1),
    })
}

/// Gives the page that has this text a type that no page has.
fn damage_page(folder: &Folder, text: &[u8]) {
    const PAGE: usize = 4096;
    let mut content = std::fs::read(folder.file()).expect("readable");
    let place = content.windows(text.len()).position(|part| part == text);
    let page = place.expect("it is in the file") / PAGE;
    content[page * PAGE] = 0xff;
    std::fs::write(folder.file(), content).expect("written");
}

fn is_refused_as_damaged(outcome: &Result<Outcome>) -> bool {
    matches!(
        outcome,
        Ok(Outcome::Unavailable {
            failure: Failure::Damaged,
            ..
        })
    )
}

#[test]
fn a_write_to_a_damaged_page_is_refused_and_others_are_taken() {
    let folder = Folder::new();
    let entity = sample::entity();
    let mut store = folder.opened(&entity);
    let written = write_documents(&mut store, 0..100, "first");
    written.and_then(Outcome::committed).expect("committed");
    drop(store);
    damage_page(&folder, b"first-0050-");
    let mut store = folder.opened(&entity);
    for number in 1..=2 {
        let refused = write_documents(&mut store, 49..52, "lost");
        assert!(is_refused_as_damaged(&refused), "{refused:?}");
        let written = write_documents(&mut store, 0..1, "kept");
        written.and_then(Outcome::committed).expect("committed");
        let row = sample::new_row(&entity, number, sample::full_row(&entity, number));
        commit(&mut *store.writer, vec![row], 1, &[]).expect("committed");
        publish(&mut store, 3);
    }
    drop(store);
    let store = folder.opened(&entity);
    for number in 1..=2 {
        let row = store.reader.row(&entity, sample::id(number));
        assert!(row.expect("whole").is_some());
    }
    let kept = store.reader.document(DocumentKind::Org, "0000");
    assert!(kept.expect("whole").expect("there").starts_with(b"kept-"));
    let page = store
        .reader
        .events(ReplayId::ORIGIN, &TopicFilter::All, 100);
    assert_eq!(page.expect("readable").events.len(), 6);
}

/// Without the last page of the log no event can be appended: commits without events are taken.
#[test]
fn events_that_meet_a_damaged_page_are_refused_and_records_are_taken() {
    let folder = Folder::new();
    let entity = sample::entity();
    let mut store = folder.opened(&entity);
    let topic = store.writer.topic(&Topic::new("/event/One__e"));
    let topic = topic.expect("numbered");
    let publish_one = |store: &mut Opened| {
        let event = sample::event(topic, 4_711);
        commit(&mut *store.writer, Vec::new(), 1, &[event])
    };
    publish_one(&mut store).expect("committed");
    drop(store);
    let event = sample::event(topic, 4_711);
    damage_page(&folder, &event.payload);
    let mut store = folder.opened(&entity);
    for number in 1..=2 {
        let refused = publish_one(&mut store);
        assert!(
            matches!(
                refused,
                Err(Error::Unavailable {
                    failure: Failure::Damaged,
                    ..
                })
            ),
            "{refused:?}"
        );
        let row = sample::new_row(&entity, number, sample::full_row(&entity, number));
        commit(&mut *store.writer, vec![row], 1, &[]).expect("committed");
    }
    let trimmed = store.writer.trim(Timestamp::from_millis(10));
    assert!(
        matches!(
            trimmed,
            Err(Error::Unavailable {
                failure: Failure::Damaged,
                ..
            })
        ),
        "{trimmed:?}"
    );
}
