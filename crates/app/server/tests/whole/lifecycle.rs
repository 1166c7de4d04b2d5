//! Starting, stopping, starting again; and what does not start.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use http::Method;
use landfall_client::streaming::{Replay, Streaming, Update};
use landfall_client::{Grant, Org, Trust};
use landfall_engine::{Clock, ManualClock, PlausibleClock, SystemClock, Ticks};
use landfall_model::Timestamp;
use landfall_server::config::Data;
use landfall_server::{Config, Environment, Error, Server};
use serde_json::{Value, json};

use crate::common::{
    WITHIN, bayeux, create_account, dev, get, login, settings, start, start_in, started, stranger,
};

/// The longest that a stop may take, by contract.
const STOP_MAX: Duration = Duration::from_secs(10);

const PASSWORD: &str = "correct horse battery staple";

const CLIENT_SECRET: &str = "a-secret-of-24-letters-00";

/// The configuration of a production node on a free port.
pub(crate) fn serve(folder: &Path, with_admin: bool) -> Config {
    let secret = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("written");
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&path, private).expect("private");
        path
    };
    let mut text = json!({ "listen": "127.0.0.1:0", "data": folder.join("org") });
    if with_admin {
        text = json!({
            "listen": "127.0.0.1:0",
            "data": folder.join("org"),
            "admin": {
                "username": "ops@example.com",
                "password_file": secret("password", PASSWORD),
            },
            "connected_app": {
                // A key that a developer org has as well: only the secret differs.
                "client_id": "landfall",
                "client_secret_file": secret("client-secret", CLIENT_SECRET),
            },
        });
    }
    Config::serve(&settings(&text)).expect("a safe configuration")
}

/// The first event that a new subscription gets.
async fn first_event(org: Org, topic: &str, replay: Replay) -> Value {
    let mut streaming = Streaming::new(org, "59.0");
    streaming
        .subscribe(topic, replay)
        .expect("one subscription");
    let event = async {
        loop {
            match streaming.next().await {
                Update::Event(event) => return serde_json::from_str(&event.payload).expect("JSON"),
                Update::SubscribeRefused(_, refusal) => panic!("refused: {refusal:?}"),
                Update::Closed(refusal) => panic!("closed: {refusal:?}"),
                _ => (),
            }
        }
    };
    tokio::time::timeout(WITHIN, event).await.expect("an event")
}

#[tokio::test]
async fn a_started_server_is_alive_and_ready() {
    let running = start().await;
    let http = stranger(&running);
    assert_eq!(get(&http, "/healthz").await.json()["status"], "alive");
    let answer = get(&http, "/readyz").await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()),
        (200, json!({"status": "ready", "reasons": []}))
    );
    let answer = get(&http, "/nowhere").await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.json()[0]["errorCode"], "NOT_FOUND");
    running.stop().await.expect("stops");
}

/// Nothing is written meanwhile: the server notices by itself.
#[tokio::test]
async fn a_removed_data_file_is_reported_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = Arc::new(ManualClock::new(SystemClock.now()));
    let environment = Environment {
        clock: Arc::clone(&clock) as _,
        ..Environment::default()
    };
    let config = dev(Data::Folder(folder.path().to_owned()));
    let running = Server::start_in(config, environment).await.expect("starts");
    let org = login(&running).await;
    let moved = folder.path().join("moved");
    std::fs::rename(folder.path().join("landfall.db"), moved).expect("moved");
    let http = stranger(&running);
    let noticed = async {
        loop {
            let answer = get(&http, "/readyz").await;
            if answer.status == 503 {
                return answer.json();
            }
            clock.advance(Duration::from_secs(5));
        }
    };
    let answer = tokio::time::timeout(WITHIN, noticed).await;
    let answer = answer.expect("noticed");
    let reason = answer["reasons"][0].as_str().expect("a reason");
    assert!(reason.contains("removed"), "{reason}");
    let page = reason.split_whitespace().next_back().expect("a page");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    assert!(root.join(page).is_file(), "{page}");
    let body = json!({"Name": "Lost"});
    let path = "/services/data/v60.0/sobjects/Account";
    let refused = org.call(Method::POST, path, Some(&body)).await;
    let refused = refused.expect("an answer");
    assert_eq!(refused.status, 503);
    let error = &refused.json()[0];
    assert_eq!(error["errorCode"], "SERVER_UNAVAILABLE");
    assert!(!error["message"].to_string().contains("busy"), "{error}");
    drop(org);
    // Sessions that were not stored yet are lost with the file.
    let _ = running.stop().await;
}

