//! Custom fields that get another type.

use landfall_engine::Error;
use landfall_metadata::Component;
use landfall_model::{ChangeType, Fault, RecordId, Value, ValueFault};

use crate::deploying::{field, ship};
use crate::org::{Org, text};

const TEXT: &str = "<type>Text</type><length>20</length>";
const NUMBER: &str = "<type>Number</type><precision>4</precision><scale>1</scale>";
const CHECKBOX: &str = "<type>Checkbox</type><defaultValue>false</defaultValue>";

fn with(definition: &str) -> Vec<Component> {
    vec![ship(), field("Ship__c", "Mark__c", definition)]
}

async fn deploy(org: &Org, definition: &str) {
    org.engine.deploy(with(definition)).await.expect("deployed");
}

async fn ships<const N: usize>(org: &Org, marks: [Value; N]) -> [RecordId; N] {
    let mut ids = Vec::new();
    for mark in marks {
        let given = [text("Name", "Ark"), ("Mark__c", mark)];
        ids.push(org.created("Ship__c", &given).await);
    }
    ids.try_into().expect("as many as marks")
}

fn words(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// The change type and the record ids of each event since.
async fn events(org: &Org, tail: landfall_model::ReplayId) -> Vec<(ChangeType, Vec<String>)> {
    let read = org
        .engine
        .log()
        .read(tail, &landfall_engine::TopicFilter::All, 10);
    let definitions = org.engine.definitions();
    let schema = definitions
        .change_event_schema("Ship__c")
        .expect("captured");
    let mut events = Vec::new();
    for event in read.await.expect("read").events {
        assert_eq!(event.event().schema, schema.id(), "the new schema");
        let decoded = schema.decode(&event.event().payload).expect("a payload");
        let header = decoded.header.expect("a change event");
        assert!(header.changed_fields.is_empty());
        events.push((header.change_type, header.record_ids));
    }
    events
}

fn of_all(org: &Org) -> Vec<(ChangeType, Vec<String>)> {
    let prefix = org.entity("Ship__c").key_prefix;
    vec![(ChangeType::Update, vec![format!("{prefix}*")])]
}

/// Source: "Conversions That Generate a Change Event" (Change Data Capture Developer Guide), a checkbox.
#[tokio::test]
async fn a_checkbox_that_becomes_text_loses_its_values_and_one_event_says_so() {
    let org = Org::new().await;
    deploy(&org, CHECKBOX).await;
    let [ticked] = ships(&org, [Value::Boolean(true)]).await;
    let modified = org.value(ticked, "LastModifiedDate").await;
    org.advance(10);
    let tail = org.tail();
    deploy(&org, TEXT).await;
    assert_eq!(org.value(ticked, "Mark__c").await, Value::Null);
    assert_eq!(org.value(ticked, "LastModifiedDate").await, modified);
    assert_eq!(events(&org, tail).await, of_all(&org));
    let tail = org.tail();
    deploy(&org, TEXT).await;
    assert_eq!(org.tail(), tail);
    let org = org.restarted().await;
    org.change(org.update(ticked, &[text("Mark__c", "yes")]))
        .await;
    assert_eq!(org.value(ticked, "Mark__c").await, words("yes"));
}

#[tokio::test]
async fn texts_become_numbers_and_only_a_loss_is_told() {
    let org = Org::new().await;
    deploy(&org, TEXT).await;
    let [number, empty] = ships(&org, [words(" 12.34 "), Value::Null]).await;
    let tail = org.tail();
    deploy(&org, NUMBER).await;
    assert_eq!(org.value(number, "Mark__c").await, Value::Double(12.3));
    assert_eq!(org.value(empty, "Mark__c").await, Value::Null);
    assert_eq!(events(&org, tail).await, []);
    deploy(&org, TEXT).await;
    assert_eq!(org.value(number, "Mark__c").await, words("12.3"));
    org.change(org.update(empty, &[text("Mark__c", "none")]))
        .await;
    let tail = org.tail();
    deploy(&org, NUMBER).await;
    assert_eq!(org.value(empty, "Mark__c").await, Value::Null);
    assert_eq!(events(&org, tail).await, of_all(&org));
    // What is written from now on is of the new type.
    let wrong = org
        .refused(org.update(number, &[("Mark__c", Value::Double(1e9))]))
        .await;
    assert!(
        matches!(wrong, Fault::Value(ValueFault::NumberOutOfRange { .. })),
        "{wrong:?}"
    );
}

#[tokio::test]
async fn records_in_the_recycle_bin_are_converted_too() {
    let org = Org::new().await;
    deploy(&org, TEXT).await;
    let [deleted] = ships(&org, [words("none")]).await;
    org.change(org.delete(deleted)).await;
    let tail = org.tail();
    deploy(&org, NUMBER).await;
    assert_eq!(events(&org, tail).await, []);
    org.change(org.undelete(deleted)).await;
    assert_eq!(org.value(deleted, "Mark__c").await, Value::Null);
}

/// Source: "Considerations for Converting the Field Type of a Custom Field" (Salesforce Help).
#[tokio::test]
async fn what_is_never_converted_is_refused_with_its_file() {
    let org = Org::new().await;
    deploy(&org, TEXT).await;
    let [kept] = ships(&org, [words("kept")]).await;
    let lookup = "<type>Lookup</type><referenceTo>Account</referenceTo><relationshipName>Ships</relationshipName>";
    let refused = org.engine.deploy(with(lookup)).await;
    let Err(Error::Invalid { problems }) = refused else {
        panic!("deployed: {refused:?}");
    };
    let told = problems.first().expect("a problem").to_string();
    assert!(
        told.starts_with(
            "objects/Ship__c/fields/Mark__c.field-meta.xml:1: Cannot update a field to a"
        ),
        "{told}"
    );
    assert_eq!(org.value(kept, "Mark__c").await, words("kept"));
    // An object without records takes any type.
    let other = Org::new().await;
    deploy(&other, TEXT).await;
    deploy(&other, NUMBER).await;
    ships(&other, [Value::Double(2.5)]).await;
}
