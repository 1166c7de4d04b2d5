//! Dates and times as REST and the Bulk API read and write them.
//!
//! Source: "Valid Date and `DateTime` Formats" (REST API Developer Guide); the wider forms are what clients write.

use jiff::civil;
use jiff::tz::{Offset, TimeZone};
use landfall_model::{Date, Timestamp};

/// Writes a point in time: `2013-05-07T22:07:19.000+0000`.
pub fn render_date_time(point: Timestamp) -> String {
    civil_utc(point).map_or_else(
        || "1970-01-01T00:00:00.000+0000".to_owned(),
        |civil| format!("{}+0000", civil.strftime("%Y-%m-%dT%H:%M:%S.%3f")),
    )
}

/// Writes a point in time as XML has it: `2013-05-07T22:07:19.000Z`.
pub fn render_utc(point: Timestamp) -> String {
    civil_utc(point).map_or_else(
        || "1970-01-01T00:00:00.000Z".to_owned(),
        |civil| format!("{}Z", civil.strftime("%Y-%m-%dT%H:%M:%S.%3f")),
    )
}

/// Writes a day: `2013-05-07`.
pub fn render_date(day: Date) -> String {
    civil_utc(day.midnight()).map_or_else(
        || "1970-01-01".to_owned(),
        |civil| civil.strftime("%Y-%m-%d").to_string(),
    )
}

/// Writes a time of day: `14:05:00.000Z`.
pub fn render_time(millis: i32) -> String {
    let (seconds, millis) = (millis.div_euclid(1000), millis.rem_euclid(1000));
    let (minutes, seconds) = (seconds.div_euclid(60), seconds.rem_euclid(60));
    let (hours, minutes) = (minutes.div_euclid(60), minutes.rem_euclid(60));
    format!("{hours:02}:{minutes:02}:{seconds:02}.{millis:03}Z")
}

/// Writes a point in time as messages about it do: `Tue May 07 22:07:19 GMT 2013`.
pub(crate) fn render_long(point: Timestamp) -> String {
    civil_utc(point).map_or_else(String::new, |civil| {
        civil.strftime("%a %b %d %H:%M:%S GMT %Y").to_string()
    })
}

/// Reads `yyyy-MM-dd`.
pub fn parse_date(text: &str) -> Option<Date> {
    let (date, rest) = read_date(text)?;
    if !rest.is_empty() {
        return None;
    }
    Some(Date::of(utc(date.at(0, 0, 0, 0))?))
}

/// Reads `yyyy-MM-ddTHH:mm:ss`, 0 to 9 digits of a fraction, and `Z`, `+hh:mm` or `+hhmm`.
///
/// Clients: simple ones send the written form back (`.000+0000`), django-salesforce six digits and `+0000`.
pub fn parse_date_time(text: &str) -> Option<Timestamp> {
    let (date, rest) = read_date(text)?;
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (hour, rest) = digits(rest, 2)?;
    let (minute, rest) = digits(rest.strip_prefix(':')?, 2)?;
    let (second, rest) = digits(rest.strip_prefix(':')?, 2)?;
    let (nanos, rest) = fraction(rest)?;
    let offset = offset_seconds(rest)?;
    let time = civil::Time::new(
        i8::try_from(hour).ok()?,
        i8::try_from(minute).ok()?,
        i8::try_from(second).ok()?,
        nanos,
    )
    .ok()?;
    Some(utc(date.to_datetime(time))?.plus_millis(-1000 * offset))
}

/// Reads `HH:mm`, `HH:mm:ss` or `HH:mm:ss.SSS`, with or without `Z`.
pub fn parse_time(text: &str) -> Option<i32> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let (hour, rest) = digits(text, 2)?;
    let (minute, rest) = digits(rest.strip_prefix(':')?, 2)?;
    let (second, rest) = match rest.strip_prefix(':') {
        Some(rest) => digits(rest, 2)?,
        None => (0, rest),
    };
    let (nanos, rest) = fraction(rest)?;
    if !rest.is_empty() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(((hour * 60 + minute) * 60 + second) * 1000 + nanos / 1_000_000)
}

/// Reads the date of a conditional header: `Tue, 07 May 2013 22:07:19 GMT`.
///
/// The day of the week does not matter: an example of the guide has a wrong one.
/// Source: RFC 9110, 5.6.7; "Conditional Request Headers" (REST API Developer Guide).
pub fn parse_http_date(text: &str) -> Option<Timestamp> {
    let parser = jiff::fmt::rfc2822::DateTimeParser::new().relaxed_weekday(true);
    let zoned = parser.parse_zoned(text.replace(" UTC", " GMT")).ok()?;
    Some(Timestamp::from_millis(zoned.timestamp().as_millisecond()))
}

