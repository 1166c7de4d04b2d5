//! What a query finds, as lines of a table.
//!
//! Source: "Create a Query Job", "Get Results for a Query Job" (Bulk API 2.0 and Bulk API Developer Guide).

use std::borrow::Cow;

use landfall_engine::query::{Answers, Cell, Checked, Item, RecordShape, Shown};
use landfall_model::{FieldType, UnsupportedQuery, Value};
use landfall_wire::values;

/// The last API version whose columns come in the order of their names.
const SORTED_VERSION: u16 = 49;

/// The columns of what a query finds.
#[derive(Debug)]
pub(crate) struct Table(Vec<Cell>);

impl Table {
    /// Checks that a query can be answered so.
    ///
    /// # Errors
    /// What it has that a table has not.
    pub(crate) fn of(checked: &Checked, version: u16) -> Result<Self, UnsupportedQuery> {
        let Answers::Records(shape) = &checked.answers else {
            return Err(UnsupportedQuery::Aggregate);
        };
        if checked.single_page {
            return Err(UnsupportedQuery::Offset);
        }
        if let Some(unsupported) = unsupported(shape) {
            return Err(unsupported);
        }
        let mut cells = checked.cells.clone();
        if version <= SORTED_VERSION {
            cells.sort_by(|left, right| left.name.cmp(&right.name));
        }
        Ok(Self(cells))
    }

    /// The names of the columns.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|cell| cell.name.as_str())
    }

    /// The values of a record; nothing is an empty one.
    pub(crate) fn line<'r>(&'r self, row: &'r [Value]) -> impl Iterator<Item = Cow<'r, str>> {
        self.0.iter().map(|cell| {
            let value = row.get(cell.column).unwrap_or(&Value::Null);
            text(value, &cell.shown).unwrap_or_default()
        })
    }
}

/// The text of a value; none for null.
pub(crate) fn text<'v>(value: &'v Value, shown: &Shown) -> Option<Cow<'v, str>> {
    match shown.text(value) {
        Some(text) => Some(text.into()),
        None => values::render(value, shown.field_type()),
    }
}

fn unsupported(shape: &RecordShape) -> Option<UnsupportedQuery> {
    shape.items.iter().find_map(|item| match item {
        Item::Value {
            shown: Shown::Plain(FieldType::Base64),
            ..
        } => Some(UnsupportedQuery::Blob),
        Item::Value {
            shown: Shown::Plain(FieldType::JunctionIdList),
            ..
        } => Some(UnsupportedQuery::IdList),
        Item::Value { .. } => None,
        Item::Compound { .. } => Some(UnsupportedQuery::Compound),
        Item::Parent { record, .. } => unsupported(record),
        Item::Children { .. } => Some(UnsupportedQuery::Children),
        Item::TypeOf { .. } => Some(UnsupportedQuery::TypeOf),
    })
}
