//! Pages in a browser: only those of the server itself may control orgs.
//!
//! The listener refuses pages that are not of this machine. This refuses those of other ports too: a browser sends simple
//! requests without asking, and any page could advance the clock.

use http::header::ORIGIN;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};

use crate::base_url;
use crate::refusal::{Refusal, other_origin};

/// Source: "Fetch Metadata Request Headers", Sec-Fetch-Site.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Values of it that a page of the server has, or no page.
const OWN: [&[u8]; 2] = [b"same-origin", b"none"];

/// Refuses the request of a page of another origin. Programs that are no browsers send neither header.
pub(crate) fn check(uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
    if is_own(uri, headers) {
        return Ok(());
    }
    Err(other_origin())
}

/// Whether a request is of a page of the server itself, or of no page. Its URI has scheme and authority.
pub fn is_own(uri: &Uri, headers: &HeaderMap) -> bool {
    let is_base = |origin: &[u8]| origin.eq_ignore_ascii_case(base_url(uri).as_bytes());
    let origin = headers.get(ORIGIN).map(HeaderValue::as_bytes);
    let site = headers.get(FETCH_SITE).map(HeaderValue::as_bytes);
    origin.is_none_or(is_base) && site.is_none_or(|site| OWN.contains(&site))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(name: &'static str, value: &'static str) -> bool {
        let uri = Uri::from_static("http://localhost:7443/_landfall/v1/clock");
        let headers = HeaderMap::from_iter([(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )]);
        check(&uri, &headers).is_ok()
    }

    #[test]
    fn pages_of_other_origins_control_nothing() {
        for (name, value) in [
            ("accept", "*/*"),
            ("origin", "http://localhost:7443"),
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-site", "none"),
        ] {
            assert!(allows(name, value), "{name}: {value}");
        }
        for (name, value) in [
            ("origin", "http://localhost:3000"),
            ("origin", "https://localhost:7443"),
            ("origin", "null"),
            ("origin", "https://evil.example"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "cross-site"),
        ] {
            assert!(!allows(name, value), "{name}: {value}");
        }
    }
}
