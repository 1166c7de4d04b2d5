//! Whether the process is alive, whether it can do its work, and the certificate to trust.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, StatusCode, Uri, header};
use landfall_engine::Engine;

use crate::phase::{Listener, Phase};

/// Media type of a certificate in PEM. Source: RFC 8555, section 9.1.
const PEM: &str = "application/pem-certificate-chain";

#[derive(Clone)]
struct Health {
    engine: Engine,
    phase: Listener,
    authority: Option<Arc<str>>,
}

/// `/healthz`, `/readyz` and, with an authority of its own, `/_landfall/ca.pem`.
pub(crate) fn router(engine: Engine, phase: Listener, authority: Option<Arc<str>>) -> Router {
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/_landfall/ca.pem", get(certificate))
        .with_state(Health {
            engine,
            phase,
            authority,
        })
}

async fn alive() -> Response {
    let body = concat!(
        r#"{"status":"alive","name":"landfall","version":""#,
        env!("CARGO_PKG_VERSION"),
        r#""}"#
    );
    json(StatusCode::OK, body)
}

/// The listener is up, or nobody could ask; the store was opened and its log read, or nothing would listen.
async fn ready(State(health): State<Health>) -> Response {
    if !health.engine.is_writable() {
        return json(
            StatusCode::SERVICE_UNAVAILABLE,
            r#"{"status":"unavailable","reasons":["the store has failed and takes no writes"]}"#,
        );
    }
    if health.phase.phase() != Phase::Running {
        return json(
            StatusCode::SERVICE_UNAVAILABLE,
            r#"{"status":"unavailable","reasons":["the server is stopping"]}"#,
        );
    }
    json(StatusCode::OK, r#"{"status":"ready","reasons":[]}"#)
}

async fn certificate(State(health): State<Health>) -> Response {
    match health.authority {
        Some(pem) => ([(header::CONTENT_TYPE, PEM)], pem.to_string()).into_response(),
        None => not_found().await,
    }
}

/// The answer on a path that is nobody's, to callers of gRPC in their own way.
pub(crate) async fn nobodys(headers: HeaderMap, uri: Uri) -> Response {
    match landfall_pubsub::unknown_call(&headers, uri.path()) {
        Some(refusal) => refusal,
        None => not_found().await,
    }
}

/// The answer to who asks for what is not here.
pub(crate) async fn not_found() -> Response {
    json(
        StatusCode::NOT_FOUND,
        landfall_wire::rest(&landfall_model::Fault::ResourceNotFound).to_string(),
    )
}

fn json(status: StatusCode, body: impl Into<axum::body::Body>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, landfall_wire::headers::JSON),
        (header::CACHE_CONTROL, landfall_wire::headers::NO_STORE),
    ];
    (status, headers, body.into()).into_response()
}
