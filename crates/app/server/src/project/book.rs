//! What a project has said of its records: a line each of object, name, id and what was said.

use std::collections::BTreeMap;

use landfall_engine::Engine;
use landfall_model::RecordId;
use landfall_store::{Document, DocumentKind};
use landfall_wire::write_json_string;

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

/// What was said of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) id: RecordId,
    /// JSON on one line.
    pub(super) said: String,
}

/// All that was said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Book(pub(super) BTreeMap<Key, Entry>);

impl Book {
    pub(super) async fn kept(engine: &Engine) -> Result<Self, Error> {
        let content = engine.document(DocumentKind::Org, KEY.to_owned()).await?;
        let content = String::from_utf8(content.unwrap_or_default());
        let book = content.ok().and_then(|content| Self::parse(&content));
        let unreadable = || landfall_engine::Error::Document {
            what: "records of the project",
            reason: "a line is of another form".to_owned(),
        };
        Ok(book.ok_or_else(unreadable)?)
    }

    pub(super) fn document(&self) -> Document {
        let lines = self.0.iter().map(|(key, entry)| {
            let Key { object, name } = key;
            format!("{object}\t{name}\t{}\t{}\n", entry.id, entry.said)
        });
        Document {
            kind: DocumentKind::Org,
            key: KEY.to_owned(),
            content: Some(lines.collect::<String>().into_bytes()),
        }
    }

    fn parse(content: &str) -> Option<Self> {
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
    fn what_is_kept_is_read_back() {
        let entry = |said: &str| Entry {
            id: RecordId::EMPTY,
            said: said.to_owned(),
        };
        let book = Book(BTreeMap::from([
            (
                Key::new("PushTopic", "a\tb\n"),
                entry("{\"Name\":\"a\\tb\"}"),
            ),
            (Key::new("StreamingChannel", "/u/\u{fc}"), entry("{}")),
        ]));
        let content = book.document().content.expect("content");
        let content = String::from_utf8(content).expect("text");
        assert_eq!(Book::parse(&content), Some(book));
        assert_eq!(Book::parse("PushTopic\t\"a\"\tx\t{}"), None);
        assert_eq!(Book::parse(""), Some(Book::default()));
    }
}
