//! How the refusals of requests that consist of several are spelled.

use landfall_model::ManyFault;

use crate::rest::RestError;

fn halted(message: impl Into<String>) -> RestError {
    RestError::plain(400, "PROCESSING_HALTED", message)
}

fn limit(message: &str) -> RestError {
    RestError::plain(400, "LIMIT_EXCEEDED", message)
}

/// The REST spelling. As a part's error the code is called `statusCode`, and `fields` is always there.
///
/// Source: "sObject Collections" (REST API Developer Guide), recorded responses in amp-labs/connectors; messages of
/// `create()`, `update()` and `upsert()` quoted by their clients. "Composite Subrequest
/// Result" (REST API Developer Guide). `Source: none` for the texts of `TypeUnknown`, `HeavyPartsTooMany`,
/// `HeaderInherited`, `NotInTransaction`, `BatchHalted`, `LevelsTooMany`, `TypesTooMany` and of the graphs.
#[expect(
    clippy::too_many_lines,
    reason = "one exhaustive table, in the order of the enum"
)]
pub(super) fn spell(fault: &ManyFault) -> RestError {
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
        ManyFault::PartsTooMany { most } => RestError::plain(
            400,
            "LIMIT_EXCEEDED",
            format!("The request can\u{2019}t contain more than {most} operations."),
        ),
        ManyFault::HeavyPartsTooMany { most } => RestError::plain(
            400,
            "LIMIT_EXCEEDED",
            format!(
                "The request can\u{2019}t contain more than {most} query or sObject Collections operations."
            ),
        ),
        ManyFault::ReferenceIdInvalid { reference } => RestError::plain(
            400,
            "JSON_PARSER_ERROR",
            format!(
                "Provided referenceId ('{reference}') must start with a letter or a number, and it can contain only \
                 letters, numbers and underscores ('_')."
            ),
        ),
        ManyFault::ReferenceIdRepeated => RestError::plain(
            400,
            "INVALID_INPUT",
            "Duplicate ReferenceId provided in the request.",
        ),
        ManyFault::HeaderInherited { name } => RestError::plain(
            400,
            "INVALID_INPUT",
            format!("The header {name} can't be specified in a subrequest."),
        ),
        ManyFault::ReferenceUnresolved { path, reference } => halted(format!(
            "Invalid reference specified. No value for {path} found in {reference}"
        )),
        ManyFault::OthersFailed => halted(
            "The transaction was rolled back since another operation in the same transaction failed.",
        ),
        ManyFault::NotInTransaction => {
            halted("The operation isn't supported in a request that uses allOrNone.")
        }
        ManyFault::BatchHalted => RestError::plain(
            412,
            "BATCH_PROCESSING_HALTED",
            "Batch processing was halted since a previous request in the batch failed.",
        ),
        ManyFault::ReferenceIdMissing => RestError::plain(
            400,
            "INVALID_INPUT",
            "Include a reference ID for each record in the request.",
        ),
        ManyFault::LevelsTooMany { most } => limit(&format!(
            "A tree can't contain more than {most} levels of records."
        )),
        ManyFault::TypesTooMany { most } => limit(&format!(
            "A tree can't contain records of more than {most} types."
        )),
        ManyFault::GraphIdInvalid { id } => RestError::plain(
            400,
            "INVALID_INPUT",
            format!(
                "Provided graphId ('{id}') must be unique, start with a letter or a number, be shorter than 40 \
                 characters, and contain no period."
            ),
        ),
        ManyFault::GraphTooLarge { what, most } => limit(&format!(
            "The request can't contain more than {most} {what}."
        )),
        ManyFault::GraphsHalted => {
            halted("Processing was halted since too many graphs of the request failed.")
        }
    }
}
