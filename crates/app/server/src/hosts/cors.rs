//! Cross-origin resource sharing: which websites may read the org's responses in a browser.
//!
//! An org has an allow list of origins. Preflights are answered here; every other request goes to its API, and the
//! response of an allowed origin says so. The browser decides by these headers alone: no request is refused for its
//! origin, since programs that are no browsers, such as extensions, send one too.
//! Source: "Configure Salesforce CORS Allowlist"; "Enable CORS for OAuth Endpoints" (Salesforce Help).

use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD,
    ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};

use landfall_metadata::{Origin, OriginPattern};

/// Wire: text. Source: a recorded preflight, jsforce/jsforce issue 189.
const METHODS: HeaderValue = HeaderValue::from_static("HEAD, GET, POST, PUT, PATCH, DELETE");

/// Paths that any website may read. Source: "Enable CORS for OAuth Endpoints".
const PUBLIC: [&str; 3] = [
    "/.well-known/openid-configuration",
    "/.well-known/auth-configuration",
    "/id/keys",
];

/// Paths that origins of the list may read if OAuth endpoints are shared too. Source: as for [`PUBLIC`].
const OAUTH: [&str; 4] = [
    "/services/oauth2/token",
    "/services/oauth2/revoke",
    "/services/oauth2/introspect",
    "/services/oauth2/authorize",
];

/// Where the paths begin that origins of the list may read: the REST API, both Bulk APIs, Apex REST, user info, and the
/// Streaming API, which the vendor's list lacks.
const LISTED: [&str; 5] = [
    "/services/data",
    "/services/async/",
    "/services/apexrest/",
    "/services/oauth2/userinfo",
    STREAMING,
];

const STREAMING: &str = "/cometd";

/// Whether the components of an org have an origin on its allow list.
pub type Deployed<'d> = dyn Fn(&Origin) -> bool + 'd;

/// Which origins may read what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cors {
    /// The allow list.
    pub origins: Vec<OriginPattern>,
    /// Whether origins of this machine are on the list.
    pub loopback: bool,
    /// Whether the list applies to the endpoints of OAuth.
    pub oauth: bool,
}

/// What the response to a request from a page of another origin says about sharing.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The origin, if it may read the response.
    origin: Option<HeaderValue>,
    /// Whether cookies may come along.
    credentials: bool,
}

impl Cors {
    /// Whether a page of this origin may read what the list is for; `deployed` decides on what is not configured.
    pub fn lists(&self, origin: &str, deployed: &Deployed<'_>) -> bool {
        let Some(origin) = Origin::parse(origin) else {
            return false;
        };
        (self.loopback && origin.is_loopback())
            || self.origins.iter().any(|pattern| pattern.matches(&origin))
            || deployed(&origin)
    }

    /// What a response says; nothing if the request is not from a page of another origin, or its path is never shared.
    pub(crate) fn shared(
        &self,
        target: &Uri,
        headers: &HeaderMap,
        deployed: &Deployed<'_>,
    ) -> Option<Shared> {
        let value = headers.get(ORIGIN)?;
        let origin = value.to_str().ok()?;
        if is_own(target, origin) {
            return None;
        }
        let is_allowed = match audience(target.path())? {
            Audience::Everybody => true,
            Audience::Listed => self.lists(origin, deployed),
            Audience::ListedForOauth => self.oauth && self.lists(origin, deployed),
        };
        Some(Shared {
            origin: is_allowed.then(|| value.clone()),
            credentials: target.path().starts_with(STREAMING),
        })
    }
}

impl Shared {
    /// The answer to a preflight; none for other requests.
    pub(crate) fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<Response> {
        if *method != Method::OPTIONS || !headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
            return None;
        }
        if self.origin.is_none() {
            return Some(StatusCode::FORBIDDEN.into_response());
        }
        let mut response = StatusCode::OK.into_response();
        let answer = response.headers_mut();
        answer.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        if let Some(requested) = headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, requested.clone());
        }
        Some(response)
    }

    /// Marks a response, so that the browser shows it to the page or not.
    pub(crate) fn mark(&self, response: &mut Response) {
        let headers = response.headers_mut();
        headers.append(VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = &self.origin {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            let credentials = if self.credentials { "true" } else { "false" };
            headers.insert(
                ACCESS_CONTROL_ALLOW_CREDENTIALS,
                HeaderValue::from_static(credentials),
            );
        }
    }
}

