//! Values of fields as SQLite keeps them.
//!
//! A column's declared type says what its numbers mean (`INTEGER_DAYS`), so that the file explains itself; SQLite takes
//! the affinity from the part of the name that it knows.

use std::fmt::Write as _;

use landfall_model::{Date, RecordId, Timestamp, Value};
use landfall_store::ValueKind;
use rusqlite::types::{ToSqlOutput, Value as Kept, ValueRef};

/// The type of a column as declared in its table. Stored for ever.
pub(crate) const fn declared(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Boolean => "INTEGER_BOOLEAN",
        ValueKind::Integer => "INTEGER",
        ValueKind::Double => "REAL",
        ValueKind::Text => "TEXT",
        ValueKind::Id => "TEXT_ID",
        ValueKind::Date => "INTEGER_DAYS",
        ValueKind::DateTime => "INTEGER_MS",
        ValueKind::Time => "INTEGER_MS_OF_DAY",
    }
}

/// The kind of values of a column that was declared so.
pub(crate) fn kind_of(declaration: &str) -> Option<ValueKind> {
    let mut kinds = ValueKind::ALL.into_iter();
    kinds.find(|kind| declared(*kind) == declaration)
}

/// The value as kept in such a column; none if the column cannot hold it.
pub(crate) fn encode(kind: ValueKind, value: &Value) -> Option<ToSqlOutput<'_>> {
    Some(match (kind, value) {
        (_, Value::Null) => ToSqlOutput::from(rusqlite::types::Null),
        (ValueKind::Boolean, Value::Boolean(truth)) => ToSqlOutput::from(*truth),
        (ValueKind::Integer, Value::Integer(number)) => ToSqlOutput::from(*number),
        (ValueKind::Double, Value::Double(number)) if !number.is_nan() => {
            ToSqlOutput::from(*number)
        }
        (ValueKind::Text, Value::Text(text)) => ToSqlOutput::from(text.as_str()),
        (ValueKind::Id, Value::Id(id)) => {
            ToSqlOutput::Borrowed(ValueRef::Text(id.as_str().as_bytes()))
        }
        (ValueKind::Date, Value::Date(day)) => ToSqlOutput::from(day.as_days()),
        (ValueKind::DateTime, Value::DateTime(point)) => ToSqlOutput::from(point.as_millis()),
        (ValueKind::Time, Value::Time(millis)) => ToSqlOutput::from(*millis),
        _ => return None,
    })
}

/// The value that is kept so in such a column; none if nothing that [`encode`] makes looks like it.
pub(crate) fn decode(kind: ValueKind, kept: ValueRef<'_>) -> Option<Value> {
    Some(match (kind, kept) {
        (_, ValueRef::Null) => Value::Null,
        (ValueKind::Boolean, ValueRef::Integer(0)) => Value::Boolean(false),
        (ValueKind::Boolean, ValueRef::Integer(1)) => Value::Boolean(true),
        (ValueKind::Integer, ValueRef::Integer(number)) => Value::Integer(number),
        (ValueKind::Double, ValueRef::Real(number)) => Value::Double(number),
        (ValueKind::Text, ValueRef::Text(text)) => {
            Value::Text(std::str::from_utf8(text).ok()?.to_owned())
        }
        (ValueKind::Id, ValueRef::Text(text)) => {
            Value::Id(RecordId::parse(std::str::from_utf8(text).ok()?).ok()?)
        }
        (ValueKind::Date, ValueRef::Integer(days)) => {
            Value::Date(Date::from_days(i32::try_from(days).ok()?))
        }
        (ValueKind::DateTime, ValueRef::Integer(millis)) => {
            Value::DateTime(Timestamp::from_millis(millis))
        }
        (ValueKind::Time, ValueRef::Integer(millis)) => Value::Time(i32::try_from(millis).ok()?),
        _ => return None,
    })
}

/// A value as columns keep it.
pub(crate) fn kept(value: &Value) -> Kept {
    match value {
        Value::Null => Kept::Null,
        Value::Boolean(truth) => Kept::Integer(i64::from(*truth)),
        Value::Integer(number) => Kept::Integer(*number),
        Value::Double(number) => Kept::Real(*number),
        Value::Text(text) => Kept::Text(text.clone()),
        Value::Id(id) => Kept::Text(id.as_str().to_owned()),
        Value::Date(day) => Kept::Integer(i64::from(day.as_days())),
        Value::DateTime(point) => Kept::Integer(point.as_millis()),
        Value::Time(millis) => Kept::Integer(i64::from(*millis)),
    }
}

/// Values as a JSON array, for SQLite to take apart.
pub(crate) fn json(values: &[Value]) -> String {
    let mut out = String::from("[");
    for (place, value) in values.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        match kept(value) {
            Kept::Integer(number) => {
                let _ = write!(out, "{number}");
            }
            Kept::Real(number) => {
                let _ = write!(out, "{number:?}");
            }
            Kept::Text(text) => json_text(&mut out, &text),
            Kept::Null | Kept::Blob(_) => out.push_str("null"),
        }
    }
    out.push(']');
    out
}

fn json_text(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => {
                out.push('\\');
                out.push(letter);
            }
            control if control < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
}
