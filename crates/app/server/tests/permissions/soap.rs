//! The calls of the SOAP API.

use crate::right::Right::{Create, Delete, Edit, FieldEdit, FieldRead, Read};
use crate::row::{HIDDEN, Row, Step};
use crate::stage::DATA;

const READ_ONLY: &str = "INSUFFICIENT_ACCESS";
const TYPE: &str = "INVALID_TYPE";
const FIELD: &str = "INVALID_FIELD";
const FIELD_UNKNOWN: &str = "No such column";
const FIELD_READ_ONLY: &str = "INVALID_FIELD_FOR_INSERT_UPDATE";

/// Every row in both dialects.
pub(crate) fn rows() -> Vec<Row> {
    let partner = [records(), queries(), bins(), leads()].concat();
    let enterprise: Vec<Row> = partner.iter().map(in_enterprise).collect();
    [partner, enterprise].concat()
}

/// A row of the Partner API as one of the Enterprise API, where the object of a record is the type of its element.
fn in_enterprise(row: &Row) -> Row {
    row.renamed("SOAP ", "Enterprise SOAP ", |text| {
        text.replace("/services/Soap/u/", "/services/Soap/c/")
            .replace("urn:partner.", "urn:enterprise.")
            .replace(
                "<e:Envelope ",
                "<e:Envelope xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" ",
            )
            .replace("><type>", " i:type=\"")
            .replace("</type>", "\">")
    })
}

fn call(name: &str, arguments: &str) -> Step {
    with_headers("", name, arguments)
}

fn with_headers(headers: &str, name: &str, arguments: &str) -> Step {
    let body = format!(
        "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns=\"urn:partner.soap.sforce.com\">\
         <e:Header><SessionHeader><sessionId>{{token}}</sessionId></SessionHeader>{headers}</e:Header>\
         <e:Body><{name}>{arguments}</{name}></e:Body></e:Envelope>"
    );
    Step::http("POST", "/services/Soap/u/59.0", &body)
        .header("content-type", "text/xml")
        .header("soapaction", "\"\"")
}

fn row(name: &str, case: &'static str, arguments: &str) -> Row {
    Row::new(&format!("SOAP {name}"), case).then(call(name, arguments))
}

fn records() -> Vec<Row> {
    let record = |members: &str| format!("<sObjects><type>Vault__c</type>{members}</sObjects>");
    let create = record("<Name>v{n}-c</Name><Secret__c>okapi</Secret__c>");
    let update = record("<Id>{vault}</Id><Secret__c>okapi</Secret__c>");
    let upsert = record("<Code__c>k{n}a</Code__c><Secret__c>okapi</Secret__c>");
    let create_by_key = record("<Code__c>k{n}new</Code__c><Name>v{n}-c</Name>");
    let key = "<externalIDFieldName>Code__c</externalIDFieldName>";
    let retrieve = "<fieldList>Name,Secret__c</fieldList><sObjectType>Vault__c</sObjectType><ids>{vault}</ids>";
    let object = "<sObjectType>Vault__c</sObjectType>";
    let changed = |row: Row| {
        row.changes()
            .without(Read, "")
            .without(FieldRead, FIELD_UNKNOWN)
            .without(FieldEdit, FIELD_READ_ONLY)
    };
    vec![
        changed(row("create", "a new record", &create)).without(Create, READ_ONLY),
        changed(row("update", "a changed record", &update)).without(Edit, READ_ONLY),
        changed(row("upsert", "a changed record", &format!("{key}{upsert}")))
            .without(Edit, READ_ONLY),
        row("upsert", "a new record", &format!("{key}{create_by_key}"))
            .changes()
            .without(Read, "")
            .without(Create, READ_ONLY),
        row(
            "create",
            "a published event",
            "<sObjects><type>Alarm__e</type><Text__c>a</Text__c></sObjects>",
        )
        .shows("<success>true</success>")
        .without_any(&[Read, Create], ""),
        row("retrieve", "a hidden field", retrieve)
            .without(Read, TYPE)
            .without(FieldRead, FIELD),
        row("describeGlobal", "the list of objects", "")
            .shows("<name>Vault__c</name>")
            .without(Read, HIDDEN),
        row("describeSObject", "a hidden field", object)
            .shows("<name>Secret__c</name>")
            .without(Read, TYPE)
            .without(FieldRead, HIDDEN),
        row("describeSObjects", "a hidden field", object)
            .shows("<name>Secret__c</name>")
            .without(Read, TYPE)
            .without(FieldRead, HIDDEN),
    ]
}

