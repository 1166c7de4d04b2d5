//! From JSON to field values, by the field's type.
//!
//! The engine decides whether a value may stand in its field; here it is only read.
//! Source: "Primitive Data Types" and "Field Types" (Object Reference), "Valid Date and `DateTime` Formats" (REST API
//! Developer Guide). Clients: numbers and booleans come as strings too.

use landfall_http::json::{Body, Content, Json};
use landfall_model::fault::FaultField;
use landfall_model::{EntityDefinition, Fault, FieldDefinition, FieldType, Value, ValueFault};
use landfall_wire::values::{parse, read_id, subject};

/// Reads the value that a body gives to a field. An empty text stays one: an event keeps it, and in a record it is null.
///
/// # Errors
/// Those of [`read`].
pub fn read_keeping_empty(
    body: &Body<'_>,
    json: &Json,
    field: &FieldDefinition,
) -> Result<Value, Fault> {
    match &json.content {
        Content::Text(text) if field.field_type.is_text() && text.trim().is_empty() => {
            Ok(Value::Text(String::new()))
        }
        _ => read(body, json, field),
    }
}

/// Reads a value by the type of its field; an empty text is none.
///
/// # Errors
/// [`ValueFault::Unreadable`], [`landfall_model::RequestFault::JsonInvalid`] for an array or object,
/// [`ValueFault::IdMalformed`] and [`ValueFault::IdTypeWrong`] for text that is no id.
pub fn read(body: &Body<'_>, json: &Json, field: &FieldDefinition) -> Result<Value, Fault> {
    match &json.content {
        Content::Null => return Ok(Value::Null),
        Content::Array(items) if field.field_type == FieldType::JunctionIdList => {
            return junction_ids(body, items);
        }
        Content::Array(_) | Content::Object(_) => return Err(body.unexpected(json).into()),
        Content::Boolean(_) | Content::Number(_) | Content::Text(_) => (),
    }
    let text = scalar_text(&json.content);
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    if matches!(field.field_type, FieldType::Id | FieldType::Reference) {
        return Ok(read_id(text.trim(), field)?);
    }
    let value = if fits(field.field_type, &json.content) {
        parse(text.trim(), field.field_type)
    } else {
        None
    };
    value.ok_or_else(|| {
        let (line, column) = body.position(json);
        Fault::Value(ValueFault::Unreadable {
            expected: type_name(field.field_type),
            token: json.content.token(),
            value: text,
            line,
            column,
        })
    })
}

/// Whether a field of this type may be given as this kind of JSON: text always, the rest where it means the same.
const fn fits(kind: FieldType, content: &Content) -> bool {
    match content {
        Content::Number(_) => !matches!(
            kind,
            FieldType::Boolean | FieldType::Date | FieldType::DateTime | FieldType::Time
        ),
        Content::Boolean(_) => kind.is_text() || matches!(kind, FieldType::Boolean),
        Content::Null | Content::Text(_) | Content::Array(_) | Content::Object(_) => true,
    }
}

/// A field as the subject of a message, by a name that the object has.
pub fn subject_named(entity: &EntityDefinition, name: &str) -> FaultField {
    entity.field(name).map_or_else(
        || FaultField {
            name: landfall_model::FieldName::new(name),
            label: name.to_owned(),
        },
        |(_, field)| subject(field),
    )
}

fn scalar_text(content: &Content) -> String {
    match content {
        Content::Boolean(truth) => truth.to_string(),
        Content::Number(text) | Content::Text(text) => text.clone(),
        Content::Null | Content::Array(_) | Content::Object(_) => String::new(),
    }
}

fn junction_ids(body: &Body<'_>, items: &[Json]) -> Result<Value, Fault> {
    let ids: Vec<&str> = items
        .iter()
        .map(|item| match &item.content {
            Content::Text(id) => Ok(id.trim()),
            _ => Err(body.unexpected(item)),
        })
        .collect::<Result<_, _>>()?;
    if ids.is_empty() {
        Ok(Value::Null)
    } else {
        Ok(Value::Text(ids.join(";")))
    }
}

