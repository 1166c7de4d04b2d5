//! A developer org behind the Bulk API, which can be stopped and started again.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use landfall_auth::{Auth, Client, PasswordCost, Settings};
use landfall_bulk::Bulk;
use landfall_engine::{Engine, ManualClock, Parts, SeededEntropy, WriterThread};
use landfall_metadata::Component;
use landfall_model::Timestamp;
use landfall_store::Opened;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tower::ServiceExt;

const APP: Client<'static> = Client {
    id: "landfall",
    secret: Some("landfall"),
};

/// When orgs are started.
pub(crate) const START_MILLIS: i64 = 1_700_000_000_123;

pub(crate) const JOBS: &str = "/services/data/v60.0/jobs/ingest";

/// An object with a field of several kinds, one of them an external id.
const THING: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<CustomObject xmlns="http://soap.sforce.com/2006/04/metadata">
  <label>Thing</label><pluralLabel>Things</pluralLabel>
  <nameField><label>Name</label><type>Text</type></nameField>
  <deploymentStatus>Deployed</deploymentStatus><sharingModel>ReadWrite</sharingModel>
  <fields><fullName>Code__c</fullName><label>Code</label><type>Text</type><length>20</length><externalId>true</externalId><unique>true</unique></fields>
  <fields><fullName>Amount__c</fullName><label>Amount</label><type>Number</type><precision>18</precision><scale>2</scale></fields>
  <fields><fullName>Ready__c</fullName><label>Ready</label><type>Checkbox</type><defaultValue>false</defaultValue></fields>
  <fields><fullName>Other__c</fullName><label>Other</label><type>Lookup</type><referenceTo>Thing__c</referenceTo><relationshipName>Others</relationshipName><relationshipLabel>Others</relationshipLabel></fields>
</CustomObject>"#;

pub(crate) struct Org {
    pub(crate) engine: Engine,
    token: String,
    router: Router,
    stop: watch::Sender<bool>,
    running: JoinHandle<()>,
    writer: WriterThread,
    pub(crate) folder: Arc<TempDir>,
}

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

    /// Status, code and message of a refusal.
    pub(crate) fn refusal(&self) -> (u16, String, String) {
        let body = self.json();
        let text = |name: &str| body[0][name].as_str().expect("a text").to_owned();
        (self.status, text("errorCode"), text("message"))
    }
}

/// Lines of this many names.
pub(crate) fn rows(count: usize) -> String {
    (0..count).fold(String::new(), |rows, n| rows + &format!("N{n}\n"))
}

fn store_file(folder: &TempDir) -> PathBuf {
    folder.path().join("org.db")
}

impl Org {
    pub(crate) async fn new() -> Self {
        let folder = Arc::new(TempDir::new().expect("a folder"));
        let org = Self::start(folder, |opened| opened).await;
        let component = Component {
            path: "objects/Thing__c.object".to_owned(),
            content: THING.to_owned(),
        };
        let deployed = org.engine.deploy(vec![component]).await;
        deployed.expect("the project is right");
        org
    }

    /// Starts an org on a folder, with something between it and its store.
    pub(crate) async fn start(
        folder: Arc<TempDir>,
        between: impl FnOnce(Opened) -> Opened,
    ) -> Self {
        Self::start_at(folder, START_MILLIS, between).await
    }

    pub(crate) async fn start_at(
        folder: Arc<TempDir>,
        now: i64,
        between: impl FnOnce(Opened) -> Opened,
    ) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(now)));
        let config = landfall_store_embedded::Config::new(store_file(&folder));
        let opened = landfall_store_embedded::open(&config).expect("a store");
        let (engine, writer) = Engine::start(Parts {
            store: between(opened),
            clock,
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
        let token = login.await.expect("a login").access_token;
        let bulk = Bulk::open(engine.clone(), auth, folder.path().join("bulk"));
        let bulk = bulk.await.expect("jobs");
        let (stop, stopping) = watch::channel(false);
        Self {
            engine,
            token: token.as_str().to_owned(),
            router: bulk.router(),
            running: tokio::spawn(bulk.run(stopping)),
            stop,
            writer,
            folder,
        }
    }

    /// Stops the org; what it was doing is where it was after its last transaction.
    pub(crate) async fn stop(self) -> Arc<TempDir> {
        let Self {
            engine,
            router,
            stop,
            running,
            writer,
            folder,
            ..
        } = self;
        stop.send(true).expect("it runs");
        running.await.expect("no panic");
        tokio::task::spawn_blocking(move || writer.stop())
            .await
            .expect("no panic");
        drop((engine, router));
        folder
    }

    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        body: impl Into<Body>,
    ) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", kind)
            .body(body.into())
            .expect("a request");
        let response = self.router.clone().oneshot(request).await;
        let (parts, body) = response.expect("infallible").into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).expect("text"),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "application/json", "").await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, "application/json", body.to_string())
            .await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.ask("PATCH", path, "application/json", body.to_string())
            .await
    }

    /// Makes a job; answers with its path.
    pub(crate) async fn job(&self, definition: &Value) -> String {
        let made = self.post(JOBS, definition).await;
        assert_eq!(made.status, 200, "{made:?}");
        format!("{JOBS}/{}", made.json()["id"].as_str().expect("an id"))
    }

    /// Gives a job its data and has it processed.
    pub(crate) async fn begin(&self, job: &str, data: &str) {
        let path = format!("{job}/batches");
        let put = self.ask("PUT", &path, "text/csv", data.to_owned()).await;
        assert_eq!((put.status, put.body.as_str()), (201, ""));
        let closed = self.patch(job, &json!({"state": "UploadComplete"})).await;
        assert_eq!(closed.status, 200, "{closed:?}");
    }

    /// Waits for the end of a job.
    pub(crate) async fn ended(&self, job: &str) -> Value {
        let ended = async {
            loop {
                let state = self.get(job).await.json();
                let text = state["state"].as_str().expect("a state");
                if ["JobComplete", "Failed", "Aborted"].contains(&text) {
                    return state;
                }
                tokio::task::yield_now().await;
            }
        };
        let ended = tokio::time::timeout(Duration::from_mins(1), ended).await;
        ended.expect("the job ends")
    }

    /// Has records changed by a job; answers with the job in the end, and its path.
    pub(crate) async fn run(&self, definition: &Value, data: &str) -> (Value, String) {
        let job = self.job(definition).await;
        self.begin(&job, data).await;
        (self.ended(&job).await, job)
    }

    pub(crate) async fn results(&self, job: &str, which: &str) -> String {
        let answer = self.get(&format!("{job}/{which}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.headers["content-type"], "text/csv");
        answer.body
    }

    /// The values of a field of all records of an object.
    pub(crate) async fn values(&self, object: &str, field: &str) -> Vec<landfall_model::Value> {
        let catalog = self.engine.catalog();
        let entity = catalog.entity(object).expect("an object");
        let place = entity.index_of(field).expect("a field");
        let rows = self.engine.recent_rows(entity, 100_000).await;
        let rows = rows.expect("the rows").into_iter();
        rows.map(|row| row[place].clone()).collect()
    }
}
