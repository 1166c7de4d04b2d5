//! What the store keeps: records by object, documents, the event log, and its position.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use landfall_model::{EntityDefinition, EntityName, FieldDefinition, RecordId, Row, Value};
use landfall_query::Tables;
use landfall_store::transfer::Comparison;
use landfall_store::{
    Cause, Conversion, DocumentKind, Event, LogBounds, Position, RowRemoval, RowWrite, ValueKind,
    WriteSet,
};

/// Values by the name of their field in lower case, so that every definition of an object finds its own.
pub(crate) type Values = HashMap<String, Value>;

/// The records of an object.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// What each field holds that was ever prepared.
    pub(crate) kinds: BTreeMap<String, Known>,
    /// In the order in which they were created.
    pub(crate) records: BTreeMap<u64, (RecordId, Values)>,
    pub(crate) by_id: BTreeMap<RecordId, u64>,
    pub(crate) created: u64,
}

/// What is known of a field that was ever prepared.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) name: String,
    pub(crate) holds: ValueKind,
    pub(crate) index: Option<Comparison>,
}

/// Everything that is durable.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) position: Position,
    pub(crate) tables: HashMap<EntityName, Table>,
    pub(crate) documents: BTreeMap<(DocumentKind, String), Vec<u8>>,
    /// The retained events, in order and without a gap up to the tail.
    pub(crate) events: Vec<Arc<Event>>,
    pub(crate) topics: Vec<String>,
    /// Files of jobs.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// What was noted last while it is being filled from another store; nothing at first.
    pub(crate) moving: Option<String>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            position: Position::ORIGIN,
            tables: HashMap::new(),
            documents: BTreeMap::new(),
            events: Vec::new(),
            topics: Vec::new(),
            files: BTreeMap::new(),
            moving: None,
        }
    }
}

pub(crate) fn read(state: &RwLock<State>) -> RwLockReadGuard<'_, State> {
    state.read().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn write(state: &RwLock<State>) -> RwLockWriteGuard<'_, State> {
    state.write().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    pub(crate) fn bounds(&self) -> LogBounds {
        LogBounds {
            earliest: self.events.first().map(|event| event.replay_id),
            tail: self.position.tail,
        }
    }

    /// Whether the write fits what is stored: new records are not there yet, and the others are.
    pub(crate) fn check(&self, write: &WriteSet) -> Result<(), Cause> {
        let is_there = |entity: &EntityDefinition, id| {
            let table = self.tables.get(&entity.name);
            table.is_some_and(|table| table.by_id.contains_key(&id))
        };
        for row in &write.rows {
            if row.row.len() != row.entity.fields.len() {
                return Err(format!("a row of {} has other fields", row.entity.name).into());
            }
            if is_there(&row.entity, row.id) != row.changed.is_some() {
                return Err(format!("{} is new to one side only", row.id).into());
            }
        }
        for removal in &write.removals {
            if !is_there(&removal.entity, removal.id) {
                return Err(format!("{} is not in {}", removal.id, removal.entity.name).into());
            }
        }
        Ok(())
    }

    /// Keeps a write that [`Self::check`] has passed.
    pub(crate) fn apply(&mut self, write: &WriteSet) {
        for conversion in &write.conversions {
            self.table(&conversion.to.name).convert(conversion);
        }
        for row in &write.rows {
            self.table(&row.entity.name).write(row);
        }
        for removal in &write.removals {
            self.table(&removal.entity.name).remove(removal);
        }
        for document in &write.documents {
            let name = (document.kind, document.key.clone());
            match &document.content {
                Some(content) => self.documents.insert(name, content.clone()),
                None => self.documents.remove(&name),
            };
        }
    }

    pub(crate) fn table(&mut self, entity: &EntityName) -> &mut Table {
        self.tables.entry(entity.clone()).or_default()
    }
}

