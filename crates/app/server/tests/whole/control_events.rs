//! What the control interface says of events and subscribers, and how a test waits for them.

#![expect(
    clippy::indexing_slicing,
    reason = "a value that is not there fails the test"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use landfall_client::pubsub::{PubSub, Replay as PubSubReplay, Subscription};
use landfall_client::streaming::{Replay, Streaming, Update};
use landfall_client::{HttpClient, Org, Trust};
use serde_json::{Value, json};

use crate::common::{WITHIN, bayeux, create_account, login, start, stranger};
use crate::control::{call, done};

const CHANNEL: &str = "/data/AccountChangeEvent";

pub(crate) async fn stream(org: &Org) -> Subscription {
    let api = PubSub::connect(org, &Trust::nobody())
        .await
        .expect("connected");
    let stream = api.subscribe(CHANNEL, PubSubReplay::Latest).await;
    stream.expect("subscribed")
}

/// Waits until as many subscribers are listed.
pub(crate) async fn listed(http: &HttpClient, count: usize) -> Vec<Value> {
    let listed = async {
        loop {
            let listed = done(http, "GET", "subscribers", Value::Null).await;
            let listed = listed["subscribers"].as_array().expect("a list").clone();
            if listed.len() == count {
                return listed;
            }
            tokio::task::yield_now().await;
        }
    };
    let listed = tokio::time::timeout(WITHIN, listed).await;
    listed.expect("so many subscribers")
}

