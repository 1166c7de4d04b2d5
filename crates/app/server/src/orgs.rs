//! The orgs of a process, each with its own store, engine, logins, clock, limits and data folder.
//!
//! Listeners and this table are all that orgs share. While there is one org, every request is its. Otherwise a request
//! belongs to the org that issued its access token, which begins with the org's id; requests that begin a login are for
//! [`crate::front::lobby`]. A token of no org that is open goes to the first one, which refuses it as it does any unknown token.

pub(crate) mod activity;
mod assembly;
mod disk;
pub(crate) mod files;
pub mod integrity;
mod journal;
pub(crate) mod mark;
mod orphans;
pub mod project;
mod records;
mod rehearsal;
mod retention;
pub(crate) mod scrub;
mod seeds;
mod snapshots;
mod subscribers;
mod usage;

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, Request, header};
use landfall_auth::{Auth, DeveloperNames};
use landfall_control::{Mask, Org, Rendered};
use landfall_engine::faults::Faults;
use landfall_engine::{AdjustableClock, Engine, SeededEntropy, WriterThread};
use landfall_journal::Journal;
use landfall_metadata::Origin;
use landfall_model::RecordId;
use landfall_model::limits::{DRAIN_MAX, HAND_OVER_MAX, STORE_CLOSE_MAX};
use landfall_store::Reader;
use landfall_streaming::Endpoint;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tower::ServiceExt as _;
use tracing::{info, warn};

use crate::cluster::Following;
use crate::config::private;
use crate::config::{Config, Data, Mode};
use crate::connections::Connections;
use crate::environment::Environment;
use crate::error::Error;
use crate::front::refusal::guarded;
use crate::node::{OnNode, Process};
use crate::phase::{self, Conductor, Listener, Phase};
use activity::Activity;
use assembly::Assembly;
pub(crate) use assembly::Leading;
use files::STORE_FILE;
use snapshots::Snapshots;
use subscribers::Subscribers;

/// Pause between two checks of whether something has ended.
const LOOK: Duration = Duration::from_millis(1);

/// The orgs of a process: cheap to clone.
#[derive(Clone, Debug)]
pub struct Orgs(Arc<Table>);

#[derive(Debug)]
struct Table {
    /// By the 15 characters that access tokens begin with.
    open: RwLock<HashMap<String, Arc<Instance>>>,
    /// How many orgs were opened.
    opened: AtomicU64,
    /// Whether the process stops: no further org is opened.
    is_stopping: AtomicBool,
    /// The certificate of the authority that clients may trust, in PEM.
    authority: Option<Arc<str>>,
    /// What the process is and does.
    process: Process,
    /// What was done in orgs that are closed.
    closed: Mutex<Activity>,
    /// Notified when a part of an org has ended by itself.
    failed: mpsc::Sender<&'static str>,
}

/// A running org.
pub(crate) struct Instance {
    id: RecordId,
    /// How many orgs were opened before it.
    number: u64,
    folder: PathBuf,
    router: Router,
    streaming: Endpoint,
    engine: Engine,
    auth: Auth,
    names: DeveloperNames,
    /// Of a developer org, which tests control.
    clock: Option<AdjustableClock>,
    subscribers: Arc<Subscribers>,
    snapshots: Arc<Snapshots>,
    node: Arc<OnNode>,
    /// Fields that the console does not show.
    masked: Arc<Mask>,
    /// Events as they are sent to consoles.
    rendered: Arc<Rendered>,
    /// Of a developer org.
    journal: Option<Journal>,
    store: Weak<dyn Reader>,
    /// Those of the process.
    connections: Arc<Connections>,
    conductor: Conductor,
    listening: Listener,
    /// Its own count, and one for each request in progress.
    requests: Arc<()>,
    ending: Mutex<Option<Ending>>,
}

/// What an org is opened with besides what it is assembled from.
struct Opening {
    number: u64,
    clock: Option<AdjustableClock>,
    place: (PathBuf, Option<TempDir>),
    phase: (Conductor, Listener),
}

