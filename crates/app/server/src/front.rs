//! What every request passes on its way to a surface: checks of host name and scheme, a complete URI, one log line.
//!
//! Handlers find scheme and authority of the request, as the client used them, in its URI, the peer's address in the
//! extension [`ConnectInfo`], and the client's, also behind a trusted proxy, in the extension [`Source`].

pub(crate) mod base_url;
mod known;
mod lobby;
mod observed;
pub(crate) mod paced;
pub(crate) mod refusal;
pub(crate) mod rehearsal;
pub(crate) mod scheme;
mod unread;
pub(crate) mod unsupported;

use std::convert::Infallible;
use std::future::{self, Ready};
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use futures_util::future::Either;
use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri, header, uri};
use hyper::body::Incoming;
use landfall_auth::Source;
use landfall_console::Access;
use landfall_control::Effect;
use landfall_metadata::Origin;
use landfall_model::limits;
use landfall_streaming::{Endpoint, Secure};
use tower::ServiceExt;
use tower::util::Oneshot;
use tracing::{Instrument, Span, debug, debug_span};

use crate::cluster::Node;
use crate::console::{self, Console};
use crate::control::Controlled;
use crate::hosts::Hosts;
use crate::hosts::cors::{Cors, Shared};
use crate::operators::Operators;
use crate::orgs::{InProgress, Orgs};
use crate::settings::network::Network;
use paced::Paced;
use refusal::{guarded, panicked};
use scheme::Scheme;
use unread::ReadOut;

pub(crate) use known::{Answer, Known, Messages, Serving};

/// Paths of the endpoints that take passwords, client secrets and refresh tokens.
const LOGIN_PATHS: [&str; 3] = ["/services/oauth2/", "/services/Soap/", console::SESSION];

/// How the media types of gRPC begin. Source: "gRPC over HTTP2", Content-Type.
const GRPC: &[u8] = b"application/grpc";

type Answering = dyn Future<Output = Response> + Send;

/// A request on its way through the surfaces of its org.
enum Routed {
    Surfaces(
        Pin<Box<Oneshot<Router, Request<Body>>>>,
        #[expect(dead_code, reason = "it is counted")] Option<InProgress>,
    ),
    Streaming(
        landfall_streaming::Answer,
        #[expect(dead_code, reason = "it is counted")] InProgress,
    ),
    /// By an org that has armed faults or keeps a journal, or that has to be found first.
    Observed(Pin<Box<Answering>>),
    /// An answer that needs no org.
    Ready(Ready<Result<Response, Infallible>>),
}

impl Future for Routed {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Surfaces(answer, _) => answer.as_mut().poll(cx),
            Self::Streaming(answer, _) | Self::Observed(answer) => {
                caught(answer.as_mut(), cx).map(Ok)
            }
            Self::Ready(answer) => Pin::new(answer).poll(cx),
        }
    }
}

/// Where requests go.
#[derive(Debug)]
pub(crate) enum Surfaces {
    /// To the orgs of the process, and to what reads or controls them.
    Orgs(Orgs, Controls),
    /// To what operators have of a production node.
    Operators(Arc<Operators>),
    /// All to the same place.
    #[cfg(test)]
    One(Router),
}

/// What reads or controls the orgs of a process.
#[derive(Debug)]
pub(crate) enum Controls {
    /// Of developer orgs: the control interface, and the console for everybody who can reach it.
    Open(Router),
    /// Of a production node: the console for administrators.
    Console(Arc<Console>),
    /// Of a production node without it.
    None,
}

impl Surfaces {
    /// Whether an org has an origin on the allow list that was deployed to it. A preflight names no org.
    fn list(&self, origin: &Origin) -> bool {
        match self {
            Self::Orgs(orgs, _) => orgs.all().iter().any(|org| org.lists(origin)),
            Self::Operators(_) => false,
            #[cfg(test)]
            Self::One(_) => false,
        }
    }

    fn route(&self, request: Request<Body>) -> Routed {
        match self {
            Self::Orgs(_, Controls::Open(control)) if is_control(request.uri().path()) => {
                Routed::Surfaces(Box::pin(control.clone().oneshot(request)), None)
            }
            Self::Orgs(_, Controls::Open(_)) if landfall_console::has(request.uri().path()) => {
                let pages = landfall_console::router(Access::Full);
                Routed::Surfaces(Box::pin(pages.oneshot(request)), None)
            }
            Self::Orgs(_, Controls::Console(console))
                if is_control(request.uri().path())
                    || landfall_console::has(request.uri().path()) =>
            {
                Routed::Observed(Box::pin(Arc::clone(console).answer(request)))
            }
            Self::Orgs(orgs, _) => match orgs.of_request(&request) {
                Some(org) if org.is_observed() => {
                    Routed::Observed(Box::pin(observed::answer(org, request)))
                }
                Some(org) if Endpoint::has(request.uri().path()) => {
                    let (streaming, in_progress) = org.streaming();
                    Routed::Streaming(streaming.answer(request), in_progress)
                }
                Some(org) => {
                    let (surfaces, in_progress) = org.surfaces();
                    Routed::Surfaces(Box::pin(surfaces.oneshot(request)), Some(in_progress))
                }
                None => Routed::Observed(Box::pin(lobby::answer(orgs.clone(), request))),
            },
            Self::Operators(operators) => {
                Routed::Observed(Box::pin(Arc::clone(operators).answer(request)))
            }
            #[cfg(test)]
            Self::One(router) => Routed::Surfaces(Box::pin(router.clone().oneshot(request)), None),
        }
    }
}

