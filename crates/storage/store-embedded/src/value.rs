//! Values of fields as SQLite keeps them.
//!
//! A column's declared type says what its numbers mean (`INTEGER_DAYS`), so that the file explains itself; SQLite takes
//! the affinity from the part of the name that it knows.

use landfall_model::{Date, FieldType, RecordId, Timestamp, Value};
use rusqlite::types::{ToSqlOutput, ValueRef};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColumnType {
    Boolean,
    Integer,
    Real,
    Text,
    Id,
    Day,
    Point,
    TimeOfDay,
}

impl ColumnType {
    /// The column of a stored field.
    pub(crate) const fn of(field_type: FieldType) -> Self {
        match field_type {
            FieldType::Id | FieldType::Reference => Self::Id,
            FieldType::Boolean => Self::Boolean,
            FieldType::Int => Self::Integer,
            FieldType::Double | FieldType::Currency | FieldType::Percent => Self::Real,
            FieldType::Date => Self::Day,
            FieldType::DateTime => Self::Point,
            FieldType::Time => Self::TimeOfDay,
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
            | FieldType::Base64
            | FieldType::JunctionIdList
            | FieldType::Complex => Self::Text,
        }
    }

    /// The type as declared in the table. Stored for ever.
    pub(crate) const fn declared(self) -> &'static str {
        match self {
            Self::Boolean => "INTEGER_BOOLEAN",
            Self::Integer => "INTEGER",
            Self::Real => "REAL",
            Self::Text => "TEXT",
            Self::Id => "TEXT_ID",
            Self::Day => "INTEGER_DAYS",
            Self::Point => "INTEGER_MS",
            Self::TimeOfDay => "INTEGER_MS_OF_DAY",
        }
    }
}

/// The value as kept in such a column; none if the column cannot hold it.
pub(crate) fn encode(column: ColumnType, value: &Value) -> Option<ToSqlOutput<'_>> {
    Some(match (column, value) {
        (_, Value::Null) => ToSqlOutput::from(rusqlite::types::Null),
        (ColumnType::Boolean, Value::Boolean(truth)) => ToSqlOutput::from(*truth),
        (ColumnType::Integer, Value::Integer(number)) => ToSqlOutput::from(*number),
        (ColumnType::Real, Value::Double(number)) if !number.is_nan() => ToSqlOutput::from(*number),
        (ColumnType::Text, Value::Text(text)) => ToSqlOutput::from(text.as_str()),
        (ColumnType::Id, Value::Id(id)) => {
            ToSqlOutput::Borrowed(ValueRef::Text(id.as_str().as_bytes()))
        }
        (ColumnType::Day, Value::Date(day)) => ToSqlOutput::from(day.as_days()),
        (ColumnType::Point, Value::DateTime(point)) => ToSqlOutput::from(point.as_millis()),
        (ColumnType::TimeOfDay, Value::Time(millis)) => ToSqlOutput::from(*millis),
        _ => return None,
    })
}

/// The value that is kept so in such a column; none if nothing that [`encode`] makes looks like it.
pub(crate) fn decode(column: ColumnType, kept: ValueRef<'_>) -> Option<Value> {
    Some(match (column, kept) {
        (_, ValueRef::Null) => Value::Null,
        (ColumnType::Boolean, ValueRef::Integer(0)) => Value::Boolean(false),
        (ColumnType::Boolean, ValueRef::Integer(1)) => Value::Boolean(true),
        (ColumnType::Integer, ValueRef::Integer(number)) => Value::Integer(number),
        (ColumnType::Real, ValueRef::Real(number)) => Value::Double(number),
        (ColumnType::Text, ValueRef::Text(text)) => {
            Value::Text(std::str::from_utf8(text).ok()?.to_owned())
        }
        (ColumnType::Id, ValueRef::Text(text)) => {
            Value::Id(RecordId::parse(std::str::from_utf8(text).ok()?).ok()?)
        }
        (ColumnType::Day, ValueRef::Integer(days)) => {
            Value::Date(Date::from_days(i32::try_from(days).ok()?))
        }
        (ColumnType::Point, ValueRef::Integer(millis)) => {
            Value::DateTime(Timestamp::from_millis(millis))
        }
        (ColumnType::TimeOfDay, ValueRef::Integer(millis)) => {
            Value::Time(i32::try_from(millis).ok()?)
        }
        _ => return None,
    })
}
