//! Topics and schemas.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use md5::{Digest, Md5};
use tonic::Code;

use crate::org::{ACCOUNTS, LOW_INK, LOW_INK_SCHEMA, Org, assert_refused, assert_uuid, produced};
use crate::project;
use crate::proto::TopicRequest;

// P1
#[tokio::test]
async fn a_change_event_topic_can_be_subscribed_to_but_not_published_on() {
    let org = Org::new().await;
    let info = org.topic(ACCOUNTS).await.expect("a topic");
    assert_eq!(info.topic_name, ACCOUNTS);
    assert_eq!((info.can_publish, info.can_subscribe), (false, true));
    assert_eq!(info.schema_id.len(), 22);
    let id = org.engine.org().id.to_string();
    assert_eq!(id.len(), 18);
    assert_eq!(info.tenant_guid, format!("CORE/prod/{id}"));
    assert_uuid(&info.rpc_id);
}

// P13
#[tokio::test]
async fn the_documented_event_has_the_documented_schema_id() {
    let org = Org::new().await;
    let info = org.topic(LOW_INK).await.expect("a topic");
    assert_eq!((info.can_publish, info.can_subscribe), (true, true));
    assert_eq!(info.schema_id, LOW_INK_SCHEMA);
}

// P8
#[tokio::test]
async fn a_topic_that_is_not_there_is_not_found() {
    let org = Org::capturing(false).await;
    let id = org.engine.org().id;
    for topic in [
        "/event/INVALID",
        "/event/Low_Ink__e",
        "/data/NothingChangeEvent",
        "/data/accountchangeevent",
        "/topic/Accounts",
        "/u/Generic",
        "data/AccountChangeEvent",
        "/data/AccountChangeEvent/",
        "/data/",
        "\u{1F5A8}\u{FE0F}\0",
    ] {
        let status = org.topic(topic).await.expect_err("there is none");
        assert_refused(&status, Code::NotFound, "topic.not.found", "GetTopic");
        let text = format!(
            "The topic information for org CORE/prod/{id} and topic {topic} not found. Ensure the topic name is correct \
             and that the topic exists. rpcId: "
        );
        assert!(status.message().starts_with(&text), "{status:?}");
    }
}

// P8
#[tokio::test]
async fn an_object_that_is_not_selected_has_no_topic() {
    let org = Org::capturing(false).await;
    let status = org.topic(ACCOUNTS).await.expect_err("there is none");
    assert_refused(&status, Code::NotFound, "topic.not.found", "GetTopic");
}

#[tokio::test]
async fn a_name_of_any_length_is_answered_briefly() {
    let org = Org::new().await;
    let name = "/event/\u{e9}".to_owned() + &"\u{e9}".repeat(1_000_000);
    let status = org.topic(&name).await.expect_err("there is none");
    assert_refused(&status, Code::NotFound, "topic.not.found", "GetTopic");
    assert!(status.message().len() < 1_000);
    let status = org.publish(&name, Vec::new()).await;
    assert!(status.expect_err("there is none").message().len() < 1_000);
}

// P9
#[tokio::test]
async fn nothing_is_neither_a_topic_nor_a_schema() {
    let org = Org::new().await;
    for blank in ["", "  "] {
        let status = org.topic(blank).await.expect_err("blank");
        assert_refused(
            &status,
            Code::InvalidArgument,
            "topic.validation.empty",
            "GetTopic",
        );
        let status = org.schema(blank).await.expect_err("blank");
        assert_refused(
            &status,
            Code::InvalidArgument,
            "schema.validation.failed",
            "GetSchema",
        );
        let text = "Schema validation failed. The schema ID can't be blank. rpcId: ";
        assert!(status.message().starts_with(text), "{status:?}");
    }
    for unknown in ["AAAAAAAAAAAAAAAAAAAAAA", "x", "5E5OtZj5_Gm6Vax9XMXH9A=="] {
        let status = org.schema(unknown).await.expect_err("unknown");
        assert_refused(
            &status,
            Code::PermissionDenied,
            "schema.meta.permission",
            "GetSchema",
        );
    }
}

