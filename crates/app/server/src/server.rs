//! Starting, and stopping without losing anything.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use landfall_engine::{Clock, PlausibleClock};
use landfall_journal::Journal;
use landfall_model::RecordId;
use landfall_model::limits::{DRAIN_MAX, OPERATORS_CONNECTIONS_MAX};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tracing::{info, warn};

use crate::cluster::{Campaign, Campaigning, Node};
use crate::config::{Config, Mode, Tls};
use crate::connections::Connections;
use crate::console::Console;
use crate::control::Controlled;
use crate::environment::Environment;
use crate::error::Error;
use crate::front::{Controls, Front, Rules, Surfaces};
use crate::hosts::Hosts;
use crate::hosts::cors::Cors;
use crate::listener::Acceptor;
use crate::listener::answers::Answers;
use crate::listener::tls;
use crate::node::Process;
use crate::node::open_files;
use crate::operators::Operators;
use crate::orgs::{self, Orgs};
use crate::phase::{self, Conductor, Phase};

/// Name of the folder of certificates in the data folder.
const TLS_FOLDER: &str = "tls";

/// A listener, and the address that it has.
type Bound = (TcpListener, SocketAddr);

/// The way to a running server.
#[derive(Debug)]
pub struct Server;

impl Server {
    /// Starts a server on the machine's clock; when this returns, requests are answered.
    ///
    /// # Errors
    /// [`Error`]: nothing is left running.
    pub async fn start(config: Config) -> Result<Running, Error> {
        let mut environment = Environment::default();
        if !config.trust_clock {
            environment.clock = Arc::new(PlausibleClock::default());
        }
        Self::start_in(config, environment).await
    }

    /// The same with a clock and a source of randomness of one's own.
    ///
    /// # Errors
    /// [`Error`]: nothing is left running.
    pub async fn start_in(config: Config, environment: Environment) -> Result<Running, Error> {
        let started = Instant::now();
        // The address first: the commonest mistake is a second server, and it must not touch the data folder.
        let (listener, address) = bound(config.listen).await?;
        let operations = bound_for_operators(&config).await?;
        let connections_max = open_files::connections(config.connections_max)?;
        let connections = Arc::new(Connections::default());
        let (folder, temporary) = orgs::data_folder(&config.data)?;
        let Encryption {
            authority,
            acceptor,
            certificate,
        } = encryption(&config.tls, &folder, &*environment.clock)?;
        let (conductor, listening) = phase::start();
        let (failed, failures) = mpsc::channel(1);
        let pem = (authority.as_ref()).map(|authority| Arc::clone(&authority.pem));
        let slots = Arc::new(Semaphore::new(connections_max));
        let process = Process {
            address: address.to_string(),
            started,
            connections: Arc::clone(&connections),
            connections_max,
            slots: Arc::clone(&slots),
        };
        let orgs = Orgs::new(pem, process, failed);
        let mut tasks = JoinSet::new();
        let place = (folder.clone(), temporary);
        let own = (address.port(), certificate);
        let begun = begin(&config, &orgs, environment, place, own, &mut tasks).await?;
        let (mode, tunnels) = (config.mode.clone(), config.tls == Tls::AsSalesforce);
        let node = begun.node();
        let front = Arc::new(Front::new(
            Surfaces::Orgs(orgs.clone(), begun.controls),
            rules(config),
            address,
            node,
        ));
        let operations_address = operations.as_ref().map(|(_, address)| *address);
        let operated = operations.zip(begun.operators);
        operate(operated, acceptor.as_ref(), &listening, &mut tasks);
        tasks.spawn(
            Acceptor {
                tls: acceptor,
                tunnels,
                front,
                slots: Arc::clone(&slots),
                connections_max,
                connections,
                answers: Answers::default(),
                phase: listening,
            }
            .run(listener, address),
        );
        info!(%address, data = %folder.display(), "listening");
        Ok(Running {
            address,
            operations_address,
            folder,
            mode,
            authority: authority.map(|authority| authority.path),
            orgs,
            first: begun.first,
            campaign: begun.campaign,
            failures,
            conductor,
            tasks,
            slots,
            connections_max,
        })
    }
}

