//! Faults of records, events and the log, as clients meet them.

#![expect(
    clippy::indexing_slicing,
    reason = "a value that is not there fails the test"
)]

use http::Method;
use serde_json::{Value, json};

use crate::common::{create_account, login};
use crate::control::{call, done};
use crate::rehearsal::{Rehearsal, TOPIC, advance, named};

const SOBJECTS: &str = "/services/data/v59.0/sobjects";

/// Creates a record and gives its id.
async fn create(at: &Rehearsal, object: &str, record: Value) -> String {
    let path = format!("{SOBJECTS}/{object}");
    let answer = at.org.call(Method::POST, &path, Some(&record)).await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.status, 201, "{}", answer.json());
    answer.json()["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn push_topics_and_generic_channels_come_late_by_their_names() {
    let at = Rehearsal::start().await;
    done(&at.http, "PUT", "clock", json!({ "mode": "frozen" })).await;
    let topic = json!({
        "Name": "Accounts", "ApiVersion": 59.0, "Query": "SELECT Id, Name FROM Account",
    });
    create(&at, "PushTopic", topic).await;
    let channel = create(&at, "StreamingChannel", json!({ "Name": "/u/notes" })).await;
    let accounts = at.subscribed_to("/topic/Accounts").await;
    let notes = at.subscribed_to("/u/notes").await;
    let late = json!({ "fault": "delay", "topic": "/topic/Accounts", "delay": "30s" });
    let late = at.arm(late).await;
    let pause = json!({ "fault": "pause-inside", "topic": "/u/notes", "delay": "10s" });
    let pause = at.arm(pause).await;

    create_account(&at.org, "Late").await;
    let path = format!("{SOBJECTS}/StreamingChannel/{channel}/push");
    let events = ["one", "two"].map(|text| json!({ "payload": text, "userIds": [] }));
    let pushed = json!({ "pushEvents": events });
    let pushed = at.org.call(Method::POST, &path, Some(&pushed)).await;
    assert_eq!(pushed.expect("an answer").status, 200);
    at.assert_spent(&late).await;
    at.assert_spent(&pause).await;

    let payloads = |events: &[Value]| -> Vec<Value> {
        let events = events.iter();
        events
            .map(|event| event["data"]["payload"].clone())
            .collect()
    };
    assert_eq!(payloads(&at.events(&notes).await), ["one"]);
    advance(&at, "10s").await;
    assert_eq!(payloads(&at.events(&notes).await), ["two"]);
    let unsettled = json!({ "timeoutMs": 0 }).to_string();
    let settled = call(&at.http, "POST", "settle", unsettled).await;
    assert_eq!(settled.status, 408, "the notification is held back");
    advance(&at, "20s").await;
    let told = at.events(&accounts).await;
    assert_eq!(told[0]["data"]["sobject"]["Name"], "Late");
    at.stop().await;
}

#[tokio::test]
async fn the_log_is_trimmed_when_a_client_comes_back() {
    let at = Rehearsal::start().await;
    let reader = at.subscribed().await;
    create_account(&at.org, "Read").await;
    let events = at.events(&reader).await;
    let read = events[0]["data"]["event"]["replayId"].as_i64();
    let read = read.expect("an id");
    create_account(&at.org, "Missed").await;
    let id = at.arm(json!({ "fault": "trim", "topic": TOPIC })).await;
    let client = at.client().await;
    assert_eq!(at.subscribe(&client, -1).await["successful"], true);
    for _ in 0..2 {
        let reply = at.subscribe(&client, read).await;
        let error = reply["error"].as_str().expect("an error");
        let expected = format!("400::The replayId {{{read}}} you provided was invalid.");
        assert!(error.starts_with(&expected), "{error}");
    }
    at.assert_spent(&id).await;
    let events = done(&at.http, "GET", "events", Value::Null).await;
    assert_eq!(events["events"], json!([]));
    assert_eq!(at.subscribe(&client, -2).await["successful"], true);
    create_account(&at.org, "Next").await;
    assert_eq!(named(&at.events(&client).await), ["Next"]);
    at.stop().await;
}

/// Some fields of a record.
async fn record(at: &Rehearsal, id: &str) -> Value {
    let fields = "Name,CreatedDate,LastModifiedDate,SystemModstamp";
    let path = format!("{SOBJECTS}/Account/{id}?fields={fields}");
    let (status, record) = at.rest_of(&path).await;
    assert_eq!(status, 200, "{record}");
    record
}

