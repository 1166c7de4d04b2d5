//! Single records: create, read, update, delete, and the same by external id.
//!
//! Source: "sObject Rows", "sObject Rows by External ID" (REST API Developer Guide).

use std::sync::Arc;

use axum::body::Body;
use http::Method;
use landfall_engine::{Assignment, Change, Saved, defect};
use landfall_http::conditional::{self, State, Verdict};
use landfall_http::{Answer, Writer, fingerprint};
use landfall_model::limits::REST_RELATED_RECORDS_MAX;
use landfall_model::{EntityDefinition, Fault, RecordFault, RecordId, Row, Timestamp, Value};
use landfall_sobject::input::{self, Intent, identifies};
use landfall_sobject::record_json::{id_of, is_deleted, record_url, value};
use landfall_wire::values;

use crate::call::Call;
use crate::path::record_id;
use crate::record_json::write_record;
use crate::selection::{self, Node};
use crate::state::Shared;
use crate::{file, save, transaction};

/// The version from which an upsert says whether it created the record.
const CREATED_MEMBER_VERSION: u16 = 46;

/// The one object whose records have entity tags.
/// Source: "Conditional Request Headers" (REST API Developer Guide): `ETag` applies to accounts only.
const TAGGED_OBJECT: &str = "Account";

/// Makes a new record; `by_id` if it is addressed by the field `Id`.
pub(crate) async fn create(
    shared: &Shared,
    call: &Call,
    entity: &Arc<EntityDefinition>,
    body: Body,
    by_id: bool,
) -> Result<Answer, Fault> {
    let values = read_values(shared, call, entity, body, Intent::Create).await?;
    let change = Change::Create {
        entity: Arc::clone(entity),
        values,
    };
    let saved = commit(shared, call, change).await?;
    Ok(created(call, entity, saved.id, by_id))
}

/// Reads, changes or deletes the record of an id, as the method says.
pub(crate) async fn row(
    shared: &Shared,
    call: &Call,
    entity: &Arc<EntityDefinition>,
    id: &str,
    body: Body,
) -> Result<Answer, Fault> {
    let id = record_id(entity, id)?;
    by_id(shared, call, entity, id, body).await
}

/// The same for an id that is known to be of the object.
pub(crate) async fn by_id(
    shared: &Shared,
    call: &Call,
    entity: &Arc<EntityDefinition>,
    id: RecordId,
    body: Body,
) -> Result<Answer, Fault> {
    if call.method == Method::PATCH {
        return update(shared, call, entity, id, body).await;
    }
    if call.method == Method::DELETE {
        return delete(shared, call, entity, id).await;
    }
    let row = call.records(&shared.engine).row(entity, id).await?;
    match row {
        None => Err(Fault::Record(RecordFault::NotFound)),
        Some(row) if is_deleted(entity, &row) => Err(Fault::Record(RecordFault::Deleted)),
        Some(row) => read(shared, call, entity, row).await,
    }
}

/// Reads, upserts or deletes the record with an external id, as the method says.
pub(crate) async fn external(
    shared: &Shared,
    call: &Call,
    entity: &Arc<EntityDefinition>,
    (field, text): (&str, &str),
    body: Body,
) -> Result<Answer, Fault> {
    let (place, key) = external_id(entity, field, text)?;
    if call.method == Method::PATCH {
        return upsert(shared, call, entity, (place, key), body).await;
    }
    let rows = call
        .records(&shared.engine)
        .rows_where(entity, place, key, REST_RELATED_RECORDS_MAX)
        .await?;
    let mut rows: Vec<Row> = rows
        .into_iter()
        .filter(|row| !is_deleted(entity, row))
        .collect();
    let Some(row) = rows.pop() else {
        return Err(Fault::Record(RecordFault::NotFound));
    };
    if !rows.is_empty() {
        rows.push(row);
        let ids = rows.iter().filter_map(|row| id_of(entity, row));
        return Ok(choices(call, entity, ids));
    }
    match id_of(entity, &row) {
        Some(id) if call.method == Method::DELETE => delete(shared, call, entity, id).await,
        _ => read(shared, call, entity, row).await,
    }
}

/// The field of an external id and the value that the path spells.
fn external_id(entity: &EntityDefinition, field: &str, text: &str) -> Result<Assignment, Fault> {
    let known = entity.field(field).filter(|(_, field)| identifies(field));
    let Some((place, definition)) = known else {
        return Err(Fault::Record(RecordFault::ExternalIdFieldUnknown {
            field: field.to_owned(),
        }));
    };
    let text = text.trim();
    match values::parse(text, definition.field_type) {
        Some(key) if !text.is_empty() => Ok((place, key)),
        _ => Err(Fault::Record(RecordFault::NotFound)),
    }
}

/// Answers with a record that has been read.
pub(crate) async fn read(
    shared: &Shared,
    call: &Call,
    entity: &Arc<EntityDefinition>,
    row: Row,
) -> Result<Answer, Fault> {
    let nodes = selected(call, entity)?;
    let state = state(entity, &row);
    if conditional::of_read(&call.headers, &state)? == Verdict::NotModified {
        return Ok(Answer::not_modified().stamped(&state));
    }
    let record = selection::load(
        call.records(&shared.engine),
        call.catalog(),
        entity,
        row,
        &nodes,
    )
    .await?;
    let mut w = Writer::new();
    write_record(&mut w, call.version, &nodes, &record);
    Ok(Answer::json(w.finish()).stamped(&state))
}

