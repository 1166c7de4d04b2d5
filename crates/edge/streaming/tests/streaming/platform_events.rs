//! Platform events as subscribers of each version read them.

use http::{Method, Request};
use landfall_engine::usage::Client;
use landfall_metadata::Component;
use landfall_model::{Timestamp, Value as Field};
use landfall_test_org::channels::{channel, member};
use serde_json::{Value, json};

use crate::org::{IntoField, Org, connect_now, handshake, keys, payload, subscribe, text};

const CHANNEL: &str = "/event/Low_Ink__e";

/// `Low_Ink__e`, with a text and a point in time.
fn low_ink() -> Component {
    let field = |name, kind, more| {
        format!(
            "<fields><fullName>{name}</fullName><label>{name}</label><type>{kind}</type>{more}</fields>\n"
        )
    };
    let content =
        "<CustomObject xmlns=\"http://soap.sforce.com/2006/04/metadata\"><label>Low Ink</label>\
         <pluralLabel>Low Inks</pluralLabel><eventType>HighVolume</eventType>\
         <publishBehavior>PublishImmediately</publishBehavior>\n"
            .to_owned()
            + &field("Printer_Model__c", "Text", "<length>20</length>")
            + &field("Since__c", "DateTime", "")
            + "</CustomObject>\n";
    Component {
        path: "objects/Low_Ink__e.object".to_owned(),
        content,
    }
}

async fn org() -> Org {
    let org = Org::new().await;
    let deployed = org.engine.deploy(vec![low_ink()]).await;
    deployed.expect("a deployment");
    org
}

async fn post(org: &Org, version: &str, messages: Value) -> Value {
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("/cometd/{version}"))
        .header("authorization", format!("Bearer {}", org.token))
        .header("content-type", "application/json")
        .body(messages.to_string().into())
        .expect("a request");
    org.send(request).await.json()
}

/// A subscriber of a version.
async fn subscriber(org: &Org, version: &str) -> String {
    let shaken = post(org, version, handshake()).await;
    let client = text(&shaken[0]["clientId"]);
    post(org, version, connect_now(&client)).await;
    let reply = post(org, version, subscribe(&client, CHANNEL, &Value::Null)).await;
    assert_eq!(reply[0]["successful"], true, "{reply}");
    client
}

/// Publishes as a record request does; gives the UUID that its answer names.
async fn publish(org: &Org) -> String {
    let definitions = org.engine.definitions();
    let publication = definitions.publication("Low_Ink__e").expect("deployed");
    let place = |name| publication.object.index_of(name).expect("a field");
    let since = Field::DateTime(Timestamp::from_millis(1_491_769_900_517));
    let values = vec![
        (place("Printer_Model__c"), "XZO-5 .517Z".into_field()),
        (place("Since__c"), since),
    ];
    let rights = org.engine.rights(org.admin).await.expect("a read");
    let published = org
        .engine
        .publish_record(&Client::Rest, publication, &rights, values);
    published.await.expect("it is published").uuid.to_string()
}

/// The event that waits for a client.
async fn event(org: &Org, version: &str, client: &str) -> Value {
    let replies = post(org, version, connect_now(client)).await;
    assert_eq!(replies.as_array().expect("an array").len(), 2, "{replies}");
    assert_eq!(replies[0]["channel"], CHANNEL);
    replies[0].clone()
}

// S54, S55
#[tokio::test]
async fn the_uuid_of_the_publish_result_is_delivered_since_version_52() {
    let org = org().await;
    for (version, shown) in [("51.0", false), ("52.0", true), ("59.0", true)] {
        let client = subscriber(&org, version).await;
        let uuid = publish(&org).await;
        let event = event(&org, version, &client).await;
        let told = &event["data"]["event"];
        let replay_id = org.tail();
        if shown {
            assert_eq!(told, &json!({"EventUuid": uuid, "replayId": replay_id}));
        } else {
            assert_eq!(told, &json!({"replayId": replay_id}));
        }
        assert_eq!(
            keys(payload(&event)),
            ["CreatedById", "CreatedDate", "Printer_Model__c", "Since__c"]
        );
    }
}

// S56
#[tokio::test]
async fn points_in_time_have_milliseconds_from_43_on() {
    let org = org().await;
    let (old, new) = ("42.0", "43.0");
    let before = subscriber(&org, old).await;
    let after = subscriber(&org, new).await;
    publish(&org).await;
    let before = event(&org, old, &before).await;
    let after = event(&org, new, &after).await;
    assert_eq!(payload(&before)["Since__c"], "2017-04-09T20:31:40Z");
    assert_eq!(payload(&after)["Since__c"], "2017-04-09T20:31:40.517Z");
    assert_eq!(payload(&before)["CreatedDate"], "2023-11-14T22:13:20Z");
    assert_eq!(payload(&after)["CreatedDate"], "2023-11-14T22:13:20.123Z");
    for event in [&before, &after] {
        assert_eq!(payload(event)["Printer_Model__c"], "XZO-5 .517Z");
        assert_eq!(event["data"]["event"], json!({"replayId": org.tail()}));
    }
}

// S55
#[tokio::test]
async fn the_channel_names_the_event_since_version_55() {
    const PRINTERS: &str = "/event/Printers__chn";
    let org = org().await;
    let printers = channel("Printers__chn", "event");
    let all = member("Printers__chn", "Low_Ink__e", "", &[]);
    org.deploy(vec![low_ink(), printers, all]).await;
    for (version, shown) in [
        ("51.0", json!(null)),
        ("54.0", json!(null)),
        ("55.0", json!("Low_Ink__e")),
    ] {
        let shaken = post(&org, version, handshake()).await;
        let client = text(&shaken[0]["clientId"]);
        post(&org, version, connect_now(&client)).await;
        post(&org, version, subscribe(&client, PRINTERS, &Value::Null)).await;
        let uuid = publish(&org).await;
        let replies = post(&org, version, connect_now(&client)).await;
        assert_eq!(replies[0]["channel"], PRINTERS);
        let told = &replies[0]["data"]["event"];
        assert_eq!(told["EventApiName"], shown, "{version}");
        let known = if version == "51.0" {
            json!(null)
        } else {
            json!(uuid)
        };
        assert_eq!(
            (&told["EventUuid"], &told["replayId"]),
            (&known, &json!(org.tail()))
        );
    }
}

#[tokio::test]
async fn who_follows_an_event_that_is_gone_for_a_while_is_there_when_it_comes_back() {
    let org = org().await;
    let version = "59.0";
    let client = subscriber(&org, version).await;
    org.deploy(Vec::new()).await;
    let replies = post(&org, version, connect_now(&client)).await;
    assert_eq!(replies.as_array().map(Vec::len), Some(1), "{replies}");
    org.deploy(vec![low_ink()]).await;
    let uuid = publish(&org).await;
    let event = event(&org, version, &client).await;
    assert_eq!(event["data"]["event"]["EventUuid"], uuid);
}

/// Source: "Considerations for Defining and Publishing Platform Events" (Platform Events Developer Guide).
#[tokio::test]
async fn events_of_a_deleted_definition_are_deleted_with_it() {
    let org = org().await;
    publish(&org).await;
    org.deploy(Vec::new()).await;
    org.deploy(vec![low_ink()]).await;
    let uuid = publish(&org).await;
    let org = org.restarted().await;
    let client = org.subscribed(CHANNEL, json!(-2)).await;
    let events = org.events(&client).await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0]["data"]["event"]["EventUuid"], uuid);
}
