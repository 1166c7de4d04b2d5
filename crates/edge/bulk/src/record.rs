//! From records of a job's data to changes.
//!
//! Source: "Prepare CSV Files", "Valid CSV Record Rows" (Bulk API 2.0 and Bulk API Developer Guide): an empty value leaves
//! a field as it is, `#N/A` clears it.

use std::collections::HashMap;
use std::sync::Arc;

use csv::StringRecord;
use landfall_engine::{Assignment, Change, Definitions, Engine, Publication, record_named};
use landfall_model::limits::REST_RELATED_RECORDS_MAX;
use landfall_model::{
    EntityDefinition, Fault, FieldDefinition, FieldType, JobFailure, ManyFault, RecordId,
    RequestFault, Value, ValueFault,
};
use landfall_wire::values;

use crate::columns::{self, Column};
use crate::error::Error;
use crate::job::{Changing, Operation};

/// What clears a field.
const NOTHING: &str = "#N/A";

/// What a job's data means in an org as it is now.
pub(crate) struct Mapping {
    entity: Arc<EntityDefinition>,
    /// What is published, if the object is an event.
    event: Option<Publication>,
    operation: Operation,
    /// The field that an upsert goes by.
    key: Option<usize>,
    columns: Vec<Column>,
}

/// References of some records whose targets are named by fields of theirs: column, spelling, record.
type ResolvedReferences = HashMap<(usize, String), Result<RecordId, Fault>>;

impl Mapping {
    /// Reads a header.
    ///
    /// # Errors
    /// The error of the job.
    pub(crate) fn of(
        changing: &Changing,
        object: &str,
        definitions: &Definitions,
        header: &StringRecord,
    ) -> Result<Self, JobFailure> {
        let catalog = definitions.catalog();
        let event = definitions.publication(object);
        let entity = catalog
            .entity(object)
            .or_else(|| event.map(|event| &event.object));
        let entity = entity.ok_or_else(|| {
            let name = object.to_owned();
            JobFailure::ObjectUnknown { name }
        })?;
        let operation = changing.operation;
        let key = match &changing.external_id_field {
            None => None,
            Some(name) => Some(
                entity
                    .index_of(name)
                    .ok_or_else(|| columns::not_found(name))?,
            ),
        };
        Ok(Self {
            columns: columns::columns(header, catalog, entity, operation, key)?,
            entity: Arc::clone(entity),
            event: event.cloned(),
            operation,
            key,
        })
    }

    /// What is published, if the object is an event.
    pub(crate) const fn event(&self) -> Option<&Publication> {
        self.event.as_ref()
    }

    /// The changes that records ask for, in their order.
    ///
    /// # Errors
    /// [`Error::Engine`].
    pub(crate) async fn changes(
        &self,
        engine: &Engine,
        records: &[StringRecord],
    ) -> Result<Vec<Change>, Error> {
        let found = self.find(engine, records).await?;
        let repeated = self.repeated(records);
        let changes = records.iter().map(|record| {
            self.change(record, &found, &repeated)
                .unwrap_or_else(Change::Refused)
        });
        Ok(changes.collect())
    }

    /// The id that a record of the data names, for its result.
    pub(crate) fn named(&self, record: &StringRecord) -> Option<RecordId> {
        self.id(record).ok().flatten()
    }

    async fn find(
        &self,
        engine: &Engine,
        records: &[StringRecord],
    ) -> Result<ResolvedReferences, Error> {
        let mut found = ResolvedReferences::new();
        for record in records {
            for (number, (column, text)) in self.columns.iter().zip(record).enumerate() {
                let Column::Related { place, target, key } = column else {
                    continue;
                };
                let text = text.trim();
                let spelled = (number, text.to_owned());
                if text.is_empty() || text == NOTHING || found.contains_key(&spelled) {
                    continue;
                }
                let id = self.target(engine, *place, (target, *key), text).await?;
                found.insert(spelled, id);
            }
        }
        Ok(found)
    }

    /// The one record whose field has this value.
    async fn target(
        &self,
        engine: &Engine,
        place: usize,
        (target, key): (&Arc<EntityDefinition>, usize),
        text: &str,
    ) -> Result<Result<RecordId, Fault>, Error> {
        let Some(field) = target.fields.get(key) else {
            return Ok(Err(Fault::Value(ValueFault::ReferenceUnknown {
                field: self.entity.fields.get(place).map_or_else(
                    || landfall_model::FieldName::new("Id"),
                    |field| field.name.clone(),
                ),
            })));
        };
        let value = match values::read(text, field) {
            Ok(Value::Id(id)) => return Ok(Ok(id)),
            Ok(value) => value,
            Err(fault) => return Ok(Err(fault.into())),
        };
        let rows = engine
            .rows_where(target, key, value, REST_RELATED_RECORDS_MAX)
            .await?;
        Ok(record_named(target, key, text, &rows))
    }

    /// How often each external id is given, as far as more than once.
    fn repeated(&self, records: &[StringRecord]) -> HashMap<String, usize> {
        let mut counts = HashMap::new();
        if self.operation == Operation::Upsert {
            for key in records.iter().filter_map(|record| self.key_text(record)) {
                *counts.entry(key.to_lowercase()).or_insert(0) += 1;
            }
            counts.retain(|_, count| *count > 1);
        }
        counts
    }

