//! Durable writes over REST: how many a second, how fast each is answered, and how many share a commit.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::http::Connection;
use super::load::{Load, Pace, Write};
use super::org::{Org, WriterCounts};
use super::process::Sample;
use super::report::{Counted, Row};
use super::subscriber::Subscribers;
use super::{Bench, float};
use crate::outcome::Failure;

const CONNECTIONS: [(usize, &str); 3] = [
    (1, "1 connection"),
    (16, "16 connections"),
    (256, "256 connections"),
];

pub(super) async fn run(bench: &mut Bench, org: &Arc<Org>) -> Result<(), Failure> {
    let mark = mark(org).await?;
    let marked = org.acknowledged.load(Ordering::Relaxed);
    for (write, scenario, most) in [
        (Write::Create, "creates", usize::MAX),
        (Write::Update, "updates", usize::MAX),
        // More connections would only wait: a few lists fill a commit group.
        (Write::CreateMany, "lists", 16),
    ] {
        for connections in CONNECTIONS.into_iter().filter(|(count, _)| *count <= most) {
            let row = measure(bench, org, (write, scenario), connections).await?;
            bench.print(&row)?;
        }
    }
    let written = org.acknowledged.load(Ordering::Relaxed) - marked;
    let (row, _) = read_back(bench, org, "writes", mark, written).await?;
    bench.print(&row)
}

async fn measure(
    bench: &Bench,
    org: &Arc<Org>,
    (write, scenario): (Write, &'static str),
    (connections, case): (usize, &str),
) -> Result<Row, Failure> {
    bench.quiet(org.pid).await;
    let mut asking = Connection::open(org.address).await?;
    let acknowledged = || org.acknowledged.load(Ordering::Relaxed);
    let (acknowledged_before, counts_before) =
        (acknowledged(), org.writer_counts(&mut asking).await?);
    let mut load = Load::start(org, write, connections, Pace::Closed).await?;
    load.run_for(bench.sizes.warm_up).await?;
    load.measure_from(org.now_us());
    let (started, before) = (Sample::now(org.pid), acknowledged());
    load.run_for(bench.sizes.window).await?;
    let used = started.until(Sample::now(org.pid));
    let done = acknowledged() - before;
    load.stop().await?;
    let row = Row::new(scenario, case)
        .measure("per_s", used.per_second(done))
        .measure("p50_ms", load.latency().quantile_ms(0.5))
        .measure("p99_ms", load.latency().quantile_ms(0.99));
    let counts = counts_before.zip(org.writer_counts(&mut asking).await?);
    let row = match counts {
        Some((before, after)) => {
            with_writer_counts(row, before, after, acknowledged() - acknowledged_before)
        }
        None => row,
    };
    Ok(row
        .maybe("cpu_s_per_million", used.per_million(done))
        .maybe("client_cores", used.own_cores)
        .maybe("other_cores", used.other_cores))
}

/// The writer's own count of events must be what was acknowledged.
fn with_writer_counts(
    row: Row,
    before: WriterCounts,
    after: WriterCounts,
    acknowledged: u64,
) -> Row {
    let groups = (after.groups - before.groups).max(1);
    row.measure(
        "group",
        float(after.commands - before.commands) / float(groups),
    )
    .counted(Counted::new(acknowledged, after.events - before.events, 0))
}

/// The replay id of an event that is written now: events after it can be read back exactly.
pub(super) async fn mark(org: &Arc<Org>) -> Result<u64, Failure> {
    let subscriber = Subscribers::open(org, 1, -1).await?;
    let mut connection = Connection::open(org.address).await?;
    org.create(&mut connection, 0).await?;
    let counted = subscriber.arrivals.arrived(1).await;
    if counted.lost > 0 {
        return Err(Failure::new("an event did not arrive"));
    }
    subscriber.close(org).await
}

/// One subscriber reads everything after a replay id. Says the last replay id, too.
pub(super) async fn read_back(
    bench: &Bench,
    org: &Arc<Org>,
    scenario: &'static str,
    after: u64,
    expected: u64,
) -> Result<(Row, u64), Failure> {
    let from = i64::try_from(after).unwrap_or(i64::MAX);
    let started = Sample::now(org.pid);
    let subscriber = Subscribers::open(org, 1, from).await?;
    subscriber.arrivals.arrived(expected).await;
    let used = started.until(Sample::now(org.pid));
    // One event more than expected would be a duplicate: give it the time to come.
    tokio::time::sleep(bench.sizes.settle).await;
    let counted = subscriber.arrivals.arrived(expected).await;
    let last = subscriber.close(org).await?;
    let row = Row::new(scenario, "read back")
        .measure("per_s", used.per_second(expected))
        .maybe("cpu_s_per_million", used.per_million(expected))
        .counted(counted);
    Ok((row, last))
}
