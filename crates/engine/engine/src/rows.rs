//! Rows of records: their values by place, new ones, and what changes of one.

use std::sync::Arc;

use landfall_model::{Catalog, EntityDefinition, RecordId, Row, Timestamp, Value};
use landfall_store::{Reads, RowWrite};

use crate::error::Error;

/// Values by the names of their fields.
pub(crate) type Values<'n> = Vec<(&'n str, Value)>;

/// The value at a place; null where there is none.
pub(crate) fn read(row: &Row, place: Option<usize>) -> &Value {
    place
        .and_then(|place| row.get(place))
        .unwrap_or(&Value::Null)
}

/// Sets the value at a place, if there is one.
pub(crate) fn write(row: &mut Row, place: Option<usize>, value: Value) {
    if let Some(slot) = place.and_then(|place| row.get_mut(place)) {
        *slot = value;
    }
}

/// An object that every catalogue has.
///
/// # Errors
/// [`Error::Document`] if this one does not.
pub(crate) fn entity<'c>(
    catalog: &'c Catalog,
    name: &str,
) -> Result<&'c Arc<EntityDefinition>, Error> {
    catalog.entity(name).ok_or_else(|| Error::Document {
        what: "catalogue",
        reason: format!("{name} is not in it"),
    })
}

/// Whether an object has a record in which a checkbox is set; none without that field.
///
/// # Errors
/// [`Error::Store`].
pub(crate) fn has_marked(
    reads: &dyn Reads,
    entity: &EntityDefinition,
    checkbox: &str,
) -> Result<bool, Error> {
    let Some(place) = entity.index_of(checkbox) else {
        return Ok(false);
    };
    let marked = reads.rows_where(entity, place, &Value::Boolean(true), 1)?;
    Ok(!marked.is_empty())
}

/// The row of a new record: the values that `value_of` has for a field, the defaults of the others.
pub(crate) fn new_row(
    entity: &Arc<EntityDefinition>,
    id: RecordId,
    created: Timestamp,
    value_of: impl Fn(&str) -> Option<Value>,
) -> RowWrite {
    let mut row = crate::defaults::blank(entity);
    for (slot, field) in row.iter_mut().zip(&entity.fields) {
        let given = match field.name.as_str() {
            "Id" => Some(Value::Id(id)),
            "CreatedDate" | "LastModifiedDate" | "SystemModstamp" => Some(Value::DateTime(created)),
            name => value_of(name),
        };
        if let Some(value) = given {
            *slot = value;
        }
    }
    RowWrite {
        entity: Arc::clone(entity),
        id,
        row,
        changed: None,
    }
}

/// The change of a row; none if it has the values already.
pub(crate) fn changed(
    entity: &Arc<EntityDefinition>,
    id: RecordId,
    mut row: Row,
    values: Values<'_>,
    now: Timestamp,
) -> Option<RowWrite> {
    let stamps = ["LastModifiedDate", "SystemModstamp"].map(|name| (name, Value::DateTime(now)));
    let other = |(name, value): &(&str, Value)| {
        let place = entity.index_of(name);
        place.is_some() && read(&row, place) != value
    };
    let values: Values<'_> = values.into_iter().filter(other).collect();
    if values.is_empty() {
        return None;
    }
    let mut changed = Vec::new();
    for (name, value) in values.into_iter().chain(stamps) {
        let place = entity.index_of(name);
        write(&mut row, place, value);
        changed.extend(place);
    }
    Some(RowWrite {
        entity: Arc::clone(entity),
        id,
        row,
        changed: Some(changed),
    })
}
