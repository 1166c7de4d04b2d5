//! Records that an org begins with.

use std::fs;
use std::path::{Path, PathBuf};

use landfall_server::Error;
use landfall_server::config::{Config, Data};
use serde_json::{Value, json};

use crate::common::{create_account, dev, login, started};
use crate::project::{events, found};

const ACCOUNTS: &str = r#"{"records": [
  {"attributes": {"type": "Account", "referenceId": "AccountRef1"}, "Name": "Daughter", "ParentId": "@AccountRef2"},
  {"attributes": {"type": "Account", "referenceId": "AccountRef2"}, "Name": "Mother",
   "Contacts": {"records": [
     {"attributes": {"type": "Contact", "referenceId": "ContactRef1"}, "LastName": "Ames"}]}}
]}"#;

const CONTACTS: &str = r#"{"records": [
  {"attributes": {"type": "Contact", "referenceId": "ContactRef2"}, "LastName": "Bell", "AccountId": "@AccountRef1",
   "Owner": {"Username": "admin@landfall.test"}}
]}"#;

/// A plan of both files, and the configuration of an org that begins with it.
fn planned(folder: &Path) -> Config {
    write(folder, "Account.json", ACCOUNTS);
    write(folder, "Contact.json", CONTACTS);
    let plan = json!([
        {"sobject": "Account", "files": ["Account.json"]},
        {"sobject": "Contact", "files": ["Contact.json"]},
    ]);
    write(folder, "plan.json", &plan.to_string());
    config(folder, vec![folder.join("plan.json")])
}

fn config(folder: &Path, seeds: Vec<PathBuf>) -> Config {
    Config {
        seeds,
        ..dev(Data::Folder(folder.join("org")))
    }
}

fn write(folder: &Path, file: &str, text: &str) {
    fs::write(folder.join(file), text).expect("written");
}

#[tokio::test]
async fn seed_records_of_a_plan_make_no_events() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = planned(folder.path());
    let running = started(&config).await.expect("starts");
    let org = login(&running).await;
    let query = "SELECT LastName, Account.Name, Account.Parent.Name, Owner.Name FROM Contact ORDER BY LastName";
    let contacts = found(&org, query).await;
    let of = |path: &str| -> Vec<&Value> {
        let values = contacts.iter().map(|contact| contact.pointer(path));
        values.map(|value| value.unwrap_or(&Value::Null)).collect()
    };
    assert_eq!(of("/LastName"), ["Ames", "Bell"]);
    assert_eq!(of("/Account/Name"), ["Mother", "Daughter"]);
    assert_eq!(of("/Account/Parent/Name"), [&Value::Null, &json!("Mother")]);
    assert_eq!(of("/Owner/Name"), ["Admin", "Admin"]);
    // The first event is the first thing that somebody does.
    let id = create_account(&org, "Third").await;
    let told = events(&org, "/data/ChangeEvents", 1).await;
    assert_eq!(told[0]["ChangeEventHeader"]["recordIds"], json!([id]));
    running.stop().await.expect("stops");
    // Once: the records are the org's from then on.
    let running = started(&config).await.expect("starts");
    let org = login(&running).await;
    assert_eq!(found(&org, "SELECT Id FROM Account").await.len(), 3);
    running.stop().await.expect("stops");
}

/// What keeps an org from beginning with these records.
async fn refused(config: &Config) -> Vec<String> {
    match started(config).await.err() {
        Some(Error::Seed { problems }) => problems.iter().map(ToString::to_string).collect(),
        other => panic!("the records are refused, and not for {other:?}"),
    }
}

#[tokio::test]
async fn files_that_are_too_large_together_are_not_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = planned(folder.path());
    let large = fs::File::create(folder.path().join("Contact.json")).expect("made");
    large.set_len(64 * 1024 * 1024).expect("grown");
    let told = refused(&config).await;
    let reason = "the files have more than 67108864 bytes together";
    assert!(told.len() == 1 && told[0].ends_with(reason), "{told:?}");
}

#[tokio::test]
async fn unloadable_records_are_reported_and_nothing_is_loaded() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, other) = (folder.path().join("a.json"), folder.path().join("b.json"));
    let config = config(folder.path(), vec![file.clone(), other.clone()]);
    write(folder.path(), "a.json", ACCOUNTS);
    let record = |kind: &str, rest: &str| {
        format!(
            "{{\"records\": [\n{{\"attributes\": {{\"type\": \"{kind}\", \"referenceId\": \"Last\"}}{rest}}}]}}"
        )
    };
    for (text, problem) in [
        (
            record("Contact", ""),
            ":2: Required fields are missing: [LastName]",
        ),
        (
            record("Contact", ", \"LastName\": \"a\", \"Nme\": 1"),
            ":2: No such column 'Nme'",
        ),
        (
            record(
                "Contact",
                ", \"LastName\": \"a\", \"AccountId\": \"@Nobody\"",
            ),
            ":2: no record before this one has the referenceId Nobody",
        ),
        (
            record("Contact", ", \"LastName\": \"a\"").replace("Last\"", "AccountRef1\""),
            ":2: another record has the referenceId AccountRef1",
        ),
        (
            record(
                "Contact",
                ", \"LastName\": \"a\", \"Owner\": {\"Username\": \"nobody@landfall.test\"}",
            ),
            ":2: Foreign key external ID: nobody@landfall.test not found for field Username in entity User",
        ),
        (record("Nothing", ""), ":2: "),
        (
            "{}".to_owned(),
            ":1: the file has no records, and is no plan",
        ),
        (
            "[{\"files\": [\"none.json\"]}]".to_owned(),
            "none.json:1: No such file",
        ),
        ("[".to_owned(), ":1: "),
    ] {
        fs::write(&other, &text).expect("written");
        let told = refused(&config).await;
        assert!(told.len() == 1 && told[0].contains(problem), "{told:?}");
    }
    let alone = Config {
        seeds: vec![file],
        ..config
    };
    let running = started(&alone).await.expect("starts");
    let org = login(&running).await;
    assert_eq!(found(&org, "SELECT Id FROM Account").await.len(), 2);
    running.stop().await.expect("stops");
}
