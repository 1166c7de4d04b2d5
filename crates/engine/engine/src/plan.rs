//! What one change does to the rows: validation, system fields, cascades.
//!
//! The checks come in the documented order, and the first that fails is the one the client hears of: the object takes the
//! operation, the fields may be written, values fit, required fields are there, references exist, unique fields are unique.

mod delete;

use std::sync::Arc;

use landfall_model::{
    Catalog, ChangeType, EntityDefinition, Fault, FieldDefinition, FieldType, RecordId, Row,
    Timestamp, Value,
};
use landfall_model::fault::Operation;

use crate::command::{Assignment, Change, Saved};
use crate::error::Error;
use crate::numbers::Numbers;
use crate::workspace::Workspace;
use crate::{defaults, derive, validate};

/// One row before and after.
pub(crate) struct Step {
    pub(crate) entity: Arc<EntityDefinition>,
    pub(crate) id: RecordId,
    pub(crate) before: Option<Arc<Row>>,
    pub(crate) after: Arc<Row>,
    pub(crate) change: ChangeType,
}

/// Plans the changes of one transaction.
pub(crate) struct Planner<'p, 'w> {
    pub(crate) workspace: &'p mut Workspace<'w>,
    pub(crate) catalog: &'p Catalog,
    pub(crate) numbers: &'p mut Numbers,
    pub(crate) user: RecordId,
    pub(crate) now: Timestamp,
    /// What the transaction has done so far, in order.
    pub(crate) steps: Vec<Step>,
}

impl Planner<'_, '_> {
    /// Makes a change in the workspace.
    pub(crate) fn apply(&mut self, change: Change) -> Result<Saved, Error> {
        match change {
            Change::Create { entity, values } => self.create(&entity, values),
            Change::Update {
                entity,
                id,
                values,
                unmodified_since,
            } => self.update(&entity, id, values, unmodified_since),
            Change::Upsert {
                entity,
                field,
                key,
                values,
                update_only,
            } => self.upsert(&entity, (field, key), values, update_only),
            Change::Delete { entity, id } => self.delete(&entity, id),
            Change::Undelete { entity, id } => self.undelete(&entity, id),
        }
    }

    fn create(
        &mut self,
        entity: &Arc<EntityDefinition>,
        values: Vec<Assignment>,
    ) -> Result<Saved, Error> {
        if !entity.capabilities.createable {
            return Err(refused(Operation::Create, entity));
        }
        writable(entity, &values, |field| field.createable)?;
        let mut row: Row = vec![Value::Null; entity.fields.len()];
        let given = self.assign(entity, &mut row, values)?;
        defaults::fill(entity, &mut row, &given);
        let id = self.numbers.record_id(entity.key_prefix);
        let user = if self.user == RecordId::EMPTY { id } else { self.user };
        let stamp = Value::DateTime(self.now.whole_second());
        set(entity, &mut row, "Id", Value::Id(id));
        if get(entity, &row, "OwnerId").is_null() {
            set(entity, &mut row, "OwnerId", Value::Id(user));
        }
        for (field, value) in [
            ("CreatedDate", &stamp),
            ("CreatedById", &Value::Id(user)),
            ("LastModifiedDate", &stamp),
            ("LastModifiedById", &Value::Id(user)),
            ("SystemModstamp", &stamp),
        ] {
            set(entity, &mut row, field, value.clone());
        }
        validate::missing(entity, &row, |_, field| field.required_on_create())?;
        derive::derive(entity, &mut row, self.now, &|name| {
            entity.index_of(name).is_some_and(|place| given.contains(&place))
        })?;
        self.check_references(entity, &row, &given)?;
        self.check_unique(entity, &row, id, &given)?;
        for (place, field) in entity.fields.iter().enumerate() {
            if let (Some(format), Some(slot)) = (&field.auto_number, row.get_mut(place)) {
                *slot = Value::Text(self.numbers.auto_number(entity.name.as_str(), field, format));
            }
        }
        self.step(entity, id, None, row, ChangeType::Create);
        Ok(Saved { id, created: true })
    }

    fn update(
        &mut self,
        entity: &Arc<EntityDefinition>,
        id: RecordId,
        values: Vec<Assignment>,
        unmodified_since: Option<Timestamp>,
    ) -> Result<Saved, Error> {
        if !entity.capabilities.updateable {
            return Err(refused(Operation::Update, entity));
        }
        let before = self
            .workspace
            .row(entity, id)?
            .ok_or(Fault::RecordNotFound)?;
        if is_deleted(entity, &before) {
            return Err(Fault::RecordDeleted.into());
        }
        if let (Some(limit), Value::DateTime(modified)) =
            (unmodified_since, get(entity, &before, "LastModifiedDate"))
            && *modified > limit
        {
            return Err(Fault::PreconditionFailed.into());
        }
        writable(entity, &values, |field| field.updateable)?;
        let mut row = Row::clone(&before);
        let given = self.assign(entity, &mut row, values)?;
        validate::missing(entity, &row, |place, field| {
            given.contains(&place) && !field.nillable
        })?;
        derive::derive(entity, &mut row, self.now, &|name| {
            entity.index_of(name).is_some_and(|place| given.contains(&place))
        })?;
        self.check_references(entity, &row, &given)?;
        self.check_unique(entity, &row, id, &given)?;
        self.touch(entity, &mut row);
        self.step(entity, id, Some(before), row, ChangeType::Update);
        Ok(Saved { id, created: false })
    }

