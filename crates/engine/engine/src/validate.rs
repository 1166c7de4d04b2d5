//! Whether values may stand in their fields: the checks that need nothing but the definition.

use landfall_model::fault::FaultField;
use landfall_model::{Catalog, EntityDefinition, Fault, FieldDefinition, FieldType, Row, Value};

/// Brings a value into the form in which it is kept, or says why it cannot be.
///
/// Source: "String Values" (SOAP API Developer Guide, `create()`) for the trimming; else the field's definition.
pub(crate) fn normalized(
    catalog: &Catalog,
    field: &FieldDefinition,
    value: Value,
) -> Result<Value, Fault> {
    match value {
        Value::Text(text) => text_value(field, &text),
        Value::Null if field.field_type == FieldType::Boolean => Ok(Value::Boolean(false)),
        Value::Integer(number) => whole_number(field, number),
        Value::Double(number) => decimal(field, number),
        Value::Id(id) => {
            let known = catalog.entity_of(id.prefix());
            let fits = known.is_none_or(|entity| field.reference_to.contains(&entity.name));
            if fits {
                Ok(Value::Id(id))
            } else {
                Err(Fault::IdTypeWrong {
                    field: subject(field),
                    value: id.to_string(),
                })
            }
        }
        Value::DateTime(point) => Ok(Value::DateTime(point.whole_second())),
        other => Ok(other),
    }
}

/// The required fields that have no value. `places` are the fields to look at.
pub(crate) fn missing(
    entity: &EntityDefinition,
    row: &Row,
    places: impl Fn(usize, &FieldDefinition) -> bool,
) -> Result<(), Fault> {
    let fields: Vec<_> = entity
        .fields
        .iter()
        .zip(row)
        .enumerate()
        .filter(|(place, (field, value))| value.is_null() && places(*place, field))
        .map(|(_, (field, _))| field.name.clone())
        .collect();
    if fields.is_empty() {
        Ok(())
    } else {
        Err(Fault::FieldsRequired { fields })
    }
}

/// The field as the subject of a message.
pub(crate) fn subject(field: &FieldDefinition) -> FaultField {
    FaultField {
        name: field.name.clone(),
        label: field.label.clone(),
    }
}

fn text_value(field: &FieldDefinition, text: &str) -> Result<Value, Fault> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Ok(Value::Null);
    }
    let length = trimmed.chars().count();
    if field.length > 0 && length > usize::try_from(field.length).unwrap_or(usize::MAX) {
        return Err(Fault::TextTooLong {
            field: subject(field),
            value: trimmed.to_owned(),
            max: field.length,
        });
    }
    match field.field_type {
        FieldType::Picklist if field.restricted_picklist => listed(field, trimmed, trimmed)?,
        FieldType::MultiPicklist => return multi_picklist(field, trimmed),
        FieldType::Email if !is_email(trimmed) => {
            return Err(Fault::EmailInvalid {
                field: subject(field),
                value: trimmed.to_owned(),
            });
        }
        _ => {}
    }
    Ok(Value::Text(trimmed.to_owned()))
}

fn multi_picklist(field: &FieldDefinition, text: &str) -> Result<Value, Fault> {
    let mut parts: Vec<&str> = Vec::new();
    for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        if field.restricted_picklist {
            listed(field, part, text)?;
        }
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    if parts.is_empty() {
        return Ok(Value::Null);
    }
    Ok(Value::Text(parts.join(";")))
}

fn listed(field: &FieldDefinition, value: &str, whole: &str) -> Result<(), Fault> {
    let known = field
        .picklist
        .iter()
        .any(|entry| entry.active && entry.value == value);
    if known {
        Ok(())
    } else {
        Err(Fault::PicklistValueUnknown {
            field: subject(field),
            value: whole.to_owned(),
        })
    }
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

fn whole_number(field: &FieldDefinition, number: i64) -> Result<Value, Fault> {
    let digits = match field.digits {
        0 => 9,
        digits => digits.min(18),
    };
    if number.unsigned_abs() >= 10_u64.pow(digits) {
        return Err(out_of_range(field, &number.to_string()));
    }
    Ok(Value::Integer(number))
}

fn decimal(field: &FieldDefinition, number: f64) -> Result<Value, Fault> {
    let precision = match field.precision {
        0 => 18,
        precision => precision.min(18),
    };
    let scale = i32::try_from(field.scale.min(precision)).unwrap_or_default();
    let whole = i32::try_from(precision).unwrap_or(18) - scale;
    if !number.is_finite() || number.abs() >= 10_f64.powi(whole) {
        return Err(out_of_range(field, &number.to_string()));
    }
    // Beyond 2^53 units of the last place a double has no fraction left to round.
    let unit = 10_f64.powi(scale);
    let scaled = number * unit;
    let rounded = if scaled.abs() < 9_007_199_254_740_992.0 {
        scaled.round() / unit
    } else {
        number
    };
    Ok(Value::Double(rounded))
}

fn out_of_range(field: &FieldDefinition, value: &str) -> Fault {
    Fault::NumberOutOfRange {
        field: subject(field),
        value: value.to_owned(),
    }
}
