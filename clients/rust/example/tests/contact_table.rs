//! Tests of the integration: each has an org of its own, so they run in parallel; none guesses how long something takes.

use contact_table::{CHANNEL, ContactTable};
use landfall_testing::{Org, json};

fn create(org: &Org, name: &str) -> String {
    let created = org.rest("POST", "sobjects/Contact");
    let created = created.json(json!({ "LastName": name })).run();
    let created = created.expect("a contact");
    created["id"].as_str().expect("an id").to_owned()
}

/// An org, and a table that is subscribed.
fn begin() -> (Org, ContactTable) {
    let org = Org::open().expect("an org");
    let mut table = ContactTable::new(org.target(), &org.access_token());
    table.open().expect("a session");
    (org, table)
}

/// Polls until there are so many contacts, and gives their names.
fn names(table: &mut ContactTable, count: usize) -> Vec<String> {
    while table.rows.len() != count {
        // A connection that breaks is made again.
        let _ = table.poll();
    }
    let mut names: Vec<String> = table.rows.values().cloned().collect();
    names.sort();
    names
}

#[test]
fn the_table_follows_creates_and_deletes() {
    let (org, mut table) = begin();
    let ames = create(&org, "Ames");
    create(&org, "Bell");
    assert_eq!(names(&mut table, 2), ["Ames", "Bell"]);
    let path = format!("sobjects/Contact/{ames}");
    org.rest("DELETE", &path).run().expect("deleted");
    assert_eq!(names(&mut table, 1), ["Bell"]);
}

#[test]
fn what_is_there_at_the_beginning_is_read() {
    let org = Org::open().expect("an org");
    create(&org, "Ames");
    let mut table = ContactTable::new(org.target(), &org.access_token());
    table.open().expect("a session");
    assert_eq!(names(&mut table, 1), ["Ames"]);
}

#[test]
fn broken_sessions_and_connections_lose_nothing() {
    for (fault, method) in [
        ("client-unknown", "/meta/connect"),
        ("unavailable", "/meta/connect"),
        ("reset-peer", "/cometd"),
        ("http-503-html", "/cometd"),
        ("truncate", "/cometd"),
    ] {
        let (org, mut table) = begin();
        create(&org, "Ames");
        assert_eq!(names(&mut table, 1), ["Ames"], "{fault}");
        org.arm(fault).method(method).run().expect("armed");
        create(&org, "Bell");
        assert_eq!(names(&mut table, 2), ["Ames", "Bell"], "{fault}");
        assert!(org.unfired().run().expect("faults").is_empty(), "{fault}");
    }
}

#[test]
fn an_event_that_comes_twice_counts_once() {
    let (org, mut table) = begin();
    org.arm("duplicate").topic(CHANNEL).run().expect("armed");
    create(&org, "Ames");
    create(&org, "Bell");
    assert_eq!(names(&mut table, 2), ["Ames", "Bell"]);
}

#[test]
fn a_gap_event_makes_it_read_everything() {
    let (org, mut table) = begin();
    org.arm("gap").topic(CHANNEL).run().expect("armed");
    create(&org, "Ames");
    assert_eq!(names(&mut table, 1), ["Ames"]);
    assert_eq!(table.resyncs, 2);
}

#[test]
fn a_replay_id_that_is_too_old_makes_it_read_everything() {
    let (org, mut table) = begin();
    create(&org, "Ames");
    assert_eq!(names(&mut table, 1), ["Ames"]);
    create(&org, "Bell");
    org.arm("client-unknown")
        .method("/meta/connect")
        .run()
        .expect("armed");
    org.arm("replay-id-invalid")
        .topic(CHANNEL)
        .run()
        .expect("armed");
    assert_eq!(names(&mut table, 2), ["Ames", "Bell"]);
    assert_eq!(table.resyncs, 2);
}

#[test]
fn it_makes_no_mistakes() {
    let (org, mut table) = begin();
    create(&org, "Ames");
    names(&mut table, 1);
    assert!(org.mistakes().run().expect("a list").is_empty());
    let requests = org.requests().api("streaming").text("/meta/subscribe");
    assert_eq!(requests.run().expect("requests").len(), 1);
}
