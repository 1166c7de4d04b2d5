//! Reads of records that lag behind, because a fault delays them: earlier states of the store, each for a while.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use landfall_model::Timestamp;
use landfall_model::limits::LAGGING_STATES_MAX;
use landfall_store::Reader;

use crate::definitions::Definitions;

/// Into how many parts a delay is divided: transactions within one of them become visible together, with the last.
const PARTS: i64 = 16;

/// A state from before a transaction.
struct Earlier {
    /// When it was the present one.
    at: Timestamp,
    /// From when on the transactions after it may be seen.
    until: Timestamp,
    /// A reader of the tables as they were has no others.
    definitions: Arc<Definitions>,
    reader: Arc<dyn Reader>,
}

/// The states of an org that reads may have to see, the oldest first.
#[derive(Default)]
pub(crate) struct Lagging {
    count: AtomicUsize,
    states: Mutex<Vec<Earlier>>,
}

impl Lagging {
    /// The reader of the earlier state that is to be seen now; none if that is the present one.
    pub(crate) fn reader(
        &self,
        now: impl Fn() -> Timestamp,
        definitions: impl Fn() -> Arc<Definitions>,
    ) -> Option<Arc<dyn Reader>> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let (now, definitions) = (now(), definitions());
        self.changed(|states| {
            states
                .retain(|state| state.until > now && Arc::ptr_eq(&state.definitions, &definitions));
            states.first().map(|state| Arc::clone(&state.reader))
        })
    }

    /// Has the newest state be seen longer, for a transaction that is about to be committed, if it is new enough or there
    /// may be no further one. Says whether it is so.
    pub(crate) fn extend(&self, now: Timestamp, until: Timestamp) -> bool {
        self.changed(|states| {
            let is_full = states.len() >= LAGGING_STATES_MAX;
            let Some(newest) = states.last_mut().filter(|newest| newest.until > now) else {
                return false;
            };
            let is_new = now.since(newest.at) * PARTS < until.since(now);
            if is_full || is_new {
                newest.until = newest.until.max(until);
            }
            is_full || is_new
        })
    }

    /// Has the present state be seen until then.
    pub(crate) fn keep(
        &self,
        reader: Arc<dyn Reader>,
        definitions: Arc<Definitions>,
        (at, until): (Timestamp, Timestamp),
    ) {
        self.changed(|states| {
            states.push(Earlier {
                at,
                until,
                definitions,
                reader,
            });
        });
    }

    /// Has the present state be seen.
    pub(crate) fn end(&self) {
        self.changed(Vec::clear);
    }

    fn changed<T>(&self, change: impl FnOnce(&mut Vec<Earlier>) -> T) -> T {
        let mut states = self.states();
        let changed = change(&mut states);
        self.count.store(states.len(), Ordering::Release);
        changed
    }

    fn states(&self) -> MutexGuard<'_, Vec<Earlier>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
