//! The control interface of developer orgs.

#![expect(
    clippy::indexing_slicing,
    reason = "a value that is not there fails the test"
)]

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use landfall_client::{Answer, HttpClient, Org};
use landfall_server::config::Data;
use landfall_server::{Environment, Server};
use serde_json::{Value, json};

use crate::common::{WITHIN, create_account, dev, get, login, start, stranger};
use crate::lifecycle::serve;

const QUERY: &str = "/services/data/v59.0/query?q=SELECT+CreatedDate+FROM+Account";

/// A time that no machine's clock shows.
const LATER: &str = "2126-03-01T12:00:00.000Z";

/// A call of the control interface.
pub(crate) async fn call(
    http: &HttpClient,
    method: &str,
    path: &str,
    body: impl Into<Bytes>,
) -> Answer {
    call_as(http, method, path, body, &[]).await
}

pub(crate) async fn call_as(
    http: &HttpClient,
    method: &str,
    path: &str,
    body: impl Into<Bytes>,
    headers: &[(&str, &str)],
) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("/_landfall/v1/{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(body.into())).expect("a request");
    http.send(request, WITHIN).await.expect("an answer")
}

/// What a call answers that succeeds.
pub(crate) async fn done(http: &HttpClient, method: &str, path: &str, body: Value) -> Value {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let answer = call(http, method, path, body).await;
    assert!(
        answer.status.is_success(),
        "{method} {path}: {}",
        answer.json()
    );
    answer.json()
}

/// The value of each parameter of a path.
const PARAMETERS: &[(&str, &str)] = &[
    ("{topic}", "%2Fdata%2FAccountChangeEvent"),
    ("{name}", "example"),
];

/// Calls that end what they name, or never end; they have tests of their own.
const ENDING: &[&str] = &[
    "endSubscriber",
    "closeOrg",
    "removeSnapshot",
    "clearRequests",
    "followEvents",
];

/// A body for each call of the document that has one to show.
fn example(id: &str) -> Option<Value> {
    match id {
        "getClock" | "getNode" | "getUsage" | "listOrgs" | "openOrg" | "listTopics"
        | "getPosition" | "listSubscribers" | "listFaults" | "clearFaults" | "removeFault"
        | "listSnapshots" | "saveSnapshot" | "getSnapshot" | "loadSnapshot" | "reset"
        | "listMistakes" | "listRequests" | "showRequest" | "listEvents" | "getEvent"
        | "countEventsByTime" | "getTopic" | "countEvents" | "listSchemas" | "listDeliveries"
        | "getDifference" | "exportRequests" => Some(Value::Null),
        "checkPushTopic" => Some(json!({ "query": "SELECT Id, Name FROM Account" })),
        "logIn" => Some(json!({})),
        "setClock" => Some(json!({ "mode": "frozen", "now": LATER })),
        "previewClock" | "advanceClock" => Some(json!({ "by": "1d12h" })),
        "settle" => Some(json!({ "timeoutMs": 1000 })),
        "expectEvents" => Some(json!({
            "channel": "/data/AccountChangeEvent",
            "match": { "payload": { "Name": "Expected" } },
        })),
        "armFault" => Some(json!({ "fault": "latency", "delay": "1ms", "method": "GET /none" })),
        _ => None,
    }
}

/// Checks a value against a schema of the document.
fn check(value: &Value, schema: &Value, at: &str) {
    match schema["type"].as_str().expect(at) {
        "object" => {
            let members = value.as_object().expect(at);
            let Some(properties) = schema["properties"].as_object() else {
                return;
            };
            for (name, value) in members {
                let schema = properties.get(name);
                let schema = schema.unwrap_or_else(|| panic!("{at}/{name} is not declared"));
                check(value, schema, &format!("{at}/{name}"));
            }
            for name in schema["required"].as_array().into_iter().flatten() {
                let name = name.as_str().expect(at);
                assert!(members.contains_key(name), "{at}/{name} is missing");
            }
        }
        "array" => {
            for item in value.as_array().expect(at) {
                check(item, &schema["items"], at);
            }
        }
        "string" => {
            let text = value.as_str().expect(at);
            if let Some(values) = schema["enum"].as_array() {
                assert!(values.contains(&json!(text)), "{at}: {text}");
            }
        }
        "integer" => assert!(value.is_i64(), "{at}: {value}"),
        "boolean" => assert!(value.is_boolean(), "{at}: {value}"),
        other => panic!("{at}: unknown type {other}"),
    }
}

