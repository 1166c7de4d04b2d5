//! Searches: statements, parameters, what they find and what is refused.

use serde_json::{Value, json};

use crate::org::{Answer, Org};

async fn org() -> Org {
    let org = Org::with(Vec::new()).await;
    for (object, record) in [
        (
            "Account",
            json!({"Name": "Acme Corp", "Phone": "(415) 555-1212", "Description": "makes anvils"}),
        ),
        (
            "Account",
            json!({"Name": "Globex", "Website": "www.acme.example"}),
        ),
        (
            "Account",
            json!({"Name": "Acmeville Bakery", "Industry": "Media"}),
        ),
        (
            "Contact",
            json!({"FirstName": "Joe", "LastName": "Smith", "Email": "joe@acme.example"}),
        ),
        (
            "Contact",
            json!({"FirstName": "Joan", "LastName": "Smythe"}),
        ),
        ("Lead", json!({"LastName": "Doe", "Company": "Acme"})),
    ] {
        let answer = org.post(&format!("/sobjects/{object}"), &record).await;
        assert_eq!(answer.status, 201, "{answer:?}");
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

async fn search(org: &Org, statement: &str) -> Answer {
    org.get(&format!("/search/?q={}", encoded(statement))).await
}

/// Objects and names of what was found.
async fn found(org: &Org, statement: &str) -> Vec<String> {
    let answer = search(org, statement).await;
    assert_eq!(answer.status, 200, "{statement}: {answer:?}");
    let found = answer.json();
    names(found.get("searchRecords").expect("records"))
}

fn names(records: &Value) -> Vec<String> {
    let records = records.as_array().expect("records").iter();
    let name = |record: &Value| {
        let object = record.pointer("/attributes/type").and_then(Value::as_str);
        let name = record.get("Name").and_then(Value::as_str);
        format!("{} {}", object.expect("an object"), name.unwrap_or("-"))
    };
    records.map(name).collect()
}

/// Statements with what they find.
const FOUND: &[(&str, &[&str])] = &[
    (
        "FIND {acme}",
        &["Account -", "Account -", "Contact -", "Lead -"],
    ),
    (
        "find {ACME} in name fields returning Account(Name)",
        &["Account Acme Corp", "Account Globex"],
    ),
    (
        "FIND {acme} IN EMAIL FIELDS RETURNING Contact(Name)",
        &["Contact Joe Smith"],
    ),
    (
        "FIND {555 1212} IN PHONE FIELDS RETURNING Account(Name)",
        &["Account Acme Corp"],
    ),
    (
        "FIND {acme*} RETURNING Account(Name WHERE Industry = 'Media'), Contact(Name)",
        &["Account Acmeville Bakery", "Contact Joe Smith"],
    ),
    (
        "FIND {acme* OR globex} RETURNING Account(Name ORDER BY Name DESC LIMIT 2)",
        &["Account Globex", "Account Acmeville Bakery"],
    ),
    (
        "FIND {acme*} RETURNING Account(Name ORDER BY Name OFFSET 2)",
        &["Account Globex"],
    ),
    (
        "FIND {\"Joe Smith\" OR joan} RETURNING Contact(Name)",
        &["Contact Joe Smith", "Contact Joan Smythe"],
    ),
    (
        "FIND {jo?n} RETURNING Contact(Name)",
        &["Contact Joan Smythe"],
    ),
    (
        "FIND {sm* AND NOT joe} RETURNING Contact(Name)",
        &["Contact Joan Smythe"],
    ),
    (
        "FIND {joe@acme.example} RETURNING Contact(Name)",
        &["Contact Joe Smith"],
    ),
    (
        "FIND {acme} RETURNING Account(Name), Contact(Name), Lead(Name) LIMIT 2",
        &["Account Acme Corp", "Contact Joe Smith"],
    ),
    (
        "FIND {acme} RETURNING Account(Name LIMIT 0), Lead(Name)",
        &["Lead Doe"],
    ),
    ("FIND {nothing\\?here}", &[]),
    ("FIND {acme} WITH SPELL_CORRECTION = false LIMIT 0", &[]),
];

#[tokio::test]
async fn words_are_found_in_every_object_unless_some_are_named() {
    let org = org().await;
    let answer = search(&org, "FIND {anvils}").await.json();
    let record = &answer["searchRecords"][0];
    let id = record["Id"].as_str().expect("an id");
    assert_eq!(
        answer,
        json!({"searchRecords": [{
            "attributes": {"type": "Account", "url": format!("/services/data/v59.0/sobjects/Account/{id}")},
            "Id": id,
        }]})
    );
    for (statement, expected) in FOUND {
        assert_eq!(found(&org, statement).await, *expected, "{statement}");
    }
    let long = format!("FIND {{{} OR acme}}", "x".repeat(10_000));
    assert_eq!(found(&org, &long).await, Vec::<String>::new());
    // The answer of old versions is a list.
    let old = org
        .get("/services/data/v36.0/search?q=FIND+%7Banvils%7D")
        .await;
    assert_eq!(old.json()[0]["Id"], id);
}

#[tokio::test]
async fn what_is_no_search_is_refused() {
    let org = org().await;
    let missing = "No search term found. The search term must be enclosed in braces.";
    for (statement, code, text) in [
        ("", "MALFORMED_SEARCH", missing),
        ("FIND acme", "MALFORMED_SEARCH", missing),
        ("FIND {}", "MALFORMED_SEARCH", missing),
        ("FIND {acme", "MALFORMED_SEARCH", missing),
        (
            "FIND {a}",
            "MALFORMED_SEARCH",
            "search term must be longer than one character: a",
        ),
        (
            "FIND {\"John Smith}",
            "MALFORMED_SEARCH",
            "reserved character '\"'",
        ),
        (
            "FIND {acme} IN Accounts",
            "MALFORMED_SEARCH",
            "unexpected token: 'Accounts'",
        ),
        (
            "FIND {acme} RETURNING FooBar",
            "INVALID_TYPE",
            "sObject type 'FooBar' is not supported.",
        ),
        (
            "FIND {acme} RETURNING Contact(fooBar)",
            "INVALID_FIELD",
            "No such column 'fooBar' on entity 'Contact'.",
        ),
        (
            "FIND {acme} RETURNING Organization",
            "INVALID_TYPE",
            "entity type Organization does not support search",
        ),
        (
            "FIND {acme} RETURNING Account, Account",
            "MALFORMED_QUERY",
            "each object once",
        ),
        (
            "FIND {acme} RETURNING Account(WHERE Name = 'x')",
            "MALFORMED_SEARCH",
            "unexpected token: 'WHERE'",
        ),
        (
            "FIND {acme} RETURNING Account(COUNT(Id))",
            "MALFORMED_QUERY",
            "accepts plain fields only",
        ),
        (
            "FIND {acme} WITH DIVISION = 'x'",
            "MALFORMED_SEARCH",
            "unexpected token: 'DIVISION'",
        ),
    ] {
        let (status, told, message) = search(&org, statement).await.refusal();
        assert_eq!(
            (status, told.as_str()),
            (400, code),
            "{statement}: {message}"
        );
        assert!(message.contains(text), "{statement}: {message}");
    }
}

#[tokio::test]
async fn parameters_equal_a_statement() {
    let org = org().await;
    for (query, expected) in [
        (
            "q=Acme",
            vec!["Account -", "Account -", "Contact -", "Lead -"],
        ),
        (
            "q=Acme&sobject=Account&Account.fields=id,name&Account.limit=1",
            vec!["Account Acme Corp"],
        ),
        (
            "q=acme*&sobject=Account&sobject=Contact&fields=Name&Account.where=Industry%3D%27Media%27&in=ALL",
            vec!["Account Acmeville Bakery", "Contact Joe Smith"],
        ),
        (
            "q=acme*&sobject=Account&fields=Name&Account.orderBy=Name+DESC+NULLS_LAST&overallLimit=1",
            vec!["Account Globex"],
        ),
        (
            "q=acme&sobject=Account&sobject=Lead&fields=Name&defaultLimit=1",
            vec!["Account Acme Corp", "Lead Doe"],
        ),
    ] {
        let answer = org.get(&format!("/parameterizedSearch/?{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {answer:?}");
        assert_eq!(names(&answer.json()["searchRecords"]), expected, "{query}");
    }
    let body = json!({
        "q": "acme*", "in": "ALL", "fields": ["Id", "Name"], "overallLimit": 10, "spellCorrection": true,
        "sobjects": [
            {"name": "Account", "where": "Industry = null", "orderBy": "Name DESC", "limit": "1"},
            {"name": "Contact", "fields": ["Id", "Name"]},
        ],
    });
    let answer = org.post("/parameterizedSearch", &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        names(&answer.json()["searchRecords"]),
        ["Account Globex", "Contact Joe Smith"]
    );
    for (query, code) in [
        ("", "MALFORMED_SEARCH"),
        (
            "q=acme&sobject=Account&Account.limit=many",
            "MALFORMED_SEARCH",
        ),
        (
            "q=acme&sobject=Account&Account.where=Name%3D%27x%27+LIMIT+5",
            "MALFORMED_SEARCH",
        ),
        (
            "q=acme&sobject=Account&Account.fields=Id+FROM+User",
            "MALFORMED_SEARCH",
        ),
        (
            "q=acme&sobject=Account&Account.orderBy=Name%3BDROP",
            "MALFORMED_SEARCH",
        ),
        ("q=acme&sobject=Nope", "INVALID_TYPE"),
    ] {
        let (status, told, _) = org
            .get(&format!("/parameterizedSearch?{query}"))
            .await
            .refusal();
        assert_eq!((status, told.as_str()), (400, code), "{query}");
    }
    let unknown = json!({"q": "acme", "sobjects": [{"name": "Account", "colour": "red"}]});
    let refused = org.post("/parameterizedSearch", &unknown).await.refusal();
    assert_eq!(refused.1, "JSON_PARSER_ERROR");
}
