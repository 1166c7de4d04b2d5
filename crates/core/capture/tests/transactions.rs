//! The events of whole transactions: merged ones say what those of each record do, and too many changes overflow.
//!
//! Source: "Merged Change Events", "Overflow Events" (Change Data Capture Developer Guide).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::LazyLock;

use landfall_capture::transaction::{CaptureRules, tell};
use landfall_capture::{CapturedEvent, GapCause, RecordChange, TransactionFacts};
use landfall_model::{
    ChangeEventHeader, ChangeType, CommitNumber, EntityDefinition, RecordId, Row, Timestamp,
    TransactionKey, Value, limits,
};
use landfall_schema::{EventSchema, FieldValue};
use proptest::prelude::*;

const SAVED: Timestamp = Timestamp::from_millis(1_712_693_965_432);

static OBJECTS: LazyLock<Vec<(EntityDefinition, EventSchema)>> = LazyLock::new(|| {
    let entities = landfall_standard::entities().expect("the shipped objects");
    let named = |name: &str| {
        let entity = entities.iter().find(|entity| entity.name.as_str() == name);
        let entity = entity.expect("a shipped object").clone();
        let schema = EventSchema::of_change_event(&entity).expect("captured");
        (entity, schema)
    };
    ["Account", "Contact", "Opportunity"].map(named).to_vec()
});

fn object(place: usize) -> &'static (EntityDefinition, EventSchema) {
    OBJECTS.get(place).expect("one of the objects")
}

/// A change of a record of its own.
#[derive(Clone, Debug)]
struct Change {
    object: usize,
    is_captured: bool,
    kind: ChangeType,
    before: Row,
    after: Row,
}

impl Change {
    fn of(object: usize, kind: ChangeType, values: &[(&str, Value)]) -> Self {
        let (entity, _) = self::object(object);
        let with = |row: &[Value], field: &str, value: &Value| {
            let place = entity.index_of(field).expect("a field");
            let mut row = row.to_vec();
            row.splice(place..=place, [value.clone()]);
            row
        };
        let saved = |millis| Value::DateTime(SAVED.plus_millis(millis));
        let blank = vec![Value::Null; entity.fields.len()];
        let before = with(&blank, "LastModifiedDate", &saved(-60_000));
        let after = with(&blank, "LastModifiedDate", &saved(0));
        let after = values
            .iter()
            .fold(after, |row, (field, value)| with(&row, field, value));
        Self {
            object,
            is_captured: true,
            kind,
            before,
            after,
        }
    }
}

fn text(text: impl Into<String>) -> Value {
    Value::Text(text.into())
}

fn id_of(object: usize, place: usize) -> RecordId {
    let prefix = self::object(object).0.key_prefix;
    RecordId::from_number(prefix, *b"xx", u64::try_from(place).expect("few"))
}

/// The events of a transaction, each with the place of its first change.
fn told(changes: &[Change], rules: CaptureRules) -> Vec<(usize, CapturedEvent)> {
    let facts = TransactionFacts {
        change_origin: "com/salesforce/api/soap/60.0;client=devconsole",
        transaction_key: TransactionKey::from_bytes([7; 16]),
        commit_number: CommitNumber::new(1_100_823_480_049),
        commit_user: RecordId::parse("0055f000005mc66AAA").expect("an id"),
    };
    let changes = changes.iter().enumerate().map(|(place, change)| {
        let (entity, schema) = object(change.object);
        change.is_captured.then_some(RecordChange {
            entity,
            schema,
            record_id: id_of(change.object, place),
            change_type: change.kind,
            before: Some(&change.before),
            after: Some(&change.after),
            changed_at: SAVED,
            differences: rules.differences,
            with_contact: true,
            rehearsed: None,
        })
    });
    let mut events = Vec::new();
    tell(&rules, &facts, changes, |place, event| {
        events.push((place, event.expect("the states fit")));
    });
    events
}

const ALONE: CaptureRules = CaptureRules {
    differences: true,
    merge: false,
    overflow_after: u64::MAX,
};

