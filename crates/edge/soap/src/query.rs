//! `query`, `queryAll` and `queryMore`.
//!
//! Source: the calls of these names, `QueryOptions` (SOAP API Developer Guide).

use landfall_engine::{PageSize, Question};
use landfall_http::refused;
use landfall_model::Fault;
use landfall_model::limits::{QUERY_PAGE_BYTES_MAX, QUERY_PAGE_ROWS_MAX};
use landfall_xml::Writer;

use crate::call::Call;
use crate::query_xml;

/// Answers a query; `deleted` if records in the recycle bin are meant too.
pub(crate) async fn query(call: &Call<'_>, w: &mut Writer, deleted: bool) -> Result<(), Fault> {
    let view = call.login.view();
    let question = Question {
        statement: call.argument("queryString").unwrap_or_default(),
        view: &view,
        deleted,
        page: PageSize::of_rows(batch(call).unwrap_or(QUERY_PAGE_ROWS_MAX)),
    };
    let answer = call.state.engine.query(question).await.map_err(refused)?;
    query_xml::write(call, w, &answer);
    Ok(())
}

/// Answers with a further page.
pub(crate) async fn more(call: &Call<'_>, w: &mut Writer) -> Result<(), Fault> {
    let locator = call.argument("queryLocator").unwrap_or_default();
    let (view, batch) = (call.login.view(), batch(call));
    let engine = &call.state.engine;
    let page = engine.query_more(locator, &view, batch, QUERY_PAGE_BYTES_MAX);
    query_xml::write(call, w, &page.await.map_err(refused)?);
    Ok(())
}

/// The size of a page in the options of the request. Smaller pages than the service's 200 are for tests of clients.
fn batch(call: &Call<'_>) -> Option<usize> {
    let size = call.envelope.option("QueryOptions", "batchSize");
    size.and_then(|size| size.parse().ok())
}
