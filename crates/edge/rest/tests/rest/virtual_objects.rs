//! The objects and fields of the org as records: queries, lists and describes of virtual objects.

use landfall_engine::Kind;
use landfall_metadata::Component;
use serde_json::{Value, json};

use crate::org::{Answer, DATA, Org};

const TOOLING: &str = "/services/data/v62.0/tooling";

fn component(path: &str, content: &str) -> Component {
    Component {
        path: path.to_owned(),
        content: content.to_owned(),
    }
}

/// An org with an object, a field and an event of its own.
async fn org() -> Org {
    let object = "<CustomObject xmlns=\"http://soap.sforce.com/2006/04/metadata\"><label>Crate</label>\
        <pluralLabel>Crates</pluralLabel><nameField><label>Name</label><type>Text</type></nameField>\
        <deploymentStatus>Deployed</deploymentStatus><sharingModel>ReadWrite</sharingModel></CustomObject>";
    let field = "<CustomField xmlns=\"http://soap.sforce.com/2006/04/metadata\"><fullName>Owner__c</fullName>\
        <label>Account</label><type>Lookup</type><referenceTo>Account</referenceTo>\
        <relationshipName>Crates</relationshipName></CustomField>";
    Org::with(vec![
        component("objects/Crate__c/Crate__c.object-meta.xml", object),
        component("objects/Crate__c/fields/Owner__c.field-meta.xml", field),
    ])
    .await
}

fn encoded(query: &str) -> String {
    query
        .replace('%', "%25")
        .replace(' ', "+")
        .replace('\'', "%27")
        .replace('<', "%3C")
        .replace('>', "%3E")
}

async fn tooling(org: &Org, query: &str) -> Answer {
    org.get(&format!("{TOOLING}/query?q={}", encoded(query)))
        .await
}

async fn plain(org: &Org, query: &str) -> Answer {
    org.get(&format!("/query?q={}", encoded(query))).await
}

fn column<'a>(found: &'a Value, name: &str) -> Vec<&'a Value> {
    let records = found["records"].as_array().expect("records");
    records.iter().map(|record| &record[name]).collect()
}

#[tokio::test]
async fn an_object_is_a_record_of_both_apis() {
    let org = org().await;
    let query = "SELECT DurableId, QualifiedApiName, Label, KeyPrefix FROM EntityDefinition \
                 WHERE QualifiedApiName = 'Account'";
    let mut record = json!({
        "attributes": {"type": "EntityDefinition", "url": format!("{TOOLING}/sobjects/EntityDefinition/Account")},
        "DurableId": "Account", "QualifiedApiName": "Account", "Label": "Account", "KeyPrefix": "001",
    });
    assert_eq!(
        tooling(&org, query).await.json(),
        json!({
            "size": 1, "totalSize": 1, "done": true, "queryLocator": null, "entityTypeName": "EntityDefinition",
            "records": [record],
        })
    );
    record["attributes"]["url"] = json!("/services/data/v59.0/sobjects/EntityDefinition/Account");
    assert_eq!(
        plain(&org, query).await.json(),
        json!({"totalSize": 1, "done": true, "records": [record]})
    );
}

#[tokio::test]
async fn conditions_orders_and_groups_are_those_of_any_query() {
    let org = org().await;
    for (query, expected) in [
        (
            "SELECT QualifiedApiName FROM EntityDefinition WHERE QualifiedApiName LIKE 'crate%' \
             ORDER BY QualifiedApiName DESC",
            json!(["Crate__ChangeEvent", "Crate__c"]),
        ),
        (
            "SELECT QualifiedApiName FROM EntityDefinition WHERE KeyPrefix IN ('001', '003') AND IsQueryable = true \
             ORDER BY KeyPrefix DESC LIMIT 1",
            json!(["Contact"]),
        ),
        (
            "SELECT QualifiedApiName FROM EntityDefinition WHERE KeyPrefix IN ('001', '003') \
             ORDER BY KeyPrefix LIMIT 5 OFFSET 1",
            json!(["Contact"]),
        ),
        (
            "SELECT QualifiedApiName FROM FieldDefinition WHERE EntityDefinition.QualifiedApiName = 'Crate__c' \
             AND (DataType LIKE 'Lookup(Acc%' OR IsNameField = true) ORDER BY QualifiedApiName",
            json!(["Name", "Owner__c"]),
        ),
    ] {
        let found = tooling(&org, query).await.json();
        assert_eq!(
            json!(column(&found, "QualifiedApiName")),
            expected,
            "{query}"
        );
    }
    let groups = tooling(
        &org,
        "SELECT DataType, COUNT(Id) FROM EntityParticle WHERE EntityDefinition.QualifiedApiName = 'Crate__c' \
         GROUP BY DataType HAVING COUNT(Id) > 1 ORDER BY DataType",
    );
    let groups = groups.await.json();
    assert_eq!(
        json!(column(&groups, "DataType")),
        json!(["datetime", "reference"])
    );
    let count = tooling(
        &org,
        "SELECT COUNT() FROM EntityDefinition WHERE KeyPrefix = '001'",
    );
    assert_eq!(count.await.json()["totalSize"], 1);
}

