//! From the elements of a record to the values that they give it.
//!
//! Source: "sObjects and the Partner WSDL", `fieldsToNull` (SOAP API Developer Guide).

use std::sync::Arc;

use landfall_engine::Assignment;
use landfall_model::{
    EntityDefinition, Fault, FieldDefinition, FieldFault, FieldType, ManyFault, QueryFault,
    RecordId, SoapFault, Value, ValueFault,
};
use landfall_wire::values;
use landfall_xml::Element;

use crate::call::Call;
use crate::record_xml::schema_type;

const TO_NULL: &str = "fieldsToNull";
const TYPE: &str = "type";
const ID: &str = "Id";

/// The object of a record: the Partner API names it in an element, the Enterprise API as the element's type.
///
/// # Errors
/// [`SoapFault::TypeMissing`], [`QueryFault::ObjectUnknown`].
pub(crate) fn entity_of<'c>(
    call: &'c Call<'_>,
    record: &Element,
) -> Result<&'c Arc<EntityDefinition>, Fault> {
    let name = object_name(record);
    if name.is_empty() {
        return Err(Fault::Soap(SoapFault::TypeMissing));
    }
    entity_named(call, name)
}

/// The name of a record's object; empty if it names none.
pub(crate) fn object_name(record: &Element) -> &str {
    let kind = record.kind.as_deref().filter(|kind| *kind != "sObject");
    record.value(TYPE).or(kind).unwrap_or_default()
}

/// Whether a record has its id.
pub(crate) fn gives_id(record: &Element) -> bool {
    given_id(record).is_some()
}

/// An object that has records.
///
/// # Errors
/// [`QueryFault::ObjectUnknown`].
pub(crate) fn entity_named<'c>(
    call: &'c Call<'_>,
    name: &str,
) -> Result<&'c Arc<EntityDefinition>, Fault> {
    let unknown = || {
        Fault::Query(QueryFault::ObjectUnknown {
            name: name.to_owned(),
        })
    };
    call.catalog().entity(name).ok_or_else(unknown)
}

/// The values of a record, without its id and the field at `left_out`.
///
/// # Errors
/// Those of one record; [`SoapFault::ValueInvalid`] refuses the whole call.
pub(crate) fn values(
    entity: &EntityDefinition,
    record: &Element,
    left_out: Option<usize>,
) -> Result<Vec<Assignment>, Fault> {
    let mut values: Vec<Assignment> = Vec::new();
    for element in &record.children {
        let name = element.name.as_str();
        let (name, value) = match name {
            TYPE => continue,
            TO_NULL => (element.text.trim(), Value::Null),
            _ if name.eq_ignore_ascii_case(ID) => continue,
            // An element without a value does not touch the field.
            _ if element.nil => continue,
            _ => {
                let (place, field) = known(entity, name)?;
                if field.field_type == FieldType::JunctionIdList {
                    add_ids(&mut values, place, element);
                    continue;
                }
                (name, field_value(field, &element.text)?)
            }
        };
        let (place, _) = known(entity, name)?;
        if left_out != Some(place) {
            values.retain(|(other, _)| *other != place);
            values.push((place, value));
        }
    }
    Ok(values)
}

/// Adds to a list of ids: an element contains several in elements of their own, or is one of several.
///
/// Source: the Partner WSDL, `JunctionIdListNames`; "`JunctionIdList` Field Type" (Object Reference).
fn add_ids(values: &mut Vec<Assignment>, place: usize, element: &Element) {
    let names = element.children.iter().map(|name| name.text.as_str());
    let own = element.children.is_empty().then_some(element.text.as_str());
    let ids: Vec<&str> = names.chain(own).map(str::trim).collect();
    let ids = ids.join(";");
    let known = values.iter_mut().find(|(other, _)| *other == place);
    match known {
        Some((_, Value::Text(list))) => {
            list.push(';');
            list.push_str(&ids);
        }
        Some((_, value)) => *value = Value::Text(ids),
        None => values.push((place, Value::Text(ids))),
    }
}

fn known<'e>(
    entity: &'e EntityDefinition,
    name: &str,
) -> Result<(usize, &'e FieldDefinition), Fault> {
    entity.field(name).ok_or_else(|| {
        Fault::Field(FieldFault::Unknown {
            field: name.to_owned(),
            entity: entity.name.clone(),
        })
    })
}

