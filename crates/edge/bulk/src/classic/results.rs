//! Results of a batch: one for each record, or what a query found.
//!
//! Source: "Get Batch Results", "Use Bulk Query" (Bulk API 2.0 and Bulk API Developer Guide).

use std::sync::Arc;

use axum::response::Response;
use http::StatusCode;
use landfall_model::{BulkFault, Fault};
use landfall_wire::write_json_string;
use landfall_xml::Writer;

use super::serve::ClassicCall;
use super::{DECLARATION, NAMESPACE, info};
use crate::error::Error;
use crate::find::check_readable;
use crate::job::{Batch, Form, Job, State, Work};
use crate::lines::Csv;
use crate::results::{RecordResult, transacted};
use crate::stream::{self, Pieces};
use crate::{Shared, answer};

/// What a client reads of a query that has found nothing.
/// Clients: jsforce and tap-salesforce know the text.
const NOTHING_FOUND: &str = "Records not found for this query";

/// First characters of the ids of results; the rest is that of the batch.
const RESULT_PREFIX: &str = "752";

/// Shows the ids of the results of a query, or the result of each record.
pub(super) fn all(shared: &Arc<Shared>, batch: Arc<Job>, of: &Batch) -> Result<Response, Fault> {
    let form = of.form;
    if matches!(batch.work, Work::Query(_)) {
        check_completed(&batch)?;
        let ids = [result_id(&batch.id)];
        let list = info::result_list(&ids, form);
        return Ok(answer::formed(StatusCode::OK, form, list));
    }
    if !matches!(batch.state, State::JobComplete | State::Failed) {
        return Err(Fault::Bulk(BulkFault::BatchUnfinished));
    }
    let shared = Arc::clone(shared);
    let id = batch.id.clone();
    let body = stream::body(id, move |pieces| async move {
        record_results(&shared, &batch, form, &pieces).await
    });
    Ok(answer::result(form, body))
}

/// Shows what a query has found, if the client could still ask it.
pub(super) async fn one(
    shared: &Shared,
    call: &ClassicCall,
    (batch, of): (&Job, &Batch),
    id: &str,
) -> Result<Response, Fault> {
    let known =
        landfall_model::RecordId::parse(id).is_ok_and(|id| id.as_str() == result_id(&batch.id));
    let query = match &batch.work {
        Work::Query(query) if known => query,
        Work::Query(_) | Work::Change(_) => {
            let id = id.to_owned();
            return Err(Fault::Bulk(BulkFault::BatchUnknown { id }));
        }
    };
    check_completed(batch)?;
    check_readable(shared, &call.login.view(), query, batch.version).await?;
    if of.form == Form::Csv && batch.progress.processed == 0 {
        return Ok(answer::result(of.form, NOTHING_FOUND.into()));
    }
    let file = shared.folder.file(&batch.id);
    let bytes = batch.content.unwrap_or(0);
    let body = stream::body(batch.id.clone(), move |pieces| async move {
        pieces.part(file, 0..bytes).await.map(|_| ())
    });
    Ok(answer::result(of.form, body))
}

fn check_completed(batch: &Job) -> Result<(), Fault> {
    if batch.state == State::JobComplete {
        Ok(())
    } else {
        Err(Fault::Bulk(BulkFault::BatchUnfinished))
    }
}

/// The id of the only result of a batch.
fn result_id(batch: &str) -> String {
    let rest = batch.get(3..15).unwrap_or_default();
    let id = landfall_model::RecordId::parse(&format!("{RESULT_PREFIX}{rest}"));
    id.map(|id| id.to_string()).unwrap_or_default()
}

/// Writes the result of each record, in the order of the data.
async fn record_results(
    shared: &Shared,
    batch: &Job,
    form: Form,
    pieces: &Pieces,
) -> Result<(), Error> {
    let mut sheet = Sheet::begin(form, batch);
    for number in 0..batch.progress.chunks {
        for record_result in transacted(shared, batch, number).await?.records {
            sheet.add(&record_result);
        }
        if !pieces.send(sheet.take()).await {
            return Ok(());
        }
    }
    sheet.end();
    pieces.send(sheet.take()).await;
    Ok(())
}

/// Results in the making.
enum Sheet {
    Csv(Csv),
    Json { out: String, is_first: bool },
    Xml(Writer),
}

impl Sheet {
    fn begin(form: Form, batch: &Job) -> Self {
        match form {
            Form::Csv => {
                let mut csv = Csv::new(batch.delimiter, batch.line_ending);
                csv.line(["Id", "Success", "Created", "Error"]);
                Self::Csv(csv)
            }
            Form::Json => Self::Json {
                out: "[".to_owned(),
                is_first: true,
            },
            Form::Xml => {
                let mut w = Writer::new();
                w.raw(DECLARATION);
                w.raw(&format!("<results xmlns=\"{NAMESPACE}\">"));
                Self::Xml(w)
            }
        }
    }

