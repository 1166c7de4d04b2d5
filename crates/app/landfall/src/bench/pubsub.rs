//! The Pub/Sub API: publishing, fan-out and replay of a platform event over gRPC, in cleartext.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::process::{Sample, resident_kib};
use super::pubsub_load::{Limit, Loader, Publishing};
use super::pubsub_readers::{Readers, STREAMS};
use super::report::Row;
use super::server::ServerProcess;
use super::{Bench, float};
use crate::outcome::Failure;

/// Publishers, and events of each request.
const PUBLISHERS: [usize; 2] = [1, 16];
const BATCHES: [usize; 3] = [1, 10, 100];

/// Requests of one publisher that are under way where publishing is pipelined, and their events.
const PIPELINED: (usize, usize) = (4, 200);

const SUBSCRIBERS: [usize; 2] = [100, 1_000];

/// Requests under way and their events where subscribers set the pace, and events on their way to subscribers.
const FANNED: (usize, usize) = (4, 16);
const OUTSTANDING_MAX: u64 = 64;

/// Subscribers that read what is stored.
const READING: [usize; 2] = [1, 10];

pub(super) async fn run(bench: &mut Bench) -> Result<(), Failure> {
    let folder = bench.folder()?;
    let project = bench.folder()?;
    write_project(project.path())
        .map_err(|error| Failure::new("cannot write the project").caused_by(&error))?;
    let server = ServerProcess::start_with(folder.path(), Some(project.path())).await?;
    let loader = Arc::new(Loader::open(server.org().await?).await?);
    let first = mark(&loader).await?;
    let mut published = 0;
    for publishers in PUBLISHERS {
        for batch in BATCHES {
            published += publish(bench, &loader, publishers, (1, batch)).await?;
        }
        published += publish(bench, &loader, publishers, PIPELINED).await?;
    }
    read(bench, &loader, "read back", (1, first), published).await?;
    for count in SUBSCRIBERS {
        let row = fan_out(bench, &loader, count).await?;
        bench.print(&row)?;
    }
    replay(bench, &loader).await?;
    server.stop().await?;
    idle(bench, project.path()).await
}

/// What a subscriber that waits costs: many on a connection, and one.
async fn idle(bench: &mut Bench, project: &Path) -> Result<(), Failure> {
    let [_, count] = SUBSCRIBERS;
    for streams in [STREAMS, 1] {
        let folder = bench.folder()?;
        let server = ServerProcess::start_with(folder.path(), Some(project)).await?;
        let loader = Arc::new(Loader::open(server.org().await?).await?);
        let from = mark(&loader).await?;
        let resident = || resident_kib(server.pid()).unwrap_or_default();
        let before = resident();
        let mut readers = Readers::open(&loader, count, streams, from).await?;
        tokio::time::sleep(bench.sizes.settle).await;
        let waiting = resident();
        mark(&loader).await?;
        let subscribers = u64::try_from(count).unwrap_or(u64::MAX);
        let counted = readers.arrivals.arrived(subscribers).await;
        readers.close()?;
        let case = format!("gRPC subscribers {count}, {streams} on a connection");
        let row = Row::new("idle", case)
            .measure("kib_each", (waiting - before).max(0.0) / float(subscribers))
            .measure("resident_mib", waiting / 1_024.0)
            .counted(counted);
        bench.print(&row)?;
        server.stop().await?;
    }
    Ok(())
}

/// Publishes for a while; says how many events were acknowledged.
async fn publish(
    bench: &mut Bench,
    loader: &Arc<Loader>,
    publishers: usize,
    (in_flight, batch): (usize, usize),
) -> Result<u64, Failure> {
    bench.quiet(loader.pid()).await;
    let work = Arc::new(Publishing::new(in_flight, batch, Limit::None));
    let mut tasks = spawn(loader, &work, publishers).await?;
    run_for(&mut tasks, bench.sizes.warm_up / 4).await?;
    work.measure_from(loader.org.now_us());
    let (started, before) = (Sample::now(loader.pid()), work.acknowledged());
    run_for(&mut tasks, bench.sizes.window / 2).await?;
    let used = started.until(Sample::now(loader.pid()));
    let done = work.acknowledged() - before;
    work.stop();
    finished(&mut tasks).await?;
    let case = if in_flight == 1 {
        format!("publishers {publishers}, batch {batch}")
    } else {
        format!("publishers {publishers}, {in_flight} of {batch} under way")
    };
    let row = Row::new("publish", case)
        .measure("per_s", used.per_second(done))
        .measure("p50_ms", work.latency.quantile_ms(0.5))
        .measure("p99_ms", work.latency.quantile_ms(0.99))
        .maybe("cpu_s_per_million", used.per_million(done))
        .maybe("client_cores", used.own_cores)
        .maybe("other_cores", used.other_cores);
    bench.print(&row)?;
    Ok(work.acknowledged())
}

