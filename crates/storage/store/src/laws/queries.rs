//! Laws of queries.

use std::ops::ControlFlow;
use std::time::Duration;

use landfall_model::{RecordId, Value};
use landfall_query::plan::{Expression, Predicate};

use super::Fixture;
use super::reference::{Org, day};
use super::sample::{keep, moment, text};
use crate::{Deadline, Error, Opened, QueryLimits, RowWrite, bytes_of};

const ALL: QueryLimits = QueryLimits {
    rows: 10_000,
    bytes: usize::MAX,
    records: 10_000,
};

/// Things and parts with nulls, letters beyond ASCII, equal values, parents of parents and deleted records.
fn sample(at: &dyn Fixture) -> (Org, Opened) {
    let mut org = Org::new();
    let mut writes: Vec<RowWrite> = Vec::new();
    let names = ["alpha", "Beta", "ÉCOLE", "école", "_x", "100%", "", "beta"];
    for number in 0..24_i32 {
        let place = usize::try_from(number).unwrap_or(0);
        let mut values = vec![
            ("Ratio__c", Value::Double(f64::from(number % 5) / 2.0)),
            ("Flag__c", Value::Boolean(number % 3 == 0)),
            (
                "At__c",
                moment(1_613_520_000_000 + i64::from(number) * 7_200_000),
            ),
            ("IsDeleted", Value::Boolean(number == 23)),
        ];
        if let Some(name) = names.get(place % 9).filter(|name| !name.is_empty()) {
            values.push(("Name", text(name)));
            values.push(("Code__c", text(name)));
        }
        if number % 4 != 0 {
            values.push(("Count__c", Value::Integer(i64::from(number % 7))));
            values.push(("Day__c", day(18_670 + number)));
            values.push(("Hour__c", Value::Time(number * 3_600_000)));
        }
        let kinds = ["Green", "Red", "Blue", "Amber"];
        if let Some(kind) = kinds.get(place % 5) {
            values.push(("Kind__c", text(kind)));
            values.push(("Kinds__c", text(&format!("{kind};Red;x"))));
        }
        if number > 2 {
            let parent = u64::try_from(number / 3).unwrap_or(1);
            let prefix = landfall_model::KeyPrefix::parse("a00").expect("three characters");
            let id = RecordId::from_number(prefix, *b"LF", parent);
            values.push(("Parent__c", Value::Id(id)));
            values.push(("Place__Latitude__s", Value::Double(f64::from(number))));
            values.push(("Place__Longitude__s", Value::Double(f64::from(-number))));
        }
        writes.push(org.add("Thing__c", &values));
    }
    let things: Vec<RecordId> = writes.iter().map(|write| write.id).collect();
    for (number, thing) in (0..40_i32).zip(things.iter().cycle()) {
        let mut values = vec![("Name", text(&format!("part {}", number % 6)))];
        if number % 7 != 0 {
            values.push(("Thing__c", Value::Id(*thing)));
            values.push(("Price__c", Value::Double(f64::from(number))));
        }
        writes.push(org.add("Part__c", &values));
    }
    let mut store = prepared(at, &org);
    keep(&mut *store.writer, writes, Vec::new());
    (org, store)
}

fn prepared(at: &dyn Fixture, org: &Org) -> Opened {
    let mut store = at.open();
    store
        .writer
        .prepare(org.catalog.entities())
        .expect("objects can be prepared");
    store
}

pub(super) fn find_what_they_say(at: &dyn Fixture) {
    let (org, store) = sample(at);
    check_all(&org, &store);
}

/// A store may make what holds the records of an object with the first of them.
pub(super) fn find_what_is_not_there_yet(at: &dyn Fixture) {
    let mut org = Org::new();
    let mut store = prepared(at, &org);
    check_all(&org, &store);
    let mut add = |object, values: &[(&str, Value)]| {
        let row = org.add(object, values);
        let id = row.id;
        keep(&mut *store.writer, vec![row], Vec::new());
        check_all(&org, &store);
        id
    };
    add("Part__c", &[("Name", text("part 1"))]);
    let thing = add("Thing__c", &[("Name", text("alpha"))]);
    add("Part__c", &[("Thing__c", Value::Id(thing))]);
}

