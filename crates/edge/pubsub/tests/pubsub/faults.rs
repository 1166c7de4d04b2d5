//! Faults that a test has armed, on streams and calls.

use landfall_engine::faults::{Arming, FaultKind, Filter, When};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;

use crate::org::{ACCOUNTS, LOW_INK, LOW_INK_SCHEMA, Org, assert_refused, fetch};
use crate::proto::{FetchRequest, PublishRequest};

/// Arms a fault that fires once, after some occasions.
fn arm(org: &Org, kind: FaultKind, topic: &str, after: u64) {
    let arming = Arming {
        filter: Filter {
            topic: Some(topic.to_owned()),
            ..Filter::default()
        },
        when: When {
            after,
            ..When::default()
        },
        ..Arming::once(kind)
    };
    org.engine.faults().arm(arming).expect("there is space");
}

fn arm_method(org: &Org, kind: FaultKind, method: &str) {
    let filter = Filter {
        method: Some(method.to_owned()),
        ..Filter::default()
    };
    let arming = Arming {
        filter,
        ..Arming::once(kind)
    };
    org.engine.faults().arm(arming).expect("there is space");
}

fn fired(org: &Org) -> u64 {
    let all = org.engine.faults().all();
    all.iter().map(|fault| fault.fired).sum()
}

#[tokio::test]
async fn a_subscription_is_refused_at_its_start() {
    let org = Org::new().await;
    for (kind, code, error_code) in [
        (
            FaultKind::Unavailable,
            Code::Internal,
            "service.unavailable",
        ),
        (
            FaultKind::EventsDailyLimit,
            Code::ResourceExhausted,
            "subscription.limit.exceeded",
        ),
    ] {
        arm(&org, kind, ACCOUNTS, 0);
        let mut other = org.subscribed(LOW_INK, 1).await;
        other.assert_quiet().await;
        let mut stream = org.open().await;
        stream.send(fetch(ACCOUNTS, 1)).await;
        let refusal = stream.refusal().await;
        assert_refused(&refusal, code, error_code, "Subscribe");
    }
    assert_eq!(fired(&org), 2);
}

#[tokio::test]
async fn an_open_stream_ends_instead_of_its_next_response() {
    let org = Org::new().await;
    for kind in [
        FaultKind::Unavailable,
        FaultKind::StreamEnded,
        FaultKind::StreamReset,
        FaultKind::HalfClose,
    ] {
        let mut stream = org.subscribed(ACCOUNTS, 10).await;
        org.account("First").await;
        let last = stream.next().await.latest_replay_id;
        arm(&org, kind, ACCOUNTS, 0);
        org.account("Second").await;
        match kind {
            FaultKind::StreamEnded => stream.assert_over().await,
            FaultKind::StreamReset | FaultKind::HalfClose => {
                let reset = stream.refusal().await;
                let trailers = reset.metadata();
                assert!(trailers.get("error-code").is_none(), "{reset:?}");
                assert!(trailers.get("landfall-reset").is_none(), "{reset:?}");
            }
            _ => {
                let refusal = stream.refusal().await;
                assert_refused(&refusal, Code::Internal, "service.unavailable", "Subscribe");
            }
        }
        // A client that resumes gets what was not delivered.
        let mut resumed = org.resumed(ACCOUNTS, &last).await;
        resumed.event().await;
    }
    assert_eq!(fired(&org), 4);
}

#[tokio::test]
async fn a_silent_stream_stays_open_and_sends_nothing() {
    let org = Org::new().await;
    let mut stream = org.subscribed(ACCOUNTS, 10).await;
    arm(&org, FaultKind::StreamSilent, ACCOUNTS, 0);
    org.account("Unheard").await;
    stream.assert_quiet().await;
    // No keepalive either.
    org.advance(600).await;
    stream.assert_quiet().await;
    org.stopping.send_replace(true);
    let end = stream.refusal().await;
    assert_refused(&end, Code::Internal, "service.unavailable", "Subscribe");
}

