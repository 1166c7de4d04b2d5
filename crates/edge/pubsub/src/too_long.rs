//! The answer to a request that is too long.
//!
//! Source: "Pub/Sub API and Event Allocations" (Pub/Sub API Developer Guide): the call fails with UNAVAILABLE and a text of
//! the proxy in front of the service.

use axum::response::Response;
use tonic::{Code, Status};

const TEXT: &str =
    "upstream connect error or disconnect/reset before headers. reset reason: remote reset";

/// The status of a request that could not be read.
pub(crate) fn as_service(status: Status) -> Status {
    match status.code() {
        // As it came, or once it was no longer compressed.
        Code::OutOfRange | Code::ResourceExhausted => Status::unavailable(TEXT),
        _ => status,
    }
}

/// The answer to a call that was refused before the service saw its request.
pub(crate) async fn as_documented(response: Response) -> Response {
    // What the service itself refuses has a code of its own.
    let refused = response.headers().contains_key("error-code");
    match Status::from_header_map(response.headers()) {
        Some(status) if !refused && status.code() != Code::Ok => as_service(status).into_http(),
        _ => response,
    }
}
