//! The Pub/Sub API over a real engine, store and logins, on a clock that stands still, spoken to by a generated client.
//!
//! The numbers in front of the tests are those of `COMPAT.md`, with the letter P.

mod auth;
mod channels;
mod content_type;
mod credit;
mod faults;
mod managed;
mod org;
mod payload;
mod permissions;
mod project;
mod publish;
mod publish_stream;
mod quiet;
mod reflection;
mod replay;
mod topics;
mod transactions;
mod usage;

/// Messages and client, generated for the tests alone.
#[allow(
    missing_docs,
    unreachable_pub,
    unnameable_types,
    unused_qualifications,
    clippy::pedantic,
    clippy::or_fun_call,
    clippy::use_self,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]
mod proto {
    tonic::include_proto!("client/eventbus.v1");
}
