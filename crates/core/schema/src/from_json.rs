//! From JSON to Avro bytes, by the shapes of the fields: what a publisher does who has no Avro of their own.

use serde_json::{Map, Value as Json};
use thiserror::Error;

use crate::encode::{length, long, text};
use crate::shape::{Compound, Scalar, Shape};
use crate::{EventSchema, json};

/// Why JSON is not an event of a schema.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JsonError {
    /// Change events are published by the org only.
    #[error("{event} is a change event, which only the org publishes")]
    Kind {
        /// The event.
        event: String,
    },
    /// A key that is no field.
    #[error("{event} has no field `{field}`")]
    FieldUnknown {
        /// The event.
        event: String,
        /// The key.
        field: String,
    },
    /// A field that is never null is missing.
    #[error("`{field}` is missing")]
    Missing {
        /// The field.
        field: String,
    },
    /// A value of another type than the field's.
    #[error("the value of `{field}` is not {expected}")]
    Misfit {
        /// The field, a component as `Compound.Component`.
        field: String,
        /// What fits.
        expected: &'static str,
    },
}

impl EventSchema {
    /// Encodes an event whose fields are given in JSON as [`Self::render_cometd`] writes them; a missing field is null.
    ///
    /// Dates and times may also be given in milliseconds, as Avro has them.
    ///
    /// # Errors
    /// [`JsonError`].
    pub fn encode_json(&self, fields: &Map<String, Json>) -> Result<Vec<u8>, JsonError> {
        if self.has_header() {
            return Err(JsonError::Kind {
                event: self.name.clone(),
            });
        }
        if let Some(key) = fields.keys().find(|key| self.position_of(key).is_none()) {
            return Err(JsonError::FieldUnknown {
                event: self.name.clone(),
                field: key.clone(),
            });
        }
        let mut out = Vec::with_capacity(256);
        for field in &self.fields {
            let value = fields.get(&field.name).unwrap_or(&Json::Null);
            encode(&mut out, &field.name, &field.shape, value)?;
        }
        Ok(out)
    }
}

fn encode(out: &mut Vec<u8>, name: &str, shape: &Shape, value: &Json) -> Result<(), JsonError> {
    match (shape, value) {
        (Shape::Required(_), Json::Null) => Err(JsonError::Missing {
            field: name.to_owned(),
        }),
        (Shape::Required(scalar), value) => encode_scalar(out, name, *scalar, value),
        (_, Json::Null) => {
            out.push(0);
            Ok(())
        }
        (Shape::Optional(scalar), value) => {
            out.push(2);
            encode_scalar(out, name, *scalar, value)
        }
        (Shape::Names, Json::Array(items)) => {
            out.push(2);
            if !items.is_empty() {
                length(out, items.len());
            }
            for item in items {
                text(out, item.as_str().ok_or_else(|| misfit(name, TEXTS))?);
            }
            out.push(0);
            Ok(())
        }
        (Shape::TextOrCompound(_), Json::String(content)) => {
            out.push(2);
            text(out, content);
            Ok(())
        }
        (Shape::Compound(compound), Json::Object(parts)) => {
            out.push(2);
            encode_parts(out, name, compound, parts)
        }
        (Shape::TextOrCompound(compound), Json::Object(parts)) => {
            out.push(4);
            encode_parts(out, name, compound, parts)
        }
        (Shape::Names | Shape::Header, _) => Err(misfit(name, TEXTS)),
        (Shape::Compound(_) | Shape::TextOrCompound(_), _) => Err(misfit(name, "an object")),
    }
}

const TEXTS: &str = "a list of texts";

fn encode_parts(
    out: &mut Vec<u8>,
    name: &str,
    compound: &Compound,
    parts: &Map<String, Json>,
) -> Result<(), JsonError> {
    let is_known = |key: &str| compound.components.iter().any(|part| part.name == key);
    if let Some(key) = parts.keys().find(|key| !is_known(key)) {
        return Err(JsonError::FieldUnknown {
            event: name.to_owned(),
            field: key.clone(),
        });
    }
    for part in &compound.components {
        match parts.get(&part.name) {
            None | Some(Json::Null) => out.push(0),
            Some(value) => {
                out.push(2);
                let name = format!("{name}.{}", part.name);
                encode_scalar(out, &name, part.scalar, value)?;
            }
        }
    }
    Ok(())
}

