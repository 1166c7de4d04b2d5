//! Records and their values as XML.
//!
//! The Partner API has the name of the object, then the id, then what was asked for in its order, the id once more if it
//! was asked for. In the Enterprise API the object is the type of the element, the id comes first and once, and the other
//! members follow by name, as a WSDL has them.
//! Source: "Queries and the Partner WSDL", "Primitive Data Types" (SOAP API Developer Guide); the Partner WSDL.

use landfall_model::{FieldType, Value};
use landfall_wire::dates;
use landfall_wire::values::part_name;
use landfall_xml::Writer;

use crate::answer::Dialect;

const ID: &str = "Id";

/// Writes a record with its id, null if it is not shown; `members` writes the rest.
pub(crate) fn record(
    w: &mut Writer,
    dialect: Dialect,
    (element, object): (&str, &str),
    id: &Value,
    members: impl FnOnce(&mut Writer),
) {
    let kind = match dialect {
        Dialect::Partner => "sObject",
        Dialect::Enterprise => object,
    };
    w.typed(element, &format!("xsi:type=\"sf:{kind}\""), |w| {
        if dialect == Dialect::Partner {
            w.text("sf:type", object);
        }
        scalar(w, "sf:Id", FieldType::Id, id);
        members(w);
    });
}

/// The members of a record in the order in which they are written.
pub(crate) fn ordered<M>(dialect: Dialect, members: &[M], name: impl Fn(&M) -> &str) -> Vec<&M> {
    let mut ordered: Vec<&M> = members.iter().collect();
    if dialect == Dialect::Enterprise {
        ordered.retain(|member| !is_id(name(member)));
        ordered.sort_by(|left, right| name(left).cmp(name(right)));
    }
    ordered
}

/// Whether a member is the id of its record.
pub(crate) fn is_id(name: &str) -> bool {
    name.eq_ignore_ascii_case(ID)
}

/// Writes the value of a field that is no compound.
pub(crate) fn value(w: &mut Writer, name: &str, kind: FieldType, value: &Value) {
    match (kind, value) {
        (FieldType::JunctionIdList, Value::Text(ids)) => {
            w.typed(name, "xsi:type=\"JunctionIdListNames\"", |w| {
                for id in ids.split(';') {
                    w.text("names", id);
                }
            });
        }
        (kind, value) => scalar(w, name, kind, value),
    }
}

fn scalar(w: &mut Writer, name: &str, kind: FieldType, value: &Value) {
    w.text_or_nil(name, spelled(kind, value).as_deref());
}

/// Writes a value of a record that says of each value which type it has.
pub(crate) fn typed_value(w: &mut Writer, name: &str, kind: FieldType, value: &Value) {
    let kind_name = match kind {
        FieldType::Id | FieldType::Reference => "ID",
        kind => schema_type(kind),
    };
    match spelled(kind, value) {
        Some(text) => w.typed(name, &format!("xsi:type=\"{kind_name}\""), |w| {
            w.escaped(&text);
        }),
        None => w.nil(name),
    }
}

/// The text of a value; none for null. A checkbox is never null.
fn spelled(kind: FieldType, value: &Value) -> Option<String> {
    Some(match value {
        Value::Null if kind == FieldType::Boolean => false.to_string(),
        Value::Null => return None,
        // A row only says how long its file is.
        Value::Text(_) if matches!(kind, FieldType::Base64) => return None,
        Value::Boolean(truth) => truth.to_string(),
        Value::Integer(number) if kind.is_decimal() => format!("{number}.0"),
        Value::Integer(number) => number.to_string(),
        Value::Double(number) => format!("{number:?}"),
        Value::Text(text) => text.clone(),
        Value::Id(id) => id.to_string(),
        Value::Date(day) => dates::render_date(*day),
        Value::DateTime(point) => dates::render_utc(*point),
        Value::Time(millis) => dates::render_time(*millis),
    })
}

/// The parts of an address and of a location, in the order of the WSDL.
const LOCATION: &[&str] = &["latitude", "longitude"];
const ADDRESS: &[&str] = &[
    "latitude",
    "longitude",
    "city",
    "country",
    "countryCode",
    "geocodeAccuracy",
    "postalCode",
    "state",
    "stateCode",
    "street",
];

/// Writes an address or a location from its component fields: nil if none has a value.
pub(crate) fn compound<'v>(
    w: &mut Writer,
    (name, kind): (&str, FieldType),
    components: impl Iterator<Item = (&'v str, &'v Value)>,
) {
    let element = format!("sf:{name}");
    let parts: Vec<(String, &Value)> = components
        .map(|(component, value)| (part_name(name, component), value))
        .collect();
    if parts.iter().all(|(_, value)| value.is_null()) {
        return w.nil(&element);
    }
    let (type_name, order) = match kind {
        FieldType::Address => ("address", ADDRESS),
        _ => ("location", LOCATION),
    };
    w.typed(&element, &format!("xsi:type=\"{type_name}\""), |w| {
        for part in order {
            let found = parts.iter().find(|(name, _)| name == part);
            let value = found.map_or(&Value::Null, |(_, value)| value);
            scalar(w, part, FieldType::String, value);
        }
    });
}

/// The type of a field's values in XML.
///
/// Source: "Primitive Data Types" (SOAP API Developer Guide).
pub(crate) const fn schema_type(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Boolean => "xsd:boolean",
        FieldType::Int => "xsd:int",
        FieldType::Long => "xsd:long",
        FieldType::Double | FieldType::Currency | FieldType::Percent => "xsd:double",
        FieldType::Date => "xsd:date",
        FieldType::DateTime => "xsd:dateTime",
        FieldType::Time => "xsd:time",
        FieldType::Id | FieldType::Reference => "tns:ID",
        FieldType::Address => "tns:address",
        FieldType::Location => "tns:location",
        FieldType::Base64 => "xsd:base64Binary",
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
        | FieldType::JunctionIdList
        | FieldType::Complex => "xsd:string",
    }
}
