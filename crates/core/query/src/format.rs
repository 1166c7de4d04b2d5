//! Values as people read them: what `FORMAT` gives.
//!
//! Source: "`FORMAT()`" (SOQL and SOSL Reference) and its samples, `4/10/2025, 3:31 PM` and `$44,000.00`. Every locale is
//! written as `en_US`, and every amount in dollars (Source: none): nothing else of a locale is known here either.

use jiff::civil;
use landfall_model::{FieldDefinition, FieldType, Value};

use crate::calendar::{civil_of, local};
use crate::zone::Zone;

/// How a value is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Format {
    kind: FieldType,
    /// Digits after the point.
    scale: u32,
    zone: Zone,
}

impl Format {
    pub(crate) fn of(field: &FieldDefinition, zone: &Zone) -> Self {
        Self {
            kind: field.field_type,
            scale: field.scale,
            zone: zone.clone(),
        }
    }

    /// The type of what is written.
    pub const fn field_type(&self) -> FieldType {
        self.kind
    }

    /// The text; none for null and for what has no other form than its own.
    pub fn text(&self, value: &Value) -> Option<String> {
        match value {
            Value::Integer(number) => Some(self.marked(&grouped(&number.to_string()))),
            Value::Double(number) => {
                let digits = usize::try_from(self.scale).unwrap_or(0);
                Some(self.marked(&grouped(&format!("{number:.digits$}"))))
            }
            Value::Date(day) => civil_of(*day).map(date),
            Value::DateTime(point) => {
                let at = local(*point, &self.zone)?;
                Some(format!("{}, {}", date(at.date()), time(at.time())))
            }
            Value::Time(millis) => {
                let seconds = millis.div_euclid(1_000).rem_euclid(86_400);
                let of_day = civil::Time::MIN.wrapping_add(jiff::Span::new().seconds(seconds));
                Some(time(of_day))
            }
            Value::Null | Value::Boolean(_) | Value::Text(_) | Value::Id(_) => None,
        }
    }

    /// A number with the mark of its type; a minus comes before the sign of the currency.
    fn marked(&self, number: &str) -> String {
        match (self.kind, number.strip_prefix('-')) {
            (FieldType::Currency, Some(amount)) => format!("-${amount}"),
            (FieldType::Currency, None) => format!("${number}"),
            (FieldType::Percent, _) => format!("{number}%"),
            _ => number.to_owned(),
        }
    }
}

/// A number with a comma before every three digits of its whole part.
fn grouped(number: &str) -> String {
    let (sign, digits) = match number.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", number),
    };
    let (whole, fraction) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut out = String::from(sign);
    for (place, digit) in whole.char_indices() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out + fraction
}

fn date(day: civil::Date) -> String {
    format!("{}/{}/{}", day.month(), day.day(), day.year())
}

fn time(of_day: civil::Time) -> String {
    let half = if of_day.hour() < 12 { "AM" } else { "PM" };
    let hour = match of_day.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    format!("{hour}:{:02} {half}", of_day.minute())
}

#[cfg(test)]
mod tests {
    use landfall_model::{Date, Timestamp};

    use super::*;

    #[test]
    fn values_are_written_as_people_read_them() {
        let los_angeles = Zone::find("America/Los_Angeles").expect("a zone");
        for (kind, scale, value, text) in [
            (
                FieldType::Currency,
                2,
                Value::Double(44_000.0),
                "$44,000.00",
            ),
            (
                FieldType::Currency,
                0,
                Value::Double(-1_234_567.0),
                "-$1,234,567",
            ),
            (FieldType::Double, 1, Value::Double(0.25), "0.2"),
            (FieldType::Percent, 0, Value::Double(12.0), "12%"),
            (FieldType::Int, 0, Value::Integer(1_000), "1,000"),
            (FieldType::Int, 0, Value::Integer(-100), "-100"),
            (
                FieldType::Date,
                0,
                Value::Date(Date::from_days(20_188)),
                "4/10/2025",
            ),
            (
                FieldType::DateTime,
                0,
                Value::DateTime(Timestamp::from_millis(1_744_324_260_000)),
                "4/10/2025, 3:31 PM",
            ),
            (FieldType::Time, 0, Value::Time(0), "12:00 AM"),
            (FieldType::Time, 0, Value::Time(43_260_000), "12:01 PM"),
        ] {
            let field = FieldDefinition {
                scale,
                ..FieldDefinition::new("F", "F", kind)
            };
            let format = Format::of(&field, &los_angeles);
            assert_eq!(format.text(&value).as_deref(), Some(text));
        }
        let field = FieldDefinition::new("F", "F", FieldType::String);
        let format = Format::of(&field, &los_angeles);
        assert_eq!(format.text(&Value::Text("x".to_owned())), None);
        assert_eq!(format.text(&Value::Null), None);
    }
}
