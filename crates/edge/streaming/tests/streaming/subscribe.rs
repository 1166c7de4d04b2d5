//! Which channels there are, how they are named, and who may subscribe to them.

use landfall_auth::NewUser;
use landfall_model::Value as Field;
use serde_json::{Value, json};

use crate::org::{
    ACCOUNTS, IntoField, Org, connect, connect_now, handshake, header, subscribe, text,
};

const DENIED: &str = "403::User not allowed to subscribe CDC without required permissions";

// S39
#[tokio::test]
async fn several_channels_in_one_message_are_answered_once() {
    let org = Org::new().await;
    let client = org.session().await;
    let contacts = "/data/ContactChangeEvent";
    for channels in [json!([ACCOUNTS]), json!([ACCOUNTS, contacts])] {
        let mut message = subscribe(&client, ACCOUNTS, &Value::Null);
        message[0]["subscription"] = channels.clone();
        let reply = org.post(message).await;
        assert_eq!(
            reply,
            json!([{
                "clientId": client, "channel": "/meta/subscribe", "id": "3", "subscription": channels,
                "successful": true,
            }])
        );
    }
    org.account("Acme").await;
    let contact = org.new_record("Contact", &[("LastName", "Doe".into_field())]);
    org.make(contact).await;
    let events = org.events(&client).await;
    let channels: Vec<&Value> = events.iter().map(|event| &event["channel"]).collect();
    assert_eq!(channels, [ACCOUNTS, contacts]);
}

#[tokio::test]
async fn the_first_channel_that_is_refused_ends_the_message() {
    let org = Org::new().await;
    let client = org.session().await;
    let mut message = subscribe(&client, ACCOUNTS, &Value::Null);
    let channels = json!([ACCOUNTS, "/topic/Nope", "/data/ContactChangeEvent"]);
    message[0]["subscription"] = channels.clone();
    let reply = org.post(message).await;
    assert_eq!(
        reply[0]["error"],
        "400::The channel you requested to subscribe to does not exist {/topic/Nope}"
    );
    assert_eq!(reply[0]["subscription"], channels);
    org.account("Acme").await;
    let contact = org.new_record("Contact", &[("LastName", "Doe".into_field())]);
    org.make(contact).await;
    let events = org.events(&client).await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0]["channel"], ACCOUNTS);
}

// S40, C79
#[tokio::test]
async fn a_channel_that_is_not_there_is_refused_in_the_documented_order() {
    let org = Org::new().await;
    let client = org.session().await;
    let not_there = "403:denied_by_security_policy:create_denied";
    for (channel, error) in [
        ("", "400::Channel name not specified"),
        (
            "AccountUpdates",
            "400::Channel subscriptions must start with a leading '/'",
        ),
        (
            "/topic/Nope",
            "400::The channel you requested to subscribe to does not exist {/topic/Nope}",
        ),
        ("/event/Nope__e", not_there),
        ("/event/Nope__chn", not_there),
        ("/data/NopeChangeEvent", not_there),
        ("/data/accountchangeevent", not_there),
        ("/data/changeevents", not_there),
        ("/data/Account", not_there),
        ("/data/", not_there),
        ("/data/*", not_there),
        ("/systemTopic/Nope", not_there),
        ("/u/nope", "404::Unknown channel"),
        ("/**", "403::Restricted channel"),
        ("/s/notifications/readstate", "403::Restricted channel"),
        ("/meta/connect", "403::Restricted channel"),
    ] {
        let reply = org.subscribe(&client, channel, Value::Null).await;
        assert_eq!(
            reply,
            json!({
                "clientId": client, "channel": "/meta/subscribe", "id": "3", "subscription": channel,
                "error": error, "successful": false,
            })
        );
    }
    let missing = json!([{"channel": "/meta/subscribe", "id": "3", "clientId": client}]);
    let reply = org.post(missing).await;
    assert_eq!(reply[0]["error"], "400::Channel name not specified");
    // The session lives on.
    let reply = org.subscribe(&client, ACCOUNTS, Value::Null).await;
    assert_eq!(reply["successful"], true);
}

/// S63, C71: without the rights that the channel needs.
#[tokio::test]
async fn who_may_not_see_all_data_gets_no_change_events() {
    let org = Org::new().await;
    let token = org.standard_user("reader@example.com").await;
    let reply = org.post_as(&token, handshake()).await;
    let client = text(&reply[0]["clientId"]);
    org.post_as(&token, connect(&client)).await;
    for channel in [ACCOUNTS, "/data/UserChangeEvent"] {
        let reply = org
            .post_as(&token, subscribe(&client, channel, &json!(-1)))
            .await;
        assert_eq!(reply[0]["error"], DENIED, "{channel}");
        assert_eq!(reply[0]["subscription"], channel);
    }
    let all = subscribe(&client, "/data/ChangeEvents", &json!(-2));
    let reply = org.post_as(&token, all).await;
    assert_eq!(reply[0]["successful"], true);
    org.account("Acme").await;
    let mut message = connect(&client);
    message[0]["advice"] = json!({"timeout": 0});
    let replies = org.post_as(&token, message).await;
    assert_eq!(replies.as_array().map(Vec::len), Some(1), "{replies}");
}

