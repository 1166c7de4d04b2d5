//! The Pub/Sub API: topics, schemas, events as they come, publishing.
//!
//! [`PubSub`] is one connection with one login. Neither it nor a [`Subscription`] comes back by itself after a failure;
//! the position to come back to is [`Subscription::position`].

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use landfall_schema::EventSchema;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::{AsciiMetadataValue, MetadataMap};
use tonic::{Code, Request, Status, Streaming};

use crate::error::Error;
use crate::http2::{self, Channel};
use crate::org::Org;
use crate::proto::pub_sub_client::PubSubClient;
use crate::proto::{
    ConsumerEvent, FetchRequest, FetchResponse, ProducerEvent, PublishRequest, PublishResponse,
    ReplayPreset, SchemaRequest, TopicRequest,
};
use crate::target::Target;
use crate::tls::Trust;

pub use crate::streaming::Event;

/// How long a single call may take.
const CALL_MAX: Duration = Duration::from_mins(1);

/// How long a stream with pending events may be silent: keepalives come every 270 seconds at the latest.
/// Source: "Subscribe RPC Method" (Pub/Sub API Developer Guide).
const SILENCE_MAX: Duration = Duration::from_mins(5);

/// Events requested at once: the most that may be pending.
/// Source: "Pull Subscription and Flow Control" (Pub/Sub API Developer Guide).
const CREDIT: i32 = 100;

/// Bytes of one message that is read.
const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A position in a topic, as an org sent it: opaque bytes, which go back as they came.
///
/// Wire: a number of eight bytes, the highest first, and two more, whose meaning is the org's own.
/// Source: "Event Message Durability" (Pub/Sub API Developer Guide): clients must not compute with replay ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position(Bytes);

impl Position {
    /// A position of which only its replay id is known, such as one that a person typed.
    pub fn of_replay_id(id: i64) -> Self {
        let mut bytes = id.to_be_bytes().to_vec();
        bytes.extend([0, 0]);
        Self(bytes.into())
    }

    /// Takes what an org sent; none if it is empty.
    fn received(bytes: &Bytes) -> Option<Self> {
        (!bytes.is_empty()).then(|| Self(bytes.clone()))
    }

    /// The replay id as the Streaming API has it, to be shown.
    pub fn replay_id(&self) -> Option<i64> {
        let id = self.0.first_chunk::<8>()?;
        Some(i64::from_be_bytes(*id))
    }

    /// The bytes, to be stored.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Where a subscription begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replay {
    /// With what happens from now on.
    Latest,
    /// With the oldest event that is retained.
    Earliest,
    /// After this position.
    After(Position),
}

impl From<crate::streaming::Replay> for Replay {
    fn from(replay: crate::streaming::Replay) -> Self {
        match replay {
            crate::streaming::Replay::Latest => Self::Latest,
            crate::streaming::Replay::Earliest => Self::Earliest,
            crate::streaming::Replay::After(id) => Self::After(Position::of_replay_id(id)),
        }
    }
}

/// A topic, and what the login may do with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its name, to be used from here on.
    pub name: String,
    /// Whether events can be published to it.
    pub can_publish: bool,
    /// The present schema; none if it has events of several kinds.
    pub schema_id: Option<String>,
}

/// The result of a published event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its identity.
    pub id: String,
    /// Its position, or why there is none.
    pub outcome: Result<i64, String>,
}

/// An event as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedEvent {
    /// Its position.
    pub replay_id: Option<i64>,
    /// Avro, of the schema of its topic.
    pub payload: Bytes,
}

/// A connection to the Pub/Sub API with a login.
#[derive(Clone)]
pub struct PubSub {
    client: PubSubClient<Channel>,
    metadata: MetadataMap,
    schemas: HashMap<String, Arc<EventSchema>>,
}

impl PubSub {
    /// Where an org has its Pub/Sub API: the vendor's orgs share one host, others serve it themselves.
    ///
    /// # Errors
    /// None: the vendor's host is an address.
    /// Source: "Pub/Sub API Endpoints" (Pub/Sub API Developer Guide).
    pub fn target(org: &Org) -> Result<Target, Error> {
        let instance = org.http().target();
        if instance.host().ends_with(".salesforce.com") {
            "https://api.pubsub.salesforce.com:7443".parse()
        } else {
            Ok(instance.clone())
        }
    }

    /// Connects to [`Self::target`].
    ///
    /// # Errors
    /// [`Error::Connect`], [`Error::Shape`] if the org of the login cannot be determined.
    pub async fn connect(org: &Org, trust: &Trust) -> Result<Self, Error> {
        let target = Self::target(org)?;
        let channel = Channel::connect(&target, trust).await?;
        Ok(Self {
            client: PubSubClient::with_origin(channel, http2::origin(&target)?)
                .max_decoding_message_size(MESSAGE_BYTES_MAX),
            metadata: metadata(org).await?,
            schemas: HashMap::new(),
        })
    }

