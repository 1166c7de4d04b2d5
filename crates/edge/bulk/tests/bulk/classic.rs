//! The Bulk API before 2.0: jobs with batches.

use std::time::Duration;

use http::Request;
use serde_json::{Value, json};

use crate::org::{Answer, JOBS, Org, QUERIES};

const JOB: &str = "/services/async/61.0/job";

const NAMESPACE: &str = "http://www.force.com/2009/06/asyncapi/dataload";

/// Asks as clients of this API do.
async fn ask(org: &Org, method: &str, path: &str, kind: &str, body: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("x-sfdc-session", &org.test.token)
        .header("content-type", kind)
        .body(body.to_owned().into())
        .expect("a request");
    org.send(request).await
}

async fn get(org: &Org, path: &str) -> Answer {
    ask(org, "GET", path, "application/json", "").await
}

/// Makes a job; answers with its path.
async fn job(org: &Org, definition: &Value) -> String {
    let made = ask(
        org,
        "POST",
        JOB,
        "application/json",
        &definition.to_string(),
    )
    .await;
    assert_eq!(
        (made.status, &made.headers["content-type"]),
        (201, &"application/json".parse().expect("a value"))
    );
    format!("{JOB}/{}", made.json()["id"].as_str().expect("an id"))
}

/// The text of the first element of a name.
fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let (_, rest) = xml
        .split_once(&format!("<{name}>"))
        .unwrap_or_else(|| panic!("{name}: {xml}"));
    rest.split_once("</").expect("an end").0
}

/// The id in an answer about a batch.
fn id_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 201, "{answer:?}");
    if answer.headers["content-type"] == "application/json" {
        return answer.json()["id"].as_str().expect("an id").to_owned();
    }
    assert_eq!(answer.headers["content-type"], "application/xml");
    element(&answer.body, "id").to_owned()
}

/// Waits for the end of a batch, and returns its state.
async fn ended(org: &Org, batch: &str) -> (String, Answer) {
    let ended = async {
        loop {
            let answer = get(org, batch).await;
            let state = if answer.body.starts_with('{') {
                answer.json()["state"].as_str().expect("a state").to_owned()
            } else {
                element(&answer.body, "state").to_owned()
            };
            if !["Queued", "InProgress"].contains(&state.as_str()) {
                return (state, answer);
            }
            tokio::task::yield_now().await;
        }
    };
    let ended = tokio::time::timeout(Duration::from_mins(1), ended).await;
    ended.expect("the batch ends")
}

async fn accounts(org: &Org, names: &[&str]) {
    let insert = json!({"object": "Account", "operation": "insert"});
    org.run(&insert, &format!("Name\n{}\n", names.join("\n")))
        .await;
}

