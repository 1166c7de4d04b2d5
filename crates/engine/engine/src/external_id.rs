//! Which record an external id names where another refers to it.
//!
//! Source: "Foreign Keys" in `create()` (SOAP API Developer Guide), "Insert or Update (Upsert) a Record Using an External ID"
//! (REST API Developer Guide).

use landfall_model::{
    EntityDefinition, Fault, FieldName, RecordFault, RecordId, Row, Value, ValueFault,
};

/// The one of these records of an object that an external id names. All of them have it in the field at this place; those
/// in the recycle bin do not count.
///
/// # Errors
/// [`ValueFault::ForeignKeyUnknown`], [`RecordFault::ExternalIdAmbiguous`].
pub fn record_named(
    target: &EntityDefinition,
    place: usize,
    key: &str,
    rows: &[Row],
) -> Result<RecordId, Fault> {
    let value = |row: &Row, name| row.get(target.index_of(name)?).cloned();
    let live = rows
        .iter()
        .filter(|row| value(row, "IsDeleted") != Some(Value::Boolean(true)));
    let ids: Vec<RecordId> = live.filter_map(|row| value(row, "Id")?.as_id()).collect();
    match ids.as_slice() {
        [id] => Ok(*id),
        [] => {
            let field = target.fields.get(place);
            Err(Fault::Value(ValueFault::ForeignKeyUnknown {
                key: key.to_owned(),
                field: field.map_or_else(|| FieldName::new("Id"), |field| field.name.clone()),
                entity: target.name.clone(),
            }))
        }
        _ => Err(Fault::Record(RecordFault::ExternalIdAmbiguous {
            records: ids,
        })),
    }
}
