//! Usage counters: the present hour, those of the last day for the meters, and the clients that count.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use landfall_model::limits::USAGE_DAYS;
use landfall_store::{Document, DocumentKind, Reads, TopicId};

use super::hour::{Direction, Entry, Hour};
use super::metric::{Metric, Window};
use super::{Client, Counts, DAY, Meter, QUARTERS_AN_HOUR, Tally};
use crate::definitions::Definitions;
use crate::error::Error;

/// Hours that are kept.
pub(super) const HOURS_KEPT: i64 = USAGE_DAYS * 24;

/// Events on one topic since the org was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicTotals {
    /// The topic, such as `/data/AccountChangeEvent`.
    pub topic: String,
    /// Into the log.
    pub published: u64,
    /// To subscribers, each copy for itself.
    pub delivered: u64,
}

pub(super) struct Counters {
    hour: Hour,
    /// Whether the hour has something that is not kept.
    is_changed: bool,
    /// Hours that have ended and are not yet kept.
    ended: Vec<Hour>,
    /// The hours that are kept.
    kept: BTreeSet<i64>,
    /// What the meters counted in earlier quarters of the last day.
    meters: BTreeMap<i64, Counts>,
    tallies: Vec<Arc<Tally>>,
    names: HashMap<TopicId, Arc<str>>,
    totals: BTreeMap<Arc<str>, TopicTotals>,
    /// What each metric counted, by the hour.
    metrics: BTreeMap<i64, [u64; Metric::ALL.len()]>,
}

impl Counters {
    pub(super) fn open(reads: &dyn Reads, present: i64) -> Result<Self, Error> {
        let number = present.div_euclid(QUARTERS_AN_HOUR);
        let mut counters = Self {
            hour: Hour::new(number),
            is_changed: false,
            ended: Vec::new(),
            kept: BTreeSet::new(),
            meters: BTreeMap::new(),
            tallies: Vec::new(),
            names: HashMap::new(),
            totals: BTreeMap::new(),
            metrics: BTreeMap::new(),
        };
        for (key, content) in reads.documents(DocumentKind::Usage)? {
            let kept: i64 = key.parse().map_err(|_| Error::Document {
                what: "usage of an hour",
                reason: format!("`{key}` is no hour"),
            })?;
            counters.kept.insert(kept);
            let hour = Hour::read(kept, &content)?;
            for (entry, counts) in &hour.entries {
                counters.count(kept, entry, counts.iter().sum());
            }
            // A day and the hour that goes on.
            if kept >= number - 24 {
                for (place, counts) in (0..).zip(&hour.meters) {
                    let quarter = kept * QUARTERS_AN_HOUR + place;
                    counters.meters.insert(quarter, *counts);
                }
                if kept == number {
                    counters.hour = hour;
                }
            }
        }
        Ok(counters)
    }

    /// Somebody new who counts.
    pub(super) fn tally(&mut self, direction: Direction, client: Client) -> Arc<Tally> {
        let tally = Arc::new(Tally::new(direction, client));
        self.tallies.push(Arc::clone(&tally));
        tally
    }

    /// Enters what was counted as of the present quarter. Lists of closed subscriptions are dropped after that.
    pub(super) fn collect(&mut self, present: i64, definitions: &Definitions) {
        let quarter = place_of(present);
        // A subscription that still counts holds its list: checked first, nothing is counted in between.
        self.tallies.retain(|tally| {
            let stays = Arc::strong_count(tally) > 1;
            for (topic, count) in tally.take() {
                let known = self.names.get(&topic).cloned();
                let Some(name) = known.or_else(|| {
                    let name: Arc<str> = definitions.name_of(topic)?.as_str().into();
                    self.names.insert(topic, Arc::clone(&name));
                    Some(name)
                }) else {
                    continue;
                };
                let totals = self.totals.entry(Arc::clone(&name)).or_default();
                match tally.direction {
                    Direction::Published => totals.published += count,
                    Direction::Delivered => totals.delivered += count,
                }
                let entry = Entry {
                    direction: tally.direction,
                    topic: (&*name).into(),
                    client: tally.client.to_string().into(),
                };
                if let Some(metric) = Metric::of(&entry) {
                    let sums = self.metrics.entry(self.hour.number).or_default();
                    metric.count(sums, count);
                }
                self.hour.enter(entry, quarter, count);
                self.is_changed = true;
            }
            stays
        });
    }

