//! What the control interface reports of channels, schemas, `PushTopics` and of when events were published.

use http::Method;
use landfall_client::Org;
use serde_json::{Value, json};

use crate::common::{WITHIN, create_account, login, start, start_in, stranger};
use crate::control::{call, done};
use crate::control_events::{listed, session, stream};

const LATER: &str = "2126-03-01T12:00:00.000Z";
const TOOLING: &str = "/services/data/v62.0/tooling/sobjects";

async fn create(org: &Org, path: &str, body: &Value) -> Value {
    let answer = org.call(Method::POST, path, Some(body)).await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.status, 201, "{}", answer.json());
    answer.json()
}

#[tokio::test]
async fn a_channel_is_shown_with_its_members_filters_and_enriched_fields() {
    let running = start().await;
    let (http, org) = (stranger(&running), login(&running).await);
    let channel =
        json!({"FullName": "Sales__chn", "Metadata": {"channelType": "data", "label": "Sales"}});
    create(&org, &format!("{TOOLING}/PlatformEventChannel"), &channel).await;
    let member = json!({
        "FullName": "Sales_chn_AccountChangeEvent",
        "Metadata": {
            "eventChannel": "Sales__chn", "selectedEntity": "AccountChangeEvent",
            "enrichedFields": [{"name": "Industry"}], "filterExpression": "NumberOfEmployees > 10",
        },
    });
    create(
        &org,
        &format!("{TOOLING}/PlatformEventChannelMember"),
        &member,
    )
    .await;
    let shown = done(&http, "GET", "topics/%2Fdata%2FSales__chn", Value::Null).await;
    assert_eq!(
        shown,
        json!({
            "channel": "/data/Sales__chn", "kind": "channel", "retentionHours": 72, "capturesAll": true,
            "members": [{
                "channel": "/data/AccountChangeEvent", "event": "AccountChangeEvent",
                "name": "Sales_chn_AccountChangeEvent", "filter": "NumberOfEmployees > 10",
                "enrichedFields": ["Industry"],
            }],
        })
    );
    let all = done(&http, "GET", "topics/%2Fdata%2FChangeEvents", Value::Null).await;
    let members = all["members"].as_array().expect("members");
    let account = json!({"channel": "/data/AccountChangeEvent", "event": "AccountChangeEvent", "enrichedFields": []});
    // Nothing selects it: all objects are captured.
    assert!(members.contains(&account), "{members:?}");
    let account = "topics/%2Fdata%2FAccountChangeEvent";
    let account = done(&http, "GET", account, Value::Null).await;
    assert_eq!(
        (&account["entity"], &account["event"], &account["members"]),
        (&json!("Account"), &json!("AccountChangeEvent"), &json!([]))
    );
    let schemas = done(&http, "GET", "schemas", Value::Null).await;
    let schemas = schemas["schemas"].as_array().expect("schemas");
    let of_accounts = schemas.iter().find(|one| one["id"] == account["schema"]);
    let of_accounts = of_accounts.expect("the schema of accounts");
    assert_eq!(
        (&of_accounts["event"], &of_accounts["current"]),
        (&json!("AccountChangeEvent"), &json!(true))
    );
    drop((http, org));
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn a_former_schema_stays_in_the_list() {
    let running = start().await;
    let (http, org) = (stranger(&running), login(&running).await);
    let of_accounts = async || {
        let listed = done(&http, "GET", "schemas", Value::Null).await;
        let listed = listed["schemas"].as_array().expect("schemas").clone();
        let own = listed.into_iter();
        let own: Vec<Value> = own.filter(|one| one["entity"] == "Account").collect();
        own
    };
    let before = of_accounts().await;
    assert_eq!(before.len(), 1);
    let field = json!({"FullName": "Account.Score__c", "Metadata": {"type": "Number", "label": "Score", "precision": 5, "scale": 0}});
    create(&org, &format!("{TOOLING}/CustomField"), &field).await;
    let after = of_accounts().await;
    assert_eq!(after.len(), 2);
    assert_eq!(
        (&after[0]["current"], &after[1]["current"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(after[1]["id"], before[0]["id"]);
    let fields = |one: &Value| one["fields"].as_u64().expect("a number");
    assert_eq!(fields(&after[0]), fields(&after[1]) + 1);
    drop((http, org));
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn a_query_of_a_push_topic_is_checked_before_it_is_saved() {
    let running = start().await;
    let (http, org) = (stranger(&running), login(&running).await);
    let draft = json!({"query": "SELECT Id, Name FROM Account WHERE Industry = 'Banking'"});
    let outline = done(&http, "POST", "pushtopics/check", draft).await;
    assert_eq!(
        outline,
        json!({
            "entity": "Account", "selected": ["Id", "Name"], "condition": ["Industry"],
            "tracked": ["Name", "Industry"],
        })
    );
    let draft = json!({"query": "SELECT Id, Name FROM Account WHERE Industry = 'Banking'", "notifyForFields": "Where"});
    let outline = done(&http, "POST", "pushtopics/check", draft).await;
    assert_eq!(outline["tracked"], json!(["Industry"]));
    for (query, word) in [
        ("SELECT Id, Nme FROM Account", "Nme"),
        ("SELECT Id FROM Account LIMIT 5", "LIMIT"),
        ("SELECT Name FROM Account", "Id"),
        ("", ""),
    ] {
        let draft = json!({ "query": query }).to_string();
        let refused = call(&http, "POST", "pushtopics/check", draft).await;
        assert_eq!(refused.status, 400, "{query}");
        let message = refused.json()["error"]["message"].to_string();
        assert!(message.contains(word), "{query}: {message}");
        // A record with the query is refused in the same words.
        let record = json!({"Name": "Refused", "ApiVersion": 59.0, "Query": query});
        let path = "/services/data/v62.0/sobjects/PushTopic";
        let saved = org.call(Method::POST, path, Some(&record)).await;
        let saved = saved.expect("an answer").json();
        if !query.is_empty() {
            assert_eq!(saved[0]["message"], refused.json()["error"]["message"]);
        }
    }
    drop((http, org));
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn events_are_counted_after_a_position_and_by_time() {
    let running = start().await;
    let http = stranger(&running);
    let set = json!({"mode": "frozen", "now": LATER});
    done(&http, "PUT", "clock", set).await;
    let org = login(&running).await;
    let count = async |channel: &str, query: &str| {
        let path = format!("topics/%2Fdata%2F{channel}/count{query}");
        done(&http, "GET", &path, Value::Null).await
    };
    let none = count("AccountChangeEvent", "").await;
    assert_eq!(
        (&none["events"], &none["complete"]),
        (&json!(0), &json!(true))
    );
    create_account(&org, "At noon").await;
    create_account(&org, "At noon too").await;
    done(&http, "POST", "clock/advance", json!({"by": "1h"})).await;
    create_account(&org, "At one").await;
    let all = count("AccountChangeEvent", "").await;
    assert_eq!(
        all,
        json!({
            "events": 3, "complete": true, "earliest": 1001, "tail": 1003,
            "first": {"replayId": 1001, "time": LATER},
            "last": {"replayId": 1003, "time": "2126-03-01T13:00:00.000Z"},
        })
    );
    assert_eq!(count("ChangeEvents", "?after=1002").await["events"], 1);
    assert_eq!(count("ContactChangeEvent", "?after=7").await["events"], 0);
    assert_eq!(
        count("AccountChangeEvent", "?after=9999").await["events"],
        0
    );
    let found = done(&http, "GET", "events/histogram?buckets=2", Value::Null).await;
    let bucket = |bucket: u64, (first, last): (u64, u64)| {
        json!({
            "bucket": bucket, "topic": "/data/AccountChangeEvent", "type": "CREATE",
            "events": last - first + 1, "first": first, "last": last,
        })
    };
    let halves = [bucket(0, (1001, 1002)), bucket(1, (1003, 1003))];
    assert_eq!(found["counts"], json!(halves));
    assert_eq!(found["events"], 3);
    assert_eq!(found["since"], LATER);
    let late = "events/histogram?since=2126-03-01T12:30:00Z&buckets=1&topic=/data/ChangeEvents";
    let late = done(&http, "GET", late, Value::Null).await;
    assert_eq!(late["counts"], json!([bucket(0, (1003, 1003))]));
    let updates = done(&http, "GET", "events/histogram?type=UPDATE", Value::Null).await;
    assert_eq!(
        (&updates["events"], &updates["counts"]),
        (&json!(0), &json!([]))
    );
    for query in [
        "buckets=0",
        "buckets=241",
        "since=noon",
        "since=2200-01-01T00:00:00Z",
    ] {
        let refused = call(&http, "GET", &format!("events/histogram?{query}"), "").await;
        assert_eq!(refused.status, 400, "{query}");
    }
    drop((http, org));
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn events_are_counted_whose_time_is_ahead_of_the_clock() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start_in(folder.path()).await;
    let http = stranger(&running);
    done(&http, "POST", "clock/advance", json!({"by": "2h"})).await;
    create_account(&login(&running).await, "In two hours").await;
    drop(http);
    running.stop().await.expect("stops");
    // The clock begins again with the machine's; times of events do not go back.
    let running = start_in(folder.path()).await;
    let http = stranger(&running);
    create_account(&login(&running).await, "Not before").await;
    let found = done(&http, "GET", "events/histogram", Value::Null).await;
    let event = done(&http, "GET", "events/1002", Value::Null).await;
    assert_eq!(
        (&found["events"], &found["until"]),
        (&json!(2), &event["time"])
    );
    drop(http);
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn what_has_become_of_an_event_is_listed_for_each_subscriber() {
    let running = start().await;
    let (http, org) = (stranger(&running), login(&running).await);
    create_account(&org, "Before").await;
    let session = session(&org).await;
    let stream = stream(&org).await;
    listed(&http, 2).await;
    create_account(&org, "After").await;
    let deliveries = async |id: u64| {
        let path = format!("events/{id}/deliveries");
        done(&http, "GET", &path, Value::Null).await["deliveries"].clone()
    };
    let before = deliveries(1001).await;
    assert_eq!(
        (&before[0]["subscriber"], &before[0]["delivery"]),
        (&json!(session), &json!("before"))
    );
    assert_eq!(before[1]["delivery"], "before");
    // The session does not poll, and the stream has requested events.
    let sent = async {
        while deliveries(1002).await[1]["delivery"] != "sent" {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(WITHIN, sent).await.expect("sent");
    let after = deliveries(1002).await;
    assert_eq!(
        (&after[0]["delivery"], &after[0]["channel"]),
        (&json!("waiting"), &json!("/data/AccountChangeEvent"))
    );
    let contact = json!({"LastName": "Young"});
    create(&org, "/services/data/v62.0/sobjects/Contact", &contact).await;
    let others = deliveries(1003).await;
    assert_eq!(others[0]["delivery"], "not subscribed");
    assert!(others[0].get("channel").is_none());
    let unknown = call(&http, "GET", "events/9999/deliveries", "").await;
    assert_eq!(unknown.status, 404);
    drop((stream, http, org));
    running.stop().await.expect("stops");
}
