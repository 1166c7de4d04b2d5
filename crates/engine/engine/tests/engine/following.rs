//! An org whose store another process writes to: what is in memory follows the commits of that process.

use std::sync::Arc;

use landfall_engine::usage::{Allocations, Batch, Client, Meter};
use landfall_engine::{
    CaptureRules, Engine, Error, Lease, Parts, SeededEntropy, Streams, TopicFilter, WriterThread,
};
use landfall_model::limits::FEED_COMMITS_MAX;
use landfall_model::{Fault, ReplayId, ReplayPreset, ServiceFault, Topic, Value};
use landfall_store::{Document, DocumentKind};
use landfall_store_memory::MemoryStore;

use crate::org::{Org, text, user};

const UNAVAILABLE: Fault = Fault::Service(ServiceFault::StoreUnavailable);

/// An org, and an engine that follows it.
struct Followed {
    org: Org,
    follower: Engine,
    thread: WriterThread,
}

impl Followed {
    async fn new() -> Self {
        let store = MemoryStore::default();
        let opened = store.open();
        let org = Org::on(|_| opened).await;
        let (follower, thread) = Engine::follow(Parts {
            store: store.reader(),
            clock: Arc::clone(&org.clock) as _,
            entropy: Arc::new(SeededEntropy::new(2)),
            instance: *b"5f",
            reserve_bytes: 0,
            retention_hours: 72,
            capture_all: true,
            capture_rules: CaptureRules::default(),
            streams: Streams::default(),
            allocations: Allocations::UNLIMITED,
            lease: Lease::lapsed(),
        })
        .expect("an engine that follows");
        Self {
            org,
            follower,
            thread,
        }
    }

    async fn catch_up(&self) {
        self.follower.catch_up().await.expect("caught up");
    }

    fn tail(&self) -> ReplayId {
        self.follower.log().bounds().tail
    }

    async fn end(self) {
        let thread = self.thread;
        let stopped = tokio::task::spawn_blocking(move || thread.stop());
        stopped.await.expect("the thread stops");
    }
}

#[tokio::test]
async fn nobody_is_let_in_before_it_has_caught_up_nor_after_the_lease() {
    let followed = Followed::new().await;
    let unavailable = Err(ServiceFault::StoreUnavailable);
    assert_eq!(followed.follower.check(), unavailable);
    followed.catch_up().await;
    assert_eq!(followed.follower.check(), Ok(()));
    followed.follower.lease().end();
    assert_eq!(followed.follower.check(), unavailable);
    followed.catch_up().await;
    assert_eq!(followed.follower.check(), Ok(()));
    assert!(followed.follower.follows() && !followed.org.engine.follows());
    followed.end().await;
}

#[tokio::test]
async fn events_come_with_the_commits_and_are_in_memory() {
    let followed = Followed::new().await;
    followed.catch_up().await;
    let before = followed.tail();
    assert_eq!(before, followed.org.tail());
    for name in ["One", "Two"] {
        followed.org.created("Account", &[text("Name", name)]).await;
    }
    assert_eq!(followed.tail(), before, "nobody has looked yet");
    followed.catch_up().await;
    assert_eq!(followed.tail(), followed.org.tail());
    assert_eq!(followed.follower.version(), followed.org.engine.version());
    let read = |engine: &Engine| {
        let stretch = engine.log().read_recent(before, &TopicFilter::All, 10);
        let events = stretch.expect("in memory").events;
        let events = events.iter().map(|event| event.event().clone());
        events.collect::<Vec<_>>()
    };
    assert_eq!(read(&followed.follower), read(&followed.org.engine));
    followed.end().await;
}

#[tokio::test]
async fn changes_are_refused() {
    let followed = Followed::new().await;
    followed.catch_up().await;
    let org = &followed.org;
    let refused = org.transaction(vec![org.create("Account", &[text("Name", "Here")])]);
    let refused = followed.follower.commit(refused).await;
    assert!(matches!(refused, Err(Error::ReadOnly)));
    assert_eq!(Error::ReadOnly.fault(), UNAVAILABLE);
    followed.end().await;
}