#[tokio::test]
async fn ways_lead_up_and_down() {
    let org = org().await;
    let query = "SELECT QualifiedApiName, EntityDefinition.Label, EntityDefinition.Publisher.IsSalesforce, ReferenceTo, \
                 (SELECT QualifiedApiName, DataType FROM Particles) FROM FieldDefinition \
                 WHERE EntityDefinition.QualifiedApiName = 'Account' AND QualifiedApiName = 'BillingAddress'";
    let found = tooling(&org, query).await.json();
    let record = &found["records"][0];
    assert_eq!(record["EntityDefinition"]["Label"], "Account");
    assert_eq!(
        record["EntityDefinition"]["Publisher"]["IsSalesforce"],
        true
    );
    assert_eq!(record["ReferenceTo"], json!({"referenceTo": null}));
    let particles = &record["Particles"];
    assert_eq!(particles["entityTypeName"], "EntityParticle");
    let names = column(particles, "QualifiedApiName");
    assert!(
        names.contains(&&json!("BillingCity")) && names.contains(&&json!("BillingAddress")),
        "{names:?}"
    );
    let query = "SELECT QualifiedApiName, (SELECT QualifiedApiName FROM Fields WHERE IsNameField = true) \
                 FROM EntityDefinition WHERE KeyPrefix = '003'";
    let found = plain(&org, query).await.json();
    assert_eq!(
        found["records"][0]["Fields"]["records"][0]["QualifiedApiName"],
        "Name"
    );
    let query = "SELECT Value FROM PicklistValueInfo WHERE EntityParticle.EntityDefinition.QualifiedApiName = 'Account' \
                 AND EntityParticle.QualifiedApiName = 'Rating'";
    let found = plain(&org, query).await.json();
    assert_eq!(
        json!(column(&found, "Value")),
        json!(["Hot", "Warm", "Cold"])
    );
    let query = "SELECT ChildSobject.QualifiedApiName, RelationshipName FROM RelationshipDomain \
                 WHERE ParentSobject.QualifiedApiName = 'Account' AND RelationshipName = 'Crates__r'";
    let found = tooling(&org, query).await.json();
    assert_eq!(
        found["records"][0]["ChildSobject"]["QualifiedApiName"],
        "Crate__c"
    );
}

