//! Bodies that are long or slow, of clients that are known and of others.

use std::time::Duration;

use http::{Method, Request};
use landfall_model::limits::{ANONYMOUS_BODY_BYTES_MAX, METADATA_REQUESTS_AT_ONCE_MAX};
use landfall_test_org::{send, slow_body};
use tokio::time::timeout;

use crate::org::{Org, response};

#[tokio::test]
async fn slow_anonymous_posts_do_not_delay_others() {
    let org = Org::new().await;
    let mut rests = Vec::new();
    for path in [
        "/services/Soap/m/62.0",
        "/services/data/v62.0/metadata/deployRequest",
    ] {
        for _ in 0..METADATA_REQUESTS_AT_ONCE_MAX {
            let (body, rest) = slow_body("<e:Envelope");
            let request = Request::builder()
                .method(Method::POST)
                .uri(path)
                .body(body)
                .expect("a request");
            let router = org.router.clone();
            tokio::spawn(async move { send(&router, request).await });
            rests.push(rest);
        }
    }
    tokio::task::yield_now().await;
    let described = timeout(Duration::from_mins(2), org.call("describeMetadata", "")).await;
    let described = described.expect("the answer does not wait for the bodies of others");
    assert_eq!(response(&described).name, "describeMetadataResponse");
    drop(rests);
}

#[tokio::test]
async fn an_anonymous_deployment_is_refused_after_its_beginning() {
    let org = Org::new().await;
    let envelope = format!(
        "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body><deploy><ZipFile>{}",
        "A".repeat(ANONYMOUS_BODY_BYTES_MAX)
    );
    let (body, _rest) = slow_body(envelope);
    let answer = org.post("/services/Soap/m/62.0", "text/xml", body);
    let answer = timeout(Duration::from_mins(2), answer).await;
    let answer = answer.expect("the answer does not wait for the rest of the body");
    let text = String::from_utf8(answer.body).expect("a text");
    assert!(text.contains("INVALID_SESSION_ID"), "{text}");
}
