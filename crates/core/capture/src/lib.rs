//! From the state of a record before and after a change to the change event, and to the notifications of `PushTopics`.
//!
//! Owns the rules of what an event says: which fields it carries, which it lists as changed, for which texts it carries
//! differences, when it is replaced by a gap event, what several changes of one record in one transaction amount to, and
//! what all changes of a transaction do. It deliberately knows nothing of how changes come about, of replay ids and of
//! subscribers.
//! Start reading at [`capture`]; a whole transaction is in [`transaction`], what topics tell in [`push_topic`].
//!
//! Source: "Change Event Body Fields", "Change Event Header Fields" (Change Data Capture Developer Guide).

pub mod push_topic;
pub mod transaction;

use landfall_model::{
    ChangeEventHeader, ChangeType, CommitNumber, EntityDefinition, FieldBits, FieldType, RecordId,
    SchemaId, Timestamp, TransactionKey, Value, limits,
};
use landfall_schema::difference::difference;
use landfall_schema::{EventSchema, Inclusion};
use thiserror::Error;

/// Why a change cannot be captured: a mistake of the caller in every case.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Error {
    /// The states do not fit the kind of change: an update has both, a create and an undelete the later one.
    #[error("a change of kind {} lacks a state of the record", change_type.as_str())]
    StateMissing {
        /// The kind.
        change_type: ChangeType,
    },
    /// Not even a header can be encoded: the schema is not of a change event.
    #[error("the event cannot be encoded")]
    Encode(#[from] landfall_schema::Error),
}

/// One change of one record, net of its transaction.
#[derive(Clone, Copy, Debug)]
pub struct RecordChange<'a> {
    /// The record's object.
    pub entity: &'a EntityDefinition,
    /// The schema of its change event.
    pub schema: &'a EventSchema,
    /// The record.
    pub record_id: RecordId,
    /// What happened.
    pub change_type: ChangeType,
    /// The record before the transaction. Only an update needs it.
    pub before: Option<&'a [Value]>,
    /// The record as saved. A delete does not need it.
    pub after: Option<&'a [Value]>,
    /// The record's `LastModifiedDate` as saved; for a delete the moment of the delete.
    pub changed_at: Timestamp,
    /// Whether an update may tell large texts by what changed in them.
    pub differences: bool,
    /// Whether the update of a person account has the fields that stem from its contact.
    ///
    /// Source: "Change Events for Person Accounts" (Change Data Capture Developer Guide): if contacts are captured.
    pub with_contact: bool,
    /// What a test wants in place of a full event.
    pub rehearsed: Option<Rehearsed>,
}

/// An event that a test wants to see instead of the full one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rehearsed {
    /// A gap event.
    Gap,
    /// The event of a field that became another type, with the loss of its values.
    Conversion,
}

/// What the events of one transaction have in common.
#[derive(Clone, Copy, Debug)]
pub struct TransactionFacts<'a> {
    /// Which API and client made the change; empty if none did.
    pub change_origin: &'a str,
    /// The same for all events of the transaction.
    pub transaction_key: TransactionKey,
    /// Number of the commit.
    pub commit_number: CommitNumber,
    /// Who made the change.
    pub commit_user: RecordId,
}

/// Why an event carries no fields although the change has some.
///
/// Source: "Gap Events", "Overflow Events" (Change Data Capture Developer Guide).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GapCause {
    /// The full event is larger than [`limits::EVENT_BYTES_MAX`].
    TooLarge,
    /// The full event cannot be encoded.
    Internal(landfall_schema::Error),
    /// The transaction has more changes than have events of their own.
    Overflow,
    /// A picklist became a multi-select one.
    Converted,
    /// A test rehearses gap events.
    Rehearsed,
}

/// A change event, ready for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapturedEvent {
    /// The schema that the payload is encoded with.
    pub schema_id: SchemaId,
    /// What the payload begins with. Its change type is of the gap kind if there is a cause.
    pub header: ChangeEventHeader,
    /// Avro bytes.
    pub payload: Vec<u8>,
    /// How many changes it is: for an update as many as it changed fields, otherwise one.
    pub changes: u64,
    /// Set if the event is a gap event.
    pub gap: Option<GapCause>,
    /// Whether it has only what updates of several records have in common; further events have the rest.
    pub is_common: bool,
}

