//! Fields that follow from others.

use landfall_model::{Date, Fault, FieldFault, RecordId, Timestamp, Value, ValueFault};

use crate::org::{FieldValueOf, Org, START, null, text, user};

fn words(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn opportunity(stage: &str) -> Vec<FieldValueOf<'static>> {
    vec![
        text("Name", "Landfall"),
        text("StageName", stage),
        // 2024-05-31.
        ("CloseDate", Value::Date(Date::from_days(19_874))),
    ]
}

async fn all(org: &Org, id: RecordId, fields: &[&str]) -> Vec<Value> {
    let mut values = Vec::new();
    for field in fields {
        values.push(org.value(id, field).await);
    }
    values
}

/// Source: the stages of a Developer Edition.
#[tokio::test]
async fn a_stage_sets_probability_forecast_and_outcome() {
    let org = Org::new().await;
    let fields = [
        "Probability",
        "ForecastCategoryName",
        "ForecastCategory",
        "IsClosed",
        "IsWon",
    ];
    for (stage, probability, forecast, closed, won) in [
        ("Prospecting", 10.0, "Pipeline", false, false),
        ("Qualification", 10.0, "Pipeline", false, false),
        ("Needs Analysis", 20.0, "Pipeline", false, false),
        ("Value Proposition", 50.0, "Pipeline", false, false),
        ("Id. Decision Makers", 60.0, "Pipeline", false, false),
        ("Perception Analysis", 70.0, "Pipeline", false, false),
        ("Proposal/Price Quote", 75.0, "Pipeline", false, false),
        ("Negotiation/Review", 90.0, "Pipeline", false, false),
        ("Closed Won", 100.0, "Closed", true, true),
        ("Closed Lost", 0.0, "Omitted", true, false),
    ] {
        let id = org.created("Opportunity", &opportunity(stage)).await;
        let expected = [
            Value::Double(probability),
            words(forecast),
            words(forecast),
            Value::Boolean(closed),
            Value::Boolean(won),
        ];
        assert_eq!(all(&org, id, &fields).await, expected, "{stage}");
    }
}

#[tokio::test]
async fn a_given_probability_beats_the_stages_and_survives_the_same_stage_again() {
    let org = Org::new().await;
    let mut given = opportunity("Prospecting");
    given.push(("Probability", Value::Double(33.0)));
    let id = org.created("Opportunity", &given).await;
    org.change(org.update(id, &[text("StageName", "Prospecting")]))
        .await;
    assert_eq!(org.value(id, "Probability").await, Value::Double(33.0));
    org.change(org.update(id, &[text("StageName", "Closed Won")]))
        .await;
    assert_eq!(org.value(id, "Probability").await, Value::Double(100.0));
    assert_eq!(org.value(id, "IsWon").await, Value::Boolean(true));
}

#[tokio::test]
async fn revenue_and_fiscal_period_follow_amount_and_close_date() {
    let org = Org::new().await;
    let mut given = opportunity("Needs Analysis");
    given.push(("Amount", Value::Double(40_000.0)));
    let id = org.created("Opportunity", &given).await;
    assert_eq!(
        org.value(id, "ExpectedRevenue").await,
        Value::Double(8_000.0)
    );
    assert_eq!(org.value(id, "FiscalYear").await, Value::Integer(2024));
    assert_eq!(org.value(id, "FiscalQuarter").await, Value::Integer(2));
    assert_eq!(org.value(id, "Fiscal").await, words("2024 2"));
    org.change(org.update(id, &[null("Amount")])).await;
    assert_eq!(org.value(id, "ExpectedRevenue").await, Value::Null);
}

/// Source: "Opportunity" (Object Reference), `LastStageChangeDate`, `PushCount`.
#[tokio::test]
async fn an_opportunity_keeps_its_last_change_of_stage_and_counts_pushes() {
    let org = Org::new().await;
    let id = org
        .created("Opportunity", &opportunity("Prospecting"))
        .await;
    let fields = ["LastStageChangeDate", "PushCount"];
    assert_eq!(all(&org, id, &fields).await, [Value::Null, Value::Null]);
    org.advance(10);
    org.change(org.update(id, &[text("StageName", "Closed Won")]))
        .await;
    let changed = Value::DateTime(START.whole_second().plus_millis(10_000));
    assert_eq!(all(&org, id, &fields).await, [changed.clone(), Value::Null]);
    org.advance(10);
    org.change(org.update(id, &[text("StageName", "Closed Won")]))
        .await;
    // From 31 May 2024 to 1 May, to 1 June, to 30 June, and back to 1 May.
    for (day, pushes) in [
        (19_844, Value::Null),
        (19_875, Value::Integer(1)),
        (19_904, Value::Integer(1)),
        (19_844, Value::Integer(1)),
        (19_940, Value::Integer(2)),
    ] {
        let moved = [("CloseDate", Value::Date(Date::from_days(day)))];
        org.change(org.update(id, &moved)).await;
        assert_eq!(all(&org, id, &fields).await, [changed.clone(), pushes]);
    }
}

