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

/// Bytes of a text that are looked at and copied at once.
const BLOCK: usize = 32;

/// The places of the bytes of a block.
const PLACES: [u8; BLOCK] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
    26, 27, 28, 29, 30, 31,
];

/// Writes a string of the first bytes of `ahead`, with quotes, if they are plain, few, and followed by so many others that
/// a block can be copied. Says whether it did.
pub(crate) fn short_text(out: &mut Vec<u8>, ahead: &[u8], length: usize) -> bool {
    let Some(block) = ahead.first_chunk::<BLOCK>() else {
        return false;
    };
    let Ok(bytes) = u8::try_from(length) else {
        return false;
    };
    if length > BLOCK || !is_plain_until(block, bytes) {
        return false;
    }
    out.push(b'"');
    let end = out.len() + length;
    out.extend_from_slice(block);
    out.truncate(end);
    out.push(b'"');
    true
}

/// Whether the first bytes of a block are ASCII and none needs an escape.
#[expect(
    clippy::needless_bitwise_bool,
    reason = "a branch for each byte would be slower"
)]
fn is_plain_until(block: &[u8; BLOCK], length: u8) -> bool {
    let places = block.iter().zip(&PLACES);
    !places.fold(false, |any, (byte, place)| {
        any | (is_odd(*byte) & (*place < length))
    })
}

/// Whether a byte is not ASCII or needs an escape, without a branch, so that the compiler looks at many at once. One
/// comparison does for both ends of the range.
#[expect(
    clippy::needless_bitwise_bool,
    reason = "a branch for each byte would be slower"
)]
const fn is_odd(byte: u8) -> bool {
    (byte.wrapping_sub(0x20) >= 0x60) | (byte == b'"') | (byte == b'\\')
}

/// Whether all bytes are ASCII and none needs an escape, as in most texts.
fn is_plain(text: &[u8]) -> bool {
    let is_odd = |byte: &u8| is_odd(*byte);
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
    if number < 0 {
        out.push(b'-');
    }
    natural(out, number.unsigned_abs());
}

/// Writes a whole number that is not negative, in decimal digits.
pub fn natural(out: &mut Vec<u8>, number: u64) {
    let (first, rest) = (number / EIGHT_DIGITS, number % EIGHT_DIGITS);
    if first > 0 {
        natural(out, first);
        return out.extend_from_slice(&eight_digits(rest));
    }
    let digits = u64::from_le_bytes(eight_digits(rest));
    // Zeros in front are shifted out, except for the last digit.
    let zeros = ((digits & 0x0f0f_0f0f_0f0f_0f0f).trailing_zeros() / 8).min(7);
    let end = out.len() + 8 - zeros as usize;
    out.extend_from_slice(&(digits >> (8 * zeros)).to_le_bytes());
    out.truncate(end);
}

/// Of which a number has the rest of eight digits.
const EIGHT_DIGITS: u64 = 100_000_000;

/// The last eight decimal digits of a number. All are computed at once, in the bytes of a word: first the halves of four
/// digits, then pairs, then the digits.
fn eight_digits(number: u64) -> [u8; 8] {
    let fours = (number / 10_000) | ((number % 10_000) << 32);
    let hundreds = ((fours * 10_486) >> 20) & 0x7f_0000_007f;
    let pairs = hundreds | ((fours - 100 * hundreds) << 16);
    let tens = ((pairs * 103) >> 10) & 0x0f_000f_000f_000f;
    let digits = tens | ((pairs - 10 * tens) << 8);
    (digits | 0x3030_3030_3030_3030).to_le_bytes()
}

/// Writes a number with a decimal point or an exponent; what JSON cannot say becomes null.
pub(crate) fn double(out: &mut Vec<u8>, number: f64) {
    if few_digits(out, number) {
        return;
    }
    if number.is_finite() {
        write(out, format_args!("{number:?}"));
    } else {
        out.extend_from_slice(b"null");
    }
}

/// Writes a number that is so many millionths exactly, as most are that people enter; says whether it is one.
///
/// The nearest number to a decimal of up to 15 digits is the nearest to no other: where it is found again, its digits are
/// the shortest. A millionth, and a thousand millions of them, are sums that both have exactly.
fn few_digits(out: &mut Vec<u8>, number: f64) -> bool {
    let size = number.abs();
    if !(1e-3..1e9).contains(&size) {
        return false;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "it is at most 10^15, which both have exactly"
    )]
    let (millionths, again) = {
        let millionths = (size * 1e6 + 0.5) as u64;
        (millionths, millionths as f64 / 1e6)
    };
    if again.to_bits() != size.to_bits() {
        return false;
    }
    if number < 0.0 {
        out.push(b'-');
    }
    natural(out, millionths / 1_000_000);
    let rest = millionths % 1_000_000;
    let mut fraction = *b".000000";
    fill(&mut fraction, 1, &two_digits(rest / 10_000));
    fill(&mut fraction, 3, &two_digits(rest / 100));
    fill(&mut fraction, 5, &two_digits(rest));
    let last = fraction.iter().rposition(|digit| *digit != b'0');
    // One digit there is always.
    let end = last.unwrap_or_default().max(1) + 1;
    out.extend_from_slice(fraction.get(..end).unwrap_or(&fraction));
    true
}

