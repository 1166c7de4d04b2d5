//! What one change does to the rows: validation, system fields, cascades.
//!
//! The checks come in the documented order, and the first that fails is reported: the object takes the
//! operation, the user may do it, the record is there, the fields may be written, values are of their type and fit, references exist,
//! required fields are there, the object's own rules hold, unique fields are unique.
//! Source: "Triggers and Order of Execution" (Apex Developer Guide).

mod convert;
mod currency;
mod delete;
mod files;
mod filters;
mod granting;
mod history;
mod invitees;
mod members;
mod merge;
mod permissions;
mod persons;
mod prices;
mod primary;
mod purge;
mod queues;
mod record_type;
mod roll_up;
mod rules;
mod setting;
mod stream;

use std::sync::Arc;

use landfall_model::fault::Operation;
use landfall_model::{
    ChangeType, ConversionFault, Date, EntityDefinition, Fault, FieldDefinition, FieldFault,
    FieldName, FieldType, RecordFault, RecordId, RequestFault, Row, Timestamp, Value, ValueFault,
    limits,
};

use crate::access::Access;
use crate::blueprint::{Blueprint, Blueprints};
use crate::command::{Assignment, Change, Saved};
use crate::error::Error;
use crate::numbers::Numbers;
use crate::object_access::Act;
use crate::rows::{read, write};
use crate::workspace::{Savepoint, Workspace};
use crate::{derive, validate};

pub(crate) use invitees::{EVENT, INVITATION, read_half};
pub(crate) use permissions::granted_once;
pub(crate) use persons::other_of_person;
pub(crate) use purge::read_along;
pub(crate) use roll_up::Due;

/// Why a row changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// It was asked for.
    Request,
    /// It follows from the change of another row: `PushTopics` do not notify of it.
    /// Source: "Supported `PushTopic` Queries" and "PushTopic" for cascades and roll-ups.
    Consequence,
}

/// One row before and after.
pub(crate) struct Step {
    pub(crate) entity: Arc<EntityDefinition>,
    pub(crate) id: RecordId,
    pub(crate) before: Option<Arc<Row>>,
    pub(crate) after: Arc<Row>,
    pub(crate) change: ChangeType,
    pub(crate) cause: Cause,
}

/// A place in a transaction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    savepoint: Savepoint,
    steps: usize,
    due: usize,
}

/// Plans the changes of one transaction.
pub(crate) struct Planner<'p, 'w> {
    pub(crate) workspace: &'p mut Workspace<'w>,
    pub(crate) blueprints: &'p Blueprints,
    pub(crate) numbers: &'p mut Numbers,
    pub(crate) user: RecordId,
    /// What the user may do; none: everything, since the org does it to itself.
    pub(crate) access: Option<Arc<Access>>,
    pub(crate) now: Timestamp,
    /// What the transaction has done so far, in order.
    pub(crate) steps: Vec<Step>,
    /// What [`Self::roll_up`] has to compute.
    pub(crate) due: Vec<Due>,
}

