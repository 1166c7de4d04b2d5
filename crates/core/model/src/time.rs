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

    /// The day of a year, a month and a day of the proleptic Gregorian calendar; none if there is no such day.
    pub fn from_calendar(year: i64, month: i64, day: i64) -> Option<Self> {
        if !(1..=12).contains(&month) || !(1..=days_in_month(year, month)).contains(&day) {
            return None;
        }
        let year = if month <= 2 { year - 1 } else { year };
        let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
        let days = era.checked_mul(DAYS_AN_ERA)? + of_era - ERA_BEFORE_EPOCH;
        i32::try_from(days).ok().map(Self)
    }

    /// Year, month and day of the proleptic Gregorian calendar.
    pub fn calendar(self) -> (i64, i64, i64) {
        let days = i64::from(self.0) + ERA_BEFORE_EPOCH;
        let (era, of_era) = (days.div_euclid(DAYS_AN_ERA), days.rem_euclid(DAYS_AN_ERA));
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        (year + era * 400 + i64::from(month <= 2), month, day)
    }
}

/// As ISO 8601 has it: `2024-04-09`.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.calendar();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

/// A time of day as ISO 8601 has it, `20:26:27.000`.
///
/// Unit: milliseconds since midnight.
pub fn time_of_day(millis: i64) -> String {
    let (seconds, millis) = (millis / 1_000, millis % 1_000);
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}.{millis:03}")
}

/// Days in the 400 years after which the calendar repeats. Years begin in March here, so that the leap day is the last.
const DAYS_AN_ERA: i64 = 146_097;

/// Days from 0000-03-01 to 1970-01-01.
const ERA_BEFORE_EPOCH: i64 = 719_468;

/// The length of a month, from 1 to 12.
///
/// Unit: days.
pub const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_400_years_has_its_date() {
        let mut next = (1600, 3, 1);
        let first = Date::from_calendar(1600, 3, 1).unwrap().as_days();
        for days in first..first + 146_097 {
            let (year, month, day) = Date::from_days(days).calendar();
            assert_eq!((year, month, day), next);
            let again = Date::from_calendar(year, month, day);
            assert_eq!(again, Some(Date::from_days(days)));
            next = match (month, day == days_in_month(year, month)) {
                (_, false) => (year, month, day + 1),
                (12, true) => (year + 1, 1, 1),
                (_, true) => (year, month + 1, 1),
            };
        }
        assert_eq!(Date::from_days(0).calendar(), (1970, 1, 1));
        assert_eq!(Date::from_days(-719_469).calendar(), (0, 2, 29));
    }

    #[test]
    fn days_and_times_of_day_are_written_as_iso_8601_has_them() {
        let day = Date::from_calendar(2024, 4, 9).unwrap();
        assert_eq!(day.to_string(), "2024-04-09");
        assert_eq!(time_of_day(0), "00:00:00.000");
        assert_eq!(time_of_day(73_587_008), "20:26:27.008");
    }

    #[test]
    fn what_is_no_day_of_the_calendar_is_none() {
        for (year, month, day) in [(2007, 2, 29), (2010, 0, 2), (2010, 13, 1), (2010, 4, 31)] {
            assert_eq!(Date::from_calendar(year, month, day), None);
        }
        assert_eq!(Date::from_calendar(i64::MAX, 3, 1), None);
    }
}
