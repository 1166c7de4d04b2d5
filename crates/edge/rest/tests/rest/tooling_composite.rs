//! Several requests of the Tooling API in one, which take effect together or one by one.

use landfall_metadata::Component;
use serde_json::{Value, json};

use crate::org::{Answer, DATA, Org};

const TOOLING: &str = "/services/data/v62.0/tooling";

async fn org() -> Org {
    Org::with(Vec::<Component>::new()).await
}

fn part(reference: &str, method: &str, path: &str, body: impl Into<Value>) -> Value {
    let body = body.into();
    json!({"referenceId": reference, "method": method, "url": format!("{TOOLING}{path}"), "body": body})
}

fn new_field(reference: &str, name: &str) -> Value {
    let metadata = json!({"type": "Text", "label": name, "length": 20});
    let body = json!({"FullName": format!("Account.{name}__c"), "Metadata": metadata});
    part(reference, "POST", "/sobjects/CustomField", body)
}

fn new_channel(reference: &str, name: &str) -> Value {
    let metadata = json!({"channelType": "data", "label": name});
    let body = json!({"FullName": name, "Metadata": metadata});
    part(reference, "POST", "/sobjects/PlatformEventChannel", body)
}

fn get(reference: &str, path: &str) -> Value {
    part(reference, "GET", path, Value::Null)
}

async fn send(org: &Org, all_or_none: bool, parts: Vec<Value>) -> Answer {
    let body = json!({"allOrNone": all_or_none, "compositeRequest": parts});
    org.post(&format!("{TOOLING}/composite"), &body).await
}

async fn sent(org: &Org, all_or_none: bool, parts: Vec<Value>) -> Vec<Value> {
    let answer = send(org, all_or_none, parts).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut answer = answer.json();
    let parts = answer.get_mut("compositeResponse");
    let parts = parts.and_then(Value::as_array_mut);
    std::mem::take(parts.expect("a list"))
}

fn statuses(parts: &[Value]) -> Vec<i64> {
    let status = |part: &Value| part["httpStatusCode"].as_i64().expect("a number");
    parts.iter().map(status).collect()
}

async fn fields(org: &Org) -> Vec<String> {
    let query = "SELECT+DeveloperName+FROM+CustomField+WHERE+DeveloperName+LIKE+'New%25'+ORDER+BY+DeveloperName";
    let found = org.get(&format!("{TOOLING}/query?q={query}")).await.json();
    let records = found
        .get("records")
        .and_then(Value::as_array)
        .expect("records")
        .iter();
    let name = |record: &Value| record["DeveloperName"].as_str().expect("a name").to_owned();
    records.map(name).collect()
}

#[tokio::test]
async fn later_parts_see_what_earlier_ones_have_made() {
    for all_or_none in [false, true] {
        let org = org().await;
        let query = "/query/?q=SELECT+DeveloperName+FROM+CustomField+WHERE+Id='@{field.id}'";
        let answered = sent(
            &org,
            all_or_none,
            vec![
                new_field("field", "Code"),
                get("read", "/sobjects/CustomField/@{field.id}"),
                get("found", query),
                new_channel("channel", "Sales__chn"),
                get("described", "/sobjects/PlatformEventChannel/@{channel.id}"),
            ],
        )
        .await;
        assert_eq!(
            statuses(&answered),
            [201, 200, 200, 201, 200],
            "{answered:?}"
        );
        let id = answered[0]["body"]["id"].as_str().expect("an id");
        assert_eq!(
            answered[0]["httpHeaders"]["Location"],
            format!("{TOOLING}/sobjects/CustomField/{id}")
        );
        assert_eq!(answered[1]["body"]["FullName"], "Account.Code__c");
        assert_eq!(answered[2]["body"]["records"][0]["DeveloperName"], "Code");
        assert_eq!(answered[4]["body"]["FullName"], "Sales__chn");

        let read = org
            .get(&format!("{TOOLING}/sobjects/CustomField/{id}"))
            .await;
        assert_eq!(read.json()["FullName"], "Account.Code__c");
        let made = json!({"Name": "Acme", "Code__c": "A-1"});
        let made = org.post(&format!("{DATA}/sobjects/Account"), &made).await;
        assert_eq!(made.status, 201, "{made:?}");
    }
}