/// Why a server does not start on a folder.
async fn refusal(folder: &Path) -> String {
    let config = dev(Data::Folder(folder.to_owned()));
    match Server::start(config).await {
        Err(Error::Unsafe { reason, .. }) => reason,
        other => panic!("{:?}", other.err()),
    }
}

#[tokio::test]
async fn an_org_without_its_data_file_is_not_begun_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start_in(folder.path()).await;
    create_account(&login(&running).await, "Kept").await;
    running.stop().await.expect("stops");
    let file = folder.path().join("landfall.db");
    let moved = folder.path().join("moved");
    std::fs::rename(&file, &moved).expect("moved");
    for _ in 0..2 {
        let reason = refusal(folder.path()).await;
        assert!(reason.contains("landfall.db is missing"), "{reason}");
        assert!(!file.exists(), "nothing is begun");
    }
    std::fs::rename(&moved, &file).expect("restored");
    let running = start_in(folder.path()).await;
    running.stop().await.expect("stops");

    // What bulk jobs have left is enough to know that there was an org.
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("bulk")).expect("made");
    std::fs::write(folder.path().join("bulk/job.csv"), "Name").expect("written");
    let reason = refusal(folder.path()).await;
    assert!(reason.contains("bulk is left"), "{reason}");
}

#[tokio::test]
async fn the_data_file_of_another_org_is_refused() {
    let (folder, other) = (tempfile::tempdir(), tempfile::tempdir());
    let (folder, other) = (folder.expect("a folder"), other.expect("another"));
    for folder in [&folder, &other] {
        let running = start_in(folder.path()).await;
        running.stop().await.expect("stops");
    }
    let file = folder.path().join("landfall.db");
    std::fs::copy(other.path().join("landfall.db"), file).expect("replaced");
    let reason = refusal(folder.path()).await;
    assert!(reason.contains("it was replaced"), "{reason}");
    std::fs::remove_file(folder.path().join("landfall.db-org")).expect("removed");
    // The refused start may still be about to leave the folder.
    let config = dev(Data::Folder(folder.path().to_owned()));
    let running = started(&config).await.expect("starts");
    running.stop().await.expect("stops");
}

/// A machine whose clock is set forward by this many hours.
#[derive(Clone, Default)]
struct Set(Arc<AtomicI64>);

impl Ticks for Set {
    fn wall(&self) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000 + self.0.load(Ordering::Relaxed) * 3_600_000)
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

#[tokio::test]
async fn a_clock_that_has_jumped_is_reported_and_not_followed() {
    let machine = Set::default();
    let environment = Environment {
        clock: Arc::new(PlausibleClock::on(machine.clone())),
        ..Environment::default()
    };
    let running = Server::start_in(dev(Data::Ephemeral), environment).await;
    let running = running.expect("starts");
    // A token of 2 hours at most would have expired.
    let org = login(&running).await;
    for (hours, is_reported) in [(1_000, true), (0, false), (-1_000, true)] {
        machine.0.store(hours, Ordering::Relaxed);
        create_account(&org, "Acme").await;
        let ready = get(&stranger(&running), "/readyz").await;
        assert_eq!(ready.status.as_u16(), 200);
        let reasons = ready.json()["reasons"].to_string();
        assert_eq!(
            reasons.contains("clock.md"),
            is_reported,
            "{hours} {reasons}"
        );
    }
    running.stop().await.expect("stops");
}