    /// A topic.
    ///
    /// # Errors
    /// [`Error::Rpc`], [`Error::Timeout`].
    pub async fn topic(&mut self, name: &str) -> Result<Topic, Error> {
        let request = self.request(TopicRequest {
            topic_name: name.to_owned(),
        });
        let topic = within(self.client.get_topic(request)).await?.into_inner();
        Ok(Topic {
            name: topic.topic_name,
            can_publish: topic.can_publish,
            schema_id: Some(topic.schema_id).filter(|id| !id.is_empty()),
        })
    }

    /// A schema as the org returns it.
    ///
    /// # Errors
    /// [`Error::Rpc`], [`Error::Timeout`].
    pub async fn schema_json(&mut self, id: &str) -> Result<String, Error> {
        let request = self.request(SchemaRequest {
            schema_id: id.to_owned(),
        });
        let schema = within(self.client.get_schema(request)).await?.into_inner();
        Ok(schema.schema_json)
    }

    /// A schema; asked for once, since a schema never changes.
    ///
    /// # Errors
    /// Those of [`Self::schema_json`]; [`Error::Schema`].
    pub async fn schema(&mut self, id: &str) -> Result<Arc<EventSchema>, Error> {
        if let Some(schema) = self.schemas.get(id) {
            return Ok(Arc::clone(schema));
        }
        let schema = Arc::new(EventSchema::parse(&self.schema_json(id).await?)?);
        self.schemas.insert(id.to_owned(), Arc::clone(&schema));
        Ok(schema)
    }

    /// Starts a subscription. The first response shows whether the org accepts it.
    ///
    /// # Errors
    /// [`Error::Rpc`], [`Error::Timeout`].
    pub async fn subscribe(
        mut self,
        topic: &str,
        from: impl Into<Replay>,
    ) -> Result<Subscription, Error> {
        let (requests, sent) = mpsc::channel(2);
        let (preset, position) = match from.into() {
            Replay::Latest => (ReplayPreset::Latest, None),
            Replay::Earliest => (ReplayPreset::Earliest, None),
            Replay::After(position) => (ReplayPreset::Custom, Some(position)),
        };
        let replay_id = position
            .as_ref()
            .map_or_else(Bytes::new, |position| position.0.clone());
        let first = FetchRequest {
            topic_name: topic.to_owned(),
            replay_preset: preset.into(),
            replay_id,
            num_requested: CREDIT,
            auth_refresh: String::new(),
        };
        // There is room: nothing was sent yet.
        let _ = requests.send(first).await;
        let request = self.request(ReceiverStream::new(sent));
        let responses = within(self.client.subscribe(request)).await?.into_inner();
        Ok(Subscription {
            api: self,
            topic: topic.into(),
            requests,
            responses,
            arrived: VecDeque::new(),
            handed_on: None,
            position,
        })
    }

    /// Starts publishing to a topic.
    ///
    /// # Errors
    /// [`Error::Rpc`], [`Error::Timeout`].
    pub async fn publisher(&mut self, topic: &str) -> Result<Publisher, Error> {
        let (requests, sent) = mpsc::channel(1);
        let request = self.request(ReceiverStream::new(sent));
        let responses = within(self.client.publish_stream(request))
            .await?
            .into_inner();
        Ok(Publisher {
            topic: topic.to_owned(),
            requests,
            responses,
        })
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        *request.metadata_mut() = self.metadata.clone();
        request
    }
}

/// Events of a topic as they come.
pub struct Subscription {
    api: PubSub,
    topic: Box<str>,
    requests: mpsc::Sender<FetchRequest>,
    responses: Streaming<FetchResponse>,
    /// Events that came and are still to be handed on, as they came.
    arrived: VecDeque<ConsumerEvent>,
    /// The position of what was handed on last.
    handed_on: Option<Position>,
    position: Option<Position>,
}

impl Subscription {
    /// Where to come back to: every event up to here was handed on, and the caller has asked for another one since, so
    /// is done with it.
    pub const fn position(&self) -> Option<&Position> {
        self.position.as_ref()
    }

    /// The next event; none if a keepalive came instead. A failure loses nothing: the event at which it happened is the
    /// next one again.
    ///
    /// # Errors
    /// [`Error::Rpc`], also when the org ends the stream; [`Error::Timeout`]; [`Error::Schema`], [`Error::Payload`].
    pub async fn next(&mut self) -> Result<Option<Event>, Error> {
        self.commit();
        if self.arrived.is_empty() {
            let response = self.response().await?;
            if response.events.is_empty() {
                self.position =
                    Position::received(&response.latest_replay_id).or_else(|| self.position.take());
                return Ok(None);
            }
            self.arrived.extend(response.events);
        }
        let Some(delivered) = self.arrived.front() else {
            return Ok(None);
        };
        let event = delivered.event.as_ref();
        let event = event.ok_or(Error::Shape("an event that is none"))?;
        let schema = self.api.schema(&event.schema_id).await?;
        let mut payload = Vec::new();
        schema.render_pubsub(&event.payload, &mut payload)?;
        let payload =
            String::from_utf8(payload).map_err(|_| Error::Shape("an event that is not UTF-8"))?;
        let position = Position::received(&delivered.replay_id);
        let event = Event {
            topic: self.topic.clone(),
            replay_id: position.as_ref().and_then(Position::replay_id),
            schema: Some(event.schema_id.as_str().into()),
            payload: payload.into(),
        };
        self.arrived.pop_front();
        self.handed_on = position;
        Ok(Some(event))
    }

