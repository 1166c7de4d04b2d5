//! Each method does what it says, on a real org.

use std::future::{Future, IntoFuture};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use landfall_testing::{Error, Org, Start, json};

const ACCOUNTS: &str = "/data/AccountChangeEvent";

fn org() -> Org {
    Org::open().expect("an org")
}

fn create(org: &Org, name: &str) -> String {
    let created = org
        .rest("POST", "sobjects/Account")
        .json(json!({ "Name": name }));
    let created = created.run().expect("an account");
    created["id"].as_str().expect("an id").to_owned()
}

fn names(org: &Org) -> Vec<String> {
    let answer = org.rest("GET", "query?q=SELECT+Name+FROM+Account+ORDER+BY+Name");
    let answer = answer.run().expect("records");
    let records = answer["records"].as_array().expect("a list").iter();
    let names = records.map(|record| record["Name"].as_str().expect("a name").to_owned());
    names.collect()
}

#[test]
fn an_org_is_reset() {
    let org = org();
    let first = create(&org, "one");
    let state = org.reset().run().expect("reset");
    assert_eq!((state.name.as_str(), state.events), ("seed", 0));
    assert!(state.records.is_empty() && names(&org).is_empty());
    assert_eq!(create(&org, "two"), first);
    org.reset()
        .to("empty")
        .keep_subscribers()
        .run()
        .expect("reset");
    let unknown = org.reset().to("nowhere").run().expect_err("refused");
    assert_eq!(unknown.code(), Some("snapshot-not-found"));
}

#[test]
fn snapshots() {
    let org = org();
    create(&org, "one");
    let saved = org.save("with_one").run().expect("saved");
    assert_eq!(
        (saved.records[0].object.as_str(), saved.records[0].count),
        ("Account", 1)
    );
    create(&org, "two");
    org.load("with_one").run().expect("loaded");
    assert_eq!(names(&org), ["one"]);
    let all = org.snapshots().run().expect("a list");
    assert!(all.iter().any(|snapshot| snapshot.name == "with_one"));
    org.remove("with_one").run().expect("removed");
    let gone = org.load("with_one").run().expect_err("refused");
    assert!(matches!(gone, Error::Refused { status: 404, .. }), "{gone}");
}

#[test]
fn the_clock() {
    let org = org();
    let clock = org.clock();
    assert_eq!(
        clock
            .freeze_at("2090-01-01T09:00:00Z")
            .run()
            .expect("frozen")
            .mode,
        "frozen"
    );
    assert_eq!(
        clock.preview("73h").run().expect("previewed").now,
        "2090-01-04T10:00:00.000Z"
    );
    assert_eq!(
        clock.advance("73h").run().expect("moved").now,
        "2090-01-04T10:00:00.000Z"
    );
    assert_eq!(
        clock.set("2090-02-01T00:00:00Z").run().expect("set").now,
        "2090-02-01T00:00:00.000Z"
    );
    let back = clock
        .set("2090-01-01T00:00:00Z")
        .run()
        .expect_err("refused");
    assert_eq!(back.code(), Some("clock-backwards"));
    assert_eq!(clock.resume().run().expect("runs").mode, "running");
    assert_eq!(clock.freeze().run().expect("frozen").mode, "frozen");
    assert!(clock.read().run().expect("read").ahead_ms > 0);
    // The login has expired meanwhile.
    let path = "limits";
    let refused = org.rest("GET", path).run().expect_err("refused");
    assert!(
        matches!(refused, Error::Status { status: 401, .. }),
        "{refused}"
    );
    org.login().expect("logged in");
    org.rest("GET", path).run().expect("limits");
}

#[test]
fn faults() {
    let org = org();
    let armed = org.arm("request-limit").next(2).run().expect("armed");
    assert_eq!((armed.fault.as_str(), armed.fired), ("request-limit", 0));
    assert_eq!(org.unfired().run().expect("a list").len(), 1);
    for _ in 0..2 {
        let refused = org.rest("GET", "limits").run().expect_err("refused");
        assert!(
            refused.to_string().contains("REQUEST_LIMIT_EXCEEDED"),
            "{refused}"
        );
    }
    org.rest("GET", "limits").run().expect("limits");
    assert_eq!(org.faults().run().expect("a list")[0].fired, 2);
    let latency = org
        .arm("latency")
        .method("GET /limits")
        .delay("1ms")
        .after(9)
        .run();
    org.disarm(&latency.expect("armed").id)
        .run()
        .expect("disarmed");
    org.disarm_all().run().expect("disarmed");
    assert!(org.faults().run().expect("a list").is_empty());
    let unknown = org.arm("gapp").run().expect_err("refused");
    assert!(unknown.to_string().contains("gap"), "{unknown}");
}

