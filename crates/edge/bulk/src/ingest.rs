//! The resources of jobs that change records.
//!
//! Source: "Bulk API 2.0 Ingest" (Bulk API 2.0 and Bulk API Developer Guide).

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use landfall_model::limits::BULK_CONTENT_BYTES_MAX;
use landfall_model::{BulkFault, Fault, RecordId, RequestFault};

use crate::definition::{Definition, requested_state};
use crate::error::Error;
use crate::job::{Job, Kind, Progress, State, Work};
use crate::lifecycle::{find, keep};
use crate::render::{self, Detail};
use crate::results::{self, Which};
use crate::serve::{Call, check_media_type, read, read_parts};
use crate::{Shared, answer, lifecycle};

/// Makes a job; one that brings its data is processed at once.
pub(crate) async fn create(shared: &Shared, call: &Call, body: Body) -> Result<Response, Fault> {
    shared.engine.check_reserve()?;
    let (body, content) = read_parts(call, body).await?;
    let definitions = call.login.definitions();
    let definition = Definition::read(&body, &definitions, &call.login)?;
    lifecycle::forget_outdated(shared).await?;
    let (id, created) = shared.jobs.number(&shared.engine)?;
    let mut job = Job {
        id,
        work: Work::Change(definition.changing),
        object: definition.object,
        batch_of: None,
        delimiter: definition.delimiter,
        line_ending: definition.line_ending,
        version: call.version.number(),
        created_by: call.login.user_id.to_string(),
        origin: call.origin(),
        created,
        modified: created,
        state: State::Open,
        content: None,
        progress: Progress::default(),
        error: None,
    };
    if let Some(content) = content {
        let length = receive(shared, &job.id, content.into()).await?;
        job.content = Some(length);
        job.state = State::UploadComplete;
    }
    let shown = render::job(&job, Detail::Created);
    lifecycle::begin(shared, call, job).await?;
    Ok(answer::json(shown))
}

/// Has a job processed, or gives it up.
pub(crate) async fn change(
    shared: &Shared,
    call: &Call,
    id: &str,
    body: Body,
) -> Result<Response, Fault> {
    let requested = requested_state(&read(call, body).await?)?;
    let entry = find(shared, call, (Kind::Ingest, id))?;
    lifecycle::change(shared, call, &entry, requested).await
}

/// Takes the data of a job.
pub(crate) async fn upload(
    shared: &Shared,
    call: &Call,
    id: &str,
    body: Body,
) -> Result<Response, Fault> {
    check_media_type(call, "text/csv")?;
    let entry = find(shared, call, (Kind::Ingest, id))?;
    let job = entry.get();
    let uploading = shared.jobs.uploading(&job.id);
    let id = takes_data(&job)?;
    let Some(_uploading) = uploading else {
        return Err(Fault::Bulk(BulkFault::ContentTwice { job: id }));
    };
    let length = receive(shared, id.as_str(), body).await?;
    let changing = entry.change().await;
    let job = changing.get();
    // It may have ended while the data was on its way.
    if let Err(fault) = takes_data(&job) {
        let removed = shared.folder.remove(&job.id).await;
        removed.map_err(Error::fault)?;
        return Err(fault);
    }
    let changed = Job {
        content: Some(length),
        modified: shared.engine.clock().now().as_millis(),
        ..Job::clone(&job)
    };
    keep(shared, &changed).await?;
    changing.set(changed);
    Ok(answer::empty(StatusCode::CREATED))
}

/// Keeps the data of a job; says how many bytes it has.
async fn receive(shared: &Shared, id: &str, body: Body) -> Result<u64, Fault> {
    let folder = &shared.folder;
    folder.receive(id, body, BULK_CONTENT_BYTES_MAX).await
}

/// Refuses data for a job that takes none; else its id.
fn takes_data(job: &Job) -> Result<RecordId, Fault> {
    if job.state != State::Open {
        let state = job.state.in_errors();
        return Err(Fault::Bulk(BulkFault::Uploading { state }));
    }
    let id =
        RecordId::parse(&job.id).map_err(|_| Fault::Request(RequestFault::ResourceNotFound))?;
    if job.content.is_some() {
        return Err(Fault::Bulk(BulkFault::ContentTwice { job: id }));
    }
    Ok(id)
}

/// Shows the results of the records of a job.
pub(crate) fn results(
    shared: &Arc<Shared>,
    call: &Call,
    id: &str,
    which: Which,
) -> Result<Response, Fault> {
    let job = find(shared, call, (Kind::Ingest, id))?.get();
    if !job.state.is_final() {
        return Err(Fault::Bulk(BulkFault::ResultsEarly));
    }
    Ok(answer::csv(results::body(Arc::clone(shared), job, which)))
}
