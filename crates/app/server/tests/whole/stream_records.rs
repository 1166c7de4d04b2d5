//! `PushTopics` and generic channels that a project declares by records in its folder `data`.

use std::fs;
use std::path::Path;

use http::Method;
use landfall_client::Org;
use landfall_metadata::Problem;
use landfall_server::Error;
use landfall_server::config::{Config, Data};
use serde_json::{Value, json};

use crate::common::{dev, login, started};
use crate::project::{call, create, events, field, found, object, start};

const QUERY: &str = "SELECT Id, Name FROM Trip__c WHERE Days__c > 2";

fn record(kind: &str, values: &Value) -> Value {
    let mut record = json!({"attributes": {"type": kind, "referenceId": format!("{kind}Ref1")}});
    let members = record.as_object_mut().expect("an object");
    members.extend(values.as_object().expect("an object").clone());
    record
}

fn topic(name: &str, description: &str) -> Value {
    let values =
        json!({"Name": name, "ApiVersion": 59.0, "Query": QUERY, "Description": description});
    record("PushTopic", &values)
}

fn channel(name: &str) -> Value {
    record("StreamingChannel", &json!({"Name": name}))
}

/// Writes a file of records, a line each behind the first one.
fn write(project: &Path, file: &str, records: &[Value]) {
    let path = project.join("data").join(file);
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    let records: Vec<String> = records.iter().map(Value::to_string).collect();
    let text = format!("{{\"records\": [\n{}\n]}}", records.join(",\n"));
    fs::write(path, text).expect("written");
}

/// Trips, with their days.
fn trips(project: &Path) {
    object(project, "Trip__c", "ReadWrite");
    let number = "<type>Number</type><precision>4</precision><scale>0</scale>";
    field(project, "Trip__c", "Days__c", number);
}

async fn topics(org: &Org) -> Vec<Value> {
    let mut topics = found(
        org,
        "SELECT Id, Name, Description, CreatedBy.Name FROM PushTopic ORDER BY Name",
    )
    .await;
    for topic in &mut topics {
        topic
            .as_object_mut()
            .expect("a record")
            .remove("attributes");
    }
    topics
}

#[tokio::test]
async fn what_a_project_declares_is_there_and_follows_its_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let (project, data) = (folder.path().join("project"), folder.path().join("org"));
    trips(&project);
    write(&project, "topics/PushTopic.json", &[topic("Long", "first")]);
    write(&project, "Channels.json", &[channel("/u/trips")]);
    // Whatever else tools keep there.
    fs::write(project.join("data/export.json"), "{objects: [").expect("written");
    let plan = json!([{"sobject": "PushTopic", "files": ["topics/PushTopic.json"]}]);
    fs::write(project.join("data/plan.json"), plan.to_string()).expect("written");

    let running = start(&data, &project).await;
    let org = login(&running).await;
    let first = topics(&org).await;
    let id = first[0]["Id"].as_str().expect("an id");
    assert_eq!(first.len(), 1);
    assert_eq!(first[0]["CreatedBy"]["Name"], "Admin");
    create(&org, "Trip__c", &json!({"Name": "Oslo", "Days__c": 7})).await;
    let told = events(&org, "/topic/Long", 1).await;
    assert_eq!(told[0]["Name"], "Oslo");
    let channels = found(&org, "SELECT Name FROM StreamingChannel").await;
    assert_eq!(channels[0]["Name"], "/u/trips");
    // What is changed since stays over restarts: the project says what it said before.
    let path = format!("/sobjects/PushTopic/{id}");
    let second = json!({"Description": "second"});
    assert_eq!(call(&org, Method::PATCH, &path, Some(&second)).await.0, 204);
    running.stop().await.expect("stops");
    let running = start(&data, &project).await;
    let org = login(&running).await;
    let second = topics(&org).await;
    assert_eq!(second.len(), 1);
    assert_eq!(
        (&second[0]["Id"], &second[0]["Description"]),
        (&json!(id), &json!("second"))
    );
    running.stop().await.expect("stops");
    // The project says something else, and nothing of the channel any more.
    let more = [topic("Long", "third"), topic("Longer", "new")];
    write(&project, "topics/PushTopic.json", &more);
    fs::remove_file(project.join("data/Channels.json")).expect("removed");
    let running = start(&data, &project).await;
    let org = login(&running).await;
    let third = topics(&org).await;
    assert_eq!(
        (&third[0]["Id"], &third[0]["Description"]),
        (&json!(id), &json!("third"))
    );
    assert_eq!(third[1]["Name"], "Longer");
    let channels = found(&org, "SELECT Name FROM StreamingChannel").await;
    assert_eq!(channels, Vec::<Value>::new());
    // What is deleted is restored when the files are read again.
    assert_eq!(call(&org, Method::DELETE, &path, None).await.0, 204);
    running.stop().await.expect("stops");
    let running = start(&data, &project).await;
    let org = login(&running).await;
    let fourth = topics(&org).await;
    assert_eq!((&fourth[0]["Name"], fourth.len()), (&json!("Long"), 2));
    assert_ne!(fourth[0]["Id"], id);
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn what_was_there_before_is_taken_over_by_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let (project, data) = (folder.path().join("project"), folder.path().join("org"));
    trips(&project);
    let running = start(&data, &project).await;
    let org = login(&running).await;
    let mut values = topic("Long", "by hand");
    values
        .as_object_mut()
        .expect("an object")
        .remove("attributes");
    let id = create(&org, "PushTopic", &values).await;
    running.stop().await.expect("stops");
    write(&project, "Topics.json", &[topic("Long", "declared")]);
    let running = start(&data, &project).await;
    let topics = topics(&login(&running).await).await;
    assert_eq!(topics.len(), 1);
    assert_eq!(
        (&topics[0]["Id"], &topics[0]["Description"]),
        (&json!(id), &json!("declared"))
    );
    running.stop().await.expect("stops");
}

