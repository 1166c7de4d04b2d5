//! Requests that consist of several: bounds, platform events, users, and what one transaction shows its parts.

use serde_json::{Value, json};

use crate::org::{DATA, Org};
use crate::project;

fn part(reference: &str, method: &str, path: &str, body: impl Into<Value>) -> Value {
    let body = body.into();
    json!({"referenceId": reference, "method": method, "url": format!("{DATA}{path}"), "body": body})
}

fn statuses(answer: &Value) -> Vec<i64> {
    let parts = answer["compositeResponse"].as_array().expect("a list");
    let status = |part: &Value| part["httpStatusCode"].as_i64().expect("a number");
    parts.iter().map(status).collect()
}

#[tokio::test]
async fn a_request_has_25_parts_at_most_and_5_lists_among_them() {
    let org = Org::with(Vec::new()).await;
    let reads = |count| -> Vec<Value> {
        let read = |number| {
            part(
                &format!("r{number}"),
                "GET",
                "/sobjects/Account",
                Value::Null,
            )
        };
        (0..count).map(read).collect()
    };
    let answer = org
        .post("/composite", &json!({"compositeRequest": reads(25)}))
        .await;
    assert_eq!(statuses(&answer.json()), [200; 25]);
    let answer = org
        .post("/composite", &json!({"compositeRequest": reads(26)}))
        .await;
    assert_eq!(
        answer.json(),
        json!({"compositeResponse": [{
            "body": [{"errorCode": "LIMIT_EXCEEDED", "message": "The request can’t contain more than 25 operations."}],
            "httpHeaders": {}, "httpStatusCode": 400, "referenceId": null,
        }]})
    );
    let lists = |count| -> Vec<Value> {
        let path = "/composite/sobjects/Account?ids=001000000000001&fields=Id";
        let list = |number| part(&format!("l{number}"), "GET", path, Value::Null);
        (0..count).map(list).collect()
    };
    let answer = org
        .post("/composite", &json!({"compositeRequest": lists(5)}))
        .await;
    assert_eq!(statuses(&answer.json()), [200; 5]);
    let answer = org
        .post("/composite", &json!({"compositeRequest": lists(6)}))
        .await;
    assert_eq!(statuses(&answer.json()), [400]);
}

#[tokio::test]
async fn reads_in_a_transaction_see_what_it_did() {
    let org = Org::with(project::whole()).await;
    let parts = json!({"allOrNone": true, "compositeRequest": [
        part("trip", "POST", "/sobjects/Trip__c", json!({"Name": "Alps", "Code__c": "A1"})),
        part("stop", "POST", "/sobjects/Stop__c", json!({"Name": "Bern", "Trip__r": {"Code__c": "A1"}})),
        part("down", "GET", "/sobjects/Trip__c/@{trip.id}/Stops__r?fields=Name", Value::Null),
        part("up", "GET", "/sobjects/Stop__c/@{stop.id}/Trip__r?fields=Name", Value::Null),
        part("list", "POST", "/composite/sobjects/Stop__c", json!({"ids": ["@{stop.id}"], "fields": ["Trip__r.Name"]})),
        part("gone", "DELETE", "/sobjects/Stop__c/@{down.records[0].Id}", Value::Null),
        part("none", "GET", "/composite/sobjects/Stop__c?ids=@{stop.id}&fields=Name", Value::Null),
    ]});
    let answer = org.post("/composite", &parts).await.json();
    let body = |place: usize| &answer["compositeResponse"][place]["body"];
    assert_eq!(
        statuses(&answer),
        [201, 201, 200, 200, 200, 204, 200],
        "{answer}"
    );
    assert_eq!(body(2)["records"][0]["Name"], "Bern");
    assert_eq!(body(3)["Name"], "Alps");
    assert_eq!(body(4)[0]["Trip__r"]["Name"], "Alps");
    assert_eq!(body(6), &json!([null]));
}

#[tokio::test]
async fn events_are_published_whatever_becomes_of_the_transaction() {
    let org = Org::with(vec![project::low_ink("")]).await;
    let tail = org.engine.log().bounds().tail.get();
    let event = part(
        "event",
        "POST",
        "/sobjects/Low_Ink__e",
        json!({"Printer_Model__c": "A"}),
    );
    let bad = part("bad", "POST", "/sobjects/Account", json!({}));
    let parts = json!({"allOrNone": true, "compositeRequest": [event, bad]});
    let answer = org.post("/composite", &parts).await.json();
    assert_eq!(statuses(&answer), [400, 400]);
    assert_eq!(org.engine.log().bounds().tail.get(), tail + 1);
}

#[tokio::test]
async fn a_password_is_not_set_in_a_transaction_that_may_be_undone() {
    let org = Org::with(Vec::new()).await;
    let me = org.get("").await.json();
    let user = me["identity"]
        .as_str()
        .expect("an address")
        .rsplit('/')
        .next();
    let path = format!("/sobjects/User/{}/password", user.expect("an id"));
    let set = |all_or_none| {
        let body = json!({"NewPassword": "another-one"});
        json!({"allOrNone": all_or_none, "compositeRequest": [part("p", "POST", &path, body)]})
    };
    let answer = org.post("/composite", &set(true)).await.json();
    assert_eq!(statuses(&answer), [400]);
    let answer = org.post("/composite", &set(false)).await.json();
    assert_eq!(statuses(&answer), [204]);
}

#[tokio::test]
async fn users_that_a_transaction_changes_are_known_to_the_logins_afterwards() {
    let org = Org::with(Vec::new()).await;
    let me = org.get("").await.json();
    let user = me["identity"]
        .as_str()
        .expect("an address")
        .rsplit('/')
        .next();
    let path = format!("/sobjects/User/{}", user.expect("an id"));
    let parts = json!({"allOrNone": true, "compositeRequest": [
        part("off", "PATCH", &path, json!({"IsActive": false})),
    ]});
    let answer = org.post("/composite", &parts).await.json();
    assert_eq!(statuses(&answer), [204]);
    assert_eq!(org.get("/sobjects").await.status, 401);
}
