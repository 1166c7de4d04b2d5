//! Responses in flight: their events are delivered again if the response is never sent.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use landfall_engine::Engine;

use crate::client::Client;

/// A response with events that is not sent yet.
///
/// Dropped before the connection took the body, it has failed: its events are delivered again, unless a newer response has
/// begun. What the connection took counts as delivered: the protocol has no acknowledgement, clients come back with the
/// last replay id that they saw.
pub(crate) struct InFlight {
    engine: Engine,
    client: Arc<Client>,
    number: u64,
    is_sent: bool,
}

impl InFlight {
    /// Begins a response.
    pub(crate) fn begin(engine: &Engine, client: &Arc<Client>) -> Self {
        Self {
            engine: engine.clone(),
            client: Arc::clone(client),
            number: client.state().begin_response(engine.usage()),
            is_sent: false,
        }
    }

    /// The connection has taken the body.
    fn sent(&mut self) {
        self.is_sent = true;
        let batch = self.client.state().response_sent(self.number);
        self.engine.usage().delivered(&self.client.tally, &batch);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if !self.is_sent {
            self.client.state().response_failed(self.number);
            self.client.watcher.wake();
        }
    }
}

/// The body of a response, which may have events.
pub struct EventBody {
    body: Option<Vec<u8>>,
    in_flight: Option<InFlight>,
}

impl EventBody {
    pub(crate) fn new(body: Vec<u8>, in_flight: Option<InFlight>) -> Self {
        Self {
            body: Some(body),
            in_flight,
        }
    }

    /// Takes the body to send it: its events count as delivered.
    pub fn take(&mut self) -> Option<Vec<u8>> {
        if let Some(in_flight) = &mut self.in_flight {
            in_flight.sent();
        }
        self.body.take()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.body.as_ref().map_or(0, Vec::len)
    }
}

impl Body for EventBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let body = self.take().map(Bytes::from);
        Poll::Ready(body.map(|body| Ok(Frame::data(body))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(u64::try_from(self.bytes()).unwrap_or(u64::MAX))
    }
}
