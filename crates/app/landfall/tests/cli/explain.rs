//! `landfall explain`.

use std::collections::BTreeSet;

use landfall_wire::explain::entries;

use crate::{code, lines, run, script, stderr};

#[test]
fn an_error_is_explained_with_how_to_rehearse_it() {
    let output = run(&["explain", "403::Unknown client"]);
    assert_eq!(code(&output), 0);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.starts_with("Streaming API  403::Unknown client\n"),
        "{said}"
    );
    assert!(
        said.contains("\n  rehearse     landfall fault arm client-unknown"),
        "{said}"
    );
    let words = run(&["explain", "invalid_session_id", "--json"]);
    let printed = lines(&words);
    let first = printed.first().expect("an object");
    assert_eq!(first.get("command"), Some(&"explain".into()));
    let status = first.pointer("/data/entries/0/spellings/0/status");
    assert_eq!(status, Some(&"401".into()));
}

#[test]
fn an_unknown_error_has_suggestions() {
    let output = run(&["explain", "REQUEST_LIMIT_EXCEDED"]);
    assert_eq!(code(&output), 6);
    let said = stderr(&output);
    assert!(
        said.contains("hint: landfall explain \"REQUEST_LIMIT_EXCEEDED\""),
        "{said}"
    );
    let nothing = run(&["explain", "the weather", "--json"]);
    assert_eq!(code(&nothing), 6);
    let printed = lines(&nothing);
    let error = printed.first().and_then(|line| line.pointer("/error/code"));
    assert_eq!(error, Some(&"not-found".into()));
}

#[test]
fn every_rehearsal_is_a_command_that_a_developer_org_accepts() {
    let entries = entries();
    let commands: BTreeSet<&str> = entries.iter().map(|entry| entry.rehearse).collect();
    let commands: Vec<&str> = commands
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect();
    assert!(commands.len() > 8, "{commands:?}");
    let all = commands.join(" && ").replace("landfall ", "\"$0\" ");
    let output = script(&[], &all);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
}
