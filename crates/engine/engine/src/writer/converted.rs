//! Fields that new definitions give another type: what the store converts, and of what subscribers are informed.
//!
//! Records whose values are converted are not modified: their dates stay.
//! Source: "Change Events for Custom Field Type Conversions" (Change Data Capture Developer Guide).

use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;
use landfall_capture::TransactionFacts;
use landfall_model::conversion::{Informs, TypeChange, converted, is_lost};
use landfall_model::{
    Catalog, CommitNumber, EntityDefinition, EventUuid, FieldDefinition, RecordId, Row, Timestamp,
    TransactionKey, Value, limits,
};
use landfall_query::Plan;
use landfall_query::Zone;
use landfall_query::plan::{Column, Expression, Predicate};
use landfall_schema::EventSchema;
use landfall_store::{Conversion, Deadline, NewEvent, Reader, Reads, TopicId};
use tracing::error;

use crate::definitions::Definitions;
use crate::entropy::{Entropy, draw};
use crate::error::Error;

/// The objects with fields that get another type.
pub(super) struct TypeChanges(Vec<Retyped>);

struct Retyped {
    conversion: Conversion,
    /// The fields by their places.
    fields: Vec<(usize, Informs)>,
}

impl TypeChanges {
    /// Those from one catalogue to another.
    pub(super) fn between(earlier: &Catalog, catalog: &Catalog) -> Self {
        let entities = catalog.entities().iter();
        Self(
            entities
                .filter_map(|entity| Retyped::of(earlier.entity(entity.name.as_str())?, entity))
                .collect(),
        )
    }

    /// The new definitions with the earlier types, as the store is prepared before anything is converted.
    pub(super) fn unconverted(&self, catalog: &Catalog) -> Vec<Arc<EntityDefinition>> {
        let entities = catalog.entities().iter();
        let unconverted = entities.map(|entity| {
            let mut retyped = self.0.iter().map(|retyped| &retyped.conversion);
            let retyped = retyped.find(|conversion| conversion.to.name == entity.name);
            Arc::clone(retyped.map_or(entity, |conversion| &conversion.from))
        });
        unconverted.collect()
    }

    /// What the store converts.
    pub(super) fn conversions(&self) -> Vec<Conversion> {
        let retyped = self.0.iter();
        retyped.map(|retyped| retyped.conversion.clone()).collect()
    }
}

impl Retyped {
    fn of(known: &EntityDefinition, entity: &Arc<EntityDefinition>) -> Option<Self> {
        let mut from = EntityDefinition::clone(entity);
        let mut fields = Vec::new();
        for (place, field) in from.fields.iter_mut().enumerate() {
            let Some((_, earlier)) = known.field(field.name.as_str()) else {
                continue;
            };
            if let TypeChange::Converts(informs) = TypeChange::between(earlier, field) {
                fields.push((place, informs));
                *field = FieldDefinition {
                    name: field.name.clone(),
                    ..earlier.clone()
                };
            }
        }
        (!fields.is_empty()).then(|| Self {
            conversion: Conversion {
                from: Arc::new(from),
                to: Arc::clone(entity),
            },
            fields,
        })
    }

    /// The fields whose conversion informs so.
    fn informing(&self, of: Informs) -> Vec<usize> {
        let fields = self.fields.iter();
        let informing = fields.filter(|(_, informs)| *informs == of);
        informing.map(|(place, _)| *place).collect()
    }

