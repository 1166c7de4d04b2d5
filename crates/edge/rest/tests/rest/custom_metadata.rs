//! Custom metadata and custom settings: their records, and formulas that refer to them.
//!
//! Source: "Custom Metadata `Type__mdt`" (Object Reference); "Custom Settings" (Salesforce Help).

use landfall_auth::NewUser;
use landfall_metadata::Component;
use serde_json::{Value, json};

use crate::org::Org;
use crate::project::field;

const NAMESPACE: &str = "http://soap.sforce.com/2006/04/metadata";

fn file(path: &str, root: &str, body: &str) -> Component {
    Component {
        path: path.to_owned(),
        content: format!(
            "<{root} xmlns=\"{NAMESPACE}\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">{body}</{root}>"
        ),
    }
}

fn conf() -> Component {
    let number = "<precision>6</precision><scale>1</scale>";
    let next = "<referenceTo>Conf__mdt</referenceTo><relationshipName>Befores</relationshipName>";
    let body = [
        "<label>Conf</label><pluralLabel>Confs</pluralLabel>".to_owned(),
        field("Max__c", "Max", "Number", number),
        field(
            "On__c",
            "On",
            "Checkbox",
            "<defaultValue>false</defaultValue>",
        ),
        field("Next__c", "Next", "MetadataRelationship", next),
    ];
    file("objects/Conf__mdt.object", "CustomObject", &body.concat())
}

fn record(name: &str, max: &str, next: &str) -> Component {
    let value = |value: &str| match value {
        "" => "<value xsi:nil=\"true\"/>".to_owned(),
        value => format!("<value>{value}</value>"),
    };
    let body = format!(
        "<label>The {name}</label><protected>false</protected>\
         <values><field>Max__c</field>{}</values><values><field>Next__c</field>{}</values>",
        value(max),
        value(next)
    );
    file(
        &format!("customMetadata/Conf.{name}.md-meta.xml"),
        "CustomMetadata",
        &body,
    )
}

fn setting(name: &str, kind: &str) -> Component {
    let number = "<precision>6</precision><scale>0</scale>";
    let body = [
        format!("<label>{name}</label><customSettingsType>{kind}</customSettingsType>"),
        field(
            "On__c",
            "On",
            "Checkbox",
            "<defaultValue>false</defaultValue>",
        ),
        field("Days__c", "Days", "Number", number),
    ];
    file(
        &format!("objects/{name}.object"),
        "CustomObject",
        &body.concat(),
    )
}

fn trip() -> Component {
    let formula = |name: &str, kind: &str, text: &str, more: &str| {
        field(
            name,
            name,
            kind,
            &format!("<formula>{text}</formula>{more}"),
        )
    };
    let number = "<precision>18</precision><scale>1</scale>";
    let rule = "<validationRules><fullName>R</fullName><active>true</active>\
        <errorConditionFormula>$Setup.Sw__c.Days__c &gt; $CustomMetadata.Conf__mdt.Main.Max__c</errorConditionFormula>\
        <errorMessage>$Label counts not here</errorMessage></validationRules>";
    let body = [
        "<label>Trip</label><pluralLabel>Trips</pluralLabel>\
         <nameField><type>Text</type><label>Name</label></nameField>"
            .to_owned(),
        formula("Hello__c", "Text", "$Label.Hello", ""),
        formula(
            "Max__c",
            "Number",
            "$CustomMetadata.Conf__mdt.Main.Max__c * 2",
            number,
        ),
        formula("On__c", "Checkbox", "$Setup.Sw__c.On__c", ""),
        formula("Days__c", "Number", "$Setup.Sw__c.Days__c", number),
        rule.to_owned(),
    ];
    file("objects/Trip__c.object", "CustomObject", &body.concat())
}

fn labels() -> Component {
    let body = "<labels><fullName>Hello</fullName><language>en_US</language><protected>false</protected>\
        <shortDescription>Hello</shortDescription><value>Hello &amp; welcome</value></labels>";
    file("labels/CustomLabels.labels-meta.xml", "CustomLabels", body)
}

async fn rows(org: &Org, query: &str) -> Vec<Value> {
    let answer = org
        .get(&format!("/query?q={}", query.replace(' ', "+")))
        .await;
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    let records = answer
        .json()
        .get("records")
        .and_then(Value::as_array)
        .cloned();
    let records = records.unwrap_or_default();
    let without = records.into_iter().map(|mut record| {
        let members = record.as_object_mut().expect("a record");
        members.remove("attributes");
        record
    });
    without.collect()
}