const MERGED: CaptureRules = CaptureRules {
    merge: true,
    ..ALONE
};

fn schema_of(header: &ChangeEventHeader) -> &'static EventSchema {
    let mut objects = OBJECTS.iter();
    let (_, schema) = objects
        .find(|(entity, _)| entity.name == header.entity_name)
        .expect("one of the objects");
    schema
}

/// What the bytes of an event say.
fn read(event: &CapturedEvent) -> (ChangeEventHeader, Vec<FieldValue>) {
    let decoded = schema_of(&event.header).decode(&event.payload);
    let decoded = decoded.expect("its own payload");
    let header = decoded.header.expect("a change event");
    assert_eq!(header, event.header, "what the event says of itself");
    (header, decoded.fields)
}

/// What is said of a record, and whether more is said of it in a later event.
type Told = (ChangeEventHeader, Vec<FieldValue>, bool);

/// Adds the rest of what is said of a record to what it has in common with others.
fn join(told: &mut Told, header: &ChangeEventHeader, rest: &[FieldValue]) {
    let (common, fields, is_open) = told;
    assert!(*is_open, "{:?} is told of twice", header.record_ids);
    *is_open = false;
    for (bits, more) in [
        (&mut common.changed_fields, &header.changed_fields),
        (&mut common.nulled_fields, &header.nulled_fields),
        (&mut common.diff_fields, &header.diff_fields),
    ] {
        for position in more.top() {
            assert!(!bits.contains(position), "a field is in both");
            bits.insert(position);
        }
        for (position, parts) in more.nested() {
            let parts = (0..64).filter(|part| parts >> part & 1 == 1);
            parts.for_each(|part| bits.insert_nested(position, part));
        }
    }
    for (field, more) in fields.iter_mut().zip(rest) {
        match (field, more) {
            (_, FieldValue::Null) => {}
            (FieldValue::Compound(values), FieldValue::Compound(more)) => {
                for (value, more) in values.iter_mut().zip(more) {
                    if !more.is_null() {
                        *value = more.clone();
                    }
                }
            }
            (field, more) => *field = more.clone(),
        }
    }
}

/// What is captured of each record, except for its sequence number in the transaction.
fn by_record(events: &[(usize, CapturedEvent)]) -> BTreeMap<String, Told> {
    let mut records: BTreeMap<String, Told> = BTreeMap::new();
    for (_, event) in events {
        let (header, fields) = read(event);
        for id in &header.record_ids {
            let header = ChangeEventHeader {
                record_ids: vec![id.clone()],
                sequence_number: 0,
                ..header.clone()
            };
            let key = format!("{} {id}", header.entity_name);
            match records.entry(key) {
                Entry::Vacant(entry) => {
                    entry.insert((header, fields.clone(), event.is_common));
                }
                Entry::Occupied(mut entry) => join(entry.get_mut(), &header, &fields),
            }
        }
    }
    assert!(records.values().all(|(_, _, is_open)| !is_open));
    records
}

fn change() -> impl Strategy<Value = Change> {
    use ChangeType::{Create, Delete, Undelete, Update};
    let kind = prop_oneof![
        1 => Just(Create),
        5 => Just(Update),
        3 => Just(Delete),
        1 => Just(Undelete),
    ];
    // A text in the place of a number cannot be encoded: a gap event.
    (0_usize..3, kind, 0_u8..3, 0_u8..3, 0_u8..8).prop_map(
        |(object, change_type, one, two, captured)| {
            let number = match two {
                2 => text("no number"),
                other => Value::Double(f64::from(other)),
            };
            let values = match object {
                0 => [
                    ("Industry", text(format!("Industry {one}"))),
                    ("AnnualRevenue", number),
                ],
                1 => [
                    ("Department", text(format!("Department {one}"))),
                    ("MailingCity", text(format!("City {two}"))),
                ],
                _ => [
                    ("NextStep", text(format!("Step {one}"))),
                    ("Amount", number),
                ],
            };
            let change = Change::of(
                object,
                change_type,
                &values.into_iter().take(one.into()).collect::<Vec<_>>(),
            );
            Change {
                is_captured: captured > 0,
                ..change
            }
        },
    )
}

