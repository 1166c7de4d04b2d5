//! Reading ahead: what the waiting commands will read is read for all of them at once, before they are planned.
//!
//! So a group costs a few read calls whatever its size, which is what a database on another machine needs. Planning reads
//! through the workspace and finds the rows there. Whatever is missed here, such as the records of rules that are rarely
//! checked, is read when it is needed: reading ahead decides nothing.

mod grants;
mod invitations;
mod rules;

use std::sync::Arc;

use landfall_model::{DeleteRule, EntityDefinition, FieldType, RecordId, Value, limits};
use landfall_store::DocumentKind;
use tracing::debug;

use crate::blueprint::{Blueprint, Blueprints};
use crate::command::{Assignment, Change};
use crate::error::Error;
use crate::groups::{GROUP, SERVED, SERVED_BY};
use crate::plan::{other_of_person, read_along};
use crate::validate;
use crate::workspace::{Needed, Workspace};
use invitations::Invitations;
use rules::Way;

/// Reads ahead for changes that are about to be planned, each list with the user who makes it. Planning meets a failure of
/// the store again, where it matters.
pub(super) fn read_ahead<'c>(
    requests: impl Iterator<Item = (RecordId, &'c [Change])>,
    blueprints: &Blueprints,
    workspace: &mut Workspace<'_>,
) {
    if let Err(failure) = read(requests, blueprints, workspace) {
        debug!(error = %crate::chain(&failure), "rows cannot be read ahead");
    }
}

fn read<'c>(
    requests: impl Iterator<Item = (RecordId, &'c [Change])>,
    blueprints: &Blueprints,
    workspace: &mut Workspace<'_>,
) -> Result<(), Error> {
    let mut ahead = Ahead {
        blueprints,
        needed: Needed::default(),
        deleted: Vec::new(),
        binned: Vec::new(),
        ways: Vec::new(),
        invitations: Invitations::default(),
        updated: Vec::new(),
        user: RecordId::EMPTY,
    };
    for (user, changes) in requests {
        ahead.user = user;
        for change in changes {
            ahead.change(change);
        }
    }
    for _ in 0..limits::PREFETCH_LEVELS_MAX {
        if ahead.needed.is_empty() {
            break;
        }
        let deleted = std::mem::take(&mut ahead.deleted);
        let binned = std::mem::take(&mut ahead.binned);
        let ways = std::mem::take(&mut ahead.ways);
        let invitations = ahead.invitations.take();
        let updated = std::mem::take(&mut ahead.updated);
        workspace.read(std::mem::take(&mut ahead.needed))?;
        for (object, parent) in deleted {
            ahead.cascade(workspace, object, parent);
        }
        for (object, id) in binned {
            ahead.with_binned(workspace, object, id)?;
        }
        for way in ways {
            ahead.next(workspace, &way);
        }
        ahead.with_invitations(workspace, invitations)?;
        for (object, id) in updated {
            ahead.with_person(workspace, object, id);
            ahead.with_grants(workspace, object, id);
        }
    }
    Ok(())
}