#[tokio::test]
async fn a_query_batch_goes_from_its_text_to_its_results() {
    let org = Org::new().await;
    accounts(&org, &["A", "B"]).await;
    let job = job(
        &org,
        &json!({"operation": "queryAll", "object": "Account", "contentType": "CSV"}),
    )
    .await;
    let added = ask(
        &org,
        "POST",
        &format!("{job}/batch"),
        "text/csv",
        "SELECT Name, CreatedDate FROM Account ORDER BY Name",
    )
    .await;
    let start = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><batchInfo xmlns=\"{NAMESPACE}\"><id>751"
    );
    assert!(added.body.starts_with(&start), "{}", added.body);
    assert!(
        added
            .body
            .contains("<state>Queued</state><createdDate>2023-11-14T22:13:20.000Z</createdDate>"),
        "{}",
        added.body
    );
    let id = id_of(&added);
    let batch = format!("{job}/batch/{id}");
    let (state, info) = ended(&org, &batch).await;
    assert_eq!(
        (
            state.as_str(),
            element(&info.body, "numberRecordsProcessed")
        ),
        ("Completed", "2")
    );
    let list = get(&org, &format!("{batch}/result")).await;
    let result = element(&list.body, "result").to_owned();
    assert_eq!(
        list.body,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><result-list xmlns=\"{NAMESPACE}\"><result>{result}</result></result-list>"
        )
    );
    assert!(result.starts_with("752") && result.len() == 18);
    let found = get(&org, &format!("{batch}/result/{result}")).await;
    assert_eq!(
        (found.status, &found.headers["content-type"]),
        (200, &"text/csv".parse().expect("a value"))
    );
    assert_eq!(
        found.body,
        "\"Name\",\"CreatedDate\"\n\"A\",\"2023-11-14T22:13:20.000Z\"\n\"B\",\"2023-11-14T22:13:20.000Z\"\n"
    );
    // It is no job of 2.0.
    assert_eq!(org.get(&format!("{QUERIES}/{id}")).await.status, 404);
    assert_eq!(
        org.get(&format!("{QUERIES}?jobType=V2Query")).await.json()["records"],
        json!([])
    );
    let org = Org::start(org.stop().await, |opened| opened).await;
    assert_eq!(
        get(&org, &format!("{batch}/result/{result}"))
            .await
            .body
            .lines()
            .count(),
        3
    );
}

#[tokio::test]
async fn an_empty_result_differs_from_a_failed_query() {
    let org = Org::new().await;
    let job = job(
        &org,
        &json!({"operation": "query", "object": "Account", "contentType": "CSV"}),
    )
    .await;
    let path = format!("{job}/batch");
    let none = id_of(
        &ask(
            &org,
            "POST",
            &path,
            "text/csv; charset=UTF-8",
            "SELECT Id FROM Account",
        )
        .await,
    );
    let wrong = id_of(
        &ask(
            &org,
            "POST",
            &path,
            "text/csv",
            "SELECT BillingAddress FROM Account",
        )
        .await,
    );
    ended(&org, &format!("{path}/{none}")).await;
    let list = get(&org, &format!("{path}/{none}/result")).await;
    let result = element(&list.body, "result");
    let found = get(&org, &format!("{path}/{none}/result/{result}")).await;
    assert_eq!(found.body, "Records not found for this query");
    let (state, info) = ended(&org, &format!("{path}/{wrong}")).await;
    assert_eq!(state, "Failed");
    assert_eq!(
        element(&info.body, "stateMessage"),
        "InvalidBatch : Failed to process query: FUNCTIONALITY_NOT_ENABLED: Selecting compound data not supported in Bulk Query"
    );
    let refused = get(&org, &format!("{path}/{wrong}/result")).await;
    assert_eq!(
        (refused.status, &refused.json()["exceptionCode"]),
        (400, &json!("InvalidBatch"))
    );
    let shown = get(&org, &job).await;
    assert_eq!(element(&shown.body, "numberBatchesTotal"), "2");
    assert_eq!(element(&shown.body, "numberBatchesFailed"), "1");
}

