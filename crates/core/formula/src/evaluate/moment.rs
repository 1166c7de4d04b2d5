//! Dates and times.

use landfall_model::time::days_in_month;
use landfall_model::{Date, Timestamp};

use super::{Evaluation, cut, number};
use crate::datum::Datum;
use crate::failure::Failure;
use crate::function::Function;
use crate::number::Number;

const DAY: i64 = 86_400_000;
const INVALID: Failure = Failure::DateInvalid;

impl Evaluation<'_> {
    /// A function of dates and times; none if it is another.
    pub(super) fn moment(
        &self,
        function: Function,
        arguments: &[Datum],
    ) -> Result<Option<Datum>, Failure> {
        let first = arguments.first().unwrap_or(&Datum::Null);
        Ok(Some(match function {
            Function::Date => date(arguments)?,
            Function::FromUnixTime => from_unix_time(arguments)?,
            Function::AddMonths => add_months(first, cut(arguments, 1))?,
            Function::DateValue => self.date_value(first)?,
            Function::DateTimeValue => date_time_value(first)?,
            Function::TimeValue => time_value(first)?,
            Function::UnixTimestamp
            | Function::Year
            | Function::Month
            | Function::Day
            | Function::Weekday
            | Function::Hour
            | Function::Minute
            | Function::Second
            | Function::Millisecond
            | Function::DayOfYear
            | Function::IsoWeek
            | Function::IsoYear => match part(function, first)? {
                Some(part) => Datum::Number(Number::whole(part)),
                None => Datum::Null,
            },
            _ => return Ok(None),
        }))
    }

    fn date_value(&self, value: &Datum) -> Result<Datum, Failure> {
        match value {
            Datum::Date(day) => Ok(Datum::Date(*day)),
            Datum::DateTime(point) => Ok(Datum::Date(self.local_day(*point))),
            Datum::Text(text) if !text.is_empty() => parse_date(text).map(Datum::Date),
            _ => Ok(Datum::Null),
        }
    }
}

/// A number that is part of a date or time; none of a missing one.
fn part(function: Function, value: &Datum) -> Result<Option<i64>, Failure> {
    Ok(match (function, value) {
        (_, Datum::Null) => None,
        (Function::UnixTimestamp, Datum::Date(day)) => Some(day.midnight().as_millis() / 1_000),
        (Function::UnixTimestamp, Datum::DateTime(point)) => {
            Some(point.as_millis().div_euclid(1_000))
        }
        (Function::UnixTimestamp, Datum::Time(millis)) => Some(millis / 1_000),
        (Function::Year, Datum::Date(day)) => Some(day.calendar().0),
        (Function::Month, Datum::Date(day)) => Some(day.calendar().1),
        (Function::Day, Datum::Date(day)) => Some(day.calendar().2),
        // The first of January 1970 was a Thursday, the fifth day from Sunday.
        (Function::Weekday, Datum::Date(day)) => {
            Some((i64::from(day.as_days()) + 4).rem_euclid(7) + 1)
        }
        (_, Datum::Time(millis)) => Some(part_of_time(function, *millis)),
        (Function::DayOfYear | Function::IsoWeek | Function::IsoYear, value) => match day_of(value)
        {
            Some(day) => Some(part_of_year(function, day)?),
            None => None,
        },
        _ => return Err(Failure::Operands),
    })
}

/// The day of a year from 1 to 9999, a month and a day that exist.
fn day_from(year: i64, month: i64, day: i64) -> Result<Date, Failure> {
    let years = 1..=9_999;
    let day = Date::from_calendar(year, month, day).filter(|_| years.contains(&year));
    day.ok_or(INVALID)
}

/// A point in the years that dates have.
fn within(point: Timestamp) -> Result<Timestamp, Failure> {
    let (year, ..) = Date::of(point).calendar();
    if (1..=9_999).contains(&year) {
        Ok(point)
    } else {
        Err(INVALID)
    }
}

fn date(arguments: &[Datum]) -> Result<Datum, Failure> {
    match (cut(arguments, 0), cut(arguments, 1), cut(arguments, 2)) {
        (Some(year), Some(month), Some(day)) => day_from(year, month, day).map(Datum::Date),
        _ => Ok(Datum::Null),
    }
}

