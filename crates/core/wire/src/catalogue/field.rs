//! The spelling of `FieldFault`.

use landfall_model::FieldFault;

use crate::rest::{RestError, listed, names, read_only};

/// Source: "Core Data Types Used in API Calls" (SOAP API Developer Guide) and recorded responses.
pub(super) fn spell(fault: &FieldFault) -> RestError {
    match fault {
        FieldFault::Unknown { field, entity } => RestError::plain(
            400,
            "INVALID_FIELD",
            format!("No such column '{field}' on sobject of type {entity}"),
        ),
        FieldFault::IdInBody => in_body("Id"),
        FieldFault::IdInEvent => RestError::save(
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            "The event can't be published because it contains an ID value.",
            [],
        ),
        FieldFault::ExternalIdInBody { field } => in_body(field.as_str()),
        FieldFault::ReadOnly { fields } => read_only(fields),
        // Source: errors that administrators quote, such as "Account: bad field names on insert/update call: Name".
        FieldFault::OfOtherKind { entity, fields } => RestError::save(
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            format!(
                "{entity}: bad field names on insert/update call: {}",
                names(fields).join(", ")
            ),
            names(fields),
        ),
        FieldFault::Required { fields } => RestError::save(
            "REQUIRED_FIELD_MISSING",
            format!("Required fields are missing: {}", listed(fields)),
            names(fields),
        ),
    }
}

fn in_body(field: &str) -> RestError {
    RestError::plain(
        400,
        "INVALID_FIELD",
        format!("The {field} field should not be specified in the sobject data."),
    )
}