    /// Hands over what was counted since the last time, and counts it here no more.
    pub(super) fn take_tallies(&mut self, mut take: impl FnMut(&Client, TopicId, u64)) {
        // Checked first, as in `collect`.
        self.tallies.retain(|tally| {
            let stays = Arc::strong_count(tally) > 1;
            for (topic, count) in tally.take() {
                take(&tally.client, topic, count);
            }
            stays
        });
    }

    fn count(&mut self, hour: i64, entry: &Entry, count: u64) {
        if let Some(metric) = Metric::of(entry) {
            metric.count(self.metrics.entry(hour).or_default(), count);
        }
    }

    /// The metrics of the last 24 hours, the present one left out, and of each day.
    pub(super) fn metrics(&self) -> Vec<(Window, Metric, u64)> {
        let present = self.hour.number;
        let mut windows: BTreeMap<(i64, i64), [u64; Metric::ALL.len()]> = BTreeMap::new();
        for (hour, sums) in &self.metrics {
            let day = hour.div_euclid(24) * 24;
            let last = (present - 24..present).contains(hour);
            let of = [
                Some((day, day + 24)),
                last.then_some((present - 24, present)),
            ];
            for window in of.into_iter().flatten() {
                let all = windows.entry(window).or_default();
                for (sum, count) in all.iter_mut().zip(sums) {
                    *sum += count;
                }
            }
        }
        let rows = windows.into_iter().flat_map(|((start, end), sums)| {
            let window = Window::of_hours(start, end);
            let values = Metric::ALL.into_iter().zip(sums);
            values.map(move |(metric, value)| (window, metric, value))
        });
        rows.filter(|(_, _, value)| *value > 0).collect()
    }

    /// Enters what the meters have counted in the present quarter so far.
    pub(super) fn meter(&mut self, present: i64, counts: Counts) {
        if let Some(entered) = self.hour.meters.get_mut(place_of(present))
            && *entered != counts
        {
            *entered = counts;
            self.is_changed = true;
        }
        self.meters.insert(present, counts);
    }

    /// Begins another quarter.
    pub(super) fn turn(&mut self, present: i64) {
        self.meters = self.meters.split_off(&(present - DAY + 1));
        let number = present.div_euclid(QUARTERS_AN_HOUR);
        if number > self.hour.number {
            let ended = std::mem::replace(&mut self.hour, Hour::new(number));
            if self.is_changed {
                self.ended.push(ended);
            }
            self.is_changed = false;
        }
    }

    /// What the meters had counted in the present quarter when it was kept.
    pub(super) fn present(&self, quarter: i64) -> Counts {
        self.meters.get(&quarter).copied().unwrap_or_default()
    }

    /// What a meter counted in its window before the present quarter.
    pub(super) fn earlier(&self, meter: Meter, present: i64) -> u64 {
        let earlier = self.meters.range(present - meter.window() + 1..present);
        let counts = earlier.filter_map(|(_, counts)| counts.get(meter.place()));
        counts.sum()
    }

    pub(super) fn totals(&self) -> Vec<TopicTotals> {
        let totals = self.totals.iter().map(|(name, totals)| TopicTotals {
            topic: name.to_string(),
            ..totals.clone()
        });
        totals.collect()
    }

    /// The hours that are not yet kept, as documents; they are taken to be kept from now on. Those that are too old are
    /// forgotten.
    pub(super) fn unsaved(&mut self) -> Vec<Document> {
        let mut hours = std::mem::take(&mut self.ended);
        if std::mem::take(&mut self.is_changed) {
            hours.push(self.hour.clone());
        }
        self.kept.extend(hours.iter().map(|hour| hour.number));
        let oldest = self.hour.number - HOURS_KEPT;
        self.metrics = self.metrics.split_off(&oldest);
        let kept = self.kept.split_off(&oldest);
        let forgotten = std::mem::replace(&mut self.kept, kept);
        let forgotten = forgotten.into_iter().map(|number| document(number, None));
        hours
            .iter()
            .map(|hour| document(hour.number, Some(hour.written())))
            .chain(forgotten)
            .collect()
    }

    /// The hours that are not yet kept as they are now, the present one among them.
    pub(super) fn recent(&self) -> Vec<Hour> {
        let mut recent = self.ended.clone();
        recent.push(self.hour.clone());
        recent
    }
}

/// The key of an hour's document.
pub(super) fn key(hour: i64) -> String {
    format!("{hour:08}")
}

fn document(hour: i64, content: Option<Vec<u8>>) -> Document {
    Document {
        kind: DocumentKind::Usage,
        key: key(hour),
        content,
    }
}

fn place_of(quarter: i64) -> usize {
    usize::try_from(quarter.rem_euclid(QUARTERS_AN_HOUR)).unwrap_or_default()
}
