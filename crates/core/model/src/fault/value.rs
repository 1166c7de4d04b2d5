//! Why a field does not take a value.

use super::FaultField;
use super::QueryFault;
use crate::id::RecordId;
use crate::name::EntityName;
use crate::name::FieldName;
use crate::time::Timestamp;

/// Why a field does not take a value. `landfall-wire` spells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValueFault {
    /// A JSON value of the wrong kind for the field's type.
    Unreadable {
        /// Name of the expected type, such as `double`.
        expected: &'static str,
        /// Token name of the JSON value, such as `VALUE_STRING`.
        token: &'static str,
        /// The value as text.
        value: String,
        /// Place of the value in the body, from 1.
        line: usize,
        /// Place of the value in the body, from 1.
        column: usize,
    },
    /// Text that is no value of the field's type.
    TypeWrong {
        /// The field.
        field: FaultField,
        /// The text.
        value: String,
    },
    /// Text longer than the field.
    TextTooLong {
        /// The field.
        field: FaultField,
        /// The text.
        value: String,
        /// Unit: characters.
        max: u32,
    },
    /// A file longer than its object takes.
    FileTooLarge {
        /// The field.
        field: FieldName,
        /// Unit: bytes.
        max: usize,
    },
    /// A price in a price book, of a product that has no price in the standard price book.
    StandardPriceMissing {
        /// The field.
        field: FaultField,
    },
    /// Not a value of a restricted picklist.
    PicklistValueUnknown {
        /// The field.
        field: FaultField,
        /// The value.
        value: String,
    },
    /// Not an email address.
    EmailInvalid {
        /// The field.
        field: FaultField,
        /// The value.
        value: String,
    },
    /// Text that is not a record id.
    IdMalformed {
        /// The field.
        field: FaultField,
        /// The value.
        value: String,
    },
    /// The id of a record of another object.
    IdTypeWrong {
        /// The field.
        field: FaultField,
        /// The value.
        value: String,
    },
    /// The id of a record type that the user cannot give to records of the object.
    RecordTypeRefused {
        /// The field.
        field: FaultField,
        /// The id.
        value: RecordId,
    },
    /// A number that the field's precision cannot hold.
    NumberOutOfRange {
        /// The field.
        field: FaultField,
        /// The value.
        value: String,
    },
    /// A day or a point in time before or after all that records can hold.
    MomentOutOfRange {
        /// The field.
        field: FaultField,
        /// The point in time, or midnight of the day.
        point: Timestamp,
    },
    /// A rule about values of a record that the object itself has.
    Refused {
        /// The field.
        field: FaultField,
        /// Why.
        reason: String,
    },
    /// A value that another record holds in a unique field.
    Duplicate {
        /// The field.
        field: FieldName,
        /// The other record.
        record: RecordId,
    },
    /// A reference to a record that does not exist.
    ReferenceUnknown {
        /// The field.
        field: FieldName,
    },
    /// No record has the external id by which a reference names it.
    ForeignKeyUnknown {
        /// The external id.
        key: String,
        /// The field that it is of.
        field: FieldName,
        /// The object.
        entity: EntityName,
    },
    /// A field whose text means something is refused for what it means.
    QueryInvalid {
        /// The field.
        field: FieldName,
        /// What is wrong with its meaning.
        cause: QueryFault,
    },
}