#[tokio::test]
async fn records_are_changed_as_json() {
    let org = Org::new().await;
    let insert = json!({"operation": "insert", "object": "Thing__c", "contentType": "JSON", "concurrencyMode": 0});
    let job_path = job(&org, &insert).await;
    let batch = format!("{job_path}/batch");
    let records = json!([
        {"Name": "One", "Code__c": "A", "Amount__c": 1.5, "Ready__c": true},
        {"Name": "Two", "Other__r": {"Code__c": "A"}},
        {"Name": "Three", "Amount__c": "much"},
    ]);
    let added = ask(
        &org,
        "POST",
        &batch,
        "application/json",
        &records.to_string(),
    )
    .await;
    assert_eq!(added.json()["state"], "Queued");
    let batch = format!("{batch}/{}", id_of(&added));
    let (state, info) = ended(&org, &batch).await;
    assert_eq!(
        (state.as_str(), &info.json()["numberRecordsFailed"]),
        ("Completed", &json!(2))
    );
    let results = get(&org, &format!("{batch}/result")).await;
    let results = results.json();
    assert_eq!(
        (
            &results[0]["success"],
            &results[0]["created"],
            &results[0]["errors"]
        ),
        (&json!(true), &json!(true), &json!([]))
    );
    assert!(results[0]["id"].as_str().expect("an id").starts_with("a0"));
    assert_eq!(
        (&results[2]["success"], &results[2]["id"]),
        (&json!(false), &json!(null))
    );
    assert_eq!(
        results[2]["errors"],
        json!([{"statusCode": "INVALID_TYPE_ON_FIELD_IN_RECORD", "message": "Amount: value not of required type: much",
                "fields": ["Amount__c"], "extendedErrorDetails": null}])
    );
    let closed = ask(
        &org,
        "POST",
        &job_path,
        "application/json",
        r#"{"state":"Closed"}"#,
    )
    .await;
    assert_eq!(
        (closed.status, &closed.json()["state"]),
        (200, &json!("Closed"))
    );
    assert_eq!(closed.json()["apiVersion"], 61.0);
}

#[tokio::test]
async fn records_are_found_as_json() {
    let org = Org::new().await;
    let insert = json!({"object": "Thing__c", "operation": "insert"});
    org.run(&insert, "Name,Amount__c,Ready__c\nOne,1.5,true\n")
        .await;
    let query = json!({"operation": "query", "object": "Thing__c", "contentType": "JSON"});
    let batch = format!("{}/batch", job(&org, &query).await);
    let statement = "SELECT Id, Name, Amount__c, Ready__c, CreatedDate, Owner.Username, Other__r.Name FROM Thing__c";
    let id = id_of(&ask(&org, "POST", &batch, "application/json", statement).await);
    ended(&org, &format!("{batch}/{id}")).await;
    let list = get(&org, &format!("{batch}/{id}/result")).await.json();
    let found = get(
        &org,
        &format!("{batch}/{id}/result/{}", list[0].as_str().expect("an id")),
    )
    .await;
    assert_eq!(found.headers["content-type"], "application/json");
    let found = found.json();
    let id = found[0]["Id"].as_str().expect("an id");
    assert_eq!(
        found[0],
        json!({
            "attributes": {"type": "Thing__c", "url": format!("/services/data/v61.0/sobjects/Thing__c/{id}")},
            "Id": id, "Name": "One", "Amount__c": 1.5, "Ready__c": true,
            // Source: issue 290 of simple-salesforce.
            "CreatedDate": 1_700_000_000_000_i64,
            "Owner": {
                "attributes": found[0]["Owner"]["attributes"].clone(), "Username": "admin@landfall.test"
            },
            "Other__r": null
        })
    );
}

/// Source: "Get a Batch Request" (Bulk API 2.0 and Bulk API Developer Guide).
#[tokio::test]
async fn the_request_of_a_batch_is_shown_as_it_came() {
    let org = Org::new().await;
    let records =
        format!("<sObjects xmlns=\"{NAMESPACE}\"><sObject><Name>A</Name></sObject></sObjects>");
    for (operation, form, kind, body) in [
        ("insert", "CSV", "text/csv", "Name\r\nA\r\n"),
        (
            "insert",
            "JSON",
            "application/json",
            "[ {\"Name\": \"A\", \"Site\": null} ]\n",
        ),
        ("insert", "XML", "application/xml", records.as_str()),
        ("query", "CSV", "text/csv", "SELECT Id  FROM Account"),
    ] {
        let definition = json!({"operation": operation, "object": "Account", "contentType": form});
        let job = job(&org, &definition).await;
        let added = ask(&org, "POST", &format!("{job}/batch"), kind, body).await;
        let batch = format!("{job}/batch/{}", id_of(&added));
        let shown = get(&org, &format!("{batch}/request")).await;
        assert_eq!((shown.status, shown.body.as_str()), (200, body));
        assert_eq!(shown.headers["content-type"], kind);
        assert_eq!(ended(&org, &batch).await.0, "Completed");
        let shown = get(&org, &format!("{batch}/request")).await;
        assert_eq!(shown.body, body);
    }
}

