//! The resources of jobs that find records.
//!
//! Source: "Bulk API 2.0 Query" (Bulk API 2.0 and Bulk API Developer Guide).

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::HeaderValue;
use landfall_model::limits::BULK_STORED_BYTES_MAX;
use landfall_model::{BulkFault, Fault, QueryFault, QueryRefusal};
use landfall_wire::headers as names;

use crate::definition::{QueryDefinition, requested_state};
use crate::error::Error;
use crate::job::{Job, Kind, Progress, State, Work};
use crate::lifecycle::find;
use crate::pages::{Locator, place};
use crate::render::{self, Detail};
use crate::serve::{Call, read, read_query};
use crate::work::blocking_read;
use crate::{Shared, answer, find as finding, lifecycle, stream};

/// What `Sforce-Locator` says after the last page.
/// Clients: jsforce and sf compare with this text, and do not end without it.
const NO_LOCATOR: HeaderValue = HeaderValue::from_static("null");

/// Makes a job, which waits to be processed.
pub(crate) async fn create(shared: &Shared, call: &Call, body: Body) -> Result<Response, Fault> {
    shared.engine.check_reserve()?;
    let definition = QueryDefinition::read(&read_query(call, body).await?)?;
    let version = call.version.number();
    let view = call.login.view();
    let checked = finding::checked(shared, &view, &definition.query, version).await;
    let (prepared, _) = checked.map_err(as_job)?;
    lifecycle::forget_outdated(shared).await?;
    if shared.jobs.stored_bytes() > BULK_STORED_BYTES_MAX {
        return Err(Fault::Bulk(BulkFault::StorageExceeded));
    }
    let (id, created) = shared.jobs.number(&shared.engine)?;
    let job = Job {
        id,
        work: Work::Query(definition.query),
        object: prepared.checked().plan.entity.name.to_string(),
        batch_of: None,
        delimiter: definition.delimiter,
        line_ending: definition.line_ending,
        version,
        created_by: call.login.user_id.to_string(),
        origin: call.origin(),
        created,
        modified: created,
        state: State::UploadComplete,
        content: None,
        progress: Progress::default(),
        error: None,
    };
    let shown = render::job(&job, Detail::Created);
    lifecycle::begin(shared, call, job).await?;
    Ok(answer::json(shown))
}

/// A refusal of a query as jobs tell it: with a code of theirs.
fn as_job(fault: Fault) -> Fault {
    if !matches!(
        fault,
        Fault::Query(QueryFault::Refused { .. } | QueryFault::Malformed { .. })
    ) {
        return fault;
    }
    let reason = landfall_wire::rest(&fault).message;
    Fault::Bulk(BulkFault::QueryRefused { reason })
}

/// Gives a job up.
pub(crate) async fn change(
    shared: &Shared,
    call: &Call,
    id: &str,
    body: Body,
) -> Result<Response, Fault> {
    let requested = requested_state(&read(call, body).await?)?;
    let entry = find(shared, call, (Kind::Query, id))?;
    lifecycle::change(shared, call, &entry, requested).await
}

/// Shows a page of what a job has found.
pub(crate) async fn results(shared: &Shared, call: &Call, id: &str) -> Result<Response, Fault> {
    let (job, query) = ended(shared, call, id)?;
    let view = call.login.view();
    let readable = finding::check_readable(shared, &view, &query, job.version).await;
    readable.map_err(as_job)?;
    let records = job.progress.processed;
    let locator = locator(call, records)?;
    let most = call.parameter("maxRecords");
    let most = most.filter(|most| !most.is_empty());
    let most = most.map(|most| most.parse().ok().filter(|most| *most > 0));
    let most = match most {
        None => None,
        Some(Some(most)) => Some(most),
        Some(None) => return Err(Fault::Bulk(BulkFault::PageSizeInvalid)),
    };
    let (page, next) = locator.page(records, most);
    let count = page.end - page.start;
    let bytes = job.content.unwrap_or(0);
    let file = shared.folder.file(&job.id);
    let first = query.marks.first().map_or(bytes, |mark| mark.offset);
    let (looked, marks) = (file.clone(), query.marks);
    let part = blocking_read(move || {
        let placed = place(&looked, bytes, &marks, (page, records));
        placed.map_err(|source| looked.failed(source))
    });
    let part = part.await.map_err(Error::fault)?;
    let mut response = answer::csv(stream::body(job.id.clone(), move |pieces| async move {
        if pieces.part(file.clone(), 0..first).await? {
            pieces.part(file, part).await?;
        }
        Ok(())
    }));
    let next = next.and_then(|next| HeaderValue::from_str(&next.to_string()).ok());
    let headers = response.headers_mut();
    headers.insert(names::LOCATOR, next.unwrap_or(NO_LOCATOR));
    headers.insert(names::NUMBER_OF_RECORDS, count.into());
    Ok(response)
}

/// Names pages that can be read in parallel.
pub(crate) fn pages(shared: &Shared, call: &Call, id: &str) -> Result<Response, Fault> {
    let (job, _) = ended(shared, call, id)?;
    let records = job.progress.processed;
    let (pages, next) = locator(call, records)?.parallel(records);
    let base = format!("/services/data/v{}/jobs/query/{}", call.version, job.id);
    let urls = pages
        .iter()
        .map(|page| format!("{base}/results?locator={page}"));
    let next = next.map(|next| format!("{base}/resultPages?locator={next}"));
    Ok(answer::json(render::pages(urls, next)))
}

/// A job that has found what it looked for.
fn ended(shared: &Shared, call: &Call, id: &str) -> Result<(Arc<Job>, crate::job::Query), Fault> {
    let job = find(shared, call, (Kind::Query, id))?.get();
    if job.version != call.version.number() {
        return Err(Fault::Bulk(BulkFault::VersionDiffers));
    }
    match &job.work {
        Work::Query(query) if job.state == State::JobComplete => {
            let query = query.clone();
            Ok((job, query))
        }
        Work::Query(_) | Work::Change(_) => Err(Fault::Bulk(BulkFault::ResultsEarly)),
    }
}

fn locator(call: &Call, records: u64) -> Result<Locator, Fault> {
    let given = call.parameter("locator");
    let Some(given) = given.filter(|given| !given.is_empty()) else {
        return Ok(Locator::START);
    };
    Locator::parse(&given, records).ok_or_else(|| {
        Fault::Query(QueryFault::Refused {
            place: String::new(),
            refusal: QueryRefusal::LocatorInvalid,
        })
    })
}
