//! Records that follow from the definitions.

use std::ops::ControlFlow;

use landfall_engine::{OrgView, PageSize, Question};
use landfall_metadata::Component;
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

fn set(name: &str, values: &str) -> Component {
    Component {
        path: format!("standardValueSets/{name}.standardValueSet-meta.xml"),
        content: format!(
            "<StandardValueSet xmlns=\"http://soap.sforce.com/2006/04/metadata\">{values}</StandardValueSet>"
        ),
    }
}

fn value(name: &str, more: &str) -> String {
    format!(
        "<standardValue><fullName>{name}</fullName><default>false</default>{more}</standardValue>"
    )
}

#[tokio::test]
async fn stages_and_statuses_mean_what_their_value_set_says() {
    let org = Org::new().await;
    let stages = [
        value(
            "Talking",
            "<probability>30</probability><forecastCategory>BestCase</forecastCategory>",
        ),
        value(
            "Signed",
            "<closed>true</closed><won>true</won><probability>100</probability>\
             <forecastCategory>Closed</forecastCategory>",
        ),
    ];
    let deployed = org.engine.deploy(vec![
        set("OpportunityStage", &stages.concat()),
        set(
            "CaseStatus",
            &[value("New", ""), value("Done", "<closed>true</closed>")].concat(),
        ),
        set(
            "TaskPriority",
            &value("Now", "<highPriority>true</highPriority>"),
        ),
        set(
            "LeadStatus",
            &[
                value("Open", ""),
                value("Won", "<converted>true</converted>"),
            ]
            .concat(),
        ),
    ]);
    assert_eq!(deployed.await.expect("a project"), []);
    for (statement, expected) in [
        (
            "SELECT ApiName FROM OpportunityStage WHERE IsWon = true AND IsClosed = true AND DefaultProbability = 100 \
             AND ForecastCategoryName = 'Closed'",
            "Signed",
        ),
        (
            "SELECT ApiName FROM OpportunityStage WHERE ForecastCategory = 'BestCase' AND DefaultProbability = 30",
            "Talking",
        ),
        (
            "SELECT ApiName FROM CaseStatus WHERE IsClosed = true",
            "Done",
        ),
        (
            "SELECT ApiName FROM TaskPriority WHERE IsHighPriority = true",
            "Now",
        ),
        (
            "SELECT ApiName FROM LeadStatus WHERE IsConverted = true",
            "Won",
        ),
    ] {
        assert_eq!(
            found(&org, statement).await,
            [vec![text(expected)]],
            "{statement}"
        );
    }
}
