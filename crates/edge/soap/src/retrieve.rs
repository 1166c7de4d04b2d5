//! `retrieve`: records by their ids, in the order of the ids.
//!
//! Source: `retrieve()` (SOAP API Developer Guide), "Queries and the Partner WSDL" for the two ids of a record.

use landfall_envelope::Writer;
use landfall_model::limits::{REST_COLLECTION_READ_MAX, REST_FIELDS_MAX};
use landfall_model::{EntityDefinition, Fault, ManyFault, RecordId, Row, Value};
use landfall_wire::dates;

use crate::answer::Dialect;
use crate::call::Call;
use crate::fault::refused;
use crate::given;

/// Answers with the records of the ids; nil for one that is not there.
pub(crate) async fn retrieve(call: &Call<'_>, w: &mut Writer) -> Result<(), Fault> {
    let object = call.argument("sObjectType").unwrap_or_default();
    let entity = given::entity_named(call, object)?;
    let places = places(entity, call.argument("fieldList").unwrap_or_default())?;
    let given = call.arguments("ids");
    if given.len() > REST_COLLECTION_READ_MAX {
        return Err(Fault::Many(ManyFault::RecordsTooMany {
            most: REST_COLLECTION_READ_MAX,
        }));
    }
    let mut ids = Vec::with_capacity(given.len());
    for id in given {
        let text = id.text.trim();
        ids.push(RecordId::parse(text).map_err(|_| {
            Fault::Many(ManyFault::IdUnreadable {
                value: text.to_owned(),
            })
        })?);
    }
    let rows = call.state.engine.rows(entity, ids).await.map_err(refused)?;
    for row in rows {
        match row.filter(|row| !is_deleted(entity, row)) {
            Some(row) => write_record(w, call.endpoint.dialect, entity, &places, &row),
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
            entity.index_of(name).ok_or_else(|| Fault::FieldUnknown {
                field: name.to_owned(),
                entity: entity.name.clone(),
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
    entity: &EntityDefinition,
    places: &[usize],
    row: &Row,
) {
    let id = entity.index_of("Id");
    let value = |place: usize| row.get(place).unwrap_or(&Value::Null);
    let kind = match dialect {
        Dialect::Partner => "sObject",
        Dialect::Enterprise => entity.name.as_str(),
    };
    w.typed("result", &format!("xsi:type=\"sf:{kind}\""), |w| {
        if dialect == Dialect::Partner {
            w.text("sf:type", entity.name.as_str());
            let asked = id.filter(|id| places.contains(id));
            write_value(w, "sf:Id", asked.map_or(&Value::Null, value));
        }
        for place in places {
            if let Some(field) = entity.fields.get(*place) {
                write_value(w, &format!("sf:{}", field.name), value(*place));
            }
        }
    });
}

/// Writes a value as its type is spelled.
///
/// Source: "Primitive Data Types" (SOAP API Developer Guide).
fn write_value(w: &mut Writer, name: &str, value: &Value) {
    match value {
        Value::Null => w.nil(name),
        Value::Boolean(truth) => w.boolean(name, *truth),
        Value::Integer(number) => w.text(name, &number.to_string()),
        Value::Double(number) => w.text(name, &format!("{number:?}")),
        Value::Text(text) => w.text(name, text),
        Value::Id(id) => w.text(name, id.as_str()),
        Value::Date(day) => w.text(name, &dates::render_date(*day)),
        Value::DateTime(point) => w.text(name, &dates::render_utc(*point)),
        Value::Time(millis) => w.text(name, &dates::render_time(*millis)),
    }
}
