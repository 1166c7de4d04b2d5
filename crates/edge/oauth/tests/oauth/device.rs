//! Logins of devices.

use std::time::Duration;

use http::StatusCode;
use landfall_auth::{PasswordCost, Settings};
use landfall_oauth::BaseUrl;
use serde_json::Value;

use crate::org::{Answer, BASE, Org, PERSON, encoded, text};

const TOKEN: &str = "/services/oauth2/token";
const PAGE: &str = "/setup/connect";

/// A device that begins as old command lines do.
async fn begin(org: &Org) -> Value {
    let form = "response_type=device_code&client_id=PlatformCLI&scope=refresh_token+web+api";
    let answer = org.post(TOKEN, form).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.json()
}

async fn poll(org: &Org, device: &Value) -> Answer {
    let code = encoded(text(device, "device_code"));
    let form = format!("grant_type=device&client_id=PlatformCLI&code={code}");
    org.post(TOKEN, &form).await
}

/// The page that asks the device's user, after the login.
async fn asked(org: &Org, device: &Value) -> Answer {
    let code = text(device, "user_code").to_lowercase();
    let form = format!("{PERSON}&user_code={}+{}", &code[..4], &code[4..]);
    org.post(PAGE, &form).await
}

async fn decide(org: &Org, device: &Value, page: &Answer, decision: &str) -> Answer {
    let form = format!(
        "decision={decision}&user_code={}&ticket={}",
        text(device, "user_code"),
        encoded(&page.ticket().expect(&page.body))
    );
    org.post(PAGE, &form).await
}

fn assert_refused(answer: &Answer, error: &str, description: &str) {
    let body = format!(r#"{{"error":"{error}","error_description":"{description}"}}"#);
    assert_eq!(
        (answer.status, &answer.body),
        (StatusCode::BAD_REQUEST, &body)
    );
}

fn assert_pending(answer: &Answer) {
    assert_refused(
        answer,
        "authorization_pending",
        "User authorization is pending",
    );
}

#[tokio::test]
async fn a_device_is_authorized_by_its_user() {
    let org = Org::new().await;
    let device = begin(&org).await;
    assert_eq!(text(&device, "verification_uri"), format!("{BASE}{PAGE}"));
    assert_eq!(device["interval"], 5);
    let code = text(&device, "user_code");
    assert_eq!(code.len(), 8);
    assert_pending(&poll(&org, &device).await);
    let page = org
        .call("GET", &format!("{PAGE}?user_code={code}"), &[], "")
        .await;
    assert!(
        page.body.contains(&format!("value=\"{code}\"")),
        "{}",
        page.body
    );
    assert_eq!(page.header("x-frame-options"), "DENY");
    let page = asked(&org, &device).await;
    assert!(page.body.contains("PlatformCLI"), "{}", page.body);
    assert_pending(&poll(&org, &device).await);
    let done = decide(&org, &device, &page, "allow").await;
    assert!(
        done.body.contains("<h1>Access allowed</h1>"),
        "{}",
        done.body
    );
    let answer = poll(&org, &device).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let body = answer.json();
    assert!(text(&body, "refresh_token").starts_with("5Aep861"));
    assert_eq!(text(&body, "scope"), "refresh_token web api");
    let header = format!("Bearer {}", text(&body, "access_token"));
    assert!(org.auth.rest_login(Some(&header)).is_ok());
    let again = poll(&org, &device).await;
    assert_refused(&again, "invalid_grant", "expired authorization code");
}

#[tokio::test]
async fn a_device_learns_of_a_denial() {
    let org = Org::new().await;
    let device = begin(&org).await;
    let page = asked(&org, &device).await;
    let done = decide(&org, &device, &page, "deny").await;
    assert!(
        done.body.contains("<h1>Access denied</h1>"),
        "{}",
        done.body
    );
    let answer = poll(&org, &device).await;
    assert_refused(&answer, "access_denied", "end-user denied authorization");
    let late = decide(&org, &device, &page, "allow").await;
    assert!(late.body.contains("No device waits"), "{}", late.body);
}

#[tokio::test]
async fn codes_require_a_password_and_last_ten_minutes() {
    let org = Org::new().await;
    let device = begin(&org).await;
    let code = text(&device, "user_code");
    for (form, word) in [
        (
            format!("username=admin%40landfall.test&password=x&user_code={code}"),
            "is wrong",
        ),
        (
            "username=admin%40landfall.test&password=x&user_code=BBBBBBBB".to_owned(),
            "is wrong",
        ),
        (format!("{PERSON}&user_code=BBBBBBBB"), "No device waits"),
        (format!("{PERSON}&user_code="), "No device waits"),
        (format!("user_code={code}"), "Type both"),
        (
            format!("user_code={code}&decision=allow&ticket=x"),
            "took too long",
        ),
    ] {
        let answer = org.post(PAGE, &form).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{form}");
        assert!(answer.body.contains(word), "{form}: {}", answer.body);
    }
    let form = ("content-type", "application/x-www-form-urlencoded");
    let other_site = [form, ("sec-fetch-site", "cross-site")];
    let body = format!("{PERSON}&user_code={code}");
    let answer = org.call("POST", PAGE, &other_site, body).await;
    assert!(answer.ticket().is_none(), "{}", answer.body);
    let page = asked(&org, &device).await;
    org.clock.advance(Duration::from_mins(10));
    let late = decide(&org, &device, &page, "allow").await;
    assert!(late.body.contains("No device waits"), "{}", late.body);
    let answer = poll(&org, &device).await;
    assert_refused(&answer, "invalid_grant", "expired authorization code");
}

#[tokio::test]
async fn a_ticket_of_one_device_does_not_let_another_in() {
    let org = Org::new().await;
    let (first, second) = (begin(&org).await, begin(&org).await);
    let page = asked(&org, &first).await;
    let answer = decide(&org, &second, &page, "allow").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.body);
    assert_pending(&poll(&org, &second).await);
}

#[tokio::test]
async fn a_device_begins_with_a_known_app_and_its_scopes() {
    let org = Org::new().await;
    for (form, error) in [
        ("client_id=unknown", "invalid_client_id"),
        ("client_id=PlatformCLI&scope=full", "invalid_scope"),
        ("scope=api", "invalid_request"),
        ("client_id=landfall&client_secret=wrong", "invalid_client"),
    ] {
        let answer = org
            .post(TOKEN, &format!("response_type=device_code&{form}"))
            .await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{form}");
        assert_eq!(text(&answer.json(), "error"), error, "{form}");
    }
}

#[tokio::test]
async fn a_user_who_is_set_to_approve_lets_a_device_in_by_opening_the_page() {
    let settings = Settings {
        password_cost: PasswordCost::LEAST,
        auto_approve: Some("admin@landfall.test".to_owned()),
        ..Settings::developer()
    };
    let org = Org::set(settings, BaseUrl::of_request()).await;
    let device = begin(&org).await;
    let path = format!("{PAGE}?user_code={}", text(&device, "user_code"));
    let page = org.call("GET", &path, &[], "").await;
    assert!(
        page.body.contains("<h1>Access allowed</h1>"),
        "{}",
        page.body
    );
    assert_eq!(poll(&org, &device).await.status, StatusCode::OK);
}
