//! A body that ends with the login that reads it.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

type Ended = Pin<Box<dyn Future<Output = ()> + Send>>;

pub(super) struct Until {
    body: Body,
    ended: Ended,
}

impl Until {
    pub(super) fn new(body: Body, ended: impl Future<Output = ()> + Send + 'static) -> Self {
        Self {
            body,
            ended: Box::pin(ended),
        }
    }
}

impl hyper::body::Body for Until {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.ended.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
