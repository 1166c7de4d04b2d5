//! The token endpoint.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::StatusCode;
use landfall_auth::{App, AppPolicy, Grant, Scopes};
use landfall_model::{Fault, SessionFault};
use landfall_oauth::BaseUrl;

use crate::org::{Answer, BASE, BASIC, LOGIN, Org, REDIRECT_URI, encoded, text};

const TOKEN: &str = "/services/oauth2/token";

fn assert_refused(answer: &Answer, error: &str, description: &str) {
    let body = format!(r#"{{"error":"{error}","error_description":"{description}"}}"#);
    assert_eq!(
        (answer.status, &answer.body),
        (StatusCode::BAD_REQUEST, &body)
    );
}

#[tokio::test]
async fn a_password_login_answers_with_exactly_the_documented_members() {
    let org = Org::new().await;
    let answer = org.post(TOKEN, LOGIN).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.header("content-type"),
        "application/json;charset=UTF-8"
    );
    assert_eq!(answer.header("cache-control"), "no-cache, no-store");
    assert_eq!(answer.header("pragma"), "no-cache");
    let body = answer.json();
    let mut names: Vec<_> = body.as_object().expect("an object").keys().collect();
    names.sort();
    assert_eq!(
        names,
        [
            "access_token",
            "id",
            "instance_url",
            "issued_at",
            "signature",
            "token_type"
        ]
    );
    let (org_part, opaque) = text(&body, "access_token").split_once('!').expect("a bang");
    assert!(
        org_part.starts_with("00D") && org_part.len() == 15,
        "{org_part}"
    );
    assert!(opaque.len() >= 60);
    assert!(
        opaque
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(&byte))
    );
    assert_eq!(text(&body, "token_type"), "Bearer");
    assert_eq!(text(&body, "issued_at"), "1700000000123");
    assert_eq!(text(&body, "instance_url"), BASE);
    let id = text(&body, "id")
        .strip_prefix(BASE)
        .expect("on the same host");
    let parts: Vec<_> = id.split('/').collect();
    assert!(
        matches!(parts[..], ["", "id", org, user] if org.len() == 18 && user.len() == 18),
        "{id}"
    );
    assert!(parts[2].starts_with(org_part) && parts[3].starts_with("005"));
}

#[tokio::test]
async fn the_signature_proves_the_client_secret() {
    use hmac::{Hmac, KeyInit, Mac};
    let org = Org::new().await;
    let body = org.post(TOKEN, LOGIN).await.json();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"landfall").expect("a key");
    mac.update(text(&body, "id").as_bytes());
    mac.update(text(&body, "issued_at").as_bytes());
    let expected = BASE64_STANDARD.encode(mac.finalize().into_bytes());
    assert_eq!(text(&body, "signature"), expected);
}

#[tokio::test]
async fn each_mistake_has_its_documented_refusal() {
    let org = Org::new().await;
    let cases = [
        (
            LOGIN.replace("password=landfall", "password=wrong"),
            "invalid_grant",
            "authentication failure",
        ),
        (
            LOGIN.replace("admin%40", "nobody%40"),
            "invalid_grant",
            "authentication failure",
        ),
        (
            LOGIN.replace("client_id=landfall", "client_id=x"),
            "invalid_client_id",
            "client identifier invalid",
        ),
        (
            LOGIN.replace("secret=landfall", "secret=x"),
            "invalid_client",
            "invalid client credentials",
        ),
        (
            LOGIN.replace("grant_type=password", "grant_type=foo"),
            "unsupported_grant_type",
            "grant type not supported",
        ),
        (
            String::new(),
            "unsupported_grant_type",
            "grant type not supported",
        ),
        (
            LOGIN.replace("client_id=landfall&", ""),
            "invalid_request",
            "missing required parameter: client_id",
        ),
        (
            "grant_type=refresh_token&client_id=landfall&refresh_token=x".to_owned(),
            "invalid_grant",
            "expired access/refresh token",
        ),
    ];
    for (form, error, description) in cases {
        assert_refused(&org.post(TOKEN, &form).await, error, description);
    }
    let path = format!("{TOKEN}?{LOGIN}");
    let answer = org.call("GET", &path, &[], "").await;
    assert_refused(&answer, "invalid_request", "must use HTTP POST");
}

