//! The Bulk API 2.0, and the one before, as clients see it, on an org with a real store.

#![expect(
    clippy::indexing_slicing,
    reason = "an answer without what a test looks for fails it"
)]

mod classic;
mod events;
mod failing;
mod hard_delete;
mod ingest;
mod org;
mod push_topics;
mod queries;
mod racing;
mod refusals;
mod revoked;
mod rules;
