//! Describes that a client has, over a restart.

#![expect(
    clippy::indexing_slicing,
    reason = "a value that is not there fails the test"
)]

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::Full;
use landfall_client::{Answer, HttpClient};
use serde_json::json;

use crate::common::{WITHIN, start_in, stranger};

const DESCRIBE: &str = "/services/data/v62.0/sobjects/Account/describe";
const CHANNELS: &str = "/services/data/v62.0/tooling/sobjects/PlatformEventChannel";
const LOGIN: &str = "grant_type=password&username=admin%40landfall.test&password=landfall&client_id=landfall\
                     &client_secret=landfall";

async fn send(http: &HttpClient, request: http::request::Builder, body: String) -> Answer {
    let request = request.body(Full::<Bytes>::from(body));
    http.send(request.expect("a request"), WITHIN)
        .await
        .expect("an answer")
}

async fn token(http: &HttpClient) -> String {
    let form = "application/x-www-form-urlencoded";
    let request = Request::post("/services/oauth2/token").header(header::CONTENT_TYPE, form);
    let answer = send(http, request, LOGIN.to_owned()).await;
    let token = answer.json()["access_token"].as_str().map(str::to_owned);
    format!("Bearer {}", token.expect("a token"))
}

async fn describe(http: &HttpClient, token: &str, since: Option<&str>) -> Answer {
    let mut request = Request::get(DESCRIBE).header(header::AUTHORIZATION, token);
    if let Some(since) = since {
        request = request.header(header::IF_MODIFIED_SINCE, since);
    }
    send(http, request, String::new()).await
}

fn last_modified(answer: &Answer) -> String {
    let value = answer.headers.get(header::LAST_MODIFIED);
    let value = value.and_then(|value| value.to_str().ok());
    value.expect("a date").to_owned()
}

/// Source: "sObject Describe" (REST API Developer Guide), `If-Modified-Since`.
#[tokio::test]
async fn what_has_changed_before_a_restart_has_changed_after_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start_in(folder.path()).await;
    let http = stranger(&running);
    let bearer = token(&http).await;
    let before = last_modified(&describe(&http, &bearer, None).await);
    let channel = json!({
        "FullName": "Accounts__chn",
        "Metadata": {"channelType": "data", "label": "Accounts"}
    });
    let request = Request::builder()
        .method(Method::POST)
        .uri(CHANNELS)
        .header(header::AUTHORIZATION, &bearer)
        .header(header::CONTENT_TYPE, "application/json");
    let made = send(&http, request, channel.to_string()).await;
    assert_eq!(made.status, 201, "{}", made.json());
    let after = last_modified(&describe(&http, &bearer, None).await);
    assert_ne!(before, after);
    drop(http);
    running.stop().await.expect("stops");

    let running = start_in(folder.path()).await;
    let http = stranger(&running);
    let changed = describe(&http, &bearer, Some(&before)).await;
    assert_eq!(
        (changed.status.as_u16(), last_modified(&changed)),
        (200, after.clone())
    );
    let same = describe(&http, &bearer, Some(&after)).await;
    assert_eq!(same.status, 304);
    drop(http);
    running.stop().await.expect("stops");
}
