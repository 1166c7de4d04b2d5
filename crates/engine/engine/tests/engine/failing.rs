//! A store that stops taking writes.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use landfall_engine::{Error, Failure, Health, Rendition};
use landfall_model::{Fault, ReplayId, ServiceFault, Value};
use landfall_store::TopicFilter;
use landfall_store::faults::{self, Fault as Injected, FaultPlan};

use crate::org::{Org, text};

/// An org whose store fails by plan. The store beneath goes on: it is the engine that has to stop.
async fn failing() -> (Org, Arc<FaultPlan>) {
    let mut plan = None;
    let org = Org::on(|opened| {
        let (store, faults) = faults::injecting(opened);
        plan = Some(faults);
        store
    })
    .await;
    (org, plan.expect("the store was opened"))
}

fn is_unavailable<T>(result: Result<T, Error>) -> bool {
    result.err().map(Error::fault) == Some(Fault::Service(ServiceFault::StoreUnavailable))
}

#[tokio::test]
async fn after_a_failed_commit_nothing_is_acknowledged() {
    let (mut org, plan) = failing().await;
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
    plan.inject(0, Injected::Ended);
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
    assert_eq!(org.engine.health(), Health::Ended(Failure::SyncFailed));
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
    let (org, plan) = failing().await;
    plan.inject(0, Injected::Ended);
    assert!(is_unavailable(org.engine.trim().await));
    assert!(!org.engine.is_writable());
    let change = org.create("Account", &[text("Name", "Late")]);
    assert!(is_unavailable(
        org.engine.commit(org.transaction(vec![change])).await
    ));
}

/// Commits that the store does not keep are refused, and the next one is tried.
#[tokio::test]
async fn a_store_that_is_unavailable_refuses_a_group_and_takes_the_next() {
    for (fault, is_kept) in [
        (Injected::Unavailable, false),
        (Injected::UnknownLost(0), false),
        (Injected::UnknownLost(1), false),
        (Injected::UnknownKept(0), true),
        (Injected::UnknownKept(1), true),
    ] {
        let (org, plan) = failing().await;
        let before = org.tail();
        plan.inject(0, fault);
        let create = org.create("Account", &[text("Name", "First")]);
        let first = org.engine.commit(org.transaction(vec![create])).await;
        assert_eq!(first.is_ok(), is_kept, "{fault:?}");
        if !is_kept {
            assert!(is_unavailable(first), "{fault:?}");
        }
        assert!(org.engine.is_writable(), "{fault:?}");
        let kept = before.advanced_by(u64::from(is_kept));
        assert_eq!(org.tail(), kept, "{fault:?}");
        assert_eq!(
            org.events_after(before).await.len(),
            usize::from(is_kept),
            "{fault:?}"
        );
        org.created("Account", &[text("Name", "Second")]).await;
        assert_eq!(org.tail(), kept.advanced_by(1), "{fault:?}");
    }
}

#[tokio::test]
async fn a_full_disk_refuses_everything_until_there_is_space() {
    let (org, plan) = failing().await;
    let (id, tail) = (
        org.created("Account", &[text("Name", "Kept")]).await,
        org.tail(),
    );
    plan.inject_from(0, Injected::Unavailable);
    for _ in 0..3 {
        let change = org.update(id, &[text("Name", "Lost")]);
        assert!(is_unavailable(
            org.engine.commit(org.transaction(vec![change])).await
        ));
        assert!(is_unavailable(org.engine.trim().await));
        assert!(org.engine.is_writable());
    }
    assert_eq!(org.tail(), tail);
    assert_eq!(org.engine.health(), Health::Refusing(Failure::DiskFull));
    assert!(is_unavailable(org.engine.probe().await));
    assert_eq!(org.engine.health(), Health::Refusing(Failure::DiskFull));
    assert_eq!(org.value(id, "Name").await, Value::Text("Kept".to_owned()));
    plan.withdraw();
    // No client writes to a server that is not ready, so it has to find out by itself.
    org.engine.probe().await.expect("there is space");
    assert_eq!(org.engine.health(), Health::Writable);
    assert_eq!(org.tail(), tail, "a probe changes nothing");
    org.engine.trim().await.expect("trimmed");
    org.change(org.update(id, &[text("Name", "Later")])).await;
    assert_eq!(org.tail(), tail.advanced_by(1));
}

#[tokio::test]
async fn a_writer_that_is_fenced_takes_nothing_more() {
    let (org, plan) = failing().await;
    let tail = org.tail();
    plan.inject(0, Injected::Fenced);
    for name in ["First", "Second"] {
        let create = org.create("Account", &[text("Name", name)]);
        assert!(is_unavailable(
            org.engine.commit(org.transaction(vec![create])).await
        ));
        assert!(!org.engine.is_writable());
    }
    assert_eq!(org.tail(), tail);
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
