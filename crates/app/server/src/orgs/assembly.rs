//! Which back end, which surfaces, and how they stand on one engine.

pub(crate) mod following;

use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use axum::Router;
use landfall_auth::{App, Auth, Grant, Scopes};
use landfall_bulk::Bulk;
use landfall_engine::{Engine, Lease, Parts, SeededEntropy, WriterThread, draw};
use landfall_mdapi::Mdapi;
use landfall_model::Timestamp;
use landfall_oauth::{BaseUrl, OauthState};
use landfall_pubsub::PubsubState;
use landfall_rest::RestState;
use landfall_soap::SoapState;
use landfall_store::{DocumentKind, JobFiles, Opened, Position, Reader};
use landfall_store_embedded::JobFolder;
use landfall_store_postgres::Lead;
use landfall_streaming::{Endpoint, Settings as StreamingSettings, StreamingState};
use landfall_tooling::Tooling;
use tempfile::NamedTempFile;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::api_documents::{self, DocumentsState};
use crate::config::{Config, Credentials, DEVELOPER_CLIENT, Mode, Template};
use crate::connections::Connections;
use crate::environment::Environment;
use crate::error::Error;
use crate::front::base_url::base_url;
use crate::node::health;
use crate::node::health::Health;
use crate::node::metrics::{self, MetricsState};
use crate::orgs::files::BULK_FOLDER;
use crate::orgs::orphans::Orphans;
use crate::orgs::project::features;
use crate::orgs::scrub::Scrub;
use crate::orgs::snapshots::Snapshots;
use crate::orgs::subscribers::Subscribers;
use crate::orgs::{disk, mark, project, rehearsal, retention, scrub, seeds, usage};
use crate::phase::{Listener, Phase};

/// The instance characters of the record ids of a new org.
const INSTANCE: [u8; 2] = *b"5f";

/// An org that is not in a file, in words.
const DATABASE: &str = "the PostgreSQL database of `store`";

/// What a connected app of the configuration may do.
const APP_SCOPES: &str = "api id web openid refresh_token";

/// An org with its surfaces.
pub(crate) struct Assembly {
    pub(crate) router: Router,
    pub(crate) streaming: Endpoint,
    pub(crate) subscribers: Arc<Subscribers>,
    pub(crate) snapshots: Arc<Snapshots>,
    pub(crate) health: Health,
    pub(crate) engine: Engine,
    pub(crate) auth: Auth,
    pub(crate) writer: WriterThread,
    /// What goes on beside requests; ends when the server drains.
    pub(crate) tasks: JoinSet<()>,
    /// Gone when the store's file is closed.
    pub(crate) store: Weak<dyn Reader>,
}

/// That a node of a cluster leads the org.
pub(crate) struct Leading {
    pub(crate) lead: Lead,
    /// No other node leads as long as it holds.
    pub(crate) lease: Lease,
}

