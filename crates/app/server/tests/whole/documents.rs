//! What the org publishes about itself for tools.

use http::Method;
use landfall_client::Org;
use serde_json::{Value, json};

use crate::common::{get, login, start, stranger};

async fn make(org: &Org, path: &str, body: Value) {
    let path = format!("/services/data/v62.0/{path}");
    let answer = org.call(Method::POST, &path, Some(&body)).await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.status, 201, "{}", answer.json());
}

async fn member(org: &Org, entity: &str) {
    let body = json!({
        "FullName": format!("Sales_chn_{entity}"),
        "Metadata": {"eventChannel": "Sales__chn", "selectedEntity": entity},
    });
    make(org, "tooling/sobjects/PlatformEventChannelMember", body).await;
}

/// What the document has of a channel, each line without the blanks before it.
fn section(document: &str, address: &str) -> Vec<String> {
    let lines = document.lines();
    let from = lines.skip_while(|line| *line != format!("  {address}:"));
    let section = from.skip(1).take_while(|line| line.starts_with("    "));
    section.map(|line| line.trim().to_owned()).collect()
}

fn refers_to(message: &str) -> String {
    format!("\"$ref\": \"#/components/messages/{message}\"")
}

#[tokio::test]
async fn channels_are_described_as_soon_as_they_can_be_subscribed_to() {
    let running = start().await;
    let org = login(&running).await;
    let topic = |name: &str, is_active: bool| {
        json!({
            "Name": name, "ApiVersion": 59.0, "IsActive": is_active,
            "Query": "SELECT Id, Name, AnnualRevenue FROM Account WHERE Industry = 'Energy'",
        })
    };
    make(&org, "sobjects/PushTopic", topic("Energy", true)).await;
    make(&org, "sobjects/PushTopic", topic("Asleep", false)).await;
    make(
        &org,
        "sobjects/StreamingChannel",
        json!({"Name": "/u/news/today"}),
    )
    .await;
    for (name, kind) in [("Sales__chn", "data"), ("Empty__chn", "event")] {
        let body = json!({"FullName": name, "Metadata": {"channelType": kind, "label": name}});
        make(&org, "tooling/sobjects/PlatformEventChannel", body).await;
    }
    member(&org, "ContactChangeEvent").await;
    member(&org, "AccountChangeEvent").await;

    let answer = get(&stranger(&running), "/asyncapi.yaml").await;
    assert_eq!(answer.status, 200);
    let document = String::from_utf8(answer.body.to_vec()).expect("text");
    let has = |address: &str, message: &str| {
        let section = section(&document, address);
        section.contains(&refers_to(message))
            || section.contains(&format!("- {}", refers_to(message)))
    };
    assert!(has("/topic/Energy", "topic.Energy"));
    assert!(has("/u/news/today", "GenericEvent"));
    for name in ["ContactChangeEvent", "AccountChangeEvent"] {
        assert!(has("/data/Sales__chn", name));
    }
    assert!(!has("/data/Sales__chn", "LeadChangeEvent"));
    assert!(has("/data/ChangeEvents", "LeadChangeEvent"));
    for address in ["/topic/Asleep", "/event/Empty__chn"] {
        assert_eq!(section(&document, address), Vec::<String>::new());
    }
    running.stop().await.expect("stops");
}