/// Writes the date of a conditional header.
pub fn render_http_date(point: Timestamp) -> String {
    civil_utc(point).map_or_else(String::new, |civil| {
        civil.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    })
}

fn civil_utc(point: Timestamp) -> Option<civil::DateTime> {
    let instant = jiff::Timestamp::from_millisecond(point.as_millis()).ok()?;
    Some(Offset::UTC.to_datetime(instant))
}

fn utc(civil: civil::DateTime) -> Option<Timestamp> {
    let zoned = civil.to_zoned(TimeZone::UTC).ok()?;
    Some(Timestamp::from_millis(zoned.timestamp().as_millisecond()))
}

fn read_date(text: &str) -> Option<(civil::Date, &str)> {
    let (year, rest) = digits(text, 4)?;
    let (month, rest) = digits(rest.strip_prefix('-')?, 2)?;
    let (day, rest) = digits(rest.strip_prefix('-')?, 2)?;
    let date = civil::Date::new(
        i16::try_from(year).ok()?,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
    )
    .ok()?;
    Some((date, rest))
}

/// Exactly `count` digits, and what follows them.
fn digits(text: &str, count: usize) -> Option<(i32, &str)> {
    let (head, rest) = text.split_at_checked(count)?;
    let all = head.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| head.parse().ok())?.map(|number| (number, rest))
}

/// An optional fraction of a second. Unit: nanoseconds.
fn fraction(text: &str) -> Option<(i32, &str)> {
    let Some(rest) = text.strip_prefix('.') else {
        return Some((0, text));
    };
    let length = rest
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(rest.len());
    let (head, tail) = rest.split_at_checked(length)?;
    if length > 9 {
        return None;
    }
    Some((format!("{head:0<9}").parse().ok()?, tail))
}

/// `Z` or a signed offset. Unit: seconds east of Greenwich.
fn offset_seconds(text: &str) -> Option<i64> {
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
    let within = rest.is_empty() && hours <= 18 && minutes <= 59;
    within.then(|| i64::from(sign * (hours * 60 + minutes) * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_that_clients_write_is_the_same_point() {
        let expected = Timestamp::from_millis(1_376_320_800_000);
        for text in [
            "2013-08-12T15:20:00Z",
            "2013-08-12T15:20:00.000Z",
            "2013-08-12T15:20:00.000+0000",
            "2013-08-12T15:20:00+0000",
            "2013-08-12T15:20:00.000000000+00:00",
            "2013-08-12T17:20:00+02:00",
            "2013-08-12T10:20:00.0-0500",
        ] {
            assert_eq!(parse_date_time(text), Some(expected), "{text}");
        }
        assert_eq!(
            parse_date_time("2013-08-12T15:20:00.123456+0000"),
            Some(expected.plus_millis(123))
        );
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "2013-08-12",
            "2013-08-12T15:20Z",
            "2013-08-12T15:20:00",
            "2013-02-30T00:00:00Z",
            "2013-08-12T25:00:00Z",
            "2013-08-12T15:20:00.0000000001Z",
            "2013-08-12T15:20:00+2",
            "12.08.2013",
            "é013-08-12T15:20:00Z",
        ] {
            assert_eq!(parse_date_time(text), None, "{text}");
        }
        for text in ["2013-8-1", "2013-13-01", "2013-08-12T00:00:00Z", "20130812"] {
            assert_eq!(parse_date(text), None, "{text}");
        }
        assert_eq!(parse_time("24:00:00"), None);
        assert_eq!(parse_http_date("yesterday"), None);
        assert_eq!(
            parse_http_date("Tue, 10 Aug 2015 00:00:00 GMT"),
            parse_http_date("Mon, 10 Aug 2015 00:00:00 GMT")
        );
    }

    #[test]
    fn what_is_written_reads_back() {
        let point = Timestamp::from_millis(1_367_964_439_000);
        assert_eq!(render_date_time(point), "2013-05-07T22:07:19.000+0000");
        assert_eq!(parse_date_time(&render_date_time(point)), Some(point));
        assert_eq!(render_http_date(point), "Tue, 07 May 2013 22:07:19 GMT");
        assert_eq!(parse_http_date(&render_http_date(point)), Some(point));
        let day = Date::from_days(15_832);
        assert_eq!(render_date(day), "2013-05-07");
        assert_eq!(parse_date("2013-05-07"), Some(day));
        assert_eq!(parse_date("1969-12-31"), Some(Date::from_days(-1)));
        assert_eq!(render_time(50_700_000), "14:05:00.000Z");
        assert_eq!(parse_time("14:05:00.000Z"), Some(50_700_000));
    }
}
