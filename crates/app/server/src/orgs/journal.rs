//! The journal of a developer org.

use landfall_engine::Engine;
use landfall_journal::{Described, Journal};

/// The journal of an org.
pub(crate) fn of(engine: &Engine, requests: usize) -> Journal {
    let described = Described {
        request: landfall_pubsub::described,
        answer: landfall_pubsub::described_answer,
    };
    Journal::new(engine.clone(), described, requests)
}
