//! Expressions.

use std::fmt::Write as _;
use std::sync::Arc;

use landfall_query::plan::{Aggregate, Expression, Operand};
use rusqlite::types::Value as Kept;

use super::functions;
use super::statement::{Param, Sql};

/// Text compares without regard to letter case.
pub(super) const FOLDED: &str = " COLLATE landfall";
/// The same where one side is ASCII alone: an index has it.
pub(super) const FOLDED_ASCII: &str = " COLLATE NOCASE";

/// How a step of an order ends.
pub(super) const fn quoted_order(descending: bool, nulls_last: bool) -> &'static str {
    match (descending, nulls_last) {
        (false, false) => " ASC NULLS FIRST",
        (false, true) => " ASC NULLS LAST",
        (true, false) => " DESC NULLS FIRST",
        (true, true) => " DESC NULLS LAST",
    }
}

impl Sql<'_> {
    /// The column of a field; null if nothing is kept of it.
    pub(super) fn field(&self, source: usize, place: usize) -> String {
        let layout = self.sources.get(source);
        let column = layout.and_then(|layout| layout.columns.get(place)?.as_ref());
        column.map_or_else(
            || "NULL".to_owned(),
            |column| format!("{}{source}.{}", self.prefix, column.name),
        )
    }

    /// What is compared, grouped or sorted by, with its way of comparing.
    pub(super) fn operand(&mut self, operand: &Operand) {
        self.expression(&operand.expression);
        if operand.folded {
            self.push(FOLDED);
        }
    }

    pub(super) fn expression(&mut self, expression: &Expression) {
        match expression {
            Expression::Null => self.push("NULL"),
            Expression::Field { source, place } => {
                let column = self.field(*source, *place);
                self.push(&column);
            }
            Expression::Formula(computed) => {
                self.push(functions::FORMULA);
                self.push("(?");
                self.params.push(Param::Formula(Arc::clone(computed)));
                for input in &computed.inputs {
                    self.push(", ");
                    self.expression(input);
                }
                self.push(")");
            }
            Expression::FirstOf(choices) => {
                // coalesce takes two at least.
                self.push("coalesce(NULL");
                for choice in choices {
                    self.push(", ");
                    self.expression(choice);
                }
                self.push(", NULL)");
            }
            Expression::TypeName { id, names } => self.type_name(id, names),
            Expression::DatePart { .. } | Expression::Distance { .. } => self.computed(expression),
            Expression::Rank { of, values } => self.rank(of, values),
            Expression::Ranked { rank, values } => {
                self.push("CASE ");
                self.expression(rank);
                for (place, value) in values.iter().enumerate() {
                    let _ = write!(self.out, " WHEN {place} THEN ");
                    self.param(Kept::Text(value.clone()));
                }
                self.push(" END");
            }
            Expression::Aggregate {
                function,
                of,
                folded,
            } => self.aggregate(*function, of.as_deref(), *folded),
            Expression::Key(place) => self.key(*place),
            Expression::IsSubtotal(place) => {
                let counts = self.counted.get(*place).copied().unwrap_or(false);
                self.push(if counts { "0" } else { "1" });
            }
        }
    }

    fn type_name(&mut self, id: &Expression, names: &[(String, String)]) {
        self.push("CASE substr(");
        self.expression(id);
        self.push(", 1, 3)");
        for (prefix, name) in names {
            self.push(" WHEN ");
            self.param(Kept::Text(prefix.clone()));
            self.push(" THEN ");
            self.param(Kept::Text(name.clone()));
        }
        self.push(" END");
    }

    /// What a function of the connection gives.
    fn computed(&mut self, expression: &Expression) {
        match expression {
            Expression::DatePart {
                function,
                of,
                of_day,
                zoned,
            } => {
                let zone = zoned.then(|| self.plan.zone.name().to_owned());
                let month = i64::from(self.plan.fiscal_month);
                self.push(functions::DATE_PART);
                self.push("(");
                self.param(Kept::Integer(functions::number_of(*function)));
                self.push(", ");
                self.expression(of);
                let _ = write!(self.out, ", {}, ", i32::from(*of_day));
                self.param(zone.map_or(Kept::Null, Kept::Text));
                let _ = write!(self.out, ", {month})");
            }
            Expression::Distance {
                latitude,
                longitude,
                to,
                kilometres,
            } => {
                self.push(functions::DISTANCE);
                self.push("(");
                self.expression(latitude);
                self.push(", ");
                self.expression(longitude);
                self.push(", ");
                self.param(Kept::Real(to.0));
                self.push(", ");
                self.param(Kept::Real(to.1));
                let _ = write!(self.out, ", {})", i32::from(*kilometres));
            }
            _ => (),
        }
    }

    fn rank(&mut self, of: &Expression, values: &[String]) {
        self.push("CASE WHEN ");
        self.expression(of);
        self.push(" IS NULL THEN NULL");
        for (place, value) in values.iter().enumerate() {
            self.push(" WHEN ");
            self.expression(of);
            self.push(" = ");
            self.param(Kept::Text(value.clone()));
            let _ = write!(self.out, "{FOLDED} THEN {place}");
        }
        let _ = write!(self.out, " ELSE {} END", values.len());
    }

    fn aggregate(&mut self, function: Aggregate, of: Option<&Expression>, folded: bool) {
        let Some(of) = of else {
            return self.push("count(*)");
        };
        self.push(match function {
            Aggregate::Count => "count(",
            Aggregate::CountDistinct => "count(DISTINCT ",
            Aggregate::Avg => "avg(",
            Aggregate::Min => "min(",
            Aggregate::Max => "max(",
            // A sum of whole numbers is a decimal too.
            Aggregate::Sum => "CAST(sum(",
        });
        self.expression(of);
        if folded {
            self.push(FOLDED);
        }
        self.push(if function == Aggregate::Sum {
            ") AS REAL)"
        } else {
            ")"
        });
    }

    /// What the records of a group have in common; of texts that differ in letter case the least.
    fn key(&mut self, place: usize) {
        let counts = self.counted.get(place).copied().unwrap_or(false);
        let plan = self.plan;
        let grouping = plan.grouping.as_ref();
        let key = grouping.and_then(|grouping| grouping.keys.get(place));
        match key.filter(|_| counts) {
            Some(key) => {
                self.push("min(");
                self.expression(&key.expression);
                self.push(" COLLATE BINARY)");
            }
            None => self.push("NULL"),
        }
    }
}
