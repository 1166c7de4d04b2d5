//! The components of the org: what its definitions are compiled from, one by one, with who made them and when.
//!
//! Those of the project and those that were deployed singly are stored together. Each is kept as it is now, and one of the
//! project also as the project says it: while the project says the same, what was changed since stays.

mod unversioned;

use std::collections::BTreeMap;
use std::sync::Arc;

use landfall_metadata::{Kind, Part};
use landfall_model::{RecordId, Timestamp};
use landfall_store::{Document, DocumentKind, Reads};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::stored;

/// Who did something to a component, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The user; [`RecordId::EMPTY`] for the project.
    pub by: RecordId,
    /// When.
    pub at: Timestamp,
}

/// A component of the org.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptComponent {
    /// Its id, which it keeps as long as it is there.
    pub id: RecordId,
    /// What it is now.
    pub part: Part,
    /// What the project says of it; none if it was made without one.
    pub project: Option<String>,
    /// How it came about.
    pub created: Stamp,
    /// How it became what it is.
    pub modified: Stamp,
}

/// What a component is found by: its kind, and its full name in lower case.
pub(crate) type Key = (Kind, String);

/// The key of a component.
pub(crate) fn key(kind: Kind, name: &str) -> Key {
    (kind, name.to_ascii_lowercase())
}

/// All components of an org.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Components(pub(crate) BTreeMap<Key, Arc<KeptComponent>>);

impl Components {
    /// A component, by its full name in any letter case.
    pub fn get(&self, kind: Kind, name: &str) -> Option<&Arc<KeptComponent>> {
        self.0.get(&key(kind, name))
    }

    /// The components of a kind, sorted by name.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &Arc<KeptComponent>> {
        let all = self.0.range((kind, String::new())..);
        all.take_while(move |((of, _), _)| *of == kind)
            .map(|(_, component)| component)
    }

    /// The components of a kind that are part of an object, sorted by name.
    pub fn of_object(&self, kind: Kind, object: &str) -> impl Iterator<Item = &Arc<KeptComponent>> {
        let below = format!("{}.", object.to_ascii_lowercase());
        let all = self.0.range((kind, below.clone())..);
        all.take_while(move |((of, name), _)| *of == kind && name.starts_with(&below))
            .map(|(_, component)| component)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Arc<KeptComponent>> {
        self.0.values()
    }

    /// What definitions are compiled from.
    pub(crate) fn parts(&self) -> Vec<Part> {
        self.all().map(|component| component.part.clone()).collect()
    }

    /// The components that are kept.
    pub(crate) fn stored(reads: &dyn Reads) -> Result<Self, Error> {
        let documents = reads.documents(DocumentKind::Component)?;
        let read = documents.into_iter().map(|(name, content)| {
            let component = read(&name, &content)?;
            let key = key(component.part.kind, &component.part.name);
            Ok((key, Arc::new(component)))
        });
        read.collect::<Result<_, Error>>().map(Self)
    }
}

/// The document that keeps a component, or forgets it.
pub(crate) fn document(key: &Key, component: Option<&KeptComponent>) -> Document {
    Document {
        kind: DocumentKind::Component,
        key: format!("{}/{}", key.0.root(), key.1),
        content: component.map(|component| stored::write(&Stored::of(component))),
    }
}

/// A component as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    id: String,
    name: String,
    path: String,
    line: usize,
    /// See [`Part::position`].
    order: usize,
    content: String,
    #[serde(default, skip_serializing_if = "Project::is_absent")]
    project: Project,
    created: StoredStamp,
    modified: StoredStamp,
}

/// What the project has of a component.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Project {
    /// Nothing.
    #[default]
    Absent,
    /// What it is now.
    Same,
    /// Something else.
    Other(String),
}

