//! A new developer org behind the Streaming API, with a clock that the test moves.

use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Method, Request};
use landfall_engine::usage::Allocations;
use landfall_engine::{Change, ManualClock, Outcome, Transaction};
use landfall_model::{EntityDefinition, RecordId, ReplayId, Value as Field};
use landfall_schema::EventSchema;
use landfall_streaming::{Endpoint, Settings, StreamingState};
use landfall_test_org::{Options, Reply, StoppedOrg, TestOrg, send};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tower::ServiceExt;

/// The channel of most tests.
pub(crate) const ACCOUNTS: &str = "/data/AccountChangeEvent";

/// How a REST call of version 59.0 signs its changes.
pub(crate) const REST: &str = "com/salesforce/api/rest/59.0";

/// Longer than anything here takes.
const WITHIN: Duration = Duration::from_secs(30);

pub(crate) struct Org {
    inner: TestOrg,
    pub(crate) stopping: watch::Sender<bool>,
    settings: Settings,
    router: Router,
    sweeper: JoinHandle<()>,
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

/// A request that has been sent and waits.
pub(crate) struct Held(Pin<Box<dyn Future<Output = Reply> + Send>>);

impl Held {
    /// The answer, as soon as there is one.
    pub(crate) async fn answer(self) -> Value {
        let answer = tokio::time::timeout(WITHIN, self.0)
            .await
            .expect("it is answered");
        assert_eq!(answer.status, 200);
        answer.json()
    }

    /// Lets it run until it waits for the `count`th time, or is answered because what it waited for came first.
    pub(crate) async fn run_to_wait(&mut self, count: usize) -> Option<Value> {
        let mut waits = 0;
        std::future::poll_fn(|context| {
            if let Poll::Ready(answer) = self.0.as_mut().poll(context) {
                return Poll::Ready(Some(answer.json()));
            }
            waits += 1;
            if waits < count {
                Poll::Pending
            } else {
                Poll::Ready(None)
            }
        })
        .await
    }

    /// The answer, if there is one at this very moment.
    pub(crate) async fn poll(&mut self) -> Option<Value> {
        std::future::poll_fn(|context| {
            Poll::Ready(match self.0.as_mut().poll(context) {
                Poll::Ready(answer) => Some(answer.json()),
                Poll::Pending => None,
            })
        })
        .await
    }
}

impl Org {
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        Self::of(TestOrg::new().await, settings)
    }

    /// An org that captures no changes.
    pub(crate) async fn without_capture() -> Self {
        let options = Options {
            capture_all: false,
            ..Options::default()
        };
        Self::of(TestOrg::with(options).await, Settings::default())
    }

    /// An org that may use so much.
    pub(crate) async fn allowed(allocations: Allocations) -> Self {
        let options = Options {
            allocations,
            ..Options::default()
        };
        Self::of(TestOrg::with(options).await, Settings::default())
    }

    fn of(org: TestOrg, settings: Settings) -> Self {
        let (stopping, stops) = watch::channel(false);
        let (engine, auth) = (org.engine.clone(), org.auth.clone());
        let state = StreamingState::new(engine, auth, settings, stops);
        Self {
            sweeper: tokio::spawn(state.clone().sweep()),
            router: Endpoint::new(state).router(),
            inner: org,
            stopping,
            settings,
        }
    }

    /// The same org in another process.
    pub(crate) async fn restarted(self) -> Self {
        let settings = self.settings;
        Self::of(self.ended().await.started().await, settings)
    }

    /// An org in the folder of another.
    pub(crate) async fn reopened(folder: TempDir, clock: Arc<ManualClock>) -> Self {
        let stopped = StoppedOrg {
            folder,
            clock,
            options: Options::default(),
            seed: 1_000,
        };
        Self::of(stopped.started().await, Settings::default())
    }

    /// The end of its process; what is left is the folder.
    pub(crate) async fn stopped(self) -> (TempDir, Arc<ManualClock>) {
        let stopped = self.ended().await;
        (stopped.folder, stopped.clock)
    }

    async fn ended(self) -> StoppedOrg {
        self.stopping.send_replace(true);
        self.sweeper.await.expect("it ends");
        drop(self.router);
        self.inner.stopped().await
    }

    // ---- requests

