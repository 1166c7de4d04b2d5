//! The resources of the Bulk API, 2.0 and before.

use crate::right::Right::{Create, Delete, Edit, FieldEdit, FieldRead, HardDelete, Read};
use crate::row::{HIDDEN, Row, Step};
use crate::stage::DATA;

const CLASSIC: &str = "/services/async/59.0/job";
const JOB: &str = "\"id\":\"{job}\"";
const DONE: &[&str] = &["\"JobComplete\"", "\"Failed\""];
const DONE_BATCH: &[&str] = &[">Completed<", ">Failed<"];

pub(crate) fn rows() -> Vec<Row> {
    [
        ingests(),
        ingest_jobs(),
        queries(),
        classics(),
        classic_queries(),
    ]
    .concat()
}

fn jobs(method: &'static str, path: &str, body: &str) -> Step {
    Step::http(method, &format!("{DATA}/jobs/{path}"), body)
}

fn created(operation: &str) -> Step {
    let body = format!(
        r#"{{"object":"Vault__c","operation":"{operation}","externalIdFieldName":EXTERNAL,"lineEnding":"LF"}}"#
    );
    let external = if operation == "upsert" {
        "\"Code__c\""
    } else {
        "null"
    };
    jobs("POST", "ingest", &body.replace("EXTERNAL", external)).take("job", "\"id\":\"", "\"")
}

fn uploaded(data: &str) -> Step {
    jobs("PUT", "ingest/{job}/batches", data).header("content-type", "text/csv")
}

