//! A batch as it came.
//!
//! Source: "Get a Batch Request" (Bulk API 2.0 and Bulk API Developer Guide).

use axum::response::Response;
use landfall_model::{BulkFault, Fault};

use crate::job::{Batch, Form, Job, Work};
use crate::{Shared, answer, stream};

/// Shows the records of a batch, or its query.
pub(super) fn show(shared: &Shared, batch: &Job, of: &Batch) -> Result<Response, Fault> {
    if let Work::Query(query) = &batch.work {
        return Ok(answer::result(of.form, query.statement.clone().into()));
    }
    let Some(bytes) = of.came else {
        let id = batch.id.clone();
        return Err(Fault::Bulk(BulkFault::BatchUnknown { id }));
    };
    let file = match of.form {
        Form::Csv => shared.folder.file(&batch.id),
        Form::Json | Form::Xml => shared.folder.request(&batch.id),
    };
    let body = stream::body(batch.id.clone(), move |pieces| async move {
        pieces.part(file, 0..bytes).await.map(|_| ())
    });
    Ok(answer::result(of.form, body))
}
