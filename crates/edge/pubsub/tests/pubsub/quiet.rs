//! Streams on which nothing happens.

use tonic::Code;

use crate::org::{ACCOUNTS, LOW_INK, Org, assert_refused, number, produced};

// P19
#[tokio::test]
async fn a_waiting_client_gets_keepalives() {
    let org = Org::new().await;
    let mut stream = org.subscribed(ACCOUNTS, 1).await;
    org.advance(59).await;
    stream.assert_quiet().await;
    org.advance(1).await;
    let keepalive = stream.next().await;
    assert_eq!(keepalive.events, []);
    assert_eq!(keepalive.pending_num_requested, 1);
    number(&keepalive.latest_replay_id);
    org.advance(60).await;
    assert_eq!(stream.next().await, keepalive);
    for name in ["Acme", "Bigg"] {
        org.account(name).await;
    }
    let mut resumed = org.resumed(ACCOUNTS, &keepalive.latest_replay_id).await;
    assert_eq!(resumed.events(2).await[0], stream.event().await);
}

#[tokio::test]
async fn a_keepalive_moves_on_with_the_events_of_other_topics() {
    let org = Org::new().await;
    let mut stream = org.subscribed(LOW_INK, 1).await;
    org.account("Acme").await;
    org.advance(60).await;
    let keepalive = stream.next().await;
    assert!(number(&keepalive.latest_replay_id) <= org.engine.log().bounds().tail.get());
    let published = org.publish(LOW_INK, vec![org.low_ink("", "A")]).await;
    published.expect("it is published");
    let mut resumed = org.resumed(LOW_INK, &keepalive.latest_replay_id).await;
    assert_eq!(resumed.event().await, stream.event().await);
}

// P20
#[tokio::test]
async fn a_client_that_wants_nothing_more_is_let_go() {
    let org = Org::new().await;
    let mut stream = org.subscribed(ACCOUNTS, 1).await;
    org.account("Acme").await;
    assert_eq!(stream.next().await.pending_num_requested, 0);
    org.advance(55).await;
    stream.more(1).await;
    org.account("Bigg").await;
    assert_eq!(stream.next().await.pending_num_requested, 0);
    org.advance(59).await;
    stream.assert_quiet().await;
    org.advance(1).await;
    let status = stream.refusal().await;
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    assert!(status.metadata().get("error-code").is_some());
}

#[tokio::test]
async fn a_client_that_never_asks_is_let_go() {
    let org = Org::new().await;
    let mut stream = org.open().await;
    org.advance(60).await;
    assert_eq!(stream.refusal().await.code(), Code::DeadlineExceeded);
}

// P24
#[tokio::test]
async fn only_new_events_come_unless_others_are_asked_for() {
    let org = Org::new().await;
    org.account("Before").await;
    let mut stream = org.subscribed(ACCOUNTS, 10).await;
    stream.assert_quiet().await;
    org.account("After").await;
    let event = stream.event().await;
    let text = String::from_utf8_lossy(&produced(&event).payload).into_owned();
    assert!(text.contains("After"), "{text}");
    assert_refused_preset(&org).await;
}

/// A preset that is not known is the default one.
async fn assert_refused_preset(org: &Org) {
    let stream = org.open().await;
    stream
        .send(crate::proto::FetchRequest {
            replay_preset: 77,
            ..crate::org::fetch(ACCOUNTS, 1)
        })
        .await;
    let mut stream = stream;
    stream.assert_quiet().await;
    stream.more(0).await;
    assert_refused(
        &stream.refusal().await,
        Code::InvalidArgument,
        "subscription.fetch.requested.events.invalid",
        "Subscribe",
    );
}
