//! Records that follow from the definitions.

use std::ops::ControlFlow;

use landfall_engine::{OrgView, PageSize, Question};
use landfall_model::Value;

use crate::org::Org;

fn question<'q>(view: &'q OrgView, statement: &'q str) -> Question<'q> {
    Question {
        statement,
        view,
        deleted: false,
        page: PageSize::of_rows(2_000),
    }
}

async fn found(org: &Org, statement: &str) -> Vec<Vec<Value>> {
    let view = org.engine.rights(org.user).await.expect("a read").view();
    let answer = org.engine.query(question(&view, statement)).await;
    let rows = answer.expect("a query").page.rows.into_iter();
    // The first value is the id, which a query need not name.
    rows.map(|row| row.values.into_iter().skip(1).collect())
        .collect()
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[tokio::test]
async fn stages_and_statuses_are_the_values_of_their_picklists() {
    let org = Org::new().await;
    let closed = "SELECT MasterLabel, IsWon, DefaultProbability, SortOrder FROM OpportunityStage WHERE IsClosed = true \
        ORDER BY SortOrder DESC";
    let lost = vec![
        text("Closed Lost"),
        Value::Boolean(false),
        Value::Double(0.0),
        Value::Integer(10),
    ];
    let won = vec![
        text("Closed Won"),
        Value::Boolean(true),
        Value::Double(100.0),
        Value::Integer(9),
    ];
    assert_eq!(found(&org, closed).await, [lost, won]);
    for (statement, value) in [
        (
            "SELECT ApiName FROM CaseStatus WHERE IsClosed = true",
            "Closed",
        ),
        (
            "SELECT ApiName FROM TaskStatus WHERE IsClosed = true",
            "Completed",
        ),
        (
            "SELECT ApiName FROM TaskPriority WHERE IsHighPriority = true",
            "High",
        ),
        (
            "SELECT ApiName FROM LeadStatus WHERE IsConverted = true",
            "Closed - Converted",
        ),
        (
            "SELECT ApiName FROM LeadStatus WHERE IsDefault = true",
            "Open - Not Contacted",
        ),
        (
            "SELECT StatusCode FROM ContractStatus WHERE MasterLabel = 'In Approval Process'",
            "InApproval",
        ),
        (
            "SELECT StatusCode FROM OrderStatus WHERE ApiName = 'Activated'",
            "Activated",
        ),
    ] {
        assert_eq!(
            found(&org, statement).await,
            [vec![text(value)]],
            "{statement}"
        );
    }
    let view = org.engine.rights(org.user).await.expect("a read").view();
    let all = question(&view, "SELECT Id FROM OpportunityStage");
    let prepared = org.engine.examine(all).await.expect("a query");
    let ids = org.engine.scan(prepared, Vec::new(), |ids, row| {
        ids.extend(row);
        ControlFlow::Continue(())
    });
    let mut ids: Vec<_> = ids
        .await
        .expect("a scan")
        .iter()
        .filter_map(Value::as_id)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 10);
}
