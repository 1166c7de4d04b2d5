//! Custom channels: what is on them, filters, and fields that did not change.

use landfall_metadata::Component;
use landfall_model::{RecordId, Value as Field};
use landfall_test_org::channels::{channel, member};
use serde_json::{Value, json};

use crate::org::{ACCOUNTS, IntoField, Org, header, keys, names, payload, replay_id};

const SALES: &str = "/data/Sales__chn";

/// An org that captures nothing but what is on its channels.
async fn org(members: &[Component]) -> Org {
    let org = Org::without_capture().await;
    org.deploy(project(members)).await;
    org
}

fn project(members: &[Component]) -> Vec<Component> {
    let mut components = vec![channel("Sales__chn", "data")];
    components.extend(members.iter().cloned());
    components
}

fn account(org: &Org, name: &str, more: &[(&str, Field)]) -> landfall_engine::Change {
    let mut fields = vec![("Name", name.into_field())];
    fields.extend(more.iter().cloned());
    org.new_record("Account", &fields)
}

async fn change(org: &Org, id: RecordId, field: &str, value: &str) {
    org.make(org.update("Account", id, &[(field, value.into_field())]))
        .await;
}

/// The kinds of changes, in order.
fn kinds(events: &[Value]) -> Vec<&str> {
    let kind = |event| header(event)["changeType"].as_str().expect("a kind");
    events.iter().map(kind).collect()
}

// C40, S86
#[tokio::test]
async fn an_object_is_captured_while_it_is_on_any_channel() {
    let accounts = member("Sales__chn", "AccountChangeEvent", "", &[]);
    let org = org(std::slice::from_ref(&accounts)).await;
    let client = org.subscribed(SALES, Value::Null).await;
    let single = org.subscribed(ACCOUNTS, Value::Null).await;
    let all = org.subscribed("/data/ChangeEvents", Value::Null).await;
    org.account("one").await;
    let events = org.events(&client).await;
    assert_eq!(names(&events), ["one"]);
    assert_eq!(events[0]["channel"], SALES);
    assert_eq!(names(&org.events(&single).await), ["one"]);
    assert!(
        org.events(&all).await.is_empty(),
        "it is on another channel"
    );
    org.deploy(project(&[])).await;
    org.account("unseen").await;
    org.deploy(project(&[accounts])).await;
    org.account("two").await;
    assert_eq!(names(&org.events(&client).await), ["two"]);
    assert_eq!(names(&org.events(&single).await), ["two"]);
}

#[tokio::test]
async fn events_of_all_members_are_replayed_in_order() {
    let members = ["Account", "Contact"]
        .map(|entity| member("Sales__chn", &format!("{entity}ChangeEvent"), "", &[]));
    let org = org(&members).await;
    let first = org.account("one").await;
    let contact = org.new_record("Contact", &[("LastName", "Doe".into_field())]);
    org.make(contact).await;
    change(&org, first, "Phone", "1").await;
    let client = org.subscribed(SALES, json!(-2)).await;
    let events = org.events(&client).await;
    let entities = events
        .iter()
        .map(|event| header(event)["entityName"].as_str());
    assert_eq!(
        entities.collect::<Vec<_>>(),
        [Some("Account"), Some("Contact"), Some("Account")]
    );
    let resumed = org.subscribed(SALES, json!(replay_id(&events[0]))).await;
    assert_eq!(kinds(&org.events(&resumed).await), ["CREATE", "UPDATE"]);
}

