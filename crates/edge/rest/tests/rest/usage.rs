//! What was published and delivered, as `PlatformEventUsageMetric` reports it.

use std::time::Duration;

use landfall_engine::usage::{Batch, Client, Meter};
use landfall_metadata::Component;
use landfall_model::Topic;
use serde_json::{Value, json};

use crate::org::{Answer, Org};
use crate::project;

const NEW: &str = "/services/data/v58.0";

fn settings(content: &str) -> Component {
    Component {
        path: "settings/PlatformEvent.settings-meta.xml".to_owned(),
        content: format!("<PlatformEventSettings>{content}</PlatformEventSettings>"),
    }
}

fn switched_on() -> Component {
    settings("<enableEnhancedUsageMetrics>true</enableEnhancedUsageMetrics>")
}

async fn org() -> Org {
    Org::with(vec![project::low_ink(""), switched_on()]).await
}

async fn asked(org: &Org, version: &str, query: &str) -> Answer {
    let query = encoded(query);
    org.get(&format!("{version}/query?q={query}")).await
}

fn encoded(text: &str) -> String {
    let encoded = text.bytes().map(|byte| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    });
    encoded.collect()
}

/// The values of these fields, record by record.
async fn told(org: &Org, fields: &str, condition: &str) -> Vec<Vec<Value>> {
    let query = format!("SELECT {fields} FROM PlatformEventUsageMetric WHERE {condition}");
    let found = asked(org, NEW, &query).await;
    assert_eq!(found.status, 200, "{found:?}");
    let found = found.json();
    let records = found.get("records").and_then(Value::as_array);
    let records = records.expect("records").iter();
    let values = |record: &Value| {
        fields
            .split(", ")
            .map(|field| record[field].clone())
            .collect()
    };
    records.map(values).collect()
}

