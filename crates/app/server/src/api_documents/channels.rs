//! What can be subscribed to: custom channels and `/data/ChangeEvents`, the changes of each object that is captured, platform
//! events, `PushTopics`, generic channels.

use std::collections::BTreeSet;

use landfall_apidoc::{Carries, Channel};
use landfall_engine::{DeclaredChannel, Definitions, PushTopic, PushTopics};
use landfall_model::Topic;

/// Names of the objects whose records are channels: a user who cannot read them cannot subscribe.
///
/// Source: "Security and the Streaming API", "Generic Events" (Streaming API Developer Guide).
const PUSH_TOPIC: &str = "PushTopic";
const GENERIC: &str = "StreamingChannel";

/// All channels of the org as these definitions show it, in the order of the document.
pub(super) fn all<'o>(
    definitions: &'o Definitions,
    topics: &'o PushTopics,
    generic: Vec<String>,
) -> Vec<Channel<'o>> {
    let shows = |object: &str| definitions.catalog().entity(object).is_some();
    let mut single = changes(definitions);
    single.extend(events(definitions));
    let mut channels = several(definitions, &single);
    channels.append(&mut single);
    if shows(PUSH_TOPIC) {
        let topics = topics.sorted().into_iter();
        channels.extend(topics.filter_map(|topic| push_topic(definitions, topic)));
    }
    if shows(GENERIC) {
        channels.extend(generic.into_iter().map(|address| Channel {
            address,
            carries: Carries::Texts,
        }));
    }
    channels
}

fn changes(definitions: &Definitions) -> Vec<Channel<'_>> {
    let entities = definitions.catalog().entities().iter();
    let captured = entities.filter(|entity| definitions.captures(entity));
    let changes = captured.filter_map(|entity| {
        let event = entity.change_event.as_ref()?;
        let schema = definitions.change_event_schema(entity.name.as_str())?;
        Some(Channel {
            address: Topic::of_change_event(event.name.as_str()).to_string(),
            carries: Carries::Changes(entity, schema),
        })
    });
    changes.collect()
}

fn events(definitions: &Definitions) -> impl Iterator<Item = Channel<'_>> {
    definitions.publications().map(|publication| Channel {
        address: publication.event.topic().to_string(),
        carries: Carries::Event(&publication.event, &publication.schema),
    })
}

/// The channels of several events, with those that are described by themselves; without any there is nothing to receive.
fn several<'o>(definitions: &'o Definitions, single: &[Channel<'o>]) -> Vec<Channel<'o>> {
    let described = single.iter().filter_map(|channel| match &channel.carries {
        Carries::Changes(_, schema) | Carries::Event(_, schema) => Some(schema.name()),
        _ => None,
    });
    let described: BTreeSet<&str> = described.collect();
    let custom = definitions.custom_channels().iter();
    let names =
        std::iter::once(Topic::new(Topic::CHANGE_EVENTS)).chain(custom.map(DeclaredChannel::topic));
    let channels = names.filter_map(|name| {
        let topics = definitions.channel(name.as_str())?.topics().iter();
        let schemas = topics.filter_map(|topic| definitions.schema_on(*topic));
        let members: BTreeSet<&str> = schemas
            .map(|schema| schema.name())
            .filter(|name| described.contains(name))
            .collect();
        (!members.is_empty()).then(|| Channel {
            address: name.to_string(),
            carries: Carries::Several(members.into_iter().collect()),
        })
    });
    channels.collect()
}

/// A topic, if its object and all that its condition is about may be read. Behind a question mark subscribers filter: no
/// name with one can be subscribed to.
fn push_topic<'o>(definitions: &'o Definitions, topic: &'o PushTopic) -> Option<Channel<'o>> {
    let entity = definitions.catalog().entity(topic.entity().name.as_str())?;
    let mut condition = topic.condition();
    let may_subscribe = !topic.name.contains('?')
        && condition.all(|field| entity.field(field.name.as_str()).is_some());
    may_subscribe.then(|| Channel {
        address: format!("/topic/{}", topic.name),
        carries: Carries::Records(entity, topic.schema()),
    })
}
