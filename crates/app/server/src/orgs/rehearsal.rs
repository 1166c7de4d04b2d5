//! What an org does by itself while faults are armed in it.

use std::sync::Arc;

use landfall_control::Subscribers as _;
use landfall_engine::Engine;

use crate::orgs::subscribers::Subscribers;
use crate::phase::{Listener, Phase};

/// Shows subscribers what faults hold back, as it falls due, until the server drains.
pub(crate) async fn release_held(engine: Engine, mut phase: Listener) {
    tokio::select! {
        () = phase.reached(Phase::Draining) => {}
        never = engine.release_held() => match never {},
    }
}

/// Ends all subscribers whenever a fault has replay ids begin again, as a server that goes away, until the server drains.
pub(crate) async fn end_restarted(
    engine: Engine,
    subscribers: Arc<Subscribers>,
    mut phase: Listener,
) {
    loop {
        tokio::select! {
            () = phase.reached(Phase::Draining) => return,
            () = engine.log().restarted() => {}
        }
        for (_, subscriber) in subscribers.list() {
            // One that is not there any more has ended by itself.
            let _ = subscribers.end(&subscriber.id);
        }
    }
}