    /// What was handed on is done with.
    fn commit(&mut self) {
        if let Some(position) = self.handed_on.take() {
            self.position = Some(position);
        }
    }

    /// The events of the next answer as they were sent; none if it is a keepalive. Not to be mixed with [`Self::next`].
    ///
    /// # Errors
    /// [`Error::Rpc`], also when the org ends the stream; [`Error::Timeout`].
    pub async fn next_encoded(&mut self) -> Result<Vec<EncodedEvent>, Error> {
        self.commit();
        let response = self.response().await?;
        self.handed_on = Position::received(&response.latest_replay_id);
        let events = response.events.into_iter().map(|delivered| EncodedEvent {
            replay_id: Position::received(&delivered.replay_id).and_then(|it| it.replay_id()),
            payload: delivered.event.unwrap_or_default().payload,
        });
        Ok(events.collect())
    }

    /// Reads an answer, and asks for more where little is owed.
    async fn response(&mut self) -> Result<FetchResponse, Error> {
        let response = tokio::time::timeout(SILENCE_MAX, self.responses.message())
            .await
            .map_err(|_| Error::Timeout(SILENCE_MAX))??
            .ok_or_else(|| Status::new(Code::Unavailable, "the org has ended the stream"))?;
        let owed = response.pending_num_requested;
        if owed <= CREDIT / 2 {
            let more = FetchRequest {
                topic_name: self.topic.to_string(),
                num_requested: CREDIT - owed.max(0),
                ..FetchRequest::default()
            };
            // That a stream has ended shows at the next read.
            let _ = self.requests.send(more).await;
        }
        Ok(response)
    }
}

/// Publishes to a topic, request by request.
pub struct Publisher {
    topic: String,
    requests: mpsc::Sender<PublishRequest>,
    responses: Streaming<PublishResponse>,
}

impl Publisher {
    /// Publishes payloads of a schema; returns the result of each, in order.
    ///
    /// # Errors
    /// [`Error::Rpc`], [`Error::Timeout`]; this publisher cannot be used any more.
    pub async fn publish(
        &mut self,
        schema_id: &str,
        payloads: Vec<Vec<u8>>,
    ) -> Result<Vec<Published>, Error> {
        let count = payloads.len();
        self.send(schema_id, payloads).await;
        let results = self.receive().await?;
        if results.len() != count {
            return Err(Error::Shape("not one result for each event"));
        }
        Ok(results)
    }

    /// Sends payloads without waiting for their results: [`Self::receive`] returns them, once for each request.
    pub async fn send(&mut self, schema_id: &str, payloads: Vec<Vec<u8>>) {
        let events = payloads.into_iter().map(|payload| ProducerEvent {
            schema_id: schema_id.to_owned(),
            payload: payload.into(),
            ..ProducerEvent::default()
        });
        let request = PublishRequest {
            topic_name: self.topic.clone(),
            events: events.collect(),
            auth_refresh: String::new(),
        };
        // Why a stream has ended shows at the next read.
        let _ = self.requests.send(request).await;
    }

    /// The results of the next request, in order.
    ///
    /// # Errors
    /// [`Error::Rpc`], [`Error::Timeout`]; this publisher cannot be used any more.
    pub async fn receive(&mut self) -> Result<Vec<Published>, Error> {
        let response = tokio::time::timeout(CALL_MAX, self.responses.message())
            .await
            .map_err(|_| Error::Timeout(CALL_MAX))??
            .ok_or_else(|| Status::new(Code::Unavailable, "the org has ended the stream"))?;
        let results = response.results.into_iter().map(|result| Published {
            outcome: match result.error {
                Some(error) => Err(error.msg),
                None => Position::received(&result.replay_id)
                    .and_then(|position| position.replay_id())
                    .ok_or_else(|| "the org gave no replay id".to_owned()),
            },
            id: result.correlation_key,
        });
        Ok(results.collect())
    }
}

async fn within<T>(call: impl Future<Output = Result<T, Status>>) -> Result<T, Error> {
    Ok(tokio::time::timeout(CALL_MAX, call)
        .await
        .map_err(|_| Error::Timeout(CALL_MAX))??)
}

/// Source: "Supported Authentication" (Pub/Sub API Developer Guide): three headers on every call.
async fn metadata(org: &Org) -> Result<MetadataMap, Error> {
    let token = org.access_token().expose();
    let tenant = org.id().await?;
    let mut metadata = MetadataMap::new();
    for (name, value) in [
        ("accesstoken", token),
        ("instanceurl", &org.http().target().to_string()),
        ("tenantid", &tenant),
    ] {
        let mut value: AsciiMetadataValue = value
            .parse()
            .map_err(|_| Error::Shape("a credential that cannot be put into a header"))?;
        value.set_sensitive(name == "accesstoken");
        metadata.insert(name, value);
    }
    Ok(metadata)
}

#[cfg(test)]
mod tests;
