//! `retrieve`: records by their ids, in the order of the ids.
//!
//! Source: `retrieve()` (SOAP API Developer Guide).

use landfall_http::refused;
use landfall_model::limits::{REST_COLLECTION_READ_MAX, REST_FIELDS_MAX};
use landfall_model::{
    EntityDefinition, Fault, FieldDefinition, FieldFault, FieldType, ManyFault, RecordId, Row,
    Value,
};
use landfall_xml::Writer;

use crate::answer::Dialect;
use crate::call::Call;
use crate::files::{self, Files};
use crate::input;
use crate::record_xml::{self, is_id, ordered};

/// Answers with the records of the ids; nil for one that is not there.
pub(crate) async fn retrieve(call: &Call<'_>, w: &mut Writer) -> Result<(), Fault> {
    let object = call.argument("sObjectType").unwrap_or_default();
    let entity = input::entity_named(call, object)?;
    let places = places(entity, call.argument("fieldList").unwrap_or_default())?;
    let arguments = call.arguments("ids");
    if arguments.len() > REST_COLLECTION_READ_MAX {
        return Err(Fault::Many(ManyFault::RecordsTooMany {
            most: REST_COLLECTION_READ_MAX,
        }));
    }
    let mut ids = Vec::with_capacity(arguments.len());
    for id in arguments {
        let text = id.text.trim();
        ids.push(RecordId::parse(text).map_err(|_| {
            Fault::Many(ManyFault::IdUnreadable {
                value: text.to_owned(),
            })
        })?);
    }
    let engine = &call.state.engine;
    let rows = engine.rows(entity, ids).await.map_err(refused)?;
    let rows = engine.with_formulas(&call.login.view(), entity, rows).await;
    let mut rows = rows.map_err(refused)?;
    for row in &mut rows {
        row.take_if(|row| is_deleted(entity, row));
    }
    let files = files::of_rows(call, entity, &places, &rows).await?;
    let dialect = call.endpoint.dialect;
    for row in rows {
        match row {
            Some(row) => write_record(w, dialect, (entity, &files), &places, &row),
            None => w.nil("result"),
        }
    }
    Ok(())
}

/// The fields of a list such as `Id, Name`, in its order.
fn places(entity: &EntityDefinition, list: &str) -> Result<Vec<usize>, Fault> {
    let names = list.split(',').map(str::trim);
    let names = names.filter(|name| !name.is_empty());
    names
        .take(REST_FIELDS_MAX)
        .map(|name| {
            entity.index_of(name).ok_or_else(|| {
                Fault::Field(FieldFault::Unknown {
                    field: name.to_owned(),
                    entity: entity.name.clone(),
                })
            })
        })
        .collect()
}

fn is_deleted(entity: &EntityDefinition, row: &Row) -> bool {
    let place = entity.index_of("IsDeleted");
    let value = place.and_then(|place| row.get(place));
    value.and_then(Value::as_bool).unwrap_or_default()
}

fn write_record(
    w: &mut Writer,
    dialect: Dialect,
    (entity, files): (&EntityDefinition, &Files),
    places: &[usize],
    row: &Row,
) {
    let value = |place: usize| row.get(place).unwrap_or(&Value::Null);
    let selected: Vec<(usize, &FieldDefinition)> = places
        .iter()
        .filter_map(|place| Some((*place, entity.fields.get(*place)?)))
        .collect();
    let id = selected
        .iter()
        .find(|(_, field)| is_id(field.name.as_str()));
    let id = id.map_or(&Value::Null, |(place, _)| value(*place));
    let names = ("result", entity.name.as_str());
    record_xml::record(w, dialect, names, id, |w| {
        for (place, field) in ordered(dialect, &selected, |(_, field)| field.name.as_str()) {
            let (name, kind) = (field.name.as_str(), field.field_type);
            if kind.is_compound() {
                let parts = entity.components(name);
                let parts = parts.map(|(place, part)| (part.name.as_str(), value(place)));
                record_xml::compound(w, (name, kind), parts);
            } else if kind == FieldType::Base64 {
                let id = entity.index_of("Id").and_then(|id| value(id).as_id());
                let file = id.and_then(|id| files.get(&id));
                w.text_or_nil(&format!("sf:{name}"), file.map(String::as_str));
            } else {
                record_xml::value(w, &format!("sf:{name}"), kind, value(*place));
            }
        }
    });
}
