//! What jobs refuse, and how they end without being processed.

use std::time::Duration;

use landfall_engine::faults::{Arming, FaultKind, Filter};
use landfall_store::{Document, DocumentKind};
use landfall_test_org::Options;
use serde_json::{Value, json};

use crate::org::{JOBS, Org, QUERIES};

fn refused(status: u16, code: &str, message: &str) -> (u16, String, String) {
    (status, code.to_owned(), message.to_owned())
}

fn insert() -> Value {
    json!({"object": "Account", "operation": "insert"})
}

#[tokio::test]
async fn a_definition_that_cannot_be_is_refused() {
    let org = Org::new().await;
    for (definition, code, message) in [
        (
            json!({"object": "Nope", "operation": "insert"}),
            "INVALIDJOB",
            "Unable to find object: Nope",
        ),
        (
            json!({"object": "Account", "operation": "merge"}),
            "INVALIDJOB",
            "Unable to parse Job",
        ),
        (
            json!({"object": "Account", "operation": "insert", "lineEnding": "CR"}),
            "INVALIDJOB",
            "Unable to parse Job",
        ),
        (
            json!({"object": "Account", "operation": "upsert"}),
            "INVALIDJOB",
            "External ID was blank for Account. An External ID must be specified for upsert.",
        ),
        (
            json!({"object": "Account", "operation": "upsert", "externalIdFieldName": "Industry"}),
            "INVALIDJOB",
            "Field name provided, Industry does not match an External ID, Salesforce Id, or indexed field for Account",
        ),
        (
            json!({"object": "Account", "operation": "hardDelete"}),
            "FEATURENOTENABLED",
            "hardDelete operation requires special user profile permission, please contact your system administrator",
        ),
        (
            json!({"object": "Account", "operation": "insert", "colour": "red"}),
            "JSON_PARSER_ERROR",
            "Unrecognized field \"colour\" at [line:1, column:1]",
        ),
    ] {
        let answer = org.post(JOBS, &definition).await;
        assert_eq!(answer.refusal(), refused(400, code, message));
    }
    let answer = org.ask("POST", JOBS, "application/json", "{").await;
    assert_eq!(answer.refusal().1, "JSON_PARSER_ERROR");
    let multipart = "multipart/form-data; boundary=x";
    let answer = org.ask("POST", JOBS, multipart, "--x--").await;
    assert_eq!(
        answer.refusal(),
        refused(400, "INVALIDJOB", "Unable to parse Job")
    );
    let answer = org.ask("POST", JOBS, "text/csv", "").await;
    assert_eq!(answer.status, 415);
}

#[tokio::test]
async fn a_job_takes_its_data_once() {
    let org = Org::new().await;
    let job = org.job(&insert()).await;
    let path = format!("{job}/batches");
    assert_eq!(
        org.ask("PUT", &path, "application/json", "{}").await.status,
        415
    );
    assert_eq!(
        org.ask("PUT", &path, "text/csv", "Name\nA\n").await.status,
        201
    );
    let id = job.rsplit('/').next().expect("an id");
    assert_eq!(
        org.ask("PUT", &path, "text/csv", "Name\nA\n")
            .await
            .refusal(),
        refused(
            400,
            "CLIENTINPUTERROR",
            &format!(
                "Found multiple contents for job: <{id}>, please 'Close' / 'Abort' / 'Delete' the current Job then create a \
             new Job and make sure you only do 'PUT' once on a given Job."
            )
        )
    );
    assert_eq!(
        org.get(&format!("{job}/failedResults")).await.refusal().1,
        "INVALIDJOBSTATE"
    );
    org.patch(&job, &json!({"state": "UploadComplete"})).await;
    org.ended(&job).await;
    assert_eq!(
        org.ask("PUT", &path, "text/csv", "Name\n")
            .await
            .refusal()
            .1,
        "INVALIDJOBSTATE"
    );
}

#[tokio::test]
async fn a_job_that_has_ended_stays_as_it_is_until_it_is_deleted() {
    let org = Org::new().await;
    let (_, job) = org.run(&insert(), "Name\nA\n").await;
    assert_eq!(
        org.patch(&job, &json!({"state": "Aborted"}))
            .await
            .refusal(),
        refused(
            400,
            "INVALIDJOBSTATE",
            "Aborting already Completed Job not allowed"
        )
    );
    assert_eq!(
        org.patch(&job, &json!({"state": "UploadComplete"}))
            .await
            .refusal(),
        refused(
            400,
            "INVALIDJOBSTATE",
            "Closing already Completed Job not allowed"
        )
    );
    let file = org
        .test
        .folder()
        .join("bulk")
        .join(format!("{}.csv", job.rsplit('/').next().expect("an id")));
    assert!(file.exists());
    let deleted = org.ask("DELETE", &job, "", "").await;
    assert_eq!((deleted.status, deleted.body.as_str()), (204, ""));
    assert!(!file.exists());
    assert_eq!(org.get(&job).await.status, 404);
    assert_eq!(org.ask("DELETE", &job, "", "").await.status, 404);
    let kept = org.test.engine.documents(DocumentKind::BulkResult).await;
    assert!(kept.expect("documents").is_empty());
}

#[tokio::test]
async fn an_open_job_is_aborted_and_then_deleted() {
    let org = Org::new().await;
    let job = org.job(&insert()).await;
    assert_eq!(
        org.ask("DELETE", &job, "", "").await.refusal(),
        refused(
            400,
            "API_ERROR",
            "Error encountered when deleting the job because the job is not terminated"
        )
    );
    let aborted = org.patch(&job, &json!({"state": "Aborted"})).await.json();
    assert_eq!(aborted["state"], "Aborted");
    assert_eq!(
        org.results(&job, "failedResults").await,
        "\"sf__Id\",\"sf__Error\"\n"
    );
    assert_eq!(org.ask("DELETE", &job, "", "").await.status, 204);
}

