//! Random queries of random records, against the slow reference; and texts that try to become SQL.

use std::ops::ControlFlow;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use landfall_model::limits::QUERIES_AT_ONCE_MAX;
use landfall_model::{FieldType, Timestamp, Value};
use landfall_store::laws::Fixture;
use landfall_store::laws::reference::{Org, Variant, day};
use landfall_store::{
    Appended, Deadline, Document, DocumentKind, Error, Opened, Outcome, QueryLimits, RowWrite,
    WriteSet, Writer,
};
use landfall_store_embedded::{Config, open};
use proptest::prelude::*;
use proptest::sample::select;

use crate::place::{Folder, commit};

const ALL: QueryLimits = QueryLimits {
    rows: 100_000,
    bytes: usize::MAX,
    records: 100_000,
};

/// What texts of records and of queries are made of.
const TEXTS: &[&str] = &[
    "a",
    "A",
    "b",
    "aB",
    "Ab%",
    "é",
    "É",
    "_",
    "%",
    "' OR 1=1 --",
    "\"; DROP TABLE x; --",
    "ß",
    "ſ",
    "S",
    "x;y",
    "\\",
    "😀",
];
const KINDS: &[&str] = &["Red", "Green", "Amber", "blue"];

fn optional<T: Clone + std::fmt::Debug + 'static>(
    values: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Option<T>> {
    prop::option::weighted(0.7, values)
}

/// The values of one record.
fn record() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
    let text =
        || optional(select(TEXTS)).prop_map(|text| text.map(|text| Value::Text(text.to_owned())));
    let kinds = prop::collection::vec(select(KINDS), 1..3).prop_map(|kinds| kinds.join(";"));
    (
        text(),
        text(),
        optional(-3_i64..4),
        optional((-6_i32..6).prop_map(|number| f64::from(number) / 4.0)),
        any::<bool>(),
        optional(18_600_i32..18_700),
        optional(0_i64..2_000),
        optional(select(KINDS)),
        optional(kinds),
    )
        .prop_map(
            |(name, code, count, ratio, flag, date, hours, kind, kinds)| {
                let point = |hours| {
                    Value::DateTime(Timestamp::from_millis(
                        1_612_000_000_000 + hours * 3_600_000,
                    ))
                };
                let mut values = vec![("Flag__c", Value::Boolean(flag))];
                values.extend(name.map(|name| ("Name", name)));
                values.extend(code.map(|code| ("Code__c", code)));
                values.extend(count.map(|count| ("Count__c", Value::Integer(count))));
                values.extend(ratio.map(|ratio| ("Ratio__c", Value::Double(ratio))));
                values.extend(date.map(|date| ("Day__c", day(date))));
                values.extend(hours.map(|hours| ("At__c", point(hours))));
                values.extend(kind.map(|kind| ("Kind__c", Value::Text(kind.to_owned()))));
                values.extend(kinds.map(|kinds| ("Kinds__c", Value::Text(kinds))));
                values
            },
        )
}

fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('\'', "\\'");
    format!("'{text}'")
}

/// A text for `LIKE`, in quotes.
fn pattern() -> impl Strategy<Value = String> {
    let pieces = select(&["%", "_", "\\%", "\\_", "a", "B", "é", "\\\\\\\\", " ", "x"][..]);
    prop::collection::vec(pieces, 0..4).prop_map(|pieces| format!("'{}'", pieces.concat()))
}

fn orders() -> impl Strategy<Value = &'static str> + Clone {
    select(&["=", "!=", "<", "<=", ">", ">="][..])
}

/// A comparison of texts.
fn of_text() -> impl Strategy<Value = String> {
    let fields = [
        "Name",
        "Code__c",
        "Parent__r.Name",
        "Kind__c",
        "Parent__r.Parent__r.Code__c",
    ];
    let field = select(fields.to_vec());
    let texts = prop::collection::vec(select(TEXTS), 1..4);
    prop_oneof![
        (field.clone(), orders(), select(TEXTS))
            .prop_map(|(field, order, text)| format!("{field} {order} {}", quoted(text))),
        (
            field.clone(),
            select(&["IN", "NOT IN"][..]),
            texts,
            any::<bool>()
        )
            .prop_map(|(field, word, texts, null)| {
                let null = null.then(|| "null".to_owned());
                let list: Vec<String> = texts.into_iter().map(quoted).chain(null).collect();
                format!("{field} {word} ({})", list.join(", "))
            }),
        (field, pattern()).prop_map(|(field, pattern)| format!("{field} LIKE {pattern}")),
        select(&["=", "!="][..]).prop_map(|order| format!("toLabel(Kind__c) {order} 'rot'")),
    ]
}

