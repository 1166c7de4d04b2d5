//! The SOAP API, Partner and Enterprise: logins, and calls with an envelope around them.
//!
//! Owns envelopes, their XML and HTTP; what a call does is decided by `landfall-auth` and the engine. Both APIs are one:
//! they differ in their namespaces and in where a record names its object. Start reading at [`router`], then `serve`
//! (HTTP), `landfall-envelope` (what is asked) and `operation` (who answers).
//! Source: SOAP API Developer Guide; the Partner WSDL for the order of elements.

mod answer;
mod call;
mod commit;
mod convert;
mod describe;
mod describe_field;
mod event;
mod files;
mod input;
mod lookup;
mod merge;
mod older;
mod operation;
mod query;
mod query_xml;
mod record_xml;
mod recycle;
mod replicate;
mod retrieve;
mod save;
mod search;
mod serve;
mod session;
mod truncation;
mod user_info;

use std::sync::Arc;

use axum::Router;
use axum::routing::any;
use http::request::Parts;
use landfall_auth::Auth;
use landfall_engine::Engine;

pub use operation::operations;

/// Scheme and authority of a request as its client sees them: `https://localhost:7443`.
pub type BaseUrl = Arc<dyn Fn(&Parts) -> String + Send + Sync>;

/// What the SOAP API needs.
#[derive(Clone)]
pub struct SoapState {
    /// The org.
    pub engine: Engine,
    /// Who is calling.
    pub auth: Auth,
    /// For the absolute addresses in answers.
    pub base_url: BaseUrl,
}

/// The endpoints below `/services/Soap`.
pub fn router(state: SoapState) -> Router {
    Router::new()
        .route("/services/Soap/u/{*path}", any(serve::partner))
        .route("/services/Soap/c/{*path}", any(serve::enterprise))
        .with_state(Arc::new(state))
}