#[tokio::test]
async fn records_of_custom_metadata_are_queried_and_not_written() {
    let org = Org::with(vec![
        conf(),
        record("Main", "12.5", "Other"),
        record("Other", "", ""),
    ])
    .await;
    let found = rows(
        &org,
        "SELECT DeveloperName, MasterLabel, Label, QualifiedApiName, NamespacePrefix, Max__c, On__c FROM Conf__mdt \
         WHERE DeveloperName = 'Main'",
    )
    .await;
    assert_eq!(
        found,
        [json!({
            "DeveloperName": "Main", "MasterLabel": "The Main", "Label": "The Main", "QualifiedApiName": "Main",
            "NamespacePrefix": null, "Max__c": 12.5, "On__c": false
        })]
    );
    let other = rows(
        &org,
        "SELECT Id, Max__c, Next__c FROM Conf__mdt WHERE DeveloperName = 'Other'",
    )
    .await;
    assert_eq!(
        (&other[0]["Max__c"], &other[0]["Next__c"]),
        (&Value::Null, &Value::Null)
    );
    let id = other[0]["Id"].as_str().expect("an id").to_owned();
    assert!(id.starts_with("m00"), "{id}");
    let related = rows(
        &org,
        "SELECT Next__c FROM Conf__mdt WHERE Next__r.DeveloperName = 'Other'",
    )
    .await;
    assert_eq!(related, [json!({"Next__c": id})]);
    let described = org.get("/sobjects/Conf__mdt/describe").await.json();
    assert_eq!(
        (
            &described["createable"],
            &described["queryable"],
            &described["customSetting"]
        ),
        (&json!(false), &json!(true), &json!(false))
    );
    let refused = org
        .post("/sobjects/Conf__mdt", &json!({"DeveloperName": "X"}))
        .await;
    assert!([400, 405].contains(&refused.status), "{refused:?}");
    let path = format!("/sobjects/Conf__mdt/{id}");
    assert!([400, 405].contains(&org.patch(&path, &json!({"Max__c": 1})).await.status));
    assert!([400, 405].contains(&org.send("DELETE", &path, &[], "").await.status));
    assert_eq!(org.get(&path).await.json()["DeveloperName"], "Other");
}

#[tokio::test]
async fn a_deployment_changes_and_removes_records_and_keeps_their_ids() {
    let org = Org::with(vec![
        conf(),
        record("Main", "1", ""),
        record("Other", "2", "Main"),
    ])
    .await;
    let query = "SELECT Id, DeveloperName, Max__c, Next__c FROM Conf__mdt ORDER BY DeveloperName";
    let before = rows(&org, query).await;
    org.engine
        .deploy(vec![
            conf(),
            record("Other", "3", "Main"),
            record("New", "4", ""),
        ])
        .await
        .expect("deployed");
    let after = rows(&org, query).await;
    assert_eq!(after.len(), 2);
    assert_eq!(
        (&after[0]["DeveloperName"], &after[0]["Max__c"]),
        (&json!("New"), &json!(4.0))
    );
    assert_eq!(
        (&after[1]["Id"], &after[1]["Max__c"]),
        (&before[1]["Id"], &json!(3.0))
    );
    assert_eq!(after[1]["Next__c"], Value::Null, "the record is gone");
    org.engine.deploy(Vec::new()).await.expect("deployed");
    let gone = org.get("/query?q=SELECT+Id+FROM+Conf__mdt").await;
    assert_eq!(gone.refusal().1, "INVALID_TYPE");
    org.engine
        .deploy(vec![conf(), record("Main", "5", "")])
        .await
        .expect("deployed");
    let again = rows(&org, query).await;
    assert_eq!(again.len(), 1);
    assert_eq!(again[0]["Max__c"], 5.0);
}

#[tokio::test]
async fn formulas_and_rules_read_labels_metadata_and_the_users_settings() {
    let components = vec![
        conf(),
        record("Main", "10", ""),
        labels(),
        setting("Sw__c", "Hierarchy"),
        trip(),
    ];
    let org = Org::with(components).await;
    let trip = org.create("Trip__c", &json!({"Name": "one"})).await;
    let shown = |record: Value| (record["On__c"].clone(), record["Days__c"].clone());
    let first = org.record("Trip__c", &trip).await;
    assert_eq!(first["Hello__c"], "Hello & welcome");
    assert_eq!(first["Max__c"], 20.0);
    assert_eq!(shown(first), (json!(false), Value::Null));
    let organization = org.engine.org().id.to_string();
    let whole = org
        .create("Sw__c", &json!({"On__c": true, "Days__c": 3}))
        .await;
    assert_eq!(
        org.record("Sw__c", &whole).await["SetupOwnerId"],
        json!(organization)
    );
    let second = org
        .post("/sobjects/Sw__c", &json!({"SetupOwnerId": organization}))
        .await;
    assert_eq!(second.refusal().1, "DUPLICATE_VALUE");
    assert_eq!(
        shown(org.record("Trip__c", &trip).await),
        (json!(true), json!(3.0))
    );
    // The most specific row that has a value counts, field by field; a checkbox always has one.
    let user = org
        .create(
            "Sw__c",
            &json!({"SetupOwnerId": org.user(), "On__c": false}),
        )
        .await;
    assert_eq!(
        shown(org.record("Trip__c", &trip).await),
        (json!(false), json!(3.0))
    );
    let changed = org
        .patch(&format!("/sobjects/Sw__c/{user}"), &json!({"Days__c": 11}))
        .await;
    assert_eq!(changed.status, 204, "{changed:?}");
    let refused = org.post("/sobjects/Trip__c", &json!({"Name": "two"})).await;
    assert_eq!(refused.refusal().1, "FIELD_CUSTOM_VALIDATION_EXCEPTION");
    assert_eq!(
        org.send("DELETE", &format!("/sobjects/Sw__c/{user}"), &[], "")
            .await
            .status,
        204
    );
    assert_eq!(
        shown(org.record("Trip__c", &trip).await),
        (json!(true), json!(3.0))
    );
}

