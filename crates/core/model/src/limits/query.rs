//! Limits of queries, before they are carried out.

/// Rows that a query may skip. Source: "`OFFSET`" (SOQL and SOSL Reference).
pub const QUERY_OFFSET_MAX: u64 = 2_000;

/// Comparisons in one query. Source: none.
pub const QUERY_TERMS_MAX: usize = 4_000;

/// Columns of one plan. Source: none; above the fields of the largest object and its compounds.
pub const QUERY_COLUMNS_MAX: usize = 1_500;

/// Relationships to parents in one query; each object of a polymorphic relationship counts, since each is read.
/// Source: "Relationship Query Limitations" (SOQL and SOSL Reference).
pub const QUERY_PARENTS_MAX: usize = 55;

/// Child queries in one query. Source: "Relationship Query Limitations" (SOQL and SOSL Reference).
pub const QUERY_CHILDREN_MAX: usize = 20;

/// Levels of child queries, the query itself included. Source: "Relationship Query Limitations" (SOQL and SOSL Reference).
pub const QUERY_LEVELS_MAX: usize = 5;

/// Semi-joins in one query. Source: "Semi-Joins and Anti-Joins" (SOQL and SOSL Reference).
pub const QUERY_SEMI_JOINS_MAX: usize = 2;

/// Items of one `ORDER BY`. Source: none.
pub const QUERY_ORDER_ITEMS_MAX: usize = 32;

/// Records that a query with `FIELDS(ALL)` may return. Source: "`FIELDS()`" (SOQL and SOSL Reference).
pub const QUERY_FIELDS_ALL_RECORDS_MAX: u64 = 200;

/// Steps of one relationship path. Source: "Relationship Query Limitations" (SOQL and SOSL Reference).
pub const QUERY_PATH_STEPS_MAX: usize = 5;

/// Length of one text in a query. Unit: characters.
/// Source: "SOQL and SOSL Limits for Search Queries" (Salesforce Developer Limits).
pub const QUERY_TEXT_CHARACTERS_MAX: usize = 4_000;
