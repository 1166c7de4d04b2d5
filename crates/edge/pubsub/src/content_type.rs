//! Method and content type of a call: requests that are no gRPC are refused by HTTP.
//!
//! Source: "gRPC over HTTP2" (gRPC), Requests: the method is POST, and another media type is answered with status 415.

use axum::extract::Request;
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tonic::Status;

const MEDIA_TYPE: &[u8] = b"application/grpc";

/// Lets through what can be a call.
pub(crate) async fn checked(request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "POST")]).into_response();
    }
    if !is_call(request.headers()) {
        return StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response();
    }
    next.run(request).await
}

/// The answer to a call of a service that is not here; none for a request that is no call.
///
/// Source: "Status codes and their use in gRPC" (gRPC); the text is that of grpc-java, which the service is built on.
pub fn unknown_call(headers: &HeaderMap, path: &str) -> Option<Response> {
    let method = path.trim_start_matches('/');
    let refused = || Status::unimplemented(format!("Method not found: {method}")).into_http();
    is_call(headers).then(refused)
}

/// Whether the media type is gRPC's: `application/grpc`, `application/grpc+proto`; not `application/grpc-web`.
fn is_call(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let rest = kind.and_then(|kind| kind.strip_prefix(MEDIA_TYPE));
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}
