//! In which ways a plan could be begun: by which index, or by looking at every record.
//!
//! Source: "Get Feedback on Query Performance" (REST API Developer Guide): a way is selective if it looks at no more than a
//! part of an object's records.

use landfall_model::Value;

use crate::plan::{Comparison, Expression, Plan, Predicate};

/// One way to begin.
#[derive(Clone, Debug)]
pub struct Way {
    /// The fields of the index, or none.
    pub fields: Vec<String>,
    /// The records that are looked at; their number is what it costs.
    pub plan: Plan,
}

/// What a plan could be begun by.
#[derive(Clone, Debug)]
pub struct Ways {
    /// By an index, one for each condition that has one.
    pub indexes: Vec<Way>,
    /// Every record of the object.
    pub whole: Plan,
    /// The records that are found in the end.
    pub found: Plan,
    /// Fields of conditions that no index helps with.
    pub unindexed: Vec<String>,
}

impl Plan {
    /// In which ways it could be begun.
    pub fn ways(&self) -> Ways {
        let terms = match &self.filter {
            Predicate::All(terms) => terms.as_slice(),
            other => std::slice::from_ref(other),
        };
        let mut ways = Ways {
            indexes: Vec::new(),
            whole: self.of(Predicate::ALWAYS),
            found: self.of(self.filter.clone()),
            unindexed: Vec::new(),
        };
        for term in terms {
            let (place, by_value) = match term {
                Predicate::Compare {
                    operand,
                    comparison,
                    value,
                } => {
                    let exact =
                        *comparison == Comparison::Equal && !matches!(value, Value::Boolean(_));
                    (own(&operand.expression), exact)
                }
                Predicate::OneOf { operand, .. } => (own(&operand.expression), true),
                Predicate::IsNull(expression) | Predicate::InQuery { expression, .. } => {
                    (own(expression), true)
                }
                Predicate::Like { expression, .. }
                | Predicate::Words { expression, .. }
                | Predicate::Includes { expression, .. } => (own(expression), false),
                Predicate::All(_) | Predicate::Any(_) | Predicate::Not(_) => (None, false),
            };
            let Some(field) = place.and_then(|place| self.entity.fields.get(place)) else {
                continue;
            };
            if field.name.as_str() == "IsDeleted" {
                continue;
            }
            let name = field.name.to_string();
            if by_value && field.indexed() {
                ways.indexes.push(Way {
                    fields: vec![name],
                    plan: self.of(term.clone()),
                });
            } else if !ways.unindexed.contains(&name) {
                ways.unindexed.push(name);
            }
        }
        ways
    }

    /// The records of the same object that a condition means.
    fn of(&self, filter: Predicate) -> Self {
        Self {
            filter,
            columns: Vec::new(),
            grouping: None,
            order: Vec::new(),
            limit: None,
            offset: 0,
            children: Vec::new(),
            ..self.clone()
        }
    }
}

fn own(expression: &Expression) -> Option<usize> {
    match expression {
        Expression::Field { source: 0, place } => Some(*place),
        _ => None,
    }
}
