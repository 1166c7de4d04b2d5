//! The resources of jobs that change records.
//!
//! Source: "Bulk API 2.0 Ingest" (Bulk API 2.0 and Bulk API Developer Guide).

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use http::header::CONTENT_ENCODING;
use landfall_model::limits::BULK_PAGE_JOBS_MAX;
use landfall_model::{BulkFault, Fault, RecordId};

use crate::definition::{Definition, wanted_state};
use crate::error::Error;
use crate::job::{Job, Progress, State};
use crate::jobs::Entry;
use crate::render::{self, Detail};
use crate::results::{self, Which};
use crate::serve::{Call, check_media_type, read, read_parts};
use crate::{Shared, answer};

/// Makes a job; one that brings its data is processed at once.
pub(crate) async fn create(shared: &Shared, call: &Call, body: Body) -> Result<Response, Fault> {
    let (body, content) = read_parts(call, body).await?;
    let definitions = shared.engine.definitions();
    let definition = Definition::read(&body, &definitions, &call.login)?;
    for outdated in shared.jobs.outdated(&shared.engine).await {
        forget(shared, &outdated).await?;
    }
    let (id, created) = shared.jobs.number(&shared.engine)?;
    let mut job = Job {
        id,
        operation: definition.operation,
        object: definition.object,
        external_id_field: definition.external_id_field,
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
        let length = shared.folder.receive(&job.id, content.into()).await?;
        job.content = Some(length);
        job.state = State::UploadComplete;
    }
    keep(shared, &job).await?;
    let shown = render::job(&job, Detail::Created);
    let waits = job.state == State::UploadComplete;
    let entry = shared.jobs.add(job);
    if waits {
        shared.jobs.enqueue(entry);
    }
    Ok(answer::json(shown))
}

/// Shows the jobs that the user may see, page by page.
pub(crate) async fn list(shared: &Shared, call: &Call) -> Result<Response, Fault> {
    let after = call.parameter("queryLocator");
    let jobs = shared.jobs.all().await;
    let mine = jobs.iter().filter(|job| may_see(call, job));
    let mut page: Vec<&Job> = match after.filter(|after| !after.is_empty()) {
        None => mine.collect(),
        Some(after) => mine.skip_while(|job| job.id != after).skip(1).collect(),
    };
    let is_last = page.len() <= BULK_PAGE_JOBS_MAX;
    page.truncate(BULK_PAGE_JOBS_MAX);
    let next = page.last().filter(|_| !is_last).map(|last| {
        let (version, id) = (call.version, &last.id);
        format!("/services/data/v{version}/jobs/ingest?queryLocator={id}")
    });
    Ok(answer::json(render::list(&page, next)))
}

/// Shows a job.
pub(crate) async fn show(shared: &Shared, call: &Call, id: &str) -> Result<Response, Fault> {
    let entry = find(shared, call, id).await?;
    let job = entry.lock().await;
    Ok(answer::json(render::job(&job, Detail::All)))
}

/// Has a job processed, or gives it up.
pub(crate) async fn change(
    shared: &Shared,
    call: &Call,
    id: &str,
    body: Body,
) -> Result<Response, Fault> {
    let wanted = wanted_state(&read(call, body).await?)?;
    let entry = find(shared, call, id).await?;
    let mut job = entry.lock().await;
    let state = job.state;
    if wanted == State::Aborted {
        if state.is_final() {
            let state = state.told();
            return Err(Fault::Bulk(BulkFault::Aborting { state }));
        }
    } else if state != State::Open {
        let state = state.told();
        return Err(Fault::Bulk(BulkFault::Closing { state }));
    }
    let changed = Job {
        // Without data there is nothing to wait for.
        state: if wanted == State::UploadComplete && job.content.is_none() {
            State::JobComplete
        } else {
            wanted
        },
        modified: shared.engine.clock().now().as_millis(),
        ..job.clone()
    };
    keep(shared, &changed).await?;
    let shown = Job {
        state: wanted,
        ..changed.clone()
    };
    *job = changed;
    if job.state == State::UploadComplete {
        shared.jobs.enqueue(Arc::clone(&entry));
    }
    Ok(answer::json(render::job(&shown, Detail::Changed)))
}

