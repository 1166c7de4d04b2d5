//! A store that fails in the middle of a job: whatever the commit, no record is lost and none is made twice.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use landfall_model::{EntityDefinition, RecordId, Row, Timestamp, Topic, Value};
use landfall_store::{
    Appended, Committed, DocumentKind, Error, Opened, Position, Reads, Result, TopicId, WriteSet,
    Writer,
};
use serde_json::json;

use crate::org::{Org, rows};

/// Denies one commit, counted from when counting begins. Beneath it is as if it had not been asked, or, if it comes too
/// late, as if nobody had heard that it was made.
struct Denying {
    beneath: Box<dyn Writer>,
    /// Commits that are still made.
    left: Arc<AtomicUsize>,
    is_late: bool,
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
        let is_denied = self.left.fetch_sub(1, Ordering::Relaxed) == 0;
        if !is_denied || self.is_late {
            let committed = self.beneath.commit(write, events);
            if !is_denied {
                return committed;
            }
        }
        Err(Error::Commit {
            source: "the disk is gone".into(),
        })
    }

    fn trim(&mut self, before: Timestamp) -> Result<bool> {
        self.beneath.trim(before)
    }
}

/// Has a job of some records fail at a commit, and go on after a restart; says whether it did fail.
async fn fails_at(commit: usize, is_late: bool) -> bool {
    const RECORDS: usize = 900;
    let org = Org::new().await;
    let folder = org.stop().await;
    let left = Arc::new(AtomicUsize::new(usize::MAX));
    let org = Org::start(folder, |opened| Opened {
        writer: Box::new(Denying {
            beneath: opened.writer,
            left: Arc::clone(&left),
            is_late,
        }),
        reader: opened.reader,
    })
    .await;
    let job = org
        .job(&json!({"object": "Account", "operation": "insert"}))
        .await;
    let rows = rows(RECORDS);
    let data = format!("Name\n{rows}");
    let put = org
        .ask("PUT", &format!("{job}/batches"), "text/csv", data)
        .await;
    assert_eq!(put.status, 201);
    let closed = org.patch(&job, &json!({"state": "UploadComplete"})).await;
    assert_eq!(closed.status, 200);
    left.store(commit, Ordering::Relaxed);
    while org.engine.is_writable() {
        if org.get(&job).await.json()["state"] == "JobComplete" {
            break;
        }
        tokio::task::yield_now().await;
    }
    let has_failed = !org.engine.is_writable();
    left.store(usize::MAX, Ordering::Relaxed);
    let org = Org::start(org.stop().await, |opened| opened).await;
    let ended = org.ended(&job).await;
    assert_eq!(ended["state"], "JobComplete");
    assert_eq!(ended["numberRecordsProcessed"], RECORDS);
    let names: Vec<String> = org
        .values("Account", "Name")
        .await
        .iter()
        .map(|name| name.as_text().expect("a name").to_owned())
        .collect();
    let distinct: HashSet<&String> = names.iter().collect();
    assert_eq!(
        (names.len(), distinct.len()),
        (RECORDS, RECORDS),
        "commit {commit}"
    );
    let results = org.results(&job, "successfulResults").await;
    let told: HashSet<&str> = results.lines().skip(1).collect();
    assert_eq!(told.len(), RECORDS, "commit {commit}");
    assert_eq!(org.results(&job, "unprocessedrecords").await, "Name\n");
    has_failed
}

#[tokio::test]
async fn a_failure_at_any_commit_neither_loses_nor_doubles_a_record() {
    for is_late in [false, true] {
        let mut commit = 0;
        while fails_at(commit, is_late).await {
            commit += 1;
        }
        // One for each transaction, one for the beginning that may have been before, one for the end.
        assert!(commit >= 5, "{commit} commits");
    }
}

#[tokio::test]
async fn a_job_goes_on_after_a_stop() {
    let org = Org::new().await;
    let job = org
        .job(&json!({"object": "Account", "operation": "insert"}))
        .await;
    let rows = rows(2_000);
    org.begin(&job, &format!("Name\n{rows}")).await;
    let org = Org::start(org.stop().await, |opened| opened).await;
    assert_eq!(org.ended(&job).await["numberRecordsProcessed"], 2_000);
    assert_eq!(org.values("Account", "Name").await.len(), 2_000);
}