/// Opens the store, of a node of a cluster with the lead of the org, and puts everything on it.
///
/// # Errors
/// [`Error::Store`], [`Error::Engine`], [`Error::Auth`], [`Error::Unsafe`].
pub(crate) async fn assemble(
    config: &Config,
    (file, lead): (PathBuf, Option<Leading>),
    mut environment: Environment,
    phase: Listener,
    authority: Option<Arc<str>>,
    connections: Arc<Connections>,
) -> Result<Assembly, Error> {
    let bulk_folder = file.with_file_name(BULK_FOLDER);
    let is_new = !file.exists();
    let is_copy = is_new && copied(config, &file)?;
    let lease = lead.as_ref().map(|leading| leading.lease.clone());
    let lead = lead.map(|leading| leading.lead);
    let store = open_store(config, &file, &bulk_folder, lead).await?;
    let reader = Arc::downgrade(&store.reader);
    let job_files = job_files(&*store.reader, bulk_folder)?;
    let position = position(&store, &file)?;
    if config.random_seed.is_some() && !is_new {
        // What was drawn before the newest commit is not drawn again.
        let seed = u64::from_le_bytes(draw(&*environment.entropy));
        let seed = seed ^ position.commit_number.get();
        environment.entropy = Arc::new(SeededEntropy::new(seed));
    }
    let is_limited = lease.is_some();
    let lease = lease.unwrap_or_else(Lease::unlimited);
    let (engine, writer) = started(config, store, environment, (is_copy, lease))?;
    check_mark(config, &file, &engine)?;
    if is_new && !is_copy {
        keep(config, &engine).await?;
    }
    let auth = Auth::open(engine.clone(), config.logins.clone()).await?;
    refuse_mixed(&config.mode, &auth).await?;
    seed(config, &auth).await?;
    let mut tasks = JoinSet::new();
    if is_limited {
        tasks.spawn(watch_lease(engine.clone(), phase.clone()));
    }
    let project = deploy(config, &engine, &phase, &mut tasks).await?;
    let snapshots = Snapshots::beside(
        &file,
        &engine,
        project,
        config.data.is_durable(),
        phase.clone(),
    );
    seed_records(config, &engine, &snapshots, is_new).await?;
    let scrub = look_after(config, &engine, &phase, position.appended_at, &mut tasks);
    let bulk = Bulk::open(engine.clone(), auth.clone(), job_files).await?;
    let stopping = stopping(phase.clone(), &mut tasks);
    tasks.spawn(bulk.clone().run(stopping.clone()));
    let mdapi = Mdapi::open(engine.clone(), auth.clone(), Arc::new(base_url)).await?;
    tasks.spawn(mdapi.clone().run(stopping.clone()));
    let health = Health {
        engine: engine.clone(),
        phase,
        authority,
        scrub,
    };
    let (mut router, streaming, subscribers) =
        router(config, &auth, stopping, &health, connections, &mut tasks);
    router = router.merge(bulk.router()).merge(mdapi.router());
    if config.reflection {
        router = router.merge(landfall_pubsub::reflection()?);
    }
    Ok(Assembly {
        router,
        streaming,
        subscribers,
        snapshots: Arc::new(snapshots),
        health,
        engine,
        auth,
        writer,
        tasks,
        store: reader,
    })
}

/// Has subscribers notice that the lease lapses, until the org closes.
async fn watch_lease(engine: Engine, mut phase: Listener) {
    let lease = engine.lease().clone();
    tokio::select! {
        never = lease.watch() => match never {},
        () = phase.reached(Phase::Draining) => {}
    }
}

/// Starts the engine on a store.
fn started(
    config: &Config,
    store: Opened,
    environment: Environment,
    (is_copy, lease): (bool, Lease),
) -> Result<(Engine, WriterThread), Error> {
    let start = if is_copy {
        Engine::start_on_copy
    } else {
        Engine::start
    };
    Ok(start(parts(config, store, environment, lease))?)
}

/// What an engine is made of, on a store that it writes to or reads along.
fn parts<S>(config: &Config, store: S, environment: Environment, lease: Lease) -> Parts<S> {
    Parts {
        store,
        clock: environment.clock,
        entropy: environment.entropy,
        instance: INSTANCE,
        reserve_bytes: config.reserve_bytes,
        retention_hours: config.retention_hours,
        capture_all: config.capture_all,
        capture_rules: config.capture_rules,
        streams: config.streams,
        allocations: config.allocations,
        lease,
    }
}

/// Refuses a folder of another org, where the folder stays.
fn check_mark(config: &Config, file: &Path, engine: &Engine) -> Result<(), Error> {
    if !config.data.is_durable() {
        return Ok(());
    }
    mark::check_after(file, &named(config, file), engine.org().id)
}

/// Copies what another org has begun with, if that is kept.
fn copied(config: &Config, file: &Path) -> Result<bool, Error> {
    let Some(begun) = config.template.as_ref().and_then(Template::file) else {
        return Ok(false);
    };
    let copied = std::fs::copy(begun, file);
    copied.map_err(|source| Error::Data {
        path: file.to_owned(),
        source,
    })?;
    Ok(true)
}

