//! Who counts: each publisher and subscriber has a list of its own, so that nobody waits for another.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use landfall_store::TopicId;

use super::{Direction, Meter};

/// Runs of one topic in a batch that are looked through for it; beyond, a topic may have several.
const RUNS_LOOKED_AT: usize = 16;

/// Who published or received events.
///
/// Source: "`PlatformEventUsageMetric`" (Object Reference), `Client`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Client {
    /// A call or a stream of the Pub/Sub API.
    PubSub,
    /// A session of the Streaming API, by its client id.
    CometD(Box<str>),
    /// The REST API.
    Rest,
    /// The SOAP API.
    Soap,
    /// The Bulk API.
    Bulk,
    /// The org itself.
    System,
}

impl Client {
    /// Publishers.
    pub(super) const PUBLISHERS: [Self; 5] = [
        Self::PubSub,
        Self::Rest,
        Self::Soap,
        Self::Bulk,
        Self::System,
    ];
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PubSub => "PUB_SUB_API",
            Self::CometD(id) => id,
            Self::Rest => "REST_API",
            Self::Soap => "SOAP_API",
            Self::Bulk => "BULK_API",
            Self::System => "SYSTEM",
        })
    }
}

/// The events of one response or one commit, by topic and by meter.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    topics: Vec<(TopicId, u64)>,
    meters: [u64; Meter::ALL.len()],
}

impl Batch {
    /// So many events more.
    #[inline]
    pub(crate) fn add(&mut self, topic: TopicId, events: u64) {
        match self.topics.last_mut() {
            Some((of, count)) if *of == topic => *count += events,
            _ => self.add_to_earlier(topic, events),
        }
    }

    fn add_to_earlier(&mut self, topic: TopicId, events: u64) {
        let mut runs = self.topics.iter_mut().rev().take(RUNS_LOOKED_AT);
        match runs.find(|(of, _)| *of == topic) {
            Some((_, count)) => *count += events,
            None => self.topics.push((topic, events)),
        }
    }

    /// So many deliveries more.
    #[inline]
    pub fn deliver(&mut self, topic: TopicId, meter: Meter, events: u64) {
        self.add(topic, events);
        if let Some(count) = self.meters.get_mut(meter.place()) {
            *count += events;
        }
    }

    /// Whether there is nothing in it.
    pub const fn is_empty(&self) -> bool {
        self.topics.is_empty()
    }

    /// How many deliveries there are in it.
    pub fn deliveries(&self) -> u64 {
        self.meters.iter().sum()
    }

    /// The meters that count something.
    pub(super) fn meters(&self) -> impl Iterator<Item = (Meter, u64)> {
        let counts = Meter::ALL.into_iter().zip(self.meters);
        counts.filter(|(_, count)| *count > 0)
    }
}

/// What one publisher or subscriber has counted and nobody has entered yet.
#[derive(Debug)]
pub struct Tally {
    pub(super) direction: Direction,
    pub(super) client: Client,
    /// Rising by topic.
    counted: Mutex<Vec<(TopicId, u64)>>,
}

impl Tally {
    pub(super) const fn new(direction: Direction, client: Client) -> Self {
        Self {
            direction,
            client,
            counted: Mutex::new(Vec::new()),
        }
    }

    pub(super) fn add(&self, batch: &Batch) {
        let mut counted = self.counted();
        for (topic, count) in &batch.topics {
            match counted.binary_search_by_key(topic, |(topic, _)| *topic) {
                Ok(place) => {
                    if let Some((_, sum)) = counted.get_mut(place) {
                        *sum += count;
                    }
                }
                Err(place) => counted.insert(place, (*topic, *count)),
            }
        }
    }

    /// What was counted since the last time.
    pub(super) fn take(&self) -> Vec<(TopicId, u64)> {
        std::mem::take(&mut *self.counted())
    }

    fn counted(&self) -> MutexGuard<'_, Vec<(TopicId, u64)>> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