fn check_all(org: &Org, store: &Opened) {
    for statement in STATEMENTS {
        let checked = org.read(statement);
        let checked = checked.unwrap_or_else(|fault| panic!("{statement}: {fault:?}"));
        let expected = org.find(&checked);
        let found = store.reader.query(&checked.plan, ALL, &later());
        let found = found.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
        if checked.plan.columns.is_empty() {
            assert_eq!(found.ids, expected.ids, "{statement}");
        } else {
            assert_eq!(found, expected, "{statement}");
        }
        if checked.plan.grouping.is_none() {
            let count = store
                .reader
                .count(&checked.plan, &later())
                .expect("countable");
            assert_eq!(
                usize::try_from(count),
                Ok(expected.ids.len()),
                "{statement}"
            );
        }
    }
}

/// Whole records come one by one as they come in an answer, as far as the query says in which order.
pub(super) fn scanned(at: &dyn Fixture) {
    let (org, store) = sample(at);
    for statement in STATEMENTS {
        let checked = org.read(statement).expect("a query");
        let plan = &checked.plan;
        if plan.grouping.is_some() || plan.columns.is_empty() {
            continue;
        }
        let mut scanned = Vec::new();
        let all = store.reader.scan(plan, 10_000, &later(), &mut |row| {
            scanned.push(row);
            ControlFlow::Continue(())
        });
        all.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
        let expected = org.find(&checked).rows.into_iter().map(|row| row.values);
        let expected: Vec<Vec<Value>> = expected.collect();
        if !plan.order.is_empty() {
            assert_eq!(scanned, expected, "{statement}");
        } else if plan.limit.is_some() || plan.offset > 0 {
            assert_eq!(scanned.len(), expected.len(), "{statement}");
        } else {
            let sorted = |rows: Vec<Vec<Value>>| {
                let mut rows: Vec<String> = rows.iter().map(|row| format!("{row:?}")).collect();
                rows.sort();
                rows
            };
            assert_eq!(sorted(scanned), sorted(expected), "{statement}");
        }
    }
}