async fn publish(org: &Org, count: usize) {
    for _ in 0..count {
        let body = json!({"Printer_Model__c": "XZO-5", "Ink_Percentage__c": 0.2});
        let answer = org.post("/sobjects/Low_Ink__e", &body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
    }
}

fn deliver(org: &Org, event: &str, client: Client, count: usize) {
    let topic = Topic::of_platform_event(event);
    let topic = org.engine.definitions().topic(&topic).expect("known");
    let usage = org.engine.usage();
    let mut batch = Batch::default();
    let count = u64::try_from(count).expect("few");
    batch.deliver(topic, Meter::Delivered, count);
    let tally = usage.subscriber(client);
    usage.delivered(&tally, &batch);
}

/// Three events published and delivered to two clients, and a change.
async fn used(org: &Org) {
    publish(org, 3).await;
    deliver(org, "Low_Ink__e", Client::PubSub, 3);
    deliver(org, "Low_Ink__e", Client::CometD("a1b2".into()), 2);
    org.create("Account", &json!({"Name": "Acme"})).await;
}

const TODAY: &str = "TimeSegment = 'Daily'";

#[tokio::test]
async fn figures_tell_apart_what_the_query_names() {
    let org = org().await;
    used(&org).await;
    let fields = "EventName, EventType, UsageType, Client, Value";
    let (event, change) = ("CUSTOM_PLATFORM_EVENT", "CHANGE_EVENT");
    let all = told(
        &org,
        fields,
        &format!("{TODAY} ORDER BY EventName, UsageType, Client"),
    )
    .await;
    assert_eq!(
        json!(all),
        json!([
            ["AccountChangeEvent", change, "PUBLISH", "SYSTEM", 1],
            ["Low_Ink__e", event, "DELIVERY", "a1b2", 2],
            ["Low_Ink__e", event, "DELIVERY", "PUB_SUB_API", 3],
            ["Low_Ink__e", event, "PUBLISH", "REST_API", 3],
        ])
    );
    let delivered = format!("{TODAY} AND UsageType = 'DELIVERY'");
    assert_eq!(
        json!(told(&org, "EventType, Value", &delivered).await),
        json!([[event, 5]])
    );
    // Fields in a condition distinguish figures as well.
    let condition = format!("{delivered} AND EventName = 'Low_Ink__e' AND Client = 'a1b2'");
    assert_eq!(json!(told(&org, "Value", &condition).await), json!([[2]]));
    let by_name = format!("{TODAY} ORDER BY Name DESC");
    assert_eq!(
        json!(told(&org, "Name, TimeSegment, Value", &by_name).await),
        json!([
            ["PLATFORM_EVENTS_PUBLISHED", "Daily", 3],
            ["PLATFORM_EVENTS_DELIVERED", "Daily", 5],
            ["CHANGE_EVENTS_PUBLISHED", "Daily", 1],
        ])
    );
}

#[tokio::test]
async fn figures_are_of_days_hours_and_quarters() {
    let org = org().await;
    // It is 22:13.
    publish(&org, 1).await;
    org.clock.advance(Duration::from_mins(15));
    publish(&org, 2).await;
    org.clock.advance(Duration::from_hours(1));
    publish(&org, 4).await;
    let fields = "StartDate, EndDate, Value";
    let published = "EventName = 'Low_Ink__e' AND UsageType = 'PUBLISH'";
    let day = |time: &str| format!("2023-11-14T{time}:00.000+0000");
    let next = "2023-11-15T00:00:00.000+0000";
    for (segment, range, expected) in [
        (
            "Daily",
            "AND StartDate >= 2023-11-14T00:00:00Z AND EndDate <= 2023-11-15T00:00:00Z",
            json!([[day("00:00"), next, 7]]),
        ),
        (
            "Hourly",
            "",
            json!([[day("22:00"), day("23:00"), 3], [day("23:00"), next, 4]]),
        ),
        (
            "Hourly",
            "AND StartDate >= 2023-11-14T21:00:00Z AND EndDate <= 2023-11-14T23:00:00Z",
            json!([[day("22:00"), day("23:00"), 3]]),
        ),
        (
            "FifteenMinutes",
            "AND StartDate >= 2023-11-14T22:00:00Z AND EndDate <= 2023-11-14T23:00:00Z",
            json!([
                [day("22:00"), day("22:15"), 1],
                [day("22:15"), day("22:30"), 2]
            ]),
        ),
    ] {
        let condition = format!("TimeSegment = '{segment}' AND {published} {range}");
        assert_eq!(
            json!(told(&org, fields, &condition).await),
            expected,
            "{condition}"
        );
    }
}

/// That each of these queries is refused, with its text.
async fn check_refused(queries: &[(&str, &str)]) {
    let org = org().await;
    publish(&org, 1).await;
    for (query, text) in queries {
        let query = query.replace("..", "FROM PlatformEventUsageMetric WHERE TimeSegment");
        let refusal = asked(&org, NEW, &query).await.refusal();
        let expected = (400, "MALFORMED_QUERY".to_owned(), (*text).to_owned());
        assert_eq!(refusal, expected, "{query}");
    }
}

#[tokio::test]
async fn what_a_query_has_to_name_it_names() {
    let missing = "event.udd.metrics.query.exceptions.TimeSegmentFieldMissingException: The required TimeSegment field is \
                   missing in the SOQL query. Provide a valid TimeSegment field value.";
    let name = "Name, EventName or EventType has to be in the SELECT or WHERE clause";
    let usage = "EventName and EventType need UsageType in the SELECT or WHERE clause";
    check_refused(&[
        ("SELECT Name, Value FROM PlatformEventUsageMetric", missing),
        ("SELECT Name, TimeSegment .. = 'Weekly'", missing),
        ("SELECT Name .. = 'Daily' OR Value > 1", missing),
        ("SELECT Value .. = 'Daily' AND Client = 'SYSTEM'", name),
        ("SELECT EventName .. = 'Daily'", usage),
        (
            "SELECT Name .. = 'Daily' AND EventType = 'CHANGE_EVENT'",
            usage,
        ),
    ])
    .await;
    let limit = "LIMIT and OFFSET aren't supported for enhanced usage metrics";
    let aggregate = "Aggregate functions aren't supported for enhanced usage metrics";
    check_refused(&[
        ("SELECT Name .. = 'Daily' LIMIT 1", limit),
        ("SELECT Name .. = 'Daily' OFFSET 1", limit),
        ("SELECT SUM(Value) .. = 'Daily'", aggregate),
        ("SELECT COUNT() .. = 'Daily'", aggregate),
        ("SELECT Name .. = 'Daily' GROUP BY Name", aggregate),
    ])
    .await;
}

#[tokio::test]
async fn a_range_has_both_ends_and_fits_its_segments() {
    let both = "StartDate and EndDate have to be in the WHERE clause both, or neither of them";
    let span = "The time span between StartDate and EndDate isn't valid for the TimeSegment";
    let old = "StartDate can't be more than 60 days ago";
    let range = |segment: &str, start: &str, end: &str| {
        format!(
            "SELECT Name .. = '{segment}' AND StartDate >= 2023-{start}:00Z AND EndDate <= 2023-{end}:00Z"
        )
    };
    check_refused(&[
        ("SELECT Name .. = 'Daily' AND StartDate >= TODAY", both),
        ("SELECT Name .. = 'Daily' AND EndDate <= TODAY", both),
        ("SELECT Name .. = 'FifteenMinutes'", span),
        (&range("Daily", "09-01T00:00", "09-03T00:00"), old),
        (&range("Daily", "11-14T00:00", "11-14T23:00"), span),
        (&range("Hourly", "11-13T00:00", "11-14T01:00"), span),
        (&range("Hourly", "11-14T00:00", "11-14T00:45"), span),
        (&range("FifteenMinutes", "11-14T00:00", "11-14T01:15"), span),
        (&range("FifteenMinutes", "11-14T00:00", "11-14T00:10"), span),
        (&range("Daily", "11-14T00:00", "11-12T00:00"), span),
    ])
    .await;
}

#[tokio::test]
async fn more_figures_than_an_answer_holds_are_refused() {
    let org = org().await;
    for day in 0..3 {
        for client in 0..900 {
            let client = Client::CometD(format!("{day}-{client}").into());
            deliver(&org, "Low_Ink__e", client, 1);
        }
        org.engine.save_usage().await.expect("kept");
        org.clock.advance(Duration::from_hours(1));
        // A login that is used does not end.
        assert_eq!(org.get("/limits").await.status, 200);
    }
    let every = format!("SELECT Name, Client FROM PlatformEventUsageMetric WHERE {TODAY}");
    let every = every.replace("Daily", "Hourly");
    let refusal = asked(&org, NEW, &every).await.refusal();
    assert_eq!((refusal.0, refusal.1.as_str()), (400, "EXCEEDED_ID_LIMIT"));
    let condition =
        "TimeSegment = 'Hourly' AND Name = 'PLATFORM_EVENTS_DELIVERED' AND Client = '2-7'";
    assert_eq!(json!(told(&org, "Value", condition).await), json!([[1]]));
}

#[tokio::test]
async fn without_the_setting_or_the_version_there_are_four_metrics() {
    let metrics = "SELECT Name, Value FROM PlatformEventUsageMetric";
    let enhanced =
        "SELECT EventName, UsageType FROM PlatformEventUsageMetric WHERE TimeSegment = 'Daily'";
    let off = Org::with(vec![project::low_ink(""), settings("")]).await;
    let on = org().await;
    for (org, version) in [(&off, NEW), (&on, "/services/data/v57.0")] {
        used(org).await;
        let found = asked(org, version, metrics).await.json();
        assert_eq!(found["totalSize"], 3, "{found}");
        let refusal = asked(org, version, enhanced).await.refusal();
        assert_eq!((refusal.0, refusal.1.as_str()), (400, "INVALID_FIELD"));
    }
    let old = asked(&on, "/services/data/v49.0", metrics).await.refusal();
    assert_eq!((old.0, old.1.as_str()), (400, "INVALID_TYPE"));
}

#[tokio::test]
async fn who_does_not_see_all_data_sees_neither_events_nor_clients() {
    let org = org().await;
    used(&org).await;
    let token = org.standard_user("reader@landfall.test").await;
    let bearer = format!("Bearer {token}");
    let read = async |query: &str| {
        let path = format!("{NEW}/query?q={}", encoded(query));
        let headers = [("authorization", bearer.as_str())];
        org.send("GET", &path, &headers, "").await
    };
    let metrics = format!("SELECT Name, Value FROM PlatformEventUsageMetric WHERE {TODAY}");
    assert_eq!(read(&metrics).await.json()["totalSize"], 3);
    let events = metrics.replace("Name,", "Client, Name,");
    assert_eq!(read(&events).await.refusal().1, "INVALID_FIELD");
}

#[tokio::test]
async fn objects_of_made_records_are_described_as_a_version_has_them() {
    let org = org().await;
    let fields = async |version: &str, object: &str| {
        let path = format!("/services/data/v{version}/sobjects/{object}/describe");
        let describe = org.get(&path).await.json();
        let fields = describe["fields"].as_array().expect("fields").iter();
        let named = fields.map(|field| {
            let word = |key: &str| field[key].as_str().expect("a word").to_owned();
            format!("{} {}", word("name"), word("type"))
        });
        named.collect::<Vec<_>>().join(", ")
    };
    let subscriber = "Id id, ExternalId string, Name string, Position int, Status picklist, Tip int, Topic string, \
                      Type string";
    assert_eq!(fields("42.0", "EventBusSubscriber").await, subscriber);
    assert_eq!(
        fields("67.0", "eventbussubscriber").await,
        format!(
            "{subscriber}, LastError string, Retries int, IsPartitioned boolean, LastProcessed string, \
             LastPublished string"
        )
    );
    let metric =
        "Id id, Name picklist, StartDate datetime, EndDate datetime, Value int, ExternalId string";
    assert_eq!(fields("57.0", "PlatformEventUsageMetric").await, metric);
    assert_eq!(
        fields("58.0", "PlatformEventUsageMetric").await,
        format!(
            "{metric}, TimeSegment picklist, Client string, EventName string, EventType picklist, UsageType picklist"
        )
    );
    let path = "/services/data/v49.0/sobjects/PlatformEventUsageMetric";
    assert_eq!(org.get(path).await.status, 404);
    let information = org.get(&path.replace("49", "50")).await.json();
    let urls = &information["objectDescribe"]["urls"];
    assert_eq!(
        urls["describe"],
        "/services/data/v50.0/sobjects/PlatformEventUsageMetric/describe"
    );
    let listed = async |version: &str| {
        let path = format!("/services/data/v{version}/sobjects");
        let list = org.get(&path).await.json();
        let entries = list["sobjects"].as_array().expect("a list").iter();
        let made = entries.filter(|entry| {
            ["EventBusSubscriber", "PlatformEventUsageMetric"]
                .contains(&entry["name"].as_str().expect("a name"))
        });
        made.cloned().collect::<Vec<_>>()
    };
    let names = async |version| {
        let made = listed(version).await.into_iter();
        let names = made.map(|entry| entry["name"].as_str().expect("a name").to_owned());
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names("49.0").await, "EventBusSubscriber");
    assert_eq!(
        names("50.0").await,
        "EventBusSubscriber PlatformEventUsageMetric"
    );
    // What the list says of it is what it says of itself.
    assert_eq!(information["objectDescribe"], listed("50.0").await[1]);
}

#[tokio::test]
async fn limits_have_the_documented_names_and_numbers_of_their_version() {
    let org = org().await;
    let all = |max: u64| json!({"Max": max, "Remaining": max});
    let limits = org.get("/limits").await.json();
    for (name, max) in [
        ("DailyDeliveredPlatformEvents", 10_000),
        ("HourlyPublishedPlatformEvents", 50_000),
        ("HourlyPublishedStandardVolumePlatformEvents", 1_000),
        ("DailyStandardVolumePlatformEvents", 10_000),
        ("DailyDurableStreamingApiEvents", 10_000),
        ("DailyDurableGenericStreamingApiEvents", 10_000),
        ("DurableStreamingApiConcurrentClients", 20),
        ("DailyStreamingApiEvents", 10_000),
        ("DailyGenericStreamingApiEvents", 10_000),
        ("StreamingApiConcurrentClients", 20),
        ("PlatformEventTriggersWithParallelProcessing", 5),
        ("DailyWorkflowEmails", 100_000),
    ] {
        assert_eq!(limits[name], all(max), "{name}");
    }
    for (version, there, absent) in [
        (
            "36.0",
            "DailyStreamingApiEvents",
            "DailyDurableStreamingApiEvents",
        ),
        ("48.0", "DailyBulkApiRequests", "DailyBulkApiBatches"),
        ("49.0", "DailyBulkApiBatches", "DailyBulkApiRequests"),
    ] {
        let path = format!("/services/data/v{version}/limits");
        let limits = org.get(&path).await.json();
        assert!(limits[there].is_object(), "{version} {there}");
        assert!(limits[absent].is_null(), "{version} {absent}");
    }
    // An add-on that nobody has.
    assert!(limits["MonthlyPlatformEventsUsageEntitlement"].is_null());
    let before = limits["PermissionSets"]["Remaining"]
        .as_u64()
        .expect("a number");
    let set = json!({"Name": "Readers", "Label": "Readers"});
    org.create("PermissionSet", &set).await;
    assert_eq!(
        org.get("/limits").await.json()["PermissionSets"],
        json!({
            "Max": 1_500, "Remaining": before - 1,
            "CreateCustom": {"Max": 1_000, "Remaining": before - 501},
        })
    );
    publish(&org, 2).await;
    deliver(&org, "Low_Ink__e", Client::PubSub, 2);
    let limits = org.get("/limits").await.json();
    assert_eq!(limits["HourlyPublishedPlatformEvents"]["Remaining"], 49_998);
    assert_eq!(limits["DailyDeliveredPlatformEvents"]["Remaining"], 9_998);
}