/// Reads the value of a field. An empty text stays one, for an event keeps it; where a type needs more, it is not one of
/// it.
fn field_value(field: &FieldDefinition, text: &str) -> Result<Value, Fault> {
    let kind = field.field_type;
    let trimmed = text.trim();
    let read = match kind {
        FieldType::Id | FieldType::Reference if trimmed.is_empty() => Some(Value::Null),
        FieldType::Id | FieldType::Reference => return Ok(values::read_id(trimmed, field)?),
        FieldType::Boolean if trimmed == "1" => Some(Value::Boolean(true)),
        FieldType::Boolean if trimmed == "0" => Some(Value::Boolean(false)),
        FieldType::Date => values::parse(trimmed.trim_end_matches('Z'), kind),
        kind => values::parse(trimmed, kind),
    };
    read.ok_or_else(|| {
        Fault::Soap(SoapFault::ValueInvalid {
            value: text.to_owned(),
            kind: schema_type(kind),
        })
    })
}

/// The id that a record gives; none if it gives none.
///
/// # Errors
/// [`ValueFault::IdTypeWrong`] whatever is wrong with it.
pub(crate) fn id(entity: &EntityDefinition, record: &Element) -> Result<Option<RecordId>, Fault> {
    let Some(text) = given_id(record) else {
        return Ok(None);
    };
    match RecordId::parse(text) {
        Ok(id) if id.prefix() == entity.key_prefix => Ok(Some(id)),
        _ => Err(wrong_id(entity, text)),
    }
}

fn given_id(record: &Element) -> Option<&str> {
    let mut children = record.children.iter();
    let id = children.find(|child| child.name.eq_ignore_ascii_case(ID) && !child.nil)?;
    let text = id.text.trim();
    (!text.is_empty()).then_some(text)
}

fn wrong_id(entity: &EntityDefinition, text: &str) -> Fault {
    match entity.field(ID) {
        Some((_, field)) => Fault::Value(ValueFault::IdTypeWrong {
            field: values::subject(field),
            value: text.to_owned(),
        }),
        None => Fault::Many(ManyFault::IdUnreadable {
            value: text.to_owned(),
        }),
    }
}

/// The external id that a record gives in the field at this place; none if it gives none.
///
/// # Errors
/// As [`values`].
pub(crate) fn key(
    entity: &EntityDefinition,
    record: &Element,
    place: usize,
) -> Result<Option<Value>, Fault> {
    let Some(field) = entity.fields.get(place) else {
        return Ok(None);
    };
    let given = record
        .children
        .iter()
        .find(|child| field.name.as_str().eq_ignore_ascii_case(&child.name) && !child.nil);
    let Some(given) = given else {
        return Ok(None);
    };
    Ok(match field_value(field, &given.text)? {
        Value::Null => None,
        Value::Text(text) if text.is_empty() => None,
        value => Some(value),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: FieldType, text: &str) -> Result<Value, Fault> {
        field_value(&FieldDefinition::new("F", "Label", kind), text)
    }

    #[test]
    fn text_is_read_by_the_type_of_its_field() {
        for (kind, text, value) in [
            (FieldType::Int, " 5 ", Value::Integer(5)),
            (FieldType::Boolean, "1", Value::Boolean(true)),
            (FieldType::Boolean, "false", Value::Boolean(false)),
            (FieldType::String, "", Value::Text(String::new())),
            (FieldType::Reference, "", Value::Null),
            (FieldType::Double, "1e3", Value::Double(1000.0)),
        ] {
            assert_eq!(read(kind, text), Ok(value), "{text}");
        }
        assert!(read(FieldType::Date, "2013-05-07Z").is_ok());
    }

    #[test]
    fn what_is_none_of_its_type_refuses_the_call() {
        for (kind, text, name) in [
            (FieldType::Int, "", "xsd:int"),
            (FieldType::Currency, "x", "xsd:double"),
            (FieldType::Date, "2013-13-01", "xsd:date"),
            (FieldType::DateTime, "2013-05-07", "xsd:dateTime"),
            (FieldType::Boolean, "yes", "xsd:boolean"),
        ] {
            assert_eq!(
                read(kind, text),
                Err(Fault::Soap(SoapFault::ValueInvalid {
                    value: text.to_owned(),
                    kind: name
                }))
            );
        }
        assert!(matches!(
            read(FieldType::Reference, "me"),
            Err(Fault::Value(ValueFault::IdTypeWrong { .. }))
        ));
    }
}
