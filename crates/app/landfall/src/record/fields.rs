//! `NAME=VALUE` as a record: the describe of the object decides what a value is.

use serde_json::{Map, Number, Value};

use crate::outcome::{Coded, Exit, Failure, nearest};
use crate::rest::Rest;

/// The record of these values.
///
/// # Errors
/// A text is not of the form, a field does not exist, a value is not one of its type; those of the describe.
pub(super) async fn record(rest: &Rest, object: &str, values: &[String]) -> Result<Value, Coded> {
    let pairs: Vec<(&str, &str)> = values
        .iter()
        .map(|text| pair(text))
        .collect::<Result<_, _>>()?;
    let described = rest.describe(object).await?;
    Ok(assembled(object, &described, &pairs)?)
}

fn pair(text: &str) -> Result<(&str, &str), Failure> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    pair.ok_or_else(|| {
        Failure::new(format!("`{text}` is not of the form NAME=VALUE")).exit(Exit::Usage)
    })
}

fn assembled(object: &str, described: &Value, pairs: &[(&str, &str)]) -> Result<Value, Failure> {
    let fields: Vec<&Value> = described["fields"]
        .as_array()
        .into_iter()
        .flatten()
        .collect();
    let mut record = Map::new();
    for (name, text) in pairs {
        let (key, value) = if let Some((parent, field)) = name.split_once('.') {
            // A reference by an external id of the other record.
            let other: Map<String, Value> = [(field.to_owned(), Value::from(*text))]
                .into_iter()
                .collect();
            (parent.to_owned(), Value::Object(other))
        } else {
            let is_meant = |field: &&&Value| {
                let known = field["name"].as_str().unwrap_or_default();
                known.eq_ignore_ascii_case(name)
            };
            let field = fields.iter().find(is_meant);
            let field = field.ok_or_else(|| unknown(object, name, &fields))?;
            let known = field["name"].as_str().unwrap_or(name);
            (known.to_owned(), value(known, &field["type"], text)?)
        };
        if record.insert(key, value).is_some() {
            return Err(Failure::new(format!("{name} is there twice")).exit(Exit::Usage));
        }
    }
    Ok(Value::Object(record))
}

fn unknown(object: &str, name: &str, fields: &[&Value]) -> Failure {
    let failure = Failure::new(format!("{object} has no field {name}")).exit(Exit::Unknown);
    let names = fields.iter().filter_map(|field| field["name"].as_str());
    match nearest(name, names) {
        Some(near) => failure.hint(format!("did you mean {near}?")),
        None => failure,
    }
}

/// A text as a value of a type. `null` and an empty text are no value.
fn value(name: &str, r#type: &Value, text: &str) -> Result<Value, Failure> {
    if text.is_empty() || text == "null" {
        return Ok(Value::Null);
    }
    let r#type = r#type.as_str().unwrap_or_default();
    let wrong = || {
        let what = format!("`{text}` is not a value of {name}, which is of the type {type}");
        Failure::new(what).exit(Exit::Usage)
    };
    match r#type {
        "boolean" => match text {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(wrong()),
        },
        // As it is written: a number of many digits keeps them.
        "int" | "double" | "currency" | "percent" | "long" => {
            let number: Result<Number, _> = text.parse();
            number.map(Value::Number).map_err(|_| wrong())
        }
        _ => Ok(text.into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Result<Value, Failure> {
        let described = json!({ "fields": [
            { "name": "Name", "type": "string" },
            { "name": "Phone", "type": "phone" },
            { "name": "Active__c", "type": "boolean" },
            { "name": "NumberOfEmployees", "type": "int" },
        ]});
        assembled("Account", &described, pairs)
    }

    #[test]
    fn values_are_of_the_types_of_their_fields() {
        let pairs = [
            ("name", "A=B"),
            ("Phone", "555"),
            ("Active__c", "true"),
            ("NumberOfEmployees", "5"),
            ("Owner.Key__c", "7"),
        ];
        let record = json!({
            "Name": "A=B", "Phone": "555", "Active__c": true, "NumberOfEmployees": 5, "Owner": { "Key__c": "7" },
        });
        assert_eq!(of(&pairs).ok(), Some(record));
        assert_eq!(
            of(&[("Phone", "null")]).ok(),
            Some(json!({ "Phone": null }))
        );
        for bad in [
            ("Active__c", "yes"),
            ("NumberOfEmployees", "many"),
            ("Phon", "5"),
        ] {
            assert!(of(&[bad]).is_err(), "{bad:?}");
        }
        assert!(of(&[("Name", "a"), ("name", "b")]).is_err());
    }
}
