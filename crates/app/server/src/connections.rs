//! Counters of connections: how many are open, had to wait, or could not be accepted.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use landfall_model::limits::REFUSALS_LOGGED_EVERY;
use tokio::sync::watch;
use tracing::warn;

/// Counters of connections since the start, and whether a test has connections refused.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    /// Until when further ones are refused; none: never.
    refused_until: watch::Sender<Option<Instant>>,
    accepted: AtomicU64,
    delayed: Occasional,
    failed: Occasional,
}

impl Connections {
    pub(crate) fn accepted(&self) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
    }

    /// Has further connections refused for a while.
    pub(crate) fn refuse_for(&self, span: Duration) {
        self.refused_until.send_replace(Some(Instant::now() + span));
    }

    /// Until when further connections are refused, as it changes.
    pub(crate) fn refused_until(&self) -> watch::Receiver<Option<Instant>> {
        self.refused_until.subscribe()
    }

    /// All connections that may be open are open; the next waits.
    pub(crate) fn delayed(&self, max: usize) {
        if let Some(count) = self.delayed.count(Instant::now()) {
            warn!(max, count, "connections wait: all are in use");
        }
    }

    pub(crate) fn failed(&self, error: &io::Error) {
        if let Some(count) = self.failed.count(Instant::now()) {
            warn!(%error, count, "connections not accepted");
        }
    }

    /// How many were accepted, had to wait and could not be accepted.
    pub(crate) fn totals(&self) -> [(&'static str, u64); 3] {
        [
            ("accepted", self.accepted.load(Ordering::Relaxed)),
            ("delayed", self.delayed.total.load(Ordering::Relaxed)),
            ("failed", self.failed.total.load(Ordering::Relaxed)),
        ]
    }
}

/// Counts what happens, to be logged once in a while.
#[derive(Debug, Default)]
struct Occasional {
    total: AtomicU64,
    /// When it was logged last, and the total then.
    logged: Mutex<Option<(Instant, u64)>>,
}

impl Occasional {
    /// Counts one. Gives how many there were since the last line when another is due.
    fn count(&self, now: Instant) -> Option<u64> {
        let total = self.total.fetch_add(1, Ordering::Relaxed) + 1;
        let mut logged = self
            .logged
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let since = match *logged {
            Some((at, _)) if now.duration_since(at) < REFUSALS_LOGGED_EVERY => return None,
            Some((_, before)) => total - before,
            None => total,
        };
        *logged = Some((now, total));
        Some(since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_repeats_is_logged_once_in_a_while_with_its_count() {
        let (occasional, start) = (Occasional::default(), Instant::now());
        assert_eq!(occasional.count(start), Some(1));
        for _ in 0..100 {
            assert_eq!(occasional.count(start), None);
        }
        let later = start + REFUSALS_LOGGED_EVERY;
        assert_eq!(occasional.count(later), Some(101));
        assert_eq!(occasional.total.load(Ordering::Relaxed), 102);
    }
}