fn encode_scalar(
    out: &mut Vec<u8>,
    name: &str,
    scalar: Scalar,
    value: &Json,
) -> Result<(), JsonError> {
    let millis = |read: fn(&str) -> Option<i64>| match value {
        Json::String(text) => read(text),
        value => value.as_i64(),
    };
    let (number, expected) = match scalar {
        Scalar::Boolean => {
            let truth = value.as_bool().ok_or_else(|| misfit(name, "a boolean"))?;
            out.push(u8::from(truth));
            return Ok(());
        }
        Scalar::Double => {
            let number = value.as_f64().ok_or_else(|| misfit(name, "a number"))?;
            out.extend_from_slice(&number.to_le_bytes());
            return Ok(());
        }
        Scalar::Text => {
            text(out, value.as_str().ok_or_else(|| misfit(name, "a text"))?);
            return Ok(());
        }
        Scalar::Int => (
            value
                .as_i64()
                .filter(|number| i32::try_from(*number).is_ok()),
            "a whole number of 32 bits",
        ),
        Scalar::Long => (value.as_i64(), "a whole number"),
        Scalar::Date => (millis(json::read_date), "a date such as 2024-04-09"),
        Scalar::DateTime => (
            millis(json::read_date_time),
            "a point in time such as 2024-04-09T20:26:27.000Z",
        ),
        Scalar::Time => (
            millis(json::read_time),
            "a time of day such as 20:26:27.000Z",
        ),
    };
    long(out, number.ok_or_else(|| misfit(name, expected))?);
    Ok(())
}

fn misfit(field: &str, expected: &'static str) -> JsonError {
    JsonError::Misfit {
        field: field.to_owned(),
        expected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EventField;

    fn schema() -> EventSchema {
        let field = |name: &str, shape, doc: &str| EventField {
            name: name.to_owned(),
            shape,
            doc: doc.to_owned(),
        };
        let fields = vec![
            field(
                "CreatedDate",
                Shape::Required(Scalar::DateTime),
                "CreatedDate:DateTime",
            ),
            field("Fee__c", Shape::Optional(Scalar::Double), "Data:Double"),
            field("Day__c", Shape::Optional(Scalar::Date), "Data:DateOnly"),
            field("At__c", Shape::Optional(Scalar::Time), "Data:TimeOnly"),
            field("Code__c", Shape::Optional(Scalar::Text), "Data:Text"),
            field("Flags", Shape::Names, "Data:MultiEnum"),
            field(
                "Place__c",
                Shape::Compound(Compound::location()),
                "Data:Location",
            ),
            field(
                "Name",
                Shape::TextOrCompound(Compound::person_name("PersonName", [])),
                "Name",
            ),
        ];
        EventSchema::new("Freed__e", fields).expect("a schema")
    }

    fn encoded(text: &str) -> Result<Vec<u8>, JsonError> {
        schema().encode_json(&serde_json::from_str(text).expect("an object"))
    }

    #[test]
    fn what_is_rendered_is_encoded_to_the_same_bytes() {
        let texts = [
            r#"{"CreatedDate":"2024-04-09T20:26:27.000Z","Fee__c":1.5,"Day__c":"2024-02-29","At__c":"13:05:12.345Z","Code__c":"é","Flags":["A","B"],"Place__c":{"Latitude":1.0,"Longitude":-2.5},"Name":{"Salutation":null,"FirstName":"Ada","LastName":"L"}}"#,
            r#"{"CreatedDate":"1969-12-31T23:59:59.999Z","Fee__c":null,"Day__c":"0001-01-01","At__c":null,"Code__c":null,"Flags":[],"Place__c":null,"Name":"Acme"}"#,
        ];
        for text in texts {
            let payload = encoded(text).expect("an event");
            let mut out = Vec::new();
            schema()
                .render_cometd(&payload, &mut out)
                .expect("its own payload");
            assert_eq!(String::from_utf8(out).expect("UTF-8"), text);
        }
    }

    #[test]
    fn points_in_time_have_zones_and_may_be_numbers() {
        let bytes = encoded(r#"{"CreatedDate":1712694387000}"#).expect("an event");
        for text in [
            "2024-04-09T22:26:27+0200",
            "2024-04-09T15:26:27.000-05:00",
            "2024-04-09T20:26:27Z",
        ] {
            let same = encoded(&format!(r#"{{"CreatedDate":"{text}"}}"#)).expect(text);
            assert_eq!(same, bytes, "{text}");
        }
    }

    #[test]
    fn values_that_do_not_fit_are_named() {
        for (text, message) in [
            ("{}", "`CreatedDate` is missing"),
            (r#"{"Fe__c":1}"#, "Freed__e has no field `Fe__c`"),
            (
                r#"{"CreatedDate":1,"Fee__c":"1"}"#,
                "the value of `Fee__c` is not a number",
            ),
            (
                r#"{"CreatedDate":1,"Day__c":"2023-02-29"}"#,
                "the value of `Day__c` is not a date such as 2024-04-09",
            ),
            (
                r#"{"CreatedDate":1,"Place__c":{"Latitude":"n"}}"#,
                "the value of `Place__c.Latitude` is not a number",
            ),
            (
                r#"{"CreatedDate":1,"Place__c":{"L":1}}"#,
                "Place__c has no field `L`",
            ),
            (
                r#"{"CreatedDate":"2024-04-09T20:26:27"}"#,
                "the value of `CreatedDate` is not a point in time such as 2024-04-09T20:26:27.000Z",
            ),
        ] {
            assert_eq!(encoded(text).expect_err(text).to_string(), message);
        }
    }
}
