//! What calendar events and their invitations read: the invitees, the other invitations of an event, and the entries of
//! its users.

use std::collections::HashSet;

use landfall_model::{FieldDefinition, RecordId, Value, limits};
use landfall_store::DocumentKind;

use super::Ahead;
use crate::blueprint::Blueprint;
use crate::error::Error;
use crate::plan::{EVENT, INVITATION, read_half};
use crate::rows::read;
use crate::workspace::Workspace;

/// What goes on once it has been read.
#[derive(Default)]
pub(super) struct Invitations {
    /// Events and invitations among what is needed.
    changed: Vec<RecordId>,
    /// Events of which all invitations are among what is needed.
    of_events: Vec<RecordId>,
    /// Invitations and entries whose other half is among what is needed, and whether that goes or comes along.
    halves: Vec<(RecordId, bool)>,
    /// Those that were looked at.
    seen: HashSet<RecordId>,
}

impl Invitations {
    /// What has been asked for since the last time.
    pub(super) fn take(&mut self) -> Self {
        Self {
            changed: std::mem::take(&mut self.changed),
            of_events: std::mem::take(&mut self.of_events),
            halves: std::mem::take(&mut self.halves),
            seen: HashSet::new(),
        }
    }
}

impl Ahead<'_> {
    /// A record that is changed, if it is an event or an invitation.
    pub(super) fn changed(&mut self, object: &Blueprint, id: RecordId) {
        if [EVENT, INVITATION].contains(&object.entity.name.as_str()) {
            self.invitations.changed.push(id);
        }
    }

    /// A reference of a record: that of an invitation to its event needs the other invitations.
    pub(super) fn invited(&mut self, object: &Blueprint, field: &FieldDefinition, id: RecordId) {
        let is_invitation = object.entity.name.as_str() == INVITATION;
        if is_invitation && field.name.as_str() == "EventId" {
            self.invitations_of(id);
        }
    }

    /// The invitees in a list.
    pub(super) fn listed(&mut self, list: &Value) {
        let ids = list.as_text().unwrap_or_default().split(';');
        for id in ids.filter_map(|id| RecordId::parse(id.trim()).ok()) {
            if self.needed.len() < limits::GROUP_ROWS_MAX
                && let Some(people) = self.blueprints.with_prefix(id.prefix())
            {
                self.needed.row(people, id);
            }
        }
    }

    /// A record that goes to the recycle bin or comes back, if it may have another half.
    pub(super) fn half(&mut self, object: &Blueprint, id: RecordId) {
        let may_have = [EVENT, INVITATION].contains(&object.entity.name.as_str());
        if may_have && self.invitations.seen.insert(id) {
            self.needed.document(DocumentKind::Invitation, id);
            self.invitations.halves.push((id, true));
            self.invitations.changed.push(id);
        }
    }

    fn invitations_of(&mut self, event: RecordId) {
        let Some(object) = self.blueprints.named(INVITATION) else {
            return;
        };
        let Some(place) = object.entity.index_of("EventId") else {
            return;
        };
        let most = limits::PREFETCH_CHILDREN_MAX;
        self.needed.holders(object, place, Value::Id(event), most);
        self.invitations.of_events.push(event);
    }

    /// What follows from what has been read.
    pub(super) fn with_invitations(
        &mut self,
        workspace: &Workspace<'_>,
        read_now: Invitations,
    ) -> Result<(), Error> {
        for id in read_now.changed {
            self.with_changed(workspace, id);
        }
        for event in read_now.of_events {
            self.with_invitations_of(workspace, event);
        }
        for (id, goes_along) in read_now.halves {
            if self.needed.len() >= limits::GROUP_ROWS_MAX {
                return Ok(());
            }
            let Some(content) = workspace.document(DocumentKind::Invitation, id)? else {
                continue;
            };
            let other = read_half(&content)?;
            let Some(object) = self.blueprints.with_prefix(other.prefix()) else {
                continue;
            };
            self.needed.row(object, other);
            if goes_along && !self.invitations.seen.contains(&other) {
                self.children(object, other);
            }
        }
        Ok(())
    }

    /// An event, or the event of an invitation, with all of its invitations.
    fn with_changed(&mut self, workspace: &Workspace<'_>, id: RecordId) {
        let object = self.blueprints.with_prefix(id.prefix());
        let (Some(object), Some(row)) = (object, workspace.known_row(id)) else {
            return;
        };
        let value = |name| read(&row, object.entity.index_of(name));
        if object.entity.name.as_str() == EVENT {
            if value("IsGroupEvent").as_bool() == Some(true) {
                self.invitations_of(id);
            }
        } else if let Some(event) = value("EventId").as_id()
            && let Some(events) = self.blueprints.with_prefix(event.prefix())
        {
            self.needed.row(events, event);
            self.invitations_of(event);
        }
    }

    /// The entries of an event that is changed, by its invitations.
    fn with_invitations_of(&mut self, workspace: &Workspace<'_>, event: RecordId) {
        let Some(object) = self.blueprints.named(INVITATION) else {
            return;
        };
        let Some(place) = object.entity.index_of("EventId") else {
            return;
        };
        for id in workspace.read_ahead(object, place, &Value::Id(event)) {
            if self.needed.len() < limits::GROUP_ROWS_MAX && self.invitations.seen.insert(id) {
                self.needed.document(DocumentKind::Invitation, id);
                self.invitations.halves.push((id, false));
            }
        }
    }
}