// P10
#[tokio::test]
async fn the_channel_of_all_objects_has_no_schema_of_its_own() {
    let org = Org::new().await;
    let info = org.topic("/data/ChangeEvents").await.expect("a topic");
    assert_eq!((info.can_publish, info.can_subscribe), (false, true));
    assert_eq!(info.schema_id, "");
}

// P11
#[tokio::test]
async fn a_schema_id_is_the_digest_of_the_canonical_form() {
    let org = Org::new().await;
    for topic in [ACCOUNTS, "/data/ContactChangeEvent", LOW_INK] {
        let id = org.topic(topic).await.expect("a topic").schema_id;
        let info = org.schema(&id).await.expect("a schema");
        assert_eq!(info.schema_id, id);
        assert_uuid(&info.rpc_id);
        let schema = apache_avro::Schema::parse_str(&info.schema_json).expect("a schema");
        let digest = Md5::digest(schema.canonical_form());
        assert_eq!(URL_SAFE_NO_PAD.encode(digest), id);
        assert!(!info.schema_json.contains("uuid"), "that is of REST only");
    }
}

// P12
#[tokio::test]
async fn a_new_field_makes_a_new_schema_and_the_old_one_stays() {
    let org = Org::new().await;
    let mut stream = org.subscribed(ACCOUNTS, 10).await;
    org.account("Before").await;
    let old = org.topic(ACCOUNTS).await.expect("a topic").schema_id;
    org.deploy(vec![project::low_ink(""), project::account("Shoe_Size__c")])
        .await;
    let new = org.topic(ACCOUNTS).await.expect("a topic").schema_id;
    assert_ne!(old, new);
    org.create("Account", &[("Name", "After"), ("Shoe_Size__c", "46")])
        .await;
    let events = stream.events(2).await;
    let ids: Vec<_> = events
        .iter()
        .map(|event| produced(event).schema_id.as_str())
        .collect();
    assert_eq!(ids, [old.as_str(), new.as_str()]);
    let json = |schema: Result<crate::proto::SchemaInfo, _>| schema.expect("a schema").schema_json;
    assert!(!json(org.schema(&old).await).contains("Shoe_Size__c"));
    assert!(json(org.schema(&new).await).contains("Shoe_Size__c"));
    let org = org.restarted().await;
    assert!(!json(org.schema(&old).await).contains("Shoe_Size__c"));
}

// The documented fields of the event, in their order; nobody but the service publishes it.
#[tokio::test]
async fn events_of_the_service_can_be_subscribed_to_by_those_who_may_see_them() {
    let topic = "/event/LoginEventStream";
    let org = Org::new().await;
    let info = org.topic(topic).await.expect("a topic");
    assert!(info.can_subscribe && !info.can_publish);
    let schema = org.schema(&info.schema_id).await.expect("a schema");
    for text in [
        "LoginEventStream",
        "EventIdentifier",
        "LoginHistoryId",
        "CreatedById",
    ] {
        assert!(schema.schema_json.contains(text), "{text}");
    }
    let event = org.low_ink("", "A");
    let refusal = org.publish(topic, vec![event]).await.expect_err("refused");
    assert_eq!(refusal.code(), Code::PermissionDenied);
    org.subscribed(topic, 1).await;
    let token = org.standard_user("somebody@landfall.test").await;
    for (topic, may) in [
        (topic, false),
        ("/event/LogoutEventStream", false),
        ("/event/OrderStatusChangedEvent", true),
    ] {
        let request = TopicRequest {
            topic_name: topic.to_owned(),
        };
        let answer = org
            .client()
            .get_topic(org.request_as(&token, request))
            .await;
        match answer {
            Ok(_) => assert!(may, "{topic}"),
            Err(refusal) => {
                assert!(!may, "{topic}");
                let suffix = "topic.meta.permission";
                assert_refused(&refusal, Code::PermissionDenied, suffix, "GetTopic");
            }
        }
    }
}
