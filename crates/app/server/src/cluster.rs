//! Several processes that serve one org, the nodes of a cluster: one of them leads and writes, the others follow its commits.
//! Those deliver events by themselves and pass all other requests on to the leader, as they came.
//!
//! This is the only module that knows of a cluster: APIs, planning, logins and jobs run as on a server that is alone.
//! [`campaign`] takes part in the election and opens and closes the org, [`following`] has what a follower answers and how its
//! org is kept up to date, [`passing`] passes requests on, [`links`] has the connections to the leader, [`probes`] answers what
//! watches a node. Start reading at [`Node::answer`].

mod campaign;
mod following;
mod links;
mod passing;
mod probes;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use landfall_model::limits::LEADER_WAIT_MAX;
use landfall_model::{Fault, ServiceFault};
use landfall_store_postgres::{Config as StoreConfig, Listed, Node as Peer};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout_at};
use tracing::debug;

pub(crate) use campaign::{Campaign, Campaigning};
pub(crate) use following::Following;

use crate::config::Metrics;
use crate::error::Error;
use crate::front::Front;
use crate::front::refusal::refusal as refuse;
use crate::front::scheme::Scheme;
use crate::node::health;
use crate::node::metrics::is_same;
use crate::node::standing::Standing;
use crate::orgs::Orgs;
use links::Links;
use passing::{Held, Passed};

/// The secret of the cluster, on a request that another node passes on.
const SECRET: HeaderName = HeaderName::from_static("landfall-cluster-secret");

/// Who sent the request to that node.
const PEER: HeaderName = HeaderName::from_static("landfall-cluster-peer");

/// How the request came to that node.
const SCHEME: HeaderName = HeaderName::from_static("landfall-cluster-scheme");

/// On the refusal of such a request by a node that does not lead: it was not carried out.
const NOT_LEADER: HeaderName = HeaderName::from_static("landfall-cluster-not-leader");

/// On the answer to such a request: the newest commit of the leader, which the request may have made.
const COMMIT: HeaderName = HeaderName::from_static("landfall-cluster-commit");

/// Which node leads, as far as this one knows.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Role {
    /// This one: the org is open here.
    Leading {
        epoch: i64,
    },
    Following {
        leader: Arc<Peer>,
        epoch: i64,
    },
    Leaderless,
}

/// A node of a cluster.
#[derive(Debug)]
pub(crate) struct Node {
    name: String,
    secret: HeaderValue,
    metrics: Metrics,
    role: watch::Sender<Role>,
    links: Links,
    orgs: Orgs,
    /// Whether it stops.
    is_leaving: AtomicBool,
    /// A request could not be passed on: somebody else may lead by now.
    doubted: Notify,
    counters: Counters,
}

/// What a node has done since its start.
#[derive(Debug, Default)]
struct Counters {
    passed: AtomicU64,
    /// By this node while it followed.
    served: AtomicU64,
    refused: AtomicU64,
    broken: AtomicU64,
    led: AtomicU64,
}

/// How a request came to this node.
enum Came {
    FromClient,
    /// From another node, which got it from this peer.
    Passed(SocketAddr, Scheme),
    /// With a wrong secret.
    Forged,
}

impl Node {
    fn new(name: String, secret: HeaderValue, metrics: Metrics, orgs: Orgs) -> Self {
        Self {
            name,
            secret,
            metrics,
            role: watch::Sender::new(Role::Leaderless),
            links: Links::default(),
            orgs,
            is_leaving: AtomicBool::new(false),
            doubted: Notify::new(),
            counters: Counters::default(),
        }
    }

    fn role(&self) -> Role {
        self.role.borrow().clone()
    }

    fn leads(&self) -> bool {
        matches!(&*self.role.borrow(), Role::Leading { .. })
    }

    fn set_role(&self, role: Role) {
        self.role.send_if_modified(|current| {
            let is_new = *current != role;
            if is_new {
                *current = role;
            }
            is_new
        });
    }

    /// Answers a request: here if this node leads or delivers events, otherwise by way of the node that leads.
    pub(crate) async fn answer(
        self: Arc<Self>,
        front: Arc<Front>,
        mut request: Request<Body>,
        peer: SocketAddr,
        scheme: Scheme,
    ) -> Response {
        match self.came(request.headers_mut()) {
            Came::Forged => {
                debug!(%peer, "request refused: the secret of the cluster is wrong");
                StatusCode::FORBIDDEN.into_response()
            }
            Came::Passed(..) if self.leads() && Self::is_report(&request) => {
                self.reported(request).await
            }
            Came::Passed(peer, scheme) if self.leads() => {
                let node = Arc::clone(&self);
                let mut response = node.here(front, request, peer, scheme).await;
                self.name_commit(&mut response);
                response
            }
            Came::Passed(..) => {
                let is_not = [(NOT_LEADER, HeaderValue::from_static("true"))];
                (StatusCode::SERVICE_UNAVAILABLE, is_not).into_response()
            }
            Came::FromClient if health::is_probe(request.uri().path()) => {
                self.probe(front, request, peer, scheme).await
            }
            Came::FromClient if self.leads() => self.here(front, request, peer, scheme).await,
            Came::FromClient => {
                let (method, path) = (request.method(), request.uri().path());
                if self.serves(method, path, request.headers()).await {
                    self.here(front, request, peer, scheme).await
                } else {
                    self.elsewhere(front, request, peer, scheme).await
                }
            }
        }
    }