#[tokio::test]
async fn custom_objects_and_fields_have_ids() {
    let org = org().await;
    let found = tooling(
        &org,
        "SELECT Id, DeveloperName FROM CustomObject WHERE DeveloperName = 'Crate'",
    );
    let id = found.await.json()["records"][0]["Id"].clone();
    let id = id.as_str().expect("an id");
    assert!(id.starts_with("01I"));
    let query =
        format!("SELECT Id, DeveloperName, FullName FROM CustomField WHERE TableEnumOrId = '{id}'");
    let field = tooling(&org, &query).await.json();
    assert_eq!(field["records"][0]["FullName"], "Crate__c.Owner__c");
    let query = "SELECT DurableId, EntityDefinitionId FROM FieldDefinition WHERE EntityDefinition.KeyPrefix != null \
                 AND QualifiedApiName = 'Owner__c'";
    let found = tooling(&org, query).await.json();
    let own = field["records"][0]["Id"].as_str().expect("an id");
    let (object, field) = (&id[..15], &own[..15]);
    assert_eq!(
        json!(column(&found, "DurableId")),
        json!([format!("{object}.{field}")])
    );
    assert_eq!(json!(column(&found, "EntityDefinitionId")), json!([object]));
    let row = org
        .get(&format!("{TOOLING}/sobjects/CustomObject/{object}"))
        .await
        .json();
    assert_eq!(row["Id"], id);
    // The ids that the Metadata API returns.
    let definitions = org.engine.definitions();
    let component = |kind, name| definitions.components().get(kind, name).expect("kept").id;
    assert_eq!(component(Kind::Object, "Crate__c").as_str(), id);
    assert_eq!(component(Kind::Field, "Crate__c.Owner__c").as_str(), own);
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused() {
    let org = org().await;
    for (query, code, message) in [
        (
            "SELECT FullName FROM EntityDefinition",
            "MALFORMED_QUERY",
            "When retrieving results with Metadata or FullName fields",
        ),
        (
            "SELECT Colour FROM EntityDefinition",
            "INVALID_FIELD",
            "No such column 'Colour' on entity 'EntityDefinition'",
        ),
        (
            "SELECT Id FROM FieldDefinition WHERE Entity.Label = 'x'",
            "INVALID_FIELD",
            "Didn't understand relationship 'Entity' in field path",
        ),
        (
            "SELECT Id FROM PicklistValueInfo",
            "EXCEEDED_ID_LIMIT",
            "PicklistValueInfo does not support queryMore(), use LIMIT to restrict the results to a single batch",
        ),
        (
            "SELECT Id FROM ApexClass",
            "INVALID_TYPE",
            "sObject type 'ApexClass' is not supported.",
        ),
        ("", "MALFORMED_QUERY", "A query string has to be specified"),
    ] {
        let (status, told, text) = tooling(&org, query).await.refusal();
        assert_eq!((status, told.as_str()), (400, code), "{query}");
        assert!(text.contains(message), "{query}: {text}");
    }
    let one = tooling(
        &org,
        "SELECT FullName FROM EntityDefinition WHERE DurableId = 'Account'",
    );
    assert_eq!(one.await.json()["records"][0]["FullName"], "Account");
    // The plain API has no custom objects as records.
    let (_, code, _) = plain(&org, "SELECT Id FROM CustomObject").await.refusal();
    assert_eq!(code, "INVALID_TYPE");
}

#[tokio::test]
async fn the_objects_are_listed_and_described() {
    let org = org().await;
    let root = org.get(TOOLING).await.json();
    assert_eq!(root["sobjects"], format!("{TOOLING}/sobjects"));
    let list = org.get(&format!("{TOOLING}/sobjects/")).await.json();
    let names = list["sobjects"]
        .as_array()
        .expect("objects")
        .iter()
        .map(|object| &object["name"]);
    let names: Vec<_> = names.collect();
    for name in [
        "CustomField",
        "EntityDefinition",
        "FieldDefinition",
        "ManagedEventSubscription",
    ] {
        assert!(names.contains(&&json!(name)), "{name}");
    }
    let describe = org
        .get(&format!("{TOOLING}/sobjects/entitydefinition/describe"))
        .await
        .json();
    assert_eq!(describe["name"], "EntityDefinition");
    assert_eq!(describe["keyPrefix"], Value::Null);
    let fields = describe["fields"].as_array().expect("fields");
    let publisher = fields
        .iter()
        .find(|field| field["name"] == "PublisherId")
        .expect("a field");
    assert_eq!(publisher["relationshipName"], "Publisher");
    let types = fields
        .iter()
        .find(|field| field["name"] == "RecordTypesSupported")
        .expect("a field");
    assert_eq!(
        (&types["type"], &types["filterable"]),
        (&json!("complexvalue"), &json!(false))
    );
    let children = describe["childRelationships"].as_array().expect("children");
    assert!(
        children
            .iter()
            .any(|child| child["relationshipName"] == "Fields")
    );
    let row = org
        .get(&format!(
            "{TOOLING}/sobjects/EntityDefinition/Account?fields=Label"
        ))
        .await
        .json();
    assert_eq!(row["Label"], "Account");
    let gone = org
        .get(&format!("{TOOLING}/sobjects/EntityDefinition/Nothing"))
        .await
        .refusal();
    assert_eq!((gone.0, gone.1.as_str()), (404, "NOT_FOUND"));
    let refused = org
        .post(&format!("{TOOLING}/sobjects/EntityDefinition"), &json!({}))
        .await;
    assert_eq!(refused.refusal().1, "METHOD_NOT_ALLOWED");
}

#[tokio::test]
async fn columns_of_a_query_are_listed() {
    let org = org().await;
    let query = encoded("SELECT QualifiedApiName, IsQueryable FROM EntityDefinition");
    let columns = org
        .get(&format!("{TOOLING}/query?q={query}&columns=true"))
        .await
        .json();
    assert_eq!(
        columns["columnMetadata"][0]["columnName"],
        "QualifiedApiName"
    );
    assert_eq!(columns["columnMetadata"][1]["booleanType"], true);
}

/// Source: "`InstalledSubscriberPackage`" (Tooling API Developer Guide), whose query this is.
#[tokio::test]
async fn an_org_has_no_installed_packages() {
    let org = org().await;
    let query = encoded(
        "SELECT Id, SubscriberPackageId, SubscriberPackage.NamespacePrefix, SubscriberPackage.Name, \
         SubscriberPackageVersion.Id, SubscriberPackageVersion.Name, SubscriberPackageVersion.MajorVersion, \
         SubscriberPackageVersion.MinorVersion, SubscriberPackageVersion.PatchVersion, \
         SubscriberPackageVersion.BuildNumber FROM InstalledSubscriberPackage ORDER BY SubscriberPackageId",
    );
    let answer = org.get(&format!("{TOOLING}/query?q={query}")).await.json();
    assert_eq!(
        (&answer["totalSize"], &answer["records"]),
        (&json!(0), &json!([]))
    );
    let describe = format!("{TOOLING}/sobjects/SubscriberPackageVersion/describe");
    assert_eq!(org.get(&describe).await.json()["keyPrefix"], "04t");
    let before = org
        .get("/services/data/v40.0/tooling/sobjects/InstalledSubscriberPackage")
        .await
        .refusal();
    assert_eq!((before.0, before.1.as_str()), (404, "NOT_FOUND"));
}

#[tokio::test]
async fn the_licenses_of_an_org_are_found_by_both_apis() {
    let org = org().await;
    let query = encoded(
        "SELECT Id, Name, LicenseDefinitionKey, Status, TotalLicenses, UsedLicenses FROM UserLicense \
         WHERE LicenseDefinitionKey = 'SFDC'",
    );
    let users = encoded("SELECT COUNT() FROM User WHERE IsActive = TRUE");
    let users = org.get(&format!("{DATA}/query?q={users}")).await.json()["totalSize"].clone();
    for api in [DATA, TOOLING] {
        let answer = org.get(&format!("{api}/query?q={query}")).await.json();
        let license = &answer["records"][0];
        assert_eq!(
            (&license["Name"], &license["Status"]),
            (&json!("Salesforce"), &json!("Active"))
        );
        assert_eq!(license["UsedLicenses"], users, "{api}");
        assert_eq!(license["TotalLicenses"], 2, "{api}");
        for object in ["PermissionSetLicense", "TabDefinition"] {
            let query = encoded(&format!("SELECT Id FROM {object}"));
            let answer = org.get(&format!("{api}/query?q={query}")).await.json();
            assert_eq!(
                (&answer["totalSize"], &answer["done"]),
                (&json!(0), &json!(true))
            );
        }
    }
    let all = org.get(&format!("{TOOLING}/query?q={query}")).await.json();
    let id = all["records"][0]["Id"].as_str().expect("an id").to_owned();
    let one = org
        .get(&format!("{TOOLING}/sobjects/UserLicense/{id}"))
        .await
        .json();
    assert_eq!((&one["Id"], &one["UsedLicenses"]), (&json!(id), &users));
}

#[tokio::test]
async fn a_version_shows_the_fields_of_a_license_that_it_has() {
    let org = org().await;
    let fields = async |version: &str| {
        let path = format!("/services/data/v{version}/sobjects/UserLicense/describe");
        let describe = org.get(&path).await.json();
        describe["fields"].as_array().expect("fields").len()
    };
    assert_eq!(
        (
            fields("31.0").await,
            fields("40.0").await,
            fields("59.0").await
        ),
        (6, 10, 11)
    );
    let list = org.get(&format!("{DATA}/sobjects")).await.json();
    let list = list["sobjects"].as_array().expect("objects").clone();
    for name in ["UserLicense", "PermissionSetLicense", "TabDefinition"] {
        assert!(list.iter().any(|object| object["name"] == name), "{name}");
    }
    let before = org
        .get("/services/data/v42.0/tooling/sobjects/TabDefinition")
        .await
        .refusal();
    assert_eq!((before.0, before.1.as_str()), (404, "NOT_FOUND"));
}
