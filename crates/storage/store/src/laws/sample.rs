//! The object, records and events that the laws are shown with; a back end's own tests may use them too.

use std::sync::Arc;

use bytes::Bytes;
use landfall_model::{
    Capabilities, Date, EntityDefinition, EntityName, EventUuid, FieldDefinition, FieldType,
    KeyPrefix, RecordId, Row, SchemaId, Timestamp, Topic, Value,
};

use crate::{
    Appended, Committed, Document, NewEvent, Opened, Outcome, Position, RowWrite, TopicId,
    WriteSet, Writer,
};

/// An object with a field of every kind of value.
pub fn entity() -> Arc<EntityDefinition> {
    entity_with(Vec::new())
}

/// The same with more fields.
pub fn entity_with(more: Vec<FieldDefinition>) -> Arc<EntityDefinition> {
    let mut fields = vec![
        field("Id", FieldType::Id),
        field("Name", FieldType::String),
        FieldDefinition {
            unique: true,
            case_sensitive: true,
            external_id: true,
            ..field("Code__c", FieldType::String)
        },
        FieldDefinition {
            id_lookup: true,
            ..field("Email__c", FieldType::Email)
        },
        field("Count__c", FieldType::Int),
        field("Ratio__c", FieldType::Double),
        field("Flag__c", FieldType::Boolean),
        field("Day__c", FieldType::Date),
        field("Hour__c", FieldType::Time),
        field("Parent__c", FieldType::Reference),
        field("Place__c", FieldType::Address),
        FieldDefinition {
            calculated: true,
            ..field("Total__c", FieldType::Currency)
        },
        field("IsDeleted", FieldType::Boolean),
        field("LastModifiedDate", FieldType::DateTime),
    ];
    fields.extend(more);
    Arc::new(EntityDefinition::new(
        EntityName::new("Thing__c"),
        ("Thing".to_owned(), "Things".to_owned()),
        prefix(),
        true,
        Capabilities::default(),
        fields,
        Vec::new(),
        None,
    ))
}

fn prefix() -> KeyPrefix {
    KeyPrefix::parse("a00").expect("three letters and digits")
}

/// A plain field that may be null.
pub fn field(name: &str, field_type: FieldType) -> FieldDefinition {
    FieldDefinition {
        length: 255,
        digits: 9,
        precision: 18,
        scale: 2,
        createable: true,
        updateable: true,
        filterable: true,
        groupable: true,
        sortable: true,
        custom: true,
        ..FieldDefinition::new(name, name, field_type)
    }
}

/// The id of record number `number`.
pub fn id(number: u64) -> RecordId {
    RecordId::from_number(prefix(), *b"LF", number)
}

/// The place of a field.
pub(super) fn place(entity: &EntityDefinition, name: &str) -> usize {
    entity.index_of(name).expect("a field of the sample")
}

/// A row in which these fields have a value, besides the id.
pub fn row(entity: &EntityDefinition, number: u64, values: &[(&str, Value)]) -> Row {
    entity
        .fields
        .iter()
        .map(|field| match field.name.as_str() {
            "Id" => Value::Id(id(number)),
            "IsDeleted" | "Flag__c" => Value::Boolean(false),
            _ => Value::Null,
        })
        .zip(&entity.fields)
        .map(|(value, field)| {
            values
                .iter()
                .find(|(name, _)| *name == field.name.as_str())
                .map_or(value, |(_, given)| given.clone())
        })
        .collect()
}

/// A row with a value in every stored field.
pub fn full_row(entity: &EntityDefinition, number: u64) -> Row {
    let values = [
        ("Name", text("Zoë \u{1f30a}\nline two")),
        ("Code__c", text("")),
        ("Email__c", text("it's@\"quoted\".example")),
        ("Count__c", Value::Integer(-2_147_483_648)),
        ("Ratio__c", Value::Double(-0.125)),
        ("Flag__c", Value::Boolean(true)),
        ("Day__c", Value::Date(Date::from_days(-719_162))),
        ("Hour__c", Value::Time(86_399_999)),
        ("Parent__c", Value::Id(id(u64::from(u32::MAX)))),
        ("LastModifiedDate", moment(253_402_300_799_000)),
    ];
    row(entity, number, &values)
}

/// A text as a value.
pub fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// A point in time as a value.
pub const fn moment(millis: i64) -> Value {
    Value::DateTime(Timestamp::from_millis(millis))
}

/// A record that is written for the first time.
pub fn new_row(entity: &Arc<EntityDefinition>, number: u64, row: Row) -> RowWrite {
    RowWrite {
        entity: Arc::clone(entity),
        id: id(number),
        row,
        changed: None,
    }
}

/// A record of which these fields change.
///
/// # Panics
/// If the object has no such field.
pub fn changed_row(
    entity: &Arc<EntityDefinition>,
    number: u64,
    row: Row,
    changed: &[&str],
) -> RowWrite {
    RowWrite {
        changed: Some(changed.iter().map(|name| place(entity, name)).collect()),
        ..new_row(entity, number, row)
    }
}

/// An event whose payload says which it is.
pub fn event(topic: TopicId, number: u64) -> NewEvent {
    let mut digest = [0; 16];
    digest
        .iter_mut()
        .zip(number.to_le_bytes())
        .for_each(|(slot, byte)| *slot = byte);
    NewEvent {
        topic,
        id: EventUuid::from_bytes(digest).into(),
        schema: SchemaId::from_bytes(digest),
        payload: Bytes::from(format!("payload {number}")),
    }
}

/// Opens the place and prepares the object.
pub(super) fn opened(place: &dyn super::Fixture, entity: &Arc<EntityDefinition>) -> Opened {
    let mut store = place.open();
    store
        .writer
        .prepare(std::slice::from_ref(entity))
        .expect("an object can be prepared");
    store
}

pub(super) fn topic(store: &mut Opened, name: &str) -> TopicId {
    store
        .writer
        .topic(&Topic::new(name))
        .expect("a topic can be numbered")
}

/// Commits rows and documents.
pub(super) fn keep(writer: &mut dyn Writer, rows: Vec<RowWrite>, documents: Vec<Document>) {
    let write = WriteSet {
        rows,
        documents,
        ..WriteSet::default()
    };
    let committed = writer
        .commit(&write, &mut nothing)
        .and_then(Outcome::committed)
        .expect("a commit succeeds");
    assert!(committed.events.is_empty(), "nothing was appended");
}

/// Appends events in one commit.
pub(super) fn publish(writer: &mut dyn Writer, at: i64, events: &[NewEvent]) -> Committed {
    writer
        .commit(&WriteSet::default(), &mut |position| Appended {
            events: events.to_vec(),
            at: Timestamp::from_millis(at),
            commit_number: position.commit_number.advanced_by(1),
        })
        .and_then(Outcome::committed)
        .expect("a commit succeeds")
}

/// No events.
pub fn nothing(position: Position) -> Appended {
    Appended {
        events: Vec::new(),
        at: Timestamp::from_millis(0),
        commit_number: position.commit_number,
    }
}
