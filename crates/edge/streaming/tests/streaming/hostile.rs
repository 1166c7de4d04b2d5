//! Bodies that no client sends: everything is answered, nothing grows, nothing panics.

use axum::body::Body;
use http::Method;
use landfall_model::limits::STREAMING_BODY_BYTES_MAX;
use landfall_test_org::Reply;
use serde_json::{Value, json};

use crate::org::{ACCOUNTS, Org, connect, disconnect, handshake, names, subscribe, text};

async fn send(org: &Org, body: impl Into<Body>) -> Reply {
    let request = org.request(Method::POST, "/cometd/59.0").body(body.into());
    org.send(request.expect("a request")).await
}

#[tokio::test]
async fn a_handshake_comes_alone() {
    let org = Org::new().await;
    let client = org.session().await;
    for batch in [
        json!([handshake()[0], handshake()[0]]),
        json!([handshake()[0], connect(&client)[0]]),
        json!([connect(&client)[0], handshake()[0]]),
    ] {
        let answer = send(&org, batch.to_string()).await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.json()[0]["successful"], false);
    }
}

#[tokio::test]
async fn what_follows_a_disconnect_meets_an_unknown_client() {
    let org = Org::new().await;
    let client = org.session().await;
    let batch = json!([
        disconnect(&client)[0],
        connect(&client)[0],
        subscribe(&client, ACCOUNTS, &Value::Null)[0],
        disconnect(&client)[0],
    ]);
    let replies = org.post(batch).await;
    assert_eq!(replies[0]["successful"], true);
    for reply in &replies.as_array().expect("an array")[1..] {
        assert_eq!(reply["error"], "403::Unknown client");
        assert_eq!(reply["advice"]["reconnect"], "handshake");
    }
}

#[tokio::test]
async fn a_thousand_messages_are_answered_and_one_more_is_refused() {
    let org = Org::new().await;
    let batch = |count: usize| format!("[{}]", vec!["{}"; count].join(","));
    let answer = send(&org, batch(1_000)).await;
    assert_eq!(answer.status, 200);
    let replies = answer.json();
    let replies = replies.as_array().expect("an array");
    assert_eq!(replies.len(), 1_000);
    assert!(replies.iter().all(|reply| reply["successful"] == false));
    assert_eq!(send(&org, batch(1_001)).await.status, 400);
}

#[tokio::test]
async fn many_polls_in_one_request_are_not_held() {
    let org = Org::new().await;
    let client = org.session().await;
    let message = json!({"channel": "/meta/connect", "clientId": client});
    let batch: Vec<Value> = vec![message; 400];
    let replies = org.post(json!(batch)).await;
    let replies = replies.as_array().expect("an array");
    assert_eq!(replies.len(), 400);
    assert!(replies.iter().all(|reply| reply["successful"] == true));
}

