//! Invitees of calendar events: each invitation is a record, and each invited user has an entry of their own.
//!
//! The entry of a user is an event too: a child, which follows the event, except for its owner and reminder, and which
//! comes and goes with the invitation. Contacts and leads have an invitation alone. An event with invitees is a group
//! event, and lists them by what they have answered. The order is that of the change events: the event, the entry, the
//! invitation.
//! Source: "Event Invitees" (Change Data Capture Developer Guide); "Event", "`EventRelation`" (Object Reference), without
//! Shared Activities.

use std::collections::HashSet;
use std::sync::Arc;

use landfall_model::limits::EVENT_INVITEES_MAX;
use landfall_model::{
    ChangeType, Fault, FieldDefinition, FieldFault, FieldType, RecordId, Row, Value, ValueFault,
};
use landfall_store::{Document, DocumentKind};
use serde::{Deserialize, Serialize};

use super::{Cause, Planner};
use crate::blueprint::Blueprint;
use crate::command::Assignment;
use crate::error::Error;
use crate::rows::{read, write};
use crate::{stored, validate};

pub(crate) const EVENT: &str = "Event";
pub(crate) const INVITATION: &str = "EventRelation";

/// The lists of an event, with the answer of those in it. Who has neither accepted nor declined is undecided.
const LISTS: [(&str, &str); 3] = [
    ("AcceptedEventInviteeIds", "Accepted"),
    ("DeclinedEventInviteeIds", "Declined"),
    ("UndecidedEventInviteeIds", UNDECIDED),
];
const UNDECIDED: &str = "New";

/// What an entry has for itself.
const OWN: [&str; 10] = [
    "OwnerId",
    "IsChild",
    "IsDeleted",
    "CreatedDate",
    "CreatedById",
    "LastModifiedDate",
    "LastModifiedById",
    "SystemModstamp",
    "IsReminderSet",
    "ReminderDateTime",
];

/// What clients can change of an entry.
const CHANGEABLE: [&str; 2] = ["IsReminderSet", "ReminderDateTime"];

const WHAT: &str = "entry of an invitation";

/// The entry of an invitation, or the invitation of an entry, as it is stored.
#[derive(Serialize, Deserialize)]
struct Half {
    other: String,
}

