//! Logins as events.

use http::Request;
use http_body_util::Full;
use landfall_server::Server;
use landfall_server::config::Data;
use serde_json::{Value, json};

use crate::common::{WITHIN, bayeux, dev, login, stranger};

const CHANNEL: &str = "/event/LoginEventStream";

/// More polls than the events need.
const POLLS: usize = 20;

async fn refused(running: &landfall_server::Running, username: &str) {
    let form = format!(
        "grant_type=password&client_id=landfall&client_secret=landfall&username={username}&password=wrong"
    );
    let request = Request::post("/services/oauth2/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Full::from(form))
        .expect("a request");
    let answer = stranger(running).send(request, WITHIN).await;
    assert_eq!(answer.expect("an answer").status, 400);
}

/// What is on the channel, from its beginning.
async fn told(org: &landfall_client::Org, count: usize) -> Vec<Value> {
    let handshake = json!([{"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]}]);
    let reply = bayeux(org, &handshake.to_string()).await;
    let client = reply.pointer("/0/clientId").cloned();
    let subscribe = json!([{
        "channel": "/meta/subscribe", "clientId": client, "subscription": CHANNEL,
        "ext": {"replay": {CHANNEL: -2}},
    }]);
    let reply = bayeux(org, &subscribe.to_string()).await;
    let successful = reply.pointer("/0/successful");
    assert_eq!(successful, Some(&json!(true)), "{reply}");
    let connect = json!([{
        "channel": "/meta/connect", "clientId": client, "connectionType": "long-polling", "advice": {"timeout": 1_000},
    }]);
    let mut events = Vec::new();
    for _ in 0..POLLS {
        let replies = bayeux(org, &connect.to_string()).await;
        let replies = replies.as_array().into_iter().flatten();
        let payloads = replies.filter_map(|message| message.pointer("/data/payload"));
        events.extend(payloads.cloned());
        if events.len() >= count {
            break;
        }
    }
    events
}

#[tokio::test]
async fn logins_are_events_where_an_operator_asks_for_them() {
    let mut config = dev(Data::Ephemeral);
    config.login_events = true;
    let running = Server::start(config).await.expect("starts");
    let org = login(&running).await;
    refused(&running, "nobody@landfall.test").await;
    refused(&running, "admin@landfall.test").await;
    let events = told(&org, 2).await;
    let [success, failure] = events.as_slice() else {
        panic!("{events:?}");
    };
    for (event, status) in [(success, "Success"), (failure, "Invalid Password")] {
        for (field, value) in [
            ("Status", json!(status)),
            ("Username", json!("admin@landfall.test")),
            ("UserId", event["CreatedById"].clone()),
            ("LoginType", json!("Oauth2")),
            ("LoginSubType", json!("OauthUsernamePassword")),
            ("Application", json!("landfall")),
            ("SourceIp", json!("127.0.0.1")),
            ("LoginUrl", json!("127.0.0.1")),
            ("HttpMethod", json!("POST")),
            ("City", Value::Null),
        ] {
            assert_eq!(event[field], value, "{field}");
        }
        assert_eq!(event["EventIdentifier"].as_str().map(str::len), Some(36));
    }
    assert_ne!(success["EventIdentifier"], failure["EventIdentifier"]);
    assert_eq!(success["LoginKey"].as_str().map(str::len), Some(16));
    assert_eq!(failure["LoginKey"], Value::Null);
    running.stop().await.expect("stops");
}
