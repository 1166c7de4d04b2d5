//! Queries of virtual objects, over the Tooling API and over the REST API.

use landfall_engine::query::{Answers, Item};
use landfall_engine::{Answer as Matches, Engine, PageSize, Question};
use landfall_http::{Answer, Call};
use landfall_model::{Fault, QueryFault};
use landfall_sobject::query::{batch, first, wants_columns};
use landfall_sobject::{Api, GENERIC_CHANNEL, query_about, query_json};

use crate::registry;
use crate::virtual_object::Source;

/// The objects of records that the Tooling API answers queries of, with the addresses that they have elsewhere.
///
/// Source: "Quick Start: Using Generic Streaming" (Streaming API Developer Guide), which looks a channel up so.
const RECORDS: &[&str] = &[GENERIC_CHANNEL];

/// Answers a query of the Tooling API.
///
/// # Errors
/// Those of any query.
pub(crate) async fn tooling(engine: &Engine, call: &Call) -> Result<Answer, Fault> {
    let object = registry::queried(call.parameter("q").unwrap_or_default());
    let is_queried = |name: &&str| {
        let object = object.as_deref();
        object.is_some_and(|object| object.eq_ignore_ascii_case(name))
    };
    if RECORDS.iter().any(is_queried) {
        return first(engine, call, false).await;
    }
    of_virtual(engine, call, Api::Tooling).await
}

/// Answers a query of virtual objects.
///
/// # Errors
/// Those of any query, and a refusal of more than one whole definition.
pub(crate) async fn of_virtual(engine: &Engine, call: &Call, api: Api) -> Result<Answer, Fault> {
    let view = call.login.view();
    let question = Question {
        statement: call.parameter("q").unwrap_or_default(),
        view: &view,
        deleted: false,
        page: PageSize::of_rows(batch(call)),
    };
    let source = Source { engine, call };
    if wants_columns(call) {
        let checked = registry::examine(source, api, question).await?;
        return Ok(Answer::json(query_about::columns(&checked)));
    }
    let answer = registry::query(source, api, question).await?;
    check_whole(&answer)?;
    Ok(Answer::json(query_json::rendered(call, api, &answer)))
}

/// A whole definition is returned for one record only.
///
/// Source: "`EntityDefinition`" (Tooling API Developer Guide), `Metadata` and `FullName`; the text is none of a recording.
fn check_whole(answer: &Matches) -> Result<(), Fault> {
    let Answers::Records(shape) = &answer.checked.answers else {
        return Ok(());
    };
    let mut names = shape.items.iter().map(Item::name);
    if answer.page.total > 1 && names.any(|name| matches!(name, "Metadata" | "FullName")) {
        return Err(Fault::Query(QueryFault::Malformed {
            reason: format!(
                "When retrieving results with Metadata or FullName fields, the query qualifications must specify no more \
                 than one row for retrieval. Result size: {}",
                answer.page.total
            ),
        }));
    }
    Ok(())
}
