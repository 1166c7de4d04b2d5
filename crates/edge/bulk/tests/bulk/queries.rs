//! Jobs that find records, from their beginning to their pages.

use std::io::{Read, Write};

use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use http::Request;
use landfall_store::{Document, DocumentKind};
use serde_json::{Value, json};

use crate::org::{Answer, JOBS, Org, QUERIES, rows};

fn query(statement: &str) -> Value {
    json!({"operation": "query", "query": statement})
}

/// The members of an object, in their order.
fn members(answer: &Answer) -> Vec<String> {
    let text = &answer.body;
    let mut found: Vec<(usize, String)> = answer
        .json()
        .as_object()
        .expect("an object")
        .keys()
        .map(|key| {
            (
                text.find(&format!("\"{key}\":")).expect("it is there"),
                key.clone(),
            )
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, key)| key).collect()
}

async fn accounts(org: &Org, count: usize) {
    let insert = json!({"object": "Account", "operation": "insert"});
    let (ended, _) = org.run(&insert, &format!("Name\n{}", rows(count))).await;
    assert_eq!(ended["numberRecordsFailed"], 0);
}

/// The response to the creation of a query.
const MADE: [&str; 12] = [
    "id",
    "operation",
    "object",
    "createdById",
    "createdDate",
    "systemModstamp",
    "state",
    "concurrencyMode",
    "contentType",
    "apiVersion",
    "lineEnding",
    "columnDelimiter",
];

/// The response to a request for its state.
const SHOWN: [&str; 17] = [
    "id",
    "operation",
    "object",
    "createdById",
    "createdDate",
    "systemModstamp",
    "state",
    "concurrencyMode",
    "contentType",
    "apiVersion",
    "jobType",
    "lineEnding",
    "columnDelimiter",
    "numberRecordsProcessed",
    "retries",
    "totalProcessingTime",
    "isPkChunkingSupported",
];

#[tokio::test]
async fn explain_answers_as_documented() {
    let org = Org::new().await;
    accounts(&org, 3).await;
    let made = org
        .post(
            QUERIES,
            &json!({
                "operation": "query", "query": "SELECT Name, Id FROM account ORDER BY Name", "contentType": "CSV",
                "columnDelimiter": "COMMA", "lineEnding": "LF"
            }),
        )
        .await;
    assert_eq!(made.status, 200, "{made:?}");
    assert_eq!(members(&made), MADE);
    let body = made.json();
    assert_eq!(
        (&body["object"], &body["state"]),
        (&json!("Account"), &json!("UploadComplete"))
    );
    let job = format!("{QUERIES}/{}", body["id"].as_str().expect("an id"));
    org.ended(&job).await;
    let shown = org.get(&job).await;
    assert_eq!(members(&shown), SHOWN);
    let shown = shown.json();
    assert_eq!(
        (
            &shown["state"],
            &shown["jobType"],
            &shown["numberRecordsProcessed"],
            &shown["isPkChunkingSupported"]
        ),
        (
            &json!("JobComplete"),
            &json!("V2Query"),
            &json!(3),
            &json!(true)
        )
    );
}

#[tokio::test]
async fn a_query_goes_from_its_creation_to_its_results() {
    let org = Org::new().await;
    accounts(&org, 3).await;
    let job = org
        .query("SELECT Name, Id FROM account ORDER BY Name")
        .await;
    org.ended(&job).await;
    let results = org.get(&format!("{job}/results")).await;
    assert_eq!(
        (results.status, &results.headers["content-type"]),
        (200, &"text/csv".parse().expect("a value"))
    );
    assert_eq!(results.headers["sforce-locator"], "null");
    assert_eq!(results.headers["sforce-numberofrecords"], "3");
    assert!(
        results.body.starts_with("\"Name\",\"Id\"\n\"N0\",\"001"),
        "{}",
        results.body
    );
    assert!(results.body.ends_with("\"\n") && results.body.lines().count() == 4);
}

