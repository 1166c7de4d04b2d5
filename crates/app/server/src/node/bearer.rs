//! The token that a request brings.
//!
//! Source: RFC 6750, section 2.1.

use http::{HeaderMap, header};

/// The bearer token in the authorization header, if there is one.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    is_bearer.then(|| token.trim_start())
}
