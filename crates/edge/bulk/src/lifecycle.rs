//! What the resources of all jobs have in common: who sees a job, how it is listed, given up and forgotten.
//!
//! Source: "Get Information About All Ingest Jobs", "Get Information About All Query Jobs", "Abort a Query Job", "Delete a
//! Query Job" (Bulk API 2.0 and Bulk API Developer Guide).

use std::sync::Arc;

use axum::response::Response;
use http::{Method, StatusCode};
use landfall_auth::Login;
use landfall_engine::faults::{Called, FaultKind, Occasion};
use landfall_model::limits::BULK_PAGE_JOBS_MAX;
use landfall_model::{BulkFault, Fault, RequestFault};

use crate::classic::job::Classic;
use crate::error::Error;
use crate::job::{Job, Kind, State};
use crate::jobs::{ClassicEntry, Entry, is_outdated};
use crate::render::{self, Detail};
use crate::serve::Call;
use crate::{Shared, answer};

/// Shows the jobs of a kind that the user may see, and those of the API before 2.0, page by page and oldest first.
pub(crate) fn list(shared: &Shared, call: &Call, kind: Kind) -> Response {
    let after = call.parameter("queryLocator");
    let after = after.filter(|after| !after.is_empty());
    let mut all = Vec::new();
    if is_asked_for(call, kind.job_type()) {
        let jobs = shared.jobs.all().into_iter();
        all.extend(jobs.filter(|job| job.is(kind)).map(Listed::Job));
    }
    if is_asked_for(call, "Classic") {
        let jobs = shared.jobs.all_classic().into_iter();
        all.extend(jobs.map(|entry| Listed::Classic(entry.get())));
    }
    all.retain(|job| is_allowed(call, job.created_by()) && !shared.jobs.is_lost(job.id()));
    all.sort_by(|a, b| (a.created(), a.id()).cmp(&(b.created(), b.id())));
    let mine = all.iter();
    let mut page: Vec<&Listed> = match after {
        None => mine.collect(),
        Some(after) => mine.skip_while(|job| job.id() != after).skip(1).collect(),
    };
    let is_last = page.len() <= BULK_PAGE_JOBS_MAX;
    page.truncate(BULK_PAGE_JOBS_MAX);
    let next = page.last().filter(|_| !is_last).map(|last| {
        let (version, id, kind) = (call.version, last.id(), kind.segment());
        format!("/services/data/v{version}/jobs/{kind}?queryLocator={id}")
    });
    answer::json(render::list(&page, next))
}

/// Whether jobs of a type pass the filters of a request. None of them is split by ids, and all are processed in parallel.
fn is_asked_for(call: &Call, job_type: &str) -> bool {
    let is = |name: &str, value: &str| {
        let given = call.parameter(name).filter(|given| !given.is_empty());
        given.is_none_or(|given| given.eq_ignore_ascii_case(value))
    };
    is("jobType", job_type)
        && is("isPkChunkingEnabled", "false")
        && is("concurrencyMode", "parallel")
}

/// A job in a list.
pub(crate) enum Listed {
    Job(Arc<Job>),
    Classic(Arc<Classic>),
}

impl Listed {
    fn id(&self) -> &str {
        match self {
            Self::Job(job) => &job.id,
            Self::Classic(job) => &job.id,
        }
    }

    fn created(&self) -> i64 {
        match self {
            Self::Job(job) => job.created,
            Self::Classic(job) => job.created,
        }
    }

    fn created_by(&self) -> &str {
        match self {
            Self::Job(job) => &job.created_by,
            Self::Classic(job) => &job.created_by,
        }
    }
}

/// Shows a job.
pub(crate) fn show(
    shared: &Shared,
    call: &Call,
    (kind, id): (Kind, &str),
) -> Result<Response, Fault> {
    let job = find(shared, call, (kind, id))?.get();
    let definitions = shared.engine.definitions();
    let object = definitions.catalog().entity(&job.object);
    let pk_chunking = object.is_some_and(|object| object.has_pk_chunking());
    Ok(answer::json(render::job(&job, Detail::All { pk_chunking })))
}

