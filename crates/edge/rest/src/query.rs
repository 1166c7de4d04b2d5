//! `/query`, `/queryAll`, and the pages after the first.
//!
//! Source: "Query", "`QueryAll`", "Query Options Header" (REST API Developer Guide). `explain` takes a statement; reports and
//! list views are not there.

use landfall_engine::query::{Answers, Item};
use landfall_engine::{Answer as Found, Question};
use landfall_model::Fault;
use landfall_model::limits::QUERY_PAGE_ROWS_MAX;
use landfall_wire::headers as names;

use crate::Shared;
use crate::call::Call;
use crate::fault::refused;
use crate::respond::Answer;
use crate::virtual_object::{Api, Source};
use crate::{query_about, query_json, virtual_object};

/// Answers a query; `deleted` if records in the recycle bin are meant too.
pub(crate) async fn query(shared: &Shared, call: &Call, deleted: bool) -> Result<Answer, Fault> {
    let statement = call.parameter("q").unwrap_or_default();
    if virtual_object::is_asked(call, Api::Plain, statement) {
        return of_virtual(shared, call, Api::Plain).await;
    }
    let view = call.login.view();
    let question = |statement| Question {
        statement,
        view: &view,
        deleted,
        batch: batch(call),
    };
    if let Some(statement) = call.parameter("explain") {
        let explained = shared.engine.explain(question(statement)).await;
        let explained = explained.map_err(refused)?;
        return Ok(Answer::json(query_about::explained(&explained, statement)));
    }
    let question = question(statement);
    if wants_columns(call) {
        let prepared = shared.engine.examine(question).await.map_err(refused)?;
        return Ok(Answer::json(query_about::columns(prepared.checked())));
    }
    let answer = shared.engine.query(question).await.map_err(refused)?;
    Ok(Answer::json(query_json::rendered(
        call,
        Api::Plain,
        &answer,
    )))
}

/// The objects of records that the Tooling API answers queries of, with the addresses that they have elsewhere.
///
/// Source: "Quick Start: Using Generic Streaming" (Streaming API Developer Guide), which looks a channel up so.
const RECORDS_OF_TOOLING: &[&str] = &["StreamingChannel"];

/// Answers a query of the Tooling API.
///
/// # Errors
/// Those of any query.
pub(crate) async fn tooling(shared: &Shared, call: &Call) -> Result<Answer, Fault> {
    let asked = virtual_object::asked(call.parameter("q").unwrap_or_default());
    let is_asked = |name: &&str| {
        asked
            .as_deref()
            .is_some_and(|asked| asked.eq_ignore_ascii_case(name))
    };
    if RECORDS_OF_TOOLING.iter().any(is_asked) {
        return query(shared, call, false).await;
    }
    of_virtual(shared, call, Api::Tooling).await
}

/// Answers a query of virtual objects.
///
/// # Errors
/// Those of any query, and a refusal of more than one whole definition.
async fn of_virtual(shared: &Shared, call: &Call, api: Api) -> Result<Answer, Fault> {
    let view = call.login.view();
    let question = Question {
        statement: call.parameter("q").unwrap_or_default(),
        view: &view,
        deleted: false,
        batch: batch(call),
    };
    let source = Source {
        engine: &shared.engine,
        call,
    };
    if wants_columns(call) {
        let checked = virtual_object::examine(source, api, question).await?;
        return Ok(Answer::json(query_about::columns(&checked)));
    }
    let answer = virtual_object::query(source, api, question).await?;
    check_whole(&answer)?;
    Ok(Answer::json(query_json::rendered(call, api, &answer)))
}

/// Whole definitions are told of one record only.
///
/// Source: "`EntityDefinition`" (Tooling API Developer Guide), `Metadata` and `FullName`; the text is none of a recording.
fn check_whole(answer: &Found) -> Result<(), Fault> {
    let Answers::Records(shape) = &answer.checked.answers else {
        return Ok(());
    };
    let mut names = shape.items.iter().map(Item::name);
    if answer.page.total > 1 && names.any(|name| matches!(name, "Metadata" | "FullName")) {
        return Err(Fault::QueryMalformed {
            reason: format!(
                "When retrieving results with Metadata or FullName fields, the query qualifications must specify no more \
                 than one row for retrieval. Result size: {}",
                answer.page.total
            ),
        });
    }
    Ok(())
}

/// Whether the columns are asked for instead of the records.
fn wants_columns(call: &Call) -> bool {
    let columns = call.parameter("columns");
    columns.is_some_and(|columns| columns.eq_ignore_ascii_case("true"))
}

/// Answers with a further page.
pub(crate) async fn more(shared: &Shared, call: &Call, locator: &str) -> Result<Answer, Fault> {
    let answer = shared
        .engine
        .query_more(locator, &call.login.view(), batch(call))
        .await
        .map_err(refused)?;
    Ok(Answer::json(query_json::rendered(
        call,
        Api::Plain,
        &answer,
    )))
}

/// The size of a page that the request asks for. Smaller pages than the service's 200 are for tests of clients.
fn batch(call: &Call) -> usize {
    call.headers
        .get(names::QUERY_OPTIONS)
        .and_then(|value| value.to_str().ok())
        .and_then(names::batch_size)
        .unwrap_or(QUERY_PAGE_ROWS_MAX)
}
