//! The rest of a request that is answered before it is read to its end: refused by its head, or on an unknown path.
//!
//! Over HTTP/1.1 the next request comes after it. The HTTP library reads what has arrived of it already and then closes
//! the connection, without a word: a client that sends head and body one by one, and keeps its connection, learns of it by
//! an error of its next request. So the rest is read for nothing, within bounds.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Version, header};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use landfall_model::limits;
use tokio::runtime::Handle;
use tokio::time::timeout;

/// A request's body of which the rest is read when it is dropped.
#[derive(Debug)]
pub(crate) struct ReadOut {
    /// None at its end.
    body: Option<Incoming>,
    /// Whether the connection goes on behind it.
    goes_on: bool,
}

impl ReadOut {
    /// The body of a request. Streams of HTTP/2 end by themselves; and a client that waits to be asked for its body is
    /// not asked for one that nobody wants.
    pub(crate) fn of(request: Request<Incoming>) -> Request<Self> {
        let waits = request.headers().contains_key(header::EXPECT);
        let goes_on = !waits && request.version() < Version::HTTP_2;
        request.map(|body| Self {
            body: Some(body),
            goes_on,
        })
    }
}

impl Body for ReadOut {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        let Some(body) = &mut this.body else {
            return Poll::Ready(None);
        };
        let frame = ready!(Pin::new(body).poll_frame(context));
        if !matches!(frame, Some(Ok(_))) {
            this.body = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let body = self.body.as_ref();
        body.map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for ReadOut {
    fn drop(&mut self) {
        let rest = self.body.take().filter(|rest| !rest.is_end_stream());
        if let Some(rest) = rest.filter(|_| self.goes_on)
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(timeout(limits::BODY_PAUSE_MAX, read_out(rest)));
        }
    }
}

async fn read_out(mut rest: Incoming) {
    let mut left = limits::BODY_DISCARDED_BYTES_MAX;
    while let Some(Ok(frame)) = rest.frame().await {
        let read = frame.data_ref().map_or(0, Bytes::len);
        let Some(less) = left.checked_sub(read) else {
            return;
        };
        left = less;
    }
}
