//! Where a subscription starts, and what it gets from there.

use std::time::Duration;

use landfall_model::limits::STREAMING_RESPONSE_BYTES_MAX;
use serde_json::{Value, json};

use crate::org::{
    ACCOUNTS, IntoField, Org, connect, connect_now, names, replay_id, subscribe, unsubscribe,
};

fn invalid(replay_id: &str) -> String {
    format!(
        "400::The replayId {{{replay_id}}} you provided was invalid.  Please provide a valid ID, -2 to replay all \
         events, or -1 to replay only new events."
    )
}

// S31
#[tokio::test]
async fn without_a_replay_id_only_new_events_come() {
    let org = Org::new().await;
    org.account("old").await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    org.account("new").await;
    assert_eq!(names(&org.events(&client).await), ["new"]);
}

// S32
#[tokio::test]
async fn minus_two_replays_everything_and_goes_on_without_a_seam() {
    let org = Org::new().await;
    org.account("1").await;
    org.account("2").await;
    let org = org.restarted().await;
    org.account("3").await;
    // `subscribe` sees to it that no event stands in the answer to a subscribe.
    let client = org.subscribed(ACCOUNTS, json!(-2)).await;
    org.account("4").await;
    assert_eq!(names(&org.events(&client).await), ["1", "2", "3", "4"]);
    let held = org.hold(connect(&client)).await;
    org.account("5").await;
    let replies = held.answer().await;
    assert_eq!(replies[0]["data"]["payload"]["Name"], "5");
    assert_eq!(org.events(&client).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_replay_wakes_a_held_poll() {
    let org = Org::new().await;
    org.account("old").await;
    let client = org.session().await;
    let held = org.hold(connect(&client)).await;
    org.subscribe(&client, ACCOUNTS, json!(-2)).await;
    let replies = held.answer().await;
    assert_eq!(replies[0]["data"]["payload"]["Name"], "old");
}

// S33, S34
#[tokio::test]
async fn every_spelling_of_a_start_is_understood() {
    let org = Org::new().await;
    org.account("1").await;
    org.account("2").await;
    let second = org.tail();
    org.account("3").await;
    for (replay, expected) in [
        (json!(second), &["3"][..]),
        (json!(second.to_string()), &["3"]),
        (json!(second - 1), &["2", "3"]),
        (json!(org.tail()), &[]),
        (json!(-2), &["1", "2", "3"]),
        (json!("-2"), &["1", "2", "3"]),
        (json!(-1), &[]),
        (json!("-1"), &[]),
    ] {
        let client = org.subscribed(ACCOUNTS, replay.clone()).await;
        assert_eq!(names(&org.events(&client).await), expected, "{replay}");
    }
    let client = org.session().await;
    let null = json!([{
        "channel": "/meta/subscribe", "clientId": client, "subscription": ACCOUNTS,
        "ext": {"replay": {ACCOUNTS: null}},
    }]);
    assert_eq!(org.post(null).await[0]["successful"], true);
    assert!(org.events(&client).await.is_empty());
}

// S35
#[tokio::test]
async fn a_map_without_the_channel_is_refused() {
    let org = Org::new().await;
    let client = org.session().await;
    for (map, spelled) in [
        (json!({}), "{}"),
        (
            json!({"/data/AccountChangeEvent?x=y": 5}),
            "{/data/AccountChangeEvent?x=y=5}",
        ),
    ] {
        let mut message = subscribe(&client, ACCOUNTS, &Value::Null);
        message[0]["ext"] = json!({"replay": map});
        let reply = org.post(message).await;
        assert_eq!(
            reply[0]["error"],
            format!(
                "400::The replayId for channel {{{ACCOUNTS}}} wasn't found using the provided replay ID map \
                 {{{spelled}}}. Ensure that the channel name you provided in the replay map is valid and matches the \
                 channel name used for subscribing."
            )
        );
    }
}

// S36
#[tokio::test]
async fn of_a_map_with_all_channels_one_entry_counts() {
    let org = Org::new().await;
    org.account("1").await;
    let first = org.tail();
    org.account("2").await;
    let client = org.session().await;
    let mut message = subscribe(&client, ACCOUNTS, &Value::Null);
    message[0]["ext"] = json!({"replay": {
        "/topic/Other": 7, ACCOUNTS: first, "/data/ContactChangeEvent": "nonsense",
    }});
    assert_eq!(org.post(message).await[0]["successful"], true);
    assert_eq!(names(&org.events(&client).await), ["2"]);
}

// S37
#[tokio::test]
async fn an_id_that_was_never_given_out_is_refused_and_nothing_else_changes() {
    let org = Org::new().await;
    let client = org
        .subscribed("/data/ContactChangeEvent", Value::Null)
        .await;
    org.account("Acme").await;
    let mut held = org.hold(connect(&client)).await;
    for (wish, spelled) in [
        (json!(12), "12".to_owned()),
        (json!("12"), "12".to_owned()),
        (json!(0), "0".to_owned()),
        (json!(-3), "-3".to_owned()),
        (json!(1.5), "1.5".to_owned()),
        (json!("nonsense"), "nonsense".to_owned()),
        (json!(org.tail() + 1), (org.tail() + 1).to_string()),
        (json!(u64::MAX), u64::MAX.to_string()),
    ] {
        let reply = org.subscribe(&client, ACCOUNTS, wish).await;
        assert_eq!(
            reply,
            json!({
                "clientId": client, "channel": "/meta/subscribe", "id": "3", "subscription": ACCOUNTS,
                "error": invalid(&spelled), "successful": false,
            })
        );
    }
    assert_eq!(held.poll().await, None);
    org.subscribe(&client, ACCOUNTS, json!(-2)).await;
    assert_eq!(held.answer().await[0]["data"]["payload"]["Name"], "Acme");
    let contact = org.new_record("Contact", &[("LastName", "Doe".into_field())]);
    org.make(contact).await;
    let events = org.events(&client).await;
    assert_eq!(events[0]["channel"], "/data/ContactChangeEvent");
}

// S38
#[tokio::test]
async fn ids_outlive_the_server_and_go_on_rising() {
    let org = Org::new().await;
    org.account("1").await;
    let first = org.tail();
    org.account("2").await;
    let org = org.restarted().await;
    org.account("3").await;
    let client = org.subscribed(ACCOUNTS, json!(first)).await;
    let events = org.events(&client).await;
    assert_eq!(names(&events), ["2", "3"]);
    let ids: Vec<u64> = events.iter().map(replay_id).collect();
    assert!(first < ids[0] && ids[0] < ids[1], "{first} {ids:?}");
}

// S41
#[tokio::test]
async fn who_unsubscribes_can_replay_everything_again() {
    let org = Org::new().await;
    org.account("1").await;
    org.account("2").await;
    let client = org.subscribed(ACCOUNTS, json!(-2)).await;
    assert_eq!(names(&org.events(&client).await), ["1", "2"]);
    org.post(unsubscribe(&client, ACCOUNTS)).await;
    org.subscribe(&client, ACCOUNTS, json!(-2)).await;
    assert_eq!(names(&org.events(&client).await), ["1", "2"]);
}

#[tokio::test]
async fn a_repeated_subscribe_moves_to_its_replay_id_or_stays() {
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    org.account("1").await;
    let first = org.tail();
    org.account("2").await;
    // What waits is not lost by asking again for what is new.
    for replay in [Value::Null, json!(-1)] {
        let reply = org.subscribe(&client, ACCOUNTS, replay).await;
        assert_eq!(reply["successful"], true);
    }
    assert_eq!(names(&org.events(&client).await), ["1", "2"]);
    org.subscribe(&client, ACCOUNTS, json!(first)).await;
    assert_eq!(names(&org.events(&client).await), ["2"]);
    org.subscribe(&client, ACCOUNTS, json!(-2)).await;
    assert_eq!(names(&org.events(&client).await), ["1", "2"]);
}

#[tokio::test]
async fn a_subscription_that_starts_later_loses_nothing_to_one_that_reads_on() {
    let org = Org::new().await;
    org.account("1").await;
    let org = org.restarted().await;
    org.account("2").await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    org.account("3").await;
    // The second begins far behind the first: each gets what is its own.
    org.subscribe(&client, "/data/ChangeEvents", json!(-2))
        .await;
    let events = org.events(&client).await;
    let on = |channel: &str| {
        let on_channel = events.iter().filter(|event| event["channel"] == channel);
        names(&on_channel.cloned().collect::<Vec<_>>()).join(" ")
    };
    assert_eq!(on(ACCOUNTS), "3");
    assert_eq!(on("/data/ChangeEvents"), "1 2 3");
}

// S42
#[tokio::test]
async fn a_long_queue_comes_in_answers_below_a_mebibyte_and_in_order() {
    const COUNT: usize = 5_000;
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    let text = "x".repeat(1_600);
    for group in 0..COUNT / 500 {
        let changes = (0..500)
            .map(|place| {
                let name = (group * 500 + place).to_string();
                let fields = [
                    ("Name", name.as_str().into_field()),
                    ("Description", text.as_str().into_field()),
                ];
                org.new_record("Account", &fields)
            })
            .collect();
        let outcomes = org.commit(changes).await;
        assert!(outcomes.iter().all(Result::is_ok));
    }
    let mut received: Vec<Value> = Vec::new();
    let mut answers = 0;
    while received.len() < COUNT {
        let request = org
            .request(http::Method::POST, "/cometd/59.0")
            .body(axum::body::Body::from(connect_now(&client).to_string()))
            .expect("a request");
        let answer = org.send(request).await;
        assert!(answer.body.len() < STREAMING_RESPONSE_BYTES_MAX + 1_024);
        let mut replies = answer.json().as_array().expect("an array").clone();
        replies.pop();
        assert!(!replies.is_empty());
        received.append(&mut replies);
        answers += 1;
    }
    assert!(answers > 8, "{answers}");
    let expected: Vec<String> = (0..COUNT).map(|number| number.to_string()).collect();
    assert_eq!(names(&received), expected);
    assert!(org.events(&client).await.is_empty());
}

// C77
#[tokio::test]
async fn an_event_that_is_no_longer_retained_is_no_place_to_start_from() {
    let org = Org::new().await;
    org.account("1").await;
    let first = org.tail();
    org.clock.advance(Duration::from_hours(1));
    org.account("2").await;
    let second = org.tail();
    org.clock
        .advance(Duration::from_hours(71) + Duration::from_secs(1));
    org.engine.trim().await.expect("a trim");
    let mut org = org;
    org.token = org.log_in().await;

    let client = org.session().await;
    let reply = org.subscribe(&client, ACCOUNTS, json!(first)).await;
    assert_eq!(reply["error"], invalid(&first.to_string()));
    org.subscribe(&client, ACCOUNTS, json!(-2)).await;
    assert_eq!(names(&org.events(&client).await), ["2"]);
    org.subscribe(&client, ACCOUNTS, json!(second)).await;
    assert!(org.events(&client).await.is_empty());

    org.clock.advance(Duration::from_hours(1));
    org.engine.trim().await.expect("a trim");
    org.token = org.log_in().await;
    let client = org.session().await;
    let reply = org.subscribe(&client, ACCOUNTS, json!(second)).await;
    assert_eq!(reply["error"], invalid(&second.to_string()));
    org.subscribe(&client, ACCOUNTS, json!(-2)).await;
    org.account("3").await;
    assert!(org.tail() > second, "ids are never given out again");
    assert_eq!(names(&org.events(&client).await), ["3"]);
}
