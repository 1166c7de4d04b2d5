//! Queues as owners: a queue owns records of the objects that it serves, and no other group owns any.
//!
//! Source: "`QueueSobject`" (Object Reference), "Queues" (Salesforce Help).

use landfall_model::{
    EntityDefinition, EntityName, Fault, FieldDefinition, RecordFault, Row, Value,
};

use super::Planner;
use crate::blueprint::Blueprint;
use crate::error::Error;
use crate::groups::{GROUP, SERVED, SERVED_BY, SERVED_OBJECT};
use crate::rows::read;

impl Planner<'_, '_> {
    /// The name of a custom object that a queue is to serve, which no picklist of the definitions lists.
    pub(super) fn served_object(
        &self,
        field: &FieldDefinition,
        entity: &EntityDefinition,
        value: &Value,
    ) -> Option<Value> {
        if entity.name.as_str() != SERVED || field.name.as_str() != SERVED_OBJECT {
            return None;
        }
        let object = self.blueprints.catalog.entity(value.as_text()?)?;
        let (_, owner) = object.field("OwnerId")?;
        let can_be_served = object.custom && owner.reference_to.contains(&EntityName::new(GROUP));
        can_be_served.then(|| Value::Text(object.name.to_string()))
    }

    /// Whether the owner that a request names, if it is a group, is a queue that serves the object.
    ///
    /// A record keeps its owner when the queue no longer serves the object. Source: none.
    ///
    /// # Errors
    /// [`RecordFault::NotServedByQueue`], [`Error::Store`].
    pub(super) fn check_queue(
        &mut self,
        object: &Blueprint,
        row: &Row,
        before: Option<&Row>,
        given: &[usize],
    ) -> Result<(), Error> {
        let Some(owner) = object.system.owner.filter(|owner| given.contains(owner)) else {
            return Ok(());
        };
        let owner = Some(owner);
        let is_new = before.is_none_or(|before| read(before, owner) != read(row, owner));
        let (true, Some(group)) = (is_new, read(row, owner).as_id()) else {
            return Ok(());
        };
        if self.named(GROUP)?.entity.key_prefix != group.prefix() {
            return Ok(());
        }
        let served = self.named(SERVED)?;
        let mut names = Vec::new();
        if let Some(queue) = served.entity.index_of(SERVED_BY) {
            names = self
                .workspace
                .live_where(served, queue, read(row, owner), usize::MAX)?;
        }
        let name = served.entity.index_of(SERVED_OBJECT);
        let serves = names.iter().any(|(_, row)| {
            let served = read(row, name).as_text();
            served.is_some_and(|served| served.eq_ignore_ascii_case(object.entity.name.as_str()))
        });
        if serves {
            Ok(())
        } else {
            Err(Fault::Record(RecordFault::NotServedByQueue).into())
        }
    }
}
