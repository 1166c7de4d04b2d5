//! An event as a channel shows it: let through or not, and with which further fields.
//!
//! What an event itself says of its record counts first; the rest is read from the record as it is now, also when an old
//! event is delivered again. Fields of a filter are added like enriched ones. A gap event is always let through: who keeps
//! a replica must not miss it.
//!
//! Where fields are added, be it for a filter, an event of several records is shown as one of each, and a filter judges each
//! record by itself. A filter of the header alone judges, and shows, the event.
//!
//! Source: "Event Enrichment Considerations", "Filter Expression Format" (Change Data Capture Developer Guide). Source:
//! none for filters of gap events and of merged ones, and for the components of a compound in a filter: the whole compound
//! is added.

use std::sync::Arc;

use landfall_model::{
    ChangeEventHeader, ChangeType, EntityDefinition, FieldName, FieldType, RecordId, Row,
    Timestamp, Value,
};
use landfall_schema::{DecodeError, DecodedEvent, EventSchema, FieldValue, Shape};
use thiserror::Error;

use crate::field::{Field, RecordField};
use crate::filter::Filter;
use crate::subject::is_readable;

/// What one member of a channel does to its events.
#[derive(Clone, Debug)]
pub struct Lens {
    filter: Option<Filter>,
    /// Fields of the record that are read; those of the filter among them.
    read: Vec<Read>,
    entity: Option<Arc<EntityDefinition>>,
}

/// A field of the event, and where its value stands in a row.
#[derive(Clone, Debug)]
struct Read {
    name: String,
    place: Source,
}

#[derive(Clone, Debug)]
enum Source {
    /// One value.
    One(usize),
    /// Components by name.
    Parts(Vec<(String, usize)>),
}

/// An event as the log has it.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'e> {
    /// The schema that it was encoded with.
    pub schema: &'e EventSchema,
    /// Its bytes.
    pub payload: &'e [u8],
}

/// The result for an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Subscribers do not get it.
    Withheld,
    /// They get it as it is stored.
    AsStored,
    /// They get these in its place.
    Altered(Vec<Part>),
}

/// What an event says of one of its records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The place of the record in the event.
    pub place: usize,
    /// Bytes of the same schema.
    pub payload: Vec<u8>,
}

/// The result for an event, and for how long it is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// The result.
    pub verdict: Verdict,
    /// Whether that depends on records as they are now.
    pub depends_on_record: bool,
}

