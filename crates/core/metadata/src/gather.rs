//! The files of a project, read and put together by what they declare.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use landfall_model::limits::METADATA_COMPONENTS_MAX;

use crate::Part;
use crate::names;
use crate::order;
use crate::problem::{Report, SourceLine};
use crate::project::Kind;
use crate::read::brief;
use crate::xml::{self, Element};

/// Everything that the files say of one object or platform event.
#[derive(Debug)]
pub(crate) struct ObjectSource {
    /// Its name as the first file spells it.
    pub(crate) name: String,
    /// The beginning of the first file.
    pub(crate) at: SourceLine,
    /// The object files: a standard object may have one in each package directory.
    pub(crate) elements: Vec<Element>,
    fields: Vec<Inner>,
    record_types: Vec<Inner>,
    business_processes: Vec<Inner>,
    validation_rules: Vec<Inner>,
}

/// A field or record type of an object.
#[derive(Debug)]
struct Inner {
    /// See [`Part::position`].
    position: usize,
    /// What its file is named, or what it says itself; empty if it says nothing.
    name: String,
    element: Element,
}

impl ObjectSource {
    /// The fields in their order, with the names that their files give them.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (Option<&str>, &Element)> {
        self.fields.iter().map(Inner::named)
    }

    /// The record types, likewise.
    pub(crate) fn record_types(&self) -> impl Iterator<Item = (Option<&str>, &Element)> {
        self.record_types.iter().map(Inner::named)
    }

    /// The business processes, likewise.
    pub(crate) fn business_processes(&self) -> impl Iterator<Item = (Option<&str>, &Element)> {
        self.business_processes.iter().map(Inner::named)
    }

    /// The validation rules, likewise.
    pub(crate) fn validation_rules(&self) -> impl Iterator<Item = (Option<&str>, &Element)> {
        self.validation_rules.iter().map(Inner::named)
    }
}

/// The parts of an object with their developer names; what has none, or one of another part, is a problem.
pub(crate) fn with_names<'s>(
    what: &str,
    object: &str,
    parts: impl Iterator<Item = (Option<&'s str>, &'s Element)>,
    report: &mut Report,
) -> Vec<(&'s str, &'s Element)> {
    let mut seen = BTreeSet::new();
    let mut named = Vec::new();
    for (given, element) in parts {
        let Some(name) = given.or_else(|| element.required("fullName", report)) else {
            continue;
        };
        if names::of_package(name) {
            let reason = format!(
                "the {what} {object}.{} is left out: it belongs to a package",
                brief(name)
            );
            report.warning(&element.at, reason);
        } else if let Some(fault) = names::fault_of_developer_name(name) {
            report.problem(&element.at, fault);
        } else if seen.insert(name.to_ascii_lowercase()) {
            named.push((name, element));
        } else {
            let reason = format!("There is already a {what} named {name} on {object}.");
            report.problem(&element.at, reason);
        }
    }
    named
}

impl Inner {
    fn named(&self) -> (Option<&str>, &Element) {
        let name = (!self.name.is_empty()).then_some(self.name.as_str());
        (name, &self.element)
    }

    fn compare(&self, other: &Self) -> Ordering {
        order::compare((self.position, &self.name), (other.position, &other.name))
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

    fn object(&mut self, name: &str, part: &Part) -> &mut ObjectSource {
        self.objects
            .entry(name.to_ascii_lowercase())
            .or_insert_with(|| ObjectSource {
                name: name.to_owned(),
                at: SourceLine::of(part),
                elements: Vec::new(),
                fields: Vec::new(),
                record_types: Vec::new(),
                business_processes: Vec::new(),
                validation_rules: Vec::new(),
            })
    }

    fn add(&mut self, part: &Part, element: Element, report: &mut Report) {
        let (object, name) = part.name.split_once('.').unwrap_or((&part.name, ""));
        let inner = |element| Inner {
            position: part.position,
            name: name.to_owned(),
            element,
        };
        match part.kind {
            Kind::Object => self.object(&part.name, part).elements.push(element),
            Kind::Field => self.object(object, part).fields.push(inner(element)),
            Kind::RecordType => self.object(object, part).record_types.push(inner(element)),
            Kind::BusinessProcess => {
                let processes = &mut self.object(object, part).business_processes;
                processes.push(inner(element));
            }
            Kind::ValidationRule => {
                let rules = &mut self.object(object, part).validation_rules;
                rules.push(inner(element));
            }
            Kind::CustomMetadata
            | Kind::CustomLabels
            | Kind::GlobalValueSet
            | Kind::StandardValueSet
            | Kind::Channel
            | Kind::ChannelMember
            | Kind::ManagedSubscription
            | Kind::Queue
            | Kind::Group
            | Kind::PermissionSet
            | Kind::Profile
            | Kind::ConnectedApp
            | Kind::CorsOrigin
            | Kind::Settings
            | Kind::Features => {
                let at = element.at.clone();
                let name = part.name.clone();
                let key = (part.kind, name.to_ascii_lowercase());
                if let Some(other) = self.singles.insert(key, Single { name, element }) {
                    let reason = format!("{} is also in {}", other.name, other.element.at.path);
                    report.problem(&at, reason);
                }
            }
        }
    }
}

/// Reads the components, and puts together what belongs together.
pub(crate) fn gather(parts: &[Part], report: &mut Report) -> Sources {
    let mut sources = Sources::default();
    let mut sorted: Vec<&Part> = parts.iter().collect();
    sorted.sort_by_key(|part| (part.path.as_str(), part.position));
    for (count, part) in sorted.into_iter().enumerate() {
        if count >= METADATA_COMPONENTS_MAX {
            let reason = format!("a project has at most {METADATA_COMPONENTS_MAX} components");
            report.problem(&SourceLine::of(part), reason);
            break;
        }
        match xml::parse(part) {
            Ok(element) => sources.add(part, element, report),
            // The rest of a project means the same without them.
            Err((at, reason)) if matches!(part.kind, Kind::CustomMetadata | Kind::CustomLabels) => {
                report.inapplicable(&at, reason);
            }
            Err((at, reason)) => report.problem(&at, reason),
        }
    }
    for object in sources.objects.values_mut() {
        for inner in [
            &mut object.fields,
            &mut object.record_types,
            &mut object.business_processes,
        ] {
            inner.sort_by(Inner::compare);
        }
        // Their order is not documented: by name.
        object
            .validation_rules
            .sort_by(|left, right| left.name.cmp(&right.name));
    }
    sources
}
