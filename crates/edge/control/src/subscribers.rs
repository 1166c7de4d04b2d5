//! The subscribers of an org: listed with what they wait for, and ended.

use http::StatusCode;
use landfall_apidoc::{Call, Kind, Member, Parameter};
use landfall_engine::{Backlog, Subscriber, SubscriberDemand};
use landfall_http::Writer;
use landfall_model::Timestamp;

use crate::refusal::Refusal;
use crate::{Made, Protocol};

pub(crate) const PROTOCOLS: &[&str] = &["cometd", "pubsub"];

pub(crate) const STATES: &[&str] = &[
    "waiting for events",
    "between two polls",
    "without subscription",
    "without requested events",
];

pub(crate) const LIST: Call = Call {
    method: "get",
    path: "subscribers",
    id: "listSubscribers",
    summary: "The sessions of the Streaming API and the streams of the Pub/Sub API",
    parameters: &[],
    reads: &[],
    status: 200,
    answers: &[Member::required(
        "subscribers",
        Kind::List(&[
            Member::required(
                "id",
                Kind::Text,
                "The client id of a session, the RPC id of a stream",
            ),
            Member::required("protocol", Kind::OneOf(PROTOCOLS), "How it is connected"),
            Member::required("username", Kind::Text, "Who it has logged in as"),
            Member::optional(
                "client",
                Kind::Text,
                "What the client calls itself: its User-Agent",
            ),
            Member::required("state", Kind::OneOf(STATES), "What it does at the moment"),
            Member::optional(
                "requested",
                Kind::Integer,
                "Of a stream: events that it has requested and not received",
            ),
            Member::required(
                "subscriptions",
                Kind::List(&[
                    Member::required("channel", Kind::Text, "As the client spelled it"),
                    Member::required(
                        "replayId",
                        Kind::Integer,
                        "Everything up to here is sent, or is not for it",
                    ),
                    Member::required(
                        "lag",
                        Kind::Integer,
                        "Events that wait for it, as far as memory holds them",
                    ),
                    Member::required(
                        "lagMs",
                        Kind::Integer,
                        "For how long the oldest of them has waited, by the clock of the org",
                    ),
                ]),
                "By channel",
            ),
        ]),
        "By protocol and id",
    )],
    refusals: &[],
};

pub(crate) const END: Call = Call {
    method: "delete",
    path: "subscribers/{id}",
    id: "endSubscriber",
    summary: "Forgets a session, whose next connect is refused, or ends a stream as a server does that goes away",
    parameters: &[Parameter::in_path(
        "id",
        "The client id of a session, the RPC id of a stream",
    )],
    reads: &[],
    status: 204,
    answers: &[],
    refusals: &[],
};

pub(crate) fn list(made: &Made<'_>) -> Result<String, Refusal> {
    let org = made.org()?;
    let (backlog, now) = (org.engine.log().backlog(), org.engine.clock().now());
    let mut all = org.subscribers.list();
    all.sort_by(|one, other| (word(one.0), &one.1.id).cmp(&(word(other.0), &other.1.id)));
    let mut w = Writer::new();
    w.object(|w| {
        w.name("subscribers").array(|w| {
            for (protocol, subscriber) in &all {
                w.object(|w| {
                    w.name("id").string(&subscriber.id);
                    w.name("protocol").string(word(*protocol));
                    w.name("username").string(&subscriber.username);
                    if let Some(client) = &subscriber.client {
                        w.name("client").string(client);
                    }
                    w.name("state").string(state(subscriber));
                    if let SubscriberDemand::Requested(events) = subscriber.demand {
                        w.name("requested").integer(events);
                    }
                    write_subscriptions(w, subscriber, &backlog, now);
                });
            }
        });
    });
    Ok(w.finish())
}

fn write_subscriptions(w: &mut Writer, subscriber: &Subscriber, backlog: &Backlog, now: Timestamp) {
    w.name("subscriptions").array(|w| {
        for position in &subscriber.positions {
            let lag = backlog.behind(position);
            w.object(|w| {
                w.name("channel").string(&position.channel);
                w.name("replayId").raw(&position.reached.to_string());
                w.name("lag").raw(&lag.events.to_string());
                let waits = lag.oldest.map_or(0, |oldest| now.since(oldest));
                w.name("lagMs").integer(waits.max(0));
            });
        }
    });
}

pub(crate) fn end(made: &Made<'_>) -> Result<String, Refusal> {
    let org = made.org()?;
    let id = made.input.text("id").unwrap_or_default();
    if org.subscribers.end(id) {
        return Ok(String::new());
    }
    Err(Refusal::new(
        StatusCode::NOT_FOUND,
        "subscriber-not-found",
        format!("there is no subscriber \"{id}\""),
    ))
}

/// What a subscriber does at the moment.
pub(crate) fn state(subscriber: &Subscriber) -> &'static str {
    match subscriber.demand {
        _ if subscriber.positions.is_empty() => "without subscription",
        SubscriberDemand::Requested(0) => "without requested events",
        SubscriberDemand::PollHeld | SubscriberDemand::Requested(_) => "waiting for events",
        SubscriberDemand::BetweenPolls => "between two polls",
    }
}

pub(crate) const fn word(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Cometd => "cometd",
        Protocol::Pubsub => "pubsub",
    }
}
