//! What the head of a request says: a client that polls sends the same again and again.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, header};
use landfall_auth::{TokenHash, streaming_token};
use landfall_engine::Subscriber;
use landfall_model::{Fault, RequestFault, Requester, SessionFault, StreamingFault};
use landfall_wire::ApiVersion;

const BROWSER_COOKIE: &str = "BAYEUX_BROWSER";

/// What clients write behind the version, or where it should be: the kind of the message.
const DECORATIONS: [&str; 6] = [
    "connect",
    "disconnect",
    "handshake",
    "meta",
    "subscribe",
    "unsubscribe",
];

/// What path and headers of a request say. Requests with the same path and headers share it.
#[derive(Clone)]
pub struct RequestHead {
    /// The access token, by its hash.
    pub(crate) token: Result<TokenHash, Fault>,
    /// The API version that the path names, if it is served.
    pub(crate) version: Result<ApiVersion, Fault>,
    /// The browser cookie.
    pub(crate) browser: Option<Box<str>>,
    /// Whether messages are the fields `message=` of a form.
    pub(crate) is_form: bool,
    /// What the client calls itself.
    pub(crate) agent: Option<Arc<str>>,
    /// The encodings that the client accepts for the answer.
    pub(crate) accepts: Option<HeaderValue>,
    /// Whether the connection is encrypted, so that cookies may say so.
    pub(crate) is_secure: bool,
    /// Set to the user, of a request that is observed.
    pub(crate) requester: Option<Requester>,
}

impl RequestHead {
    /// Reads path and headers. The path says the version and nothing else: clients decorate it with the type of the
    /// message.
    pub fn new(
        path: &str,
        headers: &HeaderMap,
        is_secure: bool,
        requester: Option<Requester>,
    ) -> Self {
        Self {
            token: token(headers).map_err(Fault::Session),
            version: version(path),
            browser: cookie(headers),
            is_form: is_form(headers),
            agent: agent(headers),
            accepts: headers.get(header::ACCEPT_ENCODING).map(own),
            is_secure,
            requester,
        }
    }
}

/// What the client calls itself; none if it is no text.
fn agent(headers: &HeaderMap) -> Option<Arc<str>> {
    let agent = headers.get(header::USER_AGENT)?.to_str().ok()?;
    Some(Subscriber::client_of(agent))
}

/// A copy that shares no buffer with the connection: a held poll would keep all of it.
fn own(value: &HeaderValue) -> HeaderValue {
    HeaderValue::from_bytes(value.as_bytes()).unwrap_or_else(|_| value.clone())
}

fn token(headers: &HeaderMap) -> Result<TokenHash, SessionFault> {
    // Bytes that are not text are an unknown token.
    let authorization = headers.get(header::AUTHORIZATION);
    let authorization = authorization.map(|value| value.to_str().unwrap_or("?"));
    TokenHash::of_request(streaming_token(authorization)?)
}

/// `/cometd/59.0`, `/cometd/59.0/connect`, `/cometd/replay/36.0`.
fn version(path: &str) -> Result<ApiVersion, Fault> {
    let mut segments = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .skip(1);
    let segment = match segments.next() {
        Some("replay") => segments.next(),
        segment => segment,
    };
    match segment {
        None => Err(Fault::Streaming(StreamingFault::VersionMissing)),
        Some(segment) if DECORATIONS.contains(&segment) => {
            Err(Fault::Streaming(StreamingFault::VersionMissing))
        }
        Some(segment) => landfall_wire::versions::parse_streaming(segment)
            .ok_or(Fault::Request(RequestFault::VersionUnsupported)),
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let media_type = headers.get(header::CONTENT_TYPE);
    let media_type = media_type.and_then(|value| value.to_str().ok());
    media_type.is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"))
}

fn cookie(headers: &HeaderMap) -> Option<Box<str>> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, value)| *key == BROWSER_COOKIE && is_browser_id(value))
        .map(|(_, value)| value.into())
}

/// What sets the browser cookie.
pub(crate) fn set_browser(browser: &str, is_secure: bool) -> Option<HeaderValue> {
    let secure = if is_secure { "; Secure" } else { "" };
    HeaderValue::try_from(format!(
        "{BROWSER_COOKIE}={browser}; Path=/; HttpOnly{secure}"
    ))
    .ok()
}

/// What we hand out ourselves, with room for what a proxy of the real service handed out.
fn is_browser_id(value: &str) -> bool {
    (1..=64).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
