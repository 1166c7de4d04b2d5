//! Which events a tail waits for.

use std::str::FromStr;

use landfall_client::streaming::Event;
use serde_json::Value;

/// What an event must have: a value at a path of names, or all of a JSON object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expected {
    /// `Name=Acme`: a text, or what the JSON on the right is.
    Value { path: String, value: String },
    /// Objects by the members that count, everything else as it is.
    Part(Value),
}

impl FromStr for Expected {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with('{') {
            let part = serde_json::from_str(text);
            return part.map(Self::Part).map_err(|error| error.to_string());
        }
        match text.split_once('=') {
            Some((path, value)) if !path.is_empty() => Ok(Self::Value {
                path: path.to_owned(),
                value: value.to_owned(),
            }),
            _ => Err("expected FIELD=VALUE or a JSON object".to_owned()),
        }
    }
}

/// Whether an event has everything that is expected.
pub(super) fn is_met(expected: &[Expected], event: &Event) -> bool {
    let payload = serde_json::from_str(&event.payload).unwrap_or_default();
    expected.iter().all(|one| one.is_in(&payload))
}

impl Expected {
    fn is_in(&self, payload: &Value) -> bool {
        match self {
            Self::Part(part) => contains(payload, part),
            Self::Value { path, value } => at(payload, path).is_some_and(|actual| {
                actual.as_str() == Some(value)
                    || serde_json::from_str(value).is_ok_and(|value: Value| *actual == value)
            }),
        }
    }
}

/// The value at a path such as `Name.LastName`.
fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    let mut names = path.split('.');
    names.try_fold(value, |value, name| value.get(name))
}

fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => part.iter().all(|(name, part)| {
            let whole = whole.get(name);
            whole.is_some_and(|whole| contains(whole, part))
        }),
        (whole, part) => whole == part,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAYLOAD: &str = r#"{"Name":{"LastName":"Ames"},"Phone":null,"Size":5,"Code":"5","ChangeEventHeader":{"changeType":"UPDATE"}}"#;

    fn is_in(text: &str) -> bool {
        let expected: Expected = text.parse().expect("valid");
        expected.is_in(&serde_json::from_str(PAYLOAD).expect("JSON"))
    }

    #[test]
    fn values_are_texts_or_json() {
        for met in [
            "Name.LastName=Ames",
            "Phone=null",
            "Size=5",
            "Code=5",
            "ChangeEventHeader.changeType=UPDATE",
            r#"{"Name":{"LastName":"Ames"},"Size":5}"#,
            "{}",
        ] {
            assert!(is_in(met), "{met}");
        }
        for unmet in [
            "Name=Ames",
            "Fax=null",
            "Size=6",
            r#"{"Code":5}"#,
            r#"{"Name":{}, "Fax":null}"#,
        ] {
            assert!(!is_in(unmet), "{unmet}");
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for bad in ["Name", "=x", "{", ""] {
            assert!(bad.parse::<Expected>().is_err(), "{bad}");
        }
    }
}
