//! What is expected against what came, and the names bound on the way.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Stands for what is left out.
const REST: &str = "...";

/// Shorter values are not written as names: they would be found where they are not meant.
const NAMED_BYTES_MIN: usize = 4;

/// Values by name.
#[derive(Clone, Default)]
pub(crate) struct Names(BTreeMap<String, Value>);

impl Names {
    pub(crate) fn bind(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// The text with every name replaced by its value.
    pub(crate) fn fill(&self, text: &str) -> Result<String, String> {
        let mut out = String::new();
        for part in parts(text) {
            match part {
                Part::Text(text) => out.push_str(&text),
                Part::Name(name) => match self.0.get(name) {
                    Some(value) => out.push_str(&plain(value)),
                    None => return Err(format!("${name} has no value yet")),
                },
            }
        }
        Ok(out)
    }

    /// Compares an actual body with an expected one.
    pub(crate) fn body(&mut self, expected: &str, actual: &[u8]) -> Result<(), String> {
        if expected == "-" {
            let empty = actual.is_empty();
            return empty
                .then_some(())
                .ok_or_else(|| "the body is not empty".to_owned());
        }
        let actual = String::from_utf8_lossy(actual);
        let json = serde_json::from_str::<Value>(&quoted(expected));
        match (json, serde_json::from_str::<Value>(&actual)) {
            (Ok(expected), Ok(actual)) => self.json("$", &expected, &actual),
            (Ok(_), Err(error)) => Err(format!("the body is not JSON: {error}")),
            (Err(_), _) => self.text(expected.trim_end(), actual.trim_end()),
        }
    }

    /// Compares a message with an expected one.
    pub(crate) fn message(&mut self, expected: &str, actual: &Value) -> Result<(), String> {
        let expected =
            serde_json::from_str(&quoted(expected)).map_err(|error| error.to_string())?;
        self.json("$", &expected, actual)
    }

    fn json(&mut self, path: &str, expected: &Value, actual: &Value) -> Result<(), String> {
        match (expected, actual) {
            (Value::String(text), _) if text == REST => Ok(()),
            (Value::String(text), _) if only_name(text).is_some() => {
                self.named(path, only_name(text).unwrap_or_default(), actual)
            }
            (Value::String(expected), Value::String(actual)) => self
                .text(expected, actual)
                .map_err(|error| format!("{path}: {error}")),
            (Value::Object(expected), Value::Object(actual)) => self.object(path, expected, actual),
            (Value::Array(expected), Value::Array(actual)) => self.array(path, expected, actual),
            (Value::Number(one), Value::Number(other)) if one.as_f64() == other.as_f64() => Ok(()),
            (one, other) if one == other => Ok(()),
            (expected, actual) => Err(format!("{path}: expected {expected}, got {actual}")),
        }
    }

    fn named(&mut self, path: &str, name: &str, actual: &Value) -> Result<(), String> {
        if name == "_" {
            return Ok(());
        }
        match self.0.get(name) {
            Some(bound) if bound == actual || plain(bound) == plain(actual) => Ok(()),
            Some(bound) => Err(format!("{path}: expected {bound} (${name}), got {actual}")),
            None => {
                self.0.insert(name.to_owned(), actual.clone());
                Ok(())
            }
        }
    }

    fn object(
        &mut self,
        path: &str,
        expected: &Map<String, Value>,
        actual: &Map<String, Value>,
    ) -> Result<(), String> {
        for (key, value) in expected.iter().filter(|(key, _)| *key != REST) {
            let path = format!("{path}.{key}");
            match actual.get(key) {
                Some(actual) => self.json(&path, value, actual)?,
                None => return Err(format!("{path}: missing")),
            }
        }
        if expected.contains_key(REST) {
            return Ok(());
        }
        match actual.keys().find(|key| !expected.contains_key(*key)) {
            Some(key) => Err(format!("{path}.{key}: not expected")),
            None => Ok(()),
        }
    }

    fn array(&mut self, path: &str, expected: &[Value], actual: &[Value]) -> Result<(), String> {
        let (expected, open) = match expected.split_last() {
            Some((Value::String(last), rest)) if last == REST => (rest, true),
            _ => (expected, false),
        };
        let enough = actual.len() == expected.len() || (open && actual.len() > expected.len());
        if !enough {
            return Err(format!(
                "{path}: expected {} elements, got {}",
                expected.len(),
                actual.len()
            ));
        }
        for (index, (expected, actual)) in expected.iter().zip(actual).enumerate() {
            self.json(&format!("{path}[{index}]"), expected, actual)?;
        }
        Ok(())
    }

    /// Compares text; a name takes what comes before the text that follows it.
    pub(crate) fn text(&mut self, expected: &str, actual: &str) -> Result<(), String> {
        let wrong = || format!("expected `{expected}`, got `{actual}`");
        let mut rest = actual;
        let parts = parts(expected);
        for (index, part) in parts.iter().enumerate() {
            match part {
                Part::Text(text) => rest = rest.strip_prefix(text.as_str()).ok_or_else(wrong)?,
                Part::Name(name) => {
                    let bound = self.0.get(*name).map(plain);
                    let length = match (&bound, parts.get(index + 1)) {
                        (Some(bound), _) => rest.starts_with(bound.as_str()).then_some(bound.len()),
                        (None, Some(Part::Text(next))) => rest.find(next.as_str()),
                        (None, _) => Some(rest.len()),
                    };
                    let (value, after) = rest.split_at(length.ok_or_else(wrong)?);
                    if bound.is_none() && *name != "_" {
                        self.bind(name, value);
                    }
                    rest = after;
                }
            }
        }
        rest.is_empty().then_some(()).ok_or_else(wrong)
    }

    /// The body as it should have been expected: one line, or one for each element, with names for known values.
    pub(crate) fn written(&self, actual: &[u8]) -> String {
        let text = String::from_utf8_lossy(actual);
        // The elements as they came: a value tree would sort their keys.
        let mut text = match serde_json::from_str::<Vec<&RawValue>>(&text) {
            Ok(elements) if !elements.is_empty() => {
                let lines: Vec<&str> = elements.iter().map(|element| element.get()).collect();
                format!("[{}]", lines.join(",\n "))
            }
            _ if text.is_empty() => return "-".to_owned(),
            _ => text.into_owned(),
        }
        .replace('$', "$$");
        let mut known: Vec<(&String, String)> = self
            .0
            .iter()
            .map(|(name, value)| (name, plain(value)))
            .filter(|(_, value)| value.len() >= NAMED_BYTES_MIN)
            .collect();
        known.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
        for (name, value) in known {
            text = text.replace(&value, &format!("${name}"));
        }
        text
    }
}

/// A value as it stands in running text.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

enum Part<'a> {
    Text(String),
    Name(&'a str),
}

fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        literal.push_str(before);
        let name = name_at(after);
        if let Some(unescaped) = after.strip_prefix('$') {
            literal.push('$');
            rest = unescaped;
        } else if name.is_empty() {
            literal.push('$');
            rest = after;
        } else {
            if !literal.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut literal)));
            }
            parts.push(Part::Name(name));
            rest = after.split_at(name.len()).1;
        }
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        parts.push(Part::Text(literal));
    }
    parts
}

