//! Jobs as JSON, results as CSV.
//!
//! Source: recorded responses in amp-labs/connectors; "Get Information About an Ingest Job" (Bulk API 2.0 and Bulk API
//! Developer Guide).

use landfall_wire::dates;
use serde::Serialize;

use crate::job::{Delimiter, Job, LineEnding, Operation, State, point};

/// How much of a job an answer shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// To whoever has made it.
    Created,
    /// To whoever has changed it.
    Changed,
    /// In a list.
    Listed,
    /// To whoever asks.
    All,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'j> {
    id: &'j str,
    operation: Operation,
    object: &'j str,
    created_by_id: &'j str,
    created_date: String,
    system_modstamp: String,
    state: State,
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
    number_records_failed: u64,
    retries: u32,
    total_processing_time: i64,
    api_active_processing_time: i64,
    apex_processing_time: i64,
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

/// A job as JSON.
pub(crate) fn job(job: &Job, detail: Detail) -> String {
    written(&shown(job, detail))
}

/// A page of jobs as JSON.
pub(crate) fn list(jobs: &[&Job], next: Option<String>) -> String {
    let records = jobs.iter().map(|job| shown(job, Detail::Listed));
    written(&List {
        done: next.is_none(),
        records: records.collect(),
        next_records_url: next,
    })
}

fn written(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("these types have text keys and no value that JSON lacks")
}

fn shown(job: &Job, detail: Detail) -> Shown<'_> {
    let told = matches!(detail, Detail::All | Detail::Listed);
    let formed = detail != Detail::Changed;
    Shown {
        id: &job.id,
        operation: job.operation,
        object: &job.object,
        created_by_id: &job.created_by,
        created_date: dates::render_date_time(point(job.created).whole_second()),
        system_modstamp: dates::render_date_time(point(job.modified).whole_second()),
        state: job.state,
        external_id_field_name: job.external_id_field.as_deref(),
        concurrency_mode: "Parallel",
        content_type: "CSV",
        api_version: f32::from(job.version),
        job_type: told.then_some("V2Ingest"),
        content_url: (detail == Detail::Created).then(|| {
            let Job { version, id, .. } = job;
            format!("services/data/v{version}.0/jobs/ingest/{id}/batches")
        }),
        line_ending: formed.then_some(job.line_ending),
        column_delimiter: formed.then_some(job.delimiter),
        counts: (detail == Detail::All).then_some(Counts {
            number_records_processed: job.progress.processed,
            number_records_failed: job.progress.failed,
            retries: 0,
            total_processing_time: job.progress.millis,
            api_active_processing_time: job.progress.millis,
            apex_processing_time: 0,
            error_message: job.error.as_deref(),
        }),
    }
}

/// Lines of CSV in the making.
pub(crate) struct Csv {
    delimiter: u8,
    line_ending: LineEnding,
    out: Vec<u8>,
}

impl Csv {
    pub(crate) const fn new(delimiter: Delimiter, line_ending: LineEnding) -> Self {
        Self {
            delimiter: delimiter.byte(),
            line_ending,
            out: Vec::new(),
        }
    }

    /// Adds a line; every value is quoted.
    pub(crate) fn line<'c>(
        &mut self,
        first: [&'c str; 2],
        others: impl IntoIterator<Item = &'c str>,
    ) {
        for (place, cell) in first.into_iter().chain(others).enumerate() {
            if place > 0 {
                self.out.push(self.delimiter);
            }
            self.out.push(b'"');
            self.out.extend(cell.replace('"', "\"\"").bytes());
            self.out.push(b'"');
        }
        match self.line_ending {
            LineEnding::Lf => self.out.push(b'\n'),
            LineEnding::Crlf => self.out.extend(b"\r\n"),
        }
    }

    /// Takes the lines away.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }
}
