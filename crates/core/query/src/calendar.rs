//! What date literals cover and what date functions give.
//!
//! Source: "Date Formats and Date Literals", "Date Functions" (SOQL and SOSL Reference). Weeks begin on Sunday, as in the
//! locale `en_US`. `LAST_N_DAYS` ends with today, although the reference ends it now: what lies later today has not happened.

use jiff::civil::{self, date};
use jiff::{Span as Length, ToSpan};
use landfall_model::{Date, Timestamp};
use landfall_soql::{DateFunction, DateKeyword, Span, Unit};

use crate::zone::Zone;

/// The days that a literal covers: the first, and the first after them. None if they are beyond the calendar.
pub fn days(keyword: DateKeyword, today: Date, fiscal_month: u8) -> Option<(Date, Date)> {
    let today = civil_of(today)?;
    let unit = keyword.unit;
    let (from, to) = match (keyword.span, unit) {
        (Span::Last(count), Unit::Day) => (-i64::from(count), 1),
        (Span::Last(count), _) => (-i64::from(count), 0),
        (Span::Next(count), _) => (1, i64::from(count).checked_add(1)?),
        (Span::At(offset), _) => (offset, offset.checked_add(1)?),
    };
    let start = start_of(unit, today, fiscal_month)?;
    Some((
        date_of(moved(unit, start, from)?)?,
        date_of(moved(unit, start, to)?)?,
    ))
}

/// The day that a point in time is on in a time zone.
pub fn day_at(point: Timestamp, zone: &Zone) -> Option<Date> {
    date_of(local(point, zone)?.date())
}

/// The beginning of a day in a time zone.
pub fn start_of_day(day: Date, zone: &Zone) -> Option<Timestamp> {
    let midnight = civil_of(day)?.at(0, 0, 0, 0);
    let zoned = midnight.to_zoned(zone.rules.clone()).ok()?;
    Some(Timestamp::from_millis(zoned.timestamp().as_millisecond()))
}

/// What a date function gives: a number, or for `DAY_ONLY` the days since 1970-01-01.
pub fn part(
    function: DateFunction,
    of: Moment,
    zone: Option<&Zone>,
    fiscal_month: u8,
) -> Option<i64> {
    let utc = Zone::utc();
    let at = match of {
        Moment::Day(day) => civil_of(day)?.at(0, 0, 0, 0),
        Moment::Point(point) => local(point, zone.unwrap_or(&utc))?,
    };
    let day = at.date();
    let (month, year) = (i64::from(day.month()), i64::from(day.year()));
    let of_fiscal_year = (month - i64::from(fiscal_month)).rem_euclid(12);
    Some(match function {
        DateFunction::CalendarMonth => month,
        DateFunction::CalendarQuarter => (month - 1) / 3 + 1,
        DateFunction::CalendarYear => year,
        DateFunction::DayInMonth => i64::from(day.day()),
        DateFunction::DayInWeek => i64::from(day.weekday().to_sunday_one_offset()),
        DateFunction::DayInYear => i64::from(day.day_of_year()),
        DateFunction::DayOnly => i64::from(date_of(day)?.as_days()),
        DateFunction::FiscalMonth => of_fiscal_year + 1,
        DateFunction::FiscalQuarter => of_fiscal_year / 3 + 1,
        DateFunction::FiscalYear => year - i64::from(month < i64::from(fiscal_month)),
        DateFunction::HourInDay => i64::from(at.hour()),
        DateFunction::WeekInMonth => i64::from((day.day() - 1) / 7 + 1),
        DateFunction::WeekInYear => i64::from((day.day_of_year() - 1) / 7 + 1),
    })
}

/// What a date function is applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A calendar day.
    Day(Date),
    /// A point in time.
    Point(Timestamp),
}

const EPOCH: civil::Date = date(1970, 1, 1);

pub(crate) fn civil_of(day: Date) -> Option<civil::Date> {
    EPOCH.checked_add(day.as_days().days()).ok()
}

fn date_of(day: civil::Date) -> Option<Date> {
    let days = EPOCH.until(day).ok()?.get_days();
    Some(Date::from_days(days))
}

pub(crate) fn local(point: Timestamp, zone: &Zone) -> Option<civil::DateTime> {
    let instant = jiff::Timestamp::from_millisecond(point.as_millis()).ok()?;
    Some(zone.rules.to_datetime(instant))
}

fn start_of(unit: Unit, today: civil::Date, fiscal_month: u8) -> Option<civil::Date> {
    let of_month = |back: i64| today.first_of_month().checked_sub(months(back)?).ok();
    let month = i64::from(today.month());
    let of_fiscal_year = (month - i64::from(fiscal_month)).rem_euclid(12);
    match unit {
        Unit::Day => Some(today),
        Unit::Week => {
            let past = i64::from(today.weekday().to_sunday_zero_offset());
            today.checked_sub(Length::new().try_days(past).ok()?).ok()
        }
        Unit::Month => of_month(0),
        Unit::Quarter => of_month((month - 1) % 3),
        Unit::Year => of_month(month - 1),
        Unit::FiscalQuarter => of_month(of_fiscal_year % 3),
        Unit::FiscalYear => of_month(of_fiscal_year),
    }
}

