//! Connections that poll, and do other things besides.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use landfall_server::Running;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::common::{WITHIN, get, login, start, stranger};
use crate::control::{call_as, done};

/// A request to the Streaming API with this body.
fn poll(headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST /cometd/59.0 HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    )
}

/// A message that is refused at once, with its id in the answer.
fn connect(id: &str) -> String {
    format!(
        r#"[{{"channel":"/meta/connect","id":"{id}","clientId":"nobody","connectionType":"long-polling"}}]"#
    )
}

const READY: &str = "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n";
const LAST: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

async fn open(running: &Running) -> TcpStream {
    TcpStream::connect(running.local_addr())
        .await
        .expect("connects")
}

/// Everything that the server says until it closes the connection.
async fn all(stream: &mut TcpStream) -> Vec<u8> {
    let mut answers = Vec::new();
    timeout(WITHIN, stream.read_to_end(&mut answers))
        .await
        .expect("it ends")
        .expect("read");
    answers
}

/// The places of these texts, one after the other.
fn in_order(answers: &[u8], texts: &[&str]) -> bool {
    let answers = String::from_utf8_lossy(answers);
    let mut rest = &*answers;
    texts.iter().all(|text| {
        let found = rest.split_once(text);
        rest = found.map_or("", |(_, rest)| rest);
        found.is_some()
    })
}

