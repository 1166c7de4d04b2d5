//! Why an expression is no filter, in the texts that clients know.

use thiserror::Error;

/// Why an expression is no filter of an event.
///
/// Source: forcedotcom/sf-skills (literal texts of refused deployments); where it has none, our own.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// More characters than a filter may have.
    #[error("A filter expression has at most {max} characters")]
    TooLong {
        /// How many it may have.
        max: usize,
    },
    /// No expression at all.
    #[error("filter expression has syntax errors: {reason}")]
    Syntax {
        /// What is wrong with it.
        reason: String,
    },
    /// A field that the event does not have, or that no filter can be about.
    #[error("The {field} field in the filter expression is invalid")]
    FieldInvalid {
        /// As written.
        field: String,
    },
    /// A compound field without one of its components.
    #[error("Compound field {field} has to be used with a component field in a filter expression")]
    CompoundWhole {
        /// As written.
        field: String,
    },
    /// An operator that the field or the value does not have.
    #[error("Only equality operators are supported for this field type or value")]
    OperatorInvalid,
    /// A whole number beyond 32 bits.
    #[error(
        "A number format error occurred: write a number beyond 2147483647 with a decimal point, such as {literal}.0"
    )]
    NumberFormat {
        /// As written.
        literal: String,
    },
    /// A value of another type than the field.
    #[error(
        "The value that the {field} field is compared with in the filter expression must be of type {expected}"
    )]
    ValueMistyped {
        /// As written.
        field: String,
        /// The type of the field.
        expected: &'static str,
    },
    /// A date is compared with a word that stands for days.
    ///
    /// Source: "Field Considerations" (Change Data Capture and Platform Events Developer Guides); the text is ours.
    #[error(
        "A filter expression compares dates with date values such as 2021-07-09, not with date literals such as TOMORROW"
    )]
    DateLiteral,
    /// More different fields than a filter may be about.
    #[error("A filter expression has at most {max} fields")]
    TooManyFields {
        /// How many it may have.
        max: usize,
    },
}
