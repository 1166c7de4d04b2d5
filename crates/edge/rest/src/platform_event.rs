//! Publishing platform events.
//!
//! Source: "Publish Event Messages with Salesforce APIs" (Platform Events Developer Guide).

use axum::body::Body;
use landfall_engine::{Publication, Published};
use landfall_http::{Answer, Writer, json, json_body, refused};
use landfall_model::fault::Operation;
use landfall_model::{
    Fault, FieldFault, FieldName, PlatformEventDefinition, RecordFault, RequestFault,
};
use landfall_sobject::input::{self, Intent};
use landfall_wire::OPERATION_ENQUEUED;

use crate::call::Call;
use crate::scope::Outgoing;
use crate::state::Shared;
use crate::transaction;

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
        .ok_or(Fault::Request(RequestFault::ResourceNotFound))?;
    let bytes = json_body(&call.headers, body).await?;
    let (published, outgoing) = {
        let body = json::Body::parse(&bytes)?;
        prepared(shared, call, publication, &body, body.members()?)?
    };
    transaction::publish(shared, call, vec![outgoing]).await?;
    let mut w = Writer::new();
    write_published(&mut w, &published);
    Ok(Answer::enqueued(w.finish()))
}

/// Writes that an event was accepted. Its UUID is reported as an error.
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
/// name they are input.
pub(crate) fn prepared<'m>(
    shared: &Shared,
    call: &Call,
    publication: &Publication,
    body: &json::Body<'_>,
    members: impl IntoIterator<Item = &'m (String, json::Json)>,
) -> Result<(Published, Outgoing), Fault> {
    let object = &publication.object;
    if !object.capabilities.createable {
        return Err(Fault::Record(RecordFault::OperationRefused {
            operation: Operation::Create,
            label: object.label.clone(),
        }));
    }
    let input =
        input::fields(body, members, call.catalog(), object, Intent::Create).map_err(|fault| {
            match fault {
                Fault::Field(FieldFault::IdInBody) => Fault::Field(FieldFault::IdInEvent),
                fault => fault,
            }
        })?;
    let references: Vec<FieldName> = input
        .lookups
        .iter()
        .filter_map(|lookup| object.fields.get(lookup.reference))
        .map(|field| field.name.clone())
        .collect();
    if !references.is_empty() {
        return Err(Fault::Field(FieldFault::ReadOnly { fields: references }));
    }
    let prepared = shared
        .engine
        .prepare(publication, call.login.rights(), input.values);
    let (published, event) = prepared.map_err(refused)?;
    let outgoing = Outgoing {
        event,
        after_commit: publication.event.publish_after_commit,
    };
    Ok((published, outgoing))
}
