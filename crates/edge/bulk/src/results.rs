//! Results of the records of a job: as they are stored, and as clients read them.
//!
//! Source: "Get Job Successful Record Results", "Get Job Failed Record Results", "Get Job Unprocessed Record Results" (Bulk
//! API 2.0 and Bulk API Developer Guide).

use std::sync::Arc;

use axum::body::Body;
use landfall_engine::{Outcome, stored};
use landfall_model::{Fault, RecordFault, RecordId};
use landfall_store::DocumentKind;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use crate::content::{Chunk, Records, Unread};
use crate::error::Error;
use crate::job::Job;
use crate::lines::Csv;
use crate::stream::Pieces;
use crate::{Shared, stream};

/// The records of one transaction.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Transacted {
    /// Where the first of them begins in the data.
    pub(crate) start: u64,
    pub(crate) records: Vec<RecordResult>,
}

/// The result of a record.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RecordResult {
    /// Its id.
    Created(String),
    /// Its id.
    Changed(String),
    /// The id that the data names, or nothing; and the error.
    Refused(String, String),
}

impl RecordResult {
    pub(crate) fn of(outcome: &Outcome, named: Option<RecordId>) -> Self {
        match outcome {
            Ok(saved) if saved.created => Self::Created(saved.id.to_string()),
            Ok(saved) => Self::Changed(saved.id.to_string()),
            Err(fault) => Self::Refused(
                named.map(|id| id.to_string()).unwrap_or_default(),
                error_text(fault),
            ),
        }
    }
}

/// An error as results spell it: `CODE:message:FIELD --`.
fn error_text(fault: &Fault) -> String {
    let fault = match fault {
        // In a list there is no resource that could not be found.
        Fault::Record(RecordFault::NotFound) => &Fault::Record(RecordFault::Unknown),
        fault => fault,
    };
    let each = landfall_wire::parts(fault).into_iter().map(|part| {
        let error = landfall_wire::rest(&part);
        let fields = error.fields.unwrap_or_default().join(",");
        if fields.is_empty() {
            format!("{}:{}:--", error.code, error.message)
        } else {
            format!("{}:{}:{fields} --", error.code, error.message)
        }
    });
    each.collect::<Vec<_>>().join(";")
}

/// Which records are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    Successful,
    Failed,
    Unprocessed,
}

impl Which {
    /// The columns before those of the data.
    const fn columns(self) -> [&'static str; 2] {
        match self {
            Self::Successful | Self::Unprocessed => ["sf__Id", "sf__Created"],
            Self::Failed => ["sf__Id", "sf__Error"],
        }
    }

    fn cells(self, record_result: &RecordResult) -> Option<[&str; 2]> {
        match (self, record_result) {
            (Self::Successful, RecordResult::Created(id)) => Some([id, "true"]),
            (Self::Successful, RecordResult::Changed(id)) => Some([id, "false"]),
            (Self::Failed, RecordResult::Refused(id, error)) => Some([id, error]),
            _ => None,
        }
    }
}

/// The records of a job that has ended, as CSV that is made while it is sent.
pub(crate) fn body(shared: Arc<Shared>, job: Arc<Job>, which: Which) -> Body {
    stream::body(job.id.clone(), move |pieces| async move {
        match which {
            Which::Unprocessed => rest(&shared, &job, &pieces).await,
            Which::Successful | Which::Failed => processed(&shared, &job, which, &pieces).await,
        }
    })
}

async fn processed(shared: &Shared, job: &Job, which: Which, pieces: &Pieces) -> Result<(), Error> {
    let mut csv = Csv::new(job.delimiter, job.line_ending);
    let records = open(shared, job).await?;
    let names = records.iter().flat_map(|records| &records.header);
    csv.line(which.columns().into_iter().chain(names));
    if !pieces.send(csv.take()).await {
        return Ok(());
    }
    let Some(mut records) = records else {
        return Ok(());
    };
    for number in 0..job.progress.chunks {
        let transacted = transacted(shared, job, number).await?;
        if !transacted.records.iter().any(|b| which.cells(b).is_some()) {
            continue;
        }
        let (start, count) = (transacted.start, transacted.records.len());
        let chunk: Chunk;
        (records, chunk) = spawn_blocking(move || {
            records.seek(start)?;
            let chunk = records.take(count)?;
            Ok((records, chunk))
        })
        .await?
        .map_err(unread)?;
        for (record_result, record) in transacted.records.iter().zip(&chunk.records) {
            if let Some(cells) = which.cells(record_result) {
                csv.line(cells.into_iter().chain(record));
            }
        }
        if !pieces.send(csv.take()).await {
            return Ok(());
        }
    }
    Ok(())
}

/// The results of the records of one transaction.
pub(crate) async fn transacted(
    shared: &Shared,
    job: &Job,
    number: u32,
) -> Result<Transacted, Error> {
    let key = job.result_key(number);
    let kept = shared
        .engine
        .document(DocumentKind::BulkResult, key.clone());
    let kept = kept.await?.ok_or(Error::ResultMissing { key })?;
    Ok(stored::read_since_before("bulk result", &kept)?)
}

/// The header and the records that were not processed, as the client has given them.
async fn rest(shared: &Shared, job: &Job, pieces: &Pieces) -> Result<(), Error> {
    let Some(content) = job.content else {
        return Ok(());
    };
    let parts = match (open(shared, job).await?, job.progress.offset) {
        (Some(records), offset) if offset > 0 => vec![0..records.first, offset..content],
        _ => std::iter::once(0..content).collect(),
    };
    for part in parts {
        if !pieces.part(shared.folder.file(&job.id), part).await? {
            break;
        }
    }
    Ok(())
}

/// The data of a job; none if there is none, or none that has a header.
async fn open(shared: &Shared, job: &Job) -> Result<Option<Records>, Error> {
    if job.content.is_none() {
        return Ok(None);
    }
    let (file, delimiter) = (shared.folder.file(&job.id), job.delimiter);
    match spawn_blocking(move || Records::open(file, delimiter)).await? {
        Ok(records) => Ok(Some(records)),
        Err(Unread::Wrong(_)) => Ok(None),
        Err(Unread::Failed(failure)) => Err(failure),
    }
}

fn unread(unread: Unread) -> Error {
    match unread {
        Unread::Wrong(_) => Error::ContentChanged,
        Unread::Failed(failure) => failure,
    }
}

#[cfg(test)]
mod tests {
    use landfall_model::{FieldFault, FieldName};

    use super::*;

    #[test]
    fn an_error_names_the_code_the_text_and_the_fields() {
        let fields = vec![FieldName::new("Name")];
        assert_eq!(
            error_text(&Fault::Field(FieldFault::Required { fields })),
            "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --"
        );
        assert_eq!(
            error_text(&Fault::Record(RecordFault::NotFound)),
            "INVALID_CROSS_REFERENCE_KEY:invalid cross reference id:--"
        );
    }
}
