//! Changing records: transaction by transaction, each with the results of its records.

use landfall_engine::{Outcome, Transaction, stored};
use landfall_model::{Consequences, RecordId};
use landfall_store::{Document, DocumentKind};
use tokio::sync::watch;

use crate::Shared;
use crate::content::{Chunk, Records, Unread};
use crate::error::Error;
use crate::event::publish;
use crate::job::{Changing, Job, State};
use crate::jobs::Entry;
use crate::record::Mapping;
use crate::results::{RecordResult, Transacted};
use crate::work::{begin, blocking, end, user};

/// Processes a job to its end, or to the point where the service stops.
pub(crate) async fn process(
    shared: &Shared,
    entry: &Entry,
    (changing, observer): (&Changing, Option<&dyn Consequences>),
    stopping: &watch::Receiver<bool>,
) -> Result<(), Unread> {
    let Some(job) = begin(shared, entry).await? else {
        return Ok(());
    };
    let file = shared.folder.file(&job.id);
    // Held as long as the job goes on: who may do what is not read for each transaction anew.
    let rights = shared.engine.rights(user(&job).map_err(Unread::Failed)?);
    let rights = rights.await.map_err(|error| Unread::Failed(error.into()))?;
    let mut records = blocking(move || {
        let mut records = Records::open(file, job.delimiter)?;
        if job.progress.offset == 0 {
            // The API before 2.0 knows no setting of it.
            if job.batch_of.is_none() {
                records.check_line_ending(job.line_ending)?;
            }
        } else {
            records.seek(job.progress.offset)?;
        }
        Ok(records)
    })
    .await?;
    let mut since = shared.engine.clock().now();
    while !*stopping.borrow() {
        let has_space = shared.engine.check_reserve();
        has_space.map_err(|_| Unread::Failed(Error::SpaceLow))?;
        let chunk;
        (records, chunk) = blocking(move || {
            let chunk = records.chunk()?;
            Ok((records, chunk))
        })
        .await?;
        let access = rights.access();
        let definitions = access.definitions();
        let job = entry.get();
        let mapping = Mapping::of(changing, &job.object, definitions, &records.header)
            .map_err(Unread::Wrong)?;
        if chunk.records.is_empty() {
            let ended = end(shared, entry, State::JobComplete, None).await;
            return ended.map_err(Unread::Failed);
        }
        let now = shared.engine.clock().now();
        let millis = now.since(since).max(0);
        since = now;
        let transacted = transact(shared, entry, &mapping, chunk, millis).await;
        let Some(outcomes) = transacted.map_err(Unread::Failed)? else {
            return Ok(());
        };
        if let Some(observer) = observer {
            let refused = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
            refused.for_each(|fault| observer.refused(fault));
        }
    }
    Ok(())
}

/// Makes the changes of some records, and stores their results in the same commit; none if the job does not go on.
async fn transact(
    shared: &Shared,
    entry: &Entry,
    mapping: &Mapping,
    chunk: Chunk,
    millis: i64,
) -> Result<Option<Vec<Outcome>>, Error> {
    let changes = mapping.changes(&shared.engine, &chunk.records).await?;
    let named = chunk.records.iter().map(|record| mapping.named(record));
    let named: Vec<Option<RecordId>> = named.collect();
    let changing = entry.change().await;
    let before = Job::clone(&changing.get());
    if before.state != State::InProgress {
        return Ok(None);
    }
    let user = user(&before)?;
    let (start, end) = (chunk.start, chunk.end);
    let now = shared.engine.clock().now().as_millis();
    let noted = {
        let before = before.clone();
        move |outcomes: &[Outcome]| {
            let after = advanced(before.clone(), end, (millis, now), outcomes);
            let results = outcomes.iter().zip(&named);
            let transacted = Transacted {
                start,
                records: results
                    .map(|(outcome, id)| RecordResult::of(outcome, *id))
                    .collect(),
            };
            let result = Document {
                kind: DocumentKind::BulkResult,
                key: before.result_key(before.progress.chunks),
                content: Some(stored::write(&transacted)),
            };
            vec![after.document(), result]
        }
    };
    let outcomes = if let Some(event) = mapping.event() {
        let rights = shared.engine.rights(user).await?;
        publish(&shared.engine, event, &rights, changes, noted).await?
    } else {
        let transaction = Transaction {
            changes,
            all_or_none: false,
            user,
            origin: before.origin.clone(),
        };
        shared.engine.commit_noting(transaction, noted).await?
    };
    changing.set(advanced(before, end, (millis, now), &outcomes));
    Ok(Some(outcomes))
}

/// A job after one more transaction.
fn advanced(mut job: Job, end: u64, (millis, now): (i64, i64), outcomes: &[Outcome]) -> Job {
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let failed = outcomes.iter().filter(|outcome| outcome.is_err()).count();
    let progress = &mut job.progress;
    progress.chunks = progress.chunks.saturating_add(1);
    progress.offset = end;
    progress.processed = progress.processed.saturating_add(count(outcomes.len()));
    progress.failed = progress.failed.saturating_add(count(failed));
    progress.millis = progress.millis.saturating_add(millis);
    job.modified = now;
    job
}
