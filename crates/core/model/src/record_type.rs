//! Record types: kinds of records of one object.
//!
//! Source: "`RecordType`" (Object Reference; Metadata API Developer Guide).

use crate::id::RecordId;
use crate::name::{EntityName, FieldName};

/// What components call the object of person accounts, which are records of Account.
///
/// Source: "`RecordType`" (Metadata API Developer Guide).
pub const PERSON_ACCOUNT: &str = "PersonAccount";

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
    /// Whether its records are person accounts, and whether it is the user's default for them.
    pub person: Option<PersonType>,
    /// The picklists of which it offers only some values. It offers all values of other picklists.
    pub picklists: Vec<PicklistSubset>,
}

/// What a record type of person accounts has besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PersonType {
    /// Whether the user's new person accounts have it.
    pub default: bool,
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
    /// The name of its component: `Account.Retail`, `PersonAccount.Patient`.
    pub fn full_name(&self, entity: &EntityName) -> String {
        let object = match self.person {
            Some(_) => PERSON_ACCOUNT,
            None => entity.as_str(),
        };
        format!("{object}.{}", self.developer_name)
    }

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
