//! Time zones, from the database that is part of the program.

use std::sync::OnceLock;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};

/// The beginning of the year 1700.
const FIRST_SECOND: i64 = -8_520_336_000;
/// The beginning of the year 4001.
const END_SECOND: i64 = 64_092_211_200;

/// A time zone with its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    name: String,
    pub(crate) rules: TimeZone,
}

impl Zone {
    /// Greenwich.
    pub fn utc() -> Self {
        Self {
            name: "UTC".to_owned(),
            rules: TimeZone::UTC,
        }
    }

    /// The zone of a name such as `America/Los_Angeles`.
    pub fn find(name: &str) -> Option<Self> {
        static DATABASE: OnceLock<TimeZoneDatabase> = OnceLock::new();
        let rules = DATABASE
            .get_or_init(TimeZoneDatabase::bundled)
            .get(name)
            .ok()?;
        Some(Self {
            name: name.to_owned(),
            rules,
        })
    }

    /// How it differs from Greenwich at each time.
    pub const fn rules(&self) -> &TimeZone {
        &self.rules
    }

    /// The distances from Greenwich through all years that dates of records have, each with the time from which on it holds;
    /// that of the first is the beginning of time. Unit: milliseconds since 1970-01-01, seconds.
    ///
    /// Source: "Date Formats and Date Literals" (SOQL and SOSL Reference): dates are in the years 1700 to 4000.
    pub fn offsets(&self) -> Vec<(i64, i64)> {
        let first = Timestamp::constant(FIRST_SECOND, 0);
        let seconds = |offset: Offset| i64::from(offset.seconds());
        let mut offsets = vec![(i64::MIN, seconds(self.rules.to_offset(first)))];
        let later = self.rules.following(first);
        let later = later.take_while(|change| change.timestamp().as_second() < END_SECOND);
        offsets.extend(later.map(|change| {
            (
                change.timestamp().as_millisecond(),
                seconds(change.offset()),
            )
        }));
        offsets
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}
