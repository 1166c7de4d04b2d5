//! Queries over REST: many records page by page, filters and aggregates over all of them with and without an index, and
//! describes.
//!
//! Records are created in lists of 200. Each has a parent, which has an index, and a number, which has none; a thousand of
//! either are shared among all, so that a filter by one finds as many as a filter by the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use memchr::memmem;
use tokio::task::JoinSet;

use super::histogram::Histogram;
use super::http::Connection;
use super::org::{LIST_RECORDS, Org, VERSION, text_member, text_members};
use super::process::{Sample, resident_kib};
use super::report::Row;
use super::{Bench, float};
use crate::outcome::Failure;

/// Connections that create the records.
const FILLING: usize = 4;

/// Parents, and numbers, that the records share.
const SHARED: u64 = 1_000;

const INDUSTRIES: [&str; 5] = ["Banking", "Energy", "Media", "Retail", "Utilities"];

/// Times that something is asked at least, however long it takes.
const TIMES_MIN: u64 = 3;

/// Fills an org and asks it.
pub(super) async fn run(bench: &mut Bench, org: &Arc<Org>) -> Result<(), Failure> {
    let mut connection = Connection::open(org.address).await?;
    let parents = Arc::new(parents(org, &mut connection).await?);
    let row = fill(bench, org, &parents).await?;
    bench.print(&row)?;
    let records = bench.records;
    let parent = parents.first().map_or("", String::as_str);
    let groups = "SELECT Industry, COUNT(Id), SUM(NumberOfEmployees) FROM Account WHERE";
    let group = "GROUP BY Industry";
    let kinds = u64::try_from(INDUSTRIES.len()).unwrap_or_default();
    for (case, statement, found) in [
        (
            "count of all",
            "SELECT COUNT() FROM Account WHERE Type = 'Other'".to_owned(),
            records,
        ),
        (
            "filter with an index",
            format!("SELECT Id, Name FROM Account WHERE ParentId = '{parent}'"),
            records / SHARED,
        ),
        (
            "filter without an index",
            "SELECT Id, Name FROM Account WHERE AccountNumber = '0'".to_owned(),
            records / SHARED,
        ),
        (
            "aggregate with an index",
            format!("{groups} ParentId = '{parent}' {group}"),
            1,
        ),
        (
            "aggregate of all",
            format!("{groups} Type = 'Other' {group}"),
            kinds,
        ),
    ] {
        let path = format!("/services/data/v{VERSION}/query?q={}", encoded(&statement));
        let expected = format!("\"totalSize\":{found},");
        let row = repeated(bench, org, case, (&path, &expected)).await?;
        bench.print(&row)?;
    }
    let row = pages(bench, org).await?;
    bench.print(&row)?;
    for (case, path, expected) in [
        (
            "describe of Account",
            "sobjects/Account/describe",
            "\"name\":\"Account\"",
        ),
        ("list of objects", "sobjects", "\"maxBatchSize\""),
    ] {
        let path = format!("/services/data/v{VERSION}/{path}");
        let row = repeated(bench, org, case, (&path, expected)).await?;
        bench.print(&row)?;
    }
    Ok(())
}

/// Creates the parents and says their ids.
async fn parents(org: &Org, connection: &mut Connection) -> Result<Vec<String>, Failure> {
    let mut ids = Vec::new();
    while u64::try_from(ids.len()).is_ok_and(|count| count < SHARED) {
        let record = r#"{"attributes":{"type":"Account"},"Name":"Parent"}"#;
        create(org, connection, &vec![record; LIST_RECORDS].join(",")).await?;
        ids.extend(text_members(connection.body(), "id"));
    }
    Ok(ids)
}

