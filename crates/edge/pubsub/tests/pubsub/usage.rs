//! What deliveries and publications count as, and what happens when there may be no more.

use landfall_engine::usage::{Allocations, Meter};

use crate::org::{ACCOUNTS, LOW_INK, Org};

// C76
#[tokio::test]
async fn deliveries_count_and_the_stream_ends_when_there_may_be_no_more() {
    let org = Org::allowed(Allocations {
        delivered_daily: Some(2),
        ..Allocations::UNLIMITED
    })
    .await;
    let mut stream = org.subscribed(ACCOUNTS, 10).await;
    for name in ["one", "two", "three"] {
        org.account(name).await;
    }
    assert_eq!(stream.events(2).await.len(), 2);
    let status = stream.refusal().await;
    assert_eq!(
        status.metadata().get("error-code").expect("a code"),
        "sfdc.platform.eventbus.grpc.subscription.limit.exceeded"
    );
    let text = "You have exceeded the event delivery limit for your org.";
    assert!(status.message().starts_with(text), "{status:?}");
    assert_eq!(org.engine.usage().used(Meter::Delivered), 2);
}

#[tokio::test]
async fn once_the_hour_is_used_up_each_event_is_refused() {
    let org = Org::allowed(Allocations {
        published_hourly: Some(2),
        ..Allocations::UNLIMITED
    })
    .await;
    let batch = |count: usize| (0..count).map(|_| org.low_ink("", "A")).collect();
    let answer = org.publish(LOW_INK, batch(2)).await.expect("an answer");
    assert!(answer.results.iter().all(|result| result.error.is_none()));
    let answer = org.publish(LOW_INK, batch(1)).await.expect("an answer");
    let error = answer.results[0].error.as_ref().expect("an error");
    assert_eq!(error.msg, "LIMIT_EXCEEDED");
    // What was refused does not count.
    assert_eq!(org.engine.usage().used(Meter::Published), 2);
    org.advance(3_600).await;
    let answer = org.publish(LOW_INK, batch(1)).await.expect("an answer");
    assert!(answer.results[0].error.is_none());
}
