//! The Metadata API: deployments of zip files, retrievals, and what there is to retrieve, over SOAP and REST.
//!
//! Owns deployments, zip files and their manifests; it deliberately decides nothing about components, which the engine
//! keeps and `landfall-metadata` understands. A deployment is a document from when it is asked for, its zip file another:
//! one that a crash interrupted is done again at the next start, which changes nothing that was changed already. Start
//! reading at [`Mdapi`], then `serve` (what is asked over SOAP), `bundle` (what a zip file asks for) and `work` (how it is
//! done).
//! Source: Metadata API Developer Guide; the calls of the `sf` CLI.

mod answer;
mod archive;
mod bundle;
mod calls;
mod choice;
mod deploy;
mod deployment;
mod describe;
mod error;
mod jobs;
mod list;
mod manifest;
mod options;
mod people;
mod rest;
mod retrieval;
mod retrieve;
mod serve;
mod value;
mod work;

use std::sync::Arc;

use axum::Router;
use axum::routing::any;
use landfall_auth::{Auth, Login};
use landfall_engine::Engine;
use landfall_model::limits::METADATA_REQUESTS_AT_ONCE_MAX;
use landfall_model::{Fault, MetadataFault};
use landfall_wire::ApiVersion;
use tokio::sync::{Semaphore, SemaphorePermit, watch};

pub use archive::{Entry, read as unzip, write as zip};
pub use bundle::{Bundle, is_wanted, read as bundle};
pub use error::Error;
pub use options::Options;
pub use rest::resources;
pub use serve::operations;

use jobs::Jobs;
use retrieval::Retrievals;

/// Returns scheme and authority of a request as its client sees them: `https://localhost:7443`.
pub type BaseUrl = Arc<dyn Fn(&http::request::Parts) -> String + Send + Sync>;

/// The Metadata API of one org: cheap to clone.
#[derive(Clone)]
pub struct Mdapi(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) auth: Auth,
    pub(crate) base_url: BaseUrl,
    pub(crate) jobs: Jobs,
    pub(crate) retrievals: Retrievals,
    /// Turns to have a request in memory, for clients that are known.
    pub(crate) reading: Semaphore,
}

impl Shared {
    /// Waits for a turn to have a request in memory.
    ///
    /// # Errors
    /// [`landfall_engine::Error::Stopped`].
    pub(crate) async fn turn(&self) -> Result<SemaphorePermit<'_>, Error> {
        let turn = self.reading.acquire().await;
        Ok(turn.map_err(|_| landfall_engine::Error::Stopped)?)
    }
}

impl Mdapi {
    /// Reads the deployments that are kept.
    ///
    /// # Errors
    /// [`Error`] if they cannot be read.
    pub async fn open(engine: Engine, auth: Auth, base_url: BaseUrl) -> Result<Self, Error> {
        Ok(Self(Arc::new(Shared {
            jobs: Jobs::load(&engine).await?,
            retrievals: Retrievals::load(&engine).await?,
            engine,
            auth,
            base_url,
            reading: Semaphore::new(METADATA_REQUESTS_AT_ONCE_MAX),
        })))
    }

    /// Does the deployments that wait, those that a stop has interrupted first, until `stopping` says so.
    pub async fn run(self, stopping: watch::Receiver<bool>) {
        work::run(self.0, stopping).await;
    }

    /// The endpoint below `/services/Soap/m`, and `/services/data/vXX.0/metadata`.
    pub fn router(&self) -> Router {
        let mut router = Router::new().route("/services/Soap/m/{*path}", any(serve::metadata));
        for version in ApiVersion::all_rest() {
            let path = format!("/services/data/v{version}/metadata/{{*path}}");
            router = router.route(&path, any(rest::metadata));
        }
        router.with_state(Arc::clone(&self.0))
    }
}

/// Whether a user may use the Metadata API.
///
/// Source: "Metadata API Developer Guide", "User Permissions": Modify All Data, or Modify Metadata Through Metadata API
/// Functions, which comes with customizing the application here.
fn check_permitted(login: &Login) -> Result<(), Fault> {
    let permissions = login.permissions();
    if permissions.modify_all_data || permissions.customize_application {
        Ok(())
    } else {
        Err(Fault::Metadata(MetadataFault::AccessDenied))
    }
}