impl<'p> Planner<'p, '_> {
    /// Prepares a new invitation: the event becomes a group event, and a user gets an entry.
    pub(super) fn invite(
        &mut self,
        object: &Blueprint,
        row: &mut Row,
        id: RecordId,
    ) -> Result<(), Error> {
        if !is_invitation(object) {
            return Ok(());
        }
        let events = self.named(EVENT)?;
        let (Some(event), Some(invitee)) = (event_of(object, row), invitee_of(object, row)) else {
            return Ok(());
        };
        let Some(mut before) = self.workspace.row(events, event)? else {
            return Ok(());
        };
        if flag(events, &before, "IsChild") {
            return Err(refuse(object, "EventId", "A child event has no invitees."));
        }
        let invitations = self.invitations(object, event)?;
        if let Some((record, _)) = invitations
            .iter()
            .find(|(_, row)| invitee_of(object, row) == Some(invitee))
        {
            return Err(Fault::Value(ValueFault::Duplicate {
                field: field_name(object, "RelationId"),
                record: *record,
            })
            .into());
        }
        if invitations.len() >= EVENT_INVITEES_MAX {
            return Err(too_many(object, "EventId"));
        }
        let status = object.entity.index_of("Status");
        if read(row, status).is_null() {
            write(row, status, Value::Text(UNDECIDED.to_owned()));
        }
        if !flag(events, &before, "IsGroupEvent") {
            self.regroup(events, event, before, true);
            before = self.workspace.row(events, event)?.unwrap_or_default();
        }
        let users = self.named("User")?.entity.key_prefix;
        if invitee.prefix() == users {
            self.enter(events, &before, invitee, id);
        }
        Ok(())
    }

    /// Makes the entry of an invited user.
    fn enter(&mut self, events: &Blueprint, event: &Row, user: RecordId, invitation: RecordId) {
        let id = self.numbers.record_id(events.entity.key_prefix);
        let mut entry = events.blank.clone();
        copy(events, event, &mut entry);
        self.number(events, &mut entry);
        let system = &events.system;
        write(&mut entry, system.id, Value::Id(id));
        write(&mut entry, system.owner, Value::Id(user));
        let stamp = Value::DateTime(self.now.whole_second());
        write(&mut entry, system.created_date, stamp);
        // What the org does to itself is the doing of the event's creator.
        let by = Some(self.user).filter(|user| *user != RecordId::EMPTY);
        let by = by.map_or_else(|| read(event, system.created_by).clone(), Value::Id);
        write(&mut entry, system.created_by, by.clone());
        write(&mut entry, system.last_modified_by, by);
        self.touch(events, &mut entry);
        let is_child = events.entity.index_of("IsChild");
        write(&mut entry, is_child, Value::Boolean(true));
        let change = (ChangeType::Create, Cause::Consequence);
        self.step(events, id, None, entry, change);
        for (half, other) in [(invitation, id), (id, invitation)] {
            let other = other.to_string();
            let key = half.to_string();
            self.workspace.put_document(stored::document(
                DocumentKind::Invitation,
                key,
                &Half { other },
            ));
        }
    }

    /// Does what follows from new values of an event: invites whom its lists name, and changes its entries.
    pub(super) fn follow(
        &mut self,
        object: &Blueprint,
        id: RecordId,
        before: Option<&Row>,
        given: &[usize],
    ) -> Result<(), Error> {
        if object.entity.name.as_str() != EVENT {
            return Ok(());
        }
        if let Some(before) = before
            && flag(object, before, "IsGroupEvent")
            && !flag(object, before, "IsChild")
        {
            self.mirror(object, id, before)?;
        }
        let is_given = |list: &&(&str, &str)| {
            let place = object.entity.index_of(list.0);
            place.is_some_and(|place| given.contains(&place))
        };
        let lists: Vec<_> = LISTS.iter().filter(is_given).copied().collect();
        if lists.is_empty() {
            return Ok(());
        }
        self.invite_listed(object, id, &lists)?;
        self.settle(id)
    }

    /// Makes the entries of an event as the event is now.
    fn mirror(&mut self, events: &Blueprint, id: RecordId, before: &Row) -> Result<(), Error> {
        let Some(event) = self.workspace.row(events, id)? else {
            return Ok(());
        };
        let mut fields = events.entity.fields.iter().enumerate();
        if fields.all(|(place, field)| !is_copied(field) || before.get(place) == event.get(place)) {
            return Ok(());
        }
        let relations = self.named(INVITATION)?;
        let invitations = self.invitations(relations, id)?;
        for (invitation, _) in invitations {
            let Some(entry) = self.half_of(invitation)? else {
                continue;
            };
            let Some(before) = self.workspace.row(events, entry)? else {
                continue;
            };
            if events.is_deleted(&before) {
                continue;
            }
            let mut after = Row::clone(&before);
            copy(events, &event, &mut after);
            self.touch(events, &mut after);
            let change = (ChangeType::Update, Cause::Consequence);
            self.step(events, entry, Some(before), after, change);
        }
        Ok(())
    }

    /// Makes the invitations of an event those that its lists name. Lists that are not set stay as they are, except for
    /// invitees that are in another one now.
    fn invite_listed(
        &mut self,
        events: &Blueprint,
        id: RecordId,
        lists: &[(&str, &str)],
    ) -> Result<(), Error> {
        let relations = self.named(INVITATION)?;
        let row = self.workspace.row(events, id)?.unwrap_or_default();
        let mut wanted: Vec<(RecordId, &str)> = Vec::new();
        let mut seen = HashSet::new();
        for (list, status) in lists {
            for invitee in listed(events, &row, list)? {
                if !seen.insert(invitee) {
                    return Err(refuse(events, list, "An invitee is listed twice."));
                }
                if seen.len() > EVENT_INVITEES_MAX {
                    return Err(too_many(events, list));
                }
                wanted.push((invitee, status));
            }
        }
        let mut known = HashSet::new();
        for (invitation, row) in self.invitations(relations, id)? {
            let Some(invitee) = invitee_of(relations, &row) else {
                continue;
            };
            known.insert(invitee);
            let answered = answer_of(relations, &row);
            match wanted.iter().find(|(other, _)| *other == invitee) {
                Some((_, status)) if *status == answered => {}
                Some((_, status)) => {
                    let status = assignment(relations, "Status", Value::Text((*status).into()));
                    self.update(relations, invitation, status.into_iter().collect(), None)?;
                }
                None if lists.iter().any(|(_, status)| *status == answered) => {
                    self.delete(relations, invitation)?;
                }
                None => {}
            }
        }
        for (invitee, status) in wanted {
            if known.contains(&invitee) {
                continue;
            }
            let values = [
                assignment(relations, "EventId", Value::Id(id)),
                assignment(relations, "RelationId", Value::Id(invitee)),
                assignment(relations, "Status", Value::Text(status.to_owned())),
            ];
            self.create(relations, values.into_iter().flatten().collect())?;
        }
        Ok(())
    }

    /// Brings the events whose invitations have changed since in step with them.
    pub(super) fn settle_invitees(&mut self, since: usize) -> Result<(), Error> {
        let mut events: Vec<RecordId> = Vec::new();
        for step in self.steps.iter().skip(since) {
            if step.entity.name.as_str() == INVITATION
                && let Some(event) = read(&step.after, step.entity.index_of("EventId")).as_id()
            {
                events.push(event);
            }
        }
        events.sort_unstable();
        events.dedup();
        for event in events {
            self.settle(event)?;
        }
        Ok(())
    }

    /// Whether an event is a group event, and its lists.
    fn settle(&mut self, event: RecordId) -> Result<(), Error> {
        let (events, relations) = (self.named(EVENT)?, self.named(INVITATION)?);
        let Some(before) = self.workspace.row(events, event)? else {
            return Ok(());
        };
        if events.is_deleted(&before) {
            return Ok(());
        }
        let invitations = self.invitations(relations, event)?;
        let mut after = Row::clone(&before);
        for (list, status) in LISTS {
            let invitees = invitations.iter();
            let invitees = invitees.filter(|(_, row)| answer_of(relations, row) == status);
            let ids: Vec<String> = invitees
                .filter_map(|(_, row)| Some(invitee_of(relations, row)?.to_string()))
                .collect();
            let ids = (!ids.is_empty()).then(|| Value::Text(ids.join(";")));
            let place = events.entity.index_of(list);
            write(&mut after, place, ids.unwrap_or_default());
        }
        if after != *before {
            // No field that events contain.
            let after = Arc::new(after);
            self.workspace
                .put(&events.entity, event, Some(&before), Arc::clone(&after));
        }
        let is_group = !invitations.is_empty();
        if is_group != flag(events, &before, "IsGroupEvent") {
            let before = self.workspace.row(events, event)?.unwrap_or(before);
            self.regroup(events, event, before, is_group);
        }
        Ok(())
    }

    /// Makes an event a group event, or an ordinary one.
    fn regroup(&mut self, events: &Blueprint, id: RecordId, before: Arc<Row>, is_group: bool) {
        let mut after = Row::clone(&before);
        let mut set = |name, value| write(&mut after, events.entity.index_of(name), value);
        set("IsGroupEvent", Value::Boolean(is_group));
        let kind = if is_group { "1" } else { "0" };
        set("GroupEventType", Value::Text(kind.to_owned()));
        self.touch(events, &mut after);
        let change = (ChangeType::Update, Cause::Consequence);
        self.step(events, id, Some(before), after, change);
    }

    /// The invitations of an event, in the order in which they were made.
    fn invitations(
        &mut self,
        relations: &Blueprint,
        event: RecordId,
    ) -> Result<Vec<(RecordId, Arc<Row>)>, Error> {
        let Some(place) = relations.entity.index_of("EventId") else {
            return Ok(Vec::new());
        };
        let event = Value::Id(event);
        let most = EVENT_INVITEES_MAX.saturating_add(1);
        Ok(self.workspace.live_where(relations, place, &event, most)?)
    }

    /// The entry of an invitation, or the invitation of an entry: what comes and goes with it.
    pub(super) fn other_half(
        &self,
        object: &Blueprint,
        row: &Row,
    ) -> Result<Option<(&'p Blueprint, RecordId)>, Error> {
        let is_entry = object.entity.name.as_str() == EVENT && flag(object, row, "IsChild");
        let Some(id) = read(row, object.system.id).as_id() else {
            return Ok(None);
        };
        if !is_entry && !is_invitation(object) {
            return Ok(None);
        }
        let Some(other) = self.half_of(id)? else {
            return Ok(None);
        };
        let object = self.blueprints.with_prefix(other.prefix());
        Ok(object.map(|object| (object, other)))
    }

    fn half_of(&self, id: RecordId) -> Result<Option<RecordId>, Error> {
        let half = self.workspace.document(DocumentKind::Invitation, id)?;
        half.map(|half| read_half(&half)).transpose()
    }

    /// Forgets what an invitation or an entry belongs with, since it is gone for good.
    pub(super) fn forget_half(&mut self, object: &Blueprint, row: &Row) -> Result<(), Error> {
        if self.other_half(object, row)?.is_some()
            && let Some(id) = read(row, object.system.id).as_id()
        {
            self.workspace.put_document(Document {
                kind: DocumentKind::Invitation,
                key: id.to_string(),
                content: None,
            });
        }
        Ok(())
    }

    /// Whether a record is the invitation of somebody who is gone for good: it stays in the recycle bin.
    pub(super) fn invites_nobody(&mut self, object: &Blueprint, row: &Row) -> Result<bool, Error> {
        if !is_invitation(object) {
            return Ok(false);
        }
        let Some(invitee) = invitee_of(object, row) else {
            return Ok(false);
        };
        match self.blueprints.with_prefix(invitee.prefix()) {
            Some(people) => Ok(self.workspace.row(people, invitee)?.is_none()),
            None => Ok(true),
        }
    }
}