/// A point in time as a string: `"2024-04-09T20:26:27.000Z"`.
pub(crate) type Moment = [u8; 26];

/// Writes a point in time as a string: `2024-04-09T20:26:27.000Z`.
pub(crate) fn date_time(out: &mut Vec<u8>, millis: i64) {
    match moment(millis) {
        Some(text) => out.extend_from_slice(&text),
        None => distant_date_time(out, millis),
    }
}

/// The text of a point in time in a year of four digits.
pub(crate) fn moment(millis: i64) -> Option<Moment> {
    let mut text = *b"\"0000-00-00T00:00:00.000Z\"";
    fill(&mut text, 1, &day(millis.div_euclid(MILLIS_A_DAY))?);
    fill(&mut text, 12, &clock(millis.rem_euclid(MILLIS_A_DAY)));
    Some(text)
}

/// Writes a point in time of any other year.
#[cold]
pub(crate) fn distant_date_time(out: &mut Vec<u8>, millis: i64) {
    out.push(b'"');
    distant_day(out, millis);
    out.push(b'T');
    out.extend_from_slice(&clock(millis.rem_euclid(MILLIS_A_DAY)));
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
    match day(millis.div_euclid(MILLIS_A_DAY)) {
        Some(day) => out.extend_from_slice(&day),
        None => distant_day(out, millis),
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

/// A day of a year of four digits, by the days since 1970.
///
/// It is what [`Date::calendar`] says, in multiplications only: the years begin in March, and of a year of 365.25 days and
/// of a month of 30.6 the whole part is the year or the month, and the rest the place in it.
/// Source: Neri and Schneider, "Euclidean affine functions and their application to calendar algorithms" (2022).
fn day(days: i64) -> Option<[u8; 10]> {
    let days = u32::try_from(days + DAYS_BEFORE_1970).ok();
    let days = days.filter(|days| (FIRST_DAY..=LAST_DAY).contains(days))?;
    let quarters = 4 * days + 3;
    let century = quarters / DAYS_A_CENTURY_BY_4;
    let of_century = u64::from((quarters % DAYS_A_CENTURY_BY_4) | 3) * YEAR_FACTOR;
    let of_year = (of_century & 0xffff_ffff) / YEAR_FACTOR / 4;
    let month = 2_141 * of_year + 197_913;
    let is_next_year = of_year >= DAYS_FROM_MARCH;
    let year = 100 * u64::from(century) + (of_century >> 32) + u64::from(is_next_year);
    let number = (month >> 16) - if is_next_year { 12 } else { 0 };
    let mut text = *b"0000-00-00";
    fill(&mut text, 0, &two_digits(year / 100));
    fill(&mut text, 2, &two_digits(year));
    fill(&mut text, 5, &two_digits(number));
    fill(&mut text, 8, &two_digits((month & 0xffff) / 2_141 + 1));
    Some(text)
}

/// Days from 0000-03-01 to 1970-01-01, 0001-01-01 and 9999-12-31.
const DAYS_BEFORE_1970: i64 = 719_468;
const FIRST_DAY: u32 = 306;
const LAST_DAY: u32 = 3_652_364;

/// Days from March to December.
const DAYS_FROM_MARCH: u64 = 306;

/// Days of four centuries.
const DAYS_A_CENTURY_BY_4: u32 = 146_097;

/// Two to the power of 32 by the quarters of days in a year of 365.25.
const YEAR_FACTOR: u64 = 2_939_745;

/// Writes a day of any other year.
fn distant_day(out: &mut Vec<u8>, millis: i64) {
    match Date::of(Timestamp::from_millis(millis)).calendar() {
        (year @ 0..=9_999, month, day) => write(out, format_args!("{year:04}-{month:02}-{day:02}")),
        (year, month, day) => write(out, format_args!("{year:+05}-{month:02}-{day:02}")),
    }
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
    fn every_day_of_four_digit_years_is_that_of_the_calendar() {
        for days in -719_600..2_932_950 {
            let (year, month, of_month) = Date::from_days(days).calendar();
            if let Some(day) = day(days.into()) {
                let expected = format!("{year:04}-{month:02}-{of_month:02}");
                assert_eq!(str::from_utf8(&day), Ok(expected.as_str()), "{days}");
            } else {
                assert!(!(1..=9_999).contains(&year), "{days}");
            }
        }
    }

    #[test]
    fn eight_digits_are_those_of_the_number() {
        let numbers = (0..100_000_000)
            .step_by(977)
            .chain([99_999_999, 9_999, 10_000, 99]);
        for number in numbers {
            let expected = format!("{number:08}");
            assert_eq!(str::from_utf8(&eight_digits(number)), Ok(expected.as_str()));
        }
    }

    #[test]
    fn a_number_of_few_digits_is_written_as_the_library_writes_it() {
        for number in [
            0.0,
            -0.0,
            0.1,
            1.0,
            0.001,
            0.000_999,
            1e9,
            999_999_999.999_999,
            5e-324,
        ] {
            assert_eq!(written(|out| double(out, number)), format!("{number:?}"));
            assert_eq!(
                written(|out| double(out, -number)),
                format!("{:?}", -number)
            );
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
