//! Transactions that are refused, undone or taken together.

use std::sync::atomic::Ordering;

use landfall_engine::{Change, Engine, Outcome, Transaction};
use landfall_model::{Fault, FieldFault, RecordFault, RecordId, Value, ValueFault};
use tokio::task::JoinSet;

use crate::org::{Org, text, user};

fn account(org: &Org, name: &str) -> Change {
    org.create("Account", &[text("Name", name)])
}

#[tokio::test]
async fn one_refused_change_leaves_the_others_of_its_transaction() {
    let org = Org::new().await;
    let tail = org.tail();
    let outcomes = org
        .commit(vec![
            account(&org, "One"),
            account(&org, ""),
            account(&org, "Two"),
        ])
        .await;
    assert!(outcomes[0].is_ok() && outcomes[1].is_err() && outcomes[2].is_ok());
    let events = org.events_after(tail).await;
    let numbers: Vec<i32> = events
        .iter()
        .map(|event| event.header.sequence_number)
        .collect();
    assert_eq!(numbers, [1, 2]);
}

#[tokio::test]
async fn one_refused_change_undoes_an_all_or_none_transaction() {
    let org = Org::new().await;
    let id = org.change(account(&org, "Kept")).await;
    let tail = org.tail();
    let groups = org.engine.writer_counters().groups.load(Ordering::Relaxed);
    let mut transaction = org.transaction(vec![
        org.create("User", &user("boyle")),
        org.update(id, &[text("Name", "Changed")]),
        org.delete(id),
        account(&org, ""),
    ]);
    transaction.all_or_none = true;
    let outcomes = org.engine.commit(transaction).await.expect("an answer");
    let existing = Some(id);
    assert_eq!(
        outcomes[..3],
        [None, existing, existing]
            .map(|record| Err(Fault::Record(RecordFault::RolledBack { record })))
    );
    assert!(matches!(
        outcomes[3],
        Err(Fault::Field(FieldFault::Required { .. }))
    ));
    assert_eq!(org.tail(), tail);
    assert_eq!(org.value(id, "Name").await, Value::Text("Kept".to_owned()));
    assert!(!org.is_deleted(id).await);
    // Nothing was kept, so there was nothing to sync.
    assert_eq!(
        org.engine.writer_counters().groups.load(Ordering::Relaxed),
        groups
    );
    // The name is free again.
    org.created("User", &user("boyle")).await;
    assert_eq!(org.tail().get(), tail.get() + 1);
}

/// All at once, so that they wait together while the writer is busy.
async fn at_once(engine: &Engine, transactions: Vec<Transaction>) -> Vec<Vec<Outcome>> {
    let mut running = JoinSet::new();
    for (place, transaction) in transactions.into_iter().enumerate() {
        let engine = engine.clone();
        running.spawn(async move { (place, engine.commit(transaction).await.expect("a commit")) });
    }
    let mut answers = running.join_all().await;
    answers.sort_by_key(|(place, _)| *place);
    answers.into_iter().map(|(_, outcomes)| outcomes).collect()
}

#[tokio::test]
async fn a_refused_transaction_in_a_group_leaves_the_others_of_the_group() {
    let org = Org::new().await;
    let tail = org.tail();
    let transactions = (0..60)
        .map(|number| {
            let mut transaction = org.transaction(vec![
                account(&org, "First"),
                account(&org, if number % 3 == 0 { "" } else { "Second" }),
            ]);
            transaction.all_or_none = true;
            transaction
        })
        .collect();
    let answers = at_once(&org.engine, transactions).await;
    for (number, outcomes) in answers.iter().enumerate() {
        assert_eq!(outcomes.iter().all(Result::is_ok), number % 3 != 0);
    }
    let events = org.events_after(tail).await;
    assert_eq!(events.len(), 80);
    for pair in events.chunks(2) {
        let [first, second] = [&pair[0].header, &pair[1].header];
        assert_eq!(first.transaction_key, second.transaction_key);
        assert_eq!((first.sequence_number, second.sequence_number), (1, 2));
    }
    let commits: Vec<_> = events
        .iter()
        .map(|event| event.header.commit_number)
        .collect();
    assert!(commits.is_sorted());
}

