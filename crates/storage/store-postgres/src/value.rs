//! Values of fields as PostgreSQL keeps them, and parameters of statements.

use std::error::Error as StdError;

use bytes::{BufMut, BytesMut};
use landfall_model::{Date, RecordId, Timestamp, Value};
use landfall_store::ValueKind;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};

type Unfit = Box<dyn StdError + Sync + Send>;

/// Days from 1970-01-01 to 2000-01-01, where PostgreSQL begins to count.
const EPOCH_DAYS: i32 = 10_957;
/// The same in milliseconds.
const EPOCH_MILLIS: i64 = 946_684_800_000;

/// A `date`: days since 1970-01-01.
#[derive(Debug)]
struct Day(i32);

/// A `timestamp with time zone`: milliseconds since 1970-01-01.
#[derive(Debug)]
struct Point(i64);

/// A `time`: milliseconds since midnight.
#[derive(Debug)]
struct Clock(i32);

impl ToSql for Day {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Unfit> {
        out.put_i32(self.0.checked_sub(EPOCH_DAYS).ok_or("a day out of range")?);
        Ok(IsNull::No)
    }

    accepts!(DATE);
    to_sql_checked!();
}

impl ToSql for Point {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Unfit> {
        let millis = self.0.checked_sub(EPOCH_MILLIS);
        let micros = millis.and_then(|millis| millis.checked_mul(1_000));
        out.put_i64(micros.ok_or("a time out of range")?);
        Ok(IsNull::No)
    }

    accepts!(TIMESTAMPTZ);
    to_sql_checked!();
}

impl ToSql for Clock {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Unfit> {
        out.put_i64(i64::from(self.0) * 1_000);
        Ok(IsNull::No)
    }

    accepts!(TIME);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for Day {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Unfit> {
        let days = i32::from_be_bytes(raw.try_into()?).checked_add(EPOCH_DAYS);
        days.map(Self).ok_or_else(|| "a day out of range".into())
    }

    accepts!(DATE);
}

impl<'a> FromSql<'a> for Point {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Unfit> {
        let micros = i64::from_be_bytes(raw.try_into()?);
        let millis = micros.div_euclid(1_000).checked_add(EPOCH_MILLIS);
        millis.map(Self).ok_or_else(|| "a time out of range".into())
    }

    accepts!(TIMESTAMPTZ);
}

impl<'a> FromSql<'a> for Clock {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Unfit> {
        let micros = i64::from_be_bytes(raw.try_into()?);
        Ok(Self(i32::try_from(micros / 1_000)?))
    }

    accepts!(TIME);
}

/// A parameter of a statement. Statements name the type of each of their parameters, which these fit.
#[derive(Clone, Debug)]
pub(crate) enum Arg {
    Value(Value),
    Int(i64),
    /// A number, or as many as there are.
    Limit(Option<i64>),
    Text(String),
    Ints(Vec<i64>),
    Texts(Vec<String>),
    Bytes(Vec<Vec<u8>>),
    /// Values of one kind, null among them.
    Column(ValueKind, Vec<Value>),
}

impl ToSql for Arg {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Unfit> {
        match self {
            Self::Value(value) => one(value, ty, out),
            Self::Int(number) => number.to_sql_checked(ty, out),
            Self::Limit(limit) => limit.to_sql_checked(ty, out),
            Self::Text(text) => text.to_sql_checked(ty, out),
            Self::Ints(numbers) => numbers.to_sql_checked(ty, out),
            Self::Texts(texts) => texts.to_sql_checked(ty, out),
            Self::Bytes(bytes) => bytes.to_sql_checked(ty, out),
            Self::Column(kind, values) => column(*kind, values, ty, out),
        }
    }

