//! `landfall bench`: the numbers of `docs/benchmarks.md`, repeated by one command.
//!
//! Server and load generator are two processes; the generator has one thread and speaks the least HTTP that will do, so
//! that it measures the server and not itself. Every scenario counts what arrived: a number about lost events is none.
//! Start reading at [`run`]; `writes`, `fanout`, `stored`, `pubsub`, `bulk` and `queries` are the scenarios, `load`,
//! `subscriber`, `pubsub_load` and `pubsub_readers` do their work.

mod bulk;
mod fanout;
mod histogram;
mod http;
mod load;
mod org;
mod process;
mod pubsub;
mod pubsub_load;
mod pubsub_readers;
mod queries;
mod report;
mod server;
mod stored;
mod subscriber;
mod writes;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tempfile::TempDir;

use crate::outcome::{Ended, Exit, Failure, say};
use org::Org;
use report::{Form, Row};
use server::ServerProcess;
use stored::Stored;

#[derive(Args)]
pub(crate) struct BenchOptions {
    /// Scenarios to measure [default: all]
    #[arg(value_enum, value_name = "SCENARIO")]
    scenarios: Vec<Scenario>,
    /// Measure for one second instead of five, with fewer events and subscribers
    #[arg(long, env = "LANDFALL_BENCH_QUICK")]
    quick: bool,
    /// Measure a running developer org; creates Accounts in it [default: start servers as needed]
    #[arg(long, env = "LANDFALL_BENCH_TARGET", value_name = "URL")]
    target: Option<String>,
    /// Folder for the data of the servers it starts; removed at exit [default: the temporary folder of the system]
    #[arg(long, env = "LANDFALL_BENCH_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// Events to store before replaying them [default: 1000000]
    #[arg(long, env = "LANDFALL_BENCH_EVENTS", value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    events: Option<u64>,
    /// Records to load with bulk jobs and to query [default: 1000000]
    #[arg(long, env = "LANDFALL_BENCH_RECORDS", value_name = "N", value_parser = clap::value_parser!(u64).range(1_000..=100_000_000))]
    records: Option<u64>,
    /// Longest wait before each measurement for other processes to become idle [default: 0]
    #[arg(
        long,
        env = "LANDFALL_BENCH_PATIENCE",
        value_name = "SECONDS",
        default_value = "0",
        hide_default_value = true
    )]
    patience: u64,
    /// Print one JSON object per line
    #[arg(long, env = "LANDFALL_JSON")]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// Durable creates and updates, single and in collections of 200
    Writes,
    /// Events to many subscribers
    Fanout,
    /// Idle subscribers
    Idle,
    /// Stored events to one subscriber
    Replay,
    /// Time from start to ready
    Start,
    /// Publishing, fan-out and replay over the Pub/Sub API
    Pubsub,
    /// Loading and querying records with the Bulk API
    Bulk,
    /// Queries over many records, and describes
    Queries,
}

/// How long and how much.
struct Sizes {
    warm_up: Duration,
    window: Duration,
    /// How long to wait for events that must not come.
    settle: Duration,
    idle: [usize; 2],
    starts: usize,
    events: u64,
    /// Events that many subscribers catch up with.
    catch_up: u64,
    /// Records of bulk jobs and queries.
    records: u64,
    /// Records that are read page by page.
    paged: u64,
}

const FULL: Sizes = Sizes {
    warm_up: Duration::from_secs(2),
    window: Duration::from_secs(5),
    settle: Duration::from_millis(500),
    idle: [1_000, 10_000],
    starts: 5,
    events: 1_000_000,
    catch_up: 20_000,
    records: 1_000_000,
    paged: 100_000,
};

const QUICK: Sizes = Sizes {
    warm_up: Duration::from_millis(300),
    window: Duration::from_secs(1),
    settle: Duration::from_millis(100),
    idle: [100, 1_000],
    starts: 2,
    events: 20_000,
    catch_up: 2_000,
    records: 20_000,
    paged: 10_000,
};

/// A run.
struct Bench {
    sizes: Sizes,
    events: u64,
    records: u64,
    patience: Duration,
    data: PathBuf,
    form: Form,
    /// Whether every event arrived exactly once so far.
    is_exact: bool,
}

/// Measures.
pub(crate) fn run(options: BenchOptions) -> Ended {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("cannot start the runtime").caused_by(&error))?
        .block_on(measure(options))
}

