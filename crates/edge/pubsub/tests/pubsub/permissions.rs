//! What somebody gets, and may publish, who does not see everything.

use landfall_model::{SchemaId, Value};
use landfall_schema::FieldValue;
use tonic::Code;

use crate::org::{ACCOUNTS, LOW_INK, Org, assert_refused, fetch};
use crate::proto::{PublishRequest, SchemaRequest, TopicRequest};

/// Source: "Field-Level Security" (Change Data Capture Developer Guide).
#[tokio::test]
async fn hidden_fields_are_null_and_in_no_bitmap() {
    let org = Org::new().await;
    let rights: &[(&str, &[&str])] = &[("Account", &["Read", "ViewAllRecords"])];
    let token = org
        .granted_user("ann@landfall.test", rights, &["Account.Industry"])
        .await;
    let id = org.account("Acme").await;
    let mut stream = org.open_as(&token).await;
    stream.send(fetch(ACCOUNTS, 10)).await;
    crate::org::settle().await;
    let text = |text: &str| Value::Text(text.to_owned());
    let fields = [("Phone", text("1")), ("Industry", text("Energy"))];
    org.update("Account", id, &fields).await;
    let event = stream.event().await.event.expect("an event");
    let schema = SchemaId::parse(&event.schema_id).expect("an id");
    let schema = org.engine.schema(schema).expect("a schema");
    let decoded = schema.decode(&event.payload).expect("a payload");
    let place = |name: &str| {
        let mut fields = schema.fields().iter();
        fields
            .position(|field| field.name == name)
            .expect("a field")
    };
    assert_eq!(decoded.fields[place("Phone")], FieldValue::Null);
    assert_eq!(
        decoded.fields[place("Industry")],
        FieldValue::Plain(text("Energy"))
    );
    let header = decoded.header.expect("a change");
    assert!(!header.changed_fields.contains(place("Phone")));
    assert!(header.changed_fields.contains(place("Industry")));
    // The schema is everybody's.
    let request = SchemaRequest {
        schema_id: event.schema_id,
    };
    let told = org
        .client()
        .get_schema(org.request_as(&token, request))
        .await;
    let told = told.expect("a schema").into_inner().schema_json;
    assert!(told.contains("\"Phone\""));
}

/// Source: "Platform Event Permissions" (Platform Events Developer Guide).
#[tokio::test]
async fn events_are_read_and_published_by_those_who_may() {
    let org = Org::new().await;
    let stranger = org.granted_user("bob@landfall.test", &[], &[]).await;
    let topic = |token: &str| {
        let request = TopicRequest {
            topic_name: LOW_INK.to_owned(),
        };
        org.request_as(token, request)
    };
    let refused = org.client().get_topic(topic(&stranger)).await;
    let status = refused.expect_err("refused");
    let denied = Code::PermissionDenied;
    assert_refused(&status, denied, "topic.meta.permission", "GetTopic");
    let request = PublishRequest {
        topic_name: LOW_INK.to_owned(),
        events: vec![org.low_ink("", "A")],
        ..PublishRequest::default()
    };
    let request = org.request_as(&stranger, request);
    let status = org.client().publish(request).await.expect_err("refused");
    assert_refused(&status, denied, "topic.meta.permission", "Publish");
    let mut stream = org.open_as(&stranger).await;
    stream.send(fetch(LOW_INK, 1)).await;
    let status = stream.refusal().await;
    assert_refused(
        &status,
        denied,
        "subscription.topic.cannot.subscribe",
        "Subscribe",
    );

    let org = Org::new().await;
    let rights: &[(&str, &[&str])] = &[("Low_Ink__e", &["Read"])];
    let reader = org.granted_user("ann@landfall.test", rights, &[]).await;
    let request = TopicRequest {
        topic_name: LOW_INK.to_owned(),
    };
    let told = org
        .client()
        .get_topic(org.request_as(&reader, request))
        .await;
    let told = told.expect("a topic").into_inner();
    assert_eq!((told.can_publish, told.can_subscribe), (false, true));
    let request = PublishRequest {
        topic_name: LOW_INK.to_owned(),
        events: vec![org.low_ink("", "A")],
        ..PublishRequest::default()
    };
    let refused = org.client().publish(org.request_as(&reader, request)).await;
    assert_eq!(refused.expect_err("refused").code(), Code::PermissionDenied);
}
