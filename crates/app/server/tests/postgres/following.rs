//! Followers deliver events by themselves.

use std::time::{Duration, Instant};

use landfall_client::Org;
use landfall_engine::usage::Meter;
use landfall_server::Running;
use serde_json::{Value, json};

use crate::nodes::{Cluster, bayeux, create_account, is_current, login, metric, revoke, until};

const CHANNEL: &str = "/data/AccountChangeEvent";

/// A session of the Streaming API at a node.
struct Session<'n> {
    node: &'n Running,
    client_id: Value,
}

impl<'n> Session<'n> {
    /// Sends a handshake and subscribes to what comes after a replay id.
    async fn open(node: &'n Running, org: &Org, replay: i64) -> Self {
        let handshake = json!({
            "channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]
        });
        let replies = bayeux(node, org, handshake).await;
        let client_id = replies.first().map(|reply| reply["clientId"].clone());
        let client_id = client_id.expect("a reply");
        let subscribe = json!({
            "channel": "/meta/subscribe", "clientId": client_id, "subscription": CHANNEL,
            "ext": { "replay": { CHANNEL: replay } }
        });
        let replies = bayeux(node, org, subscribe).await;
        assert!(
            replies.iter().all(|reply| reply["successful"] == true),
            "{replies:?}"
        );
        Self { node, client_id }
    }

    async fn poll(&self, org: &Org) -> Vec<Value> {
        let connect = json!({
            "channel": "/meta/connect", "clientId": self.client_id, "connectionType": "long-polling"
        });
        bayeux(self.node, org, connect).await
    }

    /// The names of the accounts that the next polls bring, up to this one, with their replay ids.
    async fn names_until(&self, org: &Org, last: &str) -> Vec<(String, i64)> {
        let mut names: Vec<(String, i64)> = Vec::new();
        while names.last().is_none_or(|(name, _)| name != last) {
            let messages = self.poll(org).await;
            let reply = messages
                .iter()
                .find(|one| one["channel"] == "/meta/connect");
            assert_eq!(reply.map(|reply| &reply["successful"]), Some(&json!(true)));
            let events = messages.iter().filter(|one| one["channel"] == CHANNEL);
            names.extend(events.map(|event| {
                let name = event.pointer("/data/payload/Name").and_then(Value::as_str);
                let id = event
                    .pointer("/data/event/replayId")
                    .and_then(Value::as_i64);
                (name.expect("a name").to_owned(), id.expect("a replay id"))
            }));
        }
        names
    }
}

fn names(events: &[(String, i64)]) -> Vec<&str> {
    events.iter().map(|(name, _)| name.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_follower_delivers_what_was_written_by_way_of_any_node() {
    let cluster = Cluster::start(2).await;
    let (leader, follower) = (cluster.node(0), cluster.node(1));
    // By way of the follower, which knows the login as soon as the client does.
    let org = login(follower).await;
    let session = Session::open(follower, &org, -1).await;
    session.poll(&org).await;
    create_account(&org, "One").await;
    let events = session.names_until(&org, "One").await;
    assert_eq!(names(&events), ["One"]);
    let at_leader = login(leader).await;
    for name in ["Two", "Three"] {
        create_account(&at_leader, name).await;
    }
    // Begun at the leader a moment ago, and known nowhere else when it is used here.
    let events = session.names_until(&at_leader, "Three").await;
    assert_eq!(names(&events), ["Two", "Three"]);
    let passed = metric(follower, "landfall_cluster_forwarded_total{").await;
    assert!(metric(follower, "landfall_cluster_served_total").await > 0);
    let again = Session::open(follower, &org, -2).await;
    let all = again.names_until(&org, "Three").await;
    assert_eq!(names(&all), ["One", "Two", "Three"]);
    let now = metric(follower, "landfall_cluster_forwarded_total{").await;
    assert_eq!(passed, now, "subscribers cost the leader nothing");
    // What was delivered here is counted where it is kept.
    let used = || {
        let orgs = leader.orgs();
        let engine = orgs.list().into_iter().find_map(|org| orgs.engine(org));
        engine.map_or(0, |engine| engine.usage().used(Meter::Delivered))
    };
    until(|| async { used() >= 6 }).await;
    assert_eq!(used(), 6);
    cluster.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_replay_id_of_one_node_is_known_at_all_others() {
    let cluster = Cluster::start(3).await;
    let org = login(cluster.node(1)).await;
    let first = Session::open(cluster.node(1), &org, -1).await;
    let mut last = -1;
    for number in 0..20 {
        let name = format!("{number}");
        create_account(&org, &name).await;
        let events = first.names_until(&org, &name).await;
        let (_, id) = events.last().expect("an event");
        assert!(*id > last);
        last = *id;
        // At once, and by way of a node that may not have looked yet.
        Session::open(cluster.node(2), &org, last).await;
    }
    cluster.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_login_that_ends_ends_on_every_node_within_a_second() {
    let cluster = Cluster::start(2).await;
    let (leader, follower) = (cluster.node(0), cluster.node(1));
    let org = login(leader).await;
    let session = Session::open(follower, &org, -1).await;
    session.poll(&org).await;
    let poll = session.poll(&org);
    let revoke = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        revoke(leader, &org).await;
        Instant::now()
    };
    let (replies, revoked) = tokio::join!(poll, revoke);
    let reply = replies.first().expect("a reply").to_string();
    assert!(reply.contains("401::Authentication invalid"), "{reply}");
    assert!(revoked.elapsed() < Duration::from_secs(5));
    let replies = session.poll(&org).await;
    let reply = replies.first().expect("a reply").to_string();
    assert!(reply.contains("401::Authentication invalid"), "{reply}");
    cluster.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sessions_at_a_node_that_follows_on_outlive_the_leader() {
    let mut cluster = Cluster::start(3).await;
    let leader = cluster.nodes.remove(0);
    let org = login(cluster.node(0)).await;
    let sessions = [
        Session::open(cluster.node(0), &org, -1).await,
        Session::open(cluster.node(1), &org, -1).await,
    ];
    for session in &sessions {
        session.poll(&org).await;
    }
    leader.stop().await.expect("the leader stops");
    until(|| async {
        let nodes = [cluster.node(0), cluster.node(1)];
        is_current(nodes[0], "leader").await || is_current(nodes[1], "leader").await
    })
    .await;
    create_account(&org, "After").await;
    let mut outlived = 0;
    for session in &sessions {
        if is_current(session.node, "leader").await {
            let reply = session.poll(&org).await;
            let reply = reply.first().expect("a reply").to_string();
            assert!(reply.contains("403::Unknown client"), "{reply}");
        } else {
            let events = session.names_until(&org, "After").await;
            assert_eq!(names(&events), ["After"]);
            outlived += 1;
        }
    }
    assert_eq!(outlived, 1);
    cluster.stop().await;
}
