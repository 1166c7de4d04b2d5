//! Passing a request on to the leader, as it came, and the answer back.
//!
//! Nothing is buffered but small bodies, which are kept until the leader has answered, so that a request can be passed on
//! again that did not reach it. An answer ends when another node becomes the leader: the one that sends it knows nothing new
//! any more.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::uri::{Authority, PathAndQuery};
use http::{
    HeaderMap, HeaderName, HeaderValue, Request, StatusCode, Uri, Version, header, request,
};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use landfall_model::limits::{ANSWER_BYTES_COUNTED, PASSED_BODY_KEPT_BYTES_MAX};
use landfall_store_postgres::Node as Peer;
use tracing::debug;

use super::links::Link;
use super::{NOT_LEADER, Node, PEER, Role, SCHEME, SECRET, refusal, unavailable};
use crate::front::scheme::Scheme;

/// Headers of a connection, not of a request. Source: RFC 9110, section 7.6.1; `Expect` is answered where the client is.
const OF_CONNECTION: [HeaderName; 7] = [
    header::CONNECTION,
    header::EXPECT,
    header::HOST,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
];

/// The outcome of a request that was passed on.
pub(super) enum Passed {
    Answered(Response),
    /// It was not carried out.
    NotReached,
    /// Nobody knows.
    Broken,
}

/// Where a request comes from, as the leader is to see it.
pub(super) struct Origin<'o> {
    pub(super) authority: &'o Authority,
    pub(super) peer: SocketAddr,
    pub(super) scheme: Scheme,
}

/// A request that waits for its answer.
pub(super) struct Held {
    parts: request::Parts,
    body: Content,
}

enum Content {
    Kept(Bytes),
    /// None once it was passed on.
    Once(Option<Body>),
}

impl Held {
    /// Reads the body if it is small.
    ///
    /// # Errors
    /// The refusal of a body that does not come.
    pub(super) async fn of(request: Request<Body>) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let most = body.size_hint().upper();
        if most.is_none_or(|most| most > PASSED_BODY_KEPT_BYTES_MAX) {
            let body = Content::Once(Some(body));
            return Ok(Self { parts, body });
        }
        match body.collect().await {
            Ok(body) => Ok(Self {
                parts,
                body: Content::Kept(body.to_bytes()),
            }),
            Err(error) => {
                debug!(%error, "the body of a request did not come");
                Err(StatusCode::REQUEST_TIMEOUT.into_response())
            }
        }
    }

    pub(super) fn path(&self) -> &str {
        self.parts.uri.path()
    }

    /// Whether it can be carried out still.
    pub(super) const fn is_whole(&self) -> bool {
        !matches!(self.body, Content::Once(None))
    }

    /// The request, unless its body was passed on.
    pub(super) fn request(&mut self) -> Option<Request<Body>> {
        let body = self.body()?;
        Some(Request::from_parts(self.parts.clone(), body))
    }

    pub(super) fn refusal(&self) -> Response {
        refusal(&self.parts.headers, self.path())
    }

    fn body(&mut self) -> Option<Body> {
        match &mut self.body {
            Content::Kept(bytes) => Some(Body::from(bytes.clone())),
            Content::Once(body) => body.take(),
        }
    }

    fn give_back(&mut self, body: Body) {
        if let Content::Once(taken) = &mut self.body {
            *taken = Some(body);
        }
    }

    /// Head of the request between nodes.
    fn head(
        &self,
        origin: &Origin<'_>,
        link: &Link,
        secret: &HeaderValue,
    ) -> Option<request::Parts> {
        let path = self.parts.uri.path_and_query().cloned();
        let uri = Uri::builder()
            .scheme(link.scheme())
            .authority(origin.authority.clone())
            .path_and_query(path.unwrap_or_else(|| PathAndQuery::from_static("/")))
            .build()
            .ok()?;
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.method = self.parts.method.clone();
        parts.uri = uri;
        parts.version = Version::HTTP_2;
        parts.headers = passed_on(&self.parts.headers);
        let scheme = match origin.scheme {
            Scheme::Http => HeaderValue::from_static("http"),
            Scheme::Https => HeaderValue::from_static("https"),
        };
        let peer = HeaderValue::try_from(origin.peer.to_string()).ok()?;
        parts.headers.insert(SECRET, secret.clone());
        parts.headers.insert(PEER, peer);
        parts.headers.insert(SCHEME, scheme);
        Some(parts)
    }
}

/// The headers of a request without those of its connection.
fn passed_on(headers: &HeaderMap) -> HeaderMap {
    let mut passed = headers.clone();
    let named = headers.get_all(header::CONNECTION).iter();
    let named = named.filter_map(|value| value.to_str().ok());
    for name in named.flat_map(|value| value.split(',')) {
        if let Ok(name) = HeaderName::try_from(name.trim()) {
            passed.remove(name);
        }
    }
    for name in OF_CONNECTION {
        passed.remove(name);
    }
    // The one value that HTTP/2 has, and that gRPC needs. Source: RFC 9113, section 8.2.2.
    let te = headers.get_all(header::TE).iter();
    let mut te = te.filter_map(|value| value.to_str().ok());
    if te.any(|value| {
        value
            .split(',')
            .any(|coding| coding.trim().eq_ignore_ascii_case("trailers"))
    }) {
        passed.insert(header::TE, HeaderValue::from_static("trailers"));
    }
    passed
}

