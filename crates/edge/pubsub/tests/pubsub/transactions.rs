//! Merged events and overflow events over the Pub/Sub API.

use landfall_engine::{CaptureRules, Change};
use landfall_model::{ChangeEventHeader, ChangeType, RecordId, Value};
use landfall_schema::{DecodedEvent, FieldValue};
use landfall_test_org::channels::{channel, member};

use crate::org::{ACCOUNTS, Org, decoded, fetch, produced, settle};
use crate::proto::ConsumerEvent;

const SALES: &str = "/data/Sales__chn";

const MERGED: CaptureRules = CaptureRules {
    differences: true,
    merge: true,
    overflow_after: 100_000,
};

/// An org with a channel that adds `Site`.
async fn org(rules: CaptureRules) -> Org {
    let org = Org::under(rules).await;
    let member = member("Sales__chn", "AccountChangeEvent", "", &["Site"]);
    org.deploy(vec![channel("Sales__chn", "data"), member])
        .await;
    org
}

async fn accounts(org: &Org, count: usize) -> Vec<RecordId> {
    let mut ids = Vec::new();
    for number in 0..count {
        let site = format!("site {number}");
        ids.push(
            org.create("Account", &[("Name", "Acme"), ("Site", &site)])
                .await,
        );
    }
    ids
}

/// Gives all of them a phone, in one transaction.
async fn phone(org: &Org, ids: &[RecordId]) {
    let phone = [("Phone", Value::Text("1".to_owned()))];
    let changes: Vec<Change> = ids
        .iter()
        .map(|id| org.updating("Account", *id, &phone))
        .collect();
    org.make_all(changes).await;
}

fn said(event: &DecodedEvent) -> (ChangeType, Vec<String>, i32) {
    let ChangeEventHeader {
        change_type,
        record_ids,
        sequence_number,
        ..
    } = event.header.clone().expect("a header");
    (change_type, record_ids, sequence_number)
}