fn comparison() -> impl Strategy<Value = String> {
    let numbers = ["Count__c", "Ratio__c", "Parent__r.Count__c"];
    let parts = [
        "CALENDAR_MONTH(Day__c)",
        "HOUR_IN_DAY(convertTimezone(At__c))",
    ];
    let dates = [
        "TODAY",
        "LAST_N_DAYS:40",
        "THIS_MONTH",
        "NEXT_FISCAL_QUARTER",
        "N_WEEKS_AGO:2",
        "null",
    ];
    let kinds = prop::collection::vec(select(KINDS), 1..3);
    prop_oneof![
        of_text(),
        (
            select(numbers.to_vec()),
            orders(),
            select(&["-2", "0", "1", "1.5", "null"][..])
        )
            .prop_map(|(field, order, number)| format!("{field} {order} {number}")),
        (select(parts.to_vec()), orders(), 1..14_u32)
            .prop_map(|(field, order, number)| format!("{field} {order} {number}")),
        (
            select(&["Day__c", "At__c", "Parent__r.At__c"][..]),
            orders(),
            select(dates.to_vec())
        )
            .prop_map(|(field, order, date)| format!("{field} {order} {date}")),
        (
            select(&["Flag__c", "Parent__r.Flag__c"][..]),
            select(&["= true", "!= true", "= false", "= null", "!= null"][..])
        )
            .prop_map(|(field, test)| format!("{field} {test}")),
        (select(&["INCLUDES", "EXCLUDES"][..]), kinds)
            .prop_map(|(word, kinds)| format!("Kinds__c {word} ('{}')", kinds.join("','"))),
    ]
}

fn condition() -> impl Strategy<Value = String> {
    comparison().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|term| format!("(NOT ({term}))")),
            (
                prop::collection::vec(inner, 2..4),
                select(&[" AND ", " OR "][..])
            )
                .prop_map(|(terms, word)| format!("({})", terms.join(word))),
        ]
    })
}

fn order() -> impl Strategy<Value = String> {
    let field = select(
        &[
            "Name",
            "Code__c",
            "Count__c",
            "Kind__c",
            "Parent__r.Name",
            "At__c",
            "Flag__c",
            "Parent__r.Kind__c",
        ][..],
    );
    let item = (
        field,
        select(&["", " ASC", " DESC"][..]),
        select(&["", " NULLS FIRST", " NULLS LAST"][..]),
    )
        .prop_map(|(field, direction, nulls)| format!("{field}{direction}{nulls}"));
    prop::collection::vec(item, 0..3).prop_map(|items| match items.as_slice() {
        [] => String::new(),
        items => format!(" ORDER BY {}", items.join(", ")),
    })
}

fn of_records() -> impl Strategy<Value = String> {
    let limit = prop_oneof![
        Just(String::new()),
        (0..8_u32).prop_map(|n| format!(" LIMIT {n}")),
        (0..5_u32).prop_map(|n| format!(" LIMIT 3 OFFSET {n}"))
    ];
    let semi = prop_oneof![
        3 => Just(String::new()),
        1 => (any::<bool>(), condition()).prop_map(|(not, condition)| {
            let condition = condition.replace("Parent__r.Parent__r.", "").replace("Parent__r.", "");
            // The parts have other fields: what they say of their thing stands for it.
            let condition = if condition.contains("Kind") || condition.contains('(') { "Price__c > 1".to_owned() } else { condition };
            let known = ["Code__c", "Count__c", "Ratio__c", "Flag__c", "Day__c", "At__c"];
            let condition = known.iter().fold(condition, |condition, field| condition.replace(field, &format!("Thing__r.{field}")));
            format!(" AND Id {}IN (SELECT Thing__c FROM Part__c WHERE {condition})", if not { "NOT " } else { "" })
        }),
    ];
    (condition(), semi, order(), limit).prop_map(|(condition, semi, order, limit)| {
        format!(
            "SELECT Id, Name, Parent__r.Name, Count__c, (SELECT Name FROM Parts__r WHERE Price__c > 2 ORDER BY Price__c DESC) \
             FROM Thing__c WHERE {condition}{semi}{order}{limit}"
        )
    })
}

