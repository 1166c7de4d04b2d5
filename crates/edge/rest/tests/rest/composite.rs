//! Requests that consist of several: bounds, platform events, users, and what one transaction shows its parts.

use landfall_model::limits::ANSWER_BYTES_MAX;
use serde_json::{Value, json};

use crate::org::{DATA, Org};
use crate::project;

fn part(reference: &str, method: &str, path: &str, body: impl Into<Value>) -> Value {
    let body = body.into();
    json!({"referenceId": reference, "method": method, "url": format!("{DATA}{path}"), "body": body})
}

fn statuses(answer: &Value) -> Vec<i64> {
    let parts = answer["compositeResponse"].as_array().expect("a list");
    let status = |part: &Value| part["httpStatusCode"].as_i64().expect("a number");
    parts.iter().map(status).collect()
}

#[tokio::test]
async fn a_request_has_25_parts_at_most_and_5_lists_among_them() {
    let org = Org::with(Vec::new()).await;
    let reads = |count| -> Vec<Value> {
        let read = |number| {
            part(
                &format!("r{number}"),
                "GET",
                "/sobjects/Account",
                Value::Null,
            )
        };
        (0..count).map(read).collect()
    };
    let answer = org
        .post("/composite", &json!({"compositeRequest": reads(25)}))
        .await;
    assert_eq!(statuses(&answer.json()), [200; 25]);
    let answer = org
        .post("/composite", &json!({"compositeRequest": reads(26)}))
        .await;
    assert_eq!(
        answer.json(),
        json!({"compositeResponse": [{
            "body": [{"errorCode": "LIMIT_EXCEEDED", "message": "The request can’t contain more than 25 operations."}],
            "httpHeaders": {}, "httpStatusCode": 400, "referenceId": null,
        }]})
    );
    let lists = |count| -> Vec<Value> {
        let path = "/composite/sobjects/Account?ids=001000000000001&fields=Id";
        let list = |number| part(&format!("l{number}"), "GET", path, Value::Null);
        (0..count).map(list).collect()
    };
    let answer = org
        .post("/composite", &json!({"compositeRequest": lists(5)}))
        .await;
    assert_eq!(statuses(&answer.json()), [200; 5]);
    let answer = org
        .post("/composite", &json!({"compositeRequest": lists(6)}))
        .await;
    assert_eq!(statuses(&answer.json()), [400]);
}

/// Source: "Composite Request Body" (REST API Developer Guide), example 4.
#[tokio::test]
async fn a_reference_id_may_end_in_capitals() {
    let org = Org::with(Vec::new()).await;
    let url = format!("{DATA}/sobjects/Account");
    let parts = json!({"compositeRequest": [
        {"method": "POST", "url": url, "referenceID": "new", "body": {"Name": "Acme"}},
        {"method": "GET", "url": format!("{url}/@{{new.id}}"), "referenceId": "read"},
    ]});
    let answer = org.post("/composite", &parts).await.json();
    assert_eq!(statuses(&answer), [201, 200], "{answer}");
    assert_eq!(answer["compositeResponse"][0]["referenceId"], "new");
}

#[tokio::test]
async fn reads_in_a_transaction_see_what_it_did() {
    let org = Org::with(project::whole()).await;
    let parts = json!({"allOrNone": true, "compositeRequest": [
        part("trip", "POST", "/sobjects/Trip__c", json!({"Name": "Alps", "Code__c": "A1"})),
        part("stop", "POST", "/sobjects/Stop__c", json!({"Name": "Bern", "Trip__r": {"Code__c": "A1"}})),
        part("down", "GET", "/sobjects/Trip__c/@{trip.id}/Stops__r?fields=Name", Value::Null),
        part("up", "GET", "/sobjects/Stop__c/@{stop.id}/Trip__r?fields=Name", Value::Null),
        part("list", "POST", "/composite/sobjects/Stop__c", json!({"ids": ["@{stop.id}"], "fields": ["Trip__r.Name"]})),
        part("gone", "DELETE", "/sobjects/Stop__c/@{down.records[0].Id}", Value::Null),
        part("none", "GET", "/composite/sobjects/Stop__c?ids=@{stop.id}&fields=Name", Value::Null),
    ]});
    let answer = org.post("/composite", &parts).await.json();
    let body = |place: usize| &answer["compositeResponse"][place]["body"];
    assert_eq!(
        statuses(&answer),
        [201, 201, 200, 200, 200, 204, 200],
        "{answer}"
    );
    assert_eq!(body(2)["records"][0]["Name"], "Bern");
    assert_eq!(body(3)["Name"], "Alps");
    assert_eq!(body(4)[0]["Trip__r"]["Name"], "Alps");
    assert_eq!(body(6), &json!([null]));
}