#[tokio::test]
async fn push_topics_and_rights_follow() {
    let followed = Followed::new().await;
    followed.catch_up().await;
    let org = &followed.org;
    assert!(followed.follower.push_topics().named("Names").is_none());
    org.created(
        "PushTopic",
        &[
            text("Name", "Names"),
            text("Query", "SELECT Id, Name FROM Account"),
            ("ApiVersion", Value::Double(59.0)),
        ],
    )
    .await;
    let second = org.created("User", &user("second")).await;
    let rights = followed.follower.rights(second).await.expect("readable");
    let account = org.entity("Account");
    let before = rights.access().object(&account);
    let standard = org.engine.org().standard_users;
    org.change(org.update(second, &[("ProfileId", Value::Id(standard))]))
        .await;
    followed.catch_up().await;
    assert!(followed.follower.push_topics().named("Names").is_some());
    let there = org.engine.rights(second).await.expect("readable");
    assert_eq!(
        rights.access().object(&account),
        there.access().object(&account)
    );
    assert_ne!(rights.access().object(&account), before);
    followed.end().await;
}

#[tokio::test]
async fn one_that_is_too_far_behind_loads_everything_anew() {
    let followed = Followed::new().await;
    followed.catch_up().await;
    let org = &followed.org;
    org.created("Account", &[text("Name", "Early")]).await;
    for number in 0..=FEED_COMMITS_MAX {
        let document = Document {
            kind: DocumentKind::Usage,
            key: format!("{number}"),
            content: Some(Vec::new()),
        };
        org.engine.put(vec![document]).await.expect("kept");
    }
    followed.catch_up().await;
    assert_eq!(followed.follower.version(), org.engine.version());
    assert_eq!(followed.tail(), org.tail());
    org.created("Account", &[text("Name", "Late")]).await;
    followed.catch_up().await;
    assert_eq!(followed.tail(), org.tail());
    followed.end().await;
}

#[tokio::test]
async fn a_replay_id_from_another_process_is_waited_for() {
    let followed = Followed::new().await;
    followed.catch_up().await;
    followed
        .org
        .created("Account", &[text("Name", "Elsewhere")])
        .await;
    let tail = followed.org.tail();
    assert!(followed.tail() < tail);
    followed.follower.reach(ReplayPreset::Latest).await;
    assert!(followed.tail() < tail, "new events are not waited for");
    followed.follower.reach(ReplayPreset::Custom(tail)).await;
    assert_eq!(followed.tail(), tail);
    followed.end().await;
}

#[tokio::test]
async fn deliveries_are_reported_to_the_process_that_writes() {
    let followed = Followed::new().await;
    followed.catch_up().await;
    let (here, there) = (&followed.follower, &followed.org.engine);
    let topic = Topic::new("/data/AccountChangeEvent");
    let number = there.definitions().topic(&topic).expect("a topic");
    let tally = here.usage().subscriber(Client::PubSub);
    let mut batch = Batch::default();
    batch.deliver(number, Meter::Delivered, 7);
    here.usage().delivered(&tally, &batch);
    assert_eq!(here.usage().used(Meter::Delivered), 7);
    let reply = there.reported("b", &here.report());
    assert_eq!(there.usage().used(Meter::Delivered), 7);
    let totals = there.usage().totals();
    let of_topic = totals.iter().find(|totals| totals.topic == topic.as_str());
    assert_eq!(of_topic.map(|totals| totals.delivered), Some(7));
    here.replied(&reply);
    assert_eq!(here.usage().used(Meter::Delivered), 7, "counted once");
    here.usage().delivered(&tally, &batch);
    assert_eq!(here.usage().used(Meter::Delivered), 14);
    here.replied(&there.reported("b", &here.report()));
    assert_eq!(there.usage().used(Meter::Delivered), 14);
    assert_eq!(here.report().clone(), here.report(), "nothing is left");
    here.usage().set_clients(3);
    there.reported("b", &here.report());
    assert_eq!(there.usage().clients(), 3);
    followed.end().await;
}
