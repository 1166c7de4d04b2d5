//! What grants read: the others of the same permission set or user, and the permission set of a profile.

use landfall_model::{RecordId, Value, limits};

use super::Ahead;
use crate::blueprint::Blueprint;
use crate::plan::granted_once;
use crate::rows::read;
use crate::workspace::Workspace;

impl<'b> Ahead<'b> {
    /// A value of a record, if it is the permission set or user of a grant.
    pub(super) fn grants_of(&mut self, object: &'b Blueprint, place: usize, value: &Value) {
        let of = granted_once(&object.entity).and_then(|(of, _)| object.entity.index_of(of));
        if of == Some(place) {
            let most = limits::PREFETCH_CHILDREN_MAX;
            self.needed.holders(object, place, value.clone(), most);
        }
    }

    /// The other grants of one that is changed, now that it has been read.
    pub(super) fn with_grants(
        &mut self,
        workspace: &Workspace<'_>,
        object: &'b Blueprint,
        id: RecordId,
    ) {
        if let Some((of, _)) = granted_once(&object.entity)
            && let Some(place) = object.entity.index_of(of)
            && let Some(row) = workspace.known_row(id)
        {
            self.grants_of(object, place, read(&row, Some(place)));
        }
    }

    /// The permission set of a profile that is changed or deleted.
    pub(super) fn set_of_profile(&mut self, object: &Blueprint, id: RecordId) {
        if object.entity.name.as_str() == "Profile"
            && let Some(sets) = self.blueprints.named("PermissionSet")
            && let Some(place) = sets.entity.index_of("ProfileId")
        {
            let most = limits::PREFETCH_HOLDERS_MAX;
            self.needed.holders(sets, place, Value::Id(id), most);
        }
    }
}
