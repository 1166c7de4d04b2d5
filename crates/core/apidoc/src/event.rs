//! JSON Schema of events, as the Streaming API delivers them.

use landfall_model::{ChangeType, EntityDefinition};
use landfall_schema::{Compound, EventField, EventSchema, Scalar, Shape};

use crate::node::{Node, list, map, text, texts};

/// The dialect.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The message of an event as a JSON Schema of its own. Of change events those fields are described that the object has:
/// a user may see it without some.
///
/// Source: "Change Event Message Structure" (Change Data Capture Developer Guide), "Subscribe to Platform Event
/// Notifications with `CometD`" (Platform Events Developer Guide).
pub fn event_schema(entity: Option<&EntityDefinition>, schema: &EventSchema) -> Node {
    let members = [("$schema", text(DIALECT)), ("title", text(schema.name()))];
    let Node::Map(message) = message(entity, schema) else {
        return map(members);
    };
    let mut whole = map(members);
    for (key, node) in message {
        whole = whole.with(&key, node);
    }
    whole
}

/// The message of an event: its channel, and its data. Of a platform event no object says which fields are described: all
/// are.
pub(crate) fn message(entity: Option<&EntityDefinition>, schema: &EventSchema) -> Node {
    let fields: Vec<&EventField> = schema
        .fields()
        .iter()
        .filter(|field| entity.is_none_or(|entity| is_published(entity, field)))
        .collect();
    let payload = object(fields.iter().copied().map(field), &required(&fields));
    let id = described("string", "Schema id of the event");
    let data = vec![("schema", id), ("payload", payload)];
    if schema.has_header() {
        return envelope(data, Vec::new(), Vec::new());
    }
    let uuid = map([("type", text("string")), ("format", text("uuid"))]);
    let name = described("string", "Name of the event, on custom channels")
        .with("const", text(schema.name()));
    envelope(
        data,
        vec![("EventUuid", uuid)],
        vec![("EventApiName", name)],
    )
}

/// Whether the change events of an object, as it is seen, have a field.
fn is_published(entity: &EntityDefinition, field: &EventField) -> bool {
    let published = entity.change_event.iter().flat_map(|event| &event.fields);
    field.shape == Shape::Header
        || published
            .into_iter()
            .any(|name| name.as_str() == field.name)
}

/// `channel` and `data`, which has these members and `event`: the replay id, and what more there always is and may be.
pub(crate) fn envelope<'k>(
    mut data: Vec<(&'k str, Node)>,
    always: Vec<(&'k str, Node)>,
    maybe: Vec<(&'k str, Node)>,
) -> Node {
    let replay_id = described("integer", "Position in the event log");
    let mut event = vec![("replayId", replay_id)];
    event.extend(always);
    let required: Vec<&str> = event.iter().map(|(name, _)| *name).collect();
    let event = object(event.into_iter().chain(maybe), &required);
    data.push(("event", event));
    whole(vec![
        (
            "channel",
            described("string", "The channel that the event came on"),
        ),
        ("data", whole(data)),
    ])
}

/// The record in the notification of a `PushTopic`: of the fields of its notifications those that the object has.
pub(crate) fn selected(entity: &EntityDefinition, schema: &EventSchema) -> Node {
    let fields = schema.fields().iter();
    let fields = fields.filter(|field| entity.field(&field.name).is_some());
    let fields = fields.map(|selected| match selected.name.as_str() {
        ID => (ID, described("string", "Id of the record")),
        _ => field(selected),
    });
    // The notification of a deleted record has nothing else.
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
fn required<'f>(fields: &[&'f EventField]) -> Vec<&'f str> {
    let is_header = |field: &&EventField| field.shape == Shape::Header;
    let has_header = fields.iter().any(is_header);
    let fields = fields.iter().copied();
    let always = fields.filter(|field| !has_header || is_header(field));
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
            ids.clone().with(
                "description",
                text(
                    "Ids of the changed records; 000000000000000AAA if there were too many to tell",
                ),
            ),
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