#[tokio::test]
async fn expected_revenue_is_rounded_to_its_scale() {
    let org = Org::new().await;
    let mut given = opportunity("Prospecting");
    given.push(("Amount", Value::Double(10.016)));
    let id = org.created("Opportunity", &given).await;
    assert_eq!(org.value(id, "Amount").await, Value::Double(10.016));
    assert_eq!(org.value(id, "ExpectedRevenue").await, Value::Double(1.0));
}

#[tokio::test]
async fn a_case_is_closed_with_its_status_and_opened_again() {
    let org = Org::new().await;
    let id = org.created("Case", &[]).await;
    assert_eq!(org.value(id, "IsClosed").await, Value::Boolean(false));
    org.advance(10);
    org.change(org.update(id, &[text("Status", "Closed")]))
        .await;
    let closed = Value::DateTime(START.whole_second().plus_millis(10_000));
    assert_eq!(org.value(id, "IsClosed").await, Value::Boolean(true));
    assert_eq!(org.value(id, "ClosedDate").await, closed);
    org.advance(10);
    org.change(org.update(id, &[text("Subject", "Still closed")]))
        .await;
    assert_eq!(org.value(id, "ClosedDate").await, closed);
    org.change(org.update(id, &[text("Status", "Working")]))
        .await;
    assert_eq!(org.value(id, "IsClosed").await, Value::Boolean(false));
    assert_eq!(org.value(id, "ClosedDate").await, Value::Null);
}

#[tokio::test]
async fn a_task_is_closed_when_it_is_completed() {
    let org = Org::new().await;
    let id = org.created("Task", &[]).await;
    assert_eq!(org.value(id, "IsClosed").await, Value::Boolean(false));
    org.change(org.update(id, &[text("Status", "Completed")]))
        .await;
    assert_eq!(org.value(id, "IsClosed").await, Value::Boolean(true));
}

/// Source: "Task" (Object Reference), `CompletedDateTime`, `IsHighPriority`.
#[tokio::test]
async fn a_task_has_its_completion_date_and_priority_flag() {
    let org = Org::new().await;
    let fields = ["CompletedDateTime", "IsHighPriority"];
    let urgent = [text("Priority", "High"), text("Status", "Completed")];
    let id = org.created("Task", &urgent).await;
    let at = |seconds: i64| Value::DateTime(START.whole_second().plus_millis(seconds * 1_000));
    assert_eq!(all(&org, id, &fields).await, [at(0), Value::Boolean(true)]);
    org.advance(10);
    org.change(org.update(id, &[text("Status", "Completed"), text("Priority", "Low")]))
        .await;
    assert_eq!(all(&org, id, &fields).await, [at(0), Value::Boolean(false)]);
    org.change(org.update(id, &[text("Status", "In Progress")]))
        .await;
    assert_eq!(
        all(&org, id, &fields).await,
        [Value::Null, Value::Boolean(false)]
    );
    org.change(org.update(id, &[text("Status", "Completed")]))
        .await;
    assert_eq!(
        all(&org, id, &fields).await,
        [at(10), Value::Boolean(false)]
    );
}

#[tokio::test]
async fn a_lead_has_its_last_transfer_date() {
    let org = Org::new().await;
    let id = org
        .created("Lead", &[text("LastName", "Boyle"), text("Company", "L")])
        .await;
    assert_eq!(org.value(id, "LastTransferDate").await, Value::Null);
    let owner = org.created("User", &user("boyle")).await;
    org.change(org.update(id, &[("OwnerId", Value::Id(owner))]))
        .await;
    let today = Value::Date(Date::of(START));
    assert_eq!(org.value(id, "LastTransferDate").await, today);
}

#[tokio::test]
async fn the_end_of_an_event_follows_its_length_and_the_other_way_round() {
    let org = Org::new().await;
    let start = Timestamp::from_millis(1_700_000_000_000);
    let end = start.plus_millis(30 * 60_000);
    let long = org
        .created(
            "Event",
            &[
                ("ActivityDateTime", Value::DateTime(start)),
                ("DurationInMinutes", Value::Integer(30)),
            ],
        )
        .await;
    let until = org
        .created(
            "Event",
            &[
                ("StartDateTime", Value::DateTime(start)),
                ("EndDateTime", Value::DateTime(end)),
            ],
        )
        .await;
    let fields = [
        "ActivityDateTime",
        "StartDateTime",
        "EndDateTime",
        "DurationInMinutes",
        "ActivityDate",
        "EndDate",
    ];
    let day = Value::Date(Date::of(start));
    let expected = [
        Value::DateTime(start),
        Value::DateTime(start),
        Value::DateTime(end),
        Value::Integer(30),
        day.clone(),
        day,
    ];
    assert_eq!(all(&org, long, &fields).await, expected);
    assert_eq!(all(&org, until, &fields).await, expected);
}

