//! From a request to changes, and how an answer reports the result of each.
//!
//! Source: "sObject Rows", "sObject Collections" (REST API Developer Guide).

use landfall_engine::Assignment;
use landfall_http::Writer;
use landfall_model::limits::REST_RELATED_RECORDS_MAX;
use landfall_model::{EntityDefinition, Fault, RecordFault, RecordId, Value};
use landfall_sobject::input::{Fields, Lookup};

use crate::call::Call;
use crate::state::Shared;

/// What a record is given, references by external id resolved.
pub(crate) async fn resolved(
    shared: &Shared,
    call: &Call,
    entity: &EntityDefinition,
    fields: Fields,
) -> Result<Vec<Assignment>, Fault> {
    let mut values = fields.values;
    for lookup in fields.lookups {
        let place = lookup.reference;
        let id = looked_up(shared, call, entity, lookup).await?;
        values.retain(|(index, _)| *index != place);
        values.push((place, Value::Id(id)));
    }
    Ok(values)
}

/// The one record that has the external id.
async fn looked_up(
    shared: &Shared,
    call: &Call,
    entity: &EntityDefinition,
    lookup: Lookup,
) -> Result<RecordId, Fault> {
    let target = call.catalog().entity(&lookup.target);
    let target = target.ok_or_else(|| lookup.unknown(entity))?;
    let rows = call
        .records(&shared.engine)
        .rows_where(
            target,
            lookup.field,
            lookup.key.clone(),
            REST_RELATED_RECORDS_MAX,
        )
        .await?;
    lookup.record(target, &rows)
}

/// Writes that a record was saved; `created` if the answer says whether it is new.
pub(crate) fn write_saved(w: &mut Writer, id: RecordId, created: Option<bool>) {
    w.object(|w| {
        w.name("id").string(id.as_str());
        w.name("success").boolean(true);
        w.name("errors").array(|_| ());
        if let Some(created) = created {
            w.name("created").boolean(created);
        }
    });
}

/// Writes that a record was not saved. Its id stands there only if it would have been.
pub(crate) fn write_refused(w: &mut Writer, fault: &Fault) {
    w.object(|w| {
        if let Fault::Record(RecordFault::RolledBack { record: Some(id) }) = fault {
            w.name("id").string(id.as_str());
        }
        w.name("success").boolean(false);
        w.name("errors").array(|w| write_error(w, fault));
    });
}

/// Writes the errors of one record among several.
///
/// Wire: the code is called `statusCode`, and `fields` is always there.
pub(crate) fn write_error(w: &mut Writer, fault: &Fault) {
    for part in landfall_wire::parts(fault) {
        let error = landfall_wire::rest(&part);
        w.object(|w| {
            w.name("statusCode").string(error.code);
            w.name("message").string(&error.message);
            let fields = error.fields.unwrap_or_default();
            w.name("fields").strings(fields.iter().map(String::as_str));
        });
    }
}
