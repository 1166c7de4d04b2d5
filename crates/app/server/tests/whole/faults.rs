//! Faults that are armed over the control interface, as clients meet them.

use http::Method;
use landfall_client::{Org, Trust};
use landfall_server::Running;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::common::{WITHIN, create_account, developer};
use crate::control::{call, call_as, done};
use crate::rehearsal::{Rehearsal, TOPIC, advance, named};

#[tokio::test]
async fn a_lost_session_is_refused_once_and_stays_lost() {
    let at = Rehearsal::start().await;
    let (client, other) = (at.client().await, at.client().await);
    let fault = json!({ "fault": "client-unknown", "client": client, "method": "/meta/connect" });
    let id = at.arm(fault).await;
    assert_eq!(at.connect(&other).await[0]["successful"], true);
    let subscribed = at.subscribe(&client, -1).await;
    assert_eq!(subscribed["successful"], true);
    for _ in 0..2 {
        let reply = at.connect(&client).await.remove(0);
        assert_eq!(reply["error"], "403::Unknown client");
        assert_eq!(reply["advice"]["reconnect"], "handshake");
    }
    at.assert_spent(&id).await;
    at.stop().await;
}

#[tokio::test]
async fn tokens_logins_and_limits_are_refused_as_documented() {
    let at = Rehearsal::start().await;
    let id = at
        .arm(json!({ "fault": "token-invalid", "user": "admin@landfall.test" }))
        .await;
    let (status, body) = at.rest().await;
    assert_eq!(
        (status, &body[0]["errorCode"]),
        (401, &json!("INVALID_SESSION_ID"))
    );
    assert_eq!(at.rest().await.0, 200);
    at.assert_spent(&id).await;

    let id = at.arm(json!({ "fault": "request-limit" })).await;
    let (status, body) = at.rest().await;
    assert_eq!(
        (status, &body[0]["errorCode"]),
        (403, &json!("REQUEST_LIMIT_EXCEEDED"))
    );
    assert_eq!(at.rest().await.0, 200);
    at.assert_spent(&id).await;

    let id = at
        .arm(json!({ "fault": "unavailable", "method": "GET /limits" }))
        .await;
    let (status, body) = at.rest().await;
    assert_eq!(
        (status, &body[0]["errorCode"]),
        (503, &json!("SERVER_UNAVAILABLE"))
    );
    assert_eq!(at.rest().await.0, 200);
    at.assert_spent(&id).await;

    let other = json!({ "fault": "login-refused", "user": "nobody@landfall.test" });
    let other = at.arm(other).await;
    let id = at.arm(json!({ "fault": "login-refused" })).await;
    let target = || at.running.url().parse().expect("an address");
    let refused = Org::login(target(), &Trust::nobody(), &developer()).await;
    let refused = refused.err().expect("refused").to_string();
    assert!(refused.contains("authentication failure"), "{refused}");
    let accepted = Org::login(target(), &Trust::nobody(), &developer()).await;
    drop(accepted.expect("once only"));
    at.assert_spent(&id).await;
    assert_eq!(at.fired(&other).await, (0, "armed".to_owned()));
    at.stop().await;
}