#[tokio::test]
async fn an_event_that_is_moved_keeps_its_length() {
    let org = Org::new().await;
    let given = [
        ("ActivityDateTime", Value::DateTime(START)),
        ("DurationInMinutes", Value::Integer(45)),
    ];
    let id = org.created("Event", &given).await;
    let later = START.whole_second().plus_millis(86_400_000);
    org.change(org.update(id, &[("StartDateTime", Value::DateTime(later))]))
        .await;
    let end = Value::DateTime(later.plus_millis(45 * 60_000));
    assert_eq!(org.value(id, "EndDateTime").await, end);
    let day = Date::of(later.plus_millis(86_400_000));
    org.change(org.update(id, &[("ActivityDate", Value::Date(day))]))
        .await;
    assert_eq!(
        org.value(id, "StartDateTime").await,
        Value::DateTime(day.midnight())
    );
    assert_eq!(org.value(id, "DurationInMinutes").await, Value::Integer(45));
}

#[tokio::test]
async fn an_event_needs_a_start_and_a_length_and_no_end_before_the_start() {
    let org = Org::new().await;
    let start = ("StartDateTime", Value::DateTime(START));
    for given in [vec![], vec![start.clone()]] {
        let fault = org.refused(org.create("Event", &given)).await;
        assert!(
            matches!(fault, Fault::Field(FieldFault::Required { .. })),
            "{fault:?}"
        );
    }
    let before = Value::DateTime(START.plus_millis(-60_000));
    let fault = org
        .refused(org.create("Event", &[start, ("EndDateTime", before)]))
        .await;
    assert!(
        matches!(fault, Fault::Value(ValueFault::Refused { .. })),
        "{fault:?}"
    );
}

#[tokio::test]
async fn a_contract_ends_the_day_before_its_term_is_over() {
    let org = Org::new().await;
    let account = org.created("Account", &[text("Name", "Landfall")]).await;
    let id = org
        .created(
            "Contract",
            &[
                ("AccountId", Value::Id(account)),
                // 2024-01-31, for one month.
                ("StartDate", Value::Date(Date::from_days(19_753))),
                ("ContractTerm", Value::Integer(1)),
            ],
        )
        .await;
    // 2024-02-28.
    assert_eq!(
        org.value(id, "EndDate").await,
        Value::Date(Date::from_days(19_781))
    );
    assert_eq!(org.value(id, "StatusCode").await, words("Draft"));
    org.change(org.update(id, &[text("Status", "In Approval Process")]))
        .await;
    assert_eq!(org.value(id, "StatusCode").await, words("InApproval"));
    org.change(org.update(id, &[null("ContractTerm")])).await;
    assert_eq!(org.value(id, "EndDate").await, Value::Null);
}

#[tokio::test]
async fn an_orders_status_code_follows_its_status() {
    let org = Org::new().await;
    let day = Value::Date(Date::from_days(19_753));
    let given = [("EffectiveDate", day), text("Status", "Draft")];
    let id = org.created("Order", &given).await;
    assert_eq!(org.value(id, "StatusCode").await, words("Draft"));
}

#[tokio::test]
async fn a_persons_name_is_put_together_from_its_parts() {
    let org = Org::new().await;
    let given = [
        text("Salutation", "Ms."),
        text("FirstName", "Lauren"),
        text("LastName", "Boyle"),
    ];
    let id = org.created("Contact", &given).await;
    assert_eq!(org.value(id, "Name").await, words("Lauren Boyle"));
    org.change(org.update(id, &[null("FirstName")])).await;
    assert_eq!(org.value(id, "Name").await, words("Boyle"));
    let mut given = user("boyle");
    given.push(text("FirstName", "Lauren"));
    let id = org.created("User", &given).await;
    assert_eq!(org.value(id, "Name").await, words("Lauren boyle"));
}

#[tokio::test]
async fn an_asset_requires_an_account_or_a_contact() {
    let org = Org::new().await;
    let fault = org
        .refused(org.create("Asset", &[text("Name", "Generator")]))
        .await;
    assert!(
        matches!(fault, Fault::Value(ValueFault::Refused { .. })),
        "{fault:?}"
    );
}
