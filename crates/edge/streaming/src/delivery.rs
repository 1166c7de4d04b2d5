//! Events on their way into a response: they go back if the response never leaves.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use landfall_engine::Engine;

use crate::client::Client;

/// The events that were taken for one response.
///
/// Dropped before the connection took the body, they go back, unless the session has taken others since: order counts
/// more than what a dead connection held. What the connection took counts as delivered: the protocol has no
/// acknowledgement, clients come back with the last replay id that they saw.
pub(crate) struct Delivery {
    engine: Engine,
    client: Arc<Client>,
    number: u64,
    is_sent: bool,
}

impl Delivery {
    /// Positions can come back to where they are now.
    pub(crate) fn begin(engine: &Engine, client: &Arc<Client>) -> Self {
        Self {
            engine: engine.clone(),
            client: Arc::clone(client),
            number: client.machine().begin_delivery(),
            is_sent: false,
        }
    }

    /// The connection has taken the events.
    fn sent(&mut self) {
        self.is_sent = true;
        let batch = self.client.machine().delivered(self.number);
        self.engine.usage().delivered(&self.client.tally, &batch);
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if !self.is_sent {
            self.client.machine().take_back(self.number);
            self.client.watcher.wake();
        }
    }
}

/// A response's body with the events in it.
pub(crate) struct Parcel {
    body: Option<Bytes>,
    delivery: Option<Delivery>,
}

impl Parcel {
    pub(crate) fn new(body: Vec<u8>, delivery: Option<Delivery>) -> Self {
        Self {
            body: Some(Bytes::from(body)),
            delivery,
        }
    }
}

impl Body for Parcel {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(delivery) = &mut self.delivery {
            delivery.sent();
        }
        Poll::Ready(self.body.take().map(|body| Ok(Frame::data(body))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let bytes = self.body.as_ref().map_or(0, Bytes::len);
        SizeHint::with_exact(u64::try_from(bytes).unwrap_or(u64::MAX))
    }
}