fn completed() -> Step {
    jobs("PATCH", "ingest/{job}", r#"{"state":"UploadComplete"}"#)
}

fn ended() -> Step {
    jobs("GET", "ingest/{job}", "").until(DONE)
}

fn failed() -> Step {
    jobs("GET", "ingest/{job}/failedResults", "")
}

fn ingest(operation: &str, case: &'static str, data: &str) -> Row {
    Row::new("Bulk 2.0 POST ingest", case)
        .and("Bulk 2.0 PUT ingest/{id}/batches")
        .and("Bulk 2.0 PATCH ingest/{id}")
        .and("Bulk 2.0 GET ingest/{id}/failedResults")
        .first(created(operation))
        .first(uploaded(data))
        .then(completed())
        .then(ended())
        .then(failed())
        .changes()
        .without(Read, "")
}

/// Jobs that change records: a right is lost between the upload and the processing.
fn ingests() -> Vec<Row> {
    let field = |row: Row| row.without(FieldRead, "").without(FieldEdit, "");
    vec![
        field(ingest(
            "insert",
            "a new record",
            "Name,Secret__c\nv{n}-c,okapi\n",
        ))
        .without(Create, ""),
        field(ingest(
            "update",
            "a changed record",
            "Id,Secret__c\n{vault},okapi\n",
        ))
        .without(Edit, ""),
        field(ingest(
            "upsert",
            "a changed record by its key",
            "Code__c,Secret__c\nk{n}a,okapi\n",
        ))
        .without(Edit, ""),
        ingest(
            "upsert",
            "a new record by its key",
            "Code__c,Name\nk{n}new,v{n}-c\n",
        )
        .without_any(&[Create, Edit], "")
        .outlasts(Edit),
        ingest("delete", "a deleted record", "Id\n{vault}\n").without_any(&[Edit, Delete], ""),
        ingest(
            "hardDelete",
            "a record that is deleted for ever",
            "Id\n{vault}\n",
        )
        .without_any(&[Edit, Delete, HardDelete], ""),
    ]
}

/// Jobs that have ended, and those of others.
fn ingest_jobs() -> Vec<Row> {
    let job = |surface: &str, case: &'static str| {
        Row::new(surface, case)
            .first(created("update"))
            .first(uploaded("Id,Note__c\n{vault},okapi{n}x\n"))
            .first(completed())
            .first(ended())
            .without_any(&[Read, Edit], "")
            .outlasts(Read)
            .outlasts(Edit)
    };
    vec![
        job("Bulk 2.0 GET ingest", "own jobs")
            .then(jobs("GET", "ingest?jobType=V2Ingest", ""))
            .shows(JOB),
        job("Bulk 2.0 GET ingest/{id}", "an own job")
            .then(jobs("GET", "ingest/{job}", ""))
            .shows(JOB),
        job(
            "Bulk 2.0 GET ingest/{id}/successfulResults",
            "what the user has sent",
        )
        .then(jobs("GET", "ingest/{job}/successfulResults", ""))
        .shows("okapi{n}x"),
        job(
            "Bulk 2.0 GET ingest/{id}/unprocessedrecords",
            "what the user has sent",
        )
        .then(jobs("GET", "ingest/{job}/unprocessedrecords", ""))
        .shows("200 "),
        job("Bulk 2.0 DELETE ingest/{id}", "an own job")
            .then(jobs("DELETE", "ingest/{job}", ""))
            .shows("204 "),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn queries() -> Vec<Row> {
    let create = |field: &str| {
        let query = format!("SELECT Name, {field} FROM Vault__c WHERE Id = '{{vault}}'");
        jobs(
            "POST",
            "query",
            &format!(r#"{{"operation":"query","query":"{query}"}}"#),
        )
        .take("job", "\"id\":\"", "\"")
    };
    let ended = || jobs("GET", "query/{job}", "").until(DONE);
    let row = |surface: &str, case: &'static str| {
        Row::new(surface, case)
            .and("Bulk 2.0 POST query")
            .without(Read, "Vault__c")
            .without(FieldRead, "Secret__c")
    };
    let of_job = |surface: &str, case: &'static str, step: Step| {
        row(surface, case)
            .first(create("Secret__c"))
            .first(ended())
            .then(step)
            .shows(JOB)
            .outlasts(Read)
            .outlasts(FieldRead)
    };
    vec![
        row(
            "Bulk 2.0 GET query/{id}/results",
            "results of a job that has ended",
        )
        .first(create("Secret__c"))
        .first(ended())
        .then(jobs("GET", "query/{job}/results", ""))
        .losing(Read, "Vault__c"),
        Row::new("Bulk 2.0 GET query/{id}/results", "results of all fields")
            .first(create("FIELDS(CUSTOM)").take("job", "\"id\":\"", "\""))
            .first(ended())
            .then(jobs("GET", "query/{job}/results", ""))
            .without(Read, "Vault__c")
            .without(FieldRead, HIDDEN)
            .losing(FieldRead, "Secret__c"),
        row("Bulk 2.0 POST query", "a job that has not begun")
            .then(create("Secret__c"))
            .then(ended())
            .then(jobs("GET", "query/{job}/results", "")),
        of_job(
            "Bulk 2.0 GET query",
            "own jobs",
            jobs("GET", "query?jobType=V2Query", ""),
        ),
        of_job(
            "Bulk 2.0 GET query/{id}",
            "an own job",
            jobs("GET", "query/{job}", ""),
        ),
        of_job(
            "Bulk 2.0 GET query/{id}/resultPages",
            "the pages of an own job",
            jobs("GET", "query/{job}/resultPages", ""),
        )
        .shows("200 "),
        of_job(
            "Bulk 2.0 PATCH query/{id}",
            "an own job that has ended",
            jobs("PATCH", "query/{job}", r#"{"state":"Aborted"}"#),
        )
        .shows("JOBSTATE"),
        of_job(
            "Bulk 2.0 DELETE query/{id}",
            "an own job",
            jobs("DELETE", "query/{job}", ""),
        )
        .shows("204 "),
    ]
}

fn classic(method: &'static str, path: &str, body: &str) -> Step {
    Step::http(method, &format!("{CLASSIC}{path}"), body)
        .header("x-sfdc-session", "{token}")
        .header("content-type", "application/xml")
}

fn classic_job(operation: &str) -> Step {
    let body = format!(
        "<jobInfo xmlns=\"http://www.force.com/2009/06/asyncapi/dataload\"><operation>{operation}</operation>\
         <object>Vault__c</object><contentType>CSV</contentType></jobInfo>"
    );
    classic("POST", "", &body).take("job", "<id>", "</id>")
}

fn batch(data: &str) -> Step {
    Step::http("POST", &format!("{CLASSIC}/{{job}}/batch"), data)
        .header("x-sfdc-session", "{token}")
        .header("content-type", "text/csv")
        .take("batch", "<id>", "</id>")
}

fn batch_ended() -> Step {
    classic("GET", "/{job}/batch/{batch}", "").until(DONE_BATCH)
}

fn classics() -> Vec<Row> {
    let changes = |operation: &str, case: &'static str, data: &str| {
        Row::new("Bulk POST job", case)
            .and("Bulk POST job/{id}/batch")
            .and("Bulk GET job/{id}/batch/{batch}")
            .and("Bulk GET job/{id}/batch/{batch}/result")
            .first(classic_job(operation))
            .then(batch(data))
            .then(batch_ended())
            .then(classic("GET", "/{job}/batch/{batch}/result", ""))
            .changes()
            .without(Read, "")
    };
    let field = |row: Row| row.without(FieldRead, "").without(FieldEdit, "");
    let of_job = |surface: &str, step: Step| {
        Row::new(surface, "an own job")
            .first(classic_job("update"))
            .first(batch("Id,Note__c\n{vault},okapi{n}x\n"))
            .first(batch_ended())
            .then(step)
            .shows("<id>{job}</id>")
            .without_any(&[Read, Edit], "")
            .outlasts(Read)
            .outlasts(Edit)
    };
    let closed = "<jobInfo xmlns=\"http://www.force.com/2009/06/asyncapi/dataload\"><state>Closed</state></jobInfo>";
    vec![
        field(changes(
            "insert",
            "a new record",
            "Name,Secret__c\nv{n}-c,okapi\n",
        ))
        .without(Create, ""),
        field(changes(
            "update",
            "a changed record",
            "Id,Secret__c\n{vault},okapi\n",
        ))
        .without(Edit, ""),
        changes("delete", "a deleted record", "Id\n{vault}\n").without_any(&[Edit, Delete], ""),
        changes(
            "hardDelete",
            "a record that is deleted for ever",
            "Id\n{vault}\n",
        )
        .without_any(&[Edit, Delete, HardDelete], ""),
        of_job("Bulk GET job/{id}", classic("GET", "/{job}", "")),
        of_job("Bulk POST job/{id}", classic("POST", "/{job}", closed)),
        of_job(
            "Bulk GET job/{id}/batch",
            classic("GET", "/{job}/batch", ""),
        )
        .shows("<jobId>{job}</jobId>"),
        of_job(
            "Bulk GET job/{id}/batch/{batch}/request",
            classic("GET", "/{job}/batch/{batch}/request", ""),
        )
        .shows("okapi{n}x"),
    ]
}

fn classic_queries() -> Vec<Row> {
    vec![
        Row::new(
            "Bulk GET job/{id}/batch/{batch}/result/{result}",
            "a result that was found before",
        )
        .first(classic_job("query"))
        .first(batch(
            "SELECT Name, Secret__c FROM Vault__c WHERE Id = '{vault}'",
        ))
        .first(batch_ended())
        .first(classic("GET", "/{job}/batch/{batch}/result", "").take(
            "result",
            "<result>",
            "</result>",
        ))
        .then(classic("GET", "/{job}/batch/{batch}/result/{result}", ""))
        .without(Read, "")
        .without(FieldRead, "Secret__c")
        .losing(Read, "Vault__c"),
    ]
}
