//! What the head of a poll decides, kept for the client's next poll, whose head is the same.
//!
//! Everything that may change between two polls is asked each time: whether the org is open, whether a test has armed
//! faults, whether the login is valid.

use std::net::SocketAddr;
use std::sync::{Arc, Weak};

use axum::response::Response;
use http::{Request, header, uri};
use landfall_journal::{Entry, observed_whole};
use landfall_streaming::{Endpoint, RequestHead};
use tracing::Level;

use super::{Front, Routed, Scheme, Surfaces};
use crate::orgs::{InProgress, Instance};

/// A head that was decided on.
pub(crate) struct Known {
    org: Weak<Instance>,
    head: Arc<RequestHead>,
    /// As the journal describes it, of an org that keeps one.
    entry: Option<Arc<Entry>>,
    is_secure: bool,
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
        let is_same = org.is_running() && !org.faults().is_armed();
        is_same.then_some(Serving { org, in_progress })
    }
}

impl Front {
    /// What the head of a post decides for all requests that repeat it on the same connection; none if they have to be
    /// looked at one by one: each is logged, comes from a website, or leads to no org by itself.
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
            #[cfg(test)]
            Surfaces::One(_) => return None,
        };
        let head = RequestHead::new(target.path(), request.headers(), is_secure);
        let entry = org.journal().map(|_| {
            let mut request = request.clone();
            *request.uri_mut() = target;
            let user = org.user_of(request.headers());
            Arc::new(Entry::of_head(&request, user))
        });
        Some(Known {
            org: Arc::downgrade(&org),
            head: Arc::new(head),
            entry,
            is_secure,
        })
    }

    /// Answers a post with a known head.
    pub(crate) fn answer_known(
        &self,
        known: &Known,
        Serving { org, in_progress }: Serving,
        body: &[u8],
    ) -> impl Future<Output = Response> + Send + use<> {
        let journal = org.journal().cloned().zip(known.entry.clone());
        let (streaming, _) = org.streaming();
        let answer = Routed::Streaming(streaming.answer_post(&known.head, body), in_progress);
        let answer = async move {
            let Ok(response) = answer.await;
            response
        };
        let answer = match journal {
            Some((journal, entry)) => Kept::Journal(observed_whole(journal, &entry, body, answer)),
            None => Kept::Nowhere(answer),
        };
        let hsts = (known.is_secure && self.rules.hsts).then(|| self.hsts.clone());
        async move {
            let mut response = match answer {
                Kept::Journal(answer) => answer.await,
                Kept::Nowhere(answer) => answer.await,
            };
            if let Some(hsts) = hsts {
                let headers = response.headers_mut();
                headers.insert(header::STRICT_TRANSPORT_SECURITY, hsts);
            }
            response
        }
    }
}

/// Where a request is kept.
enum Kept<J, N> {
    Journal(J),
    Nowhere(N),
}
