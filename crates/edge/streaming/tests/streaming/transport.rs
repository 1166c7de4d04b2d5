//! HTTP: paths, headers, bodies, statuses and cookies.

use std::io::Read as _;

use axum::body::Body;
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::StreamBody;
use landfall_engine::faults::{Arming, FaultKind, Filter};
use landfall_model::limits::STREAMING_BODY_BYTES_MAX;
use landfall_streaming::{Secure, Settings};
use landfall_test_org::Reply;
use serde_json::{Value, json};

use crate::org::{ACCOUNTS, Org, connect, connect_now, handshake, subscribe, text};

async fn shake(org: &Org, path: &str) -> Reply {
    let request = org
        .request(Method::POST, path)
        .header("content-type", "application/json")
        .body(Body::from(handshake().to_string()))
        .expect("a request");
    org.send(request).await
}

// S1
#[tokio::test]
async fn the_path_has_the_version_and_nothing_else() {
    let org = Org::new().await;
    for path in [
        "/cometd/59.0",
        "/cometd/59.0/",
        "/cometd/59.0/handshake",
        "/cometd/59.0/connect",
        "/cometd/59.0/meta/handshake",
        "/cometd/59.0/whatever/else",
        "/cometd/59.0?x=y",
        "/cometd/37.0",
        "/cometd/67.0",
        // Retired versions are served as the newest.
        "/cometd/36.0",
        "/cometd/replay/36.0",
        "/cometd/replay/36.0/handshake",
    ] {
        let answer = shake(&org, path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.json()[0]["successful"], true, "{path}");
    }
}

