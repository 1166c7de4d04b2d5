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
    let preview = words(&org, &["clock", "preview", "73h"]);
    assert!(preview.starts_with("2126-03-07T"), "{preview}");
    assert!(preview.contains("0 events from before "), "{preview}");
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

/// The command for each call of the control interface.
const COMMANDS: &[(&str, &str)] = &[
    ("getClock", "clock show"),
    ("setClock", "clock set"),
    ("previewClock", "clock preview"),
    ("advanceClock", "clock advance"),
    ("listTopics", "topics list"),
    ("getTopic", "topics show"),
    ("getPosition", "topics position"),
    ("countEvents", "topics count"),
    ("checkPushTopic", "topics check"),
    ("listSchemas", "topics schemas"),
    ("listEvents", "events list"),
    ("countEventsByTime", "events histogram"),
    ("getEvent", "events show"),
    ("listDeliveries", "events deliveries"),
    ("followEvents", "events follow"),
    ("listSubscribers", "subscribers list"),
    ("endSubscriber", "subscribers end"),
    ("settle", "settle"),
    ("expectEvents", "expect"),
    ("listRequests", "requests list"),
    ("clearRequests", "requests clear"),
    ("showRequest", "requests show"),
    ("exportRequests", "requests export"),
    ("listMistakes", "requests mistakes"),
    ("reset", "reset"),
    ("listSnapshots", "snapshot list"),
    ("saveSnapshot", "snapshot save"),
    ("getSnapshot", "snapshot show"),
    ("loadSnapshot", "snapshot load"),
    ("removeSnapshot", "snapshot remove"),
    ("getDifference", "snapshot diff"),
    ("getNode", "node"),
    ("getUsage", "usage"),
    ("listOrgs", "org list"),
    ("openOrg", "org open"),
    ("closeOrg", "org close"),
    ("logIn", "org login"),
    ("listFaults", "fault list"),
    ("armFault", "fault arm"),
    ("clearFaults", "fault clear"),
    ("removeFault", "fault clear"),
];

#[test]
fn each_call_of_the_control_interface_has_a_command() {
    let document = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../docs/control.openapi.yaml"
    );
    let document = std::fs::read_to_string(document).expect("the document");
    let ids = document.lines().map(str::trim);
    let mut ids: Vec<&str> = ids
        .filter_map(|line| line.strip_prefix("operationId: "))
        .collect();
    let mut known: Vec<&str> = COMMANDS.iter().map(|(id, _)| *id).collect();
    ids.sort_unstable();
    known.sort_unstable();
    assert_eq!(ids, known);
    for (_, command) in COMMANDS {
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let help = run(&words);
        assert_eq!(code(&help), 0, "{command}");
        let help = String::from_utf8(help.stdout).expect("text");
        assert!(help.contains(&format!("landfall {command}")), "{help}");
    }
}

#[test]
fn events_are_listed_shown_counted_and_expected() {
    let org = Org::start(&["--ephemeral"]);
    org.create_account();
    let channel = "/data/AccountChangeEvent";
    let (status, listed) = json(&org, &["events", "list", "--entity", "Account"]);
    assert_eq!(status, 0, "{listed}");
    let id = listed["data"]["events"][0]["replayId"].to_string();
    let line = words(&org, &["events", "list", "--type", "CREATE"]);
    assert!(line.contains(&format!("{id}  ")), "{line}");
    assert!(
        line.contains(&format!("  CREATE     {channel}  001")),
        "{line}"
    );
    assert_eq!(words(&org, &["events", "list", "--type", "DELETE"]), "");
    let shown = words(&org, &["events", "show", &id]);
    assert!(shown.contains("\"changeType\": \"CREATE\""), "{shown}");
    let deliveries = words(&org, &["events", "deliveries", &id]);
    assert_eq!(deliveries, "nobody is subscribed\n");
    let counted = words(&org, &["events", "histogram", "--buckets", "2"]);
    assert!(counted.starts_with("1 events from "), "{counted}");
    let counted = words(&org, &["topics", "count", channel]);
    assert_eq!(counted, format!("1 event, {id} to {id}\n"));
    let created = "ChangeEventHeader.changeType=CREATE";
    let met = words(&org, &["expect", channel, created, "--timeout", "0"]);
    assert!(met.trim_start().starts_with(&id), "{met}");
    let (status, unmet) = json(&org, &["expect", channel, "Name=X", "--timeout", "0"]);
    assert_eq!((status, &unmet["error"]["code"]), (8, &"not-met".into()));
    let typo = run(&["expect", "/data/AcountChangeEvent", "--target", &org.url]);
    assert_eq!(code(&typo), 6);
    let hint = "hint: did you mean /data/AccountChangeEvent?";
    assert!(stderr(&typo).contains(hint), "{}", stderr(&typo));
    let wrong = run(&[
        "expect", channel, "a.b=1", "a=2", "a.c=3", "--target", &org.url,
    ]);
    assert_eq!(code(&wrong), 2, "{}", stderr(&wrong));
    assert_eq!(org.stop().0, Some(0));
}

#[test]
fn usage_schemas_channels_and_differences_are_tables() {
    let org = Org::start(&["--ephemeral"]);
    org.create_account();
    let usage = words(&org, &["usage"]);
    assert!(
        usage.contains("/data/AccountChangeEvent  1          0"),
        "{usage}"
    );
    assert!(words(&org, &["node"]).contains("Command      dev"));
    let shown = words(&org, &["topics", "show", "/data/AccountChangeEvent"]);
    assert!(shown.contains("Object             Account"), "{shown}");
    let schemas = words(&org, &["topics", "schemas"]);
    assert!(schemas.contains("  AccountChangeEvent "), "{schemas}");
    let query = "SELECT Id FROM Account WHERE Name != null";
    let checked = words(&org, &["topics", "check", query]);
    assert!(checked.contains("Condition  Name"), "{checked}");
    let refused = run(&["topics", "check", "SELECT", "--target", &org.url]);
    assert_eq!(code(&refused), 2);
    let differs = words(&org, &["snapshot", "diff", "seed"]);
    assert!(
        differs.contains("Account  1        0        0"),
        "{differs}"
    );
    assert!(differs.ends_with("1 event added, 0 events removed\n"));
    let typo = run(&["snapshot", "diff", "sed", "--target", &org.url]);
    assert_eq!(code(&typo), 6);
    assert!(stderr(&typo).contains("hint: did you mean seed?"));
    let (status, login) = json(&org, &["org", "login"]);
    assert_eq!(
        (status, &login["data"]["username"]),
        (0, &"admin@landfall.test".into())
    );
    let archive = words(&org, &["requests", "export"]);
    let archive: Value = serde_json::from_str(&archive).expect("JSON");
    assert_eq!(archive["log"]["version"], "1.2");
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
