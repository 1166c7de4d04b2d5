//! Channels: topics that carry the events of several others, each through a lens of its own.
//!
//! `/data/ChangeEvents` is one of them, and every org has it. An object is captured if it is a member of any channel.
//!
//! Source: "Compose Streams of Change Data Capture Notifications with Channels" (Change Data Capture Developer Guide);
//! "Group Platform Events into One Stream with a Custom Channel" (Platform Events Developer Guide).

use std::collections::HashMap;
use std::sync::Arc;

use landfall_metadata::{ChannelMember, ChannelType};
use landfall_store::TopicId;

use crate::lens::Lens;

/// Name of the channel that every org has, as members name it.
pub(crate) const CHANGE_EVENTS: &str = "ChangeEvents";

/// What the org says of its channels.
#[derive(Clone, Debug, Default)]
pub(crate) struct Declared {
    pub(crate) channels: Vec<landfall_metadata::Channel>,
    pub(crate) members: Vec<ChannelMember>,
    /// Whether every object that can be captured is a member of `ChangeEvents`.
    pub(crate) capture_all: bool,
}

impl Declared {
    /// The same, with every object on `ChangeEvents` or not.
    pub(crate) fn capturing(self, capture_all: bool) -> Self {
        Self {
            capture_all,
            ..self
        }
    }
}

/// A topic that carries the events of several others.
#[derive(Clone, Debug)]
pub struct Channel {
    kind: ChannelType,
    /// Rising.
    topics: Vec<TopicId>,
    lenses: HashMap<TopicId, Arc<Lens>>,
}

impl Channel {
    /// One without topics.
    pub(crate) fn empty(kind: ChannelType) -> Self {
        Self {
            kind,
            topics: Vec::new(),
            lenses: HashMap::new(),
        }
    }

    pub(crate) const fn kind(&self) -> ChannelType {
        self.kind
    }

    /// Carries a topic, through a lens if there is one.
    pub(crate) fn carry(&mut self, topic: TopicId, lens: Option<Lens>) {
        if let Err(place) = self.topics.binary_search(&topic) {
            self.topics.insert(place, topic);
        }
        if let Some(lens) = lens {
            self.lenses.insert(topic, Arc::new(lens));
        }
    }

    /// The topics that it carries, rising.
    pub fn topics(&self) -> &[TopicId] {
        &self.topics
    }

    /// What is done to the events of a topic; none if they are carried as they are.
    pub fn lens(&self, topic: TopicId) -> Option<&Arc<Lens>> {
        if self.lenses.is_empty() {
            return None;
        }
        self.lenses.get(&topic)
    }

    /// All lenses, with their topics.
    pub fn lenses(&self) -> impl Iterator<Item = (TopicId, &Arc<Lens>)> {
        self.lenses.iter().map(|(topic, lens)| (*topic, lens))
    }

    /// Whether it carries platform events.
    pub const fn is_of_platform_events(&self) -> bool {
        matches!(self.kind, ChannelType::Event)
    }
}
