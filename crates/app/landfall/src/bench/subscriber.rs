//! Subscribers: one connection each that polls, and counts what comes.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use memchr::memmem::Finder;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::histogram::Histogram;
use super::http::{Connection, beginning};
use super::org::{Org, TOPIC, text_member};
use super::report::Counted;
use crate::outcome::{Exit, Failure};

/// Subscribers that send their handshake at the same time.
const OPENING_AT_ONCE: usize = 32;

/// How long a handshake and a subscription may take.
const OPENING_MAX: Duration = Duration::from_secs(30);

/// How long what is on its way may take after the last event was acknowledged.
const ARRIVAL_MAX: Duration = Duration::from_mins(2);

/// What all subscribers of a scenario have received.
#[derive(Default)]
pub(super) struct Arrivals {
    received: AtomicU64,
    duplicates: AtomicU64,
    /// Latencies count for events sent after this moment of [`Org::now_us`].
    measured_from_us: AtomicU64,
    pub(super) latency: Histogram,
    moved: Notify,
}

impl Arrivals {
    pub(super) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    pub(super) fn measure_from(&self, now_us: u64) {
        self.measured_from_us.store(now_us, Ordering::Relaxed);
    }

    /// Counts what one subscriber has received.
    pub(super) fn count(&self, received: u64, duplicates: u64) {
        self.received.fetch_add(received, Ordering::Relaxed);
        self.duplicates.fetch_add(duplicates, Ordering::Relaxed);
        self.moved.notify_waiters();
    }

    /// Latencies of events sent before this are not counted; of none, if it is 0.
    pub(super) fn measured_from(&self) -> u64 {
        self.measured_from_us.load(Ordering::Relaxed)
    }

    /// Ends when more has been received.
    pub(super) async fn moved(&self) {
        self.moved.notified().await;
    }

    /// Waits until as much as expected has arrived, or for as long as it may take.
    pub(super) async fn arrived(&self, expected: u64) -> Counted {
        let all = async {
            while self.received() < expected {
                let moved = self.moved();
                if self.received() < expected {
                    moved.await;
                }
            }
        };
        // What has not come by then is lost, and is counted so.
        let _ = timeout(ARRIVAL_MAX, all).await;
        Counted::new(
            expected,
            self.received(),
            self.duplicates.load(Ordering::Relaxed),
        )
    }
}

/// Running subscribers.
pub(super) struct Subscribers {
    pub(super) arrivals: Arc<Arrivals>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<Result<Subscriber, Failure>>,
}

impl Subscribers {
    /// Opens `count` subscribers that read what comes after `replay`: -1 the tail, -2 everything, or an id.
    pub(super) async fn open(org: &Arc<Org>, count: usize, replay: i64) -> Result<Self, Failure> {
        let arrivals = Arc::new(Arrivals::default());
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let mut opening = JoinSet::new();
        for _ in 0..count {
            if opening.len() >= OPENING_AT_ONCE {
                start(&mut opening, &mut tasks, &arrivals, &stopped, org).await?;
            }
            let org = Arc::clone(org);
            opening.spawn(async move { Subscriber::open(&org, replay).await });
        }
        while !opening.is_empty() {
            start(&mut opening, &mut tasks, &arrivals, &stopped, org).await?;
        }
        Ok(Self {
            arrivals,
            stop,
            tasks,
        })
    }

    /// How many they are.
    pub(super) fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Stops polling and ends the sessions. Says the last replay id that any subscriber has seen.
    pub(super) async fn close(mut self, org: &Org) -> Result<u64, Failure> {
        // A task that has failed does not listen any more; its failure comes out below.
        let _ = self.stop.send(true);
        let mut connection = Connection::open(org.address).await?;
        let mut last = 0;
        while let Some(subscriber) = self.tasks.join_next().await {
            let subscriber = joined(subscriber)?;
            last = last.max(subscriber.last);
            let goodbye = format!(
                r#"[{{"channel":"/meta/disconnect","clientId":"{}"}}]"#,
                subscriber.client_id
            );
            connection.succeed(&org.streaming(&goodbye)).await?;
        }
        Ok(last)
    }
}

async fn start(
    opening: &mut JoinSet<Result<Subscriber, Failure>>,
    tasks: &mut JoinSet<Result<Subscriber, Failure>>,
    arrivals: &Arc<Arrivals>,
    stopped: &watch::Receiver<bool>,
    org: &Arc<Org>,
) -> Result<(), Failure> {
    if let Some(opened) = opening.join_next().await {
        let subscriber = joined(opened)?;
        tasks.spawn(subscriber.run(Arc::clone(org), Arc::clone(arrivals), stopped.clone()));
    }
    Ok(())
}