#[tokio::test]
async fn values_of_every_type_are_written_as_they_are_documented() {
    let org = Org::new().await;
    let upsert =
        json!({"object": "Thing__c", "operation": "upsert", "externalIdFieldName": "Code__c"});
    let data = "Code__c,Name,Amount__c,Ready__c\nA,One,1.5,true\nB,\"say \"\"hi\"\", twice\",2,\n";
    org.run(&upsert, data).await;
    org.run(&upsert, "Code__c,Other__r.Code__c\nB,A\n").await;
    let found = org
        .found("SELECT name, Other__r.Name, Amount__c, t.Ready__c, Code__c, Other__r.Amount__c, CreatedDate FROM Thing__c t ORDER BY Code__c")
        .await;
    assert_eq!(
        found,
        "\"Name\",\"Other__r.Name\",\"Amount__c\",\"Ready__c\",\"Code__c\",\"Other__r.Amount__c\",\"CreatedDate\"\n\
         \"One\",\"\",\"1.5\",\"true\",\"A\",\"\",\"2023-11-14T22:13:20.000Z\"\n\
         \"say \"\"hi\"\", twice\",\"One\",\"2.0\",\"false\",\"B\",\"1.5\",\"2023-11-14T22:13:20.000Z\"\n"
    );
    let insert = json!({"object": "Account", "operation": "insert"});
    org.run(
        &insert,
        "Name,Industry,NumberOfEmployees,AnnualRevenue\nA,Banking,5,1000\n",
    )
    .await;
    assert_eq!(
        org.found("SELECT toLabel(Industry), NumberOfEmployees, AnnualRevenue, Phone FROM Account")
            .await,
        "\"Industry\",\"NumberOfEmployees\",\"AnnualRevenue\",\"Phone\"\n\"Banking\",\"5\",\"1000.0\",\"\"\n"
    );
    // Without records there is the header.
    assert_eq!(
        org.found("SELECT Id, Name FROM Lead").await,
        "\"Id\",\"Name\"\n"
    );
}

#[tokio::test]
async fn results_come_in_pages_of_the_size_that_is_asked_for() {
    let org = Org::new().await;
    accounts(&org, 25).await;
    let job = org.query("SELECT Name FROM Account ORDER BY Name").await;
    org.ended(&job).await;
    let mut locator = String::new();
    let mut pages = Vec::new();
    let mut names = Vec::new();
    loop {
        let page = org
            .get(&format!("{job}/results?maxRecords=10&locator={locator}"))
            .await;
        assert_eq!(page.status, 200, "{page:?}");
        let mut lines = page.body.lines();
        assert_eq!(lines.next(), Some("\"Name\""));
        names.extend(lines.map(str::to_owned));
        pages.push(
            page.headers["sforce-numberofrecords"]
                .to_str()
                .expect("a number")
                .to_owned(),
        );
        page.headers["sforce-locator"]
            .to_str()
            .expect("a locator")
            .clone_into(&mut locator);
        if locator == "null" {
            break;
        }
        // The same page again is the same page.
        let again = org
            .get(&format!("{job}/results?maxRecords=10&locator={locator}"))
            .await;
        assert_eq!(
            again.body,
            org.get(&format!("{job}/results/?maxRecords=10&locator={locator}"))
                .await
                .body
        );
    }
    assert_eq!(pages, ["10", "10", "5"]);
    let mut sorted = names.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!((names.len(), &names), (25, &sorted));
    let side_by_side = org.get(&format!("{job}/resultPages")).await.json();
    assert_eq!(
        (&side_by_side["done"], &side_by_side["nextRecordsUrl"]),
        (&json!(true), &json!(null))
    );
    let url = side_by_side["resultPages"][0]["resultUrl"]
        .as_str()
        .expect("an address");
    let page = org.get(url).await;
    assert_eq!(
        (page.body.lines().count(), &page.headers["sforce-locator"]),
        (26, &"null".parse().expect("a value"))
    );
    for (parameters, code) in [
        ("locator=nonsense", "INVALID_QUERY_LOCATOR"),
        ("locator=MTAwMDA", "INVALID_QUERY_LOCATOR"),
        ("maxRecords=0", "CLIENTINPUTERROR"),
        ("maxRecords=many", "CLIENTINPUTERROR"),
    ] {
        let refused = org
            .get(&format!("{job}/results?{parameters}"))
            .await
            .refusal();
        assert_eq!((refused.0, refused.1.as_str()), (400, code));
    }
}

