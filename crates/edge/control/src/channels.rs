//! One channel: what is on it, for how long its events stay, and how many follow a position.

use std::sync::Arc;

use landfall_apidoc::{Call, Kind, Member, Parameter};
use landfall_engine::{
    ChannelMember, Definitions, Filter, LogEvent, Subject, Subscribable, SubscribableKind,
    TopicFilter,
};
use landfall_http::Writer;
use landfall_model::ReplayId;
use landfall_model::limits::{CONTROL_SEARCHED_EVENTS_MAX, CONTROL_SEARCHED_EVENTS_PAGE};
use landfall_wire::dates::render_utc;

use crate::refusal::{Refusal, failed};
use crate::topics::{BOUNDS, CHANNEL, KIND, kind, named, write_bounds};
use crate::{Made, Org};

pub(crate) const SHOW: Call = Call {
    method: "get",
    path: "topics/{topic}",
    id: "getTopic",
    summary: "A channel: what is on it, and for how long its events stay",
    parameters: &[CHANNEL],
    reads: &[],
    status: 200,
    answers: &[
        Member::required("channel", Kind::Text, "As a client spells it"),
        KIND,
        Member::optional(
            "entity",
            Kind::Text,
            "The object whose records it is about; none for channels of several events and for texts",
        ),
        Member::optional(
            "event",
            Kind::Text,
            "Of change events and platform events: the name that members of channels select it by",
        ),
        Member::optional(
            "schema",
            Kind::Text,
            "The id of the present schema of its events",
        ),
        Member::required(
            "retentionHours",
            Kind::Integer,
            "For how long its events are retained",
        ),
        Member::required(
            "members",
            Kind::List(&[
                Member::required("channel", Kind::Text, "The channel of its own"),
                Member::required("event", Kind::Text, "The name of the event"),
                Member::optional(
                    "name",
                    Kind::Text,
                    "The full name of its PlatformEventChannelMember; none if it is there because all objects are captured",
                ),
                Member::optional("filter", Kind::Text, "Its filter expression"),
                Member::required("enrichedFields", Kind::Texts, "Its enriched fields"),
            ]),
            "Of a channel of several events: by name",
        ),
        Member::required(
            "capturesAll",
            Kind::Boolean,
            "Whether the org captures changes of every object, whatever the members of channels are",
        ),
    ],
    refusals: &[],
};

/// An event as counts name it.
const POINT: &[Member] = &[
    Member::required("replayId", Kind::Integer, "Its replay id"),
    Member::required(
        "time",
        Kind::Time,
        "When it was published, by the clock of the org",
    ),
];

pub(crate) const COUNT: Call = Call {
    method: "get",
    path: "topics/{topic}/count",
    id: "countEvents",
    summary: "How many retained events of a channel follow a replay id: what a client gets that subscribes with it",
    parameters: &[
        CHANNEL,
        Parameter::in_query(
            "after",
            "The replay id; without it all retained events count",
        ),
    ],
    reads: &[],
    status: 200,
    answers: &[
        Member::required("events", Kind::Integer, "How many"),
        Member::required(
            "complete",
            Kind::Boolean,
            "Whether all were counted; if not, there are more",
        ),
        Member::optional("first", Kind::Object(POINT), "The first of them"),
        Member::optional("last", Kind::Object(POINT), "The last that was counted"),
        BOUNDS[0],
        BOUNDS[1],
    ],
    refusals: &[],
};

pub(crate) fn show(made: &Made<'_>) -> Result<String, Refusal> {
    let org = made.org()?;
    let one = named(&org, made.input.text("topic").unwrap_or_default())?;
    let definitions = org.engine.definitions();
    let mut w = Writer::new();
    w.object(|w| {
        w.name("channel").string(&one.channel);
        w.name("kind").string(kind(one.kind));
        write_subject(w, &org, &definitions, &one);
        let hours = org.engine.retention_hours(one.kind);
        w.name("retentionHours").raw(&hours.to_string());
        w.name("members").array(|w| {
            if one.kind == SubscribableKind::Channel {
                write_members(w, &definitions, &one);
            }
        });
        w.name("capturesAll").boolean(definitions.captures_all());
    });
    Ok(w.finish())
}

