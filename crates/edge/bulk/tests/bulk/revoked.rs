//! Results of queries whose right was revoked after they were found.

use std::time::Duration;

use http::Request;
use serde_json::json;

use crate::org::{Answer, Org, QUERIES};

const CLASSIC: &str = "/services/async/61.0/job";

/// The right that is revoked, and what a result is then refused with.
const REVOKED: [(&str, &str, &str, &str); 2] = [
    ("FieldPermissions", "Field", "Account.Phone", "Phone"),
    ("ObjectPermissions", "SobjectType", "Account", "Account"),
];

async fn ask(org: &Org, token: &str, (method, path): (&str, &str), body: &str) -> Answer {
    let kind = if body.starts_with('{') || body.is_empty() {
        "application/json"
    } else {
        "text/csv"
    };
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {token}"))
        .header("x-sfdc-session", token)
        .header("content-type", kind)
        .body(body.to_owned().into())
        .expect("a request");
    org.send(request).await
}

/// Waits until a job or a batch is in a state.
async fn until(org: &Org, token: &str, path: &str, state: &str) {
    let ended = async {
        while !ask(org, token, ("GET", path), "")
            .await
            .body
            .contains(state)
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), ended)
        .await
        .expect("the job ends");
}

async fn org() -> (Org, String) {
    let org = Org::new().await;
    let insert = json!({"object": "Account", "operation": "insert"});
    org.run(&insert, "Name,Phone\nA,1\nB,2\n").await;
    let rights: [(&str, &[&str]); 1] = [("Account", &["Read"])];
    let ann = org
        .test
        .granted_user("ann@landfall.test", &rights, &["Account.Phone"])
        .await;
    (org, ann)
}

async fn begun(org: &Org, token: &str, statement: &str) -> String {
    let job = json!({"operation": "query", "query": statement}).to_string();
    let made = ask(org, token, ("POST", QUERIES), &job).await;
    assert_eq!(made.status, 200, "{made:?}");
    let job = format!("{QUERIES}/{}", made.json()["id"].as_str().expect("an id"));
    until(org, token, &job, "JobComplete").await;
    format!("{job}/results")
}

#[tokio::test]
async fn a_finished_query_is_refused_to_a_user_who_could_not_ask_it_any_more() {
    for (object, field, value, named) in REVOKED {
        let (org, ann) = org().await;
        let results = begun(&org, &ann, "SELECT Name, Phone FROM Account").await;
        let before = ask(&org, &ann, ("GET", &results), "").await;
        assert_eq!(before.status, 200, "{before:?}");
        org.test.revoke(object, field, value).await;
        let (status, code, message) = ask(&org, &ann, ("GET", &results), "").await.refusal();
        assert_eq!(
            (status, code.as_str()),
            (400, "API_ERROR"),
            "{value}: {message}"
        );
        assert!(message.contains(named), "{message}");
        // A user who sees everything still reads it.
        let all = ask(&org, &org.test.token, ("GET", &results), "").await;
        assert_eq!(all.body, before.body);
    }
}

#[tokio::test]
async fn a_result_with_a_column_that_was_revoked_is_refused_as_a_whole() {
    let (org, ann) = org().await;
    let results = begun(&org, &ann, "SELECT FIELDS(STANDARD) FROM Account").await;
    assert_eq!(ask(&org, &ann, ("GET", &results), "").await.status, 200);
    org.test
        .revoke("FieldPermissions", "Field", "Account.Phone")
        .await;
    let (status, _, message) = ask(&org, &ann, ("GET", &results), "").await.refusal();
    assert_eq!(status, 400, "{message}");
    assert!(message.contains("No such column 'Phone'"), "{message}");
}

#[tokio::test]
async fn a_result_of_a_query_batch_is_refused_in_the_same_way() {
    for (object, field, value, named) in REVOKED {
        let (org, ann) = org().await;
        let job = json!({"operation": "query", "object": "Account", "contentType": "CSV"});
        let made = ask(&org, &ann, ("POST", CLASSIC), &job.to_string()).await;
        assert_eq!(made.status, 201, "{made:?}");
        let job = format!("{CLASSIC}/{}", made.json()["id"].as_str().expect("an id"));
        let statement = "SELECT Name, Phone FROM Account";
        let added = ask(&org, &ann, ("POST", &format!("{job}/batch")), statement).await;
        let (_, id) = added.body.split_once("<id>").expect("an id");
        let batch = format!("{job}/batch/{}", id.split_once('<').expect("its end").0);
        until(&org, &ann, &batch, "Completed").await;
        let list = ask(&org, &ann, ("GET", &format!("{batch}/result")), "").await;
        let (_, id) = list.body.split_once("752").expect("the id of a result");
        let result = format!("{batch}/result/752{}", id.get(..15).expect("the rest"));
        let before = ask(&org, &ann, ("GET", &result), "").await;
        assert_eq!(before.status, 200, "{before:?}");
        org.test.revoke(object, field, value).await;
        let refused = ask(&org, &ann, ("GET", &result), "").await;
        assert_eq!(refused.status, 400, "{refused:?}");
        assert!(!refused.body.contains("\"1\""), "{refused:?}");
        assert!(refused.body.contains(named), "{refused:?}");
        let all = ask(&org, &org.test.token, ("GET", &result), "").await;
        assert_eq!(all.body, before.body);
    }
}
