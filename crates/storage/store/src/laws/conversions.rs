//! Laws of fields that get another type.

use std::sync::Arc;

use landfall_model::{EntityDefinition, FieldDefinition, FieldType, Row, Value};

use super::Fixture;
use super::sample::{
    changed_row, entity_with, field, full_row, id, keep, new_row, nothing, opened, place, row, text,
};
use crate::{Conversion, Error, Opened, Outcome, RowWrite, WriteSet, Writer};

/// More than a store may convert at once.
const RECORDS: u64 = 450;

/// The sample with fields of these types, and more.
fn of(types: [FieldType; 4], more: Option<FieldDefinition>) -> Arc<EntityDefinition> {
    let [number, check, phone, day] = types;
    let own = |name: &str, field_type: FieldType| FieldDefinition {
        length: if field_type == FieldType::Phone {
            3
        } else {
            255
        },
        ..field(name, field_type)
    };
    let number = FieldDefinition {
        unique: true,
        ..own("Number__c", number)
    };
    let others = [
        own("Check__c", check),
        own("Call__c", phone),
        own("Due__c", day),
    ];
    entity_with([number].into_iter().chain(others).chain(more).collect())
}

const BEFORE: [FieldType; 4] = [
    FieldType::String,
    FieldType::Boolean,
    FieldType::String,
    FieldType::Date,
];
const AFTER: [FieldType; 4] = [
    FieldType::Double,
    FieldType::String,
    FieldType::Phone,
    FieldType::Boolean,
];

fn before() -> Arc<EntityDefinition> {
    of(BEFORE, None)
}

fn after() -> Arc<EntityDefinition> {
    of(AFTER, None)
}

fn with(entity: &EntityDefinition, number: u64, values: [Value; 4]) -> Row {
    let names = ["Number__c", "Check__c", "Call__c", "Due__c"];
    let mut row = full_row(entity, number);
    for (name, value) in names.into_iter().zip(values) {
        let slot = row.get_mut(place(entity, name));
        *slot.expect("a value for each field") = value;
    }
    row
}

/// A record as it is written, and as it is after the conversion. Some have no number that can be read.
fn record(number: u64) -> (Row, Row) {
    let is_number = !number.is_multiple_of(3);
    let said = if is_number {
        number.to_string()
    } else {
        format!("no {number}")
    };
    let read = u32::try_from(number).map_or(Value::Null, |number| Value::Double(f64::from(number)));
    let old = [
        text(&said),
        Value::Boolean(number.is_multiple_of(2)),
        text("äöü4"),
        Value::Null,
    ];
    let new = [
        if is_number { read } else { Value::Null },
        Value::Null,
        text("äöü"),
        Value::Boolean(false),
    ];
    (with(&before(), number, old), with(&after(), number, new))
}

fn written(writer: &mut dyn Writer, entity: &Arc<EntityDefinition>) {
    let rows = (1..=RECORDS).map(|number| new_row(entity, number, record(number).0));
    keep(writer, rows.collect(), Vec::new());
}

fn converting(
    from: &Arc<EntityDefinition>,
    to: &Arc<EntityDefinition>,
    rows: Vec<RowWrite>,
) -> WriteSet {
    WriteSet {
        conversions: vec![Conversion {
            from: Arc::clone(from),
            to: Arc::clone(to),
        }],
        rows,
        ..WriteSet::default()
    }
}

fn check(store: &Opened, entity: &EntityDefinition, expected: impl Fn(u64) -> Row) {
    for number in [1, 2, 3, 200, 201, 400, RECORDS] {
        let expected = Some(expected(number));
        let read = store.reader.row(entity, id(number)).expect("readable");
        assert_eq!(read, expected, "through the reader");
        let read = store.writer.row(entity, id(number)).expect("readable");
        assert_eq!(read, expected, "through the writer");
    }
}

/// The record that is changed by the commit that converts it.
const CHANGED: u64 = 3;

/// A record once it is converted and changed.
fn converted(number: u64) -> Row {
    let names = [
        Value::Double(0.5),
        Value::Null,
        text("äöü"),
        Value::Boolean(false),
    ];
    match number {
        CHANGED => with(&after(), number, names),
        _ => record(number).1,
    }
}

