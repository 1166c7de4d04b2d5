//! Following over the Streaming API.

use std::sync::Arc;
use std::time::Duration;

use landfall_client::Org;
use landfall_client::streaming::{Replay, Streaming, Update};
use tokio::time::timeout;
use tracing::{debug, warn};

use crate::connection::{self, Logins};
use crate::outcome::{Exit, Failure};

use super::{Followed, lines};

/// How long the goodbye may take.
const GOODBYE_MAX: Duration = Duration::from_secs(1);

pub(super) struct Source {
    logins: Arc<Logins>,
    streaming: Streaming,
    /// Whether a session was ever open: only then it is worth coming back.
    opened: bool,
    /// Whether the login was renewed since the last success: a fresh one that is refused will not get better.
    renewed: bool,
}

impl Source {
    /// Subscribes to the topics.
    ///
    /// # Errors
    /// Wrong usage: too many topics.
    pub(super) fn new(
        logins: Arc<Logins>,
        org: Org,
        api_version: &str,
        starts: &[(String, Replay)],
    ) -> Result<Self, Failure> {
        let mut streaming = Streaming::new(org, api_version);
        for (topic, replay) in starts {
            streaming
                .subscribe(topic, *replay)
                .map_err(|error| Failure::of(&error).exit(Exit::Usage))?;
        }
        Ok(Self {
            logins,
            streaming,
            opened: false,
            renewed: false,
        })
    }

    pub(super) async fn next(&mut self) -> Result<Followed, Failure> {
        loop {
            let update = self.streaming.next().await;
            if let Some(followed) = self.handle(update).await? {
                return Ok(followed);
            }
        }
    }

    async fn handle(&mut self, update: Update) -> Result<Option<Followed>, Failure> {
        match update {
            Update::Opened { client_id } => {
                self.opened = true;
                debug!(%client_id, "session opened");
            }
            Update::Subscribed(topic) => {
                self.renewed = false;
                debug!(%topic, "subscribed");
                return Ok(Some(Followed::Subscribed(topic)));
            }
            Update::SubscribeRefused(topic, refusal) => {
                return Err(lines::subscription_refused(&topic, &refusal));
            }
            Update::Event(event) => return Ok(Some(Followed::Event(event))),
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
                    refusal, error, "stream interrupted, resuming"
                );
            }
            Update::Closed(refusal) => {
                let refusal = refusal.ok_or_else(|| Failure::new("the session has ended"))?;
                if self.renewed || !self.opened || !lines::is_about_login(&refusal) {
                    return Err(lines::closed(&refusal));
                }
                warn!(error = %refusal.error, "login expired, logging in again");
                self.renewed = true;
                let org = self.logins.renew().await?;
                self.streaming.renew(org);
            }
            Update::Unsubscribed(_) => (),
        }
        Ok(None)
    }

    /// Lets the org forget the session at once rather than after its time.
    pub(super) async fn say_goodbye(&mut self) {
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
