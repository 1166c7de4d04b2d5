//! `/query`, `/queryAll`, and the pages after the first.
//!
//! Source: "Query", "`QueryAll`", "Query Options Header" (REST API Developer Guide). `explain` takes a statement; reports and
//! list views are not there.

use landfall_engine::Question;
use landfall_model::Fault;
use landfall_model::limits::QUERY_PAGE_ROWS_MAX;
use landfall_wire::headers as names;

use crate::Shared;
use crate::call::Call;
use crate::fault::refused;
use crate::respond::Answer;
use crate::{query_about, query_json};

/// Answers a query; `deleted` if records in the recycle bin are meant too.
pub(crate) async fn query(shared: &Shared, call: &Call, deleted: bool) -> Result<Answer, Fault> {
    let question = |statement| Question {
        statement,
        user: call.login.user_id,
        deleted,
        batch: batch(call),
    };
    if let Some(statement) = call.parameter("explain") {
        let explained = shared.engine.explain(question(statement)).await;
        let explained = explained.map_err(refused)?;
        return Ok(Answer::json(query_about::explained(&explained, statement)));
    }
    let question = question(call.parameter("q").unwrap_or_default());
    let columns = call.parameter("columns");
    if columns.is_some_and(|columns| columns.eq_ignore_ascii_case("true")) {
        let checked = shared.engine.examine(question).await.map_err(refused)?;
        return Ok(Answer::json(query_about::columns(&checked)));
    }
    let answer = shared.engine.query(question).await.map_err(refused)?;
    Ok(Answer::json(query_json::rendered(call, &answer)))
}

/// Answers with a further page.
pub(crate) async fn more(shared: &Shared, call: &Call, locator: &str) -> Result<Answer, Fault> {
    let answer = shared
        .engine
        .query_more(locator, call.login.user_id, batch(call))
        .await
        .map_err(refused)?;
    Ok(Answer::json(query_json::rendered(call, &answer)))
}

/// The size of a page that the request asks for. Smaller pages than the service's 200 are for tests of clients.
fn batch(call: &Call) -> usize {
    call.headers
        .get(names::QUERY_OPTIONS)
        .and_then(|value| value.to_str().ok())
        .and_then(names::batch_size)
        .unwrap_or(QUERY_PAGE_ROWS_MAX)
}