// S8
#[tokio::test]
async fn a_path_without_a_version_that_is_served_is_refused_in_the_body() {
    let missing = "400::API version in the URI is mandatory. URI format: '/cometd/67.0'";
    let unsupported = "400::Unsupported API version. Only API versions '37.0' and later are supported. \
        URI format: '/cometd/67.0'";
    let org = Org::new().await;
    for (path, error) in [
        ("/cometd", missing),
        ("/cometd/", missing),
        ("/cometd/handshake", missing),
        ("/cometd/replay", missing),
        ("/cometd/meta/connect", missing),
        ("/cometd/v59.0", unsupported),
        ("/cometd/latest/handshake", unsupported),
        ("/cometd/68.0", unsupported),
        ("/cometd/59", unsupported),
        ("/cometd/22.0", unsupported),
        ("/cometd/999999999999.0", unsupported),
    ] {
        let answer = shake(&org, path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(
            answer.json(),
            json!([{
                "channel": "/meta/handshake", "id": "1", "successful": false, "error": error,
                "ext": {"sfdc": {"failureReason": error}, "replay": true, "payload.format": true},
                "advice": {"reconnect": "none"},
            }]),
            "{path}"
        );
    }
}

// S2
#[tokio::test]
async fn a_token_comes_with_either_scheme_or_bare() {
    let org = Org::new().await;
    let shake = async |authorization: Option<String>| {
        let mut request = Request::post("/cometd/59.0");
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let request = request.body(Body::from(handshake().to_string()));
        let answer = org.send(request.expect("a request")).await;
        assert_eq!(answer.status, 200);
        answer.json()
    };
    for scheme in ["OAuth ", "Bearer ", "bearer ", "BEARER ", ""] {
        let reply = shake(Some(format!("{scheme}{}", org.token))).await;
        assert_eq!(reply[0]["successful"], true, "{scheme}");
    }
    let denied = |reason: &str| {
        json!([{
            "channel": "/meta/handshake", "id": "1", "successful": false,
            "error": "403::Handshake denied",
            "ext": {"sfdc": {"failureReason": reason}, "replay": true, "payload.format": true},
            "advice": {"reconnect": "none"},
        }])
    };
    let missing = denied("401::Request requires authentication");
    assert_eq!(shake(None).await, missing);
    assert_eq!(shake(Some(String::new())).await, missing);
    let invalid = denied("401::Authentication invalid");
    for wrong in ["Bearer 00D!wrong", "Basic YTpi", "Bearer", "\u{e9}"] {
        assert_eq!(shake(Some(wrong.to_owned())).await, invalid, "{wrong}");
    }
}

// S3, S4
#[tokio::test]
async fn a_body_is_an_array_or_one_message_of_any_media_type_and_framing() {
    let org = Org::new().await;
    let bare = handshake()[0].to_string();
    let array = handshake().to_string();
    let form = |message: &str| {
        let encoded: String = form_urlencoded::byte_serialize(message.as_bytes()).collect();
        format!("message={encoded}")
    };
    for (media_type, body) in [
        (None, bare.clone()),
        (None, array.clone()),
        (Some("application/json"), bare.clone()),
        (Some("application/json;charset=UTF-8"), array.clone()),
        (Some("text/plain"), array.clone()),
        (Some("application/x-www-form-urlencoded"), form(&bare)),
        (Some("application/x-www-form-urlencoded"), form(&array)),
        // Tools that name no media type send JSON as a form.
        (Some("application/x-www-form-urlencoded"), bare.clone()),
        (Some("application/x-www-form-urlencoded"), array.clone()),
    ] {
        let mut request = org.request(Method::POST, "/cometd/59.0");
        if let Some(media_type) = media_type {
            request = request.header("content-type", media_type);
        }
        let request = request.body(Body::from(body.clone())).expect("a request");
        let replies = org.send(request).await.json();
        let replies = replies.as_array().expect("an array");
        assert_eq!(replies.len(), 1, "{media_type:?} {body}");
        assert_eq!(replies[0]["successful"], true, "{media_type:?} {body}");
    }
    let chunks = array
        .as_bytes()
        .chunks(7)
        .map(|chunk| {
            let chunk = Bytes::copy_from_slice(chunk);
            Ok::<_, std::convert::Infallible>(http_body::Frame::data(chunk))
        })
        .collect::<Vec<_>>();
    let chunked = Body::new(StreamBody::new(tokio_stream::iter(chunks)));
    let request = org.request(Method::POST, "/cometd/59.0").body(chunked);
    let replies = org.send(request.expect("a request")).await.json();
    assert_eq!(replies[0]["successful"], true);
}

#[tokio::test]
async fn several_messages_of_one_form_are_answered_together() {
    let org = Org::new().await;
    let client = org.handshake().await;
    let message = |message: &Value| {
        let text = message.to_string();
        let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        format!("message={encoded}")
    };
    let body = format!(
        "{}&{}",
        message(&connect(&client)),
        message(&subscribe(&client, ACCOUNTS, &Value::Null)[0])
    );
    let request = org
        .request(Method::POST, "/cometd/59.0")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(body))
        .expect("a request");
    let replies = org.send(request).await.json();
    assert_eq!(replies[0]["channel"], "/meta/connect");
    assert_eq!(replies[1]["channel"], "/meta/subscribe");
    assert_eq!(replies[1]["successful"], true);
}

// S5
#[tokio::test]
async fn only_who_asks_gets_a_compressed_answer() {
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    for name in ["A", "B", "C", "D", "E"] {
        org.account(name).await;
    }
    let post = async |encoding: Option<&str>, body: Value| {
        let mut request = org.request(Method::POST, "/cometd/59.0");
        if let Some(encoding) = encoding {
            request = request.header("accept-encoding", encoding);
        }
        let request = request.body(Body::from(body.to_string()));
        org.send(request.expect("a request")).await
    };
    let compressed = post(Some("gzip, deflate"), connect_now(&client)).await;
    assert_eq!(compressed.header("content-encoding"), Some("gzip"));
    let mut plain = String::new();
    flate2::read::GzDecoder::new(compressed.body.as_slice())
        .read_to_string(&mut plain)
        .expect("it can be unpacked");
    let replies: Value = serde_json::from_str(&plain).expect("JSON");
    assert_eq!(replies.as_array().map(Vec::len), Some(6));

    for name in ["A", "B", "C", "D", "E"] {
        org.account(name).await;
    }
    let plain = post(None, connect_now(&client)).await;
    assert_eq!(plain.header("content-encoding"), None);
    assert_eq!(plain.json().as_array().map(Vec::len), Some(6));
}