#[tokio::test]
async fn records_are_changed_as_xml() {
    let org = Org::new().await;
    let definition = format!(
        "<?xml version=\"1.0\"?><jobInfo xmlns=\"{NAMESPACE}\"><operation>upsert</operation><object>thing__c</object>\
        <externalIdFieldName>Code__c</externalIdFieldName></jobInfo>"
    );
    let made = ask(
        &org,
        "POST",
        JOB,
        "application/xml; charset=UTF-8",
        &definition,
    )
    .await;
    let job = format!("{JOB}/{}", id_of(&made));
    assert!(
        made.body
            .contains("<operation>upsert</operation><object>Thing__c</object><createdById>005"),
        "{}",
        made.body
    );
    assert!(
        made.body
            .contains("<contentType>XML</contentType><numberBatchesQueued>0</numberBatchesQueued>")
    );
    let records = "<sObjects xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><sObject><Code__c>A</Code__c><Name>1 &lt; 2</Name></sObject>\
        <sObject><Name>B</Name><Amount__c xsi:nil=\"true\"/></sObject></sObjects>";
    let added = ask(
        &org,
        "POST",
        &format!("{job}/batch"),
        "application/xml",
        records,
    )
    .await;
    let batch = format!("{job}/batch/{}", id_of(&added));
    assert_eq!(ended(&org, &batch).await.0, "Completed");
    let results = get(&org, &format!("{batch}/result")).await;
    assert_eq!(results.headers["content-type"], "application/xml");
    assert!(
        results
            .body
            .contains("<success>true</success><created>true</created>"),
        "{}",
        results.body
    );
    assert!(
        results.body.contains("<errors><message>Code__c not specified</message><statusCode>MISSING_ARGUMENT</statusCode></errors>"),
        "{}",
        results.body
    );
    let list = get(&org, &format!("{job}/batch")).await;
    assert!(
        list.body.contains(&format!(
            "<batchInfoList xmlns=\"{NAMESPACE}\"><batchInfo><id>"
        )),
        "{}",
        list.body
    );
}

#[tokio::test]
async fn records_are_found_as_xml() {
    let org = Org::new().await;
    let insert = json!({"object": "Thing__c", "operation": "insert"});
    org.run(&insert, "Name\n1 < 2\n").await;
    let query = json!({"operation": "query", "object": "Thing__c", "contentType": "XML"});
    let batch = format!("{}/batch", job(&org, &query).await);
    let id = id_of(
        &ask(
            &org,
            "POST",
            &batch,
            "application/xml",
            "SELECT Name, Owner.Username FROM Thing__c",
        )
        .await,
    );
    ended(&org, &format!("{batch}/{id}")).await;
    let list = get(&org, &format!("{batch}/{id}/result")).await;
    let result = element(&list.body, "result");
    let found = get(&org, &format!("{batch}/{id}/result/{result}")).await;
    assert!(
        found.body.ends_with(
            "<records xsi:type=\"sObject\"><type>Thing__c</type><Id xsi:nil=\"true\"/><Name>1 &lt; 2</Name>\
             <Owner xsi:type=\"sObject\"><type>Name</type><Id xsi:nil=\"true\"/><Username>admin@landfall.test</Username></Owner>\
             </records></queryResult>"
        ),
        "{}",
        found.body
    );
}