fn moved(unit: Unit, start: civil::Date, by: i64) -> Option<civil::Date> {
    let length = match unit {
        Unit::Day => Length::new().try_days(by).ok()?,
        Unit::Week => Length::new().try_weeks(by).ok()?,
        Unit::Month => months(by)?,
        Unit::Quarter | Unit::FiscalQuarter => months(by.checked_mul(3)?)?,
        Unit::Year | Unit::FiscalYear => months(by.checked_mul(12)?)?,
    };
    start.checked_add(length).ok()
}

fn months(count: i64) -> Option<Length> {
    Length::new().try_months(count).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        date_of(text.parse().expect("a date")).expect("in range")
    }

    fn shown(day: Date) -> String {
        civil_of(day).expect("in range").to_string()
    }

    #[test]
    fn literals_cover_whole_units() {
        let today = day("2021-02-17"); // A Wednesday.
        for (unit, span, from, to) in [
            (Unit::Day, Span::At(-1), "2021-02-16", "2021-02-17"),
            (Unit::Day, Span::Last(30), "2021-01-18", "2021-02-18"),
            (Unit::Day, Span::Next(90), "2021-02-18", "2021-05-19"),
            (Unit::Week, Span::At(0), "2021-02-14", "2021-02-21"),
            (Unit::Week, Span::Last(2), "2021-01-31", "2021-02-14"),
            (Unit::Month, Span::At(1), "2021-03-01", "2021-04-01"),
            (Unit::Month, Span::Next(2), "2021-03-01", "2021-05-01"),
            (Unit::Quarter, Span::At(-1), "2020-10-01", "2021-01-01"),
            (Unit::Year, Span::Last(2), "2019-01-01", "2021-01-01"),
            (Unit::FiscalYear, Span::At(0), "2020-07-01", "2021-07-01"),
            (Unit::FiscalQuarter, Span::At(1), "2021-04-01", "2021-07-01"),
        ] {
            let (first, after) = days(DateKeyword { unit, span }, today, 7).expect("in range");
            assert_eq!(
                (shown(first), shown(after)),
                (from.to_owned(), to.to_owned()),
                "{unit:?} {span:?}"
            );
        }
    }

    #[test]
    fn what_is_beyond_the_calendar_is_none() {
        let span = Span::Next(u32::MAX);
        for unit in [
            Unit::Day,
            Unit::Week,
            Unit::Month,
            Unit::Year,
            Unit::FiscalQuarter,
        ] {
            assert_eq!(
                days(DateKeyword { unit, span }, day("2021-02-17"), 1),
                None,
                "{unit:?}"
            );
        }
        let point = Moment::Point(Timestamp::from_millis(i64::MAX));
        assert_eq!(part(DateFunction::CalendarYear, point, None, 1), None);
    }

    #[test]
    fn functions_give_the_parts_of_a_moment() {
        let point = Moment::Point(Timestamp::from_millis(1_609_466_400_000)); // 2021-01-01T02:00:00Z
        let los_angeles = Zone::find("America/Los_Angeles").expect("known");
        for (function, utc, there) in [
            (DateFunction::CalendarYear, 2021, 2020),
            (DateFunction::CalendarMonth, 1, 12),
            (DateFunction::CalendarQuarter, 1, 4),
            (DateFunction::DayInMonth, 1, 31),
            (DateFunction::DayInWeek, 6, 5),
            (DateFunction::DayInYear, 1, 366),
            (DateFunction::DayOnly, 18_628, 18_627),
            (DateFunction::FiscalMonth, 10, 9),
            (DateFunction::FiscalQuarter, 4, 3),
            (DateFunction::FiscalYear, 2020, 2020),
            (DateFunction::HourInDay, 2, 18),
            (DateFunction::WeekInMonth, 1, 5),
            (DateFunction::WeekInYear, 1, 53),
        ] {
            assert_eq!(part(function, point, None, 4), Some(utc), "{function:?}");
            assert_eq!(
                part(function, point, Some(&los_angeles), 4),
                Some(there),
                "{function:?}"
            );
        }
    }

    #[test]
    fn a_day_begins_where_its_zone_says() {
        let zone = Zone::find("America/Los_Angeles").expect("known");
        let start = start_of_day(day("2021-07-01"), &zone).expect("in range");
        assert_eq!(start.as_millis(), 1_625_122_800_000);
        assert_eq!(day_at(start, &zone), Some(day("2021-07-01")));
        assert_eq!(
            day_at(start.plus_millis(-1), &zone),
            Some(day("2021-06-30"))
        );
        assert!(Zone::find("Mars/Olympus").is_none());
    }
}
