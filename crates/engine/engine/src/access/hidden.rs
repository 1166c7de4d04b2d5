//! The fields of an object that somebody may not read, as places: found once for all who have the same rights.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use landfall_model::{EntityDefinition, EntityName};
use landfall_query::push_topic::FieldIndexes;

use super::Access;

/// Those of all objects that were asked for.
#[derive(Debug, Default)]
pub(super) struct Hidden(RwLock<HashMap<EntityName, Arc<FieldIndexes>>>);

impl Access {
    /// The fields of an object whose values they may not read; none for users who see everything. Whether they may read
    /// its records is another question.
    pub(crate) fn hidden_places(&self, entity: &EntityDefinition) -> Option<Arc<FieldIndexes>> {
        if self.is_whole() {
            return None;
        }
        let known = self.hidden.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(places) = known.get(&entity.name) {
            return Some(Arc::clone(places));
        }
        drop(known);
        let fields = entity.fields.iter().enumerate();
        let hidden = fields.filter(|(_, field)| !self.grants.field(entity, field).read);
        let places: Arc<FieldIndexes> = Arc::new(hidden.map(|(place, _)| place).collect());
        let mut known = self
            .hidden
            .0
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        known.insert(entity.name.clone(), Arc::clone(&places));
        Some(places)
    }
}
