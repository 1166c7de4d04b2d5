//! What of HTTP a call may be, and requests that are compressed.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use landfall_pubsub::unknown_call;
use tonic::Code;
use tonic::Status;
use tonic::codec::CompressionEncoding;
use tonic::codegen::Service;

use crate::org::{LOW_INK, Org};
use crate::proto::{PublishRequest, TopicRequest};

const GET_TOPIC: &str = "/eventbus.v1.PubSub/GetTopic";

// Source: "gRPC over HTTP2" (gRPC).
#[tokio::test]
async fn a_request_that_is_no_call_gets_an_http_error() {
    let org = Org::new().await;
    for (method, media_type, expected) in [
        ("GET", "application/grpc", StatusCode::METHOD_NOT_ALLOWED),
        ("OPTIONS", "", StatusCode::METHOD_NOT_ALLOWED),
        ("POST", "", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (
            "POST",
            "application/json",
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
        (
            "POST",
            "application/grpc-web+proto",
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
        ("POST", "application/grpc", StatusCode::OK),
        ("POST", "application/grpc+proto", StatusCode::OK),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(GET_TOPIC)
            .header("content-type", media_type)
            .body(Body::empty())
            .expect("a request");
        let answer = org.router().call(request).await.expect("an answer");
        assert_eq!(answer.status(), expected, "{method} {media_type}");
    }
}

#[test]
fn a_call_of_an_unknown_service_is_refused_as_grpc() {
    let call = Request::builder().header("content-type", "application/grpc");
    let call = call.body(()).expect("a request");
    let answer = unknown_call(call.headers(), "/eventbus.v2.PubSub/GetTopic").expect("a refusal");
    assert_eq!(answer.status(), StatusCode::OK);
    let status = Status::from_header_map(answer.headers()).expect("a status");
    assert_eq!(status.code(), Code::Unimplemented);
    assert_eq!(
        status.message(),
        "Method not found: eventbus.v2.PubSub/GetTopic"
    );
    let page = Request::builder().body(()).expect("a request");
    assert!(unknown_call(page.headers(), "/eventbus.v2.PubSub/GetTopic").is_none());
}

#[tokio::test]
async fn requests_may_be_compressed_and_are_no_larger_for_it() {
    let org = Org::new().await;
    let mut client = org.client().send_compressed(CompressionEncoding::Gzip);
    let question = TopicRequest {
        topic_name: LOW_INK.to_owned(),
    };
    let told = client.get_topic(org.request(question)).await;
    assert_eq!(told.expect("a topic").into_inner().topic_name, LOW_INK);
    let request = |letters| PublishRequest {
        topic_name: LOW_INK.to_owned(),
        events: vec![org.low_ink("", &"m".repeat(letters)); 5],
        ..PublishRequest::default()
    };
    let published = client.publish(org.request(request(10))).await;
    assert_eq!(published.expect("an answer").into_inner().results.len(), 5);
    let refused = client.publish(org.request(request(900_000))).await;
    let status = refused.expect_err("too long");
    assert_eq!(status.code(), Code::Unavailable);
    assert!(
        status.message().starts_with("upstream connect error"),
        "{status:?}"
    );
    let requests = tokio_stream::iter([request(10), request(900_000)]);
    let answers = client.publish_stream(org.request(requests)).await;
    let mut answers = answers.expect("a stream").into_inner();
    let first = answers.message().await.expect("an answer");
    assert_eq!(first.expect("a response").results.len(), 5);
    let status = answers.message().await.expect_err("too long");
    assert_eq!(status.code(), Code::Unavailable);
}
