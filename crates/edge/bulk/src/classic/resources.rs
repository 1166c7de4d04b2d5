//! What is done with jobs that have batches, and with their batches.
//!
//! Source: "Work with Jobs", "Work with Batches" (Bulk API 2.0 and Bulk API Developer Guide).

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use landfall_model::limits::{
    BULK_BATCH_BYTES_MAX, BULK_BODY_BYTES_MAX, BULK_CONTENT_BYTES_MAX, BULK_QUERY_BODY_BYTES_MAX,
};
use landfall_model::{BulkFault, Fault, ServiceFault};

use super::job::{Classic, Stage, Task};
use super::serve::ClassicCall;
use super::{info, read, records};
use crate::body::{held, read_classic};
use crate::error::Error;
use crate::job::{Batch, Changing, Delimiter, Form, Job, LineEnding, Progress, Query, State, Work};
use crate::jobs::{ClassicEntry, Entry};
use crate::{Shared, answer, lifecycle};

/// Makes a job.
pub(super) async fn create(
    shared: &Shared,
    call: &ClassicCall,
    body: Body,
) -> Result<Response, Fault> {
    shared.engine.check_reserve()?;
    let body = read_classic(body, BULK_BODY_BYTES_MAX).await?;
    let definitions = call.login.definitions();
    let requested = read::definition(&body, call.form, &definitions, &call.login)?;
    lifecycle::forget_outdated(shared).await?;
    let (id, created) = shared.jobs.number(&shared.engine)?;
    let job = Classic {
        id,
        task: requested.task,
        object: requested.object,
        form: requested.form,
        serial: requested.serial,
        version: call.version.number(),
        created_by: call.login.user_id.to_string(),
        origin: call.origin.clone(),
        created,
        modified: created,
        state: Stage::Open,
        batches: Vec::new(),
    };
    let kept = shared.engine.put(vec![job.document()]).await;
    kept.map_err(|error| Error::from(error).fault())?;
    let shown = info::job(&job, &[], call.form);
    shared.jobs.add_classic(job);
    Ok(answer::formed(StatusCode::CREATED, call.form, shown))
}

/// Shows a job.
pub(super) fn show(shared: &Shared, entry: &ClassicEntry) -> Response {
    let job = entry.get();
    let batches = all(shared, &job);
    let shown = info::job(&job, &batches, job.form);
    answer::formed(StatusCode::OK, job.form, shown)
}

/// Closes a job, or gives it up with the batches that still wait.
pub(super) async fn change(
    shared: &Shared,
    call: &ClassicCall,
    entry: &ClassicEntry,
    body: Body,
) -> Result<Response, Fault> {
    let body = read_classic(body, BULK_BODY_BYTES_MAX).await?;
    let requested = read::requested_state(&body, call.form)?;
    let changing = entry.change().await;
    let job = changing.get();
    let state = job.state;
    match (state, requested) {
        (Stage::Open, _) | (Stage::Closed, Stage::Aborted) => {}
        (Stage::Aborted, Stage::Aborted) => {
            let state = state.as_str();
            return Err(Fault::Bulk(BulkFault::Aborting { state }));
        }
        (Stage::Closed | Stage::Aborted, Stage::Open | Stage::Closed) => {
            let state = state.as_str();
            return Err(Fault::Bulk(BulkFault::Closing { state }));
        }
    }
    let changed = Classic {
        state: requested,
        modified: shared.engine.clock().now().as_millis(),
        ..Classic::clone(&job)
    };
    let kept = shared.engine.put(vec![changed.document()]).await;
    kept.map_err(|error| Error::from(error).fault())?;
    changing.set(changed);
    let job = changing.get();
    if requested == Stage::Aborted {
        for batch in entries(shared, &job) {
            give_up(shared, &batch).await?;
        }
    }
    let batches = all(shared, &job);
    let shown = info::job(&job, &batches, call.form);
    Ok(answer::formed(StatusCode::OK, call.form, shown))
}

/// Gives a batch up that waits; one that has begun is processed to its end.
async fn give_up(shared: &Shared, entry: &Entry) -> Result<(), Fault> {
    let changing = entry.change().await;
    let batch = changing.get();
    if batch.state != State::UploadComplete {
        return Ok(());
    }
    let given_up = Job {
        state: State::Aborted,
        modified: shared.engine.clock().now().as_millis(),
        ..Job::clone(&batch)
    };
    lifecycle::keep(shared, &given_up).await?;
    changing.set(given_up);
    Ok(())
}

