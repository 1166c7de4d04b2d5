//! What kind of value a stored field has.

use std::fmt;

use landfall_model::FieldType;

/// The kind of the values of a stored field. A field keeps its kind unless a [`Conversion`](crate::Conversion) changes it: a
/// definition that does so by itself is an error of every back end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// True or false.
    Boolean,
    /// A whole number.
    Integer,
    /// A number with a fraction.
    Double,
    /// Text.
    Text,
    /// The id of a record.
    Id,
    /// A day.
    Date,
    /// A point in time.
    DateTime,
    /// A time of day.
    Time,
}

impl ValueKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Boolean,
        Self::Integer,
        Self::Double,
        Self::Text,
        Self::Id,
        Self::Date,
        Self::DateTime,
        Self::Time,
    ];

    /// The kind of the values of a type of field.
    pub const fn of(field_type: FieldType) -> Self {
        match field_type {
            FieldType::Id | FieldType::Reference => Self::Id,
            FieldType::Boolean => Self::Boolean,
            FieldType::Int | FieldType::Long => Self::Integer,
            FieldType::Double | FieldType::Currency | FieldType::Percent => Self::Double,
            FieldType::Date => Self::Date,
            FieldType::DateTime => Self::DateTime,
            FieldType::Time => Self::Time,
            FieldType::String
            | FieldType::TextArea
            | FieldType::Picklist
            | FieldType::MultiPicklist
            | FieldType::Combobox
            | FieldType::Email
            | FieldType::Phone
            | FieldType::Url
            | FieldType::Address
            | FieldType::Location
            | FieldType::PersonName
            | FieldType::EncryptedString
            | FieldType::AnyType
            | FieldType::Base64
            | FieldType::JunctionIdList
            | FieldType::Complex => Self::Text,
        }
    }
}

impl fmt::Display for ValueKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Double => "double",
            Self::Text => "text",
            Self::Id => "id",
            Self::Date => "date",
            Self::DateTime => "date and time",
            Self::Time => "time",
        })
    }
}
