//! Sessions: when a poll is answered, when a session ends, and who may use it.

use std::time::Duration;

use axum::body::Body;
use http::Request;
use landfall_engine::usage::Allocations;
use landfall_model::RecordId;
use serde_json::{Value, json};

use crate::org::{
    ACCOUNTS, Held, Org, connect, connect_now, disconnect, handshake, keys, names, subscribe, text,
    unknown_client, unsubscribe,
};

fn advice() -> Value {
    json!({"interval": 0, "timeout": 110_000, "reconnect": "retry"})
}

fn empty(client: &str) -> Value {
    json!([{"clientId": client, "channel": "/meta/connect", "id": "2", "successful": true}])
}

/// The clock reaches the point for which a poll waits.
async fn after(org: &Org, seconds: u64, held: &mut Held) -> Option<Value> {
    org.clock.advance(Duration::from_secs(seconds));
    // What ends polls by time is a task of its own.
    tokio::task::yield_now().await;
    held.poll().await
}

#[tokio::test]
async fn a_handshake_offers_what_clients_look_for() {
    let org = Org::new().await;
    let reply = org.post(handshake()).await[0].clone();
    let client = text(&reply["clientId"]);
    assert!((25..=29).contains(&client.len()));
    assert!(
        client
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
    );
    assert_eq!(
        reply,
        json!({
            "ext": {"replay": true, "payload.format": true}, "minimumVersion": "1.0", "version": "1.0",
            "clientId": client, "supportedConnectionTypes": ["long-polling"],
            "channel": "/meta/handshake", "id": "1", "successful": true,
        })
    );
}

// S12, S13
#[tokio::test]
async fn the_first_connect_is_answered_at_once_with_advice() {
    let org = Org::new().await;
    for connect in [connect as fn(&str) -> Value, connect_now] {
        let client = org.handshake().await;
        let reply = org.post(connect(&client)).await;
        let mut expected = empty(&client);
        expected[0]["advice"] = advice();
        assert_eq!(reply, expected);
    }
}

// S14
#[tokio::test]
async fn a_poll_without_events_is_held_for_109_seconds() {
    let org = Org::new().await;
    let client = org.session().await;
    let mut held = org.hold(connect(&client)).await;
    assert_eq!(after(&org, 108, &mut held).await, None);
    assert_eq!(after(&org, 1, &mut held).await, Some(empty(&client)));
}

// S15
#[tokio::test]
async fn an_event_ends_a_held_poll_and_precedes_its_reply() {
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    let held = org.hold(connect(&client)).await;
    org.account("Acme").await;
    let replies = held.answer().await;
    assert_eq!(replies.as_array().map(Vec::len), Some(2));
    assert_eq!(keys(&replies[0]), ["channel", "data"]);
    assert_eq!(replies[0]["channel"], ACCOUNTS);
    assert_eq!(replies[1], empty(&client)[0]);
}

#[tokio::test]
async fn events_of_other_channels_leave_a_poll_alone() {
    let org = Org::new().await;
    let client = org
        .subscribed("/data/ContactChangeEvent", Value::Null)
        .await;
    let mut held = org.hold(connect(&client)).await;
    org.account("Acme").await;
    assert_eq!(held.poll().await, None);
}

// S16
#[tokio::test]
async fn an_id_comes_back_as_it_was_sent() {
    let org = Org::new().await;
    let client = org.session().await;
    for id in [
        json!("4"),
        json!(4),
        json!(-4.5),
        json!(true),
        json!({"a": [1]}),
    ] {
        let mut message = connect_now(&client);
        message[0]["id"] = id.clone();
        assert_eq!(org.post(message).await[0]["id"], id);
    }
    let mut message = connect_now(&client);
    message[0].as_object_mut().expect("an object").remove("id");
    let reply = org.post(message).await;
    assert_eq!(
        keys(&reply[0]),
        ["advice", "channel", "clientId", "successful"]
    );
}

