//! Numbers that are given out once: record numbers by key prefix, auto numbers by field.

use std::collections::BTreeMap;

use landfall_model::{KeyPrefix, RecordId};
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

    /// The next value of an auto number field, in its display format: `A-{0000}` gives `A-0001`.
    pub(crate) fn auto_number(&mut self, counter: &str, format: &str) -> String {
        let number = self.next(counter);
        match format.split_once('{').and_then(|(before, rest)| {
            let (zeros, after) = rest.split_once('}')?;
            Some((before, zeros.len(), after))
        }) {
            Some((before, width, after)) => format!("{before}{number:0width$}{after}"),
            None => number.to_string(),
        }
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