    fn add(&mut self, record_result: &RecordResult) {
        let truth = |is: bool| if is { "true" } else { "false" };
        let split = SplitResult::of(record_result);
        let (success, created) = (truth(split.error.is_none()), truth(split.created));
        match self {
            Self::Csv(csv) => {
                let id = split.id.unwrap_or_default();
                csv.line([id, success, created, split.text]);
            }
            Self::Json { out, is_first } => {
                out.push_str(if *is_first { "{" } else { ",{" });
                *is_first = false;
                for part in [
                    "\"success\":",
                    success,
                    ",\"created\":",
                    created,
                    ",\"id\":",
                ] {
                    out.push_str(part);
                }
                match split.id {
                    Some(id) => write_json_string(out, id),
                    None => out.push_str("null"),
                }
                out.push_str(",\"errors\":[");
                if let Some(error) = &split.error {
                    out.push_str("{\"statusCode\":");
                    write_json_string(out, error.code);
                    out.push_str(",\"message\":");
                    write_json_string(out, error.message);
                    out.push_str(",\"fields\":[");
                    for (number, field) in error.fields.iter().enumerate() {
                        out.push_str(if number == 0 { "" } else { "," });
                        write_json_string(out, field);
                    }
                    out.push_str("],\"extendedErrorDetails\":null}");
                }
                out.push_str("]}");
            }
            Self::Xml(w) => w.element("result", |w| {
                if let Some(error) = &split.error {
                    w.element("errors", |w| {
                        for field in &error.fields {
                            w.text("fields", field);
                        }
                        w.text("message", error.message);
                        w.text("statusCode", error.code);
                    });
                }
                if let Some(id) = split.id {
                    w.text("id", id);
                }
                w.text("success", success);
                w.text("created", created);
            }),
        }
    }

    fn end(&mut self) {
        match self {
            Self::Csv(_) => {}
            Self::Json { out, .. } => out.push(']'),
            Self::Xml(w) => w.raw("</results>"),
        }
    }

    fn take(&mut self) -> Vec<u8> {
        match self {
            Self::Csv(csv) => csv.take(),
            Self::Json { out, .. } => std::mem::take(out).into_bytes(),
            Self::Xml(w) => std::mem::take(w).finish().into_bytes(),
        }
    }
}

/// The result of a record, split.
struct SplitResult<'b> {
    id: Option<&'b str>,
    created: bool,
    /// The error as CSV has it.
    text: &'b str,
    error: Option<Parts<'b>>,
}

/// An error, taken apart.
#[derive(Debug, PartialEq, Eq)]
struct Parts<'b> {
    code: &'b str,
    message: &'b str,
    fields: Vec<&'b str>,
}

impl<'b> SplitResult<'b> {
    fn of(record_result: &'b RecordResult) -> Self {
        let (id, created, text) = match record_result {
            RecordResult::Created(id) => (id, true, ""),
            RecordResult::Changed(id) => (id, false, ""),
            RecordResult::Refused(id, text) => (id, false, text.as_str()),
        };
        Self {
            id: Some(id.as_str()).filter(|id| !id.is_empty()),
            created,
            text,
            error: matches!(record_result, RecordResult::Refused(..)).then(|| Parts::of(text)),
        }
    }
}

impl<'b> Parts<'b> {
    /// Of `CODE:message:FIELD,FIELD --`; neither codes nor names of fields have a colon in them.
    fn of(text: &'b str) -> Self {
        let (code, rest) = text.split_once(':').unwrap_or((text, ""));
        let (message, fields) = rest.rsplit_once(':').unwrap_or((rest, ""));
        let fields = fields.trim_end_matches("--").trim();
        Self {
            code,
            message,
            fields: fields
                .split(',')
                .filter(|field| !field.is_empty())
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_comes_apart_as_it_was_put_together() {
        assert_eq!(
            Parts::of("STRING_TOO_LONG:Name: data value too large: a:b (max length=1):Name --"),
            Parts {
                code: "STRING_TOO_LONG",
                message: "Name: data value too large: a:b (max length=1)",
                fields: vec!["Name"],
            }
        );
        assert_eq!(
            Parts::of("ENTITY_IS_DELETED:entity is deleted:--").fields,
            Vec::<&str>::new()
        );
        assert_eq!(Parts::of("A:b:C,D --").fields, ["C", "D"]);
    }
}