// S17
#[tokio::test]
async fn a_session_waits_40_seconds_for_its_client() {
    let org = Org::new().await;
    let client = org.session().await;
    org.clock.advance(Duration::from_secs(39));
    let reply = org.post(connect_now(&client)).await;
    assert_eq!(reply[0]["successful"], true);
    org.clock.advance(Duration::from_secs(41));
    assert_eq!(org.post(connect(&client)).await, unknown_client());
    let reply = org.subscribe(&client, ACCOUNTS, Value::Null).await;
    assert_eq!(reply["error"], "403::Unknown client");
    assert_eq!(reply["subscription"], ACCOUNTS);
    assert_eq!(
        reply["advice"],
        json!({"interval": 0, "reconnect": "handshake"})
    );
}

#[tokio::test]
async fn any_answer_restarts_the_time_a_session_waits() {
    let org = Org::new().await;
    let client = org.session().await;
    for message in [
        subscribe(&client, ACCOUNTS, &Value::Null),
        subscribe(&client, "/topic/Nope", &Value::Null),
        subscribe(&client, ACCOUNTS, &json!(12)),
        unsubscribe(&client, ACCOUNTS),
        json!([{"channel": "/event/X__e", "clientId": client, "data": {}}]),
        json!([{"channel": "/meta/connect", "clientId": client, "connectionType": "websocket"}]),
    ] {
        org.clock.advance(Duration::from_secs(39));
        let reply = org.post(message.clone()).await;
        assert_ne!(reply[0]["error"], "403::Unknown client", "{message}");
    }
    org.clock.advance(Duration::from_secs(39));
    assert_eq!(org.post(connect_now(&client)).await[0]["successful"], true);
}

// S18
#[tokio::test]
async fn a_session_does_not_end_while_its_poll_is_held() {
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    let mut held = org.hold(connect(&client)).await;
    assert_eq!(after(&org, 60, &mut held).await, None);
    org.account("Acme").await;
    assert_eq!(held.answer().await[0]["channel"], ACCOUNTS);
    // From that answer on the client has its 40 seconds.
    org.clock.advance(Duration::from_secs(39));
    assert_eq!(org.post(connect_now(&client)).await[0]["successful"], true);
}

// S19
#[tokio::test]
async fn who_comes_back_too_late_goes_on_behind_the_last_event_it_saw() {
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    org.account("seen").await;
    let seen = crate::org::replay_id(&org.events(&client).await[0]);
    org.account("missed").await;
    org.clock.advance(Duration::from_secs(41));
    assert_eq!(org.post(connect(&client)).await, unknown_client());

    let request = org
        .request(http::Method::POST, "/cometd/59.0")
        .header("cookie", "BAYEUX_BROWSER=theoldbrowserone")
        .body(Body::from(handshake().to_string()))
        .expect("a request");
    let again = text(&org.send(request).await.json()[0]["clientId"]);
    assert_ne!(again, client);
    org.post(connect(&again)).await;
    assert!(org.events(&again).await.is_empty(), "it is not subscribed");
    org.subscribe(&again, ACCOUNTS, json!(seen)).await;
    org.account("new").await;
    assert_eq!(names(&org.events(&again).await), ["missed", "new"]);
}

// S20
#[tokio::test]
async fn a_second_poll_takes_the_place_of_the_first() {
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    let first = org.hold(connect(&client)).await;
    let second = org.hold(connect(&client)).await;
    assert_eq!(first.answer().await, empty(&client));
    org.account("Acme").await;
    assert_eq!(second.answer().await[0]["channel"], ACCOUNTS);
}

// S21
#[tokio::test]
async fn a_connect_in_company_is_not_held() {
    let org = Org::new().await;
    let client = org.session().await;
    for connect in [connect_now(&client), connect(&client)] {
        let batch = json!([
            connect[0],
            subscribe(&client, ACCOUNTS, &Value::Null)[0],
            subscribe(&client, "/data/ChangeEvents", &Value::Null)[0],
        ]);
        org.account("Acme").await;
        let replies = org.post(batch).await;
        let channels: Vec<&Value> = replies
            .as_array()
            .expect("an array")
            .iter()
            .map(|reply| &reply["channel"])
            .collect();
        // Events wait for a connect that comes alone, also those of the second round.
        assert_eq!(
            channels,
            ["/meta/connect", "/meta/subscribe", "/meta/subscribe"]
        );
    }
    assert_eq!(org.events(&client).await.len(), 2);
}

