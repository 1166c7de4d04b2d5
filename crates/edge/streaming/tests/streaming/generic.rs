//! Generic channels: who gets what is pushed, and channels that come into being with their first subscriber.

use landfall_engine::Push;
use landfall_model::{RecordId, Value as Field};
use landfall_streaming::Settings;
use serde_json::{Value, json};

use crate::org::{IntoField, Org, connect_now, disconnect, handshake, subscribe, text};

async fn channel(org: &Org, name: &str) -> RecordId {
    org.make(org.new_record("StreamingChannel", &[("Name", name.into_field())]))
        .await
}

/// Pushes a text to a channel; to everybody, if no users are named.
pub(crate) async fn push(org: &Org, name: &str, payload: &str, users: &[RecordId]) {
    let channel = org.engine.generic_channels().named(name);
    let channel = channel.expect("one name").expect("a channel");
    let push = Push {
        payload: payload.to_owned(),
        users: users.to_vec(),
    };
    let pushed = org.engine.push(channel.topic, vec![push]).await;
    pushed.expect("a commit");
}

fn payloads(events: &[Value]) -> Vec<&str> {
    let payload = |event: &'_ Value| event["data"]["payload"].as_str().map(str::len);
    assert!(
        events.iter().all(|event| payload(event).is_some()),
        "{events:?}"
    );
    let texts = events
        .iter()
        .filter_map(|event| event["data"]["payload"].as_str());
    texts.collect()
}

#[tokio::test]
async fn a_pushed_text_has_the_documented_form_and_is_replayed() {
    let org = Org::without_capture().await;
    channel(&org, "/u/notifications/Example").await;
    let client = org
        .subscribed("/u/notifications/Example", Value::Null)
        .await;
    push(&org, "/u/notifications/Example", "{\"a\": \"ü\"}", &[]).await;
    let events = org.events(&client).await;
    let expected = json!([{
        "channel": "/u/notifications/Example",
        "data": {
            "event": {"createdDate": "2023-11-14T22:13:20.123Z", "replayId": org.tail()},
            "payload": "{\"a\": \"ü\"}",
        },
    }]);
    assert_eq!(Value::from(events), expected);
    let org = org.restarted().await;
    let client = org.subscribed("/u/notifications/Example", json!(-2)).await;
    assert_eq!(payloads(&org.events(&client).await), ["{\"a\": \"ü\"}"]);
}

/// S 52: only the named users get it, also in a replay; a subscriber is known as long as its subscription lasts.
#[tokio::test]
async fn a_text_for_some_users_reaches_only_them() {
    let org = Org::without_capture().await;
    channel(&org, "/u/x").await;
    let token = org.standard_user("other@landfall.test").await;
    let shaken = org.post_as(&token, handshake()).await;
    let other = text(&shaken[0]["clientId"]);
    let subscribed = org
        .post_as(&token, subscribe(&other, "/u/x", &json!(-1)))
        .await;
    assert_eq!(subscribed[0]["successful"], true, "{subscribed}");
    let admins = org.subscribed("/u/x", Value::Null).await;
    let topic = org
        .engine
        .generic_channels()
        .named("/u/x")
        .expect("one name")
        .expect("it")
        .topic;
    let online = || org.engine.presence().users(topic);
    assert_eq!(online().len(), 2);
    push(&org, "/u/x", "for the administrator", &[org.admin]).await;
    push(&org, "/u/x", "for all", &[]).await;
    let both = ["for the administrator", "for all"];
    assert_eq!(payloads(&org.events(&admins).await), both);
    let mut got = org.post_as(&token, connect_now(&other)).await;
    got.as_array_mut().expect("an array").pop();
    assert_eq!(payloads(got.as_array().expect("an array")), ["for all"]);
    let again = org
        .post_as(&token, subscribe(&other, "/u/x", &json!(-2)))
        .await;
    assert_eq!(again[0]["successful"], true);
    let mut got = org.post_as(&token, connect_now(&other)).await;
    got.as_array_mut().expect("an array").pop();
    assert_eq!(payloads(got.as_array().expect("an array")), ["for all"]);
    org.post_as(&token, disconnect(&other)).await;
    assert_eq!(online(), [org.admin]);
}

/// S 53
#[tokio::test]
async fn channel_names_that_differ_in_letter_case_are_refused() {
    let org = Org::without_capture().await;
    channel(&org, "/u/Abc").await;
    let client = org.session().await;
    let reply = org.subscribe(&client, "/u/abc", Value::Null).await;
    assert_eq!(
        reply["error"],
        "404::channel names may not vary only by case"
    );
    let reply = org.subscribe(&client, "/u/new", Value::Null).await;
    assert_eq!(reply["error"], "404::Unknown channel");

    let settings = Settings {
        dynamic_channels: true,
        ..Settings::default()
    };
    let org = Org::with(settings).await;
    let client = org.subscribed("/u/new", Value::Null).await;
    push(&org, "/u/new", "hello", &[]).await;
    assert_eq!(payloads(&org.events(&client).await), ["hello"]);
    let entity = org.entity("StreamingChannel");
    let rows = org.engine.recent_rows(&entity, 10).await.expect("rows");
    let place = entity.index_of("IsDynamic").expect("a field");
    assert_eq!(
        rows.iter().map(|row| &row[place]).collect::<Vec<_>>(),
        [&Field::Boolean(true)]
    );
    let reply = org.subscribe(&client, "/u/not a name", Value::Null).await;
    assert_eq!(reply["error"], "403::Cannot create channel {/u/not a name}");
}

#[tokio::test]
async fn a_channel_that_is_deleted_and_restored_keeps_its_events() {
    let org = Org::without_capture().await;
    let id = channel(&org, "/u/x").await;
    push(&org, "/u/x", "one", &[]).await;
    org.make(org.delete("StreamingChannel", id)).await;
    let client = org.session().await;
    let reply = org.subscribe(&client, "/u/x", Value::Null).await;
    assert_eq!(reply["error"], "404::Unknown channel");
    org.make(org.undelete("StreamingChannel", id)).await;
    let name = [("Name", "/u/y".into_field())];
    org.make(org.update("StreamingChannel", id, &name)).await;
    let client = org.subscribed("/u/y", json!(-2)).await;
    assert_eq!(payloads(&org.events(&client).await), ["one"]);
}
