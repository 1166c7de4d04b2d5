//! Definitions of a project, from its files to what clients see.

use std::fs;
use std::path::Path;

use http::Method;
use landfall_client::pubsub::PubSub;
use landfall_client::streaming::{Replay, Streaming, Update};
use landfall_client::{Org, Trust};
use landfall_server::config::Data;
use landfall_server::{Running, Server};
use serde_json::{Value, json};

use crate::common::{WITHIN, dev, login};

const NAMESPACE: &str = "http://soap.sforce.com/2006/04/metadata";

/// Writes an object's own file, or that of a field.
pub(crate) fn write(project: &Path, path: &str, root: &str, content: &str) {
    let path = project.join("objects").join(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    let text = format!("<{root} xmlns=\"{NAMESPACE}\">{content}</{root}>");
    fs::write(path, text).expect("written");
}

pub(crate) fn object(project: &Path, name: &str, sharing: &str) {
    write(
        project,
        &format!("{name}/{name}.object-meta.xml"),
        "CustomObject",
        &format!(
            "<label>{name}</label><pluralLabel>{name}</pluralLabel><deploymentStatus>Deployed</deploymentStatus>\
             <nameField><label>Name</label><type>Text</type></nameField><sharingModel>{sharing}</sharingModel>"
        ),
    );
}

pub(crate) fn field(project: &Path, object: &str, name: &str, definition: &str) {
    write(
        project,
        &format!("{object}/fields/{name}.field-meta.xml"),
        "CustomField",
        &format!("<fullName>{name}</fullName><label>{name}</label>{definition}"),
    );
}

pub(crate) async fn start(data: &Path, project: &Path) -> Running {
    let mut config = dev(Data::Folder(data.to_owned()));
    config.project = Some(project.to_owned());
    Server::start(config).await.expect("starts")
}

pub(crate) async fn call(
    org: &Org,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> (u16, Value) {
    let path = if path.starts_with("/services") {
        path.to_owned()
    } else {
        format!("/services/data/v59.0{path}")
    };
    let answer = org.call(method, &path, body).await.expect("an answer");
    let body = if answer.status == 204 {
        Value::Null
    } else {
        answer.json()
    };
    (answer.status.as_u16(), body)
}

pub(crate) async fn create(org: &Org, object: &str, values: &Value) -> String {
    let (status, answer) = call(
        org,
        Method::POST,
        &format!("/sobjects/{object}"),
        Some(values),
    )
    .await;
    assert_eq!(status, 201, "{answer}");
    let id = answer.get("id").and_then(Value::as_str);
    id.expect("an id").to_owned()
}

/// The records that a query finds.
pub(crate) async fn found(org: &Org, query: &str) -> Vec<Value> {
    let path = format!("/query?q={}", query.replace(' ', "+"));
    let (status, answer) = call(org, Method::GET, &path, None).await;
    assert_eq!(status, 200, "{answer}");
    let records = answer.get("records").and_then(Value::as_array);
    records.expect("records").clone()
}

/// Orders and their lines, with a sum.
fn orders(project: &Path) {
    object(project, "Bill__c", "ReadWrite");
    object(project, "Line__c", "ControlledByParent");
    field(
        project,
        "Line__c",
        "Bill__c",
        "<type>MasterDetail</type><referenceTo>Bill__c</referenceTo><relationshipName>Lines</relationshipName>",
    );
    field(
        project,
        "Line__c",
        "Price__c",
        "<type>Currency</type><precision>18</precision><scale>2</scale>",
    );
    field(
        project,
        "Bill__c",
        "Total__c",
        "<type>Summary</type><summaryForeignKey>Line__c.Bill__c</summaryForeignKey>\
         <summaryOperation>sum</summaryOperation><summarizedField>Line__c.Price__c</summarizedField>",
    );
}

#[tokio::test]
async fn a_roll_up_changes_with_its_detail_and_makes_an_event() {
    let folder = tempfile::tempdir().expect("a folder");
    let project = folder.path().join("project");
    orders(&project);
    let running = start(&folder.path().join("org"), &project).await;
    let org = login(&running).await;
    let bill = create(&org, "Bill__c", &json!({"Name": "B-1"})).await;
    for (name, price) in [("Pen", 1.1), ("Ink", 2.2)] {
        let line = json!({"Name": name, "Bill__c": bill, "Price__c": price});
        create(&org, "Line__c", &line).await;
    }
    let path = format!("/sobjects/Bill__c/{bill}");
    let (_, record) = call(&org, Method::GET, &path, None).await;
    assert_eq!(record["Total__c"], json!(3.3));
    let written = call(&org, Method::PATCH, &path, Some(&json!({"Total__c": 9}))).await;
    assert_eq!(written.1[0]["errorCode"], "INVALID_FIELD_FOR_INSERT_UPDATE");
    let events = events(&org, "/data/ChangeEvents", 5).await;
    let told: Vec<(&Value, &Value, &Value)> = events
        .iter()
        .map(|event| {
            let header = &event["ChangeEventHeader"];
            (
                &header["entityName"],
                &header["changeType"],
                &event["Total__c"],
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (&json!("Bill__c"), &json!("CREATE"), &json!(0.0)),
            (&json!("Line__c"), &json!("CREATE"), &Value::Null),
            (&json!("Bill__c"), &json!("UPDATE"), &json!(1.1)),
            (&json!("Line__c"), &json!("CREATE"), &Value::Null),
            (&json!("Bill__c"), &json!("UPDATE"), &json!(3.3)),
        ]
    );
    let (line, update) = (
        &events[3]["ChangeEventHeader"],
        &events[4]["ChangeEventHeader"],
    );
    assert_eq!(update["transactionKey"], line["transactionKey"]);
    assert_eq!(update["changeOrigin"], line["changeOrigin"]);
    assert_eq!(
        update["changedFields"],
        json!(["LastModifiedDate", "Total__c"])
    );
    running.stop().await.expect("stops");
}

/// Bills with a formula over their lines' total, and a formula over the bill in each line.
fn formulas(project: &Path) {
    orders(project);
    let formula = |formula: &str| {
        format!(
            "<type>Currency</type><precision>18</precision><scale>2</scale><formula>{formula}</formula>"
        )
    };
    field(project, "Bill__c", "Gross__c", &formula("Total__c * 1.2"));
    let shared = formula("Bill__r.Discount__c * Price__c");
    field(project, "Line__c", "Reduced__c", &shared);
    let discount = "<type>Number</type><precision>3</precision><scale>2</scale>";
    field(project, "Bill__c", "Discount__c", discount);
}

fn named<'a>(fields: &'a Value, name: &str) -> Option<&'a Value> {
    let mut fields = fields.as_array().expect("a list").iter();
    fields.find(|field| field.get("name") == Some(&json!(name)))
}

#[tokio::test]
async fn a_formula_is_computed_and_never_captured() {
    let folder = tempfile::tempdir().expect("a folder");
    let project = folder.path().join("project");
    formulas(&project);
    let running = start(&folder.path().join("org"), &project).await;
    let org = login(&running).await;
    let describe = |object: &'static str| {
        let org = org.clone();
        async move {
            let path = format!("/sobjects/{object}/describe");
            call(&org, Method::GET, &path, None).await.1
        }
    };
    let line = describe("Line__c").await;
    let formula = named(&line["fields"], "Reduced__c").expect("described");
    for (trait_, value) in [
        ("calculated", json!(true)),
        ("createable", json!(false)),
        ("updateable", json!(false)),
        ("type", json!("currency")),
    ] {
        assert_eq!(formula[trait_], value, "{trait_}");
    }
    // Not in the event, in any of its descriptions.
    let event = describe("Line__ChangeEvent").await;
    assert!(named(&event["fields"], "Price__c").is_some());
    assert!(named(&event["fields"], "Reduced__c").is_none());
    let mut api = PubSub::connect(&org, &Trust::nobody())
        .await
        .expect("connected");
    let topic = api.topic("/data/Line__ChangeEvent").await.expect("a topic");
    let id = topic.schema_id.expect("a schema id");
    let avro = api.schema_json(&id).await.expect("a schema");
    let (_, rest) = call(&org, Method::GET, &format!("/event/eventSchema/{id}"), None).await;
    for schema in [avro, rest.to_string()] {
        assert!(
            schema.contains("Price__c") && !schema.contains("Reduced__c"),
            "{schema}"
        );
    }
    // Not written, computed when read, and no event of its own when only what it is computed from changes.
    let bill = json!({"Name": "B-1", "Discount__c": 0.1});
    let bill = create(&org, "Bill__c", &bill).await;
    let values = json!({"Name": "Pen", "Bill__c": bill, "Price__c": 2});
    let line = create(&org, "Line__c", &values).await;
    let line = format!("/sobjects/Line__c/{line}");
    let written = call(&org, Method::PATCH, &line, Some(&json!({"Reduced__c": 9}))).await;
    assert_eq!(written.1[0]["errorCode"], "INVALID_FIELD_FOR_INSERT_UPDATE");
    assert_eq!(
        call(&org, Method::GET, &line, None).await.1["Reduced__c"],
        json!(0.2)
    );
    let bill = format!("/sobjects/Bill__c/{bill}");
    call(
        &org,
        Method::PATCH,
        &bill,
        Some(&json!({"Discount__c": 0.2})),
    )
    .await;
    let told = events(&org, "/data/ChangeEvents", 4).await;
    let entities: Vec<&Value> = told
        .iter()
        .map(|event| &event["ChangeEventHeader"]["entityName"])
        .collect();
    assert_eq!(entities, ["Bill__c", "Line__c", "Bill__c", "Bill__c"]);
    let fields = &told[3]["ChangeEventHeader"]["changedFields"];
    assert_eq!(*fields, json!(["LastModifiedDate", "Discount__c"]));
    for event in &told {
        assert!(event.get("Gross__c").is_none() && event.get("Reduced__c").is_none());
    }
    running.stop().await.expect("stops");
}

/// The first events of a topic.
pub(crate) async fn events(org: &Org, topic: &str, count: usize) -> Vec<Value> {
    let mut streaming = Streaming::new(org.clone(), "59.0");
    streaming
        .subscribe(topic, Replay::Earliest)
        .expect("one subscription");
    let mut events = Vec::new();
    while events.len() < count {
        let update = tokio::time::timeout(WITHIN, streaming.next()).await;
        match update.expect("an update") {
            Update::Event(event) => {
                events.push(serde_json::from_str(&event.payload).expect("JSON"));
            }
            Update::SubscribeRefused(_, refusal) => panic!("refused: {refusal:?}"),
            Update::Closed(refusal) => panic!("closed: {refusal:?}"),
            _ => (),
        }
    }
    events
}
