//! The log against a store that keeps everything in memory.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use landfall_model::{
    CommitNumber, EntityDefinition, EventUuid, RecordId, Row, SchemaId, Timestamp, Topic, Value,
};
use landfall_query::Plan;
use landfall_store::{
    Deadline, DocumentKind, Followed, Lookup, Page, Position, QueryLimits, QueryResult, Reads,
    Reread, Result, TopicId,
};
use proptest::prelude::*;

use super::*;

/// A store that has nothing but a log, kept in full.
#[derive(Default)]
struct Whole {
    events: Mutex<Vec<Arc<Event>>>,
    /// How often events were read.
    reads: AtomicUsize,
}

impl Whole {
    fn events(&self) -> MutexGuard<'_, Vec<Arc<Event>>> {
        self.events.lock().expect("no test panics while it looks")
    }

    fn after(&self, after: ReplayId, filter: &TopicFilter) -> Vec<ReplayId> {
        self.events()
            .iter()
            .filter(|event| event.replay_id > after && filter.passes(event.topic))
            .map(|event| event.replay_id)
            .collect()
    }
}

impl Reads for Whole {
    fn row(&self, _: &EntityDefinition, _: RecordId) -> Result<Option<Row>> {
        Ok(None)
    }

    fn rows_where(&self, _: &EntityDefinition, _: usize, _: &Value, _: usize) -> Result<Vec<Row>> {
        Ok(Vec::new())
    }

    fn rows(&self, records: &[(&EntityDefinition, RecordId)]) -> Result<Vec<Option<Row>>> {
        Ok(vec![None; records.len()])
    }

    fn matching(&self, lookups: &[Lookup<'_>]) -> Result<Vec<Vec<Row>>> {
        Ok(vec![Vec::new(); lookups.len()])
    }

    fn recent_rows(&self, _: &EntityDefinition, _: usize) -> Result<Vec<Row>> {
        Ok(Vec::new())
    }

    fn document(&self, _: DocumentKind, _: &str) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn documents_at(&self, _: DocumentKind, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>> {
        Ok(vec![None; keys.len()])
    }

    fn documents(&self, _: DocumentKind) -> Result<Vec<(String, Vec<u8>)>> {
        Ok(Vec::new())
    }

    fn topic_number(&self, _: &Topic) -> Result<Option<TopicId>> {
        Ok(None)
    }
}

impl Reader for Whole {
    fn position(&self) -> Result<Position> {
        let tail = self.log_bounds()?.tail;
        Ok(Position {
            tail,
            ..Position::ORIGIN
        })
    }

    fn follow(&self, _: CommitNumber, _: usize) -> Result<Followed> {
        Ok(Followed::TooFarBehind)
    }

    fn free_bytes(&self) -> Result<Option<u64>> {
        unreachable!("nobody writes")
    }

    fn first_since(&self, at: Timestamp) -> Result<Option<ReplayId>> {
        let events = self.events();
        let first = events.iter().find(|event| event.appended >= at);
        Ok(first.map(|event| event.replay_id))
    }

    fn log_bounds(&self) -> Result<LogBounds> {
        let events = self.events();
        Ok(LogBounds {
            earliest: events.first().map(|event| event.replay_id),
            tail: events
                .last()
                .map_or(ReplayId::ORIGIN, |event| event.replay_id),
        })
    }

    fn events(&self, after: ReplayId, filter: &TopicFilter, limit: usize) -> Result<Page> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let events = Self::events(self);
        let mut page = Page {
            gap: None,
            events: Vec::new(),
            reached: after,
        };
        for event in events.iter().filter(|event| event.replay_id > after) {
            if filter.passes(event.topic) {
                if page.events.len() == limit {
                    break;
                }
                page.events.push(Arc::clone(event));
            }
            page.reached = event.replay_id;
        }
        Ok(page)
    }

    fn query(&self, _: &Plan, _: QueryLimits, _: &Deadline) -> Result<QueryResult> {
        Ok(QueryResult::default())
    }

    fn scan(
        &self,
        _: &Plan,
        _: usize,
        _: &Deadline,
        _: &mut dyn FnMut(Vec<Value>) -> ControlFlow<()>,
    ) -> Result<()> {
        Ok(())
    }

    fn count(&self, _: &Plan, _: &Deadline) -> Result<u64> {
        Ok(0)
    }

    fn reread(&self, _: &Plan, _: &[RecordId], _: QueryLimits, _: &Deadline) -> Result<Reread> {
        Ok(Reread::default())
    }
}

fn event(replay_id: ReplayId, topic: u32, bytes: usize) -> Arc<Event> {
    Arc::new(Event {
        replay_id,
        topic: TopicId(topic),
        appended: Timestamp::from_millis(0),
        id: EventUuid::from_bytes([0; 16]).into(),
        schema: SchemaId::from_bytes([0; 16]),
        payload: Bytes::from(vec![0; bytes]),
    })
}

/// A log of these groups, of which `events` events and `bytes` bytes are kept in memory.
fn log(groups: &[Vec<(u32, usize)>], events: usize, bytes: usize) -> (Log, Arc<Whole>) {
    let store = Arc::new(Whole::default());
    let limits = TailLimits { events, bytes };
    let (_, definitions) = watch::channel(Arc::default());
    let log = Log::with_limits(Arc::clone(&store) as _, definitions, limits).expect("an empty log");
    let mut newest = ReplayId::ORIGIN;
    for group in groups {
        let mut made = Vec::new();
        for (topic, bytes) in group {
            newest = newest.advanced_by(1);
            made.push(event(newest, *topic, *bytes));
        }
        store.events().extend(made.iter().cloned());
        log.advance(&made, newest);
    }
    (log, store)
}

/// Reads on until nothing is left, as a subscriber does.
fn read_on(log: &Log, after: ReplayId, filter: &TopicFilter, limit: usize) -> Vec<ReplayId> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let mut found = Vec::new();
    let mut at = after;
    loop {
        let stretch = runtime
            .block_on(log.read(at, filter, limit))
            .expect("a read");
        let ids = stretch.events.iter().map(|event| event.event().replay_id);
        found.extend(ids);
        if stretch.reached <= at {
            return found;
        }
        at = stretch.reached;
    }
}

