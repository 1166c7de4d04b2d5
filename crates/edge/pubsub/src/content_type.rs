//! Method and content type of a call: requests that are no gRPC are refused by HTTP.
//!
//! Source: "gRPC over HTTP2" (gRPC), Requests: the method is POST, and another media type is answered with status 415.

use axum::extract::Request;
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use landfall_model::Fault;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Status};

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

/// The answer to a call that cannot be carried out here; none for a request that is no call.
pub fn refused_call(headers: &HeaderMap, path: &str, fault: &Fault) -> Option<Response> {
    is_call(headers).then(|| refusal(path, fault).into_http())
}

/// The trailers of a call that ends because of a fault after its answer has begun; none for a request that is no call.
pub fn ended_call(headers: &HeaderMap, path: &str, fault: &Fault) -> Option<HeaderMap> {
    if !is_call(headers) {
        return None;
    }
    let mut trailers = HeaderMap::new();
    let added = refusal(path, fault).add_header(&mut trailers);
    added.is_ok().then_some(trailers)
}

fn refusal(path: &str, fault: &Fault) -> Status {
    let rpc = path.rsplit('/').next().unwrap_or_default();
    let error = landfall_wire::grpc(fault);
    let mut trailers = MetadataMap::new();
    for (key, value) in [("error-code", error.code), ("type", rpc)] {
        if let Ok(value) = MetadataValue::try_from(value) {
            trailers.insert(key, value);
        }
    }
    Status::with_metadata(Code::from_i32(error.status as i32), error.message, trailers)
}

/// Whether the media type is gRPC's: `application/grpc`, `application/grpc+proto`; not `application/grpc-web`.
fn is_call(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let rest = kind.and_then(|kind| kind.strip_prefix(MEDIA_TYPE));
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}
