//! What is left out of an event on its way to somebody who does not see all of its fields.
//!
//! What is left is an event of its own, made once for all who do not see the same fields, with its renditions. Who sees
//! everything has nothing to do with it.
//! Source: "Field-Level Security" (Change Data Capture Developer Guide). Platform events have none.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use landfall_model::{FieldName, SchemaId};
use landfall_schema::EventSchema;
use landfall_store::Event;
use tracing::error;

use super::Access;
use crate::Engine;
use crate::definitions::Subject;
use crate::log::LogEvent;
use crate::mask::Mask;

/// Those of all schemas that were asked for; none if nothing is left out.
#[derive(Debug, Default)]
pub(super) struct Masks(RwLock<HashMap<SchemaId, Option<Mask>>>);

impl Access {
    fn mask(&self, event: &Event, schema: &EventSchema) -> Option<Mask> {
        let known = self.masks.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(mask) = known.get(&event.schema) {
            return mask.clone();
        }
        drop(known);
        let mask = self.left_out(event, schema);
        let mut known = self.masks.0.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(event.schema, mask.clone());
        mask
    }

    fn left_out(&self, event: &Event, schema: &EventSchema) -> Option<Mask> {
        let Some(Subject::Changes(entity)) = self.whole.subject(event.topic) else {
            return None;
        };
        let hidden: Vec<&str> = self.hidden(entity).map(FieldName::as_str).collect();
        let fields = schema.fields().iter().enumerate();
        let left_out = fields.filter(|(_, field)| hidden.contains(&field.name.as_str()));
        let positions: Vec<usize> = left_out.map(|(position, _)| position).collect();
        (!positions.is_empty()).then(|| positions.into())
    }
}

impl Engine {
    /// An event as it goes to somebody; none if it goes as it is, which costs those nothing who see everything.
    #[inline]
    pub fn masked(&self, access: &Access, event: &LogEvent) -> Option<Arc<LogEvent>> {
        if access.is_whole() {
            None
        } else {
            self.masked_by(access, event)
        }
    }

    fn masked_by(&self, access: &Access, event: &LogEvent) -> Option<Arc<LogEvent>> {
        let stored = event.event();
        let Some(schema) = self.schema(stored.schema) else {
            return Some(event.masked(&Mask::default(), |_| {
                unreadable(stored, &"its schema is unknown")
            }));
        };
        let mask = access.mask(stored, &schema)?;
        Some(event.masked(&mask, |stored| {
            let payload = schema.without(&stored.payload, &mask);
            payload.map_or_else(|error| unreadable(stored, &error), Bytes::from)
        }))
    }
}

/// Nothing is better than what nobody knows how to leave out.
fn unreadable(event: &Event, reason: &dyn std::fmt::Display) -> Bytes {
    error!(replay_id = %event.replay_id, schema = %event.schema, %reason, "an event cannot be masked");
    Bytes::new()
}
