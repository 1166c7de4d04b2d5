//! Laws of rows and documents.

use std::sync::Arc;

use landfall_model::{EntityDefinition, FieldDefinition, FieldType, Row, Value};

use super::Fixture;
use super::sample::{
    changed_row, entity, entity_with, field, full_row, id, keep, moment, new_row, nothing, opened,
    place, row, text,
};
use crate::{Document, DocumentKind, Error, Lookup, Opened, Outcome, RowRemoval, WriteSet};

pub(super) fn rows_come_back(at: &dyn Fixture) {
    let entity = entity();
    let rows = [full_row(&entity, 1), row(&entity, 2, &[])];
    let mut store = opened(at, &entity);
    let writes = rows
        .iter()
        .zip(1..)
        .map(|(row, number)| new_row(&entity, number, row.clone()));
    keep(&mut *store.writer, writes.collect(), Vec::new());
    let check = |store: &Opened| {
        for (row, number) in rows.iter().zip(1..) {
            let read = store.reader.row(&entity, id(number)).expect("readable");
            assert_eq!(read.as_ref(), Some(row), "through the reader");
            let read = store.writer.row(&entity, id(number)).expect("readable");
            assert_eq!(read.as_ref(), Some(row), "through the writer");
        }
        assert_eq!(store.reader.row(&entity, id(3)).expect("readable"), None);
    };
    check(&store);
    drop(store);
    check(&at.open());
    check(&opened(at, &entity));
}

pub(super) fn removed_rows(at: &dyn Fixture) {
    let entity = entity();
    let mut store = opened(at, &entity);
    let writes = [1, 2].map(|number| new_row(&entity, number, full_row(&entity, number)));
    keep(&mut *store.writer, writes.into(), Vec::new());
    let removal = RowRemoval {
        entity: Arc::clone(&entity),
        id: id(1),
    };
    let write = WriteSet {
        removals: vec![removal],
        ..WriteSet::default()
    };
    assert!(!write.is_empty());
    store
        .writer
        .commit(&write, &mut nothing)
        .and_then(Outcome::committed)
        .expect("committed");
    let row = |store: &Opened, number| store.reader.row(&entity, id(number)).expect("readable");
    assert_eq!(row(&store, 1), None);
    assert_eq!(row(&store, 2), Some(full_row(&entity, 2)));
    let again = store.writer.commit(&write, &mut nothing);
    assert!(matches!(again, Err(Error::Commit { .. })), "{again:?}");
    drop(store);
    let store = at.open();
    assert_eq!(row(&store, 1), None);
}

pub(super) fn only_changed_fields(at: &dyn Fixture) {
    let entity = entity();
    let mut store = opened(at, &entity);
    let before = full_row(&entity, 1);
    keep(
        &mut *store.writer,
        vec![
            new_row(&entity, 1, before.clone()),
            new_row(&entity, 2, full_row(&entity, 2)),
        ],
        Vec::new(),
    );
    let mut after = before;
    set(&entity, &mut after, "Name", text("new"));
    set(&entity, &mut after, "Ratio__c", Value::Null);
    let changed = changed_row(&entity, 1, after.clone(), &["Name", "Ratio__c", "Total__c"]);
    keep(&mut *store.writer, vec![changed], Vec::new());
    keep(
        &mut *store.writer,
        vec![changed_row(&entity, 1, after.clone(), &[])],
        Vec::new(),
    );
    assert_eq!(
        store.reader.row(&entity, id(1)).expect("readable"),
        Some(after)
    );
    let other = Some(full_row(&entity, 2));
    assert_eq!(store.reader.row(&entity, id(2)).expect("readable"), other);
}

fn set(entity: &EntityDefinition, row: &mut Row, name: &str, value: Value) {
    *row.get_mut(place(entity, name))
        .expect("a value for each field") = value;
}

