//! The spelling of `QueryFault`.

use landfall_model::QueryFault;

use super::query_refusal;
use crate::rest::RestError;

/// Source: "Status Codes and Error Responses" (REST API Developer Guide) and recorded responses.
pub(super) fn spell(fault: &QueryFault) -> RestError {
    match fault {
        QueryFault::Malformed { reason } => {
            RestError::plain(400, "MALFORMED_QUERY", reason.as_str())
        }
        QueryFault::SearchMalformed { reason } => {
            RestError::plain(400, "MALFORMED_SEARCH", reason.as_str())
        }
        QueryFault::Refused { place, refusal } => query_refusal::spell(place, refusal),
        QueryFault::ObjectUnknown { name } => RestError::plain(
            400,
            "INVALID_TYPE",
            format!(
                "sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append \
                 the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate \
                 names."
            ),
        ),
    }
}
