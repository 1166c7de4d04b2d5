//! A store that fails in the middle of a job: whatever the commit, no record is lost and none is made twice.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use landfall_store::faults::{self, Fault, FaultPlan};
use serde_json::json;

use crate::org::{Org, rows};

/// An org whose store fails by plan.
async fn failing(org: Org) -> (Org, Arc<FaultPlan>) {
    let mut plan = None;
    let stopped = org.stop().await;
    let org = Org::start(stopped, |opened| {
        let (store, faults) = faults::injecting(opened);
        plan = Some(faults);
        store
    })
    .await;
    (org, plan.expect("the store was opened"))
}

/// Waits until a write has failed or the job is done; returns whether one failed.
async fn fails(org: &Org, plan: &FaultPlan, job: &str, commit: usize, is_late: bool) -> bool {
    let fault = if is_late {
        Fault::EndedKept
    } else {
        Fault::Ended
    };
    plan.inject(commit, fault);
    while org.test.engine.is_writable() {
        if org.get(job).await.json()["state"] == "JobComplete" {
            break;
        }
        tokio::task::yield_now().await;
    }
    plan.withdraw();
    !org.test.engine.is_writable()
}

const RECORDS: usize = 900;

/// Has a job of some records fail at a commit, and go on after a restart; says whether it did fail.
async fn fails_at(commit: usize, is_late: bool, (object, column): (&str, &str)) -> (Org, bool) {
    let (org, plan) = failing(crate::events::org().await).await;
    let job = org
        .job(&json!({"object": object, "operation": "insert"}))
        .await;
    let rows = rows(RECORDS);
    let data = format!("{column}\n{rows}");
    let put = org
        .ask("PUT", &format!("{job}/batches"), "text/csv", data)
        .await;
    assert_eq!(put.status, 201);
    let closed = org.patch(&job, &json!({"state": "UploadComplete"})).await;
    assert_eq!(closed.status, 200);
    let has_failed = fails(&org, &plan, &job, commit, is_late).await;
    let org = Org::start(org.stop().await, |opened| opened).await;
    let ended = org.ended(&job).await;
    assert_eq!(ended["state"], "JobComplete");
    assert_eq!(ended["numberRecordsProcessed"], RECORDS);
    let results = org.results(&job, "successfulResults").await;
    let told: HashSet<&str> = results.lines().skip(1).collect();
    assert_eq!(told.len(), RECORDS, "commit {commit}");
    let rest = org.results(&job, "unprocessedrecords").await;
    assert_eq!(rest, format!("{column}\n"));
    (org, has_failed)
}

/// Every record of the job exists once, by its name.
async fn check_each_once(org: &Org, commit: usize) {
    let names = org.values("Account", "Name").await;
    let names = names.iter().filter_map(landfall_model::Value::as_text);
    let names: Vec<&str> = names.collect();
    let distinct: HashSet<&&str> = names.iter().collect();
    let both = (names.len(), distinct.len());
    assert_eq!(both, (RECORDS, RECORDS), "commit {commit}");
}

#[tokio::test]
async fn a_failure_at_any_commit_neither_loses_nor_doubles_a_record() {
    for is_late in [false, true] {
        let mut commit = 0;
        loop {
            let (org, has_failed) = fails_at(commit, is_late, ("Account", "Name")).await;
            check_each_once(&org, commit).await;
            if !has_failed {
                break;
            }
            commit += 1;
        }
        // One for each transaction, one for the beginning that may have been before, one for the end.
        assert!(commit >= 5, "{commit} commits");
    }
}

#[tokio::test]
async fn a_failure_at_any_commit_neither_loses_nor_doubles_an_event() {
    for is_late in [false, true] {
        let mut commit = 0;
        loop {
            let (org, has_failed) = fails_at(commit, is_late, ("Ping__e", "Text__c")).await;
            let bounds = org.test.engine.log().bounds();
            let first = bounds.earliest.expect("events").get();
            let published = bounds.tail.get() - first + 1;
            assert_eq!(published, RECORDS as u64, "commit {commit}");
            if !has_failed {
                break;
            }
            commit += 1;
        }
        assert!(commit >= 5, "{commit} commits");
    }
}

