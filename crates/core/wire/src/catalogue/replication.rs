//! The spelling of `ReplicationFault`.

use landfall_model::ReplicationFault;

use crate::rest::RestError;

/// Source: "Core Data Types Used in API Calls" (SOAP API Developer Guide) for the codes.
pub(super) fn spell(fault: &ReplicationFault) -> RestError {
    match fault {
        ReplicationFault::TooMany => RestError::plain(
            400,
            "EXCEEDED_ID_LIMIT",
            "too many records changed in the given time; please choose dates that are closer together",
        ),
        ReplicationFault::DateInvalid { reason } => {
            RestError::plain(400, "INVALID_REPLICATION_DATE", *reason)
        }
    }
}