#[tokio::test]
async fn the_streaming_api_refuses_as_documented() {
    let at = Rehearsal::start().await;
    let id = at.arm(json!({ "fault": "too-many-connections" })).await;
    let reply = at.handshake().await;
    let reason = reply["ext"]["sfdc"]["failureReason"]
        .as_str()
        .unwrap_or_default();
    assert_eq!(reply["error"], "403::Handshake denied");
    assert!(reason.starts_with("403::"), "{reply}");
    at.assert_spent(&id).await;

    let id = at
        .arm(json!({ "fault": "unavailable", "method": "/meta/connect" }))
        .await;
    let client = at.client().await;
    let reply = at.connect(&client).await.remove(0);
    let error = reply["error"].as_str().expect("an error");
    assert!(error.starts_with("503::"), "{reply}");
    at.assert_spent(&id).await;

    let reader = at.subscribed().await;
    create_account(&at.org, "First").await;
    let events = at.events(&reader).await;
    let replay_id = events[0]["data"]["event"]["replayId"]
        .as_i64()
        .expect("an id");
    let id = at
        .arm(json!({ "fault": "replay-id-invalid", "topic": TOPIC }))
        .await;
    assert_eq!(at.subscribe(&client, -2).await["successful"], true);
    let reply = at.subscribe(&client, replay_id).await;
    let error = reply["error"].as_str().expect("an error");
    assert!(
        error.starts_with(&format!("400::The replayId {{{replay_id}}}")),
        "{error}"
    );
    assert_eq!(at.subscribe(&client, replay_id).await["successful"], true);
    at.assert_spent(&id).await;

    let id = at
        .arm(json!({ "fault": "events-daily-limit", "method": "/meta/connect" }))
        .await;
    let reply = at.connect(&client).await.remove(0);
    assert_eq!(
        reply["error"],
        "403::Organization total events daily limit exceeded"
    );
    at.assert_spent(&id).await;
    at.stop().await;
}

#[tokio::test]
async fn changes_are_captured_as_gaps_overflows_and_not_at_all() {
    let at = Rehearsal::start().await;
    let client = at.subscribed().await;
    let elsewhere = at
        .arm(json!({ "fault": "gap", "topic": "/data/ContactChangeEvent" }))
        .await;
    for (fault, change_type) in [
        ("gap", Some("GAP_CREATE")),
        ("overflow", Some("GAP_OVERFLOW")),
        ("conversion", Some("UPDATE")),
        ("drop", None),
    ] {
        let id = at.arm(json!({ "fault": fault, "topic": TOPIC })).await;
        create_account(&at.org, "Lost").await;
        create_account(&at.org, "Told").await;
        at.assert_spent(&id).await;
        let mut events = at.events(&client).await;
        while events.len() < 1 + usize::from(change_type.is_some()) {
            events.extend(at.events(&client).await);
        }
        let types = events.iter().map(|event| {
            let header = &event["data"]["payload"]["ChangeEventHeader"];
            header["changeType"].as_str().expect("a type")
        });
        let expected: Vec<_> = change_type.into_iter().chain(["CREATE"]).collect();
        assert_eq!(types.collect::<Vec<_>>(), expected, "{fault}");
    }
    assert_eq!(at.fired(&elsewhere).await.0, 0);
    at.stop().await;
}

#[tokio::test]
async fn an_event_is_delivered_later_than_it_is_committed() {
    let at = Rehearsal::start().await;
    done(&at.http, "PUT", "clock", json!({ "mode": "frozen" })).await;
    let client = at.subscribed().await;
    let fault = json!({ "fault": "delay", "topic": TOPIC, "delay": "30s" });
    let id = at.arm(fault).await;
    create_account(&at.org, "Late").await;
    create_account(&at.org, "Behind").await;
    at.assert_spent(&id).await;
    // It is committed, and in the log.
    let path = "events?type=CREATE";
    let listed = done(&at.http, "GET", path, Value::Null).await;
    assert_eq!(listed["events"].as_array().map(Vec::len), Some(2));
    advance(&at, "29s").await;
    let unsettled = json!({ "timeoutMs": 0 }).to_string();
    let settled = call(&at.http, "POST", "settle", unsettled).await;
    assert_eq!(settled.status, 408, "{:?}", settled.json());
    // From the beginning of the log as well there is nothing.
    let other = at.client().await;
    at.subscribe(&other, -2).await;
    assert_eq!(at.connect(&other).await.len(), 1);
    let moved = async {
        // The poll is held by then.
        loop {
            let listed = done(&at.http, "GET", "subscribers", Value::Null).await;
            if listed.to_string().contains("waiting for events") {
                break advance(&at, "1s").await;
            }
        }
    };
    let (events, ()) = tokio::join!(timeout(WITHIN, at.events(&client)), moved);
    assert_eq!(named(&events.expect("in time")), ["Late", "Behind"]);
    assert_eq!(named(&at.events(&other).await), ["Late", "Behind"]);
    at.stop().await;
}

