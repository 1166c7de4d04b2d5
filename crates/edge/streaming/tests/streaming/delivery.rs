//! Events whose response is never sent.

use std::time::Duration;

use serde_json::{Value, json};

use crate::org::{ACCOUNTS, Org, connect, connect_now, names};

#[tokio::test]
async fn events_of_a_lost_answer_come_with_the_next() {
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    org.account("1").await;
    org.account("2").await;
    drop(org.response(&connect_now(&client)).await);
    org.account("3").await;
    assert_eq!(names(&org.events(&client).await), ["1", "2", "3"]);
    assert!(org.events(&client).await.is_empty());
}

#[tokio::test]
async fn events_that_were_taken_back_wake_a_held_poll() {
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    org.account("1").await;
    let lost = org.response(&connect_now(&client)).await;
    let held = org.hold(connect(&client)).await;
    drop(lost);
    let replies = held.answer().await;
    assert_eq!(replies[0]["data"]["payload"]["Name"], "1");
}

#[tokio::test]
async fn what_came_later_is_not_sent_twice() {
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    org.account("1").await;
    let lost = org.response(&connect_now(&client)).await;
    org.account("2").await;
    assert_eq!(names(&org.events(&client).await), ["2"]);
    drop(lost);
    // The session has moved on: order counts more than what a dead connection held.
    assert!(org.events(&client).await.is_empty());
}

#[tokio::test]
async fn a_subscription_created_meanwhile_keeps_its_position() {
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    org.account("1").await;
    let lost = org.response(&connect_now(&client)).await;
    org.subscribe(&client, "/data/ChangeEvents", json!(org.tail()))
        .await;
    drop(lost);
    let events = org.events(&client).await;
    assert_eq!(names(&events), ["1"]);
    assert_eq!(events[0]["channel"], ACCOUNTS);
}

#[tokio::test]
async fn a_poll_whose_connection_closes_leaves_its_events() {
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    let held = org.hold(connect(&client)).await;
    org.account("1").await;
    drop(held);
    let held = org.hold(connect(&client));
    drop(held);
    assert_eq!(names(&org.events(&client).await), ["1"]);
}

#[tokio::test]
async fn a_poll_that_closes_starts_the_time_to_come_back() {
    let org = Org::new().await;
    let client = org.session().await;
    let mut held = org.hold(connect(&client)).await;
    org.clock.advance(Duration::from_mins(1));
    assert_eq!(held.poll().await, None);
    drop(held);
    org.clock.advance(Duration::from_secs(39));
    assert_eq!(org.post(connect_now(&client)).await[0]["successful"], true);
}

#[tokio::test]
async fn who_is_woken_but_gone_leaves_the_event_to_the_next() {
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    let first = org.hold(connect(&client)).await;
    let second = org.hold(connect(&client)).await;
    org.account("1").await;
    drop(first);
    assert_eq!(second.answer().await[0]["data"]["payload"]["Name"], "1");
}

/// An org whose first three accounts are not in memory.
async fn with_old_events() -> (Org, u64) {
    let org = Org::new().await;
    org.account("1").await;
    let first = org.tail();
    org.account("2").await;
    org.account("3").await;
    (org.restarted().await, first)
}

#[tokio::test]
async fn a_subscribe_that_arrives_while_the_log_is_read_loses_nothing() {
    // How far a poll gets between two waits is not for the test to say: hence several rounds.
    for waits in [1, 2, 1, 2] {
        let (org, first) = with_old_events().await;
        let client = org.subscribed(ACCOUNTS, json!(first)).await;
        let mut poll = org.begin(&connect_now(&client));
        // The first read finds out whether anything waits, the second takes it.
        let answered = poll.run_to_wait(waits).await;
        org.subscribe(&client, "/data/ChangeEvents", json!(-2))
            .await;
        let replies = match answered {
            Some(replies) => replies,
            None => poll.answer().await,
        };
        let mut events = replies.as_array().expect("an array").clone();
        events.pop();
        events.append(&mut org.events(&client).await);
        let on = |channel: &str| {
            let on_channel = events.iter().filter(|event| event["channel"] == channel);
            names(&on_channel.cloned().collect::<Vec<_>>()).join(" ")
        };
        assert_eq!(on(ACCOUNTS), "2 3", "{waits}");
        assert_eq!(on("/data/ChangeEvents"), "1 2 3", "{waits}");
    }
}

#[tokio::test]
async fn a_connection_that_closes_while_the_log_is_read_loses_nothing() {
    // How far a poll gets between two waits is not for the test to say: hence several rounds.
    for waits in [1, 2, 1, 2] {
        let (org, first) = with_old_events().await;
        let client = org.subscribed(ACCOUNTS, json!(first)).await;
        let mut poll = org.begin(&connect_now(&client));
        let answered = poll.run_to_wait(waits).await;
        drop(poll);
        let expected: &[&str] = if answered.is_some() { &[] } else { &["2", "3"] };
        assert_eq!(names(&org.events(&client).await), expected, "{waits}");
    }
}
