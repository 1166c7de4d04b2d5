//! Laws of the event log.

use std::sync::Arc;

use bytes::Bytes;
use landfall_model::{EventId, EventUuid, ReplayId, SchemaId, Timestamp, Topic};

use super::Fixture;
use super::sample::{entity, event, opened, publish, topic};
use crate::{Event, LogBounds, NewEvent, Opened, TopicFilter, TopicId};

const AFTER_ALL: Timestamp = Timestamp::from_millis(i64::MAX);

fn replay_id(offset: u64) -> ReplayId {
    ReplayId::ORIGIN.advanced_by(offset)
}

fn bounds(store: &Opened) -> LogBounds {
    store.reader.log_bounds().expect("readable")
}

/// Reads from `after` to the end in pages of `limit`, and checks each page.
fn read(store: &Opened, after: ReplayId, filter: &TopicFilter, limit: usize) -> Vec<Arc<Event>> {
    let tail = bounds(store).tail;
    let mut events: Vec<Arc<Event>> = Vec::new();
    let mut reached = after;
    while reached < tail {
        let page = store
            .reader
            .events(reached, filter, limit)
            .expect("readable");
        assert!(page.events.len() <= limit, "the limit is kept");
        assert!(page.reached > reached, "each page goes on");
        assert!(page.reached <= tail, "no page looks beyond the tail");
        for event in page.events {
            assert!(event.replay_id > reached && event.replay_id <= page.reached);
            assert!(
                events
                    .last()
                    .is_none_or(|last| last.replay_id < event.replay_id)
            );
            events.push(event);
        }
        reached = page.reached;
    }
    events
}

fn trim_all(store: &mut Opened, before: Timestamp) {
    let mut calls = 0;
    while store.writer.trim(before).expect("trim succeeds") {
        calls += 1;
        assert!(calls < 10_000, "trim comes to an end");
    }
}

pub(super) fn never_given_twice(at: &dyn Fixture) {
    let entity = entity();
    let mut assigned = 0;
    for opening in 0..3 {
        let mut store = opened(at, &entity);
        let topic = topic(&mut store, "/event/One__e");
        assert_eq!(
            bounds(&store).tail,
            replay_id(assigned),
            "opening {opening}"
        );
        for size in [1, 3, 2] {
            let events: Vec<_> = (0..size).map(|number| event(topic, number)).collect();
            let committed = publish(&mut *store.writer, 1, &events);
            for event in &committed.events {
                assigned += 1;
                assert_eq!(event.replay_id, replay_id(assigned));
            }
            assert_eq!(committed.commit.tail, replay_id(assigned));
            assert_eq!(bounds(&store).tail, replay_id(assigned));
        }
        trim_all(&mut store, AFTER_ALL);
        let empty = LogBounds {
            earliest: None,
            tail: replay_id(assigned),
        };
        assert_eq!(
            bounds(&store),
            empty,
            "replay ids stay used after all events are trimmed"
        );
        assert!(read(&store, ReplayId::ORIGIN, &TopicFilter::All, 10).is_empty());
    }
}

pub(super) fn come_back(at: &dyn Fixture) {
    let entity = entity();
    let mut store = opened(at, &entity);
    let topic = topic(&mut store, "/event/One__e");
    let new = |payload: Vec<u8>| NewEvent {
        topic,
        id: if payload.len() == 1 {
            EventId::Text("order-1".into())
        } else {
            EventUuid::from_bytes([0xdd; 16]).into()
        },
        schema: SchemaId::from_bytes([0xee; 16]),
        payload: Bytes::from(payload),
    };
    let every_byte = (0..=u8::MAX).collect();
    let batches = [
        vec![new(Vec::new())],
        vec![
            new(every_byte),
            new(vec![0; 900_000]),
            new(vec![1; 900_000]),
            new(b"x".to_vec()),
        ],
        (0..5_000_u32)
            .map(|number| new(number.to_le_bytes().to_vec()))
            .collect(),
    ];
    let mut expected = Vec::new();
    for (batch, at) in batches.iter().zip([0, 1, 1_700_000_000_123]) {
        let committed = publish(&mut *store.writer, at, batch);
        assert_eq!(committed.events.len(), batch.len());
        for (event, new) in committed.events.iter().zip(batch) {
            assert_eq!(event.appended.as_millis(), at);
            assert_eq!(
                (event.topic, &event.id, event.schema),
                (new.topic, &new.id, new.schema)
            );
            assert_eq!(event.payload, new.payload);
        }
        expected.extend(committed.events);
    }
    assert!(read(&store, ReplayId::ORIGIN, &TopicFilter::All, 1_000) == expected);
    drop(store);
    let store = opened(at, &entity);
    assert!(read(&store, ReplayId::ORIGIN, &TopicFilter::All, 100_000) == expected);
}