fn write_subject(w: &mut Writer, org: &Org, definitions: &Definitions, one: &Subscribable) {
    let topics = org.engine.push_topics();
    let name = one.channel.strip_prefix("/topic/");
    if let Some(topic) = name.and_then(|name| topics.named(name)) {
        w.name("entity").string(topic.entity().name.as_str());
        return;
    }
    let [topic] = one.topics.as_slice() else {
        return;
    };
    if one.kind == SubscribableKind::Channel {
        return;
    }
    match definitions.subject(*topic) {
        Some(Subject::Changes(entity)) => {
            w.name("entity").string(entity.name.as_str());
        }
        Some(Subject::PlatformEvent(event)) => {
            w.name("entity").string(event.name.as_str());
        }
        None => {}
    }
    if let Some(schema) = definitions.schema_on(*topic) {
        w.name("event").string(schema.name());
        w.name("schema").string(&schema.id().to_string());
    }
}

fn write_members(w: &mut Writer, definitions: &Definitions, channel: &Subscribable) {
    let name = channel.channel.rsplit('/').next().unwrap_or_default();
    let declared: Vec<&ChannelMember> = definitions
        .channel_members()
        .iter()
        .filter(|member| member.event_channel == name)
        .collect();
    let mut members: Vec<(&str, &str)> = channel
        .topics
        .iter()
        .filter_map(|topic| {
            let schema = definitions.schema_on(*topic)?;
            Some((definitions.name_of(*topic)?.as_str(), schema.name()))
        })
        .collect();
    members.sort_unstable();
    for (own, event) in members {
        let member = declared
            .iter()
            .find(|member| member.selected_entity == event);
        w.object(|w| {
            w.name("channel").string(own);
            w.name("event").string(event);
            if let Some(member) = member {
                w.name("name").string(&member.full_name);
            }
            let filter = member.and_then(|member| member.filter.as_ref());
            if let Some(filter) = filter.map(Filter::text) {
                w.name("filter").string(filter);
            }
            let enriched = member.map(|member| member.enriched_fields.as_slice());
            w.name("enrichedFields").strings(
                enriched
                    .unwrap_or_default()
                    .iter()
                    .map(landfall_model::FieldName::as_str),
            );
        });
    }
}

pub(crate) async fn count(made: &Made<'_>) -> Result<String, Refusal> {
    let org = made.org()?;
    let channel = named(&org, made.input.text("topic").unwrap_or_default())?;
    let log = org.engine.log();
    let bounds = log.bounds();
    let after = made.input.number::<u64>("after")?.map(ReplayId::new);
    let before_all = match bounds.earliest {
        Some(earliest) => ReplayId::new(earliest.get().saturating_sub(1)),
        None => bounds.tail,
    };
    let mut position = after.map_or(before_all, |after| after.max(before_all));
    let filter = TopicFilter::These(channel.topics);
    let (mut events, mut first, mut last) = (0, None, None);
    // Each read gets on by one page of the log at least.
    for _ in 0..CONTROL_SEARCHED_EVENTS_MAX / CONTROL_SEARCHED_EVENTS_PAGE {
        if position >= bounds.tail {
            break;
        }
        let page = log.read(position, &filter, CONTROL_SEARCHED_EVENTS_PAGE);
        let stretch = page.await.map_err(|failure| failed(&failure))?;
        let counted = |event: &&Arc<LogEvent>| event.event().replay_id <= bounds.tail;
        for event in stretch.events.iter().filter(counted) {
            events += 1;
            first.get_or_insert_with(|| Arc::clone(event));
            last = Some(Arc::clone(event));
        }
        if stretch.reached <= position {
            break;
        }
        position = stretch.reached;
    }
    let mut w = Writer::new();
    w.object(|w| {
        w.name("events").raw(&events.to_string());
        w.name("complete").boolean(position >= bounds.tail);
        for (name, event) in [("first", &first), ("last", &last)] {
            if let Some(event) = event {
                let event = event.event();
                w.name(name).object(|w| {
                    w.name("replayId").raw(&event.replay_id.to_string());
                    w.name("time").string(&render_utc(event.appended));
                });
            }
        }
        write_bounds(w, bounds);
    });
    Ok(w.finish())
}
