//! `/search` and `/parameterizedSearch`: words in the records of several objects.
//!
//! Source: "Search", "Parameterized Search" (REST API Developer Guide). What is for articles, divisions and sites is ignored.

mod parameters;

use axum::body::Body;
use http::Method;
use landfall_engine::{PageSize, Question};
use landfall_http::{Answer, Writer, json_body, refused};
use landfall_model::Fault;
use landfall_model::limits::{SEARCH_CHARACTERS_MAX, SEARCH_ROWS_MAX};
use landfall_sobject::{Api, query_json};
use landfall_soql::{Search, parse_search};
use parameters::malformed;

use crate::call::Call;
use crate::state::Shared;

/// The version from which on the answer is an object.
const OBJECT_SINCE: u16 = 37;

/// Answers a search that is a statement.
pub(crate) async fn search(shared: &Shared, call: &Call) -> Result<Answer, Fault> {
    let statement = call.parameter("q").unwrap_or_default();
    let search = parse_search(statement).map_err(malformed)?;
    // Source: "`FIND {SearchQuery}`", character limits: longer ones find nothing.
    let words = statement.split_once('}').map_or("", |(words, _)| words);
    let is_long = words.chars().count() > SEARCH_CHARACTERS_MAX;
    answer(shared, call, (statement, &search), is_long).await
}

/// Answers a search that is given by parameters, in the address or in a body.
pub(crate) async fn parameterized(
    shared: &Shared,
    call: &Call,
    body: Body,
) -> Result<Answer, Fault> {
    let request = if call.method == Method::POST {
        parameters::of_body(&json_body(&call.headers, body).await?)?
    } else {
        parameters::of_address(&call.parameters)?
    };
    let search = request.read()?;
    let is_long = request.words.chars().count() > SEARCH_CHARACTERS_MAX;
    answer(shared, call, ("", &search), is_long).await
}

async fn answer(
    shared: &Shared,
    call: &Call,
    (statement, search): (&str, &Search),
    is_long: bool,
) -> Result<Answer, Fault> {
    let view = call.login.view();
    let question = Question {
        statement,
        view: &view,
        deleted: false,
        page: PageSize {
            rows: SEARCH_ROWS_MAX,
            bytes: call.space.page(),
        },
    };
    let mut found = shared
        .engine
        .find(question, search)
        .await
        .map_err(refused)?;
    if is_long {
        found.clear();
    }
    let mut w = Writer::new();
    let records = |w: &mut Writer| {
        w.array(|w| {
            for answer in &found {
                query_json::records(w, call, Api::Plain, answer);
            }
        });
    };
    if call.version.number() < OBJECT_SINCE {
        records(&mut w);
    } else {
        w.object(|w| records(w.name("searchRecords")));
    }
    Ok(Answer::json(w.finish()))
}
