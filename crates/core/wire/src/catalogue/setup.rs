//! The spelling of `SetupFault`.

use landfall_model::SetupFault;

use crate::rest::RestError;

/// Source: "Core Data Types Used in API Calls" (SOAP API Developer Guide) for the codes; `DuplicateDeveloperName` as
/// recorded.
pub(super) fn spell(fault: &SetupFault) -> RestError {
    match fault {
        SetupFault::Invalid { reason } => RestError::save("INVALID_INPUT", reason.clone(), []),
        SetupFault::NumberInvalid { reason } => {
            RestError::save("FIELD_INTEGRITY_EXCEPTION", reason.clone(), [])
        }
        SetupFault::FieldMissing { field } => RestError::save(
            "REQUIRED_FIELD_MISSING",
            format!("Required field is missing: {field}"),
            [],
        ),
        SetupFault::NameTaken { name, kind } => RestError::save(
            "DUPLICATE_DEVELOPER_NAME",
            format!(
                "The name \"{name}\" is already used on component type: {kind}. Please rename existing component."
            ),
            [],
        ),
        SetupFault::FieldNameTaken { field, object } => RestError::save(
            "DUPLICATE_DEVELOPER_NAME",
            format!("There is already a field named {field} on {object}."),
            [],
        ),
        SetupFault::NameInvalid { name } => RestError::save(
            "INVALID_FULL_NAME",
            format!("{name} is no name of a CustomField"),
            [],
        ),
        SetupFault::Duplicate { name } => RestError::save(
            "DUPLICATE_VALUE",
            format!("duplicate value found: the same is already said by {name}"),
            [],
        ),
    }
}