/// What is used up when an org closes.
struct Ending {
    writer: WriterThread,
    tasks: JoinHandle<()>,
    temporary: Option<TempDir>,
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("id", &self.id)
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

/// A request in progress: its org waits for it when it closes.
#[derive(Debug)]
pub(crate) struct InProgress(#[expect(dead_code, reason = "it is counted")] Arc<()>);

impl Instance {
    pub(crate) const fn auth(&self) -> &Auth {
        &self.auth
    }

    pub(crate) const fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) const fn id(&self) -> RecordId {
        self.id
    }

    /// The fields whose values the console does not show.
    pub(crate) fn masked(&self) -> &Mask {
        &self.masked
    }

    /// The names that lead logins to a developer org.
    pub(crate) const fn names(&self) -> &DeveloperNames {
        &self.names
    }

    /// Whether an origin is on the allow list that was deployed to the org.
    pub(crate) fn lists(&self, origin: &Origin) -> bool {
        let definitions = self.engine.definitions();
        let mut origins = definitions.cors_origins().iter();
        origins.any(|pattern| pattern.matches(origin))
    }

    /// Whether something happens to requests on their way to the surfaces.
    pub(crate) fn is_observed(&self) -> bool {
        self.journal.is_some() || self.faults().is_armed()
    }

    /// What clients have sent, if that is kept.
    pub(crate) const fn journal(&self) -> Option<&Journal> {
        self.journal.as_ref()
    }

    /// What was done in it.
    fn activity(&self) -> Activity {
        Activity::of(&self.engine, self.journal.as_ref())
    }

    /// The faults that a test has armed.
    pub(crate) fn faults(&self) -> &Faults {
        self.engine.faults()
    }

    /// The counters of connections to the process, and whether connections are refused.
    pub(crate) fn connections(&self) -> &Connections {
        &self.connections
    }

    /// Whether it has not begun to close.
    pub(crate) fn is_running(&self) -> bool {
        self.listening.phase() == Phase::Running
    }

    /// Answers one request.
    pub(crate) async fn answer(&self, request: Request<Body>) -> Response {
        if Endpoint::has(request.uri().path()) {
            let (streaming, _in_progress) = self.streaming();
            return streaming.answer(request).await;
        }
        let (surfaces, _in_progress) = self.surfaces();
        let Ok(response) = surfaces.oneshot(request).await;
        response
    }

    /// Its Streaming API, for one request.
    pub(crate) fn streaming(&self) -> (&Endpoint, InProgress) {
        (&self.streaming, InProgress(Arc::clone(&self.requests)))
    }

    /// Its surfaces, for one request.
    pub(crate) fn surfaces(&self) -> (Router, InProgress) {
        (self.router.clone(), InProgress(Arc::clone(&self.requests)))
    }
}

/// Between the seeds of two orgs of a process, so that their ids differ.
const SEED_STEP: u64 = 0x4f1b_bcdc_bfa5_3e0b;

/// Gives a developer org the clock that tests move, and what its configuration says of time and randomness.
fn of_developers(
    config: &Config,
    environment: &mut Environment,
    number: u64,
) -> Option<AdjustableClock> {
    if let Some(seed) = config.random_seed {
        let seed = seed.wrapping_add(number.wrapping_mul(SEED_STEP));
        environment.entropy = Arc::new(SeededEntropy::new(seed));
    }
    if config.mode != Mode::Developer {
        return None;
    }
    let machine = Arc::clone(&environment.clock);
    let clock = match config.frozen_at {
        Some(at) => AdjustableClock::frozen(machine, at),
        None => AdjustableClock::on(machine),
    };
    environment.clock = Arc::new(clock.clone());
    Some(clock)
}

impl Orgs {
    pub(crate) fn new(
        authority: Option<Arc<str>>,
        process: Process,
        failed: mpsc::Sender<&'static str>,
    ) -> Self {
        Self(Arc::new(Table {
            open: RwLock::default(),
            opened: AtomicU64::new(0),
            is_stopping: AtomicBool::new(false),
            authority,
            process,
            closed: Mutex::default(),
            failed,
        }))
    }

    /// What was done in all orgs since they were opened, also in those that are closed.
    pub fn activity(&self) -> Activity {
        let closed = self.0.closed.lock();
        let mut activity = closed.unwrap_or_else(PoisonError::into_inner).clone();
        for instance in self.all() {
            activity.add(&instance.activity());
        }
        activity
    }

    /// Opens an org on the data folder of a configuration; what it says of listening is for the process as a whole.
    ///
    /// # Errors
    /// [`Error`]: nothing is left running. [`Error::OrgOpen`] if an org with this id is open, such as one whose folder was
    /// copied.
    pub async fn open(&self, config: &Config, environment: Environment) -> Result<RecordId, Error> {
        let (folder, temporary) = data_folder(&config.data)?;
        let place = (folder, temporary);
        self.open_in(config, environment, place, None).await
    }

