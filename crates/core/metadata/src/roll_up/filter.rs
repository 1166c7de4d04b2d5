//! The conditions that a detail must meet to be counted.
//!
//! A condition lists values, separated by commas; one in double quotes may hold commas itself. Any of them will do, and
//! an empty list matches fields without a value. Text is compared without regard to letter case.
//!
//! Source: "`CustomField`", `FilterItem` (Metadata API Developer Guide); "Notes on Filter Criteria" (Salesforce Help).
//! Source: none for the spelling of days: `2024-01-31` or `1/31/2024`, in UTC.

use std::cmp::Ordering;

use jiff::civil;
use landfall_model::{Date, FieldDefinition, FieldName, FieldType, RecordId, Timestamp, Value};

use crate::read::brief;

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Is one of the values.
    Equals,
    /// Is none of the values.
    NotEqual,
    /// Comes before a value.
    LessThan,
    /// Comes after a value.
    GreaterThan,
    /// Comes before a value or is it.
    LessOrEqual,
    /// Comes after a value or is it.
    GreaterOrEqual,
    /// Has a value in it.
    Contains,
    /// Has no value in it.
    NotContain,
    /// Begins with a value.
    StartsWith,
    /// Has a value selected.
    Includes,
    /// Has no value selected.
    Excludes,
}

const COMPARISONS: [(&str, Comparison); 11] = [
    ("equals", Comparison::Equals),
    ("notEqual", Comparison::NotEqual),
    ("lessThan", Comparison::LessThan),
    ("greaterThan", Comparison::GreaterThan),
    ("lessOrEqual", Comparison::LessOrEqual),
    ("greaterOrEqual", Comparison::GreaterOrEqual),
    ("contains", Comparison::Contains),
    ("notContain", Comparison::NotContain),
    ("startsWith", Comparison::StartsWith),
    ("includes", Comparison::Includes),
    ("excludes", Comparison::Excludes),
];

impl Comparison {
    /// Whether values of a type can be compared so.
    const fn suits(self, kind: FieldType) -> bool {
        match self {
            Self::Equals | Self::NotEqual => true,
            Self::LessThan | Self::GreaterThan | Self::LessOrEqual | Self::GreaterOrEqual => {
                !matches!(
                    kind,
                    FieldType::Boolean
                        | FieldType::Id
                        | FieldType::Reference
                        | FieldType::MultiPicklist
                )
            }
            Self::Contains | Self::NotContain | Self::StartsWith => kind.is_text(),
            Self::Includes | Self::Excludes => matches!(kind, FieldType::MultiPicklist),
        }
    }
}

/// A condition that a detail must meet to be counted.
#[derive(Clone, Debug, PartialEq)]
pub struct RollUpFilter {
    /// The field of the detail.
    pub field: FieldName,
    /// How it is compared.
    pub comparison: Comparison,
    /// What it is compared with: any of these.
    pub values: Vec<Value>,
}

impl RollUpFilter {
    /// Reads a condition on a field.
    ///
    /// # Errors
    /// Why the field cannot be compared so, or with this.
    pub(super) fn read(
        field: &FieldDefinition,
        operation: &str,
        text: &str,
    ) -> Result<Self, String> {
        let name = &field.name;
        let (_, comparison) = COMPARISONS
            .into_iter()
            .find(|(word, _)| *word == operation)
            .ok_or_else(|| format!("'{}' is no operation of a filter", brief(operation)))?;
        if !comparison.suits(field.field_type) || field.is_long_text() {
            return Err(format!("{name} cannot be compared by '{operation}'"));
        }
        let parts = match field.field_type {
            // The form of an org with the American locale has a comma.
            FieldType::DateTime if american(text).is_some() => vec![text.to_owned()],
            _ => listed(text),
        };
        let values = parts.iter().map(|part| {
            value(field.field_type, part)
                .ok_or_else(|| format!("'{}' is not a value of {name}", brief(part)))
        });
        let mut values = values.collect::<Result<Vec<_>, _>>()?;
        if values.is_empty() {
            values.push(Value::Null);
        }
        Ok(Self {
            field: name.clone(),
            comparison,
            values,
        })
    }

    /// Whether the field of a detail meets the condition.
    pub fn admits(&self, value: &Value) -> bool {
        let any =
            |test: fn(&Value, &Value) -> bool| self.values.iter().any(|wanted| test(value, wanted));
        match self.comparison {
            Comparison::Equals => any(equal),
            Comparison::NotEqual => !any(equal),
            Comparison::LessThan => {
                any(|value, wanted| order(value, wanted).is_some_and(Ordering::is_lt))
            }
            Comparison::GreaterThan => {
                any(|value, wanted| order(value, wanted).is_some_and(Ordering::is_gt))
            }
            Comparison::LessOrEqual => {
                any(|value, wanted| order(value, wanted).is_some_and(Ordering::is_le))
            }
            Comparison::GreaterOrEqual => {
                any(|value, wanted| order(value, wanted).is_some_and(Ordering::is_ge))
            }
            Comparison::Contains => any(contains),
            Comparison::NotContain => !any(contains),
            Comparison::StartsWith => any(starts_with),
            Comparison::Includes => any(includes),
            Comparison::Excludes => !any(includes),
        }
    }
}

