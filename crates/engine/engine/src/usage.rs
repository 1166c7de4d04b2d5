//! How much of its allocations an org has used, and who published and received how many events.
//!
//! What is counted on an event's way is cheap: atomics for the org as a whole, and once for each batch a list that belongs
//! to one publisher or subscriber. Every quarter of an hour, and at each request for usage, these lists are added to the
//! counters of the hour, which are stored as a document. Windows roll in steps of a quarter of an hour: what is older than an
//! hour or a day is always out of them.
//! Start reading at [`Usage`]; `hour` is what is stored, `tally` counts for one client.
//! Source: "Monitor Platform Event Publishing and Delivery Usage", "Platform Event Allocations" (Platform Events Developer
//! Guide); "Streaming API Allocations" (Streaming API Developer Guide).

mod allocations;
mod counters;
mod elsewhere;
mod engine;
mod hour;
mod metric;
mod tally;

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use landfall_model::{LimitFault, Timestamp};
use landfall_store::{Document, DocumentKind, Reads, TopicId};

use crate::Engine;
use crate::clock::Clock;
use crate::definitions::Subject;
use crate::error::Error;
use crate::faults::{FaultKind, Faults, Occasion};
use crate::presence::Presence;
use crate::state::OrgState;
use counters::{Counters, HOURS_KEPT, key};

pub use allocations::Allocations;
pub use counters::TopicTotals;
pub(crate) use elsewhere::Attendance;
pub use elsewhere::{Reply, Report};
pub use hour::{Direction, Entry, Hour, QUARTERS};
pub use metric::{Metric, Window};
pub use tally::{Batch, Client, Tally};

/// Unit: milliseconds.
const QUARTER_MS: i64 = 15 * 60 * 1000;

/// Quarters of an hour in a day.
const DAY: i64 = 24 * QUARTERS_AN_HOUR;

const QUARTERS_AN_HOUR: i64 = 4;

/// What is counted for the org as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meter {
    /// Platform events published in an hour.
    Published,
    /// Change events and platform events delivered in a day, each copy for itself.
    Delivered,
    /// `PushTopic` events delivered in a day.
    PushTopics,
    /// Generic events delivered in a day.
    Generic,
    /// Requests to the API in a day.
    Requests,
}

impl Meter {
    /// Every meter, in the order in which they are stored.
    pub const ALL: [Self; 5] = [
        Self::Published,
        Self::Delivered,
        Self::PushTopics,
        Self::Generic,
        Self::Requests,
    ];

    /// Those that count deliveries.
    pub const DELIVERIES: [Self; 3] = [Self::Delivered, Self::PushTopics, Self::Generic];

    /// What the events of a channel are counted as when they are delivered.
    pub fn of_channel(channel: &str) -> Self {
        if channel.starts_with("/topic/") {
            Self::PushTopics
        } else if channel.starts_with("/u/") {
            Self::Generic
        } else {
            Self::Delivered
        }
    }

    /// How many quarters of an hour its window has.
    const fn window(self) -> i64 {
        match self {
            Self::Published => QUARTERS_AN_HOUR,
            Self::Delivered | Self::PushTopics | Self::Generic | Self::Requests => DAY,
        }
    }

    const fn place(self) -> usize {
        self as usize
    }
}

/// Counts of all meters.
type Counts = [u64; Meter::ALL.len()];

/// One meter: the quarter of an hour that goes on, and the rest of the window.
#[derive(Debug, Default)]
struct Gauge {
    present: AtomicU64,
    earlier: AtomicU64,
}

impl Gauge {
    fn total(&self) -> u64 {
        let earlier = self.earlier.load(Ordering::Relaxed);
        earlier.saturating_add(self.present.load(Ordering::Relaxed))
    }

    fn add(&self, count: u64) {
        self.present.fetch_add(count, Ordering::Relaxed);
    }

