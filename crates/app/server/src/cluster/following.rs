//! The org of a node that follows: what it answers by itself, how it is kept up to date, and what it reports to the leader.
//!
//! A follower answers what delivers events: the Streaming API, and the calls of the Pub/Sub API that change nothing. Everything
//! else is passed on. It serves as long as what it has in memory is what is stored ([`landfall_engine::Lease`]); otherwise it
//! passes on these requests, too.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, Version};
use http_body_util::{BodyExt as _, Limited};
use landfall_auth::Auth;
use landfall_engine::Engine;
use landfall_engine::usage;
use landfall_model::Timestamp;
use landfall_model::limits::{
    FEED_POLL_EVERY, FOLLOWER_REPORT_BYTES_MAX, FOLLOWER_REPORT_EVERY, FOLLOWER_WAIT_MAX,
};
use landfall_streaming::Endpoint;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tracing::debug;

use super::{COMMIT, NOT_LEADER, Node, PEER, Role, SCHEME, SECRET};
use crate::orgs::{Instance, token_of};
use crate::phase::{Listener, Phase};

/// Where a node that follows sends its reports.
const REPORT: &str = "/_landfall/cluster/report";

/// What keeps the org of a node that follows up to date.
#[derive(Clone, Debug)]
pub(crate) struct Following {
    pub(super) node: Arc<Node>,
    /// Is notified when the leader has committed something.
    pub(super) committed: Arc<Notify>,
}

/// What a node that follows sends to the leader.
#[derive(Debug, Serialize, Deserialize)]
struct Report {
    /// The node.
    node: String,
    usage: usage::Report,
    /// Logins in use, with their last uses in milliseconds since 1970.
    uses: Vec<(String, i64)>,
}

/// Whether a report reached the leader.
enum Sent {
    Replied(usage::Reply),
    /// It was not counted.
    NotReached,
    /// Nobody knows whether it was counted.
    Lost,
}

impl Following {
    /// Follows the commits of the leader until the org closes.
    pub(crate) async fn follow(self, engine: Engine, mut phase: Listener) {
        loop {
            tokio::select! {
                () = self.committed.notified() => {}
                () = sleep(FEED_POLL_EVERY) => {}
                () = phase.reached(Phase::Draining) => return,
            }
            if let Err(error) = engine.catch_up().await {
                // The thread that follows has logged why.
                debug!(%error, "commits not followed");
            }
        }
    }

    /// Reports to the leader what was delivered and which logins are in use, until the org closes.
    pub(crate) async fn report(self, engine: Engine, auth: Auth, mut phase: Listener) {
        let mut next = interval(FOLLOWER_REPORT_EVERY);
        next.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut waiting = None;
        loop {
            let is_last = tokio::select! {
                _ = next.tick() => false,
                () = phase.reached(Phase::Draining) => true,
            };
            let report = waiting.take().unwrap_or_else(|| Report {
                node: self.node.name.clone(),
                usage: engine.report(),
                uses: spelled(auth.uses()),
            });
            match self.node.send(&report).await {
                Sent::Replied(reply) => engine.replied(&reply),
                // Counting deliveries twice would be worse than not to count those of a second.
                Sent::Lost => debug!("a report to the leader is lost"),
                Sent::NotReached => waiting = Some(report),
            }
            if is_last {
                return;
            }
        }
    }
}

fn spelled(uses: Vec<(String, Timestamp)>) -> Vec<(String, i64)> {
    let uses = uses.into_iter();
    uses.map(|(key, used)| (key, used.as_millis())).collect()
}

/// Whether a node that follows answers such requests by itself.
fn is_for_followers(method: &Method, path: &str) -> bool {
    Endpoint::has(path) || (method == Method::POST && landfall_pubsub::is_read(path))
}

impl Node {
    /// The org of this node, if it follows.
    pub(super) fn followed(&self) -> Option<Arc<Instance>> {
        let org = self.orgs.all().into_iter().next();
        org.filter(|org| org.engine().follows())
    }

    /// Whether a request is answered here, although another node leads.
    pub(super) async fn serves(&self, method: &Method, path: &str, headers: &HeaderMap) -> bool {
        if !is_for_followers(method, path) {
            return false;
        }
        let Some(org) = self.followed() else {
            return false;
        };
        let engine = org.engine();
        let token = token_of(headers);
        let is_known = token.is_none_or(|token| org.auth().knows(token));
        if !is_known || !engine.lease().holds() {
            // The login may have begun by way of another node. Whatever comes of it is seen from the lease.
            let _ = timeout(FOLLOWER_WAIT_MAX, engine.catch_up()).await;
        }
        let serves = engine.lease().holds() && org.is_running();
        if serves {
            self.counters.served.fetch_add(1, Ordering::Relaxed);
        }
        serves
    }

