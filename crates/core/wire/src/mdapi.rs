//! The spelling of what the Metadata API refuses.

use landfall_model::{ComponentFault, MetadataFault};

use crate::rest::RestError;

/// The REST spelling, which the SOAP endpoint shares in another form.
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

/// The status code and the text of what is wrong with one component.
///
/// Source: none for most codes; "Error Handling" (Metadata API Developer Guide) names them without the cases.
pub fn component_error(fault: &ComponentFault) -> (&'static str, String) {
    match fault {
        ComponentFault::NameMissing => (
            "REQUIRED_FIELD_MISSING",
            "Required field is missing: fullName".to_owned(),
        ),
        ComponentFault::NameInvalid { kind, name } => (
            "INVALID_FULL_NAME",
            format!("{name} is no name of a {kind}"),
        ),
        ComponentFault::Duplicate { kind, name } => (
            "DUPLICATE_DEVELOPER_NAME",
            format!("There is already a {kind} named {name}"),
        ),
        ComponentFault::Missing { kind, name } => (
            "INVALID_CROSS_REFERENCE_KEY",
            format!("In field: fullName - no {kind} named {name} found"),
        ),
        ComponentFault::Undeletable { reason } => ("DELETE_FAILED", reason.clone()),
        ComponentFault::Invalid { reason } => ("FIELD_INTEGRITY_EXCEPTION", reason.clone()),
        ComponentFault::RolledBack => (
            "ALL_OR_NONE_OPERATION_ROLLED_BACK",
            "Record rolled back because not all records were valid".to_owned(),
        ),
        ComponentFault::ZipUnreadable { reason } => ("INVALID_OPERATION", reason.clone()),
        ComponentFault::Failed => (
            "UNKNOWN_EXCEPTION",
            "An unexpected error occurred".to_owned(),
        ),
    }
}
