//! The bytes of files in answers: base64, where a row has only their number.
//!
//! Source: "Attachment" (Object Reference), Usage.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use landfall_engine::Answer;
use landfall_engine::query::{Answers, Item, RecordShape};
use landfall_http::refused;
use landfall_model::limits::FILE_BYTES_MAX;
use landfall_model::{EntityDefinition, Fault, FieldType, RecordId, RequestFault, Row, Value};

use crate::call::Call;

/// The files of an answer in base64, by the records that have them.
pub(crate) type Files = HashMap<RecordId, String>;

/// Whether a query shows a file of the records that it finds, or of records that those refer to.
pub(crate) fn has_files(answer: &Answer) -> bool {
    shape(answer).is_some_and(|shape| !columns(shape).is_empty())
}

/// The files that an answer shows.
///
/// # Errors
/// [`RequestFault::TooLarge`] if they have more bytes than a file may have, and those of the store.
pub(crate) async fn of_answer(call: &Call<'_>, answer: &Answer) -> Result<Files, Fault> {
    let Some(columns) = shape(answer).map(columns) else {
        return Ok(Files::new());
    };
    let rows = answer.page.rows.iter();
    let shown = rows.flat_map(|row| {
        let value = |place: usize| row.values.get(place).unwrap_or(&Value::Null);
        let files = columns.iter();
        files.filter_map(move |(id, file)| Some((value(*id).as_id()?, value(*file))))
    });
    read(call, shown.collect()).await
}

/// The files of some rows of an object, if one of the fields is shown that hold them.
///
/// # Errors
/// Those of [`of_answer`].
pub(crate) async fn of_rows(
    call: &Call<'_>,
    entity: &EntityDefinition,
    places: &[usize],
    rows: &[Option<Row>],
) -> Result<Files, Fault> {
    let is_file = |place: &usize| {
        let field = entity.fields.get(*place);
        field.is_some_and(|field| field.field_type == FieldType::Base64)
    };
    let (Some(file), Some(id)) = (places.iter().copied().find(is_file), entity.index_of("Id"))
    else {
        return Ok(Files::new());
    };
    let rows = rows.iter().flatten();
    let shown = rows.filter_map(|row| Some((row.get(id)?.as_id()?, row.get(file)?)));
    read(call, shown.collect()).await
}

/// Reads files, of whose number of bytes the rows know.
async fn read(call: &Call<'_>, shown: Vec<(RecordId, &Value)>) -> Result<Files, Fault> {
    let lengths = shown.iter().filter_map(|(_, length)| length.as_text());
    let bytes: usize = lengths
        .filter_map(|length| length.parse::<usize>().ok())
        .sum();
    if bytes > FILE_BYTES_MAX {
        return Err(Fault::Request(RequestFault::TooLarge));
    }
    let mut files = Files::new();
    for (id, length) in shown {
        if length.is_null() || files.contains_key(&id) {
            continue;
        }
        if let Some(bytes) = call.state.engine.file(id).await.map_err(refused)? {
            files.insert(id, STANDARD.encode(bytes));
        }
    }
    Ok(files)
}

fn shape(answer: &Answer) -> Option<&RecordShape> {
    match &answer.checked.answers {
        Answers::Records(shape) if answer.way.is_empty() => Some(shape),
        _ => None,
    }
}

/// The columns of the ids and the files of a record and of those that it refers to.
fn columns(shape: &RecordShape) -> Vec<(usize, usize)> {
    let items = shape.items.iter();
    items
        .flat_map(|item| match item {
            Item::Value { column, shown, .. } if shown.field_type() == FieldType::Base64 => {
                vec![(shape.id, *column)]
            }
            Item::Parent { record, .. } => columns(record),
            _ => Vec::new(),
        })
        .collect()
}