#[tokio::test]
async fn events_are_published_whatever_becomes_of_the_transaction() {
    let org = Org::with(vec![project::low_ink("")]).await;
    let tail = org.engine.log().bounds().tail.get();
    let event = part(
        "event",
        "POST",
        "/sobjects/Low_Ink__e",
        json!({"Printer_Model__c": "A"}),
    );
    let bad = part("bad", "POST", "/sobjects/Account", json!({}));
    let parts = json!({"allOrNone": true, "compositeRequest": [event, bad]});
    let answer = org.post("/composite", &parts).await.json();
    assert_eq!(statuses(&answer), [400, 400]);
    assert_eq!(org.engine.log().bounds().tail.get(), tail + 1);
}

// Streaming case 58: the other publish behaviour.
#[tokio::test]
async fn events_after_commit_are_published_with_the_transaction_or_not_at_all() {
    let org = Org::with(vec![project::low_ink_after_commit()]).await;
    let event = || {
        part(
            "event",
            "POST",
            "/sobjects/Low_Ink__e",
            json!({"Printer_Model__c": "A"}),
        )
    };
    for (account, statuses_expected, appended) in [
        (json!({}), [400, 400], 0),
        (json!({"Name": "A"}), [201, 201], 2),
    ] {
        let tail = org.engine.log().bounds().tail.get();
        let other = part("other", "POST", "/sobjects/Account", account);
        let parts = json!({"allOrNone": true, "compositeRequest": [event(), other]});
        let answer = org.post("/composite", &parts).await.json();
        assert_eq!(statuses(&answer), statuses_expected, "{answer}");
        assert_eq!(org.engine.log().bounds().tail.get(), tail + appended);
    }
}

#[tokio::test]
async fn a_password_is_not_set_in_a_transaction_that_may_be_undone() {
    let org = Org::with(Vec::new()).await;
    let me = org.get("").await.json();
    let user = me["identity"]
        .as_str()
        .expect("an address")
        .rsplit('/')
        .next();
    let path = format!("/sobjects/User/{}/password", user.expect("an id"));
    let set = |all_or_none| {
        let body = json!({"NewPassword": "another-one"});
        json!({"allOrNone": all_or_none, "compositeRequest": [part("p", "POST", &path, body)]})
    };
    let answer = org.post("/composite", &set(true)).await.json();
    assert_eq!(statuses(&answer), [400]);
    let answer = org.post("/composite", &set(false)).await.json();
    assert_eq!(statuses(&answer), [204]);
}

#[tokio::test]
async fn users_that_a_transaction_changes_are_known_to_the_logins_afterwards() {
    let org = Org::with(Vec::new()).await;
    let token = org.standard_user("ann@landfall.test").await;
    let user = org.auth.authenticate(&token).expect("a login").user_id;
    let path = format!("/sobjects/User/{user}");
    let parts = json!({"allOrNone": true, "compositeRequest": [
        part("off", "PATCH", &path, json!({"IsActive": false})),
    ]});
    let answer = org.post("/composite", &parts).await.json();
    assert_eq!(statuses(&answer), [204]);
    assert!(org.auth.authenticate(&token).is_err());
}

fn records(level: usize) -> Value {
    with(
        "ChildAccounts",
        (level > 1).then(|| records(level - 1)),
        level,
    )
}

/// One account, with these children by this relationship.
fn with(relationship: &str, children: impl Into<Value>, level: usize) -> Value {
    let children = children.into();
    let reference = format!("a{level}");
    let attributes = json!({"type": "Account", "referenceId": reference});
    json!({"records": [{"attributes": attributes, "Name": "A", relationship: children}]})
}

