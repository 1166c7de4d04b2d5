//! Streams that end without a status, as by a proxy or a network in between.
//!
//! The gRPC library ends every stream with a status. One that a test resets ends with a status that is marked, and the body
//! fails in its place, so that HTTP/2 resets the stream; or the body ends in its place, and with it the stream.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Status};

/// The trailer that marks the status; no client sees it.
const MARK: &str = "landfall-reset";

/// Its value if the stream is reset.
const RESET: &str = "reset";

/// Its value if the stream ends without a status.
const HALF_CLOSE: &str = "half-close";

/// The status that resets its stream.
pub(crate) fn status() -> Status {
    marked(RESET)
}

/// The status that ends its stream without one.
pub(crate) fn half_close() -> Status {
    marked(HALF_CLOSE)
}

fn marked(mark: &'static str) -> Status {
    let mut trailers = MetadataMap::new();
    trailers.insert(MARK, MetadataValue::from_static(mark));
    Status::with_metadata(Code::Unavailable, "", trailers)
}

/// The response, whose body fails or ends at a marked status.
pub(crate) async fn resettable(response: Response) -> Response {
    response.map(|body| Body::new(Resettable(body)))
}

/// A body that a marked status resets or ends.
struct Resettable(Body);

impl http_body::Body for Resettable {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.0).poll_frame(cx));
        let Some(Ok(frame)) = frame else {
            return Poll::Ready(frame);
        };
        let mark = frame.trailers_ref().and_then(|trailers| trailers.get(MARK));
        Poll::Ready(match mark {
            None => Some(Ok(frame)),
            Some(mark) if mark == HALF_CLOSE => None,
            Some(_) => Some(Err(axum::Error::new("a fault resets the stream"))),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}
