//! Records of custom objects, and custom fields.

use serde_json::{Value, json};

use crate::org::{DATA, Org};
use crate::project;

async fn org() -> Org {
    Org::with(project::whole()).await
}

#[tokio::test]
async fn values_of_every_type_come_back_as_their_type_writes_them() {
    let org = org().await;
    let id = org
        .create(
            "trip__c",
            &json!({
                "Name": "Alps", "Starts__c": "14:05", "Place__Latitude__s": 37.7, "Place__Longitude__s": "-122.4",
                "Likes__c": "Sun;Snow", "Card__c": "4111", "Batch__c": 7, "Price__c": 12,
            }),
        )
        .await;
    assert!(id.starts_with("a0"));
    let trip = org.record("Trip__c", &id).await;
    assert_eq!(
        trip["attributes"],
        json!({"type": "Trip__c", "url": format!("{DATA}/sobjects/Trip__c/{id}")})
    );
    for (field, value) in [
        ("Starts__c", json!("14:05:00.000Z")),
        ("Place__c", json!({"latitude": 37.7, "longitude": -122.4})),
        ("Place__Latitude__s", json!(37.7)),
        ("Likes__c", json!("Sun;Snow")),
        ("Card__c", json!("4111")),
        ("Batch__c", json!(7.0)),
        ("Price__c", json!(12.0)),
        ("Twice__c", json!(14.0)),
        ("Booked__c", json!(true)),
        ("Code__c", Value::Null),
    ] {
        assert_eq!(trip[field], value, "{field}");
    }
    let text = org
        .get(&format!("/sobjects/Trip__c/{id}?fields=Price__c"))
        .await
        .body;
    assert!(text.contains("\"Price__c\":12.0"), "{text}");
    // What is read can be sent back, except for read-only fields.
    let back = json!({"Starts__c": trip["Starts__c"], "Likes__c": trip["Likes__c"], "Place__Latitude__s": null,
        "Place__Longitude__s": null});
    let path = format!("/sobjects/Trip__c/{id}");
    assert_eq!(org.patch(&path, &back).await.status, 204);
    let again = org.record("Trip__c", &id).await;
    assert_eq!(
        (&again["Starts__c"], &again["Place__c"]),
        (&trip["Starts__c"], &Value::Null)
    );
}

#[tokio::test]
async fn what_is_made_of_other_fields_is_not_written() {
    let org = org().await;
    for (field, value) in [
        ("Twice__c", json!(14)),
        ("Place__c", json!({"latitude": 1, "longitude": 2})),
    ] {
        let answer = org.post("/sobjects/Trip__c", &json!({field: value})).await;
        assert_eq!(answer.refusal().1, "INVALID_FIELD_FOR_INSERT_UPDATE");
        assert_eq!(answer.json()[0]["fields"], json!([field]));
    }
    let answer = org
        .post("/sobjects/Trip__c", &json!({"Starts__c": "noon"}))
        .await;
    assert_eq!(answer.refusal().1, "JSON_PARSER_ERROR");
    let answer = org.post("/sobjects/Trip__c", &json!({"Days__c": 1})).await;
    assert_eq!(
        answer.refusal().2,
        "No such column 'Days__c' on sobject of type Trip__c"
    );
}

#[tokio::test]
async fn records_are_read_and_written_with_the_fields_of_the_present_definition() {
    let org = org().await;
    let id = org
        .create("Trip__c", &json!({"Name": "Alps", "Code__c": "A1"}))
        .await;
    let more = project::text_field("More__c");
    org.deploy(vec![project::trip(&more), project::low_ink("")])
        .await;
    let path = format!("/sobjects/Trip__c/{id}");
    assert_eq!(
        org.patch(&path, &json!({"More__c": "new"})).await.status,
        204
    );
    let trip = org.record("Trip__c", &id).await;
    assert_eq!(
        (&trip["More__c"], &trip["Code__c"]),
        (&json!("new"), &json!("A1"))
    );
    assert_eq!(org.get("/sobjects/Stop__c").await.refusal().0, 404);

    org.deploy(vec![project::low_ink("")]).await;
    assert_eq!(org.get(&path).await.refusal().0, 404);
    org.deploy(vec![project::trip("")]).await;
    let trip = org.record("Trip__c", &id).await;
    assert_eq!(
        (&trip["Code__c"], trip.get("More__c")),
        (&json!("A1"), None)
    );
}

#[tokio::test]
async fn new_records_are_the_recent_ones_of_their_object() {
    let org = org().await;
    let id = org.create("Trip__c", &json!({"Name": "Alps"})).await;
    let basic = org.get("/sobjects/Trip__c").await.json();
    let recent = json!([{
        "attributes": {"type": "Trip__c", "url": format!("{DATA}/sobjects/Trip__c/{id}")},
        "Id": id, "Name": "Alps",
    }]);
    assert_eq!(basic["recentItems"], recent);
}
