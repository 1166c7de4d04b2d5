//! Filters, and whether an event passes one.
//!
//! Text compares without regard to letter case unless the field is case-sensitive, and what comes before what is a question
//! of letters. An unchecked box and no value are the same; nothing else compares with null but by `=` and `!=`. Words such
//! as `TODAY` are days in UTC on which the event is looked at.

use landfall_model::{Date, Timestamp, Value};
use landfall_query::plan::Comparison;
use landfall_query::{Zone, calendar, ordering, text};
use landfall_soql::DateKeyword;

use crate::check;
use crate::field::{Field, RecordField};
use crate::refusal::Refusal;
use crate::subject::Subject;

/// A checked filter expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    pub(crate) text: String,
    /// Each field that is named, once.
    pub(crate) fields: Vec<Field>,
    pub(crate) test: Test,
}

/// A truth about an event; fields by their places in [`Filter::fields`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Test {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    /// The field has no value.
    Null(usize),
    /// The field compares so with a value that is not null.
    Is {
        field: usize,
        folded: bool,
        comparison: Comparison,
        value: Value,
    },
    /// The field compares so with days that a word stands for.
    IsDay {
        field: usize,
        comparison: Comparison,
        keyword: DateKeyword,
    },
    /// The field has the form of a pattern.
    Like {
        field: usize,
        pattern: String,
    },
}

impl Filter {
    /// Reads an expression about these events.
    ///
    /// # Errors
    /// [`Refusal`] for an invalid expression, or one that is not about them.
    pub fn read(expression: &str, subject: &Subject<'_>) -> Result<Self, Refusal> {
        check::read(expression, subject)
    }

    /// The expression as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The fields of the record that it is about.
    pub fn record_fields(&self) -> impl Iterator<Item = &RecordField> {
        self.fields.iter().filter_map(|field| match field {
            Field::Header(_) => None,
            Field::Record(field) => Some(field),
        })
    }

    /// Whether a filter may be made like this today: comparisons with words such as `TODAY` were allowed once, and filters
    /// that have them go on.
    ///
    /// # Errors
    /// [`Refusal::DateLiteral`].
    pub fn check_new(&self) -> Result<(), Refusal> {
        if self.test.has_words() {
            return Err(Refusal::DateLiteral);
        }
        Ok(())
    }

    /// Whether an event with these values passes.
    pub fn admits(&self, now: Timestamp, value: &dyn Fn(&Field) -> Value) -> bool {
        let of = |place: usize| self.fields.get(place).map(value).unwrap_or_default();
        self.test.holds(now, &of)
    }
}

impl Test {
    fn has_words(&self) -> bool {
        match self {
            Self::All(tests) | Self::Any(tests) => tests.iter().any(Self::has_words),
            Self::Not(test) => test.has_words(),
            Self::IsDay { .. } => true,
            Self::Null(_) | Self::Is { .. } | Self::Like { .. } => false,
        }
    }

    fn holds(&self, now: Timestamp, of: &dyn Fn(usize) -> Value) -> bool {
        match self {
            Self::All(tests) => tests.iter().all(|test| test.holds(now, of)),
            Self::Any(tests) => tests.iter().any(|test| test.holds(now, of)),
            Self::Not(test) => !test.holds(now, of),
            Self::Null(field) => of(*field).is_null(),
            Self::Is {
                field,
                folded,
                comparison,
                value,
            } => compared(&of(*field), value, *folded, *comparison),
            Self::IsDay {
                field,
                comparison,
                keyword,
            } => days(*keyword, now).is_some_and(|days| on(&of(*field), days, *comparison)),
            Self::Like { field, pattern } => match of(*field) {
                Value::Text(found) => text::is_like(&found, pattern),
                _ => false,
            },
        }
    }
}

fn compared(found: &Value, value: &Value, folded: bool, comparison: Comparison) -> bool {
    let unchecked = Value::Boolean(false);
    let found = match (found, value) {
        (Value::Null, Value::Boolean(_)) => &unchecked,
        (found, _) => found,
    };
    ordering(found, value, folded).is_some_and(|order| comparison.is_met_by(order))
}

/// The first of the days, and the first after them.
fn days(keyword: DateKeyword, now: Timestamp) -> Option<(Date, Date)> {
    calendar::days(keyword, calendar::day_at(now, &Zone::utc())?, 1)
}

fn on(found: &Value, (first, after): (Date, Date), comparison: Comparison) -> bool {
    let day = match found {
        Value::Date(day) => *day,
        Value::DateTime(point) => Date::of(*point),
        _ => return false,
    };
    match comparison {
        Comparison::Equal => (first..after).contains(&day),
        Comparison::Less => day < first,
        Comparison::LessOrEqual => day < after,
        Comparison::Greater => day >= after,
        Comparison::GreaterOrEqual => day >= first,
    }
}
