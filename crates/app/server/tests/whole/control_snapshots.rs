//! Returning an org to how it began, or to a snapshot.

#![expect(
    clippy::indexing_slicing,
    reason = "a value that is not there fails the test"
)]

use std::fs;
use std::path::Path;

use http::Method;
use landfall_client::{HttpClient, Org};
use landfall_server::Running;
use landfall_server::config::{Config, Data};
use serde_json::{Value, json};

use crate::common::{bayeux, create_account, dev, login, start, start_in, started, stranger};
use crate::control::{call, done};
use crate::project::found;

const SEED: &str =
    r#"{"records": [{"attributes": {"type": "Account", "referenceId": "one"}, "Name": "seeded"}]}"#;

async fn names(org: &Org) -> Vec<String> {
    let accounts = found(org, "SELECT Name FROM Account ORDER BY Name").await;
    let name = |account: &Value| account["Name"].as_str().expect("a name").to_owned();
    accounts.iter().map(name).collect()
}

async fn reset(http: &HttpClient, body: Value) -> Value {
    done(http, "POST", "reset", body).await
}

/// What a refusal says.
async fn refused(http: &HttpClient, method: &str, path: &str, body: &str) -> (u16, String) {
    let answer = call(http, method, path, body.to_owned()).await;
    let code = answer.json()["error"]["code"]
        .as_str()
        .expect("a code")
        .to_owned();
    (answer.status.as_u16(), code)
}

/// An org in a folder that begins with a record of a seed.
async fn seeded(folder: &Path) -> Running {
    let seed = folder.join("seed.json");
    fs::write(&seed, SEED).expect("written");
    let config = Config {
        seeds: vec![seed],
        ..dev(Data::Folder(folder.join("org")))
    };
    started(&config).await.expect("starts")
}

#[tokio::test]
async fn an_org_returns_to_how_it_began() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = seeded(folder.path()).await;
    let (org, http) = (login(&running).await, stranger(&running));
    let later = create_account(&org, "later").await;
    done(&http, "PUT", "clock", json!({ "mode": "frozen" })).await;
    let fault = json!({ "fault": "latency", "delay": "1ms", "method": "GET /none" });
    done(&http, "POST", "faults", fault).await;

    let state = reset(&http, Value::Null).await;
    assert_eq!(state["name"], "seed");
    assert_eq!(
        state["records"],
        json!([{ "object": "Account", "count": 1 }])
    );
    assert_eq!(state["events"], 0);
    // The access token of before is good for the org of after.
    assert_eq!(names(&org).await, ["seeded"]);
    assert_eq!(
        done(&http, "GET", "clock", Value::Null).await["mode"],
        "running"
    );
    let faults = done(&http, "GET", "faults", Value::Null).await;
    assert_eq!(faults["faults"], json!([]));
    assert_eq!(create_account(&org, "again").await, later, "ids begin anew");

    let state = reset(&http, json!({ "to": "empty" })).await;
    assert_eq!(
        (&state["name"], &state["records"]),
        (&json!("empty"), &json!([]))
    );
    assert_eq!(names(&org).await, [""; 0]);
    reset(&http, json!({ "to": "seed" })).await;

    // And so it does in the next process.
    running.stop().await.expect("stops");
    let running = start_in(&folder.path().join("org")).await;
    let (org, http) = (login(&running).await, stranger(&running));
    create_account(&org, "next").await;
    reset(&http, Value::Null).await;
    assert_eq!(names(&org).await, ["seeded"]);
}

#[tokio::test]
async fn a_snapshot_is_saved_listed_loaded_and_removed() {
    let running = start().await;
    let (org, http) = (login(&running).await, stranger(&running));
    let account = create_account(&org, "saved").await;
    let saved = done(&http, "PUT", "snapshots/before-1.0_x", Value::Null).await;
    assert_eq!(
        saved["records"],
        json!([{ "object": "Account", "count": 1 }])
    );
    assert_eq!(saved["events"], 1);
    let shown = done(&http, "GET", "snapshots/before-1.0_x", Value::Null).await;
    assert_eq!(shown, saved);
    let path = format!("/services/data/v59.0/sobjects/Account/{account}");
    let deleted = org.call(Method::DELETE, &path, None).await;
    assert_eq!(deleted.expect("an answer").status, 204);
    create_account(&org, "other").await;
    done(&http, "PUT", "snapshots/after", Value::Null).await;

    let loaded = done(&http, "POST", "snapshots/before-1.0_x", Value::Null).await;
    assert_eq!(loaded, saved);
    assert_eq!(names(&org).await, ["saved"]);
    let expected = json!({ "channel": "/data/AccountChangeEvent" });
    let event = &done(&http, "POST", "expect", expected).await["events"][0];
    assert_eq!(event["replayId"], saved["replayId"]);

    done(&http, "POST", "snapshots/after", Value::Null).await;
    assert_eq!(names(&org).await, ["other"]);
    done(&http, "POST", "reset", json!({ "to": "before-1.0_x" })).await;
    assert_eq!(names(&org).await, ["saved"]);

    let listed = done(&http, "GET", "snapshots", Value::Null).await;
    let listed: Vec<_> = listed["snapshots"]
        .as_array()
        .expect("a list")
        .iter()
        .collect();
    assert_eq!((&listed[0]["name"], listed[1]), (&json!("after"), &saved));
    let removed = call(&http, "DELETE", "snapshots/after", "").await;
    assert_eq!(removed.status, 204);
    for method in ["GET", "POST", "DELETE"] {
        let gone = refused(&http, method, "snapshots/after", "").await;
        assert_eq!(gone, (404, "snapshot-not-found".to_owned()));
    }
}

