//! The event log as subscribers read it: newest events from memory, older ones from the store, and who is woken when.
//!
//! There is no queue per subscriber. A subscriber holds a position and a [`Watcher`]; the writer moves the tail and wakes
//! the watchers of the topics that moved, and each reads on from its own position.

use std::collections::{HashMap, VecDeque};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use bytes::Bytes;
use landfall_model::{ReplayId, limits};
use landfall_store::{Event, LogBounds, Reader, TopicFilter, TopicId};
use tokio::sync::Notify;

use crate::error::Error;

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

#[derive(Debug)]
struct Tail {
    /// Every event after this position is in `events`.
    floor: ReplayId,
    newest: ReplayId,
    events: VecDeque<Arc<LogEvent>>,
    bytes: usize,
}

impl Tail {
    fn forget_oldest(&mut self) {
        if let Some(oldest) = self.events.pop_front() {
            self.bytes -= oldest.event.payload.len();
            self.floor = oldest.event.replay_id;
        }
    }
}

/// The log of one org.
pub struct Log {
    reader: Arc<dyn Reader>,
    tail: RwLock<Tail>,
    /// The oldest retained event; 0 if there is none.
    earliest: AtomicU64,
    fan_out: Mutex<FanOut>,
}

impl Log {
    pub(crate) fn open(reader: Arc<dyn Reader>) -> Result<Self, Error> {
        let bounds = reader.log_bounds()?;
        Ok(Self {
            reader,
            tail: RwLock::new(Tail {
                floor: bounds.tail,
                newest: bounds.tail,
                events: VecDeque::new(),
                bytes: 0,
            }),
            earliest: AtomicU64::new(bounds.earliest.map_or(0, ReplayId::get)),
            fan_out: Mutex::default(),
        })
    }

    /// What the log holds now.
    pub fn bounds(&self) -> LogBounds {
        let tail = self
            .tail
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .newest;
        let earliest = match self.earliest.load(Ordering::Acquire) {
            0 => None,
            id => Some(ReplayId::new(id)),
        };
        LogBounds { earliest, tail }
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
        let tail = self.tail.read().unwrap_or_else(PoisonError::into_inner);
        if after < tail.floor {
            return None;
        }
        let start = tail
            .events
            .partition_point(|entry| entry.event.replay_id <= after);
        let mut events = Vec::new();
        for entry in tail.events.range(start..) {
            if filter.passes(entry.event.topic) {
                if events.len() == limit {
                    let reached = events
                        .last()
                        .map_or(after, |entry: &Arc<LogEvent>| entry.event.replay_id);
                    return Some(Stretch { events, reached });
                }
                events.push(Arc::clone(entry));
            }
        }
        Some(Stretch {
            events,
            reached: tail.newest.max(after),
        })
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
        let tail = self.tail.read().unwrap_or_else(PoisonError::into_inner);
        if after < tail.floor {
            return None;
        }
        let start = tail
            .events
            .partition_point(|entry| entry.event.replay_id <= after);
        let mut reached = after;
        for entry in tail.events.range(start..) {
            if filter.passes(entry.event.topic) && visit(entry).is_break() {
                return Some(reached);
            }
            reached = entry.event.replay_id;
        }
        Some(tail.newest.max(after))
    }

    /// Someone who wants to know when topics move.
    pub fn watch(self: &Arc<Self>) -> Watcher {
        let mut fan_out = self.fan_out();
        fan_out.last_watcher += 1;
        Watcher {
            log: Arc::clone(self),
            number: fan_out.last_watcher,
            woken: Arc::new(Notify::new()),
            topics: Mutex::new(TopicFilter::These(Vec::new())),
        }
    }

    /// Moves the tail over events that have just become durable, and wakes who watches their topics.
    pub(crate) fn publish(&self, events: &[Arc<Event>], newest: ReplayId) {
        {
            let mut tail = self.tail.write().unwrap_or_else(PoisonError::into_inner);
            for event in events {
                tail.bytes += event.payload.len();
                tail.events
                    .push_back(Arc::new(LogEvent::new(Arc::clone(event))));
            }
            while tail.events.len() > limits::TAIL_EVENTS_MAX || tail.bytes > limits::TAIL_BYTES_MAX
            {
                tail.forget_oldest();
            }
            tail.newest = newest;
        }
        if let Some(first) = events.first() {
            let _ = self.earliest.compare_exchange(
                0,
                first.replay_id.get(),
                Ordering::AcqRel,
                Ordering::Relaxed,
            );
        }
        self.fan_out().wake(events);
    }

    /// Takes note that older events have been forgotten.
    pub(crate) fn trimmed(&self) -> Result<(), Error> {
        let earliest = self.reader.log_bounds()?.earliest;
        self.earliest
            .store(earliest.map_or(0, ReplayId::get), Ordering::Release);
        let mut tail = self.tail.write().unwrap_or_else(PoisonError::into_inner);
        let newest = tail.newest;
        let keep_from = earliest.unwrap_or_else(|| newest.advanced_by(1));
        while tail
            .events
            .front()
            .is_some_and(|oldest| oldest.event.replay_id < keep_from)
        {
            tail.forget_oldest();
        }
        Ok(())
    }

    fn fan_out(&self) -> MutexGuard<'_, FanOut> {
        self.fan_out.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct FanOut {
    last_watcher: u64,
    by_topic: HashMap<TopicId, HashMap<u64, Arc<Notify>>>,
    of_all: HashMap<u64, Arc<Notify>>,
}

impl FanOut {
    fn wake(&self, events: &[Arc<Event>]) {
        if events.is_empty() {
            return;
        }
        for woken in self.of_all.values() {
            woken.notify_one();
        }
        let mut topics: Vec<TopicId> = events.iter().map(|event| event.topic).collect();
        topics.sort_unstable();
        topics.dedup();
        for watchers in topics.iter().filter_map(|topic| self.by_topic.get(topic)) {
            for woken in watchers.values() {
                woken.notify_one();
            }
        }
    }

    fn remove(&mut self, number: u64, topics: &TopicFilter) {
        match topics {
            TopicFilter::All => {
                self.of_all.remove(&number);
            }
            TopicFilter::These(topics) => {
                for topic in topics {
                    if let Some(watchers) = self.by_topic.get_mut(topic) {
                        watchers.remove(&number);
                        if watchers.is_empty() {
                            self.by_topic.remove(topic);
                        }
                    }
                }
            }
        }
    }
}

/// Is woken when a topic that it watches moves. Forgotten when dropped.
pub struct Watcher {
    log: Arc<Log>,
    number: u64,
    woken: Arc<Notify>,
    topics: Mutex<TopicFilter>,
}

impl Watcher {
    /// Watches these topics from now on, and no others.
    pub fn set(&self, filter: TopicFilter) {
        let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        let mut fan_out = self.log.fan_out();
        fan_out.remove(self.number, &topics);
        match &filter {
            TopicFilter::All => {
                fan_out.of_all.insert(self.number, Arc::clone(&self.woken));
            }
            TopicFilter::These(watched) => {
                for topic in watched {
                    fan_out
                        .by_topic
                        .entry(*topic)
                        .or_default()
                        .insert(self.number, Arc::clone(&self.woken));
                }
            }
        }
        *topics = filter;
    }

    /// Ends when a topic has moved since the last time, or [`Self::wake`] was called.
    pub async fn woken(&self) {
        self.woken.notified().await;
    }

    /// Wakes whoever waits for this watcher.
    pub fn wake(&self) {
        self.woken.notify_one();
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let topics = self
            .topics
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        let mut fan_out = self
            .log
            .fan_out
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        fan_out.remove(self.number, topics);
    }
}