proptest! {
    #[test]
    fn merged_events_split_into_the_events_of_each_record(
        changes in prop::collection::vec(change(), 0..40),
    ) {
        let alone = told(&changes, ALONE);
        let merged = told(&changes, MERGED);
        prop_assert_eq!(by_record(&merged), by_record(&alone));
        let uncaptured = changes.iter().filter(|change| !change.is_captured).count();
        let mut last = 0;
        for (place, event) in &merged {
            let (header, _) = read(event);
            prop_assert!(header.sequence_number > last);
            last = header.sequence_number;
            prop_assert_eq!(&header.record_ids[0], &id_of(changes[*place].object, *place).to_string());
            if matches!(header.change_type, ChangeType::Create | ChangeType::Undelete) {
                prop_assert_eq!(header.record_ids.len(), 1);
            }
        }
        prop_assert!(usize::try_from(last).expect("positive") <= merged.len() + uncaptured);
        let whole = |header: &ChangeEventHeader| {
            let stamp = schema_of(header).position_of("LastModifiedDate").expect("a field");
            header.change_type != ChangeType::Update || header.changed_fields.contains(stamp)
        };
        let count = |events: &[(usize, CapturedEvent)]| -> u64 {
            events.iter().map(|(_, event)| event.changes).sum()
        };
        prop_assert_eq!(count(&merged), count(&alone));
        // None is left that says the same of other records, if it was not split.
        let mut said: Vec<_> = merged
            .iter()
            .filter(|(_, event)| !event.is_common)
            .map(|(_, event)| read(event))
            .filter(|(header, _)| {
                whole(header)
                    && !matches!(header.change_type, ChangeType::Create | ChangeType::Undelete)
            })
            .map(|(header, fields)| {
                let bits = (header.changed_fields, header.nulled_fields, header.diff_fields);
                format!("{} {:?} {bits:?} {fields:?}", header.entity_name, header.change_type)
            })
            .collect();
        let all = said.len();
        said.sort();
        said.dedup();
        prop_assert_eq!(said.len(), all);
    }

    #[test]
    fn what_is_beyond_the_bound_is_one_event_of_each_object(
        changes in prop::collection::vec(change(), 0..40),
        overflow_after in 0_u64..60,
        merge in any::<bool>(),
    ) {
        let all = told(&changes, ALONE);
        let mut left = overflow_after;
        let mut within = all.iter().take_while(|(_, event)| {
            let fits = event.changes <= left;
            left = left.saturating_sub(event.changes);
            fits
        });
        let within: Vec<(usize, CapturedEvent)> = within.by_ref().cloned().collect();
        let mut rest: Vec<(usize, String)> = Vec::new();
        for (place, event) in &all[within.len()..] {
            let object = event.header.entity_name.to_string();
            if rest.iter().all(|(_, known)| *known != object) {
                rest.push((*place, object));
            }
        }

        let bounded = told(&changes, CaptureRules { overflow_after, merge, ..ALONE });
        let (overflown, one_by_one): (Vec<_>, Vec<_>) = bounded
            .into_iter()
            .partition(|(_, event)| event.gap == Some(GapCause::Overflow));
        prop_assert_eq!(by_record(&one_by_one), by_record(&within));
        if !merge {
            prop_assert_eq!(&one_by_one, &within);
        }
        let told: Vec<(usize, String)> = overflown
            .iter()
            .map(|(place, event)| (*place, event.header.entity_name.to_string()))
            .collect();
        prop_assert_eq!(told, rest);
        let first = overflown.first().map_or(0, |(_, event)| event.header.sequence_number);
        let last = one_by_one.last().map_or(0, |(_, event)| event.header.sequence_number);
        for ((_, event), number) in overflown.iter().zip(first..) {
            let (header, fields) = read(event);
            prop_assert_eq!(header.change_type, ChangeType::GapOverflow);
            prop_assert_eq!(&header.record_ids, &["000000000000000AAA"]);
            prop_assert_eq!(header.sequence_number, number);
            prop_assert!(number > last);
            prop_assert!(header.changed_fields.is_empty() && header.nulled_fields.is_empty());
            prop_assert_eq!(event.schema_id, schema_of(&header).id());
            prop_assert!(fields.iter().skip(1).all(|value| *value == FieldValue::Null));
        }
    }
}

