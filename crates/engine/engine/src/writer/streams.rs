//! What `PushTopics` and generic channels need before the commit of their records.

use std::sync::Arc;

use landfall_model::Timestamp;
use landfall_store::Document;
use tracing::error;

use super::{Core, Group};
use crate::definitions::Definitions;
use crate::error::Error;
use crate::generic_channels;
use crate::topics::{self, PushTopics};

impl Core {
    /// The topics in force. On another day conditions with dates such as `TODAY` are read again.
    pub(super) fn topics_now(&self) -> Arc<PushTopics> {
        let now = self.clock.now().max(self.last_now);
        if let Err(failure) = self.state.date_topics(&*self.store, now) {
            error!(error = %crate::chain(&failure), "PushTopics cannot be read again for a new day");
        }
        self.state.topics()
    }

    /// Numbers the topics of the records that a group has changed; the documents are to be kept with the group.
    pub(super) fn required_by_streams(
        &mut self,
        group: &Group,
        definitions: &Definitions,
        now: Timestamp,
    ) -> Result<Vec<Document>, Error> {
        let mut documents = Vec::new();
        let transactions = group.transactions.iter();
        for (entity, id, row) in transactions.flat_map(|last| &last.computed.streams) {
            if entity.name.as_str() == generic_channels::OBJECT {
                self.store.topic(&generic_channels::topic_of(*id))?;
            } else {
                documents.extend(topics::required(
                    &mut *self.store,
                    (entity, row),
                    definitions.catalog(),
                    self.state.schemas(),
                    now,
                )?);
            }
        }
        Ok(documents)
    }
}