// S22
#[tokio::test]
async fn a_subscribe_leaves_a_held_poll_alone() {
    let org = Org::new().await;
    let client = org.session().await;
    let mut held = org.hold(connect(&client)).await;
    let reply = org.subscribe(&client, ACCOUNTS, Value::Null).await;
    assert_eq!(reply["successful"], true);
    assert_eq!(held.poll().await, None);
    org.account("Acme").await;
    assert_eq!(held.answer().await[0]["channel"], ACCOUNTS);
}

// S23
#[tokio::test]
async fn a_subscribe_may_come_before_the_first_connect() {
    let org = Org::new().await;
    let client = org.handshake().await;
    let reply = org.subscribe(&client, ACCOUNTS, Value::Null).await;
    assert_eq!(
        reply,
        json!({
            "clientId": client, "channel": "/meta/subscribe", "id": "3", "subscription": ACCOUNTS,
            "successful": true,
        })
    );
    org.account("Acme").await;
    let replies = org.post(connect(&client)).await;
    assert_eq!(replies[0]["channel"], ACCOUNTS);
    assert_eq!(replies[1]["advice"], advice());
}

// S24
#[tokio::test]
async fn a_disconnect_ends_the_held_poll_and_makes_room() {
    let org = Org::allowed(Allocations {
        concurrent_clients: Some(1),
        ..Allocations::UNLIMITED
    })
    .await;
    let client = org.session().await;
    let held = org.hold(connect(&client)).await;
    let reply = org.post(disconnect(&client)).await;
    assert_eq!(
        reply,
        json!([{"clientId": client, "channel": "/meta/disconnect", "id": "5", "successful": true}])
    );
    let mut expected = empty(&client);
    expected[0]["advice"] = json!({"reconnect": "none", "interval": 0});
    assert_eq!(held.answer().await, expected);
    assert_eq!(org.post(connect(&client)).await, unknown_client());
    let reply = org.post(disconnect(&client)).await;
    assert_eq!(reply[0]["error"], "403::Unknown client");
    org.handshake().await;
}

// S25
#[tokio::test]
async fn a_revoked_token_ends_the_held_poll() {
    let org = Org::new().await;
    let client = org.session().await;
    let held = org.hold(connect(&client)).await;
    org.auth.revoke(&org.token).await.expect("it is revoked");
    let refused = json!([{
        "clientId": client, "advice": {"reconnect": "none", "interval": 0}, "channel": "/meta/connect",
        "id": "2", "error": "401::Authentication invalid", "successful": false,
    }]);
    assert_eq!(held.answer().await, refused);
    assert_eq!(org.post(connect(&client)).await, refused);
    let reply = org.post(handshake()).await;
    assert_eq!(reply[0]["error"], "403::Handshake denied");
    assert_eq!(
        reply[0]["ext"]["sfdc"]["failureReason"],
        "401::Authentication invalid"
    );
}

#[tokio::test]
async fn a_session_survives_its_token_if_a_new_one_comes_in_time() {
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    org.auth.revoke(&org.token).await.expect("it is revoked");
    org.account("Acme").await;
    let token = org.log_in().await;
    let replies = org.post_as(&token, connect_now(&client)).await;
    assert_eq!(replies[0]["channel"], ACCOUNTS);
}

#[tokio::test]
async fn a_message_without_a_token_asks_for_one() {
    let org = Org::new().await;
    let client = org.session().await;
    for message in [connect(&client), subscribe(&client, ACCOUNTS, &Value::Null)] {
        let request = Request::post("/cometd/59.0").body(Body::from(message.to_string()));
        let reply = org.send(request.expect("a request")).await.json();
        assert_eq!(reply[0]["error"], "401::Request requires authentication");
        assert_eq!(
            reply[0]["advice"],
            json!({"reconnect": "none", "interval": 0})
        );
    }
}

