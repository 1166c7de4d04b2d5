//! Who may call.

use tonic::Code;

use crate::org::{ACCOUNTS, LOW_INK, Org, assert_refused, fetch, settle, with_metadata};
use crate::proto::{FetchRequest, PublishRequest, SchemaRequest, TopicRequest};

const TEXT: &str = "An authentication exception occurred. Provide valid authentication via metadata headers. rpcId: ";

fn question() -> TopicRequest {
    TopicRequest {
        topic_name: ACCOUNTS.to_owned(),
    }
}

// P2
#[tokio::test]
async fn a_call_without_one_of_its_metadata_is_refused() {
    let org = Org::new().await;
    let id = org.engine.org().id.to_string();
    let all = [
        ("accesstoken", org.token.as_str()),
        ("instanceurl", "https://landfall.test"),
        ("tenantid", id.as_str()),
    ];
    for (missing, _) in all {
        for blank in [None, Some("  ")] {
            let mut metadata: Vec<_> = all.into_iter().filter(|(key, _)| *key != missing).collect();
            metadata.extend(blank.map(|blank| (missing, blank)));
            let refused = |answer: Result<_, tonic::Status>, rpc| {
                let status = answer.expect_err("it is refused");
                assert_refused(
                    &status,
                    Code::Unauthenticated,
                    "service.auth.headers.invalid",
                    rpc,
                );
                assert!(status.message().starts_with(TEXT), "{status:?}");
            };
            let mut client = org.client();
            let answer = client.get_topic(with_metadata(&metadata, question()));
            refused(answer.await.map(|_| ()), "GetTopic");
            let answer = client.get_schema(with_metadata(&metadata, SchemaRequest::default()));
            refused(answer.await.map(|_| ()), "GetSchema");
            let answer = client.publish(with_metadata(&metadata, PublishRequest::default()));
            refused(answer.await.map(|_| ()), "Publish");
            let requests = tokio_stream::iter(Vec::<PublishRequest>::new());
            let answer = client.publish_stream(with_metadata(&metadata, requests));
            refused(answer.await.map(|_| ()), "PublishStream");
            let requests = tokio_stream::iter(Vec::<FetchRequest>::new());
            let answer = client.subscribe(with_metadata(&metadata, requests));
            refused(answer.await.map(|_| ()), "Subscribe");
        }
    }
}

// P2
#[tokio::test]
async fn an_instance_is_named_by_a_url() {
    let org = Org::new().await;
    let id = org.engine.org().id.to_string();
    for (url, is_one) in [
        ("https://mine.my.salesforce.com", true),
        ("HTTP://[::1]:7443/", true),
        ("mine.my.salesforce.com", false),
        ("https://", false),
        ("undefined", false),
    ] {
        let metadata = [
            ("accesstoken", org.token.as_str()),
            ("instanceurl", url),
            ("tenantid", id.as_str()),
        ];
        let answer = org
            .client()
            .get_topic(with_metadata(&metadata, question()))
            .await;
        match answer {
            Ok(_) => assert!(is_one, "{url}"),
            Err(status) => {
                assert!(!is_one, "{url}");
                let suffix = "service.auth.headers.invalid";
                assert_refused(&status, Code::Unauthenticated, suffix, "GetTopic");
            }
        }
    }
}

// P3, P4
#[tokio::test]
async fn the_tenant_is_the_org_of_the_token_in_either_length() {
    let org = Org::new().await;
    let id = org.engine.org().id;
    for (tenant, right) in [
        (id.to_string(), true),
        (id.short().to_owned(), true),
        ("00D000000000001AAA".to_owned(), false),
        ("nonsense".to_owned(), false),
    ] {
        let mut request = org.request(question());
        request
            .metadata_mut()
            .insert("tenantid", tenant.parse().expect("ASCII"));
        // Clients: the official Java sample sends a trace id.
        request
            .metadata_mut()
            .insert("x-client-trace-id", "1".parse().expect("ASCII"));
        let answer = org.client().get_topic(request).await;
        assert_eq!(answer.is_ok(), right, "{tenant}");
        if let Err(status) = answer {
            assert_refused(
                &status,
                Code::Unauthenticated,
                "service.auth.error",
                "GetTopic",
            );
        }
    }
}

