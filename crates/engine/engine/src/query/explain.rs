//! What a query costs, by each way in which it could be begun.

use landfall_model::RecordId;
use landfall_model::limits::QUERY_TIME_MAX;
use landfall_query::Plan;

use super::{Question, checked, failed};
use crate::{Engine, Error};

/// What a query costs.
#[derive(Clone, Debug)]
pub struct Explained {
    /// The object.
    pub object: String,
    /// Its records.
    pub records: u64,
    /// Ways to begin, the cheapest first.
    pub ways: Vec<ExplainedWay>,
    /// Fields of conditions that no index helps with.
    pub unindexed: Vec<String>,
}

/// What one way to begin costs.
#[derive(Clone, Debug)]
pub struct ExplainedWay {
    /// The fields of the index; none: every record is looked at.
    pub fields: Vec<String>,
    /// Records that it leads to.
    pub records: u64,
    /// Records that are looked at, as a part of those up to which a query is selective.
    pub cost: f64,
}

/// See [`Engine::explain`].
pub(crate) async fn explain(engine: &Engine, question: Question<'_>) -> Result<Explained, Error> {
    let plan = checked(engine, question, engine.clock().now()).await?.plan;
    let (ways, user) = (plan.ways(), question.view.user());
    let records = count(engine, user, ways.whole).await?;
    let mut explained = Vec::new();
    for way in ways.indexes {
        let found = count(engine, user, way.plan).await?;
        explained.push(ExplainedWay {
            fields: way.fields,
            records: found,
            cost: cost(found, records),
        });
    }
    explained.push(ExplainedWay {
        fields: Vec::new(),
        records: count(engine, user, ways.found).await?,
        cost: cost(records, records),
    });
    explained.sort_by(|left, right| left.cost.total_cmp(&right.cost));
    Ok(Explained {
        object: plan.entity.name.to_string(),
        records,
        ways: explained,
        unindexed: ways.unindexed,
    })
}

async fn count(engine: &Engine, user: RecordId, plan: Plan) -> Result<u64, Error> {
    let asked = plan.clone();
    let counted = engine.search(user, QUERY_TIME_MAX, move |reader, deadline| {
        reader.count(&asked, deadline)
    });
    counted.await.map_err(|error| failed(error, &plan))
}

/// Records looked at, against 30 % of the first million records and 15 % of the others.
///
/// Source: "Make SOQL Query Selective" (Salesforce Help), standard index.
#[expect(
    clippy::cast_precision_loss,
    reason = "a ratio of counts that stay far below 2^53"
)]
fn cost(looked_at: u64, records: u64) -> f64 {
    let million = 1_000_000;
    let first = records.min(million) as f64 * 0.3;
    let others = records.saturating_sub(million) as f64 * 0.15;
    looked_at as f64 / (first + others).max(1.0)
}