#[tokio::test]
async fn deep_nesting_is_text_like_any_other() {
    let org = Org::new().await;
    let client = org.session().await;
    let deep = format!("{}{}", "[".repeat(16_000), "]".repeat(16_000));
    assert_eq!(send(&org, deep.clone()).await.status, 400);
    let quoted = |member: &str| {
        format!(
            r#"{{"channel":"/meta/subscribe","clientId":"{client}","subscription":"{ACCOUNTS}","{member}":{deep}}}"#
        )
    };
    for member in ["id", "ext", "advice", "data", "connectionType"] {
        let answer = send(&org, quoted(member)).await;
        assert_eq!(answer.status, 200, "{member}");
        let body = String::from_utf8(answer.body).expect("a text");
        assert!(body.contains(r#""successful":true"#), "{member}");
    }
    let answer = send(&org, quoted("clientId")).await;
    assert!(answer.json()[0]["successful"] == false);
    let answer = send(&org, quoted("subscription")).await;
    let body = String::from_utf8(answer.body).expect("a text");
    assert!(body.contains("400::Channel name not specified"));
}

#[tokio::test]
async fn bytes_that_are_no_text_are_a_bad_request() {
    let org = Org::new().await;
    for body in [
        &b"[{\"channel\":\"\xff\xfe\"}]"[..],
        b"\xc3\x28",
        b"\0\0\0\0",
        b"\xef\xbb\xbf[]",
        b"[{\"channel\":\"/meta/handshake\"}]\0",
    ] {
        assert_eq!(send(&org, body).await.status, 400, "{body:?}");
    }
}

#[tokio::test]
async fn members_of_the_wrong_type_count_as_absent_or_are_refused() {
    let org = Org::new().await;
    let client = org.session().await;
    let wrong = [
        json!(null),
        json!(7),
        json!(-1.5e300),
        json!(true),
        json!([]),
        json!([null]),
        json!({}),
        json!({"a": {"b": []}}),
        json!(""),
        json!("\u{0}\u{1F600}"),
    ];
    for channel in [
        "/meta/handshake",
        "/meta/connect",
        "/meta/subscribe",
        "/meta/unsubscribe",
        "/meta/disconnect",
        "/meta/nope",
        "/data/AccountChangeEvent",
    ] {
        for member in [
            "channel",
            "clientId",
            "id",
            "ext",
            "advice",
            "subscription",
            "connectionType",
            "supportedConnectionTypes",
            "version",
            "minimumVersion",
        ] {
            for value in &wrong {
                let mut message = json!({
                    "channel": channel, "clientId": client, "subscription": ACCOUNTS,
                    "advice": {"timeout": 0},
                });
                if channel == "/meta/disconnect" && member != "clientId" {
                    message["clientId"] = json!("nobody");
                }
                if member == "advice" {
                    // Two of them: neither is held.
                    message["connectionType"] = json!("long-polling");
                }
                message[member] = value.clone();
                let batch = if channel == "/meta/handshake" {
                    json!([message])
                } else {
                    json!([message, {"channel": "/meta/nope"}])
                };
                let answer = send(&org, batch.to_string()).await;
                assert_eq!(answer.status, 200, "{batch}");
                assert!(answer.json()[0]["successful"].is_boolean(), "{batch}");
            }
        }
    }
    org.subscribe(&client, ACCOUNTS, Value::Null).await;
    org.account("Acme").await;
    assert_eq!(names(&org.events(&client).await), ["Acme"]);
}

#[tokio::test]
async fn replay_extensions_of_any_shape_are_answered() {
    let org = Org::new().await;
    let client = org.session().await;
    for (ext, successful) in [
        (json!(null), true),
        (json!([]), true),
        (json!({"replay": null}), true),
        (json!({"replay": true}), true),
        (json!({"replay": 5}), true),
        (json!({"replay": [ACCOUNTS]}), true),
        (json!({"replay": {ACCOUNTS: {}}}), false),
        (json!({"replay": {ACCOUNTS: []}}), false),
        (json!({"replay": {ACCOUNTS: true}}), false),
        (json!({"replay": {ACCOUNTS: "9".repeat(10_000)}}), false),
        (json!({"replay": {ACCOUNTS: 1e300}}), false),
        (json!({"replay": {ACCOUNTS: i64::MIN}}), false),
    ] {
        let mut message = subscribe(&client, ACCOUNTS, &Value::Null);
        message[0]["ext"] = ext.clone();
        let reply = org.post(message).await;
        assert_eq!(reply[0]["successful"], successful, "{ext}");
    }
}

#[tokio::test]
async fn ten_thousand_subscribes_leave_one_subscription() {
    let org = Org::new().await;
    let client = org.session().await;
    let mut message = subscribe(&client, ACCOUNTS, &Value::Null);
    let channels = vec![ACCOUNTS; 1_000];
    message[0]["subscription"] = json!(channels);
    for _ in 0..10 {
        let reply = org.post(message.clone()).await;
        assert_eq!(reply[0]["successful"], true);
    }
    org.account("Acme").await;
    assert_eq!(names(&org.events(&client).await), ["Acme"]);
    // Names that do not exist are not kept at all.
    let names: Vec<String> = (0..1_500)
        .map(|number| format!("/data/No{number}"))
        .collect();
    message[0]["subscription"] = json!(names);
    let reply = org.post(message).await;
    assert_eq!(reply[0]["successful"], false);
}

#[tokio::test]
async fn what_is_repeated_is_no_longer_than_what_was_sent() {
    let org = Org::new().await;
    let client = org.session().await;
    let long = "x".repeat(STREAMING_BODY_BYTES_MAX - 1_000);
    for (member, value) in [
        ("id", json!(long)),
        ("subscription", json!(format!("/topic/{long}"))),
        ("subscription", json!(long)),
        ("channel", json!(format!("/{long}"))),
        ("clientId", json!(long)),
        ("connectionType", json!(long)),
        ("ext", json!({"replay": {long.as_str(): 1}})),
        ("ext", json!({"replay": {ACCOUNTS: long}})),
    ] {
        for channel in ["/meta/subscribe", "/meta/connect", "/meta/handshake"] {
            let mut message = json!({
                "channel": channel, "clientId": client, "subscription": ACCOUNTS,
                "advice": {"timeout": 0},
            });
            message[member] = value.clone();
            let answer = send(&org, message.to_string()).await;
            assert_eq!(answer.status, 200);
            assert!(answer.body.len() < 3 * STREAMING_BODY_BYTES_MAX, "{member}");
        }
    }
}

#[tokio::test]
async fn headers_of_any_bytes_are_read() {
    let org = Org::new().await;
    for (name, value) in [
        ("cookie", &b"BAYEUX_BROWSER=\xff\xfe"[..]),
        ("cookie", b";;;===;;;"),
        ("content-type", b"\xff"),
        ("content-type", b"application/x-www-form-urlencoded"),
        ("accept-encoding", b"gzip;q=nonsense, \xff"),
    ] {
        let request = org
            .request(Method::POST, "/cometd/59.0")
            .header(name, value)
            .body(Body::from(handshake().to_string()));
        let answer = org.send(request.expect("a request")).await;
        assert_eq!(answer.status, 200, "{name}: {value:?}");
        assert_eq!(answer.json()[0]["successful"], true);
    }
}

#[tokio::test]
async fn ids_of_sessions_cannot_be_guessed_from_each_other() {
    let org = Org::new().await;
    let mut ids = std::collections::HashSet::new();
    for _ in 0..200 {
        let reply = org.post(handshake()).await;
        assert!(ids.insert(text(&reply[0]["clientId"])));
    }
}
