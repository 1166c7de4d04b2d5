//! What can go wrong with a job of the Bulk API.

use crate::fault::Fault;
use crate::id::RecordId;
use crate::name::EntityName;

/// A refusal of a job, or of what is asked of it.
///
/// Source: "Errors" (Bulk API 2.0 and Bulk API Developer Guide).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BulkFault {
    /// The job's definition has a value that cannot be read.
    JobUnreadable,
    /// No such object.
    ObjectUnknown {
        /// The name given.
        name: String,
    },
    /// An object whose records cannot be changed by jobs.
    ObjectUnsupported {
        /// The name given.
        name: String,
    },
    /// An upsert that does not say by which field.
    ExternalIdMissing {
        /// The object.
        entity: EntityName,
    },
    /// An upsert by a field that records are not found by.
    ExternalIdUnknown {
        /// The name given.
        field: String,
        /// The object.
        entity: EntityName,
    },
    /// The user may not delete records without the recycle bin.
    HardDeleteDenied,
    /// A query that cannot be asked.
    QueryRefused {
        /// Why.
        reason: String,
    },
    /// A query that can be asked, but not by a job.
    QueryUnsupported(UnsupportedQuery),
    /// The number of records of a page is none.
    PageSizeInvalid,
    /// The API version is not that in which the job was made.
    VersionDiffers,
    /// What queries have found takes all the room that there is for it.
    StorageExceeded,
    /// No more jobs are kept.
    QuotaExceeded,
    /// A job that has ended, or whose data is complete, cannot be closed.
    Closing {
        /// What it is instead of open.
        state: &'static str,
    },
    /// A job that has ended cannot be aborted.
    Aborting {
        /// How it has ended.
        state: &'static str,
    },
    /// A job that has not ended cannot be deleted.
    Deleting,
    /// Results of a job that has not ended.
    ResultsEarly,
    /// Data for a job that takes none any more.
    Uploading {
        /// What it is instead of open.
        state: &'static str,
    },
    /// A job with batches that there is not.
    JobUnknown {
        /// The id given.
        id: String,
    },
    /// A batch or a result that there is not.
    BatchUnknown {
        /// The id given.
        id: String,
    },
    /// A batch that has no results yet, or none at all.
    BatchUnfinished,
    /// A batch of another form than its job.
    BatchTypeWrong {
        /// The form of the job.
        expected: &'static str,
    },
    /// A batch whose records cannot be read.
    BatchUnreadable {
        /// Why.
        reason: String,
    },
    /// A batch with too many records or too many bytes.
    BatchTooLarge,
    /// There is no such resource of jobs with batches.
    UrlInvalid {
        /// The path.
        path: String,
    },
    /// The job has its data already.
    ContentTwice {
        /// The job.
        job: RecordId,
    },
}

/// What a query must not have if its answer is to be a table.
///
/// Source: "Create a Query Job" (Bulk API 2.0 and Bulk API Developer Guide).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnsupportedQuery {
    /// An address or a location.
    Compound,
    /// A query of children.
    Children,
    /// The bytes of a file.
    Blob,
    /// A list of ids.
    IdList,
    /// Groups, or something of all records.
    Aggregate,
    /// Skipped records.
    Offset,
    /// `TYPEOF`.
    TypeOf,
}

/// Why a job fails although its request was accepted: what its `errorMessage` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobFailure {
    /// The header ends otherwise than the job says.
    LineEnding {
        /// The job's line ending.
        expected: &'static str,
    },
    /// The data is not CSV.
    Csv {
        /// What is wrong with it.
        reason: String,
    },
    /// The object does not exist any more.
    ObjectUnknown {
        /// Its name.
        name: String,
    },
    /// A column that is no field, or a field that has no column.
    FieldUnknown {
        /// Its name.
        name: String,
    },
    /// Two columns of one name.
    FieldTwice {
        /// The name.
        name: String,
    },
    /// A delete job with other columns than the id.
    OnlyIds {
        /// The operation of the job.
        operation: &'static str,
    },
    /// The query is refused.
    Query(Box<Fault>),
    /// The results are larger than is kept.
    ResultsTooLarge,
}
