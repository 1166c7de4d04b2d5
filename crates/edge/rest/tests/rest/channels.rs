//! Channels and what is on them, set up over the Tooling API.

use axum::body::Body;
use landfall_engine::usage::Allocations;
use landfall_metadata::Component;
use serde_json::{Value, json};

use crate::org::{Answer, Org};

const CHANNELS: &str = "/services/data/v62.0/tooling/sobjects/PlatformEventChannel";
const MEMBERS: &str = "/services/data/v62.0/tooling/sobjects/PlatformEventChannelMember";

async fn org() -> Org {
    let event = Component {
        path: "objects/Low_Ink__e.object".to_owned(),
        content: "<CustomObject xmlns=\"http://soap.sforce.com/2006/04/metadata\"><label>Low Ink</label>\
                  <pluralLabel>Low Inks</pluralLabel><eventType>HighVolume</eventType></CustomObject>"
            .to_owned(),
    };
    Org::with(vec![event]).await
}

async fn query(org: &Org, query: &str) -> Value {
    let text = query
        .replace(' ', "+")
        .replace('\'', "%27")
        .replace('*', "%2A");
    let path = format!("/services/data/v62.0/tooling/query/?q={text}");
    org.get(&path).await.json()
}

fn channel(name: &str, channel_type: &str) -> Value {
    json!({"FullName": name, "Metadata": {"channelType": channel_type, "label": name}})
}

fn member(name: &str, metadata: &Value) -> Value {
    json!({"FullName": name, "Metadata": metadata})
}

fn on(channel: &str, event: &str) -> Value {
    json!({"eventChannel": channel, "selectedEntity": event})
}

