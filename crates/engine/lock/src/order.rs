//! Which locks each task holds or waits for, wherever debug assertions are on.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread::ThreadId;

use crate::Rank;

/// Who holds locks: a task, a part of one that counts for itself, or a thread that runs none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Holder {
    Task(tokio::task::Id),
    Part(u64),
    Thread(ThreadId),
}

tokio::task_local! {
    static PART: u64;
}

static PARTS: AtomicU64 = AtomicU64::new(0);

static HOLDERS: LazyLock<Mutex<HashMap<Holder, Vec<Rank>>>> = LazyLock::new(Mutex::default);

/// A lock that is held or waited for, until this is dropped. Without debug assertions it holds nothing.
#[derive(Debug)]
pub(crate) struct Held(Option<(Holder, Rank)>);

impl Held {
    /// Checks that the holder may wait for a lock of this rank.
    pub(crate) fn in_order(rank: Rank) -> Self {
        if !cfg!(debug_assertions) {
            return Self(None);
        }
        let holder = Holder::current();
        let last = with(|holders| holders.get(&holder)?.iter().max().copied());
        assert!(
            last.is_none_or(|last| last < rank),
            "lock order: {rank:?} is waited for while {last:?} is held"
        );
        Self::record(holder, rank)
    }

    /// A lock that was free.
    pub(crate) fn in_any_order(rank: Rank) -> Self {
        if cfg!(debug_assertions) {
            Self::record(Holder::current(), rank)
        } else {
            Self(None)
        }
    }

    fn record(holder: Holder, rank: Rank) -> Self {
        with(|holders| holders.entry(holder).or_default().push(rank));
        Self(Some((holder, rank)))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some((holder, rank)) = self.0 else {
            return;
        };
        with(|holders| {
            let Some(ranks) = holders.get_mut(&holder) else {
                return;
            };
            if let Some(index) = ranks.iter().rposition(|held| *held == rank) {
                ranks.remove(index);
            }
            if ranks.is_empty() {
                holders.remove(&holder);
            }
        });
    }
}

/// See [`crate::apart`].
pub(crate) async fn apart<F: Future>(future: F) -> F::Output {
    PART.scope(PARTS.fetch_add(1, Ordering::Relaxed), future)
        .await
}

impl Holder {
    fn current() -> Self {
        if let Ok(part) = PART.try_with(|part| *part) {
            return Self::Part(part);
        }
        tokio::task::try_id().map_or_else(|| Self::Thread(std::thread::current().id()), Self::Task)
    }
}

fn with<R>(then: impl FnOnce(&mut HashMap<Holder, Vec<Rank>>) -> R) -> R {
    then(&mut HOLDERS.lock().unwrap_or_else(PoisonError::into_inner))
}
