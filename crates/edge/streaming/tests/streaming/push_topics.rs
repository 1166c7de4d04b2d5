//! `PushTopics`: who is notified of which changes, and in which form.

use std::time::Duration;

use landfall_engine::Change;
use landfall_model::{Date, RecordId, Value as Field};
use serde_json::{Value, json};

use crate::org::{IntoField, Org, keys, replay_id};

const WATCHED: &str = "SELECT Id, Name FROM Account WHERE Industry = 'Energy'";

pub(crate) fn topic(org: &Org, name: &str, query: &str, fields: &[(&str, Field)]) -> Change {
    let mut values = vec![
        ("Name", name.into_field()),
        ("Query", query.into_field()),
        ("ApiVersion", Field::Double(59.0)),
    ];
    values.extend_from_slice(fields);
    org.new_record("PushTopic", &values)
}

/// A topic, and a session that is subscribed to it.
async fn watching(query: &str, fields: &[(&str, Field)]) -> (Org, RecordId, String) {
    let org = Org::without_capture().await;
    let id = org.make(topic(&org, "Watched", query, fields)).await;
    let client = org.subscribed("/topic/Watched", Value::Null).await;
    (org, id, client)
}

async fn account(org: &Org, name: &str, industry: &str) -> RecordId {
    let values = [
        ("Name", name.into_field()),
        ("Industry", industry.into_field()),
    ];
    org.make(org.new_record("Account", &values)).await
}

async fn set(org: &Org, id: RecordId, fields: &[(&str, Field)]) {
    org.make(org.update("Account", id, fields)).await;
}

/// `type` and the name of each event.
fn told(events: &[Value]) -> Vec<(&str, &str)> {
    let text = |value: &'_ Value| -> &'static str {
        match value.as_str() {
            Some(text) => String::leak(text.to_owned()),
            None => "",
        }
    };
    let told = |event: &Value| {
        (
            text(&event["data"]["event"]["type"]),
            text(&event["data"]["sobject"]["Name"]),
        )
    };
    events.iter().map(told).collect()
}

/// S 15, S 46
#[tokio::test]
async fn a_notification_has_the_documented_form() {
    let query = "SELECT Id, Name, AnnualRevenue, IsDeleted, CreatedDate, SLAExpirationDate__c, Phone FROM Account";
    let (org, _, client) = watching(query, &[]).await;
    let id = account(&org, "Acme", "Energy").await;
    let revenue = [("AnnualRevenue", Field::Double(1_000.0))];
    set(&org, id, &revenue).await;
    org.make(org.delete("Account", id)).await;
    org.make(org.undelete("Account", id)).await;
    let events = org.events(&client).await;
    let tail = org.tail();
    let id = id.to_string();
    assert_eq!(
        events[0],
        json!({
            "channel": "/topic/Watched",
            "data": {
                "event": {"createdDate": "2023-11-14T22:13:20.123Z", "replayId": tail - 3, "type": "created"},
                "sobject": {
                    "Id": id, "Name": "Acme", "AnnualRevenue": null, "IsDeleted": false,
                    "CreatedDate": "2023-11-14T22:13:20.000Z", "SLAExpirationDate__c": null, "Phone": null,
                },
            },
        })
    );
    assert_eq!(events[1]["data"]["sobject"]["AnnualRevenue"], 1_000.0);
    assert_eq!(events[2]["data"]["sobject"], json!({"Id": id}));
    assert_eq!(keys(&events[3]["data"]["sobject"]).len(), 7);
    let types = events.iter().map(|event| &event["data"]["event"]["type"]);
    let types: Vec<&Value> = types.collect();
    assert_eq!(types, ["created", "updated", "deleted", "undeleted"]);
}

