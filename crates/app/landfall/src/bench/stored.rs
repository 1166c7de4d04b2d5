//! Many stored events: how fast one subscriber reads them all, and how soon a server that has them is ready.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tempfile::TempDir;

use super::load::{Load, Pace, Write};
use super::process::{Sample, resident_kib};
use super::report::Row;
use super::server::ServerProcess;
use super::subscriber::Subscribers;
use super::writes::{mark, read_back};
use super::{Bench, float};
use crate::outcome::Failure;

/// Connections that fill a store.
const FILLING: usize = 256;

/// Events that are written right before a server is killed, and by how many connections.
const BEFORE_KILL: u64 = 2_000;
const CONNECTIONS_BEFORE_KILL: usize = 16;

/// An org with many events, stopped.
pub(super) struct Stored {
    folder: TempDir,
    events: u64,
}

impl Stored {
    pub(super) async fn fill(bench: &mut Bench) -> Result<Self, Failure> {
        let folder = bench.folder()?;
        let events = bench.events;
        let server = ServerProcess::start(folder.path()).await?;
        let org = Arc::new(server.org().await?);
        let started = Sample::now(Some(server.pid()));
        let pace = Pace::Counted(Arc::new(AtomicU64::new(events)));
        let mut load = Load::start(&org, Write::Create, FILLING, pace).await?;
        load.finished().await?;
        let used = started.until(Sample::now(Some(server.pid())));
        let resident = resident_kib(server.pid());
        server.stop().await?;
        let row = Row::new("fill", format!("{events} creates, {FILLING} connections"))
            .measure("seconds", used.elapsed.as_secs_f64())
            .measure("per_s", used.per_second(events))
            .maybe("cpu_s_per_million", used.per_million(events))
            .maybe("resident_mib", resident.map(|kib| kib / 1_024.0))
            .maybe("other_cores", used.other_cores)
            .measure(
                "file_bytes_each",
                float(bytes_in(folder.path())) / float(events),
            );
        bench.print(&row)?;
        Ok(Self { folder, events })
    }

    /// Reads everything, twice: the second time all is in the page cache.
    pub(super) async fn replay(&self, bench: &mut Bench) -> Result<(), Failure> {
        let server = ServerProcess::start(self.folder.path()).await?;
        let org = Arc::new(server.org().await?);
        for time in ["first time", "again"] {
            bench.quiet(Some(server.pid())).await;
            let started = Sample::now(Some(server.pid()));
            let subscriber = Subscribers::open(&org, 1, -2).await?;
            subscriber.arrivals.arrived(self.events).await;
            let used = started.until(Sample::now(Some(server.pid())));
            tokio::time::sleep(bench.sizes.settle).await;
            let counted = subscriber.arrivals.arrived(self.events).await;
            subscriber.close(&org).await?;
            let row = Row::new("replay", format!("subscribers 1, from -2, {time}"))
                .measure("per_s", used.per_second(self.events))
                .measure("seconds", used.elapsed.as_secs_f64())
                .maybe("cpu_s_per_million", used.per_million(self.events))
                .maybe("client_cores", used.own_cores)
                .maybe("other_cores", used.other_cores)
                .maybe(
                    "resident_mib",
                    resident_kib(server.pid()).map(|kib| kib / 1_024.0),
                )
                .counted(counted);
            bench.print(&row)?;
        }
        server.stop().await
    }

    /// Starts on this store, after a stop and after a kill.
    pub(super) async fn start(&mut self, bench: &mut Bench) -> Result<(), Failure> {
        let mut starts = Vec::new();
        let mut resident = None;
        for _ in 0..bench.sizes.starts {
            let server = ServerProcess::start(self.folder.path()).await?;
            starts.push(server.ready_after);
            resident = resident_kib(server.pid());
            server.stop().await?;
        }
        let row = times(format!("{} events, after a stop", self.events), &mut starts)
            .maybe("resident_mib", resident.map(|kib| kib / 1_024.0));
        bench.print(&row)?;
        let mut server = ServerProcess::start(self.folder.path()).await?;
        starts.clear();
        for _ in 0..bench.sizes.starts {
            let org = Arc::new(server.org().await?);
            let mark = mark(&org).await?;
            let pace = Pace::Counted(Arc::new(AtomicU64::new(BEFORE_KILL)));
            Load::start(&org, Write::Create, CONNECTIONS_BEFORE_KILL, pace)
                .await?
                .finished()
                .await?;
            server.kill()?;
            server = ServerProcess::start(self.folder.path()).await?;
            starts.push(server.ready_after);
            let org = Arc::new(server.org().await?);
            let (row, _) = read_back(bench, &org, "start", mark, BEFORE_KILL).await?;
            bench.print(&row)?;
            self.events += BEFORE_KILL + 1;
        }
        server.stop().await?;
        bench.print(&times(
            format!("{} events, after kill -9", self.events),
            &mut starts,
        ))
    }
}

/// Starts in empty folders, and once more in one of them.
pub(super) async fn start_small(bench: &mut Bench) -> Result<(), Failure> {
    let mut starts = Vec::new();
    let mut folder = bench.folder()?;
    for _ in 0..bench.sizes.starts {
        folder = bench.folder()?;
        let server = ServerProcess::start(folder.path()).await?;
        starts.push(server.ready_after);
        server.stop().await?;
    }
    bench.print(&times("new org", &mut starts))?;
    starts.clear();
    for _ in 0..bench.sizes.starts {
        let server = ServerProcess::start(folder.path()).await?;
        starts.push(server.ready_after);
        server.stop().await?;
    }
    bench.print(&times("org that is there, no events", &mut starts))
}

fn times(case: impl Into<String>, starts: &mut [Duration]) -> Row {
    starts.sort_unstable();
    let millis = |start: Option<&Duration>| start.map(|start| start.as_secs_f64() * 1e3);
    Row::new("start", case)
        .maybe("median_ms", millis(starts.get(starts.len() / 2)))
        .maybe("max_ms", millis(starts.last()))
}

/// Bytes of the files in a folder, not of folders in it.
fn bytes_in(folder: &Path) -> u64 {
    std::fs::read_dir(folder).map_or(0, |entries| {
        entries
            .filter_map(|entry| entry.ok()?.metadata().ok())
            .filter(std::fs::Metadata::is_file)
            .map(|file| file.len())
            .sum()
    })
}
