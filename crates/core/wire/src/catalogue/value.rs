//! The spelling of `ValueFault`.

use landfall_model::ValueFault;
use landfall_model::fault::FaultField;

use super::{json_error, query};
use crate::dates::render_long;
use crate::rest::{RestError, duplicate};

/// Source: "Core Data Types Used in API Calls" (SOAP API Developer Guide) and recorded responses. `Source: none` for the
/// text of `NumberOutOfRange`.
#[expect(
    clippy::too_many_lines,
    reason = "one exhaustive table, in the order of the enum"
)]
pub(super) fn spell(fault: &ValueFault) -> RestError {
    match fault {
        ValueFault::Unreadable {
            expected,
            token,
            value,
            line,
            column,
        } => json_error(&format!(
            "Cannot deserialize instance of {expected} from {token} value {value} or request may be missing a \
             required field at [line:{line}, column:{column}]"
        )),
        ValueFault::TypeWrong { field, value } => on_field(
            "INVALID_TYPE_ON_FIELD_IN_RECORD",
            field,
            &format!("value not of required type: {value}"),
        ),
        ValueFault::TextTooLong { field, value, max } => on_field(
            "STRING_TOO_LONG",
            field,
            &format!("data value too large: {value} (max length={max})"),
        ),
        // Source: "StatusCode" (SOAP API Developer Guide) has the code; the text is none of the service's.
        ValueFault::FileTooLarge { field, max } => RestError::save(
            "FILE_SIZE_LIMIT_EXCEEDED",
            format!("The file is larger than {max} bytes"),
            [field.to_string()],
        ),
        ValueFault::PicklistValueUnknown { field, value } => on_field(
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            field,
            &format!("bad value for restricted picklist field: {value}"),
        ),
        ValueFault::EmailInvalid { field, value } => on_field(
            "INVALID_EMAIL_ADDRESS",
            field,
            &format!("invalid email address: {value}"),
        ),
        ValueFault::IdMalformed { field, value } => RestError::save(
            "MALFORMED_ID",
            format!("malformed id {value}"),
            [field.name.to_string()],
        ),
        ValueFault::IdTypeWrong { field, value } => on_field(
            "MALFORMED_ID",
            field,
            &format!("id value of incorrect type: {value}"),
        ),
        // Source: recorded responses of `CumulusCI`.
        ValueFault::RecordTypeRefused { field, value } => on_field(
            "INVALID_CROSS_REFERENCE_KEY",
            field,
            &format!("this ID value isn't valid for the user: {value}"),
        ),
        ValueFault::NumberOutOfRange { field, value } => on_field(
            "NUMBER_OUTSIDE_VALID_RANGE",
            field,
            &format!("value outside of valid range on numeric field: {value}"),
        ),
        ValueFault::MomentOutOfRange { field, point } => on_field(
            "FIELD_INTEGRITY_EXCEPTION",
            field,
            &format!("invalid date: {}", render_long(*point)),
        ),
        // Source: published transcripts of loads of prices.
        ValueFault::StandardPriceMissing { field } => RestError::save(
            "STANDARD_PRICE_NOT_DEFINED",
            "No standard price defined for this product",
            [field.name.to_string()],
        ),
        ValueFault::Refused { field, reason } => {
            on_field("FIELD_INTEGRITY_EXCEPTION", field, reason)
        }
        ValueFault::Duplicate { field, record } => duplicate(field, *record),
        ValueFault::QueryInvalid { field, cause } => {
            let cause = query::spell(cause);
            RestError::save(cause.code, cause.message, [field.to_string()])
        }
        ValueFault::ReferenceUnknown { field } => RestError::save(
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id",
            [field.to_string()],
        ),
        ValueFault::ForeignKeyUnknown { key, field, entity } => RestError::save(
            "INVALID_FIELD",
            format!(
                "Foreign key external ID: {key} not found for field {field} in entity {entity}"
            ),
            [],
        ),
    }
}

/// Wire: the text begins with the label, `fields` has the API name.
fn on_field(code: &'static str, field: &FaultField, text: &str) -> RestError {
    RestError::save(
        code,
        format!("{}: {text}", field.label),
        [field.name.to_string()],
    )
}