// S6
#[tokio::test]
async fn a_body_has_32768_bytes_at_most() {
    let org = Org::new().await;
    let padded = |bytes: usize| {
        let mut body = handshake().to_string();
        body.push_str(&" ".repeat(bytes - body.len()));
        let request = org.request(Method::POST, "/cometd/59.0");
        request.body(Body::from(body)).expect("a request")
    };
    let fits = org.send(padded(STREAMING_BODY_BYTES_MAX)).await;
    assert_eq!(fits.status, 200);
    assert_eq!(fits.json()[0]["successful"], true);
    for bytes in [STREAMING_BODY_BYTES_MAX + 1, 10_000_000] {
        let too_large = org.send(padded(bytes)).await;
        assert_eq!(too_large.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(
            too_large.json(),
            json!([{"error": "413::Maximum Request Size Exceeded", "successful": false}])
        );
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_a_bad_request() {
    let org = Org::new().await;
    let parts = [
        Ok(Bytes::from("[{")),
        Err(std::io::Error::other("the client is gone")),
    ];
    let body = Body::from_stream(tokio_stream::iter(parts));
    let request = org.request(Method::POST, "/cometd/59.0").body(body);
    let answer = org.send(request.expect("a request")).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.json()[0]["error"], "400::the body ended early");
}

// S7
#[tokio::test]
async fn only_post_carries_messages() {
    let org = Org::new().await;
    let upgrade = org
        .request(Method::GET, "/cometd/59.0")
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .body(Body::empty())
        .expect("a request");
    let answer = org.send(upgrade).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.header("allow"), Some("POST, OPTIONS"));
    for (method, status) in [
        (Method::OPTIONS, 200),
        (Method::GET, 405),
        (Method::HEAD, 405),
        (Method::PUT, 405),
        (Method::DELETE, 405),
    ] {
        let request = Request::builder()
            .method(&method)
            .uri("/cometd/59.0/connect");
        let answer = org
            .send(request.body(Body::empty()).expect("a request"))
            .await;
        assert_eq!(answer.status, status, "{method}");
        assert_eq!(answer.header("allow"), Some("POST, OPTIONS"));
    }
}

// S9; that the connection goes on is in the transcripts
#[tokio::test]
async fn what_is_no_message_is_a_bad_request() {
    let org = Org::new().await;
    for body in [
        "", "[]", "[", "{", "nonsense", "[7]", "7", "\"\"", "[[]]", "null", "[{}", "{}}",
    ] {
        let request = org
            .request(Method::POST, "/cometd/59.0")
            .body(Body::from(body));
        let answer = org.send(request.expect("a request")).await;
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(answer.json()[0]["successful"], false, "{body}");
        let error = text(&answer.json()[0]["error"]);
        assert!(error.starts_with("400::"), "{body}: {error}");
        let media_type = answer.header("content-type");
        assert_eq!(media_type, Some("application/json;charset=UTF-8"));
    }
}

#[tokio::test]
async fn answers_are_json_and_not_cached() {
    let org = Org::new().await;
    let answer = shake(&org, "/cometd/59.0").await;
    assert_eq!(
        answer.header("content-type"),
        Some("application/json;charset=UTF-8")
    );
    assert_eq!(
        answer.header("cache-control"),
        Some("no-cache,must-revalidate,max-age=0,no-store,private")
    );
}

// S10
#[tokio::test]
async fn the_browser_cookie_is_for_this_host_only_and_secure_where_the_connection_is() {
    let org = Org::new().await;
    for secure in [false, true] {
        let mut request = org
            .request(Method::POST, "/cometd/59.0")
            .body(Body::from(handshake().to_string()))
            .expect("a request");
        request.extensions_mut().insert(Secure(secure));
        let answer = org.send(request).await;
        let cookie = answer.header("set-cookie").expect("a cookie").to_owned();
        let mut parts = cookie.split("; ");
        let value = parts
            .next()
            .and_then(|pair| pair.strip_prefix("BAYEUX_BROWSER="))
            .expect("its name");
        assert_eq!(value.len(), 16);
        assert!(value.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let attributes: Vec<&str> = parts.collect();
        let mut expected = vec!["Path=/", "HttpOnly"];
        expected.extend(secure.then_some("Secure"));
        assert_eq!(attributes, expected);
    }
}

#[tokio::test]
async fn a_browser_keeps_its_cookie() {
    let org = Org::new().await;
    let shake = async |cookie: &str| {
        let request = org
            .request(Method::POST, "/cometd/59.0")
            .header("cookie", cookie)
            .body(Body::from(handshake().to_string()))
            .expect("a request");
        let answer = org.send(request).await;
        assert_eq!(answer.json()[0]["successful"], true);
        answer.header("set-cookie").map(str::to_owned)
    };
    assert_eq!(shake("a=b; BAYEUX_BROWSER=knownfromearlier").await, None);
    // A foreign value is replaced.
    assert!(shake("BAYEUX_BROWSER=<script>").await.is_some());
    assert!(shake("BAYEUX_BROWSER=").await.is_some());
    assert!(shake("BAYEUX_BROWSER").await.is_some());
}

// S11
#[tokio::test]
async fn cookies_are_needed_only_where_that_is_asked_for() {
    let lenient = Org::new().await;
    let client = lenient.subscribed(ACCOUNTS, Value::Null).await;
    lenient.account("Acme").await;
    assert_eq!(lenient.events(&client).await.len(), 1);

    let strict = Org::with(Settings {
        strict_cookies: true,
        ..Settings::default()
    })
    .await;
    let answer = shake(&strict, "/cometd/59.0").await;
    let client = text(&answer.json()[0]["clientId"]);
    let error = format!(
        "400::Client {{{client}}} has established a session, but no BAYEUX_BROWSER cookie present"
    );
    for message in [connect(&client), subscribe(&client, ACCOUNTS, &Value::Null)] {
        let replies = strict.post(message).await;
        assert_eq!(replies[0]["successful"], false);
        assert_eq!(replies[0]["error"], error);
    }
    let cookie = answer.header("set-cookie").expect("a cookie");
    let pair = cookie.split(';').next().expect("its value");
    let request = strict
        .request(Method::POST, "/cometd/59.0")
        .header("cookie", pair)
        .body(Body::from(connect(&client).to_string()))
        .expect("a request");
    assert_eq!(strict.send(request).await.json()[0]["successful"], true);
}

#[tokio::test]
async fn a_session_that_is_moved_gets_another_cookie() {
    let org = Org::with(Settings {
        strict_cookies: true,
        ..Settings::default()
    })
    .await;
    let answer = shake(&org, "/cometd/59.0").await;
    let client = text(&answer.json()[0]["clientId"]);
    let cookie = |answer: &Reply| {
        let cookie = answer.header("set-cookie")?;
        Some(cookie.split(';').next().expect("its value").to_owned())
    };
    let poll = async |cookie: &str| {
        let request = org
            .request(Method::POST, "/cometd/59.0")
            .header("cookie", cookie)
            .body(Body::from(connect_now(&client).to_string()))
            .expect("a request");
        org.send(request).await
    };
    let first = cookie(&answer).expect("a cookie");
    let arming = Arming {
        filter: Filter {
            client: Some(client.clone()),
            ..Filter::default()
        },
        ..Arming::once(FaultKind::ServerMoved)
    };
    org.engine.faults().arm(arming).expect("there is space");
    let moved = poll(&first).await;
    assert_eq!(moved.json()[0]["successful"], true);
    let second = cookie(&moved).expect("another cookie");
    assert_ne!(first, second);
    let refused = poll(&first).await.json();
    assert_eq!(refused[0]["successful"], false);
    let stayed = poll(&second).await;
    assert_eq!(stayed.json()[0]["successful"], true);
    assert_eq!(cookie(&stayed), None);
}