/// S 43: each value of `NotifyForFields`, each kind of field, records that match and records that do not.
#[tokio::test]
async fn updates_notify_by_changed_fields() {
    for (notify, selected, condition, unrelated) in [
        ("All", true, true, true),
        ("Referenced", true, true, false),
        ("Select", true, false, false),
        ("Where", false, true, false),
    ] {
        let query = "SELECT Id, Name FROM Account WHERE Industry IN ('Energy', 'Media')";
        let fields = [("NotifyForFields", notify.into_field())];
        let (org, _, client) = watching(query, &fields).await;
        let inside = account(&org, "In", "Energy").await;
        let outside = account(&org, "Out", "Banking").await;
        assert_eq!(told(&org.events(&client).await), [("created", "In")]);
        for (field, value, is_told) in [
            ("Name", "New", selected),
            ("Industry", "Media", condition),
            ("Phone", "1", unrelated),
        ] {
            set(&org, inside, &[(field, value.into_field())]).await;
            let events = org.events(&client).await;
            assert_eq!(events.len(), usize::from(is_told), "{notify} {field}");
            let value = if field == "Industry" {
                "Apparel"
            } else {
                value
            };
            set(&org, outside, &[(field, value.into_field())]).await;
            assert!(org.events(&client).await.is_empty(), "{notify} {field}");
        }
    }
}

/// S 44, S 45
#[tokio::test]
async fn leaving_the_condition_makes_no_notification() {
    let fields = [("NotifyForFields", "Where".into_field())];
    let (org, _, client) = watching(WATCHED, &fields).await;
    let id = account(&org, "Acme", "Energy").await;
    set(&org, id, &[("Industry", "Media".into_field())]).await;
    set(&org, id, &[("Name", "New".into_field())]).await;
    assert_eq!(told(&org.events(&client).await), [("created", "Acme")]);
    set(&org, id, &[("Industry", "Energy".into_field())]).await;
    assert_eq!(told(&org.events(&client).await), [("updated", "New")]);

    let fields = [("NotifyForFields", "All".into_field())];
    let query = "SELECT Id, LastModifiedDate FROM Account";
    let (org, _, client) = watching(query, &fields).await;
    let id = account(&org, "Acme", "Energy").await;
    org.clock.advance(Duration::from_secs(30));
    set(&org, id, &[("Name", "Acme".into_field())]).await;
    assert_eq!(org.events(&client).await.len(), 1);
}

/// S 46
#[tokio::test]
async fn flags_suppress_operations_and_bulk_changes_make_no_notifications() {
    for flag in ["Create", "Update", "Delete", "Undelete"] {
        let name = format!("NotifyForOperation{flag}");
        let fields = [(name.as_str(), Field::Boolean(false))];
        let (org, _, client) = watching(WATCHED, &fields).await;
        let id = account(&org, "Acme", "Energy").await;
        set(&org, id, &[("Name", "New".into_field())]).await;
        org.make(org.delete("Account", id)).await;
        org.make(org.undelete("Account", id)).await;
        let events = org.events(&client).await;
        let silenced = format!("{}d", flag.to_lowercase());
        assert_eq!(events.len(), 3, "{flag}");
        assert!(
            events
                .iter()
                .all(|event| event["data"]["event"]["type"] != silenced.as_str())
        );
    }
    let (org, _, client) = watching(WATCHED, &[]).await;
    let values = [
        ("Name", "Acme".into_field()),
        ("Industry", "Energy".into_field()),
    ];
    let created = vec![org.new_record("Account", &values)];
    let bulk = "com/salesforce/api/bulkapi/59.0;client=x";
    org.commit_as(org.admin, bulk, created).await;
    assert!(org.events(&client).await.is_empty());
}

#[tokio::test]
async fn cascaded_deletes_make_no_notifications() {
    let org = Org::without_capture().await;
    let query = "SELECT Id, Name FROM Contact";
    org.make(topic(&org, "Contacts", query, &[])).await;
    let client = org.subscribed("/topic/Contacts", Value::Null).await;
    let parent = account(&org, "Acme", "Energy").await;
    let values = [
        ("LastName", "Doe".into_field()),
        ("AccountId", Field::Id(parent)),
    ];
    let contact = org.make(org.new_record("Contact", &values)).await;
    org.make(org.delete("Account", parent)).await;
    org.make(org.undelete("Account", parent)).await;
    let events = org.events(&client).await;
    assert_eq!(told(&events), [("created", "Doe")]);
    let sobject = &events[0]["data"]["sobject"];
    assert_eq!(
        keys(sobject),
        ["FirstName", "Id", "LastName", "Name", "Salutation"]
    );
    assert_eq!(sobject["Id"], contact.to_string());
}

