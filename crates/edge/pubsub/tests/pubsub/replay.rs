//! Where a subscription starts.

use landfall_model::ReplayId;
use tonic::Code;

use crate::org::{ACCOUNTS, Org, assert_refused, fetch, number, produced};
use crate::proto::{ConsumerEvent, FetchRequest};

/// An org with three events, and the events.
async fn three() -> (Org, Vec<ConsumerEvent>) {
    let org = Org::new().await;
    let mut stream = org.subscribed(ACCOUNTS, 3).await;
    for name in ["One", "Two", "Three"] {
        org.account(name).await;
    }
    let events = stream.events(3).await;
    (org, events)
}

async fn earliest(org: &Org) -> crate::org::Fetching {
    let stream = org.open().await;
    stream
        .send(FetchRequest {
            replay_preset: 1,
            ..fetch(ACCOUNTS, 10)
        })
        .await;
    stream
}

// P26
#[tokio::test]
async fn an_event_is_named_in_ten_bytes_or_eight_or_by_the_number_before() {
    let (org, events) = three().await;
    let second = &events[1].replay_id;
    for replay_id in [&second[..], &second[..8]] {
        let mut stream = org.resumed(ACCOUNTS, replay_id).await;
        assert_eq!(stream.events(1).await, events[2..]);
    }
    for (event, rest) in [(1, &events[1..]), (0, &events[..])] {
        let before = (number(&events[event].replay_id) - 1).to_be_bytes();
        let mut stream = org.resumed(ACCOUNTS, &before).await;
        assert_eq!(stream.events(rest.len()).await, rest);
    }
    let mut stream = org.resumed(ACCOUNTS, &events[2].replay_id).await;
    stream.assert_quiet().await;
}

// P27
#[tokio::test]
async fn what_names_no_retained_event_is_refused() {
    let (org, events) = three().await;
    let first = number(&events[0].replay_id);
    let above = number(&events[2].replay_id) + 1;
    let corrupted = [
        vec![1, 2, 3],
        vec![0; 9],
        vec![0xff; 8],
        vec![0xff; 10],
        vec![0; 8],
        vec![0; 100_000],
        above.to_be_bytes().to_vec(),
        (first - 2).to_be_bytes().to_vec(),
        [&events[0].replay_id[..9], &[1]].concat(),
        events[0].replay_id.repeat(2),
    ];
    for replay_id in corrupted {
        let mut stream = org.resumed(ACCOUNTS, &replay_id).await;
        let status = stream.refusal().await;
        let code = "subscription.fetch.replayid.corrupted";
        assert_refused(&status, Code::InvalidArgument, code, "Subscribe");
        let text = "The Replay ID validation failed.";
        assert!(status.message().starts_with(text), "{status:?}");
    }
    let mut stream = org.resumed(ACCOUNTS, &[]).await;
    assert_refused(
        &stream.refusal().await,
        Code::InvalidArgument,
        "subscription.fetch.replayid.validation.failed",
        "Subscribe",
    );
}

#[tokio::test]
async fn a_position_of_an_org_without_events_can_be_resumed_from() {
    let org = Org::new().await;
    let mut stream = org.subscribed(ACCOUNTS, 1).await;
    org.advance(60).await;
    let position = stream.next().await.latest_replay_id;
    number(&position);
    let mut resumed = org.resumed(ACCOUNTS, &position).await;
    resumed.assert_quiet().await;
    org.account("Acme").await;
    assert_eq!(resumed.event().await, stream.event().await);
}

// P28
#[tokio::test]
async fn earliest_is_the_oldest_event_that_is_kept() {
    let (mut org, events) = three().await;
    assert_eq!(earliest(&org).await.events(3).await, events);
    org.advance(71 * 3600).await;
    org.token = org.log_in().await;
    let mut stream = org.subscribed(ACCOUNTS, 1).await;
    org.account("Four").await;
    let kept = stream.events(1).await;
    org.advance(2 * 3600).await;
    org.engine.trim().await.expect("it forgets");
    org.token = org.log_in().await;
    assert_eq!(earliest(&org).await.events(1).await, kept);
    let mut stream = org.resumed(ACCOUNTS, &events[1].replay_id).await;
    assert_eq!(stream.refusal().await.code(), Code::InvalidArgument);
}

// P29: the Streaming API shows the number of the log.
#[tokio::test]
async fn a_replay_id_is_the_number_of_the_streaming_api() {
    let (org, events) = three().await;
    let filter = landfall_engine::TopicFilter::All;
    let stretch = org.engine.log().read(ReplayId::ORIGIN, &filter, 100).await;
    let stored: Vec<(u64, String)> = stretch
        .expect("the log can be read")
        .events
        .iter()
        .map(|event| (event.event().replay_id.get(), event.event().id.to_string()))
        .collect();
    let delivered: Vec<(u64, String)> = events
        .iter()
        .map(|event| (number(&event.replay_id), produced(event).id.clone()))
        .collect();
    assert_eq!(delivered, stored);
    let from_streaming = stored[0].0.to_be_bytes();
    let mut stream = org.resumed(ACCOUNTS, &from_streaming).await;
    assert_eq!(stream.events(2).await, events[1..]);
}

// P30
#[tokio::test]
async fn positions_outlive_the_server() {
    let (org, events) = three().await;
    let org = org.restarted().await;
    let mut stream = org.resumed(ACCOUNTS, &events[0].replay_id).await;
    assert_eq!(stream.events(2).await, events[1..]);
    org.account("Four").await;
    let next = stream.event().await;
    assert!(number(&next.replay_id) > number(&events[2].replay_id));
}