#[tokio::test]
async fn everybody_reads_metadata_and_settings_and_administrators_write_settings() {
    let org = Org::with(vec![
        conf(),
        record("Main", "1", ""),
        setting("List__c", "List"),
    ])
    .await;
    let row = org
        .create("List__c", &json!({"Name": "A", "Days__c": 1}))
        .await;
    let again = org.post("/sobjects/List__c", &json!({"Name": "a"})).await;
    assert_eq!(again.refusal().1, "DUPLICATE_VALUE");
    let described = org.get("/sobjects/List__c/describe").await.json();
    assert_eq!(
        (&described["customSetting"], &described["keyPrefix"]),
        (&json!(true), &json!("a00"))
    );
    assert_eq!(described["triggerable"], false);
    let user = NewUser {
        username: "reader@landfall.test",
        password: "secret",
        last_name: "Reader",
        alias: "reader",
        profile: org.engine.org().standard_users,
    };
    org.auth.create_user(&user).await.expect("a user");
    let app = landfall_test_org::APP;
    let login = org.auth.password_grant(app, user.username, user.password);
    let token = login.await.expect("a login").access_token;
    let token = format!("Bearer {}", token.as_str());
    let reader = [("authorization", token.as_str())];
    for (query, value) in [
        ("SELECT+Max__c+FROM+Conf__mdt", "Max__c"),
        ("SELECT+Days__c+FROM+List__c", "Days__c"),
    ] {
        let path = format!("/query?q={query}");
        let answer = org.send("GET", &path, &reader, "").await;
        assert_eq!(answer.json()["records"][0][value], 1.0, "{answer:?}");
    }
    let path = format!("/sobjects/List__c/{row}");
    let refused = org.send("PATCH", &path, &reader, r#"{"Days__c": 2}"#).await;
    assert_eq!(refused.refusal().1, "INSUFFICIENT_ACCESS_OR_READONLY");
}

#[tokio::test]
async fn a_custom_permission_is_that_of_who_reads_or_saves() {
    let permission = "<label>Trusted</label>\
        <customPermissions><enabled>true</enabled><name>May_Skip</name></customPermissions>";
    let body = [
        "<label>Gate</label><pluralLabel>Gates</pluralLabel>\
         <nameField><type>Text</type><label>Name</label></nameField>"
            .to_owned(),
        field(
            "May__c",
            "May",
            "Checkbox",
            "<formula>$Permission.may_skip</formula>",
        ),
        "<validationRules><fullName>Locked</fullName><active>true</active>\
         <errorConditionFormula>NOT($Permission.May_Skip) &amp;&amp; ISCHANGED(Name)</errorConditionFormula>\
         <errorMessage>Locked</errorMessage></validationRules>"
            .to_owned(),
    ];
    let org = Org::with(vec![
        file("objects/Gate__c.object", "CustomObject", &body.concat()),
        file(
            "permissionsets/Trusted.permissionset-meta.xml",
            "PermissionSet",
            permission,
        ),
    ])
    .await;
    let gate = org.create("Gate__c", &json!({"Name": "one"})).await;
    let path = format!("/sobjects/Gate__c/{gate}");
    let open = "/query?q=SELECT+COUNT()+FROM+Gate__c+WHERE+May__c+=+true";
    let renamed = async || org.patch(&path, &json!({"Name": "two"})).await;
    assert_eq!(org.record("Gate__c", &gate).await["May__c"], false);
    assert_eq!(org.get(open).await.json()["totalSize"], 0);
    assert_eq!(renamed().await.refusal().2, "Locked");
    let sets = org
        .get("/query?q=SELECT+Id+FROM+PermissionSet+WHERE+Name='Trusted'")
        .await;
    let set = sets.json()["records"][0]["Id"].clone();
    let assignment = json!({"AssigneeId": org.user(), "PermissionSetId": set});
    org.create("PermissionSetAssignment", &assignment).await;
    assert_eq!(org.record("Gate__c", &gate).await["May__c"], true);
    assert_eq!(org.get(open).await.json()["totalSize"], 1);
    assert_eq!(renamed().await.status, 204);
}
