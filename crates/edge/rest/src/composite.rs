//! Requests that consist of several: parts that refer to each other, batches, graphs, and trees of records.
//!
//! Source: "Composite Resources" (REST API Developer Guide).

pub(crate) mod batch;
pub(crate) mod graph;
mod part;
mod reference;
mod request;
mod series;
pub(crate) mod tooling;
pub(crate) mod tree;

pub use reference::Answers;

use axum::body::Body;
use http::Method;
use landfall_http::Answer;
use landfall_model::Fault;

use crate::call::Call;
use crate::state::Shared;
use crate::versions;

/// Answers a composite request, or lists what is below.
pub(crate) async fn parts(shared: &Shared, call: &Call, body: Body) -> Result<Answer, Fault> {
    if call.method == Method::POST {
        request::answer(shared, call, body).await
    } else {
        Ok(Answer::json(versions::below(shared, call, "composite")))
    }
}
