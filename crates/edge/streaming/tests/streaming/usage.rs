//! What deliveries count as, and what happens when the org may not be sent any more.

use std::time::Duration;

use landfall_engine::Error;
use landfall_engine::usage::{Allocations, Meter, Metric};
use landfall_metadata::Component;
use landfall_model::LimitFault;
use landfall_test_org::channels::{channel, member};
use serde_json::{Value, json};

use crate::org::{ACCOUNTS, IntoField, Org, connect, connect_now, subscribe, unsubscribe};
use crate::push_topics::topic;

const USED_UP: &str = "403::Organization total events daily limit exceeded";

async fn ten_accounts(org: &Org) {
    for number in 0..10 {
        org.account(&format!("Acme {number}")).await;
    }
}

// C76
#[tokio::test]
async fn each_copy_of_an_event_counts() {
    let org = Org::new().await;
    let clients = [
        org.subscribed(ACCOUNTS, Value::Null).await,
        org.subscribed(ACCOUNTS, Value::Null).await,
    ];
    let elsewhere = "/data/ContactChangeEvent";
    let other = org.subscribed(elsewhere, Value::Null).await;
    ten_accounts(&org).await;
    for client in &clients {
        assert_eq!(org.events(client).await.len(), 10);
    }
    assert_eq!(org.events(&other).await.len(), 0);
    let usage = org.engine.usage();
    assert_eq!(usage.used(Meter::Delivered), 20);
    assert_eq!(usage.clients(), 3);
    let totals = usage.totals();
    let totals: Vec<_> = totals
        .iter()
        .map(|topic| (&*topic.topic, topic.published, topic.delivered))
        .collect();
    assert_eq!(totals, [(ACCOUNTS, 10, 20)]);
}

// S69
#[tokio::test]
async fn once_the_day_is_used_up_subscribe_and_connect_are_refused() {
    let mut org = Org::allowed(Allocations {
        delivered_daily: Some(10),
        ..Allocations::UNLIMITED
    })
    .await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    ten_accounts(&org).await;
    org.account("one too many").await;
    assert_eq!(org.events(&client).await.len(), 10);
    let refused = org.post(connect(&client)).await;
    assert_eq!(refused[0]["error"], USED_UP, "{refused}");
    assert_eq!(
        refused[0]["advice"],
        json!({"reconnect": "none", "interval": 0})
    );
    // Limits are looked at before the replay id is.
    for replay in [Value::Null, json!("nonsense")] {
        let refused = org.post(subscribe(&client, ACCOUNTS, &replay)).await;
        assert_eq!(refused[0]["error"], USED_UP, "{refused}");
    }
    // A new session gets it with its first connect.
    let other = org.handshake().await;
    let refused = org.post(connect(&other)).await;
    assert_eq!(refused[0]["error"], USED_UP, "{refused}");
    // What waits is still there a day later, for a session that comes back to its position.
    let position = org.tail() - 1;
    org.clock.advance(Duration::from_hours(24));
    org.token = org.log_in().await;
    let client = org.subscribed(ACCOUNTS, json!(position)).await;
    let events = org.events(&client).await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(org.engine.usage().used(Meter::Delivered), 1);
}

#[tokio::test]
async fn what_was_delivered_is_remembered_over_a_restart() {
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    ten_accounts(&org).await;
    org.post(connect_now(&client)).await;
    org.engine.save_usage().await.expect("kept");
    let org = org.restarted().await;
    assert_eq!(org.engine.usage().used(Meter::Delivered), 10);
    org.clock.advance(Duration::from_hours(23));
    assert_eq!(org.engine.usage().used(Meter::Delivered), 10);
    org.clock.advance(Duration::from_hours(1));
    assert_eq!(org.engine.usage().used(Meter::Delivered), 0);
}

// C76
#[tokio::test]
async fn metrics_are_of_whole_days_and_of_the_last_24_hours() {
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    ten_accounts(&org).await;
    org.post(connect_now(&client)).await;
    let metrics = || {
        let metrics = org.engine.usage().metrics().into_iter();
        let metrics = metrics.map(|(window, metric, value)| {
            let hours = window.end.since(window.start) / 3_600_000;
            (
                hours,
                window.start.as_millis() % 86_400_000 == 0,
                metric,
                value,
            )
        });
        metrics.collect::<Vec<_>>()
    };
    let today = [
        (24, true, Metric::ChangesPublished, 10),
        (24, true, Metric::ChangesDelivered, 10),
    ];
    assert_eq!(metrics(), today);
    org.clock.advance(Duration::from_hours(1));
    let found = metrics();
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(found.contains(&(24, false, Metric::ChangesDelivered, 10)));
}

#[tokio::test]
async fn usage_separates_subscribers_and_publishers_by_the_hour() {
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    ten_accounts(&org).await;
    org.post(connect_now(&client)).await;
    let hour = org.clock_hour();
    org.clock.advance(Duration::from_hours(1));
    org.account("an hour later").await;
    org.engine.save_usage().await.expect("kept");
    let hours = org.engine.usage_of(hour..=hour + 1).await.expect("read");
    let told: Vec<_> = hours
        .iter()
        .flat_map(|hour| &hour.entries)
        .map(|(entry, counts)| (&*entry.client, counts.iter().sum::<u64>()))
        .collect();
    assert_eq!(told, [("SYSTEM", 10), (&*client, 10), ("SYSTEM", 1)]);
}