/// The numbers of the records that are found.
fn found(
    store: &Opened,
    entity: &EntityDefinition,
    name: &str,
    value: &Value,
    limit: usize,
) -> Vec<u64> {
    let field = place(entity, name);
    let rows = store.reader.rows_where(entity, field, value, limit);
    let numbers = numbers(entity, &rows.expect("readable"));
    let rows = store.writer.rows_where(entity, field, value, limit);
    assert_eq!(
        numbers,
        self::numbers(entity, &rows.expect("readable")),
        "writer and reader agree"
    );
    numbers
}

fn numbers(entity: &EntityDefinition, rows: &[Row]) -> Vec<u64> {
    let place = place(entity, "Id");
    rows.iter()
        .map(|row| {
            let found = row.get(place).and_then(Value::as_id);
            (0..1_000)
                .find(|number| found == Some(id(*number)))
                .expect("a record of the sample")
        })
        .collect()
}

pub(super) fn found_by_value(at: &dyn Fixture) {
    let entity = entity();
    let mut store = opened(at, &entity);
    let one = [
        ("Name", text("Straße")),
        ("Code__c", text("abc")),
        ("Email__c", text("One@Example.com")),
        ("Count__c", Value::Integer(5)),
        ("Ratio__c", Value::Double(5.0)),
        ("Flag__c", Value::Boolean(true)),
        ("Parent__c", Value::Id(id(9))),
        ("LastModifiedDate", moment(1_000)),
    ];
    let rows = vec![
        new_row(&entity, 1, row(&entity, 1, &one)),
        new_row(&entity, 2, row(&entity, 2, &[("Code__c", text("ABC"))])),
    ];
    keep(&mut *store.writer, rows, Vec::new());
    let check = |name, value: Value, expected: &[u64]| {
        let found = found(&store, &entity, name, &value, 10);
        assert_eq!(found, expected, "{name} = {value:?}");
    };
    check("Code__c", text("abc"), &[1]);
    check("Code__c", text("ABC"), &[2]);
    check("Code__c", text("Abc"), &[]);
    check("Email__c", text("oNE@eXAMPLE.COM"), &[1]);
    check("Email__c", text("one@example.co"), &[]);
    check("Email__c", text("%"), &[]);
    check("Name", text("STRAßE"), &[1]);
    check("Name", text("STRASSE"), &[]);
    check("Name", text(""), &[]);
    check("Name", Value::Null, &[2]);
    check("Count__c", Value::Integer(5), &[1]);
    check("Count__c", text("5"), &[]);
    check("Name", Value::Integer(5), &[]);
    check("Ratio__c", Value::Double(5.0), &[1]);
    check("Flag__c", Value::Boolean(true), &[1]);
    check("Flag__c", Value::Boolean(false), &[2]);
    check("Parent__c", Value::Id(id(9)), &[1]);
    check("Parent__c", Value::Null, &[2]);
    check("Id", Value::Id(id(2)), &[2]);
    check("LastModifiedDate", moment(1_000), &[1]);
    check("Total__c", Value::Null, &[1, 2]);
    check("Total__c", Value::Double(1.0), &[]);
}

pub(super) fn found_in_order(at: &dyn Fixture) {
    let entity = entity();
    let mut store = opened(at, &entity);
    // In an order of their own, each in a commit of its own.
    for number in [70, 3, 200, 62, 1, 9] {
        let row = row(
            &entity,
            number,
            &[("Name", text("same")), ("Parent__c", Value::Id(id(7)))],
        );
        keep(
            &mut *store.writer,
            vec![new_row(&entity, number, row)],
            Vec::new(),
        );
    }
    let sorted = [1, 3, 9, 62, 70, 200];
    for (name, value) in [("Name", text("SAME")), ("Parent__c", Value::Id(id(7)))] {
        for limit in 0..8 {
            let expected: Vec<_> = sorted.into_iter().take(limit).collect();
            assert_eq!(found(&store, &entity, name, &value, limit), expected);
        }
        assert_eq!(found(&store, &entity, name, &value, usize::MAX), sorted);
    }
}

