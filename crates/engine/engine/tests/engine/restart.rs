//! What is the same after a stop and a start.

use std::sync::Arc;

use landfall_engine::{Change, Clock, ManualClock, TopicFilter};
use landfall_model::{Fault, RecordId, ReplayId, Value, ValueFault};
use landfall_store::{Document, DocumentKind};

use crate::org::{Org, text, user};

fn account(org: &Org) -> Change {
    org.create("Account", &[text("Name", "Landfall")])
}

#[tokio::test]
async fn ids_and_auto_numbers_go_on_rising() {
    let mut org = Org::new().await;
    let mut ids: Vec<RecordId> = Vec::new();
    let mut numbers: Vec<String> = Vec::new();
    for _ in 0..3 {
        ids.push(org.change(account(&org)).await);
        let case = org.created("Case", &[]).await;
        let number = org.value(case, "CaseNumber").await;
        numbers.push(number.as_text().expect("a number").to_owned());
        org.change(org.delete(case)).await;
        // A refused one in between must not lead to a number given twice either.
        org.refused(org.create("Account", &[])).await;
        org = org.restarted().await;
    }
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
    assert_eq!(numbers, ["00000001", "00000002", "00000003"]);
}

#[tokio::test]
async fn commit_times_never_go_back_over_a_restart() {
    let mut org = Org::new().await;
    org.advance(3_600);
    org.engine
        .put(vec![Document {
            kind: DocumentKind::Org,
            key: "note".to_owned(),
            content: Some(Vec::new()),
        }])
        .await
        .expect("kept");
    let late = org.clock.now();
    org.clock = Arc::new(ManualClock::new(crate::org::START));
    let org = org.restarted().await;
    assert!(org.clock.now() < late);
    let before = org.tail();
    org.change(account(&org)).await;
    let log = org.engine.log();
    let stretch = log.read(before, &TopicFilter::All, 1).await;
    let event = stretch.expect("a read").events.remove(0);
    assert_eq!(event.event().appended, late);
}

#[tokio::test]
async fn the_org_is_who_it_was() {
    let org = Org::new().await;
    let identity = org.engine.org().clone();
    let topics = captured(&org);
    let org = org.restarted().await;
    assert_eq!(*org.engine.org(), identity);
    assert_eq!(captured(&org), topics);
}

#[tokio::test]
async fn the_log_is_replayed_and_goes_on() {
    let org = Org::new().await;
    let before = org.events_after(ReplayId::new(0)).await;
    org.change(account(&org)).await;
    let told = org.events_after(ReplayId::new(0)).await;
    assert_eq!(told.len(), before.len() + 1);
    let bounds = org.engine.log().bounds();
    let org = org.restarted().await;
    assert_eq!(org.engine.log().bounds(), bounds);
    // None of it is in memory any more.
    assert!(
        org.engine
            .log()
            .read_recent(ReplayId::new(0), &TopicFilter::All, 1)
            .is_none()
    );
    assert_eq!(org.events_after(ReplayId::new(0)).await, told);
    let last = told.last().expect("an event");
    let resumed = org.events_after(ReplayId::new(last.replay_id - 1)).await;
    assert_eq!(resumed, std::slice::from_ref(last));
    org.change(account(&org)).await;
    let new = org.events_after(bounds.tail).await;
    assert_eq!(new[0].replay_id, bounds.tail.get() + 1);
    assert!(new[0].header.commit_number > last.header.commit_number);
}

#[tokio::test]
async fn a_unique_value_stays_taken() {
    let org = Org::new().await;
    let id = org.created("User", &user("boyle")).await;
    let org = org.restarted().await;
    let fault = org.refused(org.create("User", &user("boyle"))).await;
    assert!(
        matches!(fault, Fault::Value(ValueFault::Duplicate { record, .. }) if record == id),
        "{fault:?}"
    );
}