/// Forgets a job.
pub(crate) async fn delete(shared: &Shared, call: &Call, id: &str) -> Result<Response, Fault> {
    let entry = find(shared, call, id).await?;
    forget(shared, &entry).await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

/// Takes the data of a job.
pub(crate) async fn upload(
    shared: &Shared,
    call: &Call,
    id: &str,
    body: Body,
) -> Result<Response, Fault> {
    check_media_type(call, "text/csv")?;
    if let Some(encoding) = call.parts.headers.get(CONTENT_ENCODING) {
        return Err(Fault::MediaTypeUnsupported {
            media_type: String::from_utf8_lossy(encoding.as_bytes()).into_owned(),
        });
    }
    let entry = find(shared, call, id).await?;
    let uploading = shared.jobs.uploading(&entry.lock().await.id);
    let id = takes_data(&*entry.lock().await)?;
    let Some(_uploading) = uploading else {
        return Err(Fault::Bulk(BulkFault::ContentTwice { job: id }));
    };
    let length = shared.folder.receive(id.as_str(), body).await?;
    let mut job = entry.lock().await;
    // It may have ended while the data was on its way.
    if let Err(fault) = takes_data(&job) {
        let removed = shared.folder.remove(&job.id).await;
        removed.map_err(Error::fault)?;
        return Err(fault);
    }
    let changed = Job {
        content: Some(length),
        modified: shared.engine.clock().now().as_millis(),
        ..job.clone()
    };
    keep(shared, &changed).await?;
    *job = changed;
    Ok(answer::empty(StatusCode::CREATED))
}

/// Refuses data for a job that takes none; else its id.
fn takes_data(job: &Job) -> Result<RecordId, Fault> {
    if job.state != State::Open {
        let state = job.state.told();
        return Err(Fault::Bulk(BulkFault::Uploading { state }));
    }
    let id = RecordId::parse(&job.id).map_err(|_| Fault::ResourceNotFound)?;
    if job.content.is_some() {
        return Err(Fault::Bulk(BulkFault::ContentTwice { job: id }));
    }
    Ok(id)
}

/// Shows what became of the records of a job.
pub(crate) async fn results(
    shared: &Arc<Shared>,
    call: &Call,
    id: &str,
    which: Which,
) -> Result<Response, Fault> {
    let entry = find(shared, call, id).await?;
    let job = entry.lock().await.clone();
    if !job.state.is_final() {
        return Err(Fault::Bulk(BulkFault::ResultsEarly));
    }
    Ok(answer::csv(results::body(Arc::clone(shared), job, which)))
}

/// The job of an id, if the user may see it.
async fn find(shared: &Shared, call: &Call, id: &str) -> Result<Entry, Fault> {
    let entry = shared.jobs.find(id).ok_or(Fault::ResourceNotFound)?;
    let may = may_see(call, &*entry.lock().await);
    if may {
        Ok(entry)
    } else {
        Err(Fault::ResourceNotFound)
    }
}

fn may_see(call: &Call, job: &Job) -> bool {
    call.login.permissions.modify_all_data || call.login.user_id.as_str() == job.created_by
}

async fn keep(shared: &Shared, job: &Job) -> Result<(), Fault> {
    let kept = shared.engine.put(vec![job.document()]).await;
    kept.map_err(|error| Error::from(error).fault())
}

/// Forgets a job that has ended, or has not begun to be processed.
async fn forget(shared: &Shared, entry: &Entry) -> Result<(), Fault> {
    let mut job = entry.lock().await;
    if matches!(job.state, State::Open | State::InProgress) {
        return Err(Fault::Bulk(BulkFault::Deleting));
    }
    let forgotten = shared.engine.put(job.forgotten()).await;
    forgotten.map_err(|error| Error::from(error).fault())?;
    // It may still wait to be processed.
    job.state = State::Aborted;
    shared.jobs.remove(&job.id);
    shared.folder.remove(&job.id).await.map_err(Error::fault)
}