#[tokio::test]
async fn a_job_waits_while_the_store_keeps_nothing_and_goes_on_without_a_restart() {
    for commit in 0..5 {
        let (org, plan) = failing(Org::new().await).await;
        let insert = json!({"object": "Account", "operation": "insert"});
        let job = org.job(&insert).await;
        let data = format!("Name\n{}", rows(RECORDS));
        let put = org
            .ask("PUT", &format!("{job}/batches"), "text/csv", data)
            .await;
        assert_eq!(put.status, 201);
        let before = plan.writes();
        plan.inject(commit + 1, Fault::Unavailable);
        let closed = org.patch(&job, &json!({"state": "UploadComplete"})).await;
        assert_eq!(closed.status, 200);
        while org.get(&job).await.json()["state"] != "JobComplete" {
            org.test.clock.advance(Duration::from_millis(10));
            tokio::task::yield_now().await;
        }
        assert!(org.test.engine.is_writable());
        assert!(
            plan.writes() > before + commit + 1,
            "the store was never unavailable"
        );
        check_each_once(&org, commit).await;
    }
}

#[tokio::test]
async fn a_job_goes_on_after_a_stop() {
    let org = Org::new().await;
    let job = org
        .job(&json!({"object": "Account", "operation": "insert"}))
        .await;
    let rows = rows(2_000);
    org.begin(&job, &format!("Name\n{rows}")).await;
    let org = Org::start(org.stop().await, |opened| opened).await;
    assert_eq!(org.ended(&job).await["numberRecordsProcessed"], 2_000);
    assert_eq!(org.values("Account", "Name").await.len(), 2_000);
}

/// Has a query fail at a commit, and go on after a restart; says whether it did fail.
async fn query_fails_at(commit: usize, is_late: bool) -> bool {
    const RECORDS: usize = 300;
    let (org, plan) = failing(Org::new().await).await;
    let insert = json!({"object": "Account", "operation": "insert"});
    let rows = rows(RECORDS);
    org.run(&insert, &format!("Name\n{rows}")).await;
    let job = org.query("SELECT Name FROM Account").await;
    let has_failed = fails(&org, &plan, &job, commit, is_late).await;
    let stopped = org.stop().await;
    let id = job.rsplit('/').next().expect("an id");
    let left = stopped
        .folder
        .path()
        .join("bulk")
        .join(format!("{id}.part"));
    std::fs::write(&left, "\"Name\"\n\"N").expect("a file");
    let org = Org::start(stopped, |opened| opened).await;
    assert!(!left.exists());
    assert_eq!(org.ended(&job).await["numberRecordsProcessed"], RECORDS);
    let results = org.results(&job, "results").await;
    let told: HashSet<&str> = results.lines().skip(1).collect();
    assert_eq!(told.len(), RECORDS, "commit {commit}");
    has_failed
}

#[tokio::test]
async fn a_query_interrupted_by_a_failure_starts_over() {
    for is_late in [false, true] {
        let mut commit = 0;
        while query_fails_at(commit, is_late).await {
            commit += 1;
        }
        assert!(commit >= 1, "{commit} commits");
    }
}

#[tokio::test]
async fn a_job_whose_data_is_in_another_folder_fails() {
    let org = Org::new().await;
    let job = org
        .job(&json!({"object": "Thing__c", "operation": "insert"}))
        .await;
    let put = org
        .ask(
            "PUT",
            &format!("{job}/batches"),
            "text/csv",
            "Name\nOne\n".to_owned(),
        )
        .await;
    assert_eq!(put.status, 201);
    let stopped = org.stop().await;
    let folder = stopped.folder.path().join("bulk");
    for file in std::fs::read_dir(&folder).expect("the folder") {
        std::fs::remove_file(file.expect("a file").path()).expect("removed");
    }
    let org = Org::start(stopped, |opened| opened).await;
    let closed = org.patch(&job, &json!({"state": "UploadComplete"})).await;
    assert_eq!(closed.status, 200);
    let ended = org.ended(&job).await;
    assert_eq!(ended["state"], "Failed");
    assert_eq!(
        ended["errorMessage"],
        "InvalidBatch : Failed to parse CSV: the data of the job is not on this server"
    );
}
