//! Jobs that publish platform events.

use landfall_engine::usage::Allocations;
use landfall_metadata::Component;
use landfall_test_org::Options;
use serde_json::json;

use crate::org::{JOBS, Org, rows};

const PING: &str = r#"<CustomObject xmlns="http://soap.sforce.com/2006/04/metadata">
  <label>Ping</label><pluralLabel>Pings</pluralLabel><eventType>HighVolume</eventType>
  <publishBehavior>PublishAfterCommit</publishBehavior>
  <fields><fullName>Text__c</fullName><label>Text</label><type>Text</type><length>5</length></fields>
  <fields><fullName>Count__c</fullName><label>Count</label><type>Number</type><precision>6</precision><scale>0</scale></fields>
</CustomObject>"#;

/// An org that has an event.
pub(crate) async fn org() -> Org {
    with(Options::default()).await
}

async fn with(options: Options) -> Org {
    let org = Org::with(options).await;
    org.test
        .deploy(vec![Component {
            path: "objects/Ping__e.object".to_owned(),
            content: PING.to_owned(),
        }])
        .await;
    org
}

fn tail(org: &Org) -> u64 {
    org.test.engine.log().bounds().tail.get()
}

/// Source: "Publish Event Messages with Salesforce APIs" (Platform Events Developer Guide).
#[tokio::test]
async fn each_record_of_a_job_of_an_event_is_published() {
    let org = org().await;
    let before = tail(&org);
    let insert = json!({"object": "ping__e", "operation": "insert"});
    let data = "Text__c,Count__c\nA,1\ntoo long,2\n,x\nB,#N/A\n";
    let (ended, job) = org.run(&insert, data).await;
    assert_eq!(ended["object"], "Ping__e");
    assert_eq!(ended["state"], "JobComplete");
    assert_eq!(
        (
            &ended["numberRecordsProcessed"],
            &ended["numberRecordsFailed"]
        ),
        (&json!(4), &json!(2))
    );
    let successful = org.results(&job, "successfulResults").await;
    assert_eq!(successful.matches("\"e0").count(), 2, "{successful}");
    let failed = org.results(&job, "failedResults").await;
    assert!(failed.contains("STRING_TOO_LONG:"), "{failed}");
    assert!(
        failed.contains("INVALID_TYPE_ON_FIELD_IN_RECORD:"),
        "{failed}"
    );
    assert_eq!(tail(&org), before + 2);

    let (ended, _) = org.run(&insert, &format!("Text__c\n{}", rows(450))).await;
    assert_eq!(
        (
            &ended["numberRecordsProcessed"],
            &ended["numberRecordsFailed"]
        ),
        (&json!(450), &json!(0))
    );
    assert_eq!(tail(&org), before + 452);

    let (ended, _) = org.run(&insert, "Nope__c\nA\n").await;
    assert_eq!(
        ended["errorMessage"],
        "InvalidBatch : Field name not found : Nope__c"
    );
}

#[tokio::test]
async fn events_are_inserted_and_nothing_else() {
    let org = org().await;
    for (object, operation) in [
        ("Ping__e", "update"),
        ("Ping__e", "delete"),
        ("LoginEventStream", "insert"),
    ] {
        let answer = org
            .post(JOBS, &json!({"object": object, "operation": operation}))
            .await;
        let message = format!("Entity '{object}' is not supported by the Bulk API.");
        assert_eq!(answer.refusal(), (400, "INVALIDENTITY".to_owned(), message));
    }
}

#[tokio::test]
async fn once_the_allocation_is_spent_each_event_is_refused() {
    let allocations = Allocations {
        published_hourly: Some(250),
        ..Allocations::UNLIMITED
    };
    let options = Options {
        allocations,
        ..Options::default()
    };
    let org = with(options).await;
    let before = tail(&org);
    let insert = json!({"object": "Ping__e", "operation": "insert"});
    let (ended, job) = org.run(&insert, &format!("Text__c\n{}", rows(450))).await;
    assert_eq!(ended["state"], "JobComplete");
    assert_eq!(
        (
            &ended["numberRecordsProcessed"],
            &ended["numberRecordsFailed"]
        ),
        (&json!(450), &json!(200))
    );
    let failed = org.results(&job, "failedResults").await;
    assert_eq!(failed.matches("LIMIT_EXCEEDED:").count(), 200);
    assert_eq!(tail(&org), before + 250);
}