    /// Whether a record that is not deleted loses a value.
    fn loses(&self, reader: &dyn Reader) -> Result<bool, Error> {
        let places = self.informing(Informs::OfLoss);
        if places.is_empty() {
            return Ok(false);
        }
        let Conversion { from, to } = &self.conversion;
        let fields: Vec<_> = places
            .iter()
            .filter_map(|place| Some((from.fields.get(*place)?, to.fields.get(*place)?)))
            .collect();
        let plan = values_of(from, &places);
        let mut loses = false;
        let deadline = Deadline::after(limits::CONVERSION_TIME_MAX);
        reader.scan(&plan, usize::MAX, &deadline, &mut |values| {
            let is_deleted = values.get(fields.len()).and_then(Value::as_bool);
            let mut fields = fields.iter().zip(&values);
            loses = is_deleted != Some(true)
                && fields.any(|((from, to), value)| is_lost(value, &converted(from, to, value)));
            if loses {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
        Ok(loses)
    }

    /// The records that have a value in a field whose conversion makes gap events, in the order of their last changes; none
    /// if there are too many to list.
    fn records(&self, reads: &dyn Reads) -> Result<Option<Vec<RecordId>>, Error> {
        let fields = self.informing(Informs::OfRecords);
        let entity = &self.conversion.from;
        let Some(id) = entity.index_of("Id").filter(|_| !fields.is_empty()) else {
            return Ok(Some(Vec::new()));
        };
        let most = usize::try_from(limits::OVERFLOW_CHANGES).unwrap_or(usize::MAX);
        let rows = reads.recent_rows(entity, most.saturating_add(1))?;
        Ok(affected(&rows, id, &fields, most))
    }
}

/// A query for fields of all records, and for whether they are deleted.
fn values_of(entity: &Arc<EntityDefinition>, places: &[usize]) -> Plan {
    let places = places.iter().copied().chain(entity.index_of("IsDeleted"));
    let columns = places.filter_map(|place| {
        Some(Column {
            expression: Expression::Field { source: 0, place },
            field_type: entity.fields.get(place)?.field_type,
        })
    });
    Plan {
        entity: Arc::clone(entity),
        parents: Vec::new(),
        columns: columns.collect(),
        filter: Predicate::All(Vec::new()),
        grouping: None,
        order: Vec::new(),
        limit: None,
        offset: 0,
        children: Vec::new(),
        zone: Zone::utc(),
        fiscal_month: 1,
    }
}

/// Of the newest rows those with a value in one of these fields, oldest first. With more rows than `most` there are others
/// that were not read and may have values too: none is listed.
fn affected(rows: &[Row], id: usize, fields: &[usize], most: usize) -> Option<Vec<RecordId>> {
    if rows.len() > most {
        return None;
    }
    let has_value = |row: &Row| {
        let mut values = fields.iter().filter_map(|place| row.get(*place));
        values.any(|value| !value.is_null())
    };
    let rows = rows.iter().rev().filter(|row| has_value(row));
    Some(rows.filter_map(|row| row.get(id)?.as_id()).collect())
}

/// What subscribers are informed of once new definitions are in force.
pub(super) struct Informed(Vec<InformedOf>);

/// The conversions of one object whose changes are captured.
struct InformedOf {
    entity: Arc<EntityDefinition>,
    schema: EventSchema,
    topic: TopicId,
    /// Whether values are lost.
    loses: bool,
    /// Records with gap events; none if there are too many to list.
    records: Option<Vec<RecordId>>,
}

impl Informed {
    /// Of these changes. The store is prepared for the unconverted definitions.
    pub(super) fn of(
        changes: &TypeChanges,
        earlier: &Definitions,
        reads: &dyn Reads,
        reader: &dyn Reader,
    ) -> Result<Self, Error> {
        let mut informed = Vec::new();
        for retyped in &changes.0 {
            let entity = &retyped.conversion.to;
            let known = earlier.catalog().entity(entity.name.as_str());
            let Some(capture) = known.and_then(|known| earlier.capture_of(known)) else {
                continue;
            };
            let (loses, records) = (retyped.loses(reader)?, retyped.records(reads)?);
            if !loses && records.as_ref().is_some_and(Vec::is_empty) {
                continue;
            }
            let schema = EventSchema::of_change_event(entity).map_err(|source| Error::Schema {
                entity: entity.name.to_string(),
                source,
            })?;
            informed.push(InformedOf {
                entity: Arc::clone(entity),
                schema,
                topic: capture.topic,
                loses,
                records,
            });
        }
        Ok(Self(informed))
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The events, which are one transaction of nobody.
    pub(super) fn events(
        &self,
        commit_number: CommitNumber,
        at: Timestamp,
        entropy: &dyn Entropy,
    ) -> Vec<NewEvent> {
        let facts = TransactionFacts {
            change_origin: "",
            transaction_key: TransactionKey::from_bytes(draw(entropy)),
            commit_number,
            commit_user: RecordId::EMPTY,
        };
        let mut events = Vec::new();
        for informed in &self.0 {
            let number = i32::try_from(events.len() + 1).unwrap_or(i32::MAX);
            match informed.events(&facts, (number, at)) {
                Ok(captured) => events.extend(captured.into_iter().map(|event| NewEvent {
                    topic: informed.topic,
                    id: EventUuid::from_random(draw(entropy)).into(),
                    schema: event.schema_id,
                    payload: Bytes::from(event.payload),
                })),
                Err(failure) => {
                    error!(error = %crate::chain(&failure), entity = %informed.entity.name, "a conversion cannot be captured");
                }
            }
        }
        events
    }
}

impl InformedOf {
    fn events(
        &self,
        facts: &TransactionFacts<'_>,
        (number, at): (i32, Timestamp),
    ) -> Result<Vec<landfall_capture::CapturedEvent>, landfall_capture::Error> {
        let subject = (&*self.entity, &self.schema);
        let mut events = Vec::new();
        if self.loses {
            events.push(landfall_capture::lost(subject, facts, (number, at))?);
        }
        let number = number.saturating_add(i32::from(self.loses));
        let records = self.records.as_deref();
        events.extend(landfall_capture::converted(
            subject,
            records,
            facts,
            (number, at),
        )?);
        Ok(events)
    }
}

#[cfg(test)]
mod tests {
    use landfall_model::KeyPrefix;

    use super::*;

    fn id(number: u64) -> RecordId {
        let prefix = KeyPrefix::parse("001").expect("a prefix");
        RecordId::from_number(prefix, *b"00", number)
    }

    fn row(number: u64, value: Option<&str>) -> Row {
        let value = value.map_or(Value::Null, |text| Value::Text(text.to_owned()));
        [Value::Id(id(number)), value].into_iter().collect()
    }

    #[test]
    fn records_with_a_value_are_listed_oldest_first() {
        let rows = || vec![row(3, Some("c")), row(2, None), row(1, Some("a"))];
        assert_eq!(affected(&rows(), 0, &[1], 3), Some(vec![id(1), id(3)]));
        assert_eq!(affected(&[], 0, &[1], 3), Some(Vec::new()));
    }

    #[test]
    fn records_that_were_not_read_may_have_values_too() {
        // The newest two have none; the oldest, which is beyond the limit, was not read.
        let rows = vec![row(3, None), row(2, None)];
        assert_eq!(affected(&rows, 0, &[1], 1), None);
    }
}