impl<'p> Planner<'p, '_> {
    /// Makes a change in the workspace.
    pub(crate) fn apply(&mut self, change: Change) -> Result<Saved, Error> {
        let since = self.steps.len();
        let saved = self.change(change)?;
        self.settle_invitees(since)?;
        self.settle_totals(since)?;
        self.settle_members(since)?;
        self.settle_primary(since)?;
        self.settle_persons(since)?;
        self.settle_history(since)?;
        Ok(saved)
    }

    fn change(&mut self, change: Change) -> Result<Saved, Error> {
        match change {
            Change::Create { entity, values } => {
                let values = self.placed(&entity, values)?;
                self.create(self.object(&entity)?, values)
            }
            Change::CreateByService { entity, values } => {
                let values = self.placed(&entity, values)?;
                self.make(self.object(&entity)?, values)
            }
            Change::Update {
                entity,
                id,
                values,
                unmodified_since,
            } => {
                let values = self.placed(&entity, values)?;
                self.update(self.object(&entity)?, id, values, unmodified_since)
            }
            Change::Upsert {
                entity,
                field,
                key,
                values,
                update_only,
            } => {
                let values = self.placed(&entity, values)?;
                let key = self.placed(&entity, vec![(field, key)])?.pop();
                let key = key.ok_or(Fault::Request(RequestFault::ResourceNotFound))?;
                self.upsert(self.object(&entity)?, key, values, update_only)
            }
            Change::Delete { entity, id } => self.delete(self.object(&entity)?, id),
            Change::Undelete { entity, id } => self.undelete(self.object(&entity)?, id),
            Change::Erase { entity, id } => self.erase(self.object(&entity)?, id),
            Change::Purge { entity, id } => self.purge(self.object(&entity)?, id),
            Change::Refused(fault) => Err(fault.into()),
        }
    }

    /// The present, to come back to.
    pub(crate) const fn mark(&self) -> Mark {
        Mark {
            savepoint: self.workspace.savepoint(),
            steps: self.steps.len(),
            due: self.due.len(),
        }
    }

    /// Takes back what was done since.
    pub(crate) fn roll_back(&mut self, to: Mark) {
        self.workspace.roll_back(to.savepoint);
        self.steps.truncate(to.steps);
        self.due.truncate(to.due);
    }

    /// Values that were placed by an older definition, placed by the present one.
    fn placed(
        &self,
        entity: &Arc<EntityDefinition>,
        values: Vec<Assignment>,
    ) -> Result<Vec<Assignment>, Fault> {
        let object = self.object(entity)?;
        if Arc::ptr_eq(&object.entity, entity) {
            return Ok(values);
        }
        values
            .into_iter()
            .filter_map(|(place, value)| Some((entity.fields.get(place)?, value)))
            .map(|(field, value)| {
                let place = object.entity.index_of(field.name.as_str());
                let unknown = || {
                    Fault::Field(FieldFault::Unknown {
                        field: field.name.to_string(),
                        entity: entity.name.clone(),
                    })
                };
                Ok((place.ok_or_else(unknown)?, value))
            })
            .collect()
    }

    fn object(&self, entity: &EntityDefinition) -> Result<&'p Blueprint, Fault> {
        self.blueprints
            .of(entity)
            .ok_or(Fault::Request(RequestFault::ResourceNotFound))
    }

    fn create(&mut self, object: &Blueprint, values: Vec<Assignment>) -> Result<Saved, Error> {
        let entity = &*object.entity;
        if !entity.capabilities.createable {
            return Err(refused(Operation::Create, entity).into());
        }
        self.allow(Act::Create, entity)?;
        self.writable(entity, &values, |field| field.createable)?;
        let saved = self.make(object, values)?;
        self.check_granted_once(object, saved.id)?;
        Ok(saved)
    }

    /// A new record, without a check of the rights to create it and to set these fields.
    fn make(&mut self, object: &Blueprint, values: Vec<Assignment>) -> Result<Saved, Error> {
        let entity = &*object.entity;
        let mut row = object.blank.clone();
        let mut given = assign(entity, &mut row, values)?;
        let file = self.begin_file(object, &mut row, &given)?;
        self.choose_person_type(object, &mut row, &mut given);
        self.settle_record_type(object, &mut row, None, &mut given)?;
        self.settle_setting(object, &mut row, &mut given);
        let mut contact = self.begin_person(object, &mut row, &mut given)?;
        self.compute_defaults(object, &mut row, &mut given)?;
        self.settle_currency(object, &mut row, &given)?;
        self.check_values(object, &mut row, None, &given)?;
        let silent = |place: &usize| !given.contains(place);
        let missing = object.required.iter().filter(|(place, defaulted)| {
            read(&row, Some(*place)).is_null() && !(*defaulted && silent(place))
        });
        required(entity, missing.map(|(place, _)| *place))?;
        self.check(object, &mut row, None, &given)?;
        self.check_contact(object, &row, None)?;
        self.check_filters(object, &row, None)?;
        self.check_rules(object, &row, None)?;
        self.check_unique(object, &row, None, &given)?;
        self.check_granting(object, &mut row, None)?;
        let id = self.numbers.record_id(entity.key_prefix);
        self.number(object, &mut row);
        self.stamp(object, &mut row, id);
        self.invite(object, &mut row, id)?;
        if let Some(contact) = &mut contact {
            self.join_person(object, &mut row, contact);
        }
        let account = contact.is_some().then(|| row.clone());
        let change = (ChangeType::Create, Cause::Request);
        self.step(object, id, None, row, change);
        if let (Some(contact), Some(account)) = (contact, account) {
            self.end_person(object, (id, &account), contact)?;
        }
        self.granted(object, id)?;
        self.end_file(object, id, file)?;
        self.follow(object, id, None, &given)?;
        Ok(Saved { id, created: true })
    }

    /// What every new record has.
    fn stamp(&self, object: &Blueprint, row: &mut Row, id: RecordId) {
        let user = if self.user == RecordId::EMPTY {
            id
        } else {
            self.user
        };
        let stamp = Value::DateTime(self.now.whole_second());
        let system = &object.system;
        write(row, system.id, Value::Id(id));
        if read(row, system.owner).is_null() {
            write(row, system.owner, Value::Id(user));
        }
        write(row, system.created_date, stamp.clone());
        write(row, system.created_by, Value::Id(user));
        write(row, system.last_modified_date, stamp.clone());
        write(row, system.last_modified_by, Value::Id(user));
        write(row, system.system_modstamp, stamp);
    }

    /// Counts a new record.
    fn number(&mut self, object: &Blueprint, row: &mut Row) {
        for auto in &object.auto_numbers {
            let today = Date::of(self.now);
            let number = self.numbers.auto_number(&auto.counter, &auto.format, today);
            write(row, Some(auto.place), Value::Text(number));
        }
    }

    fn update(
        &mut self,
        object: &Blueprint,
        id: RecordId,
        values: Vec<Assignment>,
        unmodified_since: Option<Timestamp>,
    ) -> Result<Saved, Error> {
        let entity = &*object.entity;
        if !entity.capabilities.updateable {
            return Err(refused(Operation::Update, entity).into());
        }
        self.allow(Act::Edit, entity)?;
        let before = self.live(object, id, Fault::Record(RecordFault::NotFound))?;
        if read(&before, object.system.is_converted).as_bool() == Some(true) {
            return Err(Fault::Conversion(ConversionFault::Converted).into());
        }
        if let (Some(limit), Value::DateTime(modified)) = (
            unmodified_since,
            read(&before, object.system.last_modified_date),
        ) && *modified > limit
        {
            return Err(Fault::Request(RequestFault::PreconditionFailed).into());
        }
        self.writable(entity, &values, |field| field.updateable)?;
        let mut row = Row::clone(&before);
        let mut given = assign(entity, &mut row, values)?;
        let bytes = files::take_bytes(object, &mut row, &given)?;
        invitees::check_entry(object, &before, &given)?;
        self.settle_record_type(object, &mut row, Some(&before), &mut given)?;
        if let Some(saved) = self.change_kind(object, (id, &before), &row, &given)? {
            return Ok(saved);
        }
        self.check_person(object, &row, &given)?;
        self.check_values(object, &mut row, Some(&before), &given)?;
        let missing = given.iter().copied().filter(|place| {
            let nillable = entity.fields.get(*place).is_none_or(|field| field.nillable);
            !nillable && read(&row, Some(*place)).is_null()
        });
        required(entity, missing)?;
        self.check(object, &mut row, Some(&before), &given)?;
        self.check_contact(object, &row, Some(&before))?;
        self.check_filters(object, &row, Some(&before))?;
        self.check_rules(object, &row, Some(&before))?;
        self.check_unique(object, &row, Some(id), &given)?;
        self.check_granting(object, &mut row, Some((id, &before)))?;
        self.touch(object, &mut row);
        let change = (ChangeType::Update, Cause::Request);
        self.step(object, id, Some(Arc::clone(&before)), row, change);
        self.check_granted_once(object, id)?;
        self.granted(object, id)?;
        self.keep_bytes(id, bytes);
        self.settle_titles(object, id, &before)?;
        self.follow(object, id, Some(&before), &given)?;
        Ok(Saved { id, created: false })
    }

    fn upsert(
        &mut self,
        object: &Blueprint,
        (place, key): Assignment,
        mut values: Vec<Assignment>,
        update_only: bool,
    ) -> Result<Saved, Error> {
        let entity = &*object.entity;
        let field = entity
            .fields
            .get(place)
            .ok_or(Fault::Request(RequestFault::ResourceNotFound))?;
        let key = validate::shaped(field, key)?;
        if key.is_null() {
            return Err(Fault::Field(FieldFault::Required {
                fields: vec![field.name.clone()],
            })
            .into());
        }
        let found: Vec<RecordId> = self
            .workspace
            .live_where(object, place, &key, limits::REST_RELATED_RECORDS_MAX)?
            .into_iter()
            .map(|(id, _)| id)
            .collect();
        match found.as_slice() {
            [] if update_only => Err(Fault::Record(RecordFault::NotFound).into()),
            [] => {
                values.push((place, key));
                self.create(object, values)
            }
            [id] => self.update(object, *id, values, None),
            _ => Err(Fault::Record(RecordFault::ExternalIdAmbiguous { records: found }).into()),
        }
    }

    /// Whether the user may do this with records of an object.
    fn allow(&self, act: Act, entity: &EntityDefinition) -> Result<(), RecordFault> {
        match &self.access {
            Some(access) => access.check(act, entity),
            None => Ok(()),
        }
    }

    /// Whether the user may give these fields values.
    fn writable(
        &self,
        entity: &EntityDefinition,
        values: &[Assignment],
        may: impl Fn(&FieldDefinition) -> bool,
    ) -> Result<(), Fault> {
        let access = self.access.as_ref();
        let allowed = |place| access.is_none_or(|access| access.may_edit(entity, place));
        let fields: Vec<FieldName> = values
            .iter()
            .filter_map(|(place, _)| Some((*place, entity.fields.get(*place)?)))
            .filter(|(place, field)| {
                let is_id = field.field_type == FieldType::Id;
                !may(field) || !field.stored() || is_id || !allowed(*place)
            })
            .map(|(_, field)| field.name.clone())
            .collect();
        if fields.is_empty() {
            Ok(())
        } else {
            Err(Fault::Field(FieldFault::ReadOnly { fields }))
        }
    }

    /// The row of a record that is not in the recycle bin.
    fn live(
        &mut self,
        object: &Blueprint,
        id: RecordId,
        unknown: Fault,
    ) -> Result<Arc<Row>, Error> {
        let row = self.present(object, id, unknown)?;
        if object.is_deleted(&row) {
            return Err(Fault::Record(RecordFault::Deleted).into());
        }
        Ok(row)
    }

    /// The row of a record that is there or in the recycle bin.
    fn present(
        &mut self,
        object: &Blueprint,
        id: RecordId,
        unknown: Fault,
    ) -> Result<Arc<Row>, Error> {
        if id.prefix() != object.entity.key_prefix {
            return Err(id_of_another_object(object, id).into());
        }
        Ok(self.workspace.row(object, id)?.ok_or(unknown)?)
    }

    /// Every value by itself: brings the given ones into the form in which they are kept.
    fn check_values(
        &mut self,
        object: &Blueprint,
        row: &mut Row,
        before: Option<&Row>,
        given: &[usize],
    ) -> Result<(), Error> {
        let entity = &*object.entity;
        for place in given {
            if let (Some(field), Some(slot)) = (entity.fields.get(*place), row.get_mut(*place)) {
                // A value that was accepted once may be repeated, also when it is no longer active.
                let stored = before.and_then(|before| before.get(*place));
                if field.restricted_picklist && stored == Some(&*slot) {
                    continue;
                }
                let value = std::mem::take(slot);
                *slot = match self.served_object(field, entity, &value) {
                    Some(name) => name,
                    None => validate::fitting(field, value)?,
                };
                record_type::check_offered(object, row, *place, field)?;
            }
        }
        self.check_references(entity, row, given)?;
        self.check_queue(object, row, before, given)
    }

    /// Everything else about a row but who else has its values: what follows from the given values.
    fn check(
        &mut self,
        object: &Blueprint,
        row: &mut Row,
        before: Option<&Row>,
        given: &[usize],
    ) -> Result<(), Error> {
        let entity = &*object.entity;
        let is_given = |name: &str| {
            let place = entity.index_of(name);
            place.is_some_and(|place| given.contains(&place))
        };
        self.settle_price(object, row, before, &is_given)?;
        self.settle_member(object, row, before)?;
        derive::derive(entity, row, before, self.now, &is_given)?;
        self.check_stream(object, row, before)
    }

    fn check_references(
        &mut self,
        entity: &EntityDefinition,
        row: &Row,
        given: &[usize],
    ) -> Result<(), Error> {
        for place in given {
            let (Some(field), Some(Value::Id(id))) = (entity.fields.get(*place), row.get(*place))
            else {
                continue;
            };
            let target = self.blueprints.with_prefix(id.prefix());
            if let Some(target) = target
                && !field.reference_to.contains(&target.entity.name)
            {
                return Err(Fault::Value(ValueFault::IdTypeWrong {
                    field: validate::subject(field),
                    value: id.to_string(),
                })
                .into());
            }
            let alive = match target {
                Some(target) => self
                    .workspace
                    .row(target, *id)?
                    .is_some_and(|row| !target.is_deleted(&row)),
                None => false,
            };
            if !alive {
                return Err(Fault::Value(ValueFault::ReferenceUnknown {
                    field: field.name.clone(),
                })
                .into());
            }
        }
        Ok(())
    }

    /// Whether no other live record has a value of `places` where none may share one.
    fn check_unique(
        &mut self,
        object: &Blueprint,
        row: &Row,
        id: Option<RecordId>,
        places: &[usize],
    ) -> Result<(), Error> {
        for place in places {
            let (Some(field), Some(value)) = (object.entity.fields.get(*place), row.get(*place))
            else {
                continue;
            };
            if !field.unique || value.is_null() {
                continue;
            }
            // Two, since the record itself may be one of them.
            let holders = self.workspace.live_where(object, *place, value, 2)?;
            if let Some((record, _)) = holders.iter().find(|(holder, _)| Some(*holder) != id) {
                return Err(Fault::Value(ValueFault::Duplicate {
                    field: field.name.clone(),
                    record: *record,
                })
                .into());
            }
        }
        Ok(())
    }

    /// Marks a row as modified now by the transaction's user.
    fn touch(&self, object: &Blueprint, row: &mut Row) {
        let stamp = Value::DateTime(self.now.whole_second());
        let system = &object.system;
        write(row, system.last_modified_date, stamp.clone());
        write(row, system.system_modstamp, stamp);
        if self.user != RecordId::EMPTY {
            write(row, system.last_modified_by, Value::Id(self.user));
        }
    }

    fn step(
        &mut self,
        object: &Blueprint,
        id: RecordId,
        before: Option<Arc<Row>>,
        after: Row,
        (change, cause): (ChangeType, Cause),
    ) {
        let entity = &object.entity;
        self.note(object, id, before.as_deref(), &after, change);
        let after = Arc::new(after);
        self.workspace
            .put(entity, id, before.as_ref(), Arc::clone(&after));
        self.steps.push(Step {
            entity: Arc::clone(entity),
            id,
            before,
            after,
            change,
            cause,
        });
    }
}