fn groups() -> impl Strategy<Value = Vec<Vec<(u32, usize)>>> {
    let event = (0_u32..4, 0_usize..20);
    prop::collection::vec(prop::collection::vec(event, 0..6), 0..12)
}

fn filters() -> impl Strategy<Value = TopicFilter> {
    prop_oneof![
        Just(TopicFilter::All),
        prop::collection::btree_set(0_u32..5, 0..4)
            .prop_map(|topics| TopicFilter::These(topics.into_iter().map(TopicId).collect())),
    ]
}

proptest! {
    #[test]
    fn memory_and_store_tell_the_same(
        groups in groups(),
        filter in filters(),
        kept in (0_usize..8, 0_usize..60),
        after in 995_u64..1_080,
        limit in 1_usize..5,
    ) {
        let (log, store) = log(&groups, kept.0, kept.1);
        let after = ReplayId::new(after);
        let expected = store.after(after, &filter);
        prop_assert_eq!(read_on(&log, after, &filter, limit), expected);
        let tail = log.tail.read().expect("no poison");
        prop_assert!(tail.events.len() <= kept.0 && tail.bytes <= kept.1);
        let bytes: usize = tail.events.iter().map(|entry| cost(&entry.event)).sum();
        prop_assert_eq!(tail.bytes, bytes);
    }

    #[test]
    fn what_is_trimmed_is_gone_from_memory_too(
        groups in groups(),
        trimmed in 0_usize..40,
        after in 995_u64..1_080,
    ) {
        let (log, store) = log(&groups, 1_000, 1_000_000);
        {
            let mut events = store.events();
            let count = trimmed.min(events.len());
            events.drain(..count);
        }
        // An empty store has forgotten its tail here, but the log has not.
        let newest = log.bounds().tail;
        log.trimmed().expect("bounds");
        let after = ReplayId::new(after);
        prop_assert_eq!(
            read_on(&log, after, &TopicFilter::All, 3),
            store.after(after, &TopicFilter::All)
        );
        let earliest = store.events().first().map(|event| event.replay_id);
        prop_assert_eq!(log.bounds(), LogBounds { earliest, tail: newest });
    }

    #[test]
    fn a_visit_begins_behind_any_position(groups in groups(), after in 0_u64..1_200) {
        let (log, store) = log(&groups, 1_000, 1_000_000);
        let after = ReplayId::new(after).max(ReplayId::ORIGIN);
        let mut seen = Vec::new();
        let reached = log.visit_recent(after, &TopicFilter::All, |event| {
            seen.push(event.event().replay_id);
            ControlFlow::Continue(())
        });
        prop_assert_eq!(reached, Some(log.bounds().tail.max(after)));
        prop_assert_eq!(seen, store.after(after, &TopicFilter::All));
    }

    #[test]
    fn a_visit_that_breaks_goes_on_where_it_stopped(
        groups in groups(),
        filter in filters(),
        turn in 1_usize..4,
    ) {
        let (log, store) = log(&groups, 1_000, 1_000_000);
        let mut seen = Vec::new();
        let mut at = ReplayId::ORIGIN;
        loop {
            let mut left = turn;
            let reached = log.visit_recent(at, &filter, |event| {
                if left == 0 {
                    return ControlFlow::Break(());
                }
                left -= 1;
                seen.push(event.event().replay_id);
                ControlFlow::Continue(())
            });
            let reached = reached.expect("all of it is in memory");
            if reached == at {
                break;
            }
            at = reached;
        }
        prop_assert_eq!(seen, store.after(ReplayId::ORIGIN, &filter));
    }
}

