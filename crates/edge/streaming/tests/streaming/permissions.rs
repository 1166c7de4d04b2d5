//! Which events somebody gets who does not see everything, and which fields of them.

use landfall_model::Value as Field;
use landfall_streaming::Settings;
use landfall_test_org::channels::{channel, member};
use serde_json::{Value, json};

use crate::generic::push;
use crate::org::{
    ACCOUNTS, IntoField as _, Org, REST, connect_now, handshake, header, keys, payload, subscribe,
    text,
};
use crate::push_topics::topic;

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

// S49
/// Source: "Security and the Streaming API" (Streaming API Developer Guide).
#[tokio::test]
async fn a_push_topic_requires_rights_and_sends_visible_fields_only() {
    let org = Org::without_capture().await;
    let query = "SELECT Id, Name, Phone, Site FROM Account WHERE Industry = 'Energy'";
    org.make(topic(&org, "Watched", query, &[])).await;
    let refused = async |username: &str, rights: &[(&str, &[&str])], fields: &[&str]| {
        let token = org.granted_user(username, rights, fields).await;
        let client = session(&org, &token, &[]).await;
        let wish = subscribe(&client, "/topic/Watched", &json!(-1));
        text(&org.post_as(&token, wish).await[0]["error"])
    };
    assert_eq!(
        refused("a@example.com", &[("Account", &["Read"])], &[]).await,
        "403::User not enabled for streaming"
    );
    assert_eq!(
        refused("b@example.com", &[("PushTopic", &["Read"])], &[]).await,
        "403::Subscriber does not have access to the entity in this topic"
    );
    let both: &[(&str, &[&str])] = &[("PushTopic", &["Read"]), ("Account", &["Read"])];
    assert_eq!(
        refused("c@example.com", both, &["Account.Phone"]).await,
        "403::Subscriber does not have access to all fields referenced in the where clause of the PushTopic"
    );
    let seen = ["Account.Industry", "Account.Phone"];
    let token = org.granted_user("d@example.com", both, &seen).await;
    let client = session(&org, &token, &["/topic/Watched"]).await;
    let wish = subscribe(&client, "/topic/Watched?Site='x'", &json!(-1));
    assert_eq!(org.post_as(&token, wish).await[0]["successful"], false);
    let admin = org.subscribed("/topic/Watched", Value::Null).await;
    let values = [
        ("Name", "Acme".into_field()),
        ("Industry", "Energy".into_field()),
        ("Phone", "1".into_field()),
        ("Site", "North".into_field()),
    ];
    org.make(org.new_record("Account", &values)).await;
    let events = events(&org, &token, &client).await;
    let sobject = &events[0]["data"]["sobject"];
    assert_eq!(keys(sobject), ["Id", "Name", "Phone"]);
    let whole = org.events(&admin).await;
    assert_eq!(whole[0]["data"]["sobject"]["Site"], "North");
}

/// Source: "Security and the PushTopic Query" (Streaming API Developer Guide).
#[tokio::test]
async fn a_push_topic_does_not_tell_what_who_made_the_change_may_not_read() {
    let org = Org::without_capture().await;
    let query = "SELECT Id, Name, Phone, Site FROM Account WHERE Industry = 'Energy'";
    org.make(topic(&org, "Watched", query, &[])).await;
    let account = [
        ("Name", "Acme".into_field()),
        ("Industry", "Energy".into_field()),
        ("Phone", "1".into_field()),
    ];
    let account = org.make(org.new_record("Account", &account)).await;
    let channels = [
        "/topic/Watched",
        "/topic/Watched?Site='South'",
        "/topic/Watched?Site=null",
        "/topic/Watched?Name='Bolt'",
    ];
    let admin = org.session().await;
    for channel in channels {
        let reply = org.subscribe(&admin, channel, Value::Null).await;
        assert_eq!(reply["successful"], true, "{reply}");
    }
    let rights: &[(&str, &[&str])] = &[("Account", &["Read", "Edit"])];
    let sees = ["Account.Phone"];
    let token = org.granted_user("ann@example.com", rights, &sees).await;
    let ann = org.auth.authenticate(&token).expect("a login").user_id;
    let values = [
        ("Name", "Bolt".into_field()),
        ("Site", "South".into_field()),
    ];
    let change = org.update("Account", account, &values[..1]);
    let made = org.commit_as(ann, REST, vec![change]).await;
    assert!(made[0].is_ok(), "{made:?}");
    let told = org.events(&admin).await;
    let channels: Vec<&Value> = told.iter().map(|event| &event["channel"]).collect();
    assert_eq!(channels, ["/topic/Watched", "/topic/Watched?Name='Bolt'"]);
    for event in &told {
        let sobject = &event["data"]["sobject"];
        assert_eq!(keys(sobject), ["Id", "Name", "Phone"], "{event}");
    }
    // Notified by the rights of the reader, also for records of other users.
    org.make(org.update("Account", account, &values[1..])).await;
    let told = org.events(&admin).await;
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!(told[0]["data"]["sobject"]["Site"], "South");
}

/// Source: "Streaming API Error Codes" (Streaming API Developer Guide).
#[tokio::test]
async fn a_generic_channel_is_for_those_who_may_read_channels() {
    const CHANNEL: &str = "/u/news";
    let org = Org::without_capture().await;
    let values = [("Name", CHANNEL.into_field())];
    org.make(org.new_record("StreamingChannel", &values)).await;
    let token = org.granted_user("ann@example.com", &[], &[]).await;
    let client = session(&org, &token, &[]).await;
    let wish = || subscribe(&client, CHANNEL, &json!(-1));
    let reply = org.post_as(&token, wish()).await;
    assert_eq!(reply[0]["error"], "403::No access on channel");
    let user = org.auth.authenticate(&token).expect("a login").user_id;
    let set = [
        ("Name", "News".into_field()),
        ("Label", "News".into_field()),
    ];
    let set = Field::Id(org.make(org.new_record("PermissionSet", &set)).await);
    let assigned = [
        ("PermissionSetId", set.clone()),
        ("AssigneeId", Field::Id(user)),
    ];
    org.make(org.new_record("PermissionSetAssignment", &assigned))
        .await;
    let right = [
        ("ParentId", set),
        ("SobjectType", "StreamingChannel".into_field()),
        ("PermissionsRead", Field::Boolean(true)),
    ];
    let right = org.make(org.new_record("ObjectPermissions", &right)).await;
    let reply = org.post_as(&token, wish()).await;
    assert_eq!(reply[0]["successful"], true, "{reply}");
    push(&org, CHANNEL, "seen", &[]).await;
    let told = events(&org, &token, &client).await;
    assert_eq!(told[0]["data"]["payload"], "seen");
    // A right that is lost later means silence.
    org.make(org.delete("ObjectPermissions", right)).await;
    push(&org, CHANNEL, "unseen", &[]).await;
    assert!(events(&org, &token, &client).await.is_empty());
}

#[tokio::test]
async fn who_may_not_make_channels_makes_none_by_subscribing() {
    let settings = Settings {
        dynamic_channels: true,
        ..Settings::default()
    };
    let org = Org::with(settings).await;
    let rights: &[(&str, &[&str])] = &[("StreamingChannel", &["Read"])];
    let token = org.granted_user("ann@example.com", rights, &[]).await;
    let client = session(&org, &token, &[]).await;
    let reply = org
        .post_as(&token, subscribe(&client, "/u/new", &json!(-1)))
        .await;
    assert_eq!(reply[0]["error"], "403::Cannot create channel {/u/new}");
}