async fn create(org: &Org, connection: &mut Connection, records: &str) -> Result<(), Failure> {
    let request = org.request(
        "POST",
        &format!("/services/data/v{VERSION}/composite/sobjects"),
        &format!(r#"{{"allOrNone":true,"records":[{records}]}}"#),
    );
    let answer = connection.succeed(&request).await?;
    if memmem::find(answer, b"\"success\":false").is_some() {
        return Err(Failure::new("a record was not created"));
    }
    Ok(())
}

/// Creates the records, in lists that several connections take in turn.
async fn fill(bench: &Bench, org: &Arc<Org>, parents: &Arc<Vec<String>>) -> Result<Row, Failure> {
    let list = u64::try_from(LIST_RECORDS).unwrap_or(1);
    let (next, records) = (Arc::new(AtomicU64::new(0)), bench.records);
    let started = Sample::now(org.pid);
    let mut tasks = JoinSet::new();
    for _ in 0..FILLING {
        let mut connection = Connection::open(org.address).await?;
        let (org, parents, next) = (Arc::clone(org), Arc::clone(parents), Arc::clone(&next));
        tasks.spawn(async move {
            loop {
                let first = next.fetch_add(list, Ordering::Relaxed);
                if first >= records {
                    return Ok(());
                }
                let numbers = first..(first + list).min(records);
                let records: Vec<String> = numbers.map(|number| record(number, &parents)).collect();
                create(&org, &mut connection, &records.join(",")).await?;
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        let ended: Result<Result<(), Failure>, _> = ended;
        ended.map_err(|error| Failure::new("a writer failed").caused_by(&error))??;
    }
    let used = started.until(Sample::now(org.pid));
    Ok(Row::new("queries", format!("{records} records created"))
        .measure("per_s", used.per_second(records))
        .measure("seconds", used.elapsed.as_secs_f64())
        .maybe("resident_mib", resident(org)))
}

fn record(number: u64, parents: &[String]) -> String {
    let shared = number % SHARED;
    let of = |count: usize| usize::try_from(shared).map_or(0, |shared| shared % count.max(1));
    let parent = parents.get(of(parents.len())).map_or("", String::as_str);
    let industry = INDUSTRIES
        .get(of(INDUSTRIES.len()))
        .copied()
        .unwrap_or_default();
    format!(
        r#"{{"attributes":{{"type":"Account"}},"Name":"Account {number}","Type":"Other","AccountNumber":"{shared}","ParentId":"{parent}","Industry":"{industry}","NumberOfEmployees":{}}}"#,
        number % 10_000
    )
}

/// Asks the same again and again, one request at a time; each answer has to hold a text.
async fn repeated(
    bench: &Bench,
    org: &Org,
    case: &str,
    (path, expected): (&str, &str),
) -> Result<Row, Failure> {
    bench.quiet(org.pid).await;
    let mut connection = Connection::open(org.address).await?;
    let request = org.request("GET", path, "");
    let latency = Histogram::default();
    let (started, begun) = (Sample::now(org.pid), Instant::now());
    let mut times = 0;
    while times < TIMES_MIN || begun.elapsed() < bench.sizes.window {
        let sent = Instant::now();
        let answer = connection.succeed(&request).await?;
        latency.record(u64::try_from(sent.elapsed().as_micros()).unwrap_or(u64::MAX));
        if memmem::find(answer, expected.as_bytes()).is_none() {
            return Err(Failure::new(format!(
                "{case}: the answer does not hold {expected}"
            )));
        }
        times += 1;
    }
    let used = started.until(Sample::now(org.pid));
    Ok(Row::new("queries", case)
        .measure("p50_ms", latency.quantile_ms(0.5))
        .measure("p99_ms", latency.quantile_ms(0.99))
        .measure("times", float(times))
        .maybe("other_cores", used.other_cores))
}

/// Reads many records, page after page.
async fn pages(bench: &Bench, org: &Org) -> Result<Row, Failure> {
    bench.quiet(org.pid).await;
    let wanted = bench.records.min(bench.sizes.paged);
    let mut connection = Connection::open(org.address).await?;
    let statement = format!(
        "SELECT Id, Name, AccountNumber, Industry, NumberOfEmployees FROM Account LIMIT {wanted}"
    );
    let started = Sample::now(org.pid);
    let mut path = Some(format!(
        "/services/data/v{VERSION}/query?q={}",
        encoded(&statement)
    ));
    let (mut pages, mut rows) = (0_u64, 0_u64);
    let latency = Histogram::default();
    while let Some(next) = path {
        let sent = Instant::now();
        let answer = connection.succeed(&org.request("GET", &next, "")).await?;
        latency.record(u64::try_from(sent.elapsed().as_micros()).unwrap_or(u64::MAX));
        pages += 1;
        let found = memmem::find_iter(answer, b"\"attributes\":").count();
        rows += u64::try_from(found).unwrap_or_default();
        path = text_member(answer, "nextRecordsUrl");
    }
    if rows != wanted {
        return Err(Failure::new(format!(
            "{rows} of {wanted} records were read"
        )));
    }
    let used = started.until(Sample::now(org.pid));
    Ok(
        Row::new("queries", format!("{rows} records on {pages} pages"))
            .measure("per_s", used.per_second(rows))
            .measure("seconds", used.elapsed.as_secs_f64())
            .measure("p50_ms", latency.quantile_ms(0.5))
            .measure("p99_ms", latency.quantile_ms(0.99))
            .maybe("resident_mib", resident(org))
            .maybe("other_cores", used.other_cores),
    )
}

fn resident(org: &Org) -> Option<f64> {
    org.pid.and_then(resident_kib).map(|kib| kib / 1_024.0)
}

/// A statement as a parameter of an address.
fn encoded(statement: &str) -> String {
    statement
        .replace(' ', "+")
        .replace('\'', "%27")
        .replace('=', "%3D")
}
