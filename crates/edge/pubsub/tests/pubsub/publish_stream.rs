//! Publishing on a stream.

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};

use crate::org::{LOW_INK, LOW_INK_SCHEMA, Org, assert_refused, produced};
use crate::proto::{PublishRequest, PublishResponse};

async fn open(org: &Org) -> (mpsc::Sender<PublishRequest>, Streaming<PublishResponse>) {
    let (requests, sent) = mpsc::channel(16);
    let request = org.request(ReceiverStream::new(sent));
    let answers = org.client().publish_stream(request).await.expect("headers");
    (requests, answers.into_inner())
}

fn request(org: &Org, topic: &str, id: &str) -> PublishRequest {
    PublishRequest {
        topic_name: topic.to_owned(),
        events: vec![org.low_ink(id, "A")],
        ..Default::default()
    }
}

/// How a stream of these requests ends.
async fn refusal(org: &Org, requests: Vec<PublishRequest>) -> Status {
    let (sender, mut answers) = open(org).await;
    for request in requests {
        sender.send(request).await.expect("it is open");
    }
    loop {
        match answers.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("it ends without an error"),
            Err(status) => return status,
        }
    }
}

// P45
#[tokio::test]
async fn requests_are_answered_in_their_order() {
    let org = Org::new().await;
    let mut stream = org.subscribed(LOW_INK, 100).await;
    let (requests, mut answers) = open(&org).await;
    for number in 0..10 {
        let topic = if number % 2 == 0 { LOW_INK } else { "" };
        let request = request(&org, topic, &format!("key-{number}"));
        requests.send(request).await.expect("it is open");
    }
    drop(requests);
    let mut rpc_ids = Vec::new();
    for number in 0..10 {
        let answer = answers.message().await.expect("no error");
        let answer = answer.expect("an answer to each");
        assert_eq!(answer.schema_id, LOW_INK_SCHEMA);
        assert_eq!(answer.results.len(), 1);
        assert_eq!(answer.results[0].correlation_key, format!("key-{number}"));
        assert_eq!(answer.results[0].replay_id, stream.event().await.replay_id);
        rpc_ids.push(answer.rpc_id);
    }
    rpc_ids.dedup();
    assert_eq!(rpc_ids.len(), 1);
    assert!(answers.message().await.expect("no error").is_none());
}

// P45
#[tokio::test]
async fn a_stream_keeps_its_topic_and_brings_events() {
    let org = Org::new().await;
    let empty = PublishRequest {
        topic_name: LOW_INK.to_owned(),
        ..Default::default()
    };
    for (requests, code) in [
        (
            vec![
                request(&org, LOW_INK, ""),
                request(&org, "/event/Paper_Jam__e", ""),
            ],
            "publish.topic.mismatch",
        ),
        (vec![empty], "publish.event.count.invalid"),
        (
            vec![request(&org, "", "")],
            "publish.topic.validation.empty",
        ),
    ] {
        let status = refusal(&org, requests).await;
        assert_refused(&status, Code::InvalidArgument, code, "PublishStream");
    }
}

#[tokio::test]
async fn a_stream_takes_another_token_but_not_first() {
    let org = Org::new().await;
    let refreshing = |token: &str, id| PublishRequest {
        auth_refresh: token.to_owned(),
        ..request(&org, LOW_INK, id)
    };
    let other = org.log_in().await;
    let status = refusal(&org, vec![refreshing(&other, "")]).await;
    assert_refused(
        &status,
        Code::InvalidArgument,
        "publish.auth.refresh.invalid",
        "PublishStream",
    );
    let status = refusal(
        &org,
        vec![request(&org, LOW_INK, ""), refreshing("nonsense", "")],
    )
    .await;
    assert_refused(
        &status,
        Code::Unauthenticated,
        "service.auth.refresh.invalid",
        "PublishStream",
    );
    let mut stream = org.subscribed(LOW_INK, 10).await;
    let (requests, mut answers) = open(&org).await;
    let id = "c604fa9c-1ee8-4d4d-8988-1244a54ee952";
    for request in [request(&org, LOW_INK, ""), refreshing(&other, id)] {
        requests.send(request).await.expect("it is open");
        answers.message().await.expect("no error").expect("answer");
    }
    assert_eq!(produced(&stream.events(2).await[1]).id, id);
}

/// Source: the comment of `PublishStream` in `pubsub_api.proto` (forcedotcom/pub-sub-api): 70 seconds.
#[tokio::test]
async fn a_silent_stream_is_ended() {
    let org = Org::new().await;
    let (requests, mut answers) = open(&org).await;
    let first = request(&org, LOW_INK, "");
    requests.send(first).await.expect("it is open");
    answers.message().await.expect("no error").expect("answer");
    org.advance(70).await;
    assert_refused(
        &answers.message().await.expect_err("too long"),
        Code::DeadlineExceeded,
        "publish.stream.sweeper.timeout",
        "PublishStream",
    );
}

// P43
#[tokio::test]
async fn a_request_that_is_too_long_ends_the_stream() {
    let org = Org::new().await;
    let long = PublishRequest {
        events: vec![org.low_ink("", &"m".repeat(900_000)); 5],
        ..request(&org, LOW_INK, "")
    };
    let status = refusal(&org, vec![request(&org, LOW_INK, ""), long]).await;
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
}
