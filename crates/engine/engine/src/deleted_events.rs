//! Events that were deleted with the definition of their platform event.
//!
//! While there is no definition there is no topic to find them on. They are still in the log, up to the end of the
//! retention time, and a later definition of the same name has the same topic: it begins after them.
//! Source: "Considerations for Defining and Publishing Platform Events" (Platform Events Developer Guide): "Published
//! events that use the definition are also deleted."

use std::collections::BTreeMap;

use landfall_model::{Catalog, ReplayId};
use landfall_store::{Document, DocumentKind, Event, Reader, Reads, TopicId};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::stored;

/// Key of the document that says which events are deleted.
const DOCUMENT_KEY: &str = "deleted_events";

/// The last deleted event of each topic that has any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletedEvents {
    /// By number of the topic.
    through: BTreeMap<u32, u64>,
}

impl DeletedEvents {
    /// Whether the event is deleted.
    pub fn has(&self, event: &Event) -> bool {
        let TopicId(topic) = event.topic;
        let through = self.through.get(&topic);
        through.is_some_and(|through| event.replay_id <= ReplayId::new(*through))
    }

    pub(crate) fn stored(reads: &dyn Reads) -> Result<Option<Self>, Error> {
        let content = reads.document(DocumentKind::Org, DOCUMENT_KEY)?;
        content
            .map(|content| stored::read("list of deleted events", &content))
            .transpose()
    }

    /// What is deleted once a catalogue is in force: also what the log has of platform events that are new in it. None if
    /// nothing more is than before.
    pub(crate) fn after(
        earlier: Option<&Self>,
        is_known: impl Fn(&str) -> bool,
        catalog: &Catalog,
        reads: &dyn Reads,
        reader: &dyn Reader,
    ) -> Result<Option<Self>, Error> {
        let events = catalog.platform_events().iter();
        let mut again = Vec::new();
        for event in events.filter(|event| !is_known(event.name.as_str())) {
            again.extend(reads.topic_number(&event.topic())?);
        }
        if again.is_empty() {
            return Ok(None);
        }
        let bounds = reader.log_bounds()?;
        let mut deleted = earlier.cloned();
        let through = &mut deleted.get_or_insert_default().through;
        through.extend(
            again
                .into_iter()
                .map(|TopicId(topic)| (topic, bounds.tail.get())),
        );
        // Events that are no longer retained need no mark.
        through.retain(|_, through| {
            bounds
                .earliest
                .is_some_and(|earliest| earliest <= ReplayId::new(*through))
        });
        Ok(deleted)
    }

    pub(crate) fn document(&self) -> Document {
        stored::document(DocumentKind::Org, DOCUMENT_KEY, self)
    }
}