/// Reading ends when it is enough, and what would have to be put in order is bounded.
pub(super) fn scanned_in_part(at: &dyn Fixture) {
    let (org, store) = sample(at);
    for statement in [
        "SELECT Name FROM Thing__c",
        "SELECT Name FROM Thing__c ORDER BY Name",
    ] {
        let checked = org.read(statement).expect("a query");
        let mut scanned = 0;
        let part = store.reader.scan(&checked.plan, 23, &later(), &mut |_| {
            scanned += 1;
            if scanned == 3 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        part.expect("enough is no failure");
        assert_eq!(scanned, 3, "{statement}");
        let all = store.reader.scan(&checked.plan, 22, &later(), &mut |_| {
            ControlFlow::Continue(())
        });
        match all {
            Err(Error::TooMany) => assert!(!checked.plan.order.is_empty()),
            other => assert!(other.is_ok() && checked.plan.order.is_empty(), "{other:?}"),
        }
    }
}

/// What a search says of texts, which no query can say.
pub(super) fn find_words(at: &dyn Fixture) {
    let (org, store) = sample(at);
    let checked = org.read("SELECT Name FROM Thing__c").expect("a query");
    for pattern in ["alpha", "%a", "ÉCOLE", "x", "100", "école beta", "b_ta"] {
        let mut plan = checked.plan.clone();
        let expression = Expression::Field {
            source: 0,
            place: plan.entity.index_of("Name").expect("a field of the sample"),
        };
        let pattern = pattern.to_owned();
        let words = Predicate::Words {
            expression,
            pattern,
        };
        for means in [words.clone(), words.negated()] {
            plan.filter = Predicate::All(vec![checked.plan.filter.clone(), means]);
            let found = store.reader.query(&plan, ALL, &later()).expect("found");
            assert_eq!(found, plan.find(&org), "{:?}", plan.filter);
        }
    }
}

pub(super) fn limits(at: &dyn Fixture) {
    let (org, store) = sample(at);
    let all = org.read("SELECT Name FROM Thing__c").expect("a query");
    let few = QueryLimits {
        rows: 5,
        bytes: usize::MAX,
        records: 100,
    };
    let found = store.reader.query(&all.plan, few, &later()).expect("found");
    assert_eq!(
        (found.rows.len(), found.ids.len()),
        (5, 23),
        "the ids of all records"
    );
    let none = QueryLimits {
        rows: 0,
        bytes: usize::MAX,
        records: 100,
    };
    let found = store
        .reader
        .query(&all.plan, none, &later())
        .expect("found");
    assert_eq!(found.rows.len(), 1, "at least one row is read");
    let narrow = QueryLimits {
        rows: 5,
        bytes: usize::MAX,
        records: 22,
    };
    let refused = store.reader.query(&all.plan, narrow, &later());
    assert!(matches!(refused, Err(Error::TooMany)), "{refused:?}");
    let children = "SELECT Name, (SELECT Name FROM Parts__r) FROM Thing__c";
    let children = org.read(children).expect("a query");
    let found = store
        .reader
        .query(&children.plan, few, &later())
        .expect("found");
    assert!(found.rows.len() < 5, "rows of children count too");
    assert_eq!(found.ids.len(), 23, "but no record is lost");
}

pub(super) fn read_again(at: &dyn Fixture) {
    let (org, mut store) = sample(at);
    let statement =
        "SELECT Name, Parent__r.Name FROM Thing__c WHERE Name = 'beta' ORDER BY Count__c";
    let checked = org.read(statement).expect("a query");
    let found = store
        .reader
        .query(&checked.plan, ALL, &later())
        .expect("found");
    let again = store
        .reader
        .reread(&checked.plan, &found.ids, ALL, &later())
        .expect("found");
    assert_eq!(again.rows, found.rows);
    assert_eq!(again.looked_at, found.ids.len());
    // A record that the query would not find any more is read all the same, with what it has by now.
    let mut other = Org::new();
    let mut write = other.add("Thing__c", &[("Name", text("renamed"))]);
    write.id = *found.ids.first().expect("one was found");
    write.changed = write.entity.index_of("Name").map(|place| vec![place]);
    keep(&mut *store.writer, vec![write], Vec::new());
    let unknown = RecordId::EMPTY;
    let ids: Vec<RecordId> = [unknown].into_iter().chain(found.ids.clone()).collect();
    let one = QueryLimits {
        rows: 1,
        bytes: usize::MAX,
        records: 10,
    };
    let again = store
        .reader
        .reread(&checked.plan, &ids, one, &later())
        .expect("found");
    assert_eq!(
        (again.rows.len(), again.looked_at),
        (1, 2),
        "a deleted record takes no space of the page"
    );
    let name = again.rows.first().and_then(|row| row.values.get(1));
    assert_eq!(name, Some(&text("renamed")));
}

/// A page ends with the record that fills it, and no record is lost by it; groups have no second page.
pub(super) fn large_records(at: &dyn Fixture) {
    let (org, store) = sample(at);
    let all = org.read("SELECT Name FROM Thing__c").expect("a query");
    let whole = store.reader.query(&all.plan, ALL, &later()).expect("found");
    let sizes: Vec<usize> = whole.rows.iter().map(|row| bytes_of(&row.values)).collect();
    let three = QueryLimits {
        bytes: sizes.iter().take(3).sum(),
        ..ALL
    };
    let found = store
        .reader
        .query(&all.plan, three, &later())
        .expect("found");
    assert_eq!((found.rows.len(), &found.ids), (3, &whole.ids));
    let rest = found.ids.get(3..).unwrap_or_default();
    let again = store.reader.reread(&all.plan, rest, three, &later());
    let again = again.expect("found");
    assert!((1..5).contains(&again.rows.len()), "{}", again.rows.len());
    let none = QueryLimits { bytes: 0, ..ALL };
    let found = store
        .reader
        .query(&all.plan, none, &later())
        .expect("found");
    assert_eq!(found.rows.len(), 1, "at least one");
    let children = "SELECT Name, (SELECT Name FROM Parts__r) FROM Thing__c";
    let children = org.read(children).expect("a query");
    let found = store.reader.query(&children.plan, none, &later());
    let found = found.expect("found");
    assert_eq!(found.ids, whole.ids);
    for row in &found.rows {
        assert!(row.children.iter().all(|children| children.rows.len() <= 1));
    }
    let groups = "SELECT Name, COUNT(Id) FROM Thing__c GROUP BY Name";
    let groups = org.read(groups).expect("a query");
    let refused = store.reader.query(&groups.plan, none, &later());
    assert!(matches!(refused, Err(Error::TooMany)), "{refused:?}");
}

/// No query goes on past its deadline, whichever kind it is.
pub(super) fn too_late(at: &dyn Fixture) {
    let (org, store) = sample(at);
    let abandoned = later();
    abandoned.abandon();
    for deadline in [Deadline::after(Duration::ZERO), abandoned] {
        for statement in STATEMENTS {
            let plan = org.read(statement).expect("a query").plan;
            let found = store.reader.query(&plan, ALL, &deadline);
            assert!(
                matches!(found, Err(Error::TimedOut)),
                "{statement}: {found:?}"
            );
            if plan.grouping.is_some() {
                continue;
            }
            let counted = store.reader.count(&plan, &deadline);
            assert!(
                matches!(counted, Err(Error::TimedOut)),
                "{statement}: {counted:?}"
            );
            let scanned = store
                .reader
                .scan(&plan, 100, &deadline, &mut |_| ControlFlow::Continue(()));
            assert!(
                matches!(scanned, Err(Error::TimedOut)),
                "{statement}: {scanned:?}"
            );
            let reread = store
                .reader
                .reread(&plan, &[RecordId::EMPTY], ALL, &deadline);
            assert!(
                matches!(reread, Err(Error::TimedOut)),
                "{statement}: {reread:?}"
            );
        }
    }
    let plan = org.read("SELECT Name FROM Thing__c").expect("a query").plan;
    let (during, mut rows) = (later(), 0);
    let scanned = store.reader.scan(&plan, 100, &during, &mut |_| {
        rows += 1;
        during.abandon();
        ControlFlow::Continue(())
    });
    assert!(matches!(scanned, Err(Error::TimedOut)), "{scanned:?}");
    assert_eq!(rows, 1);
    let next = store.reader.count(&plan, &later());
    assert_eq!(
        next.expect("countable"),
        23,
        "the next query is not interrupted"
    );
}

/// A deadline that no test reaches.
fn later() -> Deadline {
    Deadline::after(Duration::from_hours(1))
}

const STATEMENTS: &[&str] = &[
    "SELECT Id, Name, Code__c, Count__c, Ratio__c, Flag__c, Day__c, At__c, Hour__c, Kind__c, Kinds__c FROM Thing__c",
    "SELECT Name FROM Thing__c WHERE Name = 'ALPHA'",
    "SELECT Name FROM Thing__c WHERE Name = 'École'",
    "SELECT Name FROM Thing__c WHERE Code__c = 'école'",
    "SELECT Name FROM Thing__c WHERE Code__c = 'ALPHA'",
    "SELECT Name FROM Thing__c WHERE Name != 'beta' ORDER BY Name",
    "SELECT Name FROM Thing__c WHERE Name > 'b' ORDER BY Name DESC",
    "SELECT Name FROM Thing__c WHERE Name IN ('BETA', 'école', null) ORDER BY Name NULLS LAST, Id DESC",
    "SELECT Name FROM Thing__c WHERE Name NOT IN ('beta')",
    "SELECT Name FROM Thing__c WHERE Name LIKE '%é%' OR Name LIKE '100\\%'",
    "SELECT Name FROM Thing__c WHERE NOT Name LIKE '_eta'",
    "SELECT Name FROM Thing__c WHERE Name LIKE '\\_%'",
    "SELECT Name FROM Thing__c WHERE Count__c >= 2 AND NOT (Count__c = 3 OR Ratio__c > 1.5)",
    "SELECT Name FROM Thing__c WHERE NOT (Count__c < 4)",
    "SELECT Name FROM Thing__c WHERE Count__c IN (1, 2.5, 3)",
    "SELECT Name FROM Thing__c WHERE Count__c = null AND Flag__c = null",
    "SELECT Name FROM Thing__c WHERE Parent__r.Flag__c = false",
    "SELECT Name FROM Thing__c WHERE Parent__r.Flag__c IN (true, null)",
    "SELECT Name FROM Thing__c WHERE Day__c > 2021-02-20 AND Day__c != 2021-02-22",
    "SELECT Name FROM Thing__c WHERE At__c = TODAY",
    "SELECT Name FROM Thing__c WHERE At__c != YESTERDAY",
    "SELECT Name FROM Thing__c WHERE At__c > TODAY",
    "SELECT Name FROM Thing__c WHERE Day__c <= LAST_N_DAYS:3",
    "SELECT Name FROM Thing__c WHERE Day__c IN (TODAY, NEXT_N_DAYS:2, 2021-03-01, null)",
    "SELECT Name FROM Thing__c WHERE Hour__c >= 10:00:00Z ORDER BY Hour__c DESC LIMIT 3",
    "SELECT Kind__c FROM Thing__c ORDER BY Kind__c, Name DESC",
    "SELECT Kind__c FROM Thing__c ORDER BY Kind__c DESC NULLS LAST",
    "SELECT Name FROM Thing__c WHERE toLabel(Kind__c) = 'GRÜN'",
    "SELECT Name FROM Thing__c WHERE toLabel(Kind__c) NOT IN ('rot', 'blue')",
    "SELECT Name FROM Thing__c WHERE Kinds__c INCLUDES ('red;GREEN', 'Blue')",
    "SELECT Name FROM Thing__c WHERE Kinds__c EXCLUDES ('Green')",
    "SELECT Name FROM Thing__c WHERE Kinds__c = 'green;red;x'",
    "SELECT Name, Parent__r.Name, Parent__r.Parent__r.Name FROM Thing__c ORDER BY Parent__r.Name, Parent__r.Parent__r.Count__c",
    "SELECT Name FROM Thing__c WHERE Parent__r.Parent__r.Name = null",
    "SELECT Name, (SELECT Name, Thing__r.Name FROM Parts__r WHERE Price__c > 3 ORDER BY Name DESC LIMIT 2) FROM Thing__c",
    "SELECT Id FROM Thing__c WHERE Id IN (SELECT Thing__c FROM Part__c WHERE Name = 'part 1')",
    "SELECT Id FROM Thing__c WHERE Id NOT IN (SELECT Thing__c FROM Part__c WHERE Thing__r.Flag__c = true)",
    "SELECT Id FROM Part__c WHERE Thing__c NOT IN (SELECT Id FROM Thing__c WHERE Name LIKE 'b%') AND Price__c > 4",
    "SELECT Name FROM Thing__c LIMIT 0",
    "SELECT Name FROM Thing__c ORDER BY Ratio__c DESC LIMIT 4 OFFSET 3",
    "SELECT COUNT() FROM Thing__c WHERE Flag__c = true LIMIT 3",
    "SELECT Name, DISTANCE(Place__c, GEOLOCATION(5, -5), 'km') d FROM Thing__c WHERE DISTANCE(Place__c, GEOLOCATION(5, -5), 'mi') < 400 \
     ORDER BY DISTANCE(Place__c, GEOLOCATION(5, -5), 'mi') DESC",
    "SELECT Name FROM Thing__c WHERE HOUR_IN_DAY(At__c) = 4 OR HOUR_IN_DAY(convertTimezone(At__c)) = 4",
    "SELECT Name FROM Thing__c WHERE DAY_ONLY(convertTimezone(At__c)) = 2021-02-17 AND WEEK_IN_YEAR(Day__c) > 6",
    "SELECT COUNT(Id), COUNT(Name), COUNT_DISTINCT(Name) d, MIN(Name), MAX(Name), MIN(Kind__c), MAX(Kind__c), SUM(Count__c), AVG(Ratio__c), \
     MAX(Day__c), MIN(At__c), COUNT(Parent__c) FROM Thing__c",
    "SELECT COUNT(Id), SUM(Count__c), MIN(Name) FROM Thing__c WHERE Name = 'nothing'",
    "SELECT Name, COUNT(Id) FROM Thing__c GROUP BY Name ORDER BY Name",
    "SELECT Name n, Kind__c, COUNT(Id) c FROM Thing__c GROUP BY Name, Kind__c ORDER BY COUNT(Id) DESC, Kind__c, Name DESC NULLS LAST",
    "SELECT Parent__r.Name, SUM(Count__c) FROM Thing__c GROUP BY Parent__r.Name HAVING SUM(Count__c) > 3 AND NOT Parent__r.Name LIKE 'b%' \
     ORDER BY Parent__r.Name",
    "SELECT Kind__c, GROUPING(Kind__c) k, Flag__c, COUNT(Id) c FROM Thing__c GROUP BY ROLLUP(Kind__c, Flag__c) \
     ORDER BY GROUPING(Kind__c), GROUPING(Flag__c), Kind__c, Flag__c",
    "SELECT Kind__c, Flag__c, GROUPING(Flag__c) f, COUNT(Id) c FROM Thing__c GROUP BY CUBE(Kind__c, Flag__c) \
     ORDER BY GROUPING(Flag__c), GROUPING(Kind__c), Flag__c, Kind__c",
    "SELECT CALENDAR_MONTH(Day__c) m, COUNT(Id) c FROM Thing__c GROUP BY CALENDAR_MONTH(Day__c) ORDER BY CALENDAR_MONTH(Day__c) DESC",
    "SELECT FISCAL_QUARTER(At__c), DAY_IN_WEEK(At__c) w, COUNT(Id) c FROM Thing__c GROUP BY FISCAL_QUARTER(At__c), DAY_IN_WEEK(At__c) \
     ORDER BY DAY_IN_WEEK(At__c) LIMIT 2",
    "SELECT Kind__c FROM Thing__c GROUP BY Kind__c HAVING MAX(Name) IN ('école', 'beta') ORDER BY Kind__c",
];