/// Forgets a job.
pub(crate) async fn delete(
    shared: &Shared,
    call: &Call,
    (kind, id): (Kind, &str),
) -> Result<Response, Fault> {
    let entry = find(shared, call, (kind, id))?;
    forget(shared, &entry).await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

/// Takes a job on, and forgets those that ended long ago.
pub(crate) async fn begin(shared: &Shared, call: &Call, job: Job) -> Result<(), Fault> {
    keep(shared, &job).await?;
    let waits = job.state == State::UploadComplete;
    let entry = shared.jobs.add(job);
    if waits {
        shared.jobs.enqueue(entry, call.observer());
    }
    Ok(())
}

/// Forgets the jobs that ended long ago.
pub(crate) async fn forget_outdated(shared: &Shared) -> Result<(), Fault> {
    for outdated in shared.jobs.outdated(&shared.engine) {
        forget(shared, &outdated).await?;
    }
    for job in shared.jobs.all_classic() {
        forget_classic(shared, &job).await?;
    }
    Ok(())
}

/// Forgets a job with batches, and those, if it has been like that for long and none of them is processed any more.
async fn forget_classic(shared: &Shared, entry: &ClassicEntry) -> Result<(), Fault> {
    let is_due = |job: &Classic| is_outdated(shared.engine.clock().now(), job.modified);
    if !is_due(&entry.get()) {
        return Ok(());
    }
    let changing = entry.change().await;
    let job = changing.get();
    if !is_due(&job) {
        return Ok(());
    }
    let batches: Vec<Entry> = job
        .batches
        .iter()
        .filter_map(|id| shared.jobs.find(id))
        .collect();
    if batches.iter().any(|batch| !batch.get().state.is_final()) {
        return Ok(());
    }
    for batch in &batches {
        forget(shared, batch).await?;
    }
    let forgotten = shared.engine.put(vec![job.forgotten()]).await;
    forgotten.map_err(|error| Error::from(error).fault())?;
    shared.jobs.remove_classic(&job.id);
    Ok(())
}

/// Brings a job to the state that a client wants, as far as that can follow; returns the response.
pub(crate) async fn change(
    shared: &Shared,
    call: &Call,
    entry: &Entry,
    requested: State,
) -> Result<Response, Fault> {
    let changing = entry.change().await;
    let job = changing.get();
    let state = job.state;
    if requested == State::Aborted {
        if state.is_final() {
            let state = state.in_errors();
            return Err(Fault::Bulk(BulkFault::Aborting { state }));
        }
    } else if state != State::Open {
        let state = state.in_errors();
        return Err(Fault::Bulk(BulkFault::Closing { state }));
    }
    let changed = Job {
        // Without data there is nothing to wait for.
        state: if requested == State::UploadComplete && job.content.is_none() {
            State::JobComplete
        } else {
            requested
        },
        modified: shared.engine.clock().now().as_millis(),
        ..Job::clone(&job)
    };
    keep(shared, &changed).await?;
    let shown = Job {
        state: requested,
        ..changed.clone()
    };
    let waits = changed.state == State::UploadComplete;
    changing.set(changed);
    if waits {
        shared.jobs.enqueue(Arc::clone(entry), call.observer());
    }
    Ok(answer::json(render::job(&shown, Detail::Changed)))
}

/// The job of an id, if it is of this kind and the user may see it.
pub(crate) fn find(shared: &Shared, call: &Call, (kind, id): (Kind, &str)) -> Result<Entry, Fault> {
    let entry = shared
        .jobs
        .find(id)
        .ok_or(Fault::Request(RequestFault::ResourceNotFound))?;
    let job = entry.get();
    let (method, path) = (&call.parts.method, call.parts.uri.path());
    if job.is(kind)
        && is_allowed(call, &job.created_by)
        && !is_lost(shared, &job.id, &call.login, (method, path))
    {
        Ok(entry)
    } else {
        Err(Fault::Request(RequestFault::ResourceNotFound))
    }
}

/// Whether a fault has made a job unknown, or does now.
pub(crate) fn is_lost(
    shared: &Shared,
    id: &str,
    login: &Login,
    (method, path): (&Method, &str),
) -> bool {
    if shared.jobs.is_lost(id) {
        return true;
    }
    let occasion = || {
        let method = method.as_str();
        Occasion::default()
            .user(login.user_id, &login.username)
            .method(Called::Http { method, path })
    };
    let faults = shared.engine.faults();
    let is_lost = faults.fires(FaultKind::LoseJob, occasion).is_some();
    if is_lost {
        shared.jobs.lose(id);
    }
    is_lost
}

fn is_allowed(call: &Call, created_by: &str) -> bool {
    call.login.permissions().modify_all_data || call.login.user_id.as_str() == created_by
}

/// Makes a job durable as it is.
pub(crate) async fn keep(shared: &Shared, job: &Job) -> Result<(), Fault> {
    let kept = shared.engine.put(vec![job.document()]).await;
    kept.map_err(|error| Error::from(error).fault())
}

/// Forgets a job that has ended, or has not begun to be processed.
async fn forget(shared: &Shared, entry: &Entry) -> Result<(), Fault> {
    let changing = entry.change().await;
    let job = changing.get();
    if matches!(job.state, State::Open | State::InProgress) {
        return Err(Fault::Bulk(BulkFault::Deleting));
    }
    let forgotten = shared.engine.put(job.forgotten()).await;
    forgotten.map_err(|error| Error::from(error).fault())?;
    // It may still wait to be processed.
    changing.set(Job {
        state: State::Aborted,
        ..Job::clone(&job)
    });
    shared.jobs.remove(&job.id);
    shared.folder.remove(&job.id).await.map_err(Error::fault)
}
