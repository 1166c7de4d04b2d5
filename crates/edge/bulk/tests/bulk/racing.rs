//! Requests about one job at once: each is answered, whatever the other one does.
//!
//! The order of locks is checked in every test (`landfall_lock`): a pair that takes them in opposite order panics here even
//! when it happens not to wait for each other.

use std::sync::Arc;
use std::time::Duration;

use http::Request;
use serde_json::json;

use crate::org::{Answer, JOBS, Org, QUERIES};

const CLASSIC: &str = "/services/async/61.0/job";

/// How often each pair is sent at once.
const TIMES: usize = 3;

/// A request about a job. `JOB` and `BATCH` in its path are their ids.
#[derive(Clone, Copy, Debug)]
struct Ask {
    method: &'static str,
    path: &'static str,
    kind: &'static str,
    body: &'static str,
}

const fn get(path: &'static str) -> Ask {
    Ask {
        method: "GET",
        path,
        kind: "application/json",
        body: "",
    }
}

const fn send(
    method: &'static str,
    path: &'static str,
    kind: &'static str,
    body: &'static str,
) -> Ask {
    Ask {
        method,
        path,
        kind,
        body,
    }
}

async fn ask(org: Arc<Org>, (job, batch): (String, String), ask: Ask) -> Answer {
    let path = ask.path.replace("JOB", &job).replace("BATCH", &batch);
    let request = Request::builder()
        .method(ask.method)
        .uri(path)
        .header("authorization", format!("Bearer {}", org.test.token))
        .header("content-type", ask.kind)
        .body(ask.body.into())
        .expect("a request");
    org.send(request).await
}

/// Races every pair of these requests, each on a job of its own, which `make` makes: the ids of job and batch.
async fn race<F>(asks: &[Ask], make: impl Fn(Arc<Org>) -> F)
where
    F: Future<Output = (String, String)>,
{
    let org = Arc::new(Org::new().await);
    for (number, one) in asks.iter().enumerate() {
        for other in asks.iter().skip(number) {
            let ids = make(Arc::clone(&org)).await;
            let racing: Vec<_> = (0..TIMES)
                .flat_map(|_| [*one, *other])
                .map(|request| tokio::spawn(ask(Arc::clone(&org), ids.clone(), request)))
                .collect();
            for answering in racing {
                let answered = tokio::time::timeout(Duration::from_secs(30), answering).await;
                let answered = answered.unwrap_or_else(|_| panic!("{one:?} and {other:?} wait"));
                let answer = answered.expect("no panic");
                assert!(answer.status < 500, "{one:?} and {other:?}: {answer:?}");
            }
        }
    }
    let all = org.get(QUERIES).await;
    assert_eq!(all.status, 200, "{all:?}");
}

async fn classic(org: Arc<Org>, operation: &str, batch: &str) -> (String, String) {
    let definition = json!({"operation": operation, "object": "Account", "contentType": "CSV"});
    let job = org.post(CLASSIC, &definition).await;
    let job = job.json()["id"].as_str().expect("an id").to_owned();
    let path = format!("{CLASSIC}/{job}/batch");
    let added = org.ask("POST", &path, "text/csv", batch.to_owned()).await;
    assert_eq!(added.status, 201, "{added:?}");
    let (_, id) = added.body.split_once("<id>").expect("an id");
    let (id, _) = id.split_once('<').expect("an end");
    (job, id.to_owned())
}

const ABOUT_CLASSIC: [Ask; 11] = [
    get("/services/async/61.0/job/JOB"),
    get("/services/async/61.0/job/JOB/batch"),
    get("/services/async/61.0/job/JOB/batch/BATCH"),
    get("/services/async/61.0/job/JOB/batch/BATCH/request"),
    get("/services/async/61.0/job/JOB/batch/BATCH/result"),
    get("/services/data/v61.0/jobs/query"),
    get("/services/data/v61.0/jobs/ingest/JOB"),
    send(
        "POST",
        "/services/async/61.0/job/JOB",
        "application/json",
        "{\"state\":\"Closed\"}",
    ),
    send(
        "POST",
        "/services/async/61.0/job/JOB",
        "application/json",
        "{\"state\":\"Aborted\"}",
    ),
    send(
        "POST",
        "/services/async/61.0/job/JOB/batch",
        "text/csv",
        "SELECT Name FROM Account",
    ),
    // Making a job forgets those that ended long ago: it goes through all of them.
    send(
        "POST",
        "/services/async/61.0/job",
        "application/json",
        "{\"operation\":\"query\",\"object\":\"Account\",\"contentType\":\"CSV\"}",
    ),
];