#[tokio::test]
async fn parameters_are_read_from_query_and_multipart_too() {
    let org = Org::new().await;
    let answer = org.call("POST", &format!("{TOKEN}?{LOGIN}"), &[], "").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let mut body = String::new();
    for (name, value) in form_urlencoded::parse(LOGIN.as_bytes()) {
        body.extend([
            "--b0\r\nContent-Disposition: form-data; name=\"",
            &name,
            "\"\r\n\r\n",
            &value,
            "\r\n",
        ]);
    }
    body.push_str("--b0--\r\n");
    let content_type = ("content-type", "multipart/form-data; boundary=b0");
    let answer = org.call("POST", TOKEN, &[content_type], body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
}

#[tokio::test]
async fn an_app_logs_in_with_the_basic_header_alone() {
    let org = Org::new().await;
    let admin = text(&org.post(TOKEN, LOGIN).await.json(), "id").to_owned();
    let answer = org
        .call("POST", TOKEN, &[BASIC], "grant_type=client_credentials")
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let body = answer.json();
    assert_eq!(text(&body, "id"), admin);
    assert_eq!(text(&body, "scope"), "full api id web openid refresh_token");
    assert!(body.get("refresh_token").is_none());
}

#[tokio::test]
async fn a_refresh_token_gives_access_tokens_until_it_is_rotated() {
    let org = Org::new().await;
    let form = |id: &str, token: &str| {
        format!(
            "grant_type=refresh_token&client_id={id}&client_secret=0123456789abcdef&refresh_token={}",
            encoded(token)
        )
    };
    let token = org.log_in_by_code("landfall", "landfall").await;
    let fixed =
        form("landfall", text(&token, "refresh_token")).replace("0123456789abcdef", "landfall");
    for _ in 0..2 {
        let answer = org.post(TOKEN, &fixed).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert!(answer.json().get("refresh_token").is_none());
    }
    let app = App {
        client_id: "rotating".to_owned(),
        secret: "0123456789abcdef".to_owned(),
        secret_required: true,
        grants: Grant::ALL.to_vec(),
        scopes: Scopes::parse("api refresh_token"),
        run_as: None,
        policy: AppPolicy {
            redirect_uris: vec![REDIRECT_URI.to_owned()],
            rotates_refresh_tokens: true,
            ..AppPolicy::default()
        },
    };
    org.auth.create_app(app).await.expect("an app");
    let token = org.log_in_by_code("rotating", "0123456789abcdef").await;
    let first = form("rotating", text(&token, "refresh_token"));
    let body = org.post(TOKEN, &first).await.json();
    let second = form("rotating", text(&body, "refresh_token"));
    assert_refused(
        &org.post(TOKEN, &first).await,
        "invalid_grant",
        "expired access/refresh token",
    );
    assert_eq!(org.post(TOKEN, &second).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_client_sees_one_refusal_when_its_login_is_idle_and_goes_on_after_a_refresh() {
    let org = Org::with(Duration::from_secs(2), BaseUrl::of_request()).await;
    let granted = org.log_in_by_code("landfall", "landfall").await;
    let header = format!("Bearer {}", text(&granted, "access_token"));
    assert!(org.auth.rest_login(Some(&header)).is_ok());
    org.clock.advance(Duration::from_secs(3));
    assert_eq!(
        org.auth.rest_login(Some(&header)).err(),
        Some(Fault::Session(SessionFault::Invalid))
    );
    let form = format!(
        "grant_type=refresh_token&client_id=landfall&refresh_token={}",
        text(&granted, "refresh_token")
    );
    let body = org.post(TOKEN, &form).await.json();
    let header = format!("OAuth {}", text(&body, "access_token"));
    assert!(org.auth.rest_login(Some(&header)).is_ok());
}

#[tokio::test]
async fn a_configured_url_with_a_slash_at_the_end_is_sent_without() {
    let base = BaseUrl::fixed("https://org.landfall.test/");
    let org = Org::with(Duration::from_hours(2), base).await;
    let body = org.post(TOKEN, LOGIN).await.json();
    assert_eq!(text(&body, "instance_url"), "https://org.landfall.test");
    assert!(text(&body, "id").starts_with("https://org.landfall.test/id/00D"));
}

#[tokio::test]
async fn other_forms_of_the_answer_are_sent_when_asked_for() {
    let org = Org::new().await;
    let answer = org.post(TOKEN, &format!("{LOGIN}&format=urlencoded")).await;
    assert_eq!(
        answer.header("content-type"),
        "application/x-www-form-urlencoded"
    );
    assert!(
        answer.body.starts_with("access_token=00D"),
        "{}",
        answer.body
    );
    let wrong = LOGIN.replace("password=landfall", "password=wrong");
    let answer = org.post(TOKEN, &format!("{wrong}&format=xml")).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let refused = "<OAuth><error>invalid_grant</error>\
        <error_description>authentication failure</error_description></OAuth>";
    assert!(answer.body.ends_with(refused), "{}", answer.body);
}

#[tokio::test]
async fn a_body_that_is_too_large_or_no_text_is_refused_and_the_next_request_works() {
    let org = Org::new().await;
    let answer = org.post(TOKEN, &"x".repeat(100_000)).await;
    assert!(answer.body.contains("invalid_request"), "{}", answer.body);
    let garbage = vec![0xff_u8, 0xfe, 0, b'=', b'&', b'%'];
    let answer = org.call("POST", TOKEN, &[], garbage).await;
    assert_refused(
        &answer,
        "unsupported_grant_type",
        "grant type not supported",
    );
    assert_eq!(org.post(TOKEN, LOGIN).await.status, StatusCode::OK);
}
