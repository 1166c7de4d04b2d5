//! The values that a new record has without being given them.

use landfall_model::{EntityDefinition, FieldDefinition, FieldType, Row, Value};

/// A new record before anything is given: a checkbox is never null, and the rest is as the definition says.
pub(crate) fn blank(entity: &EntityDefinition) -> Row {
    entity
        .fields
        .iter()
        .map(|field| match default_of(field) {
            Some(value) => value,
            None if field.field_type == FieldType::Boolean => Value::Boolean(false),
            None => Value::Null,
        })
        .collect()
}

fn default_of(field: &FieldDefinition) -> Option<Value> {
    if field.auto_number.is_some() || !field.stored() {
        return None;
    }
    if let Some(text) = &field.default_value {
        return read(field.field_type, text);
    }
    let entry = field.picklist.iter().find(|entry| entry.default)?;
    Some(Value::Text(entry.value.clone()))
}

fn read(field_type: FieldType, text: &str) -> Option<Value> {
    match field_type {
        FieldType::Boolean => Some(Value::Boolean(text.eq_ignore_ascii_case("true"))),
        FieldType::Int | FieldType::Long => text.parse().ok().map(Value::Integer),
        decimal if decimal.is_decimal() => text.parse().ok().map(Value::Double),
        kind if kind.is_text() => Some(Value::Text(text.to_owned())),
        _ => None,
    }
}
