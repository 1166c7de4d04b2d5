//! Queries of records, and the pages after the first.
//!
//! Source: "Query", "`QueryAll`", "Query Options Header" (REST API Developer Guide).

use landfall_engine::{Engine, PageSize, Question};
use landfall_http::{Answer, Call, refused};
use landfall_model::Fault;
use landfall_model::limits::QUERY_PAGE_ROWS_MAX;
use landfall_wire::headers as names;

use crate::api::Api;
use crate::{query_about, query_json};

/// Answers a query of records; `deleted` if those in the recycle bin are meant too.
///
/// # Errors
/// Those of [`Engine::query`].
pub async fn first(engine: &Engine, call: &Call, deleted: bool) -> Result<Answer, Fault> {
    let view = call.login.view();
    let question = Question {
        statement: call.parameter("q").unwrap_or_default(),
        view: &view,
        deleted,
        page: PageSize {
            rows: batch(call),
            bytes: call.space.page(),
        },
    };
    if wants_columns(call) {
        let prepared = engine.examine(question).await.map_err(refused)?;
        return Ok(Answer::json(query_about::columns(prepared.checked())));
    }
    let answer = engine.query(question).await.map_err(refused)?;
    Ok(Answer::json(query_json::rendered(
        call,
        Api::Plain,
        &answer,
    )))
}

/// Answers with what a query costs.
///
/// # Errors
/// Those of [`Engine::explain`].
pub async fn explained(
    engine: &Engine,
    call: &Call,
    statement: &str,
    deleted: bool,
) -> Result<Answer, Fault> {
    let view = call.login.view();
    let question = Question {
        statement,
        view: &view,
        deleted,
        page: PageSize::of_rows(batch(call)),
    };
    let explained = engine.explain(question).await.map_err(refused)?;
    Ok(Answer::json(query_about::explained(&explained, statement)))
}

/// Answers with a further page.
///
/// # Errors
/// Those of [`Engine::query_more`].
pub async fn more(engine: &Engine, call: &Call, locator: &str) -> Result<Answer, Fault> {
    let view = call.login.view();
    let page = engine.query_more(locator, &view, requested_batch(call), call.space.page());
    let answer = page.await.map_err(refused)?;
    Ok(Answer::json(query_json::rendered(
        call,
        Api::Plain,
        &answer,
    )))
}

/// Whether the columns are asked for instead of the records.
pub fn wants_columns(call: &Call) -> bool {
    let columns = call.parameter("columns");
    columns.is_some_and(|columns| columns.eq_ignore_ascii_case("true"))
}

/// The size of a page. Smaller pages than the service's 200 are for tests of clients.
pub fn batch(call: &Call) -> usize {
    requested_batch(call).unwrap_or(QUERY_PAGE_ROWS_MAX)
}

/// The size of a page in the options of the request.
fn requested_batch(call: &Call) -> Option<usize> {
    let options = call.headers.get(names::QUERY_OPTIONS)?;
    names::batch_size(options.to_str().ok()?)
}
