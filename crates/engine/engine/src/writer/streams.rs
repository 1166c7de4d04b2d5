//! What a group does to `PushTopics` and generic channels: made ready before its commit, in force right after it.

use std::collections::BTreeMap;
use std::sync::Arc;

use landfall_model::{RecordId, Timestamp};
use landfall_store::Document;
use tracing::error;

use super::{Core, Group};
use crate::definitions::Definitions;
use crate::error::Error;
use crate::generic_channels::{self, GenericChannel};
use crate::topics::PushTopics;

/// What is in force after a group.
#[derive(Default)]
pub(super) struct After {
    /// None: as before.
    pub(super) topics: Option<PushTopics>,
    /// Channels that are new, are called otherwise or are gone.
    pub(super) channels: Vec<(RecordId, Option<GenericChannel>)>,
    /// What is to be kept for them.
    pub(super) documents: Vec<Document>,
}

impl Core {
    /// The topics in force. On another day conditions with dates such as `TODAY` are read again.
    pub(super) fn topics_now(&mut self) -> Arc<PushTopics> {
        let topics = self.streams.topics.get();
        let now = self.clock.now().max(self.last_now);
        if !topics.is_stale(now) {
            return topics;
        }
        let definitions = self.definitions.get();
        let loaded = PushTopics::load(&mut *self.store, definitions.catalog(), &self.issued, now);
        match loaded {
            // The schemas are those of before: what a topic tells does not depend on the day.
            Ok((topics, _)) => self.streams.topics.replace(topics),
            Err(failure) => {
                error!(error = %crate::chain(&failure), "PushTopics cannot be read again for a new day");
            }
        }
        self.streams.topics.get()
    }

    /// What will be in force after a group.
    pub(super) fn streams_after(
        &mut self,
        group: &Group,
        definitions: &Definitions,
        now: Timestamp,
    ) -> Result<After, Error> {
        let mut after = After::default();
        let mut records = BTreeMap::new();
        let transactions = group.transactions.iter();
        for (entity, id, row) in transactions.flat_map(|last| &last.computed.streams) {
            if entity.name.as_str() == generic_channels::OBJECT {
                let channel = generic_channels::numbered(entity, row, &mut *self.store)?;
                after.channels.push((*id, channel));
            } else {
                // Of several changes of one topic the last counts.
                records.insert(*id, (Arc::clone(entity), Arc::clone(row)));
            }
        }
        if !records.is_empty() {
            let (catalog, issued) = (definitions.catalog(), &self.issued);
            let before = self.streams.topics.get();
            let (topics, documents) =
                before.changed(&records, &mut *self.store, catalog, issued, now)?;
            after.topics = Some(topics);
            after.documents = documents;
        }
        Ok(after)
    }
}
