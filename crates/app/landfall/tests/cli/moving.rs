//! An org that is moved to another store.

#![expect(
    clippy::indexing_slicing,
    reason = "a value that is not there fails the test"
)]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use serde_json::{Value, json};

use crate::{Org, code, landfall, run, stderr, text};

fn request(org: &Org, head: &str, token: Option<&str>, body: &Value) -> Value {
    let address = org.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("connected");
    let body = body.to_string();
    let login = token.map_or_else(String::new, |token| {
        format!("Authorization: Bearer {token}\r\n")
    });
    write!(
        stream,
        "{head} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/json\r\n{login}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a head");
    serde_json::from_str(body).unwrap_or(Value::Null)
}

/// Creates so many accounts in requests of 200.
fn create(org: &Org, token: &str, accounts: usize) {
    for first in (0..accounts).step_by(200) {
        let records = (first..accounts.min(first + 200)).map(|number| {
            json!({ "attributes": { "type": "Account" }, "Name": format!("Account {number}"), "Description": "d".repeat(500) })
        });
        let body = json!({ "records": records.collect::<Vec<_>>() });
        let head = "POST /services/data/v59.0/composite/sobjects";
        let answer = request(org, head, Some(token), &body);
        assert_eq!(answer[0]["success"], true, "{answer}");
    }
}

fn token(org: &Org) -> String {
    let login = request(org, "POST /_landfall/v1/logins", None, &json!({}));
    login["accessToken"].as_str().expect("a token").to_owned()
}

/// What a client sees of the events, with their bytes, the newest first.
fn events(org: &Org) -> Vec<Value> {
    let listed = org.run(&["events", "list", "--limit", "20", "--json"], "");
    let mut listed = report(&listed);
    let events = listed["data"]["events"].as_array_mut().expect("events");
    let seen = events.iter_mut().map(|event| {
        json!([
            event["data"].take(),
            event["id"].take(),
            event["payload"].take()
        ])
    });
    seen.collect()
}

fn moved(from: &Path, to: &Path, more: &[&str]) -> Output {
    let arguments = ["move", "--from", text(from), "--to", text(to), "--json"];
    run(&[&arguments, more].concat())
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn an_org_goes_on_in_another_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    let org = Org::start(&["--data", text(&from)]);
    let token = token(&org);
    create(&org, &token, 20);
    let before = events(&org);
    assert_eq!(before.len(), 20, "{before:?}");
    let refused = moved(&from, &to, &[]);
    assert_eq!(code(&refused), 1, "it is in use");
    assert!(!to.join("landfall.db").exists(), "nothing was made");
    assert_eq!(org.stop().0, Some(0));

    let done = moved(&from, &to, &[]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    let done = report(&done);
    assert_eq!(done["data"]["equal"], true, "{done}");
    let parts = done["data"]["parts"].as_array().expect("parts");
    let accounts = parts.iter().find(|part| part["part"] == "records Account");
    let accounts = accounts.expect("there are accounts");
    assert_eq!(accounts["source"]["items"], 20);
    assert_eq!(accounts["source"], accounts["destination"]);

    let again = moved(&from, &to, &[]);
    assert_eq!(code(&again), 1, "it holds an org");
    let words = report(&again).to_string();
    assert!(words.contains("holds an org already"), "{words}");
    assert_eq!(code(&moved(&from, &to, &["--check"])), 0);

    let org = Org::start(&["--data", text(&to)]);
    assert_eq!(
        events(&org),
        before,
        "the same events at the same replay ids"
    );
    // The token of before is valid.
    create(&org, &token, 1);
    let newest = |events: &[Value]| {
        let replay_id = &events[0][0]["event"]["replayId"];
        replay_id.as_u64().expect("a replay id")
    };
    assert_eq!(newest(&events(&org)), newest(&before) + 1);
    assert_eq!(org.stop().0, Some(0));

    let differs = moved(&from, &to, &["--check"]);
    assert_eq!(code(&differs), 1, "the destination has gone on");
    assert_eq!(report(&differs)["data"]["equal"], false);
    let words = run(&["move", "--from", text(&from), "--to", text(&to), "--check"]);
    let words = String::from_utf8_lossy(&words.stdout).into_owned();
    assert!(words.contains("DIFFERENT"), "{words}");
    let same = run(&["move", "--from", text(&from), "--to", text(&from)]);
    assert_eq!(code(&same), 2);
}

#[test]
fn a_move_that_is_killed_anywhere_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    let org = Org::start(&["--data", text(&from)]);
    create(&org, &token(&org), 3_000);
    assert_eq!(org.stop().0, Some(0));
    let arguments = ["move", "--from", text(&from), "--to", text(&to), "--json"];
    let (mut pause, mut killed) = (Duration::from_millis(20), 0);
    let done = loop {
        let mut moving = landfall(&arguments).spawn().expect("the binary runs");
        std::thread::sleep(pause);
        pause += Duration::from_millis(20);
        let is_over = moving.try_wait().expect("its status").is_some();
        moving.kill().expect("killed, or over");
        let output = moving.wait_with_output().expect("its output");
        if is_over {
            break output;
        }
        let checked = run(&["check", text(&to)]);
        if stderr(&checked).contains("is half filled by a move") {
            killed += 1;
            assert_ne!(code(&checked), 0);
            let served = run(&["dev", "--listen", "127.0.0.1:0", "--data", text(&to)]);
            assert_eq!(code(&served), 1, "it is never served");
            let words = stderr(&served);
            assert!(words.contains("is half filled by a move"), "{words}");
        }
    };
    assert!(killed > 0, "it was never in the middle");
    // It may have been killed between the end and its report.
    let checked = moved(&from, &to, &["--check"]);
    assert_eq!(code(&checked), 0, "{}", report(&done));
    assert_eq!(report(&checked)["data"]["equal"], true);
    let org = Org::start(&["--data", text(&to)]);
    assert_eq!(org.stop().0, Some(0));
}

#[test]
fn a_damaged_source_is_not_moved() {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    let org = Org::start(&["--data", text(&from)]);
    create(&org, &token(&org), 1);
    assert_eq!(org.stop().0, Some(0));
    let file = from.join("landfall.db");
    let mut bytes = std::fs::read(&file).expect("readable");
    let name = b"Account 0";
    let places: Vec<usize> = (0..bytes.len() - name.len())
        .filter(|place| bytes[*place..].starts_with(name))
        .collect();
    assert!(!places.is_empty());
    for place in places {
        bytes[place + 8] = b'1';
    }
    std::fs::write(&file, bytes).expect("written");
    let refused = moved(&from, &to, &[]);
    assert_eq!(code(&refused), 1);
    let words = report(&refused).to_string();
    assert!(words.contains("checksum"), "{words}");
    let checked = run(&["check", text(&to)]);
    assert!(stderr(&checked).contains("is half filled by a move"));
}
