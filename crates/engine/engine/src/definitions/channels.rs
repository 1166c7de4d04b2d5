//! The channels of definitions: which topics they carry, through which lenses.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use landfall_metadata::{ChannelMember, ChannelType};
use landfall_model::Topic;
use landfall_store::TopicId;

use super::{Definitions, Subject};
use crate::channel::{CHANGE_EVENTS, Channel, Declared};
use crate::lens::Lens;

/// The channels of these definitions, by topic.
pub(super) fn channels(
    definitions: &Definitions,
    declared: &Declared,
) -> HashMap<Topic, Arc<Channel>> {
    let mut channels: BTreeMap<&str, (Topic, Channel)> = BTreeMap::new();
    let mut all = Channel::empty(ChannelType::Data);
    if declared.capture_all {
        for topic in definitions.capturable() {
            all.carry(topic, None);
        }
    }
    channels.insert(CHANGE_EVENTS, (Topic::new(Topic::CHANGE_EVENTS), all));
    for channel in &declared.channels {
        let made = (channel.topic(), Channel::empty(channel.channel_type));
        channels.insert(&channel.full_name, made);
    }
    for member in &declared.members {
        let Some((_, channel)) = channels.get_mut(member.event_channel.as_str()) else {
            continue;
        };
        let folder = match channel.kind() {
            ChannelType::Data => Topic::of_change_event(&member.selected_entity),
            ChannelType::Event => Topic::of_platform_event(&member.selected_entity),
        };
        let Some(topic) = definitions.topic(&folder) else {
            continue;
        };
        channel.carry(topic, lens(definitions, topic, member).map(Lens::new));
    }
    let channels = channels.into_values();
    channels
        .map(|(topic, channel)| (topic, Arc::new(channel)))
        .collect()
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