#[tokio::test]
async fn a_unique_value_is_given_once_in_a_group() {
    let org = Org::new().await;
    let transactions = (0..40)
        .map(|_| org.transaction(vec![org.create("User", &user("boyle"))]))
        .collect();
    let answers = at_once(&org.engine, transactions).await;
    let made: Vec<RecordId> = answers
        .iter()
        .filter_map(|outcomes| Some(outcomes[0].as_ref().ok()?.id))
        .collect();
    let [holder] = made.as_slice() else {
        panic!("{made:?}");
    };
    for outcome in answers.into_iter().flatten().filter(Result::is_err) {
        let fault = outcome.expect_err("a refusal");
        assert!(
            matches!(&fault, Fault::Value(ValueFault::Duplicate { record, .. }) if record == holder),
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn a_value_is_free_again_when_its_holder_is_undone() {
    let org = Org::new().await;
    let transactions = (0..41)
        .map(|number| {
            let mut changes = vec![org.create("User", &user("boyle"))];
            if number < 40 {
                changes.push(account(&org, ""));
            }
            let mut transaction = org.transaction(changes);
            transaction.all_or_none = true;
            transaction
        })
        .collect();
    let answers = at_once(&org.engine, transactions).await;
    let (last, undone) = answers.split_last().expect("answers");
    assert!(last[0].is_ok(), "{last:?}");
    for outcomes in undone {
        assert!(
            matches!(
                outcomes[0],
                Err(Fault::Record(RecordFault::RolledBack { .. })
                    | Fault::Value(ValueFault::Duplicate { .. }))
            ),
            "{outcomes:?}"
        );
    }
}

#[tokio::test]
async fn a_row_that_is_rolled_back_is_found_by_the_value_that_it_has_again() {
    let org = Org::new().await;
    let [from, old, new] = [
        org.change(account(&org, "From")).await,
        org.change(account(&org, "Old")).await,
        org.change(account(&org, "New")).await,
    ];
    let given = [text("LastName", "Boyle"), ("AccountId", Value::Id(from))];
    let contact = org.created("Contact", &given).await;
    let parent = |account: RecordId| org.update(contact, &[("AccountId", Value::Id(account))]);
    let mut undone = org.transaction(vec![parent(new), org.delete(old), account(&org, "")]);
    undone.all_or_none = true;
    // While the writer is busy with the first, the others come together behind it.
    let transactions = vec![
        org.transaction(vec![account(&org, "Busy"); 1_000]),
        org.transaction(vec![parent(old)]),
        undone,
        org.transaction(vec![org.delete(old)]),
    ];
    let answers = at_once(&org.engine, transactions).await;
    assert!(answers[1][0].is_ok() && answers[2][0].is_err() && answers[3][0].is_ok());
    assert!(org.is_deleted(contact).await);
    assert!(!org.is_deleted(new).await);
}

#[tokio::test]
async fn more_than_a_group_holds_is_taken_in_several() {
    let org = Org::new().await;
    let tail = org.tail();
    let transactions = (0..30)
        .map(|_| org.transaction(vec![account(&org, "Landfall"); 200]))
        .collect();
    let answers = at_once(&org.engine, transactions).await;
    assert!(answers.iter().flatten().all(Result::is_ok));
    assert_eq!(org.tail().get(), tail.get() + 6_000);
}

#[tokio::test]
async fn values_swap_holders_in_one_transaction() {
    let org = Org::new().await;
    let first = org.created("User", &user("first")).await;
    let second = org.created("User", &user("second")).await;
    let name = |value: &str| [text("Username", value)];
    let outcomes = org
        .commit(vec![
            org.update(first, &name("free@landfall.test")),
            org.update(second, &name("first@landfall.test")),
            org.update(first, &name("second@landfall.test")),
        ])
        .await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let words = |value: &str| Value::Text(value.to_owned());
    assert_eq!(
        org.value(first, "Username").await,
        words("second@landfall.test")
    );
    assert_eq!(
        org.value(second, "Username").await,
        words("first@landfall.test")
    );
}