// C63, C64, C65
#[tokio::test]
async fn enriched_fields_are_in_updates_and_deletes_and_nowhere_else() {
    let accounts = member(
        "Sales__chn",
        "AccountChangeEvent",
        "",
        &["Industry", "Site", "BillingAddress"],
    );
    let org = org(&[accounts]).await;
    let plain = org.subscribed(ACCOUNTS, Value::Null).await;
    let client = org.subscribed(SALES, Value::Null).await;
    let id = org
        .make(account(
            &org,
            "Acme",
            &[
                ("Industry", "Energy".into_field()),
                ("BillingCity", "Ulm".into_field()),
            ],
        ))
        .await;
    change(&org, id, "Fax", "1").await;
    org.make(org.delete("Account", id)).await;
    let events = org.events(&client).await;
    let stored = org.events(&plain).await;
    assert_eq!(kinds(&events), ["CREATE", "UPDATE", "DELETE"]);
    assert_eq!(
        events[0]["data"], stored[0]["data"],
        "a create has everything"
    );
    let update = payload(&events[1]);
    assert_eq!(
        keys(update),
        [
            "BillingAddress",
            "ChangeEventHeader",
            "Fax",
            "Industry",
            "LastModifiedDate"
        ]
    );
    assert_eq!(update["BillingAddress"], json!({"City": "Ulm"}));
    assert_eq!(
        header(&events[1])["changedFields"],
        json!(["Fax", "LastModifiedDate"])
    );
    assert_eq!(events[1]["data"]["schema"], stored[1]["data"]["schema"]);
    assert_eq!(
        keys(payload(&stored[1])),
        ["ChangeEventHeader", "Fax", "LastModifiedDate"]
    );
    assert_eq!(
        keys(payload(&events[2])),
        ["BillingAddress", "ChangeEventHeader", "Industry"]
    );
}

// C66
#[tokio::test]
async fn a_replayed_event_has_the_newest_values_but_for_those_that_it_changed() {
    let accounts = member("Sales__chn", "AccountChangeEvent", "", &["Industry"]);
    let org = org(&[accounts]).await;
    let client = org.subscribed(SALES, Value::Null).await;
    let industry = [("Industry", "Energy".into_field())];
    let id = org.make(account(&org, "Acme", &industry)).await;
    change(&org, id, "Fax", "1").await;
    change(&org, id, "Industry", "Banking").await;
    change(&org, id, "Industry", "Apparel").await;
    let industries = |events: &[Value]| -> Vec<Value> {
        let industry = |event| payload(event)["Industry"].clone();
        events.iter().map(industry).collect()
    };
    let seen = org.events(&client).await;
    assert_eq!(industries(&seen)[2..], ["Banking", "Apparel"]);
    let replayed = org.subscribed(SALES, json!(-2)).await;
    let seen = org.events(&replayed).await;
    assert_eq!(
        industries(&seen),
        ["Energy", "Apparel", "Banking", "Apparel"]
    );
    change(&org, id, "Industry", "Media").await;
    let replayed = org.subscribed(SALES, json!(-2)).await;
    assert_eq!(industries(&org.events(&replayed).await)[1], "Media");
}

// C67
#[tokio::test]
async fn a_filter_is_about_the_whole_record_and_its_fields_are_added() {
    let filter = "Industry='agriculture' AND NumberOfEmployees > 1000";
    let accounts = member("Sales__chn", "AccountChangeEvent", filter, &[]);
    let org = org(&[accounts]).await;
    let client = org.subscribed(SALES, Value::Null).await;
    let of = |name: &str, industry: Option<&str>, employees| {
        let mut fields = vec![("NumberOfEmployees", Field::Integer(employees))];
        fields.extend(industry.map(|industry| ("Industry", industry.into_field())));
        account(&org, name, &fields)
    };
    let large = org.make(of("large", Some("Agriculture"), 1_500)).await;
    org.make(of("small", Some("Agriculture"), 20)).await;
    let none = org.make(of("none", None, 1_500)).await;
    change(&org, large, "Type", "Prospect").await;
    change(&org, none, "Type", "Prospect").await;
    let events = org.events(&client).await;
    assert_eq!(names(&events[..1]), ["large"]);
    assert_eq!(events.len(), 2, "{events:?}");
    let update = payload(&events[1]);
    assert_eq!(
        (
            &update["Type"],
            &update["Industry"],
            &update["NumberOfEmployees"]
        ),
        (&json!("Prospect"), &json!("Agriculture"), &json!(1_500))
    );
    assert_eq!(
        header(&events[1])["changedFields"],
        json!(["Type", "LastModifiedDate"])
    );
}

