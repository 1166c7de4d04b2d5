//! Starting, and stopping without losing anything.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use landfall_auth::Auth;
use landfall_engine::{Clock, Engine, Entropy, SystemClock, SystemEntropy, WriterThread};
use landfall_store::Reader;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tracing::{info, warn};

use crate::assembly::{self, Assembly};
use crate::config::{Config, Data, Mode, Tls};
use crate::error::Error;
use crate::front::Front;
use crate::listener::Acceptor;
use crate::phase::{self, Conductor, Phase};
use crate::tls;

/// How long requests at work may take to finish once the server stops. The whole stop is promised within 10 s.
const DRAIN_MAX: Duration = Duration::from_secs(8);

/// How long the last reader may take to let go of the store, and how often it is looked whether it has.
const CLOSE_MAX: Duration = Duration::from_secs(1);
const CLOSE_LOOK: Duration = Duration::from_millis(1);

/// Name of the store's file in the data folder.
const STORE_FILE: &str = "landfall.db";

/// Name of the folder of certificates in the data folder.
const TLS_FOLDER: &str = "tls";

/// What a server takes from the world.
#[derive(Clone)]
pub struct Environment {
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where randomness comes from.
    pub entropy: Arc<dyn Entropy>,
}

impl Default for Environment {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
        }
    }
}

/// The way to a running server.
#[derive(Debug)]
pub struct Server;

impl Server {
    /// Starts a server on the machine's clock; when this returns, requests are answered.
    ///
    /// # Errors
    /// [`Error`]: nothing is left running.
    pub async fn start(config: Config) -> Result<Running, Error> {
        Self::start_in(config, Environment::default()).await
    }

    /// The same with a clock and a source of randomness of one's own.
    ///
    /// # Errors
    /// [`Error`]: nothing is left running.
    pub async fn start_in(config: Config, environment: Environment) -> Result<Running, Error> {
        // The address first: the commonest mistake is a second server, and it must not touch the data folder.
        let listen = |source| Error::Listen {
            address: config.listen,
            source,
        };
        let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let (folder, temporary) = data_folder(&config.data)?;
        let (authority, acceptor) = acceptor(&config.tls, &folder, &*environment.clock)?;
        let (conductor, listening) = phase::start();
        let Assembly {
            router,
            engine,
            auth,
            writer,
            mut tasks,
            store,
        } = assembly::assemble(
            &config,
            folder.join(STORE_FILE),
            environment,
            listening.clone(),
            authority
                .as_ref()
                .map(|authority| Arc::clone(&authority.pem)),
        )
        .await?;
        let slots = Arc::new(Semaphore::new(config.connections_max));
        let front = Arc::new(Front::new(router, config.trusted_proxies, address));
        tasks.spawn(
            Acceptor {
                listener,
                tls: acceptor,
                tunnels: config.tls == Tls::AsSalesforce,
                front,
                slots: Arc::clone(&slots),
                phase: listening,
            }
            .run(),
        );
        info!(%address, data = %folder.display(), "listening");
        Ok(Running {
            address,
            folder,
            mode: config.mode,
            authority: authority.map(|authority| authority.path),
            engine,
            auth,
            writer,
            store,
            conductor,
            tasks,
            slots,
            connections_max: config.connections_max,
            temporary,
        })
    }
}

/// A server at work.
pub struct Running {
    address: SocketAddr,
    folder: PathBuf,
    mode: Mode,
    authority: Option<PathBuf>,
    engine: Engine,
    auth: Auth,
    writer: WriterThread,
    store: Weak<dyn Reader>,
    conductor: Conductor,
    tasks: JoinSet<()>,
    slots: Arc<Semaphore>,
    connections_max: usize,
    temporary: Option<TempDir>,
}

impl Running {
    /// The address that is listened on, with the real port.
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
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

    /// The folder that the org is kept in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What kind of org this is.
    pub const fn mode(&self) -> &Mode {
        &self.mode
    }

    /// The org at work.
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Ends when the server cannot go on by itself; until then, pending.
    pub async fn failed(&mut self) -> Error {
        // Its parts end only when it drains, so an end before that is a defect.
        let _ = self.tasks.join_next().await;
        Error::Ended("a task")
    }

    /// Stops: no new connections, held polls answered, requests at work finished, everything queued committed, the
    /// store closed.
    ///
    /// # Errors
    /// [`Error::Ended`] or [`Error::Auth`] if what was queued could not all be committed, [`Error::Data`] if a
    /// temporary folder stays behind.
    pub async fn stop(mut self) -> Result<(), Error> {
        self.conductor.advance(Phase::Draining);
        let drained = timeout(DRAIN_MAX, async {
            while self.tasks.join_next().await.is_some() {}
            self.connections_ended().await;
        });
        if drained.await.is_err() {
            let open = self.connections_max - self.slots.available_permits();
            warn!(open, "connections did not end in time and are dropped");
            self.conductor.advance(Phase::Ending);
            self.tasks.shutdown().await;
        }
        if let Err(error) = self.engine.save_usage().await {
            warn!(%error, "the usage of the last minute is not kept");
        }
        let saved = self.auth.stop().await;
        let writer = self.writer;
        tokio::task::spawn_blocking(move || writer.stop())
            .await
            .map_err(|_| Error::Ended("the store's writer"))?;
        drop((self.auth, self.engine));
        closed(&self.store).await;
        saved?;
        if let Some(temporary) = self.temporary {
            let path = temporary.path().to_owned();
            temporary
                .close()
                .map_err(|source| Error::Data { path, source })?;
        }
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

/// Waits until nobody holds the store any more, so that whoever opens it next finds it free.
async fn closed(store: &Weak<dyn Reader>) {
    let gone = async {
        while store.strong_count() > 0 {
            sleep(CLOSE_LOOK).await;
        }
    };
    if timeout(CLOSE_MAX, gone).await.is_err() {
        warn!("the store is still being read and closes when that ends");
    }
}

fn data_folder(data: &Data) -> Result<(PathBuf, Option<TempDir>), Error> {
    match data {
        Data::Folder(folder) => {
            std::fs::create_dir_all(folder).map_err(|source| Error::Data {
                path: folder.clone(),
                source,
            })?;
            Ok((folder.clone(), None))
        }
        Data::Ephemeral => {
            let temporary = tempfile::Builder::new()
                .prefix("landfall-")
                .tempdir()
                .map_err(|source| Error::Data {
                    path: std::env::temp_dir(),
                    source,
                })?;
            Ok((temporary.path().to_owned(), Some(temporary)))
        }
    }
}

fn acceptor(
    tls: &Tls,
    folder: &Path,
    clock: &dyn Clock,
) -> Result<(Option<tls::Authority>, Option<TlsAcceptor>), Error> {
    Ok(match tls {
        Tls::DeveloperAuthority | Tls::AsSalesforce => {
            let as_salesforce = *tls == Tls::AsSalesforce;
            let (authority, config) =
                tls::developer(&folder.join(TLS_FOLDER), clock.now(), as_salesforce)?;
            (Some(authority), Some(config.into()))
        }
        Tls::Files { certificate, key } => (None, Some(tls::from_files(certificate, key)?.into())),
        Tls::Off => (None, None),
    })
}
