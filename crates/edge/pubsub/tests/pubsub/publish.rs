//! Publishing in one call.

use landfall_engine::usage::Client;
use landfall_model::Value;
use tonic::Code;

use crate::org::{
    ACCOUNTS, LOW_INK, LOW_INK_SCHEMA, Org, assert_refused, assert_uuid, number, produced,
};
use crate::proto::{ProducerEvent, PublishResult};

fn assert_failed(result: &PublishResult) {
    let error = result.error.as_ref().expect("it fails");
    assert_eq!(error.code, 1);
    assert!(!error.msg.is_empty());
    assert!(error.msg.len() < 1_000);
    assert!(result.replay_id.is_empty());
    assert!(!result.correlation_key.is_empty());
}

// P40
#[tokio::test]
async fn a_bad_event_fails_alone() {
    let org = Org::new().await;
    let mut stream = org.subscribed(LOW_INK, 10).await;
    let mut bad = org.low_ink("two", "B");
    bad.payload.truncate(3);
    let batch = vec![org.low_ink("one", "A"), bad, org.low_ink("three", "C")];
    let answer = org.publish(LOW_INK, batch).await.expect("an answer");
    assert_eq!(answer.schema_id, LOW_INK_SCHEMA);
    assert_uuid(&answer.rpc_id);
    let [one, two, three] = answer.results.as_slice() else {
        panic!("one result for each: {answer:?}");
    };
    assert_eq!(one.correlation_key, "one");
    assert_eq!(two.correlation_key, "two");
    assert_eq!(three.correlation_key, "three");
    assert_failed(two);
    assert_eq!((&one.error, &three.error), (&None, &None));
    let events = stream.events(2).await;
    assert_eq!(events[0].replay_id, one.replay_id);
    assert_eq!(events[1].replay_id, three.replay_id);
    assert!(number(&one.replay_id) < number(&three.replay_id));
    stream.assert_quiet().await;
}

#[tokio::test]
async fn an_event_that_does_not_fit_its_schema_fails() {
    let org = Org::new().await;
    let good = org.low_ink("", "A");
    let jam = org.topic("/event/Paper_Jam__e").await.expect("a topic");
    let account = org.topic(ACCOUNTS).await.expect("a topic");
    let with_schema = |schema_id: String| ProducerEvent {
        schema_id,
        ..good.clone()
    };
    let with_payload = |payload: Vec<u8>| ProducerEvent {
        payload,
        ..good.clone()
    };
    let batch = vec![
        with_schema(jam.schema_id),
        with_schema(account.schema_id),
        with_schema(String::new()),
        with_schema("\u{e9}".repeat(100_000)),
        with_payload(Vec::new()),
        with_payload([good.payload.as_slice(), &[0]].concat()),
    ];
    let count = batch.len();
    let answer = org.publish(LOW_INK, batch).await.expect("an answer");
    assert_eq!(answer.results.len(), count);
    answer.results.iter().for_each(assert_failed);
}

// P41
#[tokio::test]
async fn an_event_keeps_its_id_or_gets_one() {
    let org = Org::new().await;
    let mut stream = org.subscribed(LOW_INK, 10).await;
    let uuid = "c604fa9c-1ee8-4d4d-8988-1244a54ee952";
    let batch = vec![
        org.low_ink("", "A"),
        org.low_ink("key-1", "B"),
        org.low_ink(uuid, "C"),
        org.low_ink(&uuid.to_uppercase(), "D"),
        org.low_ink(&"k".repeat(255), "E"),
        org.low_ink(&"k".repeat(256), "F"),
    ];
    let results = org
        .publish(LOW_INK, batch)
        .await
        .expect("an answer")
        .results;
    let events = stream.events(5).await;
    assert_uuid(&results[0].correlation_key);
    assert_eq!(produced(&events[0]).id, results[0].correlation_key);
    assert_eq!(results[1].correlation_key, "key-1");
    for (result, event) in results.iter().zip(&events) {
        assert_eq!(produced(event).id, result.correlation_key);
    }
    assert_eq!(results[2].correlation_key, uuid);
    assert_eq!(results[3].correlation_key, uuid.to_uppercase());
    assert_eq!(results[5].correlation_key.len(), 256);
    assert_failed(&results[5]);
}

// P42
#[tokio::test]
async fn a_required_field_may_be_missing() {
    let org = Org::new().await;
    let mut stream = org.subscribed(LOW_INK, 1).await;
    let event = org.low_ink_of("", Value::Null);
    let answer = org.publish(LOW_INK, vec![event.clone()]).await;
    assert_eq!(answer.expect("an answer").results[0].error, None);
    assert_eq!(produced(&stream.event().await).payload, event.payload);
}

