//! What a user may do: one decision for every surface.
//!
//! A profile and the permission sets that a user is assigned grant; nothing denies. Their union is an [`Access`]: the
//! permissions of the system, what may be done with each object, and the org as this user sees it, which is a set of
//! definitions without what they may not see. A describe, a query or a request with values that resolves names by those
//! definitions needs no other check; the planner checks each change once more. An [`Access`] is shared by all users with
//! the same profile and sets, and users who may see everything have the org's own definitions.
//! What follows from the rows is in `grants`, the org as a user sees it in `view`, that of events in `mask`, and who has which rights in `rights`.
//! Source: "Object Permissions", "Field Permissions", "Permission Sets" (Salesforce Help). Sharing is not looked at.

mod engine;
mod grants;
mod hidden;
mod mask;
mod org_view;
mod rights;
mod view;
mod withheld;

use std::collections::BTreeSet;
use std::sync::Arc;

use landfall_model::{
    EntityDefinition, FieldName, PlatformEventDefinition, RecordFault, RecordId, RecordType,
};

use crate::definitions::Definitions;
use crate::object_access::{Act, ObjectAccess};
use crate::permissions::Permissions;
use crate::touched::USER;
use hidden::Hidden;
use mask::Masks;
use withheld::Withheld;

pub(crate) use grants::Grants;
pub use org_view::OrgView;
pub(crate) use rights::AllRights;
pub use rights::Rights;
pub use withheld::HiddenPart;

/// What the users with one profile and the same permission sets may do, and the org as they see it.
#[derive(Debug)]
pub struct Access {
    grants: Grants,
    /// The profile's own set, and the assigned ones.
    sets: Vec<RecordId>,
    /// What the org consists of.
    whole: Arc<Definitions>,
    /// What they see of it.
    seen: Arc<Definitions>,
    masks: Masks,
    hidden: Hidden,
}

impl Access {
    pub(crate) fn new(grants: Grants, sets: Vec<RecordId>, whole: &Arc<Definitions>) -> Self {
        Self {
            seen: view::of(&grants, whole),
            whole: Arc::clone(whole),
            grants,
            sets,
            masks: Masks::default(),
            hidden: Hidden::default(),
        }
    }

    /// The same without what a fault hides.
    fn withholding(&self, withheld: Withheld) -> Self {
        let grants = self.grants.withholding(withheld);
        Self::new(grants, self.sets.clone(), &self.whole)
    }

    /// What they may do with the system.
    pub const fn permissions(&self) -> Permissions {
        self.grants.permissions
    }

    /// The custom permissions that they have, by name in small letters.
    pub(crate) const fn custom_permissions(&self) -> &Arc<BTreeSet<String>> {
        self.grants.custom_permissions()
    }

    /// The org as they see it: without objects, fields and events that they may not read. Of what they may only read it
    /// says that it is not created and not changed. The schemas of events are whole, as they are for everybody.
    pub const fn definitions(&self) -> &Arc<Definitions> {
        &self.seen
    }

    /// What they see of other definitions, such as those that are staged.
    pub fn seen_of(&self, whole: &Arc<Definitions>) -> Arc<Definitions> {
        view::of(&self.grants, whole)
    }

    /// Whether they see all that there is: every object, field and event, and may change them.
    #[inline]
    pub fn is_whole(&self) -> bool {
        Arc::ptr_eq(&self.whole, &self.seen)
    }

    /// What they may do with an object.
    pub fn object(&self, entity: &EntityDefinition) -> ObjectAccess {
        self.grants.object(entity)
    }

    /// Whether they may do this with records of an object.
    pub fn may(&self, act: Act, entity: &EntityDefinition) -> bool {
        self.object(entity).allows(act)
    }

    /// The same as a verdict.
    ///
    /// # Errors
    /// [`RecordFault::AccessDenied`].
    pub fn check(&self, act: Act, entity: &EntityDefinition) -> Result<(), RecordFault> {
        if self.may(act, entity) {
            Ok(())
        } else {
            Err(RecordFault::AccessDenied)
        }
    }

    /// Whether they see every record of an object, also of other owners: what it takes to receive its changes.
    ///
    /// Source: "Required Permissions" (Change Data Capture Developer Guide): users need a permission of their own, and so
    /// does what has no such permission.
    pub fn sees_all(&self, entity: &EntityDefinition) -> bool {
        if !self.grants.permissions.api_enabled {
            return false;
        }
        if entity.name.as_str() == USER {
            self.grants.permissions.view_all_users
        } else {
            self.object(entity).view_all
        }
    }

    /// What they may do with a platform event: reading is subscribing, creating is publishing.
    ///
    /// Source: "Platform Event Permissions" (Platform Events Developer Guide); [`landfall_model::EventReaders`].
    pub fn event(&self, event: &PlatformEventDefinition) -> ObjectAccess {
        // Events are delivered over APIs alone: a subscription that is open falls silent.
        if self.grants.permissions.api_enabled {
            self.grants.event(event)
        } else {
            ObjectAccess::default()
        }
    }

    /// Fields of an object of the org that they do not see, components of compounds among them; none for most.
    pub fn hidden<'e>(
        &'e self,
        entity: &'e EntityDefinition,
    ) -> impl Iterator<Item = &'e FieldName> + 'e {
        let seen = self.seen.catalog().entity(entity.name.as_str());
        let is_seen = move |name: &FieldName| seen?.field(name.as_str());
        let fields = entity.fields.iter().map(|field| &field.name);
        let all = self.is_whole();
        fields.filter(move |name| !all && is_seen(name).is_none())
    }

    /// The record types of an object, with those that they can use.
    pub(crate) fn record_types(&self, entity: &EntityDefinition) -> &[RecordType] {
        let seen = self.seen.catalog().entity(entity.name.as_str());
        seen.map_or(&[], |seen| seen.record_types.as_slice())
    }

    /// Whether they may give a field of an object a value.
    pub(crate) fn may_edit(&self, entity: &EntityDefinition, place: usize) -> bool {
        let field = entity.fields.get(place);
        field.is_none_or(|field| self.grants.field(entity, field).edit)
    }

    /// The sets that grant.
    pub(crate) fn sets(&self) -> &[RecordId] {
        &self.sets
    }

    /// What the org consists of, as far as this knows.
    pub(crate) const fn whole(&self) -> &Arc<Definitions> {
        &self.whole
    }
}