#[tokio::test]
async fn every_call_of_the_document_answers_as_it_says() {
    let running = start().await;
    let http = stranger(&running);
    let document = done(&http, "GET", "openapi.json", Value::Null).await;
    assert_eq!(document["servers"][0]["url"], "/_landfall/v1");
    for (path, calls) in document["paths"].as_object().expect("paths") {
        for (method, call) in calls.as_object().expect("calls") {
            let id = call["operationId"].as_str().expect("an id");
            if ENDING.contains(&id) {
                continue;
            }
            let body = example(id).unwrap_or_else(|| panic!("{id} has no example"));
            if !body.is_null() {
                let schema = &call["requestBody"]["content"]["application/json"]["schema"];
                check(&body, schema, id);
            }
            if id == "expectEvents" {
                create_account(&login(&running).await, "Expected").await;
            }
            let mut path = path.trim_start_matches('/').to_owned();
            for (name, value) in PARAMETERS {
                path = path.replace(name, value);
            }
            if let Some(name) = path.strip_prefix("snapshots/") {
                let name = name.split('/').next().expect("a name");
                done(&http, "PUT", &format!("snapshots/{name}"), Value::Null).await;
            }
            if id == "showRequest" {
                login(&running).await;
                let newest = done(&http, "GET", "requests?limit=1", Value::Null).await;
                let number = newest["requests"][0]["number"].to_string();
                path = format!("requests/{number}");
            }
            if matches!(id, "getEvent" | "listDeliveries") {
                create_account(&login(&running).await, "Shown").await;
                let topics = done(&http, "GET", "topics", Value::Null).await;
                path = path.replace("{replayId}", &topics["tail"].to_string());
            }
            if id == "removeFault" {
                let armed = done(&http, "POST", "faults", json!({ "fault": "gap" })).await;
                path = format!("faults/{}", armed["id"].as_str().expect("an id"));
            }
            let method = method.to_ascii_uppercase();
            let answer = done(&http, &method, &path, body).await;
            let (_, response) = call["responses"]
                .as_object()
                .and_then(|responses| responses.iter().next())
                .expect("a response");
            let schema = &response["content"]["application/json"]["schema"];
            check(&answer, schema, id);
        }
    }
    let refusal = call(&http, "GET", "nothing", "").await;
    let schema = &document["components"]["schemas"]["ErrorResponse"];
    check(&refusal.json(), schema, "an error");
    drop(http);
    running.stop().await.expect("stops");
}

async fn created_dates(org: &Org) -> Vec<String> {
    let answer = org.call(Method::GET, QUERY, None).await.expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.json());
    let answer = answer.json();
    let records = answer["records"].as_array().expect("records").iter();
    let dates = records.map(|record| record["CreatedDate"].as_str().expect("a date").to_owned());
    dates.collect()
}

