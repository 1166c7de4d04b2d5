//! A subscriber that applies every event ends with the same records.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use landfall_capture::transaction::{CaptureRules, tell};
use landfall_capture::{RecordChange, TransactionFacts};
use landfall_model::{
    ChangeEventHeader, ChangeType, CommitNumber, Date, EntityDefinition, FieldDefinition,
    FieldType, KeyPrefix, RecordId, Row, Timestamp, TransactionKey, Value,
};
use landfall_schema::difference::rebuilt;
use landfall_schema::{DecodedEvent, EventSchema, FieldValue};
use proptest::prelude::*;
use proptest::sample::Index;

static OBJECTS: LazyLock<Vec<(EntityDefinition, EventSchema)>> = LazyLock::new(|| {
    landfall_standard::entities()
        .expect("the shipped objects")
        .into_iter()
        .filter_map(|entity| {
            let schema = EventSchema::of_change_event(&entity).ok()?;
            Some((entity, schema))
        })
        .collect()
});

/// What a subscriber can know of a record: by position of the event.
type Replica = BTreeMap<String, Vec<FieldValue>>;

#[derive(Clone, Debug)]
enum Step {
    Create(Vec<(Index, u8)>),
    Update(Index, Vec<(Index, u8)>),
    /// All records, in one transaction.
    UpdateAll(Vec<(Index, u8)>),
    Delete(Index),
    DeleteAll,
    Undelete(Index),
}

fn step() -> impl Strategy<Value = Step> {
    let values = || prop::collection::vec((any::<Index>(), 0_u8..6), 0..12);
    prop_oneof![
        2 => values().prop_map(Step::Create),
        4 => (any::<Index>(), values()).prop_map(|(record, values)| Step::Update(record, values)),
        2 => values().prop_map(Step::UpdateAll),
        1 => any::<Index>().prop_map(Step::Delete),
        1 => Just(Step::DeleteAll),
        2 => any::<Index>().prop_map(Step::Undelete),
    ]
}

/// One of a few values of a field; number 0 is null where null is possible.
fn value(field: &FieldDefinition, number: u8) -> Value {
    let field_type = field.field_type;
    if field_type == FieldType::Boolean {
        return Value::Boolean(number % 2 == 1);
    }
    if number == 0 || field_type.is_compound() {
        return Value::Null;
    }
    match field_type {
        FieldType::Id | FieldType::Reference => {
            let prefix = KeyPrefix::parse("003").expect("three characters");
            Value::Id(RecordId::from_number(prefix, *b"xx", number.into()))
        }
        kind if kind.is_whole() => Value::Integer(number.into()),
        kind if kind.is_decimal() => Value::Double(f64::from(number) / 4.0),
        FieldType::Date => Value::Date(Date::from_days(number.into())),
        FieldType::DateTime => Value::DateTime(Timestamp::from_millis(i64::from(number) * 1_000)),
        FieldType::Time => Value::Time(number.into()),
        // Large enough to be captured as differences from the next one.
        _ if field.is_long_text() => {
            let mut lines = vec!["one of many lines that are all alike"; 40];
            let place = usize::from(number) * 7;
            lines.insert(place, "another one");
            Value::Text(lines.join("\n"))
        }
        _ => Value::Text(format!("text {number}")),
    }
}

fn apply_values(entity: &EntityDefinition, row: &mut Row, values: &[(Index, u8)]) {
    for (index, number) in values {
        let place = index.index(row.len());
        let field = entity.fields.get(place).expect("as many fields as values");
        // Withheld from creates on purpose.
        if field.name.as_str() != "ExpectedRevenue" {
            *row.get_mut(place).expect("within") = value(field, *number);
        }
    }
}

/// What the event says about the record, applied as the developer guide says.
fn apply(replica: &mut Replica, event: &DecodedEvent) {
    let header = event.header.as_ref().expect("a change event");
    for id in &header.record_ids {
        apply_to(replica, id, header, &event.fields);
    }
}

fn apply_to(replica: &mut Replica, id: &str, header: &ChangeEventHeader, said: &[FieldValue]) {
    match header.change_type {
        ChangeType::Create | ChangeType::Undelete => {
            replica.insert(id.to_owned(), said.to_vec());
        }
        ChangeType::Delete => {
            replica.remove(id);
        }
        ChangeType::Update => {
            let fields = replica.get_mut(id).expect("the record was created before");
            for (position, (known, new)) in fields.iter_mut().zip(said).enumerate() {
                let components = header.changed_fields.components(position);
                if header.diff_fields.contains(position) {
                    *known = rebuilt_text(known, new);
                } else if header.changed_fields.contains(position) {
                    *known = new.clone();
                } else if components != 0 {
                    update_components(known, new, components);
                }
            }
        }
        other => panic!("unexpected {other:?}"),
    }
}

fn rebuilt_text(known: &FieldValue, told: &FieldValue) -> FieldValue {
    let (FieldValue::Plain(Value::Text(old)), FieldValue::Plain(Value::Text(difference))) =
        (known, told)
    else {
        panic!("a difference of {known:?}: {told:?}");
    };
    let text = rebuilt(old, difference).expect("a difference of this text");
    FieldValue::Plain(Value::Text(text))
}

