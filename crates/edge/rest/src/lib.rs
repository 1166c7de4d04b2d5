//! The REST API for records, one or many, describes and event schemas: parse, ask the engine, render.
//!
//! Owns paths, JSON and HTTP; it deliberately decides nothing about records: what may stand in a field, who owns what and
//! which events follow is the engine's. Start reading at [`router`], then `resource` (what a path names) and `record`.
//! Source: REST API Developer Guide.

mod call;
mod collections;
mod composite;
mod conditional;
mod data_file;
mod describe;
mod describe_event;
mod describe_field;
mod encoding;
mod event_schema;
mod face;
mod fault;
#[cfg(test)]
mod fixture;
mod given;
mod interface;
mod json;
mod org_limits;
mod platform_event;
mod pretty;
mod push;
mod query;
mod query_about;
mod query_json;
mod record;
mod record_json;
mod related;
mod replication;
mod resource;
mod respond;
mod retrieve;
mod save;
mod scope;
mod search;
mod selection;
mod serve;
mod template;
mod tooling;
mod user;
mod values;
mod versions;
mod virtual_object;
mod writer;
mod xml;

use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::routing::any;
use http::request::Parts;
use landfall_auth::Auth;
use landfall_engine::{Definitions, Engine};

pub use data_file::{DataFile, FileRecord, Planned, Refusal};
pub use given::Lookup;

use describe::Describes;

/// Tells scheme and authority of a request as its client sees them: `https://localhost:7443`.
pub type BaseUrl = Arc<dyn Fn(&Parts) -> String + Send + Sync>;

/// What the REST API stands on.
pub struct RestState {
    /// The org.
    pub engine: Engine,
    /// Who is calling.
    pub auth: Auth,
    /// For the absolute addresses in answers.
    pub base_url: BaseUrl,
}

/// The state of one router.
struct Shared {
    engine: Engine,
    auth: Auth,
    base_url: BaseUrl,
    describes: RwLock<Kept>,
}

/// The describes of one set of definitions.
struct Kept {
    definitions: Arc<Definitions>,
    describes: Arc<Describes>,
}

impl Shared {
    /// The describes of these definitions; those of others are forgotten.
    fn describes(&self, definitions: &Arc<Definitions>) -> Arc<Describes> {
        {
            let kept = self
                .describes
                .read()
                .unwrap_or_else(PoisonError::into_inner);
            if Arc::ptr_eq(&kept.definitions, definitions) {
                return Arc::clone(&kept.describes);
            }
        }
        let describes = Arc::new(Describes::default());
        *self
            .describes
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Kept {
            definitions: Arc::clone(definitions),
            describes: Arc::clone(&describes),
        };
        describes
    }
}

/// The resources below `/services/data`.
pub fn router(state: RestState) -> Router {
    let shared = Arc::new(Shared {
        describes: RwLock::new(Kept {
            definitions: state.engine.definitions(),
            describes: Arc::default(),
        }),
        engine: state.engine,
        auth: state.auth,
        base_url: state.base_url,
    });
    Router::new()
        .route("/services/data", any(serve::versions))
        .route("/services/data/", any(serve::versions))
        .route("/services/data/{*path}", any(serve::versioned))
        .with_state(shared)
}
