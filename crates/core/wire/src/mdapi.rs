//! The spelling of what the Metadata API refuses.

use landfall_model::MetadataFault;

use crate::rest::RestError;

/// The REST spelling, which the SOAP endpoint shares but for its form.
///
/// Source: recorded answers for `ZipMissing`, `TypeUnknown` and `AccessDenied`; none for the others.
pub(crate) fn error(fault: &MetadataFault) -> RestError {
    let (status, code, message) = match fault {
        MetadataFault::ZipMissing => (
            400,
            "INVALID_OPERATION",
            "No zip file content passed in".to_owned(),
        ),
        MetadataFault::RequestUnreadable => (
            400,
            "INVALID_OPERATION",
            "The request is no deployment: a part with its options in JSON and a part with the zip file are expected"
                .to_owned(),
        ),
        MetadataFault::TypeUnknown { name } => {
            (400, "INVALID_TYPE", format!("Unknown type:{name}"))
        }
        MetadataFault::TypeNotForCalls { name } => (
            400,
            "INVALID_TYPE",
            format!("This type of metadata is not available for this operation: {name}"),
        ),
        MetadataFault::ComponentsTooMany { max } => (
            400,
            "EXCEEDED_ID_LIMIT",
            format!("record limit reached. cannot submit more than {max} records in this operation"),
        ),
        MetadataFault::ValidationUnknown => (
            400,
            "INVALID_ID_FIELD",
            "The deployment is not a validation that succeeded in the last 10 days".to_owned(),
        ),
        MetadataFault::DeploymentOver => (
            400,
            "INVALID_OPERATION",
            "Deployment already completed".to_owned(),
        ),
        MetadataFault::DeploymentsTooMany => (
            503,
            "REQUEST_LIMIT_EXCEEDED",
            "Too many deployments are waiting: try again when one of them is done".to_owned(),
        ),
        MetadataFault::AccessDenied => (
            403,
            "INSUFFICIENT_ACCESS",
            "use of the Metadata API requires a user with the ModifyAllData or ModifyMetadata permissions"
                .to_owned(),
        ),
    };
    RestError::plain(status, code, message)
}
