//! What a `PushTopic` would watch, before there is one.

use std::sync::Arc;

use landfall_capture::push_topic::Watch;
use landfall_model::{Catalog, EntityDefinition, Fault, FieldName, Timestamp, Value};

use super::{OBJECT, checked};
use crate::defaults::blank;
use crate::report::defect;

/// The values of a `PushTopic` that decide what it watches.
#[derive(Clone, Debug, PartialEq)]
pub struct PushTopicDraft<'d> {
    /// `Query`.
    pub query: &'d str,
    /// `ApiVersion`.
    pub api_version: f64,
    /// `NotifyForFields`.
    pub notify_for_fields: &'d str,
}

/// What a `PushTopic` watches.
#[derive(Clone, Debug)]
pub struct PushTopicOutline {
    /// The object.
    pub entity: Arc<EntityDefinition>,
    /// The fields of a notification, in order.
    pub selected: Vec<FieldName>,
    /// The fields in the condition.
    pub condition: Vec<FieldName>,
    /// An update notifies if one of these fields changes and the record meets the condition.
    pub tracked: Vec<FieldName>,
}

impl PushTopicOutline {
    /// What a record with these values would watch.
    ///
    /// # Errors
    /// The refusal that saving such a record gets for its query.
    pub(crate) fn of(
        draft: &PushTopicDraft<'_>,
        catalog: &Catalog,
        now: Timestamp,
    ) -> Result<Self, Fault> {
        let object = catalog.entity(OBJECT);
        let object = object.ok_or_else(|| defect("the org has no object PushTopic"))?;
        let mut row = blank(object);
        for (field, value) in [
            ("Query", Value::Text(draft.query.to_owned())),
            ("ApiVersion", Value::Double(draft.api_version)),
            (
                "NotifyForFields",
                Value::Text(draft.notify_for_fields.to_owned()),
            ),
        ] {
            let index = object.index_of(field);
            let slot = index.and_then(|index| row.get_mut(index));
            *slot.ok_or_else(|| defect("a PushTopic lacks a field of its object"))? = value;
        }
        Ok(Self::compiled(&checked(object, &row, catalog, now)?.watch))
    }

    fn compiled(watch: &Watch) -> Self {
        let query = watch.query();
        let entity = Arc::clone(&query.plan.entity);
        let name = |index: usize| entity.fields.get(index).map(|field| field.name.clone());
        let names = |indexes: &[usize]| indexes.iter().copied().filter_map(name).collect();
        let tracked = (0..entity.fields.len()).filter(|index| watch.tracked().has(*index));
        Self {
            selected: names(&query.told),
            condition: names(&query.condition),
            tracked: tracked.filter_map(name).collect(),
            entity: Arc::clone(&entity),
        }
    }
}
