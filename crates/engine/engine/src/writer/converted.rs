//! Records of which new definitions make a field another type: subscribers hear that they changed.
//!
//! Source: "Conversions That Generate a Gap Event" (Change Data Capture Developer Guide). The values stay as they are, so the
//! records are not modified.

use std::sync::Arc;

use bytes::Bytes;
use landfall_capture::TransactionFacts;
use landfall_model::{
    Catalog, CommitNumber, EntityDefinition, EventUuid, FieldType, RecordId, Row, Timestamp,
    TransactionKey, limits,
};
use landfall_schema::EventSchema;
use landfall_store::{NewEvent, Reads, TopicId};
use tracing::error;

use crate::definitions::Definitions;
use crate::entropy::{Entropy, draw};
use crate::error::Error;

/// The records of one object.
struct Converted {
    entity: Arc<EntityDefinition>,
    schema: EventSchema,
    topic: TopicId,
    /// In the order of their last changes; none if there are too many to list.
    records: Option<Vec<RecordId>>,
}

/// What subscribers are told once new definitions are in force.
pub(super) struct Conversions(Vec<Converted>);

impl Conversions {
    /// The conversions from one catalogue to another, of objects whose changes are captured. The store is prepared for the
    /// new one.
    pub(super) fn of(
        catalog: &Catalog,
        earlier: &Definitions,
        reads: &dyn Reads,
    ) -> Result<Self, Error> {
        let mut conversions = Vec::new();
        for entity in catalog.entities() {
            let known = earlier.catalog().entity(entity.name.as_str());
            let captured = known.and_then(|known| Some((known, earlier.capture_of(known)?)));
            let Some((known, capture)) = captured else {
                continue;
            };
            let fields = converted_fields(known, entity);
            let records = records(entity, &fields, reads)?;
            if records.as_ref().is_some_and(Vec::is_empty) {
                continue;
            }
            let schema = EventSchema::of_change_event(entity).map_err(|source| Error::Schema {
                entity: entity.name.to_string(),
                source,
            })?;
            conversions.push(Converted {
                entity: Arc::clone(entity),
                schema,
                topic: capture.topic,
                records,
            });
        }
        Ok(Self(conversions))
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
        let mut number = 1;
        for converted in &self.0 {
            let subject = (&*converted.entity, &converted.schema);
            let place = (number, at);
            let records = converted.records.as_deref();
            match landfall_capture::converted(subject, records, &facts, place) {
                Ok(gaps) => {
                    number += i32::try_from(gaps.len()).unwrap_or(i32::MAX);
                    events.extend(gaps.into_iter().map(|gap| NewEvent {
                        topic: converted.topic,
                        id: EventUuid::from_random(draw(entropy)).into(),
                        schema: gap.schema_id,
                        payload: Bytes::from(gap.payload),
                    }));
                }
                Err(failure) => {
                    error!(error = %crate::chain(&failure), entity = %converted.entity.name, "a conversion cannot be captured");
                }
            }
        }
        events
    }
}

/// The places of picklists that take several values now.
fn converted_fields(known: &EntityDefinition, entity: &EntityDefinition) -> Vec<usize> {
    let fields = entity.fields.iter().enumerate();
    let converted = fields.filter(|(_, field)| {
        let earlier = known.field(field.name.as_str());
        field.field_type == FieldType::MultiPicklist
            && earlier.is_some_and(|(_, earlier)| earlier.field_type == FieldType::Picklist)
    });
    converted.map(|(place, _)| place).collect()
}

/// The records that have a value in one of these fields; none if there are too many to list.
fn records(
    entity: &EntityDefinition,
    fields: &[usize],
    reads: &dyn Reads,
) -> Result<Option<Vec<RecordId>>, Error> {
    let Some(id) = entity.index_of("Id").filter(|_| !fields.is_empty()) else {
        return Ok(Some(Vec::new()));
    };
    let most = usize::try_from(limits::OVERFLOW_CHANGES).unwrap_or(usize::MAX);
    let rows = reads.recent_rows(entity, most.saturating_add(1))?;
    Ok(affected(&rows, id, fields, most))
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

#[cfg(test)]
mod tests {
    use landfall_model::{KeyPrefix, Value};

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
