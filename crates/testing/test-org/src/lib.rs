//! A developer org for the tests of the edges: in a temporary folder, on a clock that the test moves, with randomness that
//! is the same in every run, and with the cheapest password hash.
//!
//! Nothing of the product depends on it. What goes wrong here ends the test.
#![expect(
    clippy::missing_panics_doc,
    reason = "tests report failures by a panic, and only tests use this"
)]

pub mod channels;
pub mod definitions;

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use landfall_auth::{Auth, Client, NewUser, PasswordCost, Settings};
use landfall_engine::usage::Allocations;
use landfall_engine::{
    CaptureRules, Change, Engine, Lease, ManualClock, Parts, SeededEntropy, Transaction,
    WriterThread,
};
use landfall_metadata::Component;
use landfall_model::{RecordId, Timestamp, Value as Field};
use landfall_store::Opened;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::mpsc::{Sender, channel};
use tokio_stream::wrappers::ReceiverStream;
use tower::ServiceExt;

/// When a new org's clock stands.
pub const START: Timestamp = Timestamp::from_millis(1_700_000_000_123);

/// The connected app of the developer org.
pub const APP: Client<'static> = Client {
    id: "landfall",
    secret: Some("landfall"),
};

/// What a test can have otherwise.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether the changes of all objects are captured.
    pub capture_all: bool,
    /// Of logins.
    pub logins: Settings,
    /// What it may use.
    pub allocations: Allocations,
    /// How changes become events.
    pub capture_rules: CaptureRules,
    /// Free disk space below which uploads and jobs are refused. Unit: bytes.
    pub reserve_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            capture_all: true,
            logins: Settings {
                password_cost: PasswordCost::LEAST,
                ..Settings::developer()
            },
            allocations: Allocations::UNLIMITED,
            capture_rules: CaptureRules::default(),
            reserve_bytes: 0,
        }
    }
}

/// A running org.
pub struct TestOrg {
    /// What everything goes through.
    pub engine: Engine,
    /// Its users and logins.
    pub auth: Auth,
    /// Its clock.
    pub clock: Arc<ManualClock>,
    /// An access token of the administrator.
    pub token: String,
    /// The administrator.
    pub admin: RecordId,
    writer: WriterThread,
    folder: TempDir,
    options: Options,
    seed: u64,
}

/// What is left of an org whose process has ended.
pub struct StoppedOrg {
    /// The data folder.
    pub folder: TempDir,
    /// The clock, which goes on.
    pub clock: Arc<ManualClock>,
    /// As before.
    pub options: Options,
    /// Of the randomness of the next process.
    pub seed: u64,
}

impl TestOrg {
    /// A new org that captures everything.
    pub async fn new() -> Self {
        Self::with(Options::default()).await
    }

    /// A new org.
    pub async fn with(options: Options) -> Self {
        let stopped = StoppedOrg {
            folder: TempDir::new().expect("a folder"),
            clock: Arc::new(ManualClock::new(START)),
            options,
            seed: 1,
        };
        stopped.started().await
    }

    /// Ends the process in good order. Everybody else has to have let go of the engine.
    pub async fn stopped(self) -> StoppedOrg {
        self.auth.stop().await.expect("it stops");
        self.interrupted().await
    }

