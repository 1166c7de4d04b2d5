//! Numbers that are given out once: record numbers by key prefix, auto numbers by field.

use std::collections::{BTreeMap, BTreeSet};

use landfall_model::{FieldDefinition, KeyPrefix, RecordId};
use landfall_store::{Document, DocumentKind, Reads};

use crate::error::Error;

/// The counters of an org. A number that a failed command took is not given out again.
pub(crate) struct Numbers {
    instance: [u8; 2],
    last: BTreeMap<String, u64>,
    moved: BTreeSet<String>,
}

impl Numbers {
    pub(crate) fn load(reads: &dyn Reads, instance: [u8; 2]) -> Result<Self, Error> {
        let mut last = BTreeMap::new();
        for (key, content) in reads.documents(DocumentKind::Counter)? {
            let number = <[u8; 8]>::try_from(content.as_slice()).map_err(|_| Error::Document {
                what: "counter",
                reason: format!("{key} is {} bytes long", content.len()),
            })?;
            last.insert(key, u64::from_be_bytes(number));
        }
        Ok(Self {
            instance,
            last,
            moved: BTreeSet::new(),
        })
    }

    fn next(&mut self, counter: String) -> u64 {
        let number = self.last.entry(counter.clone()).or_default();
        *number += 1;
        let number = *number;
        self.moved.insert(counter);
        number
    }

    /// The id of a new record.
    pub(crate) fn record_id(&mut self, prefix: KeyPrefix) -> RecordId {
        let number = self.next(prefix.as_str().to_owned());
        RecordId::from_number(prefix, self.instance, number)
    }

    /// The id of a record whose number is drawn instead of counted.
    pub(crate) fn drawn_id(&self, prefix: KeyPrefix, number: u64) -> RecordId {
        RecordId::from_number(prefix, self.instance, number)
    }

    /// The next value of an auto number field, in its display format: `A-{0000}` gives `A-0001`.
    pub(crate) fn auto_number(&mut self, entity: &str, field: &FieldDefinition, format: &str) -> String {
        let number = self.next(format!("{entity}.{}", field.name));
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
        std::mem::take(&mut self.moved)
            .into_iter()
            .map(|key| Document {
                kind: DocumentKind::Counter,
                content: self
                    .last
                    .get(&key)
                    .map(|number| number.to_be_bytes().to_vec()),
                key,
            })
            .collect()
    }
}