impl Node {
    /// Passes a request on to the leader.
    pub(super) async fn pass(
        &self,
        held: &mut Held,
        origin: &Origin<'_>,
        leader: Arc<Peer>,
        epoch: i64,
    ) -> Passed {
        let mut link = match self.links.take(&leader).await {
            Ok(link) => link,
            Err(error) => {
                debug!(leader = leader.address, %error, "the leader cannot be reached");
                return Passed::NotReached;
            }
        };
        let Some(head) = held.head(origin, &link, &self.secret) else {
            return Passed::Answered(StatusCode::BAD_REQUEST.into_response());
        };
        let Some(body) = held.body() else {
            return Passed::NotReached;
        };
        let replaced = self.replaced(epoch);
        let mut replaced: Replaced = Box::pin(replaced);
        let answer = tokio::select! {
            answer = link.send(Request::from_parts(head, body)) => answer,
            () = replaced.as_mut() => return Passed::Broken,
        };
        match answer {
            Ok(response) if response.headers().contains_key(NOT_LEADER) => Passed::NotReached,
            Ok(mut response) => {
                *response.version_mut() = Version::HTTP_11;
                // The connection to the client has its own.
                response.headers_mut().remove(header::DATE);
                let path = held.path();
                let trailers =
                    landfall_pubsub::ended_call(&held.parts.headers, path, &unavailable());
                Passed::Answered(response.map(|body| {
                    Body::new(Answer {
                        body,
                        link: Some(link),
                        replaced,
                        trailers,
                        is_over: false,
                    })
                }))
            }
            Err(failed) => match failed.request {
                Some(request) => {
                    held.give_back(request.into_body());
                    Passed::NotReached
                }
                None => Passed::Broken,
            },
        }
    }

    /// Ends when another node than the leader of this epoch leads.
    fn replaced(&self, epoch: i64) -> impl Future<Output = ()> + Send + use<> {
        let mut roles = self.role.subscribe();
        async move {
            let is_other = |role: &Role| match role {
                Role::Leading { .. } => true,
                Role::Following { epoch: now, .. } => *now != epoch,
                Role::Leaderless => false,
            };
            if roles.wait_for(is_other).await.is_err() {
                // The node itself is gone.
                std::future::pending::<()>().await;
            }
        }
    }
}

type Replaced = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The body of an answer of the leader.
struct Answer {
    body: Incoming,
    /// Goes back once the answer is whole.
    link: Option<Link>,
    replaced: Replaced,
    /// How a call ends whose answer breaks off, so that its client calls again.
    trailers: Option<HeaderMap>,
    is_over: bool,
}

impl Answer {
    fn broken_off(&mut self, reason: &str) -> Result<Frame<Bytes>, axum::Error> {
        debug!(reason, "answer of the leader broken off");
        self.is_over = true;
        self.link = None;
        match self.trailers.take() {
            Some(trailers) => Ok(Frame::trailers(trailers)),
            None => Err(axum::Error::new("the leader is gone")),
        }
    }
}

impl hyper::body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        if this.is_over {
            return Poll::Ready(None);
        }
        if this.replaced.as_mut().poll(context).is_ready() {
            return Poll::Ready(Some(this.broken_off("another node leads")));
        }
        Poll::Ready(match ready!(Pin::new(&mut this.body).poll_frame(context)) {
            Some(Ok(frame)) => {
                if frame.is_trailers() {
                    this.is_over = true;
                    this.give_back();
                }
                Some(Ok(frame))
            }
            Some(Err(error)) => Some(this.broken_off(&error.to_string())),
            None => {
                this.is_over = true;
                this.give_back();
                None
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.is_over || self.body.is_end_stream()
    }

    /// A large answer takes no memory here that would have to be counted: it is passed on piece by piece.
    fn size_hint(&self) -> SizeHint {
        let hint = self.body.size_hint();
        let is_small = hint
            .exact()
            .is_some_and(|bytes| bytes <= ANSWER_BYTES_COUNTED);
        if is_small { hint } else { SizeHint::default() }
    }
}

impl Answer {
    fn give_back(&mut self) {
        if let Some(link) = self.link.take() {
            link.give_back();
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        // The library does not ask for the end of an answer that says how long it is.
        if self.body.is_end_stream() {
            self.give_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let lines = lines.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        lines.collect()
    }

    #[test]
    fn headers_of_the_connection_stay_with_it() {
        let came = headers(&[
            ("host", "org.example"),
            ("connection", "close, x-hop"),
            ("x-hop", "1"),
            ("expect", "100-continue"),
            ("transfer-encoding", "chunked"),
            ("te", "gzip, trailers"),
            ("authorization", "Bearer x"),
            ("x-forwarded-for", "198.51.100.1"),
        ]);
        let expected = headers(&[
            ("te", "trailers"),
            ("authorization", "Bearer x"),
            ("x-forwarded-for", "198.51.100.1"),
        ]);
        assert_eq!(passed_on(&came), expected);
    }

    #[tokio::test]
    async fn a_small_body_can_be_passed_on_again_and_a_stream_once() {
        let small = Request::new(Body::from("small"));
        let mut small = Held::of(small).await.expect("held");
        for _ in 0..2 {
            assert!(small.request().is_some() && small.is_whole());
        }
        let stream = http_body_util::StreamBody::new(tokio_stream::pending());
        let frames: http_body_util::StreamBody<
            tokio_stream::Pending<Result<Frame<Bytes>, std::io::Error>>,
        > = stream;
        let mut stream = Held::of(Request::new(Body::new(frames)))
            .await
            .expect("held");
        assert!(stream.request().is_some());
        assert!(!stream.is_whole() && stream.request().is_none());
    }
}
