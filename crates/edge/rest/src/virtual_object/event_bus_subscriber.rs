//! `EventBusSubscriber`: the triggers, processes and flows that receive events, of which there are none here.
//!
//! Clients of the Streaming API and the Pub/Sub API are not among them; `/metrics` shows those.
//! Source: "`EventBusSubscriber`" (Object Reference).

use std::convert::Infallible;

use super::{Api, Column, Declared, VirtualObject};

/// A field of a subscriber.
type Of = Column<Infallible>;

const COLUMNS: &[Of] = &[
    Of::id("Id", |none| match *none {}),
    Of::text("ExternalId", |none| match *none {}),
    Of::text("Name", |none| match *none {}),
    Of::text("Topic", |none| match *none {}),
    Of::text("Type", |none| match *none {}),
    Of::text("Status", |none| match *none {}),
    Of::number("Position", |none| match *none {}),
    Of::number("Tip", |none| match *none {}),
    Of::text("LastProcessed", |none| match *none {}),
    Of::text("LastPublished", |none| match *none {}),
    Of::number("Retries", |none| match *none {}),
    Of::text("LastError", |none| match *none {}),
    Of::flag("IsPartitioned", |none| match *none {}),
];

pub(super) fn object() -> VirtualObject {
    let declared = Declared {
        name: "EventBusSubscriber",
        label: "Event Bus Subscriber",
        label_plural: "Event Bus Subscribers",
        key_prefix: None,
        since: 31,
        apis: &[Api::Plain],
        changeable: false,
        children: &[],
    };
    VirtualObject::new(declared, COLUMNS, |_| Vec::new())
}