    /// Each part checks it.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn one(value: &Value, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Unfit> {
    match value {
        Value::Null => Ok(IsNull::Yes),
        Value::Boolean(truth) => truth.to_sql_checked(ty, out),
        Value::Integer(number) => number.to_sql_checked(ty, out),
        Value::Double(number) => number.to_sql_checked(ty, out),
        Value::Text(text) => kept(text).to_sql_checked(ty, out),
        Value::Id(id) => id.as_str().to_sql_checked(ty, out),
        Value::Date(day) => Day(day.as_days()).to_sql_checked(ty, out),
        Value::DateTime(point) => Point(point.as_millis()).to_sql_checked(ty, out),
        Value::Time(millis) => Clock(*millis).to_sql_checked(ty, out),
    }
}

/// The text without U+0000, which PostgreSQL has no place for.
fn kept(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains('\0') {
        return text.replace('\0', "").into();
    }
    text.into()
}

fn column(
    kind: ValueKind,
    values: &[Value],
    ty: &Type,
    out: &mut BytesMut,
) -> Result<IsNull, Unfit> {
    macro_rules! array {
        ($pattern:pat => $value:expr) => {{
            let values = values.iter().map(|value| match value {
                Value::Null => Ok(None),
                $pattern => Ok(Some($value)),
                _ => Err("a value of another kind than its column"),
            });
            values
                .collect::<Result<Vec<_>, _>>()?
                .to_sql_checked(ty, out)
        }};
    }
    match kind {
        ValueKind::Boolean => array!(Value::Boolean(truth) => *truth),
        ValueKind::Integer => array!(Value::Integer(number) => *number),
        ValueKind::Double => array!(Value::Double(number) => *number),
        ValueKind::Text => array!(Value::Text(text) => kept(text)),
        ValueKind::Id => array!(Value::Id(id) => id.as_str()),
        ValueKind::Date => array!(Value::Date(day) => Day(day.as_days())),
        ValueKind::DateTime => array!(Value::DateTime(point) => Point(point.as_millis())),
        ValueKind::Time => array!(Value::Time(millis) => Clock(*millis)),
    }
}

/// Whether a column of this kind holds the value.
pub(crate) const fn fits(kind: ValueKind, value: &Value) -> bool {
    match (kind, value) {
        (_, Value::Null)
        | (ValueKind::Boolean, Value::Boolean(_))
        | (ValueKind::Integer, Value::Integer(_))
        | (ValueKind::Text, Value::Text(_))
        | (ValueKind::Id, Value::Id(_))
        | (ValueKind::Date, Value::Date(_))
        | (ValueKind::DateTime, Value::DateTime(_))
        | (ValueKind::Time, Value::Time(_)) => true,
        (ValueKind::Double, Value::Double(number)) => !number.is_nan(),
        _ => false,
    }
}

/// The value of a column of a row.
pub(crate) fn decode(
    kind: ValueKind,
    row: &Row,
    place: usize,
) -> Result<Value, tokio_postgres::Error> {
    macro_rules! get {
        ($kind:ty, $value:expr) => {
            row.try_get::<_, Option<$kind>>(place)?
                .map_or(Value::Null, $value)
        };
    }
    Ok(match kind {
        ValueKind::Boolean => get!(bool, Value::Boolean),
        ValueKind::Integer => get!(i64, Value::Integer),
        ValueKind::Double => get!(f64, Value::Double),
        ValueKind::Text => get!(String, Value::Text),
        ValueKind::Id => get!(Id, |id| Value::Id(id.0)),
        ValueKind::Date => get!(Day, |day| Value::Date(Date::from_days(day.0))),
        ValueKind::DateTime => {
            get!(Point, |point| Value::DateTime(Timestamp::from_millis(
                point.0
            )))
        }
        ValueKind::Time => get!(Clock, |clock| Value::Time(clock.0)),
    })
}

/// The id of a record.
pub(crate) struct Id(pub(crate) RecordId);

impl<'a> FromSql<'a> for Id {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Unfit> {
        let text = <&str as FromSql<'a>>::from_sql(ty, raw)?;
        RecordId::parse(text)
            .map(Self)
            .map_err(|_| "an id is none".into())
    }

    fn accepts(ty: &Type) -> bool {
        <&str as FromSql<'a>>::accepts(ty)
    }
}