/// Events to many subscribers, as fast as they take them.
async fn fan_out(bench: &Bench, loader: &Arc<Loader>, count: usize) -> Result<Row, Failure> {
    let from = mark(loader).await?;
    let mut readers = Readers::open(loader, count, STREAMS, from).await?;
    bench.quiet(loader.pid()).await;
    let arrivals = Arc::clone(&readers.arrivals);
    let subscribers = u64::try_from(count).unwrap_or(u64::MAX);
    let limit = Limit::Outstanding(Arc::clone(&arrivals), subscribers, OUTSTANDING_MAX);
    let work = Arc::new(Publishing::new(FANNED.0, FANNED.1, limit));
    let mut tasks = spawn(loader, &work, 1).await?;
    run_for(&mut tasks, bench.sizes.warm_up).await?;
    arrivals.measure_from(loader.org.now_us());
    let (started, before, sent) = (
        Sample::now(loader.pid()),
        arrivals.received(),
        work.acknowledged(),
    );
    run_for(&mut tasks, bench.sizes.window).await?;
    let used = started.until(Sample::now(loader.pid()));
    let (done, sent) = (arrivals.received() - before, work.acknowledged() - sent);
    work.stop();
    finished(&mut tasks).await?;
    let expected = work.acknowledged() * subscribers;
    arrivals.arrived(expected).await;
    tokio::time::sleep(bench.sizes.settle).await;
    let counted = arrivals.arrived(expected).await;
    readers.close()?;
    Ok(
        Row::new("pubsub", format!("subscribers {count}, saturated"))
            .measure("deliveries_per_s", used.per_second(done))
            .measure("events_per_s", used.per_second(sent))
            .measure("p50_ms", arrivals.latency.quantile_ms(0.5))
            .measure("p99_ms", arrivals.latency.quantile_ms(0.99))
            .maybe("cpu_s_per_million", used.per_million(done))
            .maybe("client_cores", used.own_cores)
            .maybe("other_cores", used.other_cores)
            .counted(counted),
    )
}

/// Stores events, and reads them.
async fn replay(bench: &mut Bench, loader: &Arc<Loader>) -> Result<(), Failure> {
    let from = mark(loader).await?;
    let (in_flight, batch) = PIPELINED;
    let limit = Limit::Events(bench.events);
    let work = Arc::new(Publishing::new(in_flight, batch, limit));
    let mut tasks = spawn(loader, &work, 1).await?;
    finished(&mut tasks).await?;
    for count in READING {
        read(bench, loader, "replay", (count, from), work.acknowledged()).await?;
    }
    Ok(())
}

/// Reads as many events as are stored after a replay id.
async fn read(
    bench: &mut Bench,
    loader: &Arc<Loader>,
    what: &str,
    (count, from): (usize, i64),
    events: u64,
) -> Result<(), Failure> {
    bench.quiet(loader.pid()).await;
    let expected = events * u64::try_from(count).unwrap_or(u64::MAX);
    let started = Sample::now(loader.pid());
    let mut readers = Readers::open(loader, count, STREAMS, from).await?;
    readers.arrivals.arrived(expected).await;
    let used = started.until(Sample::now(loader.pid()));
    // One event more than expected would be a duplicates one: give it the time to come.
    tokio::time::sleep(bench.sizes.settle).await;
    let counted = readers.arrivals.arrived(expected).await;
    readers.close()?;
    let row = Row::new("pubsub", format!("{what}, subscribers {count}"))
        .measure("per_s", used.per_second(expected))
        .measure("seconds", used.elapsed.as_secs_f64())
        .measure("bytes_each", float(loader.payload_bytes()))
        .maybe("cpu_s_per_million", used.per_million(expected))
        .maybe("client_cores", used.own_cores)
        .maybe("other_cores", used.other_cores)
        .counted(counted);
    bench.print(&row)
}

/// The replay id of an event that is published now.
async fn mark(loader: &Arc<Loader>) -> Result<i64, Failure> {
    let work = Arc::new(Publishing::new(1, 1, Limit::Events(1)));
    finished(&mut spawn(loader, &work, 1).await?).await?;
    Ok(work.last())
}

type Tasks = JoinSet<Result<(), Failure>>;

async fn spawn(
    loader: &Arc<Loader>,
    work: &Arc<Publishing>,
    publishers: usize,
) -> Result<Tasks, Failure> {
    let mut tasks = JoinSet::new();
    for _ in 0..publishers {
        let publisher = loader.publisher().await?;
        tasks.spawn(Arc::clone(work).run(Arc::clone(loader), publisher));
    }
    Ok(tasks)
}

/// Lets them work; fails as soon as one fails.
async fn run_for(tasks: &mut Tasks, time: Duration) -> Result<(), Failure> {
    tokio::time::timeout(time, finished(tasks))
        .await
        .unwrap_or(Ok(()))
}

async fn finished(tasks: &mut Tasks) -> Result<(), Failure> {
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(|error| Failure::new("a publisher failed").caused_by(&error))??;
    }
    Ok(())
}

/// A project with one platform event, `Load__e`, of two texts.
fn write_project(folder: &Path) -> std::io::Result<()> {
    const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>"#;
    const SPACE: &str = r#"xmlns="http://soap.sforce.com/2006/04/metadata""#;
    std::fs::write(
        folder.join("sfdx-project.json"),
        r#"{"packageDirectories":[{"path":"force-app","default":true}],"sourceApiVersion":"59.0"}"#,
    )?;
    let object = folder.join("force-app/main/default/objects/Load__e");
    let fields = object.join("fields");
    std::fs::create_dir_all(&fields)?;
    std::fs::write(
        object.join("Load__e.object-meta.xml"),
        format!(
            "{HEAD}<CustomObject {SPACE}><deploymentStatus>Deployed</deploymentStatus><eventType>HighVolume</eventType><label>Load</label><pluralLabel>Loads</pluralLabel><publishBehavior>PublishImmediately</publishBehavior></CustomObject>"
        ),
    )?;
    for name in ["Sent__c", "Note__c"] {
        std::fs::write(
            fields.join(format!("{name}.field-meta.xml")),
            format!(
                "{HEAD}<CustomField {SPACE}><fullName>{name}</fullName><label>{name}</label><length>255</length><required>false</required><type>Text</type></CustomField>"
            ),
        )?;
    }
    Ok(())
}
