//! Keeping what was counted, from time to time, by the engine's clock.

use landfall_engine::Engine;
use tracing::warn;

use crate::phase::Listener;

/// How often. A process that is killed forgets no more than that.
const EVERY_MILLIS: i64 = 60 * 1000;

/// Keeps the usage until the server drains; what is counted after that is kept when the store is closed.
pub(crate) async fn run(engine: Engine, mut phase: Listener) {
    while let Some(_work) = phase.due_in(&engine, EVERY_MILLIS).await {
        if let Err(error) = engine.save_usage().await {
            warn!(%error, "usage not saved");
        }
    }
}
