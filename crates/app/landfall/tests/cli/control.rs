//! The commands that control a developer org.

use std::process::Output;

use serde_json::Value;

use crate::{Org, code, run, stderr};

/// What a command prints for people.
fn words(org: &Org, arguments: &[&str]) -> String {
    let output = run(&[arguments, &["--target", &org.url]].concat());
    assert_eq!(code(&output), 0, "{arguments:?}: {}", stderr(&output));
    assert!(output.stderr.is_empty(), "{}", stderr(&output));
    String::from_utf8(output.stdout).expect("text")
}

/// What it prints for programs.
fn json(org: &Org, arguments: &[&str]) -> (i32, Value) {
    let output = run(&[arguments, &["--json", "--target", &org.url]].concat());
    (code(&output), envelope(&output))
}

fn envelope(output: &Output) -> Value {
    let envelope: Value = serde_json::from_slice(&output.stdout).expect("one object");
    let mut names: Vec<&str> = envelope
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "command",
            "data",
            "error",
            "schemaVersion",
            "status",
            "warnings"
        ]
    );
    envelope
}

#[test]
fn the_clock_is_in_the_hands_of_a_script() {
    let org = Org::start(&["--ephemeral"]);
    let at = "2126-03-01T12:00:00.000Z";
    let frozen = words(&org, &["clock", "freeze", "--at", at]);
    assert!(frozen.starts_with(&format!("{at}  frozen  ")), "{frozen}");
    let (status, advanced) = json(&org, &["clock", "advance", "73h"]);
    assert_eq!(status, 0);
    assert_eq!(advanced["command"], "clock advance");
    assert_eq!(advanced["status"], "ok");
    assert_eq!(advanced["data"]["now"], "2126-03-04T13:00:00.000Z");
    let (status, refused) = json(&org, &["clock", "set", at]);
    assert_eq!(status, 1);
    assert_eq!(refused["data"], Value::Null);
    assert_eq!(refused["error"]["code"], "clock-backwards");
    assert_eq!(refused["error"]["retryable"], false);
    let wrong = run(&["clock", "advance", "soon", "--target", &org.url]);
    assert_eq!(code(&wrong), 2);
    assert!(stderr(&wrong).starts_with("error: "), "{}", stderr(&wrong));
    assert!(words(&org, &["clock", "resume"]).contains("  running  "));
    assert!(words(&org, &["clock", "show"]).starts_with("2126-03-04T13:00:"));
    assert_eq!(org.stop().0, Some(0));
}

#[test]
fn topics_subscribers_and_settle_are_commands() {
    let org = Org::start(&["--ephemeral"]);
    org.create_account();
    let topics = words(&org, &["topics", "list"]);
    let accounts = "changeEvents   /data/AccountChangeEvent";
    assert!(topics.lines().any(|line| line == accounts), "{topics}");
    let channel = "/data/AccountChangeEvent";
    let position = words(&org, &["topics", "position", channel]);
    let (_, of_json) = json(&org, &["topics", "position", channel]);
    assert_eq!(position.trim_end(), of_json["data"]["replayId"].to_string());
    let (status, unknown) = json(&org, &["topics", "position", "/data/accountchangeevent"]);
    assert_eq!(status, 6);
    let message = unknown["error"]["message"].as_str().expect("a message");
    assert!(message.contains(channel), "{message}");
    assert_eq!(words(&org, &["subscribers", "list"]), "");
    let (status, _) = json(&org, &["subscribers", "end", "nobody"]);
    assert_eq!(status, 6);
    assert!(words(&org, &["settle"]).starts_with("0 subscriptions have"));
    assert_eq!(org.stop().0, Some(0));
}

#[test]
fn a_target_that_is_no_developer_org_is_named() {
    let nobody = run(&["clock", "show", "--json", "--target", "http://127.0.0.1:9"]);
    assert_eq!(code(&nobody), 5);
    let envelope = envelope(&nobody);
    assert_eq!(envelope["error"]["category"], "unreachable");
    assert_eq!(envelope["error"]["retryable"], true);
    let nowhere = run(&["clock", "show", "--target", "ftp://x"]);
    assert_eq!(code(&nowhere), 2);
}

#[test]
fn orgs_are_opened_listed_and_closed_from_a_script() {
    let org = Org::start(&["--ephemeral"]);
    let (status, opened) = json(&org, &["org", "open"]);
    assert_eq!(status, 0, "{opened}");
    assert_eq!(opened["data"]["instanceUrl"], org.url.as_str());
    let id = opened["data"]["id"].as_str().expect("an id");
    let token = opened["data"]["accessToken"].as_str().expect("a token");
    // The token decides whose clock it is.
    words(&org, &["clock", "freeze", "--access-token", token]);
    let (_, first) = json(&org, &["clock", "show"]);
    assert_eq!(first["data"]["mode"], "running");
    let listed = words(&org, &["org", "list"]);
    let lines: Vec<&str> = listed.lines().collect();
    let line = format!("{id}  admin-2@landfall.test  landfall-2");
    assert_eq!(lines.len(), 2, "{listed}");
    assert_eq!(lines.last(), Some(&line.as_str()));
    let for_people = words(&org, &["org", "open"]);
    assert!(
        for_people.contains("User name      admin-3@landfall.test\n"),
        "{for_people}"
    );
    assert_eq!(words(&org, &["org", "close", id]), "");
    let (status, again) = json(&org, &["org", "close", id]);
    assert_eq!(status, 6);
    assert_eq!(again["error"]["code"], "org-not-found");
    assert_eq!(org.stop().0, Some(0));
}

#[test]
fn an_org_is_reset_and_returned_to_snapshots_from_a_script() {
    let org = Org::start(&["--ephemeral"]);
    org.create_account();
    assert_eq!(
        words(&org, &["snapshot", "save", "one"]),
        "one: 1 record, 1 event\n"
    );
    assert_eq!(
        words(&org, &["reset"]),
        "reset to seed: 0 records, 0 events\n"
    );
    assert_eq!(
        words(&org, &["snapshot", "load", "one"]),
        "one: 1 record, 1 event\n"
    );
    let (status, reset) = json(&org, &["reset", "--to", "one", "--keep-subscribers"]);
    assert_eq!((status, &reset["command"]), (0, &Value::from("reset")));
    assert_eq!(reset["data"]["records"][0]["object"], "Account");
    let shown = words(&org, &["snapshot", "show", "one"]);
    assert_eq!(shown.lines().last(), Some("        1 Account"));
    assert_eq!(
        words(&org, &["snapshot", "list"]),
        "one: 1 record, 1 event\n"
    );
    assert_eq!(words(&org, &["snapshot", "remove", "one"]), "");
    let (status, gone) = json(&org, &["reset", "--to", "one"]);
    assert_eq!(status, 6);
    assert_eq!(gone["error"]["code"], "snapshot-not-found");
    let (status, _) = json(&org, &["snapshot", "save", "seed"]);
    assert_eq!(status, 2);
    assert_eq!(org.stop().0, Some(0));
}
