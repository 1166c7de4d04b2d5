//! A new developer org behind the Pub/Sub API, with a clock that the test moves.

use std::ops::{Deref, DerefMut};
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use landfall_engine::usage::Allocations;
use landfall_engine::{CaptureRules, Change, Transaction};
use landfall_model::{RecordId, Timestamp, Value};
use landfall_pubsub::{PubsubState, Settings, router};
use landfall_schema::DecodedEvent;
use landfall_test_org::{Options, TestOrg};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::MetadataValue;
use tonic::{Code, Request, Status, Streaming};

use crate::project;
use crate::proto::pub_sub_client::PubSubClient;
use crate::proto::{
    ConsumerEvent, FetchRequest, FetchResponse, ProducerEvent, PublishRequest, PublishResponse,
    SchemaInfo, SchemaRequest, TopicInfo, TopicRequest,
};

/// The topic of most tests.
pub(crate) const ACCOUNTS: &str = "/data/AccountChangeEvent";

/// The topic of what is published.
pub(crate) const LOW_INK: &str = "/event/Low_Ink__e";

/// The schema id of the event that the documentation shows.
pub(crate) const LOW_INK_SCHEMA: &str = "5E5OtZj5_Gm6Vax9XMXH9A";

/// Longer than anything here takes.
const WITHIN: Duration = Duration::from_secs(30);

/// Turns of the scheduler after which everything waits that can only wait.
const TURNS: usize = 100;

pub(crate) struct Org {
    inner: TestOrg,
    pub(crate) stopping: watch::Sender<bool>,
    pub(crate) state: PubsubState,
    router: Router,
}

impl Deref for Org {
    type Target = TestOrg;

    fn deref(&self) -> &TestOrg {
        &self.inner
    }
}

impl DerefMut for Org {
    fn deref_mut(&mut self) -> &mut TestOrg {
        &mut self.inner
    }
}

impl Org {
    /// An org in which `Low_Ink__e` and `Paper_Jam__e` are defined, and changes of all objects are captured.
    pub(crate) async fn new() -> Self {
        let org = Self::capturing(true).await;
        org.deploy(vec![project::low_ink(""), project::paper_jam()])
            .await;
        org
    }

    /// An org as it is shipped.
    pub(crate) async fn capturing(capture_all: bool) -> Self {
        let options = Options {
            capture_all,
            ..Options::default()
        };
        Self::of(TestOrg::with(options).await)
    }

    /// The org of [`Self::new`], which may use so much.
    pub(crate) async fn allowed(allocations: Allocations) -> Self {
        let options = Options {
            allocations,
            ..Options::default()
        };
        let org = Self::of(TestOrg::with(options).await);
        org.deploy(vec![project::low_ink(""), project::paper_jam()])
            .await;
        org
    }

    /// An org as it is shipped, with these rules of capture.
    pub(crate) async fn under(rules: CaptureRules) -> Self {
        let options = Options {
            capture_rules: rules,
            ..Options::default()
        };
        Self::of(TestOrg::with(options).await)
    }

    fn of(org: TestOrg) -> Self {
        let (stopping, stops) = watch::channel(false);
        let (engine, auth) = (org.engine.clone(), org.auth.clone());
        let state = PubsubState::new(engine, auth, Settings::default(), stops);
        Self {
            router: router(state.clone()),
            state,
            inner: org,
            stopping,
        }
    }

    /// The same org in another process.
    pub(crate) async fn restarted(self) -> Self {
        self.stopping.send_replace(true);
        settle().await;
        drop((self.router, self.state));
        Self::of(self.inner.stopped().await.started().await)
    }

    /// Moves the clock when everything waits for it.
    pub(crate) async fn advance(&self, seconds: u64) {
        settle().await;
        self.clock.advance(Duration::from_secs(seconds));
    }

    // ---- calls

    pub(crate) fn client(&self) -> PubSubClient<Router> {
        PubSubClient::new(self.router())
    }

    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    /// A request of the administrator.
    pub(crate) fn request<T>(&self, message: T) -> Request<T> {
        self.request_as(&self.token, message)
    }

    /// A request with the metadata that every call needs.
    pub(crate) fn request_as<T>(&self, token: &str, message: T) -> Request<T> {
        let org = self.engine.org().id.to_string();
        let metadata = [
            ("accesstoken", token),
            ("instanceurl", "https://landfall.test"),
            ("tenantid", &org),
        ];
        with_metadata(&metadata, message)
    }

    pub(crate) async fn topic(&self, name: &str) -> Result<TopicInfo, Status> {
        let topic_name = name.to_owned();
        let request = self.request(TopicRequest { topic_name });
        let answer = self.client().get_topic(request).await?;
        Ok(answer.into_inner())
    }