/// What the `fields` parameter asks for; everything without one.
pub(crate) fn selected(call: &Call, entity: &EntityDefinition) -> Result<Vec<Node>, Fault> {
    match call.parameter("fields").filter(|fields| !fields.is_empty()) {
        Some(fields) => selection::parse(call.catalog(), entity, fields),
        None => Ok(selection::everything(entity)),
    }
}

async fn update(
    shared: &Shared,
    call: &Call,
    entity: &Arc<EntityDefinition>,
    id: RecordId,
    body: Body,
) -> Result<Answer, Fault> {
    let values = read_values(shared, call, entity, body, Intent::Update).await?;
    let seen = check_conditions(shared, call, entity, id).await?;
    let change = Change::Update {
        entity: Arc::clone(entity),
        id,
        values,
        unmodified_since: conditional::unmodified_since(&call.headers)?.or(seen),
    };
    commit(shared, call, change).await?;
    Ok(Answer::no_content())
}

async fn delete(
    shared: &Shared,
    call: &Call,
    entity: &Arc<EntityDefinition>,
    id: RecordId,
) -> Result<Answer, Fault> {
    check_conditions(shared, call, entity, id).await?;
    let change = Change::Delete {
        entity: Arc::clone(entity),
        id,
    };
    commit(shared, call, change).await?;
    Ok(Answer::no_content())
}

async fn upsert(
    shared: &Shared,
    call: &Call,
    entity: &Arc<EntityDefinition>,
    (field, key): Assignment,
    body: Body,
) -> Result<Answer, Fault> {
    let values = read_values(shared, call, entity, body, Intent::Upsert(field)).await?;
    let update_only = call
        .parameter("updateOnly")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let change = Change::Upsert {
        entity: Arc::clone(entity),
        field,
        key,
        values,
        update_only,
    };
    match commit(shared, call, change).await {
        Ok(saved) if saved.created => Ok(created(call, entity, saved.id, true)),
        Ok(saved) if call.version.number() >= CREATED_MEMBER_VERSION => {
            Ok(Answer::json(save_result(saved.id, Some(false))))
        }
        Ok(_) => Ok(Answer::no_content()),
        Err(Fault::Record(RecordFault::ExternalIdAmbiguous { records })) => {
            Ok(choices(call, entity, records.into_iter()))
        }
        Err(fault) => Err(fault),
    }
}

/// What the body gives, references by external id resolved.
async fn read_values(
    shared: &Shared,
    call: &Call,
    entity: &Arc<EntityDefinition>,
    body: Body,
    intent: Intent,
) -> Result<Vec<Assignment>, Fault> {
    let request = file::read(&call.headers, body, entity).await?;
    let fields = {
        let body = landfall_http::json::Body::parse(&request.json)?;
        input::fields(&body, body.members()?, call.catalog(), entity, intent)?
    };
    let mut values = save::resolved(shared, call, entity, fields).await?;
    values.extend(request.file);
    Ok(values)
}

/// Checks the request's conditions on a record that is to be changed; a missing one is the engine's to refuse.
///
/// Answers when the record was modified, if its tag was checked: the change must not meet a newer one.
async fn check_conditions(
    shared: &Shared,
    call: &Call,
    entity: &Arc<EntityDefinition>,
    id: RecordId,
) -> Result<Option<Timestamp>, Fault> {
    if !conditional::any(&call.headers) {
        return Ok(None);
    }
    let Some(row) = call.records(&shared.engine).row(entity, id).await? else {
        return Ok(None);
    };
    let state = state(entity, &row);
    conditional::of_write(&call.headers, &state)?;
    Ok(state.modified)
}

async fn commit(shared: &Shared, call: &Call, change: Change) -> Result<Saved, Fault> {
    transaction::commit(shared, call, vec![change], true)
        .await?
        .into_iter()
        .next()
        .unwrap_or_else(|| Err(defect("a change has no outcome")))
}

fn created(call: &Call, entity: &EntityDefinition, id: RecordId, told: bool) -> Answer {
    let told = told && call.version.number() >= CREATED_MEMBER_VERSION;
    Answer::created(
        record_url(call.version, entity, id),
        save_result(id, told.then_some(true)),
    )
}

fn save_result(id: RecordId, created: Option<bool>) -> String {
    let mut w = Writer::new();
    save::write_saved(&mut w, id, created);
    w.finish()
}

fn choices(call: &Call, entity: &EntityDefinition, ids: impl Iterator<Item = RecordId>) -> Answer {
    let mut w = Writer::new();
    w.array(|w| {
        for id in ids {
            w.string(&record_url(call.version, entity, id));
        }
    });
    Answer::choices(w.finish())
}

/// What identifies the present state of a record.
fn state(entity: &EntityDefinition, row: &Row) -> State {
    let stamp = ["LastModifiedDate", "SystemModstamp"]
        .into_iter()
        .find_map(|field| match value(entity, row, field) {
            Value::DateTime(point) => Some(*point),
            _ => None,
        });
    let tagged = entity.name.as_str() == TAGGED_OBJECT;
    State {
        etag: tagged.then(|| format!("\"{:016x}\"", fingerprint(format!("{row:?}").as_bytes()))),
        modified: stamp,
    }
}
