//! Events over the Streaming API: the session machine of `bayeux`, driven.
//!
//! [`Streaming::next`] moves bytes between the machine and HTTP until there is an update. The machine decides everything
//! else: when to poll, when to reconnect, what to subscribe to again and from where.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::Full;
use landfall_bayeux::Moment;
use landfall_bayeux::client::{Client, Input, Output, RequestId, Settings};
use serde_json::value::RawValue;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

use crate::cookies::Cookies;
use crate::error::Error;
use crate::org::Org;

pub use landfall_bayeux::Refusal;

/// Where a subscription begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// With what happens from now on. Wire: -1.
    Latest,
    /// With the oldest event that is retained. Wire: -2.
    Earliest,
    /// After this event.
    After(i64),
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The topic, as it was subscribed to.
    pub topic: Box<str>,
    /// Its position.
    pub replay_id: Option<i64>,
    /// Id of its schema.
    pub schema: Option<Box<str>>,
    /// Its content, as JSON text, verbatim.
    pub payload: Box<str>,
}

/// An update of a client.
#[derive(Debug)]
pub enum Update {
    /// A session is open.
    Opened {
        /// Its client id.
        client_id: Box<str>,
    },
    /// The org took a subscription, for the first time or again.
    Subscribed(Box<str>),
    /// The org did not take a subscription; it is dropped.
    SubscribeRefused(Box<str>, Refusal),
    /// A subscription has ended.
    Unsubscribed(Box<str>),
    /// An event.
    Event(Event),
    /// Something failed; the next try is in a while.
    Retrying {
        /// How long until then.
        wait: Duration,
        /// The response of the org, if there was one.
        refusal: Option<Refusal>,
        /// What failed below, if something did.
        error: Option<Error>,
    },
    /// The session has ended, and none will be opened by itself.
    Closed(Option<Refusal>),
}

/// A running streaming client.
pub struct Streaming {
    org: Org,
    path: String,
    machine: Client,
    epoch: Instant,
    exchanges: JoinSet<(RequestId, Result<Bytes, Error>)>,
    under_way: BTreeMap<RequestId, AbortHandle>,
    cookies: Arc<Mutex<Cookies>>,
    /// What made a request fail, until the machine decides what follows from it.
    last_error: Option<Error>,
    positions: BTreeMap<Box<str>, Option<i64>>,
    /// Topic and position of the event that was handed on last.
    handed_on: Option<(Box<str>, i64)>,
}

impl Streaming {
    /// A client that opens its session when it is first asked for an update.
    pub fn new(org: Org, api_version: &str) -> Self {
        let mut machine = Client::new(Settings::default());
        let started = machine.handle(Moment::from_millis(0), Input::Start);
        debug_assert!(started.is_ok(), "only a subscription can be refused");
        Self {
            org,
            path: format!("/cometd/{api_version}"),
            machine,
            epoch: Instant::now(),
            exchanges: JoinSet::new(),
            under_way: BTreeMap::new(),
            cookies: Arc::default(),
            last_error: None,
            positions: BTreeMap::new(),
            handed_on: None,
        }
    }

    /// Subscribes, in this session and all that follow it.
    ///
    /// # Errors
    /// When there are too many subscriptions.
    pub fn subscribe(
        &mut self,
        topic: &str,
        replay: Replay,
    ) -> Result<(), landfall_bayeux::client::Error> {
        let replay = match replay {
            Replay::Latest => -1,
            Replay::Earliest => -2,
            Replay::After(id) => id,
        };
        self.feed(Input::Subscribe {
            channel: topic.into(),
            replay: Some(replay),
        })?;
        self.positions.insert(topic.into(), Some(replay));
        Ok(())
    }

    /// Ends a subscription.
    pub fn unsubscribe(&mut self, topic: &str) {
        self.positions.remove(topic);
        self.must_feed(Input::Unsubscribe(topic));
    }

    /// Says goodbye; [`Update::Closed`] follows.
    pub fn disconnect(&mut self) {
        self.must_feed(Input::Disconnect);
    }

    /// Uses another login from the next request on, such as after the old one has ended; opens a session if there is none.
    pub fn renew(&mut self, org: Org) {
        self.org = org;
        self.must_feed(Input::Start);
    }

    /// The position of every subscription: the last event that was handed on before the caller asked for another update,
    /// so is done with, or where the subscription began.
    pub fn positions(&self) -> impl Iterator<Item = (&str, Option<i64>)> {
        let positions = self.positions.iter();
        positions.map(|(topic, position)| (&**topic, *position))
    }

