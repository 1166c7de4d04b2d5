//! `landfall tail`: where it starts, what it waits for, and what it says of a topic that does not exist.

use crate::{Org, code, lines, run, stderr};

const ACCOUNTS: &str = "/data/AccountChangeEvent";

fn account(org: &Org, name: &str) {
    org.create("Account", &serde_json::json!({ "Name": name }));
}

#[test]
fn it_starts_at_a_time() {
    let org = Org::start(&["--ephemeral"]);
    account(&org, "old");
    for arguments in [["clock", "advance", "3h"], ["clock", "freeze", "--json"]] {
        let moved = org.run(&arguments, "");
        assert_eq!(code(&moved), 0, "{}", stderr(&moved));
    }
    account(&org, "new");
    for (protocol, since, name) in [
        ("pubsub", "2h", "new"),
        ("cometd", "2h", "new"),
        ("pubsub", "4h", "old"),
        ("cometd", "2020-01-01T00:00:00Z", "old"),
    ] {
        let tailed = org.tail(&["--since", since, "--protocol", protocol, ACCOUNTS]);
        assert_eq!(code(&tailed), 0, "{}", stderr(&tailed));
        assert_eq!(lines(&tailed)[0]["payload"]["Name"], name, "{since}");
    }
    let unknown = org.tail(&["--since", "2h", "/data/NoneChangeEvent"]);
    assert_eq!(code(&unknown), 6, "{}", stderr(&unknown));
    let bad = run(&["tail", "--since", "yesterday", ACCOUNTS]);
    assert_eq!(code(&bad), 2);
    let both = run(&["tail", "--since", "2h", "--replay", "17", ACCOUNTS]);
    assert_eq!(code(&both), 2);
}

#[test]
fn it_ends_with_the_event_that_is_expected() {
    let org = Org::start(&["--ephemeral"]);
    for name in ["one", "two", "three"] {
        account(&org, name);
    }
    let expect = |expected: &[&str], timeout: &str| {
        let own = ["tail", "-r", "earliest", "--timeout", timeout];
        org.run(&[&own, expected, &[ACCOUNTS]].concat(), "")
    };
    let met = expect(&["--expect", "Name=two"], "20");
    assert_eq!(code(&met), 0, "{}", stderr(&met));
    assert_eq!(lines(&met).len(), 2);
    let created = r#"{"ChangeEventHeader":{"changeType":"CREATE"}}"#;
    let counted = expect(&["--expect", created, "--count", "3"], "20");
    assert_eq!(code(&counted), 0, "{}", stderr(&counted));
    let unmet = expect(&["--expect", created, "--expect", "Name=four"], "1");
    assert_eq!(code(&unmet), 8);
    let said = stderr(&unmet);
    assert!(
        said.contains("error: 0 of 1 expected events came within 1 s, 3 others"),
        "{said}"
    );
    assert_eq!(code(&run(&["tail", "--timeout", "1", ACCOUNTS])), 2);
    assert_eq!(code(&run(&["tail", "--expect", "Name", ACCOUNTS])), 2);
}

#[test]
fn a_topic_that_does_not_exist_has_a_hint() {
    let org = Org::start(&["--ephemeral"]);
    for (command, topic, hint) in [
        (
            "tail",
            "/data/AcountChangeEvent",
            "hint: did you mean /data/AccountChangeEvent?",
        ),
        (
            "schema",
            "/event/AccountChangeEvent",
            "hint: did you mean /data/AccountChangeEvent?",
        ),
        (
            "schema",
            "/data/None__cChangeEvent",
            "hint: changes of None__c are on /data/None__ChangeEvent",
        ),
    ] {
        let refused = org.run(&[command, topic], "");
        assert_eq!(code(&refused), 6, "{}", stderr(&refused));
        let said = stderr(&refused);
        assert!(
            said.contains(&format!("error: this org has no channel {topic}")),
            "{said}"
        );
        assert!(said.contains(hint), "{said}");
    }
}

#[test]
fn a_replay_id_outside_retention_has_a_code_of_its_own() {
    let org = Org::start(&["--ephemeral"]);
    account(&org, "old");
    let [event] = lines(&org.tail(&["-r", "earliest", ACCOUNTS]))
        .try_into()
        .expect("one event");
    assert_eq!(code(&org.run(&["clock", "advance", "73h"], "")), 0);
    let id = event["replayId"].to_string();
    // An org keeps the newest position: with another event, the earlier one is outside.
    account(&org, "new");
    assert_eq!(code(&org.run(&["clock", "advance", "73h"], "")), 0);
    for protocol in ["pubsub", "cometd"] {
        let refused = org.tail(&["-r", &id, "--protocol", protocol, ACCOUNTS]);
        let said = stderr(&refused);
        assert_eq!(code(&refused), 7, "{protocol}: {said}");
        assert!(
            said.contains("(oldest kept: none, newest given: "),
            "{said}"
        );
        let hint = format!("hint: landfall tail {ACCOUNTS} -r earliest");
        assert!(said.contains(&hint), "{said}");
    }
}
