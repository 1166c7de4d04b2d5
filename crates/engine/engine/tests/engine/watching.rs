//! Who is woken when.

use landfall_engine::{TopicFilter, TopicId, Watcher};
use landfall_model::Topic;

use crate::org::{Org, text};

fn topic(org: &Org, event: &str) -> TopicId {
    let topic = Topic::of_change_event(event);
    org.engine.definitions().topic(&topic).expect("a topic")
}

/// Whether it was woken since the last time.
async fn was_woken(watcher: &Watcher) -> bool {
    // Several watchers are woken by a task of the runtime, which has its turn first.
    for _ in 0..16 {
        tokio::task::yield_now().await;
    }
    tokio::select! {
        biased;
        () = watcher.woken() => true,
        () = std::future::ready(()) => false,
    }
}

#[tokio::test]
async fn a_watcher_is_woken_by_its_topics_and_no_others() {
    let org = Org::new().await;
    let log = org.engine.log();
    let (accounts, contacts, all, none) = (log.watch(), log.watch(), log.watch(), log.watch());
    accounts.set(TopicFilter::These(vec![topic(&org, "AccountChangeEvent")]));
    contacts.set(TopicFilter::These(vec![topic(&org, "ContactChangeEvent")]));
    all.set(TopicFilter::All);
    org.created("Account", &[text("Name", "Landfall")]).await;
    assert!(was_woken(&accounts).await && was_woken(&all).await);
    assert!(!was_woken(&contacts).await && !was_woken(&none).await);
    // Once, not once more.
    assert!(!was_woken(&accounts).await);
    org.created("Contact", &[text("LastName", "Boyle")]).await;
    assert!(was_woken(&contacts).await && was_woken(&all).await);
    assert!(!was_woken(&accounts).await);
}

#[tokio::test]
async fn a_watcher_that_turns_elsewhere_is_left_alone() {
    let org = Org::new().await;
    let watcher = org.engine.log().watch();
    watcher.set(TopicFilter::All);
    watcher.set(TopicFilter::These(vec![topic(&org, "ContactChangeEvent")]));
    org.created("Account", &[text("Name", "Landfall")]).await;
    assert!(!was_woken(&watcher).await);
    watcher.set(TopicFilter::These(Vec::new()));
    org.created("Contact", &[text("LastName", "Boyle")]).await;
    assert!(!was_woken(&watcher).await);
    watcher.wake();
    assert!(was_woken(&watcher).await);
}

#[tokio::test]
async fn nobody_is_woken_by_what_makes_no_event() {
    let org = Org::new().await;
    let watcher = org.engine.log().watch();
    watcher.set(TopicFilter::All);
    org.refused(org.create("Account", &[])).await;
    org.engine.put(Vec::new()).await.expect("nothing");
    assert!(!was_woken(&watcher).await);
}

#[tokio::test]
async fn who_is_woken_finds_the_event() {
    let org = Org::new().await;
    let watcher = org.engine.log().watch();
    watcher.set(TopicFilter::All);
    let tail = org.tail();
    let engine = org.engine.clone();
    let reader = tokio::spawn(async move {
        watcher.woken().await;
        engine
            .log()
            .read_recent(tail, &TopicFilter::All, 10)
            .map(|stretch| stretch.events.len())
    });
    tokio::task::yield_now().await;
    org.created("Account", &[text("Name", "Landfall")]).await;
    assert_eq!(reader.await.expect("a task"), Some(1));
}
