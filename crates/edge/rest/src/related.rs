//! What a record leads to: its parent, or its children.
//!
//! Source: "Traverse Relationships with Friendly URLs" (REST API Developer Guide).

use std::sync::Arc;

use axum::body::Body;
use landfall_http::{Answer, Writer};
use landfall_model::limits::REST_RELATED_RECORDS_MAX;
use landfall_model::{EntityDefinition, Fault, RecordFault, RecordId, RequestFault, Row, Value};
use landfall_sobject::input::reference_named;
use landfall_sobject::record_json::is_deleted;

use crate::call::Call;
use crate::path::record_id;
use crate::record_json::write_record;
use crate::resource::check_method;
use crate::state::Shared;
use crate::{file, record, selection};

/// Answers for `/sobjects/X/ID/NAME`.
pub(crate) async fn related(
    shared: &Shared,
    call: &Call,
    entity: &Arc<EntityDefinition>,
    id: RecordId,
    name: &str,
    body: Body,
) -> Result<Answer, Fault> {
    let id = record_id(entity, id.as_str())?;
    let row = call.records(&shared.engine).row(entity, id).await?;
    let row = row.ok_or(Fault::Record(RecordFault::NotFound))?;
    if is_deleted(entity, &row) {
        return Err(Fault::Record(RecordFault::Deleted));
    }
    if let Some(answer) = file::answer(shared, call, (entity, id), &row, name).await? {
        return Ok(answer);
    }
    if let Some((place, _)) = reference_named(entity, name) {
        return parent(shared, call, row.get(place), body).await;
    }
    check_method(&call.method, "HEAD,GET")?;
    children(shared, call, entity, id, name).await
}

/// The parent answers as if it had been asked itself.
async fn parent(
    shared: &Shared,
    call: &Call,
    reference: Option<&Value>,
    body: Body,
) -> Result<Answer, Fault> {
    let id = reference
        .and_then(Value::as_id)
        .ok_or(Fault::Record(RecordFault::NotFound))?;
    let target = call
        .catalog()
        .entity_of(id.prefix())
        .ok_or(Fault::Record(RecordFault::NotFound))?;
    record::by_id(shared, call, target, id, body).await
}

/// The children, in the shape of a query's result.
async fn children(
    shared: &Shared,
    call: &Call,
    entity: &EntityDefinition,
    id: RecordId,
    name: &str,
) -> Result<Answer, Fault> {
    let relationship = entity
        .children
        .iter()
        .find(|child| {
            child
                .relationship_name
                .as_ref()
                .is_some_and(|known| known.eq_ignore_ascii_case(name))
        })
        .ok_or(Fault::Request(RequestFault::ResourceNotFound))?;
    let child = call
        .catalog()
        .entity(relationship.child.as_str())
        .ok_or(Fault::Request(RequestFault::ResourceNotFound))?;
    let place = child
        .index_of(relationship.field.as_str())
        .ok_or(Fault::Request(RequestFault::ResourceNotFound))?;
    let nodes = record::selected(call, child)?;
    let rows = call
        .records(&shared.engine)
        .rows_where(child, place, Value::Id(id), REST_RELATED_RECORDS_MAX)
        .await?;
    let rows: Vec<Row> = rows
        .into_iter()
        .filter(|row| !is_deleted(child, row))
        .collect();
    let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let mut w = Writer::new();
    w.open('{');
    w.name("totalSize").integer(count);
    w.name("done").boolean(true);
    w.name("records").open('[');
    for row in rows {
        let loaded = selection::load(
            call.records(&shared.engine),
            call.catalog(),
            child,
            row,
            &nodes,
        )
        .await?;
        write_record(&mut w, call.version, &nodes, &loaded);
    }
    w.close(']');
    w.close('}');
    Ok(Answer::json(w.finish()))
}
