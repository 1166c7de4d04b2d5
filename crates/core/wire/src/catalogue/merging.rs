//! How refusals of merges and of lead conversions are spelled.

use landfall_model::{ConversionFault, MergeFault};

use crate::rest::RestError;

/// Source: "Core Data Types Used in API Calls" (SOAP API Developer Guide) for the codes; none for the texts.
pub(super) fn merge(fault: &MergeFault) -> RestError {
    let (code, message) = match fault {
        MergeFault::VictimsInvalid { most } => (
            "INVALID_MERGE_RECORD",
            format!(
                "a merge takes at least one record and at most {most} besides the master record"
            ),
        ),
        MergeFault::VictimRepeated => (
            "INVALID_MERGE_RECORD",
            "a record can be merged once only, and not into itself".to_owned(),
        ),
        MergeFault::Cyclical => (
            "MERGE_FAILED",
            "the merge would make a record its own parent".to_owned(),
        ),
    };
    RestError::save(code, message, [])
}

/// Source: the same; recorded errors for `Converted`, `StatusInvalid` and the text of `OwnerInvalid`, none for the
/// other texts.
pub(super) fn conversion(fault: &ConversionFault) -> RestError {
    let save = |code, message: &str| RestError::save(code, message, []);
    match fault {
        ConversionFault::Converted => save(
            "CANNOT_UPDATE_CONVERTED_LEAD",
            "cannot reference converted lead",
        ),
        ConversionFault::StatusInvalid { status } => RestError::save(
            "INVALID_STATUS",
            format!("invalid convertedStatus: {status}"),
            ["Status".to_owned()],
        ),
        ConversionFault::AccountMissing => save(
            "MISSING_ARGUMENT",
            "accountId must be specified if contactId is",
        ),
        ConversionFault::AccountOfContact => save(
            "FIELD_INTEGRITY_EXCEPTION",
            "the contact must be associated with the specified account",
        ),
        ConversionFault::OpportunityUnwanted => save(
            "INVALID_OPERATION",
            "opportunityName and opportunityId must be blank if doNotCreateOpportunity is true",
        ),
        ConversionFault::OpportunityTwice => save(
            "INVALID_OPERATION",
            "opportunityName and opportunityId cannot both be specified",
        ),
        ConversionFault::ContactMissing => save(
            "MISSING_ARGUMENT",
            "contactId must be specified if overwriteLeadSource is true",
        ),
        ConversionFault::OwnerInvalid => save(
            "FIELD_INTEGRITY_EXCEPTION",
            "Converted objects can only be owned by users.  If the lead is not owned by a user, you must specify a user \
             for the Owner field.",
        ),
        ConversionFault::LeadsTooMany { most } => RestError::plain(
            400,
            "EXCEEDED_LEAD_CONVERT_LIMIT",
            format!("no more than {most} leads can be converted in one call"),
        ),
    }
}