#[tokio::test]
async fn a_transaction_is_committed_later_than_its_records_are_dated() {
    let at = Rehearsal::frozen("2040-01-01T09:00:00Z").await;
    let fault = json!({ "fault": "slow-commit", "topic": TOPIC, "delay": "5m" });
    let id = at.arm(fault).await;
    // A connection of its own: that of the slow request is in use.
    let other = login(&at.running).await;
    let accounts = async || {
        let query = "/services/data/v59.0/query?q=SELECT+Name+FROM+Account";
        let answer = other.call(Method::GET, query, None).await;
        answer.expect("an answer").json()["totalSize"].clone()
    };
    let meanwhile = async {
        while at.fired(&id).await.0 == 0 {
            tokio::task::yield_now().await;
        }
        advance(&at, "4m").await;
        // Others are not kept waiting, and nobody sees what is not committed.
        create_account(&other, "Quick").await;
        assert_eq!(accounts().await, 1);
        advance(&at, "1m").await;
        assert_eq!(accounts().await, 2, "an advance waits for the commit");
    };
    let slow = async { create_account(&at.org, "Slow").await };
    let (slow, ()) = tokio::join!(slow, meanwhile);
    at.assert_spent(&id).await;

    let dates = record(&at, &slow).await;
    for date in ["CreatedDate", "LastModifiedDate", "SystemModstamp"] {
        assert_eq!(dates[date], "2040-01-01T09:00:00.000+0000", "{date}");
    }
    // A session of before would have ended with the minutes that the clock has moved.
    let client = at.client().await;
    assert_eq!(at.subscribe(&client, -2).await["successful"], true);
    let events = at.events(&client).await;
    assert_eq!(named(&events), ["Quick", "Slow"]);
    let payload = &events[1]["data"]["payload"];
    assert_eq!(payload["CreatedDate"], "2040-01-01T09:00:00.000Z");
    let committed = payload["ChangeEventHeader"]["commitTimestamp"].as_i64();
    assert_eq!(committed, Some(2_209_021_200_000 + 5 * 60 * 1000));
    at.stop().await;
}

#[tokio::test]
async fn the_system_modification_time_moves_alone() {
    let at = Rehearsal::frozen("2040-01-01T09:00:00Z").await;
    let client = at.subscribed().await;
    let id = at.arm(json!({ "fault": "stamp", "topic": TOPIC })).await;
    create(&at, "Contact", json!({ "LastName": "Elsewhere" })).await;
    assert_eq!(at.fired(&id).await.0, 0);
    let stamped = create_account(&at.org, "Stamped").await;
    let other = create_account(&at.org, "Other").await;
    at.assert_spent(&id).await;
    for (account, modstamp) in [(&stamped, "09:00:01"), (&other, "09:00:00")] {
        let record = record(&at, account).await;
        assert_eq!(record["LastModifiedDate"], "2040-01-01T09:00:00.000+0000");
        let modstamp = format!("2040-01-01T{modstamp}.000+0000");
        assert_eq!(record["SystemModstamp"], modstamp);
    }
    assert_eq!(named(&at.events(&client).await), ["Stamped", "Other"]);
    at.stop().await;
}

#[tokio::test]
async fn an_object_has_another_field_after_a_change() {
    let at = Rehearsal::start().await;
    let client = at.subscribed().await;
    let fault = json!({ "fault": "schema-change", "topic": TOPIC });
    let id = at.arm(fault).await;
    create(&at, "Contact", json!({ "LastName": "Elsewhere" })).await;
    assert_eq!(at.fired(&id).await.0, 0);
    create_account(&at.org, "Before").await;
    at.assert_spent(&id).await;
    create_account(&at.org, "After").await;
    let mut events = at.events(&client).await;
    while events.len() < 2 {
        events.extend(at.events(&client).await);
    }
    assert_eq!(named(&events), ["Before", "After"]);
    let schema = |event: &Value| event["data"]["schema"].as_str().expect("an id").to_owned();
    let (before, after) = (schema(&events[0]), schema(&events[1]));
    assert_ne!(before, after);
    for (id, has_field) in [(before, false), (after, true)] {
        let path = format!("/services/data/v59.0/event/eventSchema/{id}?payloadFormat=COMPACT");
        let (status, schema) = at.rest_of(&path).await;
        assert_eq!(status, 200, "{schema}");
        let text = schema.to_string();
        assert_eq!(text.contains("Rehearsal_1__c"), has_field, "{text}");
    }
    let (_, describe) = at.rest_of(&format!("{SOBJECTS}/Account/describe")).await;
    assert!(describe.to_string().contains("Rehearsal_1__c"));
    // As it was, with the next reset.
    done(&at.http, "POST", "reset", json!({})).await;
    let (_, describe) = at.rest_of(&format!("{SOBJECTS}/Account/describe")).await;
    assert!(!describe.to_string().contains("Rehearsal_1__c"));
    at.stop().await;
}

#[tokio::test]
async fn replay_ids_begin_again_when_a_client_comes_back() {
    let at = Rehearsal::start().await;
    let reader = at.subscribed().await;
    create_account(&at.org, "First").await;
    let first = at.events(&reader).await[0]["data"]["event"]["replayId"].clone();
    let id = first.as_i64().expect("an id");
    let fault = at
        .arm(json!({ "fault": "restart-stream", "topic": TOPIC }))
        .await;
    let client = at.client().await;
    let reply = at.subscribe(&client, id).await;
    let error = reply["error"].as_str().expect("an error");
    assert!(error.starts_with("400::The replayId"), "{error}");
    at.assert_spent(&fault).await;
    // Everybody has to come again.
    let ended = async {
        for client in [&reader, &client] {
            while at.connect(client).await[0]["error"] != "403::Unknown client" {}
        }
    };
    let ended = tokio::time::timeout(crate::common::WITHIN, ended).await;
    ended.expect("all are ended");
    let client = at.subscribed().await;
    create_account(&at.org, "Again").await;
    let events = at.events(&client).await;
    assert_eq!(named(&events), ["Again"]);
    assert_eq!(events[0]["data"]["event"]["replayId"], first);
    // As many events later the old id is known again, and is another event.
    let other = at.client().await;
    assert_eq!(at.subscribe(&other, id).await["successful"], true);
    at.stop().await;
}