/// Source: jsforce 1.11 `lib/api/bulk.js`: `bulk.query` closes its job while it reads the result.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_about_a_query_before_2_0_do_not_wait_for_each_other() {
    let make = |org| classic(org, "query", "SELECT Id FROM Account");
    race(&ABOUT_CLASSIC, make).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_about_changes_before_2_0_do_not_wait_for_each_other() {
    let make = |org| classic(org, "insert", "Name\nA\nB\n");
    race(&ABOUT_CLASSIC, make).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_about_a_query_do_not_wait_for_each_other() {
    let asks = [
        get("/services/data/v60.0/jobs/query"),
        get("/services/data/v60.0/jobs/query/JOB"),
        get("/services/data/v60.0/jobs/query/JOB/results"),
        get("/services/data/v60.0/jobs/query/JOB/resultPages"),
        send(
            "PATCH",
            "/services/data/v60.0/jobs/query/JOB",
            "application/json",
            "{\"state\":\"Aborted\"}",
        ),
        send(
            "DELETE",
            "/services/data/v60.0/jobs/query/JOB",
            "application/json",
            "",
        ),
        send(
            "POST",
            "/services/data/v60.0/jobs/query",
            "application/json",
            "{\"operation\":\"query\",\"query\":\"SELECT Id FROM Account\"}",
        ),
    ];
    race(&asks, |org: Arc<Org>| async move {
        let path = org.query("SELECT Id FROM Account").await;
        (last_segment(&path), String::new())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_about_changes_do_not_wait_for_each_other() {
    let asks = [
        get("/services/data/v60.0/jobs/ingest"),
        get("/services/data/v60.0/jobs/ingest/JOB"),
        get("/services/data/v60.0/jobs/ingest/JOB/successfulResults"),
        get("/services/data/v60.0/jobs/ingest/JOB/failedResults"),
        get("/services/data/v60.0/jobs/ingest/JOB/unprocessedrecords"),
        send(
            "PUT",
            "/services/data/v60.0/jobs/ingest/JOB/batches",
            "text/csv",
            "Name\nA\n",
        ),
        send(
            "PATCH",
            "/services/data/v60.0/jobs/ingest/JOB",
            "application/json",
            "{\"state\":\"UploadComplete\"}",
        ),
        send(
            "PATCH",
            "/services/data/v60.0/jobs/ingest/JOB",
            "application/json",
            "{\"state\":\"Aborted\"}",
        ),
        send(
            "DELETE",
            "/services/data/v60.0/jobs/ingest/JOB",
            "application/json",
            "",
        ),
    ];
    race(&asks, |org: Arc<Org>| async move {
        let insert = json!({"object": "Account", "operation": "insert"});
        let path = org.job(&insert).await;
        assert!(path.starts_with(JOBS));
        (last_segment(&path), String::new())
    })
    .await;
}

fn last_segment(path: &str) -> String {
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

/// A client that sends a batch slowly, or never ends, delays no other client.
#[tokio::test]
async fn an_endless_batch_does_not_block_others() {
    let org = Arc::new(Org::new().await);
    let definition = json!({"operation": "insert", "object": "Account", "contentType": "CSV"});
    let job = org.post(CLASSIC, &definition).await;
    let job = job.json()["id"].as_str().expect("an id").to_owned();
    let path = format!("{CLASSIC}/{job}/batch");
    let (send, body) = tokio::sync::mpsc::channel::<Result<&'static str, std::io::Error>>(1);
    let body = tokio_stream::wrappers::ReceiverStream::new(body);
    let body = axum::body::Body::from_stream(body);
    let slow = {
        let (org, path) = (Arc::clone(&org), path.clone());
        tokio::spawn(async move { org.ask("POST", &path, "text/csv", body).await })
    };
    for piece in ["Name\n", "A\n", "B\n"] {
        send.send(Ok(piece)).await.expect("it is read");
    }
    let others = async {
        assert_eq!(org.post(CLASSIC, &definition).await.status, 201);
        assert_eq!(org.get(JOBS).await.status, 200);
        let added = org.ask("POST", &path, "text/csv", "Name\nC\n").await;
        assert_eq!(added.status, 201, "{added:?}");
        let job = format!("{CLASSIC}/{job}");
        let closed = org.post(&job, &json!({"state": "Closed"})).await;
        assert_eq!(closed.status, 200, "{closed:?}");
    };
    let others = tokio::time::timeout(Duration::from_secs(30), others).await;
    others.expect("nobody waits for the slow client");
    drop(send);
    let answer = slow.await.expect("no panic");
    assert_eq!(answer.status, 400, "the job is closed: {answer:?}");
    assert!(answer.body.contains("InvalidJobState"), "{answer:?}");
}
