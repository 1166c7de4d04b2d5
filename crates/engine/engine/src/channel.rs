//! Channels: topics that carry the events of several others, each through a lens of its own.
//!
//! `/data/ChangeEvents` is one of them, and every org has it. An object is captured if it is a member of any channel.
//!
//! Source: "Compose Streams of Change Data Capture Notifications with Channels" (Change Data Capture Developer Guide);
//! "Group Platform Events into One Stream with a Custom Channel" (Platform Events Developer Guide).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use landfall_metadata::{ChannelMember, ChannelType};
use landfall_model::Topic;
use landfall_store::TopicId;

use crate::definitions::{Definitions, Subject};
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

/// The channels of these definitions, by topic.
pub(crate) fn channels(
    definitions: &Definitions,
    declared: &Declared,
) -> HashMap<Topic, Arc<Channel>> {
    let empty = |kind| Channel {
        kind,
        topics: Vec::new(),
        lenses: HashMap::new(),
    };
    let mut channels: BTreeMap<&str, (Topic, Channel)> = BTreeMap::new();
    let mut all = empty(ChannelType::Data);
    if declared.capture_all {
        all.topics.extend(definitions.capturable());
    }
    channels.insert(CHANGE_EVENTS, (Topic::new(Topic::CHANGE_EVENTS), all));
    for channel in &declared.channels {
        let made = (channel.topic(), empty(channel.channel_type));
        channels.insert(&channel.full_name, made);
    }
    for member in &declared.members {
        let Some((_, channel)) = channels.get_mut(member.event_channel.as_str()) else {
            continue;
        };
        let folder = match channel.kind {
            ChannelType::Data => Topic::of_change_event(&member.selected_entity),
            ChannelType::Event => Topic::of_platform_event(&member.selected_entity),
        };
        let Some(topic) = definitions.topic(&folder) else {
            continue;
        };
        channel.topics.push(topic);
        if let Some(lens) = lens(definitions, topic, member) {
            channel.lenses.insert(topic, Arc::new(Lens::new(lens)));
        }
    }
    let sorted = channels.into_values().map(|(topic, mut channel)| {
        channel.topics.sort_unstable();
        channel.topics.dedup();
        (topic, Arc::new(channel))
    });
    sorted.collect()
}

fn lens(
    definitions: &Definitions,
    topic: TopicId,
    member: &ChannelMember,
) -> Option<landfall_channel::Lens> {
    let filter = member.filter.clone();
    match definitions.subject(topic)? {
        Subject::Changes(entity) => {
            let schema = definitions.change_event_schema(entity.name.as_str())?;
            let enriched = &member.enriched_fields;
            landfall_channel::Lens::of_changes(entity, schema, filter, enriched)
        }
        Subject::PlatformEvent(_) => landfall_channel::Lens::of_platform_event(filter),
    }
}