/// What two changes of one record in one transaction amount to: its first and its last one.
///
/// `None` if subscribers need not know: the record is as absent after the transaction as before it.
/// A deleted record that came back is an update, since it is there and may hold other values.
/// Source: "Change Event Considerations" (Change Data Capture Developer Guide) for create and update; else none.
pub const fn net(first: ChangeType, last: ChangeType) -> Option<ChangeType> {
    let deleted = matches!(last, ChangeType::Delete);
    match (first, deleted) {
        (ChangeType::Create | ChangeType::Undelete, true) => None,
        (ChangeType::Update | ChangeType::Delete, true) => Some(ChangeType::Delete),
        (ChangeType::Delete, false) => Some(ChangeType::Update),
        (first, _) => Some(first),
    }
}

/// Makes the change event of a change, which has this place in its transaction, from 1.
///
/// # Errors
/// [`Error::StateMissing`] if the states do not fit the kind of change; [`Error::Encode`] if the schema is not one of
/// a change event. A change whose values cannot be encoded, or are too large, gives a gap event instead.
pub fn capture(
    change: &RecordChange<'_>,
    facts: &TransactionFacts<'_>,
    sequence_number: i32,
) -> Result<CapturedEvent, Error> {
    if change.rehearsed == Some(Rehearsed::Conversion) {
        return conversion(change, facts, sequence_number);
    }
    let mut header = header(change, facts, sequence_number);
    let mut changed = 1;
    let encoded = match change.change_type {
        ChangeType::Create | ChangeType::Undelete => {
            let row = change.after.ok_or_else(|| missing(change))?;
            let withheld = withheld(change);
            change
                .schema
                .encode_change(&header, row, Inclusion::Except(&withheld))
        }
        ChangeType::Update => {
            let before = change.before.ok_or_else(|| missing(change))?;
            let after = change.after.ok_or_else(|| missing(change))?;
            let changes = changes(change, before, after);
            changed = changes.count;
            header.changed_fields = changes.changed;
            header.nulled_fields = changes.nulled;
            let told = differences(change, before, after, &mut header);
            let after = told.as_deref().unwrap_or(after);
            let include = Inclusion::Only(&header.changed_fields);
            change.schema.encode_change(&header, after, include)
        }
        _ => change
            .schema
            .encode_change(&header, &[], Inclusion::Nothing),
    };
    let gap = match encoded {
        Ok(_) if change.rehearsed == Some(Rehearsed::Gap) => GapCause::Rehearsed,
        Ok(payload) if payload.len() <= limits::EVENT_BYTES_MAX => {
            return Ok(CapturedEvent {
                schema_id: change.schema.id(),
                header,
                payload,
                changes: changed,
                gap: None,
                is_common: false,
            });
        }
        Ok(_) => GapCause::TooLarge,
        Err(error) => GapCause::Internal(error),
    };
    header.change_type = header.change_type.gap();
    header.changed_fields = FieldBits::default();
    header.nulled_fields = FieldBits::default();
    header.diff_fields = FieldBits::default();
    without_fields(change.schema, header, changed, gap)
}

/// The event of all records of an object of which a field became another type and lost its values.
///
/// Source: "Conversions That Generate a Change Event" (Change Data Capture Developer Guide); none for the change type, which
/// is that of the records.
fn conversion(
    change: &RecordChange<'_>,
    facts: &TransactionFacts<'_>,
    sequence_number: i32,
) -> Result<CapturedEvent, Error> {
    let header = ChangeEventHeader {
        record_ids: vec![format!("{}*", change.entity.key_prefix)],
        change_type: ChangeType::Update,
        ..header(change, facts, sequence_number)
    };
    let payload = change
        .schema
        .encode_change(&header, &[], Inclusion::Nothing)?;
    Ok(CapturedEvent {
        schema_id: change.schema.id(),
        header,
        payload,
        changes: 1,
        gap: None,
        is_common: false,
    })
}

