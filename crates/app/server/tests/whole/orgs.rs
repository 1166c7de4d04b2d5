//! Several orgs in one process.

#![expect(
    clippy::indexing_slicing,
    reason = "a value that is not there fails the test"
)]

use std::path::Path;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{Method, Request};
use http_body_util::Full;
use landfall_auth::{Client, NewUser};
use landfall_client::streaming::{Replay, Streaming, Update};
use landfall_client::{Answer, Grant, HttpClient, Org, Trust};
use landfall_model::RecordId;
use landfall_server::config::Data;
use landfall_server::{Environment, Error, Running};
use serde_json::{Value, json};

use crate::common::{WITHIN, create_account, dev, login, start, stranger};

const QUERY: &str = "/services/data/v59.0/query?q=SELECT+Id,Name+FROM+Account";
const PASSWORD: &str = "secret-of-the-second";

/// Opens one more org in a folder, with a user that no other org has.
async fn second(running: &Running, folder: &Path) -> RecordId {
    let config = dev(Data::Folder(folder.to_owned()));
    let opened = running.orgs().open(&config, Environment::default()).await;
    let org = opened.expect("opened");
    let auth = running.orgs().auth(org).expect("open");
    let profile = auth.engine().org().administrators;
    let user = NewUser {
        username: "second@landfall.test",
        password: PASSWORD,
        last_name: "Second",
        alias: "second",
        profile,
    };
    auth.create_user(&user).await.expect("a user");
    org
}

async fn login_second(running: &Running) -> Org {
    let grant = Grant::Password {
        username: "second@landfall.test".to_owned(),
        password: PASSWORD.to_owned(),
        client_id: "landfall".to_owned(),
        client_secret: "landfall".to_owned(),
    };
    let target = running.url().parse().expect("an address");
    let login = Org::login(target, &Trust::nobody(), &grant).await;
    login.expect("the user name says which org it is")
}

async fn names(org: &Org) -> Vec<String> {
    let answer = org.call(Method::GET, QUERY, None).await.expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.json());
    let records = answer.json()["records"].clone();
    let records = records.as_array().cloned().unwrap_or_default();
    let name = |record: &Value| record["Name"].as_str().map(str::to_owned);
    records.iter().filter_map(name).collect()
}

#[tokio::test]
async fn a_token_names_the_org_of_a_request() {
    let (running, folder) = (start().await, tempfile::tempdir().expect("a folder"));
    let first = login(&running).await;
    let id = second(&running, folder.path()).await;
    assert_eq!(running.orgs().list().len(), 2);
    let other = login_second(&running).await;
    // The same numbers in both: only the org distinguishes the records.
    let ids = [
        create_account(&first, "Of the first").await,
        create_account(&other, "Of the second").await,
    ];
    assert_eq!(ids[0], ids[1]);
    assert_eq!(names(&first).await, ["Of the first"]);
    assert_eq!(names(&other).await, ["Of the second"]);
    // A login that came before the second org goes on, and the first org's user is still found by name.
    assert_eq!(names(&login(&running).await).await, ["Of the first"]);
    running.orgs().close(id).await.expect("closes");
    let refused = other.call(Method::GET, QUERY, None).await;
    let refused = refused.expect("an answer");
    assert_eq!(refused.status, 401);
    assert_eq!(refused.json()[0]["errorCode"], "INVALID_SESSION_ID");
    drop((first, other));
    running.stop().await.expect("stops");
}

/// A POST of a form.
async fn post(http: &HttpClient, path: &str, form: &str) -> Answer {
    let request = Request::post(path)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Full::<Bytes>::from(form.to_owned()));
    let request = request.expect("a request");
    http.send(request, WITHIN).await.expect("an answer")
}

/// Whose login an answer of the token endpoint is.
fn org_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.json());
    let token = answer.json()["access_token"].clone();
    let token = token.as_str().expect("a token");
    token.split('!').next().expect("an org").to_owned()
}

/// The value of a hidden field of a page.
fn hidden<'p>(page: &'p str, name: &str) -> &'p str {
    let field = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.split_once(&field).expect(page);
    rest.split('"').next().expect("a value")
}

const TOKEN: &str = "/services/oauth2/token";