    /// A request with the administrator's token.
    pub(crate) fn request(&self, method: Method, path: &str) -> http::request::Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.token))
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Reply {
        tokio::time::timeout(WITHIN, send(&self.router, request))
            .await
            .expect("an answer")
    }

    /// The response itself, its body untouched.
    pub(crate) async fn response(&self, messages: &Value) -> http::Response<Body> {
        let request = self.messages(messages);
        let response = self.router.clone().oneshot(request).await;
        response.expect("an answer")
    }

    fn messages(&self, messages: &Value) -> Request<Body> {
        self.request(Method::POST, "/cometd/59.0")
            .header("content-type", "application/json;charset=UTF-8")
            .body(Body::from(messages.to_string()))
            .expect("a request")
    }

    /// Posts messages and takes what comes back.
    pub(crate) async fn post(&self, messages: Value) -> Value {
        let answer = self.send(self.messages(&messages)).await;
        assert_eq!(answer.status, 200);
        answer.json()
    }

    /// Posts messages with another token.
    pub(crate) async fn post_as(&self, token: &str, messages: Value) -> Value {
        let request = Request::post("/cometd/59.0")
            .header("authorization", format!("OAuth {token}"))
            .body(Body::from(messages.to_string()))
            .expect("a request");
        self.send(request).await.json()
    }

    /// Messages that will be posted.
    pub(crate) fn begin(&self, messages: &Value) -> Held {
        let request = self.messages(messages);
        let router = self.router.clone();
        Held(Box::pin(async move { send(&router, request).await }))
    }

    /// Posts messages that are not answered at once.
    pub(crate) async fn hold(&self, messages: Value) -> Held {
        let mut held = self.begin(&messages);
        let early = held.poll().await;
        assert_eq!(early, None, "it is held");
        held
    }

    // ---- sessions

    /// The client id of a new session whose first connect has been answered.
    pub(crate) async fn session(&self) -> String {
        let client = self.handshake().await;
        let reply = self.post(connect(&client)).await;
        assert_eq!(reply[0]["successful"], true, "{reply}");
        client
    }

    pub(crate) async fn handshake(&self) -> String {
        let reply = self.post(handshake()).await;
        text(&reply[0]["clientId"])
    }

    /// Subscribes; `replay` null sends no extension.
    pub(crate) async fn subscribe(&self, client: &str, channel: &str, replay: Value) -> Value {
        let replies = self.post(subscribe(client, channel, &replay)).await;
        assert_eq!(replies.as_array().expect("an array").len(), 1, "{replies}");
        replies[0].clone()
    }

    /// A session that is subscribed.
    pub(crate) async fn subscribed(&self, channel: &str, replay: Value) -> String {
        let client = self.session().await;
        let reply = self.subscribe(&client, channel, replay).await;
        assert_eq!(reply["successful"], true, "{reply}");
        client
    }

    /// The events that wait for a session.
    pub(crate) async fn events(&self, client: &str) -> Vec<Value> {
        let replies = self.post(connect_now(client)).await;
        let mut replies = replies.as_array().expect("an array").clone();
        let reply = replies.pop().expect("the connect's own reply");
        assert_eq!(reply["channel"], "/meta/connect");
        assert_eq!(reply["successful"], true, "{reply}");
        replies
    }

    /// The hour of the clock, counted from 1970.
    pub(crate) fn clock_hour(&self) -> i64 {
        self.engine.clock().now().as_millis().div_euclid(3_600_000)
    }

    // ---- changes

    pub(crate) fn entity(&self, name: &str) -> Arc<EntityDefinition> {
        let catalog = self.engine.catalog();
        Arc::clone(catalog.entity(name).expect(name))
    }

    pub(crate) fn change_event_schema(
        &self,
        entity: &EntityDefinition,
    ) -> Option<Arc<EventSchema>> {
        let definitions = self.engine.definitions();
        definitions
            .change_event_schema(entity.name.as_str())
            .cloned()
    }

    pub(crate) fn new_record(&self, entity: &str, fields: &[(&str, Field)]) -> Change {
        let entity = self.entity(entity);
        Change::Create {
            values: values(&entity, fields),
            entity,
        }
    }

    pub(crate) fn update(&self, entity: &str, id: RecordId, fields: &[(&str, Field)]) -> Change {
        let entity = self.entity(entity);
        Change::Update {
            values: values(&entity, fields),
            entity,
            id,
            unmodified_since: None,
        }
    }

    pub(crate) fn delete(&self, entity: &str, id: RecordId) -> Change {
        let entity = self.entity(entity);
        Change::Delete { entity, id }
    }

    pub(crate) fn undelete(&self, entity: &str, id: RecordId) -> Change {
        let entity = self.entity(entity);
        Change::Undelete { entity, id }
    }

    /// One transaction of the administrator over REST.
    pub(crate) async fn commit(&self, changes: Vec<Change>) -> Vec<Outcome> {
        self.commit_as(self.admin, REST, changes).await
    }

    pub(crate) async fn commit_as(
        &self,
        user: RecordId,
        origin: &str,
        changes: Vec<Change>,
    ) -> Vec<Outcome> {
        let transaction = Transaction {
            changes,
            all_or_none: true,
            user,
            origin: origin.to_owned(),
        };
        self.engine.commit(transaction).await.expect("a commit")
    }

    /// One change that succeeds.
    pub(crate) async fn make(&self, change: Change) -> RecordId {
        let outcomes = self.commit(vec![change]).await;
        outcomes[0].as_ref().expect("it is made").id
    }

    /// A new account; its event is the newest.
    pub(crate) async fn account(&self, name: &str) -> RecordId {
        self.make(self.new_record("Account", &[("Name", name.into_field())]))
            .await
    }

    /// Position of the newest event.
    pub(crate) fn tail(&self) -> u64 {
        self.engine.log().bounds().tail.get()
    }

    /// The newest event as it is stored, read with its own schema.
    pub(crate) async fn newest(&self) -> landfall_schema::DecodedEvent {
        let log = self.engine.log();
        let after = ReplayId::new(self.tail() - 1);
        let stretch = log.read(after, &landfall_engine::TopicFilter::All, 1).await;
        let stretch = stretch.expect("the log can be read");
        let event = stretch.events[0].event();
        let schema = self.engine.schema(event.schema).expect("a schema");
        schema.decode(&event.payload).expect("a payload")
    }
}

