//! Jobs as JSON.
//!
//! Source: recorded responses in amp-labs/connectors; "Get Information About an Ingest Job", "Get Information About a Query
//! Job" (Bulk API 2.0 and Bulk API Developer Guide).

use landfall_wire::dates;
use serde::Serialize;

use crate::classic::job::{Classic, Task};
use crate::job::{Delimiter, Job, Kind, LineEnding, Progress, Work, point};
use crate::lifecycle::Listed;

/// How much of a job an answer shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// In the response to its creation.
    Created,
    /// In the response to a change.
    Changed,
    /// In a list.
    Listed,
    /// When it is read.
    All {
        /// Whether the service could split its query by ids.
        pk_chunking: bool,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'j> {
    id: &'j str,
    operation: &'static str,
    object: &'j str,
    created_by_id: &'j str,
    created_date: String,
    system_modstamp: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id_field_name: Option<&'j str>,
    concurrency_mode: &'static str,
    content_type: &'static str,
    api_version: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line_ending: Option<LineEnding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column_delimiter: Option<Delimiter>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    counts: Option<Counts<'j>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Counts<'j> {
    number_records_processed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    number_records_failed: Option<u64>,
    retries: u32,
    total_processing_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_active_processing_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    apex_processing_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_pk_chunking_supported: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<&'j str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List<'j> {
    done: bool,
    records: Vec<Shown<'j>>,
    next_records_url: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Parallel {
    result_pages: Vec<ResultPage>,
    next_records_url: Option<String>,
    done: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultPage {
    result_url: String,
}

/// A job as JSON.
pub(crate) fn job(job: &Job, detail: Detail) -> String {
    written(&shown(job, detail))
}

/// A page of jobs as JSON.
pub(crate) fn list(jobs: &[&Listed], next: Option<String>) -> String {
    let records = jobs.iter().map(|job| match job {
        Listed::Job(job) => shown(job, Detail::Listed),
        Listed::Classic(job) => classic(job),
    });
    written(&List {
        done: next.is_none(),
        records: records.collect(),
        next_records_url: next,
    })
}

/// The addresses of pages as JSON.
pub(crate) fn pages(urls: impl Iterator<Item = String>, next: Option<String>) -> String {
    let pages = urls.map(|result_url| ResultPage { result_url });
    written(&Parallel {
        result_pages: pages.collect(),
        done: next.is_none(),
        next_records_url: next,
    })
}

fn written(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("these types have text keys and no value that JSON lacks")
}

fn shown(job: &Job, detail: Detail) -> Shown<'_> {
    let has_type = matches!(detail, Detail::All { .. } | Detail::Listed);
    let formed = detail != Detail::Changed;
    let kind = job.work.kind();
    Shown {
        id: &job.id,
        operation: job.work.operation(),
        object: &job.object,
        created_by_id: &job.created_by,
        created_date: dates::render_date_time(point(job.created).whole_second()),
        system_modstamp: dates::render_date_time(point(job.modified).whole_second()),
        state: job.state.as_str(),
        external_id_field_name: match &job.work {
            Work::Change(changing) => changing.external_id_field.as_deref(),
            Work::Query(_) => None,
        },
        concurrency_mode: "Parallel",
        content_type: "CSV",
        api_version: f32::from(job.version),
        job_type: has_type.then_some(kind.job_type()),
        content_url: (detail == Detail::Created && kind == Kind::Ingest).then(|| {
            let Job { version, id, .. } = job;
            format!("services/data/v{version}.0/jobs/ingest/{id}/batches")
        }),
        line_ending: formed.then_some(job.line_ending),
        column_delimiter: formed.then_some(job.delimiter),
        counts: match detail {
            Detail::All { pk_chunking } => Some(counts(job, kind, pk_chunking)),
            Detail::Created | Detail::Changed | Detail::Listed => None,
        },
    }
}

/// A job of the API before 2.0, as lists show it.
fn classic(job: &Classic) -> Shown<'_> {
    Shown {
        id: &job.id,
        operation: job.task.as_str(),
        object: &job.object,
        created_by_id: &job.created_by,
        created_date: dates::render_date_time(point(job.created).whole_second()),
        system_modstamp: dates::render_date_time(point(job.modified).whole_second()),
        state: job.state.as_str(),
        external_id_field_name: match &job.task {
            Task::Change {
                external_id_field, ..
            } => external_id_field.as_deref(),
            Task::Query { .. } => None,
        },
        concurrency_mode: if job.serial { "Serial" } else { "Parallel" },
        content_type: job.form.as_str(),
        api_version: f32::from(job.version),
        job_type: Some("Classic"),
        content_url: None,
        line_ending: None,
        column_delimiter: None,
        counts: None,
    }
}

fn counts(job: &Job, kind: Kind, pk_chunking: bool) -> Counts<'_> {
    let Progress {
        processed,
        failed,
        millis,
        ..
    } = job.progress;
    let changes = kind == Kind::Ingest;
    Counts {
        number_records_processed: processed,
        number_records_failed: changes.then_some(failed),
        retries: 0,
        total_processing_time: millis,
        api_active_processing_time: changes.then_some(millis),
        apex_processing_time: changes.then_some(0),
        is_pk_chunking_supported: (!changes).then_some(pk_chunking),
        error_message: job.error.as_deref(),
    }
}
