//! Roll-up summary fields: true whenever they are read, and captured like any other change.

mod any_changes;
mod formulas;

use landfall_engine::Error;
use landfall_metadata::Component;
use landfall_model::{ChangeType, Date, Fault, FieldFault, RecordId, Value, ValueFault};

use crate::org::{FieldValueOf, Org, Received, text};

fn component(path: &str, root: &str, content: &str) -> Component {
    Component {
        path: path.to_owned(),
        content: format!(
            "<{root} xmlns=\"http://soap.sforce.com/2006/04/metadata\">{content}</{root}>"
        ),
    }
}

fn object(name: &str, sharing: &str) -> Component {
    component(
        &format!("objects/{name}/{name}.object-meta.xml"),
        "CustomObject",
        &format!(
            "<label>{name}</label><pluralLabel>{name}</pluralLabel><deploymentStatus>Deployed</deploymentStatus>\
             <nameField><label>Name</label><type>Text</type></nameField><sharingModel>{sharing}</sharingModel>"
        ),
    )
}

fn field(object: &str, name: &str, definition: &str) -> Component {
    component(
        &format!("objects/{object}/fields/{name}.field-meta.xml"),
        "CustomField",
        &format!("<fullName>{name}</fullName><label>{name}</label>{definition}"),
    )
}

fn master(object: &str, name: &str) -> Component {
    let relationship = format!(
        "<type>MasterDetail</type><referenceTo>{name}</referenceTo><relationshipName>{object}s</relationshipName>\
         <reparentableMasterDetail>true</reparentableMasterDetail>"
    )
    .replace("__cs", "s");
    field(object, name, &relationship)
}

fn roll_up(object: &str, name: &str, key: &str, operation: &str, more: &str) -> Component {
    field(
        object,
        name,
        &format!(
            "<type>Summary</type><summaryForeignKey>{key}</summaryForeignKey>\
             <summaryOperation>{operation}</summaryOperation>{more}"
        ),
    )
}

const FEE: &str = "<summarizedField>Voyage__c.Fee__c</summarizedField>";
const PAID: &str = "<summaryFilterItems><field>Voyage__c.Paid__c</field><operation>equals</operation>\
                    <value>True</value></summaryFilterItems>";
const KEY: &str = "Voyage__c.Ship__c";

/// Fleets of ships that go on voyages.
fn objects() -> Vec<Component> {
    vec![
        object("Fleet__c", "ReadWrite"),
        object("Ship__c", "ControlledByParent"),
        object("Voyage__c", "ControlledByParent"),
        master("Ship__c", "Fleet__c"),
        master("Voyage__c", "Ship__c"),
        field(
            "Voyage__c",
            "Fee__c",
            "<type>Currency</type><precision>18</precision><scale>2</scale>",
        ),
        field(
            "Voyage__c",
            "Paid__c",
            "<type>Checkbox</type><defaultValue>false</defaultValue>",
        ),
        field("Voyage__c", "Day__c", "<type>Date</type>"),
    ]
}

fn roll_ups() -> Vec<Component> {
    let day = "<summarizedField>Voyage__c.Day__c</summarizedField>";
    let income = "<summarizedField>Ship__c.Income__c</summarizedField>";
    vec![
        roll_up("Fleet__c", "Income__c", "Ship__c.Fleet__c", "sum", income),
        roll_up("Fleet__c", "Ships__c", "Ship__c.Fleet__c", "count", ""),
        roll_up("Ship__c", "First__c", KEY, "min", day),
        roll_up("Ship__c", "Income__c", KEY, "sum", &format!("{FEE}{PAID}")),
        roll_up("Ship__c", "Largest__c", KEY, "max", FEE),
        roll_up("Ship__c", "Voyages__c", KEY, "count", ""),
    ]
}

fn all() -> Vec<Component> {
    [objects(), roll_ups()].concat()
}

async fn deploy(org: &Org, components: Vec<Component>) {
    org.engine.deploy(components).await.expect("deployed");
}

async fn harbour() -> Org {
    let org = Org::new().await;
    deploy(&org, all()).await;
    org
}

async fn fleet(org: &Org) -> RecordId {
    org.created("Fleet__c", &[text("Name", "Home")]).await
}

async fn ship(org: &Org, fleet: RecordId) -> RecordId {
    let given = [text("Name", "Ark"), ("Fleet__c", Value::Id(fleet))];
    org.created("Ship__c", &given).await
}

fn given(ship: RecordId, fee: f64, paid: bool) -> Vec<FieldValueOf<'static>> {
    vec![
        ("Ship__c", Value::Id(ship)),
        ("Fee__c", Value::Double(fee)),
        ("Paid__c", Value::Boolean(paid)),
    ]
}

async fn voyage(org: &Org, ship: RecordId, fee: f64, paid: bool) -> RecordId {
    org.created("Voyage__c", &given(ship, fee, paid)).await
}

async fn check(org: &Org, id: RecordId, expected: &[(&str, f64)]) {
    for (field, number) in expected {
        assert_eq!(
            org.value(id, field).await,
            Value::Double(*number),
            "{field} of {id}"
        );
    }
}