#[tokio::test]
async fn subscribers_are_ended_or_stay() {
    let running = start().await;
    let (org, http) = (login(&running).await, stranger(&running));
    let handshake = r#"[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]"#;
    let client = bayeux(&org, handshake).await[0]["clientId"].clone();
    let subscribe = json!([{ "channel": "/meta/subscribe", "clientId": client, "subscription": "/data/AccountChangeEvent" }]);
    let subscribed = bayeux(&org, &subscribe.to_string()).await;
    assert_eq!(subscribed[0]["successful"], true);
    create_account(&org, "before").await;
    let connect = json!([{ "channel": "/meta/connect", "clientId": client, "connectionType": "long-polling" }]);
    let connect = connect.to_string();
    assert_eq!(
        bayeux(&org, &connect).await.as_array().map(Vec::len),
        Some(2)
    );

    let state = reset(&http, json!({ "keepSubscribers": true })).await;
    assert_eq!(state["name"], "seed");
    let subscribers = done(&http, "GET", "subscribers", Value::Null).await;
    assert_eq!(subscribers["subscribers"][0]["id"], client);
    create_account(&org, "after").await;
    let received = bayeux(&org, &connect).await;
    let data = received
        .as_array()
        .expect("messages")
        .iter()
        .find(|message| message["data"].is_object());
    let data = &data.expect("an event")["data"];
    assert_eq!(data["payload"]["Name"], "after");
    let replay_id = data["event"]["replayId"].as_u64().expect("a number");

    let state = reset(&http, Value::Null).await;
    assert!(
        state["replayId"].as_u64().expect("a number") < replay_id,
        "replay ids begin anew"
    );
    let ended = bayeux(&org, &connect).await;
    assert_eq!(ended[0]["error"], "403::Unknown client");
    let subscribers = done(&http, "GET", "subscribers", Value::Null).await;
    assert_eq!(subscribers["subscribers"], json!([]));
}

