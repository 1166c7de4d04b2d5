//! A new developer org behind the Pub/Sub API, with a clock that the test moves.

use std::path::Path;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use landfall_auth::{Auth, Client as App, NewUser, PasswordCost};
use landfall_engine::{
    Change, Engine, ManualClock, Parts, SeededEntropy, Transaction, WriterThread,
};
use landfall_metadata::Component;
use landfall_model::{RecordId, Timestamp, Value};
use landfall_pubsub::{PubsubState, Timings, router};
use tempfile::TempDir;
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

const APP: App<'static> = App {
    id: "landfall",
    secret: Some("landfall"),
};

pub(crate) struct Org {
    pub(crate) engine: Engine,
    pub(crate) auth: Auth,
    pub(crate) clock: Arc<ManualClock>,
    /// Of the administrator.
    pub(crate) token: String,
    pub(crate) admin: RecordId,
    pub(crate) stopping: watch::Sender<bool>,
    router: Router,
    writer: WriterThread,
    folder: TempDir,
    seed: u64,
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
        let folder = TempDir::new().expect("a folder");
        let start = Timestamp::from_millis(1_700_000_000_123);
        Self::on(folder, Arc::new(ManualClock::new(start)), capture_all, 1).await
    }

    async fn on(folder: TempDir, clock: Arc<ManualClock>, capture_all: bool, seed: u64) -> Self {
        let (engine, writer) = started(folder.path(), &clock, capture_all, seed);
        let settings = landfall_auth::Settings {
            password_cost: PasswordCost::LEAST,
            ..landfall_auth::Settings::developer()
        };
        let auth = Auth::open(engine.clone(), settings).await.expect("logins");
        auth.seed_developer().await.expect("a developer org");
        let (stopping, stops) = watch::channel(false);
        let state = PubsubState::new(engine.clone(), auth.clone(), Timings::default(), stops);
        let login = auth.password_grant(APP, "admin@landfall.test", "landfall");
        let login = login.await.expect("the administrator logs in");
        Self {
            engine,
            clock,
            token: login.access_token.as_str().to_owned(),
            admin: login.user_id,
            stopping,
            router: router(state),
            auth,
            writer,
            folder,
            seed,
        }
    }

    /// The same org in another process.
    pub(crate) async fn restarted(self) -> Self {
        let Self {
            engine,
            auth,
            clock,
            stopping,
            router,
            writer,
            folder,
            seed,
            ..
        } = self;
        stopping.send_replace(true);
        settle().await;
        auth.stop().await.expect("it stops");
        drop((auth, router, engine));
        tokio::task::spawn_blocking(move || writer.stop())
            .await
            .expect("the writer stops");
        Self::on(folder, clock, true, seed + 1).await
    }

    /// The project is `components` from now on.
    pub(crate) async fn deploy(&self, components: Vec<Component>) {
        self.engine.deploy(components).await.expect("a deployment");
    }

    /// Another token of the administrator.
    pub(crate) async fn log_in(&self) -> String {
        self.log_in_as("admin@landfall.test", "landfall").await
    }

    /// The token of a new user without rights beyond the APIs.
    pub(crate) async fn standard_user(&self, username: &str) -> String {
        let user = NewUser {
            username,
            password: "secret",
            last_name: "User",
            alias: "user",
            profile: self.engine.org().standard_users,
        };
        self.auth.create_user(&user).await.expect("a user");
        self.log_in_as(username, "secret").await
    }

    async fn log_in_as(&self, username: &str, password: &str) -> String {
        let login = self.auth.password_grant(APP, username, password).await;
        login.expect("a login").access_token.as_str().to_owned()
    }

    /// Moves the clock when everything waits for it.
    pub(crate) async fn advance(&self, seconds: u64) {
        settle().await;
        self.clock.advance(Duration::from_secs(seconds));
    }

    // ---- calls

    pub(crate) fn client(&self) -> PubSubClient<Router> {
        PubSubClient::new(self.router.clone())
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
        let (requests, sent) = mpsc::channel(16);
        let request = self.request(ReceiverStream::new(sent));
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
        let entity = self.engine.catalog().entity(entity).cloned().expect(entity);
        let values = fields
            .iter()
            .map(|(name, value)| (entity.index_of(name).expect("a field"), value.clone()))
            .collect();
        let change = Change::Update {
            entity,
            id,
            values,
            unmodified_since: None,
        };
        self.make(change).await;
    }

    pub(crate) async fn delete(&self, entity: &str, id: RecordId) {
        let entity = self.engine.catalog().entity(entity).cloned().expect(entity);
        self.make(Change::Delete { entity, id }).await;
    }

    async fn make(&self, change: Change) -> RecordId {
        let transaction = Transaction {
            changes: vec![change],
            all_or_none: true,
            user: self.admin,
            origin: "com/salesforce/api/rest/59.0".to_owned(),
        };
        let outcomes = self.engine.commit(transaction).await.expect("a commit");
        outcomes
            .into_iter()
            .next()
            .expect("an outcome")
            .expect("it is made")
            .id
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

fn started(
    folder: &Path,
    clock: &Arc<ManualClock>,
    capture_all: bool,
    seed: u64,
) -> (Engine, WriterThread) {
    let config = landfall_store_embedded::Config::new(folder.join("org.db"));
    Engine::start(Parts {
        store: landfall_store_embedded::open(&config).expect("a store"),
        clock: Arc::clone(clock) as _,
        entropy: Arc::new(SeededEntropy::new(seed)),
        instance: *b"5f",
        retention_hours: 72,
        capture_all,
        differences: true,
    })
    .expect("an engine")
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
