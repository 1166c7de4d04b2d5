//! The usage of one hour: who published and received how many events of what, in each of its quarters.

use std::collections::BTreeMap;

use landfall_model::limits::USAGE_ENTRIES_MAX;
use serde::{Deserialize, Serialize};

use super::Counts;
use crate::error::Error;
use crate::stored;

/// Quarters in an hour.
pub const QUARTERS: usize = 4;

/// Which way events went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Into the log.
    Published,
    /// To a subscriber.
    Delivered,
}

impl Direction {
    const fn word(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Delivered => "delivered",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Published, Self::Delivered]
            .into_iter()
            .find(|direction| direction.word() == word)
    }
}

/// What is counted for itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Which way.
    pub direction: Direction,
    /// The topic, such as `/data/AccountChangeEvent`.
    pub topic: Box<str>,
    /// Who; empty if there were too many to tell apart.
    pub client: Box<str>,
}

/// An hour as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    /// By quarter.
    meters: [Counts; QUARTERS],
    entries: Vec<StoredEntry>,
}

#[derive(Serialize, Deserialize)]
struct StoredEntry {
    direction: Direction,
    topic: String,
    client: String,
    /// By quarter.
    counts: [u64; QUARTERS],
}

/// One hour.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hour {
    /// Its number from 1970.
    pub number: i64,
    /// How many events there were in each quarter.
    pub entries: BTreeMap<Entry, [u64; QUARTERS]>,
    pub(super) meters: [Counts; QUARTERS],
}

impl Hour {
    pub(super) fn new(number: i64) -> Self {
        Self {
            number,
            ..Self::default()
        }
    }

    /// Enters a count. Past the bound, clients are counted together.
    pub(super) fn enter(&mut self, mut entry: Entry, quarter: usize, count: u64) {
        if self.entries.len() >= USAGE_ENTRIES_MAX && !self.entries.contains_key(&entry) {
            entry.client = "".into();
        }
        let counts = self.entries.entry(entry).or_default();
        if let Some(sum) = counts.get_mut(quarter) {
            *sum = sum.saturating_add(count);
        }
    }

    /// The document of the hour.
    pub(super) fn written(&self) -> Vec<u8> {
        let entries = self.entries.iter().map(|(entry, counts)| StoredEntry {
            direction: entry.direction,
            topic: entry.topic.to_string(),
            client: entry.client.to_string(),
            counts: *counts,
        });
        stored::write(&Stored {
            meters: self.meters,
            entries: entries.collect(),
        })
    }

    /// The hour of a document.
    pub(super) fn read(number: i64, content: &[u8]) -> Result<Self, Error> {
        if !stored::is_versioned(content) {
            return Self::read_unversioned(number, content);
        }
        let Stored { meters, entries } = stored::read("usage of an hour", content)?;
        let entries = entries.into_iter().map(|stored| {
            let entry = Entry {
                direction: stored.direction,
                topic: stored.topic.into(),
                client: stored.client.into(),
            };
            (entry, stored.counts)
        });
        Ok(Self {
            number,
            entries: entries.collect(),
            meters,
        })
    }

    /// The form before version 1: a line for each entry, its values separated by tabs.
    fn read_unversioned(number: i64, content: &[u8]) -> Result<Self, Error> {
        let mut hour = Self::new(number);
        let mut quarters = hour.meters.iter_mut();
        let unreadable = |line: &str| Error::Document {
            what: "usage of an hour",
            reason: format!("{number}: `{line}`"),
        };
        let text = std::str::from_utf8(content).map_err(|_| unreadable("not UTF-8"))?;
        for line in text.lines() {
            let mut words = line.split('\t');
            let word = words.next().unwrap_or_default();
            if word == "meters" {
                let counts = quarters.next().ok_or_else(|| unreadable(line))?;
                *counts = numbers(&mut words).ok_or_else(|| unreadable(line))?;
                continue;
            }
            let entry = || {
                let direction = Direction::parse(word)?;
                let counts = numbers::<QUARTERS>(&mut words)?;
                let (client, topic) = (words.next()?, words.next()?);
                let entry = Entry {
                    direction,
                    topic: topic.into(),
                    client: client.into(),
                };
                Some((entry, counts))
            };
            let (entry, counts) = { entry }().ok_or_else(|| unreadable(line))?;
            hour.entries.insert(entry, counts);
        }
        Ok(hour)
    }
}

fn numbers<'w, const N: usize>(words: &mut impl Iterator<Item = &'w str>) -> Option<[u64; N]> {
    let mut numbers = [0; N];
    for number in &mut numbers {
        *number = words.next()?.parse().ok()?;
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(client: &str) -> Entry {
        Entry {
            direction: Direction::Delivered,
            topic: "/topic/Open cases".into(),
            client: client.into(),
        }
    }

    #[test]
    fn an_hour_is_read_as_it_was_written() {
        let mut hour = Hour::new(7);
        hour.meters[2] = [1, 2, 3, 4, 5];
        hour.enter(entry("a1b2"), 0, 3);
        hour.enter(entry("a1b2"), 3, 4);
        hour.enter(entry("PUB_SUB_API"), 1, 5);
        assert_eq!(Hour::read(7, &hour.written()).expect("readable"), hour);
        assert!(Hour::read(7, b"delivered\t1\t2\t3\tx\t/data/A").is_err());
        assert!(Hour::read(7, &[0xff]).is_err());
    }

    #[test]
    fn an_hour_from_before_version_1_is_read() {
        let content = "meters\t1\t2\t3\t4\t5\ndelivered\t0\t6\t0\t0\ta1b2\t/topic/Open cases\n";
        let hour = Hour::read(7, content.as_bytes()).expect("readable");
        assert_eq!(hour.meters[0], [1, 2, 3, 4, 5]);
        assert_eq!(hour.entries.get(&entry("a1b2")), Some(&[0, 6, 0, 0]));
    }

    #[test]
    fn clients_beyond_the_bound_share_one_entry() {
        let mut hour = Hour::new(7);
        for client in 0..USAGE_ENTRIES_MAX + 10 {
            hour.enter(entry(&client.to_string()), 0, 1);
        }
        assert_eq!(hour.entries.len(), USAGE_ENTRIES_MAX + 1);
        assert_eq!(hour.entries.get(&entry("")), Some(&[10, 0, 0, 0]));
    }
}