#[tokio::test]
async fn a_login_by_pages_and_codes_stays_in_the_org_of_its_user() {
    let (running, folder) = (start().await, tempfile::tempdir().expect("a folder"));
    let id = second(&running, folder.path()).await;
    let http = stranger(&running);
    let asking = "/services/oauth2/authorize?response_type=code&client_id=PlatformCLI\
                  &redirect_uri=http%3A%2F%2Flocalhost%3A1717%2FOauthRedirect&scope=api+refresh_token";
    let user = format!("username=second%40landfall.test&password={PASSWORD}");
    let consent = post(&http, asking, &user).await;
    let page = String::from_utf8(consent.body.to_vec()).expect("a page");
    let allowed = form_urlencoded::Serializer::new(String::new())
        .append_pair("ticket", hidden(&page, "ticket"))
        .append_pair("login_hint", hidden(&page, "login_hint"))
        .append_pair("decision", "allow")
        .finish();
    let redirect = post(&http, asking, &allowed).await;
    let location = redirect.headers.get(LOCATION).expect("a way back");
    let location = location.to_str().expect("a text");
    let (_, code) = location.split_once("?code=").expect(location);
    let form = format!(
        "grant_type=authorization_code&client_id=PlatformCLI&code={code}\
         &redirect_uri=http%3A%2F%2Flocalhost%3A1717%2FOauthRedirect"
    );
    let answer = post(&http, TOKEN, &form).await;
    assert_eq!(org_of(&answer), id.short());
    drop(http);
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn a_device_is_answered_by_the_org_where_it_began() {
    let (running, folder) = (start().await, tempfile::tempdir().expect("a folder"));
    let id = second(&running, folder.path()).await;
    let auth = running.orgs().auth(id).expect("open");
    let client = Client {
        id: "PlatformCLI",
        secret: None,
    };
    let device = auth.begin_device(client, None).expect("it begins");
    let http = stranger(&running);
    let user_code = &device.user_code;
    let user = format!("username=second%40landfall.test&password={PASSWORD}&user_code={user_code}");
    let consent = post(&http, "/setup/connect", &user).await;
    let page = String::from_utf8(consent.body.to_vec()).expect("a page");
    let ticket = hidden(&page, "ticket");
    let allowed = format!("ticket={ticket}&user_code={user_code}&decision=allow");
    post(&http, "/setup/connect", &allowed).await;
    let code = form_urlencoded::Serializer::new(String::new())
        .append_pair("code", device.device_code.as_str())
        .finish();
    let form = format!("grant_type=device&client_id=PlatformCLI&{code}");
    assert_eq!(org_of(&post(&http, TOKEN, &form).await), id.short());
    drop((http, auth));
    running.stop().await.expect("stops");
}

/// Waits for the next event, and gives the name of its account.
async fn next_name(streaming: &mut Streaming) -> Value {
    loop {
        let update = tokio::time::timeout(WITHIN, streaming.next()).await;
        if let Update::Event(event) = update.expect("an update") {
            let payload: Value = serde_json::from_str(&event.payload).expect("JSON");
            return payload["Name"].clone();
        }
    }
}

#[tokio::test]
async fn events_do_not_cross_from_one_org_to_another() {
    let (running, folder) = (start().await, tempfile::tempdir().expect("a folder"));
    let first = login(&running).await;
    second(&running, folder.path()).await;
    let other = login_second(&running).await;
    create_account(&first, "Of the first").await;
    create_account(&other, "Of the second").await;
    create_account(&first, "Again of the first").await;
    let follow = |org: &Org| {
        let mut streaming = Streaming::new(org.clone(), "59.0");
        let subscribed = streaming.subscribe("/data/AccountChangeEvent", Replay::Earliest);
        subscribed.expect("one subscription");
        streaming
    };
    let (mut of_first, mut of_other) = (follow(&first), follow(&other));
    assert_eq!(next_name(&mut of_first).await, "Of the first");
    assert_eq!(next_name(&mut of_first).await, "Again of the first");
    assert_eq!(next_name(&mut of_other).await, "Of the second");
    create_account(&other, "Again of the second").await;
    assert_eq!(next_name(&mut of_other).await, "Again of the second");
    drop((of_first, of_other, first, other));
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn a_closed_org_has_let_go_of_its_file_and_of_its_streams() {
    let (running, folder) = (start().await, tempfile::tempdir().expect("a folder"));
    let id = second(&running, folder.path()).await;
    let other = login_second(&running).await;
    let account = create_account(&other, "Kept").await;
    let mut streaming = Streaming::new(other.clone(), "59.0");
    let subscribed = streaming.subscribe("/data/AccountChangeEvent", Replay::Earliest);
    subscribed.expect("one subscription");
    assert_eq!(next_name(&mut streaming).await, "Kept");
    let holding = tokio::spawn(async move { next_name(&mut streaming).await });
    let config = dev(Data::Folder(folder.path().to_owned()));
    let twice = running.orgs().open(&config, Environment::default()).await;
    assert!(matches!(twice, Err(Error::Store { .. })), "it is locked");
    let closed = tokio::time::timeout(WITHIN, running.orgs().close(id)).await;
    closed.expect("in time").expect("closes");
    assert!(matches!(
        running.orgs().close(id).await,
        Err(Error::OrgUnknown { .. })
    ));
    let again = running.orgs().open(&config, Environment::default()).await;
    assert_eq!(again.expect("nobody holds the file"), id);
    // What the org has stored is restored, its logins too.
    let answer = other
        .call(Method::GET, QUERY, None)
        .await
        .expect("an answer");
    assert_eq!(answer.json()["records"][0]["Id"], json!(account));
    let ephemeral = dev(Data::Ephemeral);
    let replaced = running
        .orgs()
        .replace(id, &ephemeral, Environment::default());
    assert_ne!(replaced.await.expect("replaced"), id);
    holding.abort();
    drop(other);
    running.stop().await.expect("stops");
}
