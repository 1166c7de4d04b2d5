//! Spans of time as people write them: `73h`, `1d12h`, `90s`, `250ms`.

/// The units, in milliseconds.
const UNITS: [(&str, i64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

/// Reads a span. Unit: milliseconds.
pub(crate) fn parse(text: &str) -> Option<i64> {
    if text.is_empty() {
        return None;
    }
    let (mut rest, mut sum) = (text, 0_i64);
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|c: char| c.is_ascii_digit());
        let (unit, after) = after.split_at(letters.unwrap_or(after.len()));
        let (_, millis) = UNITS.iter().find(|(name, _)| *name == unit)?;
        let part = number.parse::<i64>().ok()?.checked_mul(*millis)?;
        sum = sum.checked_add(part)?;
        rest = after;
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_units() {
        for (text, millis) in [
            ("73h", Some(262_800_000)),
            ("1d12h", Some(129_600_000)),
            ("2m5s250ms", Some(125_250)),
            ("0s", Some(0)),
            ("", None),
            ("5", None),
            ("h", None),
            ("-5s", None),
            ("1.5h", None),
            ("5 s", None),
            ("1w", None),
            ("9223372036854775807d", None),
            ("99999999999999999999s", None),
        ] {
            assert_eq!(parse(text), millis, "{text}");
        }
    }
}
