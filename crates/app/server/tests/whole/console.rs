//! The console of a production node: off unless it is enabled, read-only, behind a login of an administrator.

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::Full;
use landfall_client::{Answer, Grant, HttpClient, Org, Trust};
use landfall_server::{Config, Running, Server};
use serde_json::{Value, json};

use crate::common::{WITHIN, create_account, get, stranger};
use crate::lifecycle::serve;

const PASSWORD: &str = "correct horse battery staple";

const SESSION: &str = "/console/session";

async fn start(folder: &std::path::Path, masked: &[&str]) -> Running {
    let masked: Vec<String> = masked.iter().map(|name| (*name).to_owned()).collect();
    let config = Config {
        console: true,
        capture_all: true,
        masked: std::sync::Arc::new(landfall_control::Mask::new(&masked)),
        ..serve(folder, true)
    };
    Server::start(config).await.expect("starts")
}

/// The org through its APIs, as the connected app.
async fn app(running: &Running) -> Org {
    let grant = Grant::ClientCredentials {
        client_id: "landfall".to_owned(),
        client_secret: "a-secret-of-24-letters-00".to_owned(),
    };
    let target = running.url().parse().expect("an address");
    let org = Org::login(target, &Trust::nobody(), &grant).await;
    org.expect("the login succeeds")
}

/// A request with these headers.
async fn send(
    http: &HttpClient,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::<Bytes>::from(body.to_owned()));
    let answer = http.send(request.expect("a request"), WITHIN).await;
    answer.expect("an answer")
}

async fn log_in(http: &HttpClient, password: &str) -> Answer {
    let body = json!({ "username": "ops@example.com", "password": password });
    send(http, Method::POST, SESSION, &[], &body.to_string()).await
}

/// The cookie of a login.
fn cookie_of(answer: &Answer) -> String {
    let cookie = answer.headers.get(header::SET_COOKIE);
    let cookie = cookie.and_then(|cookie| cookie.to_str().ok());
    cookie.expect("a cookie").to_owned()
}

/// What the console reads with a cookie.
async fn read(http: &HttpClient, cookie: &str, path: &str) -> (u16, Value) {
    let answer = send(http, Method::GET, path, &[("cookie", cookie)], "").await;
    (answer.status.as_u16(), answer.json())
}

