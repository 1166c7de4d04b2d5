//! Bayeux, both ends: messages as bytes, and the two session machines as pure state.
//!
//! Knows the Bayeux protocol over long polling and where its two extensions stand in a message (`ext.replay` of a
//! subscribe, `ext.sfdc.failureReason` of a refusal); knows no Salesforce: error texts, failure reasons, capabilities,
//! channel rules and what a subscription delivers are passed in. No I/O, no clock, no
//! randomness: time comes in as a [`Moment`] with every input, client ids as text.
//!
//! # The server's end
//! ```text
//! let messages = bayeux::parse(&body, bayeux::MESSAGES_MAX)?;       // HTTP 400 if it fails
//! let mut response = Response::new();
//! for message in &messages {
//!     match &message.request {
//!         Request::Handshake(handshake) => // new client id, Session::new(now, timings)
//!             response.handshake(&message.echo(), &client_id, &[("replay", true)]),
//!         Request::Connect(connect) =>     // find the session, then
//!             session.handle(now, Input::Connect(Poll { id, alone: messages.len() == 1, events_pending, advice: connect.advice })),
//!         Request::Subscribe(subscription) => // check subscription.channels()?, then
//!             session.handle(now, Input::Request),
//!         ...
//!     }
//!     // Err(ClientUnknown): response.refused(&message.echo(), None, ..); drain the outputs all the same.
//!     while let Some(output) = session.poll_output() { // Answer(poll, ..) may concern an older request than this one
//!         ...
//!     }
//! }
//! // sleep until session.poll_timeout(), then Input::Tick; log moved: Input::EventsAvailable
//! ```
//! [`Answer::Deliver`] means: events first ([`Response::event`] or a shared [`write_event`]), then
//! [`Response::accepted`]. Events never go into a response without such an answer. A poll that is held needs nothing
//! kept but its `id` ([`Echo::connect`]). Whatever else answers a session's message (a refused subscribe, say) is
//! followed by [`Input::Responded`]; a connection that closes under a held poll is [`Input::Abandoned`].
//!
//! # The client's end
//! [`client::Client`]: feed [`client::Input::Start`], then a loop over [`client::Client::poll_output`] that POSTs each
//! `Send` and feeds what came back, as often as [`client::Client::poll_timeout`] asks with a `Tick`.

pub mod client;
mod fields;
mod json;
mod last_poll;
mod message;
mod reply;
mod session;
mod time;

pub use json::RawJson;
pub use last_poll::LastPoll;
pub use message::{
    CONNECT, Connect, DISCONNECT, HANDSHAKE, Handshake, LONG_POLLING, MESSAGES_MAX, Message,
    ParseError, Request, RequestedAdvice, SUBSCRIBE, Subscription, SubscriptionError, UNSUBSCRIBE,
    parse,
};
pub use reply::{Advice, Echo, Refusal, Response, write_event};
pub use session::{Answer, Ending, Error, Input, Output, Poll, PollId, Session, Timings};
pub use time::Moment;
