//! Into the recycle bin and back, and what the cascade includes.

use landfall_model::{
    ChangeType, DeleteRule, EntityDefinition, Fault, RecordFault, RecordId, Value,
};

use crate::org::{Org, Received, text};

async fn account(org: &Org) -> RecordId {
    org.created("Account", &[text("Name", "Landfall")]).await
}

async fn child(org: &Org, entity: &str, field: &str, parent: RecordId) -> RecordId {
    let mut given = vec![(field, Value::Id(parent))];
    if entity == "Contact" {
        given.push(text("LastName", "Boyle"));
    } else if entity == "Account" || entity == "Asset" {
        given.push(text("Name", "Child"));
    }
    org.created(entity, &given).await
}

fn rule(entity: &EntityDefinition, child: &str, field: &str) -> DeleteRule {
    let mut children = entity.children.iter();
    let found = children
        .find(|children| children.child.as_str() == child && children.field.as_str() == field);
    found.expect("a relationship").delete_rule
}

fn whats(events: &[Received]) -> Vec<(ChangeType, RecordId)> {
    events.iter().map(Received::what).collect()
}

/// The events are one transaction: one key, one commit, numbers that count from one.
fn check_one_transaction(events: &[Received]) {
    let first = &events.first().expect("an event").header;
    for (event, number) in events.iter().zip(1..) {
        assert_eq!(event.header.transaction_key, first.transaction_key);
        assert_eq!(event.header.commit_number, first.commit_number);
        assert_eq!(event.header.sequence_number, number);
    }
}

#[tokio::test]
async fn children_go_along_and_come_back_as_their_relationship_says() {
    let org = Org::new().await;
    let objects = org.entity("Account");
    assert_eq!(rule(&objects, "Contact", "AccountId"), DeleteRule::Cascade);
    assert_eq!(rule(&objects, "Account", "ParentId"), DeleteRule::Clear);
    let account = account(&org).await;
    let contact = child(&org, "Contact", "AccountId", account).await;
    let task = child(&org, "Task", "WhoId", contact).await;
    let other = child(&org, "Account", "ParentId", account).await;
    let tail = org.tail();
    org.advance(5);
    org.change(org.delete(account)).await;
    let events = org.events_after(tail).await;
    check_one_transaction(&events);
    let mut told = whats(&events);
    assert_eq!(told.remove(0), (ChangeType::Delete, account));
    assert!(told.contains(&(ChangeType::Update, other)));
    assert!(told.contains(&(ChangeType::Delete, contact)));
    assert!(told.contains(&(ChangeType::Delete, task)));
    assert_eq!(told.len(), 3);
    let cleared = events.iter().find(|event| event.what().1 == other);
    let cleared = cleared.expect("an update");
    assert_eq!(cleared.changed, ["ParentId", "LastModifiedDate"]);
    assert_eq!(cleared.nulled, ["ParentId"]);
    assert_eq!(org.value(other, "ParentId").await, Value::Null);
    for id in [account, contact, task] {
        assert!(org.is_deleted(id).await);
    }
    let tail = org.tail();
    org.change(org.undelete(account)).await;
    let events = org.events_after(tail).await;
    check_one_transaction(&events);
    let told = whats(&events);
    assert_eq!(told[0], (ChangeType::Undelete, account));
    assert_eq!(told.len(), 3);
    for id in [contact, task] {
        assert!(told.contains(&(ChangeType::Undelete, id)));
        assert!(!org.is_deleted(id).await);
    }
}

#[tokio::test]
async fn a_child_that_was_deleted_before_stays_deleted() {
    let org = Org::new().await;
    let account = account(&org).await;
    let early = child(&org, "Contact", "AccountId", account).await;
    let late = child(&org, "Contact", "AccountId", account).await;
    org.change(org.delete(early)).await;
    org.change(org.delete(account)).await;
    org.change(org.undelete(account)).await;
    assert!(org.is_deleted(early).await);
    assert!(!org.is_deleted(late).await);
}

#[tokio::test]
async fn a_delete_has_only_a_header_and_an_undelete_has_every_value() {
    let org = Org::new().await;
    let account = account(&org).await;
    let tail = org.tail();
    org.advance(60);
    org.commit(vec![org.delete(account)]).await;
    org.commit(vec![org.undelete(account)]).await;
    let events = org.events_after(tail).await;
    assert!(events[0].values.is_empty());
    assert_eq!(events[1].values["Name"], Value::Text("Landfall".to_owned()));
    assert_eq!(
        events[1].values["CreatedDate"],
        org.value(account, "CreatedDate").await
    );
    assert!(events[1].changed.is_empty());
}

#[tokio::test]
async fn a_child_that_forbids_it_keeps_its_parent_and_everything_as_it_was() {
    let org = Org::new().await;
    let account = account(&org).await;
    let restricting = org
        .entity("Account")
        .children
        .iter()
        .any(|children| children.delete_rule == DeleteRule::Restrict);
    assert!(
        restricting,
        "an account has children that forbid deleting it"
    );
    let contact = child(&org, "Contact", "AccountId", account).await;
    let task = child(&org, "Task", "WhatId", account).await;
    let case = child(&org, "Case", "AccountId", account).await;
    let tail = org.tail();
    let fault = org.refused(org.delete(account)).await;
    let (label, child) = ("Account".to_owned(), "Case".to_owned());
    assert_eq!(
        fault,
        Fault::Record(RecordFault::DeleteRestricted { label, child })
    );
    assert_eq!(org.tail(), tail);
    for id in [account, contact, task, case] {
        assert!(!org.is_deleted(id).await);
    }
    org.change(org.delete(case)).await;
    org.change(org.delete(account)).await;
}

#[tokio::test]
async fn children_made_in_the_same_transaction_go_along() {
    let org = Org::new().await;
    let account = account(&org).await;
    let given = [text("LastName", "Boyle"), ("AccountId", Value::Id(account))];
    let changes = vec![org.create("Contact", &given), org.delete(account)];
    let tail = org.tail();
    let outcomes = org.commit(changes).await;
    let contact = outcomes[0].as_ref().expect("a contact").id;
    assert!(org.is_deleted(contact).await);
    // It was never there for anybody else.
    assert_eq!(
        whats(&org.events_after(tail).await),
        [(ChangeType::Delete, account)]
    );
}

#[tokio::test]
async fn a_child_that_moved_away_in_the_same_transaction_stays() {
    let org = Org::new().await;
    let old = account(&org).await;
    let new = account(&org).await;
    let contact = child(&org, "Contact", "AccountId", old).await;
    let moved = org.update(contact, &[("AccountId", Value::Id(new))]);
    let outcomes = org.commit(vec![moved, org.delete(old)]).await;
    assert!(outcomes.iter().all(Result::is_ok));
    assert!(!org.is_deleted(contact).await);
    assert_eq!(org.value(contact, "AccountId").await, Value::Id(new));
}

#[tokio::test]
async fn a_large_family_is_deleted_in_one_transaction() {
    let org = Org::new().await;
    let account = account(&org).await;
    let given = [text("LastName", "Boyle"), ("AccountId", Value::Id(account))];
    let contacts = vec![org.create("Contact", &given); 500];
    assert!(org.commit(contacts).await.iter().all(Result::is_ok));
    let tail = org.tail();
    org.change(org.delete(account)).await;
    let events = org.events_after(tail).await;
    assert_eq!(events.len(), 501);
    check_one_transaction(&events);
}
