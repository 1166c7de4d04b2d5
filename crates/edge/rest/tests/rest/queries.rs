//! Queries over REST: pages, cursors, and what a transcript cannot show.

use std::fmt::Write as _;

use http::header::CONTENT_LENGTH;
use serde_json::{Value, json};

use crate::org::{DATA, Org};
use crate::project;

async fn org() -> Org {
    Org::with(Vec::new()).await
}

fn path(resource: &str, statement: &str) -> String {
    let mut path = format!("/{resource}?q=");
    for byte in statement.bytes() {
        if byte.is_ascii_alphanumeric() {
            path.push(char::from(byte));
        } else {
            write!(path, "%{byte:02X}").expect("a text takes everything");
        }
    }
    path
}

async fn ask(org: &Org, statement: &str) -> Value {
    let answer = org.get(&path("query", statement)).await;
    assert_eq!(answer.status, 200, "{statement}: {answer:?}");
    answer.json()
}

async fn refusal(org: &Org, statement: &str) -> (u16, String, String) {
    org.get(&path("query", statement)).await.refusal()
}

async fn filled(org: &Org, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..count {
        let body = json!({"Name": format!("Account {number:04}")});
        ids.push(org.create("Account", &body).await);
    }
    ids
}

/// Follows a query to its end; says how many pages it had.
async fn follow(org: &Org, first: Value, batch: &str) -> (Vec<Value>, usize) {
    let records_of = |page: &Value| {
        let records = page.get("records").and_then(Value::as_array);
        records.expect("records").clone()
    };
    let mut records = records_of(&first);
    let mut pages = 1;
    let mut page = first;
    while let Some(next) = page.get("nextRecordsUrl").and_then(Value::as_str) {
        assert_eq!(page.get("done"), Some(&json!(false)));
        let headers = [("sforce-query-options", batch)];
        let answer = org.send("GET", next, &headers, "").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        page = answer.json();
        records.extend(records_of(&page));
        pages += 1;
    }
    assert_eq!(page.get("done"), Some(&json!(true)));
    (records, pages)
}

#[tokio::test]
async fn pages_are_those_of_the_moment_of_the_query() {
    let org = org().await;
    let ids = filled(&org, 25).await;
    let statement = path("query", "SELECT Id, Name FROM Account ORDER BY Name");
    let batch = [("Sforce-Query-Options", "batchSize=10")];
    let first = org.send("GET", &statement, &batch, "").await.json();
    assert_eq!(
        (&first["totalSize"], &first["done"]),
        (&json!(25), &json!(false))
    );
    let next = first["nextRecordsUrl"].as_str().expect("an address");
    let (before, offset) = next.rsplit_once('-').expect("an offset");
    assert!(before.starts_with(&format!("{DATA}/query/01g")), "{next}");
    assert_eq!(offset, "10");
    // What happens now changes neither which records there are nor their order.
    org.create("Account", &json!({"Name": "AAA"})).await;
    org.patch(
        &format!("/sobjects/Account/{}", ids[20]),
        &json!({"Name": "0 renamed"}),
    )
    .await;
    org.send("DELETE", &format!("/sobjects/Account/{}", ids[21]), &[], "")
        .await;
    let (records, pages) = follow(&org, first.clone(), "batchSize=10").await;
    let found: Vec<&str> = records
        .iter()
        .map(|record| record["Id"].as_str().expect("an id"))
        .collect();
    assert_eq!(
        (pages, found),
        (3, ids.iter().map(String::as_str).collect::<Vec<_>>())
    );
    assert_eq!(
        records[20]["Name"], "0 renamed",
        "values are those of the page"
    );
    // The same page again, by both resources.
    let again = next.replace("/query/", "/queryAll/");
    assert_eq!(org.get(&again).await.json(), org.get(next).await.json());
}

