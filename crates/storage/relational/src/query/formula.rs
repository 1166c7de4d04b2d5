//! Formula fields where the database cannot compute them: PostgreSQL has no functions of this program.
//!
//! Among the columns of a record a formula is replaced by the fields that it reads, and its value is computed from them. In
//! conditions, orders and groups its values are computed first, for the records that the other conditions leave, and the
//! statement joins them.

use std::fmt::Write as _;
use std::sync::Arc;

use landfall_query::Plan;
use landfall_query::plan::{Computed, Expression, Predicate};
use landfall_store::ValueKind;

use super::Dialect;
use super::statement::{Param, Part, Sql};
use crate::table::{ID, Layout};

/// A formula whose values a statement joins by the ids of records.
#[derive(Clone, Debug)]
pub struct Joined {
    /// The query that it is part of.
    pub plan: Box<Plan>,
    /// The formula.
    pub computed: Arc<Computed>,
}

/// Whether an expression has to be computed by this program: a formula, or a distance, whose last digits could differ.
pub fn has_formula(expression: &Expression) -> bool {
    match expression {
        Expression::Formula(_) => true,
        Expression::FirstOf(choices) => choices.iter().any(has_formula),
        Expression::TypeName { id: of, .. }
        | Expression::DatePart { of, .. }
        | Expression::Rank { of, .. }
        | Expression::Ranked { rank: of, .. } => has_formula(of),
        Expression::Distance {
            latitude,
            longitude,
            ..
        } => has_formula(latitude) || has_formula(longitude),
        Expression::Aggregate { of, .. } => of.as_deref().is_some_and(has_formula),
        Expression::Null
        | Expression::Field { .. }
        | Expression::Key(_)
        | Expression::IsSubtotal(_) => false,
    }
}

/// The fields that an expression reads: source and index, each as often as it is read.
pub fn fields_of(expression: &Expression, fields: &mut Vec<(usize, usize)>) {
    match expression {
        Expression::Field { source, place } => fields.push((*source, *place)),
        Expression::Formula(computed) => {
            for input in &computed.inputs {
                fields_of(input, fields);
            }
        }
        Expression::FirstOf(choices) => {
            for choice in choices {
                fields_of(choice, fields);
            }
        }
        Expression::TypeName { id: of, .. }
        | Expression::DatePart { of, .. }
        | Expression::Rank { of, .. }
        | Expression::Ranked { rank: of, .. } => fields_of(of, fields),
        Expression::Distance {
            latitude,
            longitude,
            ..
        } => {
            fields_of(latitude, fields);
            fields_of(longitude, fields);
        }
        Expression::Aggregate { of, .. } => {
            if let Some(of) = of {
                fields_of(of, fields);
            }
        }
        Expression::Null | Expression::Key(_) | Expression::IsSubtotal(_) => {}
    }
}

/// What every record that a condition means fulfils, without formulas.
pub(super) fn without_formulas(predicate: &Predicate) -> Predicate {
    match predicate {
        Predicate::All(terms) => Predicate::All(terms.iter().map(without_formulas).collect()),
        other if names_formula(other) => Predicate::ALWAYS,
        other => other.clone(),
    }
}

fn names_formula(predicate: &Predicate) -> bool {
    match predicate {
        Predicate::All(terms) | Predicate::Any(terms) => terms.iter().any(names_formula),
        Predicate::Not(term) => names_formula(term),
        Predicate::Compare { operand, .. } | Predicate::OneOf { operand, .. } => {
            has_formula(&operand.expression)
        }
        Predicate::IsNull(expression)
        | Predicate::Like { expression, .. }
        | Predicate::Words { expression, .. }
        | Predicate::Includes { expression, .. } => has_formula(expression),
        Predicate::InQuery { expression, plan } => {
            has_formula(expression) || names_formula(&plan.filter)
        }
    }
}

impl<L: Layout> Sql<'_, L> {
    pub(super) fn formula(&mut self, computed: &Arc<Computed>) {
        if self.dialect == Dialect::Postgres {
            let number = self.joined_formula(computed);
            let _ = write!(self.out, "{}f{number}.v", self.prefix);
            return;
        }
        self.push("landfall_formula(");
        self.param(Param::Formula(Arc::clone(computed)), None);
        for input in &computed.inputs {
            self.push(", ");
            self.expression(input);
        }
        self.push(")");
    }

    /// The number of the join with the values of a formula.
    fn joined_formula(&mut self, computed: &Arc<Computed>) -> usize {
        let known = self.formulas.iter();
        let known = known.enumerate().find(|(_, (at, _))| {
            let joined = self.joined.get(*at);
            joined.is_some_and(|joined| Arc::ptr_eq(&joined.computed, computed))
        });
        if let Some((number, _)) = known {
            return number;
        }
        let at = self.joined.len();
        self.joined.push(Joined {
            plan: Box::new(self.plan.clone()),
            computed: Arc::clone(computed),
        });
        let kind = ValueKind::of(computed.target.field_type);
        self.formulas.push((at, kind));
        self.formulas.len() - 1
    }

    /// Puts the joins with the values of formulas after the sources: which they are is known at the end.
    pub(super) fn join_formulas(&mut self) {
        let whole = std::mem::take(&mut self.out);
        let (before, after) = whole.split_at(self.sources_end.min(whole.len()));
        before.clone_into(&mut self.out);
        let formulas = std::mem::take(&mut self.formulas);
        let prefix = self.prefix.clone();
        for (number, (at, kind)) in formulas.iter().enumerate() {
            self.push(" LEFT JOIN unnest(");
            self.list_param(Param::Joined(*at, Part::Keys), ValueKind::Id);
            self.push(", ");
            self.list_param(Param::Joined(*at, Part::Values), *kind);
            let _ = write!(
                self.out,
                ") AS {prefix}f{number}(id, v) ON {prefix}f{number}.id = {prefix}0.{ID}"
            );
        }
        self.out.push_str(after);
    }
}