/// "Considerations for Multiple Notifications in the Same Transaction" (Streaming API Developer Guide).
#[tokio::test]
async fn several_changes_of_a_record_in_one_transaction_are_sent_last_first_with_final_values() {
    let fields = [("NotifyForFields", "Where".into_field())];
    let (org, _, client) = watching(WATCHED, &fields).await;
    let id = account(&org, "Acme", "Media").await;
    org.commit(vec![
        org.update("Account", id, &[("Phone", "1".into_field())]),
        org.update("Account", id, &[("Industry", "Energy".into_field())]),
        org.update("Account", id, &[("Name", "Last".into_field())]),
    ])
    .await;
    let events = org.events(&client).await;
    assert_eq!(told(&events), [("updated", "Last"); 3]);
    assert!(replay_id(&events[0]) < replay_id(&events[1]));
}

/// S 50, and a rename: the live subscription goes on, the new name is for new ones.
#[tokio::test]
async fn changes_of_a_topic_count_at_once_and_names_belong_to_new_subscriptions() {
    let (org, id, client) = watching(WATCHED, &[]).await;
    let change = |fields: &[(&str, Field)]| org.update("PushTopic", id, fields);
    account(&org, "One", "Energy").await;
    org.make(change(&[(
        "Query",
        "SELECT Id, Name FROM Account WHERE Industry = 'Media'".into_field(),
    )]))
    .await;
    account(&org, "Two", "Energy").await;
    account(&org, "Three", "Media").await;
    org.make(change(&[("Name", "Renamed".into_field())])).await;
    account(&org, "Four", "Media").await;
    org.make(change(&[("IsActive", Field::Boolean(false))]))
        .await;
    account(&org, "Five", "Media").await;
    let events = org.events(&client).await;
    assert_eq!(
        told(&events),
        [
            ("created", "One"),
            ("created", "Three"),
            ("created", "Four")
        ]
    );
    assert!(
        events
            .iter()
            .all(|event| event["channel"] == "/topic/Watched")
    );
    let gone = org.subscribe(&client, "/topic/Renamed", Value::Null).await;
    let error = "400::The channel you requested to subscribe to does not exist {/topic/Renamed}";
    assert_eq!(gone["error"], error, "it is not active");
    org.make(change(&[("IsActive", Field::Boolean(true))]))
        .await;
    let client = org.subscribed("/topic/Renamed", json!(-2)).await;
    assert_eq!(told(&org.events(&client).await).len(), 3);
    org.make(org.delete("PushTopic", id)).await;
    account(&org, "Six", "Media").await;
    assert!(org.events(&client).await.is_empty());
}

/// A change in the transaction that creates the topic is before it; one in the next is notified.
#[tokio::test]
async fn a_topic_is_in_force_from_the_commit_of_its_record_on() {
    let org = Org::without_capture().await;
    let values = [
        ("Name", "Acme".into_field()),
        ("Industry", "Energy".into_field()),
    ];
    let record = || org.new_record("Account", &values);
    org.commit(vec![topic(&org, "Watched", WATCHED, &[]), record()])
        .await;
    let before = org.tail();
    org.commit(vec![record()]).await;
    assert_eq!(org.tail(), before + 1);
    let client = org.subscribed("/topic/Watched", json!(-2)).await;
    assert_eq!(org.events(&client).await.len(), 1);
}