#[tokio::test]
async fn results_may_have_other_delimiters_and_line_ends() {
    let org = Org::new().await;
    accounts(&org, 2).await;
    let made = org
        .post(
            QUERIES,
            &json!({
                "operation": "query", "query": "SELECT Name, IsDeleted FROM Account ORDER BY Name",
                "columnDelimiter": "CARET", "lineEnding": "CRLF"
            }),
        )
        .await
        .json();
    let job = format!("{QUERIES}/{}", made["id"].as_str().expect("an id"));
    org.ended(&job).await;
    let page = org.get(&format!("{job}/results?maxRecords=1")).await;
    assert_eq!(page.body, "\"Name\"^\"IsDeleted\"\r\n\"N0\"^\"false\"\r\n");
    let locator = page.headers["sforce-locator"].to_str().expect("a locator");
    let rest = org.get(&format!("{job}/results?locator={locator}")).await;
    assert_eq!(rest.body, "\"Name\"^\"IsDeleted\"\r\n\"N1\"^\"false\"\r\n");
}

#[tokio::test]
async fn columns_were_in_alphabetical_order_before_version_50() {
    let org = Org::new().await;
    let path = "/services/data/v49.0/jobs/query";
    let made = org
        .post(path, &query("SELECT Name, Id FROM Account"))
        .await
        .json();
    let job = format!("{path}/{}", made["id"].as_str().expect("an id"));
    org.ended(&job).await;
    assert_eq!(org.results(&job, "results").await, "\"Id\",\"Name\"\n");
    let id = job.rsplit('/').next().expect("an id");
    let differs = org.get(&format!("{QUERIES}/{id}/results")).await;
    assert_eq!(differs.status, 409, "{differs:?}");
}

#[tokio::test]
async fn deleted_records_are_found_by_query_all_only() {
    let org = Org::new().await;
    accounts(&org, 2).await;
    let ids = org
        .found("SELECT Id FROM Account LIMIT 1")
        .await
        .replace('"', "");
    let delete = json!({"object": "Account", "operation": "delete"});
    org.run(&delete, &ids).await;
    assert_eq!(
        org.found("SELECT Name FROM Account").await.lines().count(),
        2
    );
    let all = json!({"operation": "queryAll", "query": "SELECT Name FROM Account WHERE IsDeleted = true"});
    let made = org.post(QUERIES, &all).await.json();
    let job = format!("{QUERIES}/{}", made["id"].as_str().expect("an id"));
    assert_eq!(org.ended(&job).await["operation"], "queryAll");
    assert_eq!(org.results(&job, "results").await.lines().count(), 2);
}

#[tokio::test]
async fn a_query_that_cannot_be_a_job_is_refused() {
    let org = Org::new().await;
    for (statement, code, message) in [
        (
            "SELECT BillingAddress FROM Account",
            "API_ERROR",
            "Selecting compound data not supported in Bulk Query",
        ),
        (
            "SELECT Account.BillingAddress FROM Contact",
            "API_ERROR",
            "Selecting compound data not supported in Bulk Query",
        ),
        (
            "SELECT Id, (SELECT Id FROM Contacts) FROM Account",
            "API_ERROR",
            "Aggregate Relationships not supported in Bulk V2 Query with CSV content type",
        ),
        (
            "SELECT COUNT() FROM Account",
            "API_ERROR",
            "Aggregate functions and GROUP BY not supported in Bulk Query",
        ),
        (
            "SELECT COUNT(Id) FROM Account",
            "API_ERROR",
            "Aggregate functions and GROUP BY not supported in Bulk Query",
        ),
        (
            "SELECT Name FROM Account GROUP BY Name",
            "API_ERROR",
            "Aggregate functions and GROUP BY not supported in Bulk Query",
        ),
        (
            "SELECT Name FROM Account LIMIT 5 OFFSET 5",
            "API_ERROR",
            "OFFSET not supported in Bulk Query",
        ),
        (
            "SELECT TYPEOF What WHEN Account THEN Name END FROM Task",
            "API_ERROR",
            "TYPEOF not supported in Bulk Query",
        ),
        ("SELECT Id FROM", "API_ERROR", "unexpected token: '<EOF>'"),
        (
            "SELECT Nope FROM Account",
            "API_ERROR",
            "No such column 'Nope' on entity 'Account'",
        ),
        (
            "SELECT Id FROM Nope",
            "API_ERROR",
            "sObject type 'Nope' is not supported",
        ),
    ] {
        let (status, given, text) = org.post(QUERIES, &query(statement)).await.refusal();
        assert_eq!((status, given.as_str()), (400, code), "{statement}: {text}");
        assert!(text.contains(message), "{statement}: {text}");
    }
    for definition in [
        json!({"operation": "query"}),
        json!({"operation": "insert", "query": "SELECT Id FROM Account"}),
        json!({"operation": "query", "query": "SELECT Id FROM Account", "contentType": "XML"}),
        json!({"operation": "query", "query": 5}),
    ] {
        let refused = org.post(QUERIES, &definition).await.refusal();
        assert_eq!(
            (refused.0, refused.1.as_str(), refused.2.as_str()),
            (400, "INVALIDJOB", "Unable to parse Job")
        );
    }
}

