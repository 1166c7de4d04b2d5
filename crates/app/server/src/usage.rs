//! Keeping what was counted, from time to time, by the engine's clock.

use landfall_engine::Engine;
use tracing::warn;

use crate::phase::{Listener, Phase};

/// How often. A process that is killed forgets no more than that.
const EVERY_MILLIS: i64 = 60 * 1000;

/// Keeps the usage until the server drains; what is counted after that is kept when the store is closed.
pub(crate) async fn run(engine: Engine, mut phase: Listener) {
    loop {
        let next = engine.clock().now().plus_millis(EVERY_MILLIS);
        tokio::select! {
            () = engine.clock().wait_until(next) => (),
            () = phase.reached(Phase::Draining) => return,
        }
        if let Err(error) = engine.save_usage().await {
            warn!(%error, "usage not saved");
        }
    }
}
