//! What queries and searches show of objects and fields that the caller may not read, before and after a right is revoked.

use serde_json::{Value, json};

use crate::org::{Answer, Org};

/// A user who sees accounts and contacts, and the phones of accounts.
async fn user(org: &Org) -> String {
    let read: &[&str] = &["Read"];
    let rights = [("Account", read), ("Contact", read)];
    org.granted_user("ann@landfall.test", &rights, &["Account.Phone"])
        .await
}

async fn org() -> Org {
    let org = Org::with(Vec::new()).await;
    for (object, record) in [
        (
            "Account",
            json!({"Name": "Plain", "Phone": "5551212", "Description": "hush"}),
        ),
        ("Account", json!({"Name": "Hush"})),
        ("Contact", json!({"LastName": "Plain", "Title": "hush"})),
        ("Lead", json!({"LastName": "Hush", "Company": "Hush"})),
    ] {
        org.create(object, &record).await;
    }
    org
}

fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

async fn send(org: &Org, token: &str, method: &str, path: &str, body: &Value) -> Answer {
    let token = format!("Bearer {token}");
    let headers = [
        ("authorization", token.as_str()),
        ("sforce-query-options", "batchSize=1"),
    ];
    let body = match body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    org.send(method, path, &headers, body).await
}

async fn get(org: &Org, token: &str, path: &str) -> Answer {
    send(org, token, "GET", path, &Value::Null).await
}

/// Objects and ids of what a search found.
fn objects(answer: &Answer) -> Vec<String> {
    let json = answer.json();
    let records = json["searchRecords"].as_array();
    let records = records.unwrap_or_else(|| panic!("{answer:?}")).iter();
    let object = |record: &Value| record["attributes"]["type"].as_str().map(str::to_owned);
    records.filter_map(object).collect()
}

#[tokio::test]
async fn a_search_finds_nothing_by_what_the_caller_does_not_see() {
    let org = org().await;
    let ann = user(&org).await;
    let all = format!("/search?q={}", encoded("FIND {hush}"));
    let admin = get(&org, &org.token, &all).await;
    assert_eq!(objects(&admin).len(), 4, "{admin:?}");
    // Neither the description of an account, nor the title of a contact, nor the lead.
    assert_eq!(objects(&get(&org, &ann, &all).await), ["Account"]);
    let parameters = "/parameterizedSearch?q=hush";
    assert_eq!(objects(&get(&org, &ann, parameters).await), ["Account"]);
    let body = json!({"q": "hush"});
    let posted = send(&org, &ann, "POST", "/parameterizedSearch", &body).await;
    assert_eq!(objects(&posted), ["Account"]);
    let phone = format!("/search?q={}", encoded("FIND {5551212} IN PHONE FIELDS"));
    assert_eq!(objects(&get(&org, &ann, &phone).await), ["Account"]);
    org.revoke("FieldPermissions", "Field", "Account.Phone")
        .await;
    assert!(objects(&get(&org, &ann, &phone).await).is_empty());
}

#[tokio::test]
async fn a_search_names_no_object_and_no_field_that_the_caller_does_not_see() {
    let org = org().await;
    let ann = user(&org).await;
    for (returning, code) in [
        ("Lead(Id)", "INVALID_TYPE"),
        ("Account(Description)", "INVALID_FIELD"),
        ("Account(Id WHERE Description LIKE 'h%')", "INVALID_FIELD"),
        ("Account(Id ORDER BY Description)", "INVALID_FIELD"),
        ("Contact(Account.Description)", "INVALID_FIELD"),
    ] {
        let statement = encoded(&format!("FIND {{plain}} RETURNING {returning}"));
        let path = format!("/search?q={statement}");
        let refused = get(&org, &ann, &path).await.refusal();
        assert_eq!((refused.0, refused.1.as_str()), (400, code), "{returning}");
        // The same as part of a batch.
        let url = format!("v59.0/search?q={statement}");
        let batch = json!({"batchRequests": [{"method": "GET", "url": url}]});
        let batch = send(&org, &ann, "POST", "/composite/batch", &batch).await;
        let result = &batch.json()["results"][0];
        assert_eq!(result["statusCode"], 400, "{returning}");
        assert_eq!(result["result"][0]["errorCode"], code, "{returning}");
    }
    for (parameters, code) in [
        ("q=plain&sobject=Lead", "INVALID_TYPE"),
        (
            "q=plain&sobject=Account&fields=Description",
            "INVALID_FIELD",
        ),
        (
            "q=plain&sobject=Account&Account.where=Description%20!=%20null",
            "INVALID_FIELD",
        ),
        (
            "q=plain&sobject=Account&Account.orderBy=Description",
            "INVALID_FIELD",
        ),
    ] {
        let path = format!("/parameterizedSearch?{parameters}");
        let (status, answered, _) = get(&org, &ann, &path).await.refusal();
        assert_eq!((status, answered.as_str()), (400, code), "{parameters}");
    }
}

