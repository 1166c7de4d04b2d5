//! The listener for operators of a production node: off unless it is configured, with a token, and without anything that
//! changes or removes what is stored.

#![expect(
    clippy::indexing_slicing,
    reason = "a value that is not there fails the test"
)]

use std::collections::BTreeSet;
use std::path::Path;

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::Full;
use landfall_client::{Answer, Grant, HttpClient, Org, Trust};
use landfall_server::config::{Operations, Secret};
use landfall_server::{Config, Running, Server};
use serde_json::Value;

use crate::common::{WITHIN, create_account, stranger};
use crate::lifecycle::serve;

const TOKEN: &str = "operators-token-0001";

const BASE: &str = "/_landfall/v1";

/// The calls that a production node answers operators.
const SAFE: &[&str] = &[
    "countEvents",
    "countEventsByTime",
    "endSubscriber",
    "followEvents",
    "getEvent",
    "getNode",
    "getPosition",
    "getSnapshot",
    "getTopic",
    "getUsage",
    "listDeliveries",
    "listEvents",
    "listSchemas",
    "listSnapshots",
    "listSubscribers",
    "listTopics",
    "saveSnapshot",
];

async fn start(folder: &Path) -> Running {
    let operations = Operations {
        listen: "127.0.0.1:0".parse().expect("an address"),
        token: Secret::new(TOKEN.to_owned()),
    };
    let config = Config {
        operations: Some(operations),
        capture_all: true,
        ..serve(folder, true)
    };
    Server::start(config).await.expect("starts")
}

fn operator(running: &Running) -> HttpClient {
    let address = running.operations_addr().expect("it is configured");
    let target = format!("http://{address}").parse().expect("an address");
    HttpClient::new(target, &Trust::nobody()).expect("no TLS, no trouble")
}

async fn send(http: &HttpClient, method: &str, path: &str, token: Option<&str>) -> Answer {
    let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
    let mut request = Request::builder().method(method).uri(path);
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, token);
    }
    let request = request.body(Full::<Bytes>::default()).expect("a request");
    http.send(request, WITHIN).await.expect("an answer")
}

async fn asked(http: &HttpClient, method: &str, path: &str) -> Value {
    let token = format!("Bearer {TOKEN}");
    let answer = send(http, method, &format!("{BASE}/{path}"), Some(&token)).await;
    assert!(answer.status.is_success(), "{path}: {}", answer.json());
    answer.json()
}

/// Every call of the whole interface: its id, method, and path with values for its parameters.
fn calls() -> Vec<(String, String, String)> {
    let document: Value = serde_json::from_str(&landfall_control::document().json()).expect("JSON");
    let paths = document["paths"].as_object().expect("paths");
    let mut all = Vec::new();
    for (path, calls) in paths {
        let path = path
            .replace("{topic}", "%2Fdata%2FAccountChangeEvent")
            .replace(['{', '}'], "");
        for (method, call) in calls.as_object().expect("calls") {
            if let Some(id) = call["operationId"].as_str() {
                all.push((id.to_owned(), method.clone(), format!("{BASE}{path}")));
            }
        }
    }
    assert!(all.len() > 30, "{}", all.len());
    all
}

