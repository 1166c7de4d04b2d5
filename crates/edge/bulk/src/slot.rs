//! A job in memory: everyone reads it without waiting, and one task at a time changes it.

use std::sync::{Arc, PoisonError, RwLock};

use landfall_lock::{Mutex, MutexGuard, Rank};

use crate::classic::job::Classic;
use crate::job::{Job, State};

/// A job as it is durable. Reading never waits for a change in progress, however long its commit takes.
pub(crate) struct Slot<T> {
    current: RwLock<Arc<T>>,
    changing: Mutex<()>,
}

/// The right to change a job.
pub(crate) struct Changing<'s, T> {
    slot: &'s Slot<T>,
    _turn: MutexGuard<'s, ()>,
}

impl Slot<Job> {
    pub(crate) fn new(job: Job) -> Arc<Self> {
        Self::at(Rank::BulkJob, job)
    }

    /// Shows how many records a query has found so far; answers with its state. That is not durable: after a crash the
    /// query starts again.
    pub(crate) fn note_found(&self, records: u64) -> State {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let job = Arc::make_mut(&mut current);
        job.progress.processed = records;
        job.state
    }
}

impl Slot<Classic> {
    pub(crate) fn new(job: Classic) -> Arc<Self> {
        Self::at(Rank::BulkClassicJob, job)
    }
}

impl<T> Slot<T> {
    fn at(rank: Rank, job: T) -> Arc<Self> {
        Arc::new(Self {
            current: RwLock::new(Arc::new(job)),
            changing: Mutex::new(rank, ()),
        })
    }

    /// The job as it is.
    pub(crate) fn get(&self) -> Arc<T> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current)
    }

    /// Waits until no other request changes the job. Where a job and its batches change together, the job comes first.
    pub(crate) async fn change(&self) -> Changing<'_, T> {
        Changing {
            _turn: self.changing.lock().await,
            slot: self,
        }
    }
}

impl<T> Changing<'_, T> {
    /// The job as it is.
    pub(crate) fn get(&self) -> Arc<T> {
        self.slot.get()
    }

    /// Shows a change that is durable.
    pub(crate) fn set(&self, job: T) {
        let current = self.slot.current.write();
        *current.unwrap_or_else(PoisonError::into_inner) = Arc::new(job);
    }
}
