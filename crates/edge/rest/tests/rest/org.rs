//! A new developer org behind the REST API, with a clock that the test moves.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use landfall_auth::{Auth, Client, PasswordCost, Settings};
use landfall_engine::{Engine, ManualClock, Parts, SeededEntropy, WriterThread};
use landfall_metadata::Component;
use landfall_model::Timestamp;
use landfall_rest::{RestState, router};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

const APP: Client<'static> = Client {
    id: "landfall",
    secret: Some("landfall"),
};

/// Where the version of these tests is.
pub(crate) const DATA: &str = "/services/data/v59.0";

pub(crate) struct Org {
    pub(crate) engine: Engine,
    pub(crate) clock: Arc<ManualClock>,
    token: String,
    user: String,
    router: Router,
    _folder: TempDir,
    _writer: WriterThread,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).expect(name);
        value.to_str().expect("a text")
    }

    /// Status, code and message of a refusal.
    pub(crate) fn refusal(&self) -> (u16, String, String) {
        let body = self.json();
        let error = body.get(0).expect("a list of errors");
        (
            self.status,
            text(error, "errorCode"),
            text(error, "message"),
        )
    }
}

impl Org {
    /// An org with the shipped objects and what these components define.
    pub(crate) async fn with(components: Vec<Component>) -> Self {
        let folder = TempDir::new().expect("a folder");
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_700_000_000_123)));
        let config = landfall_store_embedded::Config::new(folder.path().join("org.db"));
        let (engine, writer) = Engine::start(Parts {
            store: landfall_store_embedded::open(&config).expect("a store"),
            clock: Arc::clone(&clock) as _,
            entropy: Arc::new(SeededEntropy::new(1)),
            instance: *b"5f",
            retention_hours: 72,
            capture_all: true,
            differences: true,
        })
        .expect("an engine");
        let settings = Settings {
            password_cost: PasswordCost::LEAST,
            ..Settings::developer()
        };
        let auth = Auth::open(engine.clone(), settings).await.expect("logins");
        auth.seed_developer().await.expect("a developer org");
        let login = auth.password_grant(APP, "admin@landfall.test", "landfall");
        let granted = login.await.expect("a login");
        let (token, user) = (granted.access_token, granted.user_id.to_string());
        let org = Self {
            router: router(RestState {
                engine: engine.clone(),
                auth,
                base_url: Arc::new(|_| "https://localhost:7443".to_owned()),
                requests_daily: None,
            }),
            engine,
            clock,
            token: token.as_str().to_owned(),
            user,
            _folder: folder,
            _writer: writer,
        };
        org.deploy(components).await;
        org
    }

    pub(crate) async fn deploy(&self, components: Vec<Component>) {
        let deployed = self.engine.deploy(components).await;
        deployed.expect("the project is right");
    }

    /// Sends a request with these headers; the path is below the version unless it begins with `/services`.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let uri = if path.starts_with("/services") {
            path.to_owned()
        } else {
            format!("{DATA}{path}")
        };
        let mut request = Request::builder()
            .method(method)
            .uri(uri)
            .header("authorization", format!("Bearer {}", self.token));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).expect("a request");
        let response = self.router.clone().oneshot(request).await;
        let (parts, body) = response.expect("an answer").into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).expect("a text"),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[], body.to_string()).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send("PATCH", path, &[], body.to_string()).await
    }

    /// The user who acts.
    pub(crate) fn user(&self) -> String {
        self.user.clone()
    }

    /// The id of a new record.
    pub(crate) async fn create(&self, object: &str, body: &Value) -> String {
        let answer = self.post(&format!("/sobjects/{object}"), body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        text(&answer.json(), "id")
    }

    /// A record as it is read.
    pub(crate) async fn record(&self, object: &str, id: &str) -> Value {
        let answer = self.get(&format!("/sobjects/{object}/{id}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }
}

/// A member that is a text.
fn text(object: &Value, name: &str) -> String {
    let member = object.get(name).and_then(Value::as_str);
    member.expect(name).to_owned()
}

/// The member of a list that has this name.
pub(crate) fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    let list = list.as_array().expect("a list");
    let found = list.iter().find(|entry| entry["name"] == name);
    found.unwrap_or_else(|| panic!("no {name}"))
}

/// The names of the members of a list, in order.
pub(crate) fn names(list: &Value) -> Vec<&str> {
    let list = list.as_array().expect("a list").iter();
    list.map(|entry| entry["name"].as_str().expect("a name"))
        .collect()
}
