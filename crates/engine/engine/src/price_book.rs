//! The standard price book, which every org has once.
//!
//! Source: "`Pricebook2`" (Object Reference). Source: none for a new org's being active.

use landfall_model::{Catalog, Timestamp, Value};
use landfall_store::{Reads, RowWrite};

use crate::error::Error;
use crate::numbers::Numbers;
use crate::rows::{entity, has_marked, new_row};

pub(crate) const OBJECT: &str = "Pricebook2";

/// The standard price book, if the org does not have it.
///
/// # Errors
/// [`Error::Store`].
pub(crate) fn missing(
    reads: &dyn Reads,
    catalog: &Catalog,
    numbers: &mut Numbers,
    at: Timestamp,
) -> Result<Option<RowWrite>, Error> {
    let books = entity(catalog, OBJECT)?;
    if has_marked(reads, books, "IsStandard")? {
        return Ok(None);
    }
    let id = numbers.record_id(books.key_prefix);
    Ok(Some(new_row(books, id, at, |field| match field {
        "Name" => Some(Value::Text("Standard Price Book".to_owned())),
        "IsActive" | "IsStandard" => Some(Value::Boolean(true)),
        _ => None,
    })))
}