    pub(crate) async fn open_in(
        &self,
        config: &Config,
        mut environment: Environment,
        (folder, temporary): (PathBuf, Option<TempDir>),
        lead: Option<Leading>,
    ) -> Result<RecordId, Error> {
        let number = self.0.opened.fetch_add(1, Ordering::Relaxed);
        let clock = of_developers(config, &mut environment, number);
        let (conductor, listening) = phase::start();
        let assembly = assembly::assemble(
            config,
            (folder.join(STORE_FILE), lead),
            environment,
            listening.clone(),
            self.0.authority.clone(),
            Arc::clone(&self.0.process.connections),
        );
        let opening = Opening {
            number,
            clock,
            place: (folder, temporary),
            phase: (conductor, listening),
        };
        self.install(config, opening, assembly.await?).await
    }

    /// Opens an org that another node of a cluster writes to.
    ///
    /// # Errors
    /// [`Error`]: nothing is left running.
    pub(crate) async fn follow_in(
        &self,
        config: &Config,
        environment: Environment,
        folder: PathBuf,
        following: Following,
    ) -> Result<RecordId, Error> {
        let number = self.0.opened.fetch_add(1, Ordering::Relaxed);
        let (conductor, listening) = phase::start();
        let file = folder.join(STORE_FILE);
        let assembly =
            assembly::following::assemble(config, &file, following, environment, listening.clone());
        let opening = Opening {
            number,
            clock: None,
            place: (folder, None),
            phase: (conductor, listening),
        };
        self.install(config, opening, assembly.await?).await
    }

    /// Puts an assembled org into the table.
    async fn install(
        &self,
        config: &Config,
        opening: Opening,
        assembly: Assembly,
    ) -> Result<RecordId, Error> {
        let Opening {
            number,
            clock,
            place: (folder, temporary),
            phase: (conductor, listening),
        } = opening;
        let Assembly {
            router,
            streaming,
            subscribers,
            snapshots,
            health,
            engine,
            auth,
            writer,
            tasks,
            store,
        } = assembly;
        // Once more: the store has made its files.
        private::folder(&folder)?;
        let tasks = tokio::spawn(watched(tasks, listening.clone(), self.0.failed.clone()));
        let id = engine.org().id;
        let journal =
            (config.journal_requests > 0).then(|| journal::of(&engine, config.journal_requests));
        let process = self.0.process.clone();
        let node = OnNode::new(process, config, folder.clone(), health);
        let instance = Arc::new(Instance {
            id,
            number,
            folder,
            node: Arc::new(node),
            masked: Arc::clone(&config.masked),
            rendered: Arc::default(),
            router: guarded(router),
            streaming,
            engine,
            auth,
            names: config.developer.clone(),
            clock,
            subscribers,
            snapshots,
            journal,
            store,
            connections: Arc::clone(&self.0.process.connections),
            conductor,
            listening,
            requests: Arc::new(()),
            ending: Mutex::new(Some(Ending {
                writer,
                tasks,
                temporary,
            })),
        });
        match self.insert(&instance) {
            Ok(replaced) => self.retire(replaced),
            Err(refused) => {
                closed(instance, DRAIN_MAX).await?;
                return Err(refused);
            }
        }
        info!(org = %id, data = %instance.folder.display(), "org opened");
        Ok(id)
    }

    /// Puts an org into the table; the one in its place if that only followed.
    fn insert(&self, instance: &Arc<Instance>) -> Result<Option<Arc<Instance>>, Error> {
        let mut open = self.0.open.write().unwrap_or_else(PoisonError::into_inner);
        if self.0.is_stopping.load(Ordering::Relaxed) {
            return Err(Error::Stopping);
        }
        let key = instance.id.short().to_owned();
        let present = open.get(&key);
        if present.is_some_and(|present| !present.engine.follows()) {
            return Err(Error::OrgOpen { org: instance.id });
        }
        Ok(open.insert(key, Arc::clone(instance)))
    }

    /// Closes an org in whose place another one is open. Nobody waits for that.
    fn retire(&self, replaced: Option<Arc<Instance>>) {
        let Some(replaced) = replaced else {
            return;
        };
        self.count_closed(&replaced);
        tokio::spawn(async move {
            if let Err(error) = closed(replaced, HAND_OVER_MAX).await {
                warn!(%error, "org not closed in order");
            }
        });
    }

    fn count_closed(&self, closing: &Instance) {
        let activity = closing.activity();
        let closed_before = self.0.closed.lock();
        (closed_before.unwrap_or_else(PoisonError::into_inner)).add(&activity);
    }

