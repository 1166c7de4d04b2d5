//! A store that stops taking writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use landfall_engine::{Error, Rendition};
use landfall_model::{EntityDefinition, Fault, RecordId, ReplayId, Row, Timestamp, Topic, Value};
use landfall_store::{
    Appended, Committed, DocumentKind, Error as StoreError, Opened, Position, Reads, Result,
    TopicFilter, TopicId, WriteSet, Writer,
};

use crate::org::{Org, text};

/// Denies one commit when told to. The store beneath goes on: it is the engine that has to stop.
struct Denying {
    beneath: Box<dyn Writer>,
    deny: Arc<AtomicBool>,
}

impl Denying {
    fn denied(&self) -> Result<()> {
        if self.deny.swap(false, Ordering::Relaxed) {
            let source = "the disk is full".into();
            return Err(StoreError::Commit { source });
        }
        Ok(())
    }
}

impl Reads for Denying {
    fn row(&self, entity: &EntityDefinition, id: RecordId) -> Result<Option<Row>> {
        self.beneath.row(entity, id)
    }

    fn rows_where(
        &self,
        entity: &EntityDefinition,
        field: usize,
        value: &Value,
        limit: usize,
    ) -> Result<Vec<Row>> {
        self.beneath.rows_where(entity, field, value, limit)
    }

    fn recent_rows(&self, entity: &EntityDefinition, limit: usize) -> Result<Vec<Row>> {
        self.beneath.recent_rows(entity, limit)
    }

    fn document(&self, kind: DocumentKind, key: &str) -> Result<Option<Vec<u8>>> {
        self.beneath.document(kind, key)
    }

    fn documents(&self, kind: DocumentKind) -> Result<Vec<(String, Vec<u8>)>> {
        self.beneath.documents(kind)
    }
}

impl Writer for Denying {
    fn prepare(&mut self, entities: &[Arc<EntityDefinition>]) -> Result<()> {
        self.beneath.prepare(entities)
    }

    fn topic(&mut self, topic: &Topic) -> Result<TopicId> {
        self.beneath.topic(topic)
    }

    fn commit(
        &mut self,
        write: &WriteSet,
        events: &mut dyn FnMut(Position) -> Appended,
    ) -> Result<Committed> {
        self.denied()?;
        self.beneath.commit(write, events)
    }

    fn trim(&mut self, before: Timestamp) -> Result<bool> {
        self.denied()?;
        self.beneath.trim(before)
    }
}

async fn denying() -> (Org, Arc<AtomicBool>) {
    let deny = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&deny);
    let org = Org::on(|opened| Opened {
        writer: Box::new(Denying {
            beneath: opened.writer,
            deny: switch,
        }),
        reader: opened.reader,
    })
    .await;
    (org, deny)
}

fn is_unavailable<T>(result: std::result::Result<T, Error>) -> bool {
    result.err().map(Error::fault) == Some(Fault::StoreUnavailable)
}

#[tokio::test]
async fn after_a_failed_commit_nobody_is_told_that_anything_was_kept() {
    let (mut org, deny) = denying().await;
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
    deny.store(true, Ordering::Relaxed);
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
    let (org, deny) = denying().await;
    deny.store(true, Ordering::Relaxed);
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
