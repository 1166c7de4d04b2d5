//! How the refusals of requests that consist of several are spelled.

use landfall_model::ManyFault;

use crate::rest::RestError;

/// The REST spelling. As a part's error the code is called `statusCode`, and `fields` is always there.
///
/// Source: "sObject Collections" (REST API Developer Guide), recorded responses in amp-labs/connectors; messages of
/// `create()`, `update()` and `upsert()` quoted by their clients. `Source: none` for the texts of `TypeMissing` and
/// `TypeUnknown`.
pub(crate) fn error(fault: &ManyFault) -> RestError {
    match fault {
        ManyFault::RecordsMissing => RestError::plain(
            400,
            "REQUIRED_FIELD_MISSING",
            "At least 1 record is required",
        ),
        ManyFault::RecordsTooMany { most } => RestError::plain(
            400,
            "EXCEEDED_ID_LIMIT",
            format!("record limit reached. cannot submit more than {most} records into this call"),
        ),
        ManyFault::ChunksTooMany { most } => RestError::plain(
            400,
            "LIMIT_EXCEEDED",
            format!(
                "Cannot have more than {most} chunks in a single operation. Please rearrange the data to reduce chunking."
            ),
        ),
        ManyFault::TypeMissing => RestError::plain(
            400,
            "INVALID_INPUT",
            "Include an entity type for each record in the request.",
        ),
        ManyFault::TypeUnknown { name } => RestError::plain(
            400,
            "INVALID_TYPE",
            format!("sObject type '{name}' is not supported."),
        ),
        ManyFault::IdMissing => {
            RestError::save("MISSING_ARGUMENT", "Id not specified in an update call", [])
        }
        ManyFault::IdInInsert => RestError::save(
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            "cannot specify Id in an insert call",
            ["Id".to_owned()],
        ),
        ManyFault::IdUnreadable { value } => {
            RestError::save("MALFORMED_ID", format!("malformed id {value}"), [])
        }
        ManyFault::KeyMissing { field } => {
            RestError::save("MISSING_ARGUMENT", format!("{field} not specified"), [])
        }
        ManyFault::KeyRepeated { field, value } => RestError::save(
            "DUPLICATE_VALUE",
            format!("Duplicate external id specified: {value}"),
            [field.to_string()],
        ),
    }
}
