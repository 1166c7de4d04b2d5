//! Records of a batch that come as JSON or XML, turned into the CSV that all jobs are processed from.
//!
//! A field that a record does not have is an empty value, one without a value `#N/A`; a record within a record is a column
//! like `ReportsTo.Email`. Source: "Prepare XML and JSON Files" (Bulk API 2.0 and Bulk API Developer Guide).

use std::collections::HashMap;

use landfall_model::limits::{
    BULK_BATCH_RECORDS_MAX, BULK_CONTENT_BYTES_MAX, BULK_RECORD_FIELDS_MAX,
};
use landfall_model::{BulkFault, Fault};
use landfall_xml::{Element, Limits, parse};
use serde_json::Value;

use crate::job::{Delimiter, LineEnding};
use crate::lines::Csv;

/// What clears a field.
const NOTHING: &str = "#N/A";

/// A record: names of columns with values.
type Record = Vec<(String, String)>;

/// Turns records into CSV.
///
/// # Errors
/// [`BulkFault::BatchUnreadable`], [`BulkFault::BatchTooLarge`].
pub fn from_json(body: &[u8]) -> Result<Vec<u8>, Fault> {
    let unreadable = |reason: String| Fault::Bulk(BulkFault::BatchUnreadable { reason });
    let records: Vec<serde_json::Map<String, Value>> =
        serde_json::from_slice(body).map_err(|error| unreadable(error.to_string()))?;
    let mut read = Vec::with_capacity(records.len());
    for record in records {
        let mut cells = Record::new();
        for (name, value) in record {
            match value {
                Value::Object(members) if name != "attributes" => {
                    let path = path_of(&name, type_of_json(&members));
                    for (key, value) in members.into_iter().filter(|(key, _)| key != "attributes") {
                        let text = scalar(value).ok_or_else(|| unreadable(path.clone()))?;
                        cells.push((format!("{path}.{key}"), text));
                    }
                }
                Value::Object(_) => {}
                value => {
                    let text = scalar(value).ok_or_else(|| unreadable(name.clone()))?;
                    cells.push((name, text));
                }
            }
        }
        read.push(cells);
    }
    written(&read)
}

/// The same of XML.
///
/// # Errors
/// As [`from_json`].
pub fn from_xml(body: &[u8]) -> Result<Vec<u8>, Fault> {
    let unreadable = |reason: String| Fault::Bulk(BulkFault::BatchUnreadable { reason });
    let text = std::str::from_utf8(body).map_err(|error| unreadable(error.to_string()))?;
    let root = parse(text, Limits::REQUEST).map_err(|error| unreadable(error.to_string()))?;
    if root.name != "sObjects" {
        return Err(unreadable(format!("{} is no list of records", root.name)));
    }
    let mut read = Vec::with_capacity(root.children.len());
    for record in root.children {
        let mut cells = Record::new();
        for field in record.children {
            match field.child("sObject") {
                Some(inner) => {
                    let path = path_of(&field.name, inner.value("type"));
                    for key in inner.children.iter().filter(|key| key.name != "type") {
                        cells.push((format!("{path}.{}", key.name), text_of(key)));
                    }
                }
                None if field.name == "type" => {}
                None => cells.push((field.name.clone(), text_of(&field))),
            }
        }
        read.push(cells);
    }
    written(&read)
}

fn path_of(relationship: &str, object: Option<&str>) -> String {
    match object {
        Some(object) => format!("{object}:{relationship}"),
        None => relationship.to_owned(),
    }
}

fn type_of_json(members: &serde_json::Map<String, Value>) -> Option<&str> {
    members.get("attributes")?.get("type")?.as_str()
}

/// None for other than a single value.
fn scalar(value: Value) -> Option<String> {
    match value {
        Value::Null => Some(NOTHING.to_owned()),
        // An empty text is no value anywhere.
        Value::String(text) if text.is_empty() => Some(NOTHING.to_owned()),
        Value::String(text) => Some(text),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

fn text_of(field: &Element) -> String {
    let text = field.text.trim();
    if field.nil && text.is_empty() {
        NOTHING.to_owned()
    } else {
        text.to_owned()
    }
}

fn written(records: &[Record]) -> Result<Vec<u8>, Fault> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in records.iter().flatten() {
        places.entry(name).or_insert_with(|| {
            names.push(name);
            names.len() - 1
        });
    }
    let too_large = Fault::Bulk(BulkFault::BatchTooLarge);
    if records.len() > BULK_BATCH_RECORDS_MAX || names.len() > BULK_RECORD_FIELDS_MAX {
        return Err(too_large);
    }
    let mut csv = Csv::new(Delimiter::Comma, LineEnding::Lf);
    csv.line(&names);
    for record in records {
        let mut cells = vec![""; names.len()];
        for (name, value) in record {
            let place = places.get(name.as_str()).copied();
            if let Some(cell) = place.and_then(|place| cells.get_mut(place)) {
                *cell = value;
            }
        }
        csv.line(cells);
        let bytes = u64::try_from(csv.bytes().len()).unwrap_or(u64::MAX);
        if bytes > BULK_CONTENT_BYTES_MAX {
            return Err(too_large);
        }
    }
    Ok(csv.take())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(csv: Result<Vec<u8>, Fault>) -> String {
        String::from_utf8(csv.expect("readable")).expect("text")
    }

    #[test]
    fn records_of_different_fields_become_lines_of_all_of_them() {
        let json = r#"[{"attributes":{"type":"Contact"},"LastName":"A","DoNotCall":true,"Title":null},
            {"LastName":"B","ReportsTo":{"Email":"c@d.e"},"Owner":{"attributes":{"type":"User"},"Username":"u"},"X":1.5}]"#;
        let csv = text(from_json(json.as_bytes()));
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let rows: Vec<HashMap<String, String>> = reader
            .deserialize()
            .map(|row| row.expect("a row"))
            .collect();
        let cell = |row: usize, name: &str| rows[row][name].as_str();
        assert_eq!(
            (cell(0, "LastName"), cell(0, "DoNotCall"), cell(0, "Title")),
            ("A", "true", "#N/A")
        );
        assert_eq!(
            (cell(0, "X"), cell(1, "X"), cell(1, "Title")),
            ("", "1.5", "")
        );
        assert_eq!(
            (cell(1, "ReportsTo.Email"), cell(1, "User:Owner.Username")),
            ("c@d.e", "u")
        );
    }

    #[test]
    fn xml_becomes_the_same() {
        let xml = "<sObjects xmlns=\"http://www.force.com/2009/06/asyncapi/dataload\" xmlns:xsi=\"x\"><sObject><Name>A &amp; B</Name>\
            <Phone xsi:nil=\"true\"/></sObject><sObject><Name>C</Name><Owner><sObject><type>User</type><Username>u</Username>\
            </sObject></Owner></sObject></sObjects>";
        assert_eq!(
            text(from_xml(xml.as_bytes())),
            "\"Name\",\"Phone\",\"User:Owner.Username\"\n\"A & B\",\"#N/A\",\"\"\n\"C\",\"\",\"u\"\n"
        );
    }

    #[test]
    fn what_is_no_list_of_records_is_refused() {
        for json in ["", "{}", "[1]", r#"[{"A":[1]}]"#, r#"[{"A":{"B":{}}}]"#] {
            assert!(from_json(json.as_bytes()).is_err(), "{json}");
        }
        for xml in ["", "<a/>", "<sObjects>"] {
            assert!(from_xml(xml.as_bytes()).is_err(), "{xml}");
        }
    }
}
