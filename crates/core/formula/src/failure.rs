//! Why a formula has no value for a record.

/// Why an evaluation ended without a value.
///
/// Wire: null where a field is read; in a rule it is part of the error of the save.
/// Source: `salesforce/formula-engine`; the texts: none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// A division by zero.
    #[error("Division by zero")]
    DivisionByZero,
    /// A power whose exponent is not whole, or that is too large.
    #[error("Invalid exponent")]
    PowerOutOfRange,
    /// A number with more digits than are computed with.
    #[error("Number out of range")]
    NumberOutOfRange,
    /// A function that is not defined for this number, such as the square root of a negative one.
    #[error("Invalid argument for function {0}")]
    Domain(&'static str),
    /// A text that is no number.
    #[error("Invalid number")]
    NumberInvalid,
    /// A date or time that does not exist.
    #[error("Invalid date")]
    DateInvalid,
    /// A text longer than any field.
    #[error("Text too long")]
    TextTooLong,
    /// A regular expression that takes too long.
    #[error("Regular expression runtime exceeded for: {0}")]
    RegexRuntime(String),
    /// Operands of types that the checker does not let through.
    #[error("Incorrect operands")]
    Operands,
}