pub(super) fn batched_reads(at: &dyn Fixture) {
    let entity = entity();
    let mut store = opened(at, &entity);
    let rows = (1..=6).map(|number| {
        let name = if number < 4 { "low" } else { "high" };
        let values = [("Name", text(name)), ("Code__c", text(&number.to_string()))];
        new_row(&entity, number, row(&entity, number, &values))
    });
    keep(&mut *store.writer, rows.collect(), Vec::new());
    let ids = [3, 9, 1, 3, 6].map(id);
    let (name, code) = (place(&entity, "Name"), place(&entity, "Code__c"));
    let values = [
        (name, text("LOW"), 10),
        (name, text("low"), 2),
        (name, text("nothing"), 10),
        (code, text("5"), 1),
        (place(&entity, "Total__c"), Value::Null, 3),
    ];
    for reads in [&*store.reader as &dyn crate::Reads, &*store.writer] {
        let records: Vec<_> = ids.iter().map(|id| (&*entity, *id)).collect();
        let single = ids
            .iter()
            .map(|id| reads.row(&entity, *id).expect("readable"));
        let single: Vec<_> = single.collect();
        assert_eq!(reads.rows(&records).expect("readable"), single);
        assert_eq!(single.iter().flatten().count(), 4);
        let lookups: Vec<_> = values
            .iter()
            .map(|(field, value, limit)| Lookup {
                entity: &entity,
                field: *field,
                value,
                limit: *limit,
            })
            .collect();
        let single = lookups.iter().map(|lookup| {
            let rows = reads.rows_where(&entity, lookup.field, lookup.value, lookup.limit);
            rows.expect("readable")
        });
        let single: Vec<_> = single.collect();
        assert_eq!(reads.matching(&lookups).expect("readable"), single);
        let lengths: Vec<_> = single.iter().map(Vec::len).collect();
        assert_eq!(lengths, [3, 2, 0, 1, 3]);
        assert_eq!(
            reads.rows(&[]).expect("readable"),
            Vec::<Option<Row>>::new()
        );
        assert_eq!(
            reads.matching(&[]).expect("readable"),
            Vec::<Vec<Row>>::new()
        );
    }
}

pub(super) fn newest_not_deleted(at: &dyn Fixture) {
    let entity = entity();
    let mut store = opened(at, &entity);
    let mut rows = Vec::new();
    for (number, modified, deleted) in [
        (1, 30, false),
        (2, 10, false),
        (3, 40, true),
        (4, 20, false),
    ] {
        let values = [
            ("LastModifiedDate", moment(modified)),
            ("IsDeleted", Value::Boolean(deleted)),
        ];
        rows.push(new_row(&entity, number, row(&entity, number, &values)));
    }
    keep(&mut *store.writer, rows, Vec::new());
    let recent = |store: &Opened, limit| {
        let rows = store.reader.recent_rows(&entity, limit).expect("readable");
        numbers(&entity, &rows)
    };
    assert_eq!(recent(&store, 10), [1, 4, 2]);
    assert_eq!(recent(&store, 2), [1, 4]);
    let touched = row(&entity, 2, &[("LastModifiedDate", moment(50))]);
    let touched = changed_row(&entity, 2, touched, &["LastModifiedDate"]);
    keep(&mut *store.writer, vec![touched], Vec::new());
    assert_eq!(recent(&store, 2), [2, 1]);
}

pub(super) fn another_kind(at: &dyn Fixture) {
    let of = |field_type| FieldDefinition {
        unique: true,
        ..field("Other__c", field_type)
    };
    let (old, new) = (
        entity_with(vec![of(FieldType::String)]),
        entity_with(vec![of(FieldType::Double)]),
    );
    drop(opened(at, &old));
    let mut store = opened(at, &new);
    let mut values = full_row(&new, 1);
    set(&new, &mut values, "Other__c", Value::Double(1.5));
    let row = new_row(&new, 1, values.clone());
    keep(&mut *store.writer, vec![row], Vec::new());
    assert_eq!(
        store.reader.row(&new, id(1)).expect("readable"),
        Some(values)
    );
    assert_eq!(found(&store, &new, "Other__c", &Value::Double(1.5), 1), [1]);
}

