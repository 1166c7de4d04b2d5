//! The currencies of an org with several: records of `CurrencyType`, of which one is the corporate currency.
//!
//! The field `CurrencyIsoCode` offers the active ones. A new record has the currency of the user who makes it, or the
//! corporate one.
//!
//! Source: "`CurrencyType`" (Object Reference); "Manage Multiple Currencies" (Salesforce Help). Source: none for the
//! dollar of a new org.

use std::sync::Arc;

use landfall_model::{
    Catalog, EntityDefinition, FieldDefinition, Fields, PicklistValue, Timestamp, Value,
};
use landfall_store::{Reads, RowWrite};

use crate::error::Error;
use crate::numbers::Numbers;
use crate::rows::{has_marked, new_row, read};

/// The object whose records are the currencies.
pub(crate) const OBJECT: &str = "CurrencyType";

/// The field of a record's currency.
pub(crate) const FIELD: &str = "CurrencyIsoCode";

/// The currency that a user works with.
pub(crate) const OF_USER: &str = "DefaultCurrencyIsoCode";

/// The corporate currency of a new org.
const CORPORATE: &str = "USD";

/// The corporate currency, if the org has currencies and lacks it.
///
/// # Errors
/// [`Error::Store`].
pub(crate) fn missing(
    reads: &dyn Reads,
    catalog: &Catalog,
    numbers: &mut Numbers,
    at: Timestamp,
) -> Result<Option<RowWrite>, Error> {
    let Some(currencies) = catalog.entity(OBJECT) else {
        return Ok(None);
    };
    if has_marked(reads, currencies, "IsCorporate")? {
        return Ok(None);
    }
    let id = numbers.record_id(currencies.key_prefix);
    Ok(Some(new_row(currencies, id, at, |field| match field {
        "IsoCode" => Some(Value::Text(CORPORATE.to_owned())),
        "ConversionRate" => Some(Value::Double(1.0)),
        "DecimalPlaces" => Some(Value::Integer(2)),
        "IsActive" | "IsCorporate" => Some(Value::Boolean(true)),
        _ => None,
    })))
}

/// The catalogue with the currencies of the org as values of the fields that hold one.
///
/// # Errors
/// [`Error::Store`].
pub(crate) fn offered(reads: &dyn Reads, catalog: Arc<Catalog>) -> Result<Arc<Catalog>, Error> {
    let Some(currencies) = catalog.entity(OBJECT) else {
        return Ok(catalog);
    };
    let mut values = Vec::new();
    for row in reads.recent_rows(currencies, usize::MAX)? {
        let value = |field| read(&row, currencies.index_of(field));
        let is_on = |field| value(field).as_bool() == Some(true);
        if let Some(code) = value("IsoCode").as_text()
            && is_on("IsActive")
        {
            values.push(PicklistValue {
                value: code.to_owned(),
                label: code.to_owned(),
                active: true,
                default: is_on("IsCorporate"),
            });
        }
    }
    values.sort_by(|left, right| left.value.cmp(&right.value));
    let values: Arc<[PicklistValue]> = values.into();
    let entities = catalog.entities().iter();
    let entities = entities.map(|entity| with_values(entity, &values));
    let events = catalog.platform_events().iter().cloned();
    Ok(Arc::new(
        Catalog::of(entities.collect::<Vec<_>>()).with_platform_events(events),
    ))
}

/// An object whose currency is one of these. Its fields are read when something looks at them, as before.
fn with_values(
    entity: &Arc<EntityDefinition>,
    values: &Arc<[PicklistValue]>,
) -> Arc<EntityDefinition> {
    let (fields, values) = (entity.fields.clone(), Arc::clone(values));
    let mut changed = EntityDefinition::clone(entity);
    changed.fields = Fields::shipped(move || {
        let fields = fields.iter().cloned();
        fields.map(|field| offering(field, &values)).collect()
    });
    Arc::new(changed)
}

fn offering(field: FieldDefinition, values: &[PicklistValue]) -> FieldDefinition {
    let name = field.name.as_str();
    if name != FIELD && name != OF_USER {
        return field;
    }
    let values = values.iter().cloned();
    // What a user has is theirs, and none by default.
    let default = name == FIELD;
    FieldDefinition {
        picklist: values
            .map(|value| PicklistValue {
                default: value.default && default,
                ..value
            })
            .collect(),
        ..field
    }
}
