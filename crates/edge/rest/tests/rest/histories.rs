//! Field history: rows of what changed, where an object and its fields are tracked.
//!
//! Source: "Custom Object`__History`", "`AccountHistory`" (Object Reference).

use landfall_metadata::Component;
use serde_json::{Value, json};

use crate::org::{Org, named, names};
use crate::project::field;

fn object(name: &str, body: &str) -> Component {
    let namespace = "http://soap.sforce.com/2006/04/metadata";
    Component {
        path: format!("objects/{name}.object"),
        content: format!("<CustomObject xmlns=\"{namespace}\">{body}</CustomObject>"),
    }
}

async fn org() -> Org {
    let tracked = "<trackHistory>true</trackHistory>";
    let heading = format!(
        "<label>Trip</label><pluralLabel>Trips</pluralLabel><enableHistory>true</enableHistory>\
         <nameField><type>Text</type><label>Name</label>{tracked}</nameField>"
    );
    let target = "<referenceTo>Account</referenceTo><relationshipName>Trips</relationshipName>";
    let fields = [
        field(
            "Seats__c",
            "Seats",
            "Number",
            &format!("<precision>4</precision><scale>0</scale>{tracked}"),
        ),
        field(
            "Open__c",
            "Open",
            "Checkbox",
            &format!("<defaultValue>false</defaultValue>{tracked}"),
        ),
        field(
            "Notes__c",
            "Notes",
            "LongTextArea",
            &format!("<length>1000</length><visibleLines>3</visibleLines>{tracked}"),
        ),
        field("Host__c", "Host", "Lookup", &format!("{target}{tracked}")),
        field("Silent__c", "Silent", "Text", "<length>20</length>"),
    ];
    let account = format!(
        "<enableHistory>true</enableHistory><fields><fullName>OwnerId</fullName>{tracked}</fields>\
         <fields><fullName>Industry</fullName>{tracked}</fields>\
         <fields><fullName>BillingAddress</fullName>{tracked}</fields>"
    );
    let silent = format!(
        "<label>Leg</label><pluralLabel>Legs</pluralLabel>\
         <nameField><type>Text</type><label>Name</label>{tracked}</nameField>"
    );
    Org::with(vec![
        object("Trip__c", &(heading + &fields.concat())),
        object("Account", &account),
        object("Leg__c", &silent),
    ])
    .await
}

/// The rows of a record, oldest first: field, type, old and new value.
async fn rows(org: &Org, query: &str) -> Vec<Value> {
    let path = format!("/query?q={}", query.replace(' ', "+"));
    let answer = org.get(&path).await.json();
    let records = answer["records"]
        .as_array()
        .unwrap_or_else(|| panic!("{answer}"));
    let row = |row: &Value| {
        json!([
            row["Field"],
            row["DataType"],
            row["OldValue"],
            row["NewValue"]
        ])
    };
    records.iter().map(row).collect()
}

#[tokio::test]
async fn what_changes_in_tracked_fields_is_kept_with_its_values() {
    let org = org().await;
    let [a, b] = [json!({"Name": "A"}), json!({"Name": "B"})];
    let (a, b) = (
        org.create("Account", &a).await,
        org.create("Account", &b).await,
    );
    let trip = json!({"Name": "One", "Seats__c": 3, "Host__c": a});
    let id = org.create("Trip__c", &trip).await;
    let path = format!("/sobjects/Trip__c/{id}");
    let change = json!({"Name": "Two", "Seats__c": 4, "Open__c": true, "Notes__c": "long", "Host__c": b, "Silent__c": "x"});
    assert_eq!(org.patch(&path, &change).await.status, 204);
    assert_eq!(org.patch(&path, &json!({"Seats__c": 4})).await.status, 204);
    assert_eq!(
        org.patch(&path, &json!({"Seats__c": null})).await.status,
        204
    );
    let query = format!(
        "SELECT Field, DataType, OldValue, NewValue FROM Trip__History WHERE ParentId = '{id}' ORDER BY Id"
    );
    let expected = [
        json!(["created", null, null, null]),
        json!(["Name", "Text", "One", "Two"]),
        json!(["Seats__c", "Double", "3", "4"]),
        json!(["Open__c", "Boolean", "false", "true"]),
        json!(["Notes__c", "StringPlusClob", null, null]),
        json!(["Host__c", "EntityId", a, b]),
        json!(["Host__c", "Text", "A", "B"]),
        json!(["Seats__c", "Double", "4", null]),
    ];
    assert_eq!(rows(&org, &query).await, expected);

    let query =
        "SELECT Id, (SELECT Field, CreatedBy.Name, Parent.Name FROM Histories) FROM Trip__c"
            .replace(' ', "+");
    let found = org.get(&format!("/query?q={query}")).await.json();
    let histories = &found["records"][0]["Histories"];
    assert_eq!(histories["totalSize"], 8, "{found}");
    assert_eq!(histories["records"][0]["Parent"]["Name"], "Two");
    // It is deleted with its record.
    let deleted = org
        .send("DELETE", &path, &[], axum::body::Body::empty())
        .await;
    assert_eq!(deleted.status, 204, "{deleted:?}");
    assert!(
        rows(&org, "SELECT Field FROM Trip__History")
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn shipped_objects_track_what_a_project_says() {
    let org = org().await;
    let id = org.create("Account", &json!({"Name": "A"})).await;
    let path = format!("/sobjects/Account/{id}");
    let change = json!({"Industry": "Energy", "BillingCity": "Oslo", "Phone": "1"});
    assert_eq!(org.patch(&path, &change).await.status, 204);
    let query = format!(
        "SELECT Field, DataType, OldValue, NewValue FROM AccountHistory WHERE AccountId = '{id}' ORDER BY Id"
    );
    let expected = [
        json!(["created", null, null, null]),
        json!(["Industry", "DynamicEnum", null, "Energy"]),
        json!(["BillingCity", "Text", null, "Oslo"]),
    ];
    assert_eq!(rows(&org, &query).await, expected);
    let contact = org.create("Contact", &json!({"LastName": "B"})).await;
    assert!(
        rows(&org, "SELECT Field FROM ContactHistory")
            .await
            .is_empty(),
        "{contact}"
    );
}

#[tokio::test]
async fn an_object_has_a_history_if_its_file_says_so() {
    let org = org().await;
    let listed = org.get("/sobjects").await.json();
    let listed = names(&listed["sobjects"]);
    assert!(listed.contains(&"Trip__History"));
    assert!(!listed.contains(&"Leg__History"));
    let described = org.get("/sobjects/Trip__History/describe").await.json();
    assert_eq!(described["createable"], false);
    let fields = names(&described["fields"]);
    let expected = [
        "Id",
        "IsDeleted",
        "ParentId",
        "CreatedById",
        "CreatedDate",
        "Field",
        "DataType",
        "OldValue",
        "NewValue",
    ];
    assert_eq!(fields, expected);
    let parent = named(&described["fields"], "ParentId");
    assert_eq!(parent["referenceTo"], json!(["Trip__c"]));
    let values = named(&described["fields"], "Field")["picklistValues"]
        .as_array()
        .map(Vec::len);
    assert_eq!(values, Some(6));
    let refused = org
        .post("/sobjects/Trip__History", &json!({"Field": "Name"}))
        .await;
    assert!(refused.status >= 400, "{refused:?}");
}
