//! Custom channels over the Pub/Sub API: several schemas, filters and credit, enriched fields.

use landfall_metadata::Component;
use landfall_model::{RecordId, ReplayId, Value};
use landfall_schema::{DecodedEvent, FieldValue};
use landfall_test_org::channels::{channel, member};
use tonic::Code;

use crate::org::{Org, assert_refused, decoded, fetch, number, produced};
use crate::project;

const SALES: &str = "/data/Sales__chn";

async fn org(members: &[Component]) -> Org {
    let org = Org::capturing(false).await;
    org.deploy(project(members)).await;
    org
}

fn project(members: &[Component]) -> Vec<Component> {
    let mut components = vec![
        channel("Sales__chn", "data"),
        channel("Printers__chn", "event"),
        project::low_ink(""),
        project::paper_jam(),
    ];
    components.extend(members.iter().cloned());
    components
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// The value of a field of an account's event.
fn field(org: &Org, event: &DecodedEvent, name: &str) -> FieldValue {
    let definitions = org.engine.definitions();
    let schema = definitions
        .change_event_schema("Account")
        .expect("a schema");
    let place = schema.position_of(name).expect(name);
    event.fields.get(place).expect(name).clone()
}

// P53
#[tokio::test]
async fn each_member_has_its_own_filter_and_its_own_schema() {
    let filter = "ChangeEventHeader.changeType = 'UPDATE'";
    let members = [
        member("Sales__chn", "AccountChangeEvent", filter, &[]),
        member("Sales__chn", "ContactChangeEvent", "", &[]),
    ];
    let org = org(&members).await;
    let topic = org.topic(SALES).await.expect("it is there");
    assert_eq!((topic.can_publish, topic.can_subscribe), (false, true));
    assert_eq!(topic.schema_id, "", "it has several");
    let mut stream = org.subscribed(SALES, 2).await;
    let account = org.account("Acme").await;
    stream.assert_quiet().await;
    org.update("Account", account, &[("Phone", text("1"))])
        .await;
    let first = stream.next().await;
    org.create("Contact", &[("LastName", "Doe")]).await;
    let second = stream.next().await;
    assert_eq!(
        (first.pending_num_requested, second.pending_num_requested),
        (1, 0)
    );
    assert_eq!(first.latest_replay_id, first.events[0].replay_id);
    let schemas = [&first, &second].map(|answer| produced(&answer.events[0]).schema_id.clone());
    assert_ne!(schemas[0], schemas[1]);
    assert_eq!(
        decoded(&org, &first.events[0])
            .await
            .header
            .expect("one")
            .entity_name
            .as_str(),
        "Account"
    );
    org.delete("Account", account).await;
    stream.more(5).await;
    stream.assert_quiet().await;
    org.advance(60).await;
    let keepalive = stream.next().await;
    assert!(keepalive.events.is_empty());
    assert!(number(&keepalive.latest_replay_id) > number(&second.events[0].replay_id));
    let mut resumed = org.resumed(SALES, &first.latest_replay_id).await;
    assert_eq!(resumed.event().await, second.events[0]);
    resumed.assert_quiet().await;
}

// P54
#[tokio::test]
async fn an_enriched_field_has_its_present_value_and_did_not_change() {
    let org = org(&[member(
        "Sales__chn",
        "AccountChangeEvent",
        "",
        &["Industry", "Site"],
    )])
    .await;
    let mut stream = org.subscribed(SALES, 10).await;
    let mut single = org.subscribed("/data/AccountChangeEvent", 10).await;
    let id = org
        .create("Account", &[("Name", "Acme"), ("Industry", "Energy")])
        .await;
    org.update("Account", id, &[("Fax", text("1"))]).await;
    org.delete("Account", id).await;
    let enriched = stream.events(3).await;
    let stored = single.events(3).await;
    assert_eq!(enriched[0], stored[0]);
    for (enriched, stored) in enriched.iter().zip(&stored).skip(1) {
        assert_eq!(enriched.replay_id, stored.replay_id);
        assert_eq!(produced(enriched).schema_id, produced(stored).schema_id);
        let (event, plain) = (decoded(&org, enriched).await, decoded(&org, stored).await);
        assert_eq!(event.header, plain.header);
        assert_eq!(
            field(&org, &event, "Industry"),
            FieldValue::Plain(text("Energy"))
        );
        assert_eq!(field(&org, &event, "Site"), FieldValue::Null);
        assert_eq!(field(&org, &plain, "Industry"), FieldValue::Null);
        assert_eq!(field(&org, &event, "Fax"), field(&org, &plain, "Fax"));
    }
}

#[tokio::test]
async fn a_channel_of_platform_events_is_filtered_by_their_fields() {
    let members = [
        member(
            "Printers__chn",
            "Low_Ink__e",
            "Printer_Model__c LIKE 'X%'",
            &[],
        ),
        member("Printers__chn", "Paper_Jam__e", "", &[]),
    ];
    let org = org(&members).await;
    let name = "/event/Printers__chn";
    let mut stream = org.subscribed(name, 10).await;
    let events = ["X1", "Y1", "x2"].map(|model| org.low_ink("", model));
    let results = org.publish("/event/Low_Ink__e", events.to_vec()).await;
    let results = results.expect("they are published").results;
    let received = stream.events(2).await;
    assert_eq!(received[0].replay_id, results[0].replay_id);
    assert_eq!(received[1].replay_id, results[2].replay_id);
    assert_eq!(produced(&received[0]).payload, events[0].payload);
    let status = org
        .publish(name, vec![org.low_ink("", "X1")])
        .await
        .expect_err("it is no event");
    assert_ne!(status.code(), Code::Ok);
}

// P53
#[tokio::test]
async fn a_stream_ends_with_its_channel() {
    let org = org(&[member("Sales__chn", "AccountChangeEvent", "", &[])]).await;
    let mut stream = org.subscribed(SALES, 10).await;
    org.account("one").await;
    stream.event().await;
    org.deploy(project(&[])).await;
    stream.assert_quiet().await;
    org.deploy(vec![project::low_ink("")]).await;
    let status = stream.refusal().await;
    assert_refused(&status, Code::NotFound, "topic.not.found", "Subscribe");
    let stream = org.open().await;
    stream.send(fetch(SALES, 1)).await;
}

#[tokio::test]
async fn a_backlog_that_is_filtered_out_costs_no_credit() {
    let org = org(&[member(
        "Sales__chn",
        "AccountChangeEvent",
        "Name LIKE '%7'",
        &[],
    )])
    .await;
    let mut ids: Vec<RecordId> = Vec::new();
    for number in 0..250 {
        ids.push(org.account(&format!("A{number}")).await);
    }
    let origin = ReplayId::ORIGIN.to_bytes();
    let mut stream = org.resumed(SALES, &origin).await;
    let mut received = stream.events(10).await;
    stream.more(20).await;
    received.extend(stream.events(15).await);
    for (event, place) in received.iter().zip((7..250).step_by(10)) {
        let header = decoded(&org, event).await.header.expect("a header");
        assert_eq!(header.record_ids, [ids[place].to_string()]);
    }
    stream.assert_quiet().await;
}
