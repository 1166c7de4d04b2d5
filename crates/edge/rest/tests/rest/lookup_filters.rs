//! Lookup filters: which records a saved record may refer to.
//!
//! Source: "Notes on Lookup Filters" (Salesforce Help).

use landfall_metadata::Component;
use serde_json::{Value, json};

use crate::org::{Org, named};
use crate::project::field;

fn object(name: &str, fields: &str) -> Component {
    let namespace = "http://soap.sforce.com/2006/04/metadata";
    let heading = "<label>L</label><pluralLabel>Ls</pluralLabel><nameField><type>Text</type><label>Name</label></nameField>";
    Component {
        path: format!("objects/{name}.object"),
        content: format!("<CustomObject xmlns=\"{namespace}\">{heading}{fields}</CustomObject>"),
    }
}

async fn org() -> Org {
    let region = |name: &str| field(name, name, "Text", "<length>20</length>");
    let open = field(
        "Open__c",
        "Open",
        "Checkbox",
        "<defaultValue>false</defaultValue>",
    );
    let filter = "<referenceTo>Trip__c</referenceTo><relationshipName>Legs</relationshipName>\
        <lookupFilter><active>true</active><errorMessage>Choose an open trip of the region</errorMessage>\
        <filterItems><field>Trip__c.Open__c</field><operation>equals</operation><value>True</value></filterItems>\
        <filterItems><field>Trip__c.Region__c</field><operation>equals</operation>\
        <valueField>$Source.Region__c</valueField></filterItems><isOptional>false</isOptional></lookupFilter>";
    let trip = field("Trip__c", "Trip", "Lookup", filter);
    Org::with(vec![
        object("Trip__c", &(region("Region__c") + &open)),
        object("Leg__c", &(region("Region__c") + &trip)),
    ])
    .await
}

#[tokio::test]
async fn a_save_meets_the_filter_of_a_lookup() {
    let org = org().await;
    let trip =
        |region: &str, open: bool| json!({"Name": "T", "Region__c": region, "Open__c": open});
    let north = org.create("Trip__c", &trip("North", true)).await;
    let closed = org.create("Trip__c", &trip("North", false)).await;
    let leg = |trip: &str| json!({"Name": "L", "Region__c": "North", "Trip__c": trip});
    let refused = org.post("/sobjects/Leg__c", &leg(&closed)).await;
    assert_eq!(
        refused.json(),
        json!([{
            "message": "Choose an open trip of the region", "errorCode": "FIELD_FILTER_VALIDATION_EXCEPTION",
            "fields": ["Trip__c"]
        }])
    );
    let id = org.create("Leg__c", &leg(&north)).await;
    org.create("Leg__c", &json!({"Name": "without a trip"}))
        .await;
    let path = format!("/sobjects/Leg__c/{id}");
    let moved = org.patch(&path, &json!({"Region__c": "South"})).await;
    assert_eq!(
        moved.refusal().1,
        "FIELD_FILTER_VALIDATION_EXCEPTION",
        "a field that the filter reads"
    );
    // What the filter does not read is saved, also when the trip has changed meanwhile.
    let trip = format!("/sobjects/Trip__c/{north}");
    assert_eq!(
        org.patch(&trip, &json!({"Open__c": false})).await.status,
        204
    );
    assert_eq!(org.patch(&path, &json!({"Name": "M"})).await.status, 204);
    assert_eq!(
        org.patch(&path, &json!({"Trip__c": null})).await.status,
        204
    );
    let again = org.patch(&path, &json!({"Trip__c": north})).await;
    assert_eq!(again.refusal().1, "FIELD_FILTER_VALIDATION_EXCEPTION");
}

#[tokio::test]
async fn describes_show_the_filter_of_a_lookup() {
    let org = org().await;
    let described = org.get("/sobjects/Leg__c/describe").await.json();
    let fields = described.get("fields").expect("fields");
    let info = |name: &str| named(fields, name).get("filteredLookupInfo").cloned();
    let filter =
        json!({"controllingFields": ["Region__c"], "dependent": true, "optionalFilter": false});
    assert_eq!(info("Trip__c"), Some(filter));
    assert_eq!(info("Region__c"), Some(Value::Null));
}