fn queries() -> Vec<Row> {
    let query = |where_clause: &str| {
        format!("<queryString>SELECT Secret__c FROM Vault__c WHERE {where_clause}</queryString>")
    };
    let one = "<QueryOptions><batchSize>1</batchSize></QueryOptions>";
    let many = query("Name LIKE 'v{n}-%' ORDER BY Name");
    let period = "<sObjectType>Vault__c</sObjectType><startDate>{start}</startDate>\
                  <endDate>{end}</endDate>";
    let search = |returning: &str| {
        format!("<searchString>FIND {{note{{n}}x}} RETURNING {returning}</searchString>")
    };
    vec![
        row("query", "a field", &query("Id = '{vault}'"))
            .without(Read, TYPE)
            .without(FieldRead, FIELD),
        row("queryAll", "a field", &query("Id = '{vault}'"))
            .without(Read, TYPE)
            .without(FieldRead, FIELD),
        Row::new("SOAP queryMore", "a further page")
            .first(with_headers(one, "query", &many).take(
                "more",
                "<queryLocator>",
                "</queryLocator>",
            ))
            .then(with_headers(
                one,
                "queryMore",
                "<queryLocator>{more}</queryLocator>",
            ))
            .without(Read, TYPE)
            .without(FieldRead, FIELD),
        row(
            "search",
            "a field of what is found",
            &search("Vault__c(Secret__c)"),
        )
        .without(Read, TYPE)
        .without(FieldRead, FIELD),
        row("getUpdated", "which records were changed", period)
            .shows("{vault}")
            .without(Read, TYPE),
        row("getDeleted", "which records were deleted", period)
            .first(remove())
            .shows("{vault}")
            .without(Read, TYPE),
    ]
}

fn remove() -> Step {
    Step::http("DELETE", &format!("{DATA}/sobjects/Vault__c/{{vault}}"), "").by_admin()
}

fn bins() -> Vec<Row> {
    let ids = "<ids>{vault}</ids>";
    vec![
        row("delete", "a deleted record", ids)
            .changes()
            .without(Read, "")
            .without_any(&[Edit, Delete], READ_ONLY),
        row("undelete", "a record that is brought back", ids)
            .first(remove())
            .changes()
            .without(Read, "")
            .without_any(&[Edit, Delete], READ_ONLY),
        row("emptyRecycleBin", "a record that is deleted for ever", ids)
            .first(remove())
            .changes()
            .without(Read, "")
            .without_any(&[Edit, Delete], READ_ONLY),
    ]
}

/// What exists for standard objects only.
fn leads() -> Vec<Row> {
    let create = |object: &str, body: &str, name: &'static str| {
        Step::http("POST", &format!("{DATA}/sobjects/{object}"), body)
            .by_admin()
            .take(name, "\"id\":\"", "\"")
    };
    let accounts = "SELECT Id, IsDeleted FROM Account WHERE Name LIKE 'v{n}-%'";
    let leads = "SELECT Id, IsConverted FROM Lead WHERE Company = 'v{n}-c'";
    let merge = "<request><masterRecord><type>Account</type><Id>{master}</Id></masterRecord>\
                 <recordToMergeIds>{victim}</recordToMergeIds></request>";
    let convert = "<leadConverts><convertedStatus>Closed - Converted</convertedStatus><leadId>{lead}</leadId>\
                   </leadConverts>";
    vec![
        row("merge", "two accounts", merge)
            .first(create("Account", r#"{"Name":"v{n}-a"}"#, "master"))
            .first(create("Account", r#"{"Name":"v{n}-b"}"#, "victim"))
            .changes_what(accounts)
            .without(Read, "")
            .without_any(&[Edit, Delete], READ_ONLY),
        row("convertLead", "a lead", convert)
            .first(create(
                "Lead",
                r#"{"LastName":"v{n}","Company":"v{n}-c"}"#,
                "lead",
            ))
            .changes_what(leads)
            .without(Read, "")
            .without_any(&[Create, Edit], READ_ONLY),
    ]
}
