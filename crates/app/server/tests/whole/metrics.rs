//! What `/metrics` shows, and to whom.

use bytes::Bytes;
use http::{Request, header};
use http_body_util::Full;
use landfall_client::HttpClient;
use landfall_server::config::Data;
use landfall_server::config::Metrics;
use landfall_server::{Running, Server};
use serde_json::{Value, json};

use crate::common::{WITHIN, bayeux, create_account, dev, get, login, stranger};

async fn answer(http: &HttpClient, token: Option<&str>) -> (u16, String) {
    let mut request = Request::get("/metrics");
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let request = request.body(Full::<Bytes>::default()).expect("a request");
    let answer = http.send(request, WITHIN).await.expect("an answer");
    let text = String::from_utf8(answer.body.to_vec()).expect("text");
    (answer.status.as_u16(), text)
}

async fn started(readers: Metrics) -> Running {
    let mut config = dev(Data::Ephemeral);
    config.metrics = readers;
    Server::start(config).await.expect("starts")
}

#[tokio::test]
async fn usage_of_a_topic_and_the_lag_of_its_subscribers() {
    let running = started(Metrics::Everybody).await;
    let org = login(&running).await;
    let shaken = bayeux(
        &org,
        r#"[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]"#,
    )
    .await;
    let client = shaken
        .pointer("/0/clientId")
        .and_then(Value::as_str)
        .expect("a client id")
        .to_owned();
    let subscribe = json!([{"channel": "/meta/subscribe", "clientId": client, "subscription": "/data/AccountChangeEvent"}]);
    bayeux(&org, &subscribe.to_string()).await;
    for name in ["one", "two"] {
        create_account(&org, name).await;
    }
    let (status, text) = answer(&stranger(&running), None).await;
    assert_eq!(status, 200);
    let labels =
        format!(r#"{{protocol="cometd",topic="/data/AccountChangeEvent",client="{client}"}}"#);
    for line in [
        r#"landfall_events_published_total{topic="/data/AccountChangeEvent"} 2"#,
        r#"landfall_subscriptions{protocol="cometd"} 1"#,
        &format!("landfall_subscription_lag_events{labels} 2"),
        r#"landfall_allocation_used{allocation="concurrent_clients"} 1"#,
    ] {
        assert!(text.lines().any(|other| other == line), "{line}\n{text}");
    }
    let connect =
        json!([{"channel": "/meta/connect", "clientId": client, "connectionType": "long-polling"}]);
    bayeux(&org, &connect.to_string()).await;
    let (_, text) = answer(&stranger(&running), None).await;
    for line in [
        r#"landfall_events_delivered_total{topic="/data/AccountChangeEvent"} 2"#,
        &format!("landfall_subscription_lag_events{labels} 0"),
        r#"landfall_allocation_used{allocation="delivered_daily"} 2"#,
    ] {
        assert!(text.lines().any(|other| other == line), "{line}\n{text}");
    }
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn reading_from_a_production_node_requires_a_token() {
    let own = "a token of one's own";
    let secret = landfall_server::config::Secret::new(own.to_owned());
    let running = started(Metrics::Token(secret)).await;
    let http = stranger(&running);
    assert_eq!(answer(&http, None).await.0, 401);
    assert_eq!(answer(&http, Some("another token of one")).await.0, 401);
    assert_eq!(answer(&http, Some(own)).await.0, 200);
    let org = login(&running).await;
    let token = org.access_token().expose().to_owned();
    assert_eq!(answer(&http, Some(&token)).await.0, 200);
    assert_eq!(get(&http, "/healthz").await.status, 200);
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn failed_logins_are_counted() {
    let running = started(Metrics::Everybody).await;
    let http = stranger(&running);
    for _ in 0..3 {
        let form = "grant_type=password&client_id=landfall&client_secret=landfall&username=admin@landfall.test&password=no";
        let request = Request::post("/services/oauth2/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Full::from(form));
        let refused = http.send(request.expect("a request"), WITHIN).await;
        assert_eq!(refused.expect("an answer").status, 400);
    }
    let (_, text) = answer(&http, None).await;
    let line = r#"landfall_logins_failed_total{reason="password"} 3"#;
    assert!(text.lines().any(|other| other == line), "{text}");
    drop(http);
    running.stop().await.expect("stops");
}