/// Statements that need a right, the record that grants it, and how a further page is refused without it.
const REVOKED: &[(&str, (&str, &str, &str), &str)] = &[
    (
        "SELECT Id, Phone FROM Account",
        ("FieldPermissions", "Field", "Account.Phone"),
        "INVALID_FIELD",
    ),
    (
        "SELECT Id FROM Account WHERE Phone != 'x'",
        ("FieldPermissions", "Field", "Account.Phone"),
        "INVALID_FIELD",
    ),
    (
        "SELECT Id FROM Account ORDER BY Phone",
        ("FieldPermissions", "Field", "Account.Phone"),
        "INVALID_FIELD",
    ),
    (
        "SELECT Id FROM Account",
        ("ObjectPermissions", "SobjectType", "Account"),
        "INVALID_TYPE",
    ),
];

#[tokio::test]
async fn a_further_page_asks_again_what_the_caller_may_see() {
    for (statement, (object, field, value), code) in REVOKED {
        let org = org().await;
        let ann = user(&org).await;
        let path = format!("/query?q={}", encoded(statement));
        let first = get(&org, &ann, &path).await.json();
        let next = first["nextRecordsUrl"].as_str().expect("a further page");
        assert_eq!(get(&org, &ann, next).await.status, 200, "{statement}");
        org.revoke(object, field, value).await;
        let (status, answered, _) = get(&org, &ann, next).await.refusal();
        assert_eq!((status, answered.as_str()), (400, *code), "{statement}");
        // The administrator's own pages are not concerned.
        let first = get(&org, &org.token, &path).await.json();
        let next = first["nextRecordsUrl"].as_str().expect("a further page");
        assert_eq!(get(&org, &org.token, next).await.status, 200, "{statement}");
    }
}

#[tokio::test]
async fn a_further_page_has_the_fields_that_the_caller_sees_now() {
    let org = org().await;
    let ann = user(&org).await;
    let path = format!(
        "/query?q={}",
        encoded("SELECT FIELDS(STANDARD) FROM Account ORDER BY Name DESC")
    );
    let first = get(&org, &ann, &path).await.json();
    assert_eq!(first["records"][0]["Phone"], "5551212", "{first}");
    let next = first["nextRecordsUrl"].as_str().expect("a further page");
    org.revoke("FieldPermissions", "Field", "Account.Phone")
        .await;
    let page = get(&org, &ann, next).await.json();
    assert_eq!(page["records"][0]["Name"], "Hush", "{page}");
    assert!(page["records"][0].get("Phone").is_none(), "{page}");
}

#[tokio::test]
async fn a_further_page_of_children_asks_again_too() {
    let org = org().await;
    let account = org.create("Account", &json!({"Name": "Parent"})).await;
    // A page has at least 200 children.
    for number in 0..202 {
        let contact = json!({"LastName": format!("C{number}"), "AccountId": account});
        org.create("Contact", &contact).await;
    }
    let read: &[&str] = &["Read"];
    let rights = [("Account", read), ("Contact", read)];
    let fields = ["Contact.AccountId", "Contact.Title"];
    let ann = org
        .granted_user("ann@landfall.test", &rights, &fields)
        .await;
    let statement = "SELECT (SELECT Title FROM Contacts) FROM Account WHERE Name = 'Parent'";
    let path = format!("/query?q={}", encoded(statement));
    let first = get(&org, &ann, &path).await.json();
    let children = &first["records"][0]["Contacts"];
    let next = children["nextRecordsUrl"].as_str();
    let next = next.unwrap_or_else(|| panic!("{first}"));
    assert_eq!(get(&org, &ann, next).await.status, 200);
    org.revoke("FieldPermissions", "Field", "Contact.Title")
        .await;
    assert_eq!(get(&org, &ann, next).await.refusal().1, "INVALID_FIELD");
}