#[tokio::test]
async fn a_tree_has_five_levels_and_200_records_at_most() {
    let org = Org::with(Vec::new()).await;
    let tree = "/composite/tree/Account";
    let answer = org.post(tree, &records(5)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.json()["results"][4]["referenceId"], "a1");
    let refusal = org.post(tree, &records(6)).await.refusal();
    assert_eq!((refusal.0, refusal.1.as_str()), (400, "LIMIT_EXCEEDED"));
    let many = |count: usize| {
        let child = |number: usize| json!({"attributes": {"type": "Contact", "referenceId": format!("c{number}")}, "LastName": "C"});
        let children = json!({"records": (0..count).map(child).collect::<Vec<_>>()});
        with("Contacts", children, 1)
    };
    assert_eq!(org.post(tree, &many(199)).await.status, 201);
    let refusal = org.post(tree, &many(200)).await.refusal();
    assert_eq!((refusal.0, refusal.1.as_str()), (400, "EXCEEDED_ID_LIMIT"));
}

#[tokio::test]
async fn children_in_a_tree_are_of_the_relationship_and_do_not_name_their_parent() {
    let org = Org::with(project::whole()).await;
    let trip = |stops: Value| {
        let attributes = json!({"type": "Trip__c", "referenceId": "trip"});
        json!({"records": [{"attributes": attributes, "Name": "Alps", "Stops__r": stops}]})
    };
    let stop = json!({"attributes": {"type": "Stop__c", "referenceId": "stop"}, "Name": "Bern"});
    let tree = "/composite/tree/Trip__c";
    let answer = org.post(tree, &trip(json!({"records": [stop]}))).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let id = |place: usize| answer.json()["results"][place]["id"].clone();
    let stop = org.record("Stop__c", id(1).as_str().expect("an id")).await;
    assert_eq!(stop["Trip__c"], id(0));
    for (stops, code) in [
        (json!([]), "JSON_PARSER_ERROR"),
        (json!({}), "JSON_PARSER_ERROR"),
        (json!({"records": {}}), "JSON_PARSER_ERROR"),
        (json!({"records": [1]}), "JSON_PARSER_ERROR"),
    ] {
        assert_eq!(org.post(tree, &trip(stops)).await.refusal().1, code);
    }
    assert_eq!(org.post(tree, &trip(Value::Null)).await.status, 201);
}

fn graph(id: &str, parts: impl Into<Value>) -> Value {
    let parts = parts.into();
    json!({"graphId": id, "compositeRequest": parts})
}

#[tokio::test]
async fn after_fifteen_graphs_that_failed_the_rest_is_not_tried() {
    let org = Org::with(Vec::new()).await;
    let bad = |number: usize| {
        let bad = part("bad", "POST", "/sobjects/Account", json!({}));
        graph(&format!("g{number}"), vec![bad])
    };
    let mut graphs: Vec<Value> = (0..15).map(bad).collect();
    let good = part("good", "POST", "/sobjects/Account", json!({"Name": "A"}));
    graphs.push(graph("last", vec![good]));
    let answer = org
        .post("/composite/graph", &json!({"graphs": graphs}))
        .await
        .json();
    let last = &answer["graphs"][15];
    assert_eq!(last["isSuccessful"], false);
    let error = &last["graphResponse"]["compositeResponse"][0]["body"][0];
    assert_eq!(error["errorCode"], "PROCESSING_HALTED");
    let error = &answer["graphs"][14]["graphResponse"]["compositeResponse"][0]["body"][0];
    assert_eq!(error["errorCode"], "REQUIRED_FIELD_MISSING");
}

