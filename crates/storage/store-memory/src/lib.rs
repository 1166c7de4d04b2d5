//! A store in memory: the contract said plainly, for tests and as the oracle of other back ends.
//!
//! It keeps the laws of a store and nothing else: no files, no bounds, no speed. Queries are evaluated by
//! [`landfall_query::Plan::find`]. Reopening it finds what was committed, as after a restart, and the calls of its writer
//! that read are counted. [`landfall_store::faults`] injects every outcome. Start reading at [`MemoryStore`]; what is kept is
//! in `state`.

mod reader;
mod state;
mod transfer;
mod writer;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};

use landfall_store::faults::{self, FaultPlan};
use landfall_store::laws::Fixture;
use landfall_store::{Opened, Position, Reader, RecentCommits};

use reader::MemoryReader;
use state::State;
use writer::MemoryWriter;

/// What a store keeps, opened or not.
#[derive(Clone, Debug)]
pub struct MemoryStore {
    state: Arc<RwLock<State>>,
    recent: Arc<RecentCommits>,
    reads: Arc<AtomicUsize>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self {
            state: Arc::default(),
            recent: Arc::new(RecentCommits::since(Position::ORIGIN)),
            reads: Arc::default(),
        }
    }
}

impl MemoryStore {
    /// A reader as another process would have it, whether the store is open or not.
    pub fn reader(&self) -> Arc<dyn Reader> {
        let (state, recent) = (Arc::clone(&self.state), Arc::clone(&self.recent));
        Arc::new(MemoryReader::new(state, recent))
    }

    /// Opens the store. What was opened before must be closed.
    ///
    /// # Panics
    /// If it is half filled from another store.
    pub fn open(&self) -> Opened {
        assert!(
            state::read(&self.state).moving.is_none(),
            "the store is half filled"
        );
        let position = state::read(&self.state).position;
        if self.recent.position() != position {
            self.recent.begin_at(position);
        }
        let (state, recent) = (Arc::clone(&self.state), Arc::clone(&self.recent));
        let reader = MemoryReader::new(state, recent);
        Opened {
            writer: Box::new(MemoryWriter::new(reader.clone(), Arc::clone(&self.reads))),
            reader: Arc::new(reader),
        }
    }

    /// Opens the store with a fault plan before its writer.
    pub fn open_with_faults(&self) -> (Opened, Arc<FaultPlan>) {
        faults::injecting(self.open())
    }

    /// How many calls of [`landfall_store::Reads`] the writer has answered.
    pub fn writer_reads(&self) -> usize {
        self.reads.load(Ordering::Relaxed)
    }
}

impl Fixture for MemoryStore {
    fn open(&self) -> Opened {
        Self::open(self)
    }

    fn reader_elsewhere(&self) -> Option<Arc<dyn Reader>> {
        Some(self.reader())
    }
}