/// The type's name in error texts.
const fn type_name(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Id | FieldType::Reference => "reference",
        FieldType::Boolean => "boolean",
        FieldType::Int => "int",
        FieldType::Long => "long",
        FieldType::Double => "double",
        FieldType::Currency => "currency",
        FieldType::Percent => "percent",
        FieldType::Date => "date",
        FieldType::DateTime => "datetime",
        FieldType::Time => "time",
        FieldType::Address => "address",
        FieldType::Location => "location",
        FieldType::PersonName
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
        | FieldType::Base64
        | FieldType::JunctionIdList
        | FieldType::Complex => "string",
    }
}

#[cfg(test)]
mod tests {
    use landfall_model::{RecordId, RequestFault, Timestamp};

    use super::*;
    use landfall_test_org::definitions;

    fn read_as(kind: FieldType, json: &str) -> Result<Value, Fault> {
        let text = format!("{{\"F\":{json}}}");
        let body = Body::parse(text.as_bytes()).expect("JSON");
        let value = body.members().expect("an object")[0].1.clone();
        read(&body, &value, &definitions::field("F", kind))
    }

    #[test]
    fn numbers_and_booleans_are_read_from_strings_too() {
        for (kind, json, value) in [
            (FieldType::Int, "100", Value::Integer(100)),
            (FieldType::Int, "\"100\"", Value::Integer(100)),
            (FieldType::Int, "5.0", Value::Integer(5)),
            (FieldType::Double, "\" 1.5 \"", Value::Double(1.5)),
            (FieldType::Currency, "1e3", Value::Double(1000.0)),
            (FieldType::Boolean, "\"TRUE\"", Value::Boolean(true)),
            (FieldType::Boolean, "false", Value::Boolean(false)),
            (FieldType::String, "12.50", Value::Text("12.50".to_owned())),
            (FieldType::Picklist, "true", Value::Text("true".to_owned())),
            (
                FieldType::DateTime,
                "\"1970-01-01T00:00:01Z\"",
                Value::DateTime(Timestamp::from_millis(1000)),
            ),
        ] {
            assert_eq!(read_as(kind, json), Ok(value), "{json}");
        }
    }

    #[test]
    fn null_and_empty_text_clear() {
        for kind in [
            FieldType::String,
            FieldType::Int,
            FieldType::Date,
            FieldType::Reference,
        ] {
            assert_eq!(read_as(kind, "null"), Ok(Value::Null));
            assert_eq!(read_as(kind, "\"  \""), Ok(Value::Null));
        }
    }

    #[test]
    fn a_mismatch_names_the_type_the_token_and_the_position() {
        assert_eq!(
            read_as(FieldType::Double, "\"N010\""),
            Err(Fault::Value(ValueFault::Unreadable {
                expected: "double",
                token: "VALUE_STRING",
                value: "N010".to_owned(),
                line: 1,
                column: 6
            }))
        );
        for (kind, json) in [
            (FieldType::Int, "1.5"),
            (FieldType::Int, "true"),
            (FieldType::Int, "99999999999999999999"),
            (FieldType::Double, "\"NaN\""),
            (FieldType::Double, "1e999"),
            (FieldType::Boolean, "1"),
            (FieldType::Date, "20130807"),
            (FieldType::Date, "\"7.5.2013\""),
            (FieldType::Time, "\"noon\""),
        ] {
            assert!(
                matches!(
                    read_as(kind, json),
                    Err(Fault::Value(ValueFault::Unreadable { .. }))
                ),
                "{json}"
            );
        }
        assert!(matches!(
            read_as(FieldType::String, "[1]"),
            Err(Fault::Request(RequestFault::JsonInvalid { reason, column: 6, .. })) if reason == "Can not deserialize: unexpected array"
        ));
    }

    #[test]
    fn references_take_both_forms_of_an_id() {
        let id = RecordId::parse("0015f00002J9YYEAA3").expect("a published id");
        assert_eq!(
            read_as(FieldType::Reference, "\"0015f00002J9YYE\""),
            Ok(Value::Id(id))
        );
        assert!(matches!(
            read_as(FieldType::Reference, "\"me\""),
            Err(Fault::Value(ValueFault::IdTypeWrong { .. }))
        ));
        assert!(matches!(
            read_as(FieldType::Reference, "\"0015f00002J9YYEAAA\""),
            Err(Fault::Value(ValueFault::IdMalformed { .. }))
        ));
    }
}
