//! The files of a project, read and put together by what they declare.

use std::collections::BTreeMap;

use landfall_model::limits::METADATA_COMPONENTS_MAX;

use crate::Component;
use crate::problem::{Place, Report};
use crate::project::{Identity, Kind, identify};
use crate::xml::{self, Element};

/// Everything that the files say of one object or platform event.
#[derive(Debug)]
pub(crate) struct ObjectSource {
    /// Its name as the first file spells it.
    pub(crate) name: String,
    /// The beginning of the first file.
    pub(crate) at: Place,
    /// The object files: a standard object may have one in each package directory.
    pub(crate) elements: Vec<Element>,
    /// Fields with files of their own, by the name of the file.
    fields: Vec<(String, Element)>,
    /// Record types with files of their own, by the name of the file.
    record_types: Vec<(String, Element)>,
}

impl ObjectSource {
    /// The fields in the order of the file, then those with files of their own in the order of their names.
    ///
    /// A name is given where a file has one.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (Option<&str>, &Element)> {
        self.parts("fields", &self.fields)
    }

    /// The record types, likewise.
    pub(crate) fn record_types(&self) -> impl Iterator<Item = (Option<&str>, &Element)> {
        self.parts("recordTypes", &self.record_types)
    }

    fn parts<'a>(
        &'a self,
        inline: &'a str,
        separate: &'a [(String, Element)],
    ) -> impl Iterator<Item = (Option<&'a str>, &'a Element)> {
        let inline = self
            .elements
            .iter()
            .flat_map(move |element| element.all(inline));
        let separate = separate
            .iter()
            .map(|(name, element)| (Some(name.as_str()), element));
        inline.map(|element| (None, element)).chain(separate)
    }
}

/// A component that is no object and no part of one.
#[derive(Debug)]
pub(crate) struct Single {
    pub(crate) name: String,
    pub(crate) element: Element,
}

/// What a project consists of.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// By name in lower case.
    pub(crate) objects: BTreeMap<String, ObjectSource>,
    /// By kind and by name in lower case.
    singles: BTreeMap<(Kind, String), Single>,
}

impl Sources {
    /// The components of a kind, in the order of their names.
    pub(crate) fn singles(&self, kind: Kind) -> impl Iterator<Item = &Single> {
        self.singles
            .iter()
            .filter(move |((of, _), _)| *of == kind)
            .map(|(_, single)| single)
    }

    fn object(&mut self, name: &str, path: &str) -> &mut ObjectSource {
        self.objects
            .entry(name.to_ascii_lowercase())
            .or_insert_with(|| ObjectSource {
                name: name.to_owned(),
                at: Place::of_file(path),
                elements: Vec::new(),
                fields: Vec::new(),
                record_types: Vec::new(),
            })
    }

    fn add(&mut self, identity: Identity<'_>, path: &str, element: Element, report: &mut Report) {
        let Identity { kind, name, object } = identity;
        match kind {
            Kind::Object => self.object(name, path).elements.push(element),
            Kind::Field => self
                .object(object, path)
                .fields
                .push((name.to_owned(), element)),
            Kind::RecordType => self
                .object(object, path)
                .record_types
                .push((name.to_owned(), element)),
            Kind::GlobalValueSet
            | Kind::StandardValueSet
            | Kind::Channel
            | Kind::ChannelMember
            | Kind::ManagedSubscription => {
                let at = element.at.clone();
                let name = name.to_owned();
                let key = (kind, name.to_ascii_lowercase());
                if let Some(other) = self.singles.insert(key, Single { name, element }) {
                    let reason = format!("{} is also in {}", other.name, other.element.at.path);
                    report.problem(&at, reason);
                }
            }
        }
    }
}

/// Reads the components; what is none is left out.
pub(crate) fn gather(components: &[Component], report: &mut Report) -> Sources {
    let mut sources = Sources::default();
    let mut sorted: Vec<&Component> = components.iter().collect();
    sorted.sort_by(|left, right| left.path.cmp(&right.path));
    for (count, component) in sorted.into_iter().enumerate() {
        let path = component.path.as_str();
        let Some(identity) = identify(path) else {
            continue;
        };
        if count >= METADATA_COMPONENTS_MAX {
            let reason = format!("a project has at most {METADATA_COMPONENTS_MAX} files");
            report.problem(&Place::of_file(path), reason);
            break;
        }
        match xml::parse(path, &component.content, identity.kind.root()) {
            Ok(element) => sources.add(identity, path, element, report),
            Err((at, reason)) => report.problem(&at, reason),
        }
    }
    for object in sources.objects.values_mut() {
        object
            .fields
            .sort_by(|(left, _), (right, _)| left.cmp(right));
        object
            .record_types
            .sort_by(|(left, _), (right, _)| left.cmp(right));
    }
    sources
}
