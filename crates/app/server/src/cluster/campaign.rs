//! A node's part in the election: it opens the org to write when it is elected, and closes it when it has lost the lead or
//! stops. While another node leads, it opens the org to follow.
//!
//! An elected node goes on giving signs of life while it opens and closes the org, which may take longer than PostgreSQL
//! waits for one.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::HeaderValue;
use landfall_engine::{Engine, Health, Lease};
use landfall_model::RecordId;
use landfall_model::limits::{
    ELECTION_EVERY, ELECTION_PAUSE, HAND_OVER_MAX, LEAD_SILENCE_MAX, LEADER_ALONE_MAX,
    LEADER_HEALTH_EVERY,
};
use landfall_store::chain;
use landfall_store_postgres::{Config as StoreConfig, Election, Lead, Node as Peer, Standing};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{debug, error, info, warn};

use super::{Following, Node, Role};
use crate::config::{Cluster, Config, Secret};
use crate::environment::Environment;
use crate::error::Error;
use crate::orgs::{Leading, Orgs};

/// An org that this node leads.
struct Led {
    id: RecordId,
    /// No other node leads as long as it holds.
    lease: Lease,
}

/// What a campaign is asked to do.
enum Order {
    /// Hand the lead over, if this node has it, and do not take it again.
    HandOver(oneshot::Sender<()>),
    /// Leave the election.
    Leave(oneshot::Sender<()>),
}

/// A node's part in the election.
pub(crate) struct Campaign {
    node: Arc<Node>,
    election: Election,
    orgs: Orgs,
    config: Config,
    environment: Environment,
    folder: PathBuf,
    orders: mpsc::Receiver<Order>,
    /// The org that is closing: this node does not lead again before it is closed.
    closing: Option<JoinHandle<()>>,
    follower: Follower,
    not_before: Instant,
    /// Whether PostgreSQL could be asked last time.
    is_connected: bool,
}

/// The org of a node that does not lead.
enum Follower {
    /// It is not open, and is opened then.
    Closed(Instant),
    Opening(JoinHandle<Result<RecordId, Error>>),
    Open(RecordId),
}

/// The way to a campaign that runs.
#[derive(Debug)]
pub(crate) struct Campaigning {
    pub(crate) node: Arc<Node>,
    orders: mpsc::Sender<Order>,
}

/// Why a node leads no more.
enum End {
    /// Another node has become the writer.
    Deposed,
    /// It has been without PostgreSQL, or without the lock, for too long.
    Alone,
    /// Its writer has ended.
    Ended,
    HandedOver,
}

impl Campaigning {
    /// Hands the lead over before the server stops.
    pub(crate) async fn hand_over(&self) {
        self.node.is_leaving.store(true, Ordering::Relaxed);
        self.order(Order::HandOver).await;
    }

    /// Leaves the election.
    pub(crate) async fn leave(&self) {
        self.order(Order::Leave).await;
    }

    async fn order(&self, order: impl FnOnce(oneshot::Sender<()>) -> Order) {
        let (done, is_done) = oneshot::channel();
        if self.orders.send(order(done)).await.is_ok() {
            // An error means that the campaign has ended, and with it the lead.
            let _ = is_done.await;
        }
    }
}

