//! Orgs that tests open in a running process.

#![expect(
    clippy::indexing_slicing,
    reason = "a value that is not there fails the test"
)]

use std::collections::BTreeSet;
use std::path::PathBuf;

use http::Method;
use landfall_client::{Grant, HttpClient, Org, Trust};
use landfall_model::RecordId;
use landfall_model::limits::CONTROL_ORGS_MAX;
use landfall_server::{Error, Running};
use serde_json::{Value, json};

use crate::common::{bayeux, create_account, login, start, stranger};
use crate::control::{call, call_as, done};

const QUERY: &str = "/services/data/v59.0/query?q=SELECT+Name+FROM+Account";

async fn opened(http: &HttpClient) -> Value {
    done(http, "POST", "orgs", Value::Null).await
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().expect(name)
}

fn id_of(org: &Value) -> RecordId {
    RecordId::parse(text(org, "id")).expect("an id")
}

async fn login_with(org: &Value, grant: &Grant) -> Org {
    let target = text(org, "instanceUrl").parse().expect("an address");
    let login = Org::login(target, &Trust::nobody(), grant).await;
    login.expect("the login succeeds")
}

/// A login with the credentials of an answer, all of them.
async fn login_to(org: &Value) -> Org {
    let grant = Grant::Password {
        username: text(org, "username").to_owned(),
        password: text(org, "password").to_owned(),
        client_id: text(org, "clientId").to_owned(),
        client_secret: text(org, "clientSecret").to_owned(),
    };
    login_with(org, &grant).await
}

/// Whether a login or an access token is of an org.
fn is_of(token: &str, org: &Value) -> bool {
    token.starts_with(&text(org, "id")[..15])
}

async fn names(org: &Org) -> Vec<String> {
    let answer = org.call(Method::GET, QUERY, None).await.expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.json());
    let answer = answer.json();
    let records = answer["records"].as_array().expect("records").iter();
    let names = records.map(|record| text(record, "Name").to_owned());
    names.collect()
}

async fn close(http: &HttpClient, org: &Value) {
    let path = format!("orgs/{}", text(org, "id"));
    let closed = call(http, "DELETE", &path, "").await;
    assert_eq!(closed.status, 204, "{}", closed.json());
}

#[tokio::test]
async fn the_credentials_of_an_opened_org_lead_to_it_and_end_with_it() {
    let running = start().await;
    let http = stranger(&running);
    let org = opened(&http).await;
    let login = login_to(&org).await;
    assert!(is_of(login.access_token().expose(), &org));
    assert!(is_of(text(&org, "accessToken"), &org));
    let by_app = Grant::ClientCredentials {
        client_id: text(&org, "clientId").to_owned(),
        client_secret: text(&org, "clientSecret").to_owned(),
    };
    let by_app = login_with(&org, &by_app).await;
    assert!(is_of(by_app.access_token().expose(), &org));
    create_account(&login, "Of the second").await;
    let first = crate::common::login(&running).await;
    assert!(names(&first).await.is_empty());
    let listed = done(&http, "GET", "orgs", Value::Null).await;
    let listed = listed["orgs"].as_array().expect("orgs").clone();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[1]["username"], org["username"]);
    let folder = running.orgs().folder(id_of(&org)).expect("open");
    assert!(folder.exists());
    close(&http, &org).await;
    assert!(!folder.exists(), "its files are removed");
    let refused = login.call(Method::GET, QUERY, None).await;
    assert_eq!(refused.expect("an answer").status, 401);
    let token = format!("Bearer {}", text(&org, "accessToken"));
    let clock = call_as(&http, "GET", "clock", "", &[("authorization", &token)]).await;
    assert_eq!(clock.status, 404);
    let path = format!("orgs/{}", text(&org, "id"));
    let again = call(&http, "DELETE", &path, "").await;
    assert_eq!(again.json()["error"]["code"], "org-not-found");
    drop((http, login, by_app, first));
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn the_org_of_the_process_is_not_closed() {
    let running = start().await;
    let http = stranger(&running);
    let path = format!("orgs/{}", running.first_org().expect("an org"));
    let refused = call(&http, "DELETE", &path, "").await;
    assert_eq!(refused.status, 409);
    assert_eq!(refused.json()["error"]["code"], "first-org");
    let first = login(&running).await;
    assert!(names(&first).await.is_empty());
    drop((http, first));
    running.stop().await.expect("stops");
}

/// Creates accounts in an org and returns what a subscriber of it has received.
async fn used(org: Value, number: usize) -> BTreeSet<String> {
    let login = login_to(&org).await;
    let handshake = r#"[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]"#;
    let answer = bayeux(&login, handshake).await;
    let client = text(&answer[0], "clientId").to_owned();
    let subscribe = json!([{
        "channel": "/meta/subscribe", "clientId": client, "subscription": "/data/AccountChangeEvent",
    }]);
    let answer = bayeux(&login, &subscribe.to_string()).await;
    assert_eq!(answer[0]["successful"], true, "{answer}");
    for record in 0..2 {
        create_account(&login, &format!("{number}-{record}")).await;
    }
    let connect = json!([{
        "channel": "/meta/connect", "clientId": client, "connectionType": "long-polling",
    }]);
    let mut received = BTreeSet::new();
    while received.len() < 2 {
        let answer = bayeux(&login, &connect.to_string()).await;
        for message in answer.as_array().expect("messages") {
            if message["channel"] == "/data/AccountChangeEvent" {
                received.insert(text(&message["data"]["payload"], "Name").to_owned());
            }
        }
    }
    let names: BTreeSet<String> = names(&login).await.into_iter().collect();
    assert_eq!(names, received);
    received
}

