//! What is used of the allocations.

use std::ops::RangeInclusive;

use crate::Engine;
use crate::error::Error;
use crate::usage::{self, Usage};

impl Engine {
    /// What was used of the org's allocations.
    pub fn usage(&self) -> &Usage {
        &self.0.usage
    }

    /// Keeps what was counted since the last time. Where another process writes, that is what is reported to it.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Stopped`].
    pub async fn save_usage(&self) -> Result<(), Error> {
        if self.follows() {
            return Ok(());
        }
        let documents = self.usage().unsaved();
        if documents.is_empty() {
            return Ok(());
        }
        self.put(documents).await
    }

    /// The usage of some hours, counted from 1970, as far as there was any; the last one may be going on.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Document`].
    pub async fn usage_of(&self, hours: RangeInclusive<i64>) -> Result<Vec<usage::Hour>, Error> {
        usage::history(self, hours).await
    }
}