impl Campaign {
    /// Takes part in the election for the first time. Ends when the node leads, with the org open, or follows.
    ///
    /// # Errors
    /// [`Error::Database`] if PostgreSQL cannot be asked; those of opening the org.
    pub(crate) async fn begin(
        cluster: &Cluster,
        store: &Secret,
        (orgs, config): (Orgs, Config),
        (environment, folder): (Environment, PathBuf),
        (port, certificate): (u16, Option<Vec<u8>>),
    ) -> Result<(Campaigning, impl Future<Output = ()> + Send + use<>), Error> {
        let name = cluster.advertise.with_port(port);
        let mut secret =
            HeaderValue::try_from(cluster.secret.expose()).map_err(|_| Error::Incomplete {
                reason:
                    "the secret of `cluster.secret_file` has characters that no header can have"
                        .to_owned(),
            })?;
        secret.set_sensitive(true);
        let peer = Peer {
            address: name.clone(),
            certificate,
        };
        let election = Election::new(&StoreConfig::new(store.expose()), peer);
        let (order, orders) = mpsc::channel(1);
        let metrics = config.metrics.clone();
        let node = Arc::new(Node::new(name, secret, metrics, orgs.clone()));
        let mut campaign = Self {
            node: Arc::clone(&node),
            election: election.map_err(Error::Database)?,
            orgs,
            config,
            environment,
            folder,
            orders,
            closing: None,
            follower: Follower::Closed(Instant::now()),
            not_before: Instant::now(),
            is_connected: true,
        };
        let begun = std::time::Instant::now();
        let standing = campaign.election.round(true).await;
        let org = match standing.map_err(Error::Database)? {
            Standing::Elected(lead) => Some(campaign.open(lead, begun).await?),
            other => {
                campaign.follow(other);
                campaign.look_after_follower().await;
                None
            }
        };
        let campaigning = Campaigning {
            node,
            orders: order,
        };
        Ok((campaigning, campaign.run(org)))
    }

    async fn run(mut self, mut org: Option<Led>) {
        loop {
            if let Some(org) = org.take() {
                let id = org.id;
                let end = self.lead(org).await;
                self.ended(id, end).await;
            }
            let woken = self.election.woken();
            let node = Arc::clone(&self.node);
            tokio::select! {
                () = sleep(ELECTION_EVERY) => {}
                // A connection that cannot be made is tried again after the pause.
                () = woken, if self.is_connected => {}
                () = node.doubted.notified(), if self.is_connected => {}
                order = self.orders.recv() => match order {
                    Some(Order::HandOver(done)) => {
                        // Nobody waits any more if the server is gone.
                        let _ = done.send(());
                    }
                    Some(Order::Leave(done)) => {
                        self.election.leave().await;
                        let _ = done.send(());
                        return;
                    }
                    None => return,
                },
            }
            org = Box::pin(self.follower_round()).await;
        }
    }

    /// One round of a node that does not lead; the org if it does from now on.
    async fn follower_round(&mut self) -> Option<Led> {
        if self.closing.as_ref().is_some_and(JoinHandle::is_finished) {
            self.closing = None;
        }
        let is_candidate = self.closing.is_none()
            && Instant::now() >= self.not_before
            && !self.node.is_leaving.load(Ordering::Relaxed);
        let begun = std::time::Instant::now();
        let standing = self.round(is_candidate).await;
        self.look_after_follower().await;
        match standing? {
            Standing::Elected(lead) => match self.open(lead, begun).await {
                Ok(org) => return Some(org),
                Err(failed) => {
                    error!(error = %chain(&failed), "the org cannot be opened: the lead is left to others");
                    self.election.let_go().await;
                    self.not_before = Instant::now() + ELECTION_PAUSE;
                }
            },
            other => self.follow(other),
        }
        None
    }

    /// A round of the election; none if PostgreSQL cannot be asked.
    async fn round(&mut self, is_candidate: bool) -> Option<Standing> {
        match self.election.round(is_candidate).await {
            Ok(standing) => {
                if !self.is_connected {
                    info!("PostgreSQL can be asked again");
                }
                self.is_connected = true;
                Some(standing)
            }
            Err(failed) => {
                if self.is_connected {
                    warn!(error = %chain(&failed), "PostgreSQL cannot be asked who leads");
                }
                self.is_connected = false;
                None
            }
        }
    }