#[tokio::test]
async fn a_transaction_is_delivered_with_a_pause_inside() {
    let at = Rehearsal::start().await;
    done(&at.http, "PUT", "clock", json!({ "mode": "frozen" })).await;
    let client = at.subscribed().await;
    let fault = json!({ "fault": "pause-inside", "topic": TOPIC, "delay": "10s" });
    let id = at.arm(fault).await;
    create_account(&at.org, "Alone").await;
    assert_eq!(at.fired(&id).await.0, 0, "a transaction of one event");
    let records = ["One", "Two", "Three"];
    let records = records.map(|name| json!({ "attributes": { "type": "Account" }, "Name": name }));
    let body = json!({ "allOrNone": true, "records": records });
    let path = "/services/data/v59.0/composite/sobjects";
    let saved = at.org.call(Method::POST, path, Some(&body)).await;
    assert_eq!(saved.expect("an answer").status, 200);
    at.assert_spent(&id).await;
    let mut before = at.events(&client).await;
    while before.len() < 2 {
        before.extend(at.events(&client).await);
    }
    assert_eq!(named(&before), ["Alone", "One"]);
    advance(&at, "10s").await;
    assert_eq!(named(&at.events(&client).await), ["Two", "Three"]);
    at.stop().await;
}

#[tokio::test]
async fn an_event_is_delivered_twice() {
    let at = Rehearsal::start().await;
    let client = at.subscribed().await;
    let id = at
        .arm(json!({ "fault": "duplicate", "topic": TOPIC }))
        .await;
    create_account(&at.org, "Twice").await;
    let events = at.events(&client).await;
    assert_eq!(events.len(), 2);
    assert_eq!(events[0], events[1]);
    at.assert_spent(&id).await;
    create_account(&at.org, "Once").await;
    assert_eq!(at.events(&client).await.len(), 1);
    at.stop().await;
}

/// What a server answers to a request on a connection of its own, up to the end of the connection.
async fn raw(running: &Running, request: &str) -> String {
    let stream = TcpStream::connect(running.local_addr()).await;
    let mut stream = stream.expect("connects");
    stream.write_all(request.as_bytes()).await.expect("written");
    let mut answer = Vec::new();
    let read = timeout(WITHIN, stream.read_to_end(&mut answer)).await;
    // A connection that is reset has ended, too.
    let _ = read.expect("it ends");
    String::from_utf8(answer).expect("a text")
}

const CLOSING: &str = "GET /services/data HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn connections_are_cut_and_proxies_answer() {
    let at = Rehearsal::start().await;
    let whole = raw(&at.running, CLOSING).await;
    let method = "GET /services/data";
    let id = at
        .arm(json!({ "fault": "reset-peer", "method": method }))
        .await;
    assert_eq!(raw(&at.running, CLOSING).await, "");
    at.assert_spent(&id).await;

    let id = at
        .arm(json!({ "fault": "http-503-html", "method": method }))
        .await;
    let page = raw(&at.running, CLOSING).await;
    assert!(page.starts_with("HTTP/1.1 503 "), "{page}");
    assert!(page.contains("<h1>Service Unavailable</h1>"), "{page}");
    at.assert_spent(&id).await;

    let id = at
        .arm(json!({ "fault": "truncate", "method": method }))
        .await;
    let (_, part) = raw(&at.running, CLOSING)
        .await
        .split_once("\r\n\r\n")
        .map(|(head, body)| (head.to_owned(), body.to_owned()))
        .expect("a head");
    let (_, body) = whole.split_once("\r\n\r\n").expect("a head");
    assert!(!part.is_empty() && part.len() < body.len(), "{part}");
    assert!(body.starts_with(&part));
    at.assert_spent(&id).await;

    let poll =
        r#"[{"channel":"/meta/connect","clientId":"nobody","connectionType":"long-polling"}]"#;
    let poll = format!(
        "POST /cometd/59.0 HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{poll}",
        poll.len()
    );
    let id = at
        .arm(json!({ "fault": "reset-peer", "method": "/cometd" }))
        .await;
    assert_eq!(raw(&at.running, &poll).await, "");
    at.assert_spent(&id).await;
    at.stop().await;
}

