//! The Bulk API 2.0: jobs that change many records, given as CSV, in the background.
//!
//! Owns jobs, their data on disk and their results; it deliberately decides nothing about records. A job is a document,
//! its data a file that is streamed there and read from there, and what became of its records is a document for each
//! transaction, kept in the same commit as the records: a crash neither loses nor repeats one, and there is nothing to
//! repair. Start reading at [`Bulk`], then `job` (what a job is), `work` (how it is processed), `serve` (its resources).
//! Source: Bulk API 2.0 and Bulk API Developer Guide.

mod answer;
mod columns;
mod content;
mod definition;
mod error;
mod ingest;
mod job;
mod jobs;
mod multipart;
mod record;
mod render;
mod results;
mod serve;
mod work;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::routing::any;
use landfall_auth::Auth;
use landfall_engine::Engine;
use landfall_wire::ApiVersion;
use tokio::sync::watch;

pub use error::Error;

use content::Folder;
use jobs::Jobs;

/// The jobs of one org: cheap to clone.
#[derive(Clone)]
pub struct Bulk(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) auth: Auth,
    pub(crate) folder: Folder,
    pub(crate) jobs: Jobs,
}

impl Bulk {
    /// Reads the jobs that are kept. Their data is in the folder, which is made if it is not there; what no job owns is
    /// removed from it.
    ///
    /// # Errors
    /// [`Error`] if the store or the folder cannot be read.
    pub async fn open(engine: Engine, auth: Auth, folder: PathBuf) -> Result<Self, Error> {
        let jobs = Jobs::load(&engine).await?;
        let folder = Folder::open(folder, jobs.ids()).await?;
        Ok(Self(Arc::new(Shared {
            engine,
            auth,
            folder,
            jobs,
        })))
    }

    /// Processes jobs, those that a stop has interrupted first, until `stopping` says so; what has begun of them is then
    /// finished up to the end of a transaction.
    pub async fn run(self, stopping: watch::Receiver<bool>) {
        work::run(self.0, stopping).await;
    }

    /// The resources below `/services/data/vXX.0/jobs`.
    pub fn router(&self) -> Router {
        let mut router = Router::new();
        for version in ApiVersion::all_rest() {
            let path = format!("/services/data/v{version}/jobs/{{*path}}");
            router = router.route(&path, any(serve::jobs));
        }
        router.with_state(Arc::clone(&self.0))
    }
}
