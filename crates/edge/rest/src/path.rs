//! Paths of resources: which one a request fits, and what its segments stand for.
//!
//! Words and names in paths are read in any letter case, a slash at the end is ignored, each segment is decoded once.
//! In the path of a declaration a segment in braces stands for
//! - an object that the caller sees: `{object}` any, `{records}` one with records, `{records:User}` that one,
//!   `{event}` that of a change event or a platform event, `{platformEvent}` the latter;
//! - `{virtual}` the name of a virtual object, `{record}` an id that is not the name of a field;
//! - `{rest...}` all that is left; any other name: a text.
//!
//! Source: "sObject Resources" (REST API Developer Guide).

use std::sync::Arc;

use landfall_http::path::is;
use landfall_model::{
    Catalog, EntityDefinition, Fault, PlatformEventDefinition, RecordFault, RecordId,
    RecordIdError, RequestFault, ValueFault,
};
use landfall_sobject::VirtualObjects;

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

/// What the segments of a path stand for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Path {
    object: Option<Object>,
    texts: Vec<String>,
}

impl Path {
    /// The object.
    ///
    /// # Errors
    /// [`RequestFault::ResourceNotFound`] if the path has none.
    pub(crate) fn object(&self) -> Result<&Object, RequestFault> {
        self.object.as_ref().ok_or(RequestFault::ResourceNotFound)
    }

    /// The object, which has records.
    ///
    /// # Errors
    /// [`RequestFault::ResourceNotFound`] if the path has none.
    pub(crate) fn entity(&self) -> Result<&Arc<EntityDefinition>, RequestFault> {
        match &self.object {
            Some(Object::Records(entity)) => Ok(entity),
            Some(Object::ChangeEvent(_) | Object::PlatformEvent(_)) | None => {
                Err(RequestFault::ResourceNotFound)
            }
        }
    }

    /// The segments that stand for texts.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(String::as_str)
    }

    /// One of them; empty if there are not so many.
    pub(crate) fn text(&self, index: usize) -> &str {
        self.texts.get(index).map_or("", String::as_str)
    }

    /// The first of them as an id.
    ///
    /// # Errors
    /// [`RequestFault::ResourceNotFound`] if it is none.
    pub(crate) fn id(&self) -> Result<RecordId, RequestFault> {
        RecordId::parse(self.text(0)).map_err(|_| RequestFault::ResourceNotFound)
    }
}

/// What the segments of a path stand for in the path of a declaration; none if they do not fit.
pub(crate) fn matched(
    declared: &str,
    segments: &[String],
    catalog: &Catalog,
    objects: &dyn VirtualObjects,
) -> Option<Path> {
    let mut path = Path::default();
    let mut segments = segments.iter();
    for part in declared.split('/').filter(|part| !part.is_empty()) {
        let name = part
            .strip_prefix('{')
            .and_then(|part| part.strip_suffix('}'));
        if name == Some("rest...") {
            path.texts.extend(segments.by_ref().cloned());
            break;
        }
        let segment = segments.next()?;
        let fits = match name {
            None => is(segment, part),
            Some("virtual") => {
                path.texts.push(segment.clone());
                object_of(catalog, segment).is_err() && objects.has(segment)
            }
            Some("record") => {
                path.texts.push(segment.clone());
                let entity = path.entity().ok()?;
                RecordId::parse(segment).is_ok() && entity.field(segment).is_none()
            }
            Some(name) => {
                if let Some(kind) = kind(name) {
                    let object = object_of(catalog, segment).ok()?;
                    let fits = kind(&object, name);
                    path.object = Some(object);
                    fits
                } else {
                    path.texts.push(segment.clone());
                    true
                }
            }
        };
        if !fits {
            return None;
        }
    }
    segments.next().is_none().then_some(path)
}

/// Which objects a name in braces stands for; none if it stands for a text.
fn kind(name: &str) -> Option<fn(&Object, &str) -> bool> {
    match name.split(':').next() {
        Some("object") => Some(|_, _| true),
        Some("event") => Some(|object, _| !matches!(object, Object::Records(_))),
        Some("platformEvent") => Some(|object, _| matches!(object, Object::PlatformEvent(_))),
        Some("records") => Some(|object, name| match (object, name.split_once(':')) {
            (Object::Records(entity), Some((_, name))) => entity.name.as_str() == name,
            (Object::Records(_), None) => true,
            (Object::ChangeEvent(_) | Object::PlatformEvent(_), _) => false,
        }),
        _ => None,
    }
}