#[tokio::test]
async fn a_keepalive_comes_late_and_events_do_not() {
    let org = Org::new().await;
    let mut stream = org.subscribed(ACCOUNTS, 10).await;
    let arming = Arming {
        delay_ms: 100_000,
        ..Arming::once(FaultKind::KeepaliveLate)
    };
    org.engine.faults().arm(arming.clone()).expect("space");
    // It is due after 60 seconds, and another one after 120.
    for seconds in [60, 60, 39] {
        org.advance(seconds).await;
        stream.assert_quiet().await;
    }
    org.advance(1).await;
    assert!(stream.next().await.events.is_empty());
    stream.assert_quiet().await;
    org.advance(60).await;
    assert!(stream.next().await.events.is_empty(), "the next is in time");
    org.engine.faults().arm(arming).expect("space");
    org.advance(60).await;
    stream.assert_quiet().await;
    org.account("In time").await;
    stream.event().await;
    org.advance(59).await;
    stream.assert_quiet().await;
    org.advance(1).await;
    assert!(stream.next().await.events.is_empty(), "since the event");
    assert_eq!(fired(&org), 2);
}

#[tokio::test]
async fn a_replay_id_is_refused_and_the_presets_are_not() {
    let org = Org::new().await;
    let mut stream = org.subscribed(ACCOUNTS, 10).await;
    org.account("First").await;
    let last = stream.next().await.latest_replay_id;
    arm(&org, FaultKind::ReplayIdInvalid, ACCOUNTS, 0);
    drop(org.subscribed(ACCOUNTS, 1).await);
    let mut refused = org.resumed(ACCOUNTS, &last).await;
    let refusal = refused.refusal().await;
    let code = "subscription.fetch.replayid.corrupted";
    assert_refused(&refusal, Code::InvalidArgument, code, "Subscribe");
    org.account("Second").await;
    org.resumed(ACCOUNTS, &last).await.event().await;
}

#[tokio::test]
async fn an_event_comes_twice_in_a_response() {
    let org = Org::new().await;
    let mut stream = org.subscribed(ACCOUNTS, 10).await;
    arm(&org, FaultKind::Duplicate, ACCOUNTS, 0);
    org.account("Twice").await;
    let events = stream.next().await.events;
    assert_eq!(events.len(), 2);
    assert_eq!(events.first(), events.last());
    org.account("Once").await;
    assert_eq!(stream.next().await.events.len(), 1);
}

#[tokio::test]
async fn calls_are_refused_by_name() {
    let org = Org::new().await;
    arm_method(&org, FaultKind::Unavailable, "GetTopic");
    let refused = org.topic(ACCOUNTS).await.expect_err("refused");
    assert_refused(&refused, Code::Internal, "service.unavailable", "GetTopic");
    org.topic(ACCOUNTS).await.expect("once only");
    arm_method(&org, FaultKind::TooManyConnections, "Subscribe");
    let request = org.request(tokio_stream::empty());
    let refused = org.client().subscribe(request).await.expect_err("refused");
    let code = "service.protection.triggered";
    assert_refused(&refused, Code::ResourceExhausted, code, "Subscribe");
    drop(org.subscribed(ACCOUNTS, 1).await);
}

#[tokio::test]
async fn a_schema_cannot_be_read_for_a_while() {
    let org = Org::new().await;
    let schema_id = org.topic(ACCOUNTS).await.expect("a topic").schema_id;
    arm(&org, FaultKind::SchemaUnavailable, ACCOUNTS, 0);
    org.schema(LOW_INK_SCHEMA).await.expect("another topic's");
    let refused = org.schema(&schema_id).await.expect_err("refused");
    let code = "schema.api.unavailable";
    assert_refused(&refused, Code::Unavailable, code, "GetSchema");
    org.schema(&schema_id).await.expect("once only");
    arm_method(&org, FaultKind::SchemaUnavailable, "GetSchema");
    org.schema(LOW_INK_SCHEMA).await.expect_err("refused");
    assert_eq!(fired(&org), 2);
}

