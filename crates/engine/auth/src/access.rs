//! Who may read which topics, the same on both streaming protocols.

use landfall_engine::{Access, Definitions, Engine, Subject, TopicId};
use landfall_model::{StreamingFault, Topic};

use crate::login::Login;

/// The topics behind a name such as `/data/AccountChangeEvent`, as far as this login may read them.
///
/// Channels such as `/data/ChangeEvents` are open to everybody and carry what the login may read.
///
/// # Errors
/// [`StreamingFault::ChannelNotFound`]; [`StreamingFault::ChangeEventsDenied`] without the permission, or if the object
/// is not selected; [`StreamingFault::ChannelRestricted`] for a platform event without the permission.
/// Source: "Required Permissions" (Change Data Capture Developer Guide).
pub fn topics(engine: &Engine, login: &Login, name: &str) -> Result<Vec<TopicId>, StreamingFault> {
    let definitions = engine.definitions();
    let access = login.access();
    if let Some(channel) = definitions.channel(name) {
        let topics = channel.topics().iter().copied();
        return Ok(topics
            .filter(|topic| may_receive(&definitions, &access, *topic))
            .collect());
    }
    let topic = definitions.topic(&Topic::new(name));
    let not_found = || StreamingFault::ChannelNotFound {
        channel: name.to_owned(),
    };
    let topic = topic.ok_or_else(not_found)?;
    let (selected, denied) = match definitions.subject(topic).ok_or_else(not_found)? {
        Subject::Changes(entity) => (
            definitions.captures(entity),
            StreamingFault::ChangeEventsDenied,
        ),
        Subject::PlatformEvent(_) => (true, StreamingFault::ChannelRestricted),
    };
    if selected && may_receive(&definitions, &access, topic) {
        Ok(vec![topic])
    } else {
        Err(denied)
    }
}

/// Whether somebody with this access gets the events of a topic.
///
/// Change events ignore sharing, so they go to users who see every record of the object anyway.
/// Source: "Required Permissions" (Change Data Capture Developer Guide); [`landfall_model::EventReaders`].
fn may_receive(definitions: &Definitions, access: &Access, topic: TopicId) -> bool {
    match definitions.subject(topic) {
        Some(Subject::Changes(entity)) => access.sees_all(entity),
        Some(Subject::PlatformEvent(event)) => access.event(event).read,
        None => false,
    }
}

/// Whether somebody who follows a topic goes on to: until they lose the right to. On a topic whose object or event is gone
/// nothing comes, and its subscribers stay until that is restored.
pub fn may_keep(definitions: &Definitions, access: &Access, topic: TopicId) -> bool {
    definitions.subject(topic).is_none() || may_receive(definitions, access, topic)
}