#[tokio::test]
async fn all_parts_take_effect_or_none() {
    let org = org().await;
    let first = sent(&org, true, vec![new_field("first", "NewFirst")]).await;
    assert_eq!(statuses(&first), [201]);
    let id = first[0]["body"]["id"].as_str().expect("an id").to_owned();
    let own = format!("/sobjects/CustomField/{id}");
    let answered = sent(
        &org,
        true,
        vec![
            new_field("second", "NewSecond"),
            part("gone", "DELETE", &own, Value::Null),
            get("missing", &own),
            new_field("third", "NewThird"),
        ],
    )
    .await;
    assert_eq!(statuses(&answered), [400, 400, 404, 400]);
    assert_eq!(answered[0]["body"][0]["errorCode"], "PROCESSING_HALTED");
    assert_eq!(answered[2]["body"][0]["errorCode"], "NOT_FOUND");
    assert_eq!(fields(&org).await, ["NewFirst"]);
    // Nothing of the failed request is in the way of the next.
    let again = sent(&org, true, vec![new_field("second", "NewSecond")]).await;
    assert_eq!(statuses(&again), [201]);
    let second = again[0]["body"]["id"].as_str();
    assert_ne!(second, Some(id.as_str()));
    assert_eq!(fields(&org).await, ["NewFirst", "NewSecond"]);
}

#[tokio::test]
async fn parts_take_effect_one_by_one_without_all_or_none() {
    let org = org().await;
    let answered = sent(
        &org,
        false,
        vec![
            new_field("good", "NewGood"),
            new_field("bad", "no name"),
            get("dependent", "/sobjects/CustomField/@{bad.id}"),
            new_field("other", "NewOther"),
        ],
    )
    .await;
    assert_eq!(statuses(&answered), [201, 400, 400, 201], "{answered:?}");
    assert_eq!(fields(&org).await, ["NewGood", "NewOther"]);
}

#[tokio::test]
async fn a_staged_subscription_keeps_its_id() {
    let org = org().await;
    let metadata = json!({"label": "Mine", "topicName": "/data/ChangeEvents"});
    let body = json!({"FullName": "Mine", "Metadata": metadata});
    let path = "/sobjects/ManagedEventSubscription";
    let answered = sent(
        &org,
        true,
        vec![
            part("mine", "POST", path, body),
            get("read", &format!("{path}/@{{mine.id}}")),
        ],
    )
    .await;
    assert_eq!(statuses(&answered), [201, 200], "{answered:?}");
    let id = answered[0]["body"]["id"].as_str().expect("an id");
    let read = org.get(&format!("{TOOLING}{path}/{id}")).await;
    assert_eq!(read.json()["FullName"], "Mine");
}

#[tokio::test]
async fn only_the_resources_of_the_tooling_api_are_parts() {
    let org = org().await;
    let outside = json!({
        "referenceId": "a", "method": "GET", "url": "/services/data/v62.0/sobjects/Account",
    });
    let nested = get("b", "/composite");
    let answered = sent(&org, false, vec![outside, nested]).await;
    assert_eq!(statuses(&answered), [404, 404]);
    let queries = (0..6).map(|number| {
        get(
            &format!("q{number}"),
            "/query/?q=SELECT+Id+FROM+CustomField",
        )
    });
    let answered = sent(&org, false, queries.collect()).await;
    assert_eq!(
        answered[0]["body"][0]["message"],
        "The request can’t contain more than 5 query or sObject Collections operations."
    );
    let sobjects = format!("{TOOLING}/composite/sobjects?ids=00N000000000001");
    assert_eq!(org.get(&sobjects).await.status, 404);
    let listed = org.get(TOOLING).await.json();
    assert_eq!(listed["composite"], format!("{TOOLING}/composite"));
    let before = "/services/data/v39.0/tooling";
    assert_eq!(org.get(before).await.json().get("composite"), None);
    assert_eq!(org.get(&format!("{before}/composite")).await.status, 404);
    let below = org.get(&format!("{TOOLING}/composite")).await;
    assert_eq!((below.status, below.json()), (200, json!({})));
}