/// The values of a list, without blanks around them.
fn listed(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for character in text.chars() {
        match (character, parts.last_mut()) {
            ('"', _) => quoted = !quoted,
            (',', _) if !quoted => parts.push(String::new()),
            (other, Some(part)) => part.push(other),
            (_, None) => {}
        }
    }
    for part in &mut parts {
        *part = part.trim().to_owned();
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// A value as a field of the type has it.
fn value(kind: FieldType, text: &str) -> Option<Value> {
    match kind {
        FieldType::Boolean => match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(Value::Boolean(true)),
            "false" | "0" => Some(Value::Boolean(false)),
            _ => None,
        },
        FieldType::Id | FieldType::Reference => RecordId::parse(text).ok().map(Value::Id),
        FieldType::Date => day(text).map(Value::Date),
        FieldType::DateTime => point(text).map(Value::DateTime),
        FieldType::Time => time(text).map(Value::Time),
        kind if kind == FieldType::Int || kind.is_decimal() => {
            let number: f64 = text.parse().ok()?;
            number.is_finite().then_some(Value::Double(number))
        }
        kind if kind.is_text() => Some(Value::Text(text.to_owned())),
        _ => None,
    }
}

fn day(text: &str) -> Option<Date> {
    let day = text
        .parse::<civil::Date>()
        .or_else(|_| civil::Date::strptime("%m/%d/%Y", text))
        .ok()?;
    let since = civil::date(1970, 1, 1).until(day).ok()?;
    Some(Date::from_days(since.get_days()))
}

fn point(text: &str) -> Option<Timestamp> {
    match text.parse::<jiff::Timestamp>() {
        Ok(point) => Some(Timestamp::from_millis(point.as_millisecond())),
        Err(_) => american(text).or_else(|| day(text).map(Date::midnight)),
    }
}

/// `4/1/2018, 12:30 PM`, as retrieved orgs have it, in UTC: files do not have the zone of their org.
fn american(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let point = civil::DateTime::strptime("%m/%d/%Y, %I:%M %p", text)
        .or_else(|_| civil::DateTime::strptime("%m/%d/%Y %I:%M %p", text))
        .ok()?;
    let point = point.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp::from_millis(point.timestamp().as_millisecond()))
}

/// Milliseconds since midnight.
fn time(text: &str) -> Option<i32> {
    let time = text.trim_end_matches('Z').parse::<civil::Time>().ok()?;
    let seconds =
        (i32::from(time.hour()) * 60 + i32::from(time.minute())) * 60 + i32::from(time.second());
    Some(seconds * 1_000 + i32::from(time.millisecond()))
}

fn equal(value: &Value, wanted: &Value) -> bool {
    order(value, wanted).map_or(value == wanted, Ordering::is_eq)
}

/// Which of two values of one type comes first; none without a value, and for types that have no order.
pub(super) fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => Some(folded(left).cmp(&folded(right))),
        (Value::Date(left), Value::Date(right)) => Some(left.cmp(right)),
        (Value::DateTime(left), Value::DateTime(right)) => Some(left.cmp(right)),
        (Value::Time(left), Value::Time(right)) => Some(left.cmp(right)),
        (left, right) => number(left)?.partial_cmp(&number(right)?),
    }
}

/// The number that a value is; none if it is not one.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Double(number) => Some(*number),
        #[expect(
            clippy::cast_precision_loss,
            reason = "whole numbers of records have 18 digits at most, and decimal ones no more than a double holds"
        )]
        Value::Integer(number) => Some(*number as f64),
        _ => None,
    }
}

fn folded(text: &str) -> String {
    text.to_lowercase()
}

fn contains(value: &Value, wanted: &Value) -> bool {
    texts(value, wanted).is_some_and(|(value, wanted)| value.contains(&wanted))
}

fn starts_with(value: &Value, wanted: &Value) -> bool {
    texts(value, wanted).is_some_and(|(value, wanted)| value.starts_with(&wanted))
}

/// Whether one of the selected values is the wanted one; nothing is selected if nothing is wanted.
fn includes(value: &Value, wanted: &Value) -> bool {
    match texts(value, wanted) {
        Some((value, wanted)) => value.split(';').any(|selected| selected.trim() == wanted),
        None => value.is_null() && wanted.is_null(),
    }
}

