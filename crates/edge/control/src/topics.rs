//! What can be subscribed to, and the position in the log at a time.

use landfall_apidoc::{Call, Kind, Member, Parameter};
use landfall_engine::{LogBounds, Subscribable, SubscribableKind, TopicFilter};
use landfall_http::Writer;
use landfall_wire::dates::parse_date_time;

use crate::refusal::{Refusal, failed, invalid, no_channel};
use crate::{Made, Org};

pub(crate) const BOUNDS: [Member; 2] = [
    Member::optional(
        "earliest",
        Kind::Integer,
        "The replay id of the oldest retained event of the org; none if none is retained",
    ),
    Member::required(
        "tail",
        Kind::Integer,
        "The replay id of the newest event of the org, whether it is retained or not",
    ),
];

const KINDS: &[&str] = &[
    "changeEvents",
    "platformEvent",
    "pushTopic",
    "generic",
    "channel",
];

pub(crate) const KIND: Member = Member::required(
    "kind",
    Kind::OneOf(KINDS),
    "What is on it; channel: several of the others, such as a custom channel",
);

pub(crate) const LIST: Call = Call {
    method: "get",
    path: "topics",
    id: "listTopics",
    summary: "What clients can subscribe to, and the bounds of the log",
    parameters: &[],
    reads: &[],
    status: 200,
    answers: &[
        BOUNDS[0],
        BOUNDS[1],
        Member::required(
            "topics",
            Kind::List(&[
                Member::required(
                    "channel",
                    Kind::Text,
                    "As a client spells it: /data/AccountChangeEvent",
                ),
                KIND,
            ]),
            "By kind and name",
        ),
    ],
    refusals: &[],
};

pub(crate) const CHANNEL: Parameter = Parameter::in_path(
    "topic",
    "The channel, encoded: %2Fdata%2FAccountChangeEvent",
);

pub(crate) const POSITION: Call = Call {
    method: "get",
    path: "topics/{topic}/position",
    id: "getPosition",
    summary: "The replay id to subscribe with to get every event of a channel from a time on, and none before",
    parameters: &[
        CHANNEL,
        Parameter::in_query(
            "at",
            "The time, such as 2026-11-22T12:00:00Z; without it the present: only new events follow",
        ),
    ],
    reads: &[],
    status: 200,
    answers: &[
        Member::required("replayId", Kind::Integer, "The position"),
        BOUNDS[0],
        BOUNDS[1],
    ],
    refusals: &[],
};

pub(crate) fn list(made: &Made<'_>) -> Result<String, Refusal> {
    let org = made.org()?;
    let mut w = Writer::new();
    w.object(|w| {
        write_bounds(w, org.engine.log().bounds());
        w.name("topics").array(|w| {
            for one in org.engine.subscribable() {
                w.object(|w| {
                    w.name("channel").string(&one.channel);
                    w.name("kind").string(kind(one.kind));
                });
            }
        });
    });
    Ok(w.finish())
}

pub(crate) async fn position(made: &Made<'_>) -> Result<String, Refusal> {
    let org = made.org()?;
    let channel = named(&org, made.input.text("topic").unwrap_or_default())?;
    let log = org.engine.log();
    let at = match made.input.text("at") {
        Some(at) => Some(
            parse_date_time(at)
                .ok_or_else(|| invalid("\"at\" is not a time such as 2026-11-22T12:00:00Z"))?,
        ),
        None => None,
    };
    let position = match at {
        Some(at) => log
            .position_at(at, &TopicFilter::These(channel.topics))
            .await
            .map_err(|failure| failed(&failure))?,
        None => log.bounds().tail,
    };
    let mut w = Writer::new();
    w.object(|w| {
        w.name("replayId").raw(&position.to_string());
        write_bounds(w, log.bounds());
    });
    Ok(w.finish())
}

/// What clients subscribe to under a name.
pub(crate) fn named(org: &Org, channel: &str) -> Result<Subscribable, Refusal> {
    let all = org.engine.subscribable();
    let found = all.iter().find(|one| one.channel == channel).cloned();
    found.ok_or_else(|| no_channel(channel, all.iter().map(|one| one.channel.as_str())))
}

pub(crate) fn write_bounds(w: &mut Writer, bounds: LogBounds) {
    if let Some(earliest) = bounds.earliest {
        w.name("earliest").raw(&earliest.to_string());
    }
    w.name("tail").raw(&bounds.tail.to_string());
}

pub(crate) const fn kind(kind: SubscribableKind) -> &'static str {
    match kind {
        SubscribableKind::ChangeEvents => "changeEvents",
        SubscribableKind::PlatformEvent => "platformEvent",
        SubscribableKind::PushTopic => "pushTopic",
        SubscribableKind::Generic => "generic",
        SubscribableKind::Channel => "channel",
    }
}