#[tokio::test]
async fn the_clock_governs_dates_logins_and_retention() {
    let running = start().await;
    let http = stranger(&running);
    let set = json!({ "mode": "frozen", "now": LATER });
    let reading = done(&http, "PUT", "clock", set).await;
    assert_eq!(
        (&reading["mode"], &reading["now"]),
        (&json!("frozen"), &json!(LATER))
    );
    let org = login(&running).await;
    create_account(&org, "Of the future").await;
    assert_eq!(created_dates(&org).await, ["2126-03-01T12:00:00.000+0000"]);
    let engine = running
        .orgs()
        .engine(running.first_org().expect("an org"))
        .expect("open");
    assert!(engine.log().bounds().earliest.is_some());
    let preview = done(&http, "POST", "clock/preview", json!({ "by": "73h" })).await;
    assert!(
        preview["events"].as_u64().is_some_and(|events| events > 0),
        "{preview}"
    );
    assert!(
        preview["logins"].as_u64().is_some_and(|logins| logins > 0),
        "{preview}"
    );
    let short = done(&http, "POST", "clock/preview", json!({ "by": "1s" })).await;
    assert_eq!(
        (&short["events"], &short["logins"]),
        (&json!(0), &json!(0)),
        "{short}"
    );
    let reading = done(&http, "POST", "clock/advance", json!({ "by": "73h" })).await;
    assert_eq!(reading["now"], "2126-03-04T13:00:00.000Z");
    // When the call is answered, the login has expired and the event is past its retention.
    let refused = org.call(Method::GET, QUERY, None).await;
    assert_eq!(refused.expect("an answer").status, 401);
    assert_eq!(engine.log().bounds().earliest, None);
    let resumed = done(&http, "PUT", "clock", json!({ "mode": "running" })).await;
    assert_eq!(resumed["mode"], "running");
    assert!(resumed["now"].as_str().expect("a time") >= "2126-03-04T13:00:00.000Z");
    drop((http, org, engine));
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn each_org_has_a_clock_of_its_own() {
    let running = start().await;
    let config = dev(Data::Ephemeral);
    let second = running.orgs().open(&config, Environment::default()).await;
    let second = second.expect("opened");
    let http = stranger(&running);
    let token = format!("Bearer {}!secret", second.short());
    let as_second = [("authorization", token.as_str())];
    let set = json!({ "mode": "frozen", "now": LATER }).to_string();
    let answer = call_as(&http, "PUT", "clock", set, &as_second).await;
    assert_eq!(answer.json()["now"], LATER);
    // Without a token, the first org answers.
    let first = done(&http, "GET", "clock", Value::Null).await;
    assert_eq!(first["mode"], "running");
    running.orgs().close(second).await.expect("closes");
    let gone = call_as(&http, "GET", "clock", "", &as_second).await;
    assert_eq!(gone.status, 404);
    assert_eq!(gone.json()["error"]["code"], "org-not-found");
    drop(http);
    running.stop().await.expect("stops");
}

/// Calls that are refused: method, path, body, status and code.
const BAD: &[(&str, &str, &str, u16, &str)] = &[
    ("PUT", "clock", "", 400, "invalid"),
    ("PUT", "clock", "{", 400, "invalid"),
    ("PUT", "clock", "[]", 400, "invalid"),
    ("PUT", "clock", "\u{0}", 400, "invalid"),
    ("PUT", "clock", r#"{"mode":"stopped"}"#, 400, "invalid"),
    ("PUT", "clock", r#"{"mode":null}"#, 400, "invalid"),
    (
        "PUT",
        "clock",
        r#"{"mode":"running","mode":"frozen"}"#,
        400,
        "invalid",
    ),
    (
        "PUT",
        "clock",
        r#"{"mode":"running","then":1}"#,
        400,
        "invalid",
    ),
    (
        "PUT",
        "clock",
        r#"{"mode":"running","now":"soon"}"#,
        400,
        "invalid",
    ),
    ("PUT", "clock", r#"{"now":5}"#, 400, "invalid"),
    (
        "PUT",
        "clock",
        r#"{"now":"4001-01-01T00:00:00Z"}"#,
        400,
        "invalid",
    ),
    (
        "PUT",
        "clock",
        r#"{"mode":"running","now":"2126-03-01T11:59:59Z"}"#,
        409,
        "clock-backwards",
    ),
    ("POST", "clock/advance", "", 400, "invalid"),
    ("POST", "clock/advance", "{}", 400, "invalid"),
    ("POST", "clock/advance", r#"{"by":73}"#, 400, "invalid"),
    ("POST", "clock/advance", r#"{"by":"73"}"#, 400, "invalid"),
    ("POST", "clock/advance", r#"{"by":"-1h"}"#, 400, "invalid"),
    (
        "POST",
        "clock/advance",
        r#"{"by":"9999999d"}"#,
        400,
        "invalid",
    ),
    ("POST", "clock/advance?by=1h", "", 400, "invalid"),
    ("POST", "clock/preview", r#"{"by":"73"}"#, 400, "invalid"),
    (
        "POST",
        "clock/preview",
        r#"{"by":"999999d"}"#,
        400,
        "invalid",
    ),
    ("GET", "clock/preview", "", 405, "method-not-allowed"),
    ("GET", "events?filter=fild:x", "", 400, "invalid"),
    ("GET", "events?filter=(a", "", 400, "invalid"),
    ("GET", "events?filter=type%3Ex", "", 400, "invalid"),
    ("GET", "events?filter=before:soon", "", 400, "invalid"),
    ("GET", "events?filter=replay:x", "", 400, "invalid"),
    (
        "GET",
        "events/histogram?filter=topic:/data/Nothing",
        "",
        404,
        "channel-not-found",
    ),
    ("GET", "stream?filter=a%20OR", "", 400, "invalid"),
    ("GET", "clock?at=now", "", 400, "invalid"),
    ("GET", "clock", "{}", 400, "invalid"),
    ("GET", "events?limit=0", "", 400, "invalid"),
    ("GET", "events?limit=501", "", 400, "invalid"),
    ("GET", "events?to=-1", "", 400, "invalid"),
    ("GET", "events?from=9007199254740992", "", 400, "invalid"),
    ("GET", "events?type=CREATE,", "", 400, "invalid"),
    ("GET", "events?fild=Name", "", 400, "invalid"),
    (
        "GET",
        "events?topic=/data/NoneChangeEvent",
        "",
        404,
        "channel-not-found",
    ),
    ("GET", "events/1", "", 404, "event-not-found"),
    ("GET", "events/x", "", 400, "invalid"),
    ("GET", "stream?after=x", "", 400, "invalid"),
    ("POST", "stream", "", 405, "method-not-allowed"),
    ("POST", "logins", r#"{"org":"x"}"#, 404, "org-not-found"),
    ("POST", "faults", "{}", 400, "invalid"),
    ("POST", "faults", r#"{"fault":"flood"}"#, 400, "invalid"),
    (
        "POST",
        "faults",
        r#"{"fault":"gap","next":0}"#,
        400,
        "invalid",
    ),
    (
        "POST",
        "faults",
        r#"{"fault":"gap","next":-1}"#,
        400,
        "invalid",
    ),
    (
        "POST",
        "faults",
        r#"{"fault":"gap","next":"1"}"#,
        400,
        "invalid",
    ),
    (
        "POST",
        "faults",
        r#"{"fault":"gap","every":0}"#,
        400,
        "invalid",
    ),
    (
        "POST",
        "faults",
        r#"{"fault":"gap","after":-1}"#,
        400,
        "invalid",
    ),
    (
        "POST",
        "faults",
        r#"{"fault":"gap","topic":" "}"#,
        400,
        "invalid",
    ),
    (
        "POST",
        "faults",
        r#"{"fault":"gap","client":"c"}"#,
        400,
        "invalid",
    ),
    (
        "POST",
        "faults",
        r#"{"fault":"request-limit","user":"u"}"#,
        400,
        "invalid",
    ),
    (
        "POST",
        "faults",
        r#"{"fault":"gap","delay":"1s"}"#,
        400,
        "invalid",
    ),
    ("POST", "faults", r#"{"fault":"latency"}"#, 400, "invalid"),
    (
        "POST",
        "faults",
        r#"{"fault":"latency","delay":"11m"}"#,
        400,
        "invalid",
    ),
    (
        "POST",
        "faults",
        r#"{"fault":"gap","from":"2126-03-01T12:00:00Z","to":"2126-03-01T12:00:00Z"}"#,
        400,
        "invalid",
    ),
    ("PUT", "faults", "", 405, "method-not-allowed"),
    ("DELETE", "faults/1", "", 404, "fault-not-found"),
    ("DELETE", "faults/x", "", 404, "fault-not-found"),
    ("DELETE", "clock", "", 405, "method-not-allowed"),
    ("GET", "clock/advance", "", 405, "method-not-allowed"),
    ("POST", "openapi.json", "", 404, "not-found"),
    (
        "GET",
        "topics/%2Fdata%2FaccountChangeEvent/position",
        "",
        404,
        "channel-not-found",
    ),
    (
        "GET",
        "topics/%2Fdata%2FAccountChangeEvent/position?at=now",
        "",
        400,
        "invalid",
    ),
    (
        "DELETE",
        "subscribers/nobody",
        "",
        404,
        "subscriber-not-found",
    ),
    ("POST", "settle", r#"{"timeoutMs":60001}"#, 400, "invalid"),
    ("POST", "settle", r#"{"timeoutMs":1.5}"#, 400, "invalid"),
    ("POST", "expect", "", 400, "invalid"),
    (
        "POST",
        "expect",
        r#"{"channel":"/data/NothingChangeEvent"}"#,
        404,
        "channel-not-found",
    ),
    (
        "POST",
        "expect",
        r#"{"channel":"/data/ChangeEvents"}"#,
        400,
        "invalid",
    ),
    (
        "POST",
        "expect",
        r#"{"channel":"/data/AccountChangeEvent","match":"x"}"#,
        400,
        "invalid",
    ),
    (
        "POST",
        "expect",
        r#"{"channel":"/data/AccountChangeEvent","count":0}"#,
        400,
        "invalid",
    ),
    (
        "POST",
        "expect",
        r#"{"channel":"/data/AccountChangeEvent","after":-1}"#,
        400,
        "invalid",
    ),
    (
        "POST",
        "expect",
        r#"{"channel":"/data/AccountChangeEvent","timeoutMs":20}"#,
        408,
        "not-met",
    ),
    ("DELETE", "orgs", "", 405, "method-not-allowed"),
    ("POST", "orgs", "{}", 400, "invalid"),
    ("DELETE", "orgs/landfall", "", 404, "org-not-found"),
    ("DELETE", "orgs/..%2Forgs", "", 404, "org-not-found"),
    (
        "DELETE",
        "orgs/00D000000000000AAA",
        "",
        404,
        "org-not-found",
    ),
    ("GET", "clocks", "", 404, "not-found"),
    ("GET", "", "", 404, "not-found"),
    ("POST", "faults", r#"{"fault":"refuse"}"#, 400, "invalid"),
    (
        "POST",
        "faults",
        r#"{"fault":"refuse","delay":"11m"}"#,
        400,
        "invalid",
    ),
    (
        "POST",
        "faults",
        r#"{"fault":"refuse","delay":"1s","topic":"/event/A__e"}"#,
        400,
        "invalid",
    ),
    (
        "POST",
        "faults",
        r#"{"fault":"slow-commit"}"#,
        400,
        "invalid",
    ),
    (
        "POST",
        "faults",
        r#"{"fault":"trim","delay":"1s"}"#,
        400,
        "invalid",
    ),
    (
        "POST",
        "faults",
        r#"{"fault":"stamp","bytes":1}"#,
        400,
        "invalid",
    ),
    (
        "POST",
        "faults",
        r#"{"fault":"schema-change","user":"admin@landfall.test"}"#,
        400,
        "invalid",
    ),
    ("GET", "har?api=none", "", 400, "invalid"),
    ("GET", "har?limit=0", "", 400, "invalid"),
    (
        "GET",
        "snapshots/none/difference",
        "",
        404,
        "snapshot-not-found",
    ),
    (
        "PUT",
        "snapshots/none/difference",
        "",
        405,
        "method-not-allowed",
    ),
];

#[tokio::test]
async fn bad_input_gets_an_error_and_changes_nothing() {
    let running = start().await;
    let http = stranger(&running);
    let set = json!({ "mode": "frozen", "now": LATER });
    let before = done(&http, "PUT", "clock", set).await;
    for (method, path, body, status, code) in BAD {
        let answer = call(&http, method, path, *body).await;
        let of = format!("{method} {path} {body}");
        assert_eq!(answer.status, *status, "{of}");
        assert_eq!(answer.json()["error"]["code"], *code, "{of}");
        assert!(answer.json()["error"]["message"].is_string(), "{of}");
    }
    let large = call(&http, "PUT", "clock", vec![b' '; 64 * 1024 + 1]).await;
    assert_eq!(large.status, 413);
    let methods = call(&http, "DELETE", "clock", "").await;
    assert_eq!(methods.headers["allow"], "GET, PUT");
    let none = done(&http, "GET", "faults", Value::Null).await;
    assert_eq!(none, json!({ "faults": [] }));
    let orgs = done(&http, "GET", "orgs", Value::Null).await;
    assert_eq!(orgs["orgs"].as_array().map(Vec::len), Some(1));
    let changed = done(&http, "GET", "snapshots/seed/difference", Value::Null).await;
    assert_eq!(changed["objects"], json!([]));
    assert_eq!(changed["eventsAdded"]["count"], 0);
    let after = done(&http, "GET", "clock", Value::Null).await;
    assert_eq!(before["now"], after["now"]);
    assert_eq!(before["mode"], after["mode"]);
    drop(http);
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn pages_of_other_websites_control_nothing() {
    let running = start().await;
    let http = stranger(&running);
    for header in [("origin", "https://evil.example"), ("origin", "null")] {
        let body = r#"{"mode":"frozen"}"#;
        let refused = call_as(&http, "PUT", "clock", body, &[header]).await;
        assert_eq!(refused.status, 403, "{header:?}");
    }
    let reading = done(&http, "GET", "clock", Value::Null).await;
    assert_eq!(reading["mode"], "running");
    drop(http);
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn a_production_node_has_no_control_interface() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = serve(folder.path(), true);
    let running = Server::start(config).await.expect("starts");
    let http = stranger(&running);
    for (method, path, body) in [
        ("GET", "openapi.json", ""),
        ("GET", "clock", ""),
        ("PUT", "clock", r#"{"mode":"frozen"}"#),
        ("POST", "clock/advance", r#"{"by":"73h"}"#),
        ("GET", "topics", ""),
        ("GET", "subscribers", ""),
        ("DELETE", "subscribers/nobody", ""),
        ("POST", "settle", ""),
        (
            "POST",
            "expect",
            r#"{"channel":"/data/AccountChangeEvent"}"#,
        ),
        ("GET", "faults", ""),
        ("POST", "faults", r#"{"fault":"gap"}"#),
        ("DELETE", "faults", ""),
    ] {
        let answer = call(&http, method, path, body).await;
        assert_eq!(answer.status, 404, "{method} {path}");
    }
    let ready = get(&http, "/readyz").await;
    assert_eq!(ready.status, 200);
    drop(http);
    running.stop().await.expect("stops");
}
