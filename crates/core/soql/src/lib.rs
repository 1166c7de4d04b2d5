//! SOQL and SOSL: from the text of a query or a search to its syntax tree.
//!
//! Owns the grammar, the literals and the documented texts for invalid queries. It deliberately knows no object, no field
//! and no permission: whether `Foo` is a field is another's business, and so is how an error reaches a client. It imports
//! nothing and could be used alone. Start reading at [`parse`] and [`Query`]; [`caret`] makes the place in error texts.
//! Source: SOQL and SOSL Reference; where that is silent, recorded answers and the grammar of `apex-dev-tools/apex-parser`.

mod ast;
mod error;
mod keyword;
mod moment;
mod parse;
mod search;
mod text;
mod token;

pub use ast::{
    Argument, Call, Comparison, Condition, FieldSet, From, Group, GroupKind, Literal, LiteralKind,
    Name, Operand, Operator, Order, Path, Query, Select, TypeOf, TypeOfCase, Value,
};
pub use error::{Error, ErrorKind, caret};
pub use keyword::{Aggregate, DateFunction, DateKeyword, Function, Span, Unit};
pub use parse::{parse, parse_filter};
pub use search::{Returned, Search, SearchGroup, Terms, parse_search, terms};

/// Characters of one statement. Source: "SOQL `SELECT` Syntax", limits.
pub const STATEMENT_CHARACTERS_MAX: usize = 100_000;

/// Levels of parentheses and of queries within queries. Source: none; far above what anybody writes.
pub const DEPTH_MAX: usize = 100;
