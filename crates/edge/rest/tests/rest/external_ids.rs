//! Records by external ids of custom objects.

use serde_json::json;

use crate::org::{DATA, Org};
use crate::project;

async fn org() -> Org {
    Org::with(project::whole()).await
}

#[tokio::test]
async fn an_upsert_reports_created_since_version_46() {
    let org = org().await;
    let trip = "/sobjects/Trip__c/Code__c/A1";
    let body = json!({"Name": "Alps"});
    let first = org.patch(trip, &body).await;
    let id = first.json()["id"].clone();
    assert_eq!(
        (first.status, &first.json()["created"]),
        (201, &json!(true))
    );
    let location = format!("{DATA}/sobjects/Trip__c/{}", id.as_str().expect("an id"));
    assert_eq!(first.header("location"), location);
    let second = org.patch("/sobjects/trip__C/code__C/a1", &body).await;
    assert_eq!(
        (second.status, second.json()),
        (
            200,
            json!({"id": id, "success": true, "errors": [], "created": false})
        )
    );
    let old = "/services/data/v45.0/sobjects/Trip__c/Code__c/B1";
    let third = org.patch(old, &body).await;
    assert_eq!((third.status, third.json().get("created")), (201, None));
    let fourth = org.patch(old, &body).await;
    assert_eq!((fourth.status, fourth.body.as_str()), (204, ""));
}

#[tokio::test]
async fn several_records_of_one_external_id_are_choices() {
    let org = org().await;
    let mut urls = Vec::new();
    for name in ["Alps", "Andes"] {
        let id = org
            .create("Trip__c", &json!({"Name": name, "Batch__c": 7}))
            .await;
        urls.push(format!("{DATA}/sobjects/Trip__c/{id}"));
    }
    let batch = "/sobjects/Trip__c/Batch__c/7.0";
    for method in ["GET", "PATCH", "DELETE"] {
        let answer = org.send(method, batch, &[], "{}").await;
        assert_eq!(
            (answer.status, answer.json()),
            (300, json!(urls)),
            "{method}"
        );
    }
    let many = json!({"Name": "Bern", "Trip__r": {"Batch__c": 7}});
    let many = org.post("/sobjects/Stop__c", &many).await;
    assert_eq!(many.refusal().1, "DUPLICATE_EXTERNAL_ID");
    let none = org.get("/sobjects/Trip__c/Batch__c/8").await;
    assert_eq!(none.refusal().0, 404);
    let none = org
        .patch("/sobjects/Trip__c/Batch__c/8?updateOnly=true", &json!({}))
        .await;
    assert_eq!(none.refusal().0, 404);
    let price = org.get("/sobjects/Trip__c/Price__c/7").await;
    assert_eq!(
        price.refusal().2,
        "Provided external ID field does not exist or is not accessible: Price__c"
    );
}

#[tokio::test]
async fn the_external_id_of_the_path_is_not_in_the_body() {
    let org = org().await;
    let answer = org
        .patch("/sobjects/Trip__c/Code__c/A1", &json!({"Code__c": "A1"}))
        .await;
    let message = "The Code__c field should not be specified in the sobject data.".to_owned();
    assert_eq!(answer.refusal(), (400, "INVALID_FIELD".to_owned(), message));
}

#[tokio::test]
async fn a_lookup_names_its_record_by_external_id() {
    let org = org().await;
    let trip = org
        .create("Trip__c", &json!({"Code__c": "A1", "Name": "Alps"}))
        .await;
    let by_code = json!({"Name": "Bern", "Trip__r": {"Code__c": "a1"}});
    let stop = org.create("Stop__c", &by_code).await;
    assert_eq!(org.record("Stop__c", &stop).await["Trip__c"], json!(trip));

    let account = org
        .create(
            "Account",
            &json!({"Name": "Acme", "last_trip__R": {"Code__c": "A1"}}),
        )
        .await;
    let path = format!("/sobjects/Account/{account}");
    let read = org
        .get(&format!("{path}?fields=Name,last_trip__r.Name"))
        .await;
    assert_eq!(read.json()["Last_Trip__r"]["Name"], json!("Alps"));
    let cleared = org.patch(&path, &json!({"Last_Trip__r": null})).await;
    assert_eq!(cleared.status, 204, "{cleared:?}");
    assert_eq!(
        org.record("Account", &account).await["Last_Trip__c"],
        json!(null)
    );

    let nobody = json!({"Name": "Bern", "Trip__r": {"Code__c": "A2"}});
    let refused = org.post("/sobjects/Stop__c", &nobody).await;
    assert_eq!(
        refused.json(),
        json!([{
            "message": "Foreign key external ID: A2 not found for field Code__c in entity Trip__c",
            "errorCode": "INVALID_FIELD",
            "fields": []
        }])
    );
    let by_price = json!({"Name": "Bern", "Trip__r": {"Price__c": 7}});
    let refused = org.post("/sobjects/Stop__c", &by_price).await;
    assert_eq!(
        refused.refusal().2,
        "No such column 'Price__c' on sobject of type Trip__c"
    );
}

#[tokio::test]
async fn relationships_of_custom_objects_are_followed_both_ways() {
    let org = org().await;
    let trip = org.create("Trip__c", &json!({"Name": "Alps"})).await;
    let stop = org
        .create("Stop__c", &json!({"Name": "Bern", "Trip__c": trip}))
        .await;
    let parent = org
        .get(&format!("/sobjects/Stop__c/{stop}/Trip__r"))
        .await
        .json();
    assert_eq!(
        (&parent["Id"], &parent["Name"]),
        (&json!(trip), &json!("Alps"))
    );
    let children = org
        .get(&format!("/sobjects/Trip__c/{trip}/stops__r?fields=Name"))
        .await;
    let children = children.json();
    assert_eq!(children["totalSize"], 1);
    assert_eq!(children["records"][0]["Name"], "Bern");
    assert_eq!(children["records"][0]["attributes"]["type"], "Stop__c");
    let none = org
        .get(&format!("/sobjects/Stop__c/{stop}/Before__r"))
        .await;
    assert_eq!(none.refusal().0, 404);
}
