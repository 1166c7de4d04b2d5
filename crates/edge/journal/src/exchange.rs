//! A request that is observed on its way to the surfaces, and its answer on its way back.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use axum::body::{Body, HttpBody};
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body::{Frame, SizeHint};
use landfall_model::{Consequences, Fault, JobFailure, Refused, Requester};
use percent_encoding::percent_decode_str;

use crate::Journal;
use crate::entry::{Api, Content, Entry, beginning};
use crate::mistake::{self, Finding};

/// Where a call of gRPC says how it went. Source: "gRPC over HTTP2", Trailers.
const GRPC_STATUS: &str = "grpc-status";
const GRPC_MESSAGE: &str = "grpc-message";

/// The status of a call that has succeeded.
const GRPC_OK: u32 = 0;

/// Why there is no resource at a path.
pub type Reason = fn(&str) -> Option<&'static str>;

/// Answers a request, and keeps both in the journal. `unsupported` says why there is no resource at a path, if it is one of
/// the service's.
pub async fn observed<F: Future<Output = Response>>(
    journal: Journal,
    mut request: Request<Body>,
    unsupported: Reason,
    answer: impl FnOnce(Request<Body>) -> F,
) -> Response {
    let requester = Requester::default();
    request.extensions_mut().insert(requester.clone());
    let head = Entry::of_head(&request, requester);
    // Only jobs go on after their answers.
    let of_job = (head.api == Api::Bulk).then(|| head.clone());
    let exchange = Arc::new(Exchange::begun(journal.clone(), head));
    if let Some(head) = of_job {
        let later: Arc<dyn Consequences> = Arc::new(Later {
            journal,
            head,
            number: exchange.number,
        });
        request.extensions_mut().insert(later);
    }
    let observing = Arc::clone(&exchange);
    let request = request.map(|body| Body::new(Observed::new(body, observing, Side::Request)));
    let response = answer(request).await;
    exchange.finished(response, Some(unsupported))
}

/// Notes what a request leads to after its answer.
struct Later {
    journal: Journal,
    head: Entry,
    number: u64,
}

impl Later {
    fn note(&self, finding: Option<Finding>) {
        if let Some(finding) = finding {
            self.journal.ring().note_later(self.number, finding);
        }
    }
}

impl Consequences for Later {
    fn refused(&self, fault: &Fault) {
        self.note(mistake::of_fault(&self.journal, &self.head, fault));
    }

    fn failed(&self, object: &str, failure: &JobFailure) {
        let found = mistake::of_job(&self.journal, &self.head, (object, failure));
        self.note(found);
    }
}

/// A request that has come as a whole, kept in the journal. Without an answer it counts as cut.
pub struct Observation(Exchange);

impl Observation {
    /// Keeps a request.
    pub fn begin(journal: Journal, head: &Entry, body: &[u8]) -> Self {
        let mut entry = head.clone();
        entry.request.extend(body);
        Self(Exchange::begun(journal, entry))
    }

    /// Keeps the answer; its body as it is sent.
    pub fn finished(self, response: Response) -> Response {
        Arc::new(self.0).finished(response, None)
    }

    /// Keeps an answer that is sent as a whole now, a success.
    pub fn sent(self, media_type: HeaderValue, body: &[u8]) {
        let exchange = self.0;
        exchange.is_over.store(true, Ordering::Relaxed);
        let millis = exchange.millis();
        exchange.change(|entry| {
            entry.outcome.status = Some(StatusCode::OK.as_u16());
            entry.outcome.millis = millis;
            entry.answer = Content::of_type(media_type);
            entry.answer.extend(body);
        });
    }
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
    fn begun(journal: Journal, entry: Entry) -> Self {
        let at = journal.engine().clock().now();
        let number = journal.ring().push(Entry { at, ..entry });
        Self {
            journal,
            number,
            started: Instant::now(),
            is_over: AtomicBool::new(false),
        }
    }

    /// Notes the head of the answer; its body is noted as it is sent.
    fn finished(self: Arc<Self>, mut response: Response, unsupported: Option<Reason>) -> Response {
        self.answered(&mut response, unsupported);
        response.map(|body| Body::new(Observed::new(body, self, Side::Answer)))
    }

    fn answered(&self, response: &mut Response, unsupported: Option<Reason>) {
        let refused = response.extensions_mut().remove::<Refused>();
        let is_absent = response.status() == StatusCode::NOT_FOUND;
        let reason = unsupported.filter(|_| is_absent);
        let mut unsupported = None;
        self.change(|entry| {
            entry.outcome.status = Some(response.status().as_u16());
            entry.answer = Content::of_answer(response.headers());
            unsupported = reason.and_then(|reason| reason(entry.path()));
            entry.unsupported = unsupported;
        });
        self.carried(response.headers());
        if unsupported.is_none() && refused.is_none() {
            return;
        }
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
        if status == GRPC_OK {
            return;
        }
        let entry = self.journal.find(self.number);
        let found = entry.and_then(|entry| mistake::of_call(&self.journal, &entry, status));
        if let Some(finding) = found {
            self.journal.ring().note(self.number, finding);
        }
    }

    fn change(&self, change: impl FnOnce(&mut Entry)) {
        self.journal.ring().change(self.number, change);
    }

    /// Notes what was read of a request.
    fn read(&self, data: &[u8]) {
        if data.is_empty() {
            return;
        }
        self.change(|entry| entry.request.extend(data));
    }

    /// Notes what was taken of an answer.
    fn sent(&self, data: &[u8], is_all: bool) {
        let is_all = is_all && !self.is_over.swap(true, Ordering::Relaxed);
        let millis = self.millis();
        self.change(|entry| {
            entry.answer.extend(data);
            if is_all {
                entry.outcome.millis = millis;
            }
        });
    }

    fn millis(&self) -> Option<u64> {
        u64::try_from(self.started.elapsed().as_millis()).ok()
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if !self.is_over.load(Ordering::Relaxed) {
            let millis = self.millis();
            self.change(|entry| {
                entry.outcome.millis = millis;
                entry.outcome.is_cut = true;
            });
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
        self.pass(&[], true);
    }

    fn pass(&self, data: &[u8], is_end: bool) {
        match self.side {
            Side::Request => self.exchange.read(data),
            Side::Answer => self.exchange.sent(data, is_end),
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
                if let Some(trailers) = frame.trailers_ref().filter(|_| self.side == Side::Answer) {
                    self.exchange.carried(trailers);
                }
                let data = frame.data_ref().map_or(&[][..], |data| data);
                self.pass(data, self.body.is_end_stream());
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
