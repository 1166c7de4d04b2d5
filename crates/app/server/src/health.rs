//! Whether the process is alive, whether it can do its work, and the certificate to trust.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use http::{HeaderMap, StatusCode, Uri, header};
use landfall_engine::{Engine, Health as OrgHealth};
use landfall_model::{Fault, Refused, RequestFault};

use crate::cluster::Standing;
use crate::phase::{Listener, Phase};
use crate::scrub::Scrub;

/// Media type of a certificate in PEM. Source: RFC 8555, section 9.1.
const PEM: &str = "application/pem-certificate-chain";

/// Paths that are asked for again and again by what watches the process.
const PROBES: [&str; 3] = ["/healthz", "/metrics", "/readyz"];

/// Whether a request for a path says something about the process, and nothing about a client.
pub(crate) fn is_probe(path: &str) -> bool {
    PROBES.contains(&path)
}

#[derive(Clone)]
struct Health {
    engine: Engine,
    phase: Listener,
    authority: Option<Arc<str>>,
    scrub: Arc<Scrub>,
}

/// `/healthz`, `/readyz` and, with an authority of its own, `/_landfall/ca.pem`.
pub(crate) fn router(
    engine: Engine,
    phase: Listener,
    authority: Option<Arc<str>>,
    scrub: Arc<Scrub>,
) -> Router {
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/_landfall/ca.pem", get(certificate))
        .with_state(Health {
            engine,
            phase,
            authority,
            scrub,
        })
}

pub(crate) async fn alive() -> Response {
    let body = concat!(
        r#"{"status":"alive","name":"landfall","version":""#,
        env!("CARGO_PKG_VERSION"),
        r#""}"#
    );
    json(StatusCode::OK, body)
}

/// The listener is up, or nobody could ask; the store was opened and its log read, or nothing would listen.
async fn ready(State(health): State<Health>, node: Option<Extension<Standing>>) -> Response {
    let is_leaving = node.as_ref().is_some_and(|node| node.is_leaving());
    let reason = match reason(health.engine.health()) {
        None if is_leaving || health.phase.phase() != Phase::Running => {
            Some("the server is stopping".to_owned())
        }
        reason => reason,
    };
    let members = node.map(|node| node.members()).unwrap_or_default();
    match reason {
        None => json(
            StatusCode::OK,
            format!(
                r#"{{"status":"ready",{members}"reasons":[{}]}}"#,
                warnings(&health)
            ),
        ),
        // The reasons are texts of this file: none needs escaping.
        Some(reason) => json(
            StatusCode::SERVICE_UNAVAILABLE,
            format!(r#"{{"status":"unavailable",{members}"reasons":["{reason}"]}}"#),
        ),
    }
}

/// What an operator should look at although the org serves: what is damaged is not delivered, and time goes on.
fn warnings(health: &Health) -> String {
    let met = health
        .engine
        .writer_counters()
        .damaged
        .load(Ordering::Relaxed);
    let is_damaged = met > 0 || health.scrub.findings() > 0;
    let warnings = [
        is_damaged.then_some(r#""stored data is damaged; see docs/operations/damage.md""#),
        (health.engine.clock().has_jumped())
            .then_some(r#""the machine's clock has jumped; see docs/operations/clock.md""#),
    ];
    let warnings: Vec<&str> = warnings.into_iter().flatten().collect();
    warnings.join(",")
}

/// Why an org cannot serve, what becomes of it by itself, and the page that says what to do.
fn reason(health: OrgHealth) -> Option<String> {
    match health {
        OrgHealth::Writable => None,
        OrgHealth::Refusing(failure) => Some(format!(
            "{failure}: changes are refused for now; see docs/operations/{}.md",
            failure.as_str()
        )),
        OrgHealth::Ended(failure) => Some(format!(
            "{failure}: changes are refused until a restart; see docs/operations/{}.md",
            failure.as_str()
        )),
        OrgHealth::Stale => Some(
            "a change is stored and cannot be read back; see docs/operations/other.md".to_owned(),
        ),
        OrgHealth::Stopped => Some("the server is stopping".to_owned()),
    }
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
    let fault = Fault::Request(RequestFault::ResourceNotFound);
    let body = landfall_wire::rest(&fault).to_string();
    let mut response = json(StatusCode::NOT_FOUND, body);
    response.extensions_mut().insert(Refused::from(&fault));
    response
}

pub(crate) fn json(status: StatusCode, body: impl Into<axum::body::Body>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, landfall_wire::headers::JSON),
        (header::CACHE_CONTROL, landfall_wire::headers::NO_STORE),
    ];
    (status, headers, body.into()).into_response()
}
