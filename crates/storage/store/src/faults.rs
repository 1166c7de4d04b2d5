//! A store that fails when it is told to: for the tests of whatever stands on one.
//!
//! Faults come by count, not by chance, so that a test can go through all of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use landfall_model::{EntityDefinition, RecordId, Row, Timestamp, Topic, Value};

use crate::{
    Appended, Committed, DocumentKind, Error, Opened, Position, Reads, Result, TopicId, WriteSet,
    Writer,
};

/// Which write is denied. Nothing is, until one is named.
#[derive(Debug)]
pub struct Denial {
    /// Writes that are still made.
    left: AtomicUsize,
    is_late: AtomicBool,
}

impl Denial {
    /// Denies the write after so many more: beneath it is as if it had not been asked.
    pub fn after(&self, writes: usize) {
        self.is_late.store(false, Ordering::Relaxed);
        self.left.store(writes, Ordering::Relaxed);
    }

    /// Makes the write after so many more, and has nobody hear of it.
    pub fn late_after(&self, writes: usize) {
        self.is_late.store(true, Ordering::Relaxed);
        self.left.store(writes, Ordering::Relaxed);
    }

    /// Denies nothing.
    pub fn withdraw(&self) {
        self.left.store(usize::MAX, Ordering::Relaxed);
    }

    fn judged<T>(&self, write: impl FnOnce() -> Result<T>) -> Result<T> {
        let denied = self.left.fetch_sub(1, Ordering::Relaxed) == 0;
        if !denied || self.is_late.load(Ordering::Relaxed) {
            let written = write();
            if !denied {
                return written;
            }
        }
        Err(Error::Commit {
            source: "the disk is gone".into(),
        })
    }
}

/// Puts a denial between a store and whoever writes to it. The store itself goes on after it.
pub fn denying(store: Opened) -> (Opened, Arc<Denial>) {
    let denial = Arc::new(Denial {
        left: AtomicUsize::new(usize::MAX),
        is_late: AtomicBool::new(false),
    });
    let writer = Denying {
        beneath: store.writer,
        denial: Arc::clone(&denial),
    };
    let store = Opened {
        writer: Box::new(writer),
        reader: store.reader,
    };
    (store, denial)
}

struct Denying {
    beneath: Box<dyn Writer>,
    denial: Arc<Denial>,
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
        let beneath = &mut self.beneath;
        self.denial.judged(|| beneath.commit(write, events))
    }

    fn trim(&mut self, before: Timestamp) -> Result<bool> {
        let beneath = &mut self.beneath;
        self.denial.judged(|| beneath.trim(before))
    }
}
