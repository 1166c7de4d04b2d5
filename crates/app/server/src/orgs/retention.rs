//! Forgetting events that are past their retention, from time to time, by the engine's clock.

use landfall_engine::{Engine, Working};
use landfall_model::Timestamp;
use landfall_model::limits::CLOCK_JUMP_MILLIS_MAX;
use tracing::{info, warn};

use crate::phase::Listener;

/// How often events are looked through. A small part of any retention, which is counted in hours.
const EVERY_MILLIS: i64 = 5 * 60 * 1000;

/// Trims the log until the server drains. `newest` is the time of the newest commit before the start: if the clock is far
/// ahead of it, the server was down for long or the clock is wrong, and an operator has time to see which.
pub(crate) async fn run(engine: Engine, mut phase: Listener, newest: Timestamp) {
    let mut work = Working::default();
    let ahead_ms = engine.clock().now().since(newest);
    if newest > Timestamp::default() && ahead_ms > CLOCK_JUMP_MILLIS_MAX {
        info!(
            ahead_ms,
            "the clock is ahead of the newest commit: no events expire in the next hour; if it is wrong, see docs/operations/clock.md"
        );
        let Some(due) = phase.due_in(&engine, CLOCK_JUMP_MILLIS_MAX).await else {
            return;
        };
        work = due;
    }
    loop {
        if let Err(error) = engine.trim().await {
            warn!(%error, "expired events not removed");
        }
        drop(work);
        let Some(due) = phase.due_in(&engine, EVERY_MILLIS).await else {
            return;
        };
        work = due;
    }
}
