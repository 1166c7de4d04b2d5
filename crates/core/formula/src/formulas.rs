//! The formula fields of an org.

use std::collections::HashMap;

use landfall_model::{EntityName, FieldName};

use crate::formula::Formula;
use crate::surroundings::Surroundings;

/// The checked formulas of an org's fields. One that was refused is not among them: its field is null.
#[derive(Clone, Debug, Default)]
pub struct Formulas {
    by_object: HashMap<EntityName, HashMap<FieldName, Formula>>,
    /// What any of them reads.
    surroundings: Surroundings,
}

impl Formulas {
    /// Adds the formula of a field.
    pub fn insert(&mut self, entity: &EntityName, field: &FieldName, formula: Formula) {
        self.surroundings.add(&formula);
        let fields = self.by_object.entry(entity.clone()).or_default();
        fields.insert(field.clone(), formula);
    }

    /// The formula of a field.
    pub fn of(&self, entity: &EntityName, field: &FieldName) -> Option<&Formula> {
        self.by_object.get(entity)?.get(field)
    }

    /// Whether an object has any.
    pub fn has(&self, entity: &EntityName) -> bool {
        self.by_object.contains_key(entity)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_object.is_empty()
    }

    /// What any of them reads besides records.
    pub const fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }
}