fn from_unix_time(arguments: &[Datum]) -> Result<Datum, Failure> {
    let Some(seconds) = cut(arguments, 0) else {
        return Ok(Datum::Null);
    };
    let millis = seconds.checked_mul(1_000).ok_or(INVALID)?;
    within(Timestamp::from_millis(millis)).map(Datum::DateTime)
}

fn day_of(value: &Datum) -> Option<Date> {
    match value {
        Datum::Date(day) => Some(*day),
        Datum::DateTime(point) => Some(Date::of(*point)),
        _ => None,
    }
}

/// Milliseconds since midnight in Greenwich.
pub(super) const fn time_of(point: Timestamp) -> i64 {
    point.as_millis().rem_euclid(DAY)
}

const fn part_of_time(function: Function, millis: i64) -> i64 {
    match function {
        Function::Hour => millis / 3_600_000,
        Function::Minute => millis / 60_000 % 60,
        Function::Second => millis / 1_000 % 60,
        _ => millis % 1_000,
    }
}

fn part_of_year(function: Function, day: Date) -> Result<i64, Failure> {
    let new_year = |year| day_from(year, 1, 1).map(|day| i64::from(day.as_days()));
    let days = i64::from(day.as_days());
    if function == Function::DayOfYear {
        return Ok(days - new_year(day.calendar().0)? + 1);
    }
    // A week belongs to the year of its Thursday.
    let thursday = days - (days + 3).rem_euclid(7) + 3;
    let thursday_day = i32::try_from(thursday).map_err(|_| INVALID)?;
    let (year, ..) = Date::from_days(thursday_day).calendar();
    if function == Function::IsoYear {
        return Ok(year);
    }
    Ok((thursday - new_year(year)?) / 7 + 1)
}

/// Months later: from the last day of a month to the last day, otherwise to the same day or the last before it.
fn add_months(value: &Datum, months: Option<i64>) -> Result<Datum, Failure> {
    let (Some(start), Some(months)) = (day_of(value), months) else {
        return Ok(Datum::Null);
    };
    let (year, month, day) = start.calendar();
    let total = (year * 12 + month - 1).checked_add(months);
    let total = total.filter(|total| (12..120_000).contains(total));
    let total = total.ok_or(INVALID)?;
    let (new_year, new_month) = (total.div_euclid(12), total.rem_euclid(12) + 1);
    let last = days_in_month(new_year, new_month);
    let new_day = if day == days_in_month(year, month) {
        last
    } else {
        day.min(last)
    };
    let moved = day_from(new_year, new_month, new_day)?;
    Ok(match value {
        Datum::DateTime(point) => Datum::DateTime(moved.midnight().plus_millis(time_of(*point))),
        _ => Datum::Date(moved),
    })
}

/// The number that so many digits show.
fn digits(text: &str, count: std::ops::RangeInclusive<usize>) -> Result<i64, Failure> {
    if !count.contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(INVALID);
    }
    text.parse().map_err(|_| INVALID)
}

/// `YYYY-M-D`. Source: gold file `testDATEVALUEWithString`.
fn parse_date(text: &str) -> Result<Date, Failure> {
    let [year, month, day] = three(text, '-')?;
    day_from(
        digits(year, 4..=4)?,
        digits(month, 1..=2)?,
        digits(day, 1..=2)?,
    )
}

fn three(text: &str, separator: char) -> Result<[&str; 3], Failure> {
    let parts: Vec<&str> = text.split(separator).collect();
    parts.try_into().map_err(|_| INVALID)
}

/// Milliseconds of hours, minutes and seconds, each of so many digits.
fn parse_time(text: &str, count: std::ops::RangeInclusive<usize>) -> Result<i64, Failure> {
    let [hour, minute, second] = three(text, ':')?;
    let hour = digits(hour, count.clone())?;
    let minute = digits(minute, count.clone())?;
    let second = digits(second, count)?;
    if hour > 23 || minute > 59 || second > 59 {
        return Err(INVALID);
    }
    Ok(((hour * 60 + minute) * 60 + second) * 1_000)
}

/// `YYYY-M-D H:M:S`.
fn date_time_value(value: &Datum) -> Result<Datum, Failure> {
    match value {
        Datum::Date(day) => Ok(Datum::DateTime(day.midnight())),
        Datum::DateTime(point) => Ok(Datum::DateTime(*point)),
        Datum::Text(text) if !text.is_empty() => {
            let (day, time) = text.trim_end().split_once(' ').ok_or(INVALID)?;
            let millis = parse_time(time, 1..=2)?;
            let midnight = parse_date(day)?.midnight();
            Ok(Datum::DateTime(midnight.plus_millis(millis)))
        }
        _ => Ok(Datum::Null),
    }
}

