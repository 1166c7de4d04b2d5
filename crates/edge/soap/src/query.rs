//! `query`, `queryAll` and `queryMore`.
//!
//! Source: the calls of these names, `QueryOptions` (SOAP API Developer Guide).

use landfall_engine::{Answer, PageSize, Question};
use landfall_http::refused;
use landfall_model::Fault;
use landfall_model::limits::{QUERY_PAGE_BYTES_MAX, QUERY_PAGE_ROWS_MAX};
use landfall_xml::Writer;

use crate::call::Call;
use crate::{files, query_xml};

/// Answers a query; `deleted` if records in the recycle bin are meant too.
pub(crate) async fn query(call: &Call<'_>, w: &mut Writer, deleted: bool) -> Result<(), Fault> {
    let view = call.login.view();
    let question = |rows| Question {
        statement: call.argument("queryString").unwrap_or_default(),
        view: &view,
        deleted,
        page: PageSize::of_rows(rows),
    };
    let engine = &call.state.engine;
    let rows = batch(call).unwrap_or(QUERY_PAGE_ROWS_MAX);
    let mut answer = engine.query(question(rows)).await.map_err(refused)?;
    if has_many_files(&answer) {
        drop(answer);
        answer = engine.query(question(1)).await.map_err(refused)?;
    }
    write(call, w, &answer).await
}

/// Files are as large as they are: a page has one of them.
/// Source: "Attachment" (Object Reference), Usage: a query returns the body of one record.
fn has_many_files(answer: &Answer) -> bool {
    answer.page.rows.len() > 1 && files::has_files(answer)
}

async fn write(call: &Call<'_>, w: &mut Writer, answer: &Answer) -> Result<(), Fault> {
    let files = files::of_answer(call, answer).await?;
    query_xml::write(call, w, answer, &files);
    Ok(())
}

/// Answers with a further page.
pub(crate) async fn more(call: &Call<'_>, w: &mut Writer) -> Result<(), Fault> {
    let locator = call.argument("queryLocator").unwrap_or_default();
    let (view, batch) = (call.login.view(), batch(call));
    let engine = &call.state.engine;
    let page = |rows| engine.query_more(locator, &view, rows, QUERY_PAGE_BYTES_MAX);
    let mut answer = page(batch).await.map_err(refused)?;
    if has_many_files(&answer) {
        drop(answer);
        answer = page(Some(1)).await.map_err(refused)?;
    }
    write(call, w, &answer).await
}

/// The size of a page in the options of the request. Smaller pages than the service's 200 are for tests of clients.
fn batch(call: &Call<'_>) -> Option<usize> {
    let size = call.envelope.option("QueryOptions", "batchSize");
    size.and_then(|size| size.parse().ok())
}