#[test]
fn a_wake_before_the_wait_is_not_lost_and_dropping_forgets() {
    let (log, _store) = log(&[], 10, 100);
    let log = Arc::new(log);
    let watcher = log.watch();
    watcher.set(TopicFilter::These(vec![TopicId(1)]));
    let next = ReplayId::ORIGIN.advanced_by(1);
    log.advance(&[event(next, 1, 0)], next);
    let mut woken = Box::pin(watcher.woken());
    let mut context = Context::from_waker(Waker::noop());
    assert_eq!(woken.as_mut().poll(&mut context), Poll::Ready(()));
    drop(woken);
    drop(watcher);
    assert!(log.fan_out().is_empty());
}

/// A log of `count` events of one topic and `bytes` bytes each, none of which is kept in memory.
fn stored(count: usize, bytes: usize) -> (Arc<Log>, Arc<Whole>) {
    let (log, store) = log(&[vec![(1, bytes); count]], 0, 0);
    (Arc::new(log), store)
}

/// Some are rendered before, some to nothing, and some to more than a buffer has room for.
#[test]
fn events_that_are_rendered_together_have_the_renditions_of_their_own() {
    let lengths = [0, 1, 5_000, 0, 200_000, 7, 60_000, 60_000, 3];
    let events: Vec<_> = (1..)
        .zip(lengths)
        .map(|(id, _)| Arc::new(LogEvent::new(event(ReplayId::new(id), 1, 10))))
        .collect();
    events[5].rendition(Rendition::PubSub, |_| Bytes::from_static(b"before"));
    let length = |event: &Event| lengths[usize::try_from(event.replay_id.get() - 1).unwrap()];
    LogEvent::render_together(&events, Rendition::PubSub, |event, out| {
        let letter = b'a' + u8::try_from(event.replay_id.get()).unwrap();
        out.resize(out.len() + length(event), letter);
    });
    for (event, letter) in events.iter().zip(b'b'..) {
        let rendition = event.rendition(Rendition::PubSub, |_| unreachable!("it is there"));
        if event.event().replay_id.get() == 6 {
            assert_eq!(rendition, "before");
        } else {
            assert_eq!(*rendition, vec![letter; length(event.event())]);
        }
        assert!(event.slot(Rendition::Streaming).get().is_none());
    }
}

#[tokio::test]
async fn who_reads_the_same_old_events_shares_them_and_their_renditions() {
    let (log, store) = stored(10, 0);
    let filter = TopicFilter::These(vec![TopicId(1)]);
    let prepare: Prepare = Arc::new(|events| {
        LogEvent::render_together(events, Rendition::PubSub, |_, out| {
            out.extend_from_slice(b"prepared");
        });
    });
    let mut readers = Vec::new();
    for _ in 0..4 {
        let (log, filter, prepare) = (Arc::clone(&log), filter.clone(), Arc::clone(&prepare));
        readers.push(tokio::spawn(async move {
            let mut events = Vec::new();
            let mut at = ReplayId::ORIGIN;
            for _ in 0..5 {
                let read = log.read_prepared(at, &filter, 2, &prepare).await;
                let stretch = read.expect("a read");
                events.extend(stretch.events);
                at = stretch.reached;
            }
            events
        }));
    }
    let mut all = Vec::new();
    for reader in readers {
        all.push(reader.await.expect("a reader"));
    }
    assert_eq!(store.reads.load(Ordering::Relaxed), 1);
    for events in &all {
        assert_eq!(events.len(), 10);
        for (one, other) in events.iter().zip(&all[0]) {
            assert!(Arc::ptr_eq(one, other));
            let form = one.rendition(Rendition::PubSub, |_| Bytes::from_static(b"late"));
            assert_eq!(form.as_ref(), b"prepared");
        }
    }
}

#[tokio::test]
async fn old_events_are_kept_within_bounds_and_forgotten_when_unused() {
    let pages = 3 * limits::REPLAY_PAGES_MAX;
    for (count, bytes) in [(pages * limits::REPLAY_PAGE_EVENTS_MAX, 0), (40_000, 1_000)] {
        let (log, _store) = stored(count, bytes);
        let mut at = ReplayId::ORIGIN;
        let mut seen = 0;
        while at < log.bounds().tail {
            let stretch = log
                .read(at, &TopicFilter::All, 1_000)
                .await
                .expect("a read");
            seen += stretch.events.len();
            at = stretch.reached;
            let (kept, bytes) = log.old.kept();
            assert!(kept <= limits::REPLAY_PAGES_MAX, "{kept}");
            // Pages that are being read are counted when they are there.
            assert!(bytes <= 2 * limits::REPLAY_PAGES_BYTES_MAX, "{bytes}");
        }
        assert_eq!(seen, count);
        log.trimmed().expect("bounds");
        log.trimmed().expect("bounds");
        assert_eq!(log.old.kept().0, 0);
    }
}