struct Ahead<'b> {
    blueprints: &'b Blueprints,
    needed: Needed<'b>,
    /// Records whose children are among what is needed.
    deleted: Vec<(&'b Blueprint, RecordId)>,
    /// Records in the recycle bin that are among what is needed.
    binned: Vec<(&'b Blueprint, RecordId)>,
    /// Ways of formulas that go on from records among what is needed.
    ways: Vec<Way<'b>>,
    invitations: Invitations,
    /// Records among what is needed that are updated.
    updated: Vec<(&'b Blueprint, RecordId)>,
    /// The user who makes the changes.
    user: RecordId,
}

impl<'b> Ahead<'b> {
    fn change(&mut self, change: &Change) {
        match change {
            Change::Create { entity, values } | Change::CreateByService { entity, values } => {
                self.values(entity, None, values);
            }
            Change::Update {
                entity, id, values, ..
            } => {
                if let Some(object) = self.blueprints.of(entity) {
                    self.needed.row(object, *id);
                    self.changed(object, *id);
                    self.set_of_profile(object, *id);
                    self.updated.push((object, *id));
                }
                self.values(entity, Some(*id), values);
            }
            Change::Upsert {
                entity,
                field,
                key,
                values,
                ..
            } => {
                if let Some(object) = self.of(entity) {
                    self.value(object, *field, key);
                }
                self.values(entity, None, values);
            }
            Change::Delete { entity, id } | Change::Erase { entity, id } => {
                if let Some(object) = self.blueprints.of(entity) {
                    self.needed.row(object, *id);
                    self.set_of_profile(object, *id);
                    self.children(object, *id);
                }
            }
            Change::Undelete { entity, id } | Change::Purge { entity, id } => {
                if let Some(object) = self.blueprints.of(entity) {
                    self.binned(object, *id);
                }
            }
            Change::Refused(_) => {}
        }
    }

    /// The object whose fields the request numbers as the writer does: not one that has been changed meanwhile.
    fn of(&self, entity: &EntityDefinition) -> Option<&'b Blueprint> {
        let object = self.blueprints.of(entity)?;
        std::ptr::eq(Arc::as_ptr(&object.entity), entity).then_some(object)
    }

    /// The records that values refer to, those that have the value of a unique field, and what rules read.
    fn values(&mut self, entity: &EntityDefinition, id: Option<RecordId>, values: &[Assignment]) {
        let Some(object) = self.of(entity) else {
            return;
        };
        self.rules(object, id, values);
        for (place, value) in values {
            let Some(field) = object.entity.fields.get(*place) else {
                continue;
            };
            if let Value::Id(id) = value
                && let Some(target) = self.blueprints.with_prefix(id.prefix())
            {
                self.needed.row(target, *id);
                self.details(object, *place, *id);
                self.served(object, *place, target, value);
                self.invited(object, field, *id);
                self.grants_of(object, *place, value);
            } else if field.unique {
                self.value(object, *place, value);
            } else if field.field_type == FieldType::JunctionIdList {
                self.listed(value);
            }
        }
    }

    /// The other record of one that is updated, if it is a person.
    fn with_person(&mut self, workspace: &Workspace<'_>, object: &Blueprint, id: RecordId) {
        if let Some(row) = workspace.known_row(id)
            && let Some(other) = other_of_person(&object.entity, &row)
            && let Some(object) = self.blueprints.with_prefix(other.prefix())
        {
            self.needed.row(object, other);
        }
    }

    /// A record in the recycle bin, and the list of what went there along with it.
    fn binned(&mut self, object: &'b Blueprint, id: RecordId) {
        self.needed.row(object, id);
        self.needed.document(DocumentKind::DeletedAlong, id);
        self.half(object, id);
        self.binned.push((object, id));
    }

    /// What belongs to a record in the recycle bin, now that it has been read: what went there along with it, what it refers
    /// to, which it may have gone along with, and the records that have its unique values now.
    fn with_binned(
        &mut self,
        workspace: &Workspace<'_>,
        object: &'b Blueprint,
        id: RecordId,
    ) -> Result<(), Error> {
        let Some(row) = workspace.known_row(id) else {
            return Ok(());
        };
        for (place, (field, value)) in object.entity.fields.iter().zip(row.iter()).enumerate() {
            if self.needed.len() >= limits::GROUP_ROWS_MAX {
                return Ok(());
            }
            if let Value::Id(target) = value
                && *target != id
                && let Some(above) = self.blueprints.with_prefix(target.prefix())
            {
                self.needed.row(above, *target);
                if above.cascades_to(object, place) {
                    self.needed.document(DocumentKind::DeletedAlong, *target);
                }
            } else if field.unique {
                self.value(object, place, value);
            }
        }
        let along = workspace.document(DocumentKind::DeletedAlong, id)?;
        for child in along.map_or_else(|| Ok(Vec::new()), |content| read_along(&content))? {
            if self.needed.len() < limits::GROUP_ROWS_MAX
                && let Some(object) = self.blueprints.with_prefix(child.prefix())
            {
                self.binned(object, child);
            }
        }
        Ok(())
    }

    /// Records that have a value.
    fn value(&mut self, object: &'b Blueprint, place: usize, value: &Value) {
        let Some(field) = object.entity.fields.get(place) else {
            return;
        };
        // In the form in which it is kept. A value that does not fit is refused later.
        let kept = validate::shaped(field, value.clone())
            .and_then(|value| validate::fitting(field, value));
        if let Ok(kept) = kept
            && !kept.is_null()
        {
            self.needed
                .holders(object, place, kept, limits::PREFETCH_HOLDERS_MAX);
        }
    }

    /// The details of a master that a roll-up summary field will be computed from.
    fn details(&mut self, object: &'b Blueprint, place: usize, master: RecordId) {
        let mut summaries = object.counts_in.iter();
        let counts = summaries.any(|summary| {
            let summary = self.blueprints.summary(*summary);
            summary.is_some_and(|summary| summary.foreign_key == place)
        });
        if counts {
            let master = Value::Id(master);
            self.needed
                .holders(object, place, master, limits::PREFETCH_CHILDREN_MAX);
        }
    }

    /// The objects that a group serves which is the owner of a record.
    fn served(&mut self, object: &Blueprint, place: usize, owner: &Blueprint, value: &Value) {
        if object.system.owner == Some(place)
            && owner.entity.name.as_str() == GROUP
            && let Some(served) = self.blueprints.named(SERVED)
            && let Some(place) = served.entity.index_of(SERVED_BY)
        {
            let most = limits::PREFETCH_CHILDREN_MAX;
            self.needed.holders(served, place, value.clone(), most);
        }
    }

    /// The records that refer to one that is deleted.
    fn children(&mut self, object: &'b Blueprint, parent: RecordId) {
        for children in object.children() {
            let Some(child) = self.blueprints.with_prefix(children.child) else {
                continue;
            };
            let most = match children.delete_rule {
                DeleteRule::Restrict => limits::PREFETCH_HOLDERS_MAX,
                DeleteRule::Cascade | DeleteRule::Clear => limits::PREFETCH_CHILDREN_MAX,
            };
            self.needed
                .holders(child, children.place, Value::Id(parent), most);
        }
        self.deleted.push((object, parent));
        self.half(object, parent);
    }

    /// What the deletion of a record cascades to, now that its children have been read: their children in turn.
    fn cascade(&mut self, workspace: &Workspace<'_>, object: &'b Blueprint, parent: RecordId) {
        for children in object.children() {
            if children.delete_rule != DeleteRule::Cascade {
                continue;
            }
            let Some(child) = self.blueprints.with_prefix(children.child) else {
                continue;
            };
            let along = workspace.read_ahead(child, children.place, &Value::Id(parent));
            for id in along {
                if self.needed.len() < limits::GROUP_ROWS_MAX {
                    self.children(child, id);
                }
            }
        }
    }
}