pub(super) fn new_definition(at: &dyn Fixture) {
    let old = entity();
    let new = entity_with(vec![
        field("Later__c", FieldType::String),
        field("Check__c", FieldType::Boolean),
    ]);
    let mut store = opened(at, &old);
    keep(
        &mut *store.writer,
        vec![new_row(&old, 1, full_row(&old, 1))],
        Vec::new(),
    );
    drop(store);

    let mut store = opened(at, &new);
    store
        .writer
        .prepare(&[Arc::clone(&new)])
        .expect("preparing twice is no harm");
    let mut expected = full_row(&old, 1);
    assert_eq!(
        store.reader.row(&old, id(1)).expect("readable"),
        Some(expected.clone())
    );
    // A checkbox is never null.
    expected.extend([Value::Null, Value::Boolean(false)]);
    assert_eq!(
        store.reader.row(&new, id(1)).expect("readable"),
        Some(expected.clone())
    );

    set(&new, &mut expected, "Later__c", text("now"));
    let update = changed_row(&new, 1, expected.clone(), &["Later__c"]);
    keep(&mut *store.writer, vec![update], Vec::new());
    assert_eq!(found(&store, &new, "Later__c", &text("NOW"), 1), [1]);
    drop(store);

    // Another kind of value is refused where there are records, and everything goes on.
    let other = entity_with(vec![field("Later__c", FieldType::Double)]);
    let mut store = opened(at, &new);
    let refused = store.writer.prepare(std::slice::from_ref(&other));
    assert!(
        matches!(&refused, Err(Error::FieldKept { entity, field, .. })
            if *entity == new.name.as_str() && field == "Later__c"),
        "{refused:?}"
    );
    set(&new, &mut expected, "Later__c", text("later"));
    let update = changed_row(&new, 1, expected.clone(), &["Later__c"]);
    keep(&mut *store.writer, vec![update], Vec::new());
    drop(store);

    // Back to the definition without the fields, and to the one with them.
    drop(opened(at, &old));
    let store = opened(at, &new);
    assert_eq!(
        store.reader.row(&new, id(1)).expect("readable"),
        Some(expected)
    );
}

pub(super) fn documents(at: &dyn Fixture) {
    let entity = entity();
    let mut store = opened(at, &entity);
    let document = |kind, key: &str, content: Option<&[u8]>| Document {
        kind,
        key: key.to_owned(),
        content: content.map(<[u8]>::to_vec),
    };
    let org = DocumentKind::Org;
    let everything =
        DocumentKind::ALL.map(|kind| document(kind, "key", Some(kind.as_str().as_bytes())));
    keep(&mut *store.writer, Vec::new(), everything.to_vec());
    keep(
        &mut *store.writer,
        Vec::new(),
        vec![
            document(org, "b", Some(b"one")),
            document(org, "b", Some(b"two")),
            document(org, "B", Some(b"")),
            document(org, "gone", Some(b"soon")),
            document(org, "gone", None),
            document(org, "never there", None),
            document(org, "back", None),
            document(org, "back", Some(b"again")),
        ],
    );
    let check = |store: &Opened| {
        for reads in [&*store.reader as &dyn crate::Reads, &*store.writer] {
            let one = |kind, key| reads.document(kind, key).expect("readable");
            assert_eq!(one(org, "b"), Some(b"two".to_vec()));
            assert_eq!(one(org, "B"), Some(Vec::new()));
            assert_eq!(one(org, "gone"), None);
            assert_eq!(one(DocumentKind::Schema, "b"), None);
            for kind in DocumentKind::ALL {
                assert_eq!(one(kind, "key"), Some(kind.as_str().as_bytes().to_vec()));
            }
            let keys = ["key", "gone", "b", "b"].map(str::to_owned);
            let several = reads.documents_at(org, &keys).expect("readable");
            let expected = [one(org, "key"), None, one(org, "b"), one(org, "b")];
            assert_eq!(several, expected);
            let all = reads.documents(org).expect("readable");
            let keys: Vec<_> = all.iter().map(|(key, _)| key.as_str()).collect();
            assert_eq!(keys, ["B", "b", "back", "key"]);
        }
    };
    check(&store);
    drop(store);
    check(&at.open());
}
