//! Where a server takes time and randomness from.

use std::sync::Arc;

use landfall_engine::{Clock, Entropy, SystemClock, SystemEntropy};

/// What a server takes from the world.
#[derive(Clone)]
pub struct Environment {
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where randomness comes from.
    pub entropy: Arc<dyn Entropy>,
}

impl Default for Environment {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
        }
    }
}