#[test]
fn an_update_counts_what_it_changed_and_one_at_least() {
    let update = |values: &[(&str, Value)]| {
        let change = Change::of(1, ChangeType::Update, values);
        let (_, event) = told(&[change], ALONE).remove(0);
        event.changes
    };
    assert_eq!(update(&[]), 1);
    assert_eq!(update(&[("Department", text("Sales"))]), 1);
    let address = [
        ("Department", text("Sales")),
        ("MailingCity", text("Ulm")),
        ("MailingStreet", text("1 Main Street")),
    ];
    assert_eq!(update(&address), 3);
    for change_type in [ChangeType::Create, ChangeType::Delete, ChangeType::Undelete] {
        let change = Change::of(1, change_type, &address);
        assert_eq!(told(&[change], ALONE)[0].1.changes, 1);
    }
}

#[test]
fn the_change_that_goes_beyond_the_bound_belongs_to_the_rest() {
    let phone = |object| Change::of(object, ChangeType::Update, &[("Phone", text("1"))]);
    let two = [("Phone", text("1")), ("Fax", text("2"))];
    let changes = [
        phone(0),
        Change::of(0, ChangeType::Update, &two),
        phone(0),
        Change::of(2, ChangeType::Delete, &[]),
        phone(1),
        Change::of(2, ChangeType::Delete, &[]),
    ];
    let events = told(
        &changes,
        CaptureRules {
            overflow_after: 2,
            ..ALONE
        },
    );
    let events: Vec<_> = events
        .iter()
        .map(|(place, event)| {
            let header = &event.header;
            let kind = header.change_type.as_str();
            (
                *place,
                header.sequence_number,
                kind,
                header.entity_name.as_str(),
            )
        })
        .collect();
    assert_eq!(
        events,
        [
            (0, 1, "UPDATE", "Account"),
            (1, 2, "GAP_OVERFLOW", "Account"),
            (3, 3, "GAP_OVERFLOW", "Opportunity"),
            (4, 4, "GAP_OVERFLOW", "Contact"),
        ]
    );
}

/// How many records the merged events of so many equal changes have.
fn sizes(count: usize, change: &Change) -> Vec<usize> {
    let events = told(&vec![change.clone(); count], MERGED);
    let ids = events
        .iter()
        .map(|(_, event)| read(event).0.record_ids.len());
    ids.collect()
}

#[test]
fn a_merged_event_has_no_more_records_than_can_be_delivered_one_by_one_at_once() {
    let delete = Change::of(0, ChangeType::Delete, &[]);
    assert_eq!(sizes(2_500, &delete), [1_000, 1_000, 500]);
    let long = [("Description", text("x".repeat(300_000)))];
    let update = Change::of(0, ChangeType::Update, &long);
    assert_eq!(sizes(5, &update), [3, 2]);
    let long = [("Description", text("x".repeat(2 * limits::EVENT_BYTES_MAX)))];
    let gap = Change::of(0, ChangeType::Update, &long);
    assert_eq!(sizes(5, &gap), [5]);
}

#[test]
fn the_documented_merged_event_is_made() {
    let apparel = Change::of(0, ChangeType::Update, &[("Industry", text("Apparel"))]);
    let stamped = Change::of(0, ChangeType::Update, &[]);
    let other = Change::of(0, ChangeType::Update, &[("Industry", text("Energy"))]);
    let changes = [apparel.clone(), stamped, apparel.clone(), other, apparel];
    let events = told(&changes, MERGED);
    let told: Vec<_> = events
        .iter()
        .map(|(_, event)| {
            let header = &event.header;
            let changed = landfall_schema::bitmap::encode(&header.changed_fields);
            (header.sequence_number, header.record_ids.len(), changed)
        })
        .collect();
    let bits = |bits: &str| vec![bits.to_owned()];
    assert_eq!(
        told,
        [
            (1, 3, bits("0x400800")),
            (2, 1, bits("0x400000")),
            (3, 1, bits("0x400800")),
        ]
    );
}

