//! The events of a transaction.

use landfall_model::{ChangeType, RecordId, Value};

use crate::org::{ORIGIN, Org, Received, START, null, text, user};

async fn account(org: &Org) -> RecordId {
    org.created("Account", &[text("Name", "Landfall"), text("Phone", "1")])
        .await
}

#[tokio::test]
async fn a_create_has_user_time_origin_and_every_value() {
    let org = Org::new().await;
    let tail = org.tail();
    let id = account(&org).await;
    let events = org.events_after(tail).await;
    let [Received { header, values, .. }] = events.as_slice() else {
        panic!("one event");
    };
    assert_eq!(events[0].what(), (ChangeType::Create, id));
    assert_eq!(header.entity_name.as_str(), "Account");
    assert_eq!(header.change_origin, ORIGIN);
    assert_eq!(header.commit_user, org.user);
    assert_eq!(header.sequence_number, 1);
    assert_eq!(header.commit_timestamp, START.whole_second());
    assert!(header.changed_fields.is_empty());
    assert_eq!(
        values["LastModifiedDate"],
        Value::DateTime(header.commit_timestamp)
    );
    let user = Value::Text(org.user.to_string());
    for field in ["OwnerId", "CreatedById", "LastModifiedById"] {
        assert_eq!(values[field], user, "{field}");
    }
    assert_eq!(values["Phone"], Value::Text("1".to_owned()));
    assert!(!values.contains_key("IsDeleted") && !values.contains_key("Fax"));
}

#[tokio::test]
async fn an_update_has_changed_fields_and_its_date() {
    let org = Org::new().await;
    let id = account(&org).await;
    let tail = org.tail();
    org.advance(1);
    org.change(org.update(id, &[text("Name", "Landfall"), null("Phone")]))
        .await;
    let events = org.events_after(tail).await;
    assert_eq!(events[0].what(), (ChangeType::Update, id));
    assert_eq!(events[0].changed, ["Phone", "LastModifiedDate"]);
    assert_eq!(events[0].nulled, ["Phone"]);
    let fields: Vec<_> = events[0].values.keys().map(String::as_str).collect();
    assert_eq!(fields, ["LastModifiedDate"]);
}

#[tokio::test]
async fn an_update_by_another_user_has_the_modifier_field() {
    let org = Org::new().await;
    let other = org.created("User", &user("other")).await;
    let id = account(&org).await;
    let tail = org.tail();
    let mut transaction = org.transaction(vec![org.update(id, &[text("Fax", "2")])]);
    transaction.user = other;
    org.engine.commit(transaction).await.expect("a commit");
    let events = org.events_after(tail).await;
    assert_eq!(events[0].header.commit_user, other);
    let mut changed = events[0].changed.clone();
    changed.sort_unstable();
    assert_eq!(changed, ["Fax", "LastModifiedById", "LastModifiedDate"]);
}

#[tokio::test]
async fn an_update_without_changes_has_its_date_only() {
    let org = Org::new().await;
    let id = account(&org).await;
    for seconds in [0, 60] {
        org.advance(seconds);
        let tail = org.tail();
        org.change(org.update(id, &[text("Phone", "1")])).await;
        let events = org.events_after(tail).await;
        assert_eq!(events.len(), 1, "after {seconds} seconds");
        assert_eq!(events[0].changed, ["LastModifiedDate"]);
    }
}

#[tokio::test]
async fn several_changes_of_one_record_are_one_event() {
    let org = Org::new().await;
    let id = account(&org).await;
    let tail = org.tail();
    org.commit(vec![
        org.update(id, &[text("Phone", "2"), text("Fax", "2")]),
        org.create("Account", &[text("Name", "Another")]),
        org.update(id, &[text("Phone", "3"), null("Fax")]),
    ])
    .await;
    let events = org.events_after(tail).await;
    assert_eq!(events.len(), 2);
    assert_eq!(events[0].what(), (ChangeType::Update, id));
    assert_eq!(events[0].values["Phone"], Value::Text("3".to_owned()));
    assert_eq!(events[0].changed, ["Phone", "LastModifiedDate"]);
    assert_eq!(events[1].header.sequence_number, 2);
}

#[tokio::test]
async fn a_create_and_an_update_are_one_create_with_the_final_values() {
    let org = Org::new().await;
    let upsert = |name: &str| {
        org.upsert(
            "Contact",
            text("Email", "a@b.test"),
            &[text("LastName", name)],
        )
    };
    let tail = org.tail();
    let outcomes = org.commit(vec![upsert("First"), upsert("Last")]).await;
    let ids: Vec<RecordId> = outcomes
        .into_iter()
        .map(|saved| saved.expect("saved").id)
        .collect();
    assert_eq!(ids[0], ids[1]);
    let events = org.events_after(tail).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].what(), (ChangeType::Create, ids[0]));
    assert!(events[0].changed.is_empty());
    assert_eq!(
        org.value(ids[0], "LastName").await,
        Value::Text("Last".to_owned())
    );
}

#[tokio::test]
async fn a_delete_and_an_undelete_are_an_update() {
    let org = Org::new().await;
    let id = account(&org).await;
    let tail = org.tail();
    org.commit(vec![org.delete(id), org.undelete(id)]).await;
    let events = org.events_after(tail).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].what(), (ChangeType::Update, id));
}

#[tokio::test]
async fn each_transaction_has_its_key_and_its_commit_number() {
    let org = Org::new().await;
    let tail = org.tail();
    let first = account(&org).await;
    org.commit(vec![
        org.update(first, &[text("Phone", "2")]),
        org.create("Account", &[text("Name", "Another")]),
    ])
    .await;
    let events = org.events_after(tail).await;
    let of = |place: usize| &events[place].header;
    assert_ne!(of(0).transaction_key, of(1).transaction_key);
    assert_eq!(of(1).transaction_key, of(2).transaction_key);
    assert!(of(0).commit_number < of(1).commit_number);
    assert_eq!(of(1).commit_number, of(2).commit_number);
    assert!(of(0).commit_number.get() > 1 << 32);
    let replay_ids: Vec<u64> = events.iter().map(|event| event.replay_id).collect();
    let next = tail.get() + 1;
    assert_eq!(replay_ids, [next, next + 1, next + 2]);
}

#[tokio::test]
async fn changes_by_the_org_itself_make_no_events() {
    let org = Org::new().await;
    let tail = org.tail();
    let mut transaction = org.transaction(vec![org.create("User", &user("seed"))]);
    transaction.user = RecordId::EMPTY;
    let outcomes = org.engine.commit(transaction).await.expect("a commit");
    let id = outcomes[0].as_ref().expect("a user").id;
    assert_eq!(org.tail(), tail);
    assert_eq!(org.value(id, "CreatedById").await, Value::Id(id));
}

#[tokio::test]
async fn the_longest_text_of_an_account_still_fits_an_event() {
    let org = Org::new().await;
    let entity = org.entity("Account");
    let long: Vec<_> = entity
        .fields
        .iter()
        .filter(|field| field.is_long_text() && field.createable)
        .map(|field| (field.name.as_str(), field.length))
        .collect();
    // Account's description is the only long text: it stays below the limit, and so an event.
    assert_eq!(long, [("Description", 32_000)]);
    let description = "ü".repeat(32_000);
    let tail = org.tail();
    org.created(
        "Account",
        &[text("Name", "Landfall"), text("Description", &description)],
    )
    .await;
    let events = org.events_after(tail).await;
    assert_eq!(events[0].what().0, ChangeType::Create);
    assert_eq!(events[0].values["Description"], Value::Text(description));
}
