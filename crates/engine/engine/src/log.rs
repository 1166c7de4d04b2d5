//! The event log as subscribers read it: newest events from memory, older ones from the store, and who is woken when.
//!
//! There is no queue per subscriber. A subscriber holds a position and a [`Watcher`]; the writer moves the tail and wakes
//! the watchers of the topics that moved, and each reads on from its own position.

mod backlog;
mod fan_out;
mod gaps;
mod holds;
mod pages;

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard};

use bytes::Bytes;
use landfall_model::{ReplayId, Timestamp, limits};
use landfall_store::{Event, LogBounds, Reader, TopicFilter, TopicId};
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};

use crate::definitions::Definitions;
use crate::error::Error;
use crate::mask::Mask;
use fan_out::FanOut;
use gaps::Gaps;
use holds::Holds;
use pages::{Pages, Search};

pub use backlog::{Backlog, Lag, Subscriber, SubscriberDemand, SubscriberPosition};
pub use fan_out::Watcher;
pub(crate) use holds::Hold;
pub use pages::Prepare;

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
    /// The event without what some do not see.
    masked: OnceLock<Box<Masked>>,
}

/// An event by what was left out of it.
type Masked = Mutex<Vec<(Mask, Arc<LogEvent>)>>;

impl LogEvent {
    pub(crate) const fn new(event: Arc<Event>) -> Self {
        Self {
            event,
            streaming: OnceLock::new(),
            pubsub: OnceLock::new(),
            masked: OnceLock::new(),
        }
    }

    /// The event as stored.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// The event without some of its fields; `payload` makes what is left of its payload at first use.
    pub(crate) fn masked(&self, mask: &Mask, payload: impl FnOnce(&Event) -> Bytes) -> Arc<Self> {
        let masked = self.masked.get_or_init(Box::default);
        let mut masked = masked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, event)) = masked.iter().find(|(known, _)| known == mask) {
            return Arc::clone(event);
        }
        let event = Event {
            payload: payload(&self.event),
            ..Event::clone(&self.event)
        };
        let event = Arc::new(Self::new(Arc::new(event)));
        // Beyond that each is made when it is asked for.
        if masked.len() < limits::EVENT_MASKS_MAX {
            masked.push((Arc::clone(mask), Arc::clone(&event)));
        }
        event
    }

    /// The rendered form; `render` makes it at first use.
    pub fn rendition(&self, form: Rendition, render: impl FnOnce(&Event) -> Bytes) -> &Bytes {
        let slot = self.slot(form);
        slot.get_or_init(|| render(&self.event))
    }

    /// Renders events into buffers that they share, those that are not rendered yet: an allocation for each would cost more
    /// than many renditions do. `render` appends what it makes.
    pub fn render_together(
        events: &[Arc<Self>],
        form: Rendition,
        mut render: impl FnMut(&Event, &mut Vec<u8>),
    ) {
        let mut rest = events;
        while !rest.is_empty() {
            let mut whole = Vec::with_capacity(SHARED_BYTES);
            let mut ends = Vec::with_capacity(rest.len().min(SHARED_EVENTS));
            for event in rest {
                if whole.len() > SHARED_BYTES_FULL {
                    break;
                }
                if event.slot(form).get().is_none() {
                    render(&event.event, &mut whole);
                }
                ends.push(whole.len());
            }
            whole.shrink_to_fit();
            let (whole, mut start) = (Bytes::from(whole), 0);
            let (rendered, later) = rest.split_at(ends.len());
            for (event, end) in rendered.iter().zip(ends) {
                event.slot(form).get_or_init(|| whole.slice(start..end));
                start = end;
            }
            rest = later;
        }
    }

    const fn slot(&self, form: Rendition) -> &OnceLock<Bytes> {
        match form {
            Rendition::Streaming => &self.streaming,
            Rendition::PubSub => &self.pubsub,
        }
    }
}