/// Takes a batch, which is processed at once. Its records are received before anybody is kept from changing the job: a
/// client may take its time to send them.
pub(super) async fn add(
    shared: &Shared,
    call: &ClassicCall,
    entry: &ClassicEntry,
    body: Body,
) -> Result<Response, Fault> {
    shared.engine.check_reserve()?;
    let job = entry.get();
    check_open(&job)?;
    if call.body_form != Some(job.form) {
        let expected = job.form.as_str();
        return Err(Fault::Bulk(BulkFault::BatchTypeWrong { expected }));
    }
    let (id, created) = shared.jobs.number_batch(&shared.engine)?;
    let (work, received) = match &job.task {
        Task::Query { deleted } => (statement(*deleted, body).await?, None),
        Task::Change {
            operation,
            external_id_field,
        } => {
            let changing = Changing {
                operation: *operation,
                external_id_field: external_id_field.clone(),
            };
            let received = receive(shared, &id, job.form, body).await?;
            (Work::Change(changing), Some(received))
        }
    };
    let changing = entry.change().await;
    let job = changing.get();
    // It may have been closed while the records were on their way.
    if let Err(fault) = check_open(&job) {
        let removed = shared.folder.remove(&id).await;
        removed.map_err(Error::fault)?;
        return Err(fault);
    }
    let batch = Job {
        id,
        work,
        object: job.object.clone(),
        batch_of: Some(Batch {
            job: job.id.clone(),
            form: job.form,
            came: received.as_ref().map(|received| received.came),
        }),
        delimiter: Delimiter::Comma,
        line_ending: LineEnding::Lf,
        version: job.version,
        created_by: job.created_by.clone(),
        origin: job.origin.clone(),
        created,
        modified: created,
        state: State::UploadComplete,
        content: received.map(|received| received.content),
        progress: Progress::default(),
        error: None,
    };
    let mut changed = Classic::clone(&job);
    changed.batches.push(batch.id.clone());
    let kept = vec![batch.document(), changed.document()];
    let kept = shared.engine.put(kept).await;
    kept.map_err(|error| Error::from(error).fault())?;
    let shown = info::batch(&batch, &job.id, job.form);
    // The batch is known before the job names it.
    let batch = shared.jobs.add(batch);
    changing.set(changed);
    shared.jobs.enqueue(batch, call.observer.clone());
    Ok(answer::formed(StatusCode::CREATED, job.form, shown))
}

/// Refuses batches for a job that takes none any more.
fn check_open(job: &Classic) -> Result<(), Fault> {
    if job.state == Stage::Open {
        return Ok(());
    }
    let state = job.state.as_str();
    Err(Fault::Bulk(BulkFault::Uploading { state }))
}

async fn statement(deleted: bool, body: Body) -> Result<Work, Fault> {
    let body = read_classic(body, BULK_QUERY_BODY_BYTES_MAX).await?;
    let statement = String::from_utf8(body.to_vec()).map_err(|error| {
        let reason = error.to_string();
        Fault::Bulk(BulkFault::BatchUnreadable { reason })
    })?;
    Ok(Work::Query(Query {
        statement,
        deleted,
        columns: Vec::new(),
        marks: Vec::new(),
    }))
}

/// Bytes of the records of a batch.
struct Received {
    /// As they came.
    came: u64,
    /// As the CSV that they are processed from.
    content: u64,
}

/// Keeps the records of a batch, as they came and as CSV.
async fn receive(shared: &Shared, id: &str, form: Form, body: Body) -> Result<Received, Fault> {
    if form == Form::Csv {
        let most = bytes(BULK_BATCH_BYTES_MAX);
        let came = shared.folder.receive(id, body, most).await?;
        return Ok(Received {
            came,
            content: came,
        });
    }
    let body = read_classic(body, BULK_BATCH_BYTES_MAX).await?;
    let request = body.clone();
    let turned = converted(shared, form, body).await?;
    let came = bytes(request.len());
    let folder = &shared.folder;
    folder
        .keep_request(id, request)
        .await
        .map_err(Error::fault)?;
    let content = folder.receive(id, turned.into(), BULK_CONTENT_BYTES_MAX);
    Ok(Received {
        came,
        content: content.await?,
    })
}

/// The records of a batch as CSV.
async fn converted(shared: &Shared, form: Form, body: Bytes) -> Result<Bytes, Fault> {
    let turn = shared.converting.acquire().await;
    let _turn = turn.map_err(|_| Fault::Service(ServiceFault::Busy))?;
    let turned = tokio::task::spawn_blocking(move || match form {
        Form::Json => records::from_json(&body),
        Form::Csv | Form::Xml => records::from_xml(&body),
    });
    held(turned.await.map_err(|error| Error::from(error).fault())??)
}

fn bytes(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Shows a batch.
pub(super) fn show_batch(job: &Classic, batch: &Job) -> Response {
    let shown = info::batch(batch, &job.id, job.form);
    answer::formed(StatusCode::OK, job.form, shown)
}

/// Shows all batches of a job.
pub(super) fn list(shared: &Shared, entry: &ClassicEntry) -> Response {
    let job = entry.get();
    let batches = all(shared, &job);
    let shown = info::batches(&batches, &job.id, job.form);
    answer::formed(StatusCode::OK, job.form, shown)
}

fn entries(shared: &Shared, job: &Classic) -> Vec<Entry> {
    let batches = job.batches.iter();
    batches.filter_map(|id| shared.jobs.find(id)).collect()
}

/// The batches of a job as they are.
fn all(shared: &Shared, job: &Classic) -> Vec<Arc<Job>> {
    let entries = entries(shared, job).into_iter();
    entries.map(|entry| entry.get()).collect()
}