/// Why nothing can be said of an event.
#[derive(Debug, Error)]
pub enum Failure<E: std::error::Error + 'static> {
    /// It cannot be read.
    #[error("the event cannot be read")]
    Decode(#[from] DecodeError),
    /// It cannot be written with what is added.
    #[error("the enriched event cannot be written")]
    Encode(#[source] landfall_schema::Error),
    /// The record cannot be read.
    #[error("the record cannot be read")]
    Record(#[source] E),
}

/// The field of an object's change event that a channel member may be enriched with, by name in any letter case.
/// A standard reference is also known by the name of its relationship: `Account` for `AccountId`.
///
/// Source: "Enrich Change Events with Extra Fields" (Change Data Capture Developer Guide).
pub fn enrichable(entity: &EntityDefinition, name: &str) -> Option<FieldName> {
    let (_, definition) = entity.field(name).or_else(|| {
        let mut fields = entity.fields.iter().filter(|field| !field.custom);
        let referenced = fields.find(|field| {
            let relationship = field.relationship_name.as_deref();
            relationship.is_some_and(|known| known.eq_ignore_ascii_case(name))
        });
        entity.field(referenced?.name.as_str())
    })?;
    let change_event = entity.change_event.as_ref()?;
    let mut fields = change_event.fields.iter();
    let field = fields.find(|field| **field == definition.name)?;
    // Filters may be about several chosen values, enrichment not.
    let is_single = definition.field_type != FieldType::MultiPicklist;
    (is_single && is_readable(definition)).then(|| field.clone())
}

impl Lens {
    /// The lens of a change event; none if the channel shows the events as they are.
    pub fn of_changes(
        entity: &Arc<EntityDefinition>,
        schema: &EventSchema,
        filter: Option<Filter>,
        enriched: &[FieldName],
    ) -> Option<Self> {
        let filtered = filter.iter().flat_map(Filter::record_fields);
        let filtered = filtered.map(|field| field.top.as_str());
        let mut read: Vec<Read> = Vec::new();
        for name in enriched.iter().map(FieldName::as_str).chain(filtered) {
            if read.iter().all(|known| known.name != name)
                && let Some(place) = place_of(entity, schema, name)
            {
                let name = name.to_owned();
                read.push(Read { name, place });
            }
        }
        (filter.is_some() || !read.is_empty()).then(|| Self {
            filter,
            read,
            entity: Some(Arc::clone(entity)),
        })
    }

    /// The lens of a platform event; none without a filter.
    pub fn of_platform_event(filter: Option<Filter>) -> Option<Self> {
        filter.map(|filter| Self {
            filter: Some(filter),
            read: Vec::new(),
            entity: None,
        })
    }

    /// The object whose records it reads; none for a platform event.
    pub const fn entity(&self) -> Option<&Arc<EntityDefinition>> {
        self.entity.as_ref()
    }

    /// Looks at an event. `row` gives a record as it is now, also from the recycle bin.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn evaluate<E: std::error::Error + 'static>(
        &self,
        event: Stored<'_>,
        now: Timestamp,
        mut row: impl FnMut(RecordId) -> Result<Option<Row>, E>,
    ) -> Result<Evaluation, Failure<E>> {
        let decoded = event.schema.decode(event.payload)?;
        let seen = Seen::new(event.schema, &decoded);
        let Some(header) = &decoded.header else {
            let admitted = self.admits(now, &seen, &Row::new());
            return Ok(simply(admitted));
        };
        let (is_gap, adds) = match header.change_type {
            ChangeType::Create | ChangeType::Undelete => (false, false),
            ChangeType::Update | ChangeType::Delete => (false, self.misses(&seen)),
            _ => (true, false),
        };
        let is_settled = !adds || self.filter_is_settled(&seen);
        if !is_gap && is_settled && !self.admits(now, &seen, &Row::new()) {
            return Ok(simply(false));
        }
        let is_taken_apart = header.record_ids.len() > 1 && !self.read.is_empty();
        if !adds && !is_taken_apart {
            return Ok(simply(true));
        }
        let of_none = DecodedEvent {
            header: Some(ChangeEventHeader {
                record_ids: Vec::new(),
                ..header.clone()
            }),
            ..decoded.clone()
        };
        let mut parts = Vec::new();
        for (place, text) in header.record_ids.iter().enumerate() {
            let mut part = of_none.clone();
            if let Some(header) = &mut part.header {
                header.record_ids.push(text.clone());
            }
            if adds {
                // A wildcard stands for no one record.
                let Ok(id) = RecordId::parse(text) else {
                    return Ok(simply(true));
                };
                let row = row(id).map_err(Failure::Record)?.unwrap_or_default();
                if !self.admits(now, &seen, &row) {
                    continue;
                }
                self.enrich(&seen, &row, &mut part);
            }
            let payload = event.schema.encode_decoded(&part);
            let payload = payload.map_err(Failure::Encode)?;
            parts.push(Part { place, payload });
        }
        let verdict = if parts.is_empty() {
            Verdict::Withheld
        } else {
            Verdict::Altered(parts)
        };
        Ok(Evaluation {
            verdict,
            depends_on_record: adds,
        })
    }

    fn admits(&self, now: Timestamp, seen: &Seen<'_>, row: &Row) -> bool {
        let Some(filter) = &self.filter else {
            return true;
        };
        filter.admits(now, &|field| match field {
            Field::Header(field) => seen
                .header
                .map(|header| field.of(header))
                .unwrap_or_default(),
            Field::Record(field) => seen
                .said(field)
                .unwrap_or_else(|| self.read_of(&field.top, field.component.as_deref(), row)),
        })
    }

    /// Whether the event says all that the filter asks.
    fn filter_is_settled(&self, seen: &Seen<'_>) -> bool {
        let mut fields = self.filter.iter().flat_map(Filter::record_fields);
        fields.all(|field| seen.said(field).is_some())
    }

    /// Whether a field is to be read that the event does not say in whole.
    fn misses(&self, seen: &Seen<'_>) -> bool {
        self.read.iter().any(|read| !seen.says_all(&read.name))
    }

    /// The value of a field in a row.
    fn read_of(&self, name: &str, component: Option<&str>, row: &Row) -> Value {
        let read = self.read.iter().find(|read| read.name == name);
        let place = match (read.map(|read| &read.place), component) {
            (Some(Source::One(place)), None) => Some(*place),
            (Some(Source::Parts(parts)), Some(component)) => {
                let mut parts = parts.iter();
                let part = parts.find(|(name, _)| name == component);
                part.map(|(_, place)| *place)
            }
            _ => None,
        };
        match place.and_then(|place| row.get(place)) {
            Some(Value::Id(id)) => Value::Text(id.to_string()),
            Some(value) => value.clone(),
            None => Value::Null,
        }
    }

    /// Adds what the event does not say.
    fn enrich(&self, seen: &Seen<'_>, row: &Row, event: &mut DecodedEvent) {
        for read in &self.read {
            let Some(position) = seen.schema.position_of(&read.name) else {
                continue;
            };
            let Some(field) = seen.schema.fields().get(position) else {
                continue;
            };
            let value = match &field.shape {
                Shape::Compound(compound) => {
                    let parts = compound.components.iter().enumerate().map(|(place, part)| {
                        seen.part(position, place)
                            .unwrap_or_else(|| self.read_of(&read.name, Some(&part.name), row))
                    });
                    let parts: Vec<Value> = parts.collect();
                    if parts.iter().all(Value::is_null) {
                        FieldValue::Null
                    } else {
                        FieldValue::Compound(parts)
                    }
                }
                _ if seen.says(position) => continue,
                _ => match self.read_of(&read.name, None, row) {
                    Value::Null => FieldValue::Null,
                    value => FieldValue::Plain(value),
                },
            };
            if let Some(slot) = event.fields.get_mut(position) {
                *slot = value;
            }
        }
    }
}

const fn simply(admitted: bool) -> Evaluation {
    Evaluation {
        verdict: if admitted {
            Verdict::AsStored
        } else {
            Verdict::Withheld
        },
        depends_on_record: false,
    }
}

/// Where the parts of a field of the event stand in a row.
fn place_of(entity: &EntityDefinition, schema: &EventSchema, name: &str) -> Option<Source> {
    let position = schema.position_of(name)?;
    let field = schema.fields().get(position)?;
    if !matches!(field.shape, Shape::Compound(_)) {
        return entity.index_of(name).map(Source::One);
    }
    let compound = field.shape.compound()?;
    let parts = (0..entity.fields.len()).filter_map(|index| {
        let slot = schema.slot_of(index)?;
        let component = slot.component.filter(|_| slot.position == position)?;
        Some((compound.components.get(component)?.name.clone(), index))
    });
    Some(Source::Parts(parts.collect()))
}

/// What an event says of its record.
struct Seen<'e> {
    schema: &'e EventSchema,
    header: Option<&'e ChangeEventHeader>,
    event: &'e DecodedEvent,
}

