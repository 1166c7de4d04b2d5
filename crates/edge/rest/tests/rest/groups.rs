//! Queues and public groups of projects: their records, and what queues own.
//!
//! Source: "Queue", "Group" (Metadata API Developer Guide); "`Group`", "`QueueSobject`" (Object Reference).

use landfall_metadata::Component;
use serde_json::{Value, json};

use crate::org::Org;
use crate::project;

fn file(path: &str, root: &str, body: &str) -> Component {
    Component {
        path: path.to_owned(),
        content: format!(
            "<{root} xmlns=\"http://soap.sforce.com/2006/04/metadata\">{body}</{root}>"
        ),
    }
}

fn queue(label: &str, objects: &[&str]) -> Component {
    let served = objects
        .iter()
        .map(|object| format!("<queueSobject><sobjectType>{object}</sobjectType></queueSobject>"));
    let served: String = served.collect();
    let body = format!(
        "<doesSendEmailToMembers>true</doesSendEmailToMembers><email>help@example.com</email><name>{label}</name>{served}"
    );
    file("queues/Help_Desk.queue", "Queue", &body)
}

fn crew() -> Component {
    let body = "<doesIncludeBosses>true</doesIncludeBosses><name>The crew</name>";
    file("groups/Crew.group", "Group", body)
}

async fn rows(org: &Org, query: &str) -> Vec<Value> {
    let answer = org
        .get(&format!("/query?q={}", query.replace(' ', "+")))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut rows = answer.json()["records"].as_array().expect("rows").clone();
    for row in &mut rows {
        row.as_object_mut().expect("a row").remove("attributes");
    }
    rows
}

async fn served(org: &Org) -> Vec<String> {
    let query = "SELECT SobjectType FROM QueueSobject ORDER BY SobjectType";
    let rows = rows(org, query).await;
    let names = rows
        .iter()
        .map(|row| row["SobjectType"].as_str().expect("a name"));
    names.map(str::to_owned).collect()
}

#[tokio::test]
async fn a_queue_of_a_project_owns_records_of_the_objects_that_it_serves() {
    let org = Org::with(vec![
        project::trip(""),
        queue("Help", &["Case", "Trip__c"]),
        crew(),
    ])
    .await;
    let found = rows(
        &org,
        "SELECT Id, Name, DeveloperName, Type, Email, DoesSendEmailToMembers, DoesIncludeBosses FROM Group \
         ORDER BY DeveloperName DESC",
    )
    .await;
    let id = found[0]["Id"].as_str().expect("an id").to_owned();
    assert!(id.starts_with("00G"), "{id}");
    assert_eq!(
        found[0],
        json!({
            "Id": id, "Name": "Help", "DeveloperName": "Help_Desk", "Type": "Queue", "Email": "help@example.com",
            "DoesSendEmailToMembers": true, "DoesIncludeBosses": false,
        })
    );
    assert_eq!(
        (&found[1]["DeveloperName"], &found[1]["Type"]),
        (&json!("Crew"), &json!("Regular"))
    );
    assert_eq!(found[1]["DoesIncludeBosses"], true);
    assert_eq!(served(&org).await, ["Case", "Trip__c"]);

    let case = org.create("Case", &json!({"Subject": "Leak"})).await;
    let path = format!("/sobjects/Case/{case}");
    assert_eq!(org.patch(&path, &json!({"OwnerId": id})).await.status, 204);
    let owned = rows(&org, "SELECT Owner.Name FROM Case").await;
    assert_eq!(owned[0]["Owner"]["Name"], "Help");
    let account = org.create("Account", &json!({"Name": "Acme"})).await;
    let path = format!("/sobjects/Account/{account}");
    assert_eq!(org.patch(&path, &json!({"OwnerId": id})).await.status, 400);
}

#[tokio::test]
async fn a_queue_serves_what_its_file_says_and_keeps_its_id() {
    let org = Org::with(vec![project::trip(""), queue("Help", &["Case", "Trip__c"])]).await;
    let ids = "SELECT Id FROM Group WHERE DeveloperName = 'Help_Desk'";
    let id = rows(&org, ids).await[0]["Id"].clone();
    org.deploy(vec![project::trip(""), queue("Help!", &["Lead", "Case"])])
        .await;
    assert_eq!(served(&org).await, ["Case", "Lead"]);
    let renamed = rows(&org, "SELECT Id, Name FROM Group").await;
    assert_eq!(renamed, [json!({"Id": id, "Name": "Help!"})]);

    org.deploy(vec![project::trip("")]).await;
    assert!(served(&org).await.is_empty());
    assert_eq!(rows(&org, ids).await[0]["Id"], id);
    org.deploy(vec![project::trip(""), queue("Help", &["Case"])])
        .await;
    assert_eq!(rows(&org, ids).await, [json!({"Id": id})]);
    assert_eq!(served(&org).await, ["Case"]);
}

#[tokio::test]
async fn a_group_that_is_a_record_becomes_that_of_the_file_with_its_name() {
    let org = Org::with(Vec::new()).await;
    let own = json!({"Name": "Mine", "DeveloperName": "Help_Desk", "Type": "Queue"});
    let id = org.create("Group", &own).await;
    org.deploy(vec![queue("Help", &["Case"])]).await;
    let found = rows(&org, "SELECT Id, Name FROM Group").await;
    assert_eq!(found, [json!({"Id": id, "Name": "Help"})]);
    assert_eq!(served(&org).await, ["Case"]);
}

#[tokio::test]
async fn a_queue_owns_no_records_of_other_objects() {
    let org = Org::with(vec![project::trip(""), queue("Help", &["Case"]), crew()]).await;
    let found = rows(&org, "SELECT Id FROM Group ORDER BY DeveloperName").await;
    let id = |at: usize| found[at]["Id"].as_str().expect("an id").to_owned();
    let (crew, help) = (id(0), id(1));
    let refused = json!([{
        "message": "Queue not associated with this SObject type", "errorCode": "INVALID_OPERATION", "fields": [],
    }]);
    let lead = json!({"LastName": "Doe", "Company": "Acme", "OwnerId": help});
    let answer = org.post("/sobjects/Lead", &lead).await;
    assert_eq!((answer.status, answer.json()), (400, refused.clone()));
    let trip = org.create("Trip__c", &json!({"Name": "North"})).await;
    let trip = format!("/sobjects/Trip__c/{trip}");
    let answer = org.patch(&trip, &json!({"OwnerId": help})).await;
    assert_eq!((answer.status, answer.json()), (400, refused.clone()));
    let case = json!({"Subject": "Leak", "OwnerId": crew});
    let answer = org.post("/sobjects/Case", &case).await;
    assert_eq!((answer.status, answer.json()), (400, refused.clone()));

    let serves = org
        .create(
            "QueueSobject",
            &json!({"QueueId": help, "SobjectType": "trip__c"}),
        )
        .await;
    assert_eq!(served(&org).await, ["Case", "Trip__c"]);
    let none = json!({"QueueId": help, "SobjectType": "Account"});
    let answer = org.post("/sobjects/QueueSobject", &none).await;
    assert_eq!(
        answer.refusal().1,
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    );
    assert_eq!(
        org.patch(&trip, &json!({"OwnerId": help})).await.status,
        204
    );
    let path = format!("/sobjects/QueueSobject/{serves}");
    let gone = org.send("DELETE", &path, &[], String::new()).await;
    assert_eq!(gone.status, 204);
    // It keeps its owner, also when the request repeats it.
    let same = json!({"Name": "South", "OwnerId": help});
    assert_eq!(org.patch(&trip, &same).await.status, 204);
}