    /// Closes all orgs at once; none is opened any more.
    ///
    /// # Errors
    /// The first one of [`Self::close`].
    pub(crate) async fn close_all(&self) -> Result<(), Error> {
        let all: Vec<_> = {
            let mut open = self.0.open.write().unwrap_or_else(PoisonError::into_inner);
            self.0.is_stopping.store(true, Ordering::Relaxed);
            open.drain().map(|(_, instance)| instance).collect()
        };
        let mut closing: JoinSet<_> = all
            .into_iter()
            .map(|instance| closed(instance, DRAIN_MAX))
            .collect();
        let mut result = Ok(());
        while let Some(closed) = closing.join_next().await {
            result = result.and(closed.unwrap_or(Err(Error::Ended("an org"))));
        }
        result
    }

    /// Closes an org: no new requests, held polls answered, streams ended, requests in progress finished, everything queued
    /// committed, its files closed.
    ///
    /// # Errors
    /// [`Error::OrgUnknown`]; [`Error::Ended`] or [`Error::Auth`] if what was queued could not all be committed,
    /// [`Error::Data`] if a temporary folder stays behind.
    pub async fn close(&self, org: RecordId) -> Result<(), Error> {
        self.close_within(org, DRAIN_MAX).await
    }

    /// The same, with a time of its own for requests in progress.
    ///
    /// # Errors
    /// Those of [`Self::close`].
    pub(crate) async fn close_within(&self, org: RecordId, drain: Duration) -> Result<(), Error> {
        let closing = {
            let mut open = self.0.open.write().unwrap_or_else(PoisonError::into_inner);
            open.remove(org.short())
        };
        let closing = closing.ok_or(Error::OrgUnknown { org })?;
        self.count_closed(&closing);
        closed(closing, drain).await
    }

    /// Closes an org, and opens another in its place.
    ///
    /// # Errors
    /// Those of [`Self::close`] and [`Self::open`].
    pub async fn replace(
        &self,
        org: RecordId,
        config: &Config,
        environment: Environment,
    ) -> Result<RecordId, Error> {
        self.close(org).await?;
        self.open(config, environment).await
    }

    /// The open orgs, in the order in which they were opened.
    pub fn list(&self) -> Vec<RecordId> {
        self.all().iter().map(|instance| instance.id).collect()
    }

    /// The folder that an org is kept in.
    pub fn folder(&self, org: RecordId) -> Option<PathBuf> {
        self.find(org.short())
            .map(|instance| instance.folder.clone())
    }

    /// The engine of an org.
    pub fn engine(&self, org: RecordId) -> Option<Engine> {
        self.find(org.short())
            .map(|instance| instance.engine.clone())
    }

    /// What clients have sent to an org, if that is kept.
    pub fn journal(&self, org: RecordId) -> Option<Journal> {
        self.find(org.short())?.journal.clone()
    }

    /// The logins of an org.
    pub fn auth(&self, org: RecordId) -> Option<Auth> {
        self.find(org.short()).map(|instance| instance.auth.clone())
    }

    /// The org that a request belongs to, as far as its head says.
    pub(crate) fn of_request(&self, request: &Request<Body>) -> Option<Arc<Instance>> {
        let open = self.0.open.read().unwrap_or_else(PoisonError::into_inner);
        if open.len() == 1 {
            return open.values().next().map(Arc::clone);
        }
        let org = token_of(request.headers()).and_then(org_of)?;
        open.get(org).map(Arc::clone)
    }

    /// The org that issued the access token of a request.
    pub(crate) fn issuer(&self, headers: &HeaderMap) -> Option<Arc<Instance>> {
        self.of_token(token_of(headers)?)
    }

    /// The org that issued an access token.
    pub(crate) fn of_token(&self, token: &str) -> Option<Arc<Instance>> {
        self.find(org_of(token)?)
    }

    /// The open orgs, in the order in which they were opened.
    pub(crate) fn all(&self) -> Vec<Arc<Instance>> {
        let open = self.0.open.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = open.values().map(Arc::clone).collect();
        drop(open);
        all.sort_by_key(|instance| instance.number);
        all
    }

    /// The developer org of a request to the control interface: with an access token the one that issued it, without one
    /// the first.
    pub(crate) fn controlled(&self, headers: &HeaderMap) -> Option<Org> {
        let instance = match token_of(headers) {
            Some(token) => self.of_token(token),
            None => self.all().into_iter().next(),
        }?;
        Some(Org {
            engine: instance.engine.clone(),
            clock: instance.clock.clone(),
            subscribers: Arc::clone(&instance.subscribers) as _,
            snapshots: Arc::clone(&instance.snapshots) as _,
            journal: instance.journal.clone(),
            node: Arc::clone(&instance.node) as _,
            masked: Arc::clone(&instance.masked),
            rendered: Arc::clone(&instance.rendered),
            guard: Arc::new(InProgress(Arc::clone(&instance.requests))),
        })
    }

