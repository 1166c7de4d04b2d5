//! An org that another node of a cluster writes to: what delivers events, on an engine that follows.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use landfall_auth::Auth;
use landfall_engine::{Engine, Lease};
use landfall_pubsub::PubsubState;
use landfall_store::Reader;
use landfall_streaming::Endpoint;
use tokio::task::JoinSet;

use super::{Assembly, parts, stopping, streaming, watch_lease};
use crate::cluster::Following;
use crate::config::Config;
use crate::environment::Environment;
use crate::error::Error;
use crate::node::health::{self, Health};
use crate::orgs::scrub::Scrub;
use crate::orgs::snapshots::Snapshots;
use crate::orgs::subscribers::Subscribers;
use crate::phase::Listener;

/// Opens the store to read along, and puts on it what delivers events.
///
/// # Errors
/// [`Error::Database`], [`Error::Engine`], [`Error::Auth`].
pub(crate) async fn assemble(
    config: &Config,
    file: &Path,
    following: Following,
    environment: Environment,
    phase: Listener,
) -> Result<Assembly, Error> {
    let store = open_store(config).await?;
    let reader = Arc::downgrade(&store);
    let (engine, writer) = Engine::follow(parts(config, store, environment, Lease::lapsed()))?;
    let auth = Auth::open(engine.clone(), config.logins.clone()).await?;
    // From now on the lease holds.
    engine.catch_up().await?;
    let mut tasks = JoinSet::new();
    tasks.spawn(watch_lease(engine.clone(), phase.clone()));
    tasks.spawn(following.clone().follow(engine.clone(), phase.clone()));
    tasks.spawn(following.report(engine.clone(), auth.clone(), phase.clone()));
    let stopping = stopping(phase.clone(), &mut tasks);
    let streaming = streaming(config, &auth, stopping.clone());
    tasks.spawn(streaming.clone().sweep());
    let pubsub = PubsubState::new(engine.clone(), auth.clone(), config.pubsub, stopping);
    let endpoint = Endpoint::new(streaming.clone());
    let router = Router::new()
        .merge(endpoint.router())
        .merge(landfall_pubsub::router(pubsub.clone()))
        .fallback(health::nobodys);
    let snapshots = Snapshots::beside(file, &engine, None, false, phase.clone());
    Ok(Assembly {
        router,
        streaming: endpoint,
        subscribers: Arc::new(Subscribers {
            streaming,
            pubsub,
            auth: auth.clone(),
        }),
        snapshots: Arc::new(snapshots),
        health: Health {
            engine: engine.clone(),
            phase,
            authority: None,
            scrub: Arc::new(Scrub::default()),
        },
        engine,
        auth,
        writer,
        tasks,
        store: reader,
    })
}

/// The database, to read along.
async fn open_store(config: &Config) -> Result<Arc<dyn Reader>, Error> {
    let Some(url) = &config.store else {
        return Err(Error::Incomplete {
            reason: "a node of a cluster needs a PostgreSQL database: set `store`".to_owned(),
        });
    };
    let database = landfall_store_postgres::Config::new(url.expose());
    let opened = tokio::task::spawn_blocking(move || landfall_store_postgres::follow(&database));
    let opened = opened
        .await
        .map_err(|_| Error::Ended("opening the store"))?;
    opened.map_err(Error::Database)
}