#[tokio::test]
async fn operators_look_after_a_production_node_with_a_token() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start(folder.path()).await;
    let http = operator(&running);
    let app = Grant::ClientCredentials {
        client_id: "landfall".to_owned(),
        client_secret: "a-secret-of-24-letters-00".to_owned(),
    };
    let target = running.url().parse().expect("an address");
    let org = Org::login(target, &Trust::nobody(), &app).await;
    create_account(&org.expect("the login succeeds"), "Acme").await;

    assert_eq!(
        asked(&http, "GET", "subscribers").await["subscribers"],
        Value::Array(Vec::new())
    );
    let usage = asked(&http, "GET", "usage").await;
    let allocations = usage["allocations"].as_array().expect("a list");
    let requests = allocations
        .iter()
        .find(|one| one["name"] == "requestsDaily");
    assert!(
        requests.is_some_and(|one| one["used"].as_u64() > Some(0)),
        "{usage}"
    );
    assert_eq!(
        usage["topics"][0]["topic"], "/data/AccountChangeEvent",
        "{usage}"
    );
    let events = asked(&http, "GET", "events").await;
    assert_eq!(events["events"].as_array().expect("a list").len(), 1);

    let saved = asked(&http, "PUT", "snapshots/nightly").await;
    assert_eq!(saved["records"][0]["count"], 1, "{saved}");
    assert_eq!(
        asked(&http, "GET", "snapshots").await["snapshots"][0]["name"],
        "nightly"
    );
    // What was saved is a data folder.
    let backup = folder.path().join("org/snapshots/nightly.db");
    let restored = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(restored.path().join("org")).expect("made");
    std::fs::copy(backup, restored.path().join("org/landfall.db")).expect("copied");
    running.stop().await.expect("stops");
    let running = start(restored.path()).await;
    let events = asked(&operator(&running), "GET", "events").await;
    assert_eq!(events["events"].as_array().expect("a list").len(), 1);
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn without_the_token_operators_get_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start(folder.path()).await;
    let http = operator(&running);
    let wrong = [
        "",
        TOKEN,
        "Basic operators-token-0001",
        "Bearer operators-token-0002",
        "Bearer operators-token",
    ];
    let tokens = wrong.map(Some).into_iter().chain([None]);
    for token in tokens {
        for path in [
            "/",
            "/healthz",
            "/_landfall/v1/node",
            "/_landfall/v1/openapi.json",
            "/_landfall/v1/none",
        ] {
            let answer = send(&http, "GET", path, token).await;
            assert_eq!(answer.status, 401, "{path} with {token:?}");
            assert_eq!(answer.json()["error"]["code"], "unauthorized");
            assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer");
        }
    }
    let saved = send(&http, "PUT", "/_landfall/v1/snapshots/mine", None).await;
    assert_eq!(saved.status, 401);
    assert!(!folder.path().join("org/snapshots/mine.db").exists());
    // A page of another origin gets nothing, also with the token, and no answer says that it may read one.
    let request = Request::get("/_landfall/v1/node")
        .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
        .header(header::ORIGIN, "https://example.com");
    let request = request.body(Full::<Bytes>::default()).expect("a request");
    let answer = http.send(request, WITHIN).await.expect("an answer");
    assert_eq!(answer.status, 403);
    assert!(
        !answer
            .headers
            .contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN)
    );
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn no_listener_of_a_production_node_has_a_call_for_tests() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start(folder.path()).await;
    let (http, clients) = (operator(&running), stranger(&running));
    let token = format!("Bearer {TOKEN}");
    let known: BTreeSet<String> = calls().into_iter().map(|(id, ..)| id).collect();
    assert!(SAFE.iter().all(|id| known.contains(*id)));
    for (id, method, path) in calls() {
        if !SAFE.contains(&id.as_str()) {
            let answer = send(&http, &method, &path, Some(&token)).await;
            let status = answer.status.as_u16();
            assert!(
                [404, 405].contains(&status),
                "{id}: {status} {}",
                answer.json()
            );
        }
        // Where clients are, there is none at all, whatever they show.
        let answer = send(&clients, &method, &path, Some(&token)).await;
        let status = answer.status.as_u16();
        assert!([401, 404].contains(&status), "{id}: {status}");
    }
    // Nor has the listener for operators anything that clients have.
    for path in [
        "/services/data",
        "/cometd/59.0",
        "/services/oauth2/token",
        "/console",
        "/metrics",
        "/healthz",
    ] {
        assert_eq!(
            send(&http, "GET", path, Some(&token)).await.status,
            404,
            "{path}"
        );
    }
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn a_production_node_has_no_listener_for_operators_unless_it_is_configured() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = Server::start(serve(folder.path(), true)).await;
    let running = running.expect("starts");
    assert_eq!(running.operations_addr(), None);
    running.stop().await.expect("stops");
}