    pub(crate) async fn schema(&self, id: &str) -> Result<SchemaInfo, Status> {
        let schema_id = id.to_owned();
        let request = self.request(SchemaRequest { schema_id });
        let answer = self.client().get_schema(request).await?;
        Ok(answer.into_inner())
    }

    pub(crate) async fn publish(
        &self,
        topic: &str,
        events: Vec<ProducerEvent>,
    ) -> Result<PublishResponse, Status> {
        let request = self.request(PublishRequest {
            topic_name: topic.to_owned(),
            events,
            ..Default::default()
        });
        let answer = self.client().publish(request).await?;
        Ok(answer.into_inner())
    }

    /// A stream whose first request is still to come.
    pub(crate) async fn open(&self) -> Fetching {
        self.open_as(&self.token).await
    }

    /// The same of somebody else.
    pub(crate) async fn open_as(&self, token: &str) -> Fetching {
        let (requests, sent) = mpsc::channel(16);
        let request = self.request_as(token, ReceiverStream::new(sent));
        let answers = self.client().subscribe(request).await.expect("headers");
        Fetching {
            requests,
            answers: answers.into_inner(),
        }
    }

    /// A stream that wants `count` new events.
    pub(crate) async fn subscribed(&self, topic: &str, count: i32) -> Fetching {
        let stream = self.open().await;
        stream.send(fetch(topic, count)).await;
        settle().await;
        stream
    }

    /// A stream that starts after a position and wants ten events.
    pub(crate) async fn resumed(&self, topic: &str, replay_id: &[u8]) -> Fetching {
        let stream = self.open().await;
        stream
            .send(FetchRequest {
                replay_preset: 2,
                replay_id: replay_id.to_vec(),
                ..fetch(topic, 10)
            })
            .await;
        settle().await;
        stream
    }

    // ---- changes

    /// A new account.
    pub(crate) async fn account(&self, name: &str) -> RecordId {
        self.create("Account", &[("Name", name)]).await
    }

    pub(crate) async fn create(&self, entity: &str, fields: &[(&str, &str)]) -> RecordId {
        let entity = self.engine.catalog().entity(entity).cloned().expect(entity);
        let values = fields
            .iter()
            .map(|(name, value)| {
                let place = entity.index_of(name).expect("a field");
                (place, Value::Text((*value).to_owned()))
            })
            .collect();
        self.make(Change::Create { entity, values }).await
    }

    pub(crate) async fn update(&self, entity: &str, id: RecordId, fields: &[(&str, Value)]) {
        self.make(self.updating(entity, id, fields)).await;
    }

    pub(crate) fn updating(&self, entity: &str, id: RecordId, fields: &[(&str, Value)]) -> Change {
        let entity = self.engine.catalog().entity(entity).cloned().expect(entity);
        let values = fields
            .iter()
            .map(|(name, value)| (entity.index_of(name).expect("a field"), value.clone()))
            .collect();
        Change::Update {
            entity,
            id,
            values,
            unmodified_since: None,
        }
    }

    pub(crate) async fn delete(&self, entity: &str, id: RecordId) {
        let entity = self.engine.catalog().entity(entity).cloned().expect(entity);
        self.make(Change::Delete { entity, id }).await;
    }

    async fn make(&self, change: Change) -> RecordId {
        let ids = self.make_all(vec![change]).await;
        *ids.first().expect("an outcome")
    }

    /// Makes changes in one transaction.
    pub(crate) async fn make_all(&self, changes: Vec<Change>) -> Vec<RecordId> {
        let transaction = Transaction {
            changes,
            all_or_none: true,
            user: self.admin,
            origin: "com/salesforce/api/rest/59.0".to_owned(),
        };
        let outcomes = self.engine.commit(transaction).await.expect("a commit");
        let made = outcomes.into_iter();
        made.map(|outcome| outcome.expect("it is made").id)
            .collect()
    }

    /// A `Low_Ink__e` as a publisher sends it.
    pub(crate) fn low_ink(&self, id: &str, model: &str) -> ProducerEvent {
        self.low_ink_of(id, Value::Text(model.to_owned()))
    }

    /// The same with any value of its required field.
    pub(crate) fn low_ink_of(&self, id: &str, model: Value) -> ProducerEvent {
        let definitions = self.engine.definitions();
        let publication = definitions.publication("Low_Ink__e").expect("deployed");
        let mut values = vec![
            Value::DateTime(Timestamp::from_millis(1_719_705_600_000)),
            Value::Id(self.admin),
            model,
        ];
        values.resize(publication.schema.fields().len(), Value::Null);
        ProducerEvent {
            id: id.to_owned(),
            schema_id: publication.schema.id().to_string(),
            payload: publication.schema.encode_event(&values).expect("a payload"),
            headers: Vec::new(),
        }
    }
}

