//! Writers: connections that create or change records, each with one request at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};

use super::histogram::Histogram;
use super::http::Connection;
use super::org::Org;
use super::subscriber::Arrivals;
use crate::outcome::Failure;

/// How long the requests on their way may take once the load stops.
const ENDING_MAX: Duration = Duration::from_mins(1);

/// What the writers do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Write {
    /// New records.
    Create,
    /// New records, a full list in each request.
    CreateMany,
    /// New names of records, one for each connection.
    Update,
}

/// When writers send.
#[derive(Clone)]
pub(super) enum Pace {
    /// As soon as the last request is answered.
    Closed,
    /// The same, but with no more events on their way to subscribers than this.
    Windowed {
        arrivals: Arc<Arrivals>,
        subscribers: u64,
        outstanding_max: u64,
    },
    /// So many a second over all, answered or not.
    Fixed(u32),
    /// As soon as the last request is answered, and so many in all.
    Counted(Arc<AtomicU64>),
}

/// Running writers.
pub(super) struct Load {
    state: Arc<State>,
    tasks: JoinSet<Result<(), Failure>>,
}

struct State {
    stop: AtomicBool,
    measured_from_us: AtomicU64,
    latency: Histogram,
    /// Creates that were sent.
    issued: AtomicU64,
}

impl Load {
    pub(super) async fn start(
        org: &Arc<Org>,
        write: Write,
        connections: usize,
        pace: Pace,
    ) -> Result<Self, Failure> {
        let state = Arc::new(State {
            stop: AtomicBool::new(false),
            measured_from_us: AtomicU64::new(u64::MAX),
            latency: Histogram::default(),
            issued: AtomicU64::new(0),
        });
        let mut writers = Vec::with_capacity(connections);
        for _ in 0..connections {
            let mut connection = Connection::open(org.address).await?;
            let record = match write {
                Write::Create | Write::CreateMany => None,
                Write::Update => Some(org.create_named(&mut connection).await?),
            };
            writers.push(Writer {
                org: Arc::clone(org),
                state: Arc::clone(&state),
                connection,
                write,
                record,
            });
        }
        let mut tasks = JoinSet::new();
        for writer in writers {
            tasks.spawn(writer.run(pace.clone()));
        }
        Ok(Self { state, tasks })
    }

    /// Latencies count from now on.
    pub(super) fn measure_from(&self, now_us: u64) {
        self.state.measured_from_us.store(now_us, Ordering::Relaxed);
    }

    pub(super) fn latency(&self) -> &Histogram {
        &self.state.latency
    }

    /// Lets the time pass, unless a writer fails.
    pub(super) async fn run_for(&mut self, duration: Duration) -> Result<(), Failure> {
        tokio::select! {
            () = sleep(duration) => Ok(()),
            Some(ended) = self.tasks.join_next() => {
                joined(ended)?;
                Err(Failure::new("a writer ended too early"))
            }
        }
    }

    /// Waits for the requests on their way and ends.
    pub(super) async fn stop(&mut self) -> Result<(), Failure> {
        self.state.stop.store(true, Ordering::Relaxed);
        timeout(ENDING_MAX, self.finished())
            .await
            .unwrap_or_else(|_| Err(Failure::new("the server stopped answering")))
    }

    /// Waits until all writers have ended by themselves.
    pub(super) async fn finished(&mut self) -> Result<(), Failure> {
        while let Some(ended) = self.tasks.join_next().await {
            joined(ended)?;
        }
        Ok(())
    }
}

fn joined(ended: Result<Result<(), Failure>, tokio::task::JoinError>) -> Result<(), Failure> {
    ended.map_err(|error| Failure::new("a writer failed").caused_by(&error))?
}

struct Writer {
    org: Arc<Org>,
    state: Arc<State>,
    connection: Connection,
    write: Write,
    /// The record that is changed, if one is.
    record: Option<String>,
}

impl Writer {
    async fn run(mut self, pace: Pace) -> Result<(), Failure> {
        let period = match pace {
            Pace::Fixed(rate) => Duration::from_secs(1) / rate.max(1),
            Pace::Closed | Pace::Windowed { .. } | Pace::Counted(_) => Duration::from_secs(1),
        };
        let mut ticks = interval_at(Instant::now(), period);
        // A server that is late is sent what has fallen due meanwhile, and the lateness counts.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        while !self.state.stop.load(Ordering::Relaxed) {
            let mut sent_us = None;
            match &pace {
                Pace::Closed => (),
                Pace::Fixed(_) => {
                    let late = Instant::now().saturating_duration_since(ticks.tick().await);
                    let late = u64::try_from(late.as_micros()).unwrap_or(u64::MAX);
                    sent_us = Some(self.org.now_us().saturating_sub(late));
                }
                Pace::Counted(left) => {
                    let taken = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                        left.checked_sub(1)
                    });
                    if taken.is_err() {
                        return Ok(());
                    }
                }
                Pace::Windowed {
                    arrivals,
                    subscribers,
                    outstanding_max,
                } => {
                    let received = arrivals.received() / subscribers;
                    let issued = self.state.issued.load(Ordering::Relaxed);
                    if issued.saturating_sub(received) >= *outstanding_max {
                        // The pause is for the last events of a run, after which nothing moves.
                        let _ = timeout(Duration::from_millis(50), arrivals.moved()).await;
                        continue;
                    }
                }
            }
            self.write(sent_us).await?;
        }
        Ok(())
    }

    async fn write(&mut self, sent_us: Option<u64>) -> Result<(), Failure> {
        let sent_us = sent_us.unwrap_or_else(|| self.org.now_us());
        self.state.issued.fetch_add(1, Ordering::Relaxed);
        match &self.record {
            None if self.write == Write::CreateMany => {
                self.org.create_many(&mut self.connection, sent_us).await?;
            }
            None => self.org.create(&mut self.connection, sent_us).await?,
            Some(id) => self.org.update(&mut self.connection, id, sent_us).await?,
        }
        if sent_us >= self.state.measured_from_us.load(Ordering::Relaxed) {
            let latency = self.org.now_us().saturating_sub(sent_us);
            self.state.latency.record(latency);
        }
        Ok(())
    }
}