/// Refuses changes of an entry that are not its owner's to make.
///
/// Source: "Event" (Object Reference), `IsChild`.
pub(super) fn check_entry(object: &Blueprint, before: &Row, given: &[usize]) -> Result<(), Fault> {
    if object.entity.name.as_str() != EVENT || !flag(object, before, "IsChild") {
        return Ok(());
    }
    let fields = given.iter();
    let fields = fields.filter_map(|place| object.entity.fields.get(*place));
    let fields: Vec<_> = fields
        .filter(|field| !CHANGEABLE.contains(&field.name.as_str()))
        .map(|field| field.name.clone())
        .collect();
    if fields.is_empty() {
        return Ok(());
    }
    Err(Fault::Field(FieldFault::ReadOnly { fields }))
}

fn is_invitation(object: &Blueprint) -> bool {
    object.entity.name.as_str() == INVITATION
}

fn event_of(relations: &Blueprint, row: &Row) -> Option<RecordId> {
    read(row, relations.entity.index_of("EventId")).as_id()
}

fn invitee_of(relations: &Blueprint, row: &Row) -> Option<RecordId> {
    read(row, relations.entity.index_of("RelationId")).as_id()
}

/// What an invitee has answered.
fn answer_of(relations: &Blueprint, row: &Row) -> &'static str {
    let status = read(row, relations.entity.index_of("Status")).as_text();
    let mut answers = LISTS.iter().map(|(_, answer)| *answer);
    let answer = answers.find(|answer| status == Some(answer));
    answer.unwrap_or(UNDECIDED)
}