#[tokio::test]
async fn when_an_org_has_settled_clients_have_handled_what_happened() {
    const EVENTS: usize = 20;
    let running = start().await;
    let http = stranger(&running);
    let org = login(&running).await;
    let mut client = Streaming::new(org.clone(), "59.0");
    client
        .subscribe(CHANNEL, Replay::Latest)
        .expect("one subscription");
    while !matches!(client.next().await, Update::Subscribed(_)) {}
    let handled = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&handled);
    let consumer = tokio::spawn(async move {
        loop {
            if let Update::Event(_) = client.next().await {
                // It takes its time.
                tokio::time::sleep(Duration::from_millis(2)).await;
                counted.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    let stream = stream(&org).await;
    listed(&http, 2).await;
    for round in 1..=3 {
        for number in 0..EVENTS {
            create_account(&org, &format!("{round}.{number}")).await;
        }
        let settled = done(&http, "POST", "settle", json!({})).await;
        assert_eq!(settled["subscriptions"], 2);
        assert_eq!(handled.load(Ordering::Relaxed), round * EVENTS);
        for subscriber in listed(&http, 2).await {
            assert_eq!(subscriber["state"], "waiting for events", "{subscriber}");
            let subscription = &subscriber["subscriptions"][0];
            assert_eq!(subscription["channel"], CHANNEL);
            assert_eq!(subscription["lag"], 0);
            assert_eq!(subscription["replayId"], settled["tail"]);
        }
    }
    consumer.abort();
    drop((stream, http, org));
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn a_client_that_does_not_poll_is_named() {
    let running = start().await;
    let http = stranger(&running);
    let org = login(&running).await;
    let session = session(&org).await;
    let refused = call(&http, "POST", "settle", r#"{"timeoutMs":20}"#).await;
    assert_eq!(refused.status, 408);
    let message = refused.json()["error"]["message"].to_string();
    assert!(message.contains(&session), "{message}");
    assert!(message.contains("between two polls"), "{message}");
    drop((http, org));
    running.stop().await.expect("stops");
}

/// A session with one subscription that does not poll; gives its client id.
pub(crate) async fn session(org: &Org) -> String {
    let handshake = r#"[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]"#;
    let answer = bayeux(org, handshake).await;
    let id = answer[0]["clientId"].as_str().expect("an id").to_owned();
    let subscribe = json!([
        {"channel": "/meta/subscribe", "clientId": id, "subscription": CHANNEL},
    ]);
    let answer = bayeux(org, &subscribe.to_string()).await;
    assert_eq!(answer[0]["successful"], true, "{answer}");
    id
}

#[tokio::test]
async fn a_subscriber_can_be_ended() {
    let running = start().await;
    let http = stranger(&running);
    let org = login(&running).await;
    let id = session(&org).await;
    let mut stream = stream(&org).await;
    for subscriber in listed(&http, 2).await {
        let id = subscriber["id"].as_str().expect("an id");
        let ended = call(&http, "DELETE", &format!("subscribers/{id}"), "").await;
        assert_eq!(ended.status, 204);
    }
    let connect = json!([
        {"channel": "/meta/connect", "clientId": id, "connectionType": "long-polling"},
    ]);
    let answer = bayeux(&org, &connect.to_string()).await;
    assert_eq!(answer[0]["error"], "403::Unknown client");
    assert_eq!(answer[0]["advice"]["reconnect"], "handshake");
    let ended = stream.next().await.expect_err("the stream has ended");
    let reason = "sfdc.platform.eventbus.grpc.service.unavailable";
    assert!(format!("{ended:?}").contains(reason), "{ended:?}");
    listed(&http, 0).await;
    drop((stream, http, org));
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn an_expected_event_is_waited_for() {
    let running = start().await;
    let http = stranger(&running);
    let org = login(&running).await;
    let expected = json!({
        "channel": CHANNEL,
        "match": {"payload": {"Name": "Second", "ChangeEventHeader": {"changeType": "CREATE"}}},
        "timeoutMs": 20_000,
    });
    let caused = async {
        create_account(&org, "First").await;
        create_account(&org, "Second").await
    };
    let (answer, id) = tokio::join!(done(&http, "POST", "expect", expected.clone()), caused);
    let event = &answer["events"][0];
    assert_eq!(event["data"]["payload"]["Name"], "Second");
    assert_eq!(
        event["data"]["payload"]["ChangeEventHeader"]["recordIds"],
        json!([id])
    );
    assert_eq!(event["data"]["event"]["replayId"], event["replayId"]);
    // What is there already counts, unless it is to come after it.
    let again = done(&http, "POST", "expect", expected.clone()).await;
    assert_eq!(again, answer);
    let mut later = expected;
    later["after"] = event["replayId"].clone();
    later["timeoutMs"] = json!(20);
    let refused = call(&http, "POST", "expect", later.to_string()).await;
    assert_eq!(refused.status, 408);
    let two = json!({"channel": CHANNEL, "count": 2});
    let answer = done(&http, "POST", "expect", two).await;
    assert_eq!(answer["events"].as_array().map(Vec::len), Some(2));
    let three = json!({"channel": CHANNEL, "match": {"payload": {"Name": "First"}}, "count": 2, "timeoutMs": 20});
    let refused = call(&http, "POST", "expect", three.to_string()).await;
    let message = refused.json()["error"]["message"]
        .as_str()
        .map(str::to_owned);
    let message = message.expect("a message");
    assert!(
        message.starts_with("1 of 2 expected events have come"),
        "{message}"
    );
    assert!(message.contains("\"Name\":\"Second\""), "{message}");
    drop((http, org));
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn the_position_at_a_time_is_between_the_events_around_it() {
    let running = start().await;
    let http = stranger(&running);
    let org = login(&running).await;
    let start = "2126-03-01T12:00:00.000Z";
    done(
        &http,
        "PUT",
        "clock",
        json!({"mode": "frozen", "now": start}),
    )
    .await;
    let org = {
        drop(org);
        login(&running).await
    };
    let mut tails = Vec::new();
    for name in ["At noon", "At one"] {
        create_account(&org, name).await;
        let topics = done(&http, "GET", "topics", Value::Null).await;
        tails.push(topics["tail"].clone());
        done(&http, "POST", "clock/advance", json!({"by": "1h"})).await;
    }
    let position = async |at: &str| {
        let path = format!("topics/%2Fdata%2FAccountChangeEvent/position{at}");
        done(&http, "GET", &path, Value::Null).await["replayId"].clone()
    };
    assert_eq!(position("?at=2126-03-01T12:00:00.001Z").await, tails[0]);
    assert_eq!(position("?at=2126-03-01T13:00:00Z").await, tails[0]);
    assert_eq!(position("?at=2126-03-01T13:00:00.001Z").await, tails[1]);
    assert_eq!(position("").await, tails[1]);
    let first = position("?at=2126-03-01T12:00:00Z").await;
    assert!(first.as_i64() < tails[0].as_i64());
    let events = json!({"channel": CHANNEL, "after": first, "count": 2});
    done(&http, "POST", "expect", events).await;
    let topics = done(&http, "GET", "topics", Value::Null).await;
    let of_accounts = json!({"channel": CHANNEL, "kind": "changeEvents"});
    assert!(
        topics["topics"]
            .as_array()
            .expect("topics")
            .contains(&of_accounts)
    );
    drop((http, org));
    running.stop().await.expect("stops");
}
