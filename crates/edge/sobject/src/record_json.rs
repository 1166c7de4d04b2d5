//! From rows to the JSON of records.
//!
//! Source: "sObject Rows" (REST API Developer Guide) and recorded responses.

use landfall_http::Writer;
use landfall_model::{EntityDefinition, FieldDefinition, FieldType, RecordId, Row, Value};
use landfall_wire::values::part_name;
use landfall_wire::{ApiVersion, dates};

use crate::api::Api;

/// The address of a record.
///
/// Wire: `attributes.url` and the `Location` of a new record.
pub fn record_url(version: ApiVersion, entity: &EntityDefinition, id: RecordId) -> String {
    address(version, Api::Plain, entity, id.as_str())
}

/// The address of a record of an API by what identifies it.
pub fn address(version: ApiVersion, api: Api, entity: &EntityDefinition, id: &str) -> String {
    let api = api.path();
    format!(
        "/services/data/v{version}/{api}sobjects/{}/{id}",
        entity.name
    )
}

/// What identifies a record: its id, or a name.
pub fn identity(value: &Value) -> Option<&str> {
    match value {
        Value::Id(id) => Some(id.as_str()),
        Value::Text(name) => Some(name),
        _ => None,
    }
}

/// The id of a row.
pub fn id_of(entity: &EntityDefinition, row: &Row) -> Option<RecordId> {
    value(entity, row, "Id").as_id()
}

/// The value of a named field; null if there is no such field.
pub fn value<'r>(entity: &EntityDefinition, row: &'r Row, field: &str) -> &'r Value {
    entity
        .index_of(field)
        .and_then(|place| row.get(place))
        .unwrap_or(&Value::Null)
}

/// Whether a row is in the recycle bin.
pub fn is_deleted(entity: &EntityDefinition, row: &Row) -> bool {
    value(entity, row, "IsDeleted").as_bool().unwrap_or(false)
}

/// Writes a record as lists of recent ones show it: its id and its name.
pub fn write_named(w: &mut Writer, version: ApiVersion, entity: &EntityDefinition, row: &Row) {
    w.object(|w| {
        write_attributes(w, version, entity, row);
        let shown = |field: &FieldDefinition| field.field_type == FieldType::Id || field.name_field;
        for (place, field) in entity.fields.iter().enumerate() {
            if shown(field) {
                w.name(field.name.as_str());
                write_value(w, version, entity, row, (place, field));
            }
        }
    });
}

/// Writes the object and the address of a record.
pub fn write_attributes(w: &mut Writer, version: ApiVersion, entity: &EntityDefinition, row: &Row) {
    w.name("attributes").object(|w| {
        w.name("type").string(entity.name.as_str());
        if let Some(id) = id_of(entity, row) {
            w.name("url").string(&record_url(version, entity, id));
        }
    });
}

/// Writes the value of a field, compounds as objects.
pub fn write_value(
    w: &mut Writer,
    version: ApiVersion,
    entity: &EntityDefinition,
    row: &Row,
    (place, field): (usize, &FieldDefinition),
) {
    let value = row.get(place).unwrap_or(&Value::Null);
    if let FieldType::Address | FieldType::Location = field.field_type {
        return write_compound(w, entity, row, field);
    }
    let url = id_of(entity, row).map(|id| record_url(version, entity, id));
    write_typed(w, field.field_type, value, || {
        url.map(|url| format!("{url}/{}", field.name))
    });
}

/// Writes the value of a field that is no compound; `blob` is the address of its bytes.
pub fn write_typed(
    w: &mut Writer,
    kind: FieldType,
    value: &Value,
    blob: impl FnOnce() -> Option<String>,
) {
    match (kind, value) {
        (FieldType::Boolean, Value::Null) => w.boolean(false),
        (FieldType::JunctionIdList, Value::Text(ids)) => w.strings(ids.split(';')),
        (FieldType::Complex, Value::Text(json)) => w.raw(json),
        (FieldType::Base64, Value::Text(_)) => w.text_or_null(blob().as_deref()),
        (kind, Value::Integer(number)) if kind.is_decimal() => w.raw(&format!("{number}.0")),
        (_, value) => write_scalar(w, value),
    }
}

fn write_scalar(w: &mut Writer, value: &Value) {
    match value {
        Value::Null => w.null(),
        Value::Boolean(truth) => w.boolean(*truth),
        Value::Integer(number) => w.integer(*number),
        Value::Double(number) => w.double(*number),
        Value::Text(text) => w.string(text),
        Value::Id(id) => w.string(id.as_str()),
        Value::Date(day) => w.string(&dates::render_date(*day)),
        Value::DateTime(point) => w.string(&dates::render_date_time(*point)),
        Value::Time(millis) => w.string(&dates::render_time(*millis)),
    }
}

/// The parts that an address always shows.
const ADDRESS_PARTS: &[&str] = &[
    "city",
    "country",
    "geocodeAccuracy",
    "latitude",
    "longitude",
    "postalCode",
    "state",
    "street",
];

/// Null if every part is; else an object, the parts in alphabetical order.
///
/// Source: a recorded Organization record (`CumulusCI`).
fn write_compound(w: &mut Writer, entity: &EntityDefinition, row: &Row, field: &FieldDefinition) {
    let compound = field.name.as_str();
    let parts = entity
        .components(compound)
        .map(|(place, part)| (part.name.as_str(), row.get(place).unwrap_or(&Value::Null)));
    write_parts(w, (compound, field.field_type), parts);
}

/// The same from the component fields of a compound and its type.
pub fn write_parts<'p>(
    w: &mut Writer,
    (compound, kind): (&str, FieldType),
    components: impl Iterator<Item = (&'p str, &'p Value)>,
) {
    let mut parts: Vec<(String, &Value)> = components
        .map(|(component, value)| (part_name(compound, component), value))
        .collect();
    if parts.iter().all(|(_, value)| value.is_null()) {
        return w.null();
    }
    if kind == FieldType::Address {
        for part in ADDRESS_PARTS {
            if !parts.iter().any(|(name, _)| name == part) {
                parts.push(((*part).to_owned(), &Value::Null));
            }
        }
    }
    parts.sort_by(|(left, _), (right, _)| left.cmp(right));
    w.object(|w| {
        for (name, value) in &parts {
            w.name(name);
            write_scalar(w, value);
        }
    });
}