#[tokio::test]
async fn a_production_node_has_no_console_unless_it_is_enabled() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = Server::start(serve(folder.path(), true)).await;
    let running = running.expect("starts");
    let http = stranger(&running);
    for path in ["/console", "/console/live", SESSION, "/_landfall/v1/node"] {
        assert_eq!(get(&http, path).await.status, 404, "{path}");
    }
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn nothing_is_read_without_a_login_and_nothing_is_changed_with_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start(folder.path(), &[]).await;
    let http = stranger(&running);
    for path in ["/_landfall/v1/node", "/_landfall/v1/events", SESSION] {
        assert_eq!(get(&http, path).await.status, 401, "{path}");
    }
    let limits = "/console/rest/services/data/v62.0/limits";
    assert_eq!(get(&http, limits).await.status, 401);
    assert_eq!(log_in(&http, "wrong").await.status, 401);
    let answer = log_in(&http, PASSWORD).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["username"], "ops@example.com");
    let cookie = cookie_of(&answer);
    assert!(
        cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"),
        "{cookie}"
    );
    let cookie = cookie.split(';').next().expect("a pair");
    assert_eq!(read(&http, cookie, "/_landfall/v1/node").await.0, 200);
    assert_eq!(read(&http, cookie, limits).await.0, 200);
    for path in ["", "/position", "/count"] {
        let path = format!("/_landfall/v1/topics/%2Fdata%2FChangeEvents{path}");
        assert_eq!(read(&http, cookie, &path).await.0, 200, "{path}");
    }
    // The APIs know nothing of the cookie.
    assert_eq!(
        read(&http, cookie, "/services/data/v62.0/limits").await.0,
        401
    );
    for path in [
        "clock",
        "faults",
        "orgs",
        "requests",
        "snapshots",
        "mistakes",
    ] {
        let path = format!("/_landfall/v1/{path}");
        assert_eq!(read(&http, cookie, &path).await.0, 404, "{path}");
    }
    for (method, path) in [
        (Method::POST, "/_landfall/v1/logins"),
        (Method::POST, "/_landfall/v1/reset"),
        (Method::POST, "/_landfall/v1/clock/advance"),
        (Method::DELETE, "/_landfall/v1/subscribers/1"),
        (
            Method::POST,
            "/console/rest/services/data/v62.0/sobjects/Account",
        ),
        (
            Method::DELETE,
            "/console/rest/services/data/v62.0/sobjects/Account/1",
        ),
        (Method::POST, "/console/live"),
    ] {
        let answer = send(&http, method.clone(), path, &[("cookie", cookie)], "{}").await;
        assert!(
            [404, 405].contains(&answer.status.as_u16()),
            "{method} {path}"
        );
    }
    // What is declared is what can be called.
    let (_, document) = read(&http, cookie, "/_landfall/v1/openapi.json").await;
    let paths = document["paths"].as_object().expect("paths");
    let methods: Vec<&String> = paths
        .values()
        .flat_map(|path| path.as_object().expect("methods").keys())
        .collect();
    assert!(methods.iter().all(|method| *method == "get"), "{methods:?}");
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn pages_of_other_origins_get_nothing_with_a_cookie() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start(folder.path(), &[]).await;
    let http = stranger(&running);
    let cookie = cookie_of(&log_in(&http, PASSWORD).await);
    let cookie = cookie.split(';').next().expect("a pair");
    let own = running.url();
    for (name, value, status) in [
        ("origin", own.as_str(), 200),
        ("origin", "https://evil.example", 403),
        ("origin", "null", 403),
        ("sec-fetch-site", "same-origin", 200),
        ("sec-fetch-site", "cross-site", 403),
        ("sec-fetch-site", "same-site", 403),
    ] {
        for path in [
            "/_landfall/v1/topics",
            SESSION,
            "/console/rest/services/data/v62.0/limits",
        ] {
            let headers = [("cookie", cookie), (name, value)];
            let answer = send(&http, Method::GET, path, &headers, "").await;
            assert_eq!(answer.status, status, "{path} {name}: {value}");
        }
    }
    let body = json!({ "username": "ops@example.com", "password": PASSWORD }).to_string();
    let headers = [("origin", "https://evil.example")];
    let answer = send(&http, Method::POST, SESSION, &headers, &body).await;
    assert_eq!(answer.status, 403);
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn a_login_ends_when_the_user_logs_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start(folder.path(), &[]).await;
    let http = stranger(&running);
    let cookie = cookie_of(&log_in(&http, PASSWORD).await);
    let cookie = cookie.split(';').next().expect("a pair");
    let headers = [("cookie", cookie)];
    let answer = send(&http, Method::DELETE, SESSION, &headers, "").await;
    assert_eq!(answer.status, 204);
    assert_eq!(read(&http, cookie, "/_landfall/v1/topics").await.0, 401);
    for wrong in ["", "{}", "[]", r#"{"username":"a"}"#, &"x".repeat(10_000)] {
        let answer = send(&http, Method::POST, SESSION, &[], wrong).await;
        assert_eq!(answer.status, 400, "{}", wrong.len());
    }
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn masked_fields_are_shown_nowhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start(folder.path(), &["Phone", "BillingStreet"]).await;
    let org = app(&running).await;
    let id = create_account(&org, "Acme").await;
    let path = format!("/services/data/v59.0/sobjects/Account/{id}");
    let body =
        json!({ "Phone": "555-0100", "BillingStreet": "1 Secret Road", "Website": "acme.example" });
    let answer = org.call(Method::PATCH, &path, Some(&body)).await;
    assert_eq!(answer.expect("an answer").status, 204);
    let http = stranger(&running);
    let cookie = cookie_of(&log_in(&http, PASSWORD).await);
    let cookie = cookie.split(';').next().expect("a pair");
    let (_, events) = read(&http, cookie, "/_landfall/v1/events").await;
    let newest = &events["events"][0];
    let text = events.to_string();
    assert!(text.contains("acme.example"), "{text}");
    assert!(
        !text.contains("555-0100") && !text.contains("Secret Road"),
        "{text}"
    );
    assert_eq!(newest["masked"], json!(["BillingAddress", "Phone"]));
    let (_, found) = read(&http, cookie, "/_landfall/v1/events?q=555-0100").await;
    assert_eq!(found["events"], json!([]));
    for (text, events) in [("555-0100", 0), ("acme.example", 1)] {
        let counted = format!("/_landfall/v1/events/histogram?q={text}");
        let (status, counted) = read(&http, cookie, &counted).await;
        assert_eq!(
            (status, &counted["events"]),
            (200, &json!(events)),
            "{text}"
        );
    }
    let rest = "/console/rest/services/data/v62.0";
    let (_, record) = read(&http, cookie, &format!("{rest}/sobjects/Account/{id}")).await;
    assert_eq!(record["Phone"], "masked");
    assert_eq!(record["BillingAddress"], "masked");
    assert_eq!(record["Website"], "acme.example");
    let all = format!("{rest}/query?q=SELECT+FIELDS(ALL)+FROM+Account+LIMIT+9");
    let (status, page) = read(&http, cookie, &all).await;
    assert_eq!(status, 200, "{page}");
    assert!(!page.to_string().contains("555-0100"), "{page}");
    let named = format!("{rest}/query?q=SELECT+Id+FROM+Account+WHERE+Phone+LIKE+'555%25'");
    let (status, refusal) = read(&http, cookie, &named).await;
    assert_eq!((status, &refusal["error"]["code"]), (400, &json!("masked")));
    let (_, describe) = read(&http, cookie, &format!("{rest}/sobjects/Account/describe")).await;
    assert_eq!(describe["name"], "Account");
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn the_node_reports_its_settings_with_their_origins_and_no_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start(folder.path(), &["Phone"]).await;
    let http = stranger(&running);
    let cookie = cookie_of(&log_in(&http, PASSWORD).await);
    let cookie = cookie.split(';').next().expect("a pair");
    let (_, node) = read(&http, cookie, "/_landfall/v1/node").await;
    assert_eq!(
        (&node["command"], &node["ready"]),
        (&json!("serve"), &json!(true))
    );
    assert_eq!(node["storage"]["backEnd"], "SQLite");
    assert!(
        node["commits"]["count"]
            .as_u64()
            .is_some_and(|count| count > 0)
    );
    assert!(
        node["connections"]["open"]
            .as_u64()
            .is_some_and(|open| open > 0)
    );
    let settings = node["settings"].as_array().expect("settings");
    let of = |key: &str| {
        let mut all = settings.iter();
        all.find(|one| one["key"] == key)
            .cloned()
            .expect("a setting")
    };
    let listen = of("listen");
    assert_eq!(listen["value"], "127.0.0.1:0");
    let origin = listen["origin"].as_str().expect("a text");
    assert!(origin.starts_with("landfall.toml:"), "{origin}");
    assert_eq!(of("log.filter")["origin"], "default");
    assert!(!node.to_string().contains(PASSWORD));
    assert!(
        settings.iter().all(|one| one["key"] != "ephemeral"),
        "dev only"
    );
    running.stop().await.expect("stops");
}
