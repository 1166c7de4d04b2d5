//! Introspection and revocation.

use std::time::Duration;

use http::StatusCode;
use landfall_model::{Fault, SessionFault};
use landfall_oauth::BaseUrl;

use crate::org::{BASE, BASIC, Org, encoded, text};

const INTROSPECT: &str = "/services/oauth2/introspect";
const REVOKE: &str = "/services/oauth2/revoke";

#[tokio::test]
async fn introspection_has_the_user_and_the_session_timeout() {
    let org = Org::with(Duration::from_mins(15), BaseUrl::of_request()).await;
    let token = encoded(&org.log_in().await);
    let form = format!("token={token}&token_type_hint=access_token");
    let answer = org.call("POST", INTROSPECT, &[BASIC], form).await;
    assert_eq!(answer.status, StatusCode::OK);
    let body = answer.json();
    assert_eq!(body["active"], true);
    assert_eq!(text(&body, "username"), "admin@landfall.test");
    assert_eq!(text(&body, "client_id"), "landfall");
    assert_eq!(text(&body, "token_type"), "access_token");
    assert_eq!(text(&body, "scope"), "full api id web openid refresh_token");
    assert!(text(&body, "sub").starts_with(&format!("{BASE}/id/00D")));
    let seconds = |name: &str| body[name].as_i64().expect("a number");
    assert_eq!(seconds("exp") - seconds("iat"), 15 * 60);
    assert_eq!(seconds("iat"), 1_700_000_000);
    assert_eq!(seconds("nbf"), seconds("iat"));
}

#[tokio::test]
async fn an_unknown_token_is_not_active_and_a_wrong_client_is_refused() {
    let org = Org::new().await;
    let answer = org.call("POST", INTROSPECT, &[BASIC], "token=x").await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (StatusCode::OK, r#"{"active":false}"#)
    );
    for client in [
        "client_id=landfall&client_secret=x",
        "client_id=x&client_secret=x",
    ] {
        let answer = org.post(INTROSPECT, &format!("token=x&{client}")).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.json()["error"], "invalid_client");
    }
}

#[tokio::test]
async fn a_revoked_token_is_refused_by_every_api() {
    let org = Org::new().await;
    for by_query in [false, true] {
        let token = org.log_in().await;
        let header = format!("Bearer {token}");
        assert!(org.auth.rest_login(Some(&header)).is_ok());
        let form = format!("token={}", encoded(&token));
        let answer = if by_query {
            org.call("GET", &format!("{REVOKE}?{form}"), &[], "").await
        } else {
            org.post(REVOKE, &form).await
        };
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, ""));
        assert_eq!(
            org.auth.rest_login(Some(&header)).err(),
            Some(Fault::Session(SessionFault::Invalid))
        );
    }
}

#[tokio::test]
async fn revoking_what_is_no_token_is_refused_as_a_form() {
    let org = Org::new().await;
    let answer = org.post(REVOKE, "token=x").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        answer.body,
        "error=unsupported_token_type&error_description=this+token+type+is+not+supported"
    );
    assert!(
        org.post(REVOKE, "")
            .await
            .body
            .starts_with("error=invalid_request&")
    );
}

#[tokio::test]
async fn a_web_page_revokes_with_a_callback_that_can_only_be_a_name() {
    let org = Org::new().await;
    let token = encoded(&org.log_in().await);
    let revoke = |callback: &str| format!("{REVOKE}?token={token}&callback={callback}");
    let answer = org.call("GET", &revoke("page.done"), &[], "").await;
    assert_eq!(answer.body, "page.done();");
    let answer = org.call("GET", &revoke("page.done"), &[], "").await;
    assert!(
        answer
            .body
            .starts_with(r#"page.done({"error":"unsupported_token_type""#)
    );
    let answer = org.call("GET", &revoke("alert(1)"), &[], "").await;
    assert!(!answer.body.contains("alert"), "{}", answer.body);
}
