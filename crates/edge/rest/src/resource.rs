//! From a path to the resource that it names.
//!
//! Words and names in paths are read in any letter case, a slash at the end is ignored, each segment is decoded once.
//! Source: "sObject Resources" (REST API Developer Guide).

use std::sync::Arc;

use landfall_model::{
    Catalog, EntityDefinition, Fault, PlatformEventDefinition, RecordId, RecordIdError,
};

use crate::composite::Composite;
use crate::interface::Interface;
use crate::push::OBJECT as PUSHED;
use crate::tooling::Tooling;
use crate::virtual_object::{Api, VirtualObject};

/// An object in a path.
#[derive(Clone, Debug)]
pub(crate) enum Object {
    /// An object with records.
    Records(Arc<EntityDefinition>),
    /// The change event object of one.
    ChangeEvent(Arc<EntityDefinition>),
    /// A platform event.
    PlatformEvent(Arc<PlatformEventDefinition>),
}

/// What a path below `/services/data/vNN.0` names.
#[derive(Clone, Debug)]
pub(crate) enum Resource {
    /// The list of resources.
    Resources,
    /// All objects.
    Objects,
    /// One object: its basic information, and new records of it.
    Object(Object),
    /// All about one object.
    Describe(Object),
    /// The event schema of an event object.
    EventSchema(Object),
    /// What is below `event`.
    EventResources,
    /// An event schema by its id.
    EventSchemaById(String),
    /// A platform event by an id, which leads to none.
    PublishedEvent,
    /// A record by its id, as spelled in the path.
    Row(Arc<EntityDefinition>, String),
    /// New records, addressed by the field `Id`.
    NewById(Arc<EntityDefinition>),
    /// A record by an external id: object, field, value.
    ExternalId(Arc<EntityDefinition>, String, String),
    /// What a record leads to: object, record, relationship or field.
    Related(Arc<EntityDefinition>, RecordId, String),
    /// The password of a user.
    Password(RecordId),
    /// Texts for a generic channel.
    Push(RecordId),
    /// Records that were changed in a stretch of time.
    Updated(Arc<EntityDefinition>),
    /// Records that were deleted in a stretch of time.
    Deleted(Arc<EntityDefinition>),
    /// An object whose records are made: its basic information.
    Virtual(&'static VirtualObject),
    /// All about it.
    VirtualDescribe(&'static VirtualObject),
    /// What the org may use.
    Limits,
    /// How many records there are.
    RecordCounts,
    /// The records that were changed last.
    Recent,
    /// What consists of several.
    Composite(Composite),
    /// A query; whether it is of deleted records too.
    Query(bool),
    /// A further page of a query, by its locator.
    QueryMore(String),
    /// A list of what pages for people consist of.
    Interface(Interface),
    /// A search.
    Search,
    /// A search by parameters.
    ParameterizedSearch,
    /// What is below `tooling`.
    Tooling(Tooling),
}

impl Resource {
    /// The resource of the segments after the version.
    ///
    /// # Errors
    /// [`Fault::ResourceNotFound`] for a path that leads nowhere.
    pub(crate) fn resolve(catalog: &Catalog, segments: &[String]) -> Result<Self, Fault> {
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match segments.as_slice() {
            [] => Ok(Self::Resources),
            [sobjects] if is(sobjects, "sobjects") => Ok(Self::Objects),
            [sobjects, object, rest @ ..] if is(sobjects, "sobjects") => {
                match object_of(catalog, object) {
                    Ok(object) => Self::below(object, rest),
                    Err(fault) => Self::made(object, rest).ok_or(fault),
                }
            }
            [event] if is(event, "event") => Ok(Self::EventResources),
            [event, schema, id] if is(event, "event") && is(schema, "eventSchema") => {
                Ok(Self::EventSchemaById((*id).to_owned()))
            }
            [composite, rest @ ..] if is(composite, "composite") => {
                Composite::resolve(catalog, rest).map(Self::Composite)
            }
            [limits] if is(limits, "limits") => Ok(Self::Limits),
            [limits, count] if is(limits, "limits") && is(count, "recordCount") => {
                Ok(Self::RecordCounts)
            }
            [recent] if is(recent, "recent") => Ok(Self::Recent),
            [query] if is(query, "query") => Ok(Self::Query(false)),
            [query] if is(query, "queryAll") => Ok(Self::Query(true)),
            [query, locator] if is(query, "query") || is(query, "queryAll") => {
                Ok(Self::QueryMore((*locator).to_owned()))
            }
            [search] if is(search, "search") => Ok(Self::Search),
            [search] if is(search, "parameterizedSearch") => Ok(Self::ParameterizedSearch),
            [tooling, rest @ ..] if is(tooling, "tooling") => {
                Tooling::resolve(rest).map(Self::Tooling)
            }
            other => Interface::named(other)
                .map(Self::Interface)
                .ok_or(Fault::ResourceNotFound),
        }
    }

    fn below(object: Object, rest: &[&str]) -> Result<Self, Fault> {
        match (object, rest) {
            (object, []) => Ok(Self::Object(object)),
            (object, [describe]) if is(describe, "describe") => Ok(Self::Describe(object)),
            (object @ (Object::ChangeEvent(_) | Object::PlatformEvent(_)), [schema])
                if is(schema, "eventSchema") =>
            {
                Ok(Self::EventSchema(object))
            }
            (Object::PlatformEvent(_), [_]) => Ok(Self::PublishedEvent),
            (Object::Records(entity), [id]) if is(id, "Id") => Ok(Self::NewById(entity)),
            (Object::Records(entity), [word]) if is(word, "updated") => Ok(Self::Updated(entity)),
            (Object::Records(entity), [word]) if is(word, "deleted") => Ok(Self::Deleted(entity)),
            (Object::Records(entity), [id]) => Ok(Self::Row(entity, (*id).to_owned())),
            (Object::Records(entity), [id, record]) if is(id, "Id") => {
                Ok(Self::Row(entity, (*record).to_owned()))
            }
            (Object::Records(_), [describe, _]) if is(describe, "describe") => {
                Err(Fault::ResourceNotFound)
            }
            (Object::Records(entity), [first, second]) => Ok(Self::two(entity, first, second)),
            (_, _) => Err(Fault::ResourceNotFound),
        }
    }

    /// What is below an object whose records are made.
    fn made(object: &str, rest: &[&str]) -> Option<Self> {
        let object = VirtualObject::named(Api::Plain, object)?;
        match rest {
            [] => Some(Self::Virtual(object)),
            [describe] if is(describe, "describe") => Some(Self::VirtualDescribe(object)),
            _ => None,
        }
    }

    /// A field and a value, or a record and what it leads to.
    fn two(entity: Arc<EntityDefinition>, first: &str, second: &str) -> Self {
        match RecordId::parse(first) {
            Ok(id) if entity.field(first).is_none() => {
                if entity.name.as_str() == "User" && is(second, "password") {
                    Self::Password(id)
                } else if entity.name.as_str() == PUSHED && is(second, "push") {
                    Self::Push(id)
                } else {
                    Self::Related(entity, id, second.to_owned())
                }
            }
            _ => Self::ExternalId(entity, first.to_owned(), second.to_owned()),
        }
    }

    /// The methods that it takes, as error texts and `Allow` list them.
    pub(crate) const fn allowed(&self) -> &'static str {
        match self {
            Self::Resources
            | Self::Updated(_)
            | Self::Deleted(_)
            | Self::Limits
            | Self::RecordCounts
            | Self::Recent
            | Self::Objects
            | Self::Describe(_)
            | Self::Virtual(_)
            | Self::VirtualDescribe(_)
            | Self::EventSchema(_)
            | Self::EventSchemaById(_)
            | Self::EventResources
            | Self::PublishedEvent
            | Self::Query(_)
            | Self::QueryMore(_)
            | Self::Interface(_)
            | Self::Search => "HEAD,GET",
            Self::Object(_) | Self::Password(_) | Self::Push(_) | Self::ParameterizedSearch => {
                "HEAD,GET,POST"
            }
            Self::Tooling(tooling) => tooling.allowed(),
            Self::NewById(_) => "POST",
            Self::Composite(composite) => composite.allowed(),
            Self::Row(..) | Self::ExternalId(..) | Self::Related(..) => "HEAD,GET,PATCH,DELETE",
        }
    }
}

/// The id that a path spells, of a record of this object.
///
/// # Errors
/// [`Fault::ExternalIdFieldUnknown`] for what is no id at all, since it stands where a field's name could;
/// [`Fault::IdMalformed`] for a wrong checksum; [`Fault::IdTypeWrong`] for a record of another object.
pub(crate) fn record_id(entity: &EntityDefinition, text: &str) -> Result<RecordId, Fault> {
    match RecordId::parse(text) {
        Ok(id) if id.prefix() == entity.key_prefix => Ok(id),
        Ok(_) => Err(Fault::IdTypeWrong {
            field: id_field(entity),
            value: text.to_owned(),
        }),
        Err(RecordIdError::Checksum) => Err(Fault::IdMalformed {
            field: id_field(entity),
            value: text.to_owned(),
        }),
        Err(RecordIdError::Length | RecordIdError::Alphabet) => {
            Err(Fault::ExternalIdFieldUnknown {
                field: text.to_owned(),
            })
        }
    }
}

fn id_field(entity: &EntityDefinition) -> landfall_model::fault::FaultField {
    crate::values::subject_named(entity, "Id")
}

/// The object of a name, in any letter case.
///
/// # Errors
/// [`Fault::ResourceNotFound`].
pub(crate) fn object_of(catalog: &Catalog, name: &str) -> Result<Object, Fault> {
    if let Some(entity) = catalog.entity(name) {
        return Ok(Object::Records(Arc::clone(entity)));
    }
    if let Some(event) = catalog.platform_event(name) {
        return Ok(Object::PlatformEvent(Arc::clone(event)));
    }
    catalog
        .entity_of_change_event(name)
        .map(|entity| Object::ChangeEvent(Arc::clone(entity)))
        .ok_or(Fault::ResourceNotFound)
}

pub(crate) fn is(segment: &str, word: &str) -> bool {
    segment.eq_ignore_ascii_case(word)
}

/// Splits a raw path into decoded segments; empty ones are left out.
pub(crate) fn segments(path: &str) -> Vec<String> {
    path.split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| decode(segment, false))
        .collect()
}

