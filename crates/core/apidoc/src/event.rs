//! JSON Schema of events, as the Streaming API delivers them.

use landfall_model::{ChangeType, EntityDefinition};
use landfall_schema::{Compound, EventField, EventSchema, Scalar, Shape};

use crate::node::{Node, list, map, text, texts};

/// The dialect.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The message of an event as a JSON Schema of its own.
///
/// Source: "Change Event Message Structure" (Change Data Capture Developer Guide), "Subscribe to Platform Event
/// Notifications with `CometD`" (Platform Events Developer Guide).
pub fn event_schema(schema: &EventSchema) -> Node {
    let members = [("$schema", text(DIALECT)), ("title", text(schema.name()))];
    let Node::Map(message) = message(schema) else {
        return map(members);
    };
    let mut whole = map(members);
    for (key, node) in message {
        whole = whole.with(&key, node);
    }
    whole
}

/// The message of an event: its channel, and its data.
pub(crate) fn message(schema: &EventSchema) -> Node {
    let payload = object(schema.fields().iter().map(field), &required(schema));
    let id = described("string", "Schema id of the event");
    let uuid = map([("type", text("string")), ("format", text("uuid"))]);
    let uuid = (!schema.has_header()).then_some(("EventUuid", uuid));
    envelope(vec![("schema", id), ("payload", payload)], uuid)
}

/// `channel` and `data`, which has these members and `event`: the replay id, and what more is given.
pub(crate) fn envelope<'k>(
    mut data: Vec<(&'k str, Node)>,
    more: impl IntoIterator<Item = (&'k str, Node)>,
) -> Node {
    let replay_id = described("integer", "Position in the event log");
    let event = std::iter::once(("replayId", replay_id)).chain(more);
    data.push(("event", whole(event.collect())));
    whole(vec![
        (
            "channel",
            described("string", "The channel that the event came on"),
        ),
        ("data", whole(data)),
    ])
}

/// The record that a `PushTopic` tells: of the fields of its notifications those that the object has.
pub(crate) fn selected(entity: &EntityDefinition, schema: &EventSchema) -> Node {
    let fields = schema.fields().iter();
    let fields = fields.filter(|field| entity.field(&field.name).is_some());
    let fields = fields.map(|told| match told.name.as_str() {
        ID => (ID, described("string", "Id of the record")),
        _ => field(told),
    });
    // Of a deleted record nothing else is told.
    object(fields, &[ID])
}

/// The field that every record has a value for.
const ID: &str = "Id";

/// An object that always has all of its members.
fn whole(members: Vec<(&str, Node)>) -> Node {
    let names: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
    object(members.into_iter(), &names)
}

fn object<'k>(members: impl Iterator<Item = (&'k str, Node)>, required: &[&str]) -> Node {
    let object = map([("type", text("object")), ("properties", map(members))]);
    if required.is_empty() {
        return object;
    }
    object.with("required", texts(required.iter().copied()))
}

fn described(kind: &str, description: &str) -> Node {
    map([("type", text(kind)), ("description", text(description))])
}

/// Change events leave out what did not change.
fn required(schema: &EventSchema) -> Vec<&str> {
    let has_header = schema.has_header();
    let fields = schema.fields().iter();
    let always = fields.filter(|field| !has_header || field.shape == Shape::Header);
    always.map(|field| field.name.as_str()).collect()
}

fn field(field: &EventField) -> (&str, Node) {
    let node = match &field.shape {
        Shape::Header => header(),
        Shape::Required(scalar) => value(*scalar, false),
        Shape::Optional(scalar) => value(*scalar, true),
        Shape::Names => map([
            ("type", texts(["array", "null"])),
            ("items", map([("type", text("string"))])),
        ]),
        Shape::Compound(compound) => parts(compound, &["object", "null"]),
        Shape::TextOrCompound(compound) => parts(compound, &["string", "object", "null"]),
    };
    (&field.name, node)
}

fn parts(compound: &Compound, kinds: &[&str]) -> Node {
    let parts = compound.components.iter();
    let parts = parts.map(|part| (part.name.as_str(), value(part.scalar, true)));
    map([
        ("type", texts(kinds.iter().copied())),
        ("properties", map(parts)),
    ])
}

fn value(scalar: Scalar, nullable: bool) -> Node {
    let (kind, format) = match scalar {
        Scalar::Boolean => ("boolean", None),
        Scalar::Int => ("integer", Some("int32")),
        Scalar::Long => ("integer", Some("int64")),
        Scalar::Double => ("number", Some("double")),
        Scalar::Text => ("string", None),
        Scalar::Date => ("string", Some("date")),
        Scalar::DateTime => ("string", Some("date-time")),
        Scalar::Time => ("string", Some("time")),
    };
    let kind = if nullable {
        texts([kind, "null"])
    } else {
        text(kind)
    };
    let node = map([("type", kind)]);
    match format {
        Some(format) => node.with("format", text(format)),
        None => node,
    }
}

/// `ChangeEventHeader`, without what only the Pub/Sub API delivers.
fn header() -> Node {
    let ids = map([
        ("type", text("array")),
        ("items", map([("type", text("string"))])),
    ]);
    let kinds = ChangeType::ALL.iter().map(|kind| text(kind.as_str()));
    let members = [
        (
            "entityName",
            described("string", "The object whose records changed"),
        ),
        (
            "recordIds",
            ids.clone()
                .with("description", text("Ids of the changed records")),
        ),
        (
            "changeType",
            map([("type", text("string")), ("enum", list(kinds))]),
        ),
        (
            "changeOrigin",
            described("string", "The API and client that caused the change"),
        ),
        (
            "transactionKey",
            described("string", "The same for all changes of one transaction"),
        ),
        (
            "sequenceNumber",
            described("integer", "Order of the change in its transaction, from 1"),
        ),
        (
            "commitTimestamp",
            map([("type", text("integer")), ("format", text("int64"))]),
        ),
        (
            "commitNumber",
            map([("type", text("integer")), ("format", text("int64"))]),
        ),
        (
            "commitUser",
            described("string", "Id of the user who made the change"),
        ),
        (
            "changedFields",
            ids.with(
                "description",
                text("Names of the changed fields of an update"),
            ),
        ),
    ];
    let required = [
        "entityName",
        "recordIds",
        "changeType",
        "changeOrigin",
        "transactionKey",
    ];
    let further = [
        "sequenceNumber",
        "commitTimestamp",
        "commitNumber",
        "commitUser",
    ];
    let required: Vec<&str> = required.into_iter().chain(further).collect();
    object(members.into_iter(), &required)
}
