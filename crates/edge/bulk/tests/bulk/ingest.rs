//! Jobs from their beginning to their results.

use std::collections::HashSet;

use landfall_model::Value;
use landfall_store::DocumentKind;
use serde_json::json;

use crate::org::{JOBS, Org, rows};

/// Lines after the header, as cells.
fn lines(csv: &str) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let cells = |record: csv::StringRecord| record.iter().map(str::to_owned).collect();
    reader.records().map(|r| cells(r.expect("CSV"))).collect()
}

#[tokio::test]
async fn a_job_goes_from_open_to_its_results() {
    let org = Org::new().await;
    let made = org
        .post(
            JOBS,
            &json!({"object": "Account", "operation": "insert", "lineEnding": "LF"}),
        )
        .await
        .json();
    let id = made["id"].as_str().expect("an id");
    assert!(id.starts_with("750") && id.len() == 18);
    assert_eq!(made["state"], "Open");
    assert_eq!(made["apiVersion"], 60.0);
    assert_eq!(
        made["contentUrl"],
        format!("services/data/v60.0/jobs/ingest/{id}/batches")
    );
    let job = format!("{JOBS}/{id}");
    let put = org
        .ask(
            "PUT",
            &format!("{job}/batches"),
            "text/csv; charset=UTF-8",
            "Name,Industry\nA,Banking\n,Energy\n\"B, \"\"C\"\"\",\n",
        )
        .await;
    assert_eq!((put.status, put.body.as_str()), (201, ""));
    let closed = org
        .patch(&job, &json!({"state": "UploadComplete"}))
        .await
        .json();
    assert_eq!(closed["state"], "UploadComplete");
    assert!(closed.get("contentUrl").is_none() && closed.get("lineEnding").is_none());
    let ended = org.ended(&job).await;
    assert_eq!(ended["state"], "JobComplete");
    assert_eq!(ended["jobType"], "V2Ingest");
    assert_eq!(
        (
            &ended["numberRecordsProcessed"],
            &ended["numberRecordsFailed"]
        ),
        (&json!(3), &json!(1))
    );
    let successful = org.results(&job, "successfulResults/").await;
    assert!(
        successful.starts_with("\"sf__Id\",\"sf__Created\",\"Name\",\"Industry\"\n\"001"),
        "{successful}"
    );
    assert!(
        successful.ends_with("\",\"true\",\"B, \"\"C\"\"\",\"\"\n"),
        "{successful}"
    );
    assert_eq!(
        org.results(&job, "failedResults").await,
        "\"sf__Id\",\"sf__Error\",\"Name\",\"Industry\"\n\
         \"\",\"REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --\",\"\",\"Energy\"\n"
    );
    assert_eq!(
        org.results(&job, "unprocessedRecords").await,
        "Name,Industry\n"
    );
    assert_eq!(org.values("Account", "Name").await.len(), 2);
}

#[tokio::test]
async fn records_are_upserted_by_an_external_id() {
    let org = Org::new().await;
    let upsert =
        json!({"object": "Thing__c", "operation": "upsert", "externalIdFieldName": "Code__c"});
    let data = "Code__c,Amount__c,Ready__c,Name\nA,1.5,yes,One\nB,2,0,Two\nC,x,no,Three\nD,1,,Four\nd,2,,Five\n,1,,Six\n";
    let (ended, job) = org.run(&upsert, data).await;
    assert_eq!(ended["numberRecordsFailed"], 4, "{ended}");
    let failed = org.results(&job, "failedResults").await;
    for text in [
        "INVALID_TYPE_ON_FIELD_IN_RECORD:Amount: value not of required type: x:Amount__c --",
        "DUPLICATE_VALUE:Duplicate external id specified: D:Code__c --",
        "MISSING_ARGUMENT:Code__c not specified:--",
    ] {
        assert!(failed.contains(text), "{failed}");
    }
    assert!(
        org.values("Thing__c", "Ready__c")
            .await
            .contains(&Value::Boolean(true))
    );

    let (_, job) = org
        .run(
            &upsert,
            "Other__r.Code__c,Code__c,Amount__c\nA,b,#N/A\nZ,E,1\n",
        )
        .await;
    let successful = lines(&org.results(&job, "successfulResults").await);
    assert_eq!(
        successful[0][1..],
        ["false", "A", "b", "#N/A"].map(str::to_owned)
    );
    let failed = org.results(&job, "failedResults").await;
    assert!(
        failed.contains(
            "INVALID_FIELD:Foreign key external ID: Z not found for field Code__c in entity "
        ),
        "{failed}"
    );
    let others = org.values("Thing__c", "Other__c").await;
    assert!(others.iter().any(|value| !value.is_null()));
    assert!(
        org.values("Thing__c", "Amount__c")
            .await
            .contains(&Value::Null)
    );
}

