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

use crate::node::standing::Standing;
use crate::orgs::scrub::Scrub;
use crate::phase::{Listener, Phase};

/// Media type of a certificate in PEM. Source: RFC 8555, section 9.1.
const PEM: &str = "application/pem-certificate-chain";

/// Paths that are asked for again and again by what watches the process.
const PROBES: [&str; 3] = ["/healthz", "/metrics", "/readyz"];

/// Whether a request for a path says something about the process, and nothing about a client.
pub(crate) fn is_probe(path: &str) -> bool {
    PROBES.contains(&path)
}

/// What the health of an org is found out from.
#[derive(Clone)]
pub(crate) struct Health {
    pub(crate) engine: Engine,
    pub(crate) phase: Listener,
    pub(crate) authority: Option<Arc<str>>,
    pub(crate) scrub: Arc<Scrub>,
}

/// Why a server that is stopping is not ready.
const STOPPING: &str = "the server is stopping";

/// `/healthz`, `/readyz` and, with an authority of its own, `/_landfall/ca.pem`.
pub(crate) fn router(health: Health) -> Router {
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/_landfall/ca.pem", get(certificate))
        .with_state(health)
}

pub(crate) async fn alive() -> Response {
    let body = concat!(
        r#"{"status":"alive","name":"landfall","version":""#,
        env!("CARGO_PKG_VERSION"),
        r#""}"#
    );
    json(StatusCode::OK, body)
}

async fn ready(State(health): State<Health>, node: Option<Extension<Standing>>) -> Response {
    let is_leaving = node.as_ref().is_some_and(|node| node.is_leaving());
    let (is_ready, reasons) = if is_leaving {
        (false, vec![STOPPING.to_owned()])
    } else {
        health.readiness()
    };
    let members = node.map(|node| node.members()).unwrap_or_default();
    let (status, word) = if is_ready {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
    };
    // The reasons are texts of this file: none needs escaping.
    let reasons: Vec<String> = reasons
        .iter()
        .map(|reason| format!("\"{reason}\""))
        .collect();
    let reasons = reasons.join(",");
    json(
        status,
        format!(r#"{{"status":"{word}",{members}"reasons":[{reasons}]}}"#),
    )
}

impl Health {
    /// Whether the org takes requests; why it does not, or what an operator should look at.
    ///
    /// The listener is up, or nobody could ask; the store was opened and its log read, or nothing would listen.
    pub(crate) fn readiness(&self) -> (bool, Vec<String>) {
        let reason = match reason(self.engine.health()) {
            None if self.phase.phase() != Phase::Running => Some(STOPPING.to_owned()),
            reason => reason,
        };
        match reason {
            None => (true, self.warnings()),
            Some(reason) => (false, vec![reason]),
        }
    }

    /// What an operator should look at although the org serves: what is damaged is not delivered, and time goes on.
    fn warnings(&self) -> Vec<String> {
        let met = self
            .engine
            .writer_counters()
            .damaged
            .load(Ordering::Relaxed);
        let is_damaged = met > 0 || self.scrub.findings() > 0;
        let warnings = [
            is_damaged.then_some("stored data is damaged; see docs/operations/damage.md"),
            (self.engine.clock().has_jumped())
                .then_some("the machine's clock has jumped; see docs/operations/clock.md"),
        ];
        warnings.into_iter().flatten().map(str::to_owned).collect()
    }
}

/// Why an org cannot serve, whether it recovers by itself, and the page that says what to do.
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
        OrgHealth::Stopped => Some(STOPPING.to_owned()),
    }
}

async fn certificate(State(health): State<Health>) -> Response {
    match health.authority {
        Some(pem) => ([(header::CONTENT_TYPE, PEM)], pem.to_string()).into_response(),
        None => not_found().await,
    }
}

/// The answer on a path that belongs to no API, to callers of gRPC in their own form.
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
