//! What a query finds.

use landfall_model::{RecordId, Value};

/// Records or groups, in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueryResult {
    /// The first of them, with their values; all, if they are groups.
    pub rows: Vec<ResultRow>,
    /// The ids of all of them; none, if they are groups.
    pub ids: Vec<RecordId>,
}

/// One record or group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResultRow {
    /// In the order of the plan's columns.
    pub values: Vec<Value>,
    /// In the order of the plan's queries of children.
    pub children: Vec<QueryResult>,
}
