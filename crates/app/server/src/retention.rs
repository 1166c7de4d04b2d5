//! Forgetting events that are past their retention, from time to time, by the engine's clock.

use landfall_engine::Engine;
use tracing::warn;

use crate::phase::Listener;

/// How often events are looked through. A small part of any retention, which is counted in hours.
const EVERY_MILLIS: i64 = 5 * 60 * 1000;

/// Trims the log until the server drains.
pub(crate) async fn run(engine: Engine, mut phase: Listener) {
    loop {
        if let Err(error) = engine.trim().await {
            warn!(%error, "expired events not removed");
        }
        if !phase.due_in(&engine, EVERY_MILLIS).await {
            return;
        }
    }
}