/// The parameters of a query string, decoded.
pub(crate) fn parameters(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(name, true), decode(value, true))
        })
        .collect()
}

/// Decodes `%XX`, and `+` in query strings; what is not UTF-8 reads as replacement characters.
fn decode(text: &str, plus_is_space: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' if plus_is_space => bytes.push(b' '),
            b'%' => {
                let mut ahead = rest.clone();
                let digits = [ahead.next(), ahead.next()]
                    .map(|digit| digit.and_then(|digit| char::from(digit).to_digit(16)));
                if let [Some(high), Some(low)] = digits {
                    bytes.push(u8::try_from(high << 4 | low).unwrap_or_default());
                    rest = ahead;
                } else {
                    bytes.push(b'%');
                }
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn resolve(path: &str) -> Result<Resource, Fault> {
        Resource::resolve(&fixture::catalog(), &segments(path))
    }

    #[test]
    fn words_and_names_are_read_in_any_letter_case() {
        assert!(matches!(resolve("/SObjects/"), Ok(Resource::Objects)));
        assert!(matches!(
            resolve("sobjects/thing/DESCRIBE/"),
            Ok(Resource::Describe(Object::Records(entity))) if entity.name.as_str() == "Thing"
        ));
        assert!(matches!(
            resolve("sobjects/THINGchangeEVENT/eventschema"),
            Ok(Resource::EventSchema(_))
        ));
        assert!(matches!(
            resolve("event/eventSchema/abc"),
            Ok(Resource::EventSchemaById(id)) if id == "abc"
        ));
    }

    #[test]
    fn a_value_is_decoded_once() {
        assert!(matches!(
            resolve("sobjects/Thing/Code__c/a%2Fb%2520c+d"),
            Ok(Resource::ExternalId(_, field, value)) if field == "Code__c" && value == "a/b%20c+d"
        ));
        assert_eq!(
            parameters("a=b+c&x&%66ields=A%2CB&=&bad=%zz%4"),
            [
                ("a", "b c"),
                ("x", ""),
                ("fields", "A,B"),
                ("", ""),
                ("bad", "%zz%4")
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn an_id_with_something_behind_it_is_a_way_on() {
        let id = "a005f0000000001AAA";
        assert!(matches!(
            resolve(&format!("sobjects/Thing/{id}/Owner")),
            Ok(Resource::Related(_, _, name)) if name == "Owner"
        ));
        assert!(matches!(
            resolve(&format!("sobjects/Thing/id/{id}")),
            Ok(Resource::Row(_, text)) if text == id
        ));
    }

    #[test]
    fn paths_that_lead_nowhere_are_not_found() {
        for path in [
            "nope",
            "sobjects/Nope",
            "sobjects/Thing/eventSchema/x/y",
            "sobjects/Thing/describe/layouts",
            "sobjects/ThingChangeEvent/a005f0000000001AAA",
            "event/eventSchema",
        ] {
            assert!(
                matches!(resolve(path), Err(Fault::ResourceNotFound)),
                "{path}"
            );
        }
    }

    #[test]
    fn ids_in_paths_are_told_apart() {
        let catalog = fixture::catalog();
        let entity = catalog.entity("Thing").expect("in the fixture");
        assert!(record_id(entity, "a005f0000000001").is_ok());
        assert!(matches!(
            record_id(entity, "xyz"),
            Err(Fault::ExternalIdFieldUnknown { field }) if field == "xyz"
        ));
        assert!(matches!(
            record_id(entity, "a005f0000000001AAB"),
            Err(Fault::IdMalformed { .. })
        ));
        assert!(matches!(
            record_id(entity, "0015f00002J9YYEAA3"),
            Err(Fault::IdTypeWrong { field, .. }) if field.name.as_str() == "Id"
        ));
    }
}