/// Puts the request's values into the row, each of its field's type; says which places it gave.
fn assign(
    entity: &EntityDefinition,
    row: &mut Row,
    values: Vec<Assignment>,
) -> Result<Vec<usize>, Fault> {
    let mut given = Vec::with_capacity(values.len());
    for (place, value) in values {
        if let (Some(field), Some(slot)) = (entity.fields.get(place), row.get_mut(place)) {
            *slot = validate::shaped(field, value)?;
            given.push(place);
        }
    }
    Ok(given)
}

fn required(entity: &EntityDefinition, missing: impl Iterator<Item = usize>) -> Result<(), Fault> {
    let mut places: Vec<usize> = missing.collect();
    if places.is_empty() {
        return Ok(());
    }
    places.sort_unstable();
    places.dedup();
    let fields = places.iter().filter_map(|place| entity.fields.get(*place));
    Err(Fault::Field(FieldFault::Required {
        fields: fields.map(|field| field.name.clone()).collect(),
    }))
}

fn refused(operation: Operation, entity: &EntityDefinition) -> Fault {
    Fault::Record(RecordFault::OperationRefused {
        operation,
        label: entity.label.clone(),
    })
}

fn id_of_another_object(object: &Blueprint, id: RecordId) -> Fault {
    let id_field = object
        .system
        .id
        .and_then(|place| object.entity.fields.get(place));
    match id_field {
        Some(field) => Fault::Value(ValueFault::IdTypeWrong {
            field: validate::subject(field),
            value: id.to_string(),
        }),
        None => Fault::Record(RecordFault::NotFound),
    }
}
