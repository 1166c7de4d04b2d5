//! A request that is observed on its way to the surfaces, and its answer on its way back.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use axum::body::{Body, HttpBody};
use axum::response::Response;
use bytes::Bytes;
use http::header::USER_AGENT;
use http::{HeaderMap, Request, StatusCode};
use http_body::{Frame, SizeHint};
use landfall_model::Refused;
use percent_encoding::percent_decode_str;

use crate::Journal;
use crate::entry::{Api, Content, Entry, Outcome, beginning, text};
use crate::{mistake, secrets};

/// Where a call of gRPC says how it went. Source: "gRPC over HTTP2", Trailers.
const GRPC_STATUS: &str = "grpc-status";
const GRPC_MESSAGE: &str = "grpc-message";

/// Answers a request, and keeps both in the journal. `unsupported` is why there may be no such resource.
pub async fn observed<F: Future<Output = Response>>(
    journal: Journal,
    request: Request<Body>,
    unsupported: Option<&'static str>,
    answer: impl FnOnce(Request<Body>) -> F,
) -> Response {
    let exchange = Arc::new(Exchange::begun(journal, &request));
    let observing = Arc::clone(&exchange);
    let request = request.map(|body| Body::new(Observed::new(body, observing, Side::Request)));
    let mut response = answer(request).await;
    exchange.answered(&mut response, unsupported);
    response.map(|body| Body::new(Observed::new(body, exchange, Side::Answer)))
}

/// A request and its answer, in progress.
struct Exchange {
    journal: Journal,
    number: u64,
    started: Instant,
    /// Whether the whole answer was taken.
    is_over: AtomicBool,
}

/// Which of two bodies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Request,
    Answer,
}

impl Exchange {
    fn begun(journal: Journal, request: &Request<Body>) -> Self {
        let (uri, headers) = (request.uri(), request.headers());
        let mut target = uri.path().to_owned();
        if let Some(query) = uri.query() {
            target.push('?');
            target.push_str(&secrets::masked_form(query));
        }
        let number = journal.ring().push(Entry {
            number: 0,
            at: journal.engine().clock().now(),
            api: Api::of(uri.path()),
            method: request.method().as_str().to_owned(),
            target: beginning(&target).to_owned(),
            client: text(headers.get(USER_AGENT)),
            request: Content::announced(headers),
            outcome: Outcome::default(),
            answer: Content::default(),
            unsupported: None,
        });
        Self {
            journal,
            number,
            started: Instant::now(),
            is_over: AtomicBool::new(false),
        }
    }

    fn answered(&self, response: &mut Response, unsupported: Option<&'static str>) {
        let refused = response.extensions_mut().remove::<Refused>();
        let is_absent = response.status() == StatusCode::NOT_FOUND;
        let unsupported = unsupported.filter(|_| is_absent);
        self.change(|entry| {
            entry.outcome.status = Some(response.status().as_u16());
            entry.answer = Content::announced(response.headers());
            entry.unsupported = unsupported;
        });
        self.carried(response.headers());
        let Some(entry) = self.journal.find(self.number) else {
            return;
        };
        let findings = match unsupported {
            Some(reason) => vec![mistake::unsupported(&entry, reason)],
            None => refused.map_or_else(Vec::new, |Refused(faults)| {
                let faults = faults.iter();
                let found = |fault| mistake::of_fault(&self.journal, &entry, fault);
                faults.filter_map(found).collect()
            }),
        };
        let mut ring = self.journal.ring();
        for finding in findings {
            ring.note(self.number, finding);
        }
    }

    /// Takes what headers or trailers say of a call of gRPC.
    fn carried(&self, fields: &HeaderMap) {
        let value = |name| fields.get(name)?.to_str().ok();
        let Some(status) = value(GRPC_STATUS).and_then(|status| status.parse().ok()) else {
            return;
        };
        let message = value(GRPC_MESSAGE).map(|message| {
            let message = percent_decode_str(message).decode_utf8_lossy();
            beginning(&message).to_owned()
        });
        self.change(|entry| {
            entry.outcome.grpc_status = Some(status);
            entry.outcome.grpc_message = message;
        });
        let entry = self.journal.find(self.number);
        let found = entry.and_then(|entry| mistake::of_call(&self.journal, &entry, status));
        if let Some(finding) = found {
            self.journal.ring().note(self.number, finding);
        }
    }

    fn change(&self, change: impl FnOnce(&mut Entry)) {
        self.journal.ring().change(self.number, change);
    }

    fn took(&self, side: Side, data: &[u8]) {
        self.change(|entry| match side {
            Side::Request => entry.request.extend(data),
            Side::Answer => entry.answer.extend(data),
        });
    }

    /// Notes that the whole answer was taken.
    fn complete(&self) {
        if !self.is_over.swap(true, Ordering::Relaxed) {
            self.ended(false);
        }
    }

    fn ended(&self, is_cut: bool) {
        let millis = self.started.elapsed().as_millis();
        self.change(|entry| {
            entry.outcome.millis = u64::try_from(millis).ok();
            entry.outcome.is_cut = is_cut;
        });
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if !self.is_over.load(Ordering::Relaxed) {
            self.ended(true);
        }
    }
}

/// A body whose beginning is kept as it goes by.
struct Observed {
    body: Body,
    exchange: Arc<Exchange>,
    side: Side,
}

impl Observed {
    fn new(body: Body, exchange: Arc<Exchange>, side: Side) -> Self {
        let observed = Self {
            body,
            exchange,
            side,
        };
        // An empty one is not asked for frames.
        if observed.body.is_end_stream() {
            observed.at_end();
        }
        observed
    }

    fn at_end(&self) {
        if self.side == Side::Answer {
            self.exchange.complete();
        }
    }
}

impl HttpBody for Observed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = ready!(Pin::new(&mut self.body).poll_frame(context));
        match &polled {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    self.exchange.took(self.side, data);
                }
                if let Some(trailers) = frame.trailers_ref().filter(|_| self.side == Side::Answer) {
                    self.exchange.carried(trailers);
                }
                if self.body.is_end_stream() {
                    self.at_end();
                }
            }
            Some(Err(_)) => {}
            None => self.at_end(),
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