    /// Takes back what was added: the quarter may be another by now, then it stays.
    fn take_back(&self, count: u64) {
        let less = |present: u64| Some(present.saturating_sub(count));
        // The closure always has a next value.
        let _ = self
            .present
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}

/// The usage of one org.
pub struct Usage {
    clock: Arc<dyn Clock>,
    state: Arc<OrgState>,
    allocations: Allocations,
    faults: Faults,
    /// The quarter of an hour that goes on, counted from 1970.
    quarter: AtomicI64,
    gauges: [Gauge; Meter::ALL.len()],
    /// Streaming API clients now.
    clients: AtomicU64,
    /// Who listens, at other nodes of a cluster too.
    pub(crate) presence: Presence,
    /// Whether another process counts for the org, and this one reports to it.
    reports: bool,
    counters: Mutex<Counters>,
    /// One of each kind.
    publishers: [Arc<Tally>; Client::PUBLISHERS.len()],
}

impl Usage {
    /// Goes on with what was kept.
    pub(crate) fn open(
        reads: &dyn Reads,
        clock: &Arc<dyn Clock>,
        state: &Arc<OrgState>,
        (allocations, faults): (Allocations, Faults),
        reports: bool,
    ) -> Result<Self, Error> {
        let quarter = quarter_of(clock.now());
        let mut counters = Counters::open(reads, quarter)?;
        let publishers =
            Client::PUBLISHERS.map(|client| counters.tally(Direction::Published, client));
        let usage = Self {
            clock: Arc::clone(clock),
            state: Arc::clone(state),
            allocations,
            faults,
            quarter: AtomicI64::new(quarter),
            gauges: Default::default(),
            clients: AtomicU64::new(0),
            presence: Presence::default(),
            reports,
            publishers,
            counters: Mutex::new(counters),
        };
        usage.set_windows(&usage.counters(), quarter);
        for (gauge, count) in usage.gauges.iter().zip(usage.counters().present(quarter)) {
            // What is reported is counted from zero on.
            let counter = if reports {
                &gauge.earlier
            } else {
                &gauge.present
            };
            counter.fetch_add(count, Ordering::Relaxed);
        }
        Ok(usage)
    }

    /// What the org may use.
    pub const fn allocations(&self) -> &Allocations {
        &self.allocations
    }

    /// How much of a meter's window is used.
    pub fn used(&self, meter: Meter) -> u64 {
        self.turn();
        self.gauge(meter).total()
    }

    /// How much more may be used; none: as much as one likes.
    pub fn left(&self, meter: Meter) -> Option<u64> {
        let most = self.allocations.of(meter)?;
        Some(most.saturating_sub(self.used(meter)))
    }

    /// How many Streaming API clients there are now, at all nodes.
    pub fn clients(&self) -> u64 {
        self.own_clients().saturating_add(self.clients_elsewhere())
    }

    fn own_clients(&self) -> u64 {
        self.clients.load(Ordering::Relaxed)
    }

    /// Takes note of how many Streaming API clients there are.
    pub fn set_clients(&self, clients: usize) {
        let clients = u64::try_from(clients).unwrap_or(u64::MAX);
        self.clients.store(clients, Ordering::Relaxed);
    }

    /// A subscriber that begins to count. What it has counted is kept when it is dropped.
    pub fn subscriber(&self, client: Client) -> Arc<Tally> {
        self.counters().tally(Direction::Delivered, client)
    }

    /// Counts what a subscriber was sent.
    pub fn delivered(&self, tally: &Tally, batch: &Batch) {
        if batch.is_empty() {
            return;
        }
        self.turn();
        for (meter, count) in batch.meters() {
            self.gauge(meter).add(count);
        }
        tally.add(batch);
    }

    /// Counts a request to the API; says how many there were, this one included.
    ///
    /// # Errors
    /// [`LimitFault::Requests`] if there are no more, together with the number.
    pub fn request(&self) -> (u64, Result<(), LimitFault>) {
        self.turn();
        let gauge = self.gauge(Meter::Requests);
        gauge.add(1);
        let used = gauge.total();
        let fails = self
            .faults
            .fires(FaultKind::RequestLimit, Occasion::default);
        let verdict = match self.allocations.requests_daily {
            _ if fails.is_some() => Err(LimitFault::Requests),
            Some(most) if used > most => Err(LimitFault::Requests),
            _ => Ok(()),
        };
        (used, verdict)
    }

    /// Sets aside the publishing of events on these topics: it is taken back if they are not published after all.
    ///
    /// # Errors
    /// [`LimitFault::Publishes`] if there may not be that many.
    pub(crate) fn reserve(
        &self,
        topics: impl Iterator<Item = TopicId>,
    ) -> Result<Reservation<'_>, LimitFault> {
        self.turn();
        let definitions = self.state.definitions();
        let counted = topics.filter(|topic| {
            matches!(definitions.subject(*topic), Some(Subject::PlatformEvent(event)) if event.standard.is_none())
        });
        let count = u64::try_from(counted.count()).unwrap_or(u64::MAX);
        let gauge = self.gauge(Meter::Published);
        gauge.add(count);
        let reservation = Reservation {
            gauge,
            count,
            kept: false,
        };
        match self.allocations.published_hourly {
            Some(most) if count > 0 && gauge.total() > most => Err(LimitFault::Publishes),
            _ => Ok(reservation),
        }
    }

