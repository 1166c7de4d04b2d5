//! The Bulk API 2.0, and the one before: jobs that change or find many records in the background.
//!
//! Owns jobs, their files and their results; it deliberately decides nothing about records. A job is a document. The data
//! of one that changes records is a file that is streamed there and read from there, and their results are a
//! document for each transaction, kept in the same commit as the records: a crash neither loses nor repeats one, and there
//! is nothing to repair. What a query finds becomes a file, whole or not at all. Start reading at [`Bulk`], then `job`
//! (what a job is), `work` (who processes it), `change` and `find` (how), `serve` (its resources); `classic` is the
//! API before 2.0.
//! Source: Bulk API 2.0 and Bulk API Developer Guide.

mod answer;
mod body;
mod change;
mod classic;
mod columns;
mod content;
mod definition;
mod error;
mod event;
mod find;
mod folder;
mod ingest;
mod job;
mod job_file;
mod jobs;
mod leftovers;
mod lifecycle;
mod lines;
mod pages;
mod query;
mod record;
mod render;
mod results;
mod serve;
mod sheet;
mod slot;
mod stream;
mod table;
mod work;

use std::sync::Arc;

use axum::Router;
use axum::routing::any;
use landfall_auth::Auth;
use landfall_engine::Engine;
use landfall_model::limits::{
    BULK_CONVERSIONS_AT_ONCE_MAX, BULK_QUERIES_AT_ONCE_MAX, COMPRESSED_BYTES_MIN,
};
use landfall_store::JobFiles;
use landfall_wire::ApiVersion;
use tokio::sync::{Semaphore, watch};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;
use tower_http::decompression::RequestDecompressionLayer;

pub use classic::serve::classic_resources;
pub use classic::{from_json, from_xml};
pub use content::{Chunk, Records, Unread};
pub use error::Error;
pub use job::Delimiter;
pub use job_file::JobFile;
pub use serve::resources;

use folder::Folder;
use jobs::Jobs;

/// The jobs of one org: cheap to clone.
#[derive(Clone)]
pub struct Bulk(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) auth: Auth,
    pub(crate) folder: Folder,
    pub(crate) jobs: Jobs,
    /// Queries that may still begin.
    pub(crate) querying: Semaphore,
    /// Batches that may still be turned into CSV.
    pub(crate) converting: Semaphore,
}

impl Bulk {
    /// Reads the jobs that are kept. Their data is in these files, of which those of jobs that are not there any more are
    /// removed.
    ///
    /// # Errors
    /// [`Error`] if the store or the files cannot be read.
    pub async fn open(engine: Engine, auth: Auth, files: Arc<dyn JobFiles>) -> Result<Self, Error> {
        let jobs = Jobs::load(&engine).await?;
        let folder = Folder::open(engine.clone(), files, jobs.ids()).await?;
        Ok(Self(Arc::new(Shared {
            engine,
            auth,
            folder,
            jobs,
            querying: Semaphore::new(BULK_QUERIES_AT_ONCE_MAX),
            converting: Semaphore::new(BULK_CONVERSIONS_AT_ONCE_MAX),
        })))
    }

    /// Processes jobs, those that a stop has interrupted first, until `stopping` says so; what has begun of them is then
    /// finished up to the end of a transaction.
    pub async fn run(self, stopping: watch::Receiver<bool>) {
        work::run(self.0, stopping).await;
    }

    /// The resources below `/services/data/vXX.0/jobs` and `/services/async/XX.0`.
    pub fn router(&self) -> Router {
        let mut router = Router::new();
        for version in ApiVersion::all_rest() {
            let path = format!("/services/data/v{version}/jobs/{{*path}}");
            router = router.route(&path, any(serve::jobs));
        }
        router = router.route("/services/async/{*path}", any(classic::serve::classic));
        router
            .layer(
                CompressionLayer::new()
                    .quality(CompressionLevel::Fastest)
                    .compress_when(SizeAbove::new(COMPRESSED_BYTES_MIN)),
            )
            // An encoding that is not unpacked here is refused where the body is read.
            .layer(RequestDecompressionLayer::new().pass_through_unaccepted(true))
            .with_state(Arc::clone(&self.0))
    }
}