    fn change(
        &self,
        record: &StringRecord,
        found: &ResolvedReferences,
        repeated: &HashMap<String, usize>,
    ) -> Result<Change, Fault> {
        let id = self.id(record)?;
        let entity = Arc::clone(&self.entity);
        let missing = Fault::Many(ManyFault::IdMissing);
        match self.operation {
            Operation::Delete => {
                let id = id.ok_or(missing)?;
                return Ok(Change::Delete { entity, id });
            }
            Operation::HardDelete => {
                let id = id.ok_or(missing)?;
                return Ok(Change::Erase { entity, id });
            }
            Operation::Insert | Operation::Update | Operation::Upsert => {}
        }
        let values = self.values(record, found)?;
        let updated = |entity, id, values| Change::Update {
            entity,
            id,
            values,
            unmodified_since: None,
        };
        let Some((field, definition)) = self.key_field() else {
            return match (self.operation, id) {
                (Operation::Update, Some(id)) => Ok(updated(entity, id, values)),
                (Operation::Update, None) => Err(missing),
                (_, Some(_)) => Err(Fault::Many(ManyFault::IdInInsert)),
                (_, None) => Ok(Change::Create { entity, values }),
            };
        };
        if definition.field_type == FieldType::Id {
            return Ok(match id {
                Some(id) => updated(entity, id, values),
                None => Change::Create { entity, values },
            });
        }
        let name = definition.name.clone();
        let Some(text) = self.key_text(record) else {
            return Err(Fault::Many(ManyFault::KeyMissing { field: name }));
        };
        if repeated.contains_key(&text.to_lowercase()) {
            let value = text.to_owned();
            return Err(Fault::Many(ManyFault::KeyRepeated { field: name, value }));
        }
        Ok(Change::Upsert {
            entity,
            field,
            key: values::read(text, definition)?,
            values,
            update_only: false,
        })
    }

    fn key_field(&self) -> Option<(usize, &FieldDefinition)> {
        let place = self.key?;
        Some((place, self.entity.fields.get(place)?))
    }

    /// What the record gives for the field that the upsert goes by.
    fn key_text<'r>(&self, record: &'r StringRecord) -> Option<&'r str> {
        let key = self.key?;
        let is_key = |column: &Column| matches!(column, Column::Field(place) if *place == key);
        let place = self.columns.iter().position(is_key)?;
        let text = record.get(place)?.trim();
        (!text.is_empty() && text != NOTHING).then_some(text)
    }

    fn id(&self, record: &StringRecord) -> Result<Option<RecordId>, Fault> {
        let place = self.columns.iter().position(|c| matches!(c, Column::Id));
        let text = place
            .and_then(|place| record.get(place))
            .unwrap_or_default();
        let text = text.trim();
        if text.is_empty() || text == NOTHING {
            return Ok(None);
        }
        let unreadable = |_| {
            Fault::Many(ManyFault::IdUnreadable {
                value: text.to_owned(),
            })
        };
        let id = RecordId::parse(text).map_err(unreadable)?;
        if id.prefix() == self.entity.key_prefix {
            return Ok(Some(id));
        }
        Err(match self.entity.field("Id") {
            Some((_, field)) => Fault::Value(ValueFault::IdTypeWrong {
                field: values::subject(field),
                value: text.to_owned(),
            }),
            None => Fault::Request(RequestFault::ResourceNotFound),
        })
    }

    /// The fields that a record gives.
    fn values(
        &self,
        record: &StringRecord,
        found: &ResolvedReferences,
    ) -> Result<Vec<Assignment>, Fault> {
        let mut values = Vec::with_capacity(record.len());
        for (number, (column, text)) in self.columns.iter().zip(record).enumerate() {
            let text = text.trim();
            let place = match column {
                Column::Id => continue,
                Column::Field(place) if Some(*place) == self.key => continue,
                Column::Field(place) | Column::Related { place, .. } => *place,
            };
            let Some(field) = self.entity.fields.get(place).filter(|_| !text.is_empty()) else {
                continue;
            };
            let value = if text == NOTHING || !self.may_write(field) {
                // Values that may not be written are not read: the engine reports all such fields at once.
                Value::Null
            } else if matches!(column, Column::Related { .. }) {
                match found.get(&(number, text.to_owned())) {
                    Some(Ok(id)) => Value::Id(*id),
                    Some(Err(fault)) => return Err(fault.clone()),
                    None => continue,
                }
            } else {
                value(text, field)?
            };
            values.retain(|(given, _)| *given != place);
            values.push((place, value));
        }
        Ok(values)
    }

    fn may_write(&self, field: &FieldDefinition) -> bool {
        let may = match self.operation {
            Operation::Insert => field.createable,
            Operation::Update | Operation::Delete | Operation::HardDelete => field.updateable,
            Operation::Upsert => field.createable || field.updateable,
        };
        may && !field.field_type.is_compound()
    }
}

/// Reads a value. Checkboxes have more spellings than elsewhere.
///
/// Source: "Valid CSV Record Rows" (Bulk API 2.0 and Bulk API Developer Guide).
fn value(text: &str, field: &FieldDefinition) -> Result<Value, ValueFault> {
    if field.field_type == FieldType::Boolean {
        match text.to_ascii_lowercase().as_str() {
            "yes" | "y" | "on" | "1" => return Ok(Value::Boolean(true)),
            "no" | "n" | "off" | "0" => return Ok(Value::Boolean(false)),
            _ => {}
        }
    }
    values::read(text, field)
}