/// Bytes of a buffer that renditions share. What a subscriber still sends of it keeps the whole in memory.
const SHARED_BYTES: usize = 64 * 1024;

/// From so many bytes on the next event gets another buffer.
const SHARED_BYTES_FULL: usize = SHARED_BYTES - 8 * 1024;

/// Events that most such buffers have room for, at most.
const SHARED_EVENTS: usize = 512;

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

    /// Has memory begin behind `newest`: what comes before is read from the store.
    fn skip_to(&mut self, newest: ReplayId) {
        self.events.clear();
        self.bytes = 0;
        self.floor = newest;
        self.earliest = self.earliest.or_else(|| Some(self.newest.advanced_by(1)));
        self.newest = newest;
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

    /// Where the events after a position begin. It is looked for from the newest on, since most who ask are near it, and an
    /// event that nobody has read for a while is not in the processor's cache.
    fn start_after(&self, after: ReplayId) -> usize {
        let is_later = |index| {
            let entry: Option<&Arc<LogEvent>> = self.events.get(index);
            entry.is_some_and(|entry| entry.event.replay_id > after)
        };
        let count = self.events.len();
        let mut span = 1;
        while span <= count && is_later(count - span) {
            span *= 2;
        }
        let (mut from, mut to) = (count.saturating_sub(span), count - span / 2);
        while from < to {
            let middle = usize::midpoint(from, to);
            if is_later(middle) {
                to = middle;
            } else {
                from = middle + 1;
            }
        }
        from
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
        let start = self.start_after(after);
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
pub(crate) fn cost(event: &Event) -> usize {
    size_of::<LogEvent>() + size_of::<Event>() + event.payload.len().saturating_mul(3)
}

/// The log of one org.
pub struct Log {
    reader: Arc<dyn Reader>,
    tail: RwLock<Tail>,
    old: Arc<Pages>,
    fan_out: Arc<Mutex<FanOut>>,
    /// Where many subscribers are woken: a task is woken by a thread of its runtime without a system call.
    runtime: Option<Handle>,
    holds: Holds,
    /// Replay ids begin again.
    restarted: Notify,
}

impl Log {
    pub(crate) fn open(
        reader: Arc<dyn Reader>,
        definitions: watch::Receiver<Arc<Definitions>>,
    ) -> Result<Self, Error> {
        Self::with_limits(reader, definitions, TailLimits::default())
    }

    fn with_limits(
        reader: Arc<dyn Reader>,
        definitions: watch::Receiver<Arc<Definitions>>,
        limits: TailLimits,
    ) -> Result<Self, Error> {
        let bounds = reader.log_bounds()?;
        Ok(Self {
            old: Arc::new(Pages::new(Arc::clone(&reader), Gaps::new(definitions))),
            reader,
            tail: RwLock::new(Tail::new(bounds, limits)),
            fan_out: Arc::default(),
            runtime: Handle::try_current().ok(),
            holds: Holds::default(),
            restarted: Notify::new(),
        })
    }

    /// The position from which all events of these topics follow that were appended at or after a point in time, and none
    /// before.
    ///
    /// # Errors
    /// [`Error::Store`] if older events cannot be read.
    pub async fn position_at(
        &self,
        at: Timestamp,
        topics: &TopicFilter,
    ) -> Result<ReplayId, Error> {
        let tail = self.bounds().tail;
        let reader = Arc::clone(&self.reader);
        let first = tokio::task::spawn_blocking(move || reader.first_since(at));
        let Some(first) = first.await.map_err(|_| Error::Stopped)?? else {
            return Ok(tail);
        };
        let mut after = ReplayId::new(first.get().saturating_sub(1));
        while after < tail {
            let stretch = self
                .read(after, topics, limits::REPLAY_PAGE_EVENTS_MAX)
                .await?;
            for event in &stretch.events {
                if event.event().appended >= at {
                    return Ok(after);
                }
                after = event.event().replay_id;
            }
            after = stretch.reached.max(after);
        }
        Ok(after)
    }

    /// What the log holds now.
    pub fn bounds(&self) -> LogBounds {
        let tail = self.tail();
        LogBounds {
            earliest: tail.earliest,
            tail: tail.newest,
        }
    }

    /// The same as a subscriber of these topics sees it: up to the first event that a fault holds back.
    pub fn deliverable(&self, filter: &TopicFilter) -> LogBounds {
        let bounds = self.bounds();
        let tail = self.last_deliverable(filter);
        LogBounds {
            tail: tail.map_or(bounds.tail, |tail| tail.min(bounds.tail)),
            ..bounds
        }
    }

    /// The position before the first event of these topics that a fault holds back. Ask it after the log was looked at: an
    /// event is held back before it can be seen.
    fn last_deliverable(&self, filter: &TopicFilter) -> Option<ReplayId> {
        let held = self.holds.first(filter)?;
        Some(ReplayId::new(held.get().saturating_sub(1)))
    }

    /// Events after `after` that pass the filter, `limit` at most, those that a fault holds back included.
    ///
    /// # Errors
    /// [`Error::Store`] if older events cannot be read.
    pub async fn read(
        &self,
        after: ReplayId,
        filter: &TopicFilter,
        limit: usize,
    ) -> Result<Stretch, Error> {
        let prepare: Prepare = Arc::new(|_| ());
        self.read_all(after, filter, limit, &prepare).await
    }

    /// The same for a subscriber, who does not see what is held back. Events that come from the store have been prepared,
    /// on other threads and before they were asked for if the subscriber reads on.
    ///
    /// # Errors
    /// [`Error::Store`] if older events cannot be read.
    pub async fn read_prepared(
        &self,
        after: ReplayId,
        filter: &TopicFilter,
        limit: usize,
        prepare: &Prepare,
    ) -> Result<Stretch, Error> {
        let mut stretch = self.read_all(after, filter, limit, prepare).await?;
        if let Some(last) = self.last_deliverable(filter) {
            stretch.events.retain(|event| event.event.replay_id <= last);
            stretch.reached = stretch.reached.min(last).max(after);
        }
        Ok(stretch)
    }

    async fn read_all(
        &self,
        after: ReplayId,
        filter: &TopicFilter,
        limit: usize,
        prepare: &Prepare,
    ) -> Result<Stretch, Error> {
        if let Some(stretch) = self.read_recent(after, filter, limit) {
            return Ok(stretch);
        }
        let search = Search {
            filter: filter.clone(),
            recent: self.tail().floor,
            prepare: Arc::clone(prepare),
        };
        self.old.read(search, after, limit).await
    }

    /// The same from memory alone; none if `after` is older than what memory holds.
    pub fn read_recent(
        &self,
        after: ReplayId,
        filter: &TopicFilter,
        limit: usize,
    ) -> Option<Stretch> {
        let mut events = Vec::new();
        let tail = self.tail();
        let reached = tail.visit(after, filter, |entry| {
            if events.len() == limit {
                return ControlFlow::Break(());
            }
            events.push(Arc::clone(entry));
            ControlFlow::Continue(())
        })?;
        Some(Stretch { events, reached })
    }

    /// Shows a subscriber the events after `after` that pass the filter, in order and from memory alone, until `visit` breaks
    /// or a fault holds them back; says how far that got. None if `after` is older than what memory holds.
    ///
    /// The writer waits as long as it takes: break after a while and come back.
    pub fn visit_recent(
        &self,
        after: ReplayId,
        filter: &TopicFilter,
        mut visit: impl FnMut(&Arc<LogEvent>) -> ControlFlow<()>,
    ) -> Option<ReplayId> {
        let tail = self.tail();
        let Some(last) = self.last_deliverable(filter) else {
            return tail.visit(after, filter, visit);
        };
        let reached = tail.visit(after, filter, |event| {
            if event.event.replay_id > last {
                return ControlFlow::Break(());
            }
            visit(event)
        });
        reached.map(|reached| reached.min(last).max(after))
    }

    /// Holds events back that are about to be shown.
    pub(crate) fn hold(&self, holds: &[Hold]) {
        if !holds.is_empty() {
            self.holds.add(holds);
        }
    }

    /// Shows subscribers what has been held back for long enough; gives when more is due.
    pub(crate) fn release(&self, now: Timestamp) -> Option<Timestamp> {
        let (topics, next) = self.holds.release(now);
        self.fan_out().wake_topics(&topics);
        next
    }

    /// Ends when further events are held back.
    pub(crate) async fn holding(&self) {
        self.holds.added.notified().await;
    }

    /// Takes note that replay ids begin again.
    pub(crate) fn begins_again(&self) {
        self.restarted.notify_one();
    }

    /// Ends when replay ids have begun again, for one who waits: what subscribers know of positions is wrong then.
    pub async fn restarted(&self) {
        self.restarted.notified().await;
    }

    /// The newest events of each topic.
    pub fn backlog(&self) -> Backlog {
        Backlog::of(&self.tail())
    }

    /// Someone who wants to know when topics move.
    pub fn watch(self: &Arc<Self>) -> Watcher {
        Watcher::new(self)
    }

    /// Moves the tail over events that have become durable, and wakes the watchers of their topics. Events that are not
    /// at hand are read from the store; everybody is woken then.
    pub(crate) fn advance(&self, events: &[Arc<Event>], newest: ReplayId) {
        let mut tail = self.tail.write().unwrap_or_else(PoisonError::into_inner);
        if newest <= tail.newest {
            return;
        }
        let first = events.first().map(|event| event.replay_id);
        let is_whole = first == Some(tail.newest.advanced_by(1));
        if is_whole {
            tail.append(events, newest);
        } else {
            tail.skip_to(newest);
        }
        drop(tail);
        // Only now: who is woken has to find the events.
        if is_whole {
            self.wake(fan_out::topics(events));
        } else {
            self.fan_out().wake_all();
        }
    }

    /// Wakes the subscribers of these topics: a single one at once, many on a thread of the runtime.
    fn wake(&self, topics: Vec<TopicId>) {
        let fan_out = self.fan_out();
        match &self.runtime {
            Some(runtime) if fan_out.watchers(&topics) > 1 => {
                let watchers = Arc::clone(&self.fan_out);
                runtime.spawn(async move { locked(&watchers).wake_topics(&topics) });
            }
            _ => fan_out.wake_topics(&topics),
        }
    }

    /// Takes note that older events have been forgotten.
    pub(crate) fn trimmed(&self) -> Result<(), Error> {
        let earliest = self.reader.log_bounds()?.earliest;
        self.tail
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .trim(earliest);
        self.old.forget_unused(earliest);
        Ok(())
    }

    /// Takes note that the log is another one, and wakes everybody: what memory holds of it is wrong.
    pub(crate) fn replaced(&self) -> Result<(), Error> {
        let bounds = self.reader.log_bounds()?;
        let mut tail = self.tail.write().unwrap_or_else(PoisonError::into_inner);
        let present = Tail::new(bounds, tail.limits);
        let former = std::mem::replace(&mut *tail, present);
        drop(tail);
        // Freeing thousands of events takes a third of a reset. Without a thread they are freed here.
        let _ = std::thread::Builder::new()
            .name("landfall-free".to_owned())
            .spawn(move || drop(former));
        self.old.forget();
        self.holds.clear();
        self.fan_out().wake_all();
        Ok(())
    }

    fn tail(&self) -> RwLockReadGuard<'_, Tail> {
        self.tail.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn fan_out(&self) -> MutexGuard<'_, FanOut> {
        locked(&self.fan_out)
    }
}

fn locked(fan_out: &Mutex<FanOut>) -> MutexGuard<'_, FanOut> {
    fan_out.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