    fn follow(&self, standing: Standing) {
        let role = match standing {
            Standing::Following { leader, epoch } => Role::Following {
                leader: Arc::new(leader),
                epoch,
            },
            Standing::Elected(_)
            | Standing::Leading
            | Standing::Doubtful
            | Standing::Deposed
            | Standing::Leaderless => Role::Leaderless,
        };
        if role != self.node.role() {
            match &role {
                Role::Following { leader, epoch } => {
                    info!(leader = leader.address, epoch, "this node follows");
                }
                Role::Leading { .. } | Role::Leaderless => {
                    info!("no node leads");
                }
            }
        }
        self.node.set_role(role);
    }

    /// Sees to it that the org is open while another node leads, as far as it can be followed.
    async fn look_after_follower(&mut self) {
        if self.config.dynamic_channels {
            // Subscribing may create a channel, which only the leader can do.
            return;
        }
        self.follower = match std::mem::replace(
            &mut self.follower,
            Follower::Closed(Instant::now()),
        ) {
            Follower::Closed(next) if self.may_follow() && Instant::now() >= next => {
                Follower::Opening(self.begin_to_follow())
            }
            Follower::Opening(opening) if opening.is_finished() => match opening.await {
                Ok(Ok(org)) => Follower::Open(org),
                Ok(Err(failed)) => {
                    info!(error = %chain(&failed), "the org cannot be followed: all requests are passed on");
                    Follower::Closed(Instant::now() + ELECTION_PAUSE)
                }
                Err(_) => Follower::Closed(Instant::now() + ELECTION_PAUSE),
            },
            Follower::Open(org) if has_ended(self.orgs.engine(org)) => {
                self.close_follower(org);
                Follower::Closed(Instant::now() + ELECTION_PAUSE)
            }
            other => other,
        };
    }

    /// Whether there is a leader to follow, and nothing of an earlier lead is left.
    fn may_follow(&self) -> bool {
        self.closing.is_none()
            && !self.node.is_leaving.load(Ordering::Relaxed)
            && matches!(self.node.role(), Role::Following { .. })
    }

    fn begin_to_follow(&self) -> JoinHandle<Result<RecordId, Error>> {
        let orgs = self.orgs.clone();
        let (config, environment) = (self.config.clone(), self.environment.clone());
        let folder = self.folder.clone();
        let following = Following {
            node: Arc::clone(&self.node),
            committed: self.election.committed(),
        };
        tokio::spawn(async move {
            orgs.follow_in(&config, environment, folder, following)
                .await
        })
    }

    fn close_follower(&self, org: RecordId) {
        let orgs = self.orgs.clone();
        tokio::spawn(async move {
            if let Err(failed) = orgs.close_within(org, HAND_OVER_MAX).await {
                debug!(error = %chain(&failed), "org not closed in order");
            }
        });
    }

    /// Opens the org to write, and gives signs of life meanwhile. The one that follows serves until then.
    async fn open(&mut self, lead: Lead, begun: std::time::Instant) -> Result<Led, Error> {
        info!("this node is elected");
        if let Follower::Opening(opening) = &self.follower {
            // It would take the place of the one that writes.
            opening.abort();
        }
        let lease = Lease::lapsed();
        lease.renew(begun, LEAD_SILENCE_MAX);
        let leading = Leading {
            lead,
            lease: lease.clone(),
        };
        let orgs = self.orgs.clone();
        let (config, environment) = (self.config.clone(), self.environment.clone());
        let folder = self.folder.clone();
        let opening = async move {
            orgs.open_in(&config, environment, (folder, None), Some(leading))
                .await
        };
        let id = self.alive_during(opening, Some(&lease)).await?;
        // It was replaced.
        self.follower = Follower::Closed(Instant::now());
        Ok(Led { id, lease })
    }

