//! What the configuration decides about logging in.

use bytes::Bytes;
use http::{Request, header};
use http_body_util::Full;
use landfall_client::{Answer, HttpClient};
use landfall_server::{Config, Running, Server};
use serde_json::{Value, json};

use crate::common::{WITHIN, get, settings, stranger};

/// An authorization request of the developer org's app.
const ASKING: &str = "/services/oauth2/authorize?response_type=code&client_id=landfall\
    &redirect_uri=app%3Adone&scope=api+refresh_token";

async fn start(file: Value) -> Running {
    let config = Config::dev(&settings(&file)).expect("a safe configuration");
    Server::start(config).await.expect("starts")
}

async fn token(http: &HttpClient, form: String) -> Answer {
    let request = Request::post("/services/oauth2/token")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Full::<Bytes>::from(form))
        .expect("a request");
    http.send(request, WITHIN).await.expect("an answer")
}

/// The refresh token of an answer.
fn refresh_token(answer: &Answer) -> Option<String> {
    let body = answer.json();
    body.get("refresh_token")?.as_str().map(str::to_owned)
}

/// A login by an authorization code, without anybody who is asked.
async fn log_in(http: &HttpClient) -> Answer {
    let answer = get(http, ASKING).await;
    let location = answer.headers.get(header::LOCATION).expect("a way back");
    let location = location.to_str().expect("a text");
    let code = location.strip_prefix("app:done?code=").expect(location);
    let form = format!(
        "grant_type=authorization_code&client_id=landfall&redirect_uri=app%3Adone&code={code}"
    );
    token(http, form).await
}

#[tokio::test]
async fn refresh_tokens_rotate_if_configured() {
    let folder = tempfile::tempdir().expect("a folder");
    // The same org, twice: what the configuration says counts at each start.
    for rotates in [true, false] {
        let running = start(json!({
            "listen": "127.0.0.1:0",
            "data": folder.path(),
            "connected_app": { "redirect_uris": ["app:done"], "rotate_refresh_tokens": rotates },
            "oauth": { "auto_approve": "admin@landfall.test" },
        }))
        .await;
        let http = stranger(&running);
        let first = refresh_token(&log_in(&http).await).expect("a refresh token");
        let form = format!("grant_type=refresh_token&client_id=landfall&refresh_token={first}");
        let again = token(&http, form.clone()).await;
        assert_eq!(again.status, 200, "{}", again.json());
        assert_eq!(refresh_token(&again).is_some(), rotates);
        let status = token(&http, form).await.status;
        assert_eq!(status, if rotates { 400 } else { 200 });
        drop(http);
        running.stop().await.expect("stops");
    }
}