fn of_groups() -> impl Strategy<Value = String> {
    let keys = select(
        &[
            "Name",
            "Code__c",
            "Kind__c",
            "Flag__c",
            "Count__c",
            "Parent__r.Name",
            "CALENDAR_MONTH(Day__c)",
        ][..],
    );
    let keys = prop::collection::btree_set(keys, 1..3)
        .prop_map(|keys| keys.into_iter().collect::<Vec<_>>().join(", "));
    (condition(), keys, select(&["", "ROLLUP", "CUBE"][..]), 0..3_u32).prop_map(|(condition, keys, kind, least)| {
        let by = if kind.is_empty() { keys.clone() } else { format!("{kind}({keys})") };
        let groupings = keys.split(", ").map(|key| if key.contains('(') { key.to_owned() } else { format!("GROUPING({key}), {key}") }).collect::<Vec<_>>().join(", ");
        let shown: Vec<String> = keys.split(", ").enumerate().map(|(n, key)| format!("{key} k{n}")).collect();
        format!(
            "SELECT {}, COUNT(Id) n, COUNT_DISTINCT(Parent__r.Code__c) d, SUM(Ratio__c) s, MIN(Parent__r.Kind__c) i, MAX(At__c) a FROM Thing__c \
             WHERE {condition} GROUP BY {by} HAVING COUNT(Id) > {least} ORDER BY {groupings}",
            shown.join(", ")
        )
    })
}

/// How the things are defined.
fn variant() -> impl Strategy<Value = Variant> {
    let kinds = [
        FieldType::String,
        FieldType::Int,
        FieldType::Double,
        FieldType::Boolean,
        FieldType::Date,
        FieldType::Reference,
        FieldType::TextArea,
    ];
    let names = vec![
        "Name", "Code__c", "Count__c", "Kind__c", "Day__c", "At__c", "Ratio__c",
    ];
    let indexed = prop::sample::subsequence(names, 0..=4);
    let exact = prop::sample::subsequence(vec!["Name", "Code__c", "Kind__c"], 0..=3);
    let extra = prop::collection::vec(select(kinds.to_vec()), 0..6);
    (0..20_usize, extra, exact, indexed, any::<bool>()).prop_map(
        |(turned, extra, exact, indexed, reversed)| Variant {
            turned,
            extra,
            exact,
            indexed,
            reversed,
        },
    )
}

