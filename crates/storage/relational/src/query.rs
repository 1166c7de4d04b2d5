//! Queries as statements: one tree of parts, written in the dialect of the database.
//!
//! Nothing that a client has written becomes SQL: names are those of definitions, quoted, and values are parameters. What a
//! part means is defined by `landfall_query`; where the dialects differ, [`Dialect`] decides.

mod dialect;
mod expression;
mod formula;
mod predicate;
mod statement;

pub use dialect::{Dialect, FUNCTIONS, function_number};
pub use formula::{Joined, fields_of, has_formula};
pub use statement::{
    Children, Param, Part, Sql, Statement, Wanted, Way, fold, is_computed_here, of_candidates,
    of_children, of_count, of_groups, of_one, of_records, of_rows, of_several,
};
