//! The Streaming API: Bayeux over long polling, at `/cometd/{version}`.
//!
//! Parses requests, asks the session machine of `landfall-bayeux` when to answer and the delivery machine of
//! `landfall-subscription` with what, reads the engine's log for it and writes the messages.
//! Start reading at `http` (the request), `head` (what its head says), then `respond` (each message), `poll` (one that is held), `alarms` (its end by time), `state` (a client
//! behind its lock), `frame` (events as messages) and `in_flight` (responses that are being sent).

mod alarms;
mod body;
mod channel;
mod client;
mod clients;
mod frame;
mod head;
mod http;
mod in_flight;
mod poll;
mod rehearse;
mod render;
mod replay;
mod respond;
mod selection;
mod state;
mod topic_access;

use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::any;
use bytes::Bytes;
use landfall_auth::Auth;
use landfall_bayeux::{Input, Message, Timings};
use landfall_engine::{Engine, Event, Subscriber};
use landfall_model::{Fault, Timestamp};
use tokio::sync::watch;

pub use channel::PREFIXES as CHANNEL_PREFIXES;
pub use head::RequestHead;
pub use http::{MESSAGES_HEADERS, Reply, Secure};
pub use in_flight::EventBody;
pub use landfall_bayeux::LastPoll;

use clients::Clients;
use http::Caller;

/// How the Streaming API behaves.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// The waits of sessions.
    pub timings: Timings,
    /// Whether clients must return the browser cookie. Off by default: libraries drop cookies of numeric hosts.
    pub strict_cookies: bool,
    /// Whether subscribing to a missing generic channel creates it.
    /// Source: `enableDynamicStreamingChannel` of `EventSettings` (Metadata API Developer Guide), off by default.
    pub dynamic_channels: bool,
}

/// What the Streaming API works with.
#[derive(Clone)]
pub struct StreamingState {
    pub(crate) engine: Engine,
    pub(crate) auth: Auth,
    pub(crate) settings: Settings,
    pub(crate) clients: Arc<Clients>,
    pub(crate) stopping: watch::Receiver<bool>,
}

impl StreamingState {
    /// A Streaming API without clients. Held polls are answered when `stopping` turns true.
    pub fn new(
        engine: Engine,
        auth: Auth,
        settings: Settings,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        Self {
            engine,
            auth,
            settings,
            clients: Arc::default(),
            stopping,
        }
    }

    /// Ends held polls by time, with their logins, and when `stopping` turns true, which ends this, too; forgets clients
    /// that do not come back, and passes new definitions to the others. Run it beside the router.
    pub async fn sweep(self) {
        const PERIOD_MS: i64 = 1_000;
        let clock = self.engine.clock();
        let mut deployments = self.engine.deployments();
        let mut logins = self.auth.endings();
        let mut lease = self.engine.lease().changes();
        let mut next = clock.now().plus_millis(PERIOD_MS);
        loop {
            let alarm = self.clients.alarms.next().map(client::timestamp);
            tokio::select! {
                () = self.stopping() => return self.clients.wake(),
                Ok(()) = deployments.changed() => self.clients.redefined(&self.engine),
                Ok(()) = logins.changed() => self.clients.wake_logged_out(),
                Ok(()) = lease.changed() => self.clients.wake(),
                () = self.clients.alarms.earlier() => {}
                _work = clock.wait_until(alarm.unwrap_or_default()), if alarm.is_some() => {
                    self.clients.ring(&self.engine);
                }
                _work = clock.wait_until(next) => {
                    self.clients.sweep(&self.engine, &self.auth);
                    next = clock.now().plus_millis(PERIOD_MS);
                }
            }
        }
    }

    /// The clients that have shaken hands.
    pub fn subscribers(&self) -> Vec<Subscriber> {
        let clients = self.clients.all();
        let subscribers = clients
            .iter()
            .map(|client| client.state().subscriber(&client.id));
        subscribers.collect()
    }

    /// How many sessions end until a time if their clients send nothing more.
    pub fn ending(&self, until: Timestamp) -> usize {
        let clients = self.clients.all();
        let ends = |client: &&Arc<client::Client>| {
            let expires = client.state().expires();
            expires.is_some_and(|expires| client::timestamp(expires) <= until)
        };
        clients.iter().filter(ends).count()
    }

    /// Forgets a client, as if it had been away for too long: a held poll is answered, the next is refused. False if there
    /// is none with this id.
    pub fn end(&self, id: &str) -> bool {
        let Some(client) = self.clients.find(id) else {
            return false;
        };
        self.clients.forget(&self.engine, id);
        // A session that has ended by itself holds no poll.
        client.feed(&self.engine, Input::Release).is_ok()
    }

    /// The `data` of the message that clients get for an event.
    pub fn data(&self, event: &Event) -> Bytes {
        render::rendered(&self.engine, event)
    }

    /// Whether the server goes away.
    pub(crate) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Ends when the server goes away.
    pub fn stopping(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        let mut stopping = self.stopping.clone();
        async move {
            // An error means that the sender is gone: that is the end as well.
            let _ = stopping.wait_for(|stopping| *stopping).await;
        }
    }
}

/// The Streaming API: it answers requests for any path below `/cometd`.
#[derive(Clone)]
pub struct Endpoint(Arc<StreamingState>);

impl Endpoint {
    /// The Streaming API of an org.
    pub fn new(state: StreamingState) -> Self {
        Self(Arc::new(state))
    }

    /// Whether a path is one of the Streaming API.
    pub fn has(path: &str) -> bool {
        let rest = path.strip_prefix("/cometd");
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Answers a request without a router before it: polls are most of all requests that a server gets.
    pub fn answer(&self, request: Request) -> Answer {
        Box::pin(http::handle(State(Arc::clone(&self.0)), request))
    }

    /// Reads a post whose head is known. `last` is the last poll with this head.
    pub fn read_post(&self, head: &Arc<RequestHead>, last: &mut LastPoll, body: &[u8]) -> Post {
        Post {
            caller: Caller::new(&self.0, Arc::clone(head)),
            messages: http::messages(body, head.is_form, last),
            state: Arc::clone(&self.0),
        }
    }

    /// The same as routes.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/cometd", any(http::handle))
            .route("/cometd/", any(http::handle))
            .route("/cometd/{*rest}", any(http::handle))
            .with_state(Arc::clone(&self.0))
    }
}

/// A post that has been read.
pub struct Post {
    state: Arc<StreamingState>,
    caller: Caller,
    messages: Result<Vec<Message>, Fault>,
}

impl Post {
    /// Answers it as [`Endpoint::answer`] would.
    pub async fn answer(self) -> Reply {
        http::post(&self.state, &self.caller, self.messages).await
    }
}

/// An answer to come.
pub type Answer = Pin<Box<dyn Future<Output = Response> + Send>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_streaming_api_begin_with_cometd() {
        for path in [
            "/cometd",
            "/cometd/",
            "/cometd/59.0",
            "/cometd/59.0/connect",
        ] {
            assert!(Endpoint::has(path), "{path}");
        }
        for path in ["/", "/cometdx", "/services/cometd", "/Cometd/59.0"] {
            assert!(!Endpoint::has(path), "{path}");
        }
    }
}