/// What an event says.
pub(crate) async fn decoded(org: &Org, event: &ConsumerEvent) -> DecodedEvent {
    let event = produced(event);
    org.schema(&event.schema_id).await.expect("it is known");
    let id = landfall_model::SchemaId::parse(&event.schema_id).expect("an id");
    let schema = org.engine.schema(id).expect("a schema");
    schema.decode(&event.payload).expect("its own payload")
}

/// Lets everything run until it waits.
pub(crate) async fn settle() {
    for _ in 0..TURNS {
        tokio::task::yield_now().await;
    }
}

pub(crate) fn with_metadata<T>(metadata: &[(&'static str, &str)], message: T) -> Request<T> {
    let mut request = Request::new(message);
    for (key, value) in metadata {
        let value = MetadataValue::try_from(*value).expect("ASCII");
        request.metadata_mut().insert(*key, value);
    }
    request
}

/// A request for new events.
pub(crate) fn fetch(topic: &str, count: i32) -> FetchRequest {
    FetchRequest {
        topic_name: topic.to_owned(),
        num_requested: count,
        ..Default::default()
    }
}

/// A `Subscribe` stream.
pub(crate) struct Fetching {
    pub(crate) requests: mpsc::Sender<FetchRequest>,
    pub(crate) answers: Streaming<FetchResponse>,
}

impl Fetching {
    pub(crate) async fn send(&self, request: FetchRequest) {
        self.requests.send(request).await.expect("it is open");
    }

    /// Asks for more.
    pub(crate) async fn more(&self, count: i32) {
        self.send(fetch("", count)).await;
    }

    async fn message(&mut self) -> Result<Option<FetchResponse>, Status> {
        tokio::time::timeout(WITHIN, self.answers.message())
            .await
            .expect("something comes")
    }

    pub(crate) async fn next(&mut self) -> FetchResponse {
        let answer = self.message().await.expect("no error");
        answer.expect("the stream goes on")
    }

    /// The next `count` events, however they are put into responses.
    pub(crate) async fn events(&mut self, count: usize) -> Vec<ConsumerEvent> {
        let mut events = Vec::new();
        while events.len() < count {
            events.extend(self.next().await.events);
        }
        assert_eq!(events.len(), count);
        events
    }

    /// The next event, which comes alone.
    pub(crate) async fn event(&mut self) -> ConsumerEvent {
        self.events(1).await.remove(0)
    }

    /// Why the stream ends: the next thing that comes.
    pub(crate) async fn refusal(&mut self) -> Status {
        self.message().await.expect_err("the stream is refused")
    }

    /// Checks that the stream has ended without an error.
    pub(crate) async fn assert_over(&mut self) {
        assert_eq!(self.message().await.expect("no error"), None);
    }

    /// Checks that nothing comes until something happens.
    pub(crate) async fn assert_quiet(&mut self) {
        settle().await;
        let mut message = std::pin::pin!(self.answers.message());
        std::future::poll_fn(|context| {
            let polled = message.as_mut().poll(context);
            assert!(polled.is_pending(), "something came: {polled:?}");
            Poll::Ready(())
        })
        .await;
    }
}

/// Checks a refused call: its status, and the three trailers.
pub(crate) fn assert_refused(status: &Status, code: Code, error_code: &str, rpc: &str) {
    assert_eq!(status.code(), code, "{status:?}");
    let trailer = |key| {
        let value = status.metadata().get(key).expect(key);
        value.to_str().expect("a text").to_owned()
    };
    assert_eq!(
        trailer("error-code"),
        format!("sfdc.platform.eventbus.grpc.{error_code}")
    );
    assert_eq!(trailer("type"), rpc);
    let rpc_id = trailer("rpc-id");
    assert_uuid(&rpc_id);
    assert!(
        status.message().ends_with(&format!(" rpcId: {rpc_id}")),
        "{status:?}"
    );
}

pub(crate) fn assert_uuid(text: &str) {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12], "{text}");
    assert!(
        text.bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-')),
        "{text}"
    );
}

/// The number in a replay id.
pub(crate) fn number(replay_id: &[u8]) -> u64 {
    assert_eq!(replay_id.len(), 10);
    assert_eq!(replay_id.get(8..), Some(&[0, 0][..]));
    let number = replay_id.first_chunk().expect("8 bytes");
    u64::from_be_bytes(*number)
}

/// The event in a response.
pub(crate) fn produced(event: &ConsumerEvent) -> &ProducerEvent {
    event.event.as_ref().expect("an event")
}