    /// Answers a request on this node.
    async fn here(
        self: Arc<Self>,
        front: Arc<Front>,
        mut request: Request<Body>,
        peer: SocketAddr,
        scheme: Scheme,
    ) -> Response {
        request.extensions_mut().insert(Standing::of(&self));
        let Ok(response) = front.here(request, peer, scheme).await;
        response
    }

    /// Has a request answered by the node that leads, once there is one. It is passed on again only if it cannot have been
    /// carried out.
    async fn elsewhere(
        self: Arc<Self>,
        front: Arc<Front>,
        request: Request<Body>,
        peer: SocketAddr,
        scheme: Scheme,
    ) -> Response {
        let until = Instant::now() + LEADER_WAIT_MAX;
        let mut roles = self.role.subscribe();
        let authority = front.authority(&request);
        let mut held = match Held::of(request).await {
            Ok(held) => held,
            Err(refused) => return refused,
        };
        loop {
            let role = roles.borrow_and_update().clone();
            match role {
                Role::Leading { .. } => {
                    return match held.request() {
                        Some(request) => self.here(front, request, peer, scheme).await,
                        None => self.refuse(&held),
                    };
                }
                Role::Following { leader, epoch } => {
                    let origin = passing::Origin {
                        authority: &authority,
                        peer,
                        scheme,
                    };
                    match self.pass(&mut held, &origin, leader, epoch).await {
                        Passed::Answered(mut response) => {
                            self.counters.passed.fetch_add(1, Ordering::Relaxed);
                            self.take_in(&mut response).await;
                            return response;
                        }
                        Passed::NotReached if held.is_whole() => self.doubted.notify_one(),
                        Passed::NotReached => return self.refuse(&held),
                        Passed::Broken => {
                            self.doubted.notify_one();
                            self.counters.broken.fetch_add(1, Ordering::Relaxed);
                            debug!(path = held.path(), "request broken off: the leader is gone");
                            return held.refusal();
                        }
                    }
                    let pause = Instant::now() + landfall_model::limits::LEADER_RETRY_EVERY;
                    // Whether the role has changed or not, the request is tried again.
                    let _ = timeout_at(pause.min(until), roles.changed()).await;
                }
                Role::Leaderless => {
                    let _ = timeout_at(until, roles.changed()).await;
                }
            }
            if Instant::now() >= until {
                return self.refuse(&held);
            }
        }
    }

    /// The refusal of a request that was not carried out.
    fn refuse(&self, held: &Held) -> Response {
        self.counters.refused.fetch_add(1, Ordering::Relaxed);
        debug!(path = held.path(), "request refused: no node leads");
        held.refusal()
    }

    /// How a request came, by headers that no API gets to see.
    fn came(&self, headers: &mut HeaderMap) -> Came {
        let secret = headers.remove(SECRET);
        let (peer, scheme) = (headers.remove(PEER), headers.remove(SCHEME));
        let Some(secret) = secret else {
            return Came::FromClient;
        };
        if !is_same(secret.as_bytes(), self.secret.as_bytes()) {
            return Came::Forged;
        }
        let peer = peer.and_then(|peer| peer.to_str().ok()?.parse().ok());
        let scheme = scheme.and_then(|scheme| Scheme::read(scheme.as_bytes()));
        match (peer, scheme) {
            (Some(peer), Some(scheme)) => Came::Passed(peer, scheme),
            _ => Came::Forged,
        }
    }
}

/// The nodes that share a database, and its epoch.
///
/// # Errors
/// [`Error::Database`].
pub async fn cluster_nodes(store: &str) -> Result<(i64, Vec<Listed>), Error> {
    let nodes = landfall_store_postgres::nodes(&StoreConfig::new(store)).await;
    nodes.map_err(Error::Database)
}

/// What a client hears when no node can answer it.
fn unavailable() -> Fault {
    ServiceFault::StoreUnavailable.into()
}

/// The documented refusal of a service that is not available, in the way of the API that is called.
fn refusal(headers: &HeaderMap, path: &str) -> Response {
    let fault = unavailable();
    let call = landfall_pubsub::refused_call(headers, path, &fault);
    call.unwrap_or_else(|| refuse(&fault))
}
