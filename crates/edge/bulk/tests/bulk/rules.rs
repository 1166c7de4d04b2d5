//! What rules and formula fields refuse, row by row.
//!
//! Source: "Validation Rules" (Salesforce Help); "Get Job Failed Record Results" (Bulk API 2.0 and Bulk API Developer
//! Guide).

use landfall_metadata::Component;
use serde_json::json;

use crate::org::Org;

const RULED: &str = "<CustomObject xmlns=\"http://soap.sforce.com/2006/04/metadata\">\
    <label>Ruled</label><pluralLabel>Ruled</pluralLabel><nameField><label>Name</label><type>Text</type></nameField>\
    <fields><fullName>N1__c</fullName><label>N1</label><type>Number</type><precision>9</precision><scale>0</scale></fields>\
    <fields><fullName>F__c</fullName><label>F</label><type>Text</type><formula>'x'</formula></fields>\
    <validationRules><fullName>Negative</fullName><active>true</active>\
    <errorConditionFormula>N1__c &lt; 0</errorConditionFormula><errorDisplayField>N1__c</errorDisplayField>\
    <errorMessage>No negatives</errorMessage></validationRules></CustomObject>";

/// The column `sf__Error` of each row that failed.
async fn errors(org: &Org, data: &str) -> (i64, Vec<String>) {
    let definition = json!({"object": "Ruled__c", "operation": "insert", "lineEnding": "LF"});
    let (ended, job) = org.run(&definition, data).await;
    let failed = org.results(&job, "failedResults").await;
    let mut rows = csv::Reader::from_reader(failed.as_bytes());
    let errors = rows.records().map(|row| row.expect("CSV")[1].to_owned());
    let count = ended["numberRecordsFailed"].as_i64().expect("a number");
    (count, errors.collect())
}

#[tokio::test]
async fn a_row_that_a_rule_refuses_fails_alone() {
    let org = Org::new().await;
    org.test
        .deploy(vec![Component {
            path: "objects/Ruled__c.object".to_owned(),
            content: RULED.to_owned(),
        }])
        .await;
    let (count, refused) = errors(&org, "Name,N1__c\na,1\nb,-1\nc,\n").await;
    assert_eq!(count, 1);
    assert_eq!(
        refused,
        ["FIELD_CUSTOM_VALIDATION_EXCEPTION:No negatives:N1__c --"]
    );
    assert_eq!(org.values("Ruled__c", "Name").await.len(), 2);
    let (count, refused) = errors(&org, "Name,F__c\nd,y\n").await;
    assert_eq!(count, 1);
    let error = refused.first().expect("an error");
    assert!(
        error.starts_with("INVALID_FIELD_FOR_INSERT_UPDATE:"),
        "{error}"
    );
    assert!(error.ends_with(":F__c --"), "{error}");
}
