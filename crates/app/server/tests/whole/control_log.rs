//! How the control interface lists the events of the log, and how a client follows it.

#![expect(
    clippy::indexing_slicing,
    reason = "a value that is not there fails the test"
)]

use http::Method;
use landfall_client::Org;
use landfall_server::Running;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::common::{WITHIN, create_account, login, start, stranger};
use crate::control::done;

async fn update(org: &Org, id: &str, fields: &Value) {
    let path = format!("/services/data/v59.0/sobjects/Account/{id}");
    let answer = org.call(Method::PATCH, &path, Some(fields)).await;
    assert_eq!(answer.expect("an answer").status, 204);
}

fn replay_ids(answer: &Value) -> Vec<u64> {
    let events = answer["events"].as_array().expect("a list").iter();
    let ids = events.map(|event| event["replayId"].as_u64().expect("a replay id"));
    ids.collect()
}

#[tokio::test]
async fn events_are_listed_newest_first_and_page_by_page() {
    let running = start().await;
    let (http, org) = (stranger(&running), login(&running).await);
    let none = done(&http, "GET", "events", Value::Null).await;
    assert_eq!(none, json!({ "events": [], "scanned": 0, "tail": 1000 }));
    for number in 1..=5 {
        create_account(&org, &format!("No. {number}")).await;
    }
    let page = done(&http, "GET", "events?limit=2", Value::Null).await;
    assert_eq!(replay_ids(&page), [1005, 1004]);
    assert_eq!(page["next"], 1003);
    let page = done(&http, "GET", "events?limit=3&to=1003", Value::Null).await;
    assert_eq!(replay_ids(&page), [1003, 1002, 1001]);
    assert!(page.get("next").is_none(), "{page}");
    let part = done(&http, "GET", "events?from=1002&to=1003", Value::Null).await;
    assert_eq!(replay_ids(&part), [1003, 1002]);
    drop((http, org));
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn events_are_found_by_header_fields_and_text() {
    let running = start().await;
    let (http, org) = (stranger(&running), login(&running).await);
    let acme = create_account(&org, "Acme \"quoted\"").await;
    create_account(&org, "Other").await;
    let fields = json!({ "Industry": "Banking", "BillingCity": "Kiel" });
    update(&org, &acme, &fields).await;
    update(&org, &acme, &json!({ "Industry": null })).await;
    for (query, found) in [
        ("type=UPDATE", &[1004, 1003][..]),
        ("type=crea*,GAP*", &[1002, 1001]),
        ("type=PUBLISHED", &[]),
        ("entity=account", &[1004, 1003, 1002, 1001]),
        ("entity=Contact", &[]),
        (&format!("record={acme}"), &[1004, 1003, 1001]),
        (&format!("record={}", &acme[..15]), &[1004, 1003, 1001]),
        ("field=Industry", &[1004, 1003]),
        ("field=BillingAddress.City", &[1003]),
        ("field=BillingAddress", &[1003]),
        // A created record reports no changed fields.
        ("field=Name", &[1002, 1001]),
        ("q=ACME%20%22quoted", &[1001]),
        ("q=bank&type=UPDATE", &[1003]),
        ("q=bank&type=CREATE", &[]),
        // The name of the record counts, also where the event does not have it.
        ("filter=acme", &[1004, 1003, 1001]),
        ("filter=acme%20-type:CREATE", &[1004, 1003]),
        (
            "filter=Industry%3DBanking%20OR%20Name%3Dother",
            &[1003, 1002],
        ),
        ("filter=BillingAddress.City!%3Dkiel%20type:UPDATE", &[1004]),
        ("filter=nulled:Industry", &[1004]),
        ("filter=field:Industry%20before:1h", &[]),
        (
            "filter=replay%3E%3D1002%20(object:acc*%20after:1h)%20size%3C100000",
            &[1004, 1003, 1002],
        ),
        ("filter=topic:/data/AccountChangeEvent%20user:005*", &[]),
        (
            &format!("filter=id:{acme}%20NOT%20origin:*client%3Dnobody"),
            &[1004, 1003, 1001],
        ),
        (
            "topic=/data/AccountChangeEvent,/data/ContactChangeEvent",
            &[1004, 1003, 1002, 1001],
        ),
        ("topic=/data/ContactChangeEvent", &[]),
        ("topic=/data/ChangeEvents", &[1004, 1003, 1002, 1001]),
    ] {
        let answer = done(&http, "GET", &format!("events?{query}"), Value::Null).await;
        assert_eq!(replay_ids(&answer), found, "{query}");
    }
    drop((http, org));
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn an_event_is_shown_in_both_forms_with_its_bitmaps() {
    let running = start().await;
    let (http, org) = (stranger(&running), login(&running).await);
    let id = create_account(&org, "Acme").await;
    update(&org, &id, &json!({ "Phone": "1", "BillingCity": "Kiel" })).await;
    update(&org, &id, &json!({ "Phone": null })).await;
    let event = done(&http, "GET", "events/1002", Value::Null).await;
    assert_eq!(event["topic"], "/data/AccountChangeEvent");
    let (header, data) = (&event["header"], &event["data"]);
    assert_eq!(header["changeType"], "UPDATE");
    assert_eq!(header["recordIds"], json!([id]));
    let changed = &header["changedFields"];
    let names = ["Phone", "LastModifiedDate", "BillingAddress.City"];
    assert_eq!(changed["names"], json!(names));
    assert_eq!(changed["bitmap"], json!(["0x400040", "4-0x02"]));
    assert_eq!(data["payload"]["BillingAddress"], json!({ "City": "Kiel" }));
    assert_eq!(data["event"]["replayId"], 1002);
    assert_eq!(data["schema"], event["schema"]);
    let payload = event["payload"].as_str().expect("Base64");
    let bytes = event["size"].as_u64().expect("a size");
    assert_eq!(payload.len() as u64, bytes.div_ceil(3) * 4);
    let nulled = done(&http, "GET", "events/1003", Value::Null).await;
    assert_eq!(nulled["header"]["nulledFields"]["names"], json!(["Phone"]));
    assert_eq!(nulled["header"]["nulledFields"]["bitmap"], json!(["0x40"]));
    // None of this was a delivery.
    let limits = org
        .call(Method::GET, "/services/data/v59.0/limits", None)
        .await;
    let limits = limits.expect("an answer").json();
    let deliveries = &limits["DailyDeliveredPlatformEvents"];
    assert_eq!(deliveries["Max"], deliveries["Remaining"]);
    drop((http, org));
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn a_login_needs_no_password_in_a_developer_org() {
    let running = start().await;
    let http = stranger(&running);
    let login = done(&http, "POST", "logins", json!({})).await;
    let token = login["accessToken"].as_str().expect("a token");
    let bearer = [("authorization", &*format!("Bearer {token}"))];
    let path = "/services/data/v59.0/limits";
    let request = http::Request::get(path).header(bearer[0].0, bearer[0].1);
    let request = request.body(http_body_util::Full::<bytes::Bytes>::default());
    let answer = http.send(request.expect("a request"), WITHIN).await;
    assert_eq!(answer.expect("an answer").status, 200);
    drop(http);
    running.stop().await.expect("stops");
}

/// A client of the stream.
struct Follower(BufReader<TcpStream>);

/// One server-sent event.
#[derive(Debug)]
struct Frame {
    id: Option<u64>,
    event: String,
    data: Value,
}

impl Follower {
    async fn start(running: &Running, query: &str, headers: &str) -> Self {
        let url = running.url();
        let address = url.trim_start_matches("http://").to_owned();
        let mut stream = TcpStream::connect(address).await.expect("connected");
        let request =
            format!("GET /_landfall/v1/stream{query} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.expect("sent");
        Self(BufReader::new(stream))
    }

    /// The next event; none once the stream has ended.
    async fn next(&mut self) -> Option<Frame> {
        let (mut id, mut event) = (None, String::new());
        loop {
            let mut line = String::new();
            let read = timeout(WITHIN, self.0.read_line(&mut line)).await;
            if read.expect("in time").expect("readable") == 0 {
                return None;
            }
            if let Some(text) = line.strip_prefix("id: ") {
                id = text.trim().parse().ok();
            } else if let Some(text) = line.strip_prefix("event: ") {
                text.trim().clone_into(&mut event);
            } else if let Some(text) = line.strip_prefix("data: ") {
                let data = serde_json::from_str(text).expect("JSON");
                return Some(Frame { id, event, data });
            }
        }
    }

    async fn next_event(&mut self) -> u64 {
        loop {
            let frame = self.next().await.expect("an event");
            if frame.event == "event" {
                assert_eq!(frame.id, frame.data["replayId"].as_u64());
                return frame.id.expect("an id");
            }
        }
    }
}

#[tokio::test]
async fn a_client_follows_the_log_and_resumes_without_a_gap() {
    let running = start().await;
    let org = login(&running).await;
    create_account(&org, "Before").await;
    let mut follower = Follower::start(&running, "", "").await;
    let tail = follower.next().await.expect("the tail");
    assert_eq!((&*tail.event, tail.id), ("tail", Some(1001)));
    for name in ["One", "Two"] {
        create_account(&org, name).await;
    }
    assert_eq!(follower.next_event().await, 1002);
    drop(follower);
    create_account(&org, "Three").await;
    let mut follower = Follower::start(&running, "", "last-event-id: 1002\r\n").await;
    assert_eq!(follower.next_event().await, 1003);
    assert_eq!(follower.next_event().await, 1004);
    let mut filtered = Follower::start(&running, "?after=1000&q=two", "").await;
    assert_eq!(filtered.next_event().await, 1003);
    drop((follower, filtered, org));
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn a_position_that_the_log_does_not_have_is_reported() {
    let running = start().await;
    let (http, org) = (stranger(&running), login(&running).await);
    create_account(&org, "Old").await;
    done(&http, "POST", "clock/advance", json!({ "by": "73h" })).await;
    let org = login(&running).await;
    create_account(&org, "New").await;
    let mut behind = Follower::start(&running, "?after=1000", "").await;
    let skipped = behind.next().await.expect("what is skipped");
    assert_eq!((&*skipped.event, skipped.id), ("skipped", Some(1001)));
    let expected = json!({ "count": 1, "from": 1001, "to": 1001, "reason": "not retained" });
    assert_eq!(skipped.data, expected);
    assert_eq!(behind.next_event().await, 1002);
    let mut beyond = Follower::start(&running, "?after=5000", "").await;
    let reset = beyond.next().await.expect("a reset");
    assert_eq!((&*reset.event, reset.id), ("reset", Some(1002)));
    drop((behind, beyond, http, org));
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn who_follows_does_not_keep_the_server_from_stopping() {
    let running = start().await;
    let mut follower = Follower::start(&running, "", "").await;
    follower.next().await.expect("the tail");
    let stopped = timeout(WITHIN, running.stop()).await;
    stopped.expect("in time").expect("stops");
    assert!(follower.next().await.is_none());
}
