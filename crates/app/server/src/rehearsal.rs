//! Faults of the transport that a test has armed: delays, cut connections, answers of a proxy.
//!
//! A connection is cut by a body that fails: what drives the connection cannot finish such an answer and closes the
//! connection, or in HTTP/2 resets the stream.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use hyper::body::{Body as _, Frame, SizeHint};
use landfall_engine::faults::{Arming, Called, FaultKind, Faults, Occasion};
use tokio::time::{Sleep, sleep};

use crate::orgs::Instance;

/// Calls whose answer begins before they are carried out; the Pub/Sub API asks for itself.
const STREAMS: [&str; 3] = ["/ManagedSubscribe", "/PublishStream", "/Subscribe"];

/// Into how many a piece of an answer is sliced.
const SLICES: usize = 16;

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
    if point.fires(FaultKind::Http503Html).is_some() {
        let page = axum::response::Html(landfall_wire::UNAVAILABLE_PAGE);
        return (StatusCode::SERVICE_UNAVAILABLE, page).into_response();
    }
    let response = org.answer(request).await;
    if let Some(slice) = point.fires(FaultKind::Slice) {
        let pause = Duration::from_millis(slice.delay_ms);
        return response.map(|body| Body::new(Sliced::new(body, pause)));
    }
    if point.may_lose_answer() && point.fires(FaultKind::AckLost).is_some() {
        return cut();
    }
    if point.fires(FaultKind::Truncate).is_some() {
        return response.map(|body| Body::new(Truncated::new(body)));
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
        !self.method.is_safe() && !STREAMS.iter().any(|name| self.path.ends_with(name))
    }
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

/// A body of which each piece comes in [`SLICES`] smaller ones, with pauses between them.
struct Sliced {
    body: Body,
    pause: Duration,
    /// What is left of a piece, and how much of it comes at once.
    rest: Bytes,
    slice_bytes: usize,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Sliced {
    fn new(body: Body, pause: Duration) -> Self {
        Self {
            body,
            pause,
            rest: Bytes::new(),
            slice_bytes: 0,
            waiting: None,
        }
    }

    fn next(&mut self) -> Frame<Bytes> {
        let bytes = self.slice_bytes.min(self.rest.len());
        let slice = self.rest.split_to(bytes);
        if !self.rest.is_empty() {
            self.waiting = Some(Box::pin(sleep(self.pause)));
        }
        Frame::data(slice)
    }
}

impl hyper::body::Body for Sliced {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Some(waiting) = &mut self.waiting {
            ready!(waiting.as_mut().poll(context));
            self.waiting = None;
        }
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => {
                        self.slice_bytes = data.len().div_ceil(SLICES);
                        self.rest = data;
                    }
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                other => return Poll::Ready(other),
            }
        }
        Poll::Ready(Some(Ok(self.next())))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = u64::try_from(self.rest.len()).unwrap_or(u64::MAX);
        let after = self.body.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(after.lower().saturating_add(rest));
        if let Some(upper) = after.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint
    }
}