#[tokio::test]
async fn the_log_is_trimmed_when_a_client_comes_back() {
    let org = Org::new().await;
    let mut stream = org.subscribed(ACCOUNTS, 1).await;
    org.account("Read").await;
    let read = stream.event().await;
    drop(stream);
    org.account("Missed").await;
    arm(&org, FaultKind::Trim, ACCOUNTS, 0);
    for _ in 0..2 {
        let mut stream = org.resumed(ACCOUNTS, &read.replay_id).await;
        let code = "subscription.fetch.replayid.corrupted";
        let refusal = stream.refusal().await;
        assert_refused(&refusal, Code::InvalidArgument, code, "Subscribe");
    }
    assert_eq!(fired(&org), 1);
    assert_eq!(org.engine.log().bounds().earliest, None);
    let mut stream = org.open().await;
    let earliest = FetchRequest {
        replay_preset: 1,
        ..fetch(ACCOUNTS, 1)
    };
    stream.send(earliest).await;
    stream.assert_quiet().await;
    org.account("Next").await;
    stream.event().await;
}

#[tokio::test]
async fn replay_ids_begin_again_when_a_client_comes_back() {
    let org = Org::new().await;
    let mut stream = org.subscribed(ACCOUNTS, 2).await;
    org.account("First").await;
    org.account("Second").await;
    let events = stream.events(2).await;
    drop(stream);
    arm(&org, FaultKind::RestartStream, ACCOUNTS, 0);
    let mut stream = org.resumed(ACCOUNTS, &events[1].replay_id).await;
    let code = "subscription.fetch.replayid.corrupted";
    let refusal = stream.refusal().await;
    assert_refused(&refusal, Code::InvalidArgument, code, "Subscribe");
    assert_eq!(fired(&org), 1);
    let mut stream = org.subscribed(ACCOUNTS, 1).await;
    org.account("Again").await;
    assert_eq!(stream.event().await.replay_id, events[0].replay_id);
    // The same position as before leads to other events.
    org.account("Other").await;
    let mut resumed = org.resumed(ACCOUNTS, &events[0].replay_id).await;
    assert_eq!(resumed.event().await.replay_id, events[1].replay_id);
}

#[tokio::test]
async fn events_are_rejected_all_or_in_part() {
    let org = Org::new().await;
    let events = || vec![org.low_ink("a", "A"), org.low_ink("b", "B")];
    let errors = async |events| {
        let answer = org.publish(LOW_INK, events).await.expect("an answer");
        let results = answer.results.into_iter();
        let errors = results.map(|result| {
            assert_eq!(result.error.is_some(), result.replay_id.is_empty());
            result.error.map(|error| error.msg)
        });
        errors.collect::<Vec<_>>()
    };
    let exceeded = || Some("LIMIT_EXCEEDED".to_owned());
    arm(&org, FaultKind::PublishRejected, LOW_INK, 0);
    assert_eq!(errors(events()).await, [exceeded(), exceeded()]);
    arm(&org, FaultKind::PublishPartial, LOW_INK, 0);
    assert_eq!(errors(vec![org.low_ink("c", "C")]).await, [None]);
    assert_eq!(errors(events()).await, [None, exceeded()]);
    assert_eq!(errors(events()).await, [None, None]);
    assert_eq!(fired(&org), 2);
}

#[tokio::test]
async fn a_publishing_stream_loses_an_answer_and_not_the_event() {
    let org = Org::new().await;
    let mut stream = org.subscribed(LOW_INK, 10).await;
    arm_method(&org, FaultKind::AckLost, "PublishStream");
    let (requests, sent) = mpsc::channel(1);
    let request = org.request(ReceiverStream::new(sent));
    let answers = org.client().publish_stream(request).await.expect("headers");
    let request = PublishRequest {
        topic_name: LOW_INK.to_owned(),
        events: vec![org.low_ink("a", "A")],
        ..Default::default()
    };
    requests.send(request).await.expect("it is open");
    let mut answers = answers.into_inner();
    let reset = answers.message().await.expect_err("reset");
    assert!(reset.metadata().get("error-code").is_none(), "{reset:?}");
    stream.event().await;
}