async fn measure(options: BenchOptions) -> Ended {
    let sizes = if options.quick { QUICK } else { FULL };
    let mut bench = Bench {
        events: options.events.unwrap_or(sizes.events),
        records: options.records.unwrap_or(sizes.records),
        sizes,
        patience: Duration::from_secs(options.patience),
        data: options.data.unwrap_or_else(std::env::temp_dir),
        form: if options.json {
            Form::Json
        } else {
            Form::Table
        },
        is_exact: true,
    };
    let scenarios = if options.scenarios.is_empty() {
        Scenario::value_variants()
    } else {
        &options.scenarios
    };
    greet();
    match options.target {
        Some(target) => on_target(&mut bench, scenarios, &target).await?,
        None => on_servers(&mut bench, scenarios).await?,
    }
    if bench.is_exact {
        say("every event arrived, each once");
        Ok(Exit::Done)
    } else {
        Err(Failure::new("events were lost or duplicated").exit(Exit::Unmet))
    }
}

fn greet() {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let files =
        process::raise_open_files().map_or_else(|| "unknown".to_owned(), |files| files.to_string());
    say(&format!(
        "landfall {} on {cores} cores, {files} open files at most for each process",
        env!("CARGO_PKG_VERSION")
    ));
    if cfg!(debug_assertions) {
        say("this is a debug build: its numbers are meaningless");
    }
}

async fn on_servers(bench: &mut Bench, scenarios: &[Scenario]) -> Result<(), Failure> {
    let mut stored = None;
    for (place, scenario) in scenarios.iter().enumerate() {
        // No bar: drawing it would be measured.
        let (number, all) = (place + 1, scenarios.len());
        say(&format!("measuring {scenario:?}, {number} of {all}"));
        match scenario {
            Scenario::Writes | Scenario::Fanout | Scenario::Idle | Scenario::Queries => {
                let folder = bench.folder()?;
                let server = ServerProcess::start(folder.path()).await?;
                let org = Arc::new(server.org().await?);
                match scenario {
                    Scenario::Writes => writes::run(bench, &org).await?,
                    Scenario::Idle => fanout::idle(bench, &org, server.pid()).await?,
                    Scenario::Queries => queries::run(bench, &org).await?,
                    _ => fanout::run(bench, &org).await?,
                }
                server.stop().await?;
            }
            Scenario::Replay => filled(bench, &mut stored).await?.replay(bench).await?,
            Scenario::Pubsub => pubsub::run(bench).await?,
            Scenario::Bulk => bulk::run(bench).await?,
            Scenario::Start => {
                stored::start_small(bench).await?;
                filled(bench, &mut stored).await?.start(bench).await?;
            }
        }
    }
    Ok(())
}

async fn filled<'s>(
    bench: &mut Bench,
    stored: &'s mut Option<Stored>,
) -> Result<&'s mut Stored, Failure> {
    let filled = match stored.take() {
        Some(filled) => filled,
        None => Stored::fill(bench).await?,
    };
    Ok(stored.insert(filled))
}

async fn on_target(bench: &mut Bench, scenarios: &[Scenario], target: &str) -> Result<(), Failure> {
    let unusable = || {
        Failure::new(format!(
            "the target `{target}` is not of the form http://HOST:PORT"
        ))
        .exit(Exit::Usage)
    };
    let place = target.strip_prefix("http://").ok_or_else(unusable)?;
    let address = tokio::net::lookup_host(place.trim_end_matches('/'))
        .await
        .ok()
        .and_then(|mut addresses| addresses.next())
        .ok_or_else(unusable)?;
    let org = Arc::new(Org::log_in(address, None).await?);
    for scenario in scenarios {
        match scenario {
            Scenario::Writes => writes::run(bench, &org).await?,
            Scenario::Fanout => fanout::run(bench, &org).await?,
            Scenario::Idle
            | Scenario::Replay
            | Scenario::Start
            | Scenario::Pubsub
            | Scenario::Bulk
            | Scenario::Queries => {
                say(&format!(
                    "{scenario:?}: skipped, it needs a server of its own"
                ));
            }
        }
    }
    Ok(())
}

impl Bench {
    fn print(&mut self, row: &Row) -> Result<(), Failure> {
        self.is_exact &= row.print(self.form)?;
        Ok(())
    }

    /// Waits for other processes, as long as is wanted.
    async fn quiet(&self, server: Option<u32>) {
        process::quiet(server, self.patience).await;
    }

    /// A folder for an org, removed when dropped.
    fn folder(&self) -> Result<TempDir, Failure> {
        tempfile::Builder::new()
            .prefix("landfall-bench-")
            .tempdir_in(&self.data)
            .map_err(|error| {
                Failure::new(format!("cannot create a folder in {}", self.data.display()))
                    .caused_by(&error)
            })
    }
}

/// Counts are far below 2^53.
#[expect(
    clippy::cast_precision_loss,
    reason = "measurements are read by people, to three digits"
)]
const fn float(count: u64) -> f64 {
    count as f64
}
