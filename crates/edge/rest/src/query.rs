//! `/query`, `/queryAll`, and the pages after the first.
//!
//! Source: "Query", "`QueryAll`" (REST API Developer Guide). `explain` takes a statement; reports and list views are not
//! there.

use landfall_http::Answer;
use landfall_model::Fault;
use landfall_sobject::query;

use crate::call::Call;
use crate::state::Shared;

/// Answers a query; `deleted` if records in the recycle bin are meant too.
pub(crate) async fn query(shared: &Shared, call: &Call, deleted: bool) -> Result<Answer, Fault> {
    let statement = call.parameter("q").unwrap_or_default();
    if shared.virtual_objects.is_queried(call, statement) {
        return shared.virtual_objects.query(call).await;
    }
    match call.parameter("explain") {
        Some(statement) => query::explained(&shared.engine, call, statement, deleted).await,
        None => query::first(&shared.engine, call, deleted).await,
    }
}

/// Answers with a further page.
pub(crate) async fn more(shared: &Shared, call: &Call, locator: &str) -> Result<Answer, Fault> {
    query::more(&shared.engine, call, locator).await
}
