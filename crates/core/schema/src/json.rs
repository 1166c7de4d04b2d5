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
    let is_plain = is_plain(text);
    out.reserve(text.len() + 2);
    out.push(b'"');
    if is_plain {
        out.extend_from_slice(text);
    } else {
        escaped(out, text);
    }
    out.push(b'"');
    is_plain || text.is_ascii()
}

/// Whether all bytes are ASCII and none needs an escape, as in most texts.
fn is_plain(text: &[u8]) -> bool {
    // One comparison for both ends of the range.
    #[expect(
        clippy::needless_bitwise_bool,
        reason = "a branch for each byte would be slower"
    )]
    let is_odd = |byte: &u8| (byte.wrapping_sub(0x20) >= 0x60) | (*byte == b'"') | (*byte == b'\\');
    // Without a branch for each byte the compiler looks at all of a chunk at once.
    let has_odd = |chunk: &[u8; 16]| chunk.iter().fold(false, |any, byte| any | is_odd(byte));
    let (chunks, rest) = text.as_chunks();
    if chunks.iter().any(has_odd) {
        return false;
    }
    match text.last_chunk() {
        // The last sixteen bytes again: those that come twice are not odd.
        Some(last) => !has_odd(last),
        None => !rest.iter().any(is_odd),
    }
}

fn escaped(out: &mut Vec<u8>, text: &[u8]) {
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
    for pair in digits.rchunks_exact_mut(2) {
        pair.copy_from_slice(&two_digits(rest));
        start -= 2;
        rest /= 100;
        if rest == 0 {
            break;
        }
    }
    let digits = digits.get(start..).unwrap_or_default();
    if number < 0 {
        out.push(b'-');
    }
    match digits {
        [b'0', digits @ ..] if !digits.is_empty() => out.extend_from_slice(digits),
        digits => out.extend_from_slice(digits),
    }
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
    let date = Date::of(Timestamp::from_millis(millis));
    let clock = clock(millis.rem_euclid(MILLIS_A_DAY));
    let mut text = *b"\"0000-00-00T00:00:00.000Z\"";
    if let Some(day) = day(date) {
        fill(&mut text, 1, &day);
        fill(&mut text, 12, &clock);
        out.extend_from_slice(&text);
    } else {
        out.push(b'"');
        distant_day(out, date);
        out.push(b'T');
        out.extend_from_slice(&clock);
        out.push(b'"');
    }
}

/// Writes a point in time as a string, without its fraction of a second: `2024-04-09T20:26:27Z`.
pub(crate) fn date_time_in_seconds(out: &mut Vec<u8>, millis: i64) {
    date_time(out, millis);
    out.truncate(out.len() - ".000Z\"".len());
    out.extend_from_slice(b"Z\"");
}

/// Writes a calendar day as a string: `2024-04-09`.
pub(crate) fn date(out: &mut Vec<u8>, millis: i64) {
    let date = Date::of(Timestamp::from_millis(millis));
    out.push(b'"');
    match day(date) {
        Some(day) => out.extend_from_slice(&day),
        None => distant_day(out, date),
    }
    out.push(b'"');
}

/// Writes a time of day as a string: `20:26:27.000Z`.
pub(crate) fn time(out: &mut Vec<u8>, millis: i64) {
    out.push(b'"');
    out.extend_from_slice(&clock(millis.rem_euclid(MILLIS_A_DAY)));
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

/// A day of a year of four digits.
fn day(date: Date) -> Option<[u8; 10]> {
    let (year, month, day) = date.calendar();
    let year = u64::try_from(year).ok().filter(|year| *year <= 9_999)?;
    let mut text = *b"0000-00-00";
    fill(&mut text, 0, &two_digits(year / 100));
    fill(&mut text, 2, &two_digits(year));
    fill(&mut text, 5, &two_digits(month.unsigned_abs()));
    fill(&mut text, 8, &two_digits(day.unsigned_abs()));
    Some(text)
}

/// Writes a day of any other year.
fn distant_day(out: &mut Vec<u8>, date: Date) {
    let (year, month, day) = date.calendar();
    write(out, format_args!("{year:+05}-{month:02}-{day:02}"));
}

/// A time of day, in milliseconds since midnight.
fn clock(millis: i64) -> [u8; 13] {
    let millis = millis.unsigned_abs();
    let seconds = millis / 1_000;
    let mut text = *b"00:00:00.000Z";
    fill(&mut text, 0, &two_digits(seconds / 3_600));
    fill(&mut text, 3, &two_digits(seconds / 60 % 60));
    fill(&mut text, 6, &two_digits(seconds % 60));
    fill(&mut text, 9, &two_digits(millis % 1_000 / 10));
    let [_, last] = two_digits(millis);
    fill(&mut text, 11, &[last]);
    text
}

/// Puts a part of a text into its position.
fn fill(text: &mut [u8], position: usize, part: &[u8]) {
    if let Some(to) = text.get_mut(position..position + part.len()) {
        to.copy_from_slice(part);
    }
}

/// The last two decimal digits of a number.
fn two_digits(number: u64) -> [u8; 2] {
    let number = u8::try_from(number % 100).unwrap_or_default();
    [b'0' + number / 10, b'0' + number % 10]
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
    fn whole_numbers_have_all_their_digits_and_no_others() {
        for number in [
            0,
            7,
            10,
            99,
            100,
            101,
            -1,
            -10,
            1_712_693_965_000,
            i64::MAX,
            i64::MIN,
        ] {
            assert_eq!(written(|out| integer(out, number)), number.to_string());
        }
    }

    #[test]
    fn an_odd_character_is_found_at_every_position_of_a_text_of_any_length() {
        for odd in ['"', '\\', '\n', '\u{1f}', '\u{7f}', '\u{80}', 'ä'] {
            for length in 0..40 {
                for position in 0..=length {
                    let mut whole = "x".repeat(length);
                    whole.insert(position, odd);
                    let mut out = Vec::new();
                    assert_eq!(text(&mut out, whole.as_bytes()), whole.is_ascii());
                    let expected = serde_json::to_string(&whole).expect("a text");
                    assert_eq!(String::from_utf8(out).expect("UTF-8"), expected);
                }
            }
        }
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
