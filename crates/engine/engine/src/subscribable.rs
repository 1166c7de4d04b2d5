//! Everything that clients can subscribe to, whatever its kind.

use landfall_model::limits::STREAMING_CHANNELS_MAX;
use landfall_store::TopicId;

use crate::Engine;
use crate::definitions::Subject;

/// Something that clients can subscribe to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscribable {
    /// As a client spells it: `/data/AccountChangeEvent`.
    pub channel: String,
    /// What is on it.
    pub kind: SubscribableKind,
    /// The topics of its events.
    pub topics: Vec<TopicId>,
}

/// What is on a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SubscribableKind {
    /// Change events of one object.
    ChangeEvents,
    /// A platform event.
    PlatformEvent,
    /// Notifications of a `PushTopic`.
    PushTopic,
    /// Texts that are pushed.
    Generic,
    /// Several topics, some of them with filters and enriched fields: `/data/ChangeEvents`, a custom channel.
    Channel,
}

impl Engine {
    /// Everything that clients can subscribe to at the moment: objects whose changes are captured, platform events,
    /// channels, active `PushTopics`, generic channels. Of each kind sorted by name.
    pub fn subscribable(&self) -> Vec<Subscribable> {
        let definitions = self.definitions();
        let mut all = Vec::new();
        for (name, topic) in definitions.topics() {
            let kind = match definitions.subject(topic) {
                Some(Subject::Changes(entity)) if definitions.captures(entity) => {
                    SubscribableKind::ChangeEvents
                }
                Some(Subject::PlatformEvent(_)) => SubscribableKind::PlatformEvent,
                Some(Subject::Changes(_)) | None => continue,
            };
            all.push(Subscribable {
                channel: name.as_str().to_owned(),
                kind,
                topics: vec![topic],
            });
        }
        all.extend(definitions.channels().map(|(name, channel)| Subscribable {
            channel: name.as_str().to_owned(),
            kind: SubscribableKind::Channel,
            topics: channel.topics().to_vec(),
        }));
        let push_topics = self.push_topics();
        let push_topics = push_topics.sorted().into_iter();
        all.extend(push_topics.map(|topic| Subscribable {
            channel: format!("/topic/{}", topic.name),
            kind: SubscribableKind::PushTopic,
            topics: vec![topic.topic],
        }));
        let generic = self.generic_channels();
        let names = generic.first_names(STREAMING_CHANNELS_MAX).into_iter();
        all.extend(names.filter_map(|name| {
            let channel = generic.named(&name).ok().flatten()?;
            Some(Subscribable {
                channel: channel.name,
                kind: SubscribableKind::Generic,
                topics: vec![channel.topic],
            })
        }));
        all.sort_by(|one, other| (one.kind, &one.channel).cmp(&(other.kind, &other.channel)));
        all
    }
}