/// Source: recorded events of a transaction that updates two accounts alike except for one field: numbers 1 to 3, and
/// `LastModifiedDate` in the first alone.
#[test]
fn updates_that_are_equal_in_part_are_merged_in_that_part() {
    let update = |site: &str, city: Value| {
        let values = [
            ("Industry", text("Apparel")),
            ("Site", text(site)),
            ("BillingCity", city),
            ("BillingCountry", text("Utopia")),
        ];
        Change::of(0, ChangeType::Update, &values)
    };
    let other = Change::of(1, ChangeType::Delete, &[]);
    let changes = [
        update("A", text("Ulm")),
        other,
        update("B", text("Bonn")),
        update("A", text("Ulm")),
    ];
    let events = told(&changes, MERGED);
    let told: Vec<_> = events
        .iter()
        .map(|(place, event)| {
            let (header, fields) = read(event);
            let schema = schema_of(&header);
            let given = fields.iter().enumerate().skip(1);
            let given = given.filter(|(_, value)| **value != FieldValue::Null);
            let names = given.map(|(position, _)| schema.fields()[position].name.clone());
            let nested: u32 = header
                .changed_fields
                .nested()
                .map(|(_, parts)| parts.count_ones())
                .sum();
            (
                *place,
                header.sequence_number,
                header.record_ids.len(),
                names.collect::<Vec<_>>().join(" "),
                nested,
            )
        })
        .collect();
    let expected = [
        (0, 1, 3, "BillingAddress Industry LastModifiedDate", 1),
        (0, 2, 2, "BillingAddress Site", 1),
        (1, 3, 1, "", 0),
        (2, 4, 1, "BillingAddress Site", 1),
    ];
    let expected = expected.map(|(place, number, records, names, nested)| {
        (place, number, records, names.to_owned(), nested)
    });
    assert_eq!(told, expected);
}

#[test]
fn updates_that_have_only_stamps_in_common_are_not_merged() {
    let phone = |number: &str| Change::of(0, ChangeType::Update, &[("Phone", text(number))]);
    let events = told(&[phone("1"), phone("2")], MERGED);
    let records = events
        .iter()
        .map(|(_, event)| event.header.record_ids.len());
    assert_eq!(records.collect::<Vec<_>>(), [1, 1]);
}

#[test]
fn the_documented_bound_is_of_a_hundred_thousand_changes() {
    let kinds = |changes: &[Change]| {
        let events = told(changes, CaptureRules::default());
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        for (_, event) in &events {
            let header = &event.header;
            let kind = header.change_type.as_str();
            *kinds
                .entry(format!("{kind} {}", header.entity_name))
                .or_default() += 1;
        }
        let lines = kinds.iter().map(|(kind, count)| format!("{count} {kind}"));
        lines.collect::<Vec<_>>()
    };
    let two = [("Phone", text("1")), ("Fax", text("2"))];
    let update = Change::of(0, ChangeType::Update, &two);
    assert_eq!(
        kinds(&vec![update; 60_000]),
        ["1 GAP_OVERFLOW Account", "50000 UPDATE Account"]
    );
    let delete = |object, count| vec![Change::of(object, ChangeType::Delete, &[]); count];
    let cascade = [delete(0, 40_000), delete(1, 70_000), delete(2, 10_000)].concat();
    assert_eq!(
        kinds(&cascade),
        [
            "40000 DELETE Account",
            "60000 DELETE Contact",
            "1 GAP_OVERFLOW Contact",
            "1 GAP_OVERFLOW Opportunity"
        ]
    );
}
