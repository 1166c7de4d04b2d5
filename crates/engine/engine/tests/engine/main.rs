//! The write path on a real store: what changes do, what is refused, what becomes of events, and what survives.

mod amending;
mod cascade;
mod clock;
mod converting;
mod creating;
mod damaged;
mod deploying;
mod derived;
mod events;
mod failing;
mod groups;
mod inviting;
mod merging;
mod open;
mod org;
mod purging;
mod querying;
mod reads;
mod refusals;
mod restart;
mod revoking;
mod rolling_up;
mod snapshots;
mod stale;
mod telling;
mod watching;
