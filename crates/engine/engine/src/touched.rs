//! What a commit has touched of what is kept in memory: the names of documents, the ids of set-up records.
//!
//! It says where to look, never what is found there: a follower of the commits of an org reads that from the store.

use std::collections::{BTreeMap, BTreeSet};

use landfall_model::{EntityName, RecordId};
use landfall_store::DocumentKind;

use crate::currencies::OBJECT as CURRENCIES;

/// The object whose records are the users.
pub(crate) const USER: &str = "User";

/// The kinds of documents that something in memory follows from.
const DOCUMENTS: &[DocumentKind] = &[
    DocumentKind::Org,
    DocumentKind::Schema,
    DocumentKind::Component,
    DocumentKind::Session,
    DocumentKind::RefreshToken,
    DocumentKind::ConnectedApp,
];

/// The objects whose records something in memory follows from.
const OBJECTS: &[&str] = &[
    USER,
    CURRENCIES,
    "FieldPermissions",
    "ObjectPermissions",
    "PermissionSet",
    "PermissionSetAssignment",
    "PushTopic",
    "StreamingChannel",
];

/// Some of many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope<'t, T> {
    /// Every one, and those that are gone.
    All,
    /// None but these.
    These(&'t BTreeSet<T>),
    /// None.
    Nothing,
}

impl<T> Scope<'_, T> {
    /// Whether it is none.
    pub const fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing)
    }
}

/// What a commit has touched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    all: bool,
    /// Whether events at the beginning of the log are gone.
    log: bool,
    /// Whether the log is another one.
    rewound: bool,
    documents: BTreeMap<DocumentKind, BTreeSet<String>>,
    records: BTreeMap<&'static str, BTreeSet<RecordId>>,
}

impl Touched {
    /// Everything: nobody knows what has changed.
    pub fn everything() -> Self {
        Self {
            all: true,
            log: true,
            rewound: true,
            ..Self::default()
        }
    }

    /// What a commit has touched, without what nothing in memory follows from.
    pub fn of(commit: &landfall_store::Touched) -> Self {
        let mut touched = Self {
            log: commit.trimmed.is_some(),
            rewound: commit.rewound,
            ..Self::default()
        };
        for (kind, key) in &commit.documents {
            if DOCUMENTS.contains(kind) {
                let keys = touched.documents.entry(*kind).or_default();
                keys.insert(key.clone());
            }
        }
        for (entity, records) in &commit.records {
            let object = OBJECTS.iter().find(|object| **object == entity.as_str());
            if let Some(object) = object {
                touched.records.insert(object, records.clone());
            }
        }
        touched
    }

    /// Whether it is nothing.
    pub fn is_nothing(&self) -> bool {
        !self.all
            && !self.log
            && !self.rewound
            && self.documents.is_empty()
            && self.records.is_empty()
    }

    /// The touched documents of a kind, by their keys.
    pub fn documents(&self, kind: DocumentKind) -> Scope<'_, String> {
        self.scope(self.documents.get(&kind))
    }

    /// The touched records of an object that the org is set up by.
    pub fn records(&self, object: &str) -> Scope<'_, RecordId> {
        self.scope(self.records.get(object))
    }

    /// Whether definitions have changed.
    pub fn definitions(&self) -> bool {
        let org = self.documents.get(&DocumentKind::Org);
        self.all
            || self.documents.contains_key(&DocumentKind::Component)
            || self.records.contains_key(CURRENCIES)
            || org.is_some_and(|keys| keys.contains(crate::stored::DEFINITIONS))
    }

    /// Whether events at the beginning of the log are gone.
    pub(crate) const fn log(&self) -> bool {
        self.log
    }

    /// Whether the log is another one: what is known of it is wrong.
    pub(crate) const fn rewound(&self) -> bool {
        self.rewound
    }

    const fn scope<'t, T>(&self, these: Option<&'t BTreeSet<T>>) -> Scope<'t, T> {
        match these {
            _ if self.all => Scope::All,
            Some(these) => Scope::These(these),
            None => Scope::Nothing,
        }
    }
}

/// Whether the org is set up by the records of an object.
pub(crate) fn is_set_up_by(object: &str) -> bool {
    OBJECTS.contains(&object)
}

/// The objects whose records the feed of commits has to list.
pub(crate) fn followed() -> Vec<EntityName> {
    let objects = OBJECTS.iter();
    objects.map(|object| EntityName::new(*object)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_that_nothing_follows_from_are_left_out() {
        let documents = [DocumentKind::Session, DocumentKind::Usage];
        let documents = documents.map(|kind| (kind, "a".to_owned()));
        let commit = landfall_store::Touched {
            documents: documents.into(),
            ..landfall_store::Touched::default()
        };
        let touched = Touched::of(&commit);
        let keys = BTreeSet::from(["a".to_owned()]);
        assert_eq!(
            touched.documents(DocumentKind::Session),
            Scope::These(&keys)
        );
        assert!(touched.documents(DocumentKind::Usage).is_nothing());
        assert!(!touched.definitions() && !touched.is_nothing());
    }

    #[test]
    fn everything_is_all_of_each() {
        let touched = Touched::everything();
        assert_eq!(touched.documents(DocumentKind::Schema), Scope::All);
        assert_eq!(touched.records(USER), Scope::All);
        assert!(touched.definitions() && touched.log());
    }
}
