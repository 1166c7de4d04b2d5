//! What a channel does to the events of one of its topics.

use std::sync::atomic::{AtomicU64, Ordering};

use landfall_lock::{Mutex, Rank};

/// The number of the next lens of this process.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A filter, and fields that are added.
#[derive(Debug)]
pub struct Lens {
    /// Unlike that of any other.
    pub(crate) number: u64,
    pub(crate) rule: landfall_channel::Lens,
    /// Held while records are read, so that the others find what was read.
    pub(crate) evaluating: Mutex<()>,
}

impl Lens {
    pub(crate) fn new(rule: landfall_channel::Lens) -> Self {
        Self {
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            rule,
            evaluating: Mutex::new(Rank::Enrichment, ()),
        }
    }
}
