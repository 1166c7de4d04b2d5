//! Renders an event for the Streaming API many times, so that its instructions can be counted: docs/benchmarks.md has the
//! command and the numbers.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program of its own, with arguments and a result"
)]

use std::error::Error;
use std::hint::black_box;

use landfall_model::{
    ChangeEventHeader, ChangeType, CommitNumber, EntityDefinition, EntityName, FieldBits,
    FieldType, RecordId, Row, Timestamp, TransactionKey, Value,
};
use landfall_schema::{EventField, EventSchema, Inclusion, Scalar, Shape};

type Case = Result<(EventSchema, Vec<u8>), Box<dyn Error>>;

const NOW: Timestamp = Timestamp::from_millis(1_712_693_965_000);

fn main() -> Result<(), Box<dyn Error>> {
    let usage = "name an event (platform, few, most, update) and how often it is rendered";
    let mut arguments = std::env::args().skip(1);
    let event = arguments.next().ok_or(usage)?;
    let times: u32 = arguments.next().ok_or(usage)?.parse()?;
    let (schema, payload) = match event.as_str() {
        "platform" => platform_event(),
        "few" => account(ChangeType::Create, is_usual),
        "most" => account(ChangeType::Create, |_| true),
        "update" => account(ChangeType::Update, |name| {
            ["Phone", "Industry", "LastModifiedDate"].contains(&name)
        }),
        _ => Err(usage.into()),
    }?;
    let mut json = Vec::new();
    for _ in 0..times {
        json.clear();
        schema.render_cometd(black_box(&payload), &mut json)?;
    }
    println!("{} bytes: {}", json.len(), String::from_utf8(json)?);
    Ok(())
}

/// Two texts, as `landfall bench pubsub` publishes them.
fn platform_event() -> Case {
    let field = |name: &str, shape| EventField {
        name: name.to_owned(),
        shape,
        doc: "Data:Text".to_owned(),
    };
    let fields = vec![
        field("CreatedDate", Shape::Required(Scalar::DateTime)),
        field("CreatedById", Shape::Required(Scalar::Text)),
        field("Tag__c", Shape::Optional(Scalar::Text)),
        field("Body__c", Shape::Optional(Scalar::Text)),
    ];
    let schema = EventSchema::new("Load__e", fields)?;
    let payload = schema.encode_event(&[
        Value::DateTime(NOW),
        Value::Id(user()?),
        Value::Text("~T00000000065f4a1d-00000001~".to_owned()),
        Value::Text("x".repeat(200)),
    ])?;
    Ok((schema, payload))
}

/// What an Account that is created with a name and a description gets.
fn is_usual(name: &str) -> bool {
    let of_the_system = name.ends_with("ById") || name.ends_with("edDate") || name == "OwnerId";
    of_the_system || ["Name", "Description", "CleanStatus"].contains(&name)
}

/// An Account of which these fields have changed.
fn account(change_type: ChangeType, has_changed: impl Fn(&str) -> bool) -> Case {
    let entities = landfall_standard::entities()?;
    let entity = entities
        .into_iter()
        .find(|entity| entity.name.as_str() == "Account")
        .ok_or("Account is a standard object")?;
    let schema = EventSchema::of_change_event(&entity)?;
    let row = row(&entity, &has_changed)?;
    let mut header = ChangeEventHeader {
        entity_name: EntityName::new("Account"),
        record_ids: vec!["0015f00002J9YYEAA3".to_owned()],
        change_type,
        change_origin: "com/salesforce/api/rest/59.0".to_owned(),
        transaction_key: TransactionKey::from_bytes([0x5a; 16]),
        sequence_number: 1,
        commit_timestamp: NOW,
        commit_number: CommitNumber::ORIGIN,
        commit_user: user()?,
        nulled_fields: FieldBits::default(),
        diff_fields: FieldBits::default(),
        changed_fields: FieldBits::default(),
    };
    if change_type == ChangeType::Update {
        for (index, field) in entity.fields.iter().enumerate() {
            let slot = schema.slot_of(index);
            if let Some(slot) = slot.filter(|_| has_changed(field.name.as_str())) {
                header.changed_fields.insert(slot.position);
            }
        }
    }
    let payload = schema.encode_change(&header, &row, Inclusion::All)?;
    Ok((schema, payload))
}

/// Values for most of these fields, by their type.
fn row(entity: &EntityDefinition, has_value: impl Fn(&str) -> bool) -> Result<Row, Box<dyn Error>> {
    let user = user()?;
    let value = |field: &landfall_model::FieldDefinition| match field.field_type {
        _ if !has_value(field.name.as_str()) => Value::Null,
        FieldType::Reference => Value::Id(user),
        FieldType::DateTime => Value::DateTime(NOW),
        FieldType::Int => Value::Integer(1_200),
        kind if kind.is_decimal() => Value::Double(52.520_008),
        kind if kind.is_text() => Value::Text(format!("The value of {}", field.name)),
        _ => Value::Null,
    };
    Ok(entity.fields.iter().map(value).collect())
}

fn user() -> Result<RecordId, Box<dyn Error>> {
    Ok(RecordId::parse("0055f000005mc66AAA")?)
}
