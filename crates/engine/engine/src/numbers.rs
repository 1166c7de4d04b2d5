//! Numbers that are given out once: record numbers by key prefix, auto numbers by field.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use landfall_model::{Date, KeyPrefix, RecordId};
use landfall_store::{Document, DocumentKind, Reads};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::stored;

/// A counter as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    last: u64,
}

/// The last number that a stored counter gave out. Before version 1 it was eight bytes, the highest first.
fn last(content: &[u8]) -> Result<u64, Error> {
    if let Ok(number) = content.try_into() {
        return Ok(u64::from_be_bytes(number));
    }
    let Stored { last } = stored::read("counter", content)?;
    Ok(last)
}

#[derive(Default)]
struct Counter {
    last: u64,
    /// Whether it has moved since it was stored.
    moved: bool,
}

/// The counters of an org. A number that a transaction took and then was undone is not given out again.
pub(crate) struct Numbers {
    instance: [u8; 2],
    counters: BTreeMap<String, Counter>,
}

impl Numbers {
    pub(crate) fn load(reads: &dyn Reads, instance: [u8; 2]) -> Result<Self, Error> {
        let mut counters = BTreeMap::new();
        for (key, content) in reads.documents(DocumentKind::Counter)? {
            let last = last(&content)?;
            counters.insert(key, Counter { last, moved: false });
        }
        Ok(Self { instance, counters })
    }

    /// Takes the counters from the store again.
    pub(crate) fn load_again(&mut self, reads: &dyn Reads) -> Result<(), Error> {
        *self = Self::load(reads, self.instance)?;
        Ok(())
    }

    fn next(&mut self, name: &str) -> u64 {
        if !self.counters.contains_key(name) {
            self.counters.insert(name.to_owned(), Counter::default());
        }
        self.counters.get_mut(name).map_or(0, |counter| {
            counter.last += 1;
            counter.moved = true;
            counter.last
        })
    }

    /// Has a counter that has not counted yet begin with `first`.
    pub(crate) fn begin(&mut self, name: String, first: u64) {
        self.counters.entry(name).or_insert_with(|| Counter {
            last: first.saturating_sub(1),
            moved: true,
        });
    }

    /// The id of a new record.
    pub(crate) fn record_id(&mut self, prefix: KeyPrefix) -> RecordId {
        let number = self.next(prefix.as_str());
        RecordId::from_number(prefix, self.instance, number)
    }

    /// The id of a record whose number is drawn instead of counted.
    pub(crate) fn drawn_id(&self, prefix: KeyPrefix, number: u64) -> RecordId {
        RecordId::from_number(prefix, self.instance, number)
    }

    /// The next value of an auto number field, in its display format: `A-{YYYY}-{0000}` gives `A-2026-0001`.
    pub(crate) fn auto_number(&mut self, counter: &str, format: &str, today: Date) -> String {
        displayed(format, self.next(counter), today)
    }

    /// The counters that moved since the last time, to be stored with the group that moved them.
    pub(crate) fn take_moved(&mut self) -> Vec<Document> {
        let moved = self
            .counters
            .iter_mut()
            .filter(|(_, counter)| counter.moved);
        moved
            .map(|(name, counter)| {
                counter.moved = false;
                stored::document(
                    DocumentKind::Counter,
                    name.as_str(),
                    &Stored { last: counter.last },
                )
            })
            .collect()
    }
}

/// A number in a display format; one without a counter gives the number alone.
fn displayed(format: &str, number: u64, today: Date) -> String {
    let mut text = String::new();
    let mut rest = format;
    let mut counted = false;
    while let Some((before, after)) = rest.split_once('{') {
        let (inside, after) = after.split_once('}').unwrap_or((after, ""));
        text.push_str(before);
        if inside.starts_with('0') {
            let width = inside.len();
            // Writing to a string cannot fail.
            let _ = write!(text, "{number:0width$}");
            counted = true;
        } else {
            text.push_str(&dated(inside, today));
        }
        rest = after;
    }
    text.push_str(rest);
    if counted { text } else { number.to_string() }
}

/// A date in a format such as `YYYY` or `MMDDYY`.
fn dated(format: &str, today: Date) -> String {
    let day = jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().days(today.as_days()));
    let Ok(day) = day else {
        return String::new();
    };
    format
        .replace("YYYY", &format!("{:04}", day.year()))
        .replace("YY", &format!("{:02}", day.year().rem_euclid(100)))
        .replace("MM", &format!("{:02}", day.month()))
        .replace("DD", &format!("{:02}", day.day()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_display_format_has_a_counter_and_the_date_of_creation() {
        // 2026-03-05
        let today = Date::from_days(20_517);
        for (format, text) in [
            ("A-{0000}", "A-0007"),
            ("{0}", "7"),
            ("A-{YYYY}-{000}", "A-2026-007"),
            ("E-{MMDDYY}-{00}x", "E-030526-07x"),
            ("none", "7"),
        ] {
            assert_eq!(displayed(format, 7, today), text);
        }
    }
}