#[tokio::test]
async fn a_query_that_has_not_ended_is_aborted_and_then_deleted() {
    let org = Org::new().await;
    org.pause();
    let job = org.query("SELECT Id FROM Account").await;
    assert_eq!(org.get(&format!("{job}/results")).await.refusal().0, 400);
    let aborted = org.patch(&job, &json!({"state": "Aborted"})).await;
    assert_eq!(
        members(&aborted),
        [
            "id",
            "operation",
            "object",
            "createdById",
            "createdDate",
            "systemModstamp",
            "state",
            "concurrencyMode",
            "contentType",
            "apiVersion"
        ]
    );
    assert_eq!(aborted.json()["state"], "Aborted");
    assert_eq!(
        org.get(&format!("{job}/results")).await.refusal().1,
        "INVALIDJOBSTATE"
    );
    let deleted = org.ask("DELETE", &job, "", "").await;
    assert_eq!((deleted.status, deleted.body.as_str()), (204, ""));
    assert_eq!(
        org.get(&job).await.refusal(),
        (
            404,
            "NOT_FOUND".to_owned(),
            "The requested resource does not exist".to_owned()
        )
    );
}

#[tokio::test]
async fn a_query_that_has_ended_cannot_be_aborted_and_takes_its_file_along() {
    let org = Org::new().await;
    let job = org.query("SELECT Id FROM Account").await;
    org.ended(&job).await;
    let refused = org
        .patch(&job, &json!({"state": "Aborted"}))
        .await
        .refusal();
    assert_eq!(refused.2, "Aborting already Completed Job not allowed");
    assert_eq!((refused.0, refused.1.as_str()), (400, "INVALIDJOBSTATE"));
    let files = || {
        std::fs::read_dir(org.test.folder().join("bulk"))
            .expect("a folder")
            .count()
    };
    assert_eq!(files(), 1);
    assert_eq!(org.ask("DELETE", &job, "", "").await.status, 204);
    assert_eq!(files(), 0);
}

#[tokio::test]
async fn results_survive_a_restart() {
    let org = Org::new().await;
    accounts(&org, 5).await;
    let job = org.query("SELECT Name FROM Account").await;
    org.ended(&job).await;
    let org = Org::start(org.stop().await, |opened| opened).await;
    assert_eq!(org.results(&job, "results").await.lines().count(), 6);
}

#[tokio::test]
async fn each_kind_of_job_has_its_own_list() {
    let org = Org::new().await;
    let found = org.query("SELECT Id FROM Account").await;
    let changing = org
        .job(&json!({"object": "Account", "operation": "insert"}))
        .await;
    for (path, expected) in [
        (QUERIES.to_owned(), vec![&found]),
        (
            format!(
                "{QUERIES}?jobType=V2Query&isPkChunkingEnabled=false&concurrencyMode=parallel&queryLocator="
            ),
            vec![&found],
        ),
        (format!("{QUERIES}?isPkChunkingEnabled=true"), vec![]),
        (format!("{QUERIES}?concurrencyMode=serial"), vec![]),
        (format!("{JOBS}?jobType=V2Ingest"), vec![&changing]),
    ] {
        let list = org.get(&path).await.json();
        let ids = list["records"].as_array().expect("jobs").iter();
        let ids: Vec<&str> = ids.map(|job| job["id"].as_str().expect("an id")).collect();
        assert_eq!(ids.len(), expected.len(), "{path}");
        assert!(
            ids.iter()
                .zip(expected)
                .all(|(id, path)| path.ends_with(id)),
            "{path}"
        );
    }
    // A job is no resource of the other kind.
    let id = found.rsplit('/').next().expect("an id");
    assert_eq!(org.get(&format!("{JOBS}/{id}")).await.status, 404);
}