async fn bound(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
    let failed = |source| Error::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// Has operators reach the node, if that is configured.
fn operate(
    operated: Option<(Bound, Operators)>,
    tls: Option<&TlsAcceptor>,
    phase: &phase::Listener,
    tasks: &mut JoinSet<()>,
) {
    if let Some((bound, operators)) = operated {
        tasks.spawn(for_operators(bound, operators, tls.cloned(), phase.clone()));
    }
}

/// Accepts the connections of operators, which have slots of their own.
fn for_operators(
    (listener, address): Bound,
    operators: Operators,
    tls: Option<TlsAcceptor>,
    phase: phase::Listener,
) -> impl Future<Output = ()> {
    let rules = Rules {
        trusted_proxies: Vec::new(),
        hosts: Hosts::Any,
        cors: Cors::default(),
        // The listener takes no logins.
        cleartext_logins: true,
        hsts: false,
    };
    let surfaces = Surfaces::Operators(Arc::new(operators));
    info!(%address, "listening for operators");
    let acceptor = Acceptor {
        tls,
        tunnels: false,
        front: Arc::new(Front::new(surfaces, rules, address, None)),
        slots: Arc::new(Semaphore::new(OPERATORS_CONNECTIONS_MAX)),
        connections_max: OPERATORS_CONNECTIONS_MAX,
        connections: Arc::default(),
        answers: Answers::default(),
        phase,
    };
    acceptor.run(listener, address)
}

/// The listener for operators, if it is configured.
async fn bound_for_operators(config: &Config) -> Result<Option<Bound>, Error> {
    let Some(operations) = &config.operations else {
        return Ok(None);
    };
    bound(operations.listen).await.map(Some)
}

/// What every request has to keep to.
fn rules(config: Config) -> Rules {
    Rules {
        trusted_proxies: config.trusted_proxies,
        hosts: config.hosts,
        cors: config.cors,
        cleartext_logins: config.cleartext_logins,
        hsts: config.hsts,
    }
}

/// What a server starts with.
struct Begun {
    first: Option<RecordId>,
    campaign: Option<Campaigning>,
    controls: Controls,
    operators: Option<Operators>,
}

impl Begun {
    /// Of a node of a cluster: what it knows of the others.
    fn node(&self) -> Option<Arc<Node>> {
        let campaign = self.campaign.as_ref()?;
        Some(Arc::clone(&campaign.node))
    }
}

/// Opens the org, or takes part in the election of the node that does.
async fn begin(
    config: &Config,
    orgs: &Orgs,
    environment: Environment,
    (folder, temporary): (PathBuf, Option<TempDir>),
    own: (u16, Option<Vec<u8>>),
    tasks: &mut JoinSet<()>,
) -> Result<Begun, Error> {
    if let Some((cluster, store)) = config.cluster.as_ref().zip(config.store.as_ref()) {
        let begun = Campaign::begin(
            cluster,
            store,
            (orgs.clone(), config.clone()),
            (environment, folder),
            own,
        );
        let (campaign, running) = Box::pin(begun).await?;
        tasks.spawn(running);
        return Ok(Begun {
            first: None,
            campaign: Some(campaign),
            controls: Controls::None,
            operators: None,
        });
    }
    let place = (folder, temporary);
    let opened = orgs.open_in(config, environment.clone(), place, None);
    let first = opened.await?;
    let operators = config.operations.as_ref().map(|operations| {
        let orgs = Controlled::new(orgs.clone(), first, config.clone(), environment.clone());
        Operators::new(orgs, operations.token.clone())
    });
    Ok(Begun {
        first: Some(first),
        campaign: None,
        operators,
        controls: controls(config, orgs, first, environment),
    })
}

/// A running server.
pub struct Running {
    address: SocketAddr,
    operations_address: Option<SocketAddr>,
    folder: PathBuf,
    mode: Mode,
    authority: Option<PathBuf>,
    orgs: Orgs,
    /// The org that it was started with; none of a node of a cluster, which opens and closes it.
    first: Option<RecordId>,
    campaign: Option<Campaigning>,
    failures: mpsc::Receiver<&'static str>,
    conductor: Conductor,
    tasks: JoinSet<()>,
    slots: Arc<Semaphore>,
    connections_max: usize,
}

impl Running {
    /// The address that is listened on, with the real port.
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The address for operators, with the real port.
    pub const fn operations_addr(&self) -> Option<SocketAddr> {
        self.operations_address
    }

    /// Where clients find it in cleartext.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where clients find it with TLS.
    pub fn tls_url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The certificate of the authority to trust, if it is the server's own.
    pub fn authority(&self) -> Option<&Path> {
        self.authority.as_deref()
    }

    /// The folder that it was started with.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What kind of org it was started with.
    pub const fn mode(&self) -> &Mode {
        &self.mode
    }

    /// The org that it was started with; none of a node of a cluster, which opens and closes it.
    pub const fn first_org(&self) -> Option<RecordId> {
        self.first
    }

    /// What clients have sent to the org that it was started with, if that is kept.
    pub fn journal(&self) -> Option<Journal> {
        self.orgs.journal(self.first?)
    }

    /// The orgs that are open.
    pub const fn orgs(&self) -> &Orgs {
        &self.orgs
    }

    /// Ends when the server cannot go on by itself; until then, pending.
    pub async fn failed(&mut self) -> Error {
        // Its parts end only when it drains, so an end before that is a defect.
        tokio::select! {
            _ = self.tasks.join_next() => Error::Ended("the listener"),
            part = self.failures.recv() => Error::Ended(part.unwrap_or("an org")),
        }
    }

    /// Stops: no new connections, held polls answered, requests in progress finished, everything queued committed, the
    /// store closed.
    ///
    /// # Errors
    /// [`Error::Ended`] or [`Error::Auth`] if what was queued could not all be committed, [`Error::Data`] if a
    /// temporary folder stays behind.
    pub async fn stop(mut self) -> Result<(), Error> {
        if let Some(campaign) = &self.campaign {
            campaign.hand_over().await;
        }
        self.conductor.advance(Phase::Draining);
        self.orgs.advance(Phase::Draining);
        let drained = timeout(DRAIN_MAX, async {
            self.connections_ended().await;
            if let Some(campaign) = &self.campaign {
                campaign.leave().await;
            }
            while self.tasks.join_next().await.is_some() {}
        });
        if drained.await.is_err() {
            let open = self.connections_max - self.slots.available_permits();
            warn!(open, "connections dropped: requests not finished in time");
            self.conductor.advance(Phase::Ending);
            self.orgs.advance(Phase::Ending);
            self.tasks.shutdown().await;
        }
        self.orgs.close_all().await?;
        info!("stopped");
        Ok(())
    }

    /// Every open connection holds a slot, so they have ended when all slots can be had.
    async fn connections_ended(&self) {
        let all = u32::try_from(self.connections_max).unwrap_or(u32::MAX);
        // The slots are never closed: the result says nothing.
        let _ = self.slots.acquire_many(all).await;
    }
}

/// What reads or controls the orgs: of a developer org everything, of a production node the console if it is enabled.
fn controls(config: &Config, orgs: &Orgs, first: RecordId, environment: Environment) -> Controls {
    let entropy = Arc::clone(&environment.entropy);
    let controlled = || Controlled::new(orgs.clone(), first, config.clone(), environment);
    match config.mode {
        Mode::Developer => Controls::open(controlled()),
        Mode::Production { .. } if config.console => {
            let console = Console::new(orgs.clone(), controlled(), entropy);
            Controls::Console(Arc::new(console))
        }
        Mode::Production { .. } => Controls::None,
    }
}

/// How connections are encrypted.
#[derive(Default)]
struct Encryption {
    /// The authority of a developer org.
    authority: Option<tls::Authority>,
    acceptor: Option<TlsAcceptor>,
    /// The certificate of the configuration, in DER.
    certificate: Option<Vec<u8>>,
}

fn encryption(tls: &Tls, folder: &Path, clock: &dyn Clock) -> Result<Encryption, Error> {
    Ok(match tls {
        Tls::DeveloperAuthority | Tls::AsSalesforce => {
            let as_salesforce = *tls == Tls::AsSalesforce;
            let (authority, config) =
                tls::developer(&folder.join(TLS_FOLDER), clock.now(), as_salesforce)?;
            Encryption {
                authority: Some(authority),
                acceptor: Some(config.into()),
                certificate: None,
            }
        }
        Tls::Files { certificate, key } => {
            let (config, certificate) = tls::from_files(certificate, key)?;
            Encryption {
                authority: None,
                acceptor: Some(config.into()),
                certificate,
            }
        }
        Tls::Off => Encryption::default(),
    })
}