/// The id that a path spells, of a record of this object.
///
/// # Errors
/// [`RecordFault::ExternalIdFieldUnknown`] for an invalid id, since it could be the name of a field;
/// [`ValueFault::IdMalformed`] for a wrong checksum; [`ValueFault::IdTypeWrong`] for a record of another object.
pub(crate) fn record_id(entity: &EntityDefinition, text: &str) -> Result<RecordId, Fault> {
    match RecordId::parse(text) {
        Ok(id) if id.prefix() == entity.key_prefix => Ok(id),
        Ok(_) => Err(Fault::Value(ValueFault::IdTypeWrong {
            field: id_field(entity),
            value: text.to_owned(),
        })),
        Err(RecordIdError::Checksum) => Err(Fault::Value(ValueFault::IdMalformed {
            field: id_field(entity),
            value: text.to_owned(),
        })),
        Err(RecordIdError::Length | RecordIdError::Alphabet) => {
            Err(Fault::Record(RecordFault::ExternalIdFieldUnknown {
                field: text.to_owned(),
            }))
        }
    }
}

fn id_field(entity: &EntityDefinition) -> landfall_model::fault::FaultField {
    landfall_sobject::values::subject_named(entity, "Id")
}

/// The object of a name, in any letter case.
///
/// # Errors
/// [`RequestFault::ResourceNotFound`].
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
        .ok_or(Fault::Request(RequestFault::ResourceNotFound))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Method;
    use landfall_apidoc::{Operation, Shape};
    use landfall_http::path::segments;
    use landfall_http::xml::Root;
    use landfall_http::{Answer, Pending};
    use landfall_sobject::object_describe::ObjectDescribe;
    use landfall_test_org::definitions;

    use super::*;
    use crate::resource::{Resource, Target, below, described, listed};
    use crate::resources::RESOURCES;

    /// No virtual objects.
    struct Nothing;

    impl VirtualObjects for Nothing {
        fn entries(&self, _: &landfall_http::Call) -> Vec<ObjectDescribe<'static>> {
            Vec::new()
        }

        fn has(&self, _: &str) -> bool {
            false
        }

        fn information(&self, _: &landfall_http::Call, _: &str) -> Result<Answer, Fault> {
            Err(Fault::Request(RequestFault::ResourceNotFound))
        }

        fn describe(&self, _: &landfall_http::Call, _: &str) -> Result<Answer, Fault> {
            Err(Fault::Request(RequestFault::ResourceNotFound))
        }

        fn is_queried(&self, _: &landfall_http::Call, _: &str) -> bool {
            false
        }

        fn query<'a>(&'a self, _: &'a landfall_http::Call) -> Pending<'a> {
            Box::pin(async { Err(Fault::Request(RequestFault::ResourceNotFound)) })
        }

        fn resource(&self, _: &[&str]) -> Result<(&'static str, Root), Fault> {
            Err(Fault::Request(RequestFault::ResourceNotFound))
        }

        fn answer<'a>(
            &'a self,
            _: &'a landfall_http::Call,
            _: &'a [&'a str],
            _: Body,
            _: Option<&'a landfall_engine::Staging>,
        ) -> Pending<'a> {
            Box::pin(async { Err(Fault::Request(RequestFault::ResourceNotFound)) })
        }
    }

    /// The declaration that a path fits, with what its segments stand for.
    fn declared(path: &str) -> Option<(&'static str, Path)> {
        let (segments, catalog) = (segments(path), definitions::catalog());
        RESOURCES.iter().find_map(|resource| {
            let path = matched(resource.path, &segments, &catalog, &Nothing)?;
            Some((resource.path, path))
        })
    }

    /// A resource that is added: this is all that it takes.
    const ADDED: &[Resource<()>] =
        &[
            Resource::new("weather/{city}", "HEAD,GET", |(), _, path, _| {
                Box::pin(async move { Ok(Answer::json(path.text(0).to_owned())) })
            })
            .since(50)
            .listed()
            .operations(&[Operation {
                method: "get",
                id: "weather",
                tag: "Org",
                summary: "The weather",
                parameters: &[],
                reads: None,
                answers: Shape::Object,
            }]),
        ];

    #[test]
    fn a_resource_is_one_declaration() {
        let resources = (ADDED, &Nothing as &dyn VirtualObjects);
        let catalog = definitions::catalog();
        let target = Target::of(resources, &catalog, &segments("Weather/Bern"), &Method::GET);
        assert_eq!(
            target.map(|target| target.root()),
            Ok(Root::new("Result", "item"))
        );
        assert_eq!(below(ADDED, "weather", 50), ["{city}"]);
        assert_eq!(listed(ADDED, 50).collect::<Vec<_>>(), ["weather/{city}"]);
        assert!(listed(ADDED, 49).next().is_none());
        let described = described(ADDED);
        assert_eq!(described.len(), 1);
    }

    #[test]
    fn words_and_names_are_read_in_any_letter_case() {
        for (path, expected) in [
            ("", ""),
            ("/SObjects/", "sobjects"),
            ("sobjects/thing/DESCRIBE/", "sobjects/{object}/describe"),
            (
                "sobjects/THINGchangeEVENT/eventschema",
                "sobjects/{event}/eventSchema",
            ),
            ("event/eventSchema/abc", "event/eventSchema/{schemaId}"),
            ("sobjects/Thing/Updated", "sobjects/{records}/updated"),
            ("sobjects/Thing/x", "sobjects/{records}/{id}"),
            ("TOOLING/sobjects/A/b", "tooling/{rest...}"),
        ] {
            let found = declared(path);
            assert_eq!(
                found.map(|(declared, _)| declared),
                Some(expected),
                "{path}"
            );
        }
    }

    #[test]
    fn a_value_is_decoded_once() {
        let (resource, path) =
            declared("sobjects/Thing/Code__c/a%2Fb%2520c+d").expect("a resource");
        assert_eq!(resource, "sobjects/{records}/{field}/{value}");
        assert_eq!(path.texts().collect::<Vec<_>>(), ["Code__c", "a/b%20c+d"]);
        assert_eq!(
            path.entity().map(|entity| entity.name.as_str()),
            Ok("Thing")
        );
    }

    #[test]
    fn an_id_with_something_after_it_is_a_relationship() {
        let id = "a005f0000000001AAA";
        let (resource, path) = declared(&format!("sobjects/Thing/{id}/Owner")).expect("a resource");
        assert_eq!(resource, "sobjects/{records}/{record}/{relationship}");
        assert_eq!(path.texts().collect::<Vec<_>>(), [id, "Owner"]);
        let (resource, path) = declared(&format!("sobjects/Thing/id/{id}")).expect("a resource");
        assert_eq!((resource, path.text(0)), ("sobjects/{records}/Id/{id}", id));
    }

    #[test]
    fn paths_that_lead_nowhere_are_not_found() {
        for path in [
            "nope",
            "sobjects/Nope",
            "sobjects/Thing/eventSchema/x/y",
            "sobjects/ThingChangeEvent/a005f0000000001AAA",
            "event/eventSchema",
            "tooling/nope",
        ] {
            let target = Target::of(
                (RESOURCES, &Nothing),
                &definitions::catalog(),
                &segments(path),
                &Method::GET,
            );
            assert!(
                matches!(target, Err(Fault::Request(RequestFault::ResourceNotFound))),
                "{path}"
            );
        }
    }

    #[test]
    fn ids_in_paths_are_distinguished() {
        let catalog = definitions::catalog();
        let entity = catalog.entity("Thing").expect("in the fixture");
        assert!(record_id(entity, "a005f0000000001").is_ok());
        assert!(matches!(
            record_id(entity, "xyz"),
            Err(Fault::Record(RecordFault::ExternalIdFieldUnknown { field })) if field == "xyz"
        ));
        assert!(matches!(
            record_id(entity, "a005f0000000001AAB"),
            Err(Fault::Value(ValueFault::IdMalformed { .. }))
        ));
        assert!(matches!(
            record_id(entity, "0015f00002J9YYEAA3"),
            Err(Fault::Value(ValueFault::IdTypeWrong { field, .. })) if field.name.as_str() == "Id"
        ));
    }
}