/// Keeps what an org has begun with, if it is to be kept.
async fn keep(config: &Config, engine: &Engine) -> Result<(), Error> {
    let Some(template) = &config.template else {
        return Ok(());
    };
    let file = NamedTempFile::with_prefix("landfall-").map_err(|source| Error::Data {
        path: std::env::temp_dir(),
        source,
    })?;
    let file = file.into_temp_path();
    engine.save(file.to_path_buf()).await?;
    template.keep(file);
    Ok(())
}

/// Switches the features of the settings on or off, and deploys the project, now and whenever its files change.
async fn deploy(
    config: &Config,
    engine: &Engine,
    phase: &Listener,
    tasks: &mut JoinSet<()>,
) -> Result<Option<project::Source>, Error> {
    // What a project needs is there before it, and what it needed is gone after it.
    let mut gone = Vec::new();
    match features::change(engine, &config.features) {
        features::Change::Nothing => (),
        features::Change::On(steps) => features::switch(engine, steps).await?,
        features::Change::Off(steps) => gone = steps,
    }
    let Some(folder) = &config.project else {
        if !gone.is_empty() {
            features::switch(engine, gone).await?;
        }
        return Ok(None);
    };
    let source = project::Source {
        folder: folder.clone(),
        strict: config.strict,
    };
    let seen = project::deploy(engine, &source).await?;
    if !gone.is_empty() {
        features::switch(engine, gone).await?;
    }
    let watched = project::watch(engine.clone(), source.clone(), seen, phase.clone());
    tasks.spawn(watched);
    Ok(Some(source))
}

/// Loads the records of the seeds; a developer org keeps what it is before and after, to return to it.
async fn seed_records(
    config: &Config,
    engine: &Engine,
    snapshots: &Snapshots,
    is_new: bool,
) -> Result<(), Error> {
    let is_controlled = config.mode == Mode::Developer;
    if is_controlled && is_new && !config.seeds.is_empty() {
        snapshots.keep_empty().await?;
    }
    let loaded = seeds::load(engine, &config.seeds).await?;
    if is_controlled && (is_new || loaded) {
        snapshots.keep_seed().await?;
    }
    Ok(())
}

/// The store that is configured: a database, or a file in the data folder.
async fn open_store(
    config: &Config,
    file: &Path,
    bulk: &Path,
    lead: Option<Lead>,
) -> Result<Opened, Error> {
    let Some(url) = &config.store else {
        mark::check_before(file, bulk)?;
        Orphans::beside(file)?.log(file);
        refuse_nameless(config, &file.display().to_string(), file.exists())?;
        let store = if config.data.is_durable() {
            landfall_store_embedded::Config::new(file)
        } else {
            landfall_store_embedded::Config::ephemeral(file)
        };
        return landfall_store_embedded::open(&store).map_err(|source| Error::Store {
            path: file.to_owned(),
            source,
        });
    };
    let database = landfall_store_postgres::Config {
        feeds: lead.is_some(),
        lead,
        ..landfall_store_postgres::Config::new(url.expose())
    };
    // It waits for the server, and for the lock of a process that is just ending.
    let opened = tokio::task::spawn_blocking(move || landfall_store_postgres::open(&database));
    let opened = opened
        .await
        .map_err(|_| Error::Ended("opening the store"))?;
    let store = opened.map_err(Error::Database)?;
    let position = store.reader.position().map_err(Error::Database)?;
    refuse_nameless(config, DATABASE, position != Position::ORIGIN)?;
    Ok(store)
}

/// The files of jobs: in the store, or in a folder next to its file.
fn job_files(store: &dyn Reader, folder: PathBuf) -> Result<Arc<dyn JobFiles>, Error> {
    if let Some(files) = store.job_files() {
        return Ok(files);
    }
    match JobFolder::open(&folder) {
        Ok(files) => Ok(Arc::new(files)),
        Err(source) => Err(Error::Data {
            path: folder,
            source,
        }),
    }
}

