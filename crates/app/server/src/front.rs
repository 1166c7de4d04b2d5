//! What every request passes on its way to a surface: its address made whole, its path made plain, one log line.
//!
//! Handlers find scheme and authority of the request, as the client used them, in its URI, and the peer's address in the
//! extension [`ConnectInfo`].

use std::any::Any;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::{IntoResponse, Response};
use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, Request, StatusCode, Uri, header, uri};
use hyper::body::Incoming;
use landfall_engine::defect;
use landfall_streaming::Secure;
use tower::ServiceExt;
use tower::util::Oneshot;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutBody;
use tracing::{Instrument, Span, debug, debug_span};

use crate::lobby;
use crate::network::Network;
use crate::orgs::{InProgress, Orgs};
use crate::unread::ReadOut;
use crate::unsupported;

/// Bytes of a request target. Source: "Headers and URI limits": longer ones answer 414.
const TARGET_BYTES_MAX: usize = 16 * 1024;

/// How long a request's body may pause.
pub(crate) const BODY_PAUSE_MAX: Duration = Duration::from_secs(30);

/// How the media types of gRPC begin. Source: "gRPC over HTTP2", Content-Type.
const GRPC: &[u8] = b"application/grpc";

/// How a connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

/// A request on its way through the surfaces of its org.
enum Routed {
    Surfaces(Pin<Box<Oneshot<Router, Request<Body>>>>, Option<InProgress>),
    Lobby(Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>),
}

impl Future for Routed {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Surfaces(answer, _) => answer.as_mut().poll(cx),
            Self::Lobby(answer) => answer.as_mut().poll(cx),
        }
    }
}

/// Where requests go.
#[derive(Debug)]
pub(crate) enum Surfaces {
    /// To the orgs of the process.
    Orgs(Orgs),
    /// All to the same place.
    #[cfg(test)]
    One(Router),
}

impl Surfaces {
    fn route(&self, request: Request<Body>) -> Routed {
        match self {
            Self::Orgs(orgs) => match orgs.of_request(&request) {
                Some(org) => {
                    let (surfaces, in_progress) = org.surfaces();
                    Routed::Surfaces(Box::pin(surfaces.oneshot(request)), Some(in_progress))
                }
                None => Routed::Lobby(Box::pin(lobby::answer(orgs.clone(), request))),
            },
            #[cfg(test)]
            Self::One(router) => Routed::Surfaces(Box::pin(router.clone().oneshot(request)), None),
        }
    }
}

impl From<Orgs> for Surfaces {
    fn from(orgs: Orgs) -> Self {
        Self::Orgs(orgs)
    }
}

#[cfg(test)]
impl From<Router> for Surfaces {
    fn from(router: Router) -> Self {
        Self::One(guarded(router))
    }
}

/// Surfaces of which a defect costs one request.
pub(crate) fn guarded(router: Router) -> Router {
    router.layer(CatchPanicLayer::custom(panicked))
}

/// Hands requests to the surfaces.
#[derive(Debug)]
pub(crate) struct Front {
    surfaces: Surfaces,
    trusted_proxies: Vec<Network>,
    /// What a request without any `Host` is addressed to.
    authority: Authority,
    requests: AtomicU64,
}

impl Front {
    pub(crate) fn new(
        surfaces: impl Into<Surfaces>,
        trusted_proxies: Vec<Network>,
        local: SocketAddr,
    ) -> Self {
        Self {
            surfaces: surfaces.into(),
            trusted_proxies,
            authority: local
                .to_string()
                .parse()
                .unwrap_or_else(|_| Authority::from_static("localhost")),
            requests: AtomicU64::new(0),
        }
    }

    /// Answers one request. Who waits for the answer holds the request once, in the surface that works on it.
    pub(crate) fn answer(
        self: Arc<Self>,
        request: Request<Body>,
        peer: SocketAddr,
        scheme: Scheme,
    ) -> impl Future<Output = Result<Response, Infallible>> + Send + use<> {
        let routed = self.routed(request, peer, scheme);
        async move {
            let (answer, unsupported, span) = match routed {
                Ok(routed) => routed,
                Err(status) => return Ok(status.into_response()),
            };
            async move {
                let mut response = answer.await?;
                if let Some(reason) = unsupported {
                    unsupported::mark(&mut response, reason);
                }
                debug!(%peer, status = response.status().as_u16(), "answered");
                Ok(response)
            }
            .instrument(span)
            .await
        }
    }

    /// The work on a request, why there may be no such resource, and what its log lines have in common.
    fn routed(
        &self,
        mut request: Request<Body>,
        peer: SocketAddr,
        scheme: Scheme,
    ) -> Result<(Routed, Option<&'static str>, Span), StatusCode> {
        let id = self.requests.fetch_add(1, Ordering::Relaxed);
        let target = self
            .target(&request, peer, scheme)
            .ok_or(StatusCode::BAD_REQUEST)?;
        if target
            .path_and_query()
            .is_some_and(|target| target.as_str().len() > TARGET_BYTES_MAX)
        {
            return Err(StatusCode::URI_TOO_LONG);
        }
        let secure = Secure(target.scheme() == Some(&uri::Scheme::HTTPS));
        *request.uri_mut() = target;
        let extensions = request.extensions_mut();
        extensions.insert(ConnectInfo(peer));
        extensions.insert(secure);
        // The query may hold a token or a password: only the path is logged.
        let span =
            debug_span!("request", id, method = %request.method(), path = request.uri().path());
        let unsupported = unsupported::reason(request.uri().path());
        Ok((self.surfaces.route(request), unsupported, span))
    }

