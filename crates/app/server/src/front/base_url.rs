//! The address that a request was sent to.

use http::request;
use http::uri::Authority;

/// Scheme and authority of a request as its client sees them: what [`super::Front`] put into its URI.
pub(crate) fn base_url(request: &request::Parts) -> String {
    let uri = &request.uri;
    format!(
        "{}://{}",
        uri.scheme_str().unwrap_or("http"),
        uri.authority().map_or("localhost", Authority::as_str)
    )
}