#[tokio::test]
async fn the_server_ends_its_side_of_a_connection() {
    let at = Rehearsal::start().await;
    let poll = "POST /cometd/59.0 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n[]";
    for (method, request) in [("GET /services/data", CLOSING), ("/cometd", poll)] {
        let fault = json!({ "fault": "half-close", "method": method });
        let id = at.arm(fault).await;
        let stream = TcpStream::connect(at.running.local_addr()).await;
        let mut stream = stream.expect("connects");
        stream.write_all(request.as_bytes()).await.expect("written");
        let mut answer = Vec::new();
        let read = timeout(WITHIN, stream.read_to_end(&mut answer)).await;
        let read = read.expect("it ends").expect("it is not reset");
        assert_eq!(read, 0, "{answer:?}");
        // What is sent on is read: a closed connection would be reset by it.
        for _ in 0..3 {
            stream.write_all(request.as_bytes()).await.expect("taken");
            at.rest().await;
        }
        stream.shutdown().await.expect("taken");
        at.assert_spent(&id).await;
    }
    at.stop().await;
}

#[tokio::test]
async fn connections_are_refused_for_a_while() {
    let at = Rehearsal::start().await;
    let connects = async || TcpStream::connect(at.running.local_addr()).await;
    let fault = json!({ "fault": "refuse", "delay": "1s", "method": "GET /services/data" });
    let id = at.arm(fault.clone()).await;
    assert_eq!(raw(&at.running, CLOSING).await, "");
    let begin = std::time::Instant::now();
    let refused = async {
        loop {
            match connects().await {
                Ok(_) => tokio::task::yield_now().await,
                Err(error) => break error,
            }
        }
    };
    let refused = timeout(WITHIN, refused).await.expect("refused");
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    // Connections that are open go on.
    at.assert_spent(&id).await;
    let again = async {
        while connects().await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(WITHIN, again).await.expect("accepted again");
    assert!(begin.elapsed().as_millis() >= 500, "{:?}", begin.elapsed());
    let whole = raw(&at.running, CLOSING).await;
    assert!(whole.starts_with("HTTP/1.1 200 "), "{whole}");

    let other = done(&at.http, "POST", "orgs", Value::Null).await;
    let token = other["accessToken"].as_str().expect("a token");
    let token = format!("Bearer {token}");
    let headers = [("Authorization", token.as_str())];
    let answer = call_as(&at.http, "POST", "faults", fault.to_string(), &headers).await;
    assert_eq!(answer.status, 400);
    let message = answer.json()["error"]["message"].to_string();
    assert!(message.contains("first org"), "{message}");
    at.stop().await;
}

#[tokio::test]
async fn answers_come_slowly() {
    let at = Rehearsal::start().await;
    let path = "/services/data/v59.0/sobjects/Account/describe";
    let (_, whole) = at.rest_of(path).await;
    for fault in [
        json!({ "fault": "bandwidth", "bytes": 500_000, "method": "GET /sobjects" }),
        json!({ "fault": "slice", "bytes": 1_000, "delay": "1ms", "method": "GET /sobjects" }),
    ] {
        let id = at.arm(fault).await;
        let begin = std::time::Instant::now();
        let (status, slow) = at.rest_of(path).await;
        assert_eq!(status, 200);
        assert!(slow == whole, "it is the same answer");
        assert!(begin.elapsed().as_millis() >= 20, "{:?}", begin.elapsed());
        at.assert_spent(&id).await;
    }
    for (fault, reason) in [
        (json!({ "fault": "bandwidth" }), "bandwidth needs"),
        (json!({ "fault": "bandwidth", "bytes": 0 }), "less than 1"),
        (json!({ "fault": "slice", "bytes": 1 }), "slice needs"),
        (json!({ "fault": "gap", "bytes": 1 }), "gap has no"),
    ] {
        let refused = call(&at.http, "POST", "faults", fault.to_string()).await;
        let message = refused.json()["error"]["message"].to_string();
        assert!(message.contains(reason), "{message}");
    }
    at.stop().await;
}

#[tokio::test]
async fn a_request_is_carried_out_whose_answer_is_lost() {
    let at = Rehearsal::start().await;
    let id = at
        .arm(json!({ "fault": "ack-lost", "method": "POST /sobjects" }))
        .await;
    let path = "/services/data/v59.0/sobjects/Account";
    let body = json!({ "Name": "Unconfirmed" });
    let lost = at.org.call(Method::POST, path, Some(&body)).await;
    assert!(lost.is_err(), "there is no answer");
    at.assert_spent(&id).await;
    let query = "/services/data/v59.0/query?q=SELECT+COUNT()+FROM+Account";
    let counted = at
        .org
        .call(Method::GET, query, None)
        .await
        .expect("an answer");
    assert_eq!(counted.json()["totalSize"], 1);
    at.stop().await;
}

#[tokio::test]
async fn a_request_waits_for_its_delay() {
    let at = Rehearsal::start().await;
    let short = json!({ "fault": "latency", "delay": "1ms", "method": "/limits" });
    let id = at.arm(short).await;
    assert_eq!(at.rest().await.0, 200);
    at.assert_spent(&id).await;
    let id = at.arm(json!({ "fault": "latency", "delay": "10m" })).await;
    {
        let mut answer = std::pin::pin!(at.rest());
        while at.fired(&id).await.0 == 0 {
            tokio::select! {
                biased;
                _ = &mut answer => panic!("it has not waited"),
                () = tokio::task::yield_now() => {}
            }
        }
    }
    at.stop().await;
}

#[tokio::test]
async fn faults_are_counted_removed_and_named() {
    let at = Rehearsal::start().await;
    let fault =
        json!({ "fault": "unavailable", "method": "/limits", "after": 1, "every": 2, "next": 2 });
    let id = at.arm(fault).await;
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(at.rest().await.0);
    }
    assert_eq!(statuses, [200, 200, 503, 200, 503, 200]);
    assert_eq!(at.fired(&id).await, (2, "spent".to_owned()));
    let always = at
        .arm(json!({ "fault": "unavailable", "method": "/limits", "every": 1 }))
        .await;
    for _ in 0..3 {
        assert_eq!(at.rest().await.0, 503);
    }
    let removed = done(&at.http, "DELETE", &format!("faults/{always}"), Value::Null).await;
    assert_eq!(
        (&removed["fired"], &removed["state"]),
        (&json!(3), &json!("armed"))
    );
    assert_eq!(at.rest().await.0, 200);
    let cleared = done(&at.http, "DELETE", "faults", Value::Null).await;
    assert_eq!(cleared["faults"][0]["id"], id);
    let none = done(&at.http, "GET", "faults", Value::Null).await;
    assert_eq!(none, json!({ "faults": [] }));
    let misspelt = call(&at.http, "POST", "faults", r#"{"fault":"client-unknwon"}"#).await;
    let message = misspelt.json()["error"]["message"].to_string();
    assert!(
        message.contains("did you mean \\\"client-unknown\\\"?"),
        "{message}"
    );
    at.stop().await;
}
