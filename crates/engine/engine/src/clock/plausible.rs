//! A clock that does not follow a jump of the machine's clock.
//!
//! A wrong clock that is believed does lasting damage: all events are past their retention, and records have dates of the
//! future. So time goes on as before when the machine's clock jumps by more than an hour, until it is back or an operator
//! restarts the server. Smaller steps are followed.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use landfall_model::Timestamp;
use landfall_model::limits::CLOCK_JUMP_MILLIS_MAX;
use tracing::{info, warn};

use super::{Clock, SystemClock, Waiting, Working};

/// What a machine knows of time.
pub trait Ticks: Send + Sync + 'static {
    /// The time of day, which can be set.
    fn wall(&self) -> Timestamp;

    /// Time since some point in the past, which nobody can set.
    fn elapsed(&self) -> Duration;
}

/// The machine's own.
#[derive(Debug)]
pub struct MachineTicks(Instant);

impl Default for MachineTicks {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Ticks for MachineTicks {
    fn wall(&self) -> Timestamp {
        SystemClock.now()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// The machine's clock as far as it is plausible. It is believed when this is made.
#[derive(Debug)]
pub struct PlausibleClock<T = MachineTicks> {
    ticks: T,
    anchor: Mutex<Anchor>,
}

/// The last time that was plausible.
#[derive(Debug)]
struct Anchor {
    wall: Timestamp,
    elapsed: Duration,
    has_jumped: bool,
}

impl Default for PlausibleClock {
    fn default() -> Self {
        Self::on(MachineTicks::default())
    }
}

impl<T: Ticks> PlausibleClock<T> {
    /// A clock on these ticks.
    pub fn on(ticks: T) -> Self {
        let anchor = Anchor {
            wall: ticks.wall(),
            elapsed: ticks.elapsed(),
            has_jumped: false,
        };
        Self {
            ticks,
            anchor: Mutex::new(anchor),
        }
    }
}

impl<T: Ticks> Clock for PlausibleClock<T> {
    fn now(&self) -> Timestamp {
        let mut anchor = self.anchor.lock().unwrap_or_else(PoisonError::into_inner);
        let (wall, elapsed) = (self.ticks.wall(), self.ticks.elapsed());
        let since = elapsed.saturating_sub(anchor.elapsed).as_millis();
        let expected = anchor
            .wall
            .plus_millis(i64::try_from(since).unwrap_or(i64::MAX));
        let ahead_ms = wall.since(expected);
        if ahead_ms.saturating_abs() > CLOCK_JUMP_MILLIS_MAX {
            if !anchor.has_jumped {
                anchor.has_jumped = true;
                warn!(
                    ahead_ms,
                    "the machine's clock has jumped and is not followed; see docs/operations/clock.md"
                );
            }
            return expected;
        }
        if anchor.has_jumped {
            info!("the machine's clock is plausible again");
        }
        *anchor = Anchor {
            wall,
            elapsed,
            has_jumped: false,
        };
        wall
    }

    fn wait_until(&self, point: Timestamp) -> Waiting<'_> {
        let millis = u64::try_from(point.since(self.now())).unwrap_or_default();
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            Working::default()
        })
    }

    fn has_jumped(&self) -> bool {
        let anchor = self.anchor.lock().unwrap_or_else(PoisonError::into_inner);
        anchor.has_jumped
    }
}
