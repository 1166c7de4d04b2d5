//! The phases of a server's life, up to its end, for everything that depends on them.

use landfall_engine::{Engine, Working};
use tokio::sync::watch;

/// Where a server is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Serving.
    Running,
    /// No new connections; requests in progress are finished, held polls answered.
    Draining,
    /// Connections that are still open are dropped.
    Ending,
}

/// Sets the phase.
#[derive(Debug)]
pub(crate) struct Conductor(watch::Sender<Phase>);

/// Follows the phase.
#[derive(Clone, Debug)]
pub(crate) struct Listener(watch::Receiver<Phase>);

/// A server at the start of its life.
pub(crate) fn start() -> (Conductor, Listener) {
    let (sender, receiver) = watch::channel(Phase::Running);
    (Conductor(sender), Listener(receiver))
}

impl Conductor {
    /// Moves on; never back.
    pub(crate) fn advance(&self, phase: Phase) {
        self.0.send_if_modified(|current| {
            let moves = *current < phase;
            if moves {
                *current = phase;
            }
            moves
        });
    }
}

impl Listener {
    /// The phase now.
    pub(crate) fn phase(&self) -> Phase {
        *self.0.borrow()
    }

    /// Ends when the phase is reached, or when nobody is left to reach it.
    pub(crate) async fn reached(&mut self, phase: Phase) {
        // An error means that the server itself is gone: later than any phase.
        let _ = self.0.wait_for(|current| *current >= phase).await;
    }

    /// Waits until periodic work is due again, by the engine's clock; none once the server drains.
    pub(crate) async fn due_in(&mut self, engine: &Engine, millis: i64) -> Option<Working> {
        let clock = engine.clock();
        tokio::select! {
            work = clock.wait_until(clock.now().plus_millis(millis)) => Some(work),
            () = self.reached(Phase::Draining) => None,
        }
    }
}