/// The gap events of records of which a field became another type, numbered from this place on: each has as many records as
/// a merged event may have. If there are more records than a transaction may have changes, it is one overflow event.
///
/// # Errors
/// [`Error::Encode`] if the schema is not one of a change event.
/// Source: "Conversions That Generate a Gap Event" (Change Data Capture Developer Guide); none for how many records.
pub fn converted(
    (entity, schema): (&EntityDefinition, &EventSchema),
    records: Option<&[RecordId]>,
    facts: &TransactionFacts<'_>,
    (mut number, at): (i32, Timestamp),
) -> Result<Vec<CapturedEvent>, Error> {
    let (change_type, cause, records) = match records {
        Some(records) => (ChangeType::GapUpdate, GapCause::Converted, records),
        None => (
            ChangeType::GapOverflow,
            GapCause::Overflow,
            &[RecordId::EMPTY][..],
        ),
    };
    let mut events = Vec::new();
    for records in records.chunks(limits::MERGED_RECORDS_MAX) {
        let change = RecordChange {
            entity,
            schema,
            record_id: RecordId::EMPTY,
            change_type,
            before: None,
            after: None,
            changed_at: at,
            differences: false,
            with_contact: false,
            rehearsed: None,
        };
        let header = ChangeEventHeader {
            record_ids: records.iter().map(RecordId::to_string).collect(),
            ..header(&change, facts, number)
        };
        events.push(without_fields(schema, header, 1, cause.clone())?);
        number = number.saturating_add(1);
    }
    Ok(events)
}

/// The change event of all records of an object of which a field lost its values, as it became another type.
///
/// # Errors
/// [`Error::Encode`] if the schema is not one of a change event.
/// Source: "Conversions That Generate a Change Event" (Change Data Capture Developer Guide); none for its change type.
pub fn lost(
    (entity, schema): (&EntityDefinition, &EventSchema),
    facts: &TransactionFacts<'_>,
    (number, at): (i32, Timestamp),
) -> Result<CapturedEvent, Error> {
    let change = RecordChange {
        entity,
        schema,
        record_id: RecordId::EMPTY,
        change_type: ChangeType::Update,
        before: None,
        after: None,
        changed_at: at,
        differences: false,
        with_contact: false,
        rehearsed: None,
    };
    conversion(&change, facts, number)
}

/// An event of which there is nothing but the header.
fn without_fields(
    schema: &EventSchema,
    header: ChangeEventHeader,
    changes: u64,
    gap: GapCause,
) -> Result<CapturedEvent, Error> {
    Ok(CapturedEvent {
        schema_id: schema.id(),
        payload: schema.encode_change(&header, &[], Inclusion::Nothing)?,
        header,
        changes,
        gap: Some(gap),
        is_common: false,
    })
}

const fn missing(change: &RecordChange<'_>) -> Error {
    Error::StateMissing {
        change_type: change.change_type,
    }
}

fn header(
    change: &RecordChange<'_>,
    facts: &TransactionFacts<'_>,
    sequence_number: i32,
) -> ChangeEventHeader {
    ChangeEventHeader {
        entity_name: change.entity.name.clone(),
        record_ids: vec![change.record_id.to_string()],
        change_type: change.change_type,
        change_origin: facts.change_origin.to_owned(),
        transaction_key: facts.transaction_key,
        sequence_number,
        commit_timestamp: change.changed_at.whole_second(),
        commit_number: facts.commit_number,
        commit_user: facts.commit_user,
        nulled_fields: FieldBits::default(),
        diff_fields: FieldBits::default(),
        changed_fields: FieldBits::default(),
    }
}

/// Positions of the fields that a create does not show although the record has a value.
fn withheld(change: &RecordChange<'_>) -> FieldBits {
    let mut withheld = FieldBits::default();
    if change.change_type == ChangeType::Create {
        let hidden = change.entity.traits.not_in_create_event.iter();
        for position in hidden.filter_map(|field| change.schema.position_of(field.as_str())) {
            withheld.insert(position);
        }
    }
    withheld
}