impl Table {
    /// A field that would become another kind of value: its name, what it holds and what it would have to.
    pub(crate) fn conflict<'e>(
        &self,
        entity: &'e EntityDefinition,
    ) -> Option<(&'e FieldDefinition, ValueKind, ValueKind)> {
        if self.records.is_empty() {
            return None;
        }
        entity
            .fields
            .iter()
            .filter(|field| field.stored())
            .find_map(|field| {
                let kept = self.kinds.get(&lower(field))?.holds;
                let wanted = ValueKind::of(field.field_type);
                (kept != wanted).then_some((field, kept, wanted))
            })
    }

    /// Keeps what the fields of an object hold. Without records that is whatever the first of them says.
    pub(crate) fn prepare(&mut self, entity: &EntityDefinition) {
        if !self.records.is_empty() {
            self.know(entity);
        }
    }

    fn know(&mut self, entity: &EntityDefinition) {
        for field in entity.fields.iter().filter(|field| field.stored()) {
            let holds = ValueKind::of(field.field_type);
            let comparison = if holds == ValueKind::Text && !field.case_sensitive {
                Comparison::Folded
            } else {
                Comparison::Exact
            };
            let known = Known {
                name: field.name.as_str().to_owned(),
                holds,
                index: field.indexed().then_some(comparison),
            };
            self.kinds.insert(lower(field), known);
        }
    }

    /// Converts the values of fields that get another type.
    fn convert(&mut self, conversion: &Conversion) {
        for place in conversion.places() {
            let Some(field) = conversion.to.fields.get(place) else {
                continue;
            };
            let name = lower(field);
            for (_, values) in self.records.values_mut() {
                let value = values.get(&name).unwrap_or(&Value::Null);
                let value = conversion.value(place, value);
                values.insert(name.clone(), value);
            }
        }
        self.know(&conversion.to);
    }

    fn write(&mut self, write: &RowWrite) {
        if self.records.is_empty() {
            self.kinds.clear();
            self.know(&write.entity);
        }
        let number = *self.by_id.entry(write.id).or_insert_with(|| {
            self.created += 1;
            self.created
        });
        let (_, values) = self
            .records
            .entry(number)
            .or_insert_with(|| (write.id, Values::new()));
        let fields = write.entity.fields.iter().zip(&write.row).enumerate();
        for (index, (field, value)) in fields {
            let is_written = write
                .changed
                .as_ref()
                .is_none_or(|changed| changed.contains(&index));
            if is_written && field.stored() {
                values.insert(lower(field), value.clone());
            }
        }
    }

    fn remove(&mut self, removal: &RowRemoval) {
        if let Some(number) = self.by_id.remove(&removal.id) {
            self.records.remove(&number);
        }
    }

    pub(crate) fn row(&self, entity: &EntityDefinition, id: RecordId) -> Option<Row> {
        let (_, values) = self.records.get(self.by_id.get(&id)?)?;
        Some(row(entity, values))
    }

    /// Every row, in the order of their ids.
    pub(crate) fn by_id<'t>(
        &'t self,
        entity: &'t EntityDefinition,
    ) -> impl Iterator<Item = Row> + 't {
        self.by_id.keys().filter_map(|id| self.row(entity, *id))
    }

    /// Every row, in the order in which they were created.
    pub(crate) fn rows(&self, entity: &EntityDefinition) -> Vec<Row> {
        let records = self.records.values();
        records.map(|(_, values)| row(entity, values)).collect()
    }
}

fn row(entity: &EntityDefinition, values: &Values) -> Row {
    let value = |field: &FieldDefinition| match values.get(&lower(field)) {
        _ if !field.stored() => Value::Null,
        Some(value) => value.clone(),
        // A checkbox is never null: records from before the field have it unchecked.
        None if ValueKind::of(field.field_type) == ValueKind::Boolean => Value::Boolean(false),
        None => Value::Null,
    };
    entity.fields.iter().map(value).collect()
}

fn lower(field: &FieldDefinition) -> String {
    field.name.as_str().to_ascii_lowercase()
}

/// The tables as a query reads them: the rows of each object, once it is asked for.
pub(crate) struct Snapshot<'s> {
    state: &'s State,
    first: OnceCell<Box<Loaded>>,
}

struct Loaded {
    /// The definition that the rows have the fields of.
    entity: *const EntityDefinition,
    rows: Vec<Row>,
    next: OnceCell<Box<Self>>,
}

impl<'s> Snapshot<'s> {
    pub(crate) const fn of(state: &'s State) -> Self {
        Self {
            state,
            first: OnceCell::new(),
        }
    }
}

impl Tables for Snapshot<'_> {
    fn rows(&self, entity: &EntityDefinition) -> &[Row] {
        let mut cell = &self.first;
        loop {
            let loaded = cell.get_or_init(|| {
                let table = self.state.tables.get(&entity.name);
                Box::new(Loaded {
                    entity,
                    rows: table.map(|table| table.rows(entity)).unwrap_or_default(),
                    next: OnceCell::new(),
                })
            });
            if std::ptr::eq(loaded.entity, entity) {
                return &loaded.rows;
            }
            cell = &loaded.next;
        }
    }
}
