//! Records that become one.

use landfall_engine::{Merge, Merged};
use landfall_model::{ChangeType, Fault, MergeFault, RecordFault, RecordId, Value, ValueFault};

use crate::org::{FieldValueOf, ORIGIN, Org, Received, text};

async fn account(org: &Org, name: &str) -> RecordId {
    org.created("Account", &[text("Name", name)]).await
}

async fn contact(org: &Org, account: RecordId) -> RecordId {
    let given = [text("LastName", "C"), ("AccountId", Value::Id(account))];
    org.created("Contact", &given).await
}

pub(crate) async fn attempt(
    org: &Org,
    master: RecordId,
    given: &[FieldValueOf<'_>],
    victims: &[RecordId],
) -> Result<Merged, Fault> {
    let entity = org.engine.catalog();
    let entity = entity.entity_of(master.prefix()).expect("an object");
    let place = |name| entity.index_of(name).expect("a field");
    let values = given.iter();
    let merge = Merge {
        entity: entity.clone(),
        master,
        values: values
            .map(|(name, value)| (place(name), value.clone()))
            .collect(),
        victims: victims.to_vec(),
    };
    let transaction = org.engine.open(org.user, ORIGIN.to_owned()).await;
    let transaction = transaction.expect("an open transaction");
    let merged = transaction.merge(merge).await.expect("an answer");
    if merged.is_ok() {
        transaction.commit().await.expect("a commit");
    }
    merged
}

fn whats(events: &[Received]) -> Vec<(ChangeType, RecordId)> {
    events.iter().map(Received::what).collect()
}

#[tokio::test]
async fn a_victim_is_deleted_and_what_referred_to_it_refers_to_the_master() {
    let org = Org::new().await;
    let (master, victim) = (account(&org, "A").await, account(&org, "B").await);
    let (mine, its) = (contact(&org, master).await, contact(&org, victim).await);
    let tail = org.tail();
    org.advance(5);
    let merged = attempt(&org, master, &[text("Phone", "1")], &[victim]).await;
    assert_eq!(merged, Ok(Merged { related: vec![its] }));
    let events = org.events_after(tail).await;
    assert_eq!(
        whats(&events),
        [
            (ChangeType::Delete, victim),
            (ChangeType::Update, master),
            (ChangeType::Update, its),
        ]
    );
    let first = &events[0].header;
    for (event, number) in events.iter().zip(1..) {
        assert_eq!(event.header.transaction_key, first.transaction_key);
        assert_eq!(event.header.sequence_number, number);
        assert!(!event.values.contains_key("MasterRecordId"));
    }
    assert_eq!(events[1].changed, ["Phone", "LastModifiedDate"]);
    assert_eq!(events[2].changed, ["AccountId", "LastModifiedDate"]);
    for contact in [mine, its] {
        assert_eq!(org.value(contact, "AccountId").await, Value::Id(master));
        assert!(!org.is_deleted(contact).await);
    }
    assert!(org.is_deleted(victim).await);
    assert_eq!(org.value(victim, "MasterRecordId").await, Value::Id(master));
}

#[tokio::test]
async fn a_restored_losing_record_has_no_parent_and_no_children() {
    let org = Org::new().await;
    let (master, victim) = (account(&org, "A").await, account(&org, "B").await);
    let its = contact(&org, victim).await;
    attempt(&org, master, &[], &[victim]).await.expect("merged");
    let tail = org.tail();
    org.change(org.undelete(victim)).await;
    assert_eq!(
        whats(&org.events_after(tail).await),
        [(ChangeType::Undelete, victim)]
    );
    assert_eq!(org.value(victim, "MasterRecordId").await, Value::Null);
    assert_eq!(org.value(its, "AccountId").await, Value::Id(master));
}

#[tokio::test]
async fn two_victims_at_most_and_each_once() {
    let org = Org::new().await;
    let mut accounts = Vec::new();
    for name in ["A", "B", "C", "D"] {
        accounts.push(account(&org, name).await);
    }
    let master = accounts[0];
    let contact = contact(&org, master).await;
    let refused = async |victims: &[RecordId]| {
        let tail = org.tail();
        let merged = attempt(&org, master, &[], victims).await;
        assert_eq!(org.tail(), tail, "nothing is made");
        merged.expect_err("a refusal")
    };
    let count = Fault::Merge(MergeFault::VictimsInvalid { most: 2 });
    assert_eq!(refused(&[]).await, count);
    assert_eq!(refused(&accounts[1..]).await, count);
    let repeated = Fault::Merge(MergeFault::VictimRepeated);
    assert_eq!(refused(&[master]).await, repeated);
    assert_eq!(refused(&[accounts[1], accounts[1]]).await, repeated);
    assert!(matches!(
        refused(&[contact]).await,
        Fault::Value(ValueFault::IdTypeWrong { .. })
    ));
    org.change(org.delete(accounts[3])).await;
    assert_eq!(
        refused(&accounts[2..]).await,
        Fault::Record(RecordFault::Deleted)
    );
    assert!(!org.is_deleted(accounts[2]).await);
    attempt(&org, master, &[], &accounts[1..3])
        .await
        .expect("merged");
    assert!(matches!(
        attempt(&org, org.user, &[], &[org.user]).await,
        Err(Fault::Record(RecordFault::OperationRefused { .. }))
    ));
}

#[tokio::test]
async fn no_record_comes_to_be_above_itself() {
    let org = Org::new().await;
    let cyclical = Err(Fault::Merge(MergeFault::Cyclical));
    let victim = account(&org, "B").await;
    let below = |parent| [text("Name", "A"), ("ParentId", Value::Id(parent))];
    let middle = org.created("Account", &below(victim)).await;
    let master = org.created("Account", &below(middle)).await;
    assert_eq!(attempt(&org, master, &[], &[victim]).await, cyclical);
    let outside = account(&org, "D").await;
    let merged = attempt(&org, outside, &[], &[victim]).await;
    assert_eq!(
        merged,
        Ok(Merged {
            related: vec![middle]
        })
    );
    assert_eq!(org.value(middle, "ParentId").await, Value::Id(outside));
}

#[tokio::test]
async fn a_contact_takes_over_whom_it_reports_to() {
    let org = Org::new().await;
    let person = |name: &'static str| text("LastName", name);
    let boss = org.created("Contact", &[person("Boss")]).await;
    let master = org.created("Contact", &[person("Master")]).await;
    let under = |id| [person("Victim"), ("ReportsToId", Value::Id(id))];
    let victim = org.created("Contact", &under(boss)).await;
    attempt(&org, master, &[], &[victim]).await.expect("merged");
    assert_eq!(org.value(master, "ReportsToId").await, Value::Id(boss));
    let other = org.created("Contact", &[person("Other")]).await;
    let victim = org.created("Contact", &under(other)).await;
    assert_eq!(
        attempt(&org, other, &[], &[victim]).await,
        Err(Fault::Merge(MergeFault::Cyclical))
    );
}
