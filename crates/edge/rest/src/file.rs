//! Files of records: their bytes in requests and answers.
//!
//! Source: "Insert or Update Blob Data", "Get Blob Data" (REST API Developer Guide).

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use landfall_engine::{Assignment, file_of};
use landfall_http::json::Json;
use landfall_http::{Answer, json_body, json_body_up_to, refused, whole_body};
use landfall_model::limits::{REST_FILE_BODY_BYTES_MAX, REST_FILE_PARTS_BYTES_MAX};
use landfall_model::{
    EntityDefinition, Fault, FieldType, RecordFault, RecordId, RequestFault, Row, Value,
};
use landfall_sobject::input::attribute;
use landfall_wire::multipart;

use crate::call::Call;
use crate::resource::check_method;
use crate::state::Shared;

/// What a request gives a record.
pub(crate) struct Request {
    /// Its values, without a file that is a part of its own.
    pub(crate) json: Bytes,
    pub(crate) file: Option<Assignment>,
}

/// Reads the values of a record, and its file: in base64 among the values, or as they are in a part of their own.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: Body,
    entity: &EntityDefinition,
) -> Result<Request, Fault> {
    let has_file = file_of(entity).is_some();
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let boundary = kind.filter(|_| has_file).and_then(multipart::boundary);
    let Some(boundary) = boundary else {
        let json = if has_file {
            json_body_up_to(headers, body, REST_FILE_BODY_BYTES_MAX).await?
        } else {
            json_body(headers, body).await?
        };
        return Ok(Request { json, file: None });
    };
    let bytes = whole_body(headers, body, REST_FILE_PARTS_BYTES_MAX).await?;
    of_parts(&bytes, boundary, entity)
}

/// One part is the file, named as its field; the other one has the values, whatever its name.
/// Clients: the documentation calls that part `entity_document` and `entity_content`, the command line `entity`.
fn of_parts(bytes: &Bytes, boundary: &str, entity: &EntityDefinition) -> Result<Request, Fault> {
    let parts = multipart::parts(bytes, boundary).ok_or_else(unreadable)?;
    let (mut json, mut file) = (None, None);
    for part in parts {
        match entity.field(part.name) {
            Some((place, field)) if field.field_type == FieldType::Base64 => {
                file = Some((place, Value::Text(STANDARD.encode(part.data))));
            }
            _ if json.is_none() => json = Some(bytes.slice_ref(part.data)),
            _ => return Err(unreadable()),
        }
    }
    let json = json.ok_or_else(unreadable)?;
    Ok(Request { json, file })
}

fn unreadable() -> Fault {
    parts_invalid("Multipart message must include a non-binary part".to_owned())
}

fn parts_invalid(reason: String) -> Fault {
    Fault::Request(RequestFault::PartsInvalid { reason })
}

/// A request with many records.
pub(crate) struct Collection {
    /// The records, without the files that are parts of their own.
    pub(crate) json: Bytes,
    /// Those parts by their names.
    files: HashMap<String, Bytes>,
}

/// Reads a collection of records, whose files are base64 among their values, or parts after the first one.
///
/// Source: "Insert or Update Blob Data", sObject Collections.
pub(crate) async fn read_collection(headers: &HeaderMap, body: Body) -> Result<Collection, Fault> {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let Some(boundary) = kind.and_then(multipart::boundary) else {
        return Ok(Collection {
            json: json_body_up_to(headers, body, REST_FILE_BODY_BYTES_MAX).await?,
            files: HashMap::new(),
        });
    };
    let bytes = whole_body(headers, body, REST_FILE_PARTS_BYTES_MAX).await?;
    let parts = multipart::parts(&bytes, boundary).ok_or_else(unreadable)?;
    let (first, files) = parts.split_first().ok_or_else(unreadable)?;
    let files = files
        .iter()
        .map(|part| (part.name.to_owned(), bytes.slice_ref(part.data)));
    Ok(Collection {
        json: bytes.slice_ref(first.data),
        files: files.collect(),
    })
}

impl Collection {
    /// The file of a record whose attributes name a part; none if they name none.
    ///
    /// # Errors
    /// [`RequestFault::PartsInvalid`] for a part that is not there, or a field that holds no file.
    pub(crate) fn file_of(
        &self,
        attributes: &Json,
        entity: &EntityDefinition,
    ) -> Result<Option<Assignment>, Fault> {
        let Some(name) = attribute(attributes, "binaryPartName") else {
            return Ok(None);
        };
        let place = match attribute(attributes, "binaryPartNameAlias") {
            None => file_of(entity),
            Some(field) => entity.field(field).and_then(|(place, field)| {
                (field.field_type == FieldType::Base64).then_some(place)
            }),
        };
        match (place, self.files.get(name)) {
            (Some(place), Some(bytes)) => Ok(Some((place, Value::Text(STANDARD.encode(bytes))))),
            _ => Err(parts_invalid(format!(
                "Multipart message has no binary part for a field of the record: {name}"
            ))),
        }
    }
}

/// The bytes of the field, if a record has a file and the field holds it.
pub(crate) async fn answer(
    shared: &Shared,
    call: &Call,
    (entity, id): (&Arc<EntityDefinition>, RecordId),
    row: &Row,
    name: &str,
) -> Result<Option<Answer>, Fault> {
    let Some((place, field)) = entity.field(name) else {
        return Ok(None);
    };
    if field.field_type != FieldType::Base64 {
        return Ok(None);
    }
    check_method(&call.method, "HEAD,GET")?;
    let bytes = match row.get(place) {
        Some(Value::Text(_)) => shared.engine.file(id).await.map_err(refused)?,
        _ => None,
    };
    let bytes = bytes.ok_or(Fault::Record(RecordFault::NotFound))?;
    Ok(Some(Answer::file(bytes)))
}