#[tokio::test]
async fn a_locator_that_is_none_is_refused() {
    let org = org().await;
    filled(&org, 3).await;
    let batch = [("Sforce-Query-Options", "batchSize=1")];
    let first = org
        .send("GET", &path("query", "SELECT Id FROM Account"), &batch, "")
        .await
        .json();
    let next = first["nextRecordsUrl"]
        .as_str()
        .expect("an address")
        .to_owned();
    let beyond = next.replace("-1", "-4");
    for locator in [
        "/query/x",
        "/query/01g000000000001AAA-1",
        "/query/01g-1",
        beyond.as_str(),
        next.trim_end_matches("-1"),
    ] {
        let expected = (
            400,
            "INVALID_QUERY_LOCATOR".to_owned(),
            "invalid query locator".to_owned(),
        );
        assert_eq!(org.get(locator).await.refusal(), expected, "{locator}");
    }
    assert_eq!(org.get(&next).await.status, 200);
    org.clock.advance(std::time::Duration::from_hours(49));
    // The login has ended by then, too: what is left is that the cursor does not outlive its time.
    assert_ne!(org.get(&next).await.status, 200);
}

#[tokio::test]
async fn a_further_page_has_the_size_of_the_first() {
    let org = org().await;
    filled(&org, 25).await;
    let count = |page: &Value| page["records"].as_array().expect("records").len();
    let batch = [("Sforce-Query-Options", "batchSize=10")];
    let statement = path("query", "SELECT Id FROM Account");
    let first = org.send("GET", &statement, &batch, "").await.json();
    let next = first["nextRecordsUrl"].as_str().expect("an address");
    let second = org.get(next).await.json();
    assert_eq!(count(&second), 10);
    let other = [("Sforce-Query-Options", "batchSize=12")];
    let other = org.send("GET", next, &other, "").await.json();
    assert_eq!(count(&other), 12);
    let next = second["nextRecordsUrl"].as_str().expect("an address");
    assert_eq!(count(&org.get(next).await.json()), 5);
}

#[tokio::test]
async fn children_have_pages_of_their_own() {
    let org = org().await;
    let account = org.create("Account", &json!({"Name": "A"})).await;
    for number in 0..205 {
        let body = json!({"LastName": format!("C{number:03}"), "AccountId": account});
        org.create("Contact", &body).await;
    }
    let statement = "SELECT Name, (SELECT LastName FROM Contacts ORDER BY LastName) FROM Account";
    let batch = [("Sforce-Query-Options", "batchSize=200")];
    let first = org
        .send("GET", &path("query", statement), &batch, "")
        .await
        .json();
    assert_eq!(
        (&first["done"], &first["totalSize"]),
        (&json!(true), &json!(1))
    );
    let children = first["records"][0]["Contacts"].clone();
    assert_eq!(
        (&children["totalSize"], &children["done"]),
        (&json!(205), &json!(false))
    );
    let (contacts, pages) = follow(&org, children, "batchSize=200").await;
    assert_eq!((contacts.len(), pages), (205, 2));
    assert_eq!(contacts[204]["LastName"], "C204");
    let members: Vec<&String> = contacts[204]
        .as_object()
        .expect("an object")
        .keys()
        .collect();
    assert_eq!(
        members,
        ["LastName", "attributes"],
        "of the children, not of the account"
    );
}

#[tokio::test]
async fn deleted_records_are_found_by_query_all_alone() {
    let org = org().await;
    let ids = filled(&org, 2).await;
    org.send("DELETE", &format!("/sobjects/Account/{}", ids[0]), &[], "")
        .await;
    let statement = "SELECT Id, IsDeleted FROM Account ORDER BY Id";
    assert_eq!(ask(&org, statement).await["totalSize"], 1);
    let all = org.get(&path("queryAll", statement)).await.json();
    let deleted: Vec<&Value> = all["records"]
        .as_array()
        .expect("records")
        .iter()
        .map(|record| &record["IsDeleted"])
        .collect();
    assert_eq!(deleted, [&json!(true), &json!(false)]);
}

#[tokio::test]
async fn both_forms_of_an_id_are_the_same() {
    let org = org().await;
    let id = org.create("Account", &json!({"Name": "A"})).await;
    for form in [&id[..15], &id] {
        let found = ask(&org, &format!("SELECT Id FROM Account WHERE Id = '{form}'")).await;
        assert_eq!(found["records"][0]["Id"], id.as_str());
    }
    let other = id[..14].to_owned() + "Z";
    let none = ask(
        &org,
        &format!("SELECT Id FROM Account WHERE Id = '{other}'"),
    )
    .await;
    assert_eq!(none["totalSize"], 0);
}

