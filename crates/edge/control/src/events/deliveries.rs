//! Who has received an event, and who has not.

use landfall_apidoc::{Call, Kind, Member, Parameter};
use landfall_engine::{Engine, Event, Filter, Subscriber, SubscriberPosition};
use landfall_http::Writer;

use super::{found, replay_id};
use crate::refusal::Refusal;
use crate::subscribers::{PROTOCOLS, STATES, state, word};
use crate::{Made, Protocol};

/// What has become of an event for a subscription.
const DELIVERIES: &[&str] = &["sent", "waiting", "before", "not subscribed"];

pub(crate) const LIST: Call = Call {
    method: "get",
    path: "events/{replayId}/deliveries",
    id: "listDeliveries",
    summary: "What has become of an event for each subscriber that is connected now",
    parameters: &[Parameter::in_path("replayId", "Its replay id")],
    reads: &[],
    status: 200,
    answers: &[Member::required(
        "deliveries",
        Kind::List(&[
            Member::required("subscriber", Kind::Text, "The id of the subscriber"),
            Member::required("protocol", Kind::OneOf(PROTOCOLS), "How it is connected"),
            Member::required("username", Kind::Text, "Who it has logged in as"),
            Member::required("state", Kind::OneOf(STATES), "What it does at the moment"),
            Member::optional(
                "channel",
                Kind::Text,
                "What it has subscribed to, as it spelled it",
            ),
            Member::required(
                "delivery",
                Kind::OneOf(DELIVERIES),
                "sent: its position is past the event; waiting: it is not; before: the subscription began after the event; \
                 not subscribed: to nothing that carries the event",
            ),
            Member::optional(
                "filter",
                Kind::Text,
                "A filter of the channel, which may have left the event out",
            ),
        ]),
        "By protocol, subscriber and channel",
    )],
    refusals: &[],
};

pub(crate) async fn list(made: &Made<'_>) -> Result<String, Refusal> {
    let org = made.org()?;
    let id = replay_id(made, "replayId")?.unwrap_or_default();
    let event = found(&org, id).await?;
    let mut all = org.subscribers.list();
    all.sort_by(|one, other| (word(one.0), &one.1.id).cmp(&(word(other.0), &other.1.id)));
    let mut w = Writer::new();
    w.object(|w| {
        w.name("deliveries").array(|w| {
            for (protocol, subscriber) in &all {
                write_subscriber(w, &org.engine, (*protocol, subscriber), event.event());
            }
        });
    });
    Ok(w.finish())
}

fn write_subscriber(
    w: &mut Writer,
    engine: &Engine,
    (protocol, subscriber): (Protocol, &Subscriber),
    event: &Event,
) {
    let carries = |position: &&SubscriberPosition| position.topics.contains(&event.topic);
    let mut positions: Vec<Option<&SubscriberPosition>> = subscriber
        .positions
        .iter()
        .filter(carries)
        .map(Some)
        .collect();
    if positions.is_empty() {
        positions.push(None);
    }
    for position in positions {
        w.object(|w| {
            w.name("subscriber").string(&subscriber.id);
            w.name("protocol").string(word(protocol));
            w.name("username").string(&subscriber.username);
            w.name("state").string(state(subscriber));
            if let Some(position) = position {
                w.name("channel").string(&position.channel);
            }
            w.name("delivery").string(match position {
                None => "not subscribed",
                Some(position) if position.began >= event.replay_id => "before",
                Some(position) if position.reached >= event.replay_id => "sent",
                Some(_) => "waiting",
            });
            if let Some(filter) = position.and_then(|position| filter(engine, position, event)) {
                w.name("filter").string(&filter);
            }
        });
    }
}

/// The filter that a channel has for the event: of a custom channel, or the part of a `PushTopic` that a client chose.
fn filter(engine: &Engine, position: &SubscriberPosition, event: &Event) -> Option<String> {
    if let Some((_, chosen)) = position.channel.split_once('?') {
        return Some(chosen.to_owned());
    }
    let definitions = engine.definitions();
    let schema = definitions.schema_on(event.topic)?;
    let channel = position.channel.rsplit('/').next()?;
    let mut members = definitions.channel_members().iter();
    let member = members.find(|member| {
        member.event_channel == channel && member.selected_entity == schema.name()
    })?;
    member.filter.as_ref().map(Filter::text).map(str::to_owned)
}
