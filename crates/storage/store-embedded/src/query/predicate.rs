//! Conditions, two-valued: below `NOT` a null counts as false, elsewhere it does no harm.

use std::fmt::Write as _;

use landfall_model::Value;
use landfall_model::limits::QUERY_LIST_PARAMETERS_MAX;
use landfall_query::plan::{Comparison, Expression, Operand, Plan, Predicate};
use rusqlite::types::Value as Kept;

use super::expression::{FOLDED, FOLDED_ASCII};
use super::functions;
use super::statement::Sql;

impl Sql<'_> {
    pub(super) fn predicate(&mut self, predicate: &Predicate) {
        match predicate {
            Predicate::All(terms) => self.joined(terms, " AND ", "1"),
            Predicate::Any(terms) => self.joined(terms, " OR ", "0"),
            Predicate::Not(term) => {
                self.push("NOT ifnull((");
                self.predicate(term);
                self.push("), 0)");
            }
            Predicate::Compare {
                operand,
                comparison,
                value,
            } => self.compare(operand, *comparison, value),
            Predicate::OneOf { operand, values } => self.one_of(operand, values),
            Predicate::IsNull(expression) => {
                self.expression(expression);
                self.push(" IS NULL");
            }
            Predicate::Like {
                expression,
                pattern,
            } => self.called(functions::LIKE, expression, pattern),
            Predicate::Words {
                expression,
                pattern,
            } => self.called(functions::WORDS, expression, pattern),
            Predicate::Includes { expression, lists } => {
                self.push("(");
                for (place, list) in lists.iter().enumerate() {
                    if place > 0 {
                        self.push(" OR ");
                    }
                    self.called(functions::INCLUDES, expression, list);
                }
                self.push(")");
            }
            Predicate::InQuery { expression, plan } => self.found(expression, plan),
        }
    }

    /// In halves, so that the depth grows slowly: SQLite bounds it.
    fn joined(&mut self, terms: &[Predicate], word: &str, none: &str) {
        match terms {
            [] => self.push(none),
            [one] => self.predicate(one),
            terms => {
                let (left, right) = terms.split_at(terms.len() / 2);
                self.push("(");
                self.joined(left, word, none);
                self.push(word);
                self.joined(right, word, none);
                self.push(")");
            }
        }
    }

    fn compare(&mut self, operand: &Operand, comparison: Comparison, value: &Value) {
        let is_truth = matches!(value, Value::Boolean(_));
        if is_truth {
            self.push("ifnull(");
        }
        self.expression(&operand.expression);
        if is_truth {
            self.push(", 0)");
        }
        self.push(match comparison {
            Comparison::Equal => " = ",
            Comparison::Less => " < ",
            Comparison::LessOrEqual => " <= ",
            Comparison::Greater => " > ",
            Comparison::GreaterOrEqual => " >= ",
        });
        self.param(kept(value));
        if operand.folded {
            let ascii = comparison == Comparison::Equal && is_ascii(value);
            self.push(if ascii { FOLDED_ASCII } else { FOLDED });
        }
    }

    fn one_of(&mut self, operand: &Operand, values: &[Value]) {
        self.expression(&operand.expression);
        if operand.folded {
            let ascii = values.iter().all(is_ascii);
            self.push(if ascii { FOLDED_ASCII } else { FOLDED });
        }
        if values.len() > QUERY_LIST_PARAMETERS_MAX {
            self.push(" IN (SELECT value FROM json_each(");
            self.param(Kept::Text(json(values)));
            self.push("))");
            return;
        }
        self.push(" IN (");
        for (place, value) in values.iter().enumerate() {
            if place > 0 {
                self.push(", ");
            }
            self.param(kept(value));
        }
        self.push(")");
    }

    fn called(&mut self, function: &str, expression: &Expression, text: &str) {
        self.push(function);
        self.push("(");
        self.expression(expression);
        self.push(", ");
        self.param(Kept::Text(text.to_owned()));
        self.push(")");
    }

    /// What the query finds where it finds something: a null among it would make every `NOT IN` null.
    fn found(&mut self, expression: &Expression, plan: &Plan) {
        self.expression(expression);
        self.push(" IN (SELECT ");
        let mut inner = Sql::new(self.layouts, plan, &format!("{}s", self.prefix));
        let column = plan.columns.first().map(|column| &column.expression);
        let column = column.unwrap_or(&Expression::Null);
        inner.expression(column);
        inner.from();
        inner.filter();
        inner.push(" AND ");
        inner.expression(column);
        inner.push(" IS NOT NULL)");
        self.push(&inner.out);
        self.params.append(&mut inner.params);
    }
}

fn is_ascii(value: &Value) -> bool {
    value.as_text().is_some_and(str::is_ascii)
}

/// A value as columns keep it.
fn kept(value: &Value) -> Kept {
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
fn json(values: &[Value]) -> String {
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