/// Topics of growing rarity: of every event, every second, every tenth, every fiftieth, and of none.
fn mixed(store: &mut Opened) -> (Vec<TopicId>, Vec<Arc<Event>>) {
    let names = ["/a", "/b", "/c", "/d", "/never"];
    let mut topics: Vec<_> = names.iter().map(|name| topic(store, name)).collect();
    topics.sort_unstable();
    let of = |number: u64| match number {
        number if number.is_multiple_of(50) => 3,
        number if number.is_multiple_of(10) => 2,
        number if number.is_multiple_of(2) => 1,
        _ => 0,
    };
    let mut number = 0;
    let mut events = Vec::new();
    for size in (1..40).chain([1; 30]) {
        let batch: Vec<_> = (0..size)
            .map(|_| {
                number += 1;
                let topic = topics.get(of(number)).copied();
                event(topic.expect("one of five"), number)
            })
            .collect();
        let at = i64::try_from(number).expect("a small number");
        events.extend(publish(&mut *store.writer, at, &batch).events);
    }
    (topics, events)
}

pub(super) fn pages_agree(at: &dyn Fixture) {
    let entity = entity();
    let mut store = opened(at, &entity);
    let (topics, events) = mixed(&mut store);
    let many = (0..40).map(TopicId).collect();
    let mut filters = vec![
        TopicFilter::All,
        TopicFilter::These(many),
        TopicFilter::These(Vec::new()),
    ];
    for chosen in 0..1 << topics.len() {
        let these = topics
            .iter()
            .enumerate()
            .filter(|(place, _)| chosen >> place & 1 == 1);
        filters.push(TopicFilter::These(these.map(|(_, topic)| *topic).collect()));
    }
    let last = u64::try_from(events.len()).expect("a small number");
    for filter in &filters {
        for (after, limit) in [
            (0, 1),
            (0, 7),
            (0, usize::MAX),
            (1, 100),
            (23, 5),
            (last - 35, 3),
            (last, 1),
        ] {
            let after = replay_id(after);
            let expected: Vec<_> = events
                .iter()
                .filter(|event| event.replay_id > after && filter.passes(event.topic))
                .cloned()
                .collect();
            let found = read(&store, after, filter, limit);
            assert!(
                found == expected,
                "after {after}, {filter:?}, pages of {limit}"
            );
        }
    }
}

pub(super) fn reached_without_events(at: &dyn Fixture) {
    let entity = entity();
    let mut store = opened(at, &entity);
    let (topics, events) = mixed(&mut store);
    let tail = bounds(&store).tail;
    let page = |after, filter: &TopicFilter, limit| {
        store.reader.events(after, filter, limit).expect("readable")
    };
    let never = TopicFilter::These(topics.last().copied().into_iter().collect());
    let nothing = page(ReplayId::ORIGIN, &never, 10);
    assert!(nothing.events.is_empty());
    assert_eq!(nothing.reached, tail, "all of it was looked through");

    // A full page reaches to its last event: whether more of the topic follows was not looked at.
    let full = page(ReplayId::ORIGIN, &TopicFilter::All, events.len());
    assert_eq!(full.reached, tail);
    let one = page(ReplayId::ORIGIN, &TopicFilter::All, 1);
    assert_eq!(one.reached, replay_id(1));
    let none = page(ReplayId::ORIGIN, &TopicFilter::All, 0);
    assert_eq!((none.events.len(), none.reached), (0, ReplayId::ORIGIN));

    // At the tail and beyond it there is nothing, and a reader is not moved back.
    for after in [
        tail,
        tail.advanced_by(5),
        ReplayId::MAX,
        ReplayId::new(u64::MAX),
    ] {
        let page = page(after, &TopicFilter::All, 10);
        assert!(page.events.is_empty());
        assert_eq!(page.reached, after);
    }
}

