//! Into the recycle bin and back, or deleted where there is none, with the children that the cascade includes.

use std::collections::VecDeque;
use std::sync::Arc;

use landfall_model::fault::Operation;
use landfall_model::{ChangeType, DeleteRule, Fault, RecordFault, RecordId, Row, Value, limits};

use super::{Cause, Planner, persons, refused};
use crate::blueprint::{Blueprint, Children};
use crate::command::Saved;
use crate::error::Error;
use crate::object_access::Act;
use crate::rows::write;

/// Records that are still to go to the recycle bin.
type Queue<'p> = VecDeque<(&'p Blueprint, RecordId)>;

impl<'p> Planner<'p, '_> {
    pub(super) fn delete(&mut self, object: &'p Blueprint, id: RecordId) -> Result<Saved, Error> {
        let entity = &*object.entity;
        if !entity.capabilities.deletable {
            return Err(refused(Operation::Delete, entity).into());
        }
        self.allow(Act::Delete, entity)?;
        let row = self.live(object, id, Fault::Record(RecordFault::Unknown))?;
        self.check_deletable(entity, &row)?;
        persons::check_own_contact(object, &row)?;
        let mut along: Vec<RecordId> = Vec::new();
        let mut queue: Queue<'p> = VecDeque::from([(object, id)]);
        while let Some((object, parent)) = queue.pop_front() {
            let Some(before) = self.workspace.row(object, parent)? else {
                continue;
            };
            if object.is_deleted(&before) {
                continue;
            }
            queue.extend(self.other_half(object, &before)?);
            queue.extend(self.contact_of_person(object, &before));
            let cause = if parent == id {
                Cause::Request
            } else {
                along.push(parent);
                Cause::Consequence
            };
            if object.system.is_deleted.is_some() {
                let after = Row::clone(&before);
                self.move_to_bin(object, parent, before, after, cause);
            } else {
                // What has no recycle bin is gone for ever.
                self.workspace.forget(&object.entity, parent);
            }
            for children in object.children() {
                self.release(object, parent, *children, &mut queue)?;
                self.bounded(queue.len())?;
            }
        }
        if !along.is_empty() && object.system.is_deleted.is_some() {
            self.workspace
                .put_document(super::purge::along_document(id, &along));
        }
        Ok(Saved { id, created: false })
    }

    /// Refuses what would make the transaction too large.
    pub(super) fn bounded(&self, more: usize) -> Result<(), Fault> {
        if self.steps.len().saturating_add(more) > limits::CASCADE_RECORDS_MAX {
            return Err(Fault::Record(RecordFault::DeleteTooLarge));
        }
        Ok(())
    }

    /// Deals with the children of a deleted record by one relationship, as its rule says.
    fn release(
        &mut self,
        object: &Blueprint,
        parent: RecordId,
        Children {
            child,
            place,
            delete_rule,
        }: Children,
        queue: &mut Queue<'p>,
    ) -> Result<(), Error> {
        let Some(child) = self.blueprints.with_prefix(child) else {
            return Ok(());
        };
        let limit = match delete_rule {
            DeleteRule::Restrict => 1,
            DeleteRule::Cascade | DeleteRule::Clear => limits::CASCADE_RECORDS_MAX + 1,
        };
        let children = self
            .workspace
            .live_where(child, place, &Value::Id(parent), limit)?;
        for (id, row) in children {
            match delete_rule {
                DeleteRule::Cascade => queue.push_back((child, id)),
                DeleteRule::Restrict => {
                    return Err(Fault::Record(RecordFault::DeleteRestricted {
                        label: object.entity.label.clone(),
                        child: child.entity.label.clone(),
                    })
                    .into());
                }
                DeleteRule::Clear => {
                    let mut after = Row::clone(&row);
                    write(&mut after, Some(place), Value::Null);
                    self.touch(child, &mut after);
                    let change = (ChangeType::Update, Cause::Consequence);
                    self.step(child, id, Some(row), after, change);
                }
            }
        }
        Ok(())
    }

    pub(super) fn undelete(&mut self, object: &'p Blueprint, id: RecordId) -> Result<Saved, Error> {
        let entity = &*object.entity;
        if !entity.capabilities.undeletable {
            return Err(refused(Operation::Undelete, entity).into());
        }
        self.allow(Act::Delete, entity)?;
        let row = self.present(object, id, Fault::Record(RecordFault::Unknown))?;
        if !object.is_deleted(&row) {
            return Err(Fault::Record(RecordFault::NotDeleted).into());
        }
        if self.went_along(object, id, &row)? {
            return Err(Fault::Record(RecordFault::NotDeleted).into());
        }
        self.restore(object, id, row, Cause::Request)?;
        for child in self.take_along_with(id)? {
            let Some(object) = self.blueprints.with_prefix(child.prefix()) else {
                continue;
            };
            if let Some(row) = self.workspace.row(object, child)?
                && object.is_deleted(&row)
                && !self.invites_nobody(object, &row)?
            {
                self.restore(object, child, row, Cause::Consequence)?;
                self.bounded(0)?;
            }
        }
        Ok(Saved { id, created: false })
    }

    /// Brings one record back, unless another one has taken its place meanwhile. It refers to nothing that is gone for good,
    /// and is merged into no other record any more.
    fn restore(
        &mut self,
        object: &Blueprint,
        id: RecordId,
        row: Arc<Row>,
        cause: Cause,
    ) -> Result<(), Error> {
        self.check_unique(object, &row, Some(id), &object.unique)?;
        let mut after = Row::clone(&row);
        self.let_go(object, &mut after)?;
        let system = &object.system;
        write(&mut after, system.master_record, Value::Null);
        write(&mut after, system.is_deleted, Value::Boolean(false));
        self.touch(object, &mut after);
        let change = (ChangeType::Undelete, cause);
        self.step(object, id, Some(row), after, change);
        Ok(())
    }

    /// Moves a record to the recycle bin, with the values in `after`.
    pub(super) fn move_to_bin(
        &mut self,
        object: &Blueprint,
        id: RecordId,
        before: Arc<Row>,
        mut after: Row,
        cause: Cause,
    ) {
        write(&mut after, object.system.is_deleted, Value::Boolean(true));
        self.touch(object, &mut after);
        let change = (ChangeType::Delete, cause);
        self.step(object, id, Some(before), after, change);
    }
}
