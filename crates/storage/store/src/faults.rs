//! Faults on demand for any store: every outcome of a commit, injected by count.
//!
//! Faults come by count, not by chance, so that a test can go through all of them. The store beneath stays whole: what is
//! tested is how its user takes the outcome.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use landfall_model::{EntityDefinition, EntityName, RecordId, Row, Timestamp, Topic, Value};

use crate::{
    Appended, Committed, DocumentKind, Error, Failure, Lookup, Opened, Outcome, Position, Reads,
    Restoring, Result, TopicId, TransactionId, WriteSet, Writer,
};

/// What happens to a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is kept, and the store says that its writer has ended.
    Ended,
    /// It is kept, and the store says that its writer has ended: a sync that failed after the data had reached the disk.
    EndedKept,
    /// Nothing is kept, and the writer may go on: a full disk.
    Unavailable,
    /// Nothing is kept, and the writer may go on: the write has met damaged data.
    Damaged,
    /// Nothing is kept: another process has become the writer. So are all later writes.
    Fenced,
    /// Nothing is kept, which the store knows when it has been asked for the outcome so many times.
    UnknownLost(usize),
    /// It is kept, which the store knows when it has been asked for the outcome so many times.
    UnknownKept(usize),
}

/// Which commits and trims meet a fault. None does until one is injected.
#[derive(Debug, Default)]
pub struct FaultPlan(Mutex<Plan>);

#[derive(Debug, Default)]
struct Plan {
    writes: usize,
    /// By the number of the write.
    faults: BTreeMap<usize, Fault>,
    /// From this write on, for every write until it is withdrawn.
    lasting: Option<(usize, Fault)>,
    is_fenced: bool,
}

impl FaultPlan {
    /// The write after so many more meets the fault.
    pub fn inject(&self, after: usize, fault: Fault) {
        let mut plan = self.lock();
        let write = plan.writes + after;
        plan.faults.insert(write, fault);
    }

    /// The write after so many more and all later ones meet the fault.
    pub fn inject_from(&self, after: usize, fault: Fault) {
        let mut plan = self.lock();
        plan.lasting = Some((plan.writes + after, fault));
    }

    /// Removes every fault that no write has met yet.
    pub fn withdraw(&self) {
        let mut plan = self.lock();
        plan.faults.clear();
        plan.lasting = None;
    }

    /// How many commits and trims there were.
    pub fn writes(&self) -> usize {
        self.lock().writes
    }

    fn next(&self) -> Option<Fault> {
        let mut plan = self.lock();
        let write = plan.writes;
        plan.writes += 1;
        let lasting = plan.lasting.filter(|(from, _)| *from <= write);
        let fault = plan
            .faults
            .remove(&write)
            .or_else(|| lasting.map(|(_, fault)| fault));
        plan.is_fenced |= fault == Some(Fault::Fenced);
        if plan.is_fenced {
            return Some(Fault::Fenced);
        }
        fault
    }

