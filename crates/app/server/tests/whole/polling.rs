//! Connections that poll, and do other things besides.

use landfall_server::Running;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::common::{WITHIN, start};

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