#[tokio::test]
async fn a_query_of_another_user_is_not_there() {
    let org = Org::new().await;
    let job = org.query("SELECT Id FROM Account").await;
    let token = org.test.standard_user("other@landfall.test").await;
    let asked = |path: &str| {
        Request::get(path)
            .header("authorization", format!("Bearer {token}"))
            .body("".into())
            .expect("a request")
    };
    assert_eq!(org.send(asked(&job)).await.status, 404);
    assert_eq!(org.send(asked(&format!("{job}/results"))).await.status, 404);
    assert_eq!(org.send(asked(QUERIES)).await.json()["records"], json!([]));
}

#[tokio::test]
async fn data_and_results_may_be_compressed() {
    let org = Org::new().await;
    let job = org
        .job(&json!({"object": "Account", "operation": "insert"}))
        .await;
    let mut packed = GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed
        .write_all(format!("Name\n{}", rows(500)).as_bytes())
        .expect("in memory");
    let upload = |encoding: &str, body: Vec<u8>| {
        Request::put(format!("{job}/batches"))
            .header("authorization", format!("Bearer {}", org.test.token))
            .header("content-type", "text/csv")
            .header("content-encoding", encoding)
            .body(body.into())
            .expect("a request")
    };
    assert_eq!(org.send(upload("br", b"Name".to_vec())).await.status, 415);
    let broken = org.send(upload("gzip", b"Name\nA\n".to_vec())).await;
    assert_eq!(
        (broken.status, broken.refusal().1.as_str()),
        (400, "JSON_PARSER_ERROR")
    );
    let packed = packed.finish().expect("in memory");
    assert_eq!(org.send(upload("gzip", packed)).await.status, 201);
    org.patch(&job, &json!({"state": "UploadComplete"})).await;
    assert_eq!(org.ended(&job).await["numberRecordsProcessed"], 500);
    let job = org.query("SELECT Name FROM Account").await;
    org.ended(&job).await;
    let asked = Request::get(format!("{job}/results"))
        .header("authorization", format!("Bearer {}", org.test.token))
        .header("accept-encoding", "gzip")
        .body("".into())
        .expect("a request");
    let (headers, body) = org.bytes(asked).await;
    assert_eq!(headers["content-encoding"], "gzip");
    assert_eq!(headers["sforce-numberofrecords"], "500");
    let mut unpacked = String::new();
    GzDecoder::new(&*body)
        .read_to_string(&mut unpacked)
        .expect("a packed text");
    assert_eq!(unpacked.lines().count(), 501);
}

#[tokio::test]
async fn no_query_is_taken_when_there_is_no_room_for_what_it_finds() {
    let org = Org::new().await;
    let job = org.query("SELECT Id FROM Account").await;
    org.ended(&job).await;
    let id = job.rsplit('/').next().expect("an id").to_owned();
    let kept = org.test.engine.document(DocumentKind::BulkJob, id.clone());
    let kept = kept.await.expect("readable").expect("a job");
    let mut kept: Value = serde_json::from_slice(&kept).expect("JSON");
    // As if it had found more than is stored.
    kept["content"] = json!(2_u64.pow(41));
    let document = Document {
        kind: DocumentKind::BulkJob,
        key: id,
        content: Some(kept.to_string().into_bytes()),
    };
    org.test.engine.put(vec![document]).await.expect("kept");
    let org = Org::start(org.stop().await, |opened| opened).await;
    let refused = org.post(QUERIES, &query("SELECT Id FROM Account")).await;
    assert_eq!(
        refused.refusal(),
        (
            400,
            "LIMIT_EXCEEDED".to_owned(),
            "Max bulk v2 query result size stored (1000000000) kb per 24 hrs has been exceeded"
                .to_owned()
        )
    );
    assert_eq!(org.ask("DELETE", &job, "", "").await.status, 204);
    let taken = org.post(QUERIES, &query("SELECT Id FROM Account")).await;
    assert_eq!(taken.status, 200);
}

#[tokio::test]
async fn answers_about_jobs_have_the_request_count() {
    let org = Org::new().await;
    for (path, status, used) in [(QUERIES, 200, 1), (JOBS, 200, 2)] {
        let answer = org.get(path).await;
        assert_eq!(answer.status, status);
        let usage = answer.headers["sforce-limit-info"]
            .to_str()
            .expect("a text");
        assert_eq!(usage, format!("api-usage={used}/15000"));
    }
    let refused = org.get(&format!("{JOBS}/x")).await;
    assert_eq!(
        (refused.status, &refused.headers["sforce-limit-info"]),
        (404, &"api-usage=3/15000".parse().expect("a value"))
    );
}