    /// Takes in what the leader has committed for a request before its answer goes to the client, who may ask for it here.
    pub(super) async fn take_in(&self, response: &mut Response) {
        let Some(commit) = response.headers_mut().remove(COMMIT) else {
            return;
        };
        let commit = commit.to_str().ok().and_then(|commit| commit.parse().ok());
        let (Some(commit), Some(org)) = (commit, self.followed()) else {
            return;
        };
        let engine = org.engine();
        if engine.version().get() < commit {
            // A node that cannot follow in this time will not deliver without it either.
            let _ = timeout(FOLLOWER_WAIT_MAX, engine.catch_up()).await;
        }
    }

    /// Names the newest commit in an answer to another node.
    pub(super) fn name_commit(&self, response: &mut Response) {
        if let Some(org) = self.orgs.all().first() {
            let commit = HeaderValue::from(org.engine().version().get());
            response.headers_mut().insert(COMMIT, commit);
        }
    }

    /// Whether a request is a report of another node.
    pub(super) fn is_report(request: &Request<Body>) -> bool {
        request.uri().path() == REPORT
    }

    /// Takes note of what another node reports.
    pub(super) async fn reported(&self, request: Request<Body>) -> Response {
        let Some(org) = self.orgs.all().into_iter().next() else {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        };
        let body = Limited::new(request.into_body(), FOLLOWER_REPORT_BYTES_MAX);
        let report = match body.collect().await {
            Ok(body) => serde_json::from_slice::<Report>(&body.to_bytes()),
            Err(error) => {
                debug!(%error, "the report of a node did not come");
                return StatusCode::BAD_REQUEST.into_response();
            }
        };
        let report = match report {
            Ok(report) => report,
            Err(error) => {
                debug!(%error, "the report of a node cannot be read");
                return StatusCode::BAD_REQUEST.into_response();
            }
        };
        let uses = report.uses.into_iter();
        let uses = uses.map(|(key, used)| (key, Timestamp::from_millis(used)));
        org.auth().used_elsewhere(&uses.collect::<Vec<_>>());
        let reply = org.engine().reported(&report.node, &report.usage);
        match serde_json::to_vec(&reply) {
            Ok(reply) => reply.into_response(),
            Err(error) => {
                debug!(%error, "the reply to a node cannot be written");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }

    /// Sends a report to the leader.
    async fn send(&self, report: &Report) -> Sent {
        let Role::Following { leader, .. } = self.role() else {
            return Sent::NotReached;
        };
        let Ok(body) = serde_json::to_vec(report) else {
            return Sent::Lost;
        };
        let mut link = match self.links.take(&leader).await {
            Ok(link) => link,
            Err(error) => {
                debug!(leader = leader.address, %error, "the leader cannot be reached");
                return Sent::NotReached;
            }
        };
        let uri = Uri::builder()
            .scheme(link.scheme())
            .authority(leader.address.as_str())
            .path_and_query(REPORT)
            .build();
        let nobody = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
        let Ok(peer) = HeaderValue::try_from(nobody.to_string()) else {
            return Sent::Lost;
        };
        let request = uri.and_then(|uri| {
            Request::post(uri)
                .version(Version::HTTP_2)
                .header(SECRET, self.secret.clone())
                .header(PEER, peer)
                .header(SCHEME, HeaderValue::from_static("http"))
                .body(Body::from(body))
        });
        let Ok(request) = request else {
            return Sent::Lost;
        };
        let answer = match timeout(FOLLOWER_WAIT_MAX, link.send(request)).await {
            Ok(Ok(answer)) if answer.headers().contains_key(NOT_LEADER) => return Sent::NotReached,
            Ok(Ok(answer)) => answer,
            Ok(Err(failed)) if failed.request.is_some() => return Sent::NotReached,
            Ok(Err(_)) | Err(_) => return Sent::Lost,
        };
        let body = Limited::new(answer.into_body(), FOLLOWER_REPORT_BYTES_MAX).collect();
        let reply = match timeout(FOLLOWER_WAIT_MAX, body).await {
            Ok(Ok(body)) => serde_json::from_slice(&body.to_bytes()).ok(),
            Ok(Err(_)) | Err(_) => return Sent::Lost,
        };
        link.give_back();
        reply.map_or(Sent::Lost, Sent::Replied)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn followers_answer_what_delivers_events() {
        let pubsub = |call| format!("/eventbus.v1.PubSub/{call}");
        for path in [
            "/cometd/59.0",
            &pubsub("Subscribe"),
            &pubsub("GetTopic"),
            &pubsub("GetSchema"),
        ] {
            assert!(is_for_followers(&Method::POST, path), "{path}");
        }
        for path in [
            "/services/data/v59.0/sobjects/Account",
            "/services/oauth2/token",
            &pubsub("Publish"),
            &pubsub("PublishStream"),
            &pubsub("ManagedSubscribe"),
        ] {
            assert!(!is_for_followers(&Method::POST, path), "{path}");
        }
    }
}