    /// The request's address with scheme and authority, and with runs of slashes collapsed.
    fn target(&self, request: &Request<Body>, peer: SocketAddr, scheme: Scheme) -> Option<Uri> {
        let believed = self
            .trusted_proxies
            .iter()
            .any(|network| network.contains(peer.ip()));
        let forwarded = |name| {
            believed
                .then(|| last_member(request.headers(), name))
                .flatten()
        };
        let scheme = match forwarded("x-forwarded-proto") {
            Some("https") => uri::Scheme::HTTPS,
            Some("http") => uri::Scheme::HTTP,
            _ => scheme.into(),
        };
        let authority = forwarded("x-forwarded-host")
            .and_then(|host| host.parse().ok())
            .or_else(|| request.uri().authority().cloned())
            .or_else(|| {
                let host = request.headers().get(header::HOST)?;
                Authority::try_from(host.as_bytes()).ok()
            })
            .unwrap_or_else(|| self.authority.clone());
        let path_and_query = plain_path(request.uri());
        Uri::builder()
            .scheme(scheme)
            .authority(authority)
            .path_and_query(path_and_query)
            .build()
            .ok()
    }
}

/// What a defect of ours is answered with: one request fails, and its connection and the server go on.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands it over")]
fn panicked(reason: Box<dyn Any + Send>) -> Response {
    let text = reason
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| reason.downcast_ref::<&str>().copied())
        .unwrap_or("no reason given");
    let refusal = landfall_wire::rest(&defect(&format!("panic: {text}")));
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = format!(
        r#"[{{"message":{:?},"errorCode":"{}"}}]"#,
        refusal.message, refusal.code
    );
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

impl From<Scheme> for uri::Scheme {
    fn from(scheme: Scheme) -> Self {
        match scheme {
            Scheme::Http => Self::HTTP,
            Scheme::Https => Self::HTTPS,
        }
    }
}

/// A request whose body ends in time. A stream of requests may pause: there the pings of HTTP/2 find dead peers.
pub(crate) fn bounded(request: Request<Incoming>) -> Request<Body> {
    let is_stream = request
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(GRPC));
    if is_stream {
        request.map(Body::new)
    } else {
        ReadOut::of(request).map(|body| Body::new(TimeoutBody::new(BODY_PAUSE_MAX, body)))
    }
}

/// What the nearest proxy said: proxies append.
fn last_member<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let value = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    value.rsplit(',').next().map(str::trim)
}

fn plain_path(uri: &Uri) -> PathAndQuery {
    let given = || {
        uri.path_and_query()
            .cloned()
            .unwrap_or_else(|| PathAndQuery::from_static("/"))
    };
    let Some(mut path) = landfall_wire::normalize_path(uri.path()) else {
        return given();
    };
    if let Some(query) = uri.query() {
        path.push('?');
        path.push_str(query);
    }
    path.parse().unwrap_or_else(|_| given())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn front() -> Front {
        Front::new(
            Router::new(),
            vec!["10.0.0.0/8".parse().expect("a network")],
            "127.0.0.1:7443".parse().expect("an address"),
        )
    }

    fn target(request: http::request::Builder, peer: &str) -> String {
        let request = request.body(Body::empty()).expect("a request");
        let peer = peer.parse().expect("an address");
        front()
            .target(&request, peer, Scheme::Http)
            .expect("a target")
            .to_string()
    }

    #[test]
    fn the_address_is_the_one_that_the_client_used() {
        let request = Request::get("/services/data?a=b").header("host", "org.example:81");
        assert_eq!(
            target(request, "192.0.2.1:5"),
            "http://org.example:81/services/data?a=b"
        );
        assert_eq!(
            target(Request::get("/x"), "192.0.2.1:5"),
            "http://127.0.0.1:7443/x"
        );
        assert_eq!(
            target(Request::get("https://h2.example/x"), "192.0.2.1:5"),
            "http://h2.example/x"
        );
    }

    #[test]
    fn only_trusted_proxies_speak_for_others() {
        let request = || {
            Request::get("/x")
                .header("host", "inner")
                .header("x-forwarded-proto", "https")
                .header("x-forwarded-host", "spoofed.example, org.example")
        };
        assert_eq!(target(request(), "10.1.2.3:5"), "https://org.example/x");
        assert_eq!(target(request(), "192.0.2.1:5"), "http://inner/x");
    }

    #[test]
    fn runs_of_slashes_are_collapsed_in_the_path_only() {
        let request = Request::get("//services//data/?q=a//b").header("host", "h");
        assert_eq!(
            target(request, "192.0.2.1:5"),
            "http://h/services/data/?q=a//b"
        );
    }

    #[tokio::test]
    async fn a_panic_fails_one_request() {
        let router = Router::new().route(
            "/defect",
            axum::routing::get(|| async {
                assert!(Router::<()>::new().has_routes(), "a defect");
            }),
        );
        let local = "127.0.0.1:7443".parse().expect("an address");
        let front = Arc::new(Front::new(router, Vec::new(), local));
        for (path, status) in [("/defect", 500), ("/nowhere", 404), ("/defect", 500)] {
            let request = Request::get(path).body(Body::empty()).expect("a request");
            let answer = Arc::clone(&front).answer(request, local, Scheme::Http);
            let Ok(answer) = answer.await;
            assert_eq!(answer.status(), status);
        }
    }
}