#[tokio::test]
async fn what_went_to_the_recycle_bin_together_comes_back_together() {
    let org = Org::new().await;
    let parent = org.change(account(&org)).await;
    let given = [text("LastName", "Boyle"), ("AccountId", Value::Id(parent))];
    let contact = org.created("Contact", &given).await;
    org.change(org.delete(parent)).await;
    let org = org.restarted().await;
    org.change(org.undelete(parent)).await;
    assert!(!org.is_deleted(contact).await);
}

#[tokio::test]
async fn documents_are_kept_and_forgotten() {
    let document = |content: Option<&str>| Document {
        kind: DocumentKind::Cursor,
        key: "one".to_owned(),
        content: content.map(|content| content.as_bytes().to_vec()),
    };
    let org = Org::new().await;
    let both = vec![document(Some("first")), document(Some("second"))];
    org.engine.put(both).await.expect("kept");
    let org = org.restarted().await;
    let read = |org: &Org| {
        let engine = org.engine.clone();
        async move {
            engine
                .document(DocumentKind::Cursor, "one".to_owned())
                .await
        }
    };
    assert_eq!(read(&org).await.expect("a read"), Some(b"second".to_vec()));
    org.engine.put(vec![document(None)]).await.expect("kept");
    let org = org.restarted().await;
    assert_eq!(read(&org).await.expect("a read"), None);
}

#[tokio::test]
async fn events_past_their_retention_are_forgotten_and_the_rest_stays() {
    let org = Org::new().await;
    org.change(account(&org)).await;
    let old = org.tail();
    org.advance(71 * 3_600);
    org.change(account(&org)).await;
    org.engine.trim().await.expect("a trim");
    let bounds = org.engine.log().bounds();
    assert!(bounds.earliest <= Some(old));
    org.advance(2 * 3_600);
    org.engine.trim().await.expect("a trim");
    let bounds = org.engine.log().bounds();
    assert_eq!(bounds.earliest, Some(old.advanced_by(1)));
    assert_eq!(bounds.tail, old.advanced_by(1));
    let left = org.events_after(ReplayId::new(0)).await;
    assert_eq!(left.len(), 1);
    assert_eq!(left, org.events_after(old).await);
    let org = org.restarted().await;
    assert_eq!(org.engine.log().bounds(), bounds);
    org.advance(80 * 3_600);
    org.engine.trim().await.expect("a trim");
    let bounds = org.engine.log().bounds();
    assert_eq!((bounds.earliest, bounds.tail), (None, old.advanced_by(1)));
    assert_eq!(org.events_after(ReplayId::new(0)).await, []);
    org.change(account(&org)).await;
    let next = old.advanced_by(2);
    let bounds = org.engine.log().bounds();
    assert_eq!((bounds.earliest, bounds.tail), (Some(next), next));
}

#[tokio::test]
async fn stopping_answers_what_is_queued_and_nothing_after() {
    let mut org = Org::new().await;
    let mut waiting = Vec::new();
    for _ in 0..50 {
        let engine = org.engine.clone();
        let transaction = org.transaction(vec![account(&org)]);
        waiting.push(tokio::spawn(
            async move { engine.commit(transaction).await },
        ));
    }
    // Each has its turn on the one thread here, and so is queued.
    for _ in 0..2 {
        tokio::task::yield_now().await;
    }
    org.stop().await;
    for commit in waiting {
        let outcomes = commit.await.expect("a task").expect("a commit");
        assert!(outcomes[0].is_ok());
    }
    let late = org
        .engine
        .commit(org.transaction(vec![account(&org)]))
        .await;
    assert!(matches!(late, Err(landfall_engine::Error::Stopped)));
    assert!(!org.engine.is_writable());
}

/// The topics that carry changes.
fn captured(org: &Org) -> Vec<landfall_engine::TopicId> {
    let definitions = org.engine.definitions();
    let all = definitions.channel("/data/ChangeEvents");
    all.expect("every org has it").topics().to_vec()
}
