//! A platform event from the values of a request.
//!
//! Source: "Publish Event Messages with APIs" (Platform Events Developer Guide).

mod engine;

use bytes::Bytes;
use landfall_model::limits::EVENT_BYTES_MAX;
use landfall_model::{
    EventUuid, Fault, FieldDefinition, FieldFault, FieldType, LimitFault, RecordFault, RecordId,
    Row, Value, ValueFault,
};
use landfall_store::NewEvent;

use crate::access::Rights;
use crate::command::Assignment;
use crate::definitions::Publication;
use crate::entropy::draw;
use crate::error::Error;
use crate::{Engine, defaults, validate};

/// The number in the id that a publisher is given: it names nothing.
const THROW_AWAY: u64 = 1;

/// The result of an event for its publisher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// An id of the event's object; not unique, not delivered.
    pub id: RecordId,
    /// The identity that subscribers see.
    pub uuid: EventUuid,
}

/// See [`Engine::prepare`].
pub(crate) fn prepare(
    engine: &Engine,
    publication: &Publication,
    rights: &Rights,
    values: Vec<Assignment>,
) -> Result<(Published, NewEvent), Error> {
    let object = &*publication.object;
    if !rights.access().event(&publication.event).create {
        return Err(Fault::Record(RecordFault::AccessDenied).into());
    }
    let mut row: Row = defaults::blank(object);
    let mut read_only = Vec::new();
    for (place, value) in values {
        let (Some(field), Some(slot)) = (object.fields.get(place), row.get_mut(place)) else {
            continue;
        };
        if field.createable {
            *slot = of_event(field, value)?;
        } else {
            read_only.push(field.name.clone());
        }
    }
    if !read_only.is_empty() {
        return Err(Fault::Field(FieldFault::ReadOnly { fields: read_only }).into());
    }
    let missing: Vec<_> = object
        .fields
        .iter()
        .zip(&row)
        .filter(|(field, value)| field.required_on_create() && says_nothing(value))
        .map(|(field, _)| field.name.clone())
        .collect();
    if !missing.is_empty() {
        return Err(Fault::Field(FieldFault::Required { fields: missing }).into());
    }
    let uuid = EventUuid::from_random(draw(engine.entropy()));
    let event = encoded(engine, publication, rights.user(), uuid, row)?;
    let published = Published {
        id: RecordId::from_number(object.key_prefix, *b"xx", THROW_AWAY),
        uuid,
    };
    Ok((published, event))
}

/// A value as an event has it: unlike in a record, an empty text stays one, and a point in time keeps its milliseconds.
///
/// Source: "Considerations for Publishing and Subscribing to Platform Events with Apex and APIs" (Platform Events
/// Developer Guide).
fn of_event(field: &FieldDefinition, value: Value) -> Result<Value, ValueFault> {
    match value {
        Value::Text(text) if text.is_empty() && field.field_type.is_text() => Ok(Value::Text(text)),
        Value::DateTime(_) if field.field_type == FieldType::DateTime => Ok(value),
        value => validate::fitting(field, validate::shaped(field, value)?),
    }
}

/// Whether a value leaves a required field empty.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Text(text) => text.is_empty(),
        value => value.is_null(),
    }
}

/// See [`Engine::event_of_service`].
pub(crate) fn of_service(
    engine: &Engine,
    event: &str,
    user: RecordId,
    values: Vec<(&str, Value)>,
) -> Result<Option<NewEvent>, Error> {
    let definitions = engine.definitions();
    let Some(publication) = definitions.publication(event) else {
        return Ok(None);
    };
    let object = &*publication.object;
    let mut row: Row = defaults::blank(object);
    for (field, value) in values {
        let place = object.index_of(field);
        if let Some(slot) = place.and_then(|place| row.get_mut(place)) {
            *slot = value;
        }
    }
    let uuid = EventUuid::from_random(draw(engine.entropy()));
    encoded(engine, publication, user, uuid, row).map(Some)
}

/// The row of the schema: creation date, creator, and the fields that the definition adds.
fn encoded(
    engine: &Engine,
    publication: &Publication,
    user: RecordId,
    uuid: EventUuid,
    row: Row,
) -> Result<NewEvent, Error> {
    let system = publication
        .object
        .fields
        .len()
        .saturating_sub(publication.event.fields.len());
    let now = engine.clock().now();
    let mut values = vec![Value::DateTime(now), Value::Id(user)];
    values.extend(row.into_iter().skip(system));
    let payload = publication
        .schema
        .encode_event(&values)
        .map_err(|source| Error::Schema {
            entity: publication.event.name.to_string(),
            source,
        })?;
    if payload.len() > EVENT_BYTES_MAX {
        return Err(Fault::Limit(LimitFault::EventTooLarge).into());
    }
    Ok(NewEvent {
        topic: publication.topic,
        id: uuid.into(),
        schema: publication.schema.id(),
        payload: Bytes::from(payload),
    })
}
