//! Publishers of the Pub/Sub API, each with a connection of its own, and the event that they send.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use landfall_client::pubsub::{PubSub, Publisher};
use landfall_client::{AccessToken, Error, Method, Target, Trust};
use memchr::memmem;
use serde_json::{Map, Value};

use super::histogram::Histogram;
use super::org::Org;
use super::subscriber::Arrivals;
use crate::connection::failure;
use crate::outcome::Failure;

pub(super) const TOPIC: &str = "/event/Load__e";

/// What precedes the time in an event, and its hexadecimal digits.
pub(super) const SENT: &str = "~T";
pub(super) const DIGITS: usize = 16;

/// Bytes of text in each event, beside the time.
const TEXT_BYTES: usize = 200;

/// A login, and an event ready to be sent.
pub(super) struct Loader {
    pub(super) org: Org,
    login: landfall_client::Org,
    schema_id: String,
    payload: Vec<u8>,
    /// Where the digits of the time begin.
    sent_at: usize,
}

impl Loader {
    pub(super) async fn open(org: Org) -> Result<Self, Failure> {
        let target: Target = format!("http://{}", org.address)
            .parse()
            .map_err(|error| failure(&error))?;
        let token = AccessToken::new(org.token().to_owned());
        let login = landfall_client::Org::with_token(target, &Trust::nobody(), token)
            .map_err(|error| failure(&error))?;
        let (schema_id, payload) = prepare(&login).await.map_err(|error| failure(&error))?;
        let sent_at = memmem::find(&payload, SENT.as_bytes())
            .ok_or_else(|| Failure::new("an event without its time"))?
            + SENT.len();
        Ok(Self {
            org,
            login,
            schema_id,
            payload,
            sent_at,
        })
    }

    pub(super) const fn pid(&self) -> Option<u32> {
        self.org.pid
    }

    pub(super) fn payload_bytes(&self) -> u64 {
        u64::try_from(self.payload.len()).unwrap_or(u64::MAX)
    }

    /// A publisher with a connection of its own.
    pub(super) async fn publisher(&self) -> Result<Publisher, Failure> {
        let mut api = self.connect().await?;
        api.publisher(TOPIC).await.map_err(|error| failure(&error))
    }

    pub(super) async fn connect(&self) -> Result<PubSub, Failure> {
        PubSub::connect(&self.login, &Trust::nobody())
            .await
            .map_err(|error| failure(&error))
    }

    /// Events that carry the present time.
    fn events(&self, count: usize) -> Vec<Vec<u8>> {
        let mut payload = self.payload.clone();
        let now = format!("{:016x}", self.org.now_us());
        if let Some(digits) = payload.get_mut(self.sent_at..self.sent_at + DIGITS) {
            digits.copy_from_slice(now.as_bytes());
        }
        vec![payload; count]
    }
}

/// Schema and payload of an event.
async fn prepare(login: &landfall_client::Org) -> Result<(String, Vec<u8>), Error> {
    let answer = login
        .call(Method::GET, "/services/oauth2/userinfo", None)
        .await?
        .json();
    let mut api = PubSub::connect(login, &Trust::nobody()).await?;
    let topic = api.topic(TOPIC).await?;
    let schema_id = topic
        .schema_id
        .ok_or(Error::Shape("a topic without schema"))?;
    let schema = api.schema(&schema_id).await?;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let text: String = "Lorem ipsum dolor sit amet. "
        .chars()
        .cycle()
        .take(TEXT_BYTES)
        .collect();
    let mut event = Map::new();
    event.insert(
        "CreatedDate".to_owned(),
        u64::try_from(now.as_millis()).unwrap_or_default().into(),
    );
    event.insert(
        "CreatedById".to_owned(),
        answer.get("user_id").cloned().unwrap_or(Value::Null),
    );
    event.insert(
        "Sent__c".to_owned(),
        format!("{SENT}{:0DIGITS$x}", 0).into(),
    );
    event.insert("Note__c".to_owned(), text.into());
    let payload = schema
        .encode_json(&event)
        .map_err(|_| Error::Shape("a schema that does not take the event"))?;
    Ok((schema_id, payload))
}

/// When to stop, and when to wait.
pub(super) enum Limit {
    None,
    /// So many events in all.
    Events(u64),
    /// So many events on their way to so many subscribers.
    Outstanding(Arc<Arrivals>, u64, u64),
}

/// What publishers do together.
pub(super) struct Publishing {
    in_flight: usize,
    batch: usize,
    limit: Limit,
    is_stopped: AtomicBool,
    sent: AtomicU64,
    acknowledged: AtomicU64,
    last: AtomicI64,
    measured_from_us: AtomicU64,
    /// From before a request is sent until it is answered.
    pub(super) latency: Histogram,
}

impl Publishing {
    pub(super) fn new(in_flight: usize, batch: usize, limit: Limit) -> Self {
        Self {
            in_flight,
            batch,
            limit,
            is_stopped: AtomicBool::new(false),
            sent: AtomicU64::new(0),
            acknowledged: AtomicU64::new(0),
            last: AtomicI64::new(0),
            measured_from_us: AtomicU64::new(u64::MAX),
            latency: Histogram::default(),
        }
    }

    pub(super) fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// The highest replay id that was given.
    pub(super) fn last(&self) -> i64 {
        self.last.load(Ordering::Relaxed)
    }

    pub(super) fn measure_from(&self, now_us: u64) {
        self.measured_from_us.store(now_us, Ordering::Relaxed);
    }

    pub(super) fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }

    /// Publishes until stopped and every publish is answered.
    pub(super) async fn run(
        self: Arc<Self>,
        loader: Arc<Loader>,
        mut publisher: Publisher,
    ) -> Result<(), Failure> {
        let mut under_way = VecDeque::new();
        loop {
            while under_way.len() < self.in_flight {
                let Some(count) = self.next(under_way.is_empty()).await else {
                    break;
                };
                under_way.push_back(loader.org.now_us());
                publisher
                    .send(&loader.schema_id, loader.events(count))
                    .await;
            }
            let Some(sent) = under_way.pop_front() else {
                return Ok(());
            };
            let results = publisher.receive().await.map_err(|error| failure(&error))?;
            if sent >= self.measured_from_us.load(Ordering::Relaxed) {
                self.latency.record(loader.org.now_us() - sent);
            }
            for result in results {
                let id = result.outcome.map_err(Failure::new)?;
                self.last.fetch_max(id, Ordering::Relaxed);
                self.acknowledged.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// How many events to send now; none for none. Waits only if there is nothing else to wait for.
    async fn next(&self, may_wait: bool) -> Option<usize> {
        let batch = u64::try_from(self.batch).unwrap_or(u64::MAX);
        loop {
            if self.is_stopped.load(Ordering::Relaxed) {
                return None;
            }
            let sent = self.sent.load(Ordering::Relaxed);
            let count = match &self.limit {
                Limit::None => batch,
                Limit::Events(events) => batch.min(events.saturating_sub(sent)),
                Limit::Outstanding(arrivals, subscribers, most) => {
                    if sent + batch > arrivals.received() / subscribers + most {
                        if !may_wait {
                            return None;
                        }
                        arrivals.moved().await;
                        continue;
                    }
                    batch
                }
            };
            self.sent.fetch_add(count, Ordering::Relaxed);
            return usize::try_from(count).ok().filter(|count| *count > 0);
        }
    }
}
