//! Streams that end without a status, as by a proxy or a network in between.
//!
//! The gRPC library ends every stream with a status. One that a test resets ends with a status that is marked, and the body
//! fails in its place, so that HTTP/2 resets the stream.

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

/// The status that resets its stream.
pub(crate) fn status() -> Status {
    let mut trailers = MetadataMap::new();
    trailers.insert(MARK, MetadataValue::from_static("1"));
    Status::with_metadata(Code::Unavailable, "", trailers)
}

/// The response, whose body fails at a marked status.
pub(crate) async fn resettable(response: Response) -> Response {
    response.map(|body| Body::new(Resettable(body)))
}

/// A body that a marked status resets.
struct Resettable(Body);

impl http_body::Body for Resettable {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.0).poll_frame(cx));
        let is_marked = |frame: &Frame<Bytes>| {
            let trailers = frame.trailers_ref();
            trailers.is_some_and(|trailers| trailers.contains_key(MARK))
        };
        Poll::Ready(match frame {
            Some(Ok(frame)) if is_marked(&frame) => {
                Some(Err(axum::Error::new("a fault resets the stream")))
            }
            other => other,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}