#[derive(Default)]
struct Changes {
    changed: FieldBits,
    nulled: FieldBits,
    /// How many fields changed, each component of a compound by itself; one at least. `LastModifiedDate` is not counted.
    ///
    /// Source: "Overflow Events" (Change Data Capture Developer Guide); none for `LastModifiedDate`, which no update lacks.
    count: u64,
}

impl Changes {
    fn insert(&mut self, position: usize, component: Option<usize>, nulled: bool) {
        let insert = |bits: &mut FieldBits| match component {
            Some(component) => bits.insert_nested(position, component),
            None => bits.insert(position),
        };
        insert(&mut self.changed);
        if nulled {
            insert(&mut self.nulled);
        }
    }
}

/// Compares the two states field by field.
fn changes(change: &RecordChange<'_>, before: &[Value], after: &[Value]) -> Changes {
    let mut changes = Changes::default();
    for (index, new) in after.iter().enumerate() {
        let old = before.get(index).unwrap_or(&Value::Null);
        if old == new {
            continue;
        }
        let Some(slot) = change.schema.slot_in(index, after) else {
            continue;
        };
        if !change.with_contact && stems_from_contact(change.entity, index) {
            continue;
        }
        match geolocation(change.entity, index) {
            Some(parts) => {
                // Source: "Change Event Considerations": all components of a custom object's geolocation.
                for part in parts {
                    let slot = change.schema.slot_of(part).unwrap_or(slot);
                    let nulled = after.get(part).is_none_or(Value::is_null);
                    changes.insert(slot.position, slot.component, nulled);
                }
            }
            None => changes.insert(slot.position, slot.component, new.is_null()),
        }
    }
    let stamp = change.schema.position_of("LastModifiedDate");
    if let Some(position) = stamp {
        changes.insert(position, None, false);
    }
    let whole = changes.changed.top_words().iter().copied();
    let parts = changes.changed.nested().map(|(_, parts)| parts);
    let fields: u32 = whole.chain(parts).map(u64::count_ones).sum();
    changes.count = u64::from(fields - u32::from(stamp.is_some())).max(1);
    changes
}

fn stems_from_contact(entity: &EntityDefinition, index: usize) -> bool {
    let field = entity.fields.get(index);
    field.is_some_and(|field| field.contact_field.is_some())
}

/// The record as the event carries it, if diffs replace some of its large texts: the header lists these.
///
/// Source: "Sending Data Differences for Fields of Updated Records" (Change Data Capture Developer Guide).
fn differences(
    change: &RecordChange<'_>,
    before: &[Value],
    after: &[Value],
    header: &mut ChangeEventHeader,
) -> Option<Vec<Value>> {
    let mut told: Option<Vec<Value>> = None;
    let fields = change.entity.fields.iter().zip(before.iter().zip(after));
    for (index, (field, values)) in fields.enumerate() {
        if !change.differences || !field.is_long_text() {
            continue;
        }
        let (Value::Text(old), Value::Text(new)) = values else {
            continue;
        };
        let position = change.schema.slot_of(index).map(|slot| slot.position);
        let Some(position) = position.filter(|place| header.changed_fields.contains(*place)) else {
            continue;
        };
        let Some(difference) = difference(old, new) else {
            continue;
        };
        let row = told.get_or_insert_with(|| after.to_vec());
        if let Some(value) = row.get_mut(index) {
            *value = Value::Text(difference);
            header.diff_fields.insert(position);
        }
    }
    told
}

/// The places of all components, if the field is one of a geolocation of a custom object.
fn geolocation(entity: &EntityDefinition, index: usize) -> Option<Vec<usize>> {
    if !entity.custom {
        return None;
    }
    let compound = entity.fields.get(index)?.compound.as_ref()?.as_str();
    let (_, definition) = entity.field(compound)?;
    (definition.field_type == FieldType::Location).then(|| {
        entity
            .components(compound)
            .map(|(index, _)| index)
            .collect()
    })
}
