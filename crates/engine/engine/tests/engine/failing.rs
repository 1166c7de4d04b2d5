//! A store that stops taking writes.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use landfall_engine::{Error, Rendition};
use landfall_model::{Fault, ReplayId, Value};
use landfall_store::TopicFilter;
use landfall_store::faults::{self, Denial};

use crate::org::{Org, text};

/// An org whose store can be made to deny a write. The store beneath goes on: it is the engine that has to stop.
async fn denying() -> (Org, Arc<Denial>) {
    let mut denial = None;
    let org = Org::on(|opened| {
        let (store, told) = faults::denying(opened);
        denial = Some(told);
        store
    })
    .await;
    (org, denial.expect("the store was opened"))
}

fn is_unavailable<T>(result: Result<T, Error>) -> bool {
    result.err().map(Error::fault) == Some(Fault::StoreUnavailable)
}

#[tokio::test]
async fn after_a_failed_commit_nobody_is_told_that_anything_was_kept() {
    let (mut org, denial) = denying().await;
    let tail = org.tail();
    let id = org.created("Account", &[text("Name", "Kept")]).await;
    let (kept, groups) = (
        org.tail(),
        org.engine.writer_counters().groups.load(Ordering::Relaxed),
    );
    assert_eq!(kept.get(), tail.get() + 1);
    assert!(org.engine.is_writable());
    let watcher = org.engine.log().watch();
    watcher.set(TopicFilter::All);
    denial.after(0);
    let mut waiting = Vec::new();
    for _ in 0..20 {
        let engine = org.engine.clone();
        let change = org.update(id, &[text("Name", "Lost")]);
        let transaction = org.transaction(vec![change]);
        waiting.push(tokio::spawn(
            async move { engine.commit(transaction).await },
        ));
    }
    for commit in waiting {
        assert!(is_unavailable(commit.await.expect("a task")));
    }
    // The store would take writes again, but what was lost may have been seen by those that follow.
    let later = org.transaction(vec![org.create("Account", &[text("Name", "Late")])]);
    assert!(is_unavailable(org.engine.commit(later).await));
    assert!(is_unavailable(org.engine.put(Vec::new()).await));
    assert!(is_unavailable(org.engine.trim().await));
    assert!(!org.engine.is_writable());
    assert_eq!(org.tail(), kept);
    assert_eq!(org.events_after(kept).await, []);
    assert_eq!(
        org.engine.writer_counters().groups.load(Ordering::Relaxed),
        groups + 1
    );
    let woken = tokio::select! {
        biased;
        () = watcher.woken() => true,
        () = std::future::ready(()) => false,
    };
    assert!(!woken);
    // It holds the store open.
    drop(watcher);
    // Reading goes on, and so does stopping.
    assert_eq!(org.value(id, "Name").await, Value::Text("Kept".to_owned()));
    org.stop().await;
    let org = org.restarted().await;
    assert!(org.engine.is_writable());
    assert_eq!(org.tail(), kept);
    org.change(org.update(id, &[text("Name", "Found")])).await;
    assert_eq!(org.tail(), kept.advanced_by(1));
}

#[tokio::test]
async fn a_failed_trim_ends_the_writing_too() {
    let (org, denial) = denying().await;
    denial.after(0);
    assert!(is_unavailable(org.engine.trim().await));
    assert!(!org.engine.is_writable());
    let change = org.create("Account", &[text("Name", "Late")]);
    assert!(is_unavailable(
        org.engine.commit(org.transaction(vec![change])).await
    ));
}

#[tokio::test]
async fn a_form_of_an_event_is_made_once() {
    let org = Org::new().await;
    org.created("Account", &[text("Name", "Landfall")]).await;
    let after = ReplayId::new(org.tail().get() - 1);
    let read = || org.engine.log().read(after, &TopicFilter::All, 1);
    let first = read().await.expect("a read").events.remove(0);
    let made = first
        .rendition(Rendition::Streaming, |_| "made".into())
        .clone();
    let second = read().await.expect("a read").events.remove(0);
    let again = second.rendition(Rendition::Streaming, |_| "again".into());
    assert_eq!(*again, made);
    let other = second.rendition(Rendition::PubSub, |_| "other".into());
    assert_eq!(*other, "other".as_bytes());
}