#[tokio::test]
async fn records_are_changed_and_deleted_by_their_ids() {
    let org = Org::new().await;
    let things = |operation: &str| json!({"object": "Thing__c", "operation": operation});
    let (_, job) = org.run(&things("insert"), "Name\nA\nB\n").await;
    let b = lines(&org.results(&job, "successfulResults").await)[1][0].clone();

    let (ended, _) = org
        .run(
            &things("update"),
            &format!("Id,Name\n{b},New\nnone,X\n,Y\n"),
        )
        .await;
    assert_eq!(ended["numberRecordsFailed"], 2);
    assert!(
        org.values("Thing__c", "Name")
            .await
            .contains(&Value::Text("New".to_owned()))
    );

    let (ended, job) = org.run(&things("delete"), &format!("Id\n{b}\n{b}\n")).await;
    assert_eq!(
        (
            &ended["numberRecordsProcessed"],
            &ended["numberRecordsFailed"]
        ),
        (&json!(2), &json!(1))
    );
    let failed = org.results(&job, "failedResults").await;
    assert!(
        failed.contains(&format!(
            "\"{b}\",\"ENTITY_IS_DELETED:entity is deleted:--\""
        )),
        "{failed}"
    );
    assert_eq!(org.values("Thing__c", "Name").await.len(), 1);
}

#[tokio::test]
async fn two_hundred_records_are_one_transaction() {
    let org = Org::new().await;
    let rows = rows(450);
    let (ended, job) = org
        .run(
            &json!({"object": "Account", "operation": "insert"}),
            &format!("Name\n{rows}"),
        )
        .await;
    assert_eq!(ended["numberRecordsProcessed"], 450);
    let ids: HashSet<String> = lines(&org.results(&job, "successfulResults").await)
        .into_iter()
        .map(|line| line[0].clone())
        .collect();
    assert_eq!(ids.len(), 450);
    // The results of the records are kept once for each transaction.
    let kept = org.test.engine.documents(DocumentKind::BulkResult).await;
    let kept = kept.expect("documents");
    let records = |content: &[u8]| -> usize {
        let kept: serde_json::Value = serde_json::from_slice(content).expect("JSON");
        kept["records"].as_array().expect("records").len()
    };
    let sizes: Vec<usize> = kept.iter().map(|(_, content)| records(content)).collect();
    assert_eq!(sizes, [200, 200, 50]);
}

#[tokio::test]
async fn a_job_may_have_other_delimiters_and_line_ends() {
    let org = Org::new().await;
    for (name, sign) in [
        ("BACKQUOTE", '`'),
        ("CARET", '^'),
        ("PIPE", '|'),
        ("SEMICOLON", ';'),
        ("TAB", '\t'),
    ] {
        let definition = json!({"object": "Account", "operation": "insert", "columnDelimiter": name, "lineEnding": "CRLF"});
        let data = format!("Name{sign}Industry\r\nA,B{sign}Energy\r\n\r\n\"C\nD\"{sign}\r\n");
        let (ended, job) = org.run(&definition, &data).await;
        assert_eq!(ended["numberRecordsProcessed"], 2, "{ended}");
        let successful = org.results(&job, "successfulResults").await;
        assert!(successful.starts_with(&format!(
            "\"sf__Id\"{sign}\"sf__Created\"{sign}\"Name\"{sign}\"Industry\"\r\n"
        )));
    }
    for (ending, data) in [("LF", "Name\r\nA\r\n"), ("CRLF", "Name\nA\n")] {
        let definition = json!({"object": "Account", "operation": "insert", "lineEnding": ending});
        let (ended, job) = org.run(&definition, data).await;
        assert_eq!(ended["state"], "Failed");
        assert_eq!(
            ended["errorMessage"],
            format!(
                "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is {ending}"
            )
        );
        assert_eq!(org.results(&job, "unprocessedrecords").await, data);
    }
}