#[tokio::test]
async fn csv_results_follow_the_order_of_the_data() {
    let org = Org::new().await;
    let insert = json!({"operation": "insert", "object": "Account", "contentType": "CSV"});
    let batch = format!("{}/batch", job(&org, &insert).await);
    let id = id_of(
        &ask(
            &org,
            "POST",
            &batch,
            "text/csv",
            "Name,Phone\r\nA,1\r\n,2\r\n",
        )
        .await,
    );
    ended(&org, &format!("{batch}/{id}")).await;
    let results = get(&org, &format!("{batch}/{id}/result")).await.body;
    let lines: Vec<&str> = results.lines().collect();
    assert_eq!(lines[0], "\"Id\",\"Success\",\"Created\",\"Error\"");
    assert!(
        lines[1].starts_with("\"001") && lines[1].ends_with("\",\"true\",\"true\",\"\""),
        "{results}"
    );
    assert_eq!(
        lines[2],
        "\"\",\"false\",\"false\",\"REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --\""
    );
}

#[tokio::test]
async fn an_aborted_job_does_not_process_what_still_waits() {
    let org = Org::new().await;
    org.pause();
    let insert = json!({"operation": "insert", "object": "Account", "contentType": "JSON"});
    let job = job(&org, &insert).await;
    let added = ask(
        &org,
        "POST",
        &format!("{job}/batch"),
        "application/json",
        r#"[{"Name":"A"}]"#,
    )
    .await;
    let batch = format!("{job}/batch/{}", id_of(&added));
    let aborted = ask(
        &org,
        "POST",
        &job,
        "application/json",
        r#"{"state":"Aborted"}"#,
    )
    .await;
    assert_eq!(aborted.json()["state"], "Aborted");
    assert_eq!(get(&org, &batch).await.json()["state"], "NotProcessed");
    for (body, code, message) in [
        (
            r#"{"state":"Aborted"}"#,
            "InvalidJobState",
            "Aborting already Aborted Job not allowed",
        ),
        (
            r#"{"state":"Closed"}"#,
            "InvalidJobState",
            "Closing already Aborted Job not allowed",
        ),
        (r#"{"state":"Open"}"#, "InvalidJob", "Unable to parse Job"),
    ] {
        let refused = ask(&org, "POST", &job, "application/json", body).await;
        assert_eq!(
            refused.json(),
            json!({"exceptionCode": code, "exceptionMessage": message})
        );
    }
    let late = ask(
        &org,
        "POST",
        &format!("{job}/batch"),
        "application/json",
        "[]",
    )
    .await;
    assert_eq!(late.json()["exceptionCode"], "InvalidJobState");
}

#[tokio::test]
async fn refusals_come_in_the_form_of_the_request() {
    let org = Org::new().await;
    let unknown = get(&org, &format!("{JOB}/7505f0000000001")).await;
    assert_eq!(
        (unknown.status, &unknown.headers["content-type"]),
        (400, &"application/json".parse().expect("a value"))
    );
    assert_eq!(
        unknown.json(),
        json!({"exceptionCode": "InvalidJob", "exceptionMessage": "Invalid job id: 7505f0000000001"})
    );
    let unknown = ask(&org, "GET", &format!("{JOB}/x"), "application/xml", "").await;
    assert_eq!(
        (unknown.status, &unknown.headers["content-type"]),
        (400, &"application/xml".parse().expect("a value"))
    );
    assert_eq!(
        unknown.body,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><error xmlns=\"{NAMESPACE}\"><exceptionCode>InvalidJob</exceptionCode>\
                 <exceptionMessage>Invalid job id: x</exceptionMessage></error>"
        )
    );
    let stranger = Request::post(JOB)
        .header("x-sfdc-session", "00D!wrong")
        .header("content-type", "application/json")
        .body("{}".into())
        .expect("a request");
    let refused = org.send(stranger).await;
    assert_eq!(
        (refused.status, refused.body.as_str()),
        (
            400,
            r#"{"exceptionCode":"InvalidSessionId","exceptionMessage":"Invalid session id"}"#
        )
    );
    for (path, body, code) in [
        (
            JOB,
            r#"{"operation":"insert","object":"Nope"}"#,
            "InvalidJob",
        ),
        (JOB, r#"{"operation":"insert"}"#, "InvalidJob"),
        (
            JOB,
            r#"{"operation":"INSERT","object":"Account"}"#,
            "InvalidJob",
        ),
        (
            JOB,
            r#"{"operation":"insert","object":"Account","contentType":"ZIP_CSV"}"#,
            "InvalidJob",
        ),
        (
            JOB,
            r#"{"operation":"hardDelete","object":"Account"}"#,
            "FeatureNotEnabled",
        ),
        (JOB, "[", "InvalidJob"),
        ("/services/async/61.0/jobs", "{}", "InvalidUrl"),
        ("/services/async/1.0/job", "{}", "InvalidUrl"),
    ] {
        let refused = ask(&org, "POST", path, "application/json", body).await;
        assert_eq!(
            (refused.status, &refused.json()["exceptionCode"]),
            (400, &json!(code)),
            "{path} {body}"
        );
    }
}

#[tokio::test]
async fn a_batch_that_cannot_be_is_refused() {
    let org = Org::new().await;
    let job = job(
        &org,
        &json!({"operation": "insert", "object": "Account", "contentType": "JSON"}),
    )
    .await;
    let batch = format!("{job}/batch");
    for (kind, body, code) in [
        ("text/csv", "Name\nA\n", "ClientInputError"),
        ("application/json", "{", "InvalidBatch"),
    ] {
        let refused = ask(&org, "POST", &batch, kind, body).await;
        assert_eq!(refused.status, 400, "{refused:?}");
        assert!(refused.body.contains(code), "{refused:?}");
    }
    let refused = get(&org, &format!("{batch}/7515f0000000001")).await;
    assert_eq!(refused.json()["exceptionCode"], "InvalidBatch");
}

#[tokio::test]
async fn jobs_with_batches_are_forgotten_after_a_week() {
    let org = Org::new().await;
    let insert = json!({"operation": "insert", "object": "Account", "contentType": "JSON"});
    let job_path = job(&org, &insert).await;
    let added = ask(
        &org,
        "POST",
        &format!("{job_path}/batch"),
        "application/json",
        r#"[{"Name":"A"}]"#,
    )
    .await;
    let batch = format!("{job_path}/batch/{}", id_of(&added));
    ended(&org, &batch).await;
    let stopped = org.stop().await;
    stopped.clock.advance(Duration::from_hours(8 * 24));
    let org = Org::start(stopped, |opened| opened).await;
    assert_eq!(get(&org, &batch).await.json()["state"], "Completed");
    job(&org, &insert).await;
    assert_eq!(get(&org, &job_path).await.status, 400);
    assert_eq!(
        std::fs::read_dir(org.test.folder().join("bulk"))
            .expect("a folder")
            .count(),
        0
    );
}

#[tokio::test]
async fn jobs_with_batches_are_in_the_lists_of_others() {
    let org = Org::new().await;
    let query = json!({"operation": "queryAll", "object": "Account", "contentType": "CSV"});
    let path = job(&org, &query).await;
    for list in [QUERIES, JOBS] {
        for (parameters, count) in [("", 1), ("?jobType=Classic", 1), ("?jobType=V2Query", 0)] {
            let listed = org.get(&format!("{list}{parameters}")).await.json();
            let listed = listed["records"].as_array().expect("jobs");
            assert_eq!(listed.len(), count, "{list}{parameters}");
            for job in listed {
                assert!(path.ends_with(job["id"].as_str().expect("an id")));
                assert_eq!(
                    (
                        &job["jobType"],
                        &job["state"],
                        &job["operation"],
                        &job["contentType"]
                    ),
                    (
                        &json!("Classic"),
                        &json!("Open"),
                        &json!("queryAll"),
                        &json!("CSV")
                    )
                );
            }
        }
    }
}
