//! What the head of a poll decides, kept for the client's next poll, whose head is the same.
//!
//! Everything that may change between two polls is asked each time: whether the org is open, whether a test has armed
//! faults, whether the login is valid.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Weak};

use axum::response::Response;
use http::{HeaderValue, Request, header, uri};
use landfall_journal::{Entry, Observation};
use landfall_model::Requester;
use landfall_streaming::{Endpoint, EventBody, LastPoll, MESSAGES_HEADERS, Reply, RequestHead};
use tracing::Level;

use super::scheme::Scheme;
use super::{Front, Surfaces, caught};
use crate::orgs::{InProgress, Instance};

/// A head that was decided on.
pub(crate) struct Known {
    org: Weak<Instance>,
    head: Arc<RequestHead>,
    /// As the journal describes it, of an org that keeps one.
    entry: Option<Arc<Entry>>,
    is_secure: bool,
    last: LastPoll,
}

/// The org of a known head, which waits for the request when it closes.
pub(crate) struct Serving {
    org: Arc<Instance>,
    in_progress: InProgress,
}

impl Known {
    /// The org, if it answers requests with this head as it did.
    pub(crate) fn serving(&self) -> Option<Serving> {
        let org = self.org.upgrade()?;
        let (_, in_progress) = org.streaming();
        let is_same = org.is_running() && !org.faults().is_armed() && org.engine().lease().holds();
        is_same.then_some(Serving { org, in_progress })
    }
}

impl Front {
    /// What the head of a post decides for all requests that repeat it on the same connection; none if each has to be
    /// checked: it is logged, comes from a website, or leads to no org by itself.
    pub(crate) fn known(
        &self,
        request: &Request<()>,
        peer: SocketAddr,
        scheme: Scheme,
    ) -> Option<Known> {
        if tracing::enabled!(Level::DEBUG) || request.headers().contains_key(header::ORIGIN) {
            return None;
        }
        let target = self.target(request, peer, scheme)?;
        let is_secure = target.scheme() == Some(&uri::Scheme::HTTPS);
        self.check(&target, request.headers(), is_secure).ok()?;
        if !Endpoint::has(target.path()) {
            return None;
        }
        let org = match &self.surfaces {
            Surfaces::Orgs(orgs, _) => orgs.issuer(request.headers())?,
            Surfaces::Operators(_) => return None,
            #[cfg(test)]
            Surfaces::One(_) => return None,
        };
        let requester = org.journal().map(|_| Requester::default());
        let path = target.path();
        let head = RequestHead::new(path, request.headers(), is_secure, requester.clone());
        let entry = requester.map(|requester| {
            let mut request = request.clone();
            *request.uri_mut() = target;
            Arc::new(Entry::of_head(&request, requester))
        });
        Some(Known {
            org: Arc::downgrade(&org),
            head: Arc::new(head),
            entry,
            is_secure,
            last: LastPoll::default(),
        })
    }

    /// Answers a post with a known head.
    pub(crate) fn answer_known(
        &self,
        known: &mut Known,
        Serving { org, in_progress }: Serving,
        body: &[u8],
    ) -> impl Future<Output = Answer> + Send + use<> {
        let journal = org.journal().cloned().zip(known.entry.as_deref());
        let observation = journal.map(|(journal, head)| Observation::begin(journal, head, body));
        let (streaming, _) = org.streaming();
        let post = streaming.read_post(&known.head, &mut known.last, body);
        let hsts = (known.is_secure && self.rules.hsts).then(|| self.hsts.clone());
        async move {
            // Made here, so that the state of this future has it once.
            let mut answer = pin!(post.answer());
            let reply = poll_fn(|context| caught(answer.as_mut(), context)).await;
            drop(in_progress);
            Answer::of(reply, observation, hsts)
        }
    }
}

/// The answer to a poll.
pub(crate) enum Answer {
    /// Messages with the headers that they all have.
    Messages(Messages),
    /// Any other.
    Response(Response),
}

impl Answer {
    fn of(reply: Reply, observation: Option<Observation>, hsts: Option<HeaderValue>) -> Self {
        match (reply, hsts) {
            (Reply::Messages(body), None) => Self::Messages(Messages { body, observation }),
            (reply, hsts) => {
                let mut response = Response::from(reply);
                if let Some(observation) = observation {
                    response = observation.finished(response);
                }
                if let Some(hsts) = hsts {
                    let headers = response.headers_mut();
                    headers.insert(header::STRICT_TRANSPORT_SECURITY, hsts);
                }
                Self::Response(response)
            }
        }
    }
}

/// The body of an answer of messages, until it is sent.
pub(crate) struct Messages {
    body: EventBody,
    observation: Option<Observation>,
}

impl Messages {
    /// The body, which counts as sent.
    pub(crate) fn take(mut self) -> Vec<u8> {
        let body = self.body.take().unwrap_or_default();
        if let Some(observation) = self.observation {
            let [(_, media_type), _] = MESSAGES_HEADERS;
            observation.sent(media_type, &body);
        }
        body
    }
}