/// What the org is stored in, in words.
fn named(config: &Config, file: &Path) -> String {
    match &config.store {
        Some(_) => DATABASE.to_owned(),
        None => file.display().to_string(),
    }
}

/// Where the store is at this start.
fn position(store: &Opened, file: &Path) -> Result<Position, Error> {
    store.reader.position().map_err(|source| Error::Store {
        path: file.to_owned(),
        source,
    })
}

/// What goes on beside requests for the sake of the store. PostgreSQL checks what it stores by itself.
fn look_after(
    config: &Config,
    engine: &Engine,
    phase: &Listener,
    newest: Timestamp,
    tasks: &mut JoinSet<()>,
) -> Arc<Scrub> {
    tasks.spawn(retention::run(engine.clone(), phase.clone(), newest));
    tasks.spawn(disk::run(engine.clone(), phase.clone()));
    tasks.spawn(usage::run(engine.clone(), phase.clone()));
    if config.mode == Mode::Developer {
        tasks.spawn(rehearsal::release_held(engine.clone(), phase.clone()));
    }
    let scrub = Arc::new(Scrub::default());
    // A task of its own only where there is something for it to do: one that ends is taken for a fault.
    let pace = NonZeroU64::new(config.scrub_mib_per_minute);
    let is_kept = config.store.is_none() && config.data.is_durable();
    if let Some(pace) = pace.filter(|_| is_kept) {
        tasks.spawn(scrub::run(
            engine.clone(),
            phase.clone(),
            Arc::clone(&scrub),
            pace,
        ));
    }
    scrub
}

fn router(
    config: &Config,
    auth: &Auth,
    stopping: watch::Receiver<bool>,
    health: &Health,
    connections: Arc<Connections>,
    tasks: &mut JoinSet<()>,
) -> (Router, Endpoint, Arc<Subscribers>) {
    let engine = &health.engine;
    let streaming = streaming(config, auth, stopping.clone());
    tasks.spawn(streaming.clone().sweep());
    if config.login_events {
        tasks.spawn(auth.publish_logins(stopping.clone()));
    }
    let pubsub = PubsubState::new(engine.clone(), auth.clone(), config.pubsub, stopping);
    let endpoint = Endpoint::new(streaming.clone());
    let subscribers = Arc::new(Subscribers {
        streaming: streaming.clone(),
        pubsub: pubsub.clone(),
        auth: auth.clone(),
    });
    if config.mode == Mode::Developer {
        let (engine, subscribers) = (engine.clone(), Arc::clone(&subscribers));
        tasks.spawn(rehearsal::end_restarted(
            engine,
            subscribers,
            health.phase.clone(),
        ));
    }
    let router = Router::new()
        .merge(health::router(health.clone()))
        .merge(metrics::router(MetricsState {
            engine: engine.clone(),
            auth: auth.clone(),
            readers: config.metrics.clone(),
            connections,
            scrub: Arc::clone(&health.scrub),
            streaming,
            pubsub: pubsub.clone(),
        }))
        .merge(api_documents::router(DocumentsState {
            engine: engine.clone(),
            auth: auth.clone(),
            for_logins: config.mode != Mode::Developer,
        }))
        .merge(landfall_rest::router(RestState {
            engine: engine.clone(),
            auth: auth.clone(),
            base_url: Arc::new(base_url),
            virtual_objects: Arc::new(Tooling::new(engine.clone())),
        }))
        .merge(landfall_soap::router(SoapState {
            engine: engine.clone(),
            auth: auth.clone(),
            base_url: Arc::new(base_url),
        }))
        .merge(landfall_oauth::router(OauthState {
            auth: auth.clone(),
            base_url: BaseUrl::of_request(),
            audience: audience(config),
        }))
        .merge(endpoint.router())
        .merge(landfall_pubsub::router(pubsub))
        .fallback(health::nobodys);
    (router, endpoint, subscribers)
}

