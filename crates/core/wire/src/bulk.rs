//! How the refusals of bulk jobs are spelled.

use landfall_model::{BulkFault, Fault, JobFailure, UnsupportedQuery};

use crate::rest::RestError;

/// The spelling of the Bulk API 2.0.
///
/// Source: "Errors" (Bulk API 2.0 and Bulk API Developer Guide) for the codes; the texts are quoted in the issues of
/// clients. `Source: none` for those of `ExternalIdUnknown`, `ResultsEarly`, `Uploading`, `PageSizeInvalid`,
/// `VersionDiffers` and of batches.
#[expect(
    clippy::too_many_lines,
    reason = "one exhaustive table, in the order of the enum"
)]
pub(crate) fn error(fault: &BulkFault) -> RestError {
    let (code, message) = match fault {
        BulkFault::JobUnreadable => ("INVALIDJOB", "Unable to parse Job".to_owned()),
        BulkFault::ObjectUnknown { name } => {
            ("INVALIDJOB", format!("Unable to find object: {name}"))
        }
        BulkFault::ObjectUnsupported { name } => (
            "INVALIDENTITY",
            format!("Entity '{name}' is not supported by the Bulk API."),
        ),
        BulkFault::ExternalIdMissing { entity } => (
            "INVALIDJOB",
            format!(
                "External ID was blank for {entity}. An External ID must be specified for upsert."
            ),
        ),
        BulkFault::ExternalIdUnknown { field, entity } => (
            "INVALIDJOB",
            format!(
                "Field name provided, {field} does not match an External ID, Salesforce Id, or indexed field for {entity}"
            ),
        ),
        BulkFault::HardDeleteDenied => (
            "FEATURENOTENABLED",
            "hardDelete operation requires special user profile permission, please contact your system administrator"
                .to_owned(),
        ),
        BulkFault::QueryRefused { reason } => ("API_ERROR", reason.clone()),
        BulkFault::QueryUnsupported(what) => ("API_ERROR", unsupported(*what).to_owned()),
        BulkFault::PageSizeInvalid => (
            "CLIENTINPUTERROR",
            "maxRecords must be a positive number".to_owned(),
        ),
        BulkFault::VersionDiffers => {
            let message = "The results of a query are read in the API version that it was made in";
            return RestError::plain(409, "API_ERROR", message.to_owned());
        }
        BulkFault::JobUnknown { id } => ("INVALIDJOB", format!("Invalid job id: {id}")),
        BulkFault::BatchUnknown { id } => ("INVALIDBATCH", format!("Invalid batch id: {id}")),
        BulkFault::BatchUnfinished => ("INVALIDBATCH", "Batch not completed".to_owned()),
        BulkFault::BatchTypeWrong { expected } => (
            "CLIENTINPUTERROR",
            format!("The content type of a batch must be that of its job, {expected}"),
        ),
        BulkFault::BatchUnreadable { reason } => (
            "INVALIDBATCH",
            format!("Failed to parse batch: {reason}"),
        ),
        BulkFault::BatchTooLarge => (
            "CLIENTINPUTERROR",
            "The batch has too many records or is too large".to_owned(),
        ),
        BulkFault::UrlInvalid { path } => {
            ("INVALIDURL", format!("Destination URL not valid: {path}"))
        }
        BulkFault::StorageExceeded => (
            "LIMIT_EXCEEDED",
            "Max bulk v2 query result size stored (1000000000) kb per 24 hrs has been exceeded"
                .to_owned(),
        ),
        BulkFault::QuotaExceeded => (
            "EXCEEDEDQUOTA",
            "ApiBatchItems Limit exceeded.".to_owned(),
        ),
        BulkFault::Closing { state } => (
            "INVALIDJOBSTATE",
            format!("Closing already {state} Job not allowed"),
        ),
        BulkFault::Aborting { state } => (
            "INVALIDJOBSTATE",
            format!("Aborting already {state} Job not allowed"),
        ),
        BulkFault::Deleting => (
            "API_ERROR",
            "Error encountered when deleting the job because the job is not terminated".to_owned(),
        ),
        BulkFault::ResultsEarly => (
            "INVALIDJOBSTATE",
            "Results of a Job that is not terminated are not available".to_owned(),
        ),
        BulkFault::Uploading { state } => (
            "INVALIDJOBSTATE",
            format!("Uploading to already {state} Job not allowed"),
        ),
        BulkFault::ContentTwice { job } => (
            "CLIENTINPUTERROR",
            format!(
                "Found multiple contents for job: <{job}>, please 'Close' / 'Abort' / 'Delete' the current Job then \
                 create a new Job and make sure you only do 'PUT' once on a given Job."
            ),
        ),
    };
    RestError::plain(400, code, message)
}

