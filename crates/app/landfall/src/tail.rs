//! `landfall tail`: following topics of an org.

mod connection;
mod lines;

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use landfall_client::streaming::{Event, Replay, Streaming, Update};
use landfall_server::settings::LogFormat;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use crate::cli::{LogOptions, Protocol, Replay as From, TailOptions};
use crate::log;
use crate::outcome::{Ended, Exit, Failure, say, say_data};

use self::connection::Logins;

/// What is logged unless told otherwise.
const FILTER_DEFAULT: &str = "warn";

/// How long the goodbye may take.
const GOODBYE_MAX: Duration = Duration::from_secs(1);

pub(crate) async fn run(options: TailOptions, log: &LogOptions) -> Ended {
    let format = log.log_format.map(LogFormat::from).unwrap_or_default();
    log::start(format, log.filter.as_deref().unwrap_or(FILTER_DEFAULT))?;
    let logins = Logins::new(&options)?;
    let org = logins.login().await?;
    let mut streaming = match options.protocol {
        Protocol::Cometd => Streaming::new(org, &options.api_version),
    };
    let replay = match options.replay {
        From::Latest => Replay::Latest,
        From::Earliest => Replay::Earliest,
        From::After(id) => Replay::After(i64::try_from(id).unwrap_or(i64::MAX)),
    };
    for topic in &options.topics {
        streaming
            .subscribe(topic, replay)
            .map_err(|error| Failure::of(&error).exit(Exit::Usage))?;
    }
    let mut tail = Tail {
        human: !options.json && std::io::stdout().is_terminal(),
        started: Instant::now(),
        events: 0,
        opened: false,
        renewed: false,
        streaming,
        logins,
        options,
    };
    let ended = tail.until_ended().await;
    tail.say_goodbye().await;
    ended
}

struct Tail {
    options: TailOptions,
    logins: Logins,
    streaming: Streaming,
    human: bool,
    started: Instant,
    events: u64,
    /// Whether a session was ever open: only then it is worth coming back.
    opened: bool,
    /// Whether the login was renewed since the last success: a fresh one that is refused will not get better.
    renewed: bool,
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
            let update = tokio::select! {
                update = self.streaming.next() => update,
                () = &mut expired => return Err(self.unmet()),
                interrupted = tokio::signal::ctrl_c() => {
                    interrupted.map_err(|error| Failure::new("signals cannot be heard").caused_by(&error))?;
                    self.sum_up();
                    return Ok(Exit::Done);
                }
            };
            self.handle(update).await?;
            if self.options.count.is_some_and(|count| self.events >= count) {
                return Ok(Exit::Done);
            }
        }
    }

    async fn handle(&mut self, update: Update) -> Result<(), Failure> {
        match update {
            Update::Opened { client_id } => {
                self.opened = true;
                debug!(%client_id, "session opened");
            }
            Update::Subscribed(topic) => {
                self.renewed = false;
                debug!(%topic, "subscribed");
                if self.human && self.events == 0 {
                    say(&format!(
                        "tailing {topic} {}  (Ctrl-C ends)",
                        lines::beginning(self.options.replay)
                    ));
                }
            }
            Update::SubscribeRefused(topic, refusal) => {
                return Err(lines::subscription_refused(&topic, &refusal));
            }
            Update::Event(event) => self.print(&event)?,
            Update::Retrying {
                wait,
                refusal,
                error,
            } => {
                if let (false, Some(error)) = (self.opened, &error) {
                    return Err(connection::failure(error));
                }
                let refusal = refusal.map(|refusal| refusal.error.into_owned());
                let error = error.map(|error| error.to_string());
                warn!(
                    wait_ms = wait.as_millis(),
                    refusal, error, "the stream broke off and is taken up again"
                );
            }
            Update::Closed(refusal) => {
                let refusal = refusal.ok_or_else(|| Failure::new("the session has ended"))?;
                if self.renewed || !self.opened || !lines::is_about_login(&refusal) {
                    return Err(lines::closed(&refusal));
                }
                warn!(error = %refusal.error, "the login has ended, logging in again");
                self.renewed = true;
                let org = self.logins.renew().await?;
                self.streaming.renew(org);
            }
            Update::Unsubscribed(_) => (),
        }
        Ok(())
    }

    fn print(&mut self, event: &Event) -> Result<(), Failure> {
        self.events += 1;
        let line = if self.human {
            lines::human(event)
        } else {
            lines::json(event)
        };
        say_data(&line)
    }

    fn unmet(&self) -> Failure {
        Failure::new(format!(
            "{} of {} events came within {} s",
            self.events,
            self.options.count.unwrap_or_default(),
            self.options.timeout.unwrap_or_default()
        ))
        .exit(Exit::Unmet)
    }

    fn sum_up(&self) {
        if !self.human {
            return;
        }
        let seen = format!(
            "{} events in {} s",
            self.events,
            self.started.elapsed().as_secs()
        );
        let last = self
            .streaming
            .positions()
            .find_map(|(topic, position)| Some((topic, position.filter(|id| *id >= 0)?)));
        match last {
            Some((topic, id)) => say(&format!(
                "{seen}; continue with: landfall tail {topic} -r {id}"
            )),
            None => say(&seen),
        }
    }

    /// Lets the org forget the session at once rather than after its time.
    async fn say_goodbye(&mut self) {
        self.streaming.disconnect();
        let goodbye = async {
            loop {
                if let Update::Closed(_) = self.streaming.next().await {
                    return;
                }
            }
        };
        // The session ends by itself if nobody hears this.
        let _ = timeout(GOODBYE_MAX, goodbye).await;
    }
}