#[tokio::test]
async fn all_fields_are_those_of_the_describe_in_its_order() {
    let org = org().await;
    org.create("Account", &json!({"Name": "A"})).await;
    let answer = org
        .get(&path("query", "SELECT FIELDS(ALL) FROM Account LIMIT 200"))
        .await;
    let describe = org.get("/sobjects/Account/describe").await.json();
    let mut from = 0;
    for field in describe["fields"].as_array().expect("fields") {
        let name = format!("\"{}\":", field["name"].as_str().expect("a name"));
        let at = answer.body[from..]
            .find(&name)
            .unwrap_or_else(|| panic!("{name} after the others"));
        from += at;
    }
}

#[tokio::test]
async fn custom_objects_checkboxes_and_multiple_values_are_queried() {
    let org = Org::with(project::whole()).await;
    let trip = org
        .create("Trip__c", &json!({"Name": "Alps", "Code__c": "A1"}))
        .await;
    org.create("Stop__c", &json!({"Name": "Bern", "Trip__c": trip}))
        .await;
    let found = ask(
        &org,
        "SELECT Name, Trip__r.Code__c FROM Stop__c WHERE Trip__r.Name = 'ALPS'",
    )
    .await;
    assert_eq!(found["records"][0]["Trip__r"]["Code__c"], "A1");
    let (status, code, message) = refusal(&org, "SELECT Trip__c.Name FROM Stop__c").await;
    assert_eq!((status, code.as_str()), (400, "INVALID_FIELD"));
    assert!(
        message.contains("Didn't understand relationship 'Trip__c' in field path."),
        "{message}"
    );
}

#[tokio::test]
async fn many_records_are_many_pages_and_many_groups_are_too_many() {
    let org = org().await;
    for batch in 0..13 {
        let records: Vec<Value> = (0..if batch < 12 { 200 } else { 100 })
            .map(|number| {
                let name = format!("{batch}-{number}");
                json!({"attributes": {"type": "Account"}, "Name": name})
            })
            .collect();
        let created = org
            .post("/composite/sobjects", &json!({"records": records}))
            .await;
        assert_eq!(created.status, 200, "{created:?}");
    }
    let statement = path("query", "SELECT Id FROM Account");
    let batch = [("Sforce-Query-Options", "batchSize=200")];
    let first = org.send("GET", &statement, &batch, "").await.json();
    assert!(
        first["nextRecordsUrl"]
            .as_str()
            .expect("an address")
            .ends_with("-200")
    );
    let (records, pages) = follow(&org, first, "batchSize=200").await;
    let distinct: std::collections::BTreeSet<&str> = records
        .iter()
        .filter_map(|record| record["Id"].as_str())
        .collect();
    assert_eq!((pages, distinct.len()), (13, 2_500));
    let whole = ask(&org, "SELECT Id FROM Account").await;
    assert_eq!(
        whole["records"].as_array().map(Vec::len),
        Some(2_000),
        "no page is longer"
    );
    let grouped = "SELECT Name, COUNT(Id) FROM Account GROUP BY Name";
    let (status, code, _) = refusal(&org, grouped).await;
    assert_eq!((status, code.as_str()), (400, "EXCEEDED_ID_LIMIT"));
    assert_eq!(
        ask(&org, &format!("{grouped} LIMIT 2000")).await["totalSize"],
        2_000
    );
}

#[tokio::test]
async fn a_head_has_the_length_of_the_answer() {
    let org = org().await;
    let statement = path("query", "SELECT COUNT() FROM Account");
    let head = org.send("HEAD", &statement, &[], "").await;
    assert_eq!(
        (head.status, head.headers[CONTENT_LENGTH].to_str().ok()),
        (200, Some("40"))
    );
    assert_eq!(
        org.get(&statement).await.body,
        r#"{"totalSize":0,"done":true,"records":[]}"#
    );
    let refused = org.send("POST", &statement, &[], "{}").await;
    assert_eq!(refused.status, 405);
}
