//! Events as the log keeps them.

use std::sync::Arc;

use bytes::Bytes;
use landfall_model::{EventId, ReplayId, SchemaId, Timestamp};

/// Number of a topic in one store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicId(pub u32);

/// An event to be appended: all but its replay id.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// The topic that it is on.
    pub topic: TopicId,
    /// Its identity.
    pub id: EventId,
    /// The schema that the payload is encoded with.
    pub schema: SchemaId,
    /// Avro, encoded once.
    pub payload: Bytes,
}

/// An event of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its position.
    pub replay_id: ReplayId,
    /// The topic that it is on.
    pub topic: TopicId,
    /// When it was appended.
    pub appended: Timestamp,
    /// Its identity.
    pub id: EventId,
    /// The schema that the payload is encoded with.
    pub schema: SchemaId,
    /// Avro, as encoded at capture.
    pub payload: Bytes,
}

/// What the log holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogBounds {
    /// The oldest retained event; none if all are forgotten or none was ever appended.
    pub earliest: Option<ReplayId>,
    /// The newest position ever assigned, [`ReplayId::ORIGIN`] in a new org.
    pub tail: ReplayId,
}

/// The topics that a reader asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopicFilter {
    /// Every topic.
    All,
    /// These, rising.
    These(Vec<TopicId>),
}

impl TopicFilter {
    /// Whether events of the topic pass.
    #[inline]
    pub fn passes(&self, topic: TopicId) -> bool {
        match self {
            Self::All => true,
            Self::These(topics) => topics.binary_search(&topic).is_ok(),
        }
    }
}

/// A stretch of the log.
#[derive(Clone, Debug)]
pub struct Page {
    /// What passed the filter, in order.
    pub events: Vec<Arc<Event>>,
    /// How far the log was looked through: read on from here.
    pub reached: ReplayId,
    /// Events that were stored and cannot be read any more. A page ends with them: they come after its events.
    pub gap: Option<LogGap>,
}

/// Events that were stored and cannot be read any more, because the disk has damaged or lost them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogGap {
    /// The first of them.
    pub first: ReplayId,
    /// The last of them.
    pub last: ReplayId,
    /// The topics that they were on, rising, whatever the filter of the page.
    pub topics: Vec<TopicId>,
    /// When they were appended, or later.
    pub appended: Timestamp,
}
