//! The event log as subscribers read it: newest events from memory, older ones from the store, and who is woken when.
//!
//! There is no queue per subscriber. A subscriber holds a position and a [`Watcher`]; the writer moves the tail and wakes
//! the watchers of the topics that moved, and each reads on from its own position.

mod fan_out;

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use bytes::Bytes;
use landfall_model::{ReplayId, limits};
use landfall_store::{Event, LogBounds, Reader, TopicFilter};

use crate::error::Error;
use fan_out::FanOut;

pub use fan_out::Watcher;

/// A form in which a protocol delivers events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rendition {
    /// `data` of a Bayeux message.
    Streaming,
    /// Field `events` of a `FetchResponse`.
    PubSub,
}

/// An event with the forms in which a protocol delivers it, made once and shared by all subscribers.
#[derive(Debug)]
pub struct LogEvent {
    event: Arc<Event>,
    streaming: OnceLock<Bytes>,
    pubsub: OnceLock<Bytes>,
}

impl LogEvent {
    const fn new(event: Arc<Event>) -> Self {
        Self {
            event,
            streaming: OnceLock::new(),
            pubsub: OnceLock::new(),
        }
    }

    /// The event as stored.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// The rendered form; `render` makes it at first use.
    pub fn rendition(&self, form: Rendition, render: impl FnOnce(&Event) -> Bytes) -> &Bytes {
        let slot = match form {
            Rendition::Streaming => &self.streaming,
            Rendition::PubSub => &self.pubsub,
        };
        slot.get_or_init(|| render(&self.event))
    }
}

/// A stretch of the log that was looked through.
#[derive(Debug)]
pub struct Stretch {
    /// What passed the filter, in order.
    pub events: Vec<Arc<LogEvent>>,
    /// Read on from here.
    pub reached: ReplayId,
}

/// How much of the log is kept in memory. The renditions of the events come on top.
#[derive(Clone, Copy, Debug)]
struct TailLimits {
    events: usize,
    /// Of payload.
    bytes: usize,
}

impl Default for TailLimits {
    fn default() -> Self {
        Self {
            events: limits::TAIL_EVENTS_MAX,
            bytes: limits::TAIL_BYTES_MAX,
        }
    }
}

#[derive(Debug)]
struct Tail {
    limits: TailLimits,
    /// Every event after this position is in `events`.
    floor: ReplayId,
    newest: ReplayId,
    /// The oldest retained event, in memory or not.
    earliest: Option<ReplayId>,
    events: VecDeque<Arc<LogEvent>>,
    bytes: usize,
}

impl Tail {
    const fn new(bounds: LogBounds, limits: TailLimits) -> Self {
        Self {
            limits,
            floor: bounds.tail,
            newest: bounds.tail,
            earliest: bounds.earliest,
            events: VecDeque::new(),
            bytes: 0,
        }
    }

    fn append(&mut self, events: &[Arc<Event>], newest: ReplayId) {
        for event in events {
            self.bytes += cost(event);
            self.events
                .push_back(Arc::new(LogEvent::new(Arc::clone(event))));
        }
        while self.events.len() > self.limits.events || self.bytes > self.limits.bytes {
            self.forget_oldest();
        }
        self.newest = newest;
        if self.earliest.is_none() {
            self.earliest = events.first().map(|event| event.replay_id);
        }
    }

    fn trim(&mut self, earliest: Option<ReplayId>) {
        self.earliest = earliest;
        let keep_from = earliest.unwrap_or_else(|| self.newest.advanced_by(1));
        while self
            .events
            .front()
            .is_some_and(|oldest| oldest.event.replay_id < keep_from)
        {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some(oldest) = self.events.pop_front() {
            self.bytes = self.bytes.saturating_sub(cost(&oldest.event));
            self.floor = oldest.event.replay_id;
        }
    }

    /// See [`Log::visit_recent`].
    fn visit(
        &self,
        after: ReplayId,
        filter: &TopicFilter,
        mut visit: impl FnMut(&Arc<LogEvent>) -> ControlFlow<()>,
    ) -> Option<ReplayId> {
        if after < self.floor {
            return None;
        }
        let start = self
            .events
            .partition_point(|entry| entry.event.replay_id <= after);
        let mut reached = after;
        for entry in self.events.range(start..) {
            if filter.passes(entry.event.topic) && visit(entry).is_break() {
                return Some(reached);
            }
            reached = entry.event.replay_id;
        }
        Some(self.newest.max(after))
    }
}

/// Bytes that an event takes in memory: itself, and the forms that it is or will be rendered to, which are about twice as
/// long as the payload.
fn cost(event: &Event) -> usize {
    size_of::<LogEvent>() + size_of::<Event>() + event.payload.len().saturating_mul(3)
}

/// The log of one org.
pub struct Log {
    reader: Arc<dyn Reader>,
    tail: RwLock<Tail>,
    fan_out: Mutex<FanOut>,
}

impl Log {
    pub(crate) fn open(reader: Arc<dyn Reader>) -> Result<Self, Error> {
        Self::with_limits(reader, TailLimits::default())
    }

    fn with_limits(reader: Arc<dyn Reader>, limits: TailLimits) -> Result<Self, Error> {
        let bounds = reader.log_bounds()?;
        Ok(Self {
            reader,
            tail: RwLock::new(Tail::new(bounds, limits)),
            fan_out: Mutex::default(),
        })
    }

    /// What the log holds now.
    pub fn bounds(&self) -> LogBounds {
        let tail = self.tail.read().unwrap_or_else(PoisonError::into_inner);
        LogBounds {
            earliest: tail.earliest,
            tail: tail.newest,
        }
    }

