//! Many records of one object by their ids.
//!
//! Source: "Get Records Using sObject Collections", "Get Records with a Request Body Using sObject Collections" (REST API
//! Developer Guide). Clients: jsforce asks for every field of a describe, compound ones included.

use std::sync::Arc;

use axum::body::Body;
use http::Method;
use landfall_http::json::{self, Content, Json};
use landfall_http::{Answer, Writer, json_body};
use landfall_model::limits::REST_COLLECTION_READ_MAX;
use landfall_model::{EntityDefinition, Fault, FieldFault, FieldName, RecordId};
use landfall_sobject::record_json::is_deleted;

use crate::call::Call;
use crate::collections::{check_count, listed};
use crate::record_json::write_record;
use crate::selection;
use crate::state::Shared;

/// Answers with one record, or null, for each id.
pub(crate) async fn retrieve(
    shared: &Shared,
    call: &Call,
    entity: &Arc<EntityDefinition>,
    body: Body,
) -> Result<Answer, Fault> {
    let (ids, fields) = if call.method == Method::POST {
        let bytes = json_body(&call.headers, body).await?;
        request(&json::Body::parse(&bytes)?)?
    } else {
        let owned = |name| {
            let items = listed(call.parameter(name)).into_iter();
            items.map(str::to_owned).collect()
        };
        (owned("ids"), owned("fields"))
    };
    check_count(ids.len(), REST_COLLECTION_READ_MAX)?;
    if fields.is_empty() {
        return Err(Fault::Field(FieldFault::Required {
            fields: vec![FieldName::new("fields")],
        }));
    }
    let nodes = selection::parse(call.catalog(), entity, &fields.join(","))?;
    // An id that cannot be of the object leads to nothing, as one that no record has.
    let ids = ids.iter().map(|id| RecordId::parse(id).ok());
    let ids: Vec<Option<RecordId>> = ids
        .map(|id| id.filter(|id| id.prefix() == entity.key_prefix))
        .collect();
    let known = ids.iter().copied().flatten().collect();
    let rows = call.records(&shared.engine).rows(entity, known).await?;
    let mut rows = rows.into_iter();
    let mut w = Writer::new();
    w.open('[');
    for id in ids {
        let row = id.and_then(|_| rows.next().flatten());
        match row.filter(|row| !is_deleted(entity, row)) {
            None => w.null(),
            Some(row) => {
                let loaded = selection::load(
                    call.records(&shared.engine),
                    call.catalog(),
                    entity,
                    row,
                    &nodes,
                )
                .await?;
                write_record(&mut w, call.version, &nodes, &loaded);
            }
        }
    }
    w.close(']');
    Ok(Answer::json(w.finish()))
}

fn request(body: &json::Body<'_>) -> Result<(Vec<String>, Vec<String>), Fault> {
    let (mut ids, mut fields) = (Vec::new(), Vec::new());
    for (name, value) in body.members()? {
        match name.as_str() {
            "ids" => ids = texts(body, value)?,
            "fields" => fields = texts(body, value)?,
            _ => return Err(body.unrecognized(name, value).into()),
        }
    }
    Ok((ids, fields))
}

fn texts(body: &json::Body<'_>, list: &Json) -> Result<Vec<String>, Fault> {
    let Content::Array(items) = &list.content else {
        return Err(body.unexpected(list).into());
    };
    let text = |item: &Json| match &item.content {
        Content::Text(text) => Ok(text.trim().to_owned()),
        _ => Err(body.unexpected(item).into()),
    };
    items.iter().map(text).collect()
}