    async fn alive_during<T>(&mut self, work: impl Future<Output = T>, lease: Option<&Lease>) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                done = work.as_mut() => return done,
                () = sleep(ELECTION_EVERY) => {
                    let begun = std::time::Instant::now();
                    // What it finds is found again afterwards.
                    match (self.election.round(false).await, lease) {
                        (Ok(Standing::Elected(_)), Some(lease)) => {
                            lease.renew(begun, LEAD_SILENCE_MAX);
                        }
                        (Ok(_), _) => {}
                        (Err(failed), _) => {
                            debug!(error = %chain(&failed), "PostgreSQL cannot be asked who leads");
                        }
                    }
                }
            }
        }
    }

    /// Leads until that ends.
    async fn lead(&mut self, Led { id: org, lease }: Led) -> End {
        if let Err(failed) = self.election.lead().await {
            // The next round publishes it.
            warn!(error = %chain(&failed), "the leader is not published yet");
        }
        let epoch = self.election.term().unwrap_or_default();
        info!(epoch, "this node leads");
        self.node.counters.led.fetch_add(1, Ordering::Relaxed);
        self.node.set_role(Role::Leading { epoch });
        let mut held = Instant::now();
        let mut next = Instant::now() + ELECTION_EVERY;
        loop {
            let woken = self.election.woken();
            tokio::select! {
                () = sleep_until(next) => {}
                () = woken, if self.is_connected => {}
                () = sleep(LEADER_HEALTH_EVERY) => {
                    if has_ended(self.orgs.engine(org)) {
                        return End::Ended;
                    }
                    continue;
                }
                order = self.orders.recv() => {
                    let done = match order {
                        Some(Order::HandOver(done) | Order::Leave(done)) => Some(done),
                        None => None,
                    };
                    self.hand_over(org).await;
                    // Nobody waits any more if the server is gone.
                    let _ = done.map(|done| done.send(()));
                    return End::HandedOver;
                }
            }
            let was_held = held.elapsed() < ELECTION_EVERY * 2;
            let begun = std::time::Instant::now();
            match self.round(true).await {
                Some(Standing::Leading) => {
                    lease.renew(begun, LEAD_SILENCE_MAX);
                    if !was_held {
                        info!(epoch, "this node leads again");
                    }
                    held = Instant::now();
                }
                Some(Standing::Doubtful) | None => {
                    if held.elapsed() > LEADER_ALONE_MAX {
                        return End::Alone;
                    }
                }
                Some(_) => return End::Deposed,
            }
            next = Instant::now() + ELECTION_EVERY;
        }
    }

    /// Finishes what is in progress, closes the org and lets go of the lead.
    async fn hand_over(&mut self, org: RecordId) {
        self.node.set_role(Role::Leaderless);
        let orgs = self.orgs.clone();
        let closing = async move { orgs.close_within(org, HAND_OVER_MAX).await };
        if let Err(failed) = self.alive_during(closing, None).await {
            warn!(error = %chain(&failed), "org not closed in order");
        }
        self.election.let_go().await;
        info!("lead handed over");
    }

    /// Becomes a follower.
    async fn ended(&mut self, org: RecordId, end: End) {
        let reason = match end {
            End::HandedOver => return,
            End::Deposed => "another node has become the writer",
            End::Alone => "PostgreSQL could not be reached for too long",
            End::Ended => "the writer has ended",
        };
        warn!(reason, "this node leads no more");
        self.node.set_role(Role::Leaderless);
        if matches!(end, End::Ended) {
            // What has ended this writer may not end that of another node.
            self.not_before = Instant::now() + ELECTION_PAUSE;
        }
        self.election.let_go().await;
        let orgs = self.orgs.clone();
        self.closing = Some(tokio::spawn(async move {
            if let Err(failed) = orgs.close_within(org, HAND_OVER_MAX).await {
                warn!(error = %chain(&failed), "org not closed in order");
            }
        }));
    }
}

/// Nothing may hold the engine for long: the store closes with it.
fn has_ended(engine: Option<Engine>) -> bool {
    engine.is_none_or(|engine| matches!(engine.health(), Health::Ended(_) | Health::Stopped))
}