// C69, P53
#[tokio::test]
async fn a_filter_on_the_header_blocks_other_changes_of_its_member_alone() {
    let filter = "ChangeEventHeader.changeType = 'UPDATE'";
    let members = [
        member("Sales__chn", "AccountChangeEvent", filter, &[]),
        member("Sales__chn", "ContactChangeEvent", "", &[]),
    ];
    let org = org(&members).await;
    let client = org.subscribed(SALES, Value::Null).await;
    let held = org.hold(crate::org::connect(&client)).await;
    let id = org.account("Acme").await;
    let contact = org.new_record("Contact", &[("LastName", "Doe".into_field())]);
    org.make(contact).await;
    let replies = held.answer().await;
    assert_eq!(header(&replies[0])["entityName"], "Contact");
    change(&org, id, "Phone", "1").await;
    org.make(org.delete("Account", id)).await;
    assert_eq!(kinds(&org.events(&client).await), ["UPDATE"]);
    let replayed = org.subscribed(SALES, json!(-2)).await;
    assert_eq!(kinds(&org.events(&replayed).await), ["CREATE", "UPDATE"]);
}

#[tokio::test]
async fn a_poll_is_held_past_events_that_are_filtered_out() {
    let accounts = member("Sales__chn", "AccountChangeEvent", "Name LIKE 'A%'", &[]);
    let org = org(&[accounts]).await;
    let client = org.subscribed(SALES, Value::Null).await;
    let mut held = org.hold(crate::org::connect(&client)).await;
    for number in 0..250 {
        org.account(&format!("B{number}")).await;
    }
    assert_eq!(held.poll().await, None);
    org.account("Acme").await;
    let replies = held.answer().await;
    assert_eq!(replies.as_array().expect("an array").len(), 2);
    assert_eq!(payload(&replies[0])["Name"], "Acme");
}

#[tokio::test]
async fn a_filter_that_changes_counts_for_who_is_subscribed() {
    let with = |filter| project(&[member("Sales__chn", "AccountChangeEvent", filter, &[])]);
    let org = org(&[]).await;
    let client = org.subscribed(SALES, Value::Null).await;
    org.deploy(with("Name LIKE 'A%'")).await;
    org.account("Acme").await;
    org.account("Best").await;
    assert_eq!(names(&org.events(&client).await), ["Acme"]);
    org.deploy(with("Name LIKE 'B%'")).await;
    org.account("Apex").await;
    org.account("Bolt").await;
    assert_eq!(names(&org.events(&client).await), ["Bolt"]);
    org.deploy(Vec::new()).await;
    org.account("Bell").await;
    assert!(org.events(&client).await.is_empty(), "the channel is gone");
    let other = org.session().await;
    let reply = org.subscribe(&other, SALES, Value::Null).await;
    assert_eq!(reply["successful"], false);
}

// S86
#[tokio::test]
async fn a_channel_is_open_to_everybody_and_carries_what_one_may_read() {
    let org = org(&[member("Sales__chn", "AccountChangeEvent", "", &[])]).await;
    let token = org.standard_user("user@landfall.test").await;
    let shaken = org.post_as(&token, crate::org::handshake()).await;
    let client = crate::org::text(&shaken[0]["clientId"]);
    let messages = crate::org::subscribe(&client, SALES, &Value::Null);
    let reply = org.post_as(&token, messages).await;
    assert_eq!(reply[0]["successful"], true, "{reply}");
    org.account("Acme").await;
    let replies = org.post_as(&token, crate::org::connect_now(&client)).await;
    assert_eq!(replies.as_array().expect("an array").len(), 1, "{replies}");
}