fn texts(ids: &[RecordId]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

// C48
#[tokio::test]
async fn an_overflow_event_has_a_header_and_the_objects_schema() {
    let rules = CaptureRules {
        overflow_after: 1,
        ..CaptureRules::default()
    };
    let org = org(rules).await;
    let ids = accounts(&org, 3).await;
    for topic in [ACCOUNTS, "/data/ChangeEvents", SALES] {
        let mut stream = org.subscribed(topic, 5).await;
        phone(&org, &ids).await;
        let events = stream.events(2).await;
        let [told, overflow] = events.as_slice() else {
            panic!("two events");
        };
        assert_eq!(produced(told).schema_id, produced(overflow).schema_id);
        let event = decoded(&org, overflow).await;
        let header = event.header.as_ref().expect("a header");
        let first = decoded(&org, told).await.header.expect("a header");
        assert_eq!(header.transaction_key, first.transaction_key);
        assert_eq!(header.commit_user, org.admin);
        assert_eq!(header.change_origin, "com/salesforce/api/rest/59.0");
        assert!(header.changed_fields.is_empty() && header.nulled_fields.is_empty());
        let nobody = vec!["000000000000000AAA".to_owned()];
        assert_eq!(said(&event), (ChangeType::GapOverflow, nobody, 2));
        let mut fields = event.fields.iter();
        assert!(fields.all(|value| *value == FieldValue::Null));
        stream.assert_quiet().await;
        // None of them is as it was: each transaction is an update again.
        let none = [("Phone", Value::Null)];
        for id in &ids {
            org.update("Account", *id, &none).await;
        }
    }
}

/// The site of the account, as the event has it.
fn site(org: &Org, event: &DecodedEvent) -> FieldValue {
    let definitions = org.engine.definitions();
    let schema = definitions.change_event_schema("Account");
    let place = schema.expect("a schema").position_of("Site");
    let value = place.and_then(|place| event.fields.get(place));
    value.expect("a field").clone()
}

// C46, P54
#[tokio::test]
async fn a_channel_with_added_fields_takes_merged_events_apart() {
    let org = org(MERGED).await;
    let ids = accounts(&org, 2).await;
    let mut plain = org.subscribed(ACCOUNTS, 10).await;
    let mut enriched = org.subscribed(SALES, 10).await;
    phone(&org, &ids).await;
    let merged = plain.event().await;
    let all = (ChangeType::Update, texts(&ids), 1);
    assert_eq!(said(&decoded(&org, &merged).await), all);
    let response = enriched.next().await;
    assert_eq!(response.pending_num_requested, 8);
    assert_eq!(response.latest_replay_id, merged.replay_id);
    let mut identities = Vec::new();
    for (number, (event, id)) in response.events.iter().zip(&ids).enumerate() {
        assert_eq!(event.replay_id, merged.replay_id);
        assert_eq!(produced(event).schema_id, produced(&merged).schema_id);
        identities.push(produced(event).id.clone());
        let event = decoded(&org, event).await;
        assert_eq!(said(&event), (ChangeType::Update, texts(&[*id]), 1));
        let expected = Value::Text(format!("site {number}"));
        assert_eq!(site(&org, &event), FieldValue::Plain(expected));
    }
    assert_eq!(identities[0], produced(&merged).id);
    assert_ne!(identities[0], identities[1], "they are no repetition");
    // A client that resumes has had both.
    phone(&org, &ids).await;
    let mut resumed = org.resumed(SALES, &merged.replay_id).await;
    let later = resumed.events(2).await;
    assert_eq!(later, enriched.events(2).await);
    assert_ne!(later[0].replay_id, merged.replay_id);
}

#[tokio::test]
async fn what_was_one_event_goes_out_together_and_each_part_is_counted() {
    let org = org(MERGED).await;
    let ids = accounts(&org, 3).await;
    let of_one = |events: &[ConsumerEvent]| -> Vec<Vec<u8>> {
        events.iter().map(|event| event.replay_id.clone()).collect()
    };
    // Enough for one event before it, and for a part of it.
    let mut stream = org.subscribed(SALES, 3).await;
    org.update("Account", ids[0], &[("Fax", Value::Text("1".to_owned()))])
        .await;
    phone(&org, &ids).await;
    let first = stream.next().await;
    assert_eq!((first.events.len(), first.pending_num_requested), (1, 2));
    let group = stream.next().await;
    assert_eq!((group.events.len(), group.pending_num_requested), (3, 0));
    let positions = of_one(&group.events);
    assert!(positions.iter().all(|at| *at == positions[0]));
    assert_eq!(group.latest_replay_id, positions[0]);
    stream.assert_quiet().await;
    // The same from the log.
    let stream = org.open().await;
    stream.send(fetch(SALES, 1)).await;
    settle().await;
    let mut resumed = org.resumed(SALES, &first.latest_replay_id).await;
    assert_eq!(of_one(&resumed.events(3).await), positions);
}

#[tokio::test]
async fn who_does_not_see_a_field_sees_it_of_no_record() {
    let org = org(MERGED).await;
    let ids = accounts(&org, 2).await;
    let rights: &[&str] = &["Read", "ViewAllRecords"];
    let token = org
        .granted_user("few@landfall.test", &[("Account", rights)], &[])
        .await;
    for (topic, count) in [(ACCOUNTS, 1), (SALES, 2)] {
        let mut stream = org.open_as(&token).await;
        stream.send(fetch(topic, 5)).await;
        settle().await;
        phone(&org, &ids).await;
        let events = stream.events(count).await;
        let mut told = Vec::new();
        for event in &events {
            let event = decoded(&org, event).await;
            assert_eq!(site(&org, &event), FieldValue::Null);
            told.extend(said(&event).1);
        }
        assert_eq!(told, texts(&ids));
        stream.assert_quiet().await;
    }
}
