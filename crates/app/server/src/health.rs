//! Whether the process is alive, whether it can do its work, how much it has done, and the certificate to trust.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};
use landfall_engine::Engine;

use crate::phase::{Listener, Phase};

/// Media type of a certificate in PEM. Source: RFC 8555, section 9.1.
const PEM: &str = "application/pem-certificate-chain";

/// Media type of metrics. Source: "Exposition Formats" (Prometheus), text format.
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

#[derive(Clone)]
struct Health {
    engine: Engine,
    phase: Listener,
    authority: Option<Arc<str>>,
}

/// `/healthz`, `/readyz`, `/metrics` and, with an authority of its own, `/_landfall/ca.pem`.
pub(crate) fn router(engine: Engine, phase: Listener, authority: Option<Arc<str>>) -> Router {
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
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

/// What the writer has done: commands by groups is how many share a commit.
async fn metrics(State(health): State<Health>) -> Response {
    let counters = health.engine.writer_counters();
    let mut text = String::new();
    for (name, help, counter) in [
        (
            "landfall_writer_groups_total",
            "Commits that were made durable",
            &counters.groups,
        ),
        (
            "landfall_writer_commands_total",
            "Commands in these commits",
            &counters.commands,
        ),
        (
            "landfall_writer_events_total",
            "Events in these commits",
            &counters.events,
        ),
    ] {
        let value = counter.load(Ordering::Relaxed);
        let _ = write!(
            text,
            "# HELP {name} {help}.\n# TYPE {name} counter\n{name} {value}\n"
        );
    }
    ([(header::CONTENT_TYPE, METRICS)], text).into_response()
}

async fn certificate(State(health): State<Health>) -> Response {
    match health.authority {
        Some(pem) => ([(header::CONTENT_TYPE, PEM)], pem.to_string()).into_response(),
        None => not_found().await,
    }
}

/// The answer on a path that is nobody's.
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