#[tokio::test]
async fn data_that_cannot_be_processed_fails_the_job() {
    let org = Org::new().await;
    let long = "x".repeat(2_000_000);
    for (operation, data, told) in [
        (
            "insert",
            "Nme\nA\n".to_owned(),
            "InvalidBatch : Field name not found : Nme",
        ),
        (
            "insert",
            "Name,Parent.Nme\nA,B\n".to_owned(),
            "InvalidBatch : Field name not found : Parent.Nme",
        ),
        (
            "update",
            "Name\nA\n".to_owned(),
            "InvalidBatch : Field name not found : Id",
        ),
        (
            "delete",
            "Id,Name\n,\n".to_owned(),
            "InvalidBatch : The 'delete' batch must contain only ids",
        ),
        (
            "insert",
            "Name\nA,B\n".to_owned(),
            "InvalidBatch : Failed to parse CSV: a record has 2 fields where the header has 1",
        ),
        (
            "insert",
            format!("Name\n\"{long}"),
            "InvalidBatch : Failed to parse CSV: too many characters in a record",
        ),
    ] {
        let (ended, job) = org
            .run(&json!({"object": "Account", "operation": operation}), &data)
            .await;
        assert_eq!(ended["state"], "Failed", "{ended}");
        assert_eq!(ended["errorMessage"], told);
        assert_eq!(org.results(&job, "unprocessedrecords").await, data);
        assert_eq!(lines(&org.results(&job, "failedResults").await).len(), 0);
    }
}

#[tokio::test]
async fn what_comes_before_wrong_data_is_processed() {
    let org = Org::new().await;
    let (ended, job) = org
        .run(
            &json!({"object": "Account", "operation": "insert"}),
            "Name\nA\nB\nC,D\nE\n",
        )
        .await;
    assert_eq!(
        (&ended["state"], &ended["numberRecordsProcessed"]),
        (&json!("Failed"), &json!(2))
    );
    assert_eq!(
        lines(&org.results(&job, "successfulResults").await).len(),
        2
    );
    assert_eq!(
        org.results(&job, "unprocessedrecords").await,
        "Name\nC,D\nE\n"
    );
}

#[tokio::test]
async fn a_job_may_bring_its_data() {
    let org = Org::new().await;
    let body = "--B\r\nContent-Type: application/json\r\nContent-Disposition: form-data; name=\"job\"\r\n\r\n\
        {\"object\":\"Account\",\"operation\":\"insert\"}\r\n--B\r\nContent-Type: text/csv\r\n\
        Content-Disposition: form-data; name=\"content\"; filename=\"content\"\r\n\r\nName\nA\nB\n\r\n--B--\r\n";
    let made = org
        .ask("POST", JOBS, "multipart/form-data; boundary=B", body)
        .await
        .json();
    assert_eq!(made["state"], "UploadComplete");
    let job = format!("{JOBS}/{}", made["id"].as_str().expect("an id"));
    assert_eq!(org.ended(&job).await["numberRecordsProcessed"], 2);
    assert_eq!(org.values("Account", "Name").await.len(), 2);
}

#[tokio::test]
async fn a_row_may_name_its_record_type_by_id_or_by_name() {
    let org = Org::new().await;
    let club = "<CustomObject xmlns=\"http://soap.sforce.com/2006/04/metadata\"><recordTypes>\
        <fullName>Club</fullName><active>true</active><label>Clubs</label></recordTypes></CustomObject>";
    org.test
        .deploy(vec![landfall_metadata::Component {
            path: "objects/Account.object".to_owned(),
            content: club.to_owned(),
        }])
        .await;
    let insert = json!({"object": "Account", "operation": "insert", "lineEnding": "LF"});
    let (ended, _) = org
        .run(&insert, "Name,RecordType.Name\nA,Clubs\nB,\n")
        .await;
    assert_eq!(ended["numberRecordsFailed"], 0, "{ended}");
    let (_, job) = org
        .run(&insert, "Name,RecordTypeId\nC,012000000000001AAA\n")
        .await;
    let failed = org.get(&format!("{job}/failedResults")).await;
    assert!(
        failed.body.contains(
            "INVALID_CROSS_REFERENCE_KEY:Record Type ID: this ID value isn't valid for the user: \
             012000000000001AAA:RecordTypeId --"
        ),
        "{failed:?}"
    );
}
