//! Asking a user: pages, ways back, codes.

use std::time::Duration;

use http::StatusCode;
use landfall_auth::{PasswordCost, Settings};
use landfall_model::Value;
use landfall_oauth::BaseUrl;

use crate::org::{AUTHORIZE, Answer, BASE, Org, PERSON, REDIRECT_URI, encoded, member, text};

const TOKEN: &str = "/services/oauth2/token";

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// What `sf org login web` has the browser open.
fn command_line() -> String {
    format!(
        "{AUTHORIZE}?state=abc&prompt=login&scope=refresh_token%20api%20web&response_type=code&client_id=PlatformCLI\
         &redirect_uri={}&code_challenge={CHALLENGE}",
        encoded(REDIRECT_URI)
    )
}

fn exchange(code: &str, more: &str) -> String {
    format!(
        "grant_type=authorization_code&client_id=PlatformCLI&code={}&redirect_uri={}{more}",
        encoded(code),
        encoded(REDIRECT_URI)
    )
}

fn assert_refused(answer: &Answer, error: &str, description: &str) {
    let body = format!(r#"{{"error":"{error}","error_description":"{description}"}}"#);
    assert_eq!(
        (answer.status, &answer.body),
        (StatusCode::BAD_REQUEST, &body)
    );
}

#[tokio::test]
async fn the_command_line_logs_in_by_the_browser() {
    let org = Org::new().await;
    let path = command_line();
    let page = org.call("GET", &path, &[], "").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("PlatformCLI"), "{}", page.body);
    let page = org.post(&path, PERSON).await;
    let ticket = page.ticket().expect("a page that asks for consent");
    let form = format!("decision=allow&ticket={}", encoded(&ticket));
    let answer = org.post(&path, &form).await;
    assert_eq!(answer.status, StatusCode::FOUND, "{}", answer.body);
    let location = answer.header("location");
    let code = member(location, "code");
    assert_eq!(
        location,
        format!("{REDIRECT_URI}?code={code}&state=abc"),
        "nothing that would have to be encoded"
    );
    let verifier = format!("&code_verifier={VERIFIER}");
    let answer = org.post(TOKEN, &exchange(&code, &verifier)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let body = answer.json();
    assert!(text(&body, "refresh_token").starts_with("5Aep861"));
    assert_eq!(text(&body, "scope"), "refresh_token api web");
    assert_eq!(text(&body, "instance_url"), BASE);
    let header = format!("Bearer {}", text(&body, "access_token"));
    assert!(org.auth.rest_login(Some(&header)).is_ok());
    let form = format!(
        "grant_type=refresh_token&client_id=PlatformCLI&refresh_token={}",
        text(&body, "refresh_token")
    );
    assert_eq!(org.post(TOKEN, &form).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_code_is_exchanged_once_within_a_quarter_of_an_hour_by_who_knows_the_verifier() {
    let org = Org::new().await;
    let verifier = format!("&code_verifier={VERIFIER}");
    let code = member(&org.allowed(&command_line()).await, "code");
    let answer = org.post(TOKEN, &exchange(&code, "")).await;
    assert_refused(&answer, "invalid_grant", "missing required code verifier");
    let answer = org
        .post(TOKEN, &exchange(&code, "&code_verifier=wrong"))
        .await;
    assert_refused(&answer, "invalid_request", "invalid code verifier");
    let elsewhere = exchange(&code, &verifier).replace("OauthRedirect", "Other");
    let answer = org.post(TOKEN, &elsewhere).await;
    let mismatch = (
        "redirect_uri_mismatch",
        "redirect_uri must match configuration",
    );
    assert_refused(&answer, mismatch.0, mismatch.1);
    let other = exchange(&code, &verifier).replace("PlatformCLI", "landfall");
    let answer = org.post(TOKEN, &other).await;
    assert_refused(&answer, "invalid_grant", "authentication failure");
    let answer = org.post(TOKEN, &exchange(&code, &verifier)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    for _ in 0..2 {
        let answer = org.post(TOKEN, &exchange(&code, &verifier)).await;
        assert_refused(&answer, "invalid_grant", "expired authorization code");
    }
    let late = member(&org.allowed(&command_line()).await, "code");
    org.clock.advance(Duration::from_mins(15));
    let answer = org.post(TOKEN, &exchange(&late, &verifier)).await;
    assert_refused(&answer, "invalid_grant", "expired authorization code");
    let answer = org.post(TOKEN, &exchange("aPrxunknown", &verifier)).await;
    assert_refused(&answer, "invalid_grant", "authentication failure");
}

#[tokio::test]
async fn a_page_gets_its_tokens_in_the_fragment() {
    let org = Org::new().await;
    let path = Org::asking("landfall").replace("response_type=code", "response_type=token");
    let location = org.allowed(&path).await;
    let (uri, fragment) = location.split_once('#').expect("a fragment");
    assert_eq!(uri, REDIRECT_URI);
    let names: Vec<_> = form_urlencoded::parse(fragment.as_bytes())
        .map(|(name, _)| name.into_owned())
        .collect();
    assert_eq!(
        names,
        [
            "access_token",
            "refresh_token",
            "signature",
            "scope",
            "instance_url",
            "id",
            "token_type",
            "issued_at",
            "state"
        ]
    );
    assert_eq!(member(&location, "state"), "s 1");
    let header = format!("Bearer {}", member(&location, "access_token"));
    assert!(org.auth.rest_login(Some(&header)).is_ok());
    let path = path.replace("api+refresh_token", "api");
    let location = org.allowed(&path).await;
    assert!(!location.contains("refresh_token"), "{location}");
}

#[tokio::test]
async fn an_app_without_a_valid_redirect_is_refused_on_a_page() {
    let org = Org::new().await;
    let path = Org::asking("landfall");
    let uri = encoded(REDIRECT_URI);
    for (path, error) in [
        (
            path.replace("client_id=landfall", "client_id=x"),
            "invalid_client_id",
        ),
        (
            path.replace("client_id=landfall", "client_id="),
            "invalid_request",
        ),
        (
            path.replace(&uri, "https%3A%2F%2Fevil.example"),
            "redirect_uri_mismatch",
        ),
        (
            path.replace(&uri, "javascript%3Aalert(1)"),
            "redirect_uri_mismatch",
        ),
        (
            path.replace(&uri, "http%3A%2F%2Flocalhost%3A1%2F%0D%0Aa"),
            "redirect_uri_mismatch",
        ),
        (path.replace(&uri, ""), "redirect_uri_missing"),
    ] {
        let answer = org.call("GET", &path, &[], "").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        assert!(answer.headers.get("location").is_none(), "{path}");
        let shown = format!("error={error}&error_description=");
        assert!(answer.body.contains(&shown), "{path}: {}", answer.body);
        assert_guarded(&answer);
    }
}

fn assert_guarded(answer: &Answer) {
    assert!(answer.header("content-type").starts_with("text/html"));
    assert_eq!(answer.header("cache-control"), "no-cache, no-store");
    assert_eq!(answer.header("x-frame-options"), "DENY");
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(policy.contains("default-src 'none'"), "{policy}");
}

#[tokio::test]
async fn an_app_gets_the_error_by_redirect() {
    let org = Org::new().await;
    let path = Org::asking("landfall");
    let kind = "response_type=code";
    for (path, sign, answer) in [
        (
            path.replace(kind, "response_type=code_credentials"),
            '?',
            "unsupported_response_type&error_description=response+type+not+supported",
        ),
        (
            path.replace(kind, ""),
            '?',
            "unsupported_response_type&error_description=response+type+not+supported",
        ),
        (
            path.replace("scope=api", "scope=made_up"),
            '?',
            "invalid_scope&error_description=requested+scope+is+invalid%2C+unknown%2C+or+malformed",
        ),
        (
            path.replace(kind, "response_type=token")
                .replace("scope=api", "scope=made_up"),
            '#',
            "invalid_scope&error_description=requested+scope+is+invalid%2C+unknown%2C+or+malformed",
        ),
        (
            format!("{path}&code_challenge={CHALLENGE}&code_challenge_method=plain"),
            '?',
            "invalid_request&error_description=invalid+code+challenge",
        ),
        (
            format!("{path}&immediate=true"),
            '?',
            "immediate_unsuccessful&error_description=approval+not+possible+with+immediate%3Dtrue",
        ),
    ] {
        let refused = org.call("GET", &path, &[], "").await;
        assert_eq!(refused.status, StatusCode::FOUND, "{path}");
        let location = format!("{REDIRECT_URI}{sign}error={answer}&state=s+1");
        assert_eq!(refused.header("location"), location, "{path}");
        assert_eq!(refused.header("cache-control"), "no-cache, no-store");
    }
}

#[tokio::test]
async fn a_denial_on_either_page_redirects_without_a_code() {
    let org = Org::new().await;
    let path = Org::asking("landfall");
    let ticket = org.post(&path, PERSON).await.ticket().expect("a ticket");
    for form in [
        "decision=deny&username=&password=".to_owned(),
        format!("decision=deny&ticket={}", encoded(&ticket)),
    ] {
        let answer = org.post(&path, &form).await;
        let location = "error=access_denied&error_description=end-user+denied+authorization";
        assert_eq!(
            answer.header("location"),
            format!("{REDIRECT_URI}?{location}&state=s+1")
        );
    }
}

#[tokio::test]
async fn a_wrong_password_brings_the_page_back_with_a_word_and_the_name() {
    let org = Org::new().await;
    let path = Org::asking("landfall");
    for form in [
        PERSON.replace("=landfall", "=wrong"),
        PERSON.replace("admin", "nobody"),
    ] {
        let answer = org.post(&path, &form).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(
            answer
                .body
                .contains("role=\"alert\">User name or password is wrong.")
        );
        assert!(
            answer
                .body
                .contains("<title>Error: Log in - Landfall</title>")
        );
        assert!(!answer.body.contains("wrong\""), "no password comes back");
        assert_guarded(&answer);
    }
    let answer = org
        .post(&path, "username=admin%40landfall.test&password=")
        .await;
    assert!(answer.body.contains("value=\"admin@landfall.test\""));
    assert!(answer.body.contains("Type both"));
}

#[tokio::test]
async fn a_user_who_may_not_log_in_is_sent_back_with_the_reason() {
    let org = Org::new().await;
    let path = Org::asking("landfall");
    let admin = org
        .auth
        .authenticate(&org.log_in().await)
        .expect("live")
        .user_id;
    let code = member(&org.allowed(&path).await, "code");
    let ticket = org
        .post(&format!("{path}&prompt=consent"), PERSON)
        .await
        .ticket();
    org.update_user(admin, "IsActive", Value::Boolean(false))
        .await;
    let inactive = "error=inactive_user&error_description=user+is+inactive&state=s+1";
    let answer = org.post(&path, PERSON).await;
    assert_eq!(
        answer.header("location"),
        format!("{REDIRECT_URI}?{inactive}")
    );
    let form = format!(
        "decision=allow&ticket={}",
        encoded(&ticket.expect("a ticket"))
    );
    let answer = org.post(&path, &form).await;
    assert_eq!(
        answer.header("location"),
        format!("{REDIRECT_URI}?{inactive}")
    );
    let form = exchange(&code, "").replace("PlatformCLI", "landfall");
    assert_refused(
        &org.post(TOKEN, &form).await,
        "invalid_grant",
        "inactive user",
    );
}

#[tokio::test]
async fn consent_is_asked_for_once_and_again_when_it_ends_or_the_app_wants_it() {
    let org = Org::new().await;
    let path = Org::asking("landfall");
    let granted = org.log_in_by_code("landfall", "landfall").await;
    let answer = org.post(&path, PERSON).await;
    assert_eq!(answer.status, StatusCode::FOUND, "{}", answer.body);
    for more in [
        path.replace("api+", "api+web+"),
        format!("{path}&prompt=login%20consent"),
        path.replace("client_id=landfall", "client_id=PlatformCLI"),
    ] {
        let answer = org.post(&more, PERSON).await;
        assert!(answer.ticket().is_some(), "{more}: {}", answer.body);
    }
    let token = text(&granted, "refresh_token");
    org.auth.revoke(token).await.expect("revoked");
    assert!(org.post(&path, PERSON).await.ticket().is_some());
}

#[tokio::test]
async fn a_ticket_is_for_what_was_asked_and_for_ten_minutes() {
    let org = Org::new().await;
    let path = Org::asking("landfall");
    let ticket = org.post(&path, PERSON).await.ticket().expect("a ticket");
    let form = format!("decision=allow&ticket={}", encoded(&ticket));
    for other in [
        path.replace("scope=api", "scope=full"),
        path.replace("client_id=landfall", "client_id=PlatformCLI"),
        path.replace("1717", "1718"),
        format!("{path}&code_challenge={CHALLENGE}"),
    ] {
        let answer = org.post(&other, &form).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{other}");
    }
    let answer = org
        .post(
            &path,
            "decision=allow&ticket=0055f0000000001AAA.9999999999999.x",
        )
        .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    org.clock.advance(Duration::from_mins(10));
    let answer = org.post(&path, &form).await;
    assert!(
        answer.body.contains("That took too long"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn another_site_can_neither_log_a_browser_in_nor_answer_for_it() {
    let org = Org::new().await;
    let path = Org::asking("landfall");
    let ticket = org.post(&path, PERSON).await.ticket().expect("a ticket");
    let answered = format!("decision=allow&ticket={}", encoded(&ticket));
    let form = ("content-type", "application/x-www-form-urlencoded");
    for header in [
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
    ] {
        for body in [PERSON, &answered, "decision=deny"] {
            let answer = org
                .call("POST", &path, &[form, header], body.to_owned())
                .await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
            assert!(answer.body.contains("<h1>Log in</h1>"), "{}", answer.body);
        }
    }
    // A password in an address is none.
    let answer = org.call("GET", &format!("{path}&{PERSON}"), &[], "").await;
    assert!(answer.body.contains("<h1>Log in</h1>"), "{}", answer.body);
}

#[tokio::test]
async fn what_comes_from_outside_stays_text() {
    let org = Org::new().await;
    let markup = encoded("\"><script>alert('1')</script>&");
    let path = format!(
        "{}&login_hint={markup}&state={markup}",
        Org::asking("landfall")
    );
    let path = path.replace("&state=s%201", "");
    let page = org.call("GET", &path, &[], "").await;
    let consent = org.post(&path, PERSON).await;
    for page in [&page, &consent] {
        assert!(!page.body.contains("<script"), "{}", page.body);
        assert!(!page.body.contains("alert('1')"), "{}", page.body);
    }
    assert!(
        page.body.contains("value=\"&quot;&gt;&lt;script&gt;"),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn a_user_who_is_set_to_approve_is_not_asked() {
    let settings = |name: &str| Settings {
        password_cost: PasswordCost::LEAST,
        auto_approve: Some(name.to_owned()),
        ..Settings::developer()
    };
    let org = Org::set(settings("Admin@landfall.test"), BaseUrl::of_request()).await;
    let path = format!("{}&immediate=true", Org::asking("landfall"));
    let answer = org.call("GET", &path, &[], "").await;
    assert_eq!(answer.status, StatusCode::FOUND, "{}", answer.body);
    let code = member(answer.header("location"), "code");
    let form = exchange(&code, "").replace("PlatformCLI", "landfall");
    assert_eq!(org.post(TOKEN, &form).await.status, StatusCode::OK);
    let org = Org::set(settings("nobody@landfall.test"), BaseUrl::of_request()).await;
    let answer = org.call("GET", &path, &[], "").await;
    assert_eq!(member(answer.header("location"), "error"), "inactive_user");
}