    fn lock(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts a fault plan between a store and its user.
pub fn injecting(store: Opened) -> (Opened, Arc<FaultPlan>) {
    let plan = Arc::new(FaultPlan::default());
    let writer = Injecting {
        beneath: store.writer,
        plan: Arc::clone(&plan),
        in_doubt: None,
        issued: 0,
    };
    let store = Opened {
        writer: Box::new(writer),
        reader: store.reader,
    };
    (store, plan)
}

struct Injecting {
    beneath: Box<dyn Writer>,
    plan: Arc<FaultPlan>,
    in_doubt: Option<InDoubt>,
    issued: u64,
}

/// A commit whose outcome is not known yet.
struct InDoubt {
    id: TransactionId,
    asks_left: usize,
    /// None: it was lost.
    committed: Option<Committed>,
}

fn disk_is_full() -> Error {
    Error::Unavailable {
        failure: Failure::DiskFull,
        source: "the disk is full".into(),
    }
}

fn data_is_damaged() -> Error {
    Error::Unavailable {
        failure: Failure::Damaged,
        source: "a page is damaged".into(),
    }
}

fn disk_is_broken() -> Error {
    Error::Commit {
        failure: Failure::SyncFailed,
        source: "the disk is broken".into(),
    }
}

impl Injecting {
    fn unknown(&mut self, asks_left: usize, committed: Option<Committed>) -> Outcome {
        self.issued += 1;
        let id = TransactionId(self.issued);
        self.in_doubt = Some(InDoubt {
            id,
            asks_left,
            committed,
        });
        Outcome::Unknown(id)
    }
}

impl Reads for Injecting {
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

    fn rows(&self, records: &[(&EntityDefinition, RecordId)]) -> Result<Vec<Option<Row>>> {
        self.beneath.rows(records)
    }

    fn matching(&self, lookups: &[Lookup<'_>]) -> Result<Vec<Vec<Row>>> {
        self.beneath.matching(lookups)
    }

    fn recent_rows(&self, entity: &EntityDefinition, limit: usize) -> Result<Vec<Row>> {
        self.beneath.recent_rows(entity, limit)
    }

    fn document(&self, kind: DocumentKind, key: &str) -> Result<Option<Vec<u8>>> {
        self.beneath.document(kind, key)
    }

    fn documents_at(&self, kind: DocumentKind, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>> {
        self.beneath.documents_at(kind, keys)
    }

    fn documents(&self, kind: DocumentKind) -> Result<Vec<(String, Vec<u8>)>> {
        self.beneath.documents(kind)
    }

    fn topic_number(&self, topic: &Topic) -> Result<Option<TopicId>> {
        self.beneath.topic_number(topic)
    }
}

impl Writer for Injecting {
    fn prepare(&mut self, entities: &[Arc<EntityDefinition>]) -> Result<()> {
        self.beneath.prepare(entities)
    }

    fn topic(&mut self, topic: &Topic) -> Result<TopicId> {
        self.beneath.topic(topic)
    }

    fn number(&mut self, topics: &[Topic]) -> Result<()> {
        self.beneath.number(topics)
    }

    fn report_records_of(&mut self, objects: &[EntityName]) {
        self.beneath.report_records_of(objects);
    }

    fn commit(
        &mut self,
        write: &WriteSet,
        events: &mut dyn FnMut(Position) -> Appended,
    ) -> Result<Outcome> {
        if self.in_doubt.is_some() {
            return Err(Error::Commit {
                failure: Failure::Other,
                source: "a commit came before the outcome of the last one was known".into(),
            });
        }
        let Some(fault) = self.plan.next() else {
            return self.beneath.commit(write, events);
        };
        match fault {
            Fault::Ended => Err(disk_is_broken()),
            Fault::EndedKept => {
                self.beneath.commit(write, events)?.committed()?;
                Err(disk_is_broken())
            }
            Fault::Unavailable => Ok(Outcome::Unavailable {
                failure: Failure::DiskFull,
                source: "the disk is full".into(),
            }),
            Fault::Damaged => Ok(Outcome::Unavailable {
                failure: Failure::Damaged,
                source: "a page is damaged".into(),
            }),
            Fault::Fenced => Ok(Outcome::Fenced),
            Fault::UnknownLost(asks) => Ok(self.unknown(asks, None)),
            Fault::UnknownKept(asks) => {
                let committed = self.beneath.commit(write, events)?.committed()?;
                Ok(self.unknown(asks, Some(committed)))
            }
        }
    }

    fn outcome_of(&mut self, transaction: TransactionId) -> Result<Outcome> {
        match self.in_doubt.take() {
            Some(mut doubt) if doubt.id == transaction => {
                if doubt.asks_left > 0 {
                    doubt.asks_left -= 1;
                    self.in_doubt = Some(doubt);
                    return Ok(Outcome::Unknown(transaction));
                }
                Ok(match doubt.committed {
                    Some(committed) => Outcome::Committed(committed),
                    None => Outcome::Unavailable {
                        failure: Failure::Other,
                        source: "the connection was lost".into(),
                    },
                })
            }
            other => {
                self.in_doubt = other;
                self.beneath.outcome_of(transaction)
            }
        }
    }

    /// No write that a fault is planned for.
    fn restore(&mut self, from: &Path, how: &Restoring) -> Result<Outcome> {
        self.beneath.restore(from, how)
    }

    fn trim(&mut self, before: Timestamp) -> Result<bool> {
        match self.plan.next() {
            None => self.beneath.trim(before),
            Some(Fault::Ended) => Err(disk_is_broken()),
            Some(Fault::EndedKept) => {
                self.beneath.trim(before)?;
                Err(disk_is_broken())
            }
            Some(Fault::Unavailable) => Err(disk_is_full()),
            Some(Fault::Damaged) => Err(data_is_damaged()),
            Some(Fault::Fenced) => Err(Error::Fenced),
            Some(Fault::UnknownLost(_)) => Err(Error::InDoubt),
            Some(Fault::UnknownKept(_)) => {
                self.beneath.trim(before)?;
                Err(Error::InDoubt)
            }
        }
    }
}
