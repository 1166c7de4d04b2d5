//! What a user with restricted rights gets of a `PushTopic`: nothing, or its notifications without some fields. Of a
//! generic channel they get all or nothing.
//!
//! It is checked at each delivery too, so that a lost right, or a changed query, counts at once. Users who see everything
//! are not checked.
//! Source: "Security and the Streaming API" (Streaming API Developer Guide).

use bytes::Bytes;
use landfall_auth::{Access, Act};
use landfall_engine::{Engine, Event, PushTopic};
use landfall_model::{FieldName, StreamingFault};

use crate::render::notification;

/// The object whose records are the topics.
const TOPICS: &str = "PushTopic";

/// The object whose records are the generic channels.
const CHANNELS: &str = "StreamingChannel";

/// Whether somebody may do this to generic channels: listening is reading them.
pub(crate) fn may_with_channels(engine: &Engine, access: &Access, act: Act) -> bool {
    may(engine, access, act, CHANNELS)
}

fn may(engine: &Engine, access: &Access, act: Act, object: &str) -> bool {
    let catalog = engine.catalog();
    let object = catalog.entity(object);
    object.is_some_and(|object| access.may(act, object))
}

/// The fields of a topic that are left out.
///
/// # Errors
/// [`StreamingFault::StreamingNotEnabled`], [`StreamingFault::TopicObjectDenied`],
/// [`StreamingFault::TopicConditionDenied`].
pub(crate) fn hidden<'t>(
    engine: &Engine,
    access: &Access,
    topic: &'t PushTopic,
) -> Result<Vec<&'t str>, StreamingFault> {
    if access.is_whole() {
        return Ok(Vec::new());
    }
    if !may(engine, access, Act::Read, TOPICS) {
        return Err(StreamingFault::StreamingNotEnabled);
    }
    let entity = topic.entity();
    if !access.may(Act::Read, entity) {
        return Err(StreamingFault::TopicObjectDenied);
    }
    let hidden: Vec<&FieldName> = access.hidden(entity).collect();
    let is_hidden = |name: &FieldName| hidden.contains(&name);
    if topic.condition().any(|field| is_hidden(&field.name)) {
        return Err(StreamingFault::TopicConditionDenied);
    }
    let told = topic.told().map(|field| &field.name);
    let left_out = told.filter(|name| is_hidden(name));
    Ok(left_out.map(FieldName::as_str).collect())
}

/// Whether a user with restricted rights may receive an event of a `PushTopic` or a generic channel, or any other.
pub(crate) fn may_receive(engine: &Engine, access: &Access, event: &Event) -> bool {
    let Some(schema) = engine.schema(event.schema) else {
        return true;
    };
    if schema.is_of_generic_event() {
        return may_with_channels(engine, access, Act::Read);
    }
    if !schema.is_of_push_topic() {
        return true;
    }
    let topics = engine.push_topics();
    let topic = topics.numbered(event.topic);
    topic.is_some_and(|topic| hidden(engine, access, topic).is_ok())
}

/// The `data` of a notification for a user with restricted rights who [`may_receive`] it. `None` for all other events.
pub(crate) fn restricted(engine: &Engine, access: &Access, event: &Event) -> Option<Bytes> {
    let schema = engine.schema(event.schema)?;
    if !schema.is_of_push_topic() {
        return None;
    }
    let topics = engine.push_topics();
    let topic = topics.numbered(event.topic);
    let left_out = topic.and_then(|topic| hidden(engine, access, topic).ok());
    let data = left_out.and_then(|left_out| {
        // One that cannot be read is reported when it is rendered for somebody else.
        notification(&schema, event, |name| !left_out.contains(&name)).ok()
    });
    Some(data.unwrap_or_default())
}