/// `HH:MM:SS.mmm`.
fn time_value(value: &Datum) -> Result<Datum, Failure> {
    match value {
        Datum::Time(millis) => Ok(Datum::Time(*millis)),
        Datum::DateTime(point) => Ok(Datum::Time(time_of(*point))),
        Datum::Text(text) if !text.is_empty() => {
            let (time, millis) = text.split_once('.').ok_or(INVALID)?;
            Ok(Datum::Time(
                parse_time(time, 2..=2)? + digits(millis, 3..=3)?,
            ))
        }
        _ => Ok(Datum::Null),
    }
}

/// A sum; of a day or point in time and days, of a time of day and milliseconds.
pub(super) fn plus(left: Datum, right: Datum) -> Result<Datum, Failure> {
    match (left, right) {
        (Datum::Number(left), Datum::Number(right)) => left.plus(&right).map(Datum::Number),
        (Datum::Number(number), moment) | (moment, Datum::Number(number)) => {
            moved(&moment, &number)
        }
        _ => Ok(Datum::Null),
    }
}

/// A difference; of two days or points in time in days, of two times of day in milliseconds.
pub(super) fn minus(left: Datum, right: Datum) -> Result<Datum, Failure> {
    match (left, right) {
        (Datum::Number(left), Datum::Number(right)) => left.minus(&right).map(Datum::Number),
        (moment, Datum::Number(number)) => moved(&moment, &number.negated()),
        (Datum::Date(left), Datum::Date(right)) => {
            let days = i64::from(left.as_days()) - i64::from(right.as_days());
            Ok(Datum::Number(Number::whole(days)))
        }
        (Datum::DateTime(left), Datum::DateTime(right)) => {
            let days = Number::whole(left.since(right)).divided_by(&Number::whole(DAY));
            days.map(Datum::Number)
        }
        (Datum::Time(left), Datum::Time(right)) => {
            Ok(Datum::Number(Number::whole((left - right).rem_euclid(DAY))))
        }
        _ => Ok(Datum::Null),
    }
}

fn moved(moment: &Datum, by: &Number) -> Result<Datum, Failure> {
    match moment {
        Datum::Date(day) => {
            let days = i64::from(day.as_days()).checked_add(by.cut().ok_or(INVALID)?);
            let days = days.and_then(|days| i32::try_from(days).ok());
            let day = Date::from_days(days.ok_or(INVALID)?);
            within(day.midnight()).map(|_| Datum::Date(day))
        }
        Datum::DateTime(point) => {
            let seconds = by.times(&Number::whole(86_400))?.rounded(0);
            let millis = seconds.cut().and_then(|seconds| seconds.checked_mul(1_000));
            within(point.plus_millis(millis.ok_or(INVALID)?)).map(Datum::DateTime)
        }
        Datum::Time(millis) => {
            let by = by.rounded(0).cut().ok_or(INVALID)?;
            Ok(Datum::Time((millis + by.rem_euclid(DAY)).rem_euclid(DAY)))
        }
        _ => Ok(Datum::Null),
    }
}

/// `FORMATDURATION`: hours, minutes and seconds, and days where a formula has them shown.
pub(super) fn duration(arguments: &[Datum]) -> Datum {
    let (seconds, days) = match arguments {
        [Datum::DateTime(from), Datum::DateTime(to)] => (to.since(*from) / 1_000, true),
        [Datum::Time(from), Datum::Time(to)] => ((to - from) / 1_000, false),
        [Datum::Number(seconds), Datum::Boolean(days)] => (seconds.cut().unwrap_or(0), *days),
        _ => match number(arguments, 0) {
            Some(seconds) => (seconds.cut().unwrap_or(0), false),
            None => return Datum::Null,
        },
    };
    let seconds = seconds.unsigned_abs();
    let (minutes, second) = (seconds / 60, seconds % 60);
    let (hours, minute) = (minutes / 60, minutes % 60);
    Datum::Text(if days {
        format!("{}:{:02}:{minute:02}:{second:02}", hours / 24, hours % 24)
    } else {
        format!("{hours:02}:{minute:02}:{second:02}")
    })
}
