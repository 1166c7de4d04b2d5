//! Into the recycle bin and back, with the children that go along.

use std::collections::VecDeque;
use std::sync::Arc;

use landfall_model::fault::Operation;
use landfall_model::{
    ChangeType, ChildRelationship, DeleteRule, EntityDefinition, Fault, RecordId, Row, Value,
    limits,
};
use landfall_store::{Document, DocumentKind};

use super::{Planner, is_deleted, refused, set};
use crate::command::Saved;
use crate::error::Error;

impl Planner<'_, '_> {
    pub(super) fn delete(
        &mut self,
        entity: &Arc<EntityDefinition>,
        id: RecordId,
    ) -> Result<Saved, Error> {
        if !entity.capabilities.deletable || entity.index_of("IsDeleted").is_none() {
            return Err(refused(Operation::Delete, entity));
        }
        let row = self.workspace.row(entity, id)?.ok_or(Fault::RecordUnknown)?;
        if is_deleted(entity, &row) {
            return Err(Fault::RecordDeleted.into());
        }
        let mut along: Vec<RecordId> = Vec::new();
        let mut queue = VecDeque::from([(Arc::clone(entity), id)]);
        while let Some((entity, parent)) = queue.pop_front() {
            let Some(before) = self.workspace.row(&entity, parent)? else {
                continue;
            };
            if is_deleted(&entity, &before) {
                continue;
            }
            if parent != id {
                along.push(parent);
            }
            if along.len() > limits::CASCADE_RECORDS_MAX {
                return Err(Fault::DeleteTooLarge.into());
            }
            self.move_to_bin(&entity, parent, before, true);
            for relationship in &entity.children {
                self.release(&entity, parent, relationship, &mut queue)?;
            }
        }
        if !along.is_empty() {
            self.workspace.put_document(Document {
                kind: DocumentKind::DeletedAlong,
                key: id.to_string(),
                content: Some(along.iter().map(RecordId::as_str).collect::<String>().into_bytes()),
            });
        }
        Ok(Saved { id, created: false })
    }

    /// Deals with the children of a deleted record by one relationship, as its rule says.
    fn release(
        &mut self,
        entity: &EntityDefinition,
        parent: RecordId,
        relationship: &ChildRelationship,
        queue: &mut VecDeque<(Arc<EntityDefinition>, RecordId)>,
    ) -> Result<(), Error> {
        let Some(child) = self.catalog.entity(relationship.child.as_str()).cloned() else {
            return Ok(());
        };
        let Some((place, field)) = child.field(relationship.field.as_str()) else {
            return Ok(());
        };
        if !field.stored() {
            return Ok(());
        }
        let children = self.workspace.rows_where(
            &child,
            place,
            &Value::Id(parent),
            limits::CASCADE_RECORDS_MAX + 1,
        )?;
        for (id, row) in children {
            if is_deleted(&child, &row) {
                continue;
            }
            match relationship.delete_rule {
                DeleteRule::Cascade => queue.push_back((Arc::clone(&child), id)),
                DeleteRule::Restrict => {
                    return Err(Fault::DeleteRestricted {
                        label: entity.label.clone(),
                        child: child.label.clone(),
                    }
                    .into());
                }
                DeleteRule::Clear => {
                    let mut after = Row::clone(&row);
                    if let Some(slot) = after.get_mut(place) {
                        *slot = Value::Null;
                    }
                    self.touch(&child, &mut after);
                    self.step(&child, id, Some(row), after, ChangeType::Update);
                }
            }
        }
        Ok(())
    }

    pub(super) fn undelete(
        &mut self,
        entity: &Arc<EntityDefinition>,
        id: RecordId,
    ) -> Result<Saved, Error> {
        if !entity.capabilities.undeletable {
            return Err(refused(Operation::Undelete, entity));
        }
        let row = self.workspace.row(entity, id)?.ok_or(Fault::RecordUnknown)?;
        if !is_deleted(entity, &row) {
            return Err(Fault::RecordNotDeleted.into());
        }
        self.move_to_bin(entity, id, row, false);
        let key = id.to_string();
        let along = self
            .workspace
            .document(DocumentKind::DeletedAlong, &key)?
            .unwrap_or_default();
        for child in along.chunks(18) {
            let Some(child) = std::str::from_utf8(child)
                .ok()
                .and_then(|text| RecordId::parse(text).ok())
            else {
                continue;
            };
            let Some(entity) = self.catalog.entity_of(child.prefix()).cloned() else {
                continue;
            };
            if let Some(row) = self.workspace.row(&entity, child)?
                && is_deleted(&entity, &row)
            {
                self.move_to_bin(&entity, child, row, false);
            }
        }
        if !along.is_empty() {
            self.workspace.put_document(Document {
                kind: DocumentKind::DeletedAlong,
                key,
                content: None,
            });
        }
        Ok(Saved { id, created: false })
    }

    fn move_to_bin(
        &mut self,
        entity: &Arc<EntityDefinition>,
        id: RecordId,
        before: Arc<Row>,
        deleted: bool,
    ) {
        let mut after = Row::clone(&before);
        set(entity, &mut after, "IsDeleted", Value::Boolean(deleted));
        self.touch(entity, &mut after);
        let change = if deleted {
            ChangeType::Delete
        } else {
            ChangeType::Undelete
        };
        self.step(entity, id, Some(before), after, change);
    }
}