/// The name at the beginning of the text; empty if there is none.
fn name_at(text: &str) -> &str {
    if text.starts_with('_') {
        return "_";
    }
    if !text.starts_with(|letter: char| letter.is_ascii_uppercase()) {
        return "";
    }
    let end = text
        .find(|letter: char| {
            !(letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_')
        })
        .unwrap_or(text.len());
    text.split_at(end).0
}

fn only_name(text: &str) -> Option<&str> {
    let name = name_at(text.strip_prefix('$')?);
    (!name.is_empty() && name.len() + 1 == text.len()).then_some(name)
}

/// The text with names outside of strings in quotes, so that it can be JSON.
fn quoted(text: &str) -> String {
    let mut out = String::new();
    let mut in_string = false;
    let mut escaped = false;
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let after = rest.split_at(letter.len_utf8()).1;
        let name = if letter == '$' && !in_string {
            name_at(after)
        } else {
            ""
        };
        if name.is_empty() {
            in_string ^= letter == '"' && !escaped;
            escaped = letter == '\\' && in_string && !escaped;
            out.push(letter);
            rest = after;
        } else {
            out.push_str("\"$");
            out.push_str(name);
            out.push('"');
            rest = after.split_at(name.len()).1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(expected: &str, actual: &str) -> Result<Names, String> {
        let mut names = Names::default();
        names.body(expected, actual.as_bytes()).map(|()| names)
    }

    #[test]
    fn a_name_takes_a_value_and_keeps_it() {
        let names = compare(
            r#"{"a":"$A","b":"x/$A/y","c":$N}"#,
            r#"{"c":7,"b":"x/1/y","a":"1"}"#,
        )
        .unwrap();
        assert_eq!(names.fill("$A-$N-$$A").unwrap(), "1-7-$A");
        assert!(compare(r#"["$A","$A"]"#, r#"["1","2"]"#).is_err());
        assert!(compare(r#"["$_","$_"]"#, r#"["1",2]"#).is_ok());
    }

    #[test]
    fn what_is_left_out_may_be_anything() {
        assert!(compare(r#"{"a":1,"...":"..."}"#, r#"{"a":1.0,"b":2}"#).is_ok());
        assert!(compare(r#"{"a":1}"#, r#"{"a":1,"b":2}"#).is_err());
        assert!(compare(r#"[1,"..."]"#, "[1,2,3]").is_ok());
        assert!(compare(r#"[1,"..."]"#, "[]").is_err());
        assert!(compare(r#"{"a":"..."}"#, r#"{"a":{}}"#).is_ok());
        assert!(compare(r#"{"a":"..."}"#, "{}").is_err());
    }

    #[test]
    fn text_is_compared_as_text() {
        assert!(compare("Maximum $SIZE", "Maximum 5\n").is_ok());
        assert!(compare("Maximum $SIZE.", "Maximum 5").is_err());
        assert!(compare("-", "").is_ok());
        assert!(compare("-", "x").is_err());
    }
}