fn update_components(known: &mut FieldValue, new: &FieldValue, changed: u64) {
    let width = [&*known, new]
        .into_iter()
        .find_map(|value| match value {
            FieldValue::Compound(parts) => Some(parts.len()),
            _ => None,
        })
        .unwrap_or_default();
    let parts_of = |value: &FieldValue| match value {
        FieldValue::Compound(parts) => parts.clone(),
        _ => vec![Value::Null; width],
    };
    let mut parts = parts_of(known);
    for (place, (part, new)) in parts.iter_mut().zip(parts_of(new)).enumerate() {
        if changed >> place & 1 == 1 {
            *part = new;
        }
    }
    *known = if parts.iter().all(Value::is_null) {
        FieldValue::Null
    } else {
        FieldValue::Compound(parts)
    };
}

struct Org<'a> {
    entity: &'a EntityDefinition,
    schema: &'a EventSchema,
    live: BTreeMap<RecordId, Row>,
    bin: BTreeMap<RecordId, Row>,
    replica: Replica,
    rules: CaptureRules,
}

/// What a transaction did to a record: before and after.
type Change = (RecordId, ChangeType, Option<Row>, Option<Row>);

impl Org<'_> {
    /// Publishes a transaction.
    fn publish(&mut self, changes: &[Change]) {
        let facts = TransactionFacts {
            change_origin: "",
            transaction_key: TransactionKey::from_bytes([1; 16]),
            commit_number: CommitNumber::ORIGIN,
            commit_user: RecordId::EMPTY,
        };
        let changes = changes.iter().map(|(id, change_type, before, after)| {
            Some(RecordChange {
                entity: self.entity,
                schema: self.schema,
                record_id: *id,
                change_type: *change_type,
                before: before.as_deref(),
                after: after.as_deref(),
                changed_at: Timestamp::from_millis(1_712_693_965_000),
                differences: self.rules.differences,
                with_contact: true,
                rehearsed: None,
            })
        });
        tell(&self.rules, &facts, changes, |_, event| {
            let event = event.expect("the states fit");
            assert_eq!(event.gap, None);
            let decoded = self.schema.decode(&event.payload);
            apply(&mut self.replica, &decoded.expect("its own payload"));
        });
    }

    fn update(&mut self, ids: impl IntoIterator<Item = RecordId>, values: &[(Index, u8)]) {
        let mut changes = Vec::new();
        for id in ids {
            let before = self.live.get(&id).cloned().expect("live");
            let mut after = before.clone();
            apply_values(self.entity, &mut after, values);
            self.live.insert(id, after.clone());
            changes.push((id, ChangeType::Update, Some(before), Some(after)));
        }
        self.publish(&changes);
    }

    fn delete(&mut self, ids: impl IntoIterator<Item = RecordId>) {
        let mut changes = Vec::new();
        for id in ids {
            let row = self.live.remove(&id).expect("live");
            self.bin.insert(id, row.clone());
            changes.push((id, ChangeType::Delete, Some(row), None));
        }
        self.publish(&changes);
    }

    fn run(&mut self, step: &Step) {
        match step {
            Step::Create(values) => {
                let number = u64::try_from(self.live.len() + self.bin.len()).expect("few records");
                let id = RecordId::from_number(self.entity.key_prefix, *b"xx", number);
                let fields = &self.entity.fields;
                let mut row: Row = fields.iter().map(|field| value(field, 0)).collect();
                apply_values(self.entity, &mut row, values);
                self.publish(&[(id, ChangeType::Create, None, Some(row.clone()))]);
                self.live.insert(id, row);
            }
            Step::Update(record, values) => self.update(pick(&self.live, *record), values),
            Step::UpdateAll(values) => self.update(all(&self.live), values),
            Step::Delete(record) => self.delete(pick(&self.live, *record)),
            Step::DeleteAll => self.delete(all(&self.live)),
            Step::Undelete(record) => {
                let Some(id) = pick(&self.bin, *record) else {
                    return;
                };
                let row = self.bin.remove(&id).expect("picked");
                self.publish(&[(id, ChangeType::Undelete, None, Some(row.clone()))]);
                self.live.insert(id, row);
            }
        }
    }
}

fn all(rows: &BTreeMap<RecordId, Row>) -> Vec<RecordId> {
    rows.keys().copied().collect()
}

fn pick(rows: &BTreeMap<RecordId, Row>, record: Index) -> Option<RecordId> {
    (!rows.is_empty()).then(|| *rows.keys().nth(record.index(rows.len())).expect("within"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn applying_every_event_gives_the_records(
        steps in prop::collection::vec(step(), 1..30),
        place in any::<Index>(),
        merge in any::<bool>(),
    ) {
        let (entity, schema) = place.get(&OBJECTS);
        let mut org = Org {
            entity,
            schema,
            live: BTreeMap::new(),
            bin: BTreeMap::new(),
            replica: Replica::new(),
            rules: CaptureRules { merge, ..CaptureRules::default() },
        };
        for step in &steps {
            org.run(step);
        }
        // What a fresh create of the final rows says is what the replica must hold.
        let expected = {
            let mut fresh = Org { replica: Replica::new(), live: BTreeMap::new(), bin: BTreeMap::new(), ..org };
            for (id, row) in &org.live {
                fresh.publish(&[(*id, ChangeType::Undelete, None, Some(row.clone()))]);
            }
            fresh.replica
        };
        prop_assert_eq!(org.replica, expected);
    }
}
