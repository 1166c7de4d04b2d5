//! Snapshots of an org: what it consists of at one point in time, as a file, and the way back to it.
//!
//! A snapshot has records, definitions, users, events and their replay ids, counters and committed positions. Logins, usage
//! counts, and jobs of the Bulk and Metadata APIs are not returned to: they belong to clients that go on.
//! Source: none; see "Reset and snapshots" in `docs/testing.md`.

use std::path::PathBuf;

use landfall_store::{DocumentKind, SnapshotContent};

use crate::Engine;
use crate::error::Error;
use crate::{price_book, touched};

/// Documents that stay as they are on the way back. Schemas are only ever added, and events refer to them.
pub(crate) const KEPT: &[DocumentKind] = &[
    DocumentKind::Schema,
    DocumentKind::Session,
    DocumentKind::RefreshToken,
    DocumentKind::SigningKey,
    DocumentKind::BulkJob,
    DocumentKind::BulkClassic,
    DocumentKind::BulkResult,
    DocumentKind::Deployment,
    DocumentKind::DeploymentZip,
    DocumentKind::Retrieval,
    DocumentKind::Usage,
];

/// Which way back is taken.
#[derive(Clone, Debug)]
pub(crate) struct Restoration {
    pub(crate) from: PathBuf,
    pub(crate) log_goes_on: bool,
}

/// An org that is what a snapshot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Whether it consists of other components than before.
    pub has_other_components: bool,
}

impl Engine {
    /// Saves a snapshot as a file, which is not there yet or empty, while everything goes on. After an error it is gone.
    /// The records that it counts are those that users make, not those that the org is set up by.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn save(&self, to: PathBuf) -> Result<SnapshotContent, Error> {
        let catalog = self.catalog();
        let mut saved = self.read(move |reader| reader.save(&to)).await?;
        saved.records.retain_mut(|(object, count)| {
            let entity = catalog.entity(object.as_str());
            let is_data = entity.is_none_or(|entity| entity.capabilities.triggerable);
            if object.as_str() == price_book::OBJECT {
                // The standard one is there from the beginning.
                *count = count.saturating_sub(1);
            }
            is_data && *count > 0 && !touched::is_set_up_by(object.as_str())
        });
        Ok(saved)
    }

    /// Returns to a snapshot of this org, in one commit. With `log_goes_on` the log has none of the earlier events then, and
    /// replay ids go on; otherwise it is that of the snapshot, and every subscription has to begin anew.
    ///
    /// # Errors
    /// [`Error::Store`]: the org is as before, or takes no more changes. [`Error::Stopped`].
    pub async fn restore(&self, from: PathBuf, log_goes_on: bool) -> Result<Restored, Error> {
        // A deployment on its way is computed with components that may be gone then.
        let _one = self.0.deploying.lock().await;
        let restoration = Restoration { from, log_goes_on };
        self.0.writer.restore(restoration).await
    }
}
