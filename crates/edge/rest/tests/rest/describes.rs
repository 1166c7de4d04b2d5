//! Describes of custom objects and fields, and how they follow the definitions.

use std::time::Duration;

use serde_json::{Value, json};

use crate::org::{DATA, Org, named, names};
use crate::project;

async fn org() -> Org {
    Org::with(project::whole()).await
}

async fn describe(org: &Org, object: &str) -> Value {
    let answer = org.get(&format!("/sobjects/{object}/describe")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

#[tokio::test]
async fn custom_objects_are_listed_with_their_change_events() {
    let org = org().await;
    let list = org.get("/sobjects/").await.json();
    let trip = named(&list["sobjects"], "Trip__c");
    assert_eq!(
        (&trip["custom"], &trip["label"], &trip["labelPlural"]),
        (&json!(true), &json!("Trip"), &json!("Trips"))
    );
    assert!(trip["keyPrefix"].as_str().expect("a text").starts_with('a'));
    let changes = named(&list["sobjects"], "Trip__ChangeEvent");
    assert_eq!(
        (
            &changes["associateParentEntity"],
            &changes["keyPrefix"],
            &changes["custom"]
        ),
        (&json!("Trip__c"), &Value::Null, &json!(true))
    );
    assert_eq!(named(&list["sobjects"], "Account")["custom"], false);
    let names = names(&list["sobjects"]);
    assert!(names.is_sorted());
}

#[tokio::test]
async fn custom_fields_are_described_by_their_type() {
    let org = org().await;
    let trip = describe(&org, "trip__c").await;
    for (field, facts) in [
        (
            "Code__c",
            json!({"type": "string", "externalId": true, "unique": true, "idLookup": true, "length": 20}),
        ),
        (
            "Batch__c",
            json!({"type": "double", "precision": 6, "scale": 0, "externalId": true, "unique": false}),
        ),
        ("Starts__c", json!({"type": "time", "soapType": "xsd:time"})),
        (
            "Place__c",
            json!({"type": "location", "createable": false, "queryByDistance": true}),
        ),
        (
            "Place__Latitude__s",
            json!({"type": "double", "compoundFieldName": "Place__c", "scale": 5}),
        ),
        (
            "Likes__c",
            json!({"type": "multipicklist", "length": 4099, "restrictedPicklist": false}),
        ),
        (
            "Card__c",
            json!({"type": "encryptedstring", "encrypted": true, "length": 16}),
        ),
        (
            "Twice__c",
            json!({"type": "double", "calculated": true, "createable": false, "updateable": false}),
        ),
        (
            "Booked__c",
            json!({"type": "boolean", "defaultValue": true, "nillable": false, "permissionable": true}),
        ),
    ] {
        let described = named(&trip["fields"], field);
        assert_eq!(described["custom"], true, "{field}");
        for (name, value) in facts.as_object().expect("an object") {
            assert_eq!(described[name], *value, "{field}.{name}");
        }
    }
    assert_eq!(named(&trip["fields"], "Name")["custom"], false);
    let likes = &named(&trip["fields"], "Likes__c")["picklistValues"];
    assert_eq!(likes[1]["value"], "Snow");
}

#[tokio::test]
async fn relationships_are_described_at_both_ends() {
    let org = org().await;
    let stop = describe(&org, "Stop__c").await;
    let trip = named(&stop["fields"], "Trip__c");
    assert_eq!(
        (
            &trip["relationshipName"],
            &trip["referenceTo"],
            &trip["cascadeDelete"]
        ),
        (&json!("Trip__r"), &json!(["Trip__c"]), &json!(true))
    );
    assert_eq!(trip["relationshipOrder"], 0);
    let before = named(&stop["fields"], "Before__c");
    assert_eq!(before["relationshipOrder"], Value::Null);
    let children = describe(&org, "Trip__c").await["childRelationships"].clone();
    let child = |object: &str| {
        let children = children.as_array().expect("a list").iter();
        let mut found = children.filter(|child| child["childSObject"] == object);
        found.next().expect(object).clone()
    };
    let stops = child("Stop__c");
    assert_eq!(
        (
            &stops["relationshipName"],
            &stops["field"],
            &stops["cascadeDelete"]
        ),
        (&json!("Stops__r"), &json!("Trip__c"), &json!(true))
    );
    assert_eq!(child("Account")["relationshipName"], "Accounts__r");
    assert_eq!(child("Stop__ChangeEvent")["relationshipName"], Value::Null);
    let account = describe(&org, "Account").await;
    let last = named(&account["fields"], "Last_Trip__c");
    assert_eq!(
        (&last["custom"], &last["relationshipName"]),
        (&json!(true), &json!("Last_Trip__r"))
    );
    let users = describe(&org, "User").await;
    let children = users["childRelationships"].as_array().expect("a list");
    assert!(
        children
            .iter()
            .any(|child| child["childSObject"] == "Low_Ink__e")
    );
}

#[tokio::test]
async fn change_events_of_custom_objects_are_described_and_have_a_schema() {
    let org = org().await;
    let event = describe(&org, "trip__changeEvent").await;
    let names = names(&event["fields"]);
    assert_eq!(names[..3], ["ReplayId", "ChangeEventHeader", "Id"]);
    assert!(names.contains(&"Place__Longitude__s") && names.contains(&"Code__c"));
    assert!(!names.contains(&"Twice__c"));
    let schema = org
        .get("/sobjects/Trip__ChangeEvent/eventSchema?payloadFormat=COMPACT")
        .await;
    let schema = schema.json();
    assert_eq!(schema["name"], "Trip__ChangeEvent");
    let uuid = schema["uuid"].as_str().expect("an id");
    let by_id = org
        .get(&format!("/event/eventSchema/{uuid}?payloadFormat=COMPACT"))
        .await;
    assert_eq!(by_id.json(), schema);
    let refused = org.post("/sobjects/Trip__ChangeEvent", &json!({})).await;
    assert_eq!(refused.refusal().0, 400);
    let mine = &describe(&org, "Stop__c").await["supportedScopes"];
    assert_eq!(
        mine.as_array().expect("a list").len(),
        1,
        "details have no owner"
    );
}

#[tokio::test]
async fn a_describe_is_not_modified_until_the_next_deployment() {
    let org = org().await;
    org.clock.advance(Duration::from_mins(1));
    for path in [
        "/sobjects",
        "/sobjects/Trip__c/describe",
        "/sobjects/Low_Ink__e/describe",
    ] {
        org.deploy(project::whole()).await;
        let first = org.get(path).await;
        let since = first.header("last-modified").to_owned();
        let conditional = [("if-modified-since", since.as_str())];
        let same = org.send("GET", path, &conditional, "").await;
        assert_eq!((same.status, same.body.as_str()), (304, ""), "{path}");
        let tag = [("if-none-match", first.header("etag"))];
        assert_eq!(org.send("GET", path, &tag, "").await.status, 304);

        org.clock.advance(Duration::from_mins(1));
        let more = project::text_field("More__c");
        org.deploy(vec![project::trip(&more), project::low_ink(&more)])
            .await;
        let changed = org.send("GET", path, &conditional, "").await;
        assert_eq!(changed.status, 200, "{path}");
        assert_ne!(changed.header("last-modified"), since);
        if path != "/sobjects" {
            named(&changed.json()["fields"], "More__c");
        }
        let late = [("if-unmodified-since", since.as_str())];
        assert_eq!(org.send("GET", path, &late, "").await.status, 412);
        org.clock.advance(Duration::from_mins(1));
    }
    let urls = describe(&org, "Trip__c").await["urls"].clone();
    assert_eq!(urls["sobject"], format!("{DATA}/sobjects/Trip__c"));
}

#[tokio::test]
async fn lists_of_junction_ids_are_no_described_fields() {
    let org = org().await;
    let event = describe(&org, "Event").await;
    let fields = names(&event["fields"]);
    assert!(fields.contains(&"WhoId"));
    assert!(!fields.contains(&"AcceptedEventInviteeIds"), "{fields:?}");
    assert!(!event.to_string().contains("\"junctionidlist\""));
}
