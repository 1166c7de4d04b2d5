//! Formula fields in the notifications of `PushTopics`.
//!
//! Source: "Unsupported `PushTopic` Queries" (Streaming API Developer Guide).

use landfall_metadata::Component;
use landfall_model::{RecordId, Value as Field};
use serde_json::{Value, json};

use crate::org::{IntoField, Org};
use crate::push_topics::topic;

fn formula(name: &str, text: &str) -> Component {
    let content = format!(
        "<CustomField xmlns=\"http://soap.sforce.com/2006/04/metadata\"><fullName>{name}</fullName>\
         <label>{name}</label><type>Text</type><formula>{text}</formula></CustomField>"
    );
    Component {
        path: format!("objects/Contact/fields/{name}.field-meta.xml"),
        content,
    }
}

async fn watching(fields: &str) -> (Org, RecordId, String) {
    let org = Org::without_capture().await;
    let components = vec![
        formula("Shown__c", "UPPER(LastName) &amp; Account.Name"),
        formula("Mine__c", "IF($User.Id = CreatedById, Title, NULL)"),
    ];
    org.engine.deploy(components).await.expect("deployed");
    let query = "SELECT Id, Shown__c, Mine__c FROM Contact";
    let more = [("NotifyForFields", fields.into_field())];
    org.make(topic(&org, "Watched", query, &more)).await;
    let account = org.account("!").await;
    let client = org.subscribed("/topic/Watched", Value::Null).await;
    (org, account, client)
}

async fn shown(org: &Org, client: &str) -> Vec<Value> {
    let events = org.events(client).await;
    let records = events.iter().map(|event| event["data"]["sobject"].clone());
    records
        .map(|record| json!([record["Shown__c"], record["Mine__c"]]))
        .collect()
}

#[tokio::test]
async fn a_notification_has_the_values_that_formulas_had_when_the_record_changed() {
    let (org, account, client) = watching("Referenced").await;
    let values = [
        ("LastName", "Ada".into_field()),
        ("Title", "Dr".into_field()),
        ("AccountId", Field::Id(account)),
    ];
    let id = org.make(org.new_record("Contact", &values)).await;
    assert_eq!(shown(&org, &client).await, [json!(["ADA!", "Dr"])]);
    let set = async |field: &str, value: Field| {
        org.make(org.update("Contact", id, &[(field, value)])).await;
        shown(&org, &client).await
    };
    // What no formula reads changes no formula.
    assert!(set("Phone", "1".into_field()).await.is_empty());
    assert!(set("LastName", "ADA".into_field()).await.is_empty());
    assert_eq!(
        set("LastName", "Bo".into_field()).await,
        [json!(["BO!", "Dr"])]
    );
    assert_eq!(set("AccountId", Field::Null).await, [json!(["BO", "Dr"])]);
    // A parent's change is no change of the record.
    set("AccountId", Field::Id(account)).await;
    let name = [("Name", "?".into_field())];
    org.make(org.update("Account", account, &name)).await;
    assert!(shown(&org, &client).await.is_empty());
    assert_eq!(set("Title", Field::Null).await, [json!(["BO?", null])]);
}

#[tokio::test]
async fn with_all_fields_formulas_are_told_with_every_change() {
    let (org, _, client) = watching("All").await;
    let values = [("LastName", "Ada".into_field())];
    let id = org.make(org.new_record("Contact", &values)).await;
    org.make(org.update("Contact", id, &[("Phone", "1".into_field())]))
        .await;
    org.make(org.delete("Contact", id)).await;
    let expected = [
        json!(["ADA", null]),
        json!(["ADA", null]),
        json!([null, null]),
    ];
    assert_eq!(shown(&org, &client).await, expected);
}
