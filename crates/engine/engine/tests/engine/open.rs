//! Transactions that are made step by step.

use landfall_engine::{Change, Error, OpenTransaction, Outcome};
use landfall_model::{ChangeType, Fault, RecordFault, RecordId, Value};

use crate::org::{ORIGIN, Org, text, user};

async fn opened(org: &Org) -> OpenTransaction {
    let opened = org.engine.open(org.user, ORIGIN.to_owned()).await;
    opened.expect("an open transaction")
}

async fn step(transaction: &OpenTransaction, change: Change) -> Outcome {
    let outcomes = transaction.apply(vec![change], true).await;
    outcomes.expect("outcomes").remove(0)
}

async fn made(transaction: &OpenTransaction, change: Change) -> RecordId {
    step(transaction, change).await.expect("a change").id
}

#[tokio::test]
async fn steps_see_their_own_changes_and_others_do_not() {
    let org = Org::new().await;
    let (tail, accounts) = (org.tail(), org.entity("Account"));
    let name = accounts.index_of("Name").expect("a field");
    let transaction = opened(&org).await;
    let id = made(&transaction, org.create("Account", &[text("Name", "Acme")])).await;
    let child = org.create(
        "Contact",
        &[text("LastName", "A"), ("AccountId", Value::Id(id))],
    );
    made(&transaction, child).await;
    let within = transaction.row(&accounts, id).await.expect("a read");
    assert_eq!(
        within.expect("a record")[name],
        Value::Text("Acme".to_owned())
    );
    let named = Value::Text("acme".to_owned());
    let found = transaction.rows_where(&accounts, name, named, 10).await;
    assert_eq!(found.expect("a read").len(), 1);
    assert_eq!(org.engine.row(&accounts, id).await.expect("a read"), None);
    assert_eq!(org.tail(), tail);
    transaction.commit().await.expect("a commit");
    assert_eq!(org.value(id, "Name").await, Value::Text("Acme".to_owned()));
    assert_eq!(org.tail().get(), tail.get() + 2);
}

#[tokio::test]
async fn all_its_events_are_of_one_transaction() {
    let org = Org::new().await;
    let tail = org.tail();
    let transaction = opened(&org).await;
    let id = made(
        &transaction,
        org.create("Account", &[text("Name", "First")]),
    )
    .await;
    let other = made(
        &transaction,
        org.create("Account", &[text("Name", "Other")]),
    )
    .await;
    made(&transaction, org.update(id, &[text("Name", "Last")])).await;
    transaction.commit().await.expect("a commit");
    let events = org.events_after(tail).await;
    let what: Vec<_> = events.iter().map(crate::org::Received::what).collect();
    assert_eq!(
        what,
        [(ChangeType::Create, id), (ChangeType::Create, other)]
    );
    assert_eq!(events[0].values["Name"], Value::Text("Last".to_owned()));
    assert_eq!(
        events[0].header.transaction_key,
        events[1].header.transaction_key
    );
    assert_eq!(
        [0, 1].map(|place| events[place].header.sequence_number),
        [1, 2]
    );
}

#[tokio::test]
async fn a_step_that_fails_undoes_itself_only() {
    let org = Org::new().await;
    let tail = org.tail();
    let transaction = opened(&org).await;
    made(&transaction, org.create("Account", &[text("Name", "Kept")])).await;
    let changes = vec![
        org.create("Account", &[text("Name", "Lost")]),
        org.create("Account", &[]),
    ];
    let outcomes = transaction.apply(changes, true).await.expect("outcomes");
    assert_eq!(
        outcomes[0],
        Err(Fault::Record(RecordFault::RolledBack { record: None }))
    );
    let changes = vec![
        org.create("Account", &[text("Name", "Kept too")]),
        Change::Refused(Fault::Record(RecordFault::AccessDenied)),
    ];
    let outcomes = transaction.apply(changes, false).await.expect("outcomes");
    assert!(outcomes[0].is_ok());
    assert_eq!(outcomes[1], Err(Fault::Record(RecordFault::AccessDenied)));
    transaction.commit().await.expect("a commit");
    assert_eq!(org.tail().get(), tail.get() + 2);
}

#[tokio::test]
async fn a_dropped_transaction_leaves_no_change_and_no_waiter() {
    let org = Org::new().await;
    let tail = org.tail();
    let transaction = opened(&org).await;
    let lost = made(&transaction, org.create("User", &user("boyle"))).await;
    let engine = org.engine.clone();
    let waiting = org.transaction(vec![org.create("User", &user("boyle"))]);
    let waiting = tokio::spawn(async move { engine.commit(waiting).await });
    drop(transaction);
    // The user name is free again for the transaction that waited.
    let outcomes = waiting.await.expect("a task").expect("a commit");
    assert!(outcomes[0].is_ok());
    let entity = org.entity("User");
    assert_eq!(org.engine.row(&entity, lost).await.expect("a read"), None);
    assert_eq!(org.tail().get(), tail.get() + 1);
}

#[tokio::test]
async fn a_stopped_writer_takes_no_steps() {
    let mut org = Org::new().await;
    org.stop().await;
    let opened = org.engine.open(org.user, ORIGIN.to_owned()).await;
    assert!(matches!(opened.err(), Some(Error::Stopped)));
}
