//! The one clock. Everything that asks the time or waits for it asks here.

mod adjustable;
mod plausible;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use landfall_model::Timestamp;
use tokio::sync::Notify;

pub use adjustable::{AdjustableClock, ClockError, Move, Reading};
pub use plausible::{MachineTicks, PlausibleClock, Ticks};

/// A future that ends when a point in time is reached.
pub type Waiting<'a> = Pin<Box<dyn Future<Output = Working> + Send + 'a>>;

/// What a point in time has brought about: keep it until the work is done. A clock that is moved waits for it.
#[derive(Debug, Default)]
#[must_use = "the work is in progress until this is dropped"]
pub struct Working(Option<Arc<adjustable::Shared>>);

impl Drop for Working {
    fn drop(&mut self) {
        if let Some(clock) = &self.0 {
            clock.end_work();
        }
    }
}

/// Where time comes from: record dates, retention, expiry of logins and streaming clients, held polls.
pub trait Clock: Send + Sync + 'static {
    /// The present.
    fn now(&self) -> Timestamp;

    /// Ends when `point` is reached; at once if it is past.
    fn wait_until(&self, point: Timestamp) -> Waiting<'_>;

    /// Whether the machine's clock is not followed, because it has jumped.
    fn has_jumped(&self) -> bool {
        false
    }
}

/// The machine's clock.
#[derive(Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
        let millis = seconds.saturating_mul(1_000);
        Timestamp::from_millis(millis.saturating_add(i64::from(since.subsec_millis())))
    }

    fn wait_until(&self, point: Timestamp) -> Waiting<'_> {
        let millis = u64::try_from(point.since(self.now())).unwrap_or_default();
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            Working::default()
        })
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock {
    now: Mutex<Timestamp>,
    moved: Notify,
}

impl ManualClock {
    /// A clock that shows `now`.
    pub fn new(now: Timestamp) -> Self {
        Self {
            now: Mutex::new(now),
            moved: Notify::new(),
        }
    }

    /// Moves the clock on and wakes what waits for it.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        {
            let mut now = self
                .now
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            *now = now.plus_millis(millis);
        }
        self.moved.notify_waiters();
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self
            .now
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn wait_until(&self, point: Timestamp) -> Waiting<'_> {
        Box::pin(async move {
            loop {
                let mut moved = std::pin::pin!(self.moved.notified());
                moved.as_mut().enable();
                if self.now() >= point {
                    return Working::default();
                }
                moved.await;
            }
        })
    }
}