#[tokio::test]
async fn a_topic_has_no_more_subscribers_than_it_may() {
    let org = Org::allowed(Allocations {
        topic_subscribers: Some(2),
        ..Allocations::UNLIMITED
    })
    .await;
    let accounts = topic(&org, "Accounts", "SELECT Id, Name FROM Account", &[]);
    org.make(accounts).await;
    let channel = [("Name", "/u/x".into_field())];
    org.make(org.new_record("StreamingChannel", &channel)).await;
    for topic in ["/topic/Accounts", "/u/x"] {
        let first = org.subscribed(topic, Value::Null).await;
        let second = org.subscribed(topic, Value::Null).await;
        let third = org.session().await;
        let refused = org.post(subscribe(&third, topic, &Value::Null)).await;
        let full = "403::Subscription limit exceeded for this topic";
        assert_eq!(refused[0]["error"], full, "{refused}");
        // Subscribing again is no further subscription, and one that ends frees its place.
        let again = org.post(subscribe(&second, topic, &json!(-2))).await;
        assert_eq!(again[0]["successful"], true, "{again}");
        org.post(unsubscribe(&first, topic)).await;
        let taken = org.post(subscribe(&third, topic, &Value::Null)).await;
        assert_eq!(taken[0]["successful"], true, "{taken}");
    }
    // Other channels have no such bound.
    for _ in 0..3 {
        org.subscribed(ACCOUNTS, Value::Null).await;
    }
}

#[tokio::test]
async fn requests_are_refused_beyond_those_of_a_day() {
    let org = Org::allowed(Allocations {
        requests_daily: Some(2),
        ..Allocations::UNLIMITED
    })
    .await;
    let usage = org.engine.usage();
    assert_eq!(usage.request(), (1, Ok(())));
    assert_eq!(usage.request(), (2, Ok(())));
    assert_eq!(usage.request(), (3, Err(LimitFault::Requests)));
    org.clock.advance(Duration::from_hours(24));
    assert_eq!(usage.request(), (1, Ok(())));
}

fn event(name: &str) -> Component {
    Component {
        path: format!("objects/{name}.object"),
        content: format!(
            "<CustomObject xmlns=\"http://soap.sforce.com/2006/04/metadata\"><label>{name}</label>\
             <pluralLabel>{name}</pluralLabel><eventType>HighVolume</eventType>\
             <publishBehavior>PublishImmediately</publishBehavior></CustomObject>"
        ),
    }
}

/// Where the problem of a project is, and what it is.
async fn refused(org: &Org, project: Vec<Component>) -> (String, String) {
    let refused = org.engine.deploy(project).await.expect_err("too many");
    let Error::Invalid { problems } = refused else {
        panic!("{refused}");
    };
    let problem = problems.into_iter().next().expect("a problem");
    (problem.path, problem.reason)
}

#[tokio::test]
async fn an_org_defines_no_more_events_than_it_may() {
    let org = Org::allowed(Allocations {
        event_definitions: Some(1),
        ..Allocations::UNLIMITED
    })
    .await;
    let deployed = org.engine.deploy(vec![event("One__e")]).await;
    deployed.expect("one is allowed");
    let both = vec![event("One__e"), event("Two__e")];
    let (path, _) = refused(&org, both).await;
    assert!(path.contains("Two__e"), "{path}");
    assert!(org.engine.catalog().platform_event("Two__e").is_none());
}

// C56
#[tokio::test]
async fn a_project_selects_no_more_on_all_channels_than_the_org_may() {
    let org = Org::allowed(Allocations {
        selected_objects: Some(2),
        selected_events: Some(1),
        ..Allocations::UNLIMITED
    })
    .await;
    let project = |more: &[(&str, &str)]| {
        let channels = [
            channel("Sales__chn", "data"),
            channel("Other__chn", "data"),
            channel("Printers__chn", "event"),
            event("One__e"),
            event("Two__e"),
        ];
        let selected = [
            ("Sales__chn", "ContactChangeEvent"),
            ("Other__chn", "ContactChangeEvent"),
            ("ChangeEvents", "LeadChangeEvent"),
            ("Printers__chn", "One__e"),
        ];
        let members = selected.iter().chain(more);
        let members = members.map(|(channel, event)| member(channel, event, "", &[]));
        channels.into_iter().chain(members).collect::<Vec<_>>()
    };
    org.deploy(project(&[])).await;
    // Its name sorts before those that are there.
    let third = project(&[("ChangeEvents", "AccountChangeEvent")]);
    let (path, reason) = refused(&org, third).await;
    assert!(path.contains("ChangeEvents_AccountChangeEvent"), "{path}");
    assert_eq!(
        reason,
        "an org selects at most 2 objects for change events on all its channels together"
    );
    let second = project(&[("Printers__chn", "Two__e")]);
    let (path, reason) = refused(&org, second).await;
    assert!(path.contains("Printers_chn_Two_e"), "{path}");
    assert_eq!(
        reason,
        "an org selects at most 1 platform events on all its channels together"
    );
}
