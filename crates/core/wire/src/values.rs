//! From text to field values and back, by the field's type: what paths, CSV and XML give.
//!
//! The engine decides whether a value may stand in its field; here it is only read.
//! Source: "Primitive Data Types" and "Field Types" (Object Reference), "Valid Date and `DateTime` Formats" (REST API
//! Developer Guide).

use std::borrow::Cow;

use landfall_model::fault::FaultField;
use landfall_model::{FieldDefinition, FieldType, RecordId, RecordIdError, Value, ValueFault};

use crate::dates;

/// Reads the value of a field from its text; empty text is no value.
///
/// # Errors
/// [`ValueFault::IdMalformed`] and [`ValueFault::IdTypeWrong`] for text that is no id, [`ValueFault::TypeWrong`].
pub fn read(text: &str, field: &FieldDefinition) -> Result<Value, ValueFault> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Value::Null);
    }
    if matches!(field.field_type, FieldType::Id | FieldType::Reference) {
        return read_id(text, field);
    }
    parse(text, field.field_type).ok_or_else(|| ValueFault::TypeWrong {
        field: subject(field),
        value: text.to_owned(),
    })
}

/// Reads the value of a field from text that is neither empty nor padded; `None` if the type cannot hold it.
pub fn parse(text: &str, kind: FieldType) -> Option<Value> {
    match kind {
        FieldType::Boolean if text.eq_ignore_ascii_case("true") => Some(Value::Boolean(true)),
        FieldType::Boolean if text.eq_ignore_ascii_case("false") => Some(Value::Boolean(false)),
        FieldType::Int | FieldType::Long => whole(text).map(Value::Integer),
        FieldType::Double | FieldType::Currency | FieldType::Percent => {
            decimal(text).map(Value::Double)
        }
        FieldType::Date => dates::parse_date(text).map(Value::Date),
        FieldType::DateTime => dates::parse_date_time(text).map(Value::DateTime),
        FieldType::Time => dates::parse_time(text).map(Value::Time),
        FieldType::Id | FieldType::Reference => RecordId::parse(text).ok().map(Value::Id),
        FieldType::Boolean
        | FieldType::Address
        | FieldType::Location
        | FieldType::PersonName
        | FieldType::Complex => None,
        FieldType::String
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
        | FieldType::JunctionIdList => Some(Value::Text(text.to_owned())),
    }
}

/// Reads the id that a field holds.
///
/// # Errors
/// [`ValueFault::IdMalformed`] for a wrong checksum, else [`ValueFault::IdTypeWrong`]. Source: a refused id is reported
/// with the field's label whether it is too short or of another object.
pub fn read_id(text: &str, field: &FieldDefinition) -> Result<Value, ValueFault> {
    RecordId::parse(text).map(Value::Id).map_err(|error| {
        let (field, value) = (subject(field), text.to_owned());
        match error {
            RecordIdError::Checksum => ValueFault::IdMalformed { field, value },
            RecordIdError::Length | RecordIdError::Alphabet => {
                ValueFault::IdTypeWrong { field, value }
            }
        }
    })
}

/// Writes a value as CSV and XML have it; none for null.
///
/// Source: "Valid CSV Record Rows" (Bulk API 2.0 and Bulk API Developer Guide), "Primitive Data Types" (SOAP API Developer Guide).
pub fn render(value: &Value, kind: FieldType) -> Option<Cow<'_, str>> {
    let owned = match value {
        // A checkbox always has a value.
        Value::Null if kind == FieldType::Boolean => return Some(Cow::Borrowed("false")),
        Value::Null => return None,
        Value::Boolean(true) => return Some(Cow::Borrowed("true")),
        Value::Boolean(false) => return Some(Cow::Borrowed("false")),
        Value::Text(text) => return Some(Cow::Borrowed(text)),
        Value::Id(id) => return Some(Cow::Borrowed(id.as_str())),
        Value::Integer(number) if kind.is_decimal() => format!("{number}.0"),
        Value::Integer(number) => number.to_string(),
        Value::Double(number) => decimal_text(*number)?,
        Value::Date(day) => dates::render_date(*day),
        Value::DateTime(point) => dates::render_utc(*point),
        Value::Time(millis) => dates::render_time(*millis),
    };
    Some(Cow::Owned(owned))
}

