//! JSON text, written straight into bytes.

use std::io::Write as _;

use landfall_model::{Date, Timestamp};

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Writes a string with its quotes.
pub(crate) fn string(out: &mut Vec<u8>, string: &str) {
    text(out, string.as_bytes());
}

/// Writes the bytes of a string, with quotes; says whether all of them are ASCII.
pub(crate) fn text(out: &mut Vec<u8>, text: &[u8]) -> bool {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut rest = text;
    while let Some(stop) = special(rest) {
        let (plain, tail) = rest.split_at(stop);
        out.extend_from_slice(plain);
        let Some((&byte, tail)) = tail.split_first() else {
            break;
        };
        escape(out, byte);
        rest = tail;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
    text.is_ascii()
}

/// The place of the first byte that needs an escape.
fn special(text: &[u8]) -> Option<usize> {
    let is_special = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
    // Without a branch for each byte the compiler looks at all of a chunk at once.
    let has_special =
        |chunk: &[u8; 16]| chunk.iter().fold(false, |any, byte| any | is_special(byte));
    let (chunks, rest) = text.as_chunks();
    if let Some(place) = chunks.iter().position(has_special) {
        let behind = text.get(place * 16..)?;
        return Some(place * 16 + behind.iter().position(is_special)?);
    }
    // The last sixteen bytes again: those that come twice need no escape.
    match text.last_chunk() {
        Some(last) if !has_special(last) => None,
        _ => Some(text.len() - rest.len() + rest.iter().position(is_special)?),
    }
}

fn escape(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            let digit = |place: u8| HEX.get(usize::from(place)).copied().unwrap_or(b'0');
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&[digit(byte >> 4), digit(byte & 0xf)]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// Writes a whole number.
pub(crate) fn integer(out: &mut Vec<u8>, number: i64) {
    let mut digits = [0_u8; 20];
    let mut rest = number.unsigned_abs();
    let mut start = digits.len();
    for place in digits.iter_mut().rev() {
        *place = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
        start -= 1;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(digits.get(start..).unwrap_or_default());
}

/// Writes a number with a decimal point or an exponent; what JSON cannot say becomes null.
pub(crate) fn double(out: &mut Vec<u8>, number: f64) {
    if number.is_finite() {
        write(out, format_args!("{number:?}"));
    } else {
        out.extend_from_slice(b"null");
    }
}

/// Writes a point in time as a string: `2024-04-09T20:26:27.000Z`.
pub(crate) fn date_time(out: &mut Vec<u8>, millis: i64) {
    out.push(b'"');
    day(out, Date::of(Timestamp::from_millis(millis)));
    out.push(b'T');
    clock(out, millis.rem_euclid(MILLIS_A_DAY));
    out.push(b'"');
}

/// Writes a point in time as a string, without its fraction of a second: `2024-04-09T20:26:27Z`.
pub(crate) fn date_time_in_seconds(out: &mut Vec<u8>, millis: i64) {
    date_time(out, millis);
    out.truncate(out.len() - ".000Z\"".len());
    out.extend_from_slice(b"Z\"");
}

/// Writes a calendar day as a string: `2024-04-09`.
pub(crate) fn date(out: &mut Vec<u8>, millis: i64) {
    out.push(b'"');
    day(out, Date::of(Timestamp::from_millis(millis)));
    out.push(b'"');
}

/// Writes a time of day as a string: `20:26:27.000Z`.
pub(crate) fn time(out: &mut Vec<u8>, millis: i64) {
    out.push(b'"');
    clock(out, millis.rem_euclid(MILLIS_A_DAY));
    out.push(b'"');
}

const MILLIS_A_DAY: i64 = 86_400_000;

/// Reads a calendar day into the milliseconds of its midnight.
pub(crate) fn read_date(text: &str) -> Option<i64> {
    let [year, month, day] = parts(text, '-', [4, 2, 2])?;
    Some(
        Date::from_calendar(year, month, day)?
            .midnight()
            .as_millis(),
    )
}

/// Reads a point in time with its zone: `Z`, `+02:00` or `+0200`.
pub(crate) fn read_date_time(text: &str) -> Option<i64> {
    let (day, clock) = text.split_once('T')?;
    if let Some(clock) = clock.strip_suffix('Z') {
        return Some(read_date(day)? + read_clock(clock)?);
    }
    let (clock, zone) = clock.split_at_checked(clock.rfind(['+', '-'])?)?;
    let [hours, minutes] = match zone.len() {
        5 => [zone.get(1..3)?, zone.get(3..)?],
        6 if zone.get(3..4)? == ":" => [zone.get(1..3)?, zone.get(4..)?],
        _ => return None,
    };
    let minutes = number(hours, 2)? * 60 + number(minutes, 2)?;
    let offset = if zone.starts_with('-') {
        -minutes
    } else {
        minutes
    };
    Some(read_date(day)? + read_clock(clock)? - offset * 60_000)
}

/// Reads a time of day, with or without `Z`.
pub(crate) fn read_time(text: &str) -> Option<i64> {
    read_clock(text.strip_suffix('Z').unwrap_or(text))
}

/// Reads `20:26:27` with or without up to three digits after a point.
fn read_clock(text: &str) -> Option<i64> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let [hours, minutes, seconds] = parts(clock, ':', [2, 2, 2])?;
    let millis = match fraction.len() {
        1 => number(fraction, 1)? * 100,
        2 => number(fraction, 2)? * 10,
        _ => number(fraction, 3)?,
    };
    (hours < 24 && minutes < 60 && seconds < 60)
        .then_some(((hours * 60 + minutes) * 60 + seconds) * 1_000 + millis)
}

fn parts(text: &str, separator: char, digits: [usize; 3]) -> Option<[i64; 3]> {
    let mut parts = text.split(separator);
    let [first, second, third] = digits.map(|digits| number(parts.next()?, digits));
    parts.next().is_none().then_some([first?, second?, third?])
}

/// Reads exactly this many decimal digits.
fn number(text: &str, digits: usize) -> Option<i64> {
    let is_plain = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| text.parse().ok()).flatten()
}

fn day(out: &mut Vec<u8>, day: Date) {
    let (year, month, day) = day.calendar();
    if (0..=9_999).contains(&year) {
        two_digits(out, year / 100);
        two_digits(out, year);
    } else {
        write(out, format_args!("{year:+05}"));
    }
    out.push(b'-');
    two_digits(out, month);
    out.push(b'-');
    two_digits(out, day);
}

fn clock(out: &mut Vec<u8>, millis: i64) {
    let seconds = millis / 1_000;
    two_digits(out, seconds / 3_600);
    out.push(b':');
    two_digits(out, seconds / 60 % 60);
    out.push(b':');
    two_digits(out, seconds % 60);
    out.push(b'.');
    two_digits(out, millis % 1_000 / 10);
    out.extend_from_slice(&[digit(millis), b'Z']);
}

/// Writes the last two decimal digits of a number that is not negative.
fn two_digits(out: &mut Vec<u8>, number: i64) {
    out.extend_from_slice(&[digit(number / 10), digit(number)]);
}

/// The last decimal digit of a number that is not negative.
fn digit(number: i64) -> u8 {
    b'0' + u8::try_from(number % 10).unwrap_or_default()
}

fn write(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // A vector accepts every write.
    let _ = out.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn points_in_time_have_milliseconds_and_days_none() {
        assert_eq!(
            written(|out| date_time(out, 1_712_693_965_000)),
            r#""2024-04-09T20:19:25.000Z""#
        );
        assert_eq!(
            written(|out| date(out, 1_719_705_600_000)),
            r#""2024-06-30""#
        );
        assert_eq!(written(|out| date(out, 951_782_400_000)), r#""2000-02-29""#);
        assert_eq!(
            written(|out| date_time(out, -1)),
            r#""1969-12-31T23:59:59.999Z""#
        );
        assert_eq!(
            written(|out| date(out, -62_135_596_800_000)),
            r#""0001-01-01""#
        );
        assert_eq!(written(|out| time(out, 47_112_345)), r#""13:05:12.345Z""#);
        for extreme in [i64::MIN, i64::MAX] {
            assert!(written(|out| date_time(out, extreme)).ends_with("Z\""));
        }
    }

    #[test]
    fn numbers_of_a_double_field_have_a_point() {
        assert_eq!(written(|out| double(out, 3.0)), "3.0");
        assert_eq!(written(|out| double(out, -0.25)), "-0.25");
        assert_eq!(written(|out| double(out, 350_000_000.0)), "350000000.0");
        assert_eq!(written(|out| double(out, f64::NAN)), "null");
    }

    #[test]
    fn text_is_escaped_where_json_demands_it() {
        assert_eq!(
            written(|out| string(out, "a\"b\\c\r\n\t\u{1}\u{7f} ä\u{1f600}")),
            "\"a\\\"b\\\\c\\r\\n\\t\\u0001\u{7f} ä\u{1f600}\""
        );
        assert_eq!(written(|out| string(out, "")), "\"\"");
    }
}
