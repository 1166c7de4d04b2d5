//! What happens to requests of a developer org on their way to the surfaces: they are kept in its journal, and faults of
//! the transport that a test has armed befall them.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::Request;
use landfall_journal::observed;

use crate::front::{rehearsal, unsupported};
use crate::node::health;
use crate::orgs::Instance;

/// Answers a request.
pub(crate) async fn answer(org: Arc<Instance>, request: Request<Body>) -> Response {
    let path = request.uri().path();
    let journal = org.journal().filter(|_| !health::is_probe(path));
    let Some(journal) = journal.cloned() else {
        return rehearsed(org, request).await;
    };
    observed(journal, request, unsupported::reason, |request| {
        rehearsed(org, request)
    })
    .await
}

async fn rehearsed(org: Arc<Instance>, request: Request<Body>) -> Response {
    if org.faults().is_armed() {
        rehearsal::answer(org, request).await
    } else {
        org.answer(request).await
    }
}
