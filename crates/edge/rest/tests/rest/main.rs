//! The REST API as clients see it, on an org with a real store whose definitions are deployed.

mod channels;
mod collections;
mod composite;
mod custom_fields;
mod custom_metadata;
mod describes;
mod events;
mod external_ids;
mod files;
mod formulas;
#[expect(
    clippy::indexing_slicing,
    reason = "an answer of another shape is a failed test"
)]
mod groups;
#[expect(
    clippy::indexing_slicing,
    reason = "an answer of another shape is a failed test"
)]
mod histories;
mod lookup_filters;
mod objects;
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
mod picklists;
mod project;
#[expect(
    clippy::indexing_slicing,
    reason = "an answer of another shape is a failed test"
)]
mod push_topics;
mod queries;
#[expect(
    clippy::indexing_slicing,
    reason = "an answer of another shape is a failed test"
)]
mod record_types;
#[expect(
    clippy::indexing_slicing,
    reason = "an answer of another shape is a failed test"
)]
mod revoked;
mod search;
mod tooling;
mod tooling_composite;
mod usage;
mod virtual_objects;
mod xml;