fn joined(
    ended: Result<Result<Subscriber, Failure>, tokio::task::JoinError>,
) -> Result<Subscriber, Failure> {
    ended.map_err(|error| Failure::new("a subscriber failed").caused_by(&error))?
}

/// One client of the Streaming API.
struct Subscriber {
    connection: Connection,
    client_id: String,
    /// The replay id of the last event.
    last: u64,
}

impl Subscriber {
    async fn open(org: &Org, replay: i64) -> Result<Self, Failure> {
        let opened = async {
            let mut connection = Connection::open(org.address).await?;
            let handshake = r#"[{"channel":"/meta/handshake","version":"1.0","minimumVersion":"1.0","supportedConnectionTypes":["long-polling"],"ext":{"replay":true}}]"#;
            let answer = connection.succeed(&org.streaming(handshake)).await?;
            let client_id = text_member(answer, "clientId")
                .ok_or_else(|| refused("handshake", connection.body()))?;
            let subscribe = format!(
                r#"[{{"channel":"/meta/subscribe","clientId":"{client_id}","subscription":"{TOPIC}","ext":{{"replay":{{"{TOPIC}":{replay}}}}}}}]"#
            );
            let answer = connection.succeed(&org.streaming(&subscribe)).await?;
            if !is_successful(answer) {
                return Err(refused("subscription", answer));
            }
            Ok(Self {
                connection,
                client_id,
                last: 0,
            })
        };
        timeout(OPENING_MAX, opened).await.unwrap_or_else(|_| {
            Err(Failure::new("a subscriber could not connect in time").exit(Exit::Unmet))
        })
    }

    /// Polls until stopped.
    async fn run(
        mut self,
        org: Arc<Org>,
        arrivals: Arc<Arrivals>,
        mut stopped: watch::Receiver<bool>,
    ) -> Result<Self, Failure> {
        let poll = org.streaming(&format!(
            r#"[{{"channel":"/meta/connect","clientId":"{}","connectionType":"long-polling"}}]"#,
            self.client_id
        ));
        let finders = Finders::new();
        loop {
            tokio::select! {
                biased;
                answered = self.connection.succeed(&poll) => { answered?; }
                _ = stopped.wait_for(|stopped| *stopped) => return Ok(self),
            }
            if self.count(&org, &arrivals, &finders).is_break() {
                return Err(refused("poll", self.connection.body()));
            }
        }
    }

    /// Counts the events of an answer; none and no success is the end.
    fn count(&mut self, org: &Org, arrivals: &Arrivals, finders: &Finders) -> ControlFlow<()> {
        let body = self.connection.body();
        let now = org.now_us();
        let from = arrivals.measured_from_us.load(Ordering::Relaxed);
        let mut received = 0;
        for id in finders.replay_id.find_iter(body) {
            let digits = body.get(id + REPLAY_ID.len()..).unwrap_or_default();
            let id = digits
                .iter()
                .take_while(|digit| digit.is_ascii_digit())
                .fold(0, |id: u64, digit| {
                    id.saturating_mul(10)
                        .saturating_add(u64::from(digit - b'0'))
                });
            if id <= self.last {
                arrivals.duplicates.fetch_add(1, Ordering::Relaxed);
            } else {
                self.last = id;
                received += 1;
            }
        }
        if received == 0 {
            return if is_successful(body) {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            };
        }
        if from > 0 {
            for sent in finders.sent.find_iter(body).filter_map(|at| {
                let digits = body.get(at + SENT.len()..at + SENT.len() + 16)?;
                u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
            }) {
                if sent >= from {
                    arrivals.latency.record(now.saturating_sub(sent));
                }
            }
        }
        arrivals.received.fetch_add(received, Ordering::Relaxed);
        arrivals.moved.notify_waiters();
        ControlFlow::Continue(())
    }
}

/// Marks the replay id of an event.
const REPLAY_ID: &[u8] = b"\"replayId\":";

/// Marks when a record was sent, in its name.
const SENT: &[u8] = b"\"~T";

struct Finders {
    replay_id: Finder<'static>,
    sent: Finder<'static>,
}

impl Finders {
    fn new() -> Self {
        Self {
            replay_id: Finder::new(REPLAY_ID),
            sent: Finder::new(SENT),
        }
    }
}

fn is_successful(answer: &[u8]) -> bool {
    memchr::memmem::find(answer, b"\"successful\":true").is_some()
}

fn refused(what: &str, answer: &[u8]) -> Failure {
    Failure::new(format!("a {what} was refused: {}", beginning(answer)))
}
