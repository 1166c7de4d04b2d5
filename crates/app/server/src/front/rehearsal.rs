//! Faults of the transport that a test has armed: delays, cut connections, slow answers, answers of a proxy.
//!
//! A connection is cut by a body that fails: what drives the connection cannot finish such an answer and closes the
//! connection, or in HTTP/2 resets the stream. An answer that is marked with [`HalfClose`] is not sent: what drives the
//! connection ends its side of it ([`half_close`]).

mod half_close;
mod slow;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, Version, header};
use hyper::body::{Body as _, Frame, SizeHint};
use landfall_engine::faults::{Arming, Called, FaultKind, Faults, Occasion};
use tokio::time::sleep;

use crate::orgs::Instance;
use slow::Slow;

pub(crate) use half_close::{HalfClose, half_close, is_half_close};

/// Calls whose answer begins before they are carried out; the Pub/Sub API asks for itself.
const STREAMS: [&str; 3] = ["/ManagedSubscribe", "/PublishStream", "/Subscribe"];

/// Those that deliver events: the Pub/Sub API ends them by itself.
const SUBSCRIPTIONS: [&str; 2] = ["/ManagedSubscribe", "/Subscribe"];

/// Answers a request of an org that has armed faults.
pub(crate) async fn answer(org: Arc<Instance>, request: Request<Body>) -> Response {
    let point = Point {
        faults: org.faults().clone(),
        method: request.method().clone(),
        path: request.uri().path().to_owned(),
    };
    if let Some(latency) = point.fires(FaultKind::Latency) {
        sleep(Duration::from_millis(latency.delay_ms)).await;
    }
    if point.fires(FaultKind::ResetPeer).is_some() {
        return cut();
    }
    if let Some(refuse) = point.fires(FaultKind::Refuse) {
        let span = Duration::from_millis(refuse.delay_ms);
        org.connections().refuse_for(span);
        return cut();
    }
    if !point.is_of(&SUBSCRIPTIONS) && point.fires(FaultKind::HalfClose).is_some() {
        return half_closed(request.version(), request.headers());
    }
    if point.fires(FaultKind::Http503Html).is_some() {
        let page = axum::response::Html(landfall_wire::UNAVAILABLE_PAGE);
        return (StatusCode::SERVICE_UNAVAILABLE, page).into_response();
    }
    let response = org.answer(request).await;
    if point.may_lose_answer() && point.fires(FaultKind::AckLost).is_some() {
        return cut();
    }
    if point.fires(FaultKind::Truncate).is_some() {
        return response.map(|body| Body::new(Truncated::new(body)));
    }
    if let Some(Arming { bytes, .. }) = point.fires(FaultKind::Bandwidth) {
        return response.map(|body| Body::new(Slow::at_rate(body, bytes)));
    }
    if let Some(slice) = point.fires(FaultKind::Slice) {
        let pause = Duration::from_millis(slice.delay_ms);
        return response.map(|body| Body::new(Slow::sliced(body, slice.bytes, pause)));
    }
    response
}

/// Where faults of the transport are asked for.
struct Point {
    faults: Faults,
    method: Method,
    path: String,
}

impl Point {
    fn fires(&self, kind: FaultKind) -> Option<Arming> {
        let (method, path) = (self.method.as_str(), self.path.as_str());
        let occasion = || Occasion::default().method(Called::Http { method, path });
        self.faults.fires(kind, occasion)
    }

    /// Whether the request has been carried out by the time of its answer, and may have changed something.
    fn may_lose_answer(&self) -> bool {
        !self.method.is_safe() && !self.is_of(&STREAMS)
    }

    /// Whether the request is one of these calls.
    fn is_of(&self, calls: &[&str]) -> bool {
        calls.iter().any(|name| self.path.ends_with(name))
    }
}

/// What ends the server's side without an answer. A stream of HTTP/2 cannot end without the head of one.
fn half_closed(version: Version, headers: &HeaderMap) -> Response {
    if version != Version::HTTP_2 {
        let mut response = cut();
        response.extensions_mut().insert(HalfClose);
        return response;
    }
    let mut response = Response::new(Body::empty());
    if let Some(media_type) = headers.get(header::CONTENT_TYPE) {
        let media_type = media_type.clone();
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, media_type);
    }
    response
}

/// An answer that never begins.
fn cut() -> Response {
    Response::new(Body::new(Truncated {
        body: Body::empty(),
        length: SizeHint::default(),
        state: State::Over,
    }))
}

/// A body that fails in the middle of its first piece.
struct Truncated {
    body: Body,
    /// As if it were whole.
    length: SizeHint,
    state: State,
}

enum State {
    /// Nothing is sent.
    Whole,
    /// The beginning is with the connection, which sends it while the body waits.
    Begun,
    /// What follows fails.
    Over,
}

impl Truncated {
    fn new(body: Body) -> Self {
        Self {
            length: body.size_hint(),
            body,
            state: State::Whole,
        }
    }
}

impl hyper::body::Body for Truncated {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match self.state {
            State::Whole => {
                let polled = Pin::new(&mut self.body).poll_frame(context);
                let Poll::Ready(Some(Ok(frame))) = polled else {
                    return polled;
                };
                self.state = State::Begun;
                Poll::Ready(Some(Ok(match frame.into_data() {
                    Ok(data) => Frame::data(data.slice(..data.len() / 2)),
                    Err(_trailers) => Frame::data(Bytes::new()),
                })))
            }
            State::Begun => {
                self.state = State::Over;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            State::Over => Poll::Ready(Some(Err(axum::Error::new("a fault cuts the answer")))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.length
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    const GRPC: &str = "application/grpc";

    #[tokio::test]
    async fn a_stream_of_http2_ends_with_a_head_and_without_a_status() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(GRPC));
        let response = half_closed(Version::HTTP_2, &headers);
        assert!(response.extensions().get::<HalfClose>().is_none());
        assert_eq!(response.headers()[header::CONTENT_TYPE], GRPC);
        let body = response.into_body().collect().await.expect("it ends");
        assert!(body.trailers().is_none());
        assert!(body.to_bytes().is_empty());
    }

    #[tokio::test]
    async fn an_answer_that_ends_a_connection_is_never_finished() {
        let response = half_closed(Version::HTTP_11, &HeaderMap::new());
        assert!(response.extensions().get::<HalfClose>().is_some());
        response.into_body().collect().await.expect_err("cut");
    }
}
