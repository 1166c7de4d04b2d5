//! The Tooling API, as far as the Pub/Sub API needs it: `ManagedEventSubscription`, by query and by record.
//!
//! Source: Tooling API Developer Guide.

pub(crate) mod managed;
pub(crate) mod query;