/// The Streaming API.
fn streaming(config: &Config, auth: &Auth, stopping: watch::Receiver<bool>) -> StreamingState {
    let settings = StreamingSettings {
        strict_cookies: config.strict_cookies,
        dynamic_channels: config.dynamic_channels,
        ..StreamingSettings::default()
    };
    StreamingState::new(auth.engine().clone(), auth.clone(), settings, stopping)
}

/// What an assertion may name as its audience besides the login hosts of the service. The `Host` header of a request
/// decides it in a developer org only, which answers to none but its own names.
fn audience(config: &Config) -> Option<BaseUrl> {
    match (&config.public_url, &config.mode) {
        (Some(url), _) => Some(BaseUrl::fixed(url.as_str())),
        (None, Mode::Developer) => Some(BaseUrl::of_request()),
        (None, Mode::Production { .. }) => None,
    }
}

/// Signals the APIs when held requests are to be answered.
fn stopping(mut phase: Listener, tasks: &mut JoinSet<()>) -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(false);
    tasks.spawn(async move {
        phase.reached(Phase::Draining).await;
        // Nobody listens any more when every surface is gone already.
        let _ = sender.send(true);
    });
    receiver
}

/// A new production org without an administrator would be one that nobody can log in to.
fn refuse_nameless(config: &Config, named: &str, exists: bool) -> Result<(), Error> {
    match &config.mode {
        Mode::Production { admin: None, .. } if !exists => Err(Error::Incomplete {
            reason: format!(
                "{named} is a new org without an administrator: set `admin.username` and `admin.password_file`"
            ),
        }),
        Mode::Production { .. } | Mode::Developer => Ok(()),
    }
}

/// An org is for development or for production from its beginning: known credentials never get into a production org,
/// and an org that has them never becomes one.
async fn refuse_mixed(mode: &Mode, auth: &Auth) -> Result<(), Error> {
    // The key alone says nothing: a production org may have an app of the same one, with a secret of its own.
    let known = auth.app(DEVELOPER_CLIENT);
    let is_developers = known.is_some_and(|app| app.secret == DEVELOPER_CLIENT);
    match mode {
        Mode::Production { .. } if is_developers => Err(Error::Unsafe {
            reason: "the data folder contains a developer org, which has known credentials"
                .to_owned(),
            hint: "serve another folder with --data DIR".to_owned(),
        }),
        Mode::Developer if !is_developers => {
            let credentials = auth.engine().documents(DocumentKind::Credential).await?;
            if credentials.is_empty() {
                return Ok(());
            }
            Err(Error::Unsafe {
                reason: "the data folder contains a production org, and dev would give it known credentials"
                    .to_owned(),
                hint: "develop in another folder with --data DIR".to_owned(),
            })
        }
        Mode::Production { .. } | Mode::Developer => Ok(()),
    }
}

async fn seed(config: &Config, auth: &Auth) -> Result<(), Error> {
    let policy = config.app_policy.clone();
    let (admin, connected_app) = match &config.mode {
        Mode::Developer => {
            let names = &config.developer;
            return Ok(auth.seed_developer_as(names, policy).await?);
        }
        Mode::Production {
            admin,
            connected_app,
        } => (admin, connected_app),
    };
    let admin = match admin {
        Some(Credentials { name, secret }) => Some(auth.create_admin(name, secret.expose()).await?),
        None => None,
    };
    let Some(Credentials { name, secret }) = connected_app else {
        return Ok(());
    };
    auth.ensure_app(App {
        client_id: name.clone(),
        secret: secret.expose().to_owned(),
        secret_required: true,
        grants: Grant::ALL.to_vec(),
        scopes: config
            .app_scopes
            .clone()
            .unwrap_or_else(|| Scopes::parse(APP_SCOPES)),
        run_as: admin,
        policy,
    })
    .await?;
    Ok(())
}