/// Whether a path is of the control interface.
fn is_control(path: &str) -> bool {
    let rest = path.strip_prefix(landfall_control::BASE);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Controls {
    /// The control interface over all orgs.
    pub(crate) fn open(orgs: Controlled) -> Self {
        let control = landfall_control::router(Arc::new(orgs), Effect::Tests);
        Self::Open(guarded(control))
    }
}

#[cfg(test)]
impl From<Router> for Surfaces {
    fn from(router: Router) -> Self {
        Self::One(guarded(router))
    }
}

/// Which requests are answered, and how.
#[derive(Debug)]
pub(crate) struct Rules {
    /// Proxies whose `X-Forwarded-*` headers are trusted.
    pub(crate) trusted_proxies: Vec<Network>,
    /// Host names that requests may be addressed to.
    pub(crate) hosts: Hosts,
    /// Which websites may read responses.
    pub(crate) cors: Cors,
    /// Whether logins over cleartext are allowed.
    pub(crate) cleartext_logins: bool,
    /// Whether answers over TLS tell browsers to use nothing else.
    pub(crate) hsts: bool,
}

/// A request that goes to the surfaces.
struct Admitted {
    answer: Routed,
    /// Whether it came over TLS.
    is_secure: bool,
    /// Whether a page of another origin may read the answer.
    shared: Option<Shared>,
    /// Why there may be no such resource.
    unsupported: Option<&'static str>,
    /// What its log lines have in common.
    span: Span,
}

/// Why a request goes to no surface.
#[derive(Debug)]
struct Refusal(StatusCode, &'static str);

const HOST_MALFORMED: Refusal = Refusal(StatusCode::BAD_REQUEST, "");

const TARGET_TOO_LONG: Refusal = Refusal(StatusCode::URI_TOO_LONG, "");

/// Source: none; see [`crate::hosts`].
const HOST_UNKNOWN: Refusal = Refusal(
    StatusCode::FORBIDDEN,
    "This developer org does not answer to this host name or origin. Use a loopback address, or configure `hosts` or `cors.origins`.\n",
);

/// Source: none.
const TLS_REQUIRED: Refusal = Refusal(
    StatusCode::FORBIDDEN,
    "Logins require TLS. Behind a proxy that terminates TLS, configure `tls.terminated_by_proxy`.\n",
);

/// Hands requests to the surfaces.
#[derive(Debug)]
pub(crate) struct Front {
    surfaces: Surfaces,
    rules: Rules,
    hsts: HeaderValue,
    /// What a request without any `Host` is addressed to.
    authority: Authority,
    requests: AtomicU64,
    /// Of a server that is one of several.
    node: Option<Arc<Node>>,
}

impl Front {
    pub(crate) fn new(
        surfaces: impl Into<Surfaces>,
        rules: Rules,
        local: SocketAddr,
        node: Option<Arc<Node>>,
    ) -> Self {
        let seconds = limits::HSTS_SECONDS;
        Self {
            surfaces: surfaces.into(),
            rules,
            hsts: HeaderValue::try_from(format!("max-age={seconds}"))
                .unwrap_or_else(|_| HeaderValue::from_static("max-age=0")),
            authority: local
                .to_string()
                .parse()
                .unwrap_or_else(|_| Authority::from_static("localhost")),
            requests: AtomicU64::new(0),
            node,
        }
    }

    /// Answers one request, on this node or by way of another one.
    pub(crate) fn answer(
        self: Arc<Self>,
        request: Request<Body>,
        peer: SocketAddr,
        scheme: Scheme,
    ) -> impl Future<Output = Result<Response, Infallible>> + Send + use<> {
        match self.node.clone() {
            None => Either::Left(self.here(request, peer, scheme)),
            Some(node) => {
                let answer: Pin<Box<Answering>> =
                    Box::pin(node.answer(self, request, peer, scheme));
                Either::Right(answer.map(Ok))
            }
        }
    }

    /// Answers one request here. Who waits for the answer holds the request once, in the surface that works on it.
    pub(crate) fn here(
        self: Arc<Self>,
        request: Request<Body>,
        peer: SocketAddr,
        scheme: Scheme,
    ) -> impl Future<Output = Result<Response, Infallible>> + Send + use<> {
        let routed = self.routed(request, peer, scheme);
        async move {
            let Admitted {
                answer,
                is_secure,
                shared,
                unsupported,
                span,
            } = match routed {
                Ok(admitted) => admitted,
                Err(Refusal(status, text)) => {
                    debug!(%peer, status = status.as_u16(), text, "request refused");
                    return Ok((status, text).into_response());
                }
            };
            async move {
                let mut response = answer.await?;
                if let Some(shared) = shared {
                    shared.mark(&mut response);
                }
                if let Some(reason) = unsupported {
                    unsupported::mark(&mut response, reason);
                }
                if is_secure && self.rules.hsts {
                    let value = self.hsts.clone();
                    response
                        .headers_mut()
                        .insert(header::STRICT_TRANSPORT_SECURITY, value);
                }
                debug!(%peer, status = response.status().as_u16(), "request answered");
                Ok(response)
            }
            .instrument(span)
            .await
        }
    }

    /// The work on a request, and what is known of it.
    fn routed(
        &self,
        mut request: Request<Body>,
        peer: SocketAddr,
        scheme: Scheme,
    ) -> Result<Admitted, Refusal> {
        let id = self.requests.fetch_add(1, Ordering::Relaxed);
        let target = self.target(&request, peer, scheme).ok_or(HOST_MALFORMED)?;
        let is_secure = target.scheme() == Some(&uri::Scheme::HTTPS);
        self.check(&target, request.headers(), is_secure)?;
        *request.uri_mut() = target;
        let source = self.source(request.headers(), peer);
        let extensions = request.extensions_mut();
        extensions.insert(ConnectInfo(peer));
        extensions.insert(source);
        extensions.insert(Secure(is_secure));
        // The query may contain a token or a password: only the path is logged.
        let span =
            debug_span!("request", id, method = %request.method(), path = request.uri().path());
        let deployed = |origin: &Origin| self.surfaces.list(origin);
        let shared = self
            .rules
            .cors
            .shared(request.uri(), request.headers(), &deployed);
        let preflight = shared
            .as_ref()
            .and_then(|shared| shared.preflight(request.method(), request.headers()));
        Ok(Admitted {
            unsupported: unsupported::reason(request.uri().path()),
            answer: match preflight {
                Some(answer) => Routed::Ready(future::ready(Ok(answer))),
                None => self.surfaces.route(request),
            },
            is_secure,
            shared,
            span,
        })
    }

    fn check(&self, target: &Uri, headers: &HeaderMap, is_secure: bool) -> Result<(), Refusal> {
        let length = target
            .path_and_query()
            .map_or(0, |path| path.as_str().len());
        if length > limits::REQUEST_TARGET_BYTES_MAX {
            return Err(TARGET_TOO_LONG);
        }
        let authority = target.authority().ok_or(HOST_MALFORMED)?;
        let deployed = |origin: &Origin| self.surfaces.list(origin);
        if !self
            .rules
            .hosts
            .allow(authority, headers, (&self.rules.cors, &deployed))
        {
            return Err(HOST_UNKNOWN);
        }
        let is_login = LOGIN_PATHS
            .iter()
            .any(|path| target.path().starts_with(path));
        if is_login && !is_secure && !self.rules.cleartext_logins {
            return Err(TLS_REQUIRED);
        }
        Ok(())
    }

    fn trusts(&self, peer: SocketAddr) -> bool {
        self.rules
            .trusted_proxies
            .iter()
            .any(|network| network.contains(peer.ip()))
    }

    /// Where the request comes from: of a trusted proxy, the client that it names.
    fn source(&self, headers: &HeaderMap, peer: SocketAddr) -> Source {
        let named = self
            .trusts(peer)
            .then(|| last_member(headers, "x-forwarded-for"))
            .flatten()
            .and_then(|address| address.parse::<IpAddr>().ok());
        Source(named.unwrap_or_else(|| peer.ip()).to_canonical())
    }

    /// What a request is addressed to, as it came.
    pub(crate) fn authority<B>(&self, request: &Request<B>) -> Authority {
        let of_uri = request.uri().authority().cloned();
        let of_host = || {
            let host = request.headers().get(header::HOST)?;
            Authority::try_from(host.as_bytes()).ok()
        };
        of_uri
            .or_else(of_host)
            .unwrap_or_else(|| self.authority.clone())
    }

    /// The request's address with scheme and authority, and with runs of slashes collapsed.
    fn target<B>(&self, request: &Request<B>, peer: SocketAddr, scheme: Scheme) -> Option<Uri> {
        let is_trusted = self.trusts(peer);
        let forwarded = |name| {
            is_trusted
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
            .unwrap_or_else(|| self.authority(request));
        let path_and_query = plain_path(request.uri());
        Uri::builder()
            .scheme(scheme)
            .authority(authority)
            .path_and_query(path_and_query)
            .build()
            .ok()
    }
}

/// Goes on with an answer; a defect costs this one request.
fn caught<A: From<Response>>(
    answer: Pin<&mut (impl Future<Output = A> + ?Sized)>,
    cx: &mut Context<'_>,
) -> Poll<A> {
    let polled = catch_unwind(AssertUnwindSafe(|| answer.poll(cx)));
    polled.unwrap_or_else(|reason| Poll::Ready(panicked(reason).into()))
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
        ReadOut::of(request).map(|body| Body::new(Paced::new(body)))
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

    fn rules() -> Rules {
        Rules {
            trusted_proxies: vec!["10.0.0.0/8".parse().expect("a network")],
            hosts: Hosts::Any,
            cors: Cors::default(),
            cleartext_logins: true,
            hsts: false,
        }
    }

    fn front() -> Front {
        with(rules())
    }

    fn with(rules: Rules) -> Front {
        let local = "127.0.0.1:7443".parse().expect("an address");
        Front::new(Router::new(), rules, local, None)
    }

    async fn answer(front: Front, request: http::request::Builder, scheme: Scheme) -> Response {
        let request = request.body(Body::empty()).expect("a request");
        let peer = "10.1.2.3:5".parse().expect("an address");
        let Ok(answer) = Arc::new(front).answer(request, peer, scheme).await;
        answer
    }

    #[tokio::test]
    async fn logins_over_cleartext_are_refused_where_tls_is_required() {
        let strict = || Rules {
            cleartext_logins: false,
            ..rules()
        };
        for (path, forwarded, status) in [
            ("/services/oauth2/token", None, 403),
            ("/services/Soap/u/59.0", None, 403),
            ("//services//oauth2/token", None, 403),
            ("/services/oauth2/token", Some("https"), 404),
            ("/services/data", None, 404),
        ] {
            let mut request = Request::get(path).header("host", "org.example");
            if let Some(scheme) = forwarded {
                request = request.header("x-forwarded-proto", scheme);
            }
            let answer = answer(with(strict()), request, Scheme::Http).await;
            assert_eq!(answer.status(), status, "{path} {forwarded:?}");
        }
        let request = Request::get("/services/oauth2/token").header("host", "org.example");
        let answer = answer(with(strict()), request, Scheme::Https).await;
        assert_eq!(answer.status(), 404);
    }

    #[tokio::test]
    async fn answers_over_tls_have_browsers_stay_there() {
        let rules = || Rules {
            hsts: true,
            ..rules()
        };
        let request = || Request::get("/x").header("host", "org.example");
        let header = |answer: Response| answer.headers().get("strict-transport-security").cloned();
        let secure = answer(with(rules()), request(), Scheme::Https).await;
        assert_eq!(header(secure).expect("a header"), "max-age=31536000");
        let cleartext = answer(with(rules()), request(), Scheme::Http).await;
        assert_eq!(header(cleartext), None);
    }

    #[test]
    fn the_source_is_the_client_that_a_trusted_proxy_names() {
        let source = |peer: &str| {
            let mut headers = HeaderMap::new();
            let value = HeaderValue::from_static("198.51.100.1, 203.0.113.9");
            headers.insert("x-forwarded-for", value);
            let peer = peer.parse().expect("an address");
            front().source(&headers, peer).0.to_string()
        };
        assert_eq!(source("10.1.2.3:5"), "203.0.113.9");
        assert_eq!(source("192.0.2.1:5"), "192.0.2.1");
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
    fn the_target_has_the_address_that_the_client_used() {
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
    fn only_trusted_proxies_are_believed() {
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
        let front = Arc::new(Front::new(router, rules(), local, None));
        for (path, status) in [("/defect", 500), ("/nowhere", 404), ("/defect", 500)] {
            let request = Request::get(path).body(Body::empty()).expect("a request");
            let answer = Arc::clone(&front).answer(request, local, Scheme::Http);
            let Ok(answer) = answer.await;
            assert_eq!(answer.status(), status);
        }
    }

    #[tokio::test]
    async fn a_panic_fails_one_request_of_the_streaming_api() {
        let mut answer: landfall_streaming::Answer = Box::pin(async {
            assert!(Router::<()>::new().has_routes(), "a defect");
            Response::default()
        });
        let answer = future::poll_fn(|cx| caught(answer.as_mut(), cx)).await;
        assert_eq!(answer.status(), 500);
    }
}