#[tokio::test]
async fn what_cannot_be_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start_in(folder.path()).await;
    let (org, http) = (login(&running).await, stranger(&running));
    create_account(&org, "stays").await;
    done(&http, "PUT", "snapshots/damaged", Value::Null).await;
    let file = folder.path().join("snapshots/damaged.db");
    let mut bytes = fs::read(&file).expect("readable");
    *bytes.last_mut().expect("not empty") ^= 1;
    fs::write(&file, bytes).expect("written");
    let invalid = (400, "invalid".to_owned());
    for name in [
        "seed",
        "empty",
        "-begins",
        "..%2Fup",
        "%20",
        "a%2Fb",
        &"x".repeat(65),
    ] {
        let path = format!("snapshots/{name}");
        assert_eq!(refused(&http, "PUT", &path, "").await, invalid, "{name}");
    }
    for (body, expected) in [
        (r#"{"to":"none"}"#, (404, "snapshot-not-found")),
        (r#"{"to":"../damaged"}"#, (400, "invalid")),
        (r#"{"to":7}"#, (400, "invalid")),
        (r#"{"keepSubscribers":"yes"}"#, (400, "invalid")),
        (r#"{"too":"seed"}"#, (400, "invalid")),
        (r#"{"to":"damaged"}"#, (409, "snapshot-unusable")),
    ] {
        let (status, code) = refused(&http, "POST", "reset", body).await;
        assert_eq!((status, code.as_str()), expected, "{body}");
    }
    // What a crash has left of a save.
    let left = folder.path().join("snapshots/lost.new-journal");
    fs::write(&left, "left").expect("written");
    done(&http, "PUT", "snapshots/whole", Value::Null).await;
    assert!(!left.exists());
    fs::write(file.with_extension("json"), "{}").expect("written");
    let unusable = (409, "snapshot-unusable".to_owned());
    assert_eq!(
        refused(&http, "POST", "snapshots/damaged", "").await,
        unusable
    );
    for state in ["seed.json", "seed.db"] {
        fs::remove_file(folder.path().join("snapshots").join(state)).expect("removed");
    }
    assert_eq!(refused(&http, "POST", "reset", "").await, unusable);
    assert_eq!(names(&org).await, ["stays"]);
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn each_org_has_snapshots_of_its_own() {
    let running = start().await;
    let http = stranger(&running);
    done(&http, "PUT", "snapshots/first", Value::Null).await;
    let other = done(&http, "POST", "orgs", Value::Null).await;
    let bearer = format!("Bearer {}", other["accessToken"].as_str().expect("a token"));
    let headers = [("authorization", bearer.as_str())];
    let listed = crate::control::call_as(&http, "GET", "snapshots", "", &headers).await;
    assert_eq!(listed.json(), json!({ "snapshots": [] }));
    let reset = crate::control::call_as(&http, "POST", "reset", "", &headers).await;
    assert_eq!(reset.json()["name"], "seed");
}

#[tokio::test]
async fn a_snapshot_is_compared_with_another_one_and_with_now() {
    let running = start().await;
    let (org, http) = (login(&running).await, stranger(&running));
    let changed = create_account(&org, "before").await;
    let removed = create_account(&org, "removed").await;
    done(&http, "PUT", "snapshots/one", Value::Null).await;
    let same = done(&http, "GET", "snapshots/one/difference", Value::Null).await;
    for (list, expected) in [("objects", json!([])), ("records", json!([]))] {
        assert_eq!(same[list], expected);
    }
    assert_eq!(same["eventsAdded"], json!({ "count": 0, "first": [] }));

    let path = |id: &str| format!("/services/data/v59.0/sobjects/Account/{id}");
    let body = json!({ "Name": "after", "NumberOfEmployees": 7 });
    let patched = org.call(Method::PATCH, &path(&changed), Some(&body)).await;
    assert_eq!(patched.expect("an answer").status, 204);
    let deleted = org.call(Method::DELETE, &path(&removed), None).await;
    assert_eq!(deleted.expect("an answer").status, 204);
    let created = create_account(&org, "new").await;
    let now = done(&http, "GET", "snapshots/one/difference", Value::Null).await;
    assert_eq!(
        now["objects"],
        json!([{ "object": "Account", "created": 1, "changed": 2, "removed": 0 }])
    );
    let field = |record: &Value, name: &str| {
        let fields = record["fields"].as_array().expect("a list");
        let field = fields.iter().find(|field| field["name"] == name).cloned();
        field.expect("it differs")
    };
    let records = now["records"].as_array().expect("a list");
    let ids: Vec<&Value> = records.iter().map(|record| &record["id"]).collect();
    assert_eq!(ids, [&json!(changed), &json!(removed), &json!(created)]);
    let name = json!({ "name": "Name", "before": "before", "after": "after" });
    assert_eq!(field(&records[0], "Name"), name);
    let number = json!({ "name": "NumberOfEmployees", "after": "7" });
    assert_eq!(field(&records[0], "NumberOfEmployees"), number);
    let bin = json!({ "name": "IsDeleted", "before": "false", "after": "true" });
    assert_eq!(field(&records[1], "IsDeleted"), bin);
    assert_eq!(records[2]["change"], "created");
    let fields = records[2]["fields"].as_array().expect("a list");
    let is_field = |field: &Value| !field["name"].as_str().unwrap_or("_").starts_with('_');
    assert!(fields.iter().all(is_field), "{fields:?}");
    assert_eq!(now["more"], false);
    let events = now["eventsAdded"].clone();
    assert_eq!(events["count"], 3);
    assert_eq!(events["first"][0]["channel"], "/data/AccountChangeEvent");

    check_pages(&http, &removed).await;
    running.stop().await.expect("stops");
}

/// The other way round, from one snapshot to another, page by page; and what is refused.
async fn check_pages(http: &HttpClient, removed: &str) {
    done(http, "PUT", "snapshots/two", Value::Null).await;
    let back = "snapshots/two/difference?with=one&object=Account&limit=2";
    let back = done(http, "GET", back, Value::Null).await;
    assert_eq!(back["objects"][0]["removed"], 1);
    assert_eq!(
        (&back["more"], &back["eventsRemoved"]["count"]),
        (&json!(true), &json!(3))
    );
    let next = format!("snapshots/two/difference?with=one&object=Account&after={removed}");
    let next = done(http, "GET", &next, Value::Null).await;
    assert_eq!(next["records"][0]["change"], "removed");
    assert_eq!(next["records"].as_array().map(Vec::len), Some(1));
    let contacts = "snapshots/one/difference?object=Contact";
    let contacts = done(http, "GET", contacts, Value::Null).await;
    assert_eq!(contacts["objects"], json!([]));

    for (path, code) in [
        ("snapshots/none/difference", (404, "snapshot-not-found")),
        (
            "snapshots/one/difference?with=none",
            (404, "snapshot-not-found"),
        ),
        ("snapshots/one/difference?limit=0", (400, "invalid")),
        ("snapshots/one/difference?limit=1001", (400, "invalid")),
        ("snapshots/one/difference?after=x", (400, "invalid")),
        ("snapshots/one/difference?of=x", (400, "invalid")),
    ] {
        let (status, refused) = refused(http, "GET", path, "").await;
        assert_eq!((status, refused.as_str()), code, "{path}");
    }
}
