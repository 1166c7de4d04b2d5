//! The streaming client against accidents: broken connections, a server that went away, a login that ended.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use http::Request;
use http_body_util::Full;
use landfall_client::streaming::{Replay, Streaming, Update};
use landfall_client::{Grant, Org, Trust};
use landfall_server::Server;
use landfall_server::config::Data;
use serde_json::Value;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use crate::common::{WITHIN, create_account, dev, developer, login, start};

const TOPIC: &str = "/data/AccountChangeEvent";

/// What a follower reports about its stream.
#[derive(Debug)]
enum Notice {
    Subscribed,
    Name(String),
    Retrying,
    Closed,
}

/// Follows the topic in a task of its own until dropped.
struct Follower {
    told: mpsc::UnboundedReceiver<Notice>,
    task: JoinHandle<()>,
}

impl Follower {
    fn start(org: Org) -> Self {
        let (tell, told) = mpsc::unbounded_channel();
        let mut streaming = Streaming::new(org, "59.0");
        streaming
            .subscribe(TOPIC, Replay::Latest)
            .expect("one subscription");
        let task = tokio::spawn(async move {
            loop {
                let told = match streaming.next().await {
                    Update::Subscribed(_) => Notice::Subscribed,
                    Update::Event(event) => {
                        let payload: Value = serde_json::from_str(&event.payload).expect("JSON");
                        let name = payload.get("Name").and_then(Value::as_str);
                        Notice::Name(name.unwrap_or_default().to_owned())
                    }
                    Update::Retrying { .. } => Notice::Retrying,
                    Update::Closed(_) => Notice::Closed,
                    Update::Opened { .. } | Update::Unsubscribed(_) => continue,
                    Update::SubscribeRefused(_, refusal) => panic!("refused: {refusal:?}"),
                };
                if tell.send(told).is_err() {
                    return;
                }
            }
        });
        Self { told, task }
    }

    async fn next(&mut self) -> Notice {
        let told = tokio::time::timeout(WITHIN, self.told.recv()).await;
        told.expect("something is told in time")
            .expect("the follower lives")
    }

    /// Reads on to something of this kind, past retries and new subscriptions.
    async fn name(&mut self) -> String {
        loop {
            match self.next().await {
                Notice::Name(name) => return name,
                Notice::Subscribed | Notice::Retrying => (),
                Notice::Closed => panic!("closed"),
            }
        }
    }

    async fn until(&mut self, wanted: fn(&Notice) -> bool) {
        loop {
            if wanted(&self.next().await) {
                return;
            }
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A wire between client and server that can be cut.
struct Wire {
    address: SocketAddr,
    cut: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Wire {
    async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let cut = Arc::new(Notify::new());
        let cutter = Arc::clone(&cut);
        let task = tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let cut = Arc::clone(&cutter);
                tokio::spawn(async move {
                    let Ok(mut far) = TcpStream::connect(server).await else {
                        return;
                    };
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => (),
                        () = cut.notified() => (),
                    }
                });
            }
        });
        Self { address, cut, task }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn login_at(address: SocketAddr, grant: &Grant) -> Org {
    let target = address.to_string().parse().expect("an address");
    Org::login(target, &Trust::nobody(), grant)
        .await
        .expect("the login succeeds")
}

#[tokio::test]
async fn a_cut_wire_loses_nothing_and_doubles_nothing() {
    let running = start().await;
    let direct = login(&running).await;
    let wire = Wire::to(running.local_addr()).await;
    let mut follower = Follower::start(login_at(wire.address, &developer()).await);
    follower
        .until(|told| matches!(told, Notice::Subscribed))
        .await;
    create_account(&direct, "first").await;
    assert_eq!(follower.name().await, "first");
    for round in 0..3 {
        wire.cut.notify_waiters();
        let name = format!("after cut {round}");
        create_account(&direct, &name).await;
        assert_eq!(follower.name().await, name);
    }
    drop((follower, direct, wire));
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn a_restarted_server_is_followed_from_the_last_event_seen() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = dev(Data::Folder(folder.path().to_owned()));
    let running = Server::start(config.clone()).await.expect("starts");
    config.listen = running.local_addr();
    let org = login(&running).await;
    let mut follower = Follower::start(org.clone());
    follower
        .until(|told| matches!(told, Notice::Subscribed))
        .await;
    create_account(&org, "before").await;
    assert_eq!(follower.name().await, "before");
    running.stop().await.expect("stops");
    follower
        .until(|told| matches!(told, Notice::Retrying))
        .await;

    let running = Server::start(config).await.expect("starts again");
    // Logins outlive a restart, so the old one is still good.
    let mut names = BTreeSet::new();
    for round in 0..3 {
        create_account(&org, &format!("after {round}")).await;
    }
    for _ in 0..3 {
        assert!(names.insert(follower.name().await), "twice");
    }
    assert_eq!(
        names.into_iter().collect::<Vec<_>>(),
        ["after 0", "after 1", "after 2"]
    );
    drop((follower, org));
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn a_revoked_login_closes_the_stream() {
    let running = start().await;
    let org = login(&running).await;
    let mut follower = Follower::start(org.clone());
    follower
        .until(|told| matches!(told, Notice::Subscribed))
        .await;
    let request = Request::post("/services/oauth2/revoke")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Full::from(format!("token={}", org.access_token().expose())))
        .expect("a request");
    let answer = org.http().send(request, WITHIN).await.expect("an answer");
    assert_eq!(answer.status, 200);
    follower.until(|told| matches!(told, Notice::Closed)).await;
    drop((follower, org));
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn the_position_is_that_of_the_last_event_that_is_done_with() {
    let running = start().await;
    let org = login(&running).await;
    for name in ["A", "B", "C"] {
        create_account(&org, name).await;
    }
    let mut streaming = Streaming::new(org, "59.0");
    streaming
        .subscribe(TOPIC, Replay::Earliest)
        .expect("one subscription");
    let mut ids = Vec::new();
    while ids.len() < 3 {
        let update = tokio::time::timeout(WITHIN, streaming.next()).await;
        if let Update::Event(event) = update.expect("an update in time") {
            let positions: Vec<_> = streaming.positions().collect();
            let before = ids.last().copied().unwrap_or(-2);
            assert_eq!(positions, [(TOPIC, Some(before))]);
            ids.push(event.replay_id.expect("a position"));
        }
    }
    running.stop().await.expect("stops");
}
