//! `PushTopics` as records of jobs: a topic notifies from the transaction on that created it.

use serde_json::json;

use crate::org::Org;

/// What the topics in force are called.
fn in_force(org: &Org) -> Vec<String> {
    let topics = org.test.engine.push_topics();
    let topics = topics.sorted().into_iter();
    topics.map(|topic| topic.name.clone()).collect()
}

#[tokio::test]
async fn topics_are_made_changed_found_and_deleted_by_jobs() {
    let org = Org::new().await;
    let insert = json!({"object": "PushTopic", "operation": "insert"});
    let data = "Name,Query,ApiVersion,NotifyForFields,NotifyForOperationDelete\n\
                One,\"SELECT Id, Name FROM Account\",60.0,All,false\n\
                Two,SELECT Name FROM Account,60.0,All,false\n\
                Three,\"SELECT Id, Name FROM Contact WHERE LastName = 'A, B'\",60.0,Where,true\n\
                Four,SELECT Id FROM Account,20.0,All,\n";
    let (ended, job) = org.run(&insert, data).await;
    assert_eq!(ended["numberRecordsFailed"], 2, "{ended}");
    let failed = org.results(&job, "failedResults").await;
    assert!(failed.contains("\"INVALID_FIELD:"), "{failed}");
    assert!(failed.contains(":Query --\",\"Two\""), "{failed}");
    assert!(failed.contains(":ApiVersion --\",\"Four\""), "{failed}");
    assert_eq!(in_force(&org), ["One", "Three"]);

    let found = org
        .found(
            "SELECT Id, NotifyForOperations, NotifyForOperationDelete FROM PushTopic ORDER BY Name",
        )
        .await;
    let lines: Vec<&str> = found.lines().collect();
    assert!(
        lines[1].starts_with("\"0IF") && lines[1].ends_with(",\"All\",\"false\""),
        "{found}"
    );
    let ids: Vec<&str> = lines[1..].iter().map(|line| &line[1..19]).collect();

    let update = json!({"object": "PushTopic", "operation": "update"});
    let data = format!("Id,IsActive,Name\n{},false,\n{},,Renamed\n", ids[0], ids[1]);
    org.run(&update, &data).await;
    assert_eq!(in_force(&org), ["Renamed"]);
    let delete = json!({"object": "PushTopic", "operation": "delete"});
    org.run(&delete, &format!("Id\n{}\n", ids[1])).await;
    assert!(in_force(&org).is_empty());
}
