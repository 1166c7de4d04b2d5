//! What one file of a retrieval holds: a component, or an object with some or all of its parts.

use std::collections::BTreeSet;

use landfall_engine::{Components, Definitions, KeptComponent, Kind, Part};
use landfall_metadata::{Settings, custom_metadata_file, metadata_file};

use crate::describe::standard_fields;
use crate::error::Error;

/// What a file is to hold.
pub(crate) struct Choice {
    kind: Kind,
    /// Its component, or the object of its components.
    name: String,
    /// Whether it holds the whole object.
    is_whole: bool,
    /// The components that were asked for, and those that come with an object.
    pub(crate) named: BTreeSet<(Kind, String)>,
}

impl Choice {
    /// An empty file of a component, or of an object of which some parts are requested.
    pub(crate) fn new(kind: Kind, name: &str) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            is_whole: false,
            named: BTreeSet::new(),
        }
    }

    /// Adds a component; with an object come its parts.
    pub(crate) fn add(&mut self, definitions: &Definitions, kind: Kind, name: &str) {
        self.named.insert((kind, name.to_owned()));
        if kind != Kind::Object {
            return;
        }
        self.is_whole = true;
        for kept in parts_of(definitions.components(), name) {
            let part = (kept.part.kind, kept.part.name.clone());
            self.named.insert(part);
        }
        let shipped = definitions.catalog().entity(name);
        let shipped = shipped.filter(|entity| !entity.name.as_str().contains("__"));
        for field in shipped.iter().flat_map(|entity| standard_fields(entity)) {
            self.named.insert((Kind::Field, field));
        }
    }

    /// The text of the file.
    ///
    /// # Errors
    /// [`Error::Component`].
    pub(crate) fn render(&self, definitions: &Definitions) -> Result<String, Error> {
        let components = definitions.components();
        let kept = components.get(self.kind, &self.name);
        let own = match kept {
            Some(kept) if self.is_whole || self.kind != Kind::Object => kept.part.clone(),
            _ => empty(self.kind, &self.name),
        };
        if self.kind == Kind::CustomMetadata {
            let base = self.name.split('.').next().unwrap_or_default();
            let entity = definitions.catalog().entity(&format!("{base}__mdt"));
            let entity = entity.map(|entity| &**entity);
            return custom_metadata_file(&own, entity).map_err(Error::Component);
        }
        let inner = self
            .named
            .iter()
            .filter(|(kind, _)| kind.inline().is_some());
        let inner: Vec<Part> = inner
            .map(|(kind, name)| match components.get(*kind, name) {
                Some(kept) => kept.part.clone(),
                None => empty(*kind, name),
            })
            .collect();
        let inner: Vec<&Part> = inner.iter().collect();
        metadata_file(&own, &inner).map_err(Error::Component)
    }
}

/// One component by itself: its file, or a part of an object without the rest of the object.
///
/// # Errors
/// [`Error::Component`].
pub(crate) fn single(definitions: &Definitions, kind: Kind, name: &str) -> Result<String, Error> {
    let components = definitions.components();
    if kind.inline().is_none() {
        let mut choice = Choice::new(kind, name);
        choice.add(definitions, kind, name);
        return choice.render(definitions);
    }
    let kept = components.get(kind, name);
    let part = kept.map_or_else(|| empty(kind, name), |kept| kept.part.clone());
    metadata_file(&part, &[]).map_err(Error::Component)
}

/// The full name of an object, a field or settings that the org is shipped with.
pub(crate) fn shipped(definitions: &Definitions, kind: Kind, name: &str) -> Option<String> {
    if let Some(only) = kind.only() {
        return only.eq_ignore_ascii_case(name).then(|| only.to_owned());
    }
    let (object, field) = match name.split_once('.') {
        Some((object, field)) => (object, Some(field)),
        None => (name, None),
    };
    let entity = definitions.catalog().entity(object)?;
    match (kind, field) {
        (Kind::Object, None) => Some(entity.name.to_string()),
        (Kind::Field, Some(field)) => {
            let (_, field) = entity.field(field)?;
            Some(format!("{}.{}", entity.name, field.name))
        }
        _ => None,
    }
}

/// A component of which nothing is said.
fn empty(kind: Kind, name: &str) -> Part {
    if kind == Kind::Settings {
        return Settings::default().part();
    }
    let root = kind.root();
    Part {
        kind,
        name: name.to_owned(),
        path: kind.path(name),
        line: 1,
        position: 0,
        content: format!("<{root}/>"),
        also: Vec::new(),
    }
}

/// The components that are part of an object.
fn parts_of<'c>(
    components: &'c Components,
    object: &str,
) -> impl Iterator<Item = &'c KeptComponent> {
    let kinds = Kind::ALL.into_iter().filter(|kind| kind.inline().is_some());
    let parts: Vec<&KeptComponent> = kinds
        .flat_map(|kind| components.of_object(kind, object))
        .map(AsRef::as_ref)
        .collect();
    parts.into_iter()
}
