//! Diffs of large texts: a unified diff in place of the new text.
//!
//! Wire: `--- `, then `+++ ` and the SHA-256 of the whole new text, then the changes without lines around them. Counts are
//! always there; a side without lines names the line before it, as the documented reader expects.
//! Owns when a diff may replace a text, its form, and the way back; which texts are replaced is decided by
//! `landfall-capture` to say.
//!
//! Source: "Sending Data Differences for Fields of Updated Records", "Data Differences in Event Fields", "How to
//! Reconstruct a Field from Its Diff Value" (Change Data Capture Developer Guide).

mod edits;

use std::fmt::Write as _;

use landfall_model::limits;
use sha2::{Digest as _, Sha256};

use edits::Hunk;

/// The diff that replaces the new text; none if the event carries the new text.
///
/// That is so if it is shorter than [`limits::DIFFERENCE_CHARACTERS_MIN`], if the lengths differ by more than half of the
/// old one, if more than a quarter of all lines changed, and if the difference is longer than the text. A line that another
/// one took the place of has changed once, as in the documented example. It is so as well if a reader could not put the
/// lines together again, since not all of them end alike.
pub fn difference(old: &str, new: &str) -> Option<String> {
    let (old_length, new_length) = (old.chars().count(), new.chars().count());
    if new_length < limits::DIFFERENCE_CHARACTERS_MIN
        || old_length.abs_diff(new_length) > old_length / 2
    {
        return None;
    }
    let (before, after) = (Lines::of(old)?, Lines::of(new)?);
    let all = before.lines.len() + after.lines.len();
    let hunks = edits::hunks(
        &before.lines,
        &after.lines,
        limits::DIFFERENCE_EDITS_MAX.min(all / 2),
    )?;
    let changed: usize = hunks
        .iter()
        .map(|hunk| hunk.old.len().max(hunk.new.len()))
        .sum();
    if changed > all / 4 {
        return None;
    }
    let text = rendered(&before, &after, &hunks, new);
    let told = text.chars().count() <= new_length && rebuilt(old, &text).as_deref() == Some(new);
    told.then_some(text)
}

/// The new text, from the old one and the difference; none if it is not a difference of that text.
pub fn rebuilt(old: &str, difference: &str) -> Option<String> {
    let before = Lines::of(old)?;
    let mut told = difference.split('\n');
    told.next().filter(|line| line.trim_end() == "---")?;
    let hash = told.next()?.strip_prefix("+++ ")?;
    let mut kept = before.lines.iter().copied();
    let mut passed = 0;
    let mut lines: Vec<&str> = Vec::with_capacity(before.lines.len());
    for line in told {
        if let Some(heading) = line.strip_prefix("@@ -") {
            let from = first_line(heading)?.saturating_sub(1);
            lines.extend(kept.by_ref().take(from.checked_sub(passed)?));
            passed = from;
        } else if let Some(gone) = line.strip_prefix('-') {
            kept.next().filter(|kept| *kept == gone)?;
            passed += 1;
        } else {
            lines.push(line.strip_prefix('+')?);
        }
    }
    lines.extend(kept);
    let text = lines.join(before.ending);
    (hashed(&text) == hash).then_some(text)
}

/// The number of the first old line of `12,3 +12,4 @@`.
fn first_line(heading: &str) -> Option<usize> {
    let digits = heading.split([',', ' ']).next()?;
    digits.parse().ok()
}

fn rendered(before: &Lines<'_>, after: &Lines<'_>, hunks: &[Hunk], new: &str) -> String {
    let mut text = format!("--- \n+++ {}", hashed(new));
    for Hunk { old, new } in hunks {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "\n@@ -{},{} +{},{} @@",
            old.start + 1,
            old.len(),
            new.start + 1,
            new.len()
        );
        let gone = before.lines.get(old.clone()).unwrap_or_default();
        let come = after.lines.get(new.clone()).unwrap_or_default();
        let signed = gone.iter().map(|line| ('-', line));
        for (sign, line) in signed.chain(come.iter().map(|line| ('+', line))) {
            text.push('\n');
            text.push(sign);
            text.push_str(line);
        }
    }
    text
}

/// In lower-case hexadecimal digits.
fn hashed(text: &str) -> String {
    let mut digits = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

/// A text line by line, all of which end alike.
struct Lines<'t> {
    lines: Vec<&'t str>,
    ending: &'t str,
}

impl<'t> Lines<'t> {
    /// None if some lines end otherwise than others. A line feed, a carriage return, or both end a line.
    fn of(text: &'t str) -> Option<Self> {
        let mut lines = Vec::new();
        let mut ending: Option<&str> = None;
        let mut rest = text;
        while let Some(at) = rest.find(['\r', '\n']) {
            let (line, tail) = rest.split_at(at);
            let (end, after) = tail.split_at(if tail.starts_with("\r\n") { 2 } else { 1 });
            if *ending.get_or_insert(end) != end {
                return None;
            }
            lines.push(line);
            rest = after;
        }
        if !rest.is_empty() {
            lines.push(rest);
        }
        Some(Self {
            lines,
            ending: ending.unwrap_or_default(),
        })
    }
}