fn whats(events: &[Received]) -> Vec<(ChangeType, RecordId)> {
    events.iter().map(Received::what).collect()
}

#[tokio::test]
async fn a_record_without_details_has_none_their_sum_is_zero_and_there_is_no_least() {
    let org = harbour().await;
    let tail = org.tail();
    let fleet = fleet(&org).await;
    let ship = ship(&org, fleet).await;
    let none = [("Voyages__c", 0.0), ("Income__c", 0.0)];
    check(&org, ship, &none).await;
    assert_eq!(org.value(ship, "First__c").await, Value::Null);
    assert_eq!(org.value(ship, "Largest__c").await, Value::Null);
    let created = &org.events_after(tail).await[0];
    assert_eq!(created.what(), (ChangeType::Create, fleet));
    assert_eq!(created.values["Ships__c"], Value::Double(0.0));
}

#[tokio::test]
async fn a_detail_change_publishes_events_of_its_master_and_grandmaster() {
    let org = harbour().await;
    let fleet = fleet(&org).await;
    let ship = ship(&org, fleet).await;
    let tail = org.tail();
    org.advance(60);
    let mut of_voyage = given(ship, 12.5, true);
    of_voyage.push(("Day__c", Value::Date(Date::from_days(100))));
    let voyage = org.created("Voyage__c", &of_voyage).await;
    check(&org, ship, &[("Voyages__c", 1.0), ("Income__c", 12.5)]).await;
    check(&org, fleet, &[("Income__c", 12.5)]).await;
    let events = org.events_after(tail).await;
    let expected = [
        (ChangeType::Create, voyage),
        (ChangeType::Update, ship),
        (ChangeType::Update, fleet),
    ];
    assert_eq!(whats(&events), expected);
    let [created, of_ship, of_fleet] = events.as_slice() else {
        panic!("{events:?}");
    };
    for (event, number) in events.iter().zip(1..) {
        assert_eq!(event.header.sequence_number, number);
        assert_eq!(event.header.change_origin, crate::org::ORIGIN);
        assert_eq!(event.header.transaction_key, created.header.transaction_key);
    }
    let mut changed = of_ship.changed.clone();
    changed.sort();
    assert_eq!(
        changed,
        [
            "First__c",
            "Income__c",
            "Largest__c",
            "LastModifiedDate",
            "Voyages__c"
        ]
    );
    assert_eq!(
        of_fleet.changed,
        ["LastModifiedDate", "Income__c"],
        "system fields first"
    );
    assert_eq!(of_fleet.values["Income__c"], Value::Double(12.5));
    // A field that nothing is computed from changes no other record.
    let tail = org.tail();
    org.change(org.update(voyage, &[text("Name", "Home again")]))
        .await;
    assert_eq!(
        whats(&org.events_after(tail).await),
        [(ChangeType::Update, voyage)]
    );
}

#[tokio::test]
async fn a_detail_counts_where_it_is_and_not_in_the_recycle_bin() {
    let org = harbour().await;
    let fleet = fleet(&org).await;
    let (one, other) = (ship(&org, fleet).await, ship(&org, fleet).await);
    let voyage = voyage(&org, one, 5.0, false).await;
    check(
        &org,
        one,
        &[("Voyages__c", 1.0), ("Income__c", 0.0), ("Largest__c", 5.0)],
    )
    .await;
    org.change(org.update(voyage, &[("Paid__c", Value::Boolean(true))]))
        .await;
    check(&org, fleet, &[("Income__c", 5.0), ("Ships__c", 2.0)]).await;
    org.change(org.update(voyage, &[("Ship__c", Value::Id(other))]))
        .await;
    check(&org, one, &[("Voyages__c", 0.0), ("Income__c", 0.0)]).await;
    assert_eq!(org.value(one, "Largest__c").await, Value::Null);
    check(&org, other, &[("Voyages__c", 1.0), ("Income__c", 5.0)]).await;
    org.change(org.delete(voyage)).await;
    check(&org, other, &[("Voyages__c", 0.0), ("Income__c", 0.0)]).await;
    check(&org, fleet, &[("Income__c", 0.0)]).await;
    org.change(org.undelete(voyage)).await;
    check(&org, other, &[("Voyages__c", 1.0), ("Income__c", 5.0)]).await;
    org.change(org.delete(other)).await;
    check(&org, fleet, &[("Income__c", 0.0), ("Ships__c", 1.0)]).await;
    org.change(org.undelete(other)).await;
    check(&org, other, &[("Voyages__c", 1.0), ("Income__c", 5.0)]).await;
    check(&org, fleet, &[("Income__c", 5.0), ("Ships__c", 2.0)]).await;
}

