//! Snapshots of an org: what it consists of at one point in time, as a file, and the way back to it.
//!
//! A snapshot has records, definitions, users, events and their replay ids, counters and committed positions. Logins, usage
//! counts, and jobs of the Bulk and Metadata APIs are not returned to: they belong to clients that go on.
//! Source: none; see "Reset and snapshots" in `docs/testing.md`.

use std::path::PathBuf;

use landfall_model::limits::SNAPSHOT_TIME_MAX;
use landfall_model::{EntityName, RecordId, ReplayId};
use landfall_store::{
    Deadline, DifferenceQuery, DocumentKind, EventDifference, ObjectDifference, Reader,
    RecordDifference, SnapshotContent,
};

use crate::Engine;
use crate::error::Error;
use crate::query::lanes::Waiting;
use crate::{identity, price_book, touched};

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

/// Which of the records that differ are listed.
#[derive(Clone, Debug)]
pub struct DifferenceRequest {
    /// Those of this object; none: of all, object by object.
    pub object: Option<EntityName>,
    /// Those after this one, in the order of their ids.
    pub after: Option<RecordId>,
    /// At most so many records, and at most so many events of each side.
    pub limit: usize,
}

/// What differs between a snapshot and a later state of the org.
#[derive(Clone, Debug, PartialEq)]
pub struct Differences {
    /// How many records differ, by object.
    pub objects: Vec<ObjectDifference>,
    /// The first of them.
    pub records: Vec<RecordDifference>,
    /// Events that only the later state has.
    pub added: EventDifferences,
    /// Events that only the snapshot has.
    pub removed: EventDifferences,
}

/// Events that only one of two states has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventDifferences {
    /// How many.
    pub count: u64,
    /// The first of them, with the channels that they are on, as subscribers spell them.
    pub first: Vec<(ReplayId, String)>,
}

impl Engine {
    /// What differs between a snapshot and another one, or the org as it is now. It ends when the caller is dropped.
    ///
    /// # Errors
    /// [`Error::Store`], also for a file that is not a snapshot of this org. [`Error::Stopped`].
    pub async fn difference(
        &self,
        from: PathBuf,
        to: Option<PathBuf>,
        request: DifferenceRequest,
    ) -> Result<Differences, Error> {
        let query = DifferenceQuery {
            object: request.object,
            after: request.after,
            limit: request.limit,
            identity: (DocumentKind::Org, identity::DOCUMENT_KEY),
        };
        let compared = self.read_at_length(move |reader, deadline| {
            reader.difference(&from, to.as_deref(), &query, deadline)
        });
        let compared = compared.await?;
        Ok(Differences {
            objects: compared.objects,
            records: compared.records,
            added: self.with_channels(compared.added),
            removed: self.with_channels(compared.removed),
        })
    }

    /// A read that ends early when the caller is dropped.
    async fn read_at_length<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Reader, &Deadline) -> landfall_store::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let deadline = Deadline::after(SNAPSHOT_TIME_MAX);
        let _waiting = Waiting(deadline.clone());
        self.read(move |reader| read(reader, &deadline)).await
    }

    fn with_channels(&self, events: EventDifference) -> EventDifferences {
        let state = &self.0.state;
        let first = events.first.into_iter().map(|(replay_id, number, topic)| {
            let channel = state.channel_of(number);
            (replay_id, channel.unwrap_or_else(|| topic.to_string()))
        });
        EventDifferences {
            count: events.count,
            first: first.collect(),
        }
    }

    /// Saves a snapshot as a file, which is not there yet or empty, while everything goes on. After an error it is gone,
    /// and so it is soon after the caller was dropped.
    /// The records that it counts are those that users make, not those that the org is set up by.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn save(&self, to: PathBuf) -> Result<SnapshotContent, Error> {
        let catalog = self.catalog();
        let saved = self.read_at_length(move |reader, deadline| reader.save(&to, deadline));
        let mut saved = saved.await?;
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
    /// replay ids go on; otherwise it is that of the snapshot, and every subscription has to start over.
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
