//! A predicate on one record in memory: what SQL does, said plainly.

use std::cmp::Ordering;

use landfall_model::{Date, Value};

use crate::calendar::{Moment, part};
use crate::geography::distance;
use crate::plan::{Comparison, DateFunction, Expression, Operand, Plan, Predicate};
use crate::text;

/// A record and what its references lead to.
pub trait Record {
    /// The value of a field of a source; null if there is no such record.
    fn value(&self, source: usize, place: usize) -> Value;

    /// Whether a query finds this id. A record alone cannot know, and says no.
    fn finds(&self, plan: &Plan, id: &Value) -> bool {
        let _ = (plan, id);
        false
    }
}

/// What a condition is about: a record, or a group of them.
pub(crate) trait Subject {
    /// The value of an expression.
    fn value(&self, expression: &Expression) -> Value;

    /// Whether a query finds this id.
    fn finds(&self, plan: &Plan, id: &Value) -> bool;
}

/// A record as a plan sees it.
struct Seen<'r> {
    plan: &'r Plan,
    record: &'r dyn Record,
}

impl Subject for Seen<'_> {
    fn value(&self, expression: &Expression) -> Value {
        self.plan.value_of(expression, self.record)
    }

    fn finds(&self, plan: &Plan, id: &Value) -> bool {
        self.record.finds(plan, id)
    }
}

impl Predicate {
    pub(crate) fn holds(&self, subject: &dyn Subject) -> bool {
        match self {
            Self::All(terms) => terms.iter().all(|term| term.holds(subject)),
            Self::Any(terms) => terms.iter().any(|term| term.holds(subject)),
            Self::Not(term) => !term.holds(subject),
            Self::Compare {
                operand,
                comparison,
                value,
            } => compared(operand, value, subject)
                .is_some_and(|ordering| comparison.is_met_by(ordering)),
            Self::OneOf { operand, values } => values
                .iter()
                .any(|value| compared(operand, value, subject).is_some_and(Ordering::is_eq)),
            Self::IsNull(expression) => subject.value(expression).is_null(),
            Self::Like {
                expression,
                pattern,
            } => match subject.value(expression) {
                Value::Text(text) => text::is_like(&text, pattern),
                _ => false,
            },
            Self::Words {
                expression,
                pattern,
            } => match subject.value(expression) {
                Value::Text(text) => text::has_words(&text, pattern),
                _ => false,
            },
            Self::Includes { expression, lists } => match subject.value(expression) {
                Value::Text(list) => lists.iter().any(|wanted| text::includes(&list, wanted)),
                _ => false,
            },
            Self::InQuery { expression, plan } => {
                let id = subject.value(expression);
                !id.is_null() && subject.finds(plan, &id)
            }
        }
    }
}

/// The order of the subject's value and another; none if there is none.
fn compared(operand: &Operand, value: &Value, subject: &dyn Subject) -> Option<Ordering> {
    let own = match (subject.value(&operand.expression), value) {
        (Value::Null, Value::Boolean(_)) => Value::Boolean(false),
        (own, _) => own,
    };
    ordering(&own, value, operand.folded)
}

impl Plan {
    /// Whether the record is meant.
    pub fn matches(&self, record: &dyn Record) -> bool {
        self.filter.holds(&Seen { plan: self, record })
    }

    /// The value of an expression of one record; an expression of groups has none.
    pub fn value_of(&self, expression: &Expression, record: &dyn Record) -> Value {
        match expression {
            Expression::Field { source, place } => record.value(*source, *place),
            Expression::Formula(computed) => {
                let inputs = computed.inputs.iter();
                let inputs: Vec<Value> = inputs.map(|input| self.value_of(input, record)).collect();
                computed.value(&inputs)
            }
            Expression::FirstOf(choices) => choices
                .iter()
                .map(|choice| self.value_of(choice, record))
                .find(|value| !value.is_null())
                .unwrap_or_default(),
            Expression::TypeName { id, names } => match self.value_of(id, record) {
                Value::Id(id) => names
                    .iter()
                    .find(|(prefix, _)| prefix == id.prefix().as_str())
                    .map_or(Value::Null, |(_, name)| Value::Text(name.clone())),
                _ => Value::Null,
            },
            Expression::DatePart {
                function,
                of,
                zoned,
                ..
            } => {
                let moment = match self.value_of(of, record) {
                    Value::Date(day) => Moment::Day(day),
                    Value::DateTime(point) => Moment::Point(point),
                    _ => return Value::Null,
                };
                let zone = zoned.then_some(&self.zone);
                let part = part(*function, moment, zone, self.fiscal_month);
                match part {
                    Some(days) if *function == DateFunction::DayOnly => i32::try_from(days)
                        .map_or(Value::Null, |days| Value::Date(Date::from_days(days))),
                    Some(number) => Value::Integer(number),
                    None => Value::Null,
                }
            }
            Expression::Distance {
                latitude,
                longitude,
                to,
                kilometres,
            } => match (
                self.value_of(latitude, record),
                self.value_of(longitude, record),
            ) {
                (Value::Double(latitude), Value::Double(longitude)) => {
                    Value::Double(distance((latitude, longitude), *to, *kilometres))
                }
                _ => Value::Null,
            },
            Expression::Rank { of, values } => match self.value_of(of, record) {
                Value::Text(value) => Value::Integer(rank(&value, values)),
                _ => Value::Null,
            },
            Expression::Null
            | Expression::Ranked { .. }
            | Expression::Aggregate { .. }
            | Expression::Key(_)
            | Expression::IsSubtotal(_) => Value::Null,
        }
    }
}

pub(crate) fn rank(value: &str, values: &[String]) -> i64 {
    let place = values
        .iter()
        .position(|listed| text::compare(listed, value).is_eq())
        .unwrap_or(values.len());
    i64::try_from(place).unwrap_or(i64::MAX)
}

/// The order of two values of one kind; none if they are not of one kind or one is null.
pub fn ordering(left: &Value, right: &Value, folded: bool) -> Option<Ordering> {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) if folded => Some(text::compare(left, right)),
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        (Value::Boolean(left), Value::Boolean(right)) => Some(left.cmp(right)),
        (Value::Integer(left), Value::Integer(right)) => Some(left.cmp(right)),
        (Value::Double(left), Value::Double(right)) => left.partial_cmp(right),
        #[expect(
            clippy::cast_precision_loss,
            reason = "whole numbers of fields have 18 digits at most, and are compared as SQL does"
        )]
        (Value::Integer(left), Value::Double(right)) => (*left as f64).partial_cmp(right),
        (Value::Double(_), Value::Integer(_)) => {
            ordering(right, left, folded).map(Ordering::reverse)
        }
        (Value::Id(left), Value::Id(right)) => Some(left.cmp(right)),
        (Value::Date(left), Value::Date(right)) => Some(left.cmp(right)),
        (Value::DateTime(left), Value::DateTime(right)) => Some(left.cmp(right)),
        (Value::Time(left), Value::Time(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

impl Comparison {
    /// Whether values in this order compare so.
    pub const fn is_met_by(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}
