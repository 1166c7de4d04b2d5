//! Formulas: from the text of a formula field, a validation rule or a default to its value for a record.
//!
//! Owns the grammar, the types, the functions, decimal arithmetic and the documented texts for invalid formulas. It reads
//! no records: [`Formula::references`] and [`Formula::lookups`] list what a caller has to read beforehand, and [`Environment`] is
//! the time, the time zone and the user. It knows neither queries nor protocols. Start reading at [`Formula`], then `check` and `evaluate`.
//! Source: "Formula Operators and Functions" (Salesforce Help); `salesforce/formula-engine`; `stomita/sformula`.

mod ast;
mod check;
mod datum;
mod error;
mod evaluate;
mod failure;
mod formula;
mod formulas;
mod function;
mod kind;
mod node;
mod number;
mod parse;
mod regex;
mod surroundings;
mod token;

pub use check::{Constant, Subject, Usage};
pub use datum::Datum;
pub use error::Error;
pub use evaluate::{Environment, Mode};
pub use failure::Failure;
pub use formula::{Formula, Inputs, Target};
pub use formulas::Formulas;
pub use kind::Kind;
pub use node::{Lookup, Reference, Step};
pub use number::Number;
pub use surroundings::Surroundings;
