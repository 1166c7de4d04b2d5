//! What the tests share: the shipped objects, and small projects written in place.

use std::sync::LazyLock;

use landfall_metadata::{Component, KeyPrefixes, Org, Problem, compile, parts};
use landfall_model::{EntityDefinition, FieldDefinition, FieldName};

static STANDARD: LazyLock<Vec<EntityDefinition>> =
    LazyLock::new(|| landfall_standard::entities().expect("the shipped objects"));

pub(crate) fn standard() -> Vec<EntityDefinition> {
    STANDARD.clone()
}

/// A file: the body of its root element stands from line 2 on.
pub(crate) fn file(path: &str, root: &str, body: &str) -> Component {
    let namespace = "http://soap.sforce.com/2006/04/metadata";
    Component {
        path: path.to_owned(),
        content: format!("<{root} xmlns=\"{namespace}\">\n{body}\n</{root}>\n"),
    }
}

/// An object file with inline fields.
pub(crate) fn object(name: &str, body: &str) -> Component {
    file(&format!("objects/{name}.object"), "CustomObject", body)
}

/// A custom object with a text name and these fields.
pub(crate) fn custom_object(name: &str, fields: &str) -> Component {
    let heading =
        "<label>L</label><pluralLabel>Ls</pluralLabel><nameField><type>Text</type></nameField>";
    object(name, &format!("{heading}\n{fields}"))
}

/// A platform event with these fields.
pub(crate) fn platform_event(name: &str, fields: &str) -> Component {
    object(
        name,
        &format!("<label>L</label><eventType>HighVolume</eventType>\n{fields}"),
    )
}

/// An inline field.
pub(crate) fn field(name: &str, kind: &str, more: &str) -> String {
    format!(
        "<fields><fullName>{name}</fullName><label>L</label><type>{kind}</type>{more}</fields>\n"
    )
}

pub(crate) fn compiled(components: &[Component]) -> Org {
    let result = compile(
        standard(),
        Vec::new(),
        &parts(components),
        &mut KeyPrefixes::default(),
    );
    result.unwrap_or_else(|problems| panic!("{}", lines(&problems)))
}

/// What an org refuses of a project, one a line.
pub(crate) fn refused(components: &[Component]) -> String {
    let result = compile(
        standard(),
        Vec::new(),
        &parts(components),
        &mut KeyPrefixes::default(),
    );
    match result {
        Err(problems) => lines(&problems),
        Ok(org) => {
            assert!(!org.inapplicable.is_empty(), "the project is right");
            lines(&org.inapplicable)
        }
    }
}

pub(crate) fn lines(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

pub(crate) fn entity<'a>(org: &'a Org, name: &str) -> &'a EntityDefinition {
    let found = org
        .entities
        .iter()
        .find(|entity| entity.name.as_str() == name);
    found.unwrap_or_else(|| panic!("no object {name}"))
}

pub(crate) fn field_of<'a>(org: &'a Org, object: &str, name: &str) -> &'a FieldDefinition {
    let found = entity(org, object).field(name);
    found
        .unwrap_or_else(|| panic!("no field {object}.{name}"))
        .1
}

pub(crate) fn names(entity: &EntityDefinition) -> Vec<&str> {
    entity
        .fields
        .iter()
        .map(|field| field.name.as_str())
        .collect()
}

pub(crate) fn captured(entity: &EntityDefinition) -> Vec<&str> {
    let change_event = entity.change_event.as_ref().expect("captured");
    change_event.fields.iter().map(FieldName::as_str).collect()
}