fn texts(value: &Value, wanted: &Value) -> Option<(String, String)> {
    Some((folded(value.as_text()?), folded(wanted.as_text()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(kind: FieldType, operation: &str, text: &str) -> RollUpFilter {
        let field = FieldDefinition::new("A__c", "A", kind);
        RollUpFilter::read(&field, operation, text).expect("a condition")
    }

    fn refused(kind: FieldType, operation: &str, text: &str) -> String {
        let field = FieldDefinition::new("A__c", "A", kind);
        RollUpFilter::read(&field, operation, text).expect_err("refused")
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn any_of_several_values_will_do() {
        let paid = filter(FieldType::Picklist, "equals", "Paid, \"Sent, late\" ,");
        assert_eq!(paid.values, [text("Paid"), text("Sent, late")]);
        assert!(paid.admits(&text("paid")) && paid.admits(&text("Sent, late")));
        assert!(!paid.admits(&text("Sent")) && !paid.admits(&Value::Null));
        let unpaid = filter(FieldType::Picklist, "notEqual", "Paid,Sent");
        assert!(unpaid.admits(&Value::Null) && unpaid.admits(&text("Open")));
        assert!(!unpaid.admits(&text("SENT")));
    }

    #[test]
    fn no_value_represents_empty_fields() {
        let empty = filter(FieldType::Date, "equals", " ");
        assert!(empty.admits(&Value::Null));
        assert!(!empty.admits(&Value::Date(Date::from_days(1))));
        let given = filter(FieldType::Double, "notEqual", "");
        assert!(given.admits(&Value::Double(0.0)) && !given.admits(&Value::Null));
    }

    #[test]
    fn numbers_and_days_have_an_order_and_nothing_is_neither_more_nor_less() {
        for (kind, bound, less, same, more) in [
            (
                FieldType::Currency,
                "10.50",
                Value::Double(10.4),
                Value::Double(10.5),
                Value::Double(11.0),
            ),
            (
                FieldType::Int,
                "3",
                Value::Integer(-3),
                Value::Integer(3),
                Value::Integer(4),
            ),
            (
                FieldType::Date,
                "1/2/1970",
                Value::Date(Date::from_days(0)),
                Value::Date(Date::from_days(1)),
                Value::Date(Date::from_days(2)),
            ),
            (
                FieldType::DateTime,
                "1970-01-01T00:00:01Z",
                Value::DateTime(Timestamp::from_millis(999)),
                Value::DateTime(Timestamp::from_millis(1_000)),
                Value::DateTime(Timestamp::from_millis(1_001)),
            ),
            (
                FieldType::Time,
                "00:00:01.5Z",
                Value::Time(1_499),
                Value::Time(1_500),
                Value::Time(1_501),
            ),
            (FieldType::String, "b", text("A"), text("B"), text("c")),
        ] {
            for (operation, expected) in [
                ("lessThan", [true, false, false]),
                ("lessOrEqual", [true, true, false]),
                ("equals", [false, true, false]),
                ("greaterOrEqual", [false, true, true]),
                ("greaterThan", [false, false, true]),
                ("notEqual", [true, false, true]),
            ] {
                let filter = filter(kind, operation, bound);
                let met = [&less, &same, &more].map(|value| filter.admits(value));
                assert_eq!(met, expected, "{kind:?} {operation} {bound}");
                assert_eq!(filter.admits(&Value::Null), operation == "notEqual");
            }
        }
        assert_eq!(
            filter(FieldType::Date, "equals", "2024-01-31").values,
            filter(FieldType::Date, "equals", "1/31/2024").values
        );
        assert_eq!(
            filter(FieldType::DateTime, "equals", "4/1/2018, 12:30 PM").values,
            filter(FieldType::DateTime, "equals", "2018-04-01T12:30:00Z").values
        );
    }

    #[test]
    fn text_is_looked_into_and_selections_one_by_one() {
        let has = filter(FieldType::String, "contains", "LAND");
        assert!(has.admits(&text("Iceland")) && !has.admits(&text("Ice")));
        assert!(!has.admits(&Value::Null));
        let lacks = filter(FieldType::String, "notContain", "land");
        assert!(lacks.admits(&Value::Null) && !lacks.admits(&text("Landfall")));
        let begins = filter(FieldType::String, "startsWith", "ice,green");
        assert!(begins.admits(&text("Greenland")) && !begins.admits(&text("On ice")));
        let includes = filter(FieldType::MultiPicklist, "includes", "a,b");
        assert!(includes.admits(&text("c;B")) && !includes.admits(&text("ab")));
        let excludes = filter(FieldType::MultiPicklist, "excludes", "a");
        assert!(excludes.admits(&Value::Null) && !excludes.admits(&text("a;c")));
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        assert_eq!(
            refused(FieldType::Double, "within", "1"),
            "'within' is no operation of a filter"
        );
        assert_eq!(
            refused(FieldType::Double, "contains", "1"),
            "A__c cannot be compared by 'contains'"
        );
        assert_eq!(
            refused(FieldType::Boolean, "lessThan", "true"),
            "A__c cannot be compared by 'lessThan'"
        );
        for (kind, value) in [
            (FieldType::Double, "1 000"),
            (FieldType::Double, "inf"),
            (FieldType::Boolean, "yes"),
            (FieldType::Date, "31.1.2024"),
            (FieldType::Date, "TODAY"),
            (FieldType::DateTime, "now"),
            (FieldType::Reference, "Ark"),
            (FieldType::Address, "Rome"),
        ] {
            assert_eq!(
                refused(kind, "equals", value),
                format!("'{value}' is not a value of A__c")
            );
        }
    }
}
