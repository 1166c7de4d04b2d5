//! `EventBusSubscriber`: the triggers, processes and flows that receive events, of which there are none here.
//!
//! Clients of the Streaming API and the Pub/Sub API are not among them; `/metrics` shows those.
//! Source: "`EventBusSubscriber`" (Object Reference).

use std::convert::Infallible;

use landfall_http::Call;

use super::{Api, Column, Declared, VirtualObject};

/// A field of a subscriber.
type Of = Column<Infallible>;

/// In the order in which versions brought them.
const COLUMNS: &[Of] = &[
    Of::id("Id", |none| match *none {}),
    Of::text("ExternalId", |none| match *none {}),
    Of::text("Name", |none| match *none {}),
    Of::number("Position", |none| match *none {}),
    Of::choice("Status", &STATES, |none| match *none {}),
    Of::number("Tip", |none| match *none {}),
    Of::text("Topic", |none| match *none {}),
    Of::text("Type", |none| match *none {}),
    Of::text("LastError", |none| match *none {}),
    Of::number("Retries", |none| match *none {}),
    Of::flag("IsPartitioned", |none| match *none {}),
    Of::text("LastProcessed", |none| match *none {}),
    Of::text("LastPublished", |none| match *none {}),
];

const STATES: [&str; 4] = ["Error", "Repartitioning", "Running", "Suspended"];

/// How many of the columns a version has.
fn seen(call: &Call) -> usize {
    match call.version.number() {
        ..43 => 8,
        43..62 => 10,
        62..66 => 11,
        66.. => COLUMNS.len(),
    }
}

pub(crate) fn object() -> VirtualObject {
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
    VirtualObject::new(declared, COLUMNS, |_| Vec::new()).seen_by(seen)
}
