//! Following the log as server-sent events.
//!
//! A reader costs a position and one buffered piece, no queue: while it does not read, its position waits. If it falls too
//! far back after it was up to date, the position moves on and the reader is informed how much it does not get.
//! Readers share what is rendered, and while many events come they get them in pieces, ten a second.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use landfall_apidoc::{Call, Parameter};
use landfall_engine::{Event, LogEvent, Watcher};
use landfall_http::Writer;
use landfall_model::ReplayId;
use landfall_model::limits::{
    CONTROL_FOLLOWED_EVENTS_PAGE, CONTROL_FOLLOWER_LAG_MAX, CONTROL_FOLLOWER_PAUSE,
    CONTROL_FOLLOWER_SILENCE, CONTROL_FOLLOWERS_MAX,
};
use tokio::sync::mpsc::{Sender, channel};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_stream::wrappers::ReceiverStream;

use super::filter::Filter;
use super::shown::{Names, Read};
use super::{FILTER, records, replay_id};
use crate::refusal::{Refusal, busy, failed, invalid};
use crate::{Made, Org, Work};

/// The header with which a client resumes. Source: "Server-sent events" (HTML Living Standard).
const LAST_EVENT_ID: &str = "last-event-id";

/// After which a client connects again. Source: none.
const RETRY: Duration = Duration::from_secs(2);

/// How many more followers the process accepts.
static FREE: Semaphore = Semaphore::const_new(CONTROL_FOLLOWERS_MAX);

/// How many clients follow events, in the whole process.
pub(crate) fn followers() -> usize {
    CONTROL_FOLLOWERS_MAX.saturating_sub(FREE.available_permits())
}

pub(crate) const FOLLOW: Call = Call {
    method: "get",
    path: "stream",
    id: "followEvents",
    summary: "New events as they are published, as server-sent events: `event` with the event as getEvent answers it; \
              `skipped` with `count`, `from`, `to` and `reason` (`not retained`, `too slow`); `tail` with `earliest` and \
              `tail` at the beginning and every ten seconds; `reset` if the log ends before the position. The id of each is \
              the replay id up to which the log was looked at: a client that sends it as Last-Event-ID misses nothing",
    parameters: &[
        FILTER[0],
        FILTER[1],
        FILTER[2],
        FILTER[3],
        FILTER[4],
        FILTER[5],
        FILTER[6],
        FILTER[7],
        FILTER[8],
        Parameter::in_query(
            "after",
            "Only events after this replay id; Last-Event-ID takes precedence. Without both, new events only",
        ),
        Parameter {
            name: "Last-Event-ID",
            location: "header",
            description: "The id of the last event that was received",
            required: false,
            values: &[],
        },
    ],
    reads: &[],
    status: 200,
    answers: &[],
    refusals: &[],
};

pub(crate) fn follow(made: &Made<'_>) -> Result<Body, Refusal> {
    let org = made.org()?;
    let filter = Filter::new(made, &org)?;
    let after = match made.headers.get(LAST_EVENT_ID) {
        Some(id) => Some(
            id.to_str()
                .ok()
                .and_then(|id| id.parse().ok())
                .ok_or_else(|| invalid("Last-Event-ID is not a whole number"))?,
        ),
        None => replay_id(made, "after")?,
    };
    let permit = FREE.try_acquire().map_err(|_| {
        busy(format!(
            "{CONTROL_FOLLOWERS_MAX} clients follow events already"
        ))
    })?;
    let watcher = org.engine.log().watch();
    watcher.set(filter.topics.clone());
    let follower = Follower {
        position: after.map_or_else(|| org.engine.log().bounds().tail, ReplayId::new),
        names: Names::new(&org),
        stopping: org.subscribers.stopping(),
        org,
        filter,
        watcher,
        is_current: false,
        _permit: permit,
    };
    let (pieces, sent) = channel(1);
    tokio::spawn(follower.run(pieces));
    Ok(Body::from_stream(ReceiverStream::new(sent)))
}

/// A client that follows the log.
struct Follower {
    org: Org,
    filter: Filter,
    names: Names,
    watcher: Watcher,
    stopping: Work<()>,
    /// Everything up to here was looked at.
    position: ReplayId,
    /// Whether it has been up to date since it began.
    is_current: bool,
    _permit: SemaphorePermit<'static>,
}

