//! A data folder of the present version: an org with one of each form of documents, opened again, and kept in
//! `tests/golden` on request.

use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::Full;
use landfall_client::HttpClient;
use landfall_engine::{ManualClock, SystemEntropy};
use landfall_server::{Config, Environment, Running, Server};
use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{ACCOUNTS, Client, NOW, golden, opens};
use crate::common::{WITHIN, settings, stranger};

const JSON: &str = "application/json";
const DATA: &str = "/services/data/v62.0";
const DEPLOYMENTS: &str = "/services/data/v62.0/metadata/deployRequest";
const JOBS_CLASSIC: &str = "/services/async/61.0/job";

/// The newest form of documents. `UPDATE=1 cargo test --test whole golden::recording` writes its golden folder again.
const VERSION: &str = "v1";

const OBJECT: &str = "<CustomObject xmlns=\"http://soap.sforce.com/2006/04/metadata\"><deploymentStatus>Deployed</deploymentStatus>\
    <label>Mast</label><pluralLabel>Masts</pluralLabel><nameField><label>Name</label><type>Text</type></nameField>\
    <sharingModel>ReadWrite</sharingModel></CustomObject>";
const MANIFEST: &str = "<Package xmlns=\"http://soap.sforce.com/2006/04/metadata\"><types><members>Mast__c</members>\
    <name>CustomObject</name></types><version>62.0</version></Package>";

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../core/metadata/tests/project")
}

async fn start(folder: &Path) -> Running {
    let file = json!({
        "listen": "127.0.0.1:0",
        "data": folder,
        "project": project(),
        "connected_app": { "redirect_uris": ["app:done"] },
        "oauth": { "auto_approve": "admin@landfall.test" },
    });
    let environment = Environment {
        clock: Arc::new(ManualClock::new(NOW)),
        entropy: Arc::new(SystemEntropy),
    };
    let config = Config::dev(&settings(&file)).expect("a safe configuration");
    let started = Server::start_in(config, environment).await;
    started.expect("starts")
}

/// A login by an authorization code, as its access token and refresh token.
async fn log_in(http: &HttpClient) -> (String, String) {
    let asking = "/services/oauth2/authorize?response_type=code&client_id=landfall&redirect_uri=app%3Adone\
                  &scope=api+refresh_token";
    let request = Request::get(asking).body(Full::<Bytes>::default());
    let request = request.expect("a request");
    let answer = http.send(request, WITHIN).await.expect("an answer");
    let location = answer.headers.get(header::LOCATION).expect("a way back");
    let location = location.to_str().expect("a text");
    let code = location.strip_prefix("app:done?code=").expect(location);
    let form = format!(
        "grant_type=authorization_code&client_id=landfall&redirect_uri=app%3Adone&code={code}"
    );
    let request = Request::post("/services/oauth2/token")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Full::<Bytes>::from(form))
        .expect("a request");
    let answer = http.send(request, WITHIN).await.expect("an answer").json();
    let text = |name: &str| answer[name].as_str().expect("a token").to_owned();
    (text("access_token"), text("refresh_token"))
}

/// What is recorded of an org.
struct Recording {
    client: Client,
}

impl Recording {
    fn note(&mut self, name: &str, value: &Value) {
        self.client.facts[name] = value.clone();
    }

    async fn ask(&self, method: Method, path: &str, body: &Value) -> Value {
        let body = body.to_string();
        let (status, answer) = self.client.send(method, path, JSON, body).await;
        assert!(status < 300, "{path}: {status} {answer}");
        answer
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        self.ask(Method::POST, path, body).await
    }

    /// Waits until the value at a pointer is `wanted`.
    async fn until(&self, path: &str, pointer: &str, wanted: &Value) {
        while self.client.get(path).await.pointer(pointer) != Some(wanted) {
            tokio::task::yield_now().await;
        }
    }

    async fn records(&mut self) {
        let account = self.post(ACCOUNTS, &json!({"Name": "Acme"})).await;
        self.note("account", &account["id"]);
        let deleted = self.post(ACCOUNTS, &json!({"Name": "Gone"})).await;
        let contact = json!({"LastName": "Along", "AccountId": deleted["id"]});
        let contacts = format!("{DATA}/sobjects/Contact");
        let along = self.post(&contacts, &contact).await;
        let id = deleted["id"].as_str().expect("an id");
        let path = format!("{ACCOUNTS}/{id}");
        self.ask(Method::DELETE, &path, &Value::Null).await;
        self.note("deleted", &deleted["id"]);
        self.note("along", &along["id"]);
    }

    async fn channels(&mut self) {
        let topic = json!({
            "Name": "Masts", "Query": "SELECT Id, Name FROM Account", "ApiVersion": 62.0, "NotifyForFields": "All",
        });
        let made = self
            .post(&format!("{DATA}/sobjects/PushTopic"), &topic)
            .await;
        self.note("push_topic", &made["id"]);
        let channels = format!("{DATA}/sobjects/StreamingChannel");
        let made = self.post(&channels, &json!({"Name": "/u/notes"})).await;
        self.note("channel", &made["id"]);
        let id = made["id"].as_str().expect("an id");
        let event = json!({"pushEvents": [{"payload": "high tide", "userIds": []}]});
        self.post(&format!("{channels}/{id}/push"), &event).await;
    }

