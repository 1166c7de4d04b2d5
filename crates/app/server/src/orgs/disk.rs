//! Looking after the disk, from time to time, by the engine's clock: whether the data file is in its place, whether a store
//! that refused a commit can write again, and whether there is more space than the reserve.

use landfall_engine::Engine;
use tracing::debug;

use crate::phase::Listener;

/// How often. A client that polls `/readyz` sees a change within this time.
const EVERY_MILLIS: i64 = 5 * 1000;

/// Looks until the server drains.
pub(crate) async fn run(engine: Engine, mut phase: Listener) {
    while let Some(_work) = phase.due_in(&engine, EVERY_MILLIS).await {
        // What it finds is in the health of the engine, which logs each change of it.
        if let Err(error) = engine.probe().await {
            debug!(%error, "the store cannot write");
        }
        if let Err(fault) = engine.check_reserve() {
            debug!(?fault, "disk space is low");
        }
    }
}
