//! Why a text is no formula, in the texts of the service.
//!
//! Source: `api/.../labels/labels.xml` of `salesforce/formula-engine`.

use landfall_model::limits::{FORMULA_CHARACTERS_MAX, FORMULA_NODES_MAX};

/// Why a text is no formula for its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It does not follow the grammar.
    #[error("Syntax error")]
    Syntax,
    /// Something is missing.
    #[error("Syntax error.  Missing '{0}'")]
    SyntaxMissing(String),
    /// Something is in the wrong position.
    #[error("Syntax error.  Found '{0}'")]
    SyntaxFound(String),
    /// Something is there once too often.
    #[error("Syntax error. Extra '{0}'")]
    SyntaxExtra(String),
    /// More characters than a formula may have.
    #[error(
        "Formula is too long ({} characters).  Maximum length is {} characters",
        grouped(*characters),
        grouped(FORMULA_CHARACTERS_MAX)
    )]
    TooLong {
        /// How many it has.
        characters: usize,
    },
    /// With the formulas that it refers to it has more parts than are evaluated.
    #[error(
        "Compiled formula is too big to execute ({} characters). Maximum size is {} characters",
        grouped(*size),
        grouped(FORMULA_NODES_MAX)
    )]
    TooBig {
        /// How many parts were counted.
        size: usize,
    },
    /// Parentheses or calls within each other beyond the limit.
    #[error("Formula is nested too deeply")]
    TooDeep,
    /// There is no such field, object or global.
    #[error("Field {0} does not exist. Check spelling.")]
    FieldUnknown(String),
    /// The object after a colon is none that the relationship leads to.
    #[error("{object} is an invalid object type for the {relationship} field. Check spelling.")]
    ObjectInvalid {
        /// After the colon.
        object: String,
        /// Before it.
        relationship: String,
    },
    /// There is no such function.
    #[error("Unknown function {0}. Check spelling.")]
    FunctionUnknown(String),
    /// The function is for other places.
    #[error("Function {0} may not be used in this type of formula")]
    FunctionMisplaced(String),
    /// An argument has the wrong type.
    #[error("Incorrect parameter type for {subject}. Expected {expected}, received {received}")]
    ParameterType {
        /// `function 'IF()'` or `operator '+'`.
        subject: String,
        /// The types that it takes.
        expected: String,
        /// The type that it was given.
        received: &'static str,
    },
    /// The arguments do not go together.
    #[error("Incorrect argument type for function '{0}()'. ")]
    ArgumentType(String),
    /// There are too many arguments, or too few.
    #[error(
        "Incorrect number of parameters for function '{function}()'. Expected {expected}, received {received}"
    )]
    ParameterCount {
        /// Its name.
        function: String,
        /// How many it takes.
        expected: usize,
        /// How many it was given.
        received: usize,
    },
    /// The result does not fit the place of the formula.
    #[error(
        "Formula result is data type ({received}), incompatible with expected data type ({expected})."
    )]
    ResultType {
        /// Of the formula.
        received: &'static str,
        /// Of the place.
        expected: &'static str,
    },
    /// An argument has to be one of some literals.
    #[error(
        "Incorrect parameter value for function '{function}()'. Expected {expected}, received {received}"
    )]
    ParameterValue {
        /// Its name.
        function: &'static str,
        /// What it takes.
        expected: &'static str,
        /// What it was given.
        received: String,
    },
    /// The argument of `INCLUDES` is no literal.
    #[error(
        "Incorrect parameter for function {0}(). Text Literal must be a valid value for this multi-select picklist field."
    )]
    LiteralMissing(&'static str),
    /// A picklist is used as if it were a text.
    #[error(
        "Field {0} is a picklist field. Picklist fields are only supported in certain functions."
    )]
    Picklist(String),
    /// A multi-select picklist is used as if it were a text.
    #[error(
        "Field {0} is a multi-select picklist field. Multi-select picklist fields are only supported in certain functions."
    )]
    MultiPicklist(String),
    /// Fields of this type are not read by formulas.
    #[error(
        "You referenced an unsupported field type called \"{kind}\" using the following field: {field}"
    )]
    FieldType {
        /// The type.
        kind: &'static str,
        /// The field.
        field: String,
    },
    /// The function is about fields of the record itself alone.
    #[error("The {function} function cannot reference the {field} field.")]
    FieldInFunction {
        /// Its name.
        function: &'static str,
        /// The field.
        field: String,
    },
    /// A formula refers to itself.
    #[error(
        "Formula cannot use another formula field that directly or indirectly refers to itself."
    )]
    Cycle,
    /// A formula that this one refers to has an error.
    #[error("Error in referenced formula {field}, {error}")]
    Referenced {
        /// The field with that formula.
        field: String,
        /// Its error.
        error: Box<Self>,
    },
    /// A regular expression that cannot be compiled.
    #[error("Invalid regular expression: {0}")]
    Regex(String),
    /// A link that runs a script.
    #[error("Incorrect parameter value for function 'HYPERLINK()'. Javascript is not allowed.")]
    Javascript,
}

/// A number with commas between its thousands.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut spelled = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            spelled.push(',');
        }
        spelled.push(digit);
    }
    spelled
}