pub(super) fn trim(at: &dyn Fixture) {
    let entity = entity();
    let mut store = opened(at, &entity);
    let (topics, events) = mixed(&mut store);
    let rare = TopicFilter::These(topics.get(3).copied().into_iter().collect());
    let check = |store: &Opened, before: i64| {
        for filter in [&TopicFilter::All, &rare] {
            let kept: Vec<_> = events
                .iter()
                .filter(|event| event.appended.as_millis() >= before && filter.passes(event.topic))
                .cloned()
                .collect();
            let found = read(store, ReplayId::ORIGIN, filter, 13);
            assert!(found == kept, "events since {before}, {filter:?}");
        }
        let earliest = events
            .iter()
            .find(|event| event.appended.as_millis() >= before)
            .map(|event| event.replay_id);
        let tail = events.last().map(|event| event.replay_id);
        let tail = tail.expect("there are events");
        assert_eq!(bounds(store), LogBounds { earliest, tail });
    };
    let newest = events.last().map(|event| event.appended.as_millis());
    let newest = newest.expect("there are events");
    for before in [i64::MIN, 1, 2, 100, newest - 10, newest] {
        trim_all(&mut store, Timestamp::from_millis(before));
        check(&store, before);
    }
    drop(store);
    let mut store = opened(at, &entity);
    check(&store, newest);
    trim_all(&mut store, AFTER_ALL);
    assert_eq!(bounds(&store).earliest, None);
}

pub(super) fn since(at: &dyn Fixture) {
    let entity = entity();
    let mut store = opened(at, &entity);
    let first_since = |store: &Opened, at: i64| {
        let first = store.reader.first_since(Timestamp::from_millis(at));
        first.expect("readable")
    };
    assert_eq!(first_since(&store, i64::MIN), None);
    let (_, events) = mixed(&mut store);
    let newest = events.last().map(|event| event.appended.as_millis());
    let newest = newest.expect("there are events");
    let check = |store: &Opened, before: i64| {
        for since in (0..=newest + 1).chain([i64::MIN, i64::MAX]) {
            let expected = events
                .iter()
                .find(|event| event.appended.as_millis() >= since.max(before))
                .map(|event| event.replay_id);
            assert_eq!(first_since(store, since), expected, "since {since}");
        }
    };
    check(&store, i64::MIN);
    trim_all(&mut store, Timestamp::from_millis(newest / 2));
    check(&store, newest / 2);
}

pub(super) fn topics(at: &dyn Fixture) {
    let entity = entity();
    let names = [
        "/data/ChangeEvents",
        "/data/changeevents",
        "/event/Ü__e",
        "/u/x",
    ];
    let mut store = opened(at, &entity);
    let number = |store: &Opened, name: &str| {
        let [read, written] = [
            store.reader.topic_number(&Topic::new(name)),
            store.writer.topic_number(&Topic::new(name)),
        ]
        .map(|number| number.expect("readable"));
        assert_eq!(read, written, "{name}");
        read
    };
    assert_eq!(number(&store, "/u/x"), None);
    let first: Vec<_> = names.iter().map(|name| topic(&mut store, name)).collect();
    let looked_up: Vec<_> = names.iter().map(|name| number(&store, name)).collect();
    assert_eq!(
        looked_up,
        first.iter().copied().map(Some).collect::<Vec<_>>()
    );
    assert_eq!(number(&store, "/data/CHANGEEVENTS"), None);
    let again: Vec<_> = names.iter().map(|name| topic(&mut store, name)).collect();
    assert_eq!(first, again);
    drop(store);
    let mut store = opened(at, &entity);
    let later = topic(&mut store, "/later");
    let reopened: Vec<_> = names.iter().map(|name| topic(&mut store, name)).collect();
    assert_eq!(first, reopened);
    let mut different = first;
    different.push(later);
    different.sort_unstable();
    different.dedup();
    assert_eq!(
        different.len(),
        names.len() + 1,
        "no two topics share a number"
    );
}
