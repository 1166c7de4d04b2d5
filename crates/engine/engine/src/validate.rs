//! Whether values may stand in their fields: the checks that need nothing but the definition.

use std::ops::RangeInclusive;

use landfall_model::fault::FaultField;
use landfall_model::{Date, FieldDefinition, FieldType, Timestamp, Value, ValueFault};

/// The days that a record can hold, 1700-01-01 to 4000-12-31.
///
/// Unit: days since 1970-01-01.
/// Source: "Date Formats and Date Literals" (SOQL and SOSL Reference).
const DAYS: RangeInclusive<i32> = -98_615..=741_807;

/// A value as its field's type has it: text without blanks around it, no text if nothing is left, checkboxes never null.
///
/// Source: "String Values" (SOAP API Developer Guide, `create()`) for the trimming.
///
/// # Errors
/// [`ValueFault::Refused`] for a value of another type, which no store could keep.
pub(crate) fn shaped(field: &FieldDefinition, value: Value) -> Result<Value, ValueFault> {
    let kind = field.field_type;
    match value {
        Value::Null if kind == FieldType::Boolean => Ok(Value::Boolean(false)),
        Value::Null => Ok(Value::Null),
        Value::Text(text) if kind.is_text() => Ok(trimmed(text)),
        Value::DateTime(point) if kind == FieldType::DateTime => {
            Ok(Value::DateTime(point.whole_second()))
        }
        Value::Boolean(_) if kind == FieldType::Boolean => Ok(value),
        Value::Integer(_) if kind.is_whole() => Ok(value),
        Value::Double(_) if kind.is_decimal() => Ok(value),
        Value::Id(_) if kind == FieldType::Reference || kind == FieldType::Id => Ok(value),
        Value::Date(_) if kind == FieldType::Date => Ok(value),
        Value::Time(_) if kind == FieldType::Time => Ok(value),
        _ => Err(ValueFault::Refused {
            field: subject(field),
            reason: "value not of required type".to_owned(),
        }),
    }
}

fn trimmed(mut text: String) -> Value {
    let inner = text.trim();
    if inner.is_empty() {
        return Value::Null;
    }
    if inner.len() < text.len() {
        text = inner.to_owned();
    }
    Value::Text(text)
}

/// Brings a value that [`shaped`] made into the form in which it is kept, or says why it may not stand in its field.
pub(crate) fn fitting(field: &FieldDefinition, value: Value) -> Result<Value, ValueFault> {
    match value {
        Value::Text(text) => text_value(field, text),
        Value::Integer(number) => whole_number(field, number),
        Value::Double(number) => decimal(field, number),
        Value::Date(day) => within(field, day.midnight()).map(|()| value),
        Value::DateTime(point) => within(field, point).map(|()| value),
        other => Ok(other),
    }
}

/// The field as the subject of a message.
pub(crate) fn subject(field: &FieldDefinition) -> FaultField {
    FaultField {
        name: field.name.clone(),
        label: field.label.clone(),
    }
}

fn text_value(field: &FieldDefinition, text: String) -> Result<Value, ValueFault> {
    let max = usize::try_from(field.length).unwrap_or(usize::MAX);
    // No text has more characters than bytes.
    if field.length > 0 && text.len() > max && text.chars().count() > max {
        return Err(ValueFault::TextTooLong {
            field: subject(field),
            value: text,
            max: field.length,
        });
    }
    match field.field_type {
        FieldType::Picklist if field.restricted_picklist => {
            return listed(field, &text, &text).map(|value| Value::Text(value.to_owned()));
        }
        FieldType::MultiPicklist => return multi_picklist(field, &text),
        FieldType::Email if !is_email(&text) => {
            return Err(ValueFault::EmailInvalid {
                field: subject(field),
                value: text,
            });
        }
        _ => {}
    }
    Ok(Value::Text(text))
}

fn multi_picklist(field: &FieldDefinition, text: &str) -> Result<Value, ValueFault> {
    let mut parts: Vec<&str> = Vec::new();
    for part in text
        .split(';')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        let part = if field.restricted_picklist {
            listed(field, part, text)?
        } else {
            part
        };
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    if parts.is_empty() {
        return Ok(Value::Null);
    }
    // Values have the order of the definition; those that it does not have come last.
    parts.sort_by_key(|part| {
        let mut entries = field.picklist.iter();
        entries
            .position(|entry| entry.value == *part)
            .unwrap_or(usize::MAX)
    });
    Ok(Value::Text(parts.join(";")))
}

