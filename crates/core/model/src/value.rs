//! Values of record fields.

use crate::id::RecordId;
use crate::time::{Date, Timestamp};

/// The value of one field of one record.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Value {
    /// No value.
    #[default]
    Null,
    /// A checkbox.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number, currency amount or percentage.
    Double(f64),
    /// Any kind of text: string, text area, picklist, email, phone, URL; multi-select values joined with `;`.
    Text(String),
    /// A reference to a record, or the record's own id.
    Id(RecordId),
    /// A calendar day.
    Date(Date),
    /// A point in time.
    DateTime(Timestamp),
    /// A time of day.
    ///
    /// Unit: milliseconds since midnight.
    Time(i32),
}

impl Value {
    /// Whether there is no value.
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text, if this is text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The id, if this is one.
    pub const fn as_id(&self) -> Option<RecordId> {
        match self {
            Self::Id(id) => Some(*id),
            _ => None,
        }
    }

    /// The truth value, if this is one.
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Boolean(truth) => Some(*truth),
            _ => None,
        }
    }
}

/// The values of a record, one for each field of its [`crate::EntityDefinition`], in the same order.
///
/// Compound fields (address, person name, location) hold [`Value::Null`]: their components are fields of their own.
pub type Row = Vec<Value>;