    /// Counts what a publisher has published.
    pub(crate) fn published(&self, client: &Client, topics: impl Iterator<Item = TopicId>) {
        let mut batch = Batch::default();
        topics.for_each(|topic| batch.add(topic, 1));
        if batch.is_empty() {
            return;
        }
        self.turn();
        let mut publishers = self.publishers.iter();
        if let Some(tally) = publishers.find(|tally| tally.client == *client) {
            tally.add(&batch);
        }
    }

    /// How many events were published and delivered on each topic since the org was opened.
    pub fn totals(&self) -> Vec<TopicTotals> {
        let mut counters = self.counters();
        counters.collect(self.present(), &self.state.definitions());
        counters.totals()
    }

    /// The metrics of the last 24 hours up to the present hour, and of each day, the present one as far as it went; those
    /// that count nothing are left out.
    pub fn metrics(&self) -> Vec<(Window, Metric, u64)> {
        self.turn();
        let mut counters = self.counters();
        counters.collect(self.present(), &self.state.definitions());
        counters.metrics()
    }

    /// The hours that are not yet kept, as documents, and those that are too old.
    pub(crate) fn unsaved(&self) -> Vec<Document> {
        self.turn();
        let present = self.present();
        let mut counters = self.counters();
        counters.collect(present, &self.state.definitions());
        counters.meter(present, self.counts());
        counters.unsaved()
    }

    /// The present hour, and the earlier ones that are not yet kept.
    pub(crate) fn recent(&self) -> Vec<Hour> {
        self.turn();
        let mut counters = self.counters();
        counters.collect(self.present(), &self.state.definitions());
        counters.recent()
    }

    /// Begins a new quarter of an hour if it is time. A clock that is set back waits for its return.
    fn turn(&self) {
        if self.reports {
            return;
        }
        let present = quarter_of(self.clock.now());
        if present > self.present() {
            let mut counters = self.counters();
            let last = self.present();
            if present > last {
                counters.collect(last, &self.state.definitions());
                let gauges = self.gauges.each_ref();
                let counts = gauges.map(|gauge| gauge.present.swap(0, Ordering::Relaxed));
                counters.meter(last, counts);
                counters.turn(present);
                self.quarter.store(present, Ordering::Release);
                self.set_windows(&counters, present);
            }
        }
    }

    fn present(&self) -> i64 {
        self.quarter.load(Ordering::Acquire)
    }

    /// What was counted in the quarter of an hour that goes on.
    fn counts(&self) -> Counts {
        let gauges = self.gauges.each_ref();
        gauges.map(|gauge| gauge.present.load(Ordering::Relaxed))
    }

    /// Has the meters show what the counters say of earlier quarters.
    fn set_windows(&self, counters: &Counters, present: i64) {
        for meter in Meter::ALL {
            let earlier = counters.earlier(meter, present);
            self.gauge(meter).earlier.store(earlier, Ordering::Relaxed);
        }
    }

    fn gauge(&self, meter: Meter) -> &Gauge {
        self.gauges
            .get(meter.place())
            .expect("there is a gauge for each meter")
    }

    fn counters(&self) -> MutexGuard<'_, Counters> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Events that are about to be published, counted already.
#[must_use]
pub(crate) struct Reservation<'u> {
    gauge: &'u Gauge,
    count: u64,
    kept: bool,
}

impl Reservation<'_> {
    /// They were published.
    pub(crate) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        if !self.kept {
            self.gauge.take_back(self.count);
        }
    }
}

/// See [`Engine::usage_of`].
pub(crate) async fn history(
    engine: &Engine,
    hours: RangeInclusive<i64>,
) -> Result<Vec<Hour>, Error> {
    let mut recent = engine.usage().recent();
    recent.retain(|hour| hours.contains(&hour.number));
    let present = engine.usage().present().div_euclid(QUARTERS_AN_HOUR);
    let first = (*hours.start()).max(present - HOURS_KEPT);
    let kept = first..=(*hours.end()).min(present);
    let kept = engine.read(move |reader| {
        let documents =
            kept.map(|hour| Ok((hour, reader.document(DocumentKind::Usage, &key(hour))?)));
        documents.collect::<landfall_store::Result<Vec<_>>>()
    });
    let mut found = Vec::new();
    for (number, content) in kept.await? {
        let newer = recent.iter().any(|hour| hour.number == number);
        if let Some(content) = content.filter(|_| !newer) {
            found.push(Hour::read(number, &content)?);
        }
    }
    found.append(&mut recent);
    found.sort_by_key(|hour| hour.number);
    Ok(found)
}

fn quarter_of(point: Timestamp) -> i64 {
    point.as_millis().div_euclid(QUARTER_MS)
}