#[tokio::test]
async fn polls_and_anything_else_share_a_connection() {
    let running = start().await;
    let requests = [
        poll("", &connect("first")),
        poll("Connection: keep-alive\r\n", &connect("second")),
        READY.to_owned(),
        poll("", &connect("third")),
        LAST.to_owned(),
    ]
    .concat();
    let answers = [
        "HTTP/1.1 200 OK\r\n",
        "first",
        "HTTP/1.1 200 OK\r\n",
        "second",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\n",
        "third",
        "HTTP/1.1 200 OK\r\n",
    ];
    // All at once, and as slowly as can be.
    for piece in [requests.len(), 1] {
        let mut stream = open(&running).await;
        stream.set_nodelay(true).expect("set");
        for bytes in requests.as_bytes().chunks(piece) {
            stream.write_all(bytes).await.expect("sent");
            tokio::task::yield_now().await;
        }
        let received = all(&mut stream).await;
        assert!(
            in_order(&received, &answers),
            "{}",
            String::from_utf8_lossy(&received)
        );
    }
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn a_compressed_answer_comes_in_chunks_and_the_connection_goes_on() {
    let running = start().await;
    let messages: Vec<String> = (0..40)
        .map(|id| {
            connect(&format!("{id}"))
                .trim_matches(['[', ']'])
                .to_owned()
        })
        .collect();
    let many = format!("[{}]", messages.join(","));
    let mut stream = open(&running).await;
    let requests = [
        poll("Accept-Encoding: gzip\r\n", &many),
        poll("", &connect("after")),
        LAST.to_owned(),
    ];
    stream
        .write_all(requests.concat().as_bytes())
        .await
        .expect("sent");
    let received = all(&mut stream).await;
    let expected = [
        "Content-Encoding: gzip",
        "Transfer-Encoding: chunked",
        "\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n",
        "after",
        "HTTP/1.1 200 OK\r\n",
    ];
    assert!(
        in_order(&received, &expected),
        "{}",
        String::from_utf8_lossy(&received)
    );
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn a_connection_between_polls_ends_with_the_server() {
    let running = start().await;
    let mut stream = open(&running).await;
    let request = poll("", &connect("only"));
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut begin = [0; 15];
    stream.read_exact(&mut begin).await.expect("an answer");
    assert_eq!(&begin, b"HTTP/1.1 200 OK");
    running.stop().await.expect("stops");
    assert!(in_order(&all(&mut stream).await, &["only"]));
}

#[tokio::test]
async fn a_body_that_never_arrives_does_not_affect_others() {
    let running = start().await;
    let mut silent = open(&running).await;
    let request = poll("", &connect("silent"));
    let (begin, _) = request.split_at(request.len() - 1);
    silent.write_all(begin.as_bytes()).await.expect("sent");
    let mut other = open(&running).await;
    let requests = poll("", &connect("other")) + LAST;
    other.write_all(requests.as_bytes()).await.expect("sent");
    assert!(in_order(&all(&mut other).await, &["other"]));
    silent.shutdown().await.expect("closed");
    assert_eq!(all(&mut silent).await, b"");
    running.stop().await.expect("stops");
}

/// The next answer on a connection: its status and its body.
async fn answer(stream: &mut TcpStream) -> (u16, String) {
    let mut read = Vec::new();
    let head = loop {
        stream.read_buf(&mut read).await.expect("an answer");
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            break head.to_owned();
        }
    };
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let length = lines.find_map(|line| line.strip_prefix("Content-Length: "));
    let length: usize = length.and_then(|length| length.parse().ok()).expect("one");
    while read.len() < head.len() + 4 + length {
        stream.read_buf(&mut read).await.expect("the rest");
    }
    let status = status.and_then(|status| status.parse().ok());
    let body = String::from_utf8_lossy(read.get(head.len() + 4..).unwrap_or_default()).into_owned();
    (status.expect("a status"), body)
}

/// A client with one connection, whose requests have one head.
struct Repeating {
    stream: TcpStream,
    headers: String,
}

impl Repeating {
    async fn new(running: &Running, token: &str) -> Self {
        Self {
            stream: open(running).await,
            headers: format!("Authorization: Bearer {token}\r\n"),
        }
    }

    async fn handshake(&mut self, id: &str) -> (u16, String) {
        let message = json!([{ "channel": "/meta/handshake", "id": id, "version": "1.0" }]);
        let request = poll(&self.headers, &message.to_string());
        self.stream
            .write_all(request.as_bytes())
            .await
            .expect("sent");
        timeout(WITHIN, answer(&mut self.stream))
            .await
            .expect("in time")
    }
}

const ACCEPTED: &str = r#""successful":true"#;
const REFUSED: &str = "401::Authentication invalid";

#[tokio::test]
async fn a_repeated_head_is_answered_by_what_is_valid_then() {
    let running = start().await;
    let http = stranger(&running);
    let org = login(&running).await;
    let token = org.access_token().expose().to_owned();
    let mut client = Repeating::new(&running, &token).await;
    for id in ["first", "second", "a-third-with-a-longer-body"] {
        let (status, body) = client.handshake(id).await;
        assert!(
            status == 200 && body.contains(ACCEPTED) && body.contains(id),
            "{body}"
        );
    }
    let fault = json!({ "fault": "http-503-html", "method": "/cometd" });
    done(&http, "POST", "faults", fault).await;
    assert_eq!(client.handshake("fourth").await.0, 503);
    assert_eq!(client.handshake("fifth").await.0, 200);
    let revoke = Request::post("/services/oauth2/revoke")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Full::from(Bytes::from(format!("token={token}"))))
        .expect("a request");
    let revoked = http.send(revoke, WITHIN).await.expect("an answer");
    assert_eq!(revoked.status, 200);
    let (_, body) = client.handshake("sixth").await;
    assert!(body.contains(REFUSED), "{body}");
    drop(client);
    // All are in the journal, with their bodies.
    let kept = done(&http, "GET", "requests?api=streaming", Value::Null).await;
    let kept = kept.pointer("/requests").and_then(Value::as_array).cloned();
    assert_eq!(kept.map(|kept| kept.len()), Some(6));
    let longest = "requests?api=streaming&text=a-third-with-a-longer-body";
    let found = done(&http, "GET", longest, Value::Null).await;
    let found = found
        .pointer("/requests")
        .and_then(Value::as_array)
        .cloned();
    assert_eq!(found.map(|found| found.len()), Some(1));
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn a_repeated_head_does_not_outlive_its_org() {
    let running = start().await;
    let http = stranger(&running);
    let org = done(&http, "POST", "orgs", Value::Null).await;
    let text = |name: &str| org[name].as_str().expect(name).to_owned();
    let (id, token) = (text("id"), text("accessToken"));
    let mut client = Repeating::new(&running, &token).await;
    for _ in 0..2 {
        assert!(client.handshake("open").await.1.contains(ACCEPTED));
    }
    let closed = call_as(&http, "DELETE", &format!("orgs/{id}"), String::new(), &[]).await;
    assert_eq!(closed.status, 204);
    // The first org answers for tokens that nobody has issued.
    let (status, body) = client.handshake("closed").await;
    assert!(status == 200 && body.contains(REFUSED), "{body}");
    assert_eq!(get(&http, "/readyz").await.status, 200);
    running.stop().await.expect("stops");
}
