//! `landfall tail`: following topics of an org.

mod cometd;
mod expectation;
mod lines;
mod pubsub;
mod start;

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::{Duration, Instant};

use landfall_client::Org;
use landfall_client::streaming::Event;
use tokio::time::sleep;

use crate::cli::{Protocol, TailOptions};
use crate::colour;
use crate::connection::Logins;
use crate::log;
use crate::options::LogOptions;
use crate::outcome::{Ended, Exit, Failure, say, say_data};
use crate::suggest;

pub(crate) use expectation::Expected;
pub(crate) use start::Since;

/// Log filter by default.
const FILTER_DEFAULT: &str = "warn";

pub(crate) async fn run(options: TailOptions, log: &LogOptions) -> Ended {
    let (format, filter) = log.format_and_filter()?;
    log::start(format, filter.as_deref().unwrap_or(FILTER_DEFAULT))?;
    let logins = Arc::new(Logins::new(&options.org)?);
    let org = logins.login().await?;
    let tailed = tail(options, &logins, &org).await;
    match tailed {
        Err(failure) => Err(explained(failure, &logins, &org).await),
        ended => ended,
    }
}

async fn tail(options: TailOptions, logins: &Arc<Logins>, org: &Org) -> Ended {
    let starts = start::starts(&options, logins, org).await?;
    let logins = Arc::clone(logins);
    let protocol = options.protocol;
    let source = match protocol.unwrap_or_else(|| protocol_of(&options.topics)) {
        Protocol::Cometd => Source::Cometd(Box::new(cometd::Source::new(
            logins,
            org.clone(),
            &options.api_version,
            &starts,
        )?)),
        Protocol::Pubsub => Source::Pubsub(pubsub::Source::new(&logins, org, &starts)),
    };
    let mut tail = Tail {
        human: !options.json && std::io::stdout().is_terminal(),
        started: Instant::now(),
        events: 0,
        met: 0,
        last: None,
        source,
        options,
    };
    let ended = tail.until_ended().await;
    tail.source.say_goodbye().await;
    ended
}

/// What the Pub/Sub API does not carry.
///
/// Source: "Streaming API Legacy Products" (Streaming API Developer Guide).
const STREAMING_ONLY: [&str; 3] = ["/topic/", "/u/", "/systemTopic/"];

/// The Pub/Sub API, unless it lacks one of the topics.
fn protocol_of(topics: &[String]) -> Protocol {
    let is_carried = |topic: &String| !STREAMING_ONLY.iter().any(|start| topic.starts_with(start));
    if topics.iter().all(is_carried) {
        Protocol::Pubsub
    } else {
        Protocol::Cometd
    }
}

/// What a protocol has to tell; it comes back by itself as long as that makes sense.
enum Followed {
    /// The org took a subscription, for the first time or again.
    Subscribed(Box<str>),
    /// An event.
    Event(Event),
}

enum Source {
    Cometd(Box<cometd::Source>),
    Pubsub(pubsub::Source),
}

impl Source {
    async fn next(&mut self) -> Result<Followed, Failure> {
        match self {
            Self::Cometd(source) => source.next().await,
            Self::Pubsub(source) => source.next().await,
        }
    }

    async fn say_goodbye(&mut self) {
        match self {
            Self::Cometd(source) => source.say_goodbye().await,
            // The streams end with their connections.
            Self::Pubsub(_) => (),
        }
    }
}

struct Tail {
    options: TailOptions,
    source: Source,
    human: bool,
    started: Instant,
    events: u64,
    /// How many of them were expected.
    met: u64,
    /// Topic and position of the last event.
    last: Option<(Box<str>, i64)>,
}

impl Tail {
    async fn until_ended(&mut self) -> Ended {
        let limit = self.options.timeout;
        let expired = async move {
            match limit {
                Some(seconds) => sleep(Duration::from_secs(seconds)).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(expired);
        loop {
            let followed = tokio::select! {
                followed = self.source.next() => followed?,
                () = &mut expired => return Err(self.unmet()),
                interrupted = tokio::signal::ctrl_c() => {
                    interrupted.map_err(|error| Failure::new("cannot listen for signals").caused_by(&error))?;
                    self.sum_up();
                    return Ok(Exit::Done);
                }
            };
            match followed {
                Followed::Subscribed(topic) if self.human && self.events == 0 => say(&format!(
                    "tailing {topic} {}  (Ctrl-C ends; -r earliest, -r ID, --since 2h)",
                    lines::beginning(self.options.replay, self.options.since.as_ref())
                )),
                Followed::Subscribed(_) => (),
                Followed::Event(event) => self.print(event)?,
            }
            if self.goal().is_some_and(|goal| self.met >= goal) {
                return Ok(Exit::Done);
            }
        }
    }

    /// How many events end it, of those that are expected.
    fn goal(&self) -> Option<u64> {
        let default = (!self.options.expect.is_empty()).then_some(1);
        self.options.count.or(default)
    }

    fn print(&mut self, event: Event) -> Result<(), Failure> {
        self.events += 1;
        self.met += u64::from(expectation::is_met(&self.options.expect, &event));
        let line = if self.human {
            lines::human(&event, colour::on_stdout)
        } else {
            lines::json(&event)
        };
        if let Some(id) = event.replay_id {
            self.last = Some((event.topic, id));
        }
        say_data(&line)
    }

    fn unmet(&self) -> Failure {
        let goal = self.goal().unwrap_or_default();
        let within = self.options.timeout.unwrap_or_default();
        let failure = if self.options.expect.is_empty() {
            Failure::new(format!(
                "{} of {goal} events came within {within} s",
                self.events
            ))
        } else {
            Failure::new(format!(
                "{} of {goal} expected events came within {within} s, {} others",
                self.met,
                self.events - self.met
            ))
        };
        failure.exit(Exit::Unmet)
    }

    fn sum_up(&self) {
        if !self.human {
            return;
        }
        let seen = format!(
            "{} event{} in {} s",
            self.events,
            if self.events == 1 { "" } else { "s" },
            self.started.elapsed().as_secs()
        );
        match &self.last {
            Some((topic, id)) => say(&format!(
                "{seen}; continue with: landfall tail {topic} -r {id}"
            )),
            None => say(&seen),
        }
    }
}

/// Adds what the org knows of a refused topic or replay id.
async fn explained(failure: Failure, logins: &Logins, org: &Org) -> Failure {
    match failure.exit {
        Exit::ReplayIdInvalid => match suggest::bounds(logins, org).await {
            Some((earliest, newest)) => {
                let earliest = earliest.map_or_else(|| "none".to_owned(), |id| id.to_string());
                failure.more(&format!(
                    " (oldest kept: {earliest}, newest given: {newest})"
                ))
            }
            None => failure,
        },
        Exit::Unknown => suggest::topic(failure, logins, org).await,
        _ => failure,
    }
}
