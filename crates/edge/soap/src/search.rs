//! `search`: words in the records of several objects.
//!
//! Source: `search()`, `SearchResult` (SOAP API Developer Guide). Metadata and snippets, which only articles and spelling
//! have, are null.

use landfall_engine::{PageSize, Question, draw};
use landfall_http::refused;
use landfall_model::limits::{SEARCH_CHARACTERS_MAX, SEARCH_ROWS_MAX};
use landfall_model::{Fault, QueryFault};
use landfall_soql::parse_search;
use landfall_xml::Writer;

use crate::call::Call;
use crate::{files, query_xml};

/// Answers a search that is a statement of SOSL.
pub(crate) async fn search(call: &Call<'_>, w: &mut Writer) -> Result<(), Fault> {
    let given = ["searchString", "search"];
    let statement = given.into_iter().find_map(|name| call.argument(name));
    let statement = statement.unwrap_or_default();
    let search = parse_search(statement).map_err(|error| {
        Fault::Query(QueryFault::SearchMalformed {
            reason: error.to_string(),
        })
    })?;
    let view = call.login.view();
    let question = Question {
        statement,
        view: &view,
        deleted: false,
        page: PageSize::of_rows(SEARCH_ROWS_MAX),
    };
    let engine = &call.state.engine;
    let mut found = engine.find(question, &search).await.map_err(refused)?;
    // Source: "`FIND {SearchQuery}`", character limits: longer ones find nothing.
    let words = statement.split_once('}').map_or("", |(words, _)| words);
    if words.chars().count() > SEARCH_CHARACTERS_MAX {
        found.clear();
    }
    let mut files = Vec::with_capacity(found.len());
    for answer in &found {
        files.push(files::of_answer(call, answer).await?);
    }
    let query_id = u64::from_be_bytes(draw(engine.entropy()));
    w.element("result", |w| {
        w.text("queryId", &format!("{query_id:016x}"));
        for (answer, files) in found.iter().zip(&files) {
            query_xml::found(call, w, answer, files);
        }
        w.nil("searchResultsMetadata");
    });
    Ok(())
}
