//! Many records in one request: bounds, external ids of custom objects, platform events.

use serde_json::{Value, json};

use crate::org::Org;
use crate::project;

fn accounts(count: usize) -> Vec<Value> {
    let account = |number| json!({"attributes": {"type": "Account"}, "Name": format!("A{number}")});
    (0..count).map(account).collect()
}

#[tokio::test]
async fn a_list_has_200_records_at_most() {
    let org = Org::with(Vec::new()).await;
    let body = json!({"allOrNone": true, "records": accounts(200)});
    let answer = org.post("/composite/sobjects", &body).await;
    let results = answer.json();
    let results = results.as_array().expect("a list");
    assert_eq!((answer.status, results.len()), (200, 200));
    assert!(results.iter().all(|result| result["success"] == true));
    let refused = (
        400,
        "EXCEEDED_ID_LIMIT".to_owned(),
        "record limit reached. cannot submit more than 200 records into this call".to_owned(),
    );
    let body = json!({"records": accounts(201)});
    let answer = org.post("/composite/sobjects", &body).await;
    assert_eq!(answer.refusal(), refused);
    let ids = vec!["001000000000001"; 201].join(",");
    let path = format!("/composite/sobjects?ids={ids}");
    assert_eq!(org.send("DELETE", &path, &[], "").await.refusal(), refused);
    let ids = vec!["001000000000001"; 2_001];
    let body = json!({"ids": ids, "fields": ["Id"]});
    let answer = org.post("/composite/sobjects/Account", &body).await;
    assert_eq!(answer.refusal().1, "EXCEEDED_ID_LIMIT");
}

#[tokio::test]
async fn a_list_changes_its_object_ten_times_at_most() {
    let org = Org::with(Vec::new()).await;
    let alternating = |count| {
        let record = |number: usize| match number % 2 {
            0 => json!({"attributes": {"type": "Account"}, "Name": "A"}),
            _ => json!({"attributes": {"type": "contact"}, "LastName": "C"}),
        };
        json!({"records": (0..count).map(record).collect::<Vec<_>>()})
    };
    let answer = org.post("/composite/sobjects", &alternating(10)).await;
    assert_eq!(answer.status, 200);
    let answer = org.post("/composite/sobjects", &alternating(11)).await;
    assert_eq!(
        answer.refusal(),
        (
            400,
            "LIMIT_EXCEEDED".to_owned(),
            "Cannot have more than 10 chunks in a single operation. Please rearrange the data to reduce chunking."
                .to_owned()
        )
    );
}

#[tokio::test]
async fn an_upsert_that_is_rolled_back_names_the_records_that_were_there() {
    let org = Org::with(project::whole()).await;
    let id = org
        .create("Trip__c", &json!({"Name": "Alps", "Code__c": "A1"}))
        .await;
    let trip = |code: &str, more: Value| {
        let mut record = json!({"attributes": {"type": "Trip__c"}, "Code__c": code});
        let members = record.as_object_mut().expect("an object");
        members.extend(more.as_object().expect("an object").clone());
        record
    };
    let body = json!({"allOrNone": true, "records": [
        trip("A1", json!({"Name": "Andes"})),
        trip("B1", json!({"Name": "Urals"})),
        trip("C1", json!({"CreatedDate": "2020-01-01T00:00:00Z"})),
    ]});
    let answer = org
        .patch("/composite/sobjects/Trip__c/Code__c", &body)
        .await;
    let results = answer.json();
    let codes = |place: usize| results[place]["errors"][0]["statusCode"].clone();
    assert_eq!(results[0]["id"], json!(id));
    assert_eq!(results[1].get("id"), None);
    assert_eq!(codes(0), "ALL_OR_NONE_OPERATION_ROLLED_BACK");
    assert_eq!(codes(1), "ALL_OR_NONE_OPERATION_ROLLED_BACK");
    assert_eq!(codes(2), "INVALID_FIELD_FOR_INSERT_UPDATE");
    assert_eq!(org.record("Trip__c", &id).await["Name"], "Alps");
}

#[tokio::test]
async fn a_reference_by_external_id_concerns_its_record_only() {
    let org = Org::with(project::whole()).await;
    org.create("Trip__c", &json!({"Name": "Alps", "Code__c": "A1"}))
        .await;
    let stop = |code: &str| json!({"attributes": {"type": "Stop__c"}, "Name": "Bern", "Trip__r": {"Code__c": code}});
    let body = json!({"records": [stop("A1"), stop("nowhere")]});
    let results = org.post("/composite/sobjects", &body).await.json();
    assert_eq!(results[0]["success"], true);
    assert_eq!(results[1]["errors"][0]["statusCode"], "INVALID_FIELD");
}
