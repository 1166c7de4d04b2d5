//! Faults of what clients read: records that lag behind, and rights that come and go.

#![expect(
    clippy::indexing_slicing,
    reason = "a value that is not there fails the test"
)]

use http::Method;
use serde_json::{Value, json};

use crate::common::create_account;
use crate::control::{call, done};
use crate::rehearsal::{Rehearsal, TOPIC, advance, named};

const DATA: &str = "/services/data/v59.0";

impl Rehearsal {
    /// The names of all accounts, as a query finds them.
    async fn accounts(&self) -> Vec<String> {
        let path = format!("{DATA}/query?q=SELECT+Name+FROM+Account+ORDER+BY+Name");
        let (status, found) = self.rest_of(&path).await;
        assert_eq!(status, 200, "{found}");
        let records = found["records"].as_array().expect("records").iter();
        let names = records.map(|record| record["Name"].as_str().expect("a name").to_owned());
        names.collect()
    }

    async fn status_of(&self, account: &str) -> u16 {
        let path = format!("{DATA}/sobjects/Account/{account}");
        self.rest_of(&path).await.0
    }

    async fn changed(&self, account: &str, values: Value) -> u16 {
        let path = format!("{DATA}/sobjects/Account/{account}");
        let answer = self.org.call(Method::PATCH, &path, Some(&values)).await;
        answer.expect("an answer").status.as_u16()
    }
}

#[tokio::test]
async fn records_are_read_as_they_were_before_a_change_for_a_while() {
    let at = Rehearsal::frozen("2040-01-01T09:00:00Z").await;
    let client = at.subscribed().await;
    create_account(&at.org, "A").await;
    let fault = json!({ "fault": "read-lag", "topic": TOPIC, "delay": "3s" });
    let id = at.arm(fault).await;
    let late = create_account(&at.org, "B").await;
    at.assert_spent(&id).await;
    create_account(&at.org, "C").await;
    assert_eq!(named(&at.events(&client).await), ["A", "B", "C"]);
    assert_eq!(at.accounts().await, ["A"]);
    assert_eq!(at.status_of(&late).await, 404);
    // What changes a record sees the present.
    assert_eq!(at.changed(&late, json!({ "Name": "D" })).await, 204);
    advance(&at, "2s").await;
    assert_eq!(at.accounts().await, ["A"]);
    advance(&at, "1s").await;
    assert_eq!(at.accounts().await, ["A", "C", "D"]);
    assert_eq!(at.status_of(&late).await, 200);
    at.stop().await;
}

#[tokio::test]
async fn every_change_is_read_late_in_its_order() {
    let at = Rehearsal::frozen("2040-01-01T09:00:00Z").await;
    let fault = json!({ "fault": "read-lag", "topic": TOPIC, "delay": "16s", "every": 1 });
    at.arm(fault).await;
    create_account(&at.org, "A").await;
    advance(&at, "8s").await;
    create_account(&at.org, "B").await;
    assert_eq!(at.accounts().await, [""; 0]);
    advance(&at, "8s").await;
    assert_eq!(at.accounts().await, ["A"]);
    // A definition that has changed since ends the delay: its tables have other columns.
    let change = json!({ "fault": "schema-change", "topic": TOPIC });
    at.arm(change).await;
    create_account(&at.org, "C").await;
    assert_eq!(at.accounts().await, ["A", "B", "C"]);
    create_account(&at.org, "D").await;
    assert_eq!(at.accounts().await, ["A", "B", "C"]);
    done(&at.http, "POST", "reset", json!({})).await;
    create_account(&at.org, "E").await;
    assert_eq!(at.accounts().await, ["E"]);
    at.stop().await;
}

#[tokio::test]
async fn changes_that_depend_on_each_other_are_read_late_too() {
    let at = Rehearsal::frozen("2040-01-01T09:00:00Z").await;
    let fault = json!({ "fault": "read-lag", "topic": TOPIC, "delay": "3s", "every": 1 });
    at.arm(fault).await;
    let account = format!("{DATA}/sobjects/Account");
    let parts = json!({ "allOrNone": true, "compositeRequest": [
        { "method": "POST", "url": account, "referenceId": "one", "body": { "Name": "A" } },
        { "method": "POST", "url": account, "referenceId": "two", "body": { "Name": "B" } },
    ] });
    let path = format!("{DATA}/composite");
    let made = at.org.call(Method::POST, &path, Some(&parts));
    let made = made.await.expect("an answer").json();
    let id = |place: usize| {
        let id = &made["compositeResponse"][place]["body"]["id"];
        id.as_str().expect("an id").to_owned()
    };
    let (one, two) = (id(0), id(1));
    assert_eq!(at.accounts().await, [""; 0]);
    advance(&at, "3s").await;
    assert_eq!(at.accounts().await, ["A", "B"]);
    let merge = format!(
        "<merge><request><masterRecord><type>Account</type><Id>{one}</Id></masterRecord>\
         <recordToMergeIds>{two}</recordToMergeIds></request></merge>"
    );
    let merged = at.org.soap("59.0", &merge).await.expect("an answer");
    assert_eq!(merged.status.as_u16(), 200);
    assert_eq!(at.accounts().await, ["A", "B"]);
    advance(&at, "3s").await;
    assert_eq!(at.accounts().await, ["A"]);
    at.stop().await;
}

