//! What holds for every row of every shipped object, and for any bytes.

use std::sync::LazyLock;

use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value as Avro;
use apache_avro::writer::datum::GenericDatumWriter;
use landfall_model::{
    ChangeEventHeader, ChangeType, CommitNumber, Date, EntityDefinition, FieldBits, FieldType,
    RecordId, Row, Timestamp, TransactionKey, Value,
};
use landfall_schema::{EventSchema, FieldValue, Inclusion, bitmap};
use proptest::prelude::*;

impl std::fmt::Debug for Captured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.schema.name())
    }
}

struct Captured {
    entity: EntityDefinition,
    schema: EventSchema,
    avro: apache_avro::Schema,
}

static CAPTURED: LazyLock<Vec<Captured>> = LazyLock::new(|| {
    landfall_standard::entities()
        .expect("the shipped objects")
        .into_iter()
        .filter_map(|entity| {
            let schema = EventSchema::of_change_event(&entity).ok()?;
            let avro = apache_avro::Schema::parse_str(schema.avro_json()).expect("an Avro schema");
            Some(Captured {
                entity,
                schema,
                avro,
            })
        })
        .collect()
});

fn value(field_type: FieldType) -> BoxedStrategy<Value> {
    let some = match field_type {
        FieldType::Boolean => return any::<bool>().prop_map(Value::Boolean).boxed(),
        FieldType::Id | FieldType::Reference => {
            let prefix = landfall_model::KeyPrefix::parse("001").expect("three characters");
            (0..u64::MAX >> 20)
                .prop_map(move |number| Value::Id(RecordId::from_number(prefix, *b"xx", number)))
                .boxed()
        }
        FieldType::Int => any::<i32>()
            .prop_map(|number| Value::Integer(number.into()))
            .boxed(),
        kind if kind.is_decimal() => {
            let any = proptest::num::f64::NORMAL | proptest::num::f64::ZERO;
            prop_oneof![any, (-1_000_i32..1_000).prop_map(f64::from)]
                .prop_map(Value::Double)
                .boxed()
        }
        FieldType::Date => (-700_000..700_000)
            .prop_map(|day| Value::Date(Date::from_days(day)))
            .boxed(),
        FieldType::DateTime => (-1_i64 << 45..1 << 45)
            .prop_map(|millis| Value::DateTime(Timestamp::from_millis(millis)))
            .boxed(),
        FieldType::Time => (0..86_400_000).prop_map(Value::Time).boxed(),
        kind if kind.is_text() => prop_oneof!["[a-zA-Z ]{0,12}", any::<String>()]
            .prop_map(Value::Text)
            .boxed(),
        _ => return Just(Value::Null).boxed(),
    };
    prop_oneof![2 => Just(Value::Null), 3 => some].boxed()
}

fn captured_with_row() -> impl Strategy<Value = (&'static Captured, Row, Vec<bool>)> {
    prop::sample::select(CAPTURED.iter().collect::<Vec<_>>()).prop_flat_map(|captured| {
        let fields = &captured.entity.fields;
        let row: Vec<_> = fields.iter().map(|field| value(field.field_type)).collect();
        (
            Just(captured),
            row,
            prop::collection::vec(any::<bool>(), fields.len()),
        )
    })
}

fn header(
    captured: &Captured,
    change_type: ChangeType,
    changed_fields: FieldBits,
) -> ChangeEventHeader {
    ChangeEventHeader {
        entity_name: captured.entity.name.clone(),
        record_ids: vec!["0015f00002J9YYEAA3".to_owned()],
        change_type,
        change_origin: "com/salesforce/api/rest/59.0;client=\"x\"".to_owned(),
        transaction_key: TransactionKey::from_bytes([7; 16]),
        sequence_number: 3,
        commit_timestamp: Timestamp::from_millis(1_712_693_965_000),
        commit_number: CommitNumber::ORIGIN,
        commit_user: RecordId::parse("0055f000005mc66AAA").expect("an id"),
        nulled_fields: FieldBits::default(),
        diff_fields: FieldBits::default(),
        changed_fields,
    }
}

