//! A clock that stands still, and knows what waits for it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use landfall_engine::{Clock, ManualClock, Waiting};
use landfall_model::Timestamp;

/// Where the clock stands at first: 2026-11-21T12:00:00Z.
const BEGINNING: Timestamp = Timestamp::from_millis(1_795_262_400_000);

/// How long something may take to begin waiting.
const WAITER_MAX: Duration = Duration::from_secs(10);

/// A manual clock that lists the points in time that are waited for.
pub(crate) struct StageClock {
    clock: ManualClock,
    waiters: Mutex<BTreeMap<u64, Timestamp>>,
    next: AtomicU64,
    arrived: tokio::sync::Notify,
}

impl StageClock {
    pub(crate) fn new() -> Self {
        Self {
            clock: ManualClock::new(BEGINNING),
            waiters: Mutex::default(),
            next: AtomicU64::new(0),
            arrived: tokio::sync::Notify::new(),
        }
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Waits until something waits for the point `span` from now, or for one in the second before it.
    pub(crate) async fn awaited(&self, span: Duration) -> Result<(), String> {
        let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        let due = self.now().plus_millis(millis);
        let is_awaited = || {
            self.waiters
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .values()
                .any(|&point| point <= due && due.since(point) < 1_000)
        };
        let wait = async {
            loop {
                let mut arrived = std::pin::pin!(self.arrived.notified());
                arrived.as_mut().enable();
                if is_awaited() {
                    return;
                }
                arrived.await;
            }
        };
        tokio::time::timeout(WAITER_MAX, wait)
            .await
            .map_err(|_| format!("nothing in the server waits for {span:?}"))
    }

    fn leave(&self, number: u64) {
        self.waiters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&number);
    }
}

/// Takes a waiter off the list also when it gives up.
struct Waiter<'a>(&'a StageClock, u64);

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.leave(self.1);
    }
}

impl Clock for StageClock {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn wait_until(&self, point: Timestamp) -> Waiting<'_> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            let place = Waiter(self, number);
            self.waiters
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(number, point);
            self.arrived.notify_waiters();
            let work = self.clock.wait_until(point).await;
            drop(place);
            work
        })
    }
}
