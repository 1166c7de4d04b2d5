//! Managed subscriptions: looked up, made and changed.

use axum::body::Body;
use landfall_engine::Kind;
use landfall_metadata::Component;
use landfall_model::RecordId;
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
        ("SELECT Id FROM ApexClass".to_owned(), "INVALID_TYPE"),
        (format!("SELECT Colour FROM {OBJECT}"), "INVALID_FIELD"),
        (
            format!("SELECT Id FROM {OBJECT} WHERE FullName = 'x'"),
            "INVALID_FIELD",
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

/// Where subscriptions are.
const ROWS: &str = "/services/data/v62.0/tooling/sobjects/ManagedEventSubscription";

fn body(name: &str, metadata: &Value) -> Value {
    json!({"FullName": name, "Metadata": metadata})
}

async fn made(org: &Org, name: &str) -> String {
    let topic = json!({"label": name, "topicName": "/data/ContactChangeEvent"});
    let answer = org.post(ROWS, &body(name, &topic)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let id = answer.json().get("id").cloned();
    id.expect("an id").as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn a_subscription_is_made_read_changed_and_deleted() {
    let org = org().await;
    // As the guide has it.
    let metadata = json!({
        "label": "My Managed Subscription", "topicName": "/data/ChangeEvents", "defaultReplay": "EARLIEST",
        "state": "RUN", "errorRecoveryReplay": "LATEST",
    });
    let answer = org
        .post(ROWS, &body("My_Managed_Subscription", &metadata))
        .await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let saved = answer.json();
    let id = saved["id"].as_str().expect("an id");
    assert!(id.starts_with("18x"));
    assert_eq!(
        saved,
        json!({"id": id, "success": true, "errors": [], "warnings": [], "infos": []})
    );
    let row = format!("{ROWS}/{id}");
    assert_eq!(answer.header("location"), row);
    // The Metadata API lists and retrieves it.
    let definitions = org.engine.definitions();
    let components = definitions.components();
    let component = components.get(Kind::ManagedSubscription, "My_Managed_Subscription");
    let component = component.expect("it is a component");
    assert_eq!(component.id.as_str(), id);
    assert_ne!(component.created.by, RecordId::EMPTY);
    let mut expected = json!({
        "attributes": {"type": OBJECT, "url": row},
        "Id": id,
        "DeveloperName": "My_Managed_Subscription",
        "Language": "en_US",
        "MasterLabel": "My Managed Subscription",
        "NamespacePrefix": null,
        "ManageableState": "unmanaged",
        "Metadata": {
            "defaultReplay": "EARLIEST", "errorRecoveryReplay": "LATEST", "label": "My Managed Subscription",
            "state": "RUN", "topicName": "/data/ChangeEvents", "version": null,
        },
        "FullName": "My_Managed_Subscription",
        "Version": null,
    });
    assert_eq!(org.get(&row).await.json(), expected);
    let head = org.send("HEAD", &row, &[], Body::empty()).await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    let label = org.get(&format!("{row}?fields=MasterLabel,id")).await;
    let members = label.json();
    let members = members.as_object().expect("an object").keys();
    assert_eq!(
        members.collect::<Vec<_>>(),
        ["Id", "MasterLabel", "attributes"]
    );
    let stop = json!({"state": "STOP", "label": "Mine", "topicName": "/data/ChangeEvents"});
    let stop = body("My_Managed_Subscription", &stop);
    let changed = org.patch(&row, &stop).await;
    assert_eq!((changed.status, changed.body.as_str()), (204, ""));
    expected["MasterLabel"] = json!("Mine");
    expected["Metadata"]["label"] = json!("Mine");
    expected["Metadata"]["state"] = json!("STOP");
    assert_eq!(org.get(&row).await.json(), expected);
    assert_eq!(
        org.send("DELETE", &row, &[], Body::empty()).await.status,
        204
    );
    let gone = org.get(&row).await.refusal();
    assert_eq!((gone.0, gone.1.as_str()), (404, "NOT_FOUND"));
    let again = org.send("DELETE", &row, &[], Body::empty()).await;
    assert_eq!(again.refusal().1, "INVALID_CROSS_REFERENCE_KEY");
}

#[tokio::test]
async fn the_object_describe_lists_its_capabilities() {
    let org = org().await;
    let information = org.get(ROWS).await.json();
    let describe = &information["objectDescribe"];
    for (key, value) in [
        ("name", json!(OBJECT)),
        ("keyPrefix", json!("18x")),
        ("createable", json!(true)),
        ("undeletable", json!(false)),
        (
            "urls",
            json!({
                "rowTemplate": format!("{ROWS}/{{ID}}"),
                "describe": format!("{ROWS}/describe"),
                "sobject": ROWS,
            }),
        ),
    ] {
        assert_eq!(describe[key], value, "{key}");
    }
    assert_eq!(information["recentItems"], json!([]));
    let early = org.get(&ROWS.replace("v62", "v59")).await;
    assert_eq!(early.refusal().1, "NOT_FOUND");
    // It is no object of the plain API.
    let plain = org.get(&format!("/sobjects/{OBJECT}")).await;
    assert_eq!(plain.refusal().1, "NOT_FOUND");
    let plain = org.get(&format!("/query?q=SELECT+Id+FROM+{OBJECT}")).await;
    assert_eq!(plain.refusal().1, "INVALID_TYPE");
    let method = org.send("PUT", ROWS, &[], Body::empty()).await;
    assert_eq!(method.status, 405);
}

async fn assert_not_made(org: &Org, body: &Value, code: &str, text: &str) {
    let (status, told, message) = org.post(ROWS, body).await.refusal();
    assert_eq!((status, told.as_str()), (400, code), "{body}");
    assert!(message.starts_with(text), "{message}");
}

const NO_TOPIC: &str = "The topicName field is invalid";

#[tokio::test]
async fn what_a_subscription_cannot_be_is_refused() {
    let org = org().await;
    let topic = "/data/ContactChangeEvent";
    for wrong in [
        json!({}),
        json!({"topicName": "AccountChangeEvent"}),
        json!({"topicName": "/data/accountChangeEvent"}),
        json!({"topicName": "/event/Nobody__e"}),
    ] {
        assert_not_made(&org, &body("Watch", &wrong), "INVALID_INPUT", NO_TOPIC).await;
    }
    let pause = json!({"topicName": topic, "state": "PAUSE"});
    let text = "You can create a managed event subscription state field only to RUN or STOP";
    assert_not_made(&org, &body("Watch", &pause), "INVALID_INPUT", text).await;
    let of_type = "Cannot deserialize instance of EventSubscription";
    for (wrong, text) in [
        (
            json!({"state": "Run"}),
            format!("{of_type}State from VALUE_STRING value Run"),
        ),
        (
            json!({"defaultReplay": "CUSTOM"}),
            format!("{of_type}ReplayPreset from VALUE_STRING value CUSTOM"),
        ),
        (
            json!({"topic": topic}),
            "Unrecognized field \"topic\"".to_owned(),
        ),
        (
            json!({"topicName": 1}),
            "Can not deserialize: unexpected number".to_owned(),
        ),
    ] {
        assert_not_made(&org, &body("Watch", &wrong), "JSON_PARSER_ERROR", &text).await;
    }
    let long = json!({"topicName": topic, "label": "x".repeat(81)});
    let text = "Label: data value too large";
    assert_not_made(&org, &body("Watch", &long), "STRING_TOO_LONG", text).await;
}

#[tokio::test]
async fn a_body_that_is_no_subscription_is_refused() {
    let org = org().await;
    let topic = json!({"topicName": "/data/ContactChangeEvent"});
    for (body, code, text) in [
        (
            body("first", &topic),
            "DUPLICATE_DEVELOPER_NAME",
            "The name \"first\" is already used on component type: Managed Event Subscription.",
        ),
        (
            body("2nd", &topic),
            "INVALID_INPUT",
            "The DeveloperName field can only contain",
        ),
        (
            json!({}),
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [FullName, Metadata]",
        ),
        (
            json!({"Colour": 1}),
            "INVALID_FIELD",
            "No such column 'Colour' on sobject of type ManagedEventSubscription",
        ),
        (
            json!({"Id": "x"}),
            "INVALID_FIELD",
            "The Id field should not be specified in the sobject data.",
        ),
        (
            json!({"DeveloperName": "x"}),
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            "Unable to create/update fields: DeveloperName.",
        ),
    ] {
        assert_not_made(&org, &body, code, text).await;
    }
}

#[tokio::test]
async fn name_and_topic_of_a_subscription_do_not_change() {
    let org = org().await;
    let row = format!("{ROWS}/{}", made(&org, "Watch").await);
    let other_topic = json!({"topicName": "/data/AccountChangeEvent"});
    for (body, text) in [
        (body("Watch", &other_topic), NO_TOPIC),
        (
            body("Other", &json!({})),
            "The DeveloperName field can't be changed",
        ),
    ] {
        let (status, code, message) = org.patch(&row, &body).await.refusal();
        assert_eq!((status, code.as_str()), (400, "INVALID_INPUT"));
        assert_eq!(message, text);
    }
    let nobody = format!("{ROWS}/18x5f0000000999AAA");
    let unknown = org.patch(&nobody, &body("Watch", &json!({}))).await;
    assert_eq!(unknown.refusal().1, "NOT_FOUND");
}

#[tokio::test]
async fn an_org_has_two_hundred_subscriptions_at_most() {
    let org = org().await;
    for number in 2..200 {
        made(&org, &format!("Watch_{number}")).await;
    }
    let topic = json!({"topicName": "/data/ContactChangeEvent"});
    let (status, code, _) = org.post(ROWS, &body("More", &topic)).await.refusal();
    assert_eq!((status, code.as_str()), (400, "LIMIT_EXCEEDED"));
    let components = ["First", "Second", "Third"].map(subscription).to_vec();
    let refused = org.engine.deploy(components).await;
    assert!(matches!(
        refused,
        Err(landfall_engine::Error::Invalid { .. })
    ));
}

#[tokio::test]
async fn a_deployment_keeps_other_components_and_unchanged_ones() {
    let org = org().await;
    let mine = made(&org, "Mine").await;
    let state = async |name: &str| {
        let text = format!("SELECT Metadata FROM {OBJECT} WHERE DeveloperName='{name}'");
        let found = query(&org, &text).await.json();
        found["records"][0]["Metadata"]["state"].clone()
    };
    let ids = org.engine.definitions();
    let first = ids.managed()[0].id;
    let run = body("First", &json!({"state": "RUN"}));
    assert_eq!(
        org.patch(&format!("{ROWS}/{first}"), &run).await.status,
        204
    );
    org.deploy(vec![subscription("First")]).await;
    assert_eq!(state("First").await, "RUN");
    assert_eq!(state("Second").await, Value::Null);
    assert_eq!(state("Mine").await, "RUN");
    // What the project says anew counts, and a name that it takes is its own.
    let mut anew = subscription("First");
    anew.content = anew.content.replace("<label>First", "<label>Anew");
    let mut takes = subscription("Mine");
    takes.content = takes.content.replace("Account", "Contact");
    org.deploy(vec![anew, takes]).await;
    assert_eq!(state("First").await, "STOP");
    assert_eq!(state("Mine").await, "STOP");
    let ids: Vec<String> = org
        .engine
        .definitions()
        .managed()
        .iter()
        .map(|managed| managed.id.to_string())
        .collect();
    assert_eq!(ids, [first.to_string(), mine]);
    org.deploy(Vec::new()).await;
    assert_eq!(org.engine.definitions().managed(), []);
}

#[tokio::test]
async fn only_who_may_set_up_the_org_sees_and_changes_subscriptions() {
    let org = org().await;
    let profile = org.engine.org().standard_users;
    let user = org.user();
    let row = format!("{ROWS}/{}", made(&org, "Watch").await);
    let demoted = json!({"ProfileId": profile.to_string()});
    let changed = org.patch(&format!("/sobjects/User/{user}"), &demoted).await;
    assert_eq!(changed.status, 204, "{changed:?}");
    let topic = json!({"topicName": "/data/ContactChangeEvent"});
    for refused in [
        org.get(&row).await,
        org.post(ROWS, &body("Another", &topic)).await,
        org.patch(&row, &body("Watch", &json!({"state": "STOP"})))
            .await,
        org.send("DELETE", &row, &[], Body::empty()).await,
        query(&org, &format!("SELECT Id FROM {OBJECT}")).await,
    ] {
        assert_eq!(refused.refusal().1, "INSUFFICIENT_ACCESS_OR_READONLY");
    }
}
