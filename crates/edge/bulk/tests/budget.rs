//! Bodies that are read as a whole take from the budget of all request bodies. That is one for the process, so these tests
//! have a process of their own.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode};
use landfall_bulk::Bulk;
use landfall_http::Share;
use landfall_model::limits::BODIES_KIB_MAX;
use landfall_store_embedded::JobFolder;
use landfall_test_org::{Reply, TestOrg, send};
use serde_json::json;

async fn post(router: &Router, org: &TestOrg, path: &str, kind: &str, body: &str) -> Reply {
    let request = Request::post(path)
        .header("authorization", format!("Bearer {}", org.token))
        .header("x-sfdc-session", &org.token)
        .header("content-type", kind)
        .body(Body::from(body.to_owned()))
        .expect("a request");
    send(router, request).await
}

/// A boundary, and a job with its data at once.
const MULTIPART: (&str, &str) = (
    "multipart/form-data; boundary=b",
    "--b\r\nContent-Disposition: form-data; name=\"job\"\r\nContent-Type: application/json\r\n\r\n\
     {\"object\":\"Account\",\"operation\":\"insert\"}\r\n\
     --b\r\nContent-Disposition: form-data; name=\"content\"; filename=\"c\"\r\nContent-Type: text/csv\r\n\r\n\
     Name\nA\n\r\n--b--\r\n",
);

#[tokio::test]
async fn bodies_of_jobs_are_refused_when_the_budget_is_used_up() {
    let org = TestOrg::new().await;
    let files = JobFolder::open(org.folder().join("bulk")).expect("a folder");
    let bulk = Bulk::open(org.engine.clone(), org.auth.clone(), Arc::new(files));
    let router = bulk.await.expect("jobs").router();
    let (jobs, queries) = (
        "/services/data/v60.0/jobs/ingest",
        "/services/data/v60.0/jobs/query",
    );
    let classic = "/services/async/61.0/job";
    let json = "application/json";
    let insert = json!({"object": "Account", "operation": "insert"}).to_string();
    let query = json!({"operation": "query", "query": "SELECT Id FROM Account"}).to_string();
    let of_json = json!({"object": "Account", "operation": "insert", "contentType": "JSON"});
    let made = post(&router, &org, classic, json, &of_json.to_string()).await;
    let id = made.json()["id"].as_str().expect("an id").to_owned();
    let batches = format!("{classic}/{id}/batch");
    let requests = [
        (jobs, json, insert.as_str()),
        (jobs, MULTIPART.0, MULTIPART.1),
        (queries, json, query.as_str()),
        (classic, json, insert.as_str()),
        (batches.as_str(), json, r#"[{"Name":"A"}]"#),
    ];

    let mut share = Share::known().expect("nothing is taken");
    share.cover(BODIES_KIB_MAX * 1024).expect("all there is");
    for (path, kind, body) in requests {
        let refused = post(&router, &org, path, kind, body).await;
        let text = String::from_utf8_lossy(&refused.body).into_owned();
        assert_eq!(
            refused.status,
            StatusCode::SERVICE_UNAVAILABLE,
            "{path}: {text}"
        );
    }
    drop(share);
    for (path, kind, body) in requests {
        let taken = post(&router, &org, path, kind, body).await;
        assert!(taken.status.is_success(), "{path}: {taken:?}");
    }

    // What was taken has been given back.
    let mut share = Share::known().expect("nothing is taken");
    assert_eq!(share.cover(BODIES_KIB_MAX * 1024), Ok(()));
}
