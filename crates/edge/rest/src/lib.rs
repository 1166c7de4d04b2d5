//! The REST API for records, one or many, describes and event schemas: parse, ask the engine, render.
//!
//! Owns paths, JSON and HTTP; it deliberately decides nothing about records: what may stand in a field, who owns what and
//! which events follow is the engine's. Start reading at [`router`], then `resources` (every resource, declared) and `record`.
//! Source: REST API Developer Guide.

mod call;
mod collections;
mod composite;
mod empty;
mod event_schema;
mod file;
mod objects;
mod org_limits;
mod path;
mod platform_event;
mod push;
mod query;
mod record;
mod record_json;
mod related;
mod replication;
mod resource;
mod resources;
mod retrieve;
mod save;
mod scope;
mod search;
mod selection;
mod serve;
mod state;
mod transaction;
mod user;
mod versions;

use std::sync::Arc;

use axum::Router;
use axum::routing::any;
use resources::RESOURCES;
use state::Shared;

pub use composite::Answers;
pub use resources::{methods, resources};
pub use state::RestState;

/// The resources below `/services/data`, and the answer where classes of Apex would have theirs.
pub fn router(state: RestState) -> Router {
    let shared = Arc::new(Shared::new(state, RESOURCES));
    Router::new()
        .route("/services/data", any(serve::versions))
        .route("/services/data/", any(serve::versions))
        .route("/services/data/{*path}", any(serve::versioned))
        .route("/services/apexrest/{*path}", any(serve::apex))
        .with_state(shared)
}