    /// The next update. Cancel-safe. After [`Update::Closed`] it waits for ever unless something is asked of the client.
    pub async fn next(&mut self) -> Update {
        if let Some((topic, id)) = self.handed_on.take()
            && let Some(position) = self.positions.get_mut(&topic)
        {
            *position = Some(id);
        }
        loop {
            while let Some(output) = self.machine.poll_output() {
                if let Some(update) = self.act(output) {
                    return update;
                }
            }
            let due = self
                .machine
                .poll_timeout()
                .map(|moment| self.epoch + Duration::from_millis(moment.as_millis()));
            let wait = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Some(joined) = self.exchanges.join_next() => {
                    // A cancelled exchange is one that the machine no longer waits for.
                    if let Ok((request, result)) = joined {
                        self.answered(request, result);
                    }
                }
                () = wait => self.must_feed(Input::Tick),
            }
        }
    }

    fn answered(&mut self, request: RequestId, result: Result<Bytes, Error>) {
        self.under_way.remove(&request);
        match result {
            Ok(body) => {
                self.last_error = None;
                self.must_feed(Input::Response(request, &body));
            }
            Err(error) => {
                self.last_error = Some(error);
                self.must_feed(Input::Failed(request));
            }
        }
    }

    fn act(&mut self, output: Output) -> Option<Update> {
        Some(match output {
            Output::Send {
                request,
                body,
                timeout,
            } => {
                self.send(request, body, timeout);
                return None;
            }
            Output::Cancel(request) => {
                if let Some(exchange) = self.under_way.remove(&request) {
                    exchange.abort();
                }
                return None;
            }
            Output::Opened { client_id } => Update::Opened { client_id },
            Output::Subscribed(topic) => Update::Subscribed(topic),
            Output::SubscribeRefused(topic, refusal) => {
                self.positions.remove(&topic);
                Update::SubscribeRefused(topic, refusal)
            }
            Output::Unsubscribed(topic) => Update::Unsubscribed(topic),
            Output::Event(event) => {
                let event = read_event(event);
                self.handed_on = event.replay_id.map(|id| (event.topic.clone(), id));
                Update::Event(event)
            }
            Output::Retrying(moment, refusal) => Update::Retrying {
                wait: moment.after(self.now()),
                refusal,
                error: self.last_error.take(),
            },
            Output::Closed(refusal) => Update::Closed(refusal),
        })
    }

    fn send(&mut self, request: RequestId, body: Vec<u8>, timeout: Duration) {
        let org = self.org.clone();
        let path = self.path.clone();
        let cookies = Arc::clone(&self.cookies);
        let exchange = self.exchanges.spawn(async move {
            let result = exchange(&org, &path, &cookies, body, timeout).await;
            (request, result)
        });
        self.under_way.insert(request, exchange);
    }

    fn now(&self) -> Moment {
        Moment::from_millis(u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    fn feed(&mut self, input: Input<'_>) -> Result<(), landfall_bayeux::client::Error> {
        let now = self.now();
        self.machine.handle(now, input)
    }

    /// Feeds an input that cannot be refused: all but a subscription.
    fn must_feed(&mut self, input: Input<'_>) {
        let fed = self.feed(input);
        debug_assert!(fed.is_ok(), "only a subscription can be refused");
    }
}

async fn exchange(
    org: &Org,
    path: &str,
    cookies: &Mutex<Cookies>,
    body: Vec<u8>,
    timeout: Duration,
) -> Result<Bytes, Error> {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json;charset=UTF-8")
        .header(
            header::AUTHORIZATION,
            format!("Bearer {}", org.access_token().expose()),
        );
    let sent_back = cookies
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .header();
    if let Some(cookie) = sent_back {
        request = request.header(header::COOKIE, cookie);
    }
    let request = request.body(Full::new(Bytes::from(body)))?;
    let answer = org.http().send(request, timeout).await?;
    cookies
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take(&answer.headers);
    if answer.status == StatusCode::OK {
        Ok(answer.body)
    } else {
        Err(answer.unexpected())
    }
}

/// Takes an event's data apart; what has another shape than documented is the payload as a whole.
fn read_event(event: landfall_bayeux::client::Event) -> Event {
    type Members<'a> = BTreeMap<String, &'a RawValue>;
    let data = event.data.as_str();
    let members: Members<'_> = serde_json::from_str(data).unwrap_or_default();
    // Change and platform events have a `payload`, PushTopic notifications an `sobject`.
    let payload = members
        .get("payload")
        .or_else(|| members.get("sobject"))
        .map_or(data, |payload| payload.get());
    let schema = members
        .get("schema")
        .and_then(|schema| serde_json::from_str::<String>(schema.get()).ok());
    Event {
        topic: event.channel,
        replay_id: event.replay_id,
        schema: schema.map(String::into_boxed_str),
        payload: payload.into(),
    }
}