#[tokio::test]
async fn graphs_are_bounded_in_number_size_kinds_and_depth() {
    let org = Org::with(Vec::new()).await;
    let read = |number: usize| {
        part(
            &format!("r{number}"),
            "GET",
            "/sobjects/Account/001000000000001",
            Value::Null,
        )
    };
    let chain = |length: usize| -> Vec<Value> {
        let link = |number: usize| {
            let name = match number {
                0 => "A".to_owned(),
                _ => format!("@{{r{}.id}}", number - 1),
            };
            part(
                &format!("r{number}"),
                "POST",
                "/sobjects/Account",
                json!({"Name": name}),
            )
        };
        (0..length).map(link).collect()
    };
    let kinds = |count: usize| -> Vec<Value> {
        let kind = |number: usize| {
            part(
                &format!("r{number}"),
                "GET",
                &format!("/sobjects/T{number}"),
                Value::Null,
            )
        };
        (0..count).map(kind).collect()
    };
    let empty = |count: usize| -> Vec<Value> {
        (0..count)
            .map(|number| graph(&format!("g{number}"), json!([])))
            .collect()
    };
    for (graphs, status) in [
        (empty(75), 200),
        (empty(76), 400),
        (
            vec![graph("g", (0..500).map(read).collect::<Vec<_>>())],
            200,
        ),
        (
            vec![graph("g", (0..501).map(read).collect::<Vec<_>>())],
            400,
        ),
        (vec![graph("g", chain(15))], 200),
        (vec![graph("g", chain(16))], 400),
        (vec![graph("g", kinds(15))], 200),
        (vec![graph("g", kinds(16))], 400),
        (vec![graph("g", json!([])), graph("g", json!([]))], 400),
    ] {
        let answer = org
            .post("/composite/graph", &json!({"graphs": graphs}))
            .await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
}

#[tokio::test]
async fn a_batch_has_25_parts_at_most_and_each_counts() {
    let org = Org::with(Vec::new()).await;
    let batch = |count: usize| {
        let read = json!({"method": "GET", "url": "v59.0/sobjects/Account"});
        json!({"batchRequests": vec![read; count]})
    };
    let used = |answer: &crate::org::Answer| -> u64 {
        let usage = answer.header("sforce-limit-info");
        let used = usage.strip_prefix("api-usage=").expect("the usage");
        used.split('/')
            .next()
            .expect("a number")
            .parse()
            .expect("a number")
    };
    let before = used(&org.get("/sobjects").await);
    let answer = org.post("/composite/batch", &batch(25)).await;
    assert_eq!(answer.json()["hasErrors"], false);
    assert_eq!(used(&org.get("/sobjects").await), before + 27);
    let refusal = org.post("/composite/batch", &batch(26)).await.refusal();
    assert_eq!((refusal.0, refusal.1.as_str()), (400, "LIMIT_EXCEEDED"));
}

#[tokio::test]
async fn the_answers_of_a_batch_have_a_bound_together() {
    const TEXT_CHARACTERS: usize = 30_000;
    const RECORDS: usize = 80;
    let org = Org::with(Vec::new()).await;
    let record = json!({
        "attributes": {"type": "Account"},
        "Name": "Large",
        "Description": "d".repeat(TEXT_CHARACTERS),
    });
    let records = json!({"allOrNone": true, "records": vec![record; RECORDS]});
    let made = org.post("/composite/sobjects", &records).await.json();
    let id = made[0]["id"].as_str().expect("an id");
    let query = json!({"method": "GET", "url": "v59.0/query?q=SELECT+Description+FROM+Account"});
    let mut parts = vec![query; 23];
    parts.push(json!({"method": "GET", "url": format!("v59.0/sobjects/Account/{id}")}));
    let change = json!({"Name": "Changed"});
    let url = format!("v59.0/sobjects/Account/{id}");
    parts.push(json!({"method": "PATCH", "url": url, "richInput": change}));
    let answer = org
        .post("/composite/batch", &json!({"batchRequests": parts}))
        .await;
    let answer = answer.json();
    let results = answer["results"].as_array().expect("a list");
    let rows = |result: &Value| result["result"]["records"].as_array().map_or(0, Vec::len);
    let counts: Vec<usize> = results.iter().map(rows).collect();
    assert_eq!(counts.first(), Some(&RECORDS));
    assert_eq!(counts.get(22), Some(&1), "one record, then pages");
    let last = &results[22]["result"];
    assert_eq!(
        (&last["done"], &last["totalSize"]),
        (&json!(false), &json!(RECORDS))
    );
    assert!(last["nextRecordsUrl"].is_string());
    let texts = counts.iter().sum::<usize>() * TEXT_CHARACTERS;
    assert!(texts < ANSWER_BYTES_MAX + 23 * TEXT_CHARACTERS, "{texts}");
    assert_eq!(results[23]["statusCode"], 413, "{}", results[23]);
    assert_eq!(results[24]["statusCode"], 204, "changes are made");
}