#[tokio::test]
async fn a_login_is_in_use_while_a_poll_is_held() {
    let org = Org::new().await;
    let client = org.session().await;
    // Two hours without any other request: each poll begins within its window.
    for _ in 0..80 {
        let mut held = org.hold(connect(&client)).await;
        assert_eq!(after(&org, 109, &mut held).await, Some(empty(&client)));
        tokio::task::yield_now().await;
    }
    assert_eq!(org.post(connect_now(&client)).await[0]["successful"], true);
    org.clock.advance(Duration::from_hours(2));
    let reply = org.post(handshake()).await;
    assert_eq!(reply[0]["error"], "403::Handshake denied");
}

// S26
#[tokio::test]
async fn a_session_belongs_to_its_user() {
    let org = Org::new().await;
    let client = org.session().await;
    let stranger = org.standard_user("stranger@example.com").await;
    let mismatch = "400::Authenticated user id does not match the session's user id";
    for message in [
        connect(&client),
        subscribe(&client, ACCOUNTS, &Value::Null),
        unsubscribe(&client, ACCOUNTS),
        disconnect(&client),
    ] {
        let reply = org.post_as(&stranger, message).await;
        assert_eq!(reply[0]["error"], mismatch);
        assert_eq!(reply[0]["successful"], false);
    }
    let refreshed = org.log_in().await;
    assert_ne!(refreshed, org.token);
    let reply = org.post_as(&refreshed, connect_now(&client)).await;
    assert_eq!(reply[0]["successful"], true);
}

// S27
#[tokio::test]
async fn only_long_polling_is_spoken() {
    let org = Org::new().await;
    for (offered, error) in [
        (
            json!(["websocket"]),
            "400::Invalid connection type {websocket}",
        ),
        (
            json!(["websocket", "eventsource"]),
            "400::Invalid connection type {websocket, eventsource}",
        ),
        (json!([]), "400::Invalid connection type {}"),
    ] {
        let mut message = handshake();
        message[0]["supportedConnectionTypes"] = offered;
        let reply = org.post(message).await;
        assert_eq!(reply[0]["successful"], false);
        assert_eq!(reply[0]["error"], error);
        assert_eq!(reply[0]["advice"], json!({"reconnect": "none"}));
    }
    for offered in [json!(["websocket", "long-polling"]), Value::Null] {
        let mut message = handshake();
        message[0]["supportedConnectionTypes"] = offered;
        assert_eq!(org.post(message).await[0]["successful"], true);
    }
    let client = org.session().await;
    let mut message = connect(&client);
    message[0]["connectionType"] = json!("websocket");
    let reply = org.post(message).await;
    assert_eq!(
        reply[0]["error"],
        "400::Invalid connection type {websocket}"
    );
}

// S28
#[tokio::test]
async fn clients_are_counted() {
    let org = Org::allowed(Allocations {
        concurrent_clients: Some(20),
        ..Allocations::UNLIMITED
    })
    .await;
    let mut clients = Vec::new();
    for _ in 0..20 {
        clients.push(org.handshake().await);
    }
    let reply = org.post(handshake()).await;
    assert_eq!(
        reply,
        json!([{
            "channel": "/meta/handshake", "id": "1", "successful": false,
            "error": "403::Handshake denied",
            "ext": {
                "sfdc": {"failureReason": "403::Organization concurrent user limit exceeded"},
                "replay": true, "payload.format": true,
            },
            "advice": {"reconnect": "none"},
        }])
    );
    org.post(disconnect(&clients[7])).await;
    org.handshake().await;
    assert_eq!(org.post(handshake()).await[0]["successful"], false);
    // Those that do not resume free their place as well.
    org.clock.advance(Duration::from_secs(40));
    org.handshake().await;
}

// S29
#[tokio::test]
async fn acknowledgements_are_not_offered() {
    let org = Org::new().await;
    let mut message = handshake();
    message[0]["ext"] = json!({"ack": true, "replay": true});
    let reply = org.post(message).await;
    assert_eq!(
        reply[0]["ext"],
        json!({"replay": true, "payload.format": true})
    );
    let client = text(&reply[0]["clientId"]);
    let mut message = connect_now(&client);
    message[0]["ext"] = json!({"ack": 0});
    let reply = org.post(message).await;
    assert_eq!(reply[0]["successful"], true);
    assert_eq!(reply[0]["ext"], Value::Null);
}

