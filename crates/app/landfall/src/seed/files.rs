//! Files of `sf data export tree`, and plans of them.
//!
//! Source: "data Commands" (Salesforce CLI Command Reference), `data export tree`, `data import tree`; "sObject Tree Request
//! Body" (REST API Developer Guide).

use std::collections::VecDeque;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::{Objects, object, unusable};
use crate::outcome::{Coded, Failure};

/// Bytes of all files. Source: none; those of `dev --seed` may have as many.
const FILES_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// A file of records.
pub(super) struct Tree {
    path: String,
    records: Vec<Value>,
}

/// A record to create.
#[derive(Debug)]
pub(super) struct Record {
    /// What messages call it.
    pub(super) name: String,
    pub(super) object: String,
    /// The place of its file.
    pub(super) file: usize,
    /// What others call it.
    pub(super) reference: Option<String>,
    pub(super) fields: Map<String, Value>,
    pub(super) links: Vec<Link>,
}

/// A field that refers to another record of the files.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) field: String,
    pub(super) to: To,
}

/// What a link leads to.
#[derive(Debug)]
pub(super) enum To {
    /// The record of this reference, in the same file or an earlier one.
    Reference(String),
    /// The record at this place, which it is a child of.
    Parent(usize),
}

/// Reads files of records, and the files of plans in their order.
///
/// # Errors
/// A file cannot be read, or is neither.
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<Tree>, Failure> {
    let mut left = FILES_BYTES_MAX;
    let mut trees = Vec::new();
    for path in paths {
        let json = parsed(path, &mut left)?;
        let Value::Array(plan) = json else {
            trees.push(tree(path, json)?);
            continue;
        };
        let names = plan.iter().map(|entry| entry["files"].as_array());
        let names: Option<Vec<&Vec<Value>>> = names.collect();
        let names = names.into_iter().flatten().flatten().map(Value::as_str);
        let names: Option<Vec<&str>> = names.collect();
        let names = names.filter(|names| !names.is_empty());
        let names = names.ok_or_else(|| unusable(format!("{} is not a plan", path.display())))?;
        for name in names {
            let path = path.with_file_name(name);
            let json = parsed(&path, &mut left)?;
            trees.push(tree(&path, json)?);
        }
    }
    Ok(trees)
}

fn tree(path: &Path, mut json: Value) -> Result<Tree, Failure> {
    match json.get_mut("records").map(Value::take) {
        Some(Value::Array(records)) => Ok(Tree {
            path: path.display().to_string(),
            records,
        }),
        _ => Err(unusable(format!(
            "{} has no records, and is not a plan",
            path.display()
        ))),
    }
}

fn parsed(path: &Path, left: &mut u64) -> Result<Value, Failure> {
    let failed = |error: &dyn std::error::Error| {
        Failure::new(format!("cannot read {}", path.display())).caused_by(error)
    };
    let file = File::open(path).map_err(|error| failed(&error))?;
    let mut text = String::new();
    // One byte more, to see that there are too many.
    let read = file.take(*left + 1).read_to_string(&mut text);
    let read = read.map_err(|error| failed(&error))? as u64;
    *left = left
        .checked_sub(read)
        .ok_or_else(|| unusable(format!("the files have more than {FILES_BYTES_MAX} bytes")))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    serde_json::from_str(text).map_err(|error| failed(&error))
}

/// The records of a file, each after the one that it is a child of.
///
/// # Errors
/// A record names no object, or one that the org does not have; children are not those of a relationship.
pub(super) async fn flatten(
    file: usize,
    tree: &Tree,
    objects: &mut Objects<'_>,
    records: &mut Vec<Record>,
) -> Result<(), Coded> {
    let mut waiting: VecDeque<(&Value, Option<Link>)> =
        tree.records.iter().map(|record| (record, None)).collect();
    let mut number = 0;
    while let Some((json, parent)) = waiting.pop_front() {
        number += 1;
        let nameless = || unusable(format!("{}: record {number} names no object", tree.path));
        let r#type = json.pointer("/attributes/type").and_then(Value::as_str);
        let r#type = r#type.ok_or_else(nameless)?;
        let reference = json
            .pointer("/attributes/referenceId")
            .and_then(Value::as_str);
        let described = objects.described(r#type).await?;
        let name = match reference {
            Some(reference) => format!("{}: {reference}", tree.path),
            None => format!("{}: record {number}", tree.path),
        };
        let mut record = Record {
            name,
            object: r#type.to_owned(),
            file,
            reference: reference.map(str::to_owned),
            fields: Map::new(),
            links: parent.into_iter().collect(),
        };
        for (name, value) in object(json).into_iter().flatten() {
            if name == "attributes" {
                continue;
            }
            if let Some(children) = value.get("records").and_then(Value::as_array) {
                let field = child_field(described, name);
                let field = field.ok_or_else(|| {
                    unusable(format!("{}: {type} has no children {name}", record.name))
                })?;
                let link = |json| {
                    let field = field.to_owned();
                    let to = To::Parent(records.len());
                    (json, Some(Link { field, to }))
                };
                waiting.extend(children.iter().map(link));
            } else if let Some(reference) = reference_of(described, name, value) {
                record.links.push(Link {
                    field: name.clone(),
                    to: To::Reference(reference.to_owned()),
                });
            } else {
                record.fields.insert(name.clone(), value.clone());
            }
        }
        records.push(record);
    }
    Ok(())
}

/// The field of the children that leads to their parent.
fn child_field<'d>(described: &'d Value, relationship: &str) -> Option<&'d str> {
    let all = described["childRelationships"].as_array()?;
    let is_meant = |one: &&Value| {
        let name = one["relationshipName"].as_str().unwrap_or_default();
        name.eq_ignore_ascii_case(relationship)
    };
    all.iter().find(is_meant)?["field"].as_str()
}

/// `"AccountId": "@AccountRef1"`.
fn reference_of<'v>(described: &Value, name: &str, value: &'v Value) -> Option<&'v str> {
    let to = value.as_str()?.strip_prefix('@')?;
    let fields = described["fields"].as_array()?;
    let is_meant = |field: &&Value| {
        let known = field["name"].as_str().unwrap_or_default();
        known.eq_ignore_ascii_case(name)
    };
    let field = fields.iter().find(is_meant)?;
    (field["type"] == "reference").then_some(to)
}