async fn made(org: &Org, path: &str, body: &Value) -> String {
    let answer = org.post(path, body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let saved = answer.json();
    let id = saved.get("id").and_then(Value::as_str);
    let id = id.expect("an id").to_owned();
    assert_eq!(
        saved,
        json!({"id": id, "success": true, "errors": [], "warnings": [], "infos": []})
    );
    assert_eq!(answer.header("location"), format!("{path}/{id}"));
    id
}

async fn delete(org: &Org, path: &str, id: &str) -> Answer {
    let path = format!("{path}/{id}");
    org.send("DELETE", &path, &[], Body::empty()).await
}

/// Two channels, and three members.
struct Made {
    sales: String,
    printers: String,
    account: String,
    filtered: Value,
}

async fn made_all(org: &Org) -> Made {
    let sales = made(org, CHANNELS, &channel("Sales__chn", "data")).await;
    let printers = made(org, CHANNELS, &channel("Printers__chn", "event")).await;
    let filtered = json!({
        "eventChannel": "Sales__chn", "selectedEntity": "AccountChangeEvent",
        "enrichedFields": [{"name": "Industry"}, {"name": "Site"}], "filterExpression": "Industry='Energy'",
    });
    let account = member("Sales_chn_AccountChangeEvent", &filtered);
    let account = made(org, MEMBERS, &account).await;
    let standard = on("ChangeEvents", "ContactChangeEvent");
    let standard = member("ChangeEvents_ContactChangeEvent", &standard);
    made(org, MEMBERS, &standard).await;
    let printed = on("Printers__chn", "Low_Ink__e");
    made(org, MEMBERS, &member("Printers_chn_Low_Ink_e", &printed)).await;
    Made {
        sales,
        printers,
        account,
        filtered,
    }
}

// R31, C62
#[tokio::test]
async fn a_channel_and_its_members_are_made_and_found() {
    let org = org().await;
    let Made {
        sales,
        printers,
        account,
        filtered,
    } = made_all(&org).await;
    assert!(sales.starts_with("0YL") && account.starts_with("0v8"));
    let channels = query(
        &org,
        "SELECT Id, DeveloperName, ChannelType, MasterLabel FROM PlatformEventChannel",
    )
    .await;
    assert_eq!(
        (&channels["size"], &channels["entityTypeName"]),
        (&json!(2), &json!("PlatformEventChannel"))
    );
    let of_name = "SELECT Id FROM PlatformEventChannel WHERE DeveloperName='Sales'";
    assert_eq!(query(&org, of_name).await["records"][0]["Id"], json!(sales));
    let members = "SELECT DeveloperName, EventChannel, SelectedEntity FROM PlatformEventChannelMember ORDER BY DeveloperName";
    let members = query(&org, members).await;
    let shown: Vec<[&Value; 3]> = members["records"]
        .as_array()
        .expect("records")
        .iter()
        .map(|record| ["DeveloperName", "EventChannel", "SelectedEntity"].map(|name| &record[name]))
        .collect();
    assert_eq!(
        shown[0][1..],
        [&json!("ChangeEvents"), &json!("ContactChangeEvent")]
    );
    assert_eq!(shown[1][1], &json!(printers));
    assert!(shown[1][2].as_str().expect("an id").starts_with("01I"));
    assert_eq!(shown[2][1..], [&json!(sales), &json!("AccountChangeEvent")]);
    let count = query(
        &org,
        "SELECT COUNT_DISTINCT(SelectedEntity) FROM PlatformEventChannelMember",
    )
    .await;
    assert_eq!(count["records"][0]["expr0"], 3);

    let read = org.get(&format!("{MEMBERS}/{account}")).await.json();
    assert_eq!(read["Metadata"], filtered);
    assert_eq!(read["FilterExpression"], "Industry='Energy'");
    let read = org.get(&format!("{CHANNELS}/{sales}")).await.json();
    assert_eq!(read["FullName"], "Sales__chn");
    let metadata = json!({"channelType": "data", "eventType": null, "label": "Sales__chn"});
    assert_eq!(read["Metadata"], metadata);
}

#[tokio::test]
async fn an_enriched_field_is_found_and_removed_by_itself() {
    let org = org().await;
    let Made { account, .. } = made_all(&org).await;
    let fields = format!(
        "SELECT Id, Field FROM EnrichedField WHERE ChannelMemberId='{account}' ORDER BY Field"
    );
    let fields = query(&org, &fields).await;
    assert_eq!(fields["records"][0]["Field"], "Industry");
    let field = fields["records"][0]["Id"].as_str().expect("an id");
    let enriched = "/services/data/v62.0/tooling/sobjects/EnrichedField";
    assert_eq!(delete(&org, enriched, field).await.status, 204);
    let read = org.get(&format!("{MEMBERS}/{account}")).await.json();
    assert_eq!(
        read["Metadata"]["enrichedFields"],
        json!([{"name": "Site"}])
    );
}

// C57, C58, C59, C70, P55
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one table of what is refused")]
async fn what_cannot_be_on_a_channel_is_refused_in_the_known_words() {
    let org = org().await;
    made(&org, CHANNELS, &channel("Sales__chn", "data")).await;
    made(
        &org,
        MEMBERS,
        &member("One", &on("Sales__chn", "AccountChangeEvent")),
    )
    .await;
    let filter = |filter: &str| json!({"eventChannel": "Sales__chn", "selectedEntity": "ContactChangeEvent", "filterExpression": filter});
    let enriched = json!({
        "eventChannel": "Sales__chn", "selectedEntity": "ContactChangeEvent",
        "enrichedFields": [{"name": "Account.Name"}],
    });
    let invalid = "The PlatformEventChannelMember can't be created because it references an invalid event in the \
                   \"selectedEntity\" field";
    for (name, metadata, code, message) in [
        ("A", on("Sales__chn", "Account"), "INVALID_INPUT", invalid),
        (
            "B",
            on("Sales__chn", "Low_Ink__e"),
            "INVALID_INPUT",
            invalid,
        ),
        (
            "C",
            on("/data/ChangeEvents", "ContactChangeEvent"),
            "INVALID_INPUT",
            "Unable to find the specified channel",
        ),
        (
            "Sales__Two",
            on("Sales__chn", "ContactChangeEvent"),
            "INVALID_INPUT",
            "Cannot create a new component with the namespace: Sales.",
        ),
        (
            "D",
            enriched,
            "INVALID_INPUT",
            "The selected field, Account.Name, isn't valid",
        ),
        (
            "E",
            filter("CreatedDate = LAST_N_DAYS:7"),
            "INVALID_INPUT",
            "A filter expression compares dates with date values such as 2021-07-09, not with date literals such as TOMORROW",
        ),
        (
            "E",
            filter("WHERE Email = 'x'"),
            "INVALID_INPUT",
            "filter expression has syntax errors: unexpected token: 'WHERE'",
        ),
        (
            "F",
            filter("MailingCity = 'x'"),
            "INVALID_INPUT",
            "The MailingCity field in the filter expression is invalid",
        ),
        (
            "G",
            filter("ChangeEventHeader.sequenceNumber > 2147483648"),
            "FIELD_INTEGRITY_EXCEPTION",
            "A number format error occurred",
        ),
        (
            "H",
            json!({"eventChannel": "Sales__chn"}),
            "REQUIRED_FIELD_MISSING",
            "Required field is missing: selectedEntity",
        ),
        (
            "H",
            on("", "ContactChangeEvent"),
            "REQUIRED_FIELD_MISSING",
            "Required field is missing: eventChannel",
        ),
        (
            "H",
            json!({"eventChannel": "Sales__chn", "selectedEntity": "ContactChangeEvent", "enrichedFields": [{}]}),
            "REQUIRED_FIELD_MISSING",
            "Required field is missing: name",
        ),
        (
            "one",
            on("Sales__chn", "ContactChangeEvent"),
            "DUPLICATE_DEVELOPER_NAME",
            "The name \"One\" is already used",
        ),
        (
            "I",
            on("Sales__chn", "AccountChangeEvent"),
            "DUPLICATE_VALUE",
            "duplicate value found",
        ),
    ] {
        let (status, told, text) = org.post(MEMBERS, &member(name, &metadata)).await.refusal();
        assert_eq!((status, told.as_str()), (400, code), "{name}: {text}");
        assert!(text.starts_with(message), "{name}: {text}");
    }
    for (body, code) in [
        (channel("Sales__chn", "data"), "DUPLICATE_DEVELOPER_NAME"),
        (channel("Sales", "data"), "INVALID_INPUT"),
        (channel("Sal__es__chn", "data"), "INVALID_INPUT"),
        (channel("New__chn", "other"), "INVALID_INPUT"),
        (
            json!({"FullName": "New__chn", "Metadata": {"channelType": "data"}}),
            "REQUIRED_FIELD_MISSING",
        ),
    ] {
        let (status, told, text) = org.post(CHANNELS, &body).await.refusal();
        assert_eq!((status, told.as_str()), (400, code), "{body}: {text}");
    }
}

// C60, C61
#[tokio::test]
async fn only_what_may_change_changes_and_a_channel_takes_its_members_with_it() {
    let org = org().await;
    let sales = made(&org, CHANNELS, &channel("Sales__chn", "data")).await;
    let metadata = on("Sales__chn", "AccountChangeEvent");
    let account = made(&org, MEMBERS, &member("One", &metadata)).await;
    let row = format!("{MEMBERS}/{account}");
    let missing = json!({"Metadata": {"eventChannel": "Sales__chn"}});
    let (_, code, text) = org.patch(&row, &missing).await.refusal();
    assert_eq!(
        (code.as_str(), text.as_str()),
        (
            "REQUIRED_FIELD_MISSING",
            "Required field is missing: selectedEntity"
        )
    );
    let other = json!({"Metadata": on("Sales__chn", "ContactChangeEvent")});
    let (status, _, text) = org.patch(&row, &other).await.refusal();
    assert_eq!(status, 400);
    assert_eq!(
        text,
        "Update is not supported for the selectedEntity field on platform event channel members."
    );
    let mut enriched = metadata.clone();
    enriched["enrichedFields"] = json!([{"name": "Site"}]);
    assert_eq!(
        org.patch(&row, &json!({"FullName": "One", "Metadata": enriched}))
            .await
            .status,
        204
    );
    assert_eq!(
        org.patch(&row, &json!({"Metadata": metadata})).await.status,
        204
    );
    let read = org.get(&row).await.json();
    assert_eq!(
        read["Metadata"]["enrichedFields"],
        json!([]),
        "the list is replaced"
    );

    let row = format!("{CHANNELS}/{sales}");
    let typed = json!({"Metadata": {"channelType": "event", "label": "Sales"}});
    let (status, _, text) = org.patch(&row, &typed).await.refusal();
    assert_eq!(status, 400);
    assert_eq!(
        text,
        "Update is not supported for the channelType field on platform event channels."
    );
    let renamed =
        json!({"FullName": "Deals__chn", "Metadata": {"channelType": "data", "label": "Deals"}});
    assert_eq!(org.patch(&row, &renamed).await.status, 204);
    let read = org.get(&row).await.json();
    assert_eq!(
        (&read["FullName"], &read["MasterLabel"]),
        (&json!("Deals__chn"), &json!("Deals"))
    );
    let member = org.get(&format!("{MEMBERS}/{account}")).await.json();
    assert_eq!(member["Metadata"]["eventChannel"], "Deals__chn");
    assert_eq!(member["EventChannel"], json!(sales));

    assert_eq!(delete(&org, CHANNELS, &sales).await.status, 204);
    let left = query(&org, "SELECT Id FROM PlatformEventChannelMember").await;
    assert_eq!(left["size"], 0);
    let again = delete(&org, CHANNELS, &sales).await.refusal();
    assert_eq!(again.1, "INVALID_CROSS_REFERENCE_KEY");
}

// C56
#[tokio::test]
async fn no_more_objects_are_selected_than_the_org_may() {
    let allocations = Allocations {
        selected_objects: Some(2),
        ..Allocations::UNLIMITED
    };
    let org = Org::allowed(allocations, Vec::new()).await;
    made(&org, CHANNELS, &channel("Sales__chn", "data")).await;
    made(&org, CHANNELS, &channel("Other__chn", "data")).await;
    let mut last = String::new();
    for (name, channel, event) in [
        ("A", "Sales__chn", "AccountChangeEvent"),
        ("B", "ChangeEvents", "ContactChangeEvent"),
        ("C", "Other__chn", "AccountChangeEvent"),
        ("D", "Sales__chn", "ContactChangeEvent"),
    ] {
        last = made(&org, MEMBERS, &member(name, &on(channel, event))).await;
    }
    let third = member("E", &on("Other__chn", "LeadChangeEvent"));
    let beyond = "an org selects at most 2 objects for change events on all its channels together";
    let refused = org.post(MEMBERS, &third).await.refusal();
    assert_eq!(
        refused,
        (400, "INVALID_INPUT".to_owned(), beyond.to_owned())
    );
    assert_eq!(delete(&org, MEMBERS, &last).await.status, 204);
    let still = org.post(MEMBERS, &third).await.refusal();
    assert_eq!(still.2, beyond, "it is on another channel too");
    let contact = query(
        &org,
        "SELECT Id FROM PlatformEventChannelMember WHERE SelectedEntity='ContactChangeEvent'",
    )
    .await;
    let contact = contact["records"][0]["Id"].as_str().expect("an id");
    assert_eq!(delete(&org, MEMBERS, contact).await.status, 204);
    made(&org, MEMBERS, &third).await;
}

#[tokio::test]
async fn of_two_channels_of_a_name_that_are_made_at_once_one_is_refused() {
    let org = org().await;
    let body = channel("Sales__chn", "data");
    let answers = tokio::join!(
        landfall_lock::apart(org.post(CHANNELS, &body)),
        landfall_lock::apart(org.post(CHANNELS, &body)),
    );
    let mut statuses = [answers.0.status, answers.1.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 400], "{answers:?}");
}