/// The server may have been stopped for that long, or its clock is wrong.
#[tokio::test]
async fn no_events_expire_in_the_first_hour_after_a_start_with_a_clock_far_ahead() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = Arc::new(ManualClock::new(SystemClock.now()));
    let start = || async {
        let environment = Environment {
            clock: Arc::clone(&clock) as _,
            ..Environment::default()
        };
        let config = dev(Data::Folder(folder.path().to_owned()));
        Server::start_in(config, environment).await.expect("starts")
    };
    let running = start().await;
    let org = login(&running).await;
    create_account(&org, "Acme").await;
    drop(org);
    running.stop().await.expect("stops");
    clock.advance(Duration::from_hours(1_000));
    let running = start().await;
    let http = stranger(&running);
    let has_events = async || {
        let metrics = get(&http, "/metrics").await.body;
        String::from_utf8_lossy(&metrics).contains("landfall_log_oldest_replay_id")
    };
    assert!(has_events().await);
    let expired = async {
        while has_events().await {
            clock.advance(Duration::from_hours(1));
        }
    };
    let expired = tokio::time::timeout(WITHIN, expired).await;
    expired.expect("an hour later");
    drop(http);
    running.stop().await.expect("stops");
}

/// Changes a text in the data file wherever it is.
fn garble(folder: &Path, text: &[u8]) {
    let file = folder.join("landfall.db");
    let mut content = std::fs::read(&file).expect("readable");
    let places: Vec<usize> = content
        .windows(text.len())
        .enumerate()
        .filter_map(|(place, bytes)| (bytes == text).then_some(place))
        .collect();
    assert!(places.len() > 1, "in the record and in its event");
    for place in places {
        *content.get_mut(place).expect("found there") ^= 1;
    }
    std::fs::write(&file, content).expect("written");
}

/// A server that reads its data file again and again finds what nobody has asked for.
#[tokio::test]
async fn damage_that_nobody_reads_is_reported() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start_in(folder.path()).await;
    let org = login(&running).await;
    for name in ["First", "Garbled-4711"] {
        create_account(&org, name).await;
    }
    drop(org);
    running.stop().await.expect("stops");
    // Without damage first.
    for expected in [0, 2] {
        let mut config = dev(Data::Folder(folder.path().to_owned()));
        config.scrub_mib_per_minute = 1_000_000;
        let running = Server::start(config).await.expect("starts");
        let metric = async |name: &str| -> u64 {
            let text = get(&stranger(&running), "/metrics").await.body;
            let text = String::from_utf8(text.to_vec()).expect("text");
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.expect("a series").trim().parse().expect("a number")
        };
        let passed = async { while metric("landfall_scrub_passes_total ").await == 0 {} };
        let passed = tokio::time::timeout(WITHIN, passed).await;
        passed.expect("it comes to an end");
        assert_eq!(metric("landfall_scrub_findings ").await, expected);
        let ready = get(&stranger(&running), "/readyz").await;
        assert_eq!(ready.status.as_u16(), 200);
        let reasons = ready.json()["reasons"].to_string();
        assert_eq!(reasons.contains("damage.md"), expected > 0, "{reasons}");
        running.stop().await.expect("stops");
        if expected == 0 {
            garble(folder.path(), b"Garbled-4711");
        }
    }
}

#[tokio::test]
async fn a_server_runs_with_everything_off_that_can_be_turned_off() {
    let mut config = dev(Data::Ephemeral);
    config.scrub_mib_per_minute = 0;
    config.reserve_bytes = 0;
    config.login_events = false;
    let mut running = Server::start(config).await.expect("starts");
    let org = login(&running).await;
    create_account(&org, "Acme").await;
    let failed = tokio::time::timeout(Duration::from_millis(200), running.failed()).await;
    assert!(failed.is_err(), "it goes on: {failed:?}");
    drop(org);
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn a_change_of_a_damaged_record_is_refused_and_others_are_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start_in(folder.path()).await;
    let org = login(&running).await;
    let whole = create_account(&org, "Whole").await;
    let damaged = create_account(&org, "Garbled-4711").await;
    drop(org);
    running.stop().await.expect("stops");
    garble(folder.path(), b"Garbled-4711");
    let running = start_in(folder.path()).await;
    let org = login(&running).await;
    let patch = async |id: &str| {
        let path = format!("/services/data/v59.0/sobjects/Account/{id}");
        let record = json!({ "Name": "New" });
        let answer = org.call(Method::PATCH, &path, Some(&record)).await;
        let answer = answer.expect("an answer");
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        (answer.status.as_u16(), text)
    };
    for _ in 0..2 {
        let (status, body) = patch(&damaged).await;
        assert_eq!(status, 503, "{body}");
        assert!(body.contains("SERVER_UNAVAILABLE"), "{body}");
        assert_eq!(patch(&whole).await, (204, String::new()));
    }
    let ready = get(&stranger(&running), "/readyz").await;
    assert_eq!(ready.status.as_u16(), 200);
    let reasons = ready.json()["reasons"].to_string();
    assert!(reasons.contains("damage.md"), "{reasons}");
    let metrics = get(&stranger(&running), "/metrics").await;
    let metrics = String::from_utf8(metrics.body.to_vec()).expect("text");
    let counted = "\nlandfall_writer_damaged_total 2\n";
    assert!(metrics.contains(counted), "{metrics}");
    drop(org);
    running.stop().await.expect("stops");
}

