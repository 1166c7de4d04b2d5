//! What absolute URLs begin with.

use std::sync::Arc;

use http::header;
use http::request::Parts;

/// Scheme and authority of every absolute URL in an answer, without a slash at the end.
///
/// Clients: camel takes one trailing slash off, @salesforce/core asks for `//services` if there is one.
#[derive(Clone, Debug, Default)]
pub struct BaseUrl(Option<Arc<str>>);

impl BaseUrl {
    /// As the request came in: what the server put into its URI, or else its `Host` over plain HTTP.
    pub const fn of_request() -> Self {
        Self(None)
    }

    /// Always the same: the public URL of a server behind others.
    pub fn fixed(url: &str) -> Self {
        Self(Some(url.trim_end_matches('/').into()))
    }

    pub(crate) fn of(&self, parts: &Parts) -> String {
        if let Some(url) = &self.0 {
            return url.to_string();
        }
        let scheme = parts.uri.scheme_str().unwrap_or("http");
        let host = || parts.headers.get(header::HOST)?.to_str().ok();
        let authority = parts.uri.authority().map(http::uri::Authority::as_str);
        let authority = authority.or_else(host).unwrap_or("localhost");
        format!("{scheme}://{authority}")
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn parts(uri: &str, host: Option<&str>) -> Parts {
        let mut request = Request::builder().uri(uri);
        if let Some(host) = host {
            request = request.header(header::HOST, host);
        }
        request.body(()).expect("a request").into_parts().0
    }

    #[test]
    fn a_configured_url_wins_and_loses_its_slash() {
        let parts = parts("https://a.test/x", None);
        assert_eq!(
            BaseUrl::fixed("https://b.test:8443/").of(&parts),
            "https://b.test:8443"
        );
    }

    #[test]
    fn the_request_gives_scheme_and_authority() {
        let base = BaseUrl::of_request();
        assert_eq!(
            base.of(&parts("https://a.test:1/x", Some("b"))),
            "https://a.test:1"
        );
        assert_eq!(base.of(&parts("/x", Some("b:7443"))), "http://b:7443");
    }
}
