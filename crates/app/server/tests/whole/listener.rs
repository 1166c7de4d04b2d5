//! One port: what a connection speaks, how it is bounded, what every request passes.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use landfall_client::{Error, HttpClient, Trust};
use landfall_server::config::Data;
use landfall_server::{Hosts, Running, Server};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::common::{dev, get, secured, start, stranger};

/// `GET /readyz` over HTTP/2 with prior knowledge.
async fn http2_status<S>(stream: S, running: &Running) -> u16
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .expect("HTTP/2 is spoken");
    tokio::spawn(connection);
    let request = Request::get(format!("{}/readyz", running.url()))
        .body(Full::<Bytes>::default())
        .expect("a request");
    let response = sender.send_request(request).await.expect("an answer");
    let status = response.status().as_u16();
    response.into_body().collect().await.expect("a body");
    status
}

/// A TLS connection that offers these protocols.
async fn tls(running: &Running, alpn: &[&[u8]]) -> TlsStream<TcpStream> {
    let stream = TcpStream::connect(running.local_addr())
        .await
        .expect("connects");
    secured(running, stream, "localhost", alpn)
        .await
        .expect("TLS is spoken")
}

#[tokio::test]
async fn one_port_speaks_everything() {
    let running = start().await;
    assert_eq!(get(&stranger(&running), "/readyz").await.status, 200);
    let plain = TcpStream::connect(running.local_addr())
        .await
        .expect("connects");
    assert_eq!(http2_status(plain, &running).await, 200);
    let h2 = tls(&running, &[b"h2", b"http/1.1"]).await;
    assert_eq!(h2.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    assert_eq!(http2_status(h2, &running).await, 200);
    for alpn in [&[b"http/1.1".as_slice()][..], &[]] {
        let mut stream = tls(&running, alpn).await;
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .await
            .expect("sent");
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
    running.stop().await.expect("stops");
}

/// Source: examples of the REST API and Bulk API Developer Guides. Clients: Airbyte's source looks headers up so.
#[tokio::test]
async fn names_of_headers_are_spelled_as_the_service_spells_them() {
    let running = start().await;
    let poll = "POST /cometd/59.0 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n[]";
    let other = "GET /services/data HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for request in [poll, other] {
        let mut stream = TcpStream::connect(running.local_addr())
            .await
            .expect("connects");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let head = answer(&mut stream).await;
        let names: Vec<&str> = head
            .lines()
            .filter_map(|line| Some(line.split_once(": ")?.0))
            .collect();
        for name in ["Date", "Content-Type", "Content-Length"] {
            assert!(names.contains(&name), "{name}: {head}");
        }
        for name in names {
            assert!(
                name.starts_with(|first: char| first.is_ascii_uppercase()),
                "{head}"
            );
        }
    }
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn absent_services_are_not_found_with_a_reason() {
    let running = start().await;
    let http = stranger(&running);
    for (path, reason) in [(
        "/secur/frontdoor.jsp?sid=x",
        "there are no pages for people",
    )] {
        let answer = get(&http, path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.headers["landfall-unsupported"], reason, "{path}");
        assert_eq!(answer.json()[0]["errorCode"], "NOT_FOUND", "{path}");
    }
    let nowhere = get(&http, "/nowhere").await;
    assert!(!nowhere.headers.contains_key("landfall-unsupported"));
    let org = crate::common::login(&running).await;
    let asked = org.call(http::Method::POST, "/services/data/v59.0/graphql", None);
    let answer = asked.await.expect("an answer");
    assert_eq!(answer.status, 404);
    assert_eq!(
        answer.headers["landfall-unsupported"],
        "the GraphQL API is not supported"
    );
    running.stop().await.expect("stops");
}

// P6
#[tokio::test]
async fn pings_on_a_connection_without_calls_are_answered_however_many_they_are() {
    const PINGS: u32 = 1_000;
    const ACKNOWLEDGED: u8 = 1;
    const PING: u8 = 6;
    const GO_AWAY: u8 = 7;
    let running = start().await;
    let mut stream = TcpStream::connect(running.local_addr())
        .await
        .expect("connects");
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let mut sent = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    sent.extend(settings);
    for number in 0..PINGS {
        sent.extend([0, 0, 8, PING, 0, 0, 0, 0, 0]);
        sent.extend(u64::from(number).to_be_bytes());
    }
    stream.write_all(&sent).await.expect("sent");
    let mut answered = 0;
    while answered < PINGS {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.expect("it is open");
        let [long, longer, length, kind, flags, ..] = head;
        let length = u32::from_be_bytes([0, long, longer, length]);
        let mut body = vec![0; usize::try_from(length).expect("a length")];
        stream.read_exact(&mut body).await.expect("a frame");
        assert_ne!(kind, GO_AWAY, "{body:?}");
        if (kind, flags) == (PING, ACKNOWLEDGED) {
            assert_eq!(body, u64::from(answered).to_be_bytes());
            answered += 1;
        }
    }
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn calls_that_are_given_up_at_once_do_not_cost_the_connection() {
    const CALLS: u32 = 500;
    const HEADERS: u8 = 1;
    const RST_STREAM: u8 = 3;
    const PING: u8 = 6;
    const GO_AWAY: u8 = 7;
    const END_HEADERS: u8 = 4;
    const CANCEL: u32 = 8;
    /// `:method: POST`, `:scheme: http`, `:path: /`
    const HEAD: [u8; 3] = [0x83, 0x86, 0x84];
    let running = start().await;
    let mut stream = TcpStream::connect(running.local_addr())
        .await
        .expect("connects");
    let mut sent = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    sent.extend([0, 0, 0, 4, 0, 0, 0, 0, 0]);
    for call in 0..CALLS {
        let id = (2 * call + 1).to_be_bytes();
        sent.extend([0, 0, 3, HEADERS, END_HEADERS]);
        sent.extend(id.iter().chain(&HEAD));
        sent.extend([0, 0, 4, RST_STREAM, 0]);
        sent.extend(id.iter().chain(&CANCEL.to_be_bytes()));
    }
    sent.extend([0, 0, 8, PING, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
    stream.write_all(&sent).await.expect("sent");
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.expect("it is open");
        let [long, longer, length, kind, ..] = head;
        let length = u32::from_be_bytes([0, long, longer, length]);
        let mut body = vec![0; usize::try_from(length).expect("a length")];
        stream.read_exact(&mut body).await.expect("a frame");
        assert_ne!(kind, GO_AWAY, "{body:?}");
        if kind == PING {
            break;
        }
    }
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn a_client_that_trusts_the_authority_needs_nothing_else() {
    let running = start().await;
    let target = |host: &str| {
        let port = running.local_addr().port();
        format!("https://{host}:{port}")
            .parse()
            .expect("an address")
    };
    let trust = Trust::file(running.authority().expect("an authority"));
    for host in ["127.0.0.1", "localhost"] {
        let http = HttpClient::new(target(host), &trust).expect("set up");
        assert_eq!(get(&http, "/healthz").await.status, 200);
    }
    let http = HttpClient::new(target("127.0.0.1"), &Trust::nobody()).expect("set up");
    let request = Request::get("/healthz")
        .body(Full::default())
        .expect("a request");
    let error = http.send(request, crate::common::WITHIN).await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error:?}");
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn the_authority_is_offered_for_download() {
    let running = start().await;
    let answer = get(&stranger(&running), "/_landfall/ca.pem").await;
    assert_eq!(answer.status, 200);
    let file = std::fs::read(running.authority().expect("an authority")).expect("readable");
    assert_eq!(answer.body, file);
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn a_byte_at_a_time_is_understood() {
    let running = start().await;
    for (preface, answer) in [
        (
            &b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                [..],
            &b"HTTP/1.1 404"[..],
        ),
        (
            b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            b"HTTP/1.1 200",
        ),
    ] {
        let mut stream = TcpStream::connect(running.local_addr())
            .await
            .expect("connects");
        stream.set_nodelay(true).expect("set");
        for byte in preface {
            stream.write_u8(*byte).await.expect("sent");
            tokio::task::yield_now().await;
        }
        let mut received = Vec::new();
        stream.read_to_end(&mut received).await.expect("read");
        assert!(
            received.starts_with(answer),
            "{}",
            String::from_utf8_lossy(&received)
        );
    }
    running.stop().await.expect("stops");
}

/// Reads one answer, head and body.
async fn answer(stream: &mut TcpStream) -> String {
    let mut received = Vec::new();
    while !received.ends_with(b"\r\n\r\n") {
        received.push(stream.read_u8().await.expect("it is open"));
    }
    let head = String::from_utf8(received).expect("a head");
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "));
    let length = length.map_or(0, |length| length.parse().expect("a number"));
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.expect("a body");
    head
}

#[tokio::test]
async fn an_answer_before_the_body_does_not_cost_the_connection() {
    let running = start().await;
    let mut stream = TcpStream::connect(running.local_addr())
        .await
        .expect("connects");
    let ready: &[u8] = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let post = "POST /nowhere HTTP/1.1\r\nHost: localhost\r\n";
    for (framing, body) in [
        ("Content-Length: 2", &b"{}"[..]),
        ("Content-Length: 200000", &vec![b'x'; 200_000]),
        ("Transfer-Encoding: chunked", b"2\r\n{}\r\n0\r\n\r\n"),
    ] {
        let head = format!("{post}{framing}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.expect("sent");
        let refused = answer(&mut stream).await;
        assert!(refused.starts_with("HTTP/1.1 404 "), "{refused}");
        stream.write_all(body).await.expect("sent");
        stream.write_all(ready).await.expect("sent");
        let next = answer(&mut stream).await;
        assert!(next.starts_with("HTTP/1.1 200 "), "{next}");
    }
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn what_is_no_http_ends_only_its_own_connection() {
    let running = start().await;
    for garbage in [
        &b"\x16\x03\x01\x00\x05hello"[..],
        b"\0\0\0\0\r\n\r\n",
        b"PRI * HTTP/9.0\r\n\r\n",
        b"GET\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(running.local_addr())
            .await
            .expect("connects");
        stream.write_all(garbage).await.expect("sent");
        stream.shutdown().await.expect("closed");
        let mut answer = Vec::new();
        // Either an answer or a reset will do; it must end.
        let _ = stream.read_to_end(&mut answer).await;
    }
    assert_eq!(get(&stranger(&running), "/healthz").await.status, 200);
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn long_targets_and_heads_are_refused() {
    let running = start().await;
    let http = stranger(&running);
    let long = format!("/services/data?q={}", "x".repeat(17 * 1024));
    assert_eq!(get(&http, &long).await.status, 414);
    let request = Request::get("/healthz")
        .header("x-long", "x".repeat(40 * 1024))
        .body(Full::default())
        .expect("a request");
    let answer = http
        .send(request, crate::common::WITHIN)
        .await
        .expect("an answer");
    assert_eq!(answer.status, 431);
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn more_connections_than_allowed_wait_for_their_turn() {
    let mut config = dev(Data::Ephemeral);
    config.connections_max = 1;
    let running = Server::start(config).await.expect("starts");
    let first = TcpStream::connect(running.local_addr())
        .await
        .expect("connects");
    let second = stranger(&running);
    let waiting = tokio::spawn(async move { get(&second, "/healthz").await.status });
    // The first may or may not have been accepted before the second; either way its end lets the second in.
    drop(first);
    assert_eq!(waiting.await.expect("answered"), 200);
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn a_trusted_proxy_gives_the_public_address() {
    let mut config = dev(Data::Ephemeral);
    config.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
    config.hosts = Hosts::Any;
    let running = Server::start(config).await.expect("starts");
    let request = Request::post("/services/oauth2/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-host", "org.example")
        .body(Full::from(
            "grant_type=password&client_id=landfall&client_secret=landfall\
             &username=admin%40landfall.test&password=landfall",
        ))
        .expect("a request");
    let answer = stranger(&running)
        .send(request, crate::common::WITHIN)
        .await
        .expect("an answer");
    assert_eq!(answer.json()["instance_url"], "https://org.example");
    running.stop().await.expect("stops");
}
