//! Key prefixes: once an object has one, it keeps it.

use std::collections::{BTreeMap, BTreeSet};

use landfall_model::KeyPrefix;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Which key prefix each custom object and platform event has.
///
/// The caller keeps it: a record id must not change its object when a definition is added or removed, so that the
/// prefix of a removed object is never given again.
/// Wire: `a00` upward for objects, `e00` upward for platform events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyPrefixes {
    by_name: BTreeMap<String, KeyPrefix>,
}

impl KeyPrefixes {
    /// A book with what was given before; names are those of [`Self::entries`].
    pub fn new(entries: impl IntoIterator<Item = (String, KeyPrefix)>) -> Self {
        Self {
            by_name: entries
                .into_iter()
                .map(|(name, prefix)| (name.to_ascii_lowercase(), prefix))
                .collect(),
        }
    }

    /// All names, in lower case, and their prefixes.
    pub fn entries(&self) -> impl Iterator<Item = (&str, KeyPrefix)> {
        self.by_name
            .iter()
            .map(|(name, prefix)| (name.as_str(), *prefix))
    }

    /// The prefix of an object or event, by name in any letter case.
    pub fn prefix_of(&self, name: &str) -> Option<KeyPrefix> {
        self.by_name.get(&name.to_ascii_lowercase()).copied()
    }

    /// The prefix of an object or event, given now if it has none; none if all are given.
    ///
    /// `first` is the first character of the prefix; `taken` are prefixes that others have.
    pub(crate) fn assign(
        &mut self,
        name: &str,
        first: u8,
        taken: &BTreeSet<KeyPrefix>,
    ) -> Option<KeyPrefix> {
        if let Some(prefix) = self.prefix_of(name) {
            return Some(prefix);
        }
        let given: BTreeSet<KeyPrefix> = self.by_name.values().copied().collect();
        let prefix =
            prefixes(first).find(|prefix| !given.contains(prefix) && !taken.contains(prefix))?;
        self.by_name.insert(name.to_ascii_lowercase(), prefix);
        Some(prefix)
    }
}

/// `a00`, `a01` ... `a0z`, `a10` ... `azz`.
fn prefixes(first: u8) -> impl Iterator<Item = KeyPrefix> {
    DIGITS.iter().flat_map(move |second| {
        DIGITS.iter().filter_map(move |third| {
            let text = [first, *second, *third];
            KeyPrefix::parse(std::str::from_utf8(&text).ok()?)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_rise_and_are_kept() {
        let mut book = KeyPrefixes::default();
        let none = BTreeSet::new();
        let mut give = |name: &str, first| {
            let prefix = book.assign(name, first, &none).expect("one is free");
            prefix.as_str().to_owned()
        };
        assert_eq!(give("One__c", b'a'), "a00");
        assert_eq!(give("Two__c", b'a'), "a01");
        assert_eq!(give("one__C", b'a'), "a00");
        assert_eq!(give("Three__e", b'e'), "e00");
        for number in 2..62 {
            give(&format!("N{number}__c"), b'a');
        }
        assert_eq!(give("Next__c", b'a'), "a10");
        let again = KeyPrefixes::new(
            book.entries()
                .map(|(name, prefix)| (name.to_owned(), prefix)),
        );
        assert_eq!(again, book);
    }

    #[test]
    fn prefixes_of_others_are_left_alone_and_end_some_day() {
        let all: BTreeSet<KeyPrefix> = prefixes(b'a').collect();
        let mut book = KeyPrefixes::default();
        assert_eq!(all.len(), 62 * 62);
        assert_eq!(book.assign("One__c", b'a', &all), None);
        let last = KeyPrefix::parse("azz").expect("a prefix");
        let others = all.into_iter().filter(|prefix| *prefix != last).collect();
        assert_eq!(book.assign("One__c", b'a', &others), Some(last));
    }
}
