//! Conditions, two-valued: below `NOT` a null counts as false, elsewhere it does no harm.

use landfall_model::Value;
use landfall_model::limits::QUERY_LIST_PARAMETERS_MAX;
use landfall_query::plan::{Comparison, Expression, Operand, Plan, Predicate};
use landfall_store::ValueKind;

use super::Dialect;
use super::statement::{Param, Sql, fold, kind_of_value};
use crate::table::Layout;

impl<L: Layout> Sql<'_, L> {
    pub(super) fn predicate(&mut self, predicate: &Predicate) {
        match predicate {
            Predicate::All(terms) => self.all_of(terms, " AND ", self.dialect.truth(true)),
            Predicate::Any(terms) => self.all_of(terms, " OR ", self.dialect.truth(false)),
            Predicate::Not(term) => {
                self.push("NOT coalesce((");
                self.predicate(term);
                self.push("), ");
                self.push(self.dialect.truth(false));
                self.push(")");
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
            } => match self.dialect {
                Dialect::Sqlite => self.called("landfall_like", expression, pattern),
                Dialect::Postgres => self.like(expression, pattern),
            },
            Predicate::Words {
                expression,
                pattern,
            } => match self.dialect {
                Dialect::Sqlite => self.called("landfall_words", expression, pattern),
                Dialect::Postgres => self.words(expression, pattern),
            },
            Predicate::Includes { expression, lists } => {
                self.push("(");
                for (place, list) in lists.iter().enumerate() {
                    if place > 0 {
                        self.push(" OR ");
                    }
                    match self.dialect {
                        Dialect::Sqlite => self.called("landfall_includes", expression, list),
                        Dialect::Postgres => self.includes(expression, list),
                    }
                }
                self.push(")");
            }
            Predicate::InQuery { expression, plan } => self.found(expression, plan),
        }
    }

    /// In halves, so that the depth grows slowly: SQLite bounds it.
    fn all_of(&mut self, terms: &[Predicate], word: &str, none: &str) {
        match terms {
            [] => self.push(none),
            [one] => self.predicate(one),
            terms => {
                let (left, right) = terms.split_at(terms.len() / 2);
                self.push("(");
                self.all_of(left, word, none);
                self.push(word);
                self.all_of(right, word, none);
                self.push(")");
            }
        }
    }

    fn compare(&mut self, operand: &Operand, comparison: Comparison, value: &Value) {
        let is_truth = matches!(value, Value::Boolean(_));
        let ascii = comparison == Comparison::Equal && is_ascii(value);
        if is_truth {
            self.push("coalesce(");
            self.expression(&operand.expression);
            self.push(", ");
            self.push(self.dialect.truth(false));
            self.push(")");
        } else {
            self.side(operand, ascii);
        }
        self.push(match comparison {
            Comparison::Equal => " = ",
            Comparison::Less => " < ",
            Comparison::LessOrEqual => " <= ",
            Comparison::Greater => " > ",
            Comparison::GreaterOrEqual => " >= ",
        });
        match value.as_text().filter(|_| operand.folded) {
            Some(text) => self.folded_text(text),
            None => self.value(value.clone()),
        }
        if operand.folded && self.dialect == Dialect::Sqlite {
            let (_, collation) = self.folding(ascii);
            self.push(collation);
        }
    }

    /// The left side of a comparison. SQLite has the way of comparing on the other.
    fn side(&mut self, operand: &Operand, ascii: bool) {
        let folded = self.folds(&operand.expression, operand.folded);
        let (before, after) = match (folded, self.dialect) {
            (true, Dialect::Postgres) => self.folding(ascii),
            (true, Dialect::Sqlite) => ("", ""),
            (false, dialect) => ("", dialect.exactly(self.kind_of(&operand.expression))),
        };
        self.push(before);
        self.expression(&operand.expression);
        self.push(after);
    }

    const fn folding(&self, ascii: bool) -> (&'static str, &'static str) {
        if ascii {
            self.dialect.folded_ascii()
        } else {
            self.dialect.folded()
        }
    }

    fn one_of(&mut self, operand: &Operand, values: &[Value]) {
        let ascii = values.iter().all(is_ascii);
        if self.dialect == Dialect::Postgres {
            return self.any_of(operand, values, ascii);
        }
        self.expression(&operand.expression);
        if operand.folded {
            let (_, collation) = self.folding(ascii);
            self.push(collation);
        }
        if values.len() > QUERY_LIST_PARAMETERS_MAX {
            self.push(" IN (SELECT value FROM json_each(");
            self.param(Param::List(values.to_vec(), ValueKind::Text), None);
            self.push("))");
            return;
        }
        self.push(" IN (");
        for (place, value) in values.iter().enumerate() {
            if place > 0 {
                self.push(", ");
            }
            self.value(value.clone());
        }
        self.push(")");
    }

    /// One parameter for the values of each kind: a list may have whole numbers and others.
    fn any_of(&mut self, operand: &Operand, values: &[Value], ascii: bool) {
        let mut kinds: Vec<ValueKind> = Vec::new();
        for value in values {
            let kind = kind_of_value(value);
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        if kinds.is_empty() {
            return self.push(self.dialect.truth(false));
        }
        self.push("(");
        for (place, kind) in kinds.into_iter().enumerate() {
            let of_kind = values.iter().filter(|value| kind_of_value(value) == kind);
            let of_kind = of_kind.map(|value| match value.as_text() {
                Some(text) if operand.folded => Value::Text(fold(text)),
                _ => value.clone(),
            });
            let list = of_kind.collect();
            self.push(if place > 0 { " OR " } else { "" });
            if kind == ValueKind::Boolean {
                self.push("coalesce(");
                self.expression(&operand.expression);
                self.push(", FALSE)");
            } else {
                self.side(operand, ascii);
            }
            self.push(" = ANY(");
            self.list_param(Param::List(list, kind), kind);
            self.push(")");
        }
        self.push(")");
    }

    /// A backslash at the end of a pattern is itself, which PostgreSQL refuses.
    fn like(&mut self, expression: &Expression, pattern: &str) {
        let escapes = pattern.chars().rev().take_while(|letter| *letter == '\\');
        let end = if escapes.count() % 2 == 1 { "\\" } else { "" };
        self.push("landfall_fold(");
        self.expression(expression);
        self.push(") COLLATE \"C\" LIKE ");
        self.folded_text(&format!("{pattern}{end}"));
    }

    fn words(&mut self, expression: &Expression, patterns: &str) {
        self.push("landfall_words(");
        self.expression(expression);
        self.push(") COLLATE \"C\" ~ ");
        self.text(&regular(&fold(patterns)));
    }

    fn includes(&mut self, expression: &Expression, list: &str) {
        let values = list.split(';').map(|value| Value::Text(fold(value)));
        self.push("landfall_list(");
        self.expression(expression);
        self.push(") @> ");
        self.list_param(
            Param::List(values.collect(), ValueKind::Text),
            ValueKind::Text,
        );
    }

    fn called(&mut self, function: &str, expression: &Expression, text: &str) {
        self.push(function);
        self.push("(");
        self.expression(expression);
        self.push(", ");
        self.text(text);
        self.push(")");
    }

    /// What the query finds where it finds something: a null among it would make every `NOT IN` null.
    fn found(&mut self, expression: &Expression, plan: &Plan) {
        self.expression(expression);
        self.push(" IN (SELECT ");
        let prefix = format!("{}s", self.prefix);
        let mut inner = Sql::new(self.dialect, self.layouts, plan, &prefix);
        inner.params = std::mem::take(&mut self.params);
        inner.joined = std::mem::take(&mut self.joined);
        let column = plan.columns.first().map(|column| &column.expression);
        let column = column.unwrap_or(&Expression::Null);
        inner.expression(column);
        inner.from();
        inner.filter();
        inner.push(" AND ");
        inner.expression(column);
        inner.push(" IS NOT NULL");
        inner.ended();
        self.push(&inner.out);
        self.push(")");
        self.params = inner.params;
        self.joined = inner.joined;
    }
}

/// Patterns of words as a regular expression on words with one blank between them.
fn regular(patterns: &str) -> String {
    let mut regular = String::from("(^| )");
    let mut letters = patterns.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '%' => regular.push_str("[^ ]*"),
            '_' => regular.push_str("[^ ]"),
            '\\' => literal(&mut regular, letters.next().unwrap_or('\\')),
            letter => literal(&mut regular, letter),
        }
    }
    regular.push_str("( |$)");
    regular
}

fn literal(regular: &mut String, letter: char) {
    if letter.is_ascii_punctuation() {
        regular.push('\\');
    }
    regular.push(letter);
}

fn is_ascii(value: &Value) -> bool {
    value.as_text().is_some_and(str::is_ascii)
}