#[tokio::test]
async fn a_field_is_hidden_and_shown_again() {
    let at = Rehearsal::start().await;
    let client = at.subscribed().await;
    let account = create_account(&at.org, "A").await;
    at.events(&client).await;
    let industries = format!("{DATA}/query?q=SELECT+Industry+FROM+Account");
    let user = "admin@landfall.test";
    let hide = json!({ "fault": "hide", "object": "account", "field": "industry", "user": user });
    let id = at.arm(hide).await;
    let (status, refused) = at.rest_of(&industries).await;
    assert_eq!(status, 400);
    assert_eq!(refused[0]["errorCode"], "INVALID_FIELD");
    at.assert_spent(&id).await;
    let values = json!({ "Industry": "Energy" });
    assert_eq!(at.changed(&account, values).await, 400);
    let values = json!({ "Phone": "555" });
    assert_eq!(at.changed(&account, values.clone()).await, 204);
    let payload = &at.events(&client).await[0]["data"]["payload"];
    assert_eq!(payload["Phone"], "555");
    assert_eq!(payload.get("Industry"), None);
    // Rights that are read again are still without it.
    done(&at.http, "DELETE", "faults", Value::Null).await;
    let set = json!({ "Name": "Set", "Label": "Set" });
    let path = format!("{DATA}/sobjects/PermissionSet");
    let made = at.org.call(Method::POST, &path, Some(&set)).await;
    assert_eq!(made.expect("an answer").status, 201);
    assert_eq!(at.rest_of(&industries).await.0, 400);
    let id = at.arm(json!({ "fault": "show" })).await;
    assert_eq!(at.rest_of(&industries).await.0, 200);
    at.assert_spent(&id).await;
    at.stop().await;
}

#[tokio::test]
async fn an_object_is_hidden_until_the_reset() {
    let at = Rehearsal::start().await;
    create_account(&at.org, "A").await;
    at.arm(json!({ "fault": "hide", "object": "Account", "after": 1 }))
        .await;
    assert_eq!(at.accounts().await, ["A"]);
    let path = format!("{DATA}/query?q=SELECT+Name+FROM+Account");
    let (status, refused) = at.rest_of(&path).await;
    assert_eq!(status, 400);
    assert_eq!(refused[0]["errorCode"], "INVALID_TYPE");
    // Another part that is shown changes nothing.
    at.arm(json!({ "fault": "show", "object": "Contact" }))
        .await;
    assert_eq!(at.rest_of(&path).await.0, 400);
    done(&at.http, "POST", "reset", json!({})).await;
    assert_eq!(at.accounts().await, [""; 0]);
    at.stop().await;
}

#[tokio::test]
async fn what_cannot_be_hidden_is_refused() {
    let at = Rehearsal::start().await;
    for (fault, reason) in [
        (json!({ "fault": "hide" }), "hide needs an \"object\""),
        (
            json!({ "fault": "show", "field": "Name" }),
            "show needs an \"object\"",
        ),
        (
            json!({ "fault": "hide", "object": "Acount" }),
            "there is no object Acount; did you mean \"Account\"?",
        ),
        (
            json!({ "fault": "hide", "object": "Account", "field": "Nmae" }),
            "Account has no field Nmae; did you mean \"Name\"?",
        ),
        (
            json!({ "fault": "hide", "object": "Account", "field": "Name" }),
            "Account.Name is visible to everybody who sees the object, or goes with its compound field",
        ),
        (
            json!({ "fault": "gap", "object": "Account" }),
            "gap has no \"object\"",
        ),
    ] {
        let refused = call(&at.http, "POST", "faults", fault.to_string()).await;
        assert_eq!(refused.status, 400, "{fault}");
        assert_eq!(refused.json()["error"]["message"], reason);
    }
    at.stop().await;
}
