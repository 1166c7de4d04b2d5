//! What one evaluation of an event costs: a filter that drops it, and enrichment.

use std::convert::Infallible;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use landfall_channel::{Filter, Lens, Stored, Subject, Verdict};
use landfall_model::{
    ChangeEventHeader, ChangeType, CommitNumber, EntityName, FieldBits, FieldName, RecordId, Row,
    Timestamp, TransactionKey, Value,
};
use landfall_schema::{EventSchema, Inclusion};

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn looks(criterion: &mut Criterion) {
    let all = landfall_standard::entities().expect("the shipped objects");
    let mut all = all.into_iter();
    let entity = all.find(|entity| entity.name.as_str() == "Account");
    let entity = Arc::new(entity.expect("Account"));
    let schema = EventSchema::of_change_event(&entity).expect("a schema");
    let mut row = vec![Value::Null; entity.fields.len()];
    for (name, text) in [("Name", "Acme"), ("Phone", "1"), ("Industry", "Energy")] {
        let slot = entity.index_of(name).and_then(|place| row.get_mut(place));
        *slot.expect("a field") = Value::Text(text.to_owned());
    }
    let mut changed = FieldBits::default();
    changed.insert(schema.position_of("Phone").expect("a field"));
    let header = ChangeEventHeader {
        entity_name: EntityName::new("Account"),
        record_ids: vec!["0015f00002J9YYEAA3".to_owned()],
        change_type: ChangeType::Update,
        change_origin: "com/salesforce/api/rest/59.0".to_owned(),
        transaction_key: TransactionKey::from_bytes([1; 16]),
        sequence_number: 1,
        commit_timestamp: NOW,
        commit_number: CommitNumber::new(5_000_000_000),
        commit_user: RecordId::parse("005000000000001AAA").expect("an id"),
        nulled_fields: FieldBits::default(),
        diff_fields: FieldBits::default(),
        changed_fields: changed,
    };
    let include = Inclusion::Only(&header.changed_fields);
    let payload = schema.encode_change(&header, &row, include);
    let payload = payload.expect("a payload");
    let stored = Stored {
        schema: &schema,
        payload: &payload,
    };
    let subject = Subject::Changes {
        entity: &entity,
        schema: &schema,
    };
    for (name, filter, enriched, verdict) in [
        (
            "dropped by its header",
            "ChangeEventHeader.changeType = 'DELETE'",
            "",
            false,
        ),
        ("dropped by a changed field", "Phone = '2'", "", false),
        (
            "dropped by another field",
            "Industry = 'Banking' AND NumberOfEmployees > 1000",
            "",
            false,
        ),
        ("passed and enriched", "Industry = 'Energy'", "Name", true),
    ] {
        let filter = Filter::read(filter, &subject).expect("a filter");
        let enriched: Vec<FieldName> = enriched.split_terminator(' ').map(FieldName::new).collect();
        let lens = Lens::of_changes(&entity, &schema, Some(filter), &enriched).expect("a lens");
        let evaluation = || {
            lens.evaluate(black_box(stored), NOW, |_| {
                Ok::<_, Infallible>(Some(Row::clone(&row)))
            })
            .expect("it can be read")
        };
        assert_eq!(evaluation().verdict != Verdict::Withheld, verdict);
        criterion.bench_function(name, |bench| bench.iter(evaluation));
    }
}

criterion_group!(benches, looks);
criterion_main!(benches);
