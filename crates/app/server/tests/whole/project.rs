//! Definitions of a project, from its files to what clients see.

use std::fs;
use std::path::Path;

use http::Method;
use landfall_client::Org;
use landfall_client::streaming::{Replay, Streaming, Update};
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
async fn a_roll_up_is_read_with_its_record_and_told_with_the_detail() {
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
