//! Whether a browser's request comes from one of our own pages.

use http::header::{HeaderValue, ORIGIN};
use http::request::Parts;
use http::uri::Authority;

/// False if a page of another site had the browser send this. What sends neither header is no browser, and has no login
/// that could be misused.
///
/// Source: "Fetch Metadata Request Headers" (W3C), `Sec-Fetch-Site`; RFC 6454, 7.3.
pub(crate) fn is_of_this_origin(parts: &Parts) -> bool {
    let header = |name: &str| parts.headers.get(name).map(HeaderValue::as_bytes);
    if let Some(site) = header("sec-fetch-site") {
        return site == b"same-origin" || site == b"none";
    }
    let Some(origin) = header(ORIGIN.as_str()) else {
        return true;
    };
    let own = parts.uri.authority().map(Authority::as_str);
    let own = own.or_else(|| parts.headers.get("host")?.to_str().ok());
    let given = std::str::from_utf8(origin)
        .ok()
        .and_then(|origin| origin.split_once("://"));
    match (own, given) {
        (Some(own), Some((_, given))) => own.eq_ignore_ascii_case(given),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn is_own(headers: &[(&str, &str)]) -> bool {
        let mut request = Request::post("https://localhost:7443/services/oauth2/authorize");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        is_of_this_origin(&request.body(()).expect("a request").into_parts().0)
    }

    #[test]
    fn only_our_own_pages_and_what_is_no_browser_are_heard() {
        assert!(is_own(&[]));
        assert!(is_own(&[("origin", "https://localhost:7443")]));
        assert!(is_own(&[
            ("sec-fetch-site", "same-origin"),
            ("origin", "null")
        ]));
        for headers in [
            [("origin", "https://evil.example")],
            [("origin", "https://localhost:1717")],
            [("origin", "null")],
            [("sec-fetch-site", "cross-site")],
            [("sec-fetch-site", "same-site")],
        ] {
            assert!(!is_own(&headers), "{headers:?}");
        }
    }
}