    fn upsert(
        &mut self,
        entity: &Arc<EntityDefinition>,
        (field, key): Assignment,
        mut values: Vec<Assignment>,
        update_only: bool,
    ) -> Result<Saved, Error> {
        let found: Vec<RecordId> = self
            .workspace
            .rows_where(entity, field, &key, usize::from(u8::MAX))?
            .into_iter()
            .filter(|(_, row)| !is_deleted(entity, row))
            .map(|(id, _)| id)
            .collect();
        match found.as_slice() {
            [] if update_only => Err(Fault::RecordNotFound.into()),
            [] => {
                values.push((field, key));
                self.create(entity, values)
            }
            [id] => self.update(entity, *id, values, None),
            _ => Err(Fault::ExternalIdAmbiguous { records: found }.into()),
        }
    }

    /// Puts the request's values into the row; says which places it gave.
    fn assign(
        &self,
        entity: &EntityDefinition,
        row: &mut Row,
        values: Vec<Assignment>,
    ) -> Result<Vec<usize>, Error> {
        let mut given = Vec::with_capacity(values.len());
        for (place, value) in values {
            let (Some(field), Some(slot)) = (entity.fields.get(place), row.get_mut(place)) else {
                continue;
            };
            *slot = validate::normalized(self.catalog, field, value)?;
            given.push(place);
        }
        Ok(given)
    }

    fn check_references(
        &self,
        entity: &EntityDefinition,
        row: &Row,
        given: &[usize],
    ) -> Result<(), Error> {
        for place in given {
            let (Some(field), Some(Value::Id(id))) = (entity.fields.get(*place), row.get(*place))
            else {
                continue;
            };
            let target = self.catalog.entity_of(id.prefix());
            let alive = match target {
                Some(target) => self
                    .workspace
                    .row(target, *id)?
                    .is_some_and(|row| !is_deleted(target, &row)),
                None => false,
            };
            if !alive {
                return Err(Fault::ReferenceUnknown {
                    field: field.name.clone(),
                }
                .into());
            }
        }
        Ok(())
    }

    fn check_unique(
        &self,
        entity: &EntityDefinition,
        row: &Row,
        id: RecordId,
        given: &[usize],
    ) -> Result<(), Error> {
        for place in given {
            let (Some(field), Some(value)) = (entity.fields.get(*place), row.get(*place)) else {
                continue;
            };
            if !field.unique || value.is_null() {
                continue;
            }
            let holder = self
                .workspace
                .rows_where(entity, *place, value, usize::from(u8::MAX))?
                .into_iter()
                .find(|(holder, row)| *holder != id && !is_deleted(entity, row));
            if let Some((record, _)) = holder {
                return Err(Fault::ValueDuplicate {
                    field: field.name.clone(),
                    record,
                }
                .into());
            }
        }
        Ok(())
    }

    /// Marks a row as modified now by the transaction's user.
    fn touch(&self, entity: &EntityDefinition, row: &mut Row) {
        let stamp = Value::DateTime(self.now.whole_second());
        set(entity, row, "LastModifiedDate", stamp.clone());
        set(entity, row, "SystemModstamp", stamp);
        if self.user != RecordId::EMPTY {
            set(entity, row, "LastModifiedById", Value::Id(self.user));
        }
    }

    fn step(
        &mut self,
        entity: &Arc<EntityDefinition>,
        id: RecordId,
        before: Option<Arc<Row>>,
        after: Row,
        change: ChangeType,
    ) {
        let after = Arc::new(after);
        self.workspace
            .put(entity, id, before.as_ref(), Arc::clone(&after));
        self.steps.push(Step {
            entity: Arc::clone(entity),
            id,
            before,
            after,
            change,
        });
    }
}

fn writable(
    entity: &EntityDefinition,
    values: &[Assignment],
    may: impl Fn(&FieldDefinition) -> bool,
) -> Result<(), Fault> {
    let fields: Vec<_> = values
        .iter()
        .filter_map(|(place, _)| entity.fields.get(*place))
        .filter(|field| !may(field) || field.field_type.is_compound() || field.field_type == FieldType::Id)
        .map(|field| field.name.clone())
        .collect();
    if fields.is_empty() {
        Ok(())
    } else {
        Err(Fault::FieldsReadOnly { fields })
    }
}

fn refused(operation: Operation, entity: &EntityDefinition) -> Error {
    Fault::OperationRefused {
        operation,
        label: entity.label.clone(),
    }
    .into()
}

fn get<'r>(entity: &EntityDefinition, row: &'r Row, field: &str) -> &'r Value {
    entity
        .index_of(field)
        .and_then(|place| row.get(place))
        .unwrap_or(&Value::Null)
}

fn set(entity: &EntityDefinition, row: &mut Row, field: &str, value: Value) {
    let place = entity.index_of(field);
    if let Some(slot) = place.and_then(|place| row.get_mut(place)) {
        *slot = value;
    }
}

/// Whether a row is in the recycle bin.
fn is_deleted(entity: &EntityDefinition, row: &Row) -> bool {
    get(entity, row, "IsDeleted").as_bool().unwrap_or(false)
}