impl Project {
    const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

#[derive(Serialize, Deserialize)]
struct StoredStamp {
    by: String,
    /// Unit: milliseconds since the epoch.
    at: i64,
}

impl StoredStamp {
    fn of(stamp: Stamp) -> Self {
        Self {
            by: stamp.by.to_string(),
            at: stamp.at.as_millis(),
        }
    }

    fn read(&self) -> Option<Stamp> {
        Some(Stamp {
            by: RecordId::parse(&self.by).ok()?,
            at: Timestamp::from_millis(self.at),
        })
    }
}

impl Stored {
    fn of(component: &KeptComponent) -> Self {
        let part = &component.part;
        let project = match &component.project {
            None => Project::Absent,
            Some(project) if *project == part.content => Project::Same,
            Some(project) => Project::Other(project.clone()),
        };
        Self {
            id: component.id.to_string(),
            name: part.name.clone(),
            path: part.path.clone(),
            line: part.line,
            order: part.position,
            content: part.content.clone(),
            project,
            created: StoredStamp::of(component.created),
            modified: StoredStamp::of(component.modified),
        }
    }

    fn read(self, kind: Kind) -> Option<KeptComponent> {
        let project = match self.project {
            Project::Absent => None,
            Project::Same => Some(self.content.clone()),
            Project::Other(project) => Some(project),
        };
        Some(KeptComponent {
            id: RecordId::parse(&self.id).ok()?,
            project,
            created: self.created.read()?,
            modified: self.modified.read()?,
            part: Part {
                kind,
                name: self.name,
                path: self.path,
                line: self.line,
                position: self.order,
                content: self.content,
                also: Vec::new(),
            },
        })
    }
}

/// A component of a stored document.
///
/// # Errors
/// [`Error::Document`].
fn read(key: &str, content: &[u8]) -> Result<KeptComponent, Error> {
    let component = if stored::is_versioned(content) {
        let stored: Stored = stored::read("component", content)?;
        let root = key.split_once('/').map(|(root, _)| root);
        let kind = root.and_then(Kind::stored_as);
        kind.and_then(|kind| stored.read(kind))
    } else {
        let text = std::str::from_utf8(content).ok();
        text.and_then(|text| unversioned::parse(key, text))
    };
    component.ok_or_else(|| Error::Document {
        what: "component",
        reason: format!("{key} is not of the form of one"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(project: Option<&str>) -> KeptComponent {
        let stamp = |millis| Stamp {
            by: RecordId::EMPTY,
            at: Timestamp::from_millis(millis),
        };
        KeptComponent {
            id: RecordId::EMPTY,
            part: Part {
                kind: Kind::Field,
                name: "Trip__c.Da\tys__c".to_owned(),
                path: "a\\b\n.object".to_owned(),
                line: 7,
                position: 2,
                content: "<a>\u{fc}\t\n</a>".to_owned(),
                also: Vec::new(),
            },
            project: project.map(str::to_owned),
            created: stamp(1_000),
            modified: stamp(2_000),
        }
    }

    #[test]
    fn what_is_kept_is_read_back() {
        for project in [None, Some("<a>\u{fc}\t\n</a>"), Some(""), Some("<b/>")] {
            let component = component(project);
            let key = key(component.part.kind, &component.part.name);
            let document = document(&key, Some(&component));
            let content = document.content.expect("content");
            assert!(stored::is_versioned(&content));
            assert_eq!(read(&document.key, &content).expect("read"), component);
        }
    }

    #[test]
    fn what_has_another_form_is_not_read() {
        let whole = stored::write(&Stored::of(&component(None)));
        let later = String::from_utf8_lossy(&whole).replace("\"v\":1", "\"v\":2");
        for (key, document) in [
            ("CustomField", "x\ny".as_bytes()),
            ("Nothing/x", &whole),
            ("CustomField/x", b""),
            ("CustomField/x", b"{\"v\":1}"),
            ("CustomField/x", later.as_bytes()),
        ] {
            assert!(read(key, document).is_err(), "{key}");
        }
    }
}
