//! Which events somebody gets who does not see everything, and which fields of them.

use landfall_model::Value as Field;
use landfall_test_org::channels::{channel, member};
use serde_json::{Value, json};

use crate::org::{
    ACCOUNTS, IntoField as _, Org, connect_now, handshake, header, payload, subscribe, text,
};

/// A session of somebody who is no administrator.
async fn session(org: &Org, token: &str, channels: &[&str]) -> String {
    let reply = org.post_as(token, handshake()).await;
    let client = text(&reply[0]["clientId"]);
    org.post_as(token, connect_now(&client)).await;
    for channel in channels {
        let reply = org
            .post_as(token, subscribe(&client, channel, &json!(-1)))
            .await;
        assert_eq!(reply[0]["successful"], true, "{reply}");
    }
    client
}

async fn events(org: &Org, token: &str, client: &str) -> Vec<Value> {
    let replies = org.post_as(token, connect_now(client)).await;
    let replies = replies.as_array().expect("replies").iter();
    let events = replies.filter(|reply| reply["channel"] != "/meta/connect");
    events.cloned().collect()
}

/// Source: "Required Permissions" (Change Data Capture Developer Guide).
#[tokio::test]
async fn view_all_of_one_object_brings_the_events_of_that_object_alone() {
    let org = Org::new().await;
    let rights: &[(&str, &[&str])] = &[
        ("Account", &["Read", "ViewAllRecords"]),
        ("Contact", &["Read"]),
    ];
    let token = org.granted_user("ann@example.com", rights, &[]).await;
    let client = session(&org, &token, &[ACCOUNTS, "/data/ChangeEvents"]).await;
    for channel in [
        "/data/ContactChangeEvent",
        "/data/TaskChangeEvent",
        "/data/UserChangeEvent",
    ] {
        let wish = subscribe(&client, channel, &json!(-1));
        let reply = org.post_as(&token, wish).await;
        assert_eq!(
            reply[0]["error"],
            "403::User not allowed to subscribe CDC without required permissions"
        );
    }
    org.account("Acme").await;
    org.make(org.new_record("Contact", &[("LastName", "Smith".into_field())]))
        .await;
    let events = events(&org, &token, &client).await;
    let channels: Vec<&Value> = events.iter().map(|event| &event["channel"]).collect();
    assert_eq!(channels, [ACCOUNTS, "/data/ChangeEvents"]);
}

/// Source: "Field-Level Security" (Change Data Capture Developer Guide).
#[tokio::test]
async fn hidden_fields_are_left_out_of_events_and_of_changed_fields() {
    let org = Org::new().await;
    let rights: &[(&str, &[&str])] = &[("Account", &["Read", "ViewAllRecords"])];
    let seen = ["Account.Industry", "Account.BillingAddress"];
    let token = org.granted_user("ann@example.com", rights, &seen).await;
    let client = session(&org, &token, &[ACCOUNTS]).await;
    let admin = org.subscribed(ACCOUNTS, Value::Null).await;
    let id = org.account("Acme").await;
    org.make(org.update(
        "Account",
        id,
        &[
            ("Phone", "1".into_field()),
            ("Industry", "Energy".into_field()),
            ("BillingCity", "Bern".into_field()),
            ("ShippingCity", "Basel".into_field()),
        ],
    ))
    .await;
    org.make(org.update("Account", id, &[("Phone", Field::Null)]))
        .await;
    let whole = org.events(&admin).await;
    assert_eq!(payload(&whole[1])["Phone"], "1");

    let events = events(&org, &token, &client).await;
    let change = payload(&events[1]);
    assert_eq!(change["Industry"], "Energy");
    assert_eq!(change["BillingAddress"], json!({"City": "Bern"}));
    for hidden in ["Phone", "ShippingAddress"] {
        assert!(change.get(hidden).is_none(), "{change}");
    }
    assert_eq!(
        header(&events[1])["changedFields"],
        json!(["Industry", "LastModifiedDate", "BillingAddress.City"])
    );
    // Only what is hidden has changed: there is an event all the same.
    let change = payload(&events[2]);
    assert!(change.get("Phone").is_none() && change.get("LastModifiedDate").is_some());
    assert_eq!(
        header(&events[2])["changedFields"],
        json!(["LastModifiedDate"])
    );
    assert_eq!(events[2]["data"]["schema"], whole[2]["data"]["schema"]);
}

// C68
/// Source: "Field-Level Security" (Change Data Capture Developer Guide).
#[tokio::test]
async fn a_hidden_field_filters_and_is_not_delivered() {
    let org = Org::new().await;
    org.deploy(vec![
        channel("Sales__chn", "data"),
        member(
            "Sales__chn",
            "AccountChangeEvent",
            "Phone = '1'",
            &["Industry", "Site"],
        ),
    ])
    .await;
    let rights: &[(&str, &[&str])] = &[("Account", &["Read", "ViewAllRecords"])];
    let token = org
        .granted_user("ann@example.com", rights, &["Account.Industry"])
        .await;
    let client = session(&org, &token, &["/data/Sales__chn"]).await;
    let admin = org.subscribed("/data/Sales__chn", Value::Null).await;
    for (name, phone) in [("passes", "1"), ("blocked", "2")] {
        let fields = [
            ("Name", name.into_field()),
            ("Phone", phone.into_field()),
            ("Industry", "Energy".into_field()),
            ("Site", "Bern".into_field()),
        ];
        let id = org.make(org.new_record("Account", &fields)).await;
        org.make(org.update("Account", id, &[("Name", "changed".into_field())]))
            .await;
    }
    // The administrator's events are made first and last: neither sees what is made for the other.
    let whole = org.events(&admin).await;
    let seen = events(&org, &token, &client).await;
    let replayed = org.subscribed("/data/Sales__chn", json!(-2)).await;
    for (all, part) in [whole, org.events(&replayed).await]
        .iter()
        .flat_map(|whole| whole.iter().zip(&seen))
    {
        assert_eq!(payload(all)["Phone"], "1");
        assert_eq!(payload(all)["Site"], "Bern");
        let part = payload(part);
        assert_eq!(part["Industry"], "Energy");
        for hidden in ["Phone", "Site"] {
            assert!(part.get(hidden).is_none(), "{part}");
        }
    }
    let names: Vec<&Value> = seen.iter().map(|event| &payload(event)["Name"]).collect();
    assert_eq!(names, ["passes", "changed"]);
}
