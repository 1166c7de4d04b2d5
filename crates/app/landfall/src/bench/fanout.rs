//! Fan-out: every subscriber gets every event, as fast as events can be made, and at a fixed pace.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::load::{Load, Pace, Write};
use super::org::Org;
use super::process::Sample;
use super::report::Row;
use super::subscriber::Subscribers;
use super::writes::mark;
use super::{Bench, float};
use crate::outcome::Failure;

const SUBSCRIBERS: [usize; 2] = [100, 1_000];

/// Connections that create records where events are to be made as fast as possible.
const PUBLISHERS: usize = 32;

/// Events on their way to subscribers where events are made as fast as possible.
const OUTSTANDING_MAX: u64 = 64;

/// Subscribers, and events a second at a fixed pace: most of them at 10,000 deliveries a second.
const PACED: [(usize, u32); 3] = [(1, 200), (100, 100), (1_000, 10)];

/// Subscribers that catch up at the same time with what was written while nobody listened.
const CATCHING_UP: usize = 100;

/// Connections that write what is caught up with.
const WRITING_AHEAD: usize = 64;

pub(super) async fn run(bench: &mut Bench, org: &Arc<Org>) -> Result<(), Failure> {
    for (count, rate) in PACED {
        let row = paced(bench, org, count, rate).await?;
        bench.print(&row)?;
    }
    for count in SUBSCRIBERS {
        let row = saturated(bench, org, count).await?;
        bench.print(&row)?;
    }
    let row = catch_up(bench, org).await?;
    bench.print(&row)
}

async fn saturated(bench: &Bench, org: &Arc<Org>, count: usize) -> Result<Row, Failure> {
    let subscribers = Subscribers::open(org, count, -1).await?;
    let pace = Pace::Windowed {
        arrivals: Arc::clone(&subscribers.arrivals),
        subscribers: u64::try_from(count).unwrap_or(u64::MAX),
        outstanding_max: OUTSTANDING_MAX,
    };
    let case = format!("subscribers {count}, saturated");
    measure(bench, org, subscribers, (PUBLISHERS, pace), case).await
}

async fn paced(bench: &Bench, org: &Arc<Org>, count: usize, rate: u32) -> Result<Row, Failure> {
    let subscribers = Subscribers::open(org, count, -1).await?;
    let case = format!("subscribers {count}, {rate} events/s");
    measure(bench, org, subscribers, (1, Pace::Fixed(rate)), case).await
}

/// Delivery alone: nothing is written while it is measured, and what is delivered is still in memory.
async fn catch_up(bench: &Bench, org: &Arc<Org>) -> Result<Row, Failure> {
    let mark = mark(org).await?;
    let events = bench.sizes.catch_up;
    let pace = Pace::Counted(Arc::new(AtomicU64::new(events)));
    Load::start(org, Write::Create, WRITING_AHEAD, pace)
        .await?
        .finished()
        .await?;
    bench.quiet(org.pid).await;
    let from = i64::try_from(mark).unwrap_or(i64::MAX);
    let expected = events * u64::try_from(CATCHING_UP).unwrap_or(u64::MAX);
    let started = Sample::now(org.pid);
    let subscribers = Subscribers::open(org, CATCHING_UP, from).await?;
    subscribers.arrivals.arrived(expected).await;
    let used = started.until(Sample::now(org.pid));
    tokio::time::sleep(bench.sizes.settle).await;
    let counted = subscribers.arrivals.arrived(expected).await;
    subscribers.close(org).await?;
    Ok(Row::new(
        "fan-out",
        format!("subscribers {CATCHING_UP}, {events} recent events"),
    )
    .measure("deliveries_per_s", used.per_second(expected))
    .maybe("cpu_s_per_million", used.per_million(expected))
    .maybe("client_cores", used.own_cores)
    .maybe("other_cores", used.other_cores)
    .counted(counted))
}

async fn measure(
    bench: &Bench,
    org: &Arc<Org>,
    subscribers: Subscribers,
    (publishers, pace): (usize, Pace),
    case: String,
) -> Result<Row, Failure> {
    let published_before = org.acknowledged.load(Ordering::Relaxed);
    let published = || org.acknowledged.load(Ordering::Relaxed) - published_before;
    let count = u64::try_from(subscribers.len()).unwrap_or(u64::MAX);
    let arrivals = Arc::clone(&subscribers.arrivals);
    bench.quiet(org.pid).await;
    let mut load = Load::start(org, Write::Create, publishers, pace).await?;
    load.run_for(bench.sizes.warm_up).await?;
    arrivals.measure_from(org.now_us());
    let (started, before) = (Sample::now(org.pid), (arrivals.received(), published()));
    load.run_for(bench.sizes.window).await?;
    let used = started.until(Sample::now(org.pid));
    let (delivered, created) = (arrivals.received() - before.0, published() - before.1);
    load.stop().await?;
    arrivals.arrived(published() * count).await;
    // Duplicates arrive after everything else.
    tokio::time::sleep(bench.sizes.settle).await;
    let counted = arrivals.arrived(published() * count).await;
    subscribers.close(org).await?;
    Ok(Row::new("fan-out", case)
        .measure("deliveries_per_s", used.per_second(delivered))
        .measure("events_per_s", used.per_second(created))
        .measure("p50_ms", arrivals.latency.quantile_ms(0.5))
        .measure("p99_ms", arrivals.latency.quantile_ms(0.99))
        .maybe("cpu_s_per_million", used.per_million(delivered))
        .maybe("client_cores", used.own_cores)
        .maybe("other_cores", used.other_cores)
        .counted(counted))
}

/// What a subscriber that waits costs.
pub(super) async fn idle(bench: &mut Bench, org: &Arc<Org>, pid: u32) -> Result<(), Failure> {
    let Some(empty) = super::process::resident_kib(pid) else {
        return Err(Failure::new("process memory is measured on Linux only"));
    };
    for count in bench.sizes.idle {
        let started = std::time::Instant::now();
        let subscribers = Subscribers::open(org, count, -1).await?;
        let opened = started.elapsed();
        // The first poll of each is answered at once or held; let all be held.
        tokio::time::sleep(bench.sizes.settle).await;
        let sample = Sample::now(Some(pid));
        tokio::time::sleep(bench.sizes.window.min(Duration::from_secs(5))).await;
        let used = sample.until(Sample::now(Some(pid)));
        let resident = super::process::resident_kib(pid).unwrap_or_default();
        let mut connection = super::http::Connection::open(org.address).await?;
        subscribers.arrivals.measure_from(org.now_us());
        org.create(&mut connection, org.now_us()).await?;
        let expected = u64::try_from(count).unwrap_or(u64::MAX);
        let counted = subscribers.arrivals.arrived(expected).await;
        let row = Row::new("idle", format!("subscribers {count}"))
            .measure("kib_each", (resident - empty).max(0.0) / float(expected))
            .measure("resident_mib", resident / 1_024.0)
            .measure("open_s", opened.as_secs_f64())
            .maybe(
                "server_cores",
                used.server
                    .map(|seconds| seconds / used.elapsed.as_secs_f64()),
            )
            .measure("wake_all_ms", subscribers.arrivals.latency.quantile_ms(1.0))
            .counted(counted);
        subscribers.close(org).await?;
        bench.print(&row)?;
    }
    Ok(())
}