fn filled(
    variant: &Variant,
    things: &[Vec<(&'static str, Value)>],
    parts: &[(usize, f64)],
) -> (Org, Folder, Opened) {
    let mut org = Org::of(variant);
    let mut rows: Vec<RowWrite> = Vec::new();
    for (number, values) in things.iter().enumerate() {
        let mut values = values.clone();
        // Some have a parent that came before them, some themselves.
        if number % 3 != 0 {
            let parent = rows.get(number / 2).map(|row| Value::Id(row.id));
            values.extend(parent.map(|parent| ("Parent__c", parent)));
        }
        rows.push(org.add("Thing__c", &values));
    }
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    for (thing, price) in parts {
        let mut values = vec![
            ("Price__c", Value::Double(*price)),
            ("Name", Value::Text("a".to_owned())),
        ];
        values.extend(ids.get(*thing).map(|id| ("Thing__c", Value::Id(*id))));
        rows.push(org.add("Part__c", &values));
    }
    let folder = Folder::new();
    let mut store = folder.open();
    store
        .writer
        .prepare(org.catalog.entities())
        .expect("prepared");
    let write = WriteSet {
        rows,
        ..WriteSet::default()
    };
    store
        .writer
        .commit(&write, &mut |position| Appended {
            events: Vec::new(),
            at: Timestamp::default(),
            commit_number: position.commit_number,
        })
        .and_then(Outcome::committed)
        .expect("committed");
    (org, folder, store)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn random_queries_find_what_the_reference_finds(
        variant in variant(),
        things in prop::collection::vec(record(), 0..25),
        parts in prop::collection::vec((0..30_usize, (0..6_i32).prop_map(f64::from)), 0..30),
        statements in prop::collection::vec(prop_oneof![of_records(), of_groups()], 8),
    ) {
        let (org, _folder, store) = filled(&variant, &things, &parts);
        for statement in &statements {
            let checked = match org.read(statement) {
                Ok(checked) => checked,
                Err(fault) => return Err(TestCaseError::fail(format!("{statement}: {fault:?}"))),
            };
            let found = store.reader.query(&checked.plan, ALL, &later()).expect("found");
            prop_assert_eq!(found, org.find(&checked), "{}", statement);
        }
    }

    #[test]
    fn a_name_leads_to_a_definition_or_nowhere(name in name()) {
        let (org, _folder, store) = filled(&Variant::default(), &[Vec::new(), Vec::new()], &[]);
        for statement in [
            format!("SELECT {name} FROM Thing__c"),
            format!("SELECT Id FROM {name}"),
            format!("SELECT Id FROM Thing__c ORDER BY {name}"),
            format!("SELECT COUNT(Id) {name} FROM Thing__c"),
            format!("SELECT {name} k, COUNT(Id) FROM Thing__c GROUP BY {name} ORDER BY {name}"),
            format!("SELECT Id FROM Thing__c WHERE {name} = null"),
            format!("SELECT Id, (SELECT {name} FROM {name}) FROM Thing__c LIMIT {name}"),
        ] {
            if let Ok(checked) = org.read(&statement) {
                let found = store.reader.query(&checked.plan, ALL, &later());
                let found = found.map_err(|error| TestCaseError::fail(format!("{statement}: {error:?}")))?;
                prop_assert_eq!(found.rows.len(), org.find(&checked).rows.len(), "{}", statement);
            }
        }
    }
}

/// A deadline that no test reaches.
fn later() -> Deadline {
    Deadline::after(Duration::from_hours(1))
}

/// A thing for each number.
fn things(count: i64) -> Vec<Vec<(&'static str, Value)>> {
    let thing = |number| vec![("Count__c", Value::Integer(number))];
    (0..count).map(thing).collect()
}

#[test]
fn queries_on_all_their_connections_leave_short_reads_alone() {
    let (org, _folder, store) = filled(&Variant::default(), &things(2), &[]);
    let plan = org.read("SELECT Name FROM Thing__c").expect("a query").plan;
    let id = store.reader.query(&plan, ALL, &later()).expect("found").ids[0];
    let queries = QUERIES_AT_ONCE_MAX + 2;
    let (entered, entries) = mpsc::channel();
    let ended = later();
    thread::scope(|scope| {
        for _ in 0..queries {
            let (reader, plan, entered, ended) = (&store.reader, &plan, entered.clone(), &ended);
            scope.spawn(move || {
                let held = reader.scan(plan, 10, &later(), &mut |_| {
                    entered.send(()).expect("the test is there");
                    while !ended.has_passed() {
                        thread::yield_now();
                    }
                    ControlFlow::Break(())
                });
                held.expect("scanned");
            });
        }
        for _ in 0..QUERIES_AT_ONCE_MAX {
            entries.recv().expect("a query is at its first record");
        }
        let (read, row) = mpsc::channel();
        let (reader, entity) = (&store.reader, &plan.entity);
        scope.spawn(move || read.send(reader.row(entity, id)));
        let row = row.recv_timeout(Duration::from_secs(30));
        ended.abandon();
        let row = row.expect("a short read does not wait for queries");
        assert!(row.expect("read").is_some());
    });
}

#[test]
fn a_query_that_finds_nothing_is_interrupted_too() {
    let (org, _folder, store) = filled(&Variant::default(), &things(5_000), &[]);
    // Some 19 million comparisons, and not a row.
    let never: Vec<String> = (10_000..13_900)
        .map(|number| format!("Count__c != {number}"))
        .collect();
    let never = format!("NOT ({})", never.join(" AND "));
    for statement in [
        format!("SELECT Name FROM Thing__c WHERE {never}"),
        format!("SELECT COUNT() FROM Thing__c WHERE {never}"),
        format!("SELECT Name, COUNT(Id) FROM Thing__c WHERE {never} GROUP BY Name"),
    ] {
        let plan = org.read(&statement).expect("a query").plan;
        let soon = Deadline::after(Duration::from_millis(2));
        let outcome = if statement.contains("COUNT()") {
            store.reader.count(&plan, &soon).map(|_| ())
        } else {
            store.reader.query(&plan, ALL, &soon).map(|_| ())
        };
        assert!(matches!(outcome, Err(Error::TimedOut)), "{outcome:?}");
    }
}

const MIB: u64 = 1024 * 1024;

/// A store whose write-ahead log has a bound that tests reach.
const SHORT_LOG: u64 = 8 * MIB;

fn with_a_short_log(records: i64) -> (Org, Folder, Opened) {
    let mut things = things(records);
    if let [first, .., last] = things.as_mut_slice() {
        first.push(("Code__c", Value::Text("end".to_owned())));
        last.push(("Code__c", Value::Text("end".to_owned())));
    }
    let (org, folder, store) = filled(&Variant::default(), &things, &[]);
    drop(store);
    let mut config = Config::new(folder.file());
    config.wal_bytes_max = SHORT_LOG;
    let mut store = open(&config).expect("the store opens");
    let plan = org.read("SELECT COUNT() FROM Thing__c").expect("a query");
    let prepared = store.writer.prepare(&[plan.plan.entity]);
    prepared.expect("prepared");
    (org, folder, store)
}

/// Writes documents of 1 MiB, and returns the greatest length of the write-ahead log.
fn write_documents(writer: &mut dyn Writer, folder: &Folder, count: u32) -> u64 {
    let mut log = folder.file().into_os_string();
    log.push("-wal");
    let written = (0..count).map(|number| {
        let document = Document {
            kind: DocumentKind::Org,
            key: format!("{number}"),
            content: Some(vec![7; 1024 * 1024]),
        };
        let write = WriteSet {
            documents: vec![document],
            ..WriteSet::default()
        };
        let committed = writer.commit(&write, &mut |position| Appended {
            events: Vec::new(),
            at: Timestamp::from_millis(1),
            commit_number: position.commit_number.advanced_by(1),
        });
        committed.and_then(Outcome::committed).expect("committed");
        std::fs::metadata(&log).expect("a log").len()
    });
    written.max().expect("some documents")
}

#[test]
fn the_write_ahead_log_stays_within_its_bound_beside_a_long_query() {
    let (org, folder, mut store) = with_a_short_log(5_000);
    let never: Vec<String> = (10_000..13_900)
        .map(|number| format!("Count__c != {number}"))
        .collect();
    let never = format!(
        "SELECT COUNT() FROM Thing__c WHERE NOT ({})",
        never.join(" AND ")
    );
    let plan = org.read(&never).expect("a query").plan;
    let deadline = later();
    thread::scope(|scope| {
        let (reader, plan, deadline) = (&store.reader, &plan, &deadline);
        let reading = scope.spawn(move || {
            while !deadline.has_passed() {
                // Only the deadline ends it early.
                match reader.count(plan, deadline) {
                    Ok(found) => assert_eq!(found, 0),
                    Err(error) => assert!(matches!(error, Error::TimedOut), "{error:?}"),
                }
            }
        });
        let longest = write_documents(&mut *store.writer, &folder, 48);
        deadline.abandon();
        reading.join().expect("the reader ends well");
        // And the last commit.
        assert!(longest <= SHORT_LOG + 2 * MIB, "{longest}");
    });
}

/// Scans in the order of the table, in that of the query, with an index, and with an index that finds too many.
#[test]
fn a_scan_is_of_one_state_until_the_log_is_too_long() {
    let count = 5_000;
    let all = "SELECT Id, Count__c FROM Thing__c";
    let ordered = format!("{all} ORDER BY Count__c");
    let ends = format!("{all} WHERE Code__c = 'end'");
    for (statement, records, expected) in [
        (all, 10_000, 5_000),
        (ordered.as_str(), 10_000, 5_000),
        (ends.as_str(), 10_000, 2),
        (ends.as_str(), 1, 2),
    ] {
        let (org, folder, mut store) = with_a_short_log(count);
        let plan = org.read(statement).expect("a query").plan;
        let entity = Arc::clone(&plan.entity);
        let last = store.reader.query(&plan, ALL, &later()).expect("found").ids;
        let last = *last.last().expect("the last of them");
        let row = store.reader.row(&entity, last).expect("read");
        let mut row = row.expect("a record");
        let place = entity.index_of("Count__c").expect("a field");
        let (reader, writer) = (&store.reader, &mut store.writer);
        for (documents, value) in [(1, count + 1), (16, count + 2)] {
            let before = std::mem::replace(&mut row[place], Value::Integer(value));
            let mut found = Vec::new();
            let scanned = reader.scan(&plan, records, &later(), &mut |values| {
                if found.is_empty() {
                    let write = RowWrite {
                        entity: Arc::clone(&entity),
                        id: last,
                        row: row.clone(),
                        changed: Some(vec![place]),
                    };
                    commit(&mut **writer, vec![write], 1, &[]).expect("committed");
                    let longest = write_documents(&mut **writer, &folder, documents);
                    assert!(documents == 1 || longest > SHORT_LOG, "{longest}");
                }
                found.push(values[1].clone());
                ControlFlow::Continue(())
            });
            scanned.expect("scanned");
            assert_eq!(found.len(), expected, "{statement}");
            let of_last = found.pop().expect("the last record");
            if documents == 1 {
                assert_eq!(of_last, before, "{statement}");
            } else {
                assert_eq!(of_last, Value::Integer(value), "{statement}");
            }
        }
    }
}

/// What may be written where a name belongs.
fn name() -> impl Strategy<Value = String> {
    let pieces = select(
        &[
            "Name",
            "name",
            "Id",
            "rowid",
            "_row",
            "row_number",
            "\"",
            "'",
            "`",
            "[Name]",
            ";",
            " --",
            "/*",
            "*/",
            ")",
            "(",
            " UNION SELECT 1",
            " DESC",
            ", ",
            ".",
            "\\",
            "record_Thing__c",
            "sqlite_master",
            "1",
            " NULLS LAST",
            "\0",
            "é",
        ][..],
    );
    prop_oneof![
        prop::collection::vec(pieces, 1..5).prop_map(|pieces| pieces.concat()),
        any::<String>(),
    ]
}

#[test]
fn long_lists_and_long_conditions_are_carried_out() {
    let (org, _folder, store) = filled(
        &Variant::default(),
        &[vec![
            ("Name", Value::Text("é\"\\\n".to_owned())),
            ("Count__c", Value::Integer(7)),
        ]],
        &[],
    );
    let numbers: Vec<String> = (0..9_000).map(|number| number.to_string()).collect();
    let texts: Vec<String> = (0..900)
        .map(|number| quoted(&format!("{number}")))
        .collect();
    for (condition, found) in [
        (format!("Count__c IN ({})", numbers.join(",")), 1),
        (format!("Count__c NOT IN ({})", numbers.join(",")), 0),
        (format!("Name IN ({},'É\\\"\\\\\\n')", texts.join(",")), 1),
        (
            numbers
                .iter()
                .take(3_900)
                .map(|n| format!("Count__c = {n}"))
                .collect::<Vec<_>>()
                .join(" OR "),
            1,
        ),
        (
            numbers
                .iter()
                .skip(10)
                .take(3_900)
                .map(|n| format!("Count__c != {n}"))
                .collect::<Vec<_>>()
                .join(" AND "),
            1,
        ),
    ] {
        let statement = format!("SELECT Id FROM Thing__c WHERE {condition}");
        let checked = org.read(&statement).expect("a query");
        let ids = store
            .reader
            .query(&checked.plan, ALL, &later())
            .expect("carried out")
            .ids;
        assert_eq!(ids.len(), found, "{}", &statement[..60]);
    }
    let endless = vec!["Count__c = 1"; 4_001].join(" OR ");
    let refused = org.read(&format!("SELECT Id FROM Thing__c WHERE {endless}"));
    assert!(format!("{refused:?}").contains("TooComplicated"));
}