#[tokio::test]
async fn notifications_are_replayed_after_a_restart_and_for_a_day_only() {
    let (org, _, _) = watching(WATCHED, &[]).await;
    account(&org, "One", "Energy").await;
    let first = org.tail();
    org.clock.advance(Duration::from_mins(1));
    account(&org, "Two", "Energy").await;
    let mut org = org.restarted().await;
    for (replay, expected) in [
        (json!(-2), vec![("created", "One"), ("created", "Two")]),
        (json!(first), vec![("created", "Two")]),
        (json!(-1), vec![]),
    ] {
        let client = org.subscribed("/topic/Watched", replay).await;
        assert_eq!(told(&org.events(&client).await), expected);
    }
    org.clock.advance(Duration::from_secs(24 * 3_600 - 30));
    org.token = org.log_in().await;
    let client = org.subscribed("/topic/Watched", json!(-2)).await;
    assert_eq!(told(&org.events(&client).await), [("created", "Two")]);
    let refused = org.subscribe(&client, "/topic/Watched", json!(first)).await;
    let error = format!(
        "400::The replayId {{{first}}} you provided was invalid.  Please provide a valid ID, -2 to replay all events, or \
         -1 to replay only new events."
    );
    assert_eq!(refused["error"], error);
    org.clock.advance(Duration::from_mins(1));
    let client = org.subscribed("/topic/Watched", json!(-2)).await;
    assert!(org.events(&client).await.is_empty());
}

/// S 47
#[tokio::test]
async fn a_filtered_subscription_gets_what_meets_one_of_its_conditions() {
    let org = Org::without_capture().await;
    let query = "SELECT Id, Name, Industry, ShippingCity FROM Account";
    org.make(topic(&org, "Watched", query, &[])).await;
    let channel = "/topic/Watched?Industry='Energy'&ShippingCity='San Francisco'";
    let client = org.session().await;
    let message = json!([{
        "channel": "/meta/subscribe", "id": "3", "clientId": client, "subscription": channel,
        "ext": {"replay": {"/topic/Watched": -1}},
    }]);
    let reply = org.post(message).await;
    assert_eq!(reply[0]["successful"], true, "{reply}");
    account(&org, "One", "Energy").await;
    account(&org, "Two", "Media").await;
    let values = [
        ("Name", "Three".into_field()),
        ("ShippingCity", "San Francisco".into_field()),
    ];
    org.make(org.new_record("Account", &values)).await;
    let events = org.events(&client).await;
    assert_eq!(told(&events), [("created", "One"), ("created", "Three")]);
    assert!(events.iter().all(|event| event["channel"] == channel));
    let refused = org
        .subscribe(&client, "/topic/Watched?Rating='Hot'", Value::Null)
        .await;
    assert_eq!(
        refused["error"],
        "400::Query fields {Rating} do not exist on the topic entity"
    );
    assert_eq!(refused["subscription"], "/topic/Watched?Rating='Hot'");
    let whole = org.subscribe(&client, "/topic/Watched", Value::Null).await;
    assert_eq!(whole["successful"], true);
    account(&org, "Four", "Energy").await;
    let events = org.events(&client).await;
    let mut channels: Vec<&Value> = events.iter().map(|event| &event["channel"]).collect();
    channels.sort_by_key(ToString::to_string);
    assert_eq!(channels, ["/topic/Watched", channel]);
}

fn expires(org: &Org, name: &str, days: i32) -> Change {
    let values = [
        ("Name", name.into_field()),
        ("SLAExpirationDate__c", Field::Date(Date::from_days(days))),
    ];
    org.new_record("Account", &values)
}

/// A condition with `TODAY` means another day tomorrow.
#[tokio::test]
async fn conditions_with_dates_move_on_with_the_days() {
    let query = "SELECT Id, Name FROM Account WHERE SLAExpirationDate__c = TODAY";
    let (mut org, _, _) = watching(query, &[]).await;
    let today = 19_675;
    org.make(expires(&org, "Today", today)).await;
    org.make(expires(&org, "Tomorrow", today + 1)).await;
    org.clock.advance(Duration::from_hours(24));
    org.token = org.log_in().await;
    org.make(expires(&org, "Yesterday", today)).await;
    org.make(expires(&org, "Now", today + 1)).await;
    let replayed = org.subscribed("/topic/Watched", json!(-2)).await;
    let events = org.events(&replayed).await;
    assert_eq!(told(&events), [("created", "Today"), ("created", "Now")]);
}