fn flag(object: &Blueprint, row: &Row, name: &str) -> bool {
    let value = read(row, object.entity.index_of(name));
    value.as_bool().unwrap_or(false)
}

/// The ids in a list of an event.
fn listed(events: &Blueprint, row: &Row, list: &str) -> Result<Vec<RecordId>, Error> {
    let Some((place, field)) = events.entity.field(list) else {
        return Ok(Vec::new());
    };
    let ids = read(row, Some(place)).as_text().unwrap_or_default();
    let ids = ids.split(';').filter(|id| !id.is_empty());
    let ids = ids.map(|id| {
        RecordId::parse(id).map_err(|_| {
            let fault = ValueFault::IdMalformed {
                field: validate::subject(field),
                value: id.to_owned(),
            };
            Fault::Value(fault).into()
        })
    });
    ids.collect()
}

/// Whether an entry has the value of the event.
fn is_copied(field: &FieldDefinition) -> bool {
    let kind = field.field_type;
    let is_own = OWN.contains(&field.name.as_str()) || field.unique || field.auto_number.is_some();
    field.stored() && !is_own && kind != FieldType::Id && kind != FieldType::JunctionIdList
}

/// Gives an entry what it has of the event.
fn copy(events: &Blueprint, event: &Row, entry: &mut Row) {
    for (place, field) in events.entity.fields.iter().enumerate() {
        if is_copied(field) {
            let value = read(event, Some(place)).clone();
            write(entry, Some(place), value);
        }
    }
}

pub(crate) fn read_half(content: &[u8]) -> Result<RecordId, Error> {
    let Half { other } = stored::read(WHAT, content)?;
    RecordId::parse(&other).map_err(|_| Error::Document {
        what: WHAT,
        reason: format!("{other} is no record id"),
    })
}

fn assignment(object: &Blueprint, name: &str, value: Value) -> Option<Assignment> {
    Some((object.entity.index_of(name)?, value))
}

fn field_name(object: &Blueprint, name: &'static str) -> landfall_model::FieldName {
    let field = object.entity.field(name);
    field.map_or_else(
        || landfall_model::FieldName::new(name),
        |(_, field)| field.name.clone(),
    )
}

fn too_many(object: &Blueprint, name: &str) -> Error {
    let reason = format!("An event has at most {EVENT_INVITEES_MAX} invitees.");
    refuse(object, name, &reason)
}

fn refuse(object: &Blueprint, name: &str, reason: &str) -> Error {
    match object.entity.field(name) {
        Some((_, field)) => Fault::Value(ValueFault::Refused {
            field: validate::subject(field),
            reason: reason.to_owned(),
        })
        .into(),
        None => crate::report::defect("a field of an invitation does not exist").into(),
    }
}
