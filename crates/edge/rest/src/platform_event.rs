//! Platform events as objects: their describes, and publishing them.
//!
//! Source: "Publish Event Messages with Salesforce APIs" (Platform Events Developer Guide).

use axum::body::Body;
use landfall_engine::{Publication, Published};
use landfall_model::fault::Operation;
use landfall_model::{
    Catalog, ChildRelationship, DeleteRule, EntityDefinition, EntityName, Fault, FieldName,
    PlatformEventDefinition,
};
use landfall_wire::OPERATION_ENQUEUED;

use crate::Shared;
use crate::call::{Call, json_body};
use crate::describe::{basic, render_full};
use crate::describe_event::write_names;
use crate::describe_field::write_field;
use crate::face::{Face, Kind};
use crate::fault::refused;
use crate::given::{self, Intent};
use crate::json;
use crate::respond::Answer;
use crate::scope::{self, Outgoing};
use crate::template::Template;
use crate::writer::Writer;

/// The one reference that every platform event has, and what it leads to.
const CREATOR: (&str, &str) = ("CreatedById", "User");

/// The entry in the list of objects.
pub(crate) fn face(object: &EntityDefinition) -> Face<'_> {
    Face {
        kind: Kind::PlatformEvent,
        layoutable: false,
        // Those of the service have none that is documented.
        key_prefix: object.custom.then_some(object.key_prefix.as_str()),
        ..Face::of(object)
    }
}

/// The basic information: the entry of the list, and name, label and type of each field.
pub(crate) fn basic_of(object: &EntityDefinition) -> Template {
    basic(&face(object), |w| write_names(w, &object.fields))
}

/// The full describe.
pub(crate) fn full(catalog: &Catalog, object: &EntityDefinition) -> String {
    render_full(
        &face(object),
        false,
        |_| (),
        |w| {
            for field in &object.fields {
                write_field(w, catalog, object, field);
            }
        },
    )
}

/// The references that platform events hold to records of `target`.
pub(crate) fn references(
    catalog: &Catalog,
    target: &EntityName,
) -> impl Iterator<Item = ChildRelationship> {
    let (field, leads_to) = CREATOR;
    let events = catalog.platform_events().iter();
    events
        .filter(move |_| target.as_str() == leads_to)
        .map(move |event| ChildRelationship {
            child: event.name.clone(),
            field: FieldName::new(field),
            relationship_name: None,
            delete_rule: DeleteRule::Clear,
        })
}

/// Publishes an event with the fields that the body gives.
pub(crate) async fn publish(
    shared: &Shared,
    call: &Call,
    event: &PlatformEventDefinition,
    body: Body,
) -> Result<Answer, Fault> {
    let publication = call
        .definitions
        .publication(event.name.as_str())
        .ok_or(Fault::ResourceNotFound)?;
    let bytes = json_body(&call.headers, body).await?;
    let (published, outgoing) = {
        let body = json::Body::parse(&bytes)?;
        prepared(shared, call, publication, &body, body.members()?)?
    };
    scope::publish(shared, call, vec![outgoing]).await?;
    let mut w = Writer::new();
    write_published(&mut w, &published);
    Ok(Answer::enqueued(w.finish()))
}

/// Writes that an event was taken. Its UUID is told as an error.
pub(crate) fn write_published(w: &mut Writer, published: &Published) {
    w.object(|w| {
        w.name("id").string(published.id.as_str());
        w.name("success").boolean(true);
        w.name("errors").array(|w| {
            w.object(|w| {
                w.name("statusCode").string(OPERATION_ENQUEUED);
                w.name("message").string(&published.uuid.to_string());
                w.name("fields").array(|_| ());
            });
        });
    });
}

/// An event with what the body gives it, ready to be published. Its references are not a publisher's to set, by whatever
/// name they are given.
pub(crate) fn prepared<'m>(
    shared: &Shared,
    call: &Call,
    publication: &Publication,
    body: &json::Body<'_>,
    members: impl IntoIterator<Item = &'m (String, json::Json)>,
) -> Result<(Published, Outgoing), Fault> {
    let object = &publication.object;
    if !object.capabilities.createable {
        return Err(Fault::OperationRefused {
            operation: Operation::Create,
            label: object.label.clone(),
        });
    }
    let given =
        given::given(body, members, call.catalog(), object, Intent::Create).map_err(|fault| {
            match fault {
                Fault::IdInBody => Fault::IdInEvent,
                fault => fault,
            }
        })?;
    let references: Vec<FieldName> = given
        .lookups
        .iter()
        .filter_map(|lookup| object.fields.get(lookup.reference))
        .map(|field| field.name.clone())
        .collect();
    if !references.is_empty() {
        return Err(Fault::FieldsReadOnly { fields: references });
    }
    let prepared = shared
        .engine
        .prepare(publication, call.login.user_id, given.values);
    let (published, event) = prepared.map_err(refused)?;
    let outgoing = Outgoing {
        event,
        after_commit: publication.event.publish_after_commit,
    };
    Ok((published, outgoing))
}