    /// Events after `after` that pass the filter, `limit` at most.
    ///
    /// # Errors
    /// [`Error::Store`] if older events cannot be read.
    pub async fn read(
        &self,
        after: ReplayId,
        filter: &TopicFilter,
        limit: usize,
    ) -> Result<Stretch, Error> {
        if let Some(stretch) = self.read_recent(after, filter, limit) {
            return Ok(stretch);
        }
        let reader = Arc::clone(&self.reader);
        let filter = filter.clone();
        let limit = limit.min(limits::REPLAY_PAGE_EVENTS_MAX);
        let page = tokio::task::spawn_blocking(move || reader.events(after, &filter, limit))
            .await
            .map_err(|_| Error::Stopped)??;
        Ok(Stretch {
            events: page
                .events
                .into_iter()
                .map(|event| Arc::new(LogEvent::new(event)))
                .collect(),
            reached: page.reached,
        })
    }

    /// The same from memory alone; none if `after` is older than what memory holds.
    pub fn read_recent(
        &self,
        after: ReplayId,
        filter: &TopicFilter,
        limit: usize,
    ) -> Option<Stretch> {
        let mut events = Vec::new();
        let tail = self.tail.read().unwrap_or_else(PoisonError::into_inner);
        let reached = tail.visit(after, filter, |entry| {
            if events.len() == limit {
                return ControlFlow::Break(());
            }
            events.push(Arc::clone(entry));
            ControlFlow::Continue(())
        })?;
        Some(Stretch { events, reached })
    }

    /// Shows the events after `after` that pass the filter, in order and from memory alone, until `visit` breaks; says how
    /// far that got. None if `after` is older than what memory holds.
    ///
    /// The writer waits as long as it takes: break after a while and come back.
    pub fn visit_recent(
        &self,
        after: ReplayId,
        filter: &TopicFilter,
        mut visit: impl FnMut(&LogEvent) -> ControlFlow<()>,
    ) -> Option<ReplayId> {
        self.tail
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .visit(after, filter, |entry| visit(entry))
    }

    /// Someone who wants to know when topics move.
    pub fn watch(self: &Arc<Self>) -> Watcher {
        Watcher::new(self)
    }

    /// Moves the tail over events that have just become durable, and wakes who watches their topics.
    pub(crate) fn publish(&self, events: &[Arc<Event>], newest: ReplayId) {
        self.tail
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .append(events, newest);
        // Only now: whoever is woken has to find the events.
        self.fan_out().wake(events);
    }

    /// Takes note that older events have been forgotten.
    pub(crate) fn trimmed(&self) -> Result<(), Error> {
        let earliest = self.reader.log_bounds()?.earliest;
        self.tail
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .trim(earliest);
        Ok(())
    }

    fn fan_out(&self) -> MutexGuard<'_, FanOut> {
        self.fan_out.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use landfall_model::{EntityDefinition, EventUuid, RecordId, Row, SchemaId, Timestamp, Value};
    use landfall_store::{DocumentKind, Page, Reads, Result, TopicId};
    use proptest::prelude::*;

    use super::*;

    /// A store that has nothing but a log, kept in full.
    #[derive(Default)]
    struct Whole(Mutex<Vec<Arc<Event>>>);

    impl Whole {
        fn events(&self) -> MutexGuard<'_, Vec<Arc<Event>>> {
            self.0.lock().expect("no test panics while it looks")
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

        fn rows_where(
            &self,
            _: &EntityDefinition,
            _: usize,
            _: &Value,
            _: usize,
        ) -> Result<Vec<Row>> {
            Ok(Vec::new())
        }

        fn recent_rows(&self, _: &EntityDefinition, _: usize) -> Result<Vec<Row>> {
            Ok(Vec::new())
        }

        fn document(&self, _: DocumentKind, _: &str) -> Result<Option<Vec<u8>>> {
            Ok(None)
        }

        fn documents(&self, _: DocumentKind) -> Result<Vec<(String, Vec<u8>)>> {
            Ok(Vec::new())
        }
    }

    impl Reader for Whole {
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
            let events = Self::events(self);
            let mut page = Page {
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
    }

    fn event(replay_id: ReplayId, topic: u32, bytes: usize) -> Arc<Event> {
        Arc::new(Event {
            replay_id,
            topic: TopicId(topic),
            appended: Timestamp::from_millis(0),
            uuid: EventUuid::from_bytes([0; 16]),
            schema: SchemaId::from_bytes([0; 16]),
            payload: Bytes::from(vec![0; bytes]),
        })
    }

    /// A log of these groups, of which `events` events and `bytes` bytes are kept in memory.
    fn log(groups: &[Vec<(u32, usize)>], events: usize, bytes: usize) -> (Log, Arc<Whole>) {
        let store = Arc::new(Whole::default());
        let limits = TailLimits { events, bytes };
        let log = Log::with_limits(Arc::clone(&store) as _, limits).expect("an empty log");
        let mut newest = ReplayId::ORIGIN;
        for group in groups {
            let mut made = Vec::new();
            for (topic, bytes) in group {
                newest = newest.advanced_by(1);
                made.push(event(newest, *topic, *bytes));
            }
            store.events().extend(made.iter().cloned());
            log.publish(&made, newest);
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
        log.publish(&[event(next, 1, 0)], next);
        let mut woken = Box::pin(watcher.woken());
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(woken.as_mut().poll(&mut context), Poll::Ready(()));
        drop(woken);
        drop(watcher);
        assert!(log.fan_out().is_empty());
    }
}
