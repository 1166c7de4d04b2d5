//! A body in pieces. A small frame is one; those of a large frame are copies, so that no buffer below keeps the whole of it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use landfall_model::limits::{ANSWER_BYTES_COUNTED, ANSWER_PIECE_BYTES};

use super::Share;
use super::stall::{self, Progress};

/// A body in pieces.
pub(super) struct Pieces {
    body: Body,
    /// What is left of the frame that was read.
    rest: Bytes,
    /// Whether that frame is so large that its memory counts.
    is_large: bool,
    progress: Option<Arc<Progress>>,
    _share: Option<Share>,
}

impl Pieces {
    /// A body, with its share of the memory if it is large.
    pub(super) fn new(body: Body, share: Option<Share>) -> Self {
        Self {
            body,
            rest: Bytes::new(),
            is_large: false,
            progress: stall::progress(),
            _share: share,
        }
    }

    fn piece(&mut self) -> Frame<Bytes> {
        let piece = if self.is_large {
            let piece = self.rest.split_to(self.rest.len().min(ANSWER_PIECE_BYTES));
            Bytes::copy_from_slice(&piece)
        } else {
            std::mem::take(&mut self.rest)
        };
        if let Some(progress) = &self.progress {
            progress.handed_over();
        }
        Frame::data(piece)
    }
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        if let Some(progress) = &this.progress {
            progress.asked_for();
        }
        if !this.rest.is_empty() {
            return Poll::Ready(Some(Ok(this.piece())));
        }
        let frame = match ready!(Pin::new(&mut this.body).poll_frame(context)) {
            Some(Ok(frame)) => frame,
            other => return Poll::Ready(other),
        };
        Poll::Ready(Some(Ok(match frame.into_data() {
            Ok(data) => {
                this.is_large =
                    u64::try_from(data.len()).is_ok_and(|bytes| bytes > ANSWER_BYTES_COUNTED);
                this.rest = data;
                this.piece()
            }
            Err(trailers) => trailers,
        })))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = u64::try_from(self.rest.len()).unwrap_or(u64::MAX);
        let mut hint = self.body.size_hint();
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint.set_lower(hint.lower().saturating_add(rest));
        hint
    }
}