// S30
#[tokio::test]
async fn an_unsubscribe_ends_one_channel_only() {
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    org.subscribe(&client, "/data/ChangeEvents", Value::Null)
        .await;
    let reply = org.post(unsubscribe(&client, ACCOUNTS)).await;
    let accepted = json!([{
        "clientId": client, "channel": "/meta/unsubscribe", "id": "4", "subscription": ACCOUNTS,
        "successful": true,
    }]);
    assert_eq!(reply, accepted);
    org.account("Acme").await;
    let events = org.events(&client).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["channel"], "/data/ChangeEvents");
    // Ending what never began is no error.
    assert_eq!(org.post(unsubscribe(&client, ACCOUNTS)).await, accepted);
    let missing = json!([{"channel": "/meta/unsubscribe", "id": "4", "clientId": client}]);
    let reply = org.post(missing).await;
    assert_eq!(reply[0]["error"], "400::Channel name not specified");
}

#[tokio::test]
async fn a_client_may_ask_for_a_shorter_poll() {
    let org = Org::new().await;
    let client = org.session().await;
    let mut message = connect(&client);
    message[0]["advice"] = json!({"timeout": 5_000});
    let mut held = org.hold(message).await;
    let reply = after(&org, 5, &mut held).await.expect("it is over");
    assert_eq!(reply[0]["advice"], advice());
}

#[tokio::test]
async fn each_poll_ends_by_its_own_time() {
    let org = Org::new().await;
    let client = org.session().await;
    let mut short = connect(&client);
    short[0]["advice"] = json!({"timeout": 5_000});
    for _ in 0..2 {
        let mut held = org.hold(short.clone()).await;
        assert_eq!(after(&org, 4, &mut held).await, None);
        assert!(after(&org, 1, &mut held).await.is_some());
        let mut held = org.hold(connect(&client)).await;
        assert_eq!(after(&org, 108, &mut held).await, None);
        assert_eq!(after(&org, 1, &mut held).await, Some(empty(&client)));
    }
    // A shorter one while a longer one is held.
    let mut long = org.hold(connect(&client)).await;
    let mut held = org.hold(short).await;
    assert_eq!(long.poll().await, Some(empty(&client)));
    assert_eq!(after(&org, 4, &mut held).await, None);
    assert!(after(&org, 1, &mut held).await.is_some());
}

// S68
#[tokio::test]
async fn a_server_that_goes_away_answers_its_polls() {
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    org.account("seen").await;
    let seen = crate::org::replay_id(&org.events(&client).await[0]);
    let held = org.hold(connect(&client)).await;
    org.stopping.send_replace(true);
    assert_eq!(held.answer().await, empty(&client));
    org.account("during the stop").await;

    let org = org.restarted().await;
    assert_eq!(org.post(connect(&client)).await, unknown_client());
    let again = org.subscribed(ACCOUNTS, json!(seen)).await;
    org.account("after the start").await;
    assert_eq!(
        names(&org.events(&again).await),
        ["during the stop", "after the start"]
    );
}

#[tokio::test]
async fn a_message_without_a_session_gets_handshake_advice() {
    let org = Org::new().await;
    for client in [Value::Null, json!(7), json!({})] {
        let message = json!([{
            "channel": "/meta/connect", "id": "2", "clientId": client, "connectionType": "long-polling",
        }]);
        let reply = org.post(message).await;
        assert_eq!(reply[0]["error"], "403::Client has not completed handshake");
    }
    let message = json!([{"channel": "/meta/subscribe", "subscription": ACCOUNTS}]);
    let reply = org.post(message).await;
    assert_eq!(reply[0]["error"], "403::Client has not completed handshake");
    let nobody = RecordId::EMPTY.to_string();
    assert_eq!(org.post(connect(&nobody)).await, unknown_client());
}

#[tokio::test]
async fn nothing_is_published_over_bayeux() {
    let org = Org::new().await;
    let client = org.session().await;
    let message =
        json!([{"channel": ACCOUNTS, "id": "9", "clientId": client, "data": {"Name": "x"}}]);
    let reply = org.post(message).await;
    assert_eq!(
        reply,
        json!([{
            "channel": ACCOUNTS, "id": "9", "successful": false,
            "error": "403:denied_by_security_policy:publish_denied",
        }])
    );
}