#[tokio::test]
async fn several_details_of_one_transaction_make_one_change_of_their_master() {
    let org = harbour().await;
    let fleet = fleet(&org).await;
    let ship = ship(&org, fleet).await;
    let tail = org.tail();
    let create = |fee| org.create("Voyage__c", &given(ship, fee, true));
    let rename = org.update(ship, &[text("Name", "Argo")]);
    org.commit(vec![create(1.0), rename, create(2.0), create(4.0)])
        .await;
    let events = org.events_after(tail).await;
    assert_eq!(events.len(), 5);
    let of_ship = &events[1];
    assert_eq!(of_ship.what(), (ChangeType::Update, ship));
    assert_eq!(of_ship.values["Income__c"], Value::Double(7.0));
    assert_eq!(of_ship.values["Name"], Value::Text("Argo".to_owned()));
}

#[tokio::test]
async fn a_change_that_is_refused_counts_nowhere() {
    let org = harbour().await;
    let fleet = fleet(&org).await;
    let ship = ship(&org, fleet).await;
    let good = org.create("Voyage__c", &given(ship, 1.0, true));
    let bad = org.create("Voyage__c", &given(ship, 1e18, true));
    let mut all_or_none = org.transaction(vec![good.clone(), bad.clone()]);
    all_or_none.all_or_none = true;
    let tail = org.tail();
    org.engine.commit(all_or_none).await.expect("a commit");
    check(&org, ship, &[("Voyages__c", 0.0), ("Income__c", 0.0)]).await;
    assert_eq!(org.tail(), tail);
    let outcomes = org.commit(vec![good, bad]).await;
    assert!(outcomes[0].is_ok() && outcomes[1].is_err());
    check(&org, ship, &[("Voyages__c", 1.0), ("Income__c", 1.0)]).await;
    let fault = org
        .refused(org.update(ship, &[("Voyages__c", Value::Double(3.0))]))
        .await;
    assert!(
        matches!(&fault, Fault::Field(FieldFault::ReadOnly { fields }) if fields[0].as_str() == "Voyages__c"),
        "{fault:?}"
    );
}

#[tokio::test]
async fn a_sum_that_its_field_cannot_hold_refuses_the_transaction() {
    let org = harbour().await;
    let fleet = fleet(&org).await;
    let ship = ship(&org, fleet).await;
    voyage(&org, ship, 9e15, true).await;
    let tail = org.tail();
    let fault = org
        .refused(org.create("Voyage__c", &given(ship, 9e15, true)))
        .await;
    assert!(
        matches!(&fault, Fault::Value(ValueFault::NumberOutOfRange { field, .. }) if field.name.as_str() == "Income__c"),
        "{fault:?}"
    );
    assert_eq!(org.tail(), tail);
    check(&org, ship, &[("Voyages__c", 1.0), ("Income__c", 9e15)]).await;
}

#[tokio::test]
async fn what_is_deployed_later_is_computed_for_records_that_are_there() {
    let org = Org::new().await;
    deploy(&org, objects()).await;
    let fleet = fleet(&org).await;
    let (ship, empty) = (ship(&org, fleet).await, ship(&org, fleet).await);
    voyage(&org, ship, 2.0, true).await;
    voyage(&org, ship, 3.0, false).await;
    let modified = org.value(ship, "LastModifiedDate").await;
    let tail = org.tail();
    org.advance(60);
    deploy(&org, all()).await;
    check(
        &org,
        ship,
        &[("Voyages__c", 2.0), ("Income__c", 2.0), ("Largest__c", 3.0)],
    )
    .await;
    check(&org, empty, &[("Voyages__c", 0.0), ("Income__c", 0.0)]).await;
    check(&org, fleet, &[("Income__c", 2.0), ("Ships__c", 2.0)]).await;
    // Nobody changed anything: the service alone touched the records.
    assert_eq!(org.tail(), tail);
    assert_eq!(org.value(ship, "LastModifiedDate").await, modified);
    assert_ne!(org.value(ship, "SystemModstamp").await, modified);
    let org = org.restarted().await;
    voyage(&org, ship, 10.0, true).await;
    check(&org, fleet, &[("Income__c", 12.0)]).await;
    // Another condition, and a time without the field.
    let mut every = objects();
    every.push(roll_up("Ship__c", "Income__c", KEY, "sum", FEE));
    deploy(&org, every.clone()).await;
    check(&org, ship, &[("Income__c", 15.0)]).await;
    deploy(&org, objects()).await;
    voyage(&org, ship, 1.0, true).await;
    deploy(&org, every).await;
    check(&org, ship, &[("Income__c", 16.0)]).await;
}

#[tokio::test]
async fn a_roll_up_that_cannot_be_computed_is_a_problem_of_its_file() {
    let org = Org::new().await;
    deploy(&org, objects()).await;
    let fleet = fleet(&org).await;
    let ship = ship(&org, fleet).await;
    voyage(&org, ship, 9e15, true).await;
    voyage(&org, ship, 9e15, true).await;
    let Err(Error::Invalid { problems }) = org.engine.deploy(all()).await else {
        panic!("deployed");
    };
    assert_eq!(
        problems[0].to_string(),
        "objects/Ship__c/fields/Income__c.field-meta.xml:1: Ship__c.Income__c cannot be computed: \
         a value is too large for its field"
    );
    // The org is as it was, and goes on.
    voyage(&org, ship, 1.0, true).await;
    assert!(org.entity("Ship__c").field("Income__c").is_none());
}
