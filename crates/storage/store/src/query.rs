//! How much of a query is read, when it ends, and records that are read again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use landfall_model::Value;
use landfall_query::ResultRow;

use crate::{Error, Result};

/// How much is read of what a query finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryLimits {
    /// Records whose values are read, those of queries of children included; at least one if there is one.
    pub rows: usize,
    /// Bytes of their values ([`bytes_of`]) after which no further record is read; groups beyond are [`Error::TooMany`].
    pub bytes: usize,
    /// Records that may be found at all: [`Error::TooMany`] beyond.
    pub records: usize,
}

/// When a long read ends, whether it is finished or not: after its time, or once nobody waits for it any more.
///
/// [`Error::TimedOut`] is what it ends with.
#[derive(Clone, Debug)]
pub struct Deadline {
    at: Instant,
    abandoned: Arc<AtomicBool>,
}

impl Deadline {
    /// The end of this time, beginning now.
    pub fn after(time: Duration) -> Self {
        Self {
            at: Instant::now() + time,
            abandoned: Arc::default(),
        }
    }

    /// The time that is left.
    pub fn remaining(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// Ends the read now, on whichever thread it is.
    pub fn abandon(&self) {
        self.abandoned.store(true, Ordering::Relaxed);
    }

    /// Whether the read has to end.
    pub fn has_passed(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed) || Instant::now() >= self.at
    }

    /// Nothing, unless the read has to end.
    ///
    /// # Errors
    /// [`Error::TimedOut`].
    pub fn check(&self) -> Result<()> {
        if self.has_passed() {
            return Err(Error::TimedOut);
        }
        Ok(())
    }
}

/// Records that were found before, read again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reread {
    /// Those of them that are still there.
    pub rows: Vec<ResultRow>,
    /// How many of the ids have been looked at: the page may be full before the last.
    pub looked_at: usize,
}

/// The memory of values.
pub fn bytes_of(values: &[Value]) -> usize {
    let texts = values
        .iter()
        .map(|value| value.as_text().map_or(0, str::len));
    size_of_val(values) + texts.sum::<usize>()
}