    fn find(&self, short: &str) -> Option<Arc<Instance>> {
        let open = self.0.open.read().unwrap_or_else(PoisonError::into_inner);
        open.get(short).map(Arc::clone)
    }

    /// Moves all orgs on: draining, they answer what they hold; ending, nobody waits for it any more.
    pub(crate) fn advance(&self, phase: Phase) {
        for instance in self.all() {
            instance.conductor.advance(phase);
        }
    }
}

/// Runs the parts of an org. They end only when it drains, so an end before that is a defect.
async fn watched(mut tasks: JoinSet<()>, phase: Listener, failed: mpsc::Sender<&'static str>) {
    let _ = tasks.join_next().await;
    if phase.phase() == Phase::Running {
        // One notice is enough.
        let _ = failed.try_send("a task");
    }
    while tasks.join_next().await.is_some() {}
}

/// Closes an org that is in the table no more.
async fn closed(instance: Arc<Instance>, drain: Duration) -> Result<(), Error> {
    let store = Weak::clone(&instance.store);
    let temporary = instance.finished(drain).await?;
    drop(instance);
    released(&store).await;
    let Some(temporary) = temporary else {
        return Ok(());
    };
    let path = temporary.path().to_owned();
    let removed = temporary.close();
    removed.map_err(|source| Error::Data { path, source })
}

/// Waits until nobody holds the store any more, so that it can be opened again.
async fn released(store: &Weak<dyn Reader>) {
    let released = async {
        while store.strong_count() > 0 {
            sleep(LOOK).await;
        }
    };
    if timeout(STORE_CLOSE_MAX, released).await.is_err() {
        warn!("store still in use: it closes with its last reader");
    }
}

impl Instance {
    /// Ends all work of the org, which has `drain` to come to its end.
    async fn finished(&self, drain: Duration) -> Result<Option<TempDir>, Error> {
        let ending = self
            .ending
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(Ending {
            writer,
            mut tasks,
            temporary,
        }) = ending
        else {
            return Ok(None);
        };
        self.conductor.advance(Phase::Draining);
        let drained = timeout(drain, async {
            // A task that has panicked has ended, too.
            let _ = (&mut tasks).await;
            while Arc::strong_count(&self.requests) > 1 {
                sleep(LOOK).await;
            }
        });
        let mut listening = self.listening.clone();
        let is_drained = tokio::select! {
            drained = drained => drained.is_ok(),
            () = listening.reached(Phase::Ending) => false,
        };
        if !is_drained {
            let requests = Arc::strong_count(&self.requests) - 1;
            warn!(org = %self.id, requests, "requests dropped: not finished in time");
            tasks.abort();
        }
        // Also for work that goes on without a request.
        self.conductor.advance(Phase::Ending);
        if let Err(error) = self.engine.save_usage().await {
            warn!(%error, "usage of the last minute not saved");
        }
        let saved = self.auth.stop().await;
        tokio::task::spawn_blocking(move || writer.stop())
            .await
            .map_err(|_| Error::Ended("the store's writer"))?;
        saved?;
        info!(org = %self.id, "org closed");
        Ok(temporary)
    }
}

/// The data folder of a configuration; a temporary one is removed with the second value.
pub(crate) fn data_folder(data: &Data) -> Result<(PathBuf, Option<TempDir>), Error> {
    match data {
        Data::Folder(folder) => {
            private::folder(folder)?;
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

/// The 15 characters of the org that an access token begins with.
fn org_of(token: &str) -> Option<&str> {
    let (org, _) = token.split_once('!')?;
    (org.len() == 15 && org.starts_with("00D")).then_some(org)
}

/// The access token of a request, wherever clients put it.
pub(crate) fn token_of(headers: &HeaderMap) -> Option<&str> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let authorization = text(header::AUTHORIZATION.as_str()).and_then(|value| {
        let (_, token) = value.split_once(' ')?;
        Some(token.trim())
    });
    authorization
        .or_else(|| text("accesstoken"))
        .or_else(|| text("x-sfdc-session"))
        .or_else(|| {
            let cookies = text(header::COOKIE.as_str())?.split(';');
            let mut pairs = cookies.filter_map(|cookie| cookie.trim().split_once('='));
            pairs.find(|(name, _)| *name == "sid").map(|(_, sid)| sid)
        })
}