/// C73: users' events need the right to see all users, which administrators have.
#[tokio::test]
async fn an_administrator_gets_the_events_of_all_objects_on_one_channel() {
    let org = Org::new().await;
    let client = org.subscribed("/data/ChangeEvents", Value::Null).await;
    org.account("Acme").await;
    let change = org.update("User", org.admin, &[("Title", "Boss".into_field())]);
    org.make(change).await;
    let lead = [
        ("LastName", "Doe".into_field()),
        ("Company", Field::Text("Acme".to_owned())),
    ];
    org.make(org.new_record("Lead", &lead)).await;
    let events = org.events(&client).await;
    let entities: Vec<&Value> = events
        .iter()
        .map(|event| &header(event)["entityName"])
        .collect();
    assert_eq!(entities, ["Account", "User", "Lead"]);
    assert!(
        events
            .iter()
            .all(|event| event["channel"] == "/data/ChangeEvents")
    );
}

#[tokio::test]
async fn one_event_on_two_channels_comes_twice() {
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    org.subscribe(&client, "/data/ChangeEvents", Value::Null)
        .await;
    org.account("Acme").await;
    let events = org.events(&client).await;
    assert_eq!(events.len(), 2);
    assert_eq!(events[0]["channel"], ACCOUNTS);
    assert_eq!(events[1]["channel"], "/data/ChangeEvents");
    assert_eq!(events[0]["data"], events[1]["data"]);
}

#[tokio::test]
async fn who_loses_the_right_gets_no_further_events() {
    let org = Org::new().await;
    let user = NewUser {
        username: "second@example.com",
        password: "secret",
        last_name: "Admin",
        alias: "second",
        profile: org.engine.org().administrators,
    };
    let user = org.auth.create_user(&user).await.expect("a user");
    let token = org.standard_user("second@example.com").await;
    let reply = org.post_as(&token, handshake()).await;
    let client = text(&reply[0]["clientId"]);
    org.post_as(&token, connect(&client)).await;
    for channel in [ACCOUNTS, "/data/ChangeEvents"] {
        let reply = org
            .post_as(&token, subscribe(&client, channel, &Value::Null))
            .await;
        assert_eq!(reply[0]["successful"], true);
    }
    org.account("Acme").await;
    let replies = org.post_as(&token, connect_now(&client)).await;
    assert_eq!(replies.as_array().map(Vec::len), Some(3));

    let profile = Field::Id(org.engine.org().standard_users);
    org.make(org.update("User", user, &[("ProfileId", profile)]))
        .await;
    org.account("Bolt").await;
    let replies = org.post_as(&token, connect_now(&client)).await;
    assert_eq!(replies.as_array().map(Vec::len), Some(1), "{replies}");
    let again = subscribe(&client, ACCOUNTS, &Value::Null);
    let reply = org.post_as(&token, again).await;
    assert_eq!(reply[0]["error"], DENIED);
}

/// Source of the text: logs of an org whose object was not selected.
#[tokio::test]
async fn an_object_that_is_not_selected_is_refused_like_a_missing_right() {
    let org = Org::without_capture().await;
    let client = org.session().await;
    let reply = org.subscribe(&client, ACCOUNTS, json!(-1)).await;
    assert_eq!(reply["error"], DENIED);
    let reply = org
        .subscribe(&client, "/data/ChangeEvents", json!(-2))
        .await;
    assert_eq!(reply["successful"], true);
    org.account("Acme").await;
    assert!(org.events(&client).await.is_empty());
}

#[tokio::test]
async fn events_of_the_service_are_for_those_who_may_see_what_users_do() {
    let org = Org::new().await;
    let channel = "/event/LoginEventStream";
    let client = org.subscribed(channel, Value::Null).await;
    assert!(!client.is_empty());
    let token = org.standard_user("reader@example.com").await;
    let reply = org.post_as(&token, handshake()).await;
    let client = text(&reply[0]["clientId"]);
    org.post_as(&token, connect(&client)).await;
    let reply = org
        .post_as(&token, subscribe(&client, channel, &json!(-1)))
        .await;
    assert_eq!(reply[0]["error"], "403::Restricted channel");
    let open = "/event/OrderStatusChangedEvent";
    let reply = org
        .post_as(&token, subscribe(&client, open, &json!(-1)))
        .await;
    assert_eq!(reply[0]["successful"], true);
}
