//! Days and times of day from their digits, by the proleptic Gregorian calendar.

use std::ops::RangeInclusive;

/// The first and the last day that a query may name, 1700-01-01 and 4000-12-31; the last moment is the midnight with which
/// the last day begins.
///
/// Unit: days since 1970-01-01.
/// Source: "Date Formats and Date Literals" (SOQL and SOSL Reference).
const DAYS: RangeInclusive<i32> = -98_615..=741_807;

/// Unit: milliseconds in a day.
const DAY_MS: i64 = 86_400_000;

/// Unit: days since 1970-01-01; none for a day that is not in the calendar.
pub(crate) fn days(year: i32, month: u32, day: u32) -> Option<i32> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if day == 0 || day > length {
        return None;
    }
    // Years begin in March here, so that the leap day is the last.
    let (month, day) = (i32::try_from(month).ok()?, i32::try_from(day).ok()?);
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    Some(era * 146_097 + of_era - 719_468)
}

/// A date, and a time if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Unit: days since 1970-01-01.
    Date(i32),
    /// Unit: milliseconds since 1970-01-01T00:00:00Z.
    DateTime(i64),
    /// Unit: milliseconds since midnight.
    Time(i32),
}

/// Reads `2021-07-25`, `2021-07-25T00:00:00.000+00:00` or `09:30:00.000Z`.
///
/// Clients: some write a fraction, an offset without its colon, or a small `t` or `z`.
pub(crate) fn read(text: &str) -> Option<Moment> {
    if text.get(2..3) == Some(":") {
        let (millis, rest) = time(text)?;
        return rest
            .eq_ignore_ascii_case("Z")
            .then_some(Moment::Time(millis));
    }
    let (year, rest) = digits(text, 4)?;
    let (month, rest) = digits(rest.strip_prefix('-')?, 2)?;
    let (day, rest) = digits(rest.strip_prefix('-')?, 2)?;
    let day = days(i32::try_from(year).ok()?, month, day)?;
    if rest.is_empty() {
        return DAYS.contains(&day).then_some(Moment::Date(day));
    }
    let (millis, rest) = time(rest.strip_prefix(['T', 't'])?)?;
    let offset = offset_minutes(rest)?;
    let moment = i64::from(day) * DAY_MS + i64::from(millis) - offset * 60_000;
    let within = i64::from(*DAYS.start()) * DAY_MS..=i64::from(*DAYS.end()) * DAY_MS;
    within.contains(&moment).then_some(Moment::DateTime(moment))
}

fn time(text: &str) -> Option<(i32, &str)> {
    let (hour, rest) = digits(text, 2)?;
    let (minute, rest) = digits(rest.strip_prefix(':')?, 2)?;
    let (second, rest) = digits(rest.strip_prefix(':')?, 2)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (millis, rest) = match rest.strip_prefix('.') {
        None => (0, rest),
        Some(fraction) => {
            let length = fraction.bytes().take_while(u8::is_ascii_digit).count();
            let (fraction, rest) = fraction.split_at_checked(length)?;
            let first: String = fraction.chars().chain("00".chars()).take(3).collect();
            (first.parse::<u32>().ok().filter(|_| length > 0)?, rest)
        }
    };
    let millis = ((hour * 60 + minute) * 60 + second) * 1000 + millis;
    Some((i32::try_from(millis).ok()?, rest))
}

fn offset_minutes(text: &str) -> Option<i64> {
    if text.eq_ignore_ascii_case("Z") {
        return Some(0);
    }
    let sign = match text.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, rest) = digits(text.get(1..)?, 2)?;
    let (minutes, rest) = digits(rest.strip_prefix(':').unwrap_or(rest), 2)?;
    let whole = rest.is_empty() && hours <= 18 && minutes <= 59;
    whole.then(|| sign * i64::from(hours * 60 + minutes))
}

fn digits(text: &str, count: usize) -> Option<(u32, &str)> {
    let (head, rest) = text.split_at_checked(count)?;
    let all = head.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| head.parse().ok())?.map(|number| (number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_that_clients_write_is_the_same_point() {
        for text in [
            "2021-07-25T00:00:00Z",
            "2021-07-25T00:00:00.000+00:00",
            "2021-07-25t02:00:00.0+0200",
            "2021-07-24T19:00:00.000000-05:00",
        ] {
            assert_eq!(
                read(text),
                Some(Moment::DateTime(1_627_171_200_000)),
                "{text}"
            );
        }
        assert_eq!(read("2021-07-25"), Some(Moment::Date(18_833)));
        assert_eq!(read("1970-01-01"), Some(Moment::Date(0)));
        assert_eq!(read("1700-01-01"), Some(Moment::Date(-98_615)));
        assert_eq!(read("4000-12-31"), Some(Moment::Date(741_807)));
        assert!(read("4000-12-31T00:00:00Z").is_some());
        assert_eq!(read("2000-02-29"), Some(Moment::Date(11_016)));
        assert_eq!(read("09:30:00.25Z"), Some(Moment::Time(34_200_250)));
    }

    #[test]
    fn what_is_no_day_or_time_is_refused() {
        for text in [
            "2021-02-29",
            "2021-13-01",
            "2021-00-01",
            "2021-01-00",
            "2021-07-25T24:00:00Z",
            "2021-07-25T00:00:00",
            "2021-07-25T00:00:00.Z",
            "2021-07-25T00:00:00+19:00",
            "09:30:00",
            "é9:30:00Z",
            "1699-12-31",
            "4001-01-01",
            "1700-01-01T00:00:00+00:01",
            "4000-12-31T00:00:01Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
