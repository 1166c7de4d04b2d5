//! Formula fields: what their values are computed from.
//!
//! A formula shows what it computes to everybody who may read its field, whatever they may read of its inputs. So inputs are
//! taken from the whole definitions; where a user's view of an object is less than that, its record is joined to itself.
//! Source: "Cross-Object Formulas" (Salesforce Help).

use std::collections::BTreeMap;
use std::sync::Arc;

use landfall_formula::{Datum, Environment, Formula, Formulas, Reference, Target};
use landfall_model::{Catalog, EntityDefinition, FieldDefinition, Value};

use super::Scope;
use crate::plan::{Computed, Expression};

/// The org's formula fields, and what they depend on besides records.
#[derive(Clone, Copy, Debug)]
pub struct FormulaScope<'c> {
    /// The formulas.
    pub formulas: &'c Formulas,
    /// All definitions, also those that the user does not see.
    pub whole: &'c Catalog,
    /// The globals of the user and the org.
    pub globals: &'c BTreeMap<String, Datum>,
}

impl Scope<'_> {
    /// The value of a field that a source has; null if it is neither stored nor computed.
    pub(super) fn value(
        &mut self,
        source: usize,
        entity: &Arc<EntityDefinition>,
        (place, field): (usize, &FieldDefinition),
    ) -> Expression {
        if field.stored() {
            return Expression::Field { source, place };
        }
        let computed = self.formula(source, entity, (place, field));
        computed.map_or(Expression::Null, |computed| {
            Expression::Formula(Arc::new(computed))
        })
    }

    fn formula(
        &mut self,
        source: usize,
        entity: &Arc<EntityDefinition>,
        (place, field): (usize, &FieldDefinition),
    ) -> Option<Computed> {
        let scope = self.context.formulas?;
        let formula: &Formula = scope.formulas.of(&entity.name, &field.name)?;
        let whole = scope.whole.entity(entity.name.as_str())?;
        let own = if Arc::ptr_eq(whole, entity) || formula.references().is_empty() {
            source
        } else {
            self.parent(source, entity.identity(), whole)
        };
        let mut inputs = Vec::with_capacity(formula.references().len());
        for reference in formula.references() {
            inputs.push(self.input(own, whole, reference, scope.whole));
        }
        let input_types = formula.references().iter();
        Some(Computed {
            place,
            inputs,
            input_types: input_types.map(|reference| reference.field_type).collect(),
            target: Target {
                field_type: field.field_type,
                scale: field.scale,
            },
            formula: formula.clone(),
            environment: self.environment(scope),
        })
    }

    /// The value that a reference leads to; null if the way is not one of these definitions.
    fn input(
        &mut self,
        own: usize,
        entity: &Arc<EntityDefinition>,
        reference: &Reference,
        whole: &Catalog,
    ) -> Expression {
        let (mut source, mut entity) = (own, Arc::clone(entity));
        for step in &reference.steps {
            let place = entity.index_of(step.field.as_str());
            let target = whole.entity(step.target.as_str());
            let (Some(place), Some(target)) = (place, target) else {
                return Expression::Null;
            };
            source = self.parent(source, place, target);
            entity = Arc::clone(target);
        }
        match entity.field(reference.field.as_str()) {
            Some((place, field)) if field.stored() => Expression::Field { source, place },
            _ => Expression::Null,
        }
    }

    /// The user and the time, the same for all formulas of a query.
    fn environment(&mut self, scope: FormulaScope<'_>) -> Arc<Environment> {
        let context = self.context;
        let environment = self.environment.get_or_insert_with(|| {
            let mut globals = scope.globals.clone();
            let user = Datum::of(&Value::Id(context.user), landfall_model::FieldType::Id);
            globals.insert("$user.id".to_owned(), user);
            Arc::new(Environment {
                now: context.now,
                zone: context.zone.rules.clone(),
                globals,
            })
        });
        Arc::clone(environment)
    }
}
