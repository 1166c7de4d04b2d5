//! Returning to a snapshot: what the org consists of and what is in memory of it is what was saved.

use std::path::{Path, PathBuf};

use landfall_engine::{Error, Restored, TopicFilter};
use landfall_model::{ChangeType, RecordId, ReplayId, Value};

use crate::deploying::{flag, ship};
use crate::org::{Org, text};

/// An org with an account, and a snapshot of it.
async fn saved() -> (Org, RecordId, PathBuf) {
    let org = Org::new().await;
    let account = org.created("Account", &[text("Name", "saved")]).await;
    let file = org.beside("saved.db");
    let saved = org.engine.save(file.clone()).await.expect("saved");
    let records: Vec<_> = saved
        .records
        .iter()
        .map(|(object, count)| (object.as_str(), *count))
        .collect();
    assert_eq!(records, [("Account", 1)]);
    assert_eq!(saved.tail, org.tail());
    (org, account, file)
}

async fn restore(org: &Org, file: &Path) -> Restored {
    let restored = org.engine.restore(file.to_owned(), false).await;
    restored.expect("restored")
}

fn name(value: &str) -> Value {
    Value::Text(value.to_owned())
}

#[tokio::test]
async fn records_events_and_numbers_are_those_of_the_snapshot() {
    let (org, account, file) = saved().await;
    let (tail, events) = (org.tail(), org.events_after(ReplayId::ORIGIN).await.len());
    org.change(org.update(account, &[text("Name", "changed")]))
        .await;
    let later = org.created("Account", &[text("Name", "later")]).await;

    let same = Restored {
        has_other_components: false,
    };
    assert_eq!(restore(&org, &file).await, same);
    assert_eq!(org.value(account, "Name").await, name("saved"));
    assert_eq!(org.tail(), tail);
    assert_eq!(org.events_after(ReplayId::ORIGIN).await.len(), events);

    // What comes next is what came next the first time: the same id, the same replay id.
    let again = org.created("Account", &[text("Name", "again")]).await;
    assert_eq!(again, later);
    let received = org.events_after(tail).await;
    let [event] = &received[..] else {
        panic!("{received:?}");
    };
    assert_eq!(event.header.change_type, ChangeType::Create);
    assert_eq!(event.header.record_ids, [again.to_string()]);
    assert_eq!(event.replay_id, tail.get() + 1);
    let org = org.restarted().await;
    assert_eq!(org.value(again, "Name").await, name("again"));
}

#[tokio::test]
async fn a_log_that_goes_on_delivers_what_comes_after() {
    let (org, account, file) = saved().await;
    let watcher = org.engine.log().watch();
    watcher.set(TopicFilter::All);
    org.change(org.update(account, &[text("Name", "changed")]))
        .await;
    let tail = org.tail();
    org.engine.restore(file, true).await.expect("restored");
    assert_eq!(org.value(account, "Name").await, name("saved"));
    assert_eq!(org.tail(), tail);
    let bounds = org.engine.log().bounds();
    assert_eq!(bounds.earliest, None, "no earlier event can be replayed");
    org.change(org.update(account, &[text("Name", "once more")]))
        .await;
    watcher.woken().await;
    let received = org.events_after(tail).await;
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].replay_id, tail.get() + 1);
}

#[tokio::test]
async fn memory_has_none_of_the_events_that_the_snapshot_does_not_have() {
    let (org, account, file) = saved().await;
    let tail = org.tail();
    let other = org.beside("other.db");
    org.change(org.update(account, &[text("Name", "one way")]))
        .await;
    org.change(org.update(account, &[text("Name", "and on")]))
        .await;
    org.engine.save(other.clone()).await.expect("saved");
    restore(&org, &file).await;
    // Other events with the same replay ids.
    let contact = org.created("Contact", &[text("LastName", "other")]).await;
    restore(&org, &other).await;
    let received = org.events_after(tail).await;
    let of = |event: &crate::org::Received| event.header.record_ids.clone();
    let records: Vec<_> = received.iter().map(of).collect();
    let account = vec![account.to_string()];
    assert_eq!(records, [account.clone(), account], "none is of {contact}");
}

#[tokio::test]
async fn components_are_those_of_the_snapshot_and_the_time_of_their_change_goes_on() {
    let (org, account, file) = saved().await;
    let deployed = org.beside("deployed.db");
    org.engine
        .deploy(vec![ship(), flag()])
        .await
        .expect("deployed");
    let ark = org
        .created("Ship__c", &[text("Name", "Ark"), text("Flag__c", "NL")])
        .await;
    org.engine.save(deployed.clone()).await.expect("saved");
    let modified = org.engine.definitions().modified();

    let other = Restored {
        has_other_components: true,
    };
    assert_eq!(restore(&org, &file).await, other);
    assert!(org.engine.catalog().entity("Ship__c").is_none());
    assert!(org.engine.definitions().modified() > modified);
    assert_eq!(org.value(account, "Name").await, name("saved"));

    assert_eq!(restore(&org, &deployed).await, other);
    assert_eq!(org.value(ark, "Flag__c").await, name("NL"));
    let flag = [text("Name", "Bark"), text("Flag__c", "DE")];
    org.created("Ship__c", &flag).await;
    let org = org.restarted().await;
    assert_eq!(org.value(ark, "Flag__c").await, name("NL"));
}

#[tokio::test]
async fn what_a_user_may_do_is_that_of_the_snapshot() {
    let (org, _, file) = saved().await;
    let more = org.created("User", &crate::org::user("later")).await;
    assert!(org.engine.rights(more).await.is_ok());
    let topic = [
        text("Name", "Later"),
        text("Query", "SELECT Id, Name FROM Account"),
        ("ApiVersion", Value::Double(59.0)),
    ];
    org.created("PushTopic", &topic).await;
    assert_eq!(org.engine.push_topics().sorted().len(), 1);
    restore(&org, &file).await;
    assert_eq!(org.engine.push_topics().sorted().len(), 0);
    let again = org.created("User", &crate::org::user("again")).await;
    assert_eq!(again, more);
    org.created("PushTopic", &topic).await;
}

#[tokio::test]
async fn what_is_no_snapshot_changes_nothing() {
    let (org, account, file) = saved().await;
    std::fs::write(&file, "no snapshot").expect("written");
    let refused = org.engine.restore(file, false).await;
    let is_refused = matches!(
        &refused,
        Err(Error::Store(landfall_store::Error::Snapshot { .. }))
    );
    assert!(is_refused, "{refused:?}");
    assert_eq!(org.value(account, "Name").await, name("saved"));
    org.created("Account", &[text("Name", "goes on")]).await;
}