/// What keeps a server from starting.
async fn refused(config: &Config) -> Vec<Problem> {
    match started(config).await.err() {
        Some(Error::Project { problems }) => problems,
        other => panic!("the project is refused, and not for {other:?}"),
    }
}

#[tokio::test]
async fn invalid_lines_are_reported_and_nothing_is_created() {
    let folder = tempfile::tempdir().expect("a folder");
    let (project, data) = (folder.path().join("project"), folder.path().join("org"));
    trips(&project);
    let mut wrong = topic("Wrong", "");
    wrong["Query"] = json!("SELECT Id FROM Trip__c LIMIT 1");
    let mut config = dev(Data::Folder(data));
    config.project = Some(project.clone());
    for (records, problem) in [
        (
            vec![topic("Long", ""), wrong, channel("/x/none")],
            "data/Topics.json:3: 'LIMIT' is not allowed",
        ),
        (
            vec![
                topic("Long", ""),
                json!({"attributes": {"type": "PushTopic"}, "Nme": 1}),
            ],
            "data/Topics.json:3: No such column 'Nme' on sobject of type PushTopic",
        ),
        (
            vec![topic("Long", ""), topic("Long", "again")],
            "data/Topics.json:3: Long is also in data/Topics.json:2",
        ),
        (
            vec![record(
                "StreamingChannel",
                &json!({"Description": "nameless"}),
            )],
            "data/Topics.json:2: Required fields are missing: [Name]",
        ),
    ] {
        write(&project, "Topics.json", &records);
        let problems = refused(&config).await;
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(told[0].starts_with(problem), "{told:?}");
    }
    fs::write(
        project.join("data/Topics.json"),
        "{\"records\": [\nPushTopic]}",
    )
    .expect("written");
    let problems = refused(&config).await;
    assert_eq!(
        (problems[0].path.as_str(), problems[0].line),
        ("data/Topics.json", 2)
    );
    fs::remove_file(project.join("data/Topics.json")).expect("removed");
    let running = started(&config).await.expect("starts");
    assert_eq!(topics(&login(&running).await).await, Vec::<Value>::new());
    running.stop().await.expect("stops");
}