#[tokio::test]
async fn a_token_that_is_none_is_refused() {
    let org = Org::new().await;
    for token in ["nonsense", &"x".repeat(100_000)] {
        let answer = org
            .client()
            .get_topic(org.request_as(token, question()))
            .await;
        let status = answer.expect_err("it is refused");
        assert_refused(
            &status,
            Code::Unauthenticated,
            "service.auth.error",
            "GetTopic",
        );
        assert!(status.message().starts_with(TEXT), "{status:?}");
    }
}

// P5
#[tokio::test]
async fn an_open_stream_outlives_the_idle_time_of_its_session() {
    let org = Org::new().await;
    let mut stream = org.subscribed(ACCOUNTS, 1).await;
    for _ in 0..180 {
        org.advance(60).await;
        assert_eq!(stream.next().await.events, []);
    }
    org.account("Acme").await;
    assert_eq!(stream.next().await.events.len(), 1);
}

#[tokio::test]
async fn a_revoked_session_ends_its_stream() {
    let org = Org::new().await;
    let mut stream = org.subscribed(ACCOUNTS, 1).await;
    org.auth.revoke(&org.token).await.expect("it is revoked");
    assert_refused(
        &stream.refusal().await,
        Code::Unauthenticated,
        "service.auth.error",
        "Subscribe",
    );
}

#[tokio::test]
async fn a_stream_goes_on_with_the_token_that_it_is_given() {
    let org = Org::new().await;
    let mut stream = org.subscribed(ACCOUNTS, 1).await;
    let other = org.log_in().await;
    stream
        .send(FetchRequest {
            auth_refresh: other.clone(),
            ..FetchRequest::default()
        })
        .await;
    settle().await;
    org.auth.revoke(&org.token).await.expect("it is revoked");
    settle().await;
    org.account("Acme").await;
    assert_eq!(stream.next().await.pending_num_requested, 0);
    org.auth.revoke(&other).await.expect("it is revoked");
    stream.refusal().await;
}

#[tokio::test]
async fn a_stream_is_not_handed_to_another_user() {
    let org = Org::new().await;
    for token in [org.standard_user("other@landfall.test").await, "x".into()] {
        let mut stream = org.subscribed(ACCOUNTS, 1).await;
        stream
            .send(FetchRequest {
                auth_refresh: token,
                ..fetch("", 1)
            })
            .await;
        assert_refused(
            &stream.refusal().await,
            Code::Unauthenticated,
            "service.auth.refresh.invalid",
            "Subscribe",
        );
    }
}

// P7: `Org::subscribed` sends its first request when the headers are there.
#[tokio::test]
async fn headers_come_before_the_first_request() {
    let org = Org::new().await;
    let mut stream = org.open().await;
    stream.assert_quiet().await;
    stream.send(fetch(LOW_INK, 1)).await;
    stream.assert_quiet().await;
}

#[tokio::test]
async fn what_a_user_may_not_read_is_refused() {
    let org = Org::new().await;
    let token = org.standard_user("other@landfall.test").await;
    let request = org.request_as(&token, question());
    let answer = org.client().get_topic(request).await;
    assert_refused(
        &answer.expect_err("it is refused"),
        Code::PermissionDenied,
        "topic.meta.permission",
        "GetTopic",
    );
}

#[tokio::test]
async fn the_end_of_the_server_ends_streams() {
    let org = Org::new().await;
    let mut stream = org.subscribed(ACCOUNTS, 1).await;
    org.stopping.send_replace(true);
    let status = stream.refusal().await;
    assert_refused(&status, Code::Internal, "service.unavailable", "Subscribe");
    assert!(status.message().contains("is unavailable"), "{status:?}");
}
