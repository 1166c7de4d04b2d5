//! A developer org behind the Bulk API, which can be stopped and started again.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request};
use landfall_bulk::Bulk;
use landfall_metadata::Component;
use landfall_store::Opened;
use landfall_store_embedded::JobFolder;
use landfall_test_org::{Options, StoppedOrg, TestOrg, send};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub(crate) const JOBS: &str = "/services/data/v60.0/jobs/ingest";

pub(crate) const QUERIES: &str = "/services/data/v60.0/jobs/query";

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
    pub(crate) test: TestOrg,
    router: Router,
    stop: watch::Sender<bool>,
    running: JoinHandle<()>,
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

impl Org {
    pub(crate) async fn new() -> Self {
        Self::with(Options::default()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let test = TestOrg::with(options).await;
        test.deploy(vec![Component {
            path: "objects/Thing__c.object".to_owned(),
            content: THING.to_owned(),
        }])
        .await;
        Self::at_work(test).await
    }

    /// Starts a stopped org, with something between it and its store.
    pub(crate) async fn start(stopped: StoppedOrg, between: impl FnOnce(Opened) -> Opened) -> Self {
        Self::at_work(stopped.started_on(between).await).await
    }

    async fn at_work(test: TestOrg) -> Self {
        let folder = test.folder().join("bulk");
        let files = JobFolder::open(folder).expect("a folder");
        let bulk = Bulk::open(test.engine.clone(), test.auth.clone(), Arc::new(files));
        let bulk = bulk.await.expect("jobs");
        let (stop, stopping) = watch::channel(false);
        Self {
            test,
            router: bulk.router(),
            running: tokio::spawn(bulk.run(stopping)),
            stop,
        }
    }

    /// Stops the org; what it was doing is where it was after its last transaction.
    pub(crate) async fn stop(self) -> StoppedOrg {
        // It may have been reported before.
        self.stop.send_replace(true);
        self.running.await.expect("no panic");
        drop(self.router);
        self.test.interrupted().await
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
            .header("authorization", format!("Bearer {}", self.test.token))
            .header("content-type", kind)
            .body(body.into())
            .expect("a request");
        self.send(request).await
    }

    /// Processes no further job.
    pub(crate) fn pause(&self) {
        self.stop.send(true).expect("it runs");
    }

    /// Makes a query a job; answers with its path.
    pub(crate) async fn query(&self, statement: &str) -> String {
        let made = self
            .post(QUERIES, &json!({"operation": "query", "query": statement}))
            .await;
        assert_eq!(made.status, 200, "{made:?}");
        format!("{QUERIES}/{}", made.json()["id"].as_str().expect("an id"))
    }

    /// What a query finds, as one page.
    pub(crate) async fn found(&self, statement: &str) -> String {
        let job = self.query(statement).await;
        let ended = self.ended(&job).await;
        assert_eq!(ended["state"], "JobComplete", "{ended}");
        self.results(&job, "results").await
    }

    /// Sends a request whose answer is no text.
    pub(crate) async fn bytes(&self, request: Request<Body>) -> (HeaderMap, Vec<u8>) {
        let reply = send(&self.router, request).await;
        (reply.headers, reply.body)
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let reply = send(&self.router, request).await;
        Answer {
            status: reply.status.as_u16(),
            headers: reply.headers,
            body: String::from_utf8(reply.body).expect("text"),
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
        let catalog = self.test.engine.catalog();
        let entity = catalog.entity(object).expect("an object");
        let place = entity.index_of(field).expect("a field");
        let rows = self.test.engine.recent_rows(entity, 100_000).await;
        let rows = rows.expect("the rows").into_iter();
        rows.map(|row| row[place].clone()).collect()
    }
}