fn values(entity: &EntityDefinition, fields: &[(&str, Field)]) -> Vec<(usize, Field)> {
    let place = |name: &str| entity.index_of(name).expect("a field");
    fields
        .iter()
        .map(|(name, value)| (place(name), value.clone()))
        .collect()
}

/// Text as a field's value.
pub(crate) trait IntoField {
    fn into_field(self) -> Field;
}

impl IntoField for &str {
    fn into_field(self) -> Field {
        Field::Text(self.to_owned())
    }
}

// ---- messages

pub(crate) fn handshake() -> Value {
    json!([{
        "channel": "/meta/handshake", "id": "1", "version": "1.0", "minimumVersion": "1.0",
        "supportedConnectionTypes": ["long-polling"], "ext": {"replay": true},
    }])
}

pub(crate) fn connect(client: &str) -> Value {
    json!([{"channel": "/meta/connect", "id": "2", "clientId": client, "connectionType": "long-polling"}])
}

/// A connect that is never held.
pub(crate) fn connect_now(client: &str) -> Value {
    json!([{
        "channel": "/meta/connect", "id": "2", "clientId": client, "connectionType": "long-polling",
        "advice": {"timeout": 0},
    }])
}

pub(crate) fn subscribe(client: &str, channel: &str, replay: &Value) -> Value {
    let mut message = json!({
        "channel": "/meta/subscribe", "id": "3", "clientId": client, "subscription": channel,
    });
    if !replay.is_null() {
        message["ext"] = json!({"replay": {channel: replay}});
    }
    json!([message])
}

pub(crate) fn unsubscribe(client: &str, channel: &str) -> Value {
    json!([{"channel": "/meta/unsubscribe", "id": "4", "clientId": client, "subscription": channel}])
}

pub(crate) fn disconnect(client: &str) -> Value {
    json!([{"channel": "/meta/disconnect", "id": "5", "clientId": client}])
}

/// The reply of an unknown client's connect.
pub(crate) fn unknown_client() -> Value {
    json!([{
        "channel": "/meta/connect", "id": "2", "successful": false, "error": "403::Unknown client",
        "advice": {"interval": 0, "reconnect": "handshake"},
    }])
}

// ---- reading answers

pub(crate) fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// The payload of an event message.
pub(crate) fn payload(event: &Value) -> &Value {
    &event["data"]["payload"]
}

/// The header of an event message.
pub(crate) fn header(event: &Value) -> &Value {
    &event["data"]["payload"]["ChangeEventHeader"]
}

pub(crate) fn replay_id(event: &Value) -> u64 {
    event["data"]["event"]["replayId"].as_u64().expect("an id")
}

/// The names of created accounts, in order.
pub(crate) fn names(events: &[Value]) -> Vec<&str> {
    let name = |event| payload(event)["Name"].as_str().expect("a name");
    events.iter().map(name).collect()
}

/// The keys of an object, sorted.
pub(crate) fn keys(object: &Value) -> Vec<&str> {
    let object = object.as_object().expect("an object");
    let mut keys: Vec<&str> = object.keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}