/// Who may read the responses of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Audience {
    Everybody,
    Listed,
    ListedForOauth,
}

fn audience(path: &str) -> Option<Audience> {
    if PUBLIC.contains(&path) {
        Some(Audience::Everybody)
    } else if OAUTH.contains(&path) {
        Some(Audience::ListedForOauth)
    } else {
        let is_listed = LISTED.iter().any(|start| path.starts_with(start));
        is_listed.then_some(Audience::Listed)
    }
}

/// Whether the page is one of this server.
fn is_own(target: &Uri, origin: &str) -> bool {
    let (Some(scheme), Some(authority)) = (target.scheme_str(), target.authority()) else {
        return false;
    };
    origin.split_once("://").is_some_and(|(of_page, host)| {
        of_page == scheme && host.eq_ignore_ascii_case(authority.as_str())
    })
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;

    use super::*;

    fn cors() -> Cors {
        Cors {
            origins: vec![OriginPattern::parse("https://*.example.com").expect("a pattern")],
            loopback: false,
            oauth: false,
        }
    }

    /// Status and allowed origin of a preflight, or of an ordinary request that was answered with 200.
    fn answer(cors: &Cors, method: Method, url: &str, origin: &str) -> (u16, Option<String>) {
        let request = Request::builder()
            .method(method)
            .uri(url)
            .header(ORIGIN, origin)
            .header(ACCESS_CONTROL_REQUEST_METHOD, "PATCH")
            .header(ACCESS_CONTROL_REQUEST_HEADERS, "authorization,x-custom")
            .body(Body::empty())
            .expect("a request");
        let shared = cors.shared(request.uri(), request.headers(), &|_| false);
        let preflight = shared
            .as_ref()
            .and_then(|shared| shared.preflight(request.method(), request.headers()));
        let mut response = preflight.unwrap_or_else(|| StatusCode::OK.into_response());
        if let Some(shared) = &shared {
            shared.mark(&mut response);
        }
        let origin = response.headers().get(ACCESS_CONTROL_ALLOW_ORIGIN);
        let origin = origin.map(|origin| origin.to_str().expect("text").to_owned());
        (response.status().as_u16(), origin)
    }

    const REST: &str = "https://org.example/services/data/v59.0/limits";

    #[test]
    fn origins_of_the_list_may_read_responses() {
        let page = "https://app.example.com";
        for method in [Method::OPTIONS, Method::GET] {
            let allowed = answer(&cors(), method.clone(), REST, page);
            assert_eq!(allowed, (200, Some(page.to_owned())), "{method}");
        }
        let stranger = "https://example.com";
        assert_eq!(
            answer(&cors(), Method::OPTIONS, REST, stranger),
            (403, None)
        );
        assert_eq!(answer(&cors(), Method::GET, REST, stranger), (200, None));
        assert_eq!(answer(&cors(), Method::OPTIONS, REST, "null"), (403, None));
    }

    #[test]
    fn pages_of_the_server_and_paths_that_are_not_shared_are_left_alone() {
        for (url, origin) in [
            (REST, "https://org.example"),
            (
                "https://org.example/services/Soap/u/59.0",
                "https://a.example.com",
            ),
            (
                "https://org.example/services/oauth2/tokens",
                "https://a.example.com",
            ),
        ] {
            assert_eq!(
                answer(&cors(), Method::OPTIONS, url, origin),
                (200, None),
                "{url}"
            );
        }
    }

    #[test]
    fn oauth_endpoints_are_shared_only_if_they_are_to_be() {
        let page = "https://app.example.com";
        let token = "https://org.example/services/oauth2/token";
        assert_eq!(answer(&cors(), Method::OPTIONS, token, page), (403, None));
        let open = Cors {
            oauth: true,
            ..cors()
        };
        assert_eq!(
            answer(&open, Method::OPTIONS, token, page),
            (200, Some(page.to_owned()))
        );
        let user_info = "https://org.example/services/oauth2/userinfo";
        let allowed = (200, Some(page.to_owned()));
        assert_eq!(answer(&cors(), Method::OPTIONS, user_info, page), allowed);
        let keys = "https://org.example/id/keys";
        let stranger = "https://stranger.example";
        let allowed = (200, Some(stranger.to_owned()));
        assert_eq!(answer(&cors(), Method::GET, keys, stranger), allowed);
    }
}
