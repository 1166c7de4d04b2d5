//! Points in time and calendar days.

use std::fmt;

/// A point in time.
///
/// Unit: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Takes milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The whole second at or before this point: the precision in which record dates are kept.
    #[must_use]
    pub const fn whole_second(self) -> Self {
        Self(self.0.div_euclid(1000) * 1000)
    }

    /// This point moved by `millis`, which may be negative.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this point; negative if `earlier` is later.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({})", self.0)
    }
}

/// A calendar day without a time zone.
///
/// Unit: days since 1970-01-01.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Debug)]
pub struct Date(i32);

impl Date {
    const MILLIS_A_DAY: i64 = 86_400_000;

    /// Takes days since the epoch.
    pub const fn from_days(days: i32) -> Self {
        Self(days)
    }

    /// Days since the epoch.
    pub const fn as_days(self) -> i32 {
        self.0
    }

    /// Midnight UTC at the start of the day.
    pub fn midnight(self) -> Timestamp {
        Timestamp(i64::from(self.0) * Self::MILLIS_A_DAY)
    }

    /// The day that holds this point in UTC.
    pub fn of(point: Timestamp) -> Self {
        let days = point.0.div_euclid(Self::MILLIS_A_DAY);
        Self(i32::try_from(days).unwrap_or(if days < 0 { i32::MIN } else { i32::MAX }))
    }
}
