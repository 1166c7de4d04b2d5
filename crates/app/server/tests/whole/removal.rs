//! Definitions that left the project: gone for clients, with what was made of them kept.

use std::fs;
use std::path::{Path, PathBuf};

use http::Method;
use landfall_client::pubsub::PubSub;
use landfall_client::streaming::{Replay, Streaming, Update};
use landfall_client::{Org, Trust};
use landfall_server::Running;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::{WITHIN, create_account, login};
use crate::project::{self, call, create, events, field};

const SHIPS: &str = "/data/Ship__ChangeEvent";
const INK: &str = "/event/Low_Ink__e";
const WATCH: &str = "/services/data/v62.0/tooling/query?q=SELECT+Id+FROM+ManagedEventSubscription+WHERE+DeveloperName='Ink_Watch'";

/// An org whose project has an object, a platform event and a managed subscription.
struct Harbour {
    folder: TempDir,
    running: Running,
    org: Org,
}

impl Harbour {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let project = folder.path().join("project");
        ships(&project);
        ink(&project);
        let running = project::start(&folder.path().join("org"), &project).await;
        let org = login(&running).await;
        Self {
            folder,
            running,
            org,
        }
    }

    fn project(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// The same org in another process, as it were.
    async fn restarted(self) -> Self {
        let Self {
            folder,
            running,
            org,
        } = self;
        drop(org);
        running.stop().await.expect("stops");
        let project = folder.path().join("project");
        let running = project::start(&folder.path().join("org"), &project).await;
        let org = login(&running).await;
        Self {
            folder,
            running,
            org,
        }
    }

    fn remove(&self, path: &str) {
        let path = self.project().join("objects").join(path);
        if path.is_dir() {
            fs::remove_dir_all(path).expect("removed");
        } else {
            fs::remove_file(path).expect("removed");
        }
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        call(&self.org, Method::GET, path, None).await
    }

    /// Waits until the org has read the project again, so that this holds for what is at the path.
    async fn until(&self, path: &str, holds: impl Fn(u16, &Value) -> bool) {
        let changed = async {
            loop {
                let (status, body) = self.get(path).await;
                if holds(status, &body) {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        let changed = tokio::time::timeout(WITHIN, changed).await;
        assert!(changed.is_ok(), "{path}: {:?}", self.get(path).await);
    }

    async fn schema_of(&self, topic: &str) -> String {
        let topic = self.pubsub().await.topic(topic).await;
        topic.expect("a topic").schema_id.expect("a schema id")
    }

    async fn pubsub(&self) -> PubSub {
        let api = PubSub::connect(&self.org, &Trust::nobody()).await;
        api.expect("connected")
    }

    /// Whether a schema can still be had over both APIs.
    async fn check_schema(&self, id: &str) {
        let (status, _) = self.get(&format!("/event/eventSchema/{id}")).await;
        assert_eq!(status, 200, "{id}");
        self.pubsub().await.schema(id).await.expect("a schema");
    }

    /// Whether nobody can subscribe to the topic any more, on either API.
    async fn check_no_topic(&self, topic: &str) {
        assert!(self.pubsub().await.topic(topic).await.is_err(), "{topic}");
        let mut streaming = Streaming::new(self.org.clone(), "59.0");
        streaming
            .subscribe(topic, Replay::Earliest)
            .expect("one subscription");
        loop {
            match next(&mut streaming).await {
                Update::SubscribeRefused(_, refusal) => {
                    let told = format!("{refusal:?}");
                    return assert!(told.contains("create_denied"), "{told}");
                }
                Update::Subscribed(_) => panic!("{topic} is there"),
                _ => (),
            }
        }
    }

    async fn stop(self) {
        drop(self.org);
        self.running.stop().await.expect("stops");
    }
}

fn ships(project: &Path) {
    project::object(project, "Ship__c", "ReadWrite");
    for name in ["Flag__c", "Port__c"] {
        field(
            project,
            "Ship__c",
            name,
            "<type>Text</type><length>20</length>",
        );
    }
}

fn ink(project: &Path) {
    project::write(
        project,
        "Low_Ink__e/Low_Ink__e.object-meta.xml",
        "CustomObject",
        "<label>Low Ink</label><pluralLabel>Low Ink</pluralLabel><eventType>HighVolume</eventType>\
         <deploymentStatus>Deployed</deploymentStatus>",
    );
    let text = "<type>Text</type><length>20</length>";
    field(project, "Low_Ink__e", "Model__c", text);
    project::write(
        project,
        "../managedEventSubscriptions/Ink_Watch.managedEventSubscription-meta.xml",
        "ManagedEventSubscription",
        &format!("<label>Ink</label><topicName>{INK}</topicName>"),
    );
}

async fn next(streaming: &mut Streaming) -> Update {
    let update = tokio::time::timeout(WITHIN, streaming.next()).await;
    update.expect("an update")
}

async fn next_event(streaming: &mut Streaming) -> Value {
    loop {
        match next(streaming).await {
            Update::Event(event) => return serde_json::from_str(&event.payload).expect("JSON"),
            Update::SubscribeRefused(_, refusal) => panic!("refused: {refusal:?}"),
            Update::Closed(refusal) => panic!("closed: {refusal:?}"),
            _ => (),
        }
    }
}

/// A subscriber to these topics, which the org has taken.
async fn subscribed(org: &Org, topics: &[&str]) -> Streaming {
    let mut streaming = Streaming::new(org.clone(), "59.0");
    for topic in topics {
        streaming
            .subscribe(topic, Replay::Latest)
            .expect("one subscription");
    }
    let mut taken = 0;
    while taken < topics.len() {
        match next(&mut streaming).await {
            Update::Subscribed(_) => taken += 1,
            Update::Opened { .. } => (),
            other => panic!("{other:?}"),
        }
    }
    streaming
}

fn entity(event: &Value) -> &str {
    let name = event.pointer("/ChangeEventHeader/entityName");
    name.and_then(Value::as_str).expect("a change event")
}

#[tokio::test]
async fn a_removed_field_is_gone_and_its_events_are_read_as_they_were() {
    let harbour = Harbour::new().await;
    let ship = json!({"Name": "Ark", "Flag__c": "NL", "Port__c": "Hoorn"});
    let id = create(&harbour.org, "Ship__c", &ship).await;
    let before = harbour.schema_of(SHIPS).await;
    let record = format!("/sobjects/Ship__c/{id}");
    harbour.remove("Ship__c/fields/Port__c.field-meta.xml");
    harbour
        .until(&record, |_, ship| ship.get("Port__c").is_none())
        .await;
    let harbour = harbour.restarted().await;
    let (_, ship) = harbour.get(&record).await;
    assert_eq!(
        (&ship["Flag__c"], &ship["Port__c"]),
        (&json!("NL"), &Value::Null)
    );
    assert!(ship.get("Port__c").is_none());
    let body = json!({"Port__c": "Delft"});
    let (status, refusal) = call(&harbour.org, Method::PATCH, &record, Some(&body)).await;
    assert_eq!(
        (status, &refusal[0]["errorCode"]),
        (400, &json!("INVALID_FIELD"))
    );
    assert_ne!(harbour.schema_of(SHIPS).await, before);
    harbour.check_schema(&before).await;
    let told = events(&harbour.org, SHIPS, 1).await;
    assert_eq!(told[0]["Port__c"], "Hoorn");
    // Back again, it has the values that it had.
    ships(&harbour.project());
    harbour
        .until(&record, |_, ship| {
            ship.get("Port__c") == Some(&json!("Hoorn"))
        })
        .await;
    assert_eq!(harbour.schema_of(SHIPS).await, before);
    harbour.stop().await;
}

#[tokio::test]
async fn a_removed_object_is_gone_and_comes_back_with_its_records() {
    let harbour = Harbour::new().await;
    let id = create(&harbour.org, "Ship__c", &json!({"Name": "Ark"})).await;
    let schema = harbour.schema_of(SHIPS).await;
    let record = format!("/sobjects/Ship__c/{id}");
    let mut open = subscribed(&harbour.org, &[SHIPS, "/data/ChangeEvents"]).await;
    let mut stream = harbour
        .pubsub()
        .await
        .subscribe(SHIPS, Replay::Latest)
        .await
        .expect("a stream");
    harbour.remove("Ship__c");
    harbour.until(&record, |status, _| status == 404).await;
    // Subscribers from before stay, and receive everything else.
    create_account(&harbour.org, "Acme").await;
    assert_eq!(entity(&next_event(&mut open).await), "Account");
    let harbour = {
        check_no_ship(&harbour, &record, &schema).await;
        ships(&harbour.project());
        harbour.until(&record, |status, _| status == 200).await;
        let update = json!({"Name": "Argo"});
        let (status, _) = call(&harbour.org, Method::PATCH, &record, Some(&update)).await;
        assert_eq!(status, 204);
        let event = next_event(&mut open).await;
        assert_eq!(
            (entity(&event), &event["Name"]),
            ("Ship__c", &json!("Argo"))
        );
        let event = loop {
            let event = tokio::time::timeout(WITHIN, stream.next()).await;
            if let Some(event) = event.expect("an answer").expect("an open stream") {
                break event;
            }
        };
        assert!(event.payload.contains("Argo"), "{}", event.payload);
        drop((open, stream));
        harbour.remove("Ship__c");
        harbour.restarted().await
    };
    check_no_ship(&harbour, &record, &schema).await;
    ships(&harbour.project());
    harbour
        .until(&record, |_, ship| ship.get("Name") == Some(&json!("Argo")))
        .await;
    let told = events(&harbour.org, SHIPS, 2).await;
    assert_eq!(
        (&told[0]["Name"], &told[1]["Name"]),
        (&json!("Ark"), &json!("Argo"))
    );
    harbour.stop().await;
}

/// Nothing of the object is there but the schema of its events.
async fn check_no_ship(harbour: &Harbour, record: &str, schema: &str) {
    for path in [
        record,
        "/sobjects/Ship__c/describe",
        "/sobjects/Ship__ChangeEvent/describe",
    ] {
        assert_eq!(harbour.get(path).await.0, 404, "{path}");
    }
    let name = json!({"Name": "Ark"});
    let created = call(&harbour.org, Method::POST, "/sobjects/Ship__c", Some(&name)).await;
    assert_eq!(created.0, 404);
    harbour.check_no_topic(SHIPS).await;
    harbour.check_schema(schema).await;
    let told = events(&harbour.org, "/data/ChangeEvents", 1).await;
    let first = told.first().expect("an event");
    assert_eq!(entity(first), "Account", "its own events are kept out");
}

#[tokio::test]
async fn a_removed_event_takes_its_managed_subscription_along() {
    let harbour = Harbour::new().await;
    let model = json!({"Model__c": "XZO-5"});
    create(&harbour.org, "Low_Ink__e", &model).await;
    let schema = harbour.schema_of(INK).await;
    let mut open = subscribed(&harbour.org, &[INK, "/data/ChangeEvents"]).await;
    assert_eq!(harbour.get(WATCH).await.1["size"], 1);
    harbour.remove("Low_Ink__e");
    harbour.remove("../managedEventSubscriptions");
    let describe = "/sobjects/Low_Ink__e/describe";
    harbour.until(describe, |status, _| status == 404).await;
    create_account(&harbour.org, "Acme").await;
    assert_eq!(entity(&next_event(&mut open).await), "Account");
    drop(open);
    check_no_ink(&harbour, &schema).await;
    let harbour = harbour.restarted().await;
    check_no_ink(&harbour, &schema).await;
    ink(&harbour.project());
    harbour.until(describe, |status, _| status == 200).await;
    assert_eq!(harbour.get(WATCH).await.1["size"], 1);
    // What was published before was deleted with the definition.
    let model = json!({"Model__c": "XZO-6"});
    create(&harbour.org, "Low_Ink__e", &model).await;
    let told = events(&harbour.org, INK, 1).await;
    assert_eq!(told[0]["Model__c"], "XZO-6");
    harbour.stop().await;
}

/// Nothing of the event is there but its schema.
async fn check_no_ink(harbour: &Harbour, schema: &str) {
    assert_eq!(harbour.get("/sobjects/Low_Ink__e/describe").await.0, 404);
    let model = json!({"Model__c": "XZO-5"});
    let published = call(
        &harbour.org,
        Method::POST,
        "/sobjects/Low_Ink__e",
        Some(&model),
    )
    .await;
    assert_eq!(published.0, 404);
    assert_eq!(harbour.get(WATCH).await.1.get("size"), Some(&json!(0)));
    harbour.check_no_topic(INK).await;
    harbour.check_schema(schema).await;
}

#[tokio::test]
async fn a_new_object_reaches_those_who_follow_all_changes() {
    let harbour = Harbour::new().await;
    let mut open = subscribed(&harbour.org, &["/data/ChangeEvents"]).await;
    let stream = harbour.pubsub().await;
    let stream = stream.subscribe("/data/ChangeEvents", Replay::Latest).await;
    let mut stream = stream.expect("a stream");
    project::object(&harbour.project(), "Buoy__c", "ReadWrite");
    harbour
        .until("/sobjects/Buoy__c/describe", |status, _| status == 200)
        .await;
    create(&harbour.org, "Buoy__c", &json!({"Name": "North"})).await;
    assert_eq!(entity(&next_event(&mut open).await), "Buoy__c");
    let event = loop {
        let event = tokio::time::timeout(WITHIN, stream.next()).await;
        if let Some(event) = event.expect("an answer").expect("an open stream") {
            break event;
        }
    };
    assert!(event.payload.contains("Buoy__c"), "{}", event.payload);
    drop((open, stream));
    harbour.stop().await;
}
