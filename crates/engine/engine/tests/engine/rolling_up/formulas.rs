//! Roll-ups over formulas of the details.

use landfall_metadata::Component;
use landfall_model::{RecordId, Value};

use super::{KEY, check, deploy, field, fleet, given, objects, roll_up, ship, voyage};
use crate::org::Org;

const NUMBER: &str = "<type>Number</type><precision>18</precision><scale>1</scale>";

fn formula(object: &str, name: &str, kind: &str, text: &str) -> Component {
    field(object, name, &format!("{kind}<formula>{text}</formula>"))
}

/// Voyages with a net fee, which ships add up if it is worth while, and fleets half of what ships have.
fn all(rate: &str) -> Vec<Component> {
    let net = "<summarizedField>Voyage__c.Net__c</summarizedField>";
    let worthy = "<summaryFilterItems><field>Voyage__c.Worthy__c</field><operation>equals</operation>\
                  <value>True</value></summaryFilterItems>";
    let half = "<summarizedField>Ship__c.Half__c</summarizedField>";
    let more = [
        formula("Voyage__c", "Net__c", NUMBER, rate),
        formula(
            "Voyage__c",
            "Worthy__c",
            "<type>Checkbox</type>",
            "Net__c &gt; 1",
        ),
        roll_up("Ship__c", "Net__c", KEY, "sum", &format!("{net}{worthy}")),
        formula("Ship__c", "Half__c", NUMBER, "Net__c / 2"),
        roll_up("Fleet__c", "Half__c", "Ship__c.Fleet__c", "sum", half),
    ];
    objects().into_iter().chain(more).collect()
}

async fn fleet_with_ship(org: &Org) -> (RecordId, RecordId) {
    let fleet = fleet(org).await;
    (fleet, ship(org, fleet).await)
}

#[tokio::test]
async fn a_roll_up_over_a_formula_follows_each_save_of_a_detail() {
    let org = Org::new().await;
    deploy(&org, all("Fee__c * 0.9")).await;
    let (fleet, ship) = fleet_with_ship(&org).await;
    voyage(&org, ship, 1.0, true).await;
    check(&org, ship, &[("Net__c", 0.0)]).await;
    let second = voyage(&org, ship, 2.26, true).await;
    // Each value is rounded to the scale of the formula.
    check(&org, ship, &[("Net__c", 2.0)]).await;
    check(&org, fleet, &[("Half__c", 1.0)]).await;
    org.change(org.update(second, &given(ship, 10.0, true)))
        .await;
    check(&org, ship, &[("Net__c", 9.0)]).await;
    check(&org, fleet, &[("Half__c", 4.5)]).await;
    org.change(org.update(second, &[("Fee__c", Value::Null)]))
        .await;
    check(&org, ship, &[("Net__c", 0.0)]).await;
}

#[tokio::test]
async fn a_changed_formula_is_summarized_again() {
    let org = Org::new().await;
    deploy(&org, all("Fee__c * 0.9")).await;
    let (fleet, ship) = fleet_with_ship(&org).await;
    voyage(&org, ship, 10.0, true).await;
    check(&org, fleet, &[("Half__c", 4.5)]).await;
    let modified = org.value(ship, "SystemModstamp").await;
    org.advance(60);
    deploy(&org, all("Fee__c * 0.9")).await;
    assert_eq!(org.value(ship, "SystemModstamp").await, modified);
    deploy(&org, all("Fee__c * 2")).await;
    check(&org, ship, &[("Net__c", 20.0)]).await;
    check(&org, fleet, &[("Half__c", 10.0)]).await;
}
