//! The components of the org: what its definitions are compiled from, one by one, with who made them and when.
//!
//! Those of the project and those that came one by one lie side by side. Each is kept as it is now, and one of the
//! project also as the project says it: while the project says the same, what was changed since stays.

use std::collections::BTreeMap;
use std::sync::Arc;

use landfall_metadata::{Kind, Part};
use landfall_model::{RecordId, Timestamp};
use landfall_store::{Document, DocumentKind, Reads};

use crate::error::Error;
use crate::tabbed;

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
            let component = String::from_utf8(content)
                .ok()
                .and_then(|content| parse(&name, &content))
                .ok_or_else(|| Error::Document {
                    what: "component",
                    reason: format!("{name} is not of the form of one"),
                })?;
            let key = key(component.part.kind, &component.part.name);
            Ok((key, Arc::new(component)))
        });
        read.collect::<Result<_, Error>>().map(Self)
    }
}

/// The document that keeps a component, or forgets it: a line of texts, what it is now, and what the project says of it
/// if that is something else.
pub(crate) fn document(key: &Key, component: Option<&KeptComponent>) -> Document {
    Document {
        kind: DocumentKind::Component,
        key: format!("{}/{}", key.0.root(), key.1),
        content: component.map(|component| write(component).into_bytes()),
    }
}

/// What is kept of what the project says.
const NOTHING: &str = "-";
const THE_SAME: &str = "=";
const ANOTHER: &str = "+";

fn write(component: &KeptComponent) -> String {
    let KeptComponent {
        id,
        part,
        project,
        created,
        modified,
    } = component;
    let another = project
        .as_deref()
        .filter(|project| *project != part.content);
    let word = match (project, another) {
        (None, _) => NOTHING,
        (Some(_), None) => THE_SAME,
        (Some(_), Some(_)) => ANOTHER,
    };
    let mut document = format!(
        "{id}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{word}\t",
        created.by,
        created.at.as_millis(),
        modified.by,
        modified.at.as_millis(),
        part.line,
        part.place,
        part.content.len(),
    );
    tabbed::push(&mut document, &part.name);
    document.push('\t');
    tabbed::push(&mut document, &part.path);
    document.push('\n');
    document.push_str(&part.content);
    document.push_str(another.unwrap_or_default());
    document
}

fn parse(key: &str, document: &str) -> Option<KeptComponent> {
    let (root, _) = key.split_once('/')?;
    let (line, rest) = document.split_once('\n')?;
    let mut values = tabbed::values(line);
    let id = RecordId::parse(&values.next()?).ok()?;
    let (created, modified) = (stamp(&mut values)?, stamp(&mut values)?);
    let (line, place) = (values.next()?.parse().ok()?, values.next()?.parse().ok()?);
    let (content, project) = rest.split_at_checked(values.next()?.parse().ok()?)?;
    let word = values.next()?;
    let part = Part {
        kind: Kind::of_root(root)?,
        name: values.next()?,
        path: values.next()?,
        line,
        place,
        content: content.to_owned(),
    };
    let project = match word.as_str() {
        NOTHING if project.is_empty() => None,
        THE_SAME if project.is_empty() => Some(part.content.clone()),
        ANOTHER => Some(project.to_owned()),
        _ => return None,
    };
    values.next().is_none().then_some(KeptComponent {
        id,
        part,
        project,
        created,
        modified,
    })
}

fn stamp(values: &mut impl Iterator<Item = String>) -> Option<Stamp> {
    Some(Stamp {
        by: RecordId::parse(&values.next()?).ok()?,
        at: Timestamp::from_millis(values.next()?.parse().ok()?),
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
                place: 2,
                content: "<a>\u{fc}\t\n</a>".to_owned(),
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
            let content = String::from_utf8(document.content.expect("content")).expect("text");
            assert_eq!(parse(&document.key, &content), Some(component), "{content}");
        }
    }

    #[test]
    fn what_has_another_form_is_not_read() {
        let whole = write(&component(Some("<b/>")));
        for cut in whole.char_indices().map(|(at, _)| at) {
            let Some(beginning) = whole.get(..cut) else {
                continue;
            };
            let read = parse("CustomField/trip__c.days__c", beginning);
            assert!(read.is_none_or(|read| read != component(Some("<b/>"))));
        }
        for (key, document) in [
            ("CustomField", "x\ny"),
            ("Nothing/x", whole.as_str()),
            ("CustomField/x", ""),
        ] {
            assert_eq!(parse(key, document), None, "{document}");
        }
    }
}
