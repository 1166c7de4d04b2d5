//! What is created next: records whose references are all there.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::files::{Link, Record, To};
use crate::outcome::Failure;

/// Records of one request, and the objects among them.
/// Source: "sObject Collections" (REST API Developer Guide); "chunks" in the error of such a request.
const RECORDS_MAX: usize = 200;
const OBJECTS_MAX: usize = 10;

/// What has been created, and what has not.
pub(super) struct Order {
    /// Places of records, in their order.
    waiting: Vec<usize>,
    ids: HashMap<usize, String>,
    /// The place of the record that a file calls by a reference.
    places: BTreeMap<(String, usize), usize>,
}

impl Order {
    pub(super) fn new(records: &[Record]) -> Self {
        let named = records.iter().enumerate();
        let named = named.filter_map(|(place, record)| {
            let reference = record.reference.clone()?;
            Some(((reference, record.file), place))
        });
        Self {
            waiting: (0..records.len()).collect(),
            ids: HashMap::new(),
            places: named.collect(),
        }
    }

    /// The next records, those of an object one after another; none once all are created.
    ///
    /// # Errors
    /// A record refers to one that is not there, or records refer to each other in a circle.
    pub(super) fn next(&self, records: &[Record]) -> Result<Option<Vec<usize>>, Failure> {
        let Some(first) = self.waiting.first().and_then(|place| records.get(*place)) else {
            return Ok(None);
        };
        let mut objects = BTreeSet::new();
        let mut batch: Vec<(&str, usize)> = Vec::new();
        for place in &self.waiting {
            let Some(record) = records.get(*place) else {
                continue;
            };
            let is_ready = |link: &Link| self.target(link, record.file).is_some();
            let has_room = objects.len() < OBJECTS_MAX || objects.contains(&record.object);
            if has_room && record.links.iter().all(is_ready) {
                objects.insert(&record.object);
                batch.push((&record.object, *place));
            }
            if batch.len() == RECORDS_MAX {
                break;
            }
        }
        if batch.is_empty() {
            return Err(self.stuck(first));
        }
        batch.sort_unstable();
        Ok(Some(batch.into_iter().map(|(_, place)| place).collect()))
    }

    fn stuck(&self, record: &Record) -> Failure {
        let missing = record
            .links
            .iter()
            .find(|link| self.target(link, record.file).is_none());
        let reference = missing.map(|link| match &link.to {
            To::Reference(reference) => format!("@{reference}"),
            To::Parent(_) => "its parent".to_owned(),
        });
        super::unusable(format!(
            "{}: {} is not a record of this file or an earlier one, or refers back to this one",
            record.name,
            reference.unwrap_or_default()
        ))
    }

    pub(super) fn created(&mut self, batch: &[usize], ids: Vec<String>) {
        self.ids.extend(batch.iter().copied().zip(ids));
        let ids = &self.ids;
        self.waiting.retain(|place| !ids.contains_key(place));
    }

    pub(super) fn done(&self) -> usize {
        self.ids.len()
    }

    /// The id that a field refers to.
    pub(super) fn id_of(&self, link: &Link, file: usize) -> Option<String> {
        self.target(link, file).cloned()
    }

    fn target(&self, link: &Link, file: usize) -> Option<&String> {
        let place = match &link.to {
            To::Parent(place) => *place,
            To::Reference(reference) => {
                // The same file, then the earlier ones, the nearest first.
                let until = (reference.clone(), file);
                let from = (reference.clone(), 0);
                *self.places.range(from..=until).next_back()?.1
            }
        };
        self.ids.get(&place)
    }

    /// The id of each record by its reference; of the last file if several use it.
    pub(super) fn ids(&self, records: &[Record]) -> Value {
        let named = records.iter().enumerate();
        let named = named.filter_map(|(place, record)| {
            let id = self.ids.get(&place)?;
            Some((record.reference.clone()?, Value::from(id.as_str())))
        });
        Value::Object(named.collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;

    fn record(object: &str, file: usize, reference: &str, to: &[To]) -> Record {
        let copy = |to: &To| match to {
            To::Reference(reference) => To::Reference(reference.clone()),
            To::Parent(place) => To::Parent(*place),
        };
        let link = |to| Link {
            field: "F".to_owned(),
            to: copy(to),
        };
        Record {
            name: reference.to_owned(),
            object: object.to_owned(),
            file,
            reference: Some(reference.to_owned()),
            fields: Map::new(),
            links: to.iter().map(link).collect(),
        }
    }

    fn to(reference: &str) -> To {
        To::Reference(reference.to_owned())
    }

    #[test]
    fn records_come_after_those_that_they_refer_to() {
        let records = [
            record("Contact", 0, "C", &[to("A")]),
            record("Account", 0, "A", &[]),
            record("Task", 0, "T", &[To::Parent(0)]),
            // A reference of this file is preferred to that of an earlier one.
            record("Account", 1, "A", &[]),
            record("Contact", 1, "D", &[to("A")]),
        ];
        let mut order = Order::new(&records);
        let batch = order.next(&records).expect("possible").expect("records");
        assert_eq!(batch, [1, 3]);
        order.created(&batch, vec!["a1".to_owned(), "a2".to_owned()]);
        let batch = order.next(&records).expect("possible").expect("records");
        assert_eq!(batch, [0, 4]);
        let ids = batch.iter().map(|place| {
            let record = &records[*place];
            order.id_of(&record.links[0], record.file)
        });
        let ids: Vec<_> = ids.collect();
        assert_eq!(ids, [Some("a1".to_owned()), Some("a2".to_owned())]);
        order.created(&batch, vec!["c".to_owned(), "d".to_owned()]);
        let batch = order.next(&records).expect("possible").expect("records");
        assert_eq!(batch, [2]);
        order.created(&batch, vec!["t".to_owned()]);
        assert_eq!(order.next(&records).expect("possible"), None);
    }

    #[test]
    fn a_reference_to_nothing_is_named() {
        for records in [
            [
                record("A", 0, "x", &[to("y")]),
                record("A", 1, "y", &[to("x")]),
            ],
            [
                record("A", 0, "x", &[to("y")]),
                record("A", 0, "y", &[to("x")]),
            ],
        ] {
            let order = Order::new(&records);
            assert!(order.next(&records).is_err());
        }
    }
}
