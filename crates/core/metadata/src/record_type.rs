//! Record types: kinds of records of one object.
//!
//! Source: "`RecordType`" (Metadata API Developer Guide).

use landfall_model::EntityName;

use crate::gather::{self, ObjectSource};
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
    let types = source.record_types();
    let types = gather::with_names("record type", &source.name, types, report);
    let types = types.into_iter();
    types
        .map(|(name, element)| RecordType {
            entity: EntityName::new(entity),
            developer_name: name.to_owned(),
            label: element.required("label", report).unwrap_or(name).to_owned(),
            active: element.flag("active", report).unwrap_or(true),
        })
        .collect()
}
