//! The records that the files of a project declare, and what they declared last.

use std::collections::BTreeMap;

use landfall_engine::{Engine, stored};
use landfall_model::RecordId;
use landfall_store::{Document, DocumentKind};
use landfall_wire::write_json_string;
use serde::{Deserialize, Serialize};

use crate::error::Error;

const KEY: &str = "project-records";

/// A record by its object and its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) object: String,
    /// As a JSON string, in which there is no tab and no end of a line.
    name: String,
}

impl Key {
    pub(super) fn new(object: &str, name: &str) -> Self {
        let mut quoted = String::new();
        write_json_string(&mut quoted, name);
        Self {
            object: object.to_owned(),
            name: quoted,
        }
    }
}

/// What a file declares of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) id: RecordId,
    /// JSON on one line.
    pub(super) said: String,
}

/// The records of all files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DeclaredRecords(pub(super) BTreeMap<Key, Entry>);

/// The records as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    records: Vec<StoredEntry>,
}

#[derive(Serialize, Deserialize)]
struct StoredEntry {
    object: String,
    name: String,
    id: String,
    /// The declared values: JSON.
    values: String,
}

const WHAT: &str = "records of the project";

impl DeclaredRecords {
    pub(super) async fn kept(engine: &Engine) -> Result<Self, Error> {
        let content = engine.document(DocumentKind::Org, KEY.to_owned()).await?;
        let content = content.unwrap_or_default();
        let kept = if stored::is_versioned(&content) {
            Self::read(stored::read(WHAT, &content)?)
        } else {
            let text = std::str::from_utf8(&content).ok();
            text.and_then(Self::parse_unversioned)
        };
        let unreadable = || landfall_engine::Error::Document {
            what: WHAT,
            reason: "an entry is of another form".to_owned(),
        };
        Ok(kept.ok_or_else(unreadable)?)
    }

    pub(super) fn document(&self) -> Document {
        let records = self.0.iter().map(|(key, entry)| StoredEntry {
            object: key.object.clone(),
            name: key.name.clone(),
            id: entry.id.to_string(),
            values: entry.said.clone(),
        });
        let stored = Stored {
            records: records.collect(),
        };
        stored::document(DocumentKind::Org, KEY, &stored)
    }

    fn read(stored: Stored) -> Option<Self> {
        let entries = stored.records.into_iter().map(|entry| {
            let key = Key {
                object: entry.object,
                name: entry.name,
            };
            let id = RecordId::parse(&entry.id).ok()?;
            let said = entry.values;
            Some((key, Entry { id, said }))
        });
        entries.collect::<Option<_>>().map(Self)
    }

    /// The form before version 1: a line each of object, name, id and values, separated by tabs.
    fn parse_unversioned(content: &str) -> Option<Self> {
        let entries = content.lines().map(|line| {
            let mut values = line.splitn(4, '\t').map(str::to_owned);
            let key = Key {
                object: values.next()?,
                name: values.next()?,
            };
            let id = RecordId::parse(&values.next()?).ok()?;
            let said = values.next()?;
            Some((key, Entry { id, said }))
        });
        entries.collect::<Option<_>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_records_are_read_back() {
        let entry = |said: &str| Entry {
            id: RecordId::EMPTY,
            said: said.to_owned(),
        };
        let kept = DeclaredRecords(BTreeMap::from([
            (
                Key::new("PushTopic", "a\tb\n"),
                entry("{\"Name\":\"a\\tb\"}"),
            ),
            (Key::new("StreamingChannel", "/u/\u{fc}"), entry("{}")),
        ]));
        let content = kept.document().content.expect("content");
        let stored = stored::read(WHAT, &content).expect("of this version");
        assert_eq!(DeclaredRecords::read(stored), Some(kept));
    }

    #[test]
    fn lines_from_before_version_1_are_read() {
        let line = format!("PushTopic\t\"a\"\t{}\t{{}}\n", RecordId::EMPTY);
        let kept = DeclaredRecords::parse_unversioned(&line).expect("declared records");
        assert!(kept.0.contains_key(&Key::new("PushTopic", "a")));
        assert_eq!(
            DeclaredRecords::parse_unversioned("PushTopic\t\"a\"\tx\t{}"),
            None
        );
        assert_eq!(
            DeclaredRecords::parse_unversioned(""),
            Some(DeclaredRecords::default())
        );
    }
}