/// The spelling of the API before 2.0: the same texts, with codes that are not in capitals; the status is 400.
///
/// Source: "Errors" (Bulk API 2.0 and Bulk API Developer Guide); what camel and tap-salesforce look for.
pub(crate) fn classic(fault: &Fault) -> RestError {
    let error = crate::rest(fault);
    let (code, message) = match (error.code, error.status) {
        (_, 401) => ("InvalidSessionId", "Invalid session id".to_owned()),
        ("INVALIDJOB", _) => ("InvalidJob", error.message),
        ("INVALIDJOBSTATE", _) => ("InvalidJobState", error.message),
        ("INVALIDBATCH", _) => ("InvalidBatch", error.message),
        ("INVALIDENTITY", _) => ("InvalidEntity", error.message),
        ("INVALIDURL", _) => ("InvalidUrl", error.message),
        ("FEATURENOTENABLED", _) => ("FeatureNotEnabled", error.message),
        ("EXCEEDEDQUOTA" | "STORAGE_LIMIT_EXCEEDED", _) => ("ExceededQuota", error.message),
        (_, 403) => ("InvalidUser", error.message),
        (_, 400..=499) => ("ClientInputError", error.message),
        (_, status) => return RestError::plain(status, "Unknown", error.message),
    };
    RestError::plain(400, code, message)
}

/// Why a query cannot be asked by a job.
///
/// Source: quoted in Airbyte's source-salesforce (compounds), OpenFn/adaptors issue 395 (children) and the documentation of
/// a client (files). `Source: none` for the others, made like them.
const fn unsupported(what: UnsupportedQuery) -> &'static str {
    match what {
        UnsupportedQuery::Compound => "Selecting compound data not supported in Bulk Query",
        UnsupportedQuery::Children => {
            "Aggregate Relationships not supported in Bulk V2 Query with CSV content type"
        }
        UnsupportedQuery::Blob => "Blob field not supported in Bulk V2 Query with CSV content type",
        UnsupportedQuery::IdList => {
            "JunctionIdList field not supported in Bulk V2 Query with CSV content type"
        }
        UnsupportedQuery::Aggregate => {
            "Aggregate functions and GROUP BY not supported in Bulk Query"
        }
        UnsupportedQuery::Offset => "OFFSET not supported in Bulk Query",
        UnsupportedQuery::TypeOf => "TYPEOF not supported in Bulk Query",
    }
}

/// The `errorMessage` of a job that failed.
///
/// Source: error messages that clients quote in their issues; `Source: none` for that of too large results.
pub fn job_failure(failure: &JobFailure) -> String {
    match failure {
        JobFailure::LineEnding { expected } => format!(
            "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is {expected}"
        ),
        JobFailure::Csv { reason } => format!("InvalidBatch : Failed to parse CSV: {reason}"),
        JobFailure::ObjectUnknown { name } => {
            format!("InvalidJob : Unable to find object: {name}")
        }
        JobFailure::FieldUnknown { name } => {
            format!("InvalidBatch : Field name not found : {name}")
        }
        JobFailure::FieldTwice { name } => format!("InvalidBatch : Duplicate field name : {name}"),
        JobFailure::OnlyIds { operation } => {
            format!("InvalidBatch : The '{operation}' batch must contain only ids")
        }
        JobFailure::Query(fault) => {
            let error = crate::rest(fault);
            let code = match **fault {
                Fault::Bulk(BulkFault::QueryUnsupported(_)) => "FUNCTIONALITY_NOT_ENABLED",
                _ => error.code,
            };
            format!(
                "InvalidBatch : Failed to process query: {code}: {}",
                error.message
            )
        }
        JobFailure::ResultsTooLarge => {
            "InvalidBatch : Failed to process query: the results are too large".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_clients_compare_are_literal() {
        let fault = BulkFault::Aborting { state: "Completed" };
        let error = error(&fault);
        assert_eq!(error.status, 400);
        assert_eq!(error.code, "INVALIDJOBSTATE");
        assert_eq!(error.message, "Aborting already Completed Job not allowed");
    }
}
