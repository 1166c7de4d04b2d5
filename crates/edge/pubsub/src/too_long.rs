//! What a client is told whose request is longer than any may be.
//!
//! Source: "Pub/Sub API and Event Allocations" (Pub/Sub API Developer Guide): the call fails with UNAVAILABLE and a text of
//! the proxy in front of the service.

use axum::response::Response;
use tonic::{Code, Status};

const TEXT: &str =
    "upstream connect error or disconnect/reset before headers. reset reason: remote reset";

/// The status of a request that could not be read.
pub(crate) fn told(status: Status) -> Status {
    if status.code() == Code::OutOfRange {
        Status::unavailable(TEXT)
    } else {
        status
    }
}

/// An answer that was refused before the service saw its request.
pub(crate) async fn as_documented(response: Response) -> Response {
    // The service itself ends no call with this status.
    match Status::from_header_map(response.headers()) {
        Some(status) if status.code() == Code::OutOfRange => told(status).into_http(),
        _ => response,
    }
}
