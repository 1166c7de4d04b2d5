//! What the usage metrics of the service count, and when.
//!
//! Source: "`PlatformEventUsageMetric`" (Object Reference).

use landfall_model::Timestamp;

use super::hour::{Direction, Entry};

/// Unit: milliseconds.
const HOUR_MS: i64 = 60 * 60 * 1000;

/// A metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Platform events that were published.
    EventsPublished,
    /// Platform events that were delivered.
    EventsDelivered,
    /// Change events that were published.
    ChangesPublished,
    /// Change events that were delivered.
    ChangesDelivered,
}

impl Metric {
    /// Every metric.
    pub(super) const ALL: [Self; 4] = [
        Self::EventsPublished,
        Self::EventsDelivered,
        Self::ChangesPublished,
        Self::ChangesDelivered,
    ];

    /// What an entry counts as; none for events of the service and for those that are neither.
    pub fn of(entry: &Entry) -> Option<Self> {
        let is_change = entry.topic.starts_with("/data/");
        let is_event = entry.topic.starts_with("/event/") && entry.topic.ends_with("__e");
        match entry.direction {
            Direction::Published if is_change => Some(Self::ChangesPublished),
            Direction::Delivered if is_change => Some(Self::ChangesDelivered),
            Direction::Published if is_event => Some(Self::EventsPublished),
            Direction::Delivered if is_event => Some(Self::EventsDelivered),
            Direction::Published | Direction::Delivered => None,
        }
    }

    pub(super) fn count(self, sums: &mut [u64; Self::ALL.len()], count: u64) {
        if let Some(sum) = sums.get_mut(self as usize) {
            *sum = sum.saturating_add(count);
        }
    }
}

/// A period, without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Where it begins.
    pub start: Timestamp,
    /// Where it ends.
    pub end: Timestamp,
}

impl Window {
    pub(super) const fn of_hours(start: i64, end: i64) -> Self {
        Self {
            start: Timestamp::from_millis(start * HOUR_MS),
            end: Timestamp::from_millis(end * HOUR_MS),
        }
    }
}
