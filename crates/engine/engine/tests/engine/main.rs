//! The write path on a real store: what changes do, what is refused, what becomes of events, and what survives.

mod amending;
mod cascade;
mod creating;
mod deploying;
mod derived;
mod events;
mod failing;
mod groups;
mod open;
mod org;
mod refusals;
mod restart;
mod rolling_up;
mod watching;
