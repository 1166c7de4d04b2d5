//! The Tooling API, and the virtual objects that the REST API shows too.

use crate::right::Right::{Customize, FieldRead, Read, ViewSetup};
use crate::row::{HIDDEN, Row, Step, encoded};
use crate::stage::DATA;

const DENIED: &str = "INSUFFICIENT_ACCESS";

pub(crate) fn rows() -> Vec<Row> {
    [resources(), objects()].concat()
}

fn tooling(method: &'static str, path: &str, body: &str) -> Step {
    Step::http(method, &format!("{DATA}/tooling{path}"), body)
}

fn get(path: &str) -> Step {
    tooling("GET", path, "")
}

fn query(statement: &str) -> Step {
    get(&format!("/query?q={}", encoded(statement)))
}

/// A row of a resource that users see who see how the org is set up.
fn row(surface: &str, case: &'static str, step: Step) -> Row {
    let row = Row::new(&format!("Tooling {surface}"), case).then(step);
    row.without(ViewSetup, DENIED)
}

/// A channel of the cell.
const CHANNEL: &str =
    r#"{"FullName":"Own{n}__chn","Metadata":{"channelType":"event","label":"Own{n}"}}"#;

/// A request that consists of one.
fn composite(method: &str, path: &str, body: &str) -> Step {
    let url = format!("{DATA}/tooling{path}");
    let part =
        format!(r#"{{"method":"{method}","url":"{url}","referenceId":"part","body":{body}}}"#);
    let whole = format!(r#"{{"allOrNone":true,"compositeRequest":[{part}]}}"#);
    tooling("POST", "/composite", &whole)
}

/// A field of the cell.
const FIELD: &str =
    r#"{"FullName":"Account.Own{n}__c","Metadata":{"type":"Text","label":"Own{n}","length":9}}"#;

fn resources() -> Vec<Row> {
    let channels = "SELECT MasterLabel FROM PlatformEventChannel WHERE DeveloperName = 'Sights'";
    let created = || {
        tooling("POST", "/sobjects/PlatformEventChannel", CHANNEL)
            .by_admin()
            .take("id", "\"id\":\"", "\"")
    };
    let channel = "/sobjects/PlatformEventChannel/{id}";
    let renamed = r#"{"Metadata":{"channelType":"event","label":"Other"}}"#;
    let sights = query("SELECT Id FROM PlatformEventChannel WHERE DeveloperName = 'Sights'");
    let sights = sights.by_admin().take("id", "\"Id\":\"", "\"");
    let deleted = || tooling("DELETE", channel, "").by_admin();
    vec![
        row("GET ", "the resources", get("")).shows("\"sobjects\""),
        row("GET sobjects", "the objects", get("/sobjects")).shows("\"CustomField\""),
        row(
            "GET sobjects/{object}",
            "an object",
            get("/sobjects/CustomField"),
        )
        .shows("\"CustomField\""),
        row(
            "GET sobjects/{object}/describe",
            "an object",
            get("/sobjects/CustomField/describe"),
        )
        .shows("\"CustomField\""),
        row("GET sobjects/{object}/{id}", "a channel", get(channel))
            .first(sights)
            .shows("\"Sights\""),
        row("GET query", "channels", query(channels)).shows("\"totalSize\":1"),
        row(
            "GET query/{locator}",
            "a page that is not there",
            get("/query/01g000000000001AAA-2000"),
        )
        .shows("INVALID_QUERY_LOCATOR"),
        row(
            "POST sobjects/{object}",
            "a new channel",
            tooling("POST", "/sobjects/PlatformEventChannel", CHANNEL).take(
                "id",
                "\"id\":\"",
                "\"",
            ),
        )
        .then(deleted())
        .costly()
        .shows("\"success\":true")
        .without(Customize, DENIED),
        row(
            "PATCH sobjects/{object}/{id}",
            "a changed channel",
            tooling("PATCH", channel, renamed),
        )
        .first(created())
        .then(deleted())
        .costly()
        .shows("204 ")
        .without(Customize, DENIED),
        row(
            "DELETE sobjects/{object}/{id}",
            "a deleted channel",
            tooling("DELETE", channel, ""),
        )
        .first(created())
        .costly()
        .shows("204 ")
        .without(Customize, DENIED),
    ]
}

/// Objects that the Tooling API alone has show how the org is set up; the others show what the user sees of it.
#[expect(clippy::too_many_lines, reason = "a table")]
fn objects() -> Vec<Row> {
    let setup = |object: &str, statement: &str, shown: &str| {
        let row = Row::new(&format!("Tooling object {object}"), "how the org is set up");
        row.then(query(statement))
            .shows(shown)
            .without(ViewSetup, DENIED)
    };
    let plain = |object: &str, statement: &str, shown: &str| {
        let path = format!("{DATA}/query?q={}", encoded(statement));
        let row = Row::new(
            &format!("Tooling object {object}"),
            "how the org is set up, over REST",
        );
        row.then(Step::http("GET", &path, ""))
            .shows(shown)
            .without(ViewSetup, HIDDEN)
    };
    let seen = |object: &str, case: &'static str, statement: &str, shown: &str| {
        let path = format!("{DATA}/query?q={}", encoded(statement));
        let row = Row::new(&format!("Tooling object {object}"), case);
        row.then(Step::http("GET", &path, "")).shows(shown)
    };
    vec![
        setup(
            "PlatformEventChannel",
            "SELECT DeveloperName FROM PlatformEventChannel WHERE DeveloperName = 'Sights'",
            "\"Sights\"",
        ),
        setup(
            "PlatformEventChannelMember",
            "SELECT DeveloperName FROM PlatformEventChannelMember WHERE DeveloperName LIKE 'Sights%'",
            "\"Sights",
        ),
        setup("EnrichedField", "SELECT Field FROM EnrichedField", "\"totalSize\":1"),
        Row::new("Tooling object ManagedEventSubscription", "how the org is set up")
            .then(Step::http(
                "GET",
                "/services/data/v62.0/tooling/query?q=SELECT+Id+FROM+ManagedEventSubscription",
                "",
            ))
            .shows("\"ManagedEventSubscription\"")
            .without(ViewSetup, DENIED),
        setup("InstalledSubscriberPackage", "SELECT Id FROM InstalledSubscriberPackage", "\"totalSize\""),
        setup("SubscriberPackage", "SELECT Id FROM SubscriberPackage", "\"totalSize\""),
        setup("SubscriberPackageVersion", "SELECT Id FROM SubscriberPackageVersion", "\"totalSize\""),
        setup("UserLicense", "SELECT Name FROM UserLicense", "\"Salesforce\""),
        setup("PermissionSetLicense", "SELECT Id FROM PermissionSetLicense", "\"totalSize\""),
        setup("TabDefinition", "SELECT DurableId FROM TabDefinition", "\"totalSize\""),
        plain("UserLicense", "SELECT Name FROM UserLicense", "\"Salesforce\""),
        plain("PermissionSetLicense", "SELECT Id FROM PermissionSetLicense", "\"totalSize\""),
        plain("TabDefinition", "SELECT DurableId FROM TabDefinition", "\"totalSize\""),
        setup("CustomObject", "SELECT Id FROM CustomObject WHERE DeveloperName = 'Vault'", "\"totalSize\":1")
            .without(Read, HIDDEN),
        Row::new("REST GET tooling/composite", "what is below")
            .then(get("/composite"))
            .shows("{}")
            .without(ViewSetup, DENIED),
        Row::new("REST POST tooling/composite", "a definition within a request")
            .then(composite("GET", "/sobjects/CustomField/describe", "null"))
            .shows("\"CustomField\"")
            .without(ViewSetup, DENIED),
        Row::new("REST POST tooling/composite", "a new field within a request")
            .then(composite("POST", "/sobjects/CustomField", FIELD).take("id", "\"id\":\"", "\""))
            .then(tooling("DELETE", "/sobjects/CustomField/{id}", "").by_admin())
            .costly()
            .shows("\"success\":true")
            .without_any(&[ViewSetup, Customize], DENIED),
        Row::new("Tooling object CustomField", "a new field")
            .then(tooling("POST", "/sobjects/CustomField", FIELD).take("id", "\"id\":\"", "\""))
            .then(tooling("DELETE", "/sobjects/CustomField/{id}", "").by_admin())
            .costly()
            .shows("\"success\":true")
            .without_any(&[ViewSetup, Customize], DENIED),
        setup("CustomField", "SELECT Id FROM CustomField WHERE DeveloperName = 'Secret'", "\"totalSize\":1")
            .without_any(&[Read, FieldRead], HIDDEN),
        seen(
            "EntityDefinition",
            "an object",
            "SELECT QualifiedApiName FROM EntityDefinition WHERE QualifiedApiName = 'Vault__c'",
            "\"Vault__c\"",
        )
        .without(Read, HIDDEN),
        seen(
            "FieldDefinition",
            "a field",
            "SELECT QualifiedApiName FROM FieldDefinition WHERE EntityDefinition.QualifiedApiName = 'Vault__c' \
             AND QualifiedApiName = 'Secret__c'",
            "\"Secret__c\"",
        )
        .without_any(&[Read, FieldRead], HIDDEN),
        seen(
            "EntityParticle",
            "a field",
            "SELECT QualifiedApiName FROM EntityParticle WHERE EntityDefinition.QualifiedApiName = 'Vault__c' \
             AND QualifiedApiName = 'Secret__c'",
            "\"Secret__c\"",
        )
        .without_any(&[Read, FieldRead], HIDDEN),
        seen(
            "RelationshipDomain",
            "a relationship",
            "SELECT RelationshipName FROM RelationshipDomain WHERE ParentSobject.QualifiedApiName = 'Vault__c'",
            "\"Items__r\"",
        )
        .without(Read, HIDDEN),
        seen(
            "PicklistValueInfo",
            "a value of a picklist",
            "SELECT Value FROM PicklistValueInfo WHERE EntityParticle.EntityDefinition.QualifiedApiName = 'Lead' \
             AND Value = 'Open - Not Contacted'",
            "\"Open - Not Contacted\"",
        )
        .without(Read, HIDDEN),
        seen(
            "UserEntityAccess",
            "what the user may do",
            "SELECT IsReadable FROM UserEntityAccess WHERE EntityDefinition.QualifiedApiName = 'Vault__c'",
            "\"IsReadable\":true",
        )
        .without(Read, HIDDEN),
        seen("Publisher", "who made what", "SELECT Name FROM Publisher", "\"totalSize\""),
        seen("EventBusSubscriber", "who listens", "SELECT Id FROM EventBusSubscriber", "\"totalSize\""),
        seen(
            "PlatformEventUsageMetric",
            "how much was published",
            "SELECT Name FROM PlatformEventUsageMetric",
            "\"totalSize\"",
        ),
    ]
}