/// The active value as it is defined: the very text, or one that differs in letter case alone.
fn listed<'f>(field: &'f FieldDefinition, value: &str, whole: &str) -> Result<&'f str, ValueFault> {
    let active = || field.picklist.iter().filter(|entry| entry.active);
    let same = active().find(|entry| entry.value == value);
    let alike = || active().find(|entry| entry.value.to_lowercase() == value.to_lowercase());
    let known = same.or_else(alike);
    known
        .map(|entry| entry.value.as_str())
        .ok_or_else(|| ValueFault::PicklistValueUnknown {
            field: subject(field),
            value: whole.to_owned(),
        })
}

/// One `@`, something before it, a domain of labels after it. Stricter forms refuse addresses that are in use.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let plain = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| !c.is_whitespace() && !c.is_control() && !"@<>,;\"()".contains(c))
    };
    plain(local)
        && plain(domain)
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && !domain.contains("..")
}

fn whole_number(field: &FieldDefinition, number: i64) -> Result<Value, ValueFault> {
    let digits = match field.digits {
        0 => 9,
        digits => digits.min(18),
    };
    if number.unsigned_abs() >= 10_u64.pow(digits) {
        return Err(out_of_range(field, &number.to_string()));
    }
    Ok(Value::Integer(number))
}

/// A computed number, rounded to the scale of its field.
///
/// Source: "Formula Data Types", "Roll-Up Summary Field" (Salesforce Help): what the service computes has the digits that
/// its field is declared with.
pub(crate) fn rounded(field: &FieldDefinition, value: Value) -> Value {
    let Value::Double(number) = value else {
        return value;
    };
    let unit = 10_f64.powi(i32::try_from(field.scale).unwrap_or_default());
    let scaled = number * unit;
    // Beyond 2^53 units of the last place a double has no fraction left to round.
    if scaled.abs() < 9_007_199_254_740_992.0 {
        Value::Double(scaled.round() / unit + 0.0)
    } else {
        value
    }
}

/// A number keeps the digits beyond its scale, which counts for those before the point alone.
///
/// Source: Salesforce Help 000387302, 000385689: the API stores and returns numbers as they were given, the scale
/// rounds on the vendor's pages only. `DescribeSObjectResult` (SOAP API Developer Guide), `scale`, says that they are
/// truncated.
fn decimal(field: &FieldDefinition, number: f64) -> Result<Value, ValueFault> {
    let precision = match field.precision {
        0 => 18,
        precision => precision.min(18),
    };
    let scale = i32::try_from(field.scale.min(precision)).unwrap_or_default();
    let whole = i32::try_from(precision).unwrap_or(18) - scale;
    let size = number.abs();
    if !number.is_finite() || size >= 10_f64.powi(whole) || size > degrees(field) {
        return Err(out_of_range(field, &number.to_string()));
    }
    // Adding zero takes the sign from a zero.
    Ok(Value::Double(number + 0.0))
}

/// How far a part of an address or a location may be from zero.
///
/// Source: "Address Compound Fields", "Geolocation Compound Field" (Object Reference).
fn degrees(field: &FieldDefinition) -> f64 {
    let name = field.name.as_str().trim_end_matches("__s");
    match &field.compound {
        Some(_) if name.ends_with("Latitude") => 90.0,
        Some(_) if name.ends_with("Longitude") => 180.0,
        _ => f64::INFINITY,
    }
}

/// Whether records can hold a point in time.
fn within(field: &FieldDefinition, point: Timestamp) -> Result<(), ValueFault> {
    if DAYS.contains(&Date::of(point).as_days()) {
        return Ok(());
    }
    Err(ValueFault::MomentOutOfRange {
        field: subject(field),
        point,
    })
}

fn out_of_range(field: &FieldDefinition, value: &str) -> ValueFault {
    ValueFault::NumberOutOfRange {
        field: subject(field),
        value: value.to_owned(),
    }
}
