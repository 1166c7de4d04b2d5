//! Following over the Pub/Sub API: each topic over a connection of its own, which is made again when it breaks.

use std::sync::Arc;
use std::time::Duration;

use landfall_client::pubsub::{Replay, Subscription};
use landfall_client::streaming;
use landfall_client::{Code, Error, Org};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::{debug, warn};

use crate::connection::{self, Logins};
use crate::outcome::{Exit, Failure};
use crate::suggest;

use super::{Followed, lines};

/// Events that wait to be printed; what follows them waits at the org.
const WAITING_MAX: usize = 200;

/// The first pause after a failure; each further one is twice as long.
const PAUSE_MIN: Duration = Duration::from_secs(1);

/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(30);

type Out = mpsc::Sender<Result<Followed, Failure>>;

pub(super) struct Source {
    followed: mpsc::Receiver<Result<Followed, Failure>>,
    /// Ends the followers when this is dropped.
    _followers: JoinSet<()>,
}

impl Source {
    pub(super) fn new(
        logins: &Arc<Logins>,
        org: &Org,
        starts: &[(String, streaming::Replay)],
    ) -> Self {
        let (out, followed) = mpsc::channel(WAITING_MAX);
        let mut followers = JoinSet::new();
        for (topic, replay) in starts {
            let mut follower = Follower {
                logins: Arc::clone(logins),
                org: org.clone(),
                topic: topic.clone(),
                from: (*replay).into(),
                taken: false,
                renewed: false,
                pause: PAUSE_MIN,
                out: out.clone(),
            };
            followers.spawn(async move {
                if let Err(failure) = follower.follow().await {
                    // Nobody listens only when the command is ending.
                    let _ = follower.out.send(Err(failure)).await;
                }
            });
        }
        Self {
            followed,
            _followers: followers,
        }
    }

    pub(super) async fn next(&mut self) -> Result<Followed, Failure> {
        self.followed
            .recv()
            .await
            .unwrap_or_else(|| Err(Failure::new("all subscriptions have ended")))
    }
}

struct Follower {
    logins: Arc<Logins>,
    org: Org,
    topic: String,
    /// Where to begin, or to come back to.
    from: Replay,
    /// Whether the org ever answered: only then it is worth coming back.
    taken: bool,
    /// Whether the login was renewed since the last success: a fresh one that is refused will not get better.
    renewed: bool,
    pause: Duration,
    out: Out,
}

impl Follower {
    /// Follows until nobody listens.
    ///
    /// # Errors
    /// What another try cannot mend.
    async fn follow(&mut self) -> Result<(), Failure> {
        loop {
            let Err(error) = self.until_broken().await else {
                return Ok(());
            };
            // The command is ending, and takes its connections along.
            if self.out.is_closed() {
                return Ok(());
            }
            if is_about_login(&error) && !self.renewed && self.taken {
                warn!(%error, "login expired, logging in again");
                self.renewed = true;
                self.org = self.logins.renew().await?;
                continue;
            }
            if !self.taken || is_final(&error) {
                return Err(refused(&self.topic, &error));
            }
            warn!(wait_ms = self.pause.as_millis(), %error, "stream interrupted, resuming");
            sleep(self.pause).await;
            self.pause = (self.pause * 2).min(PAUSE_MAX);
        }
    }

    async fn until_broken(&mut self) -> Result<(), Error> {
        let api = self.logins.pubsub(&self.org).await?;
        let mut subscription = api
            .clone()
            .subscribe(&self.topic, self.from.clone())
            .await?;
        self.taken = true;
        debug!(topic = %self.topic, "subscribed");
        if self
            .out
            .send(Ok(Followed::Subscribed(self.topic.as_str().into())))
            .await
            .is_err()
        {
            return Ok(());
        }
        loop {
            let next = subscription.next().await;
            self.remember(&subscription);
            let Some(event) = next? else {
                self.succeeded();
                continue;
            };
            self.succeeded();
            if self.out.send(Ok(Followed::Event(event))).await.is_err() {
                return Ok(());
            }
        }
    }

    fn succeeded(&mut self) {
        self.renewed = false;
        self.pause = PAUSE_MIN;
    }

    fn remember(&mut self, subscription: &Subscription) {
        if let Some(position) = subscription.position() {
            self.from = Replay::After(position.clone());
        }
    }
}

/// Source: the error table of "Handle Errors" (Pub/Sub API Developer Guide).
fn is_about_login(error: &Error) -> bool {
    matches!(
        error,
        Error::Rpc {
            code: Code::Unauthenticated,
            ..
        }
    )
}

/// Whether the same request will fail the same way.
fn is_final(error: &Error) -> bool {
    match error {
        Error::Rpc { code, .. } => matches!(
            code,
            Code::Unauthenticated
                | Code::InvalidArgument
                | Code::NotFound
                | Code::PermissionDenied
                | Code::Unimplemented
        ),
        Error::Connect { .. }
        | Error::Connection { .. }
        | Error::Timeout(_)
        | Error::Body(_)
        | Error::Status { .. } => false,
        _ => true,
    }
}

/// The message of a refused subscription.
fn refused(topic: &str, error: &Error) -> Failure {
    match error {
        Error::Rpc {
            error_code,
            message,
            ..
        } if error_code.contains(".replayid.") => lines::replay_refused(topic, message),
        Error::Rpc {
            code: Code::NotFound,
            message,
            ..
        } => suggest::unknown(topic, message),
        Error::Rpc {
            code: Code::Unauthenticated,
            ..
        } => connection::failure(error).exit(Exit::LoginRefused),
        error => connection::failure(error),
    }
}