fn changed_bits(captured: &Captured, flags: &[bool]) -> FieldBits {
    let mut bits = FieldBits::default();
    let flagged = flags.iter().enumerate().filter(|(_, flag)| **flag);
    for slot in flagged.filter_map(|(index, _)| captured.schema.slot_of(index)) {
        match slot.component {
            Some(component) => bits.insert_nested(slot.position, component),
            None => bits.insert(slot.position),
        }
    }
    bits
}

/// An id decodes as text, everything else as itself.
fn as_decoded(value: &Value) -> Value {
    match value {
        Value::Id(id) => Value::Text(id.to_string()),
        other => other.clone(),
    }
}

fn is_preference(captured: &Captured, index: usize) -> bool {
    let field = captured.entity.fields.get(index).expect("a field");
    ["EmailPreferences", "UserPermissions", "UserPreferences"]
        .iter()
        .any(|group| field.name.as_str().starts_with(group))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn another_avro_library_reads_and_rewrites_the_same_bytes((captured, row, _) in captured_with_row()) {
        let header = header(captured, ChangeType::Create, FieldBits::default());
        let payload = captured.schema.encode_change(&header, &row, Inclusion::All).expect("the values fit");
        let mut rest = payload.as_slice();
        let value = GenericDatumReader::builder(&captured.avro).build().expect("a reader")
            .read_value(&mut rest).expect("one record");
        prop_assert!(rest.is_empty());
        let Avro::Record(fields) = &value else { panic!("a record") };
        let names: Vec<_> = fields.iter().map(|(name, _)| name.as_str()).collect();
        let expected: Vec<_> = captured.schema.fields().iter().map(|field| field.name.as_str()).collect();
        prop_assert_eq!(names, expected);
        let rewritten = GenericDatumWriter::builder(&captured.avro).build().expect("a writer")
            .write_value_to_vec(value).expect("its own value");
        prop_assert_eq!(rewritten, payload);
    }

    #[test]
    fn decoding_gives_back_what_was_encoded((captured, row, flags) in captured_with_row()) {
        let bits = changed_bits(captured, &flags);
        let header = header(captured, ChangeType::Update, bits);
        let payload = captured.schema
            .encode_change(&header, &row, Inclusion::Only(&header.changed_fields)).expect("the values fit");
        let decoded = captured.schema.decode(&payload).expect("its own payload");
        prop_assert_eq!(decoded.header.as_ref(), Some(&header));
        let again = captured.schema.encode_decoded(&decoded).expect("its own values");
        prop_assert_eq!(again, payload);
        for (index, value) in row.iter().enumerate() {
            let Some(slot) = captured.schema.slot_of(index) else { continue };
            if is_preference(captured, index) { continue }
            let found = match (&decoded.fields[slot.position], slot.component) {
                (FieldValue::Plain(value), None) => value.clone(),
                (FieldValue::Compound(parts), Some(component)) => parts[component].clone(),
                _ => Value::Null,
            };
            let expected = if flags[index] { as_decoded(value) } else { Value::Null };
            prop_assert_eq!(found, expected, "{}", captured.entity.fields[index].name.as_str());
        }
    }

    #[test]
    fn an_update_renders_exactly_its_changed_fields((captured, row, flags) in captured_with_row()) {
        let header = header(captured, ChangeType::Update, changed_bits(captured, &flags));
        let payload = captured.schema
            .encode_change(&header, &row, Inclusion::Only(&header.changed_fields)).expect("the values fit");
        let mut out = b"before".to_vec();
        captured.schema.render_cometd(&payload, &mut out).expect("its own payload");
        let json: serde_json::Value = serde_json::from_slice(&out[6..]).expect("JSON");
        let mut shown: Vec<String> = Vec::new();
        for (name, value) in json.as_object().expect("an object") {
            match value {
                _ if name == "ChangeEventHeader" => (),
                serde_json::Value::Object(parts) => {
                    shown.extend(parts.keys().map(|part| format!("{name}.{part}")));
                }
                _ => shown.push(name.clone()),
            }
        }
        let mut listed: Vec<String> = json["ChangeEventHeader"]["changedFields"]
            .as_array().expect("an array").iter()
            .map(|name| name.as_str().expect("a string").to_owned()).collect();
        shown.sort();
        listed.sort();
        prop_assert_eq!(shown, listed);
    }

    #[test]
    fn a_create_renders_no_nulls_and_its_text_as_it_was((captured, row, _) in captured_with_row()) {
        let header = header(captured, ChangeType::Create, FieldBits::default());
        let payload = captured.schema.encode_change(&header, &row, Inclusion::All).expect("the values fit");
        let read_back = EventSchema::parse(captured.schema.avro_json()).expect("its own JSON");
        let (mut out, mut again) = (Vec::new(), Vec::new());
        captured.schema.render_cometd(&payload, &mut out).expect("its own payload");
        read_back.render_cometd(&payload, &mut again).expect("the same schema");
        prop_assert_eq!(&out, &again);
        let json: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
        for (index, value) in row.iter().enumerate() {
            let Some(slot) = captured.schema.slot_of(index) else { continue };
            if is_preference(captured, index) { continue }
            let field = &captured.schema.fields()[slot.position];
            let mut found = json.get(&field.name);
            if let Some(component) = slot.component {
                let parts = &field.shape.compound().expect("a compound").components;
                found = found.and_then(|parts_json| parts_json.get(&parts[component].name));
            }
            match value {
                Value::Null => prop_assert_eq!(found, None),
                Value::Text(text) => prop_assert_eq!(found.and_then(|json| json.as_str()), Some(text.as_str())),
                Value::Double(number) => {
                    // This JSON parser may be off in the last digit; decoding is checked exactly elsewhere.
                    let found = found.and_then(serde_json::Value::as_f64).unwrap_or(f64::NAN);
                    prop_assert!((found - number).abs() <= number.abs() * 1e-15);
                }
                Value::Boolean(truth) => prop_assert_eq!(found.and_then(serde_json::Value::as_bool), Some(*truth)),
                _ => prop_assert!(found.is_some()),
            }
        }
    }

    #[test]
    fn any_bytes_are_refused_or_render_to_json(bytes in prop::collection::vec(any::<u8>(), 0..300), place in any::<prop::sample::Index>()) {
        check_bytes(&place.get(&CAPTURED).schema, &bytes);
    }

    #[test]
    fn damaged_payloads_are_refused_or_render_to_json(
        (captured, row, flags) in captured_with_row(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let header = header(captured, ChangeType::Update, changed_bits(captured, &flags));
        let mut payload = captured.schema.encode_change(&header, &row, Inclusion::All).expect("the values fit");
        let cut = cut.index(payload.len());
        prop_assert!(captured.schema.decode(&payload[..cut]).is_err());
        for (at, byte) in damage {
            let at = at.index(payload.len());
            payload[at] = byte;
        }
        check_bytes(&captured.schema, &payload);
    }

    #[test]
    fn bitmaps_read_back(
        top in prop::collection::btree_set(0_usize..300, 0..20),
        nested in prop::collection::btree_map(0_usize..300, 1_u64..1 << 12, 0..5),
    ) {
        let mut bits = FieldBits::default();
        for position in &top {
            bits.insert(*position);
        }
        for (position, components) in &nested {
            for component in (0..64).filter(|component| components >> component & 1 == 1) {
                bits.insert_nested(*position, component);
            }
        }
        let texts = bitmap::encode(&bits);
        prop_assert!(texts.iter().all(|text| text.len() % 2 == 0 || text.contains('-')));
        let read = bitmap::parse(texts.iter().map(String::as_str)).expect("its own text");
        prop_assert_eq!(read.top().collect::<Vec<_>>(), top.into_iter().collect::<Vec<_>>());
        prop_assert_eq!(read.nested().collect::<Vec<_>>(), nested.into_iter().collect::<Vec<_>>());
    }
}

fn check_bytes(schema: &EventSchema, bytes: &[u8]) {
    let mut out = b"[".to_vec();
    match schema.render_cometd(bytes, &mut out) {
        Ok(()) => {
            out.push(b']');
            serde_json::from_slice::<serde_json::Value>(&out).expect("JSON");
        }
        Err(_) => assert_eq!(out, b"["),
    }
    let _ = schema.decode(bytes);
}
