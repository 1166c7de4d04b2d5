//! Out of the recycle bin for good.

use landfall_engine::Change;
use landfall_model::{Fault, RecordFault, RecordId, Value};

use crate::org::{Org, text};

pub(crate) fn purge(org: &Org, id: RecordId) -> Change {
    let catalog = org.engine.catalog();
    let entity = catalog.entity_of(id.prefix()).expect("an object").clone();
    Change::Purge { entity, id }
}

pub(crate) async fn is_there(org: &Org, id: RecordId) -> bool {
    let catalog = org.engine.catalog();
    let entity = catalog.entity_of(id.prefix()).expect("an object");
    org.engine.row(entity, id).await.expect("a read").is_some()
}

async fn family(org: &Org) -> (RecordId, RecordId) {
    let account = org.created("Account", &[text("Name", "A")]).await;
    let given = [text("LastName", "C"), ("AccountId", Value::Id(account))];
    (account, org.created("Contact", &given).await)
}

#[tokio::test]
async fn emptying_the_recycle_bin_removes_cascaded_records_without_events() {
    let org = Org::new().await;
    let (account, contact) = family(&org).await;
    org.change(org.delete(account)).await;
    let tail = org.tail();
    org.change(purge(&org, account)).await;
    assert_eq!(org.tail(), tail);
    assert!(!is_there(&org, account).await);
    assert!(!is_there(&org, contact).await);
    assert_eq!(
        org.refused(org.undelete(account)).await,
        Fault::Record(RecordFault::Unknown)
    );
    let org = org.restarted().await;
    assert!(!is_there(&org, contact).await);
}

#[tokio::test]
async fn only_what_is_in_the_bin_by_itself_can_be_forgotten() {
    let org = Org::new().await;
    let (account, contact) = family(&org).await;
    assert_eq!(
        org.refused(purge(&org, account)).await,
        Fault::Record(RecordFault::BinEntryMissing)
    );
    org.change(org.delete(account)).await;
    assert_eq!(
        org.refused(purge(&org, contact)).await,
        Fault::Record(RecordFault::BinEntryMissing)
    );
    assert_eq!(
        org.refused(org.undelete(contact)).await,
        Fault::Record(RecordFault::NotDeleted)
    );
    assert!(is_there(&org, contact).await);
    org.change(org.undelete(account)).await;
    assert!(!org.is_deleted(contact).await);
}

#[tokio::test]
async fn one_transaction_can_delete_and_forget() {
    let org = Org::new().await;
    let (account, contact) = family(&org).await;
    let outcomes = org
        .commit(vec![
            org.delete(contact),
            purge(&org, contact),
            purge(&org, contact),
            org.delete(account),
            org.undelete(account),
        ])
        .await;
    assert_eq!(
        outcomes[2],
        Err(Fault::Record(RecordFault::BinEntryMissing))
    );
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 4);
    assert!(!is_there(&org, contact).await);
    assert!(is_there(&org, account).await);
}

#[tokio::test]
async fn what_comes_back_refers_to_nothing_that_is_forgotten() {
    let org = Org::new().await;
    let (account, contact) = family(&org).await;
    org.change(org.delete(contact)).await;
    org.change(org.delete(account)).await;
    org.change(purge(&org, account)).await;
    assert!(is_there(&org, contact).await);
    org.change(org.undelete(contact)).await;
    assert_eq!(org.value(contact, "AccountId").await, Value::Null);
}
