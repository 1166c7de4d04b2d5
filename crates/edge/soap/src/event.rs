//! Platform events in `create`.
//!
//! Source: "Publish Event Messages with Salesforce APIs" (Platform Events Developer Guide).

use landfall_engine::usage::Client;
use landfall_engine::{NewEvent, Publication, Published};
use landfall_http::refused;
use landfall_model::fault::Operation;
use landfall_model::{Fault, FieldFault, LimitFault, RecordFault};
use landfall_wire::OPERATION_ENQUEUED;
use landfall_xml::{Element, Writer};

use crate::call::Call;
use crate::commit::write_outcome;
use crate::input;

/// What a record of a call is, as far as events go.
pub(crate) enum Event {
    /// A record.
    None,
    /// An event to be published, or why it is none.
    Requested(Result<Outgoing, Fault>),
}

/// An event that is ready to be published.
pub(crate) struct Outgoing {
    published: Published,
    event: NewEvent,
    /// Whether it is published only if the transaction that it was made in is kept.
    after_commit: bool,
}

/// The platform event that a record of a call is; none for a record.
pub(crate) fn publication<'c>(call: &'c Call<'_>, record: &Element) -> Option<&'c Publication> {
    call.definitions.publication(input::object_name(record))
}

/// An event with what its element gives it.
pub(crate) fn prepared(
    call: &Call<'_>,
    publication: &Publication,
    record: &Element,
) -> Result<Outgoing, Fault> {
    let object = &publication.object;
    if !object.capabilities.createable {
        return Err(Fault::Record(RecordFault::OperationRefused {
            operation: Operation::Create,
            label: object.label.clone(),
        }));
    }
    if input::gives_id(record) {
        return Err(Fault::Field(FieldFault::IdInEvent));
    }
    let values = input::values(object, record, None)?;
    let engine = &call.state.engine;
    let (published, event) = engine
        .prepare(publication, call.login.rights(), values)
        .map_err(refused)?;
    Ok(Outgoing {
        published,
        event,
        after_commit: publication.event.publish_after_commit,
    })
}

/// Publishes the events of a call; returns for each of its records the result of the event, if it is one.
pub(crate) async fn publish(
    call: &Call<'_>,
    events: Vec<Event>,
    has_failed: bool,
) -> Result<Vec<Option<Result<Published, Fault>>>, Fault> {
    let is_refused = |event: &Event| matches!(event, Event::Requested(Err(_)));
    let undone = call.is_all_or_none() && (has_failed || events.iter().any(is_refused));
    let (mut results, mut outgoing) = (Vec::with_capacity(events.len()), Vec::new());
    for event in events {
        results.push(match event {
            Event::None => None,
            Event::Requested(Err(fault)) => Some(Err(fault)),
            // Other events are published whether or not their transaction is committed.
            Event::Requested(Ok(event)) if event.after_commit && undone => {
                Some(Err(Fault::Record(RecordFault::RolledBack { record: None })))
            }
            Event::Requested(Ok(event)) => {
                outgoing.push(event.event);
                Some(Ok(event.published))
            }
        });
    }
    let engine = &call.state.engine;
    let published = engine.publish(&Client::Soap, outgoing).await;
    match published.map_err(refused) {
        // The records are there: each event is refused for itself.
        Err(fault @ Fault::Limit(LimitFault::Publishes)) => {
            for result in results
                .iter_mut()
                .filter(|result| matches!(result, Some(Ok(_))))
            {
                *result = Some(Err(fault.clone()));
            }
        }
        published => drop(published?),
    }
    Ok(results)
}

/// Writes the result of an event. A queued one has its UUID among the errors.
pub(crate) fn write(call: &Call<'_>, w: &mut Writer, event: &Result<Published, Fault>) {
    let published = match event {
        Ok(published) => published,
        Err(fault) => return write_outcome(call, w, &Err(fault.clone()), None),
    };
    w.element("errors", |w| {
        w.text("message", &published.uuid.to_string());
        w.text("statusCode", OPERATION_ENQUEUED);
    });
    w.text("id", published.id.as_str());
    w.boolean("success", true);
}
