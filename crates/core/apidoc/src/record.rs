//! JSON Schema of records, as the REST API reads and writes them.

use landfall_model::{EntityDefinition, FieldDefinition, FieldType, PlatformEventDefinition};

use crate::node::{Node, list, map, text, texts};

/// What an event's publisher does not give. Source: "Platform Event Fields" (Platform Events Developer Guide).
const EVENT_SYSTEM_FIELDS: [&str; 3] = ["ReplayId", "CreatedDate", "CreatedById"];

/// A record with all its fields; those that nobody may set are read-only.
pub(crate) fn record(entity: &EntityDefinition) -> Node {
    let attributes = map([
        ("type", text("object")),
        ("readOnly", Node::Bool(true)),
        (
            "properties",
            map([
                ("type", map([("type", text("string"))])),
                ("url", map([("type", text("string"))])),
            ]),
        ),
    ]);
    let fields = entity.fields.iter().map(|field| {
        let node = value(field);
        let node = if field.createable || field.updateable {
            node
        } else {
            node.with("readOnly", Node::Bool(true))
        };
        (field.name.as_str(), node)
    });
    map([
        ("type", text("object")),
        ("title", text(&*entity.label)),
        (
            "properties",
            map([("attributes", attributes)].into_iter().chain(fields)),
        ),
    ])
}

/// The fields that a new record must have.
pub(crate) fn required(entity: &EntityDefinition) -> Vec<&str> {
    let fields = entity.fields.iter();
    let required = fields.filter(|field| field.required_on_create());
    required.map(|field| field.name.as_str()).collect()
}

/// What is published of a platform event.
pub(crate) fn publication(event: &PlatformEventDefinition) -> Node {
    let fields = event
        .fields
        .iter()
        .filter(|field| !EVENT_SYSTEM_FIELDS.contains(&field.name.as_str()));
    let required: Vec<&str> = fields
        .clone()
        .filter(|field| field.required_on_create())
        .map(|field| field.name.as_str())
        .collect();
    let fields = fields.map(|field| (field.name.as_str(), value(field)));
    let node = map([
        ("type", text("object")),
        ("title", text(&*event.label)),
        ("properties", map(fields)),
    ]);
    if required.is_empty() {
        return node;
    }
    node.with("required", texts(required))
}

/// One field. Any may be null in an answer but the id and checkboxes, which always have a value.
fn value(field: &FieldDefinition) -> Node {
    let (kind, format) = kind(field.field_type);
    let always = matches!(field.field_type, FieldType::Id | FieldType::Boolean);
    let kind = if always {
        text(kind)
    } else {
        texts([kind, "null"])
    };
    let mut node = map([("type", kind), ("description", text(&*field.label))]);
    if let Some(format) = format {
        node = node.with("format", text(format));
    }
    if field.field_type.is_text() && field.length > 0 && field.picklist.is_empty() {
        node = node.with("maxLength", Node::Integer(i64::from(field.length)));
    }
    if field.restricted_picklist && matches!(field.field_type, FieldType::Picklist) {
        let values = field.picklist.iter().map(|entry| text(&*entry.value));
        node = node.with("enum", list(values.chain([Node::Null])));
    }
    node
}

const fn kind(of: FieldType) -> (&'static str, Option<&'static str>) {
    match of {
        FieldType::Boolean => ("boolean", None),
        FieldType::Int => ("integer", Some("int32")),
        FieldType::Long => ("integer", Some("int64")),
        FieldType::Double | FieldType::Currency | FieldType::Percent => ("number", Some("double")),
        FieldType::Date => ("string", Some("date")),
        FieldType::Address | FieldType::Location | FieldType::PersonName | FieldType::Complex => {
            ("object", None)
        }
        FieldType::JunctionIdList => ("array", None),
        // Points in time end with `+0000`, which is not the form that `date-time` means.
        FieldType::DateTime
        | FieldType::Time
        | FieldType::Id
        | FieldType::Reference
        | FieldType::String
        | FieldType::TextArea
        | FieldType::Picklist
        | FieldType::MultiPicklist
        | FieldType::Combobox
        | FieldType::Email
        | FieldType::Phone
        | FieldType::Url
        | FieldType::EncryptedString
        | FieldType::AnyType
        | FieldType::Base64 => ("string", None),
    }
}
