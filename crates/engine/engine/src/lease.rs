//! How long what is in memory may be taken for what is stored, where another process may write to the store.
//!
//! A node of a cluster that has lost its connections, or was frozen, knows nothing of it at first. What it has in memory is
//! shown to nobody beyond the lease, so that a right that is taken away elsewhere is soon without effect here. The time is
//! that of the machine, which goes on while a process is frozen.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};
use tracing::warn;

/// A lease: cheap to clone.
#[derive(Clone, Debug)]
pub struct Lease(Arc<Term>);

#[derive(Debug)]
struct Term {
    origin: Instant,
    /// Milliseconds since the origin; the largest number: for ever.
    until: AtomicU64,
    /// Changes soon after it has lapsed, and when it is renewed.
    holds: watch::Sender<bool>,
    renewed: Notify,
}

impl Lease {
    /// Of a store that no other process writes to: it never lapses.
    pub fn unlimited() -> Self {
        Self::until(u64::MAX)
    }

    /// One that has lapsed, until it is renewed.
    pub fn lapsed() -> Self {
        Self::until(0)
    }

    fn until(until: u64) -> Self {
        Self(Arc::new(Term {
            origin: Instant::now(),
            until: AtomicU64::new(until),
            holds: watch::Sender::new(until > 0),
            renewed: Notify::new(),
        }))
    }

    /// Lets it hold for so long after `since`, when what is in memory was known to be what is stored.
    pub fn renew(&self, since: Instant, time: Duration) {
        let until = (since + time).saturating_duration_since(self.0.origin);
        let until = u64::try_from(until.as_millis()).unwrap_or(u64::MAX);
        self.0.until.fetch_max(until, Ordering::AcqRel);
        if self.holds() && self.set(true) {
            self.0.renewed.notify_one();
        }
    }

    /// Ends it at once, until it is renewed.
    pub fn end(&self) {
        self.0.until.store(0, Ordering::Release);
        self.set(false);
    }

    /// Whether it holds.
    pub fn holds(&self) -> bool {
        self.left().is_none_or(|left| left > Duration::ZERO)
    }

    /// For how long it holds; none: for ever.
    fn left(&self) -> Option<Duration> {
        let until = self.0.until.load(Ordering::Acquire);
        if until == u64::MAX {
            return None;
        }
        let now = self.0.origin.elapsed();
        Some(Duration::from_millis(until).saturating_sub(now))
    }

    /// Ends soon after it has lapsed, while [`Self::watch`] runs. To be sure of it at a moment, ask [`Self::holds`].
    pub fn lapse(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        let mut holds = self.0.holds.subscribe();
        async move {
            // An error means that the lease itself is gone, and with it everything that it was for.
            let _ = holds.wait_for(|holds| !holds).await;
        }
    }

    /// Changes soon after it has lapsed, and when it is renewed after that, while [`Self::watch`] runs.
    pub fn changes(&self) -> watch::Receiver<bool> {
        self.0.holds.subscribe()
    }

    /// Notices that it lapses. Never ends.
    pub async fn watch(&self) -> Infallible {
        loop {
            match self.left() {
                None => std::future::pending().await,
                Some(Duration::ZERO) => {
                    if self.set(false) {
                        warn!(
                            "nothing is delivered: what is in memory may not be what is stored any more"
                        );
                    }
                    self.0.renewed.notified().await;
                }
                Some(left) => {
                    self.set(true);
                    tokio::time::sleep(left).await;
                }
            }
        }
    }

    fn set(&self, holds: bool) -> bool {
        self.0.holds.send_if_modified(|held| {
            let is_other = *held != holds;
            *held = holds;
            is_other
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_mins(10);

    #[test]
    fn it_holds_from_a_renewal_on_for_its_time() {
        assert!(Lease::unlimited().holds());
        let lease = Lease::lapsed();
        assert!(!lease.holds());
        lease.renew(Instant::now(), LONG);
        assert!(lease.holds());
        let lease = Lease::lapsed();
        lease.renew(Instant::now(), Duration::ZERO);
        assert!(!lease.holds());
    }

    #[test]
    fn an_older_renewal_does_not_shorten_it() {
        let lease = Lease::lapsed();
        lease.renew(Instant::now(), LONG);
        lease.renew(Instant::now(), Duration::ZERO);
        assert!(lease.holds());
    }

    #[test]
    fn it_can_end_at_once() {
        let lease = Lease::lapsed();
        lease.renew(Instant::now(), LONG);
        lease.end();
        assert!(!lease.holds());
        lease.renew(Instant::now(), LONG);
        assert!(lease.holds());
    }

    #[tokio::test]
    async fn its_end_is_noticed_and_so_is_a_renewal() {
        let lease = Lease::lapsed();
        lease.renew(Instant::now(), Duration::from_millis(50));
        let lapse = lease.lapse();
        let watched = lease.clone();
        let watch = tokio::spawn(async move { watched.watch().await });
        lapse.await;
        assert!(!lease.holds());
        lease.renew(Instant::now(), LONG);
        let soon = tokio::time::timeout(Duration::from_millis(50), lease.lapse());
        assert!(soon.await.is_err(), "it holds again");
        watch.abort();
    }
}
