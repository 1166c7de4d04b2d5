//! What an event costs: encoding it once, and rendering it for the Streaming API.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use landfall_model::{
    ChangeEventHeader, ChangeType, CommitNumber, EntityDefinition, FieldBits, FieldType, RecordId,
    Row, Timestamp, TransactionKey, Value,
};
use landfall_schema::{EventSchema, Inclusion};

fn account() -> EntityDefinition {
    landfall_standard::entities()
        .expect("the shipped objects")
        .into_iter()
        .find(|entity| entity.name.as_str() == "Account")
        .expect("a shipped object")
}

/// An account with most fields filled.
fn row(entity: &EntityDefinition) -> Row {
    entity
        .fields
        .iter()
        .enumerate()
        .map(|(place, field)| match field.field_type {
            _ if place % 4 == 3 => Value::Null,
            FieldType::Reference => {
                Value::Id(RecordId::parse("0055f000005mc66AAA").expect("an id"))
            }
            FieldType::DateTime => Value::DateTime(Timestamp::from_millis(1_712_693_965_000)),
            FieldType::Int => Value::Integer(1_200),
            kind if kind.is_decimal() => Value::Double(52.520_008),
            kind if kind.is_text() => Value::Text(format!("The value of {}", field.name)),
            _ => Value::Null,
        })
        .collect()
}

fn header(change_type: ChangeType, changed_fields: FieldBits) -> ChangeEventHeader {
    ChangeEventHeader {
        entity_name: landfall_model::EntityName::new("Account"),
        record_ids: vec!["0015f00002J9YYEAA3".to_owned()],
        change_type,
        change_origin: "com/salesforce/api/rest/59.0".to_owned(),
        transaction_key: TransactionKey::from_bytes([0x5a; 16]),
        sequence_number: 1,
        commit_timestamp: Timestamp::from_millis(1_712_693_965_000),
        commit_number: CommitNumber::ORIGIN,
        commit_user: RecordId::parse("0055f000005mc66AAA").expect("an id"),
        nulled_fields: FieldBits::default(),
        diff_fields: FieldBits::default(),
        changed_fields,
    }
}

fn payloads(criterion: &mut Criterion) {
    let entity = account();
    let schema = EventSchema::of_change_event(&entity).expect("captured");
    let row = row(&entity);
    let mut changed = FieldBits::default();
    for name in ["Phone", "Industry", "LastModifiedDate"] {
        changed.insert(schema.position_of(name).expect("a field"));
    }
    changed.insert_nested(schema.position_of("BillingAddress").expect("a field"), 0);
    let create = header(ChangeType::Create, FieldBits::default());
    let update = header(ChangeType::Update, changed);

    let mut group = criterion.benchmark_group("payload");
    group.bench_function("encode create", |bencher| {
        bencher.iter(|| schema.encode_change(black_box(&create), black_box(&row), Inclusion::All));
    });
    group.bench_function("encode update", |bencher| {
        let include = Inclusion::Only(&update.changed_fields);
        bencher.iter(|| schema.encode_change(black_box(&update), black_box(&row), include));
    });
    for (name, header, include) in [
        ("create", &create, Inclusion::All),
        ("update", &update, Inclusion::Only(&update.changed_fields)),
    ] {
        let payload = schema
            .encode_change(header, &row, include)
            .expect("the values fit");
        group.throughput(Throughput::Bytes(
            u64::try_from(payload.len()).unwrap_or(u64::MAX),
        ));
        let mut out = Vec::new();
        group.bench_function(format!("render {name}"), |bencher| {
            bencher.iter(|| {
                out.clear();
                schema.render_cometd(black_box(&payload), &mut out)
            });
        });
    }
    group.finish();
}

fn schemas(criterion: &mut Criterion) {
    let entity = account();
    criterion.bench_function("schema of an account", |bencher| {
        bencher.iter(|| EventSchema::of_change_event(black_box(&entity)));
    });
    criterion.bench_function("all shipped objects", |bencher| {
        bencher.iter(landfall_standard::entities);
    });
}

criterion_group!(benches, payloads, schemas);
criterion_main!(benches);