/// Freezes the clock of an org at a time of its own.
async fn freeze(http: &HttpClient, org: &Value, year: usize) {
    let token = format!("Bearer {}", text(org, "accessToken"));
    let body = json!({ "mode": "frozen", "now": format!("{year}-01-01T00:00:00.000Z") });
    let headers = [("authorization", token.as_str())];
    let answer = call_as(http, "PUT", "clock", body.to_string(), &headers).await;
    assert_eq!(answer.json()["now"], body["now"]);
}

async fn frozen_at(http: &HttpClient, org: &Value) -> String {
    let token = format!("Bearer {}", text(org, "accessToken"));
    let headers = [("authorization", token.as_str())];
    let answer = call_as(http, "GET", "clock", "", &headers).await;
    text(&answer.json(), "now")[..4].to_owned()
}

fn folders(running: &Running, orgs: &[Value]) -> Vec<PathBuf> {
    let folder = |org| running.orgs().folder(id_of(org)).expect("open");
    orgs.iter().map(folder).collect()
}

/// Opens as many orgs as are allowed besides the first one: over a hundred.
async fn opened_all(http: &HttpClient) -> Vec<Value> {
    let mut orgs = Vec::new();
    for _ in 1..CONTROL_ORGS_MAX {
        orgs.push(opened(http).await);
    }
    let ids: BTreeSet<&str> = orgs.iter().map(|org| text(org, "id")).collect();
    assert!(ids.len() > 100);
    let refused = call(http, "POST", "orgs", "").await;
    assert_eq!(refused.status, 409);
    assert_eq!(refused.json()["error"]["code"], "too-many-orgs");
    if let Some(closed) = orgs.pop() {
        close(http, &closed).await;
    }
    orgs.push(opened(http).await);
    orgs
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_orgs_do_not_see_each_other_and_leave_nothing() {
    let running = start().await;
    let http = stranger(&running);
    let orgs = opened_all(&http).await;
    let mut uses = tokio::task::JoinSet::new();
    for (number, org) in orgs.iter().cloned().enumerate() {
        uses.spawn(async move { (number, used(org, number).await) });
    }
    while let Some(used) = uses.join_next().await {
        let (number, received) = used.expect("no org sees another");
        let expected = [format!("{number}-0"), format!("{number}-1")];
        assert_eq!(received, BTreeSet::from(expected));
    }
    for (number, org) in orgs.iter().enumerate() {
        freeze(&http, org, 2100 + number).await;
    }
    for (number, org) in orgs.iter().enumerate() {
        assert_eq!(frozen_at(&http, org).await, (2100 + number).to_string());
    }
    let reading = done(&http, "GET", "clock", Value::Null).await;
    assert_eq!(reading["mode"], "running");
    let folders = folders(&running, &orgs);
    for org in &orgs[1..] {
        close(&http, org).await;
    }
    assert_eq!(running.orgs().list().len(), 2);
    drop(http);
    let orgs = running.orgs().clone();
    running.stop().await.expect("stops");
    let left: Vec<_> = folders.iter().filter(|folder| folder.exists()).collect();
    assert!(left.is_empty(), "{left:?}");
    // Nothing is opened in a process that has stopped.
    let config = crate::common::dev(landfall_server::config::Data::Ephemeral);
    let opened = orgs.open(&config, landfall_server::Environment::default());
    assert!(matches!(opened.await, Err(Error::Stopping)));
}

#[tokio::test]
async fn the_orgs_of_a_process_begin_alike_and_each_is_its_own() {
    const OF_ITSELF: &str = "/services/data/v59.0/query?q=SELECT+Id,Name+FROM+Organization";
    const PROFILES: &str = "/services/data/v59.0/query?q=SELECT+Id,Name+FROM+Profile+ORDER+BY+Id";
    let running = start().await;
    let http = stranger(&running);
    // The second is begun as the others are that the process opens, those after it from what it has begun with.
    let opened = [
        opened(&http).await,
        opened(&http).await,
        opened(&http).await,
    ];
    let first = login(&running).await;
    let profiles = read(&first, PROFILES).await;
    for org in &opened {
        let client = login_to(org).await;
        let itself = read(&client, OF_ITSELF).await;
        assert_eq!(itself["totalSize"], 1, "{itself}");
        assert_eq!(itself["records"][0]["Id"], org["id"]);
        assert_eq!(
            read(&client, PROFILES).await["records"],
            profiles["records"]
        );
        let token = format!("Bearer {}", text(org, "accessToken"));
        let headers = [("authorization", token.as_str())];
        create_account(&client, "Gone").await;
        let reset = call_as(&http, "POST", "reset", "", &headers).await;
        assert_eq!(reset.status, 200, "{}", reset.json());
        assert_eq!(names(&client).await, [""; 0]);
        assert_eq!(read(&client, OF_ITSELF).await, itself);
    }
    running.stop().await.expect("stops");
}

async fn read(org: &Org, path: &str) -> Value {
    let answer = org.call(Method::GET, path, None).await.expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.json());
    answer.json()
}
