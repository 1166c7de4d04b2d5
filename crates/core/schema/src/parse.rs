//! Reading a stored schema back.

use std::collections::HashMap;

use serde_json::Value as Json;

use crate::avro::{self, NAMESPACE};
use crate::shape::{Component, Compound, EventField, Scalar, Shape};
use crate::{Error, EventSchema, HEADER, encode::Source};

impl EventSchema {
    /// Reads a schema from the JSON of [`Self::avro_json`].
    ///
    /// It renders and decodes like the schema that wrote it; it encodes nothing but header-only events, since the
    /// JSON does not say where in a row a value lies.
    ///
    /// # Errors
    /// [`Error::Parse`] for JSON that is not a schema of an event.
    pub fn parse(json: &str) -> Result<Self, Error> {
        let record: Json = serde_json::from_str(json).map_err(|error| fault(error.to_string()))?;
        if text(&record, "type")? != "record" || text(&record, "namespace")? != NAMESPACE {
            return Err(fault(format!("not a record in {NAMESPACE}")));
        }
        let mut named = HashMap::new();
        let fields = list(&record, "fields")?
            .iter()
            .map(|field| parse_field(field, &mut named))
            .collect::<Result<Vec<_>, _>>()?;
        let sources = vec![Source::Absent; fields.len()];
        Self::assemble(text(&record, "name")?, fields, sources)
    }
}

/// The type of the header, the only one that this crate can read.
fn header_type() -> Result<Json, Error> {
    serde_json::from_str(&avro::header_type()).map_err(|error| fault(error.to_string()))
}

fn fault(reason: impl Into<String>) -> Error {
    Error::Parse {
        reason: reason.into(),
    }
}

fn text<'a>(json: &'a Json, key: &str) -> Result<&'a str, Error> {
    json.get(key)
        .and_then(Json::as_str)
        .ok_or_else(|| fault(format!("`{key}` is not a string")))
}

fn list<'a>(json: &'a Json, key: &str) -> Result<&'a Vec<Json>, Error> {
    json.get(key)
        .and_then(Json::as_array)
        .ok_or_else(|| fault(format!("`{key}` is not an array")))
}

fn parse_field(field: &Json, named: &mut HashMap<String, Compound>) -> Result<EventField, Error> {
    let name = text(field, "name")?;
    let doc = field.get("doc").and_then(Json::as_str).unwrap_or_default();
    let r#type = field.get("type").unwrap_or(&Json::Null);
    let unknown = || fault(format!("the type of the field `{name}` is unknown"));
    let shape = match r#type {
        Json::String(scalar) => Shape::Required(parse_scalar(scalar, doc).ok_or_else(unknown)?),
        Json::Object(_) if name == HEADER && *r#type == header_type()? => Shape::Header,
        Json::Array(branches) => match branches.as_slice() {
            [Json::String(null), value] if null == "null" => {
                parse_value(value, doc, named)?.ok_or_else(unknown)?
            }
            [Json::String(null), Json::String(string), value]
                if null == "null" && string == "string" =>
            {
                match parse_value(value, doc, named)? {
                    Some(Shape::Compound(compound)) => Shape::TextOrCompound(compound),
                    _ => return Err(unknown()),
                }
            }
            _ => return Err(unknown()),
        },
        _ => return Err(unknown()),
    };
    Ok(EventField {
        name: name.to_owned(),
        shape,
        doc: doc.to_owned(),
    })
}

/// The type beside `null` in a union.
fn parse_value(
    value: &Json,
    doc: &str,
    named: &mut HashMap<String, Compound>,
) -> Result<Option<Shape>, Error> {
    if let Some(name) = value.as_str() {
        let known = named.get(name).cloned().map(Shape::Compound);
        return Ok(known.or_else(|| parse_scalar(name, doc).map(Shape::Optional)));
    }
    match text(value, "type")? {
        "array" if text(value, "items")? == "string" => Ok(Some(Shape::Names)),
        "record" => {
            let components = list(value, "fields")?
                .iter()
                .map(parse_component)
                .collect::<Result<_, _>>()?;
            let name = text(value, "name")?.to_owned();
            let compound = Compound {
                name: name.clone(),
                components,
            };
            named.insert(name, compound.clone());
            Ok(Some(Shape::Compound(compound)))
        }
        _ => Ok(None),
    }
}

fn parse_component(part: &Json) -> Result<Component, Error> {
    let name = text(part, "name")?;
    let scalar = match list(part, "type")?.as_slice() {
        [Json::String(null), Json::String(scalar)] if null == "null" => parse_scalar(scalar, ""),
        _ => None,
    };
    Ok(Component {
        name: name.to_owned(),
        scalar: scalar
            .ok_or_else(|| fault(format!("the type of the component `{name}` is unknown")))?,
    })
}

/// A scalar by its Avro type; the unit of a `long` is in the doc only.
fn parse_scalar(name: &str, doc: &str) -> Option<Scalar> {
    Some(match name {
        "boolean" => Scalar::Boolean,
        "int" => Scalar::Int,
        "double" => Scalar::Double,
        "string" => Scalar::Text,
        "long" => match doc.split(':').nth(1) {
            Some("DateOnly" | "Birthday") => Scalar::Date,
            Some("DateTime") => Scalar::DateTime,
            Some("TimeOnly") => Scalar::Time,
            _ => Scalar::Long,
        },
        _ => return None,
    })
}
