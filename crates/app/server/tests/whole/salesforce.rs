//! A developer org that passes for the vendor's hosts.

use landfall_server::config::Config;
use landfall_server::{Running, Server};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::common::{secured, settings, start};

const ESTABLISHED: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

async fn start_as_salesforce() -> Running {
    let file = json!({ "listen": "127.0.0.1:0", "ephemeral": true, "as_salesforce": true });
    let config = Config::dev(&settings(&file)).expect("a safe configuration");
    Server::start(config).await.expect("starts")
}

async fn connect(running: &Running) -> TcpStream {
    TcpStream::connect(running.local_addr())
        .await
        .expect("connects")
}

/// A connection on which the server was asked, as a proxy, for another host; and its answer, up to an empty line.
async fn tunnel(running: &Running, target: &str) -> (TcpStream, String) {
    let mut stream = connect(running).await;
    // In two pieces: a word that has begun is waited for.
    for piece in [
        "CON",
        &format!("NECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n"),
    ] {
        stream.write_all(piece.as_bytes()).await.expect("sent");
    }
    let mut answer = String::new();
    while !answer.ends_with("\r\n\r\n") {
        answer.push(char::from(stream.read_u8().await.expect("an answer")));
    }
    (stream, answer)
}

/// Logs in on a host and gives the answer.
async fn login(running: &Running, stream: TcpStream, host: &str) -> Value {
    let mut stream = secured(running, stream, host, &[b"http/1.1"])
        .await
        .expect("a certificate for it");
    let form = "grant_type=password&client_id=landfall&client_secret=landfall\
                &username=admin%40landfall.test&password=landfall";
    let request = format!(
        "POST /services/oauth2/token HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a body");
    assert!(head.starts_with("HTTP/1.1 200 "), "{answer}");
    serde_json::from_str(body).expect("JSON")
}

#[tokio::test]
async fn the_vendors_hosts_are_answered_to_under_their_names() {
    let running = start_as_salesforce().await;
    for host in [
        "login.salesforce.com",
        "na1.salesforce.com",
        "acme--uat.sandbox.my.salesforce.com",
    ] {
        let answer = login(&running, connect(&running).await, host).await;
        assert_eq!(answer["instance_url"], format!("https://{host}"));
        let id = answer["id"].as_str().expect("an address");
        assert!(id.starts_with(&format!("https://{host}/id/")), "{id}");
    }
    let local = connect(&running).await;
    assert!(secured(&running, local, "localhost", &[]).await.is_ok());
    let other = connect(&running).await;
    assert!(secured(&running, other, "example.com", &[]).await.is_err());
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn the_vendors_hosts_are_tunnelled_to_and_no_others() {
    let running = start_as_salesforce().await;
    let (stream, answer) = tunnel(&running, "login.salesforce.com:443").await;
    assert_eq!(answer, ESTABLISHED);
    let answer = login(&running, stream, "login.salesforce.com").await;
    assert_eq!(answer["instance_url"], "https://login.salesforce.com");
    let (stream, answer) = tunnel(&running, "api.pubsub.salesforce.com:7443").await;
    assert_eq!(answer, ESTABLISHED);
    let pubsub = secured(&running, stream, "api.pubsub.salesforce.com", &[b"h2"]).await;
    let pubsub = pubsub.expect("a certificate for it");
    assert_eq!(pubsub.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut stream, answer) = tunnel(&running, "example.com:443").await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert_eq!(stream.read(&mut [0; 1]).await.expect("closed"), 0);
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn without_the_setting_only_its_own_names_are_accepted() {
    let running = start().await;
    let stream = connect(&running).await;
    let vendors = secured(&running, stream, "login.salesforce.com", &[]).await;
    assert!(vendors.is_err());
    let (_, answer) = tunnel(&running, "login.salesforce.com:443").await;
    assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
    running.stop().await.expect("stops");
}