    /// Ends the process without saving anything that is not saved. Everybody else has to have let go of the engine.
    pub async fn interrupted(self) -> StoppedOrg {
        drop((self.auth, self.engine));
        let writer = self.writer;
        tokio::task::spawn_blocking(move || writer.stop())
            .await
            .expect("the writer stops");
        StoppedOrg {
            folder: self.folder,
            clock: self.clock,
            options: self.options,
            seed: self.seed + 1,
        }
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Makes `components` the project of the org.
    pub async fn deploy(&self, components: Vec<Component>) {
        let deployed = self.engine.deploy(components).await;
        deployed.expect("the project is right");
    }

    /// Another access token of the administrator.
    pub async fn log_in(&self) -> String {
        self.log_in_as("admin@landfall.test", "landfall").await
    }

    /// An access token of a new user without rights beyond the APIs.
    pub async fn standard_user(&self, username: &str) -> String {
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

    /// An access token of a new user whom nothing is granted but these rights for objects, such as `Read` for `Account`,
    /// and seeing these fields, such as `Account.Phone`.
    pub async fn granted_user(
        &self,
        username: &str,
        rights: &[(&str, &[&str])],
        fields: &[&str],
    ) -> String {
        let own = username.split('@').next().unwrap_or(username);
        let profile = [
            ("Name", text(&format!("Nothing {own}"))),
            ("PermissionsApiEnabled", Field::Boolean(true)),
        ];
        let user = NewUser {
            username,
            password: "secret",
            last_name: "User",
            alias: "user",
            profile: self.record("Profile", &profile).await,
        };
        let user = self.auth.create_user(&user).await.expect("a user");
        let name = text(&format!("Granted_{own}"));
        let set = [("Name", name.clone()), ("Label", name)];
        let set = Field::Id(self.record("PermissionSet", &set).await);
        for (object, rights) in rights {
            let mut values = vec![("ParentId", set.clone()), ("SobjectType", text(object))];
            let names = rights.iter().map(|right| format!("Permissions{right}"));
            let names: Vec<String> = names.collect();
            values.extend(
                names
                    .iter()
                    .map(|name| (name.as_str(), Field::Boolean(true))),
            );
            self.record("ObjectPermissions", &values).await;
        }
        for field in fields {
            let object = field.split('.').next().unwrap_or_default();
            let values = [
                ("ParentId", set.clone()),
                ("SobjectType", text(object)),
                ("Field", text(field)),
                ("PermissionsRead", Field::Boolean(true)),
            ];
            self.record("FieldPermissions", &values).await;
        }
        let assignment = [("PermissionSetId", set), ("AssigneeId", Field::Id(user))];
        self.record("PermissionSetAssignment", &assignment).await;
        self.log_in_as(username, "secret").await
    }

    /// A record that the org itself makes.
    async fn record(&self, object: &str, fields: &[(&str, Field)]) -> RecordId {
        let catalog = self.engine.catalog();
        let entity = Arc::clone(catalog.entity(object).expect("a shipped object"));
        let place = |name: &str| entity.index_of(name).expect("a field");
        let values = fields.iter();
        let values = values
            .map(|(name, value)| (place(name), value.clone()))
            .collect();
        let transaction = Transaction {
            changes: vec![Change::Create { entity, values }],
            all_or_none: true,
            user: RecordId::EMPTY,
            origin: String::new(),
        };
        let outcomes = self.engine.commit(transaction).await.expect("a commit");
        let outcome = outcomes.into_iter().next().expect("an outcome");
        outcome.expect("a record").id
    }

    /// Takes a right away from everybody: the records of `object` whose `field` has this value are deleted.
    pub async fn revoke(&self, object: &str, field: &str, value: &str) {
        let catalog = self.engine.catalog();
        let entity = Arc::clone(catalog.entity(object).expect("a shipped object"));
        let index = |name: &str| entity.index_of(name).expect("a field");
        let rows = self
            .engine
            .rows_where(&entity, index(field), text(value), 1_000);
        let rows = rows.await.expect("the rows");
        assert!(!rows.is_empty(), "{object} with {field} {value}");
        let ids = rows.iter().map(|row| row.get(index("Id")));
        let changes = ids.map(|id| Change::Delete {
            entity: Arc::clone(&entity),
            id: id.and_then(Field::as_id).expect("an id"),
        });
        let transaction = Transaction {
            changes: changes.collect(),
            all_or_none: true,
            user: RecordId::EMPTY,
            origin: String::new(),
        };
        let outcomes = self.engine.commit(transaction).await.expect("a commit");
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    }

    async fn log_in_as(&self, username: &str, password: &str) -> String {
        let login = self.auth.password_grant(APP, username, password).await;
        login.expect("a login").access_token.as_str().to_owned()
    }
}

impl StoppedOrg {
    /// The org in a new process.
    pub async fn started(self) -> TestOrg {
        self.started_on(|store| store).await
    }

    /// The same, with something between it and its store.
    pub async fn started_on(self, between: impl FnOnce(Opened) -> Opened) -> TestOrg {
        let config = landfall_store_embedded::Config::new(self.folder.path().join("org.db"));
        let (engine, writer) = Engine::start(Parts {
            store: between(landfall_store_embedded::open(&config).expect("a store")),
            clock: Arc::clone(&self.clock) as _,
            entropy: Arc::new(SeededEntropy::new(self.seed)),
            instance: *b"5f",
            reserve_bytes: self.options.reserve_bytes,
            retention_hours: 72,
            capture_all: self.options.capture_all,
            capture_rules: self.options.capture_rules,
            streams: landfall_engine::Streams::default(),
            allocations: self.options.allocations,
            lease: Lease::unlimited(),
        })
        .expect("an engine");
        let auth = Auth::open(engine.clone(), self.options.logins.clone());
        let auth = auth.await.expect("logins");
        auth.seed_developer().await.expect("a developer org");
        let login = auth.password_grant(APP, "admin@landfall.test", "landfall");
        let login = login.await.expect("the administrator logs in");
        TestOrg {
            engine,
            auth,
            clock: self.clock,
            token: login.access_token.as_str().to_owned(),
            admin: login.user_id,
            writer,
            folder: self.folder,
            options: self.options,
            seed: self.seed,
        }
    }
}

fn text(text: &str) -> Field {
    Field::Text(text.to_owned())
}

/// What an edge has answered.
#[derive(Debug)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, whole.
    pub body: Vec<u8>,
}

impl Reply {
    /// Its body, which is JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// A header of it.
    pub fn header(&self, name: &str) -> Option<&str> {
        let value = self.headers.get(name)?;
        Some(value.to_str().expect("a text"))
    }
}

/// The body of a request of which the end does not come before the other part is dropped.
pub fn slow_body(beginning: impl Into<Bytes>) -> (Body, Sender<Result<Bytes, Infallible>>) {
    let (sender, receiver) = channel(1);
    let sent = sender.try_send(Ok(beginning.into()));
    sent.expect("there is space for the beginning");
    (Body::from_stream(ReceiverStream::new(receiver)), sender)
}

/// Sends a request to an edge and takes its answer.
pub async fn send(router: &Router, request: Request<Body>) -> Reply {
    let response = router.clone().oneshot(request).await;
    let (parts, body) = response.expect("an answer").into_parts();
    Reply {
        status: parts.status,
        headers: parts.headers,
        body: body.collect().await.expect("a body").to_bytes().to_vec(),
    }
}
