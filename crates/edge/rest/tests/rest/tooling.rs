//! Managed subscriptions, as clients look them up.

use landfall_metadata::Component;
use serde_json::{Value, json};

use crate::org::{Answer, Org};

const OBJECT: &str = "ManagedEventSubscription";

fn subscription(name: &str) -> Component {
    Component {
        path: format!("managedEventSubscriptions/{name}.managedEventSubscription-meta.xml"),
        content: format!(
            "<{OBJECT} xmlns=\"http://soap.sforce.com/2006/04/metadata\"><label>{name}</label>\
             <topicName>/data/AccountChangeEvent</topicName><state>STOP</state></{OBJECT}>"
        ),
    }
}

async fn org() -> Org {
    Org::with(vec![subscription("First"), subscription("Second")]).await
}

async fn query(org: &Org, query: &str) -> Answer {
    let path = format!("/services/data/v62.0/tooling/query/?q={}", encoded(query));
    org.get(&path).await
}

fn encoded(query: &str) -> String {
    query.replace(' ', "+").replace('\'', "%27")
}

#[tokio::test]
async fn a_managed_subscription_is_found_by_name_and_by_id() {
    let org = org().await;
    let of = |condition: &str| {
        format!("SELECT Id, DeveloperName, Metadata FROM {OBJECT} WHERE {condition} LIMIT 1")
    };
    let found = query(&org, &of("DeveloperName='Second'")).await.json();
    let record = &found["records"][0];
    let id = record["Id"].as_str().expect("an id");
    assert!(id.starts_with("18x"));
    let expected = json!({
        "size": 1, "totalSize": 1, "done": true, "queryLocator": null, "entityTypeName": OBJECT,
        "records": [{
            "attributes": {"type": OBJECT, "url": format!("/services/data/v62.0/tooling/sobjects/{OBJECT}/{id}")},
            "Id": id,
            "DeveloperName": "Second",
            "Metadata": {
                "defaultReplay": "LATEST", "errorRecoveryReplay": "LATEST", "label": "Second", "state": "STOP",
                "topicName": "/data/AccountChangeEvent", "version": null,
            },
        }],
    });
    assert_eq!(found, expected);
    for id in [id, &id[..15]] {
        assert_eq!(
            query(&org, &of(&format!("Id='{id}'"))).await.json(),
            expected
        );
    }
    let nobody = query(&org, &of("DeveloperName='Nobody'")).await.json();
    assert_eq!(
        (&nobody["size"], &nobody["records"]),
        (&json!(0), &Value::Array(Vec::new()))
    );
}

#[tokio::test]
async fn other_queries_are_refused() {
    let org = org().await;
    let all = query(&org, &format!("select id, masterlabel from {OBJECT}")).await;
    assert_eq!(all.json()["size"], 2);
    for (text, code) in [
        (format!("SELECT Metadata FROM {OBJECT}"), "MALFORMED_QUERY"),
        ("SELECT Id FROM CustomField".to_owned(), "INVALID_TYPE"),
        (format!("SELECT Colour FROM {OBJECT}"), "INVALID_FIELD"),
        (
            format!("SELECT Id FROM {OBJECT} ORDER BY Id"),
            "MALFORMED_QUERY",
        ),
        (String::new(), "MALFORMED_QUERY"),
    ] {
        let (status, told, _) = query(&org, &text).await.refusal();
        assert_eq!((status, told.as_str()), (400, code), "{text}");
    }
    let path = format!(
        "/tooling/query?q={}",
        encoded(&format!("SELECT Id FROM {OBJECT}"))
    );
    let early = org.get(&path);
    assert_eq!(early.await.refusal().1, "INVALID_TYPE");
}
