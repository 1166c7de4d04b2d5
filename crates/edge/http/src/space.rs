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
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                Some(left.saturating_sub(bytes))
            });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_are_made_at_once_take_their_bytes_each() {
        let (space, threads, times) = (Space::default(), 8, 10_000);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| (0..times).for_each(|_| space.take(1)));
            }
        });
        let left = space.0.load(Ordering::Relaxed);
        assert_eq!(left, ANSWER_BYTES_MAX - threads * times);
    }
}