#[tokio::test]
async fn a_job_without_data_completes_at_once() {
    let org = Org::new().await;
    let job = org.job(&insert()).await;
    org.patch(&job, &json!({"state": "UploadComplete"})).await;
    assert_eq!(org.ended(&job).await["state"], "JobComplete");
}

#[tokio::test]
async fn jobs_are_listed_and_forgotten_after_a_week() {
    let org = Org::new().await;
    let (_, first) = org.run(&insert(), "Name\nA\n").await;
    let second = org.job(&insert()).await;
    let list = org.get(&format!("{JOBS}?jobType=V2Ingest")).await.json();
    assert_eq!(
        (&list["done"], &list["nextRecordsUrl"]),
        (&json!(true), &json!(null))
    );
    let ids: Vec<_> = list["records"]
        .as_array()
        .expect("jobs")
        .iter()
        .map(|job| job["id"].as_str().expect("an id"))
        .collect();
    assert_eq!(ids.len(), 2);
    assert!(first.ends_with(ids[0]) && second.ends_with(ids[1]));
    let stopped = org.stop().await;
    stopped.clock.advance(Duration::from_hours(8 * 24));
    let fresh = Org::start(stopped, |opened| opened).await;
    fresh.job(&insert()).await;
    assert_eq!(fresh.get(&first).await.status, 404);
    assert_eq!(fresh.get(&second).await.status, 200);
}

#[tokio::test]
async fn what_is_no_resource_is_not_found() {
    let org = Org::new().await;
    let job = org.job(&insert()).await;
    for path in [
        format!("{JOBS}/7505f0000000001"),
        format!("{JOBS}/x"),
        format!("{job}/nothing"),
    ] {
        assert_eq!(org.get(&path).await.status, 404, "{path}");
    }
    let answer = org.ask("PUT", &job, "application/json", "{}").await;
    assert_eq!(
        answer.refusal(),
        refused(
            405,
            "METHOD_NOT_ALLOWED",
            "HTTP Method 'PUT' not allowed. Allowed are GET,PATCH,DELETE"
        )
    );
}

#[tokio::test]
async fn below_the_reserve_of_disk_space_jobs_and_uploads_are_refused() {
    let org = Org::with(Options {
        reserve_bytes: u64::MAX,
        ..Options::default()
    })
    .await;
    let expected = refused(403, "STORAGE_LIMIT_EXCEEDED", "storage limit exceeded");
    let made = org.post(JOBS, &insert()).await;
    assert_eq!(made.refusal(), expected);
    let query = json!({"operation": "query", "query": "SELECT Id FROM Account"});
    let made = org.post(QUERIES, &query).await;
    assert_eq!(made.refusal(), expected);
    let job = json!({"object": "Account", "operation": "insert", "contentType": "JSON"});
    let made = org.post("/services/async/60.0/job", &job).await;
    let (status, body) = (made.status, made.json());
    assert_eq!(
        (status, &body["exceptionCode"]),
        (400, &json!("ExceededQuota"))
    );
    let document = Document {
        kind: DocumentKind::Org,
        key: "small".to_owned(),
        content: Some(Vec::new()),
    };
    let kept = org.test.engine.put(vec![document]).await;
    kept.expect("space that is reserved for commits");
}

#[tokio::test]
async fn an_upload_that_fills_the_disk_is_refused_and_leaves_no_file() {
    let org = Org::new().await;
    let job = org.job(&insert()).await;
    let id = job.rsplit('/').next().expect("an id");
    let folder = org.test.folder().join("bulk");
    // Every write to this device fails for want of space.
    std::os::unix::fs::symlink("/dev/full", folder.join(format!("{id}.part"))).expect("linked");
    let batches = format!("{job}/batches");
    let put = org.ask("PUT", &batches, "text/csv", "Name\nLost\n").await;
    let expected = refused(403, "STORAGE_LIMIT_EXCEEDED", "storage limit exceeded");
    assert_eq!(put.refusal(), expected);
    let left = std::fs::read_dir(&folder).expect("readable").count();
    assert_eq!(left, 0, "files of a failed upload");
    let put = org.ask("PUT", &batches, "text/csv", "Name\nKept\n").await;
    assert_eq!(
        put.status, 201,
        "the job takes its data once there is space"
    );
}

#[tokio::test]
async fn a_lost_job_is_unknown_from_then_on() {
    let org = Org::new().await;
    let (lost, kept) = (org.job(&insert()).await, org.job(&insert()).await);
    let arm = |method: &str| {
        let arming = Arming {
            filter: Filter {
                method: Some(method.to_owned()),
                ..Filter::default()
            },
            ..Arming::once(FaultKind::LoseJob)
        };
        let faults = org.test.engine.faults();
        faults.arm(arming).expect("there is space");
    };
    arm("GET /jobs/ingest");
    let mine = async || {
        let listed = org.get(JOBS).await.json();
        listed["records"].as_array().expect("a list").len()
    };
    assert_eq!(mine().await, 2, "a list is of no one job");
    for _ in 0..2 {
        assert_eq!(org.get(&lost).await.status, 404);
    }
    let closed = org.patch(&lost, &json!({"state": "UploadComplete"})).await;
    assert_eq!(closed.refusal().1, "NOT_FOUND");
    assert_eq!(org.get(&kept).await.status, 200);
    assert_eq!(mine().await, 1);
}
