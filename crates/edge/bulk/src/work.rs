//! Processing jobs, several at a time: who does it, and how a job begins and ends.

use std::sync::Arc;

use landfall_engine::chain;
use landfall_model::limits::{BULK_JOBS_AT_ONCE_MAX, BULK_RETRY_PAUSE};
use landfall_model::{JobFailure, RecordId};
use landfall_wire::job_failure;
use tokio::sync::watch;
use tokio::task::{JoinSet, spawn_blocking};
use tracing::{error, info, warn};

use crate::content::Unread;
use crate::error::Error;
use crate::job::{Job, State, Work};
use crate::jobs::{Entry, Queued};
use crate::{Shared, change, find};

/// See [`crate::Bulk::run`].
pub(crate) async fn run(shared: Arc<Shared>, mut stopping: watch::Receiver<bool>) {
    let mut workers = JoinSet::new();
    loop {
        while workers.len() < BULK_JOBS_AT_ONCE_MAX
            && let Some(queued) = shared.jobs.next()
        {
            workers.spawn(work(Arc::clone(&shared), queued, stopping.clone()));
        }
        tokio::select! {
            // That the sender is gone means the same.
            _ = stopping.wait_for(|stops| *stops) => break,
            () = shared.jobs.queued.notified() => {}
            Some(ended) = workers.join_next(), if !workers.is_empty() => log_panic(ended),
        }
    }
    while let Some(ended) = workers.join_next().await {
        log_panic(ended);
    }
}

fn log_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(failure) = ended {
        error!(error = %chain(&failure), "a bulk job is not processed on until a restart");
    }
}

async fn work(shared: Arc<Shared>, queued: Queued, mut stopping: watch::Receiver<bool>) {
    while !done(&shared, &queued, &stopping).await {
        let clock = shared.engine.clock();
        let pause = i64::try_from(BULK_RETRY_PAUSE.as_millis()).unwrap_or(i64::MAX);
        let later = clock.now().plus_millis(pause);
        tokio::select! {
            _ = stopping.wait_for(|stops| *stops) => return,
            _ = clock.wait_until(later) => {}
        }
    }
}

/// Processes a job as far as it can be; returns whether that was all. If the store keeps nothing at the moment, the job
/// continues behind its last transaction later.
async fn done(
    shared: &Shared,
    (entry, observer): &Queued,
    stopping: &watch::Receiver<bool>,
) -> bool {
    let job = entry.get();
    let processed = match &job.work {
        Work::Change(changing) => {
            let observer = observer.as_deref();
            change::process(shared, entry, (changing, observer), stopping).await
        }
        Work::Query(query) => find::process(shared, entry, query, stopping).await,
    };
    let processed = match processed {
        Err(Unread::Wrong(failure)) => {
            if let Some(observer) = observer {
                observer.failed(&job.object, &failure);
            }
            end(shared, entry, State::Failed, Some(failure)).await
        }
        Err(Unread::Failed(failure)) if failure.is_missing() => {
            error!(job = job.id, error = %chain(&failure), "a bulk job fails: its data is not here");
            // It was removed, or is in the data folder of a node that kept it there.
            let failure = JobFailure::Csv {
                reason: "the data of the job is not on this server".to_owned(),
            };
            end(shared, entry, State::Failed, Some(failure)).await
        }
        Err(Unread::Failed(failure)) => Err(failure),
        Ok(()) => Ok(()),
    };
    match processed {
        Ok(()) => {}
        Err(failure) if failure.is_temporary() => {
            warn!(job = job.id, error = %chain(&failure), "a bulk job waits for the store");
            return false;
        }
        Err(Error::Engine(landfall_engine::Error::Stopped)) => {
            info!(job = job.id, "a bulk job goes on after the restart");
        }
        Err(failure) => {
            error!(job = job.id, error = %chain(&failure), "a bulk job is not processed on until a restart");
        }
    }
    true
}

/// Takes up a job; none if it is not to be processed any more.
pub(crate) async fn begin(shared: &Shared, entry: &Entry) -> Result<Option<Arc<Job>>, Unread> {
    let changing = entry.change().await;
    let job = changing.get();
    match job.state {
        State::InProgress => {}
        State::UploadComplete => {
            let changed = Job {
                state: State::InProgress,
                modified: shared.engine.clock().now().as_millis(),
                ..Job::clone(&job)
            };
            let kept = shared.engine.put(vec![changed.document()]).await;
            kept.map_err(|error| Unread::Failed(error.into()))?;
            changing.set(changed);
        }
        State::Open | State::JobComplete | State::Failed | State::Aborted => return Ok(None),
    }
    Ok(Some(changing.get()))
}

/// Ends a job, unless it was aborted meanwhile.
pub(crate) async fn end(
    shared: &Shared,
    entry: &Entry,
    state: State,
    failure: Option<JobFailure>,
) -> Result<(), Error> {
    let changing = entry.change().await;
    let job = changing.get();
    if job.state.is_final() {
        return Ok(());
    }
    let ended = Job {
        state,
        error: failure.as_ref().map(job_failure),
        modified: shared.engine.clock().now().as_millis(),
        ..Job::clone(&job)
    };
    shared.engine.put(vec![ended.document()]).await?;
    changing.set(ended);
    Ok(())
}

/// Who made the job.
pub(crate) fn user(job: &Job) -> Result<RecordId, Error> {
    RecordId::parse(&job.created_by).map_err(|error| Error::Document {
        what: "user of a bulk job",
        source: serde::de::Error::custom(error),
    })
}

/// Does what may wait for the disk, for an answer.
pub(crate) async fn blocking_read<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    spawn_blocking(read).await?
}

/// Does what may wait for the disk.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Unread> + Send + 'static,
) -> Result<T, Unread> {
    spawn_blocking(work)
        .await
        .map_err(|dropped| Unread::Failed(dropped.into()))?
}
