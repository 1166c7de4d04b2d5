//! The Streaming API over a real engine, store and logins, on a clock that stands still.
//!
//! The numbers in front of the tests are those of `COMPAT.md`: S for the Streaming API, C for Change Data Capture.

mod capture;
mod channels;
#[expect(
    clippy::indexing_slicing,
    reason = "an answer of another shape is a failed test"
)]
mod computed;
mod delivery;
#[expect(
    clippy::indexing_slicing,
    reason = "an answer of another shape is a failed test"
)]
mod generic;
mod hostile;
#[expect(
    clippy::indexing_slicing,
    reason = "an answer of another shape is a failed test"
)]
mod org;
#[expect(
    clippy::indexing_slicing,
    reason = "an answer of another shape is a failed test"
)]
mod permissions;
#[expect(
    clippy::indexing_slicing,
    reason = "an answer of another shape is a failed test"
)]
mod platform_events;
#[expect(
    clippy::indexing_slicing,
    reason = "an answer of another shape is a failed test"
)]
mod push_topics;
mod replay;
mod session;
mod subscribe;
mod transport;
mod usage;
