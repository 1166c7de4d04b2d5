//! The resource `deployRequest`.

use http::Method;
use serde_json::{Value, json};

use crate::org::{Org, days, manifest, trip, zip};

const RESOURCE: &str = "/services/data/v62.0/metadata/deployRequest";

/// A body with options and a zip file.
fn multipart(options: &Value, zip: &[u8]) -> Vec<u8> {
    let mut body = format!(
        "--B\r\nContent-Disposition: form-data; name=\"json\"\r\nContent-Type: application/json\r\n\r\n{}\r\n--B\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"deploy.zip\"\r\nContent-Type: application/zip\r\n\r\n",
        json!({ "deployOptions": options })
    )
    .into_bytes();
    body.extend_from_slice(zip);
    body.extend_from_slice(b"\r\n--B--\r\n");
    body
}

async fn done(org: &Org, id: &str) -> Value {
    let path = format!("{RESOURCE}/{id}?includeDetails=true");
    loop {
        let reply = org.request(Method::GET, &path, "", "".into()).await;
        let answer = reply.json();
        if answer.pointer("/deployResult/done") == Some(&Value::Bool(true)) {
            return answer;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_zip_file_is_validated_and_then_deployed() {
    let org = Org::new().await;
    let package = manifest(&[("CustomObject", &["Trip__c"])]);
    let zip = zip(&[
        ("package.xml", &package),
        ("objects/Trip__c.object", &trip(&days("Days"))),
    ]);
    let options = json!({ "checkOnly": true, "singlePackage": true, "rollbackOnError": true });
    let kind = "multipart/form-data; boundary=B";
    let reply = org
        .post(RESOURCE, kind, multipart(&options, &zip).into())
        .await;
    assert_eq!(reply.status, 201);
    let asked = reply.json();
    let id = asked["id"].as_str().expect("an id");
    assert_eq!(asked["url"], format!("http://localhost{RESOURCE}/{id}"));
    assert_eq!(asked["deployOptions"]["checkOnly"], true);
    assert_eq!(asked["deployResult"], Value::Null);
    let validated = done(&org, id).await;
    assert_eq!(validated["deployResult"]["status"], "Succeeded");
    let details = &validated["deployResult"]["details"];
    assert_eq!(
        details["componentSuccesses"][0]["fullName"],
        "Trip__c.Days__c"
    );
    assert_eq!(details["componentFailures"], json!([]));
    let again = json!({ "validatedDeployRequestId": id }).to_string();
    let reply = org.post(RESOURCE, "application/json", again.into()).await;
    assert_eq!(reply.status, 201);
    let asked = reply.json();
    assert_eq!(asked["validatedDeployRequestId"], id);
    done(&org, asked["id"].as_str().expect("an id")).await;
    assert!(org.base.engine.catalog().entity("Trip__c").is_some());
}

#[tokio::test]
async fn a_deployment_that_waits_is_canceled() {
    let org = Org::waiting().await;
    let zip = zip(&[("package.xml", &manifest(&[]))]);
    let kind = "multipart/form-data; boundary=B";
    let reply = org
        .post(RESOURCE, kind, multipart(&json!({}), &zip).into())
        .await;
    let asked = reply.json();
    let path = format!("{RESOURCE}/{}", asked["id"].as_str().expect("an id"));
    let canceling = json!({ "deployResult": { "status": "Canceling" } }).to_string();
    let reply = org
        .request(Method::PATCH, &path, "application/json", canceling.into())
        .await;
    assert_eq!(reply.status, 202);
    assert_eq!(reply.json()["deployResult"]["status"], "Canceled");
}

#[tokio::test]
async fn what_is_no_request_is_refused() {
    let org = Org::waiting().await;
    let kind = "multipart/form-data; boundary=B";
    for (method, path, kind, body, status, code) in [
        (
            Method::POST,
            RESOURCE.to_owned(),
            kind,
            "--B",
            400,
            "INVALID_OPERATION",
        ),
        (
            Method::POST,
            RESOURCE.to_owned(),
            "application/json",
            "{}",
            400,
            "INVALID_OPERATION",
        ),
        (
            Method::POST,
            RESOURCE.to_owned(),
            "application/json",
            "{",
            400,
            "INVALID_OPERATION",
        ),
        (
            Method::GET,
            RESOURCE.to_owned(),
            "",
            "",
            405,
            "METHOD_NOT_ALLOWED",
        ),
        (
            Method::GET,
            format!("{RESOURCE}/0Af5f0000000001"),
            "",
            "",
            404,
            "INVALID_CROSS_REFERENCE_KEY",
        ),
        (
            Method::GET,
            "/services/data/v62.0/metadata/other".to_owned(),
            "",
            "",
            404,
            "NOT_FOUND",
        ),
    ] {
        let reply = org.request(method, &path, kind, body.into()).await;
        assert_eq!(
            (reply.status.as_u16(), reply.json()[0]["errorCode"].as_str()),
            (status, Some(code)),
            "{path} {body}"
        );
    }
}