/// Source: "Overflow Events" (Change Data Capture Developer Guide): the consumer reads the object anew.
#[tokio::test]
async fn damaged_events_are_an_overflow_event_for_their_subscribers() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start_in(folder.path()).await;
    let org = login(&running).await;
    for name in ["First", "Garbled-4711", "Last"] {
        create_account(&org, name).await;
    }
    drop(org);
    running.stop().await.expect("stops");
    garble(folder.path(), b"Garbled-4711");

    let running = start_in(folder.path()).await;
    let mut streaming = Streaming::new(login(&running).await, "59.0");
    let topic = "/data/AccountChangeEvent";
    streaming
        .subscribe(topic, Replay::Earliest)
        .expect("one subscription");
    let mut events: Vec<Value> = Vec::new();
    let received = async {
        while events.len() < 3 {
            if let Update::Event(event) = streaming.next().await {
                events.push(serde_json::from_str(&event.payload).expect("JSON"));
            }
        }
    };
    tokio::time::timeout(WITHIN, received).await.expect("three");
    assert_eq!(events[0]["Name"], "First");
    let header = &events[1]["ChangeEventHeader"];
    assert_eq!(header["changeType"], "GAP_OVERFLOW");
    assert_eq!(header["entityName"], "Account");
    assert_eq!(header["recordIds"], json!(["000000000000000AAA"]));
    assert_eq!(events[2]["Name"], "Last");
    drop(streaming);
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn records_and_events_are_there_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start_in(folder.path()).await;
    let org = login(&running).await;
    let id = create_account(&org, "Acme").await;
    drop(org);
    running.stop().await.expect("stops");

    let running = start_in(folder.path()).await;
    let org = login(&running).await;
    let event = first_event(org, "/data/AccountChangeEvent", Replay::Earliest).await;
    assert_eq!(event["Name"], "Acme");
    assert_eq!(event["ChangeEventHeader"]["recordIds"], json!([id]));
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn a_change_reaches_a_subscriber_that_waits_for_it() {
    let running = start().await;
    let org = login(&running).await;
    let mut streaming = Streaming::new(org.clone(), "59.0");
    streaming
        .subscribe("/data/ChangeEvents", Replay::Latest)
        .expect("one subscription");
    let mut id = None;
    loop {
        match tokio::time::timeout(WITHIN, streaming.next())
            .await
            .expect("an update")
        {
            Update::Subscribed(_) => id = Some(create_account(&org, "Acme").await),
            Update::Event(event) => {
                let payload: Value = serde_json::from_str(&event.payload).expect("JSON");
                assert_eq!(
                    payload["ChangeEventHeader"]["recordIds"],
                    json!([id.expect("created")])
                );
                break;
            }
            Update::Opened { .. } => (),
            other => panic!("{other:?}"),
        }
    }
    drop(streaming);
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn strict_cookies_refuse_who_returns_none() {
    let mut config = dev(Data::Ephemeral);
    config.strict_cookies = true;
    let running = Server::start(config).await.expect("starts");
    let org = login(&running).await;
    let handshake = r#"[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]"#;
    let client = bayeux(&org, handshake).await[0]["clientId"].clone();
    let connect = json!([{ "channel": "/meta/connect", "clientId": client, "connectionType": "long-polling" }]).to_string();
    let answer = bayeux(&org, &connect).await;
    assert_eq!(answer[0]["successful"], false);
    let error = answer[0]["error"].as_str().expect("an error");
    assert!(
        error.ends_with("no BAYEUX_BROWSER cookie present"),
        "{error}"
    );
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn a_stop_answers_held_polls() {
    let running = start().await;
    let org = login(&running).await;
    let handshake = r#"[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]"#;
    let client = bayeux(&org, handshake).await[0]["clientId"].clone();
    let connect = json!([{ "channel": "/meta/connect", "clientId": client, "connectionType": "long-polling" }]).to_string();
    assert_eq!(bayeux(&org, &connect).await[0]["successful"], true);
    let held = {
        let org = org.clone();
        tokio::spawn(async move { bayeux(&org, &connect).await })
    };
    // A request that comes later is answered later: by then the poll is on its way at least.
    assert_eq!(get(org.http(), "/readyz").await.status, 200);
    let begin = Instant::now();
    running.stop().await.expect("stops");
    assert!(begin.elapsed() < STOP_MAX, "{:?}", begin.elapsed());
    // The poll may also have come too late for an answer, and then its connection was closed.
    if let Ok(answer) = held.await {
        assert_eq!(answer[0]["channel"], "/meta/connect", "{answer}");
    }
}

#[tokio::test]
async fn an_ephemeral_org_leaves_no_files() {
    let running = start().await;
    let folder = running.folder().to_owned();
    assert!(folder.join("landfall.db").exists());
    running.stop().await.expect("stops");
    assert!(!folder.exists());
}

#[tokio::test]
async fn a_folder_in_use_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start_in(folder.path()).await;
    let second = Server::start(dev(Data::Folder(folder.path().to_owned()))).await;
    let error = second.err().expect("refused");
    assert!(matches!(error, Error::Store { .. }), "{error:?}");
    assert!(error.hint().is_some());
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn a_port_in_use_is_refused_before_the_folder_is_touched() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start().await;
    let mut config = dev(Data::Folder(folder.path().join("org")));
    config.listen = running.local_addr();
    let error = Server::start(config).await.err().expect("refused");
    assert!(matches!(error, Error::Listen { .. }), "{error:?}");
    assert!(!folder.path().join("org").exists());
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn a_production_node_has_the_credentials_that_it_was_given_and_no_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = Server::start(serve(folder.path(), false))
        .await
        .err()
        .expect("refused");
    assert!(matches!(error, Error::Incomplete { .. }), "{error:?}");

    let running = Server::start(serve(folder.path(), true))
        .await
        .expect("starts");
    let target = || running.url().parse().expect("an address");
    let grant = Grant::Password {
        username: "ops@example.com".to_owned(),
        password: PASSWORD.to_owned(),
        client_id: "landfall".to_owned(),
        client_secret: CLIENT_SECRET.to_owned(),
    };
    let org = Org::login(target(), &Trust::nobody(), &grant)
        .await
        .expect("logs in");
    drop(org);
    let refused = Org::login(target(), &Trust::nobody(), &crate::common::developer()).await;
    assert!(matches!(
        refused,
        Err(landfall_client::Error::LoginRefused { .. })
    ));
    running.stop().await.expect("stops");

    // Later starts need no administrator any more.
    let running = Server::start(serve(folder.path(), false))
        .await
        .expect("starts again");
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn development_and_production_never_share_an_org() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start_in(&folder.path().join("org")).await;
    running.stop().await.expect("stops");
    let error = Server::start(serve(folder.path(), true))
        .await
        .err()
        .expect("refused");
    assert!(matches!(error, Error::Unsafe { .. }), "{error:?}");

    let folder = tempfile::tempdir().expect("a folder");
    let running = Server::start(serve(folder.path(), true))
        .await
        .expect("starts");
    running.stop().await.expect("stops");
    let error = Server::start(dev(Data::Folder(folder.path().join("org"))))
        .await
        .err()
        .expect("refused");
    assert!(matches!(error, Error::Unsafe { .. }), "{error:?}");
}
