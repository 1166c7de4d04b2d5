//! The calls and resources of the Metadata API: all of it is for users who customize the application.

use crate::right::Right::{Customize, ViewSetup};
use crate::row::{Row, Step};
use crate::stage::DATA;

const DENIED: &str = "INSUFFICIENT_ACCESS";

/// Longer than any id of a deployment that is there.
const NO_ID: &str = "0Af000000000001AAA";

pub(crate) fn rows() -> Vec<Row> {
    [calls(), resources()].concat()
}

fn call(name: &str, arguments: &str) -> Step {
    let body = format!(
        "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns=\"http://soap.sforce.com/2006/04/metadata\">\
         <e:Header><SessionHeader><sessionId>{{token}}</sessionId></SessionHeader></e:Header>\
         <e:Body><{name}>{arguments}</{name}></e:Body></e:Envelope>"
    );
    Step::http("POST", "/services/Soap/m/59.0", &body)
        .header("content-type", "text/xml")
        .header("soapaction", "\"\"")
}

/// A row that is allowed if the answer has this text.
fn row(name: &str, arguments: &str, shown: &str) -> Row {
    let row =
        Row::new(&format!("Metadata {name}"), "as a user who may").then(call(name, arguments));
    row.shows(shown)
        .without_any(&[ViewSetup, Customize], DENIED)
}

fn calls() -> Vec<Row> {
    let field = "<metadata xsi:type=\"CustomField\"><fullName>Ledger__c.Note__c</fullName><label>Note__c</label>\
                 <length>80</length><type>Text</type></metadata>";
    let names = |name: &str| format!("<type>CustomField</type><fullNames>{name}</fullNames>");
    let unknown = format!("<asyncProcessId>{NO_ID}</asyncProcessId>");
    vec![
        row("createMetadata", field, "DUPLICATE_DEVELOPER_NAME").costly(),
        row("updateMetadata", field, "<success>true</success>").costly(),
        row("upsertMetadata", field, "<success>true</success>").costly(),
        row(
            "deleteMetadata",
            &names("Ledger__c.Never__c"),
            "<success>false</success>",
        )
        .costly(),
        row(
            "readMetadata",
            &names("Ledger__c.Note__c"),
            "Ledger__c.Note__c",
        ),
        row(
            "listMetadata",
            "<queries><type>CustomObject</type></queries>",
            "Vault__c",
        ),
        row("describeMetadata", "", "<metadataObjects>"),
        row(
            "deploy",
            "<ZipFile></ZipFile><DeployOptions></DeployOptions>",
            "No zip file",
        ),
        row(
            "deployRecentValidation",
            &format!("<validationId>{NO_ID}</validationId>"),
            "INVALID_CROSS_REFERENCE_KEY",
        ),
        row("checkDeployStatus", &unknown, "INVALID_CROSS_REFERENCE_KEY"),
        row(
            "cancelDeploy",
            &format!("<String>{NO_ID}</String>"),
            "INVALID_CROSS_REFERENCE_KEY",
        ),
        row(
            "retrieve",
            "<retrieveRequest><apiVersion>59.0</apiVersion></retrieveRequest>",
            "<state>Queued</state>",
        ),
        row(
            "checkRetrieveStatus",
            &unknown,
            "INVALID_CROSS_REFERENCE_KEY",
        ),
        row("checkStatus", &unknown, "INVALID_CROSS_REFERENCE_KEY"),
    ]
}

fn resources() -> Vec<Row> {
    let path = format!("{DATA}/metadata/deployRequest");
    let one = format!("{path}/{NO_ID}");
    let row = |surface: &str, step: Step, shown: &str| {
        let row = Row::new(&format!("Metadata {surface}"), "as a user who may").then(step);
        row.shows(shown)
            .without_any(&[ViewSetup, Customize], DENIED)
    };
    vec![
        row(
            "POST deployRequest",
            Step::http("POST", &path, "{}"),
            "400 ",
        ),
        row(
            "GET deployRequest/{id}",
            Step::http("GET", &one, ""),
            "404 ",
        ),
        row(
            "PATCH deployRequest/{id}",
            Step::http("PATCH", &one, r#"{"deployResult":{"status":"Canceling"}}"#),
            "404 ",
        ),
    ]
}
