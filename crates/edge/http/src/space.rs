//! Space for the answer to one request, which all parts of a request of many share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use landfall_model::limits::{ANSWER_BYTES_MAX, QUERY_PAGE_BYTES_MAX};

/// How much an answer may still have. Its clones share it.
#[derive(Clone, Debug)]
pub struct Space(Arc<AtomicUsize>);

impl Default for Space {
    fn default() -> Self {
        Self(Arc::new(AtomicUsize::new(ANSWER_BYTES_MAX)))
    }
}

impl Space {
    /// The bytes that a page of records may have here: what is left, a page at most.
    pub fn page(&self) -> usize {
        self.0.load(Ordering::Relaxed).min(QUERY_PAGE_BYTES_MAX)
    }

    /// Whether nothing is left.
    pub fn is_used_up(&self) -> bool {
        self.page() == 0
    }

    /// Takes the bytes of a part.
    pub fn take(&self, bytes: usize) {
        let left = self.0.load(Ordering::Relaxed).saturating_sub(bytes);
        self.0.store(left, Ordering::Relaxed);
    }
}
