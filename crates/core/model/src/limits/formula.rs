//! Limits of formulas.

/// Characters of a formula, blanks and comments included.
/// Source: "Tips for Reducing Formula Size" (Salesforce Help).
pub const FORMULA_CHARACTERS_MAX: usize = 3_900;

/// Parts of a formula together with the formulas that it refers to.
/// Source: `salesforce/formula-engine`: 15,000 characters compiled.
pub const FORMULA_NODES_MAX: usize = 15_000;

/// Levels of parentheses, calls and formulas within each other. Source: none; 3,900 characters hold more, nobody writes them.
pub const FORMULA_DEPTH_MAX: usize = 100;

/// Items of a lookup filter. Source: "`LookupFilter`" (Metadata API Developer Guide).
pub const LOOKUP_FILTER_ITEMS_MAX: usize = 10;

/// Steps of a reference from the record to another.
/// Source: "Cross-Object Formulas" (Salesforce Help): ten relationships away.
pub const FORMULA_PATH_STEPS_MAX: usize = 10;

/// Bytes of a text within a formula. Source: none; the longest text area has 131,072 characters.
pub const FORMULA_TEXT_BYTES_MAX: usize = 524_288;

/// Characters of the text that a formula field gives.
/// Source: `MAX_STRING_VALUE_LENGTH` in `salesforce/formula-engine`; recorded describes.
pub const FORMULA_RESULT_CHARACTERS_MAX: usize = 1_300;

/// Characters of the message of a validation rule.
/// Source: "`ValidationRule`" (Metadata API Developer Guide), `errorMessage`.
pub const VALIDATION_MESSAGE_CHARACTERS_MAX: usize = 255;

/// Steps back that a regular expression may take for one text. Source: none.
pub const FORMULA_REGEX_STEPS_MAX: usize = 100_000;

/// Digits of a number within a formula before the point, beyond which it is out of range; below as many after it, it is zero.
/// Source: none; sums are exact, so there is a bound to what they take.
pub const FORMULA_NUMBER_DIGITS_MAX: i64 = 400;
