//! Values within an evaluation.

use std::cmp::Ordering;

use landfall_model::{Date, FieldType, Timestamp, Value};

use crate::number::Number;

/// A value within an evaluation.
#[derive(Clone, Debug, PartialEq)]
pub enum Datum {
    /// None.
    Null,
    /// A text, never empty once it is a result.
    Text(String),
    /// A number; percentages are fractions.
    Number(Number),
    /// A calendar day.
    Date(Date),
    /// A point in time.
    DateTime(Timestamp),
    /// A time of day. Unit: milliseconds since midnight.
    Time(i64),
    /// A truth value.
    Boolean(bool),
    /// Latitude and longitude. Unit: degrees.
    Location(f64, f64),
}

impl Datum {
    /// What a field's value is within a formula: ids have 15 characters, percentages are fractions.
    pub fn of(value: &Value, field_type: FieldType) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Boolean(truth) => Self::Boolean(*truth),
            Value::Integer(number) => Self::Number(Number::whole(*number)),
            Value::Double(number) => match Number::of(*number) {
                Some(number) if field_type == FieldType::Percent => {
                    Self::Number(number.hundredth())
                }
                Some(number) => Self::Number(number),
                None => Self::Null,
            },
            Value::Text(text) => Self::text(text.clone()),
            Value::Id(id) => {
                let id = id.as_str();
                Self::Text(id.get(..15).unwrap_or(id).to_owned())
            }
            Value::Date(day) => Self::Date(*day),
            Value::DateTime(point) => Self::DateTime(*point),
            Value::Time(millis) => Self::Time(i64::from(*millis)),
        }
    }

    /// A text; an empty one is none.
    pub(crate) fn text(text: String) -> Self {
        if text.is_empty() {
            Self::Null
        } else {
            Self::Text(text)
        }
    }

    /// Whether there is none: an empty text is none too.
    pub(crate) fn is_blank(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.is_empty(),
            _ => false,
        }
    }

    /// The text; of none the empty one.
    pub(crate) fn as_text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            _ => "",
        }
    }

    /// The order of two values of one type; none if one is missing.
    pub(crate) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Number(left), Self::Number(right)) => Some(left.cmp(right)),
            (Self::Text(left), Self::Text(right)) => Some(left.cmp(right)),
            (Self::Date(left), Self::Date(right)) => Some(left.cmp(right)),
            (Self::DateTime(left), Self::DateTime(right)) => Some(left.cmp(right)),
            (Self::Time(left), Self::Time(right)) => Some(left.cmp(right)),
            (Self::Boolean(left), Self::Boolean(right)) => Some(left.cmp(right)),
            _ => None,
        }
    }
}
