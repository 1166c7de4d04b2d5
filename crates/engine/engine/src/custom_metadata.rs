//! Custom metadata: from components to the rows of their types.
//!
//! A row has the number of its component in its id. What no component declares any more has no row.
//! Source: "Custom Metadata `Type__mdt`" (Object Reference).

use std::collections::HashMap;
use std::sync::Arc;

use landfall_metadata::{CustomMetadataRecord, Kind, custom_metadata_name};
use landfall_model::{
    Catalog, CustomKind, EntityDefinition, FieldDefinition, FieldType, RecordId, Row, Timestamp,
    Value,
};
use landfall_store::{Reads, RowRemoval, RowWrite};

use crate::error::Error;
use crate::rows::changed;
use crate::rows::new_row;
use crate::rows::read;

/// The language of labels that are not translated. Source: none.
const LANGUAGE: &str = "en_US";

/// The changes that bring the rows of all types in step with the components.
pub(crate) fn changes(
    reads: &dyn Reads,
    catalog: &Catalog,
    records: &[CustomMetadataRecord],
    id_of: impl Fn(Kind, &str) -> Option<RecordId>,
    now: Timestamp,
) -> Result<(Vec<RowWrite>, Vec<RowRemoval>), Error> {
    let now = now.whole_second();
    let (mut writes, mut removals) = (Vec::new(), Vec::new());
    let id = |entity: &EntityDefinition, name: &str| {
        let component = id_of(
            Kind::CustomMetadata,
            &custom_metadata_name(entity.name.as_str(), name),
        )?;
        Some(component.with_prefix(entity.key_prefix))
    };
    let types = catalog.entities().iter();
    for entity in types.filter(|entity| entity.traits.custom_kind == CustomKind::Metadata) {
        let stored = reads.recent_rows(entity, usize::MAX)?;
        let mut stored: HashMap<RecordId, Row> = stored
            .into_iter()
            .filter_map(|row| Some((read(&row, entity.index_of("Id")).as_id()?, row)))
            .collect();
        let own = records.iter().filter(|record| record.entity == entity.name);
        for record in own {
            let Some(own) = id(entity, &record.developer_name) else {
                continue;
            };
            let value = |field: &FieldDefinition| {
                let target = field.reference_to.first();
                let target = target.and_then(|target| catalog.entity(target.as_str()));
                value_of(record, field, |name| id(target?, name))
            };
            writes.extend(match stored.remove(&own) {
                Some(row) => {
                    let fields = entity.fields.iter();
                    let fields = fields.filter(|field| field.name.as_str() != "Id");
                    let values =
                        fields.filter_map(|field| Some((field.name.as_str(), value(field)?)));
                    changed(entity, own, row, values.collect(), now)
                }
                None => Some(new_row(entity, own, now, |name| {
                    entity.field(name).and_then(|(_, field)| value(field))
                })),
            });
        }
        removals.extend(stored.into_keys().map(|id| RowRemoval {
            entity: Arc::clone(entity),
            id,
        }));
    }
    Ok((writes, removals))
}

/// The value of a field of a record; none if the service keeps it.
fn value_of(
    record: &CustomMetadataRecord,
    field: &FieldDefinition,
    related: impl Fn(&str) -> Option<RecordId>,
) -> Option<Value> {
    let text = |text: &str| Value::Text(text.to_owned());
    let standard = match field.name.as_str() {
        "DeveloperName" | "QualifiedApiName" => Some(text(&record.developer_name)),
        "MasterLabel" | "Label" => Some(text(&record.label)),
        "Language" => Some(text(LANGUAGE)),
        "NamespacePrefix" => Some(Value::Null),
        _ => None,
    };
    if standard.is_some() || !field.custom {
        return standard;
    }
    let mut values = record.values.iter();
    let given = values.find(|(name, _)| *name == field.name);
    Some(match given {
        Some((_, Value::Text(name))) if !field.reference_to.is_empty() => {
            related(name).map_or(Value::Null, Value::Id)
        }
        Some((_, value)) => value.clone(),
        None if field.field_type == FieldType::Boolean => Value::Boolean(false),
        None => Value::Null,
    })
}
