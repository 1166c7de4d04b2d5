//! `PushTopics` and generic channels as records, and the resource that pushes.

use landfall_engine::TopicFilter;
use landfall_model::ReplayId;
use serde_json::{Value, json};

use crate::org::{DATA, Org};

const TOPICS: &str = "/sobjects/PushTopic";
const CHANNELS: &str = "/sobjects/StreamingChannel";

fn topic(query: &str) -> Value {
    json!({"Name": "Watched", "Query": query, "ApiVersion": 59.0})
}

async fn created(org: &Org, path: &str, body: &Value) -> String {
    let answer = org.post(path, body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let id = &answer.json()["id"];
    id.as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn a_topic_has_the_documented_defaults() {
    let org = Org::with(Vec::new()).await;
    let id = created(&org, TOPICS, &topic("SELECT Id, Name FROM Account")).await;
    assert!(id.starts_with("0IF"));
    let row = org.get(&format!("{TOPICS}/{id}")).await.json();
    for (field, value) in [
        ("IsActive", json!(true)),
        ("ApiVersion", json!(59.0)),
        ("NotifyForFields", json!("Referenced")),
        ("NotifyForOperations", json!("All")),
        ("NotifyForOperationCreate", json!(true)),
        ("NotifyForOperationUndelete", json!(true)),
        ("Description", Value::Null),
    ] {
        assert_eq!(row[field], value, "{field}");
    }
}

/// Clients: Camel looks a topic up by its name, compares, and changes what differs; others send the version as text.
#[tokio::test]
async fn a_topic_is_found_by_name_and_changed_as_camel_does() {
    let org = Org::with(Vec::new()).await;
    let body =
        json!({"Name": "Watched", "Query": "SELECT Id, Name FROM Account", "ApiVersion": "54.0"});
    let id = created(&org, TOPICS, &body).await;
    let query = "SELECT Id, Name, Query, ApiVersion, IsActive, NotifyForFields, NotifyForOperations, \
                 NotifyForOperationCreate, NotifyForOperationDelete, NotifyForOperationUndelete, \
                 NotifyForOperationUpdate, Description FROM PushTopic WHERE Name = 'Watched'";
    let found = org
        .get(&format!("/query?q={}", query.replace(' ', "+")))
        .await;
    assert_eq!(found.json()["records"][0]["ApiVersion"], 54.0, "{found:?}");
    for (create, update, word) in [
        (true, false, "Create"),
        (false, true, "Update"),
        (false, false, "Extended"),
        (true, true, "All"),
    ] {
        let change = json!({
            "Query": "SELECT Id, Name FROM Account WHERE Name LIKE 'a%'",
            "NotifyForOperationCreate": create, "NotifyForOperationUpdate": update,
        });
        let path = format!("{TOPICS}/{id}");
        assert_eq!(org.patch(&path, &change).await.status, 204);
        assert_eq!(org.get(&path).await.json()["NotifyForOperations"], word);
    }
}

#[tokio::test]
async fn what_a_topic_cannot_be_is_refused_with_the_field() {
    let org = Org::with(Vec::new()).await;
    for (query, message) in [
        ("SELECT Id FROM Account LIMIT 1", "'LIMIT' is not allowed"),
        (
            "SELECT COUNT() FROM Account",
            "Aggregate queries are not supported",
        ),
        (
            "SELECT Id FROM Account WHERE NOT Name = 'x'",
            "'NOT' is not supported",
        ),
    ] {
        let answer = org.post(TOPICS, &topic(query)).await;
        assert_eq!(answer.status, 400, "{answer:?}");
        let error =
            json!([{"message": message, "errorCode": "INVALID_FIELD", "fields": ["Query"]}]);
        assert_eq!(answer.json(), error);
    }
    let mut body = topic("SELECT Id FROM Account");
    let answer = org.post(TOPICS, &body).await;
    assert_eq!(answer.refusal().1, "INVALID_FIELD", "only Id is referenced");
    body["NotifyForFields"] = json!("All");
    created(&org, TOPICS, &body).await;
    assert_eq!(org.post(TOPICS, &body).await.refusal().1, "DUPLICATE_VALUE");
    body["Name"] = json!("Other");
    for (field, value, code) in [
        ("ApiVersion", json!(20.0), "FIELD_INTEGRITY_EXCEPTION"),
        ("Name", json!("a".repeat(26)), "STRING_TOO_LONG"),
        ("Query", json!("a".repeat(1_301)), "STRING_TOO_LONG"),
        ("Description", json!("a".repeat(401)), "STRING_TOO_LONG"),
        (
            "NotifyForFields",
            json!("Some"),
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        ),
        (
            "NotifyForOperations",
            json!("All"),
            "INVALID_FIELD_FOR_INSERT_UPDATE",
        ),
        ("Query", json!("SELECT FROM"), "MALFORMED_QUERY"),
        (
            "Query",
            json!("SELECT Id, Nope FROM Account"),
            "INVALID_FIELD",
        ),
        ("Query", json!("SELECT Id, Nope FROM Nope"), "INVALID_TYPE"),
    ] {
        let mut wrong = body.clone();
        wrong[field] = value;
        let answer = org.post(TOPICS, &wrong).await;
        assert_eq!(answer.refusal().1, code, "{wrong}");
        assert_eq!(answer.json()[0]["fields"], json!([field]), "{wrong}");
    }
}

#[tokio::test]
async fn a_channel_has_a_name_of_its_form() {
    let org = Org::with(Vec::new()).await;
    let id = created(
        &org,
        CHANNELS,
        &json!({"Name": "/u/notifications/Example_1"}),
    )
    .await;
    assert!(id.starts_with("0M6"));
    let row = org.get(&format!("{CHANNELS}/{id}")).await.json();
    assert_eq!(row["IsDynamic"], false);
    assert_eq!(row["OwnerId"], row["CreatedById"]);
    for name in ["/u/", "notifications", "/topic/x", "/u/a b", "/u/\u{fc}"] {
        let answer = org.post(CHANNELS, &json!({"Name": name})).await;
        assert_eq!(answer.refusal().1, "FIELD_INTEGRITY_EXCEPTION", "{name}");
    }
    let other_case = json!({"Name": "/u/Notifications/example_1"});
    assert_eq!(
        org.post(CHANNELS, &other_case).await.refusal().1,
        "DUPLICATE_VALUE"
    );
    let dynamic = json!({"Name": "/u/x", "IsDynamic": true});
    assert_eq!(
        org.post(CHANNELS, &dynamic).await.refusal().1,
        "INVALID_FIELD_FOR_INSERT_UPDATE"
    );
}

/// The quick start looks a channel up so; its address is the one that it has everywhere.
#[tokio::test]
async fn a_channel_is_found_by_the_tooling_api() {
    let org = Org::with(Vec::new()).await;
    let id = created(&org, CHANNELS, &json!({"Name": "/u/Example"})).await;
    let query = "SELECT+Name,+Id+FROM+streamingchannel+WHERE+Name='/u/Example'";
    let answer = org.get(&format!("/tooling/query?q={query}")).await;
    let url = format!("/services/data/v59.0{CHANNELS}/{id}");
    assert_eq!(
        answer.json()["records"],
        json!([{"attributes": {"type": "StreamingChannel", "url": url}, "Name": "/u/Example", "Id": id}]),
        "{answer:?}"
    );
    let answer = org.get("/tooling/query?q=SELECT+Id+FROM+Account").await;
    assert_eq!(answer.json()[0]["errorCode"], "INVALID_TYPE", "{answer:?}");
}

/// S 52, without anybody online.
#[tokio::test]
async fn texts_are_pushed_and_counted() {
    let org = Org::with(Vec::new()).await;
    let id = created(&org, CHANNELS, &json!({"Name": "/u/x"})).await;
    let path = format!("{CHANNELS}/{id}/push");
    let listening = org.get(&path).await.json();
    assert_eq!(
        listening,
        json!({"OnlineUserIds": [], "ChannelName": "/u/x"})
    );
    let described = org.get("/sobjects/StreamingChannel/describe").await.json();
    assert_eq!(
        described["urls"]["push"],
        format!("{DATA}{CHANNELS}/{{ID}}/push")
    );
    let admin = org.admin.to_string();
    let body = json!({"pushEvents": [
        {"payload": "to one", "userIds": [admin]},
        {"payload": "to all", "userIds": []},
        {"payload": "to all"},
    ]});
    let before = org.engine.log().bounds().tail;
    let answer = org.post(&path, &body).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.body,
        format!(
            r#"[{{"fanoutCount":0,"userOnlineStatus":{{"{admin}":false}}}},{{"fanoutCount":-1,"userOnlineStatus":{{}}}},{{"fanoutCount":-1,"userOnlineStatus":{{}}}}]"#
        )
    );
    let stretch = org.engine.log().read(before, &TopicFilter::All, 10).await;
    assert_eq!(stretch.expect("the log").events.len(), 3);
    assert!(org.engine.log().bounds().tail > ReplayId::ORIGIN);
}

#[tokio::test]
async fn what_cannot_be_pushed_is_refused() {
    let org = Org::with(Vec::new()).await;
    let id = created(&org, CHANNELS, &json!({"Name": "/u/x"})).await;
    let path = format!("{CHANNELS}/{id}/push");
    let text = |length: usize| json!({"pushEvents": [{"payload": "a".repeat(length)}]});
    assert_eq!(org.post(&path, &text(3_000)).await.status, 200);
    assert_eq!(
        org.post(&path, &text(3_001)).await.refusal().1,
        "STRING_TOO_LONG"
    );
    for (body, code) in [
        (json!({}), "REQUIRED_FIELD_MISSING"),
        (json!({"pushEvents": [{}]}), "REQUIRED_FIELD_MISSING"),
        (json!({"pushEvents": {}}), "JSON_PARSER_ERROR"),
        (
            json!({"pushEvents": [{"payload": {"a": 1}}]}),
            "JSON_PARSER_ERROR",
        ),
        (
            json!({"pushEvents": [{"payload": "a", "userIds": ["me"]}]}),
            "MALFORMED_ID",
        ),
    ] {
        assert_eq!(org.post(&path, &body).await.refusal().1, code, "{body}");
    }
    assert_eq!(
        org.send("DELETE", &format!("{CHANNELS}/{id}"), &[], "")
            .await
            .status,
        204
    );
    assert_eq!(org.post(&path, &text(1)).await.status, 404);
}