#[tokio::test]
async fn what_is_published_is_delivered_byte_for_byte() {
    let org = Org::new().await;
    let mut stream = org.subscribed(LOW_INK, 1).await;
    // Computed with two other Avro libraries.
    let payload = [
        &b"\x80\x80\x88\xe7\x8c\x64\x24005000000000001AAA\x02\x0aXZO-5\x00\x02"[..],
        &0.2_f64.to_le_bytes(),
    ]
    .concat();
    let event = ProducerEvent {
        id: String::new(),
        schema_id: LOW_INK_SCHEMA.to_owned(),
        payload: payload.clone(),
        headers: Vec::new(),
    };
    let answer = org.publish(LOW_INK, vec![event]).await.expect("an answer");
    assert_eq!(answer.results[0].error, None);
    let delivered = stream.event().await;
    assert_eq!(produced(&delivered).payload, payload);
    assert_eq!(produced(&delivered).schema_id, LOW_INK_SCHEMA);
}

// P43
#[tokio::test]
async fn an_event_of_more_than_a_megabyte_fails_alone() {
    let org = Org::new().await;
    let batch = vec![
        org.low_ink("small", &"m".repeat(900_000)),
        org.low_ink("large", &"m".repeat(1_200_000)),
    ];
    let results = org
        .publish(LOW_INK, batch)
        .await
        .expect("an answer")
        .results;
    assert_eq!(results[0].error, None);
    assert_failed(&results[1]);
}

// P43
#[tokio::test]
async fn a_request_of_more_than_four_megabytes_fails() {
    let org = Org::new().await;
    let batch = vec![org.low_ink("", &"m".repeat(900_000)); 5];
    let status = org.publish(LOW_INK, batch).await.expect_err("too long");
    assert_eq!(status.code(), Code::Unavailable);
    assert!(
        status.message().starts_with("upstream connect error"),
        "{status:?}"
    );
}

// P44
#[tokio::test]
async fn a_request_has_a_topic_and_events_and_not_too_many() {
    let org = Org::new().await;
    let too_many = vec![ProducerEvent::default(); 10_001];
    for (topic, events, code) in [
        (LOW_INK, vec![], "publish.event.count.invalid"),
        (LOW_INK, too_many, "publish.event.count.invalid"),
        (
            "",
            vec![org.low_ink("", "A")],
            "publish.topic.validation.empty",
        ),
    ] {
        let status = org.publish(topic, events).await.expect_err("refused");
        assert_refused(&status, Code::InvalidArgument, code, "Publish");
    }
    let unknown = org.publish("/event/Nothing__e", vec![org.low_ink("", "A")]);
    let status = unknown.await.expect_err("refused");
    assert_refused(&status, Code::NotFound, "topic.not.found", "Publish");
}

// P46
#[tokio::test]
async fn changes_are_published_by_the_org_alone() {
    let org = Org::new().await;
    for topic in [ACCOUNTS, "/data/ChangeEvents"] {
        let status = org.publish(topic, vec![org.low_ink("", "A")]).await;
        let status = status.expect_err("refused");
        assert_eq!(status.code(), Code::PermissionDenied, "{status:?}");
    }
}

// P47: what REST publishes. That the Streaming API shows the same number follows from P29.
#[tokio::test]
async fn an_event_of_a_record_request_is_delivered_with_the_uuid_of_its_answer() {
    let org = Org::new().await;
    let mut stream = org.subscribed(LOW_INK, 1).await;
    let definitions = org.engine.definitions();
    let publication = definitions.publication("Low_Ink__e").expect("deployed");
    let place = publication.object.index_of("Printer_Model__c").expect("it");
    let values = vec![(place, Value::Text("XZO-5".to_owned()))];
    let rights = org.engine.rights(org.admin).await.expect("a read");
    let published = org
        .engine
        .publish_record(&Client::Rest, publication, &rights, values);
    let published = published.await.expect("it is published");
    assert_eq!(
        produced(&stream.event().await).id,
        published.uuid.to_string()
    );
}

// P12: of platform events.
/// Values are not compared with the definition of the event: the field has 20 characters.
#[tokio::test]
async fn a_text_longer_than_its_field_is_published_as_it_is() {
    let org = Org::new().await;
    let mut stream = org.subscribed(LOW_INK, 1).await;
    let event = org.low_ink("", &"x".repeat(21));
    let answer = org.publish(LOW_INK, vec![event.clone()]).await;
    assert_eq!(answer.expect("an answer").results[0].error, None);
    assert_eq!(produced(&stream.event().await).payload, event.payload);
}

#[tokio::test]
async fn an_event_of_an_earlier_schema_is_still_published() {
    let org = Org::new().await;
    let old = org.low_ink("", "A");
    let more = crate::project::text_field("Colour__c", "");
    org.deploy(vec![crate::project::low_ink(&more)]).await;
    let mut stream = org.subscribed(LOW_INK, 2).await;
    let new = org.low_ink("", "B");
    assert_ne!(old.schema_id, new.schema_id);
    let answer = org.publish(LOW_INK, vec![old.clone(), new.clone()]).await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.schema_id, new.schema_id);
    let events = stream.events(2).await;
    for (event, sent) in events.iter().zip([old, new]) {
        assert_eq!(produced(event).schema_id, sent.schema_id);
        assert_eq!(produced(event).payload, sent.payload);
    }
}
