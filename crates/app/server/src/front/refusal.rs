//! Answers to requests that belong to no API, and to those whose handler has a defect.

use std::any::Any;

use axum::Router;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use landfall_engine::defect;
use landfall_model::Fault;
use tower_http::catch_panic::CatchPanicLayer;

/// Surfaces of which a defect costs one request.
pub(crate) fn guarded(router: Router) -> Router {
    router.layer(CatchPanicLayer::custom(panicked))
}

/// The answer of a handler that panicked: one request fails, its connection and the server go on.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands it over")]
pub(crate) fn panicked(reason: Box<dyn Any + Send>) -> Response {
    let text = reason
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| reason.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    refusal(&defect(&format!("panic: {text}")))
}

/// The refusal of a request that belongs to no API.
pub(crate) fn refusal(fault: &Fault) -> Response {
    let refusal = landfall_wire::rest(fault);
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = format!(
        r#"[{{"message":{:?},"errorCode":"{}"}}]"#,
        refusal.message, refusal.code
    );
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
