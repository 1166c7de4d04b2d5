//! The spelling of `RecordFault`.

use landfall_model::RecordFault;
use landfall_model::fault::{BrokenRule, PersonAccountReason};

use super::not_found;
use crate::rest::{RestError, ambiguous, operation_refused};

/// Source: "Core Data Types Used in API Calls" (SOAP API Developer Guide) and recorded responses. `Source: none` for the
/// texts of `DeleteRestricted`, `DeleteTooLarge`.
pub(super) fn spell(fault: &RecordFault) -> RestError {
    match fault {
        RecordFault::RulesBroken { broken } => rules_broken(broken),
        RecordFault::FilterBroken { field, message } => RestError::save(
            "FIELD_FILTER_VALIDATION_EXCEPTION",
            message.as_str(),
            [field.to_string()],
        ),
        RecordFault::NotServedByQueue => not_served_by_queue(),
        RecordFault::NotFound => not_found(),
        RecordFault::LimitExceeded { label, max } => RestError::save(
            "LIMIT_EXCEEDED",
            format!("{label}: the limit of {max} records is reached"),
            [],
        ),
        RecordFault::Unknown => RestError::save(
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id",
            [],
        )
        .with_status(404),
        RecordFault::Deleted => {
            RestError::save("ENTITY_IS_DELETED", "entity is deleted", []).with_status(404)
        }
        RecordFault::NotDeleted => {
            RestError::save("UNDELETE_FAILED", "Entity is not in the recycle bin", [])
        }
        RecordFault::BinEntryMissing => RestError::save(
            "INVALID_ID_FIELD",
            "invalid record id; no recycle bin entry found",
            [],
        ),
        RecordFault::ExternalIdFieldUnknown { field } => RestError::plain(
            404,
            "NOT_FOUND",
            format!("Provided external ID field does not exist or is not accessible: {field}"),
        ),
        RecordFault::ExternalIdAmbiguous { records } => ambiguous(records),
        RecordFault::OperationRefused { operation, label } => operation_refused(*operation, label),
        RecordFault::DeleteRestricted { label, child } => RestError::save(
            "DELETE_FAILED",
            format!(
                "Your attempt to delete {label} could not be completed because it is associated with the following \
                 records: {child}"
            ),
            [],
        ),
        RecordFault::DeleteTooLarge => RestError::save(
            "DELETE_OPERATION_TOO_LARGE",
            "Your attempt to delete could not be completed because too many records are affected.",
            [],
        ),
        RecordFault::RolledBack { .. } => RestError::save(
            "ALL_OR_NONE_OPERATION_ROLLED_BACK",
            "Record rolled back because not all records were valid and the request was using AllOrNone header",
            [],
        ),
        RecordFault::PersonAccount { reason } => RestError::save(
            "INVALID_PERSON_ACCOUNT_OPERATION",
            person_account(*reason),
            [],
        ),
        RecordFault::AccessDenied => RestError::save(
            "INSUFFICIENT_ACCESS_OR_READONLY",
            "insufficient access rights on object id",
            [],
        )
        .with_status(403),
    }
}

/// Source: none.
const fn person_account(reason: PersonAccountReason) -> &'static str {
    match reason {
        PersonAccountReason::OwnContact => {
            "The contact of a person account is deleted and merged with its account"
        }
        PersonAccountReason::Contacts => {
            "A business account becomes a person account with no more than one contact, which has the same owner"
        }
        PersonAccountReason::OtherContact => "A person account has no contact but its own",
        PersonAccountReason::Merge => {
            "Person accounts and business accounts are not merged with each other"
        }
    }
}

/// See `parts`: where there are several, each is spelled by itself.
/// Source: published logs of saves that a flow gave to such a queue.
fn not_served_by_queue() -> RestError {
    let message = "Queue not associated with this SObject type";
    RestError::save("INVALID_OPERATION", message, [])
}

fn rules_broken(broken: &[BrokenRule]) -> RestError {
    let first = broken.first();
    let fields = first.and_then(|rule| rule.field.as_ref());
    RestError::save(
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        first.map_or("", |rule| rule.message.as_str()),
        fields.map(ToString::to_string),
    )
}