    async fn jobs(&mut self) {
        let jobs = format!("{DATA}/jobs");
        let job = json!({"object": "Account", "operation": "insert"});
        let job = self.post(&format!("{jobs}/ingest"), &job).await;
        let path = format!("{jobs}/ingest/{}", job["id"].as_str().expect("an id"));
        let csv = "Name\nFirst\nSecond\n".to_owned();
        let batches = format!("{path}/batches");
        let put = self.client.send(Method::PUT, &batches, "text/csv", csv);
        assert_eq!(put.await.0, 201);
        let close = json!({"state": "UploadComplete"});
        self.ask(Method::PATCH, &path, &close).await;
        self.until(&path, "/state", &json!("JobComplete")).await;
        self.note("job", &job["id"]);
        let query = json!({"operation": "query", "query": "SELECT Id, Name FROM Account"});
        let query = self.post(&format!("{jobs}/query"), &query).await;
        let path = format!("{jobs}/query/{}", query["id"].as_str().expect("an id"));
        self.until(&path, "/state", &json!("JobComplete")).await;
        self.note("query", &query["id"]);
    }

    /// A job of the Bulk API before 2.0, with a batch.
    async fn classic_job(&mut self) {
        let session = self.client.fact("access_token").to_owned();
        let job = json!({"operation": "insert", "object": "Account", "contentType": "JSON"});
        let ask = async |path: String, body: Value| {
            let request = Request::post(path)
                .header("X-SFDC-Session", &session)
                .header(header::CONTENT_TYPE, JSON)
                .body(Full::<Bytes>::from(body.to_string()))
                .expect("a request");
            let answer = self.client.http.send(request, WITHIN).await;
            let answer = answer.expect("an answer");
            assert_eq!(answer.status.as_u16(), 201, "{}", answer.json());
            answer.json()
        };
        let job = ask(JOBS_CLASSIC.to_owned(), job).await;
        let id = job["id"].as_str().expect("an id");
        ask(
            format!("{JOBS_CLASSIC}/{id}/batch"),
            json!([{"Name": "Classic"}]),
        )
        .await;
        self.note("classic", &job["id"]);
    }

    async fn deployments(&mut self) {
        for (name, is_check_only) in [("validation", true), ("deployment", false)] {
            let body = deployment(&json!({"checkOnly": is_check_only, "singlePackage": true}));
            let kind = "multipart/form-data; boundary=B";
            let (status, asked) = self
                .client
                .send(Method::POST, DEPLOYMENTS, kind, body)
                .await;
            assert_eq!(status, 201, "{asked}");
            let path = format!("{DEPLOYMENTS}/{}", asked["id"].as_str().expect("an id"));
            self.until(&path, "/deployResult/done", &json!(true)).await;
            self.note(name, &asked["id"]);
        }
    }
}

/// A body of a request to deploy one object.
fn deployment(options: &Value) -> Vec<u8> {
    let mut body = format!(
        "--B\r\nContent-Disposition: form-data; name=\"json\"\r\nContent-Type: application/json\r\n\r\n{}\r\n--B\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"deploy.zip\"\r\nContent-Type: application/zip\r\n\r\n",
        json!({ "deployOptions": options })
    )
    .into_bytes();
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, content) in [
        ("package.xml", MANIFEST),
        ("objects/Mast__c.object", OBJECT),
    ] {
        zip.start_file(path, SimpleFileOptions::default())
            .expect("a file");
        zip.write_all(content.as_bytes()).expect("written");
    }
    body.extend(zip.finish().expect("a zip file").into_inner());
    body.extend_from_slice(b"\r\n--B--\r\n");
    body
}

/// Writes what the folder of an org has to `tests/golden`.
fn keep(folder: &Path, facts: &Value) {
    let golden = golden(VERSION);
    let bulk = golden.join("bulk");
    let _ = std::fs::remove_dir_all(&golden);
    std::fs::create_dir_all(&bulk).expect("made");
    let database = std::fs::read(folder.join("landfall.db")).expect("a database");
    let file = std::fs::File::create(golden.join("landfall.db.gz")).expect("a file");
    let mut zipped = flate2::write::GzEncoder::new(file, flate2::Compression::best());
    zipped.write_all(&database).expect("written");
    zipped.finish().expect("written");
    for file in std::fs::read_dir(folder.join("bulk")).expect("a folder") {
        let file = file.expect("a file");
        std::fs::copy(file.path(), bulk.join(file.file_name())).expect("copied");
    }
    let facts = serde_json::to_string_pretty(facts).expect("JSON");
    std::fs::write(golden.join("facts.json"), facts + "\n").expect("written");
}

#[tokio::test]
async fn a_folder_of_this_version_is_opened_as_it_was_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start(folder.path()).await;
    let http = stranger(&running);
    let (access, refresh) = log_in(&http).await;
    let facts = json!({ "access_token": access, "refresh_token": refresh });
    let mut recording = Recording {
        client: Client { http, facts },
    };
    recording.records().await;
    recording.channels().await;
    recording.jobs().await;
    recording.classic_job().await;
    recording.deployments().await;
    let Client { http, facts } = recording.client;
    drop(http);
    running.stop().await.expect("stops");
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        keep(folder.path(), &facts);
    }
    opens(folder.path(), &facts).await;
}