impl<'e> Seen<'e> {
    const fn new(schema: &'e EventSchema, event: &'e DecodedEvent) -> Self {
        Self {
            schema,
            header: event.header.as_ref(),
            event,
        }
    }

    /// Whether what the event has at a position is what the record has: a create says everything, an update what changed.
    fn says(&self, position: usize) -> bool {
        match self.header {
            None => true,
            Some(header) => match header.change_type {
                ChangeType::Create | ChangeType::Undelete => true,
                ChangeType::Update => header.changed_fields.contains(position),
                _ => false,
            },
        }
    }

    /// The value of a component, if the event says it.
    fn part(&self, position: usize, place: usize) -> Option<Value> {
        let changed = self
            .header
            .map_or(0, |header| header.changed_fields.components(position));
        let says = self.says(position) || (place < 64 && changed >> place & 1 == 1);
        says.then(|| match self.event.fields.get(position) {
            Some(FieldValue::Compound(parts)) => parts.get(place).cloned().unwrap_or_default(),
            _ => Value::Null,
        })
    }

    /// The value of a field, if the event says it. A field that it cannot have is null.
    fn said(&self, field: &RecordField) -> Option<Value> {
        let Some(position) = self.schema.position_of(&field.top) else {
            return self.is_whole().then_some(Value::Null);
        };
        match &field.component {
            None if self.says(position) => Some(match self.event.fields.get(position) {
                Some(FieldValue::Plain(value)) => value.clone(),
                _ => Value::Null,
            }),
            None => None,
            Some(component) => {
                let compound = self.schema.fields().get(position)?.shape.compound()?;
                let mut parts = compound.components.iter();
                let place = parts.position(|part| part.name == *component)?;
                self.part(position, place)
            }
        }
    }

    /// Whether the event says everything of the record.
    fn is_whole(&self) -> bool {
        let kind = self.header.map(|header| header.change_type);
        matches!(kind, None | Some(ChangeType::Create | ChangeType::Undelete))
    }

    /// Whether it says all of a field that may have components.
    fn says_all(&self, name: &str) -> bool {
        let Some(position) = self.schema.position_of(name) else {
            // An older event has no room for it.
            return true;
        };
        let compound = self.schema.fields().get(position);
        match compound.map(|field| &field.shape) {
            Some(Shape::Compound(compound)) => {
                (0..compound.components.len()).all(|place| self.part(position, place).is_some())
            }
            _ => self.says(position),
        }
    }
}