impl Follower {
    /// Until the client hangs up or the org closes.
    async fn run(mut self, pieces: Sender<io::Result<Bytes>>) {
        let mut first = format!("retry: {}\n\n", RETRY.as_millis());
        first.push_str(&self.check_position());
        first.push_str(&self.tail());
        let mut piece = first;
        let mut sent = Instant::now();
        loop {
            if !piece.is_empty() {
                sent = Instant::now();
                tokio::select! {
                    taken = pieces.send(Ok(Bytes::from(piece))) => if taken.is_err() {
                        return;
                    },
                    () = &mut self.stopping => return,
                }
            }
            let before = self.position;
            piece = match self.next().await {
                Ok(piece) => piece,
                Err(refusal) => {
                    // The reason is logged. The client connects again.
                    let _ = pieces
                        .send(Ok(frame("bye", None, &refusal.body()).into()))
                        .await;
                    return;
                }
            };
            if piece.is_empty() && self.position == before {
                self.is_current = true;
                tokio::select! {
                    () = self.watcher.woken() => {
                        // What comes soon after a piece waits for the next one.
                        sleep_until(sent + CONTROL_FOLLOWER_PAUSE).await;
                    }
                    () = sleep(CONTROL_FOLLOWER_SILENCE) => piece = self.tail(),
                    () = pieces.closed() => return,
                    () = &mut self.stopping => return,
                }
            }
        }
    }

    /// What comes next, which may be nothing.
    async fn next(&mut self) -> Result<String, Refusal> {
        let mut piece = self.check_position();
        let log = self.org.engine.log();
        let stretch = log
            .read(
                self.position,
                &self.filter.topics,
                CONTROL_FOLLOWED_EVENTS_PAGE,
            )
            .await
            .map_err(|failure| failed(&failure))?;
        let is_named = |event: &Arc<LogEvent>| self.names.has(event.event().topic);
        if !stretch.events.iter().all(is_named) {
            self.names = Names::new(&self.org);
        }
        self.look_up(&stretch.events).await?;
        for event in &stretch.events {
            if let Some(frame) = self.frame_of(event.event()) {
                piece.push_str(&frame);
            }
        }
        self.position = self.position.max(stretch.reached);
        Ok(piece)
    }

    /// Looks up the names of records that are filtered by, or that no client has rendered yet.
    async fn look_up(&mut self, events: &[Arc<LogEvent>]) -> Result<(), Refusal> {
        let is_new = |event: &&Arc<LogEvent>| {
            self.filter.reads_names() || self.org.rendered.find(event.event()).is_none()
        };
        let new = records(&self.org, events.iter().filter(is_new));
        self.names.look_up(&self.org, new).await
    }

    /// An event as it is sent, if it passes the filter. The first client that needs it renders it for all.
    fn frame_of(&self, event: &Event) -> Option<Arc<str>> {
        let known = self.org.rendered.find(event);
        if let Some(known) = &known
            && self.filter.is_by_topic()
        {
            return self
                .filter
                .has_topic(event.topic)
                .then(|| Arc::clone(known));
        }
        let read = Read::of(&self.org, event);
        if !self.filter.passes(&read, &self.names) {
            return None;
        }
        Some(known.unwrap_or_else(|| {
            let data = read.rendered(&self.names);
            let frame = Arc::from(frame("event", Some(event.replay_id), &data));
            self.org.rendered.keep(event, &frame);
            frame
        }))
    }

    /// Moves on if the log has nothing at the position, or the client is too slow; says so.
    fn check_position(&mut self) -> String {
        let bounds = self.org.engine.log().bounds();
        let tail = bounds.tail;
        if self.position > tail {
            self.position = tail;
            return frame("reset", Some(tail), &object(&[("tail", tail.get())]));
        }
        let earliest = bounds.earliest.map_or(tail, |earliest| {
            ReplayId::new(earliest.get().saturating_sub(1))
        });
        if self.position < earliest {
            return self.skip(earliest, "not retained");
        }
        let lag = tail.get() - self.position.get();
        if self.is_current && lag > CONTROL_FOLLOWER_LAG_MAX {
            return self.skip(tail, "too slow");
        }
        String::new()
    }

    fn skip(&mut self, to: ReplayId, reason: &str) -> String {
        let from = self.position.advanced_by(1);
        let mut w = Writer::new();
        w.object(|w| {
            let count = to.get() - self.position.get();
            w.name("count").raw(&count.to_string());
            w.name("from").raw(&from.to_string());
            w.name("to").raw(&to.to_string());
            w.name("reason").string(reason);
        });
        self.position = to;
        frame("skipped", Some(to), &w.finish())
    }

    fn tail(&self) -> String {
        let bounds = self.org.engine.log().bounds();
        let mut members = vec![("tail", bounds.tail.get())];
        members.extend(bounds.earliest.map(|earliest| ("earliest", earliest.get())));
        frame("tail", Some(self.position), &object(&members))
    }
}

fn object(members: &[(&str, u64)]) -> String {
    let mut w = Writer::new();
    w.object(|w| {
        for (name, number) in members {
            w.name(name).raw(&number.to_string());
        }
    });
    w.finish()
}

/// One server-sent event. JSON has no line breaks outside of texts, and escapes those within.
fn frame(event: &str, id: Option<ReplayId>, data: &str) -> String {
    let id = id.map_or_else(String::new, |id| format!("id: {id}\n"));
    format!("{id}event: {event}\ndata: {data}\n\n")
}
