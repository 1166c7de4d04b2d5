//! Time zones, from the database that is part of the program.

use std::sync::OnceLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};

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

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}
