//! Record types: kinds of records of one object.
//!
//! Source: "`RecordType`" (Object Reference; Metadata API Developer Guide).

use crate::id::RecordId;
use crate::name::FieldName;

/// A kind of records of one object, as a user has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordType {
    /// The record of the object `RecordType`.
    pub id: RecordId,
    /// Developer name.
    pub developer_name: String,
    /// What people see.
    pub label: String,
    /// Whether records can be given it.
    pub active: bool,
    /// Whether the user can give it to records.
    pub available: bool,
    /// Whether the user's new records have it.
    pub default: bool,
    /// The picklists of which it offers only some values. It offers all values of other picklists.
    pub picklists: Vec<PicklistSubset>,
}

/// The values of a picklist that a record type offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PicklistSubset {
    /// The picklist.
    pub field: FieldName,
    /// The values.
    pub values: Vec<String>,
    /// The value of a new record.
    pub default: Option<String>,
}

impl RecordType {
    /// The values of a picklist, if it does not offer all of them.
    pub fn picklist(&self, field: &FieldName) -> Option<&PicklistSubset> {
        self.picklists.iter().find(|subset| subset.field == *field)
    }
}

impl PicklistSubset {
    /// Whether it has a value.
    pub fn contains(&self, value: &str) -> bool {
        self.values.iter().any(|offered| offered == value)
    }
}