#[test]
fn what_is_retained_and_used() {
    let org = org();
    let before = org.position(ACCOUNTS).run().expect("a position").replay_id;
    create(&org, "one");
    let events = org
        .events()
        .topic(ACCOUNTS)
        .change_type("CREATE")
        .from(before + 1)
        .run();
    let events = events.expect("a list");
    assert_eq!(events.len(), 1);
    let event = org.event(events[0].replay_id).run().expect("retained");
    let data = event.data.expect("it can be decoded");
    assert_eq!(data["payload"]["Name"], "one");
    let counted = org.count(ACCOUNTS, before).run().expect("counted");
    assert_eq!(counted.events, 1);
    let schemas = org.schemas().run().expect("a list");
    let is_current = |event: &str| {
        let mut schemas = schemas.iter();
        schemas.any(|schema| schema.event == event && schema.current)
    };
    assert!(is_current("AccountChangeEvent"));
    let usage = org.usage().run().expect("usage");
    assert!(
        usage
            .topics
            .iter()
            .any(|of| of.topic == ACCOUNTS && of.published > 0)
    );
    let difference = org.difference("seed").run().expect("compared");
    let mut objects = difference.objects.iter();
    assert!(objects.any(|of| of.object == "Account" && of.created == 1));
    assert!(!org.requests().run().expect("a list").is_empty());
    org.clear_requests().run().expect("cleared");
    assert!(org.requests().run().expect("a list").is_empty());
}

#[test]
fn events_and_positions() {
    let org = org();
    create(&org, "one");
    let topics = org.topics().run().expect("topics");
    assert!(topics.topics.iter().any(|topic| topic.channel == ACCOUNTS));
    create(&org, "two");
    let matching = json!({ "payload": { "ChangeEventHeader": { "changeType": "CREATE" } } });
    let events = org
        .expect(ACCOUNTS)
        .matching(matching)
        .after(topics.tail)
        .run();
    let events = events.expect("an event");
    assert_eq!(events[0].data["payload"]["Name"], "two");
    let unmet = org
        .expect(ACCOUNTS)
        .count(3)
        .timeout_ms(20)
        .run()
        .expect_err("unmet");
    assert_eq!(unmet.code(), Some("not-met"));
    let now = org.position(ACCOUNTS).run().expect("a position");
    assert_eq!(now.replay_id, events[0].replay_id);
    let all = org.position(ACCOUNTS).at("2020-01-01T00:00:00Z").run();
    assert!(all.expect("a position").replay_id < topics.tail);
    assert_eq!(
        org.settle()
            .timeout_ms(1_000)
            .run()
            .expect("settled")
            .subscriptions,
        0
    );
}

#[test]
fn requests_mistakes_and_subscribers() {
    let org = org();
    let wrong = org
        .rest("POST", "sobjects/Account")
        .json(json!({ "Nmae": "x" }));
    wrong.run().expect_err("refused");
    let requests = org
        .requests()
        .api("rest")
        .status(400)
        .text("sobjects")
        .limit(1);
    let requests = requests.run().expect("a list");
    let request = org.request(requests[0].number).run().expect("a request");
    assert_eq!(request.request.text.as_deref(), Some(r#"{"Nmae":"x"}"#));
    let mistakes = org.mistakes().run().expect("a list");
    assert_eq!(mistakes[0].hint.as_deref(), Some("did you mean Name?"));
    assert!(org.subscribers().run().expect("a list").is_empty());
    let nobody = org.end_subscriber("nobody").run().expect_err("refused");
    assert_eq!(nobody.code(), Some("subscriber-not-found"));
}

#[test]
fn orgs_do_not_see_each_other_and_are_closed_in_the_end() {
    let org = org();
    create(&org, "one");
    let other = org.isolated().expect("another org");
    assert_ne!(other.username(), org.username());
    assert!(names(&other).is_empty());
    let token = other.access_token();
    drop(other);
    let orgs = org
        .control::<landfall_testing::Value>("GET", "orgs")
        .run()
        .expect("a list");
    let own = token.split('!').next().expect("an org");
    assert!(!orgs.to_string().contains(own), "{orgs}");
}

#[test]
fn a_process_of_its_own_ends_with_its_org() {
    let org = Start::new()
        .option("--clock")
        .option("2090-01-01T09:00:00Z")
        .run()
        .expect("an org");
    assert_eq!(
        org.clock().read().run().expect("read").now,
        "2090-01-01T09:00:00.000Z"
    );
    assert!(org.ca_file().expect("a file").exists());
    let target = org.target().trim_start_matches("http://").to_owned();
    drop(org);
    std::net::TcpStream::connect(target).expect_err("nobody listens");
    let failed = Start::new()
        .project("/nowhere")
        .run()
        .err()
        .expect("refused");
    assert!(failed.to_string().contains("/nowhere"), "{failed}");
    let absent = Start::new()
        .binary("/nowhere/landfall")
        .run()
        .err()
        .expect("refused");
    assert!(absent.to_string().contains("cannot be run"), "{absent}");
}

#[test]
fn calls_can_be_awaited() {
    let org = org();
    let work = async {
        org.arm("request-limit").await?;
        let refused = org.rest("GET", "limits").await;
        assert!(refused.is_err());
        org.clock().advance("1h").await
    };
    assert_eq!(block_on(work).expect("moved").mode, "running");
}

/// The least of a runtime.
fn block_on<T>(work: impl IntoFuture<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut work = pin!(work.into_future());
    loop {
        match work.as_mut().poll(&mut context) {
            Poll::Ready(answer) => return answer,
            Poll::Pending => thread::park(),
        }
    }
}
