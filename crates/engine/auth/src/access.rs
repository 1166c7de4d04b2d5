//! Who may read which topics: the same on both streaming protocols.

use landfall_engine::{Engine, Subject, TopicId};
use landfall_model::{EntityDefinition, Fault, Topic};

use crate::login::Login;

/// The topics behind a name such as `/data/AccountChangeEvent`, as far as this login may read them.
///
/// `/data/ChangeEvents` is open to everybody and carries what the login may read.
///
/// # Errors
/// [`Fault::ChannelNotFound`]; [`Fault::ChangeEventsDenied`] without the permission, or if the object is not selected.
/// Source: "Required Permissions" (Change Data Capture Developer Guide).
pub fn topics(engine: &Engine, login: &Login, name: &str) -> Result<Vec<TopicId>, Fault> {
    let definitions = engine.definitions();
    if name == Topic::CHANGE_EVENTS {
        let readable = |topic: &TopicId| match definitions.subject(*topic) {
            Some(Subject::Changes(entity)) => login.sees_all(entity),
            Some(Subject::PlatformEvent(_)) | None => false,
        };
        let topics = definitions.change_event_topics().iter().copied();
        return Ok(topics.filter(readable).collect());
    }
    let topic = definitions.topic(&Topic::new(name));
    match topic.and_then(|topic| Some((topic, definitions.subject(topic)?))) {
        Some((topic, Subject::PlatformEvent(_))) => Ok(vec![topic]),
        Some((topic, Subject::Changes(entity)))
            if definitions.captures(entity) && login.sees_all(entity) =>
        {
            Ok(vec![topic])
        }
        Some((_, Subject::Changes(_))) => Err(Fault::ChangeEventsDenied),
        None => Err(Fault::ChannelNotFound {
            channel: name.to_owned(),
        }),
    }
}

impl Login {
    /// Whether the user sees every record of the object. Change events ignore sharing, so they go to nobody else.
    pub fn sees_all(&self, entity: &EntityDefinition) -> bool {
        if entity.name.as_str() == "User" {
            self.permissions.view_all_users
        } else {
            self.permissions.view_all_data
        }
    }
}
