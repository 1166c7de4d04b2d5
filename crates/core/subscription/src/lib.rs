//! The delivery machine: what a subscriber gets next, the same for both protocols.
//!
//! A [`Delivery`] holds the subscriptions of one client: their positions in the log, topics and lenses, the rights of the
//! user, and how much the client wants, as credit of the Pub/Sub API or as one response of the Streaming API. It holds no
//! events, reads no log and no clock, and encodes nothing. Its driver asks [`Delivery::poll`] what to do, does it, and
//! reports the outcome; every event that is read goes through [`Delivery::take`] or [`Delivery::probe`].
//!
//! ```text
//! loop {
//!     match delivery.poll(now, log.bounds()) {
//!         Output::Read(read)   => // events after `read.after` of `delivery.topics()`, `read.limit` at most:
//!                                 // take(org, event, frame) for each until it breaks, then read_to(reached)
//!         Output::Look(read)   => // the same events have to be seen through lenses first
//!         Output::Available    => // an event waits: answer the held poll
//!         Output::Deliver      => // send the frame; without events it is a keepalive
//!         Output::Wait { .. }  => // for a request, the log, other rights or definitions, or the timeout
//!         Output::End(fault)   => // tell the client and close
//!     }
//! }
//! ```
//!
//! Topics, lenses, rights and events are opaque: the driver implements [`Org`] for what they mean and [`Frame`] for how a
//! response is written. Start reading at [`Delivery::poll`].

mod credit;
mod delivery;
mod org;
mod subscription;

pub use credit::Timings;
pub use delivery::{Delivery, LOOK_EVENTS_MAX, Output, READ_EVENTS_MAX, Read, SUBSCRIPTIONS_MAX};
pub use org::{Frame, Lens, Org, View};
pub use subscription::{Bounds, Subscription};
