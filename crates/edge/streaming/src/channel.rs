//! Which channels there are, and who may subscribe to them.

use landfall_auth::{Login, Permissions};
use landfall_engine::{Engine, TopicId};
use landfall_model::{EntityDefinition, Fault, Topic};

/// Prefixes of channels that clients may name; all else is restricted.
const PREFIXES: [&str; 5] = ["/data/", "/event/", "/topic/", "/u/", "/systemTopic/"];

/// The topics behind a channel, for this login.
///
/// # Errors
/// The documented refusal, in the documented order of checks.
/// Source: "Required Permissions" (Change Data Capture Developer Guide); "Streaming API Error Codes".
pub(crate) fn topics(engine: &Engine, login: &Login, channel: &str) -> Result<Vec<TopicId>, Fault> {
    if channel.is_empty() {
        return Err(Fault::ChannelNameMissing);
    }
    if !channel.starts_with('/') {
        return Err(Fault::ChannelSlashMissing);
    }
    if !PREFIXES.iter().any(|prefix| channel.starts_with(prefix)) {
        return Err(Fault::ChannelRestricted);
    }
    let permissions = login.permissions;
    if channel == Topic::CHANGE_EVENTS {
        let topics = engine.change_event_topics().iter().copied();
        return Ok(topics
            .filter(|topic| may_receive(engine, permissions, *topic))
            .collect());
    }
    let not_found = || Fault::ChannelNotFound {
        channel: channel.to_owned(),
    };
    let topic = engine.topic(&Topic::new(channel)).ok_or_else(not_found)?;
    let entity = engine.entity_on(topic).ok_or_else(not_found)?;
    if engine.captures(entity) && may_see_all(permissions, entity) {
        Ok(vec![topic])
    } else {
        Err(Fault::ChangeEventsDenied)
    }
}

/// Whether a user with these permissions gets the events of a topic.
pub(crate) fn may_receive(engine: &Engine, permissions: Permissions, topic: TopicId) -> bool {
    engine
        .entity_on(topic)
        .is_some_and(|entity| may_see_all(permissions, entity))
}

/// Change events ignore sharing, so they go to those who see every record anyway.
fn may_see_all(permissions: Permissions, entity: &EntityDefinition) -> bool {
    if entity.name.as_str() == "User" {
        permissions.view_all_users
    } else {
        permissions.view_all_data
    }
}
