//! Record types: kinds of records of one object.
//!
//! Source: "`RecordType`" (Metadata API Developer Guide).

use std::collections::BTreeSet;

use landfall_model::EntityName;

use crate::gather::ObjectSource;
use crate::names;
use crate::problem::Report;

/// A record type of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordType {
    /// The object.
    pub entity: EntityName,
    /// Developer name.
    pub developer_name: String,
    /// What people see.
    pub label: String,
    /// Whether new records may have it.
    pub active: bool,
}

/// Reads the record types of an object.
pub(crate) fn declare(source: &ObjectSource, entity: &str, report: &mut Report) -> Vec<RecordType> {
    let mut seen = BTreeSet::new();
    let mut types = Vec::new();
    for (given, element) in source.record_types() {
        let name = match given {
            Some(name) => Some(name),
            None => element.required("fullName", report),
        };
        let Some(name) = name else {
            continue;
        };
        if let Some(fault) = names::fault_of_developer_name(name) {
            report.problem(&element.at, fault);
            continue;
        }
        if !seen.insert(name.to_ascii_lowercase()) {
            let reason = format!(
                "There is already a record type named {name} on {}.",
                source.name
            );
            report.problem(&element.at, reason);
            continue;
        }
        let label = element.required("label", report).unwrap_or(name);
        types.push(RecordType {
            entity: EntityName::new(entity),
            developer_name: name.to_owned(),
            label: label.to_owned(),
            active: element.flag("active", report).unwrap_or(true),
        });
    }
    types
}