/// A record that is converted back: as far as anything is left.
fn converted_back(number: u64) -> Row {
    let said = match number {
        CHANGED => text("0.5"),
        number if number.is_multiple_of(3) => Value::Null,
        number => text(&number.to_string()),
    };
    let values = [said, Value::Boolean(false), text("äöü"), Value::Null];
    with(&before(), number, values)
}

fn convert(
    store: &mut Opened,
    from: &Arc<EntityDefinition>,
    to: &Arc<EntityDefinition>,
    rows: Vec<RowWrite>,
) {
    let write = converting(from, to, rows);
    assert!(!write.is_empty());
    let done = store.writer.commit(&write, &mut nothing);
    done.and_then(Outcome::committed).expect("converted");
}

fn prepare(store: &mut Opened, entity: &Arc<EntityDefinition>) {
    let prepared = store.writer.prepare(std::slice::from_ref(entity));
    prepared.expect("it is prepared");
}

fn found(store: &Opened, entity: &EntityDefinition, value: &Value) -> usize {
    let field = place(entity, "Number__c");
    let rows = store.reader.rows_where(entity, field, value, 9);
    rows.expect("readable").len()
}

pub(super) fn values_are_converted(at: &dyn Fixture) {
    let (from, to) = (before(), after());
    // A field that is there no more keeps its values, however often others are converted.
    let more = of(BEFORE, Some(field("Gone__c", FieldType::String)));
    let mut store = opened(at, &more);
    let gone = [record(1).0, vec![text("gone")]].concat();
    keep(
        &mut *store.writer,
        vec![new_row(&more, 1, gone)],
        Vec::new(),
    );
    prepare(&mut store, &from);
    let rows = (2..=RECORDS).map(|number| new_row(&from, number, record(number).0));
    keep(&mut *store.writer, rows.collect(), Vec::new());

    // What the same commit writes is of the new definition.
    let update = changed_row(&to, CHANGED, converted(CHANGED), &["Number__c"]);
    convert(&mut store, &from, &to, vec![update]);
    check(&store, &to, converted);
    prepare(&mut store, &to);
    for (number, expected) in [(0.5, 1), (7.0, 1), (6.0, 0)] {
        assert_eq!(found(&store, &to, &Value::Double(number)), expected);
    }
    drop(store);

    let mut store = opened(at, &to);
    check(&store, &to, converted);
    let refused = store.writer.prepare(std::slice::from_ref(&from));
    assert!(
        matches!(refused, Err(Error::FieldKept { .. })),
        "{refused:?}"
    );
    convert(&mut store, &to, &from, Vec::new());
    check(&store, &from, converted_back);
    assert_eq!(found(&store, &from, &text("0.5")), 1);
    drop(store);

    let mut store = opened(at, &from);
    check(&store, &from, converted_back);
    prepare(&mut store, &more);
    let read = store.reader.row(&more, id(1)).expect("readable");
    assert_eq!(read.and_then(|mut row| row.pop()), Some(text("gone")));
}

pub(super) fn conversions_are_part_of_the_commit(at: &dyn Fixture) {
    let (from, to) = (before(), after());
    let mut store = opened(at, &from);
    written(&mut *store.writer, &from);
    // A change of a record that is not there.
    let bad = changed_row(&to, RECORDS + 1, row(&to, RECORDS + 1, &[]), &["Name"]);
    let refused = store
        .writer
        .commit(&converting(&from, &to, vec![bad]), &mut nothing);
    assert!(matches!(refused, Err(Error::Commit { .. })), "{refused:?}");
    check(&store, &from, |number| record(number).0);
    drop(store);
    let mut store = opened(at, &from);
    check(&store, &from, |number| record(number).0);
    let write = converting(&from, &to, Vec::new());
    let converted = store.writer.commit(&write, &mut nothing);
    converted.and_then(Outcome::committed).expect("converted");
    check(&store, &to, |number| record(number).1);
}
