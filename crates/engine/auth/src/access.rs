//! Who may read which topics, the same on both streaming protocols; and who may change which records.

use landfall_engine::{Definitions, Engine, Subject, TopicId};
use landfall_model::{EntityDefinition, EventReaders, Fault, Topic};

use crate::login::{Login, Permissions};

const USER: &str = "User";

/// What only those who may change everything change: a user's profile is a field, and a profile's permissions are.
///
/// Source: "User" (Object Reference), "Special Access Rules".
const SETUP_OBJECTS: &[&str] = &[USER, "UserRole", "Profile", "PermissionSet", "Organization"];

/// The topics behind a name such as `/data/AccountChangeEvent`, as far as this login may read them.
///
/// `/data/ChangeEvents` is open to everybody and carries what the login may read.
///
/// # Errors
/// [`Fault::ChannelNotFound`]; [`Fault::ChangeEventsDenied`] without the permission, or if the object is not selected;
/// [`Fault::ChannelRestricted`] for a platform event without the permission.
/// Source: "Required Permissions" (Change Data Capture Developer Guide).
pub fn topics(engine: &Engine, login: &Login, name: &str) -> Result<Vec<TopicId>, Fault> {
    let definitions = engine.definitions();
    let permissions = login.permissions;
    if name == Topic::CHANGE_EVENTS {
        let topics = definitions.change_event_topics().iter().copied();
        return Ok(topics
            .filter(|topic| may_receive(&definitions, permissions, *topic))
            .collect());
    }
    let topic = definitions.topic(&Topic::new(name));
    let not_found = || Fault::ChannelNotFound {
        channel: name.to_owned(),
    };
    let topic = topic.ok_or_else(not_found)?;
    let (selected, denied) = match definitions.subject(topic).ok_or_else(not_found)? {
        Subject::Changes(entity) => (definitions.captures(entity), Fault::ChangeEventsDenied),
        Subject::PlatformEvent(_) => (true, Fault::ChannelRestricted),
    };
    if selected && may_receive(&definitions, permissions, topic) {
        Ok(vec![topic])
    } else {
        Err(denied)
    }
}

/// Whether a user with these permissions gets the events of a topic.
///
/// Source: "Required Permissions" (Change Data Capture Developer Guide); [`EventReaders`]. Every user reads the platform
/// events of the org's own, since no permission set takes that away yet.
pub fn may_receive(definitions: &Definitions, permissions: Permissions, topic: TopicId) -> bool {
    match definitions.subject(topic) {
        Some(Subject::Changes(entity)) => may_see_all(permissions, entity),
        Some(Subject::PlatformEvent(event)) => match event.standard {
            None | Some(EventReaders::Everybody) => true,
            Some(EventReaders::Customizers) => permissions.customize_application,
            Some(EventReaders::Monitors) => permissions.view_event_monitoring,
        },
        None => false,
    }
}

/// Change events ignore sharing, so they go to those who see every record anyway.
fn may_see_all(permissions: Permissions, entity: &EntityDefinition) -> bool {
    if entity.name.as_str() == USER {
        permissions.view_all_users
    } else {
        permissions.view_all_data
    }
}

/// Whether a user with these permissions may change records of an object at all.
pub fn may_change(permissions: Permissions, entity: &EntityDefinition) -> bool {
    permissions.modify_all_data || !SETUP_OBJECTS.contains(&entity.name.as_str())
}
