//! Data folders that earlier versions have written, as they were left: `tests/golden` has one of each form of documents.
//!
//! Each was made by a developer org with a project and a file of seed records: two logins, one with a refresh token, an
//! account and a contact, an account that is deleted with its contact, a `PushTopic`, a generic channel with one event, a
//! channel with a filter, an ingest job, a query job, a job with a batch, a deployment, a validation and a retrieval.
//! `facts.json` has the ids.

#![expect(
    clippy::indexing_slicing,
    reason = "a value that is not there fails the test"
)]

mod recording;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::Full;
use landfall_client::HttpClient;
use landfall_engine::{ManualClock, SystemEntropy};
use landfall_model::Timestamp;
use landfall_server::config::Data;
use landfall_server::{Environment, Running, Server};
use serde_json::{Value, json};

use crate::common::{WITHIN, dev, stranger};

/// A few minutes after the folders were left, so that nothing in them has expired.
const NOW: Timestamp = Timestamp::from_millis(1_795_345_200_000);

const ACCOUNTS: &str = "/services/data/v62.0/sobjects/Account";

fn golden(version: &str) -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    tests.join(version)
}

/// A data folder of its own with what an earlier version has left.
fn left_by(version: &str) -> (tempfile::TempDir, Value) {
    let (folder, golden) = (tempfile::tempdir().expect("a folder"), golden(version));
    let file = std::fs::File::open(golden.join("landfall.db.gz")).expect("a golden file");
    let mut database = Vec::new();
    let mut unzipped = flate2::read::GzDecoder::new(file);
    unzipped.read_to_end(&mut database).expect("it is whole");
    std::fs::write(folder.path().join("landfall.db"), database).expect("written");
    let bulk = folder.path().join("bulk");
    std::fs::create_dir(&bulk).expect("made");
    for file in std::fs::read_dir(golden.join("bulk")).expect("a folder") {
        let file = file.expect("a file");
        std::fs::copy(file.path(), bulk.join(file.file_name())).expect("copied");
    }
    let facts = std::fs::read(golden.join("facts.json")).expect("facts");
    (folder, serde_json::from_slice(&facts).expect("JSON"))
}

async fn start(folder: &Path) -> Running {
    let environment = Environment {
        clock: Arc::new(ManualClock::new(NOW)),
        entropy: Arc::new(SystemEntropy),
    };
    let config = dev(Data::Folder(folder.to_owned()));
    let started = Server::start_in(config, environment).await;
    started.expect("what an earlier version has left is opened")
}

struct Client {
    http: HttpClient,
    facts: Value,
}

impl Client {
    fn fact(&self, name: &str) -> &str {
        self.facts[name].as_str().expect("a fact")
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: impl Into<Bytes>,
    ) -> (u16, Value) {
        let token = self.fact("access_token");
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, content_type)
            .body(Full::new(body.into()))
            .expect("a request");
        let answer = self.http.send(request, WITHIN).await.expect("an answer");
        (answer.status.as_u16(), answer.json())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, answer) = self
            .send(Method::GET, path, "application/json", String::new())
            .await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    async fn token(&self, form: &str) -> Value {
        let form_type = "application/x-www-form-urlencoded";
        let form = format!("{form}&client_id=landfall&client_secret=landfall");
        let path = "/services/oauth2/token";
        let (status, answer) = self.send(Method::POST, path, form_type, form).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    async fn query(&self, query: &str) -> Value {
        let query = query.replace(' ', "+");
        self.get(&format!("/services/data/v62.0/query?q={query}"))
            .await
    }

    /// Looks at everything that is in documents.
    async fn check(&self) {
        let account = self
            .get(&format!("{ACCOUNTS}/{}", self.fact("account")))
            .await;
        assert_eq!(account["Name"], "Acme");
        let deleted = self.fact("deleted");
        let (status, _) = self
            .send(
                Method::GET,
                &format!("{ACCOUNTS}/{deleted}"),
                "application/json",
                String::new(),
            )
            .await;
        assert_eq!(status, 404, "what is deleted stays deleted");
        let objects = "/services/data/v62.0/sobjects";
        for object in ["Berth__c", "Mast__c", "Berth_Freed__e"] {
            let described = self.get(&format!("{objects}/{object}/describe")).await;
            assert_eq!(described["name"], object);
        }
        let topics = self
            .query("SELECT Id FROM PushTopic WHERE IsActive = true")
            .await;
        assert_eq!(topics["records"][0]["Id"], self.facts["push_topic"]);
        let channels = self.query("SELECT Name FROM StreamingChannel").await;
        assert_eq!(channels["records"][0]["Name"], "/u/notes");
        let jobs = "/services/data/v62.0/jobs";
        for job in [
            format!("ingest/{}", self.fact("job")),
            format!("query/{}", self.fact("query")),
        ] {
            let job = self.get(&format!("{jobs}/{job}")).await;
            assert_eq!(job["state"], "JobComplete");
        }
        let deployment = self.fact("deployment");
        let path =
            format!("/services/data/v62.0/metadata/deployRequest/{deployment}?includeDetails=true");
        let deployed = self.get(&path).await;
        assert_eq!(deployed["deployResult"]["status"], "Succeeded");
        let refresh = self.fact("refresh_token");
        self.token(&format!("grant_type=refresh_token&refresh_token={refresh}"))
            .await;
        let password = "grant_type=password&username=admin%40landfall.test&password=landfall";
        self.token(password).await;
    }
}

/// A folder is opened, used, and opened once more with what was added.
async fn opens(folder: &Path, facts: &Value) {
    let mut numbers = Vec::new();
    for _ in 0..2 {
        let running = start(folder).await;
        let client = Client {
            http: stranger(&running),
            facts: facts.clone(),
        };
        client.check().await;
        let body = json!({"Name": "New"}).to_string();
        let (status, created) = client
            .send(Method::POST, ACCOUNTS, "application/json", body)
            .await;
        assert_eq!(status, 201, "{created}");
        numbers.push(created["id"].as_str().expect("an id").to_owned());
        drop(client);
        running.stop().await.expect("stops");
    }
    assert!(facts["account"].as_str() < numbers.first().map(String::as_str));
    assert!(numbers.is_sorted() && numbers.first() != numbers.last());
}

#[tokio::test]
async fn a_data_folder_from_before_documents_had_versions_is_opened_without_loss() {
    let (folder, facts) = left_by("v0");
    opens(folder.path(), &facts).await;
}

#[tokio::test]
async fn a_data_folder_of_the_first_version_of_documents_is_opened_without_loss() {
    let (folder, facts) = left_by("v1");
    opens(folder.path(), &facts).await;
}