/// A number with at least one decimal; none if it is none.
fn decimal_text(number: f64) -> Option<String> {
    let mut text = number.is_finite().then(|| number.to_string())?;
    if !text.contains('.') {
        text.push_str(".0");
    }
    Some(text)
}

/// A field as the subject of a message.
pub fn subject(field: &FieldDefinition) -> FaultField {
    FaultField {
        name: field.name.clone(),
        label: field.label.clone(),
    }
}

/// The name of a component within its compound: `city` of `BillingCity` in `BillingAddress`, of `City` in `Address`, of `Home__City__s` in `Home__c`.
pub fn part_name(compound: &str, component: &str) -> String {
    let part = if let Some(stem) = compound.strip_suffix("__c") {
        let part = component.strip_suffix("__s").unwrap_or(component);
        part.strip_prefix(stem)
            .and_then(|part| part.strip_prefix("__"))
            .unwrap_or(part)
    } else {
        let stem = compound.strip_suffix("Address").unwrap_or(compound);
        component.strip_prefix(stem).unwrap_or(component)
    };
    let mut letters = part.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_ascii_lowercase().to_string() + letters.as_str()
    })
}

/// A whole number, also one written as `5.0`.
fn whole(text: &str) -> Option<i64> {
    let digits = match text.split_once('.') {
        Some((digits, zeros)) if zeros.bytes().all(|byte| byte == b'0') => digits,
        Some(_) => return None,
        None => text,
    };
    digits.parse().ok()
}

/// A decimal number; `parse` of Rust would also take `inf` and `NaN`.
fn decimal(text: &str) -> Option<f64> {
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'));
    let number: f64 = if plain {
        text.parse().ok()?
    } else {
        return None;
    };
    number.is_finite().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_as(kind: FieldType, text: &str) -> Result<Value, ValueFault> {
        read(text, &FieldDefinition::new("F", "Label", kind))
    }

    #[test]
    fn text_is_read_by_the_type_of_its_field() {
        for (kind, text, value) in [
            (FieldType::Int, "5.0", Value::Integer(5)),
            (FieldType::Currency, " 1e3 ", Value::Double(1000.0)),
            (FieldType::Boolean, "TRUE", Value::Boolean(true)),
            (FieldType::String, "12.50", Value::Text("12.50".to_owned())),
            (FieldType::Date, "  ", Value::Null),
        ] {
            assert_eq!(read_as(kind, text), Ok(value), "{text}");
        }
    }

    #[test]
    fn values_are_written_by_the_type_of_their_field() {
        for (kind, value, text) in [
            (FieldType::Int, Value::Integer(5), Some("5")),
            (FieldType::Currency, Value::Integer(5), Some("5.0")),
            (FieldType::Double, Value::Double(0.1), Some("0.1")),
            (
                FieldType::Double,
                Value::Double(1e21),
                Some("1000000000000000000000.0"),
            ),
            (FieldType::Boolean, Value::Null, Some("false")),
            (FieldType::Date, Value::Null, None),
            (
                FieldType::DateTime,
                Value::DateTime(landfall_model::Timestamp::from_millis(1_627_171_200_000)),
                Some("2021-07-25T00:00:00.000Z"),
            ),
            (
                FieldType::Time,
                Value::Time(50_700_000),
                Some("14:05:00.000Z"),
            ),
        ] {
            assert_eq!(render(&value, kind).as_deref(), text, "{value:?}");
        }
    }

    #[test]
    fn what_does_not_fit_names_the_field_and_the_value() {
        for (kind, text) in [
            (FieldType::Int, "1.5"),
            (FieldType::Double, "NaN"),
            (FieldType::Boolean, "maybe"),
            (FieldType::Date, "20130807"),
            (FieldType::Address, "Main Street"),
        ] {
            assert!(
                matches!(read_as(kind, text), Err(ValueFault::TypeWrong { field, value })
                    if field.label == "Label" && value == text),
                "{text}"
            );
        }
        assert!(matches!(
            read_as(FieldType::Reference, "me"),
            Err(ValueFault::IdTypeWrong { .. })
        ));
    }

    #[test]
    fn parts_of_compounds_lose_the_name_of_the_whole() {
        for (compound, component, part) in [
            ("BillingAddress", "BillingPostalCode", "postalCode"),
            ("Address", "City", "city"),
            ("Home__c", "Home__CountryCode__s", "countryCode"),
            ("Place__c", "Place__Latitude__s", "latitude"),
        ] {
            assert_eq!(part_name(compound, component), part);
        }
    }
}
