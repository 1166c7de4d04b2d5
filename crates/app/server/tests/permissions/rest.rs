//! The resources of the REST API, except for queries and searches.

use crate::right::Right::{Create, Delete, Edit, FieldEdit, FieldRead, Read};
use crate::row::{HIDDEN, Row, Step};
use crate::stage::DATA;

/// The refusal of a change of records that are only read.
const READ_ONLY: &str = "INSUFFICIENT_ACCESS_OR_READONLY";
const NOT_FOUND: &str = "NOT_FOUND";
const FIELD_UNKNOWN: &str = "No such column 'Secret__c' on sobject of type Vault__c";
const FIELD_READ_ONLY: &str = "INVALID_FIELD_FOR_INSERT_UPDATE";

pub(crate) fn rows() -> Vec<Row> {
    [
        describes(),
        records(),
        keys(),
        related(),
        collections(),
        composites(),
        others(),
    ]
    .concat()
}

pub(crate) fn get(path: &str) -> Step {
    Step::http("GET", &format!("{DATA}{path}"), "")
}

fn send(method: &'static str, path: &str, body: &str) -> Step {
    Step::http(method, &format!("{DATA}{path}"), body)
}

fn post(path: &str, body: &str) -> Step {
    send("POST", path, body)
}

fn row(surface: &str, case: &'static str) -> Row {
    Row::new(&format!("REST {surface}"), case)
}

/// A row that reads records by their names in the path.
fn reads(surface: &str, case: &'static str, path: &str) -> Row {
    let row = row(surface, case).then(get(path));
    row.without(Read, NOT_FOUND).without(FieldRead, HIDDEN)
}

/// A row that creates a record with the secret field.
fn creates(surface: &str, step: Step) -> Row {
    let row = row(surface, "a new record").then(step).changes();
    row.without(Read, "").without(Create, READ_ONLY)
}

/// A row that changes the secret field.
fn edits(surface: &str, step: Step) -> Row {
    let row = row(surface, "a changed record").then(step).changes();
    row.without(Read, "")
        .without(Edit, READ_ONLY)
        .without(FieldRead, FIELD_UNKNOWN)
        .without(FieldEdit, FIELD_READ_ONLY)
}

fn deletes(surface: &str, step: Step) -> Row {
    let row = row(surface, "a deleted record").then(step).changes();
    row.without(Read, "")
        .without_any(&[Edit, Delete], READ_ONLY)
}

fn describes() -> Vec<Row> {
    let object = "\"Vault__c\"";
    let field = "\"name\":\"Secret__c\"";
    vec![
        row("GET sobjects", "the list of objects")
            .then(get("/sobjects"))
            .shows(object)
            .without(Read, HIDDEN),
        row("GET sobjects/{object}", "basic information")
            .then(get("/sobjects/Vault__c"))
            .shows(object)
            .without(Read, NOT_FOUND),
        row("GET sobjects/{object}/describe", "a hidden field")
            .then(get("/sobjects/Vault__c/describe"))
            .shows(field)
            .without(Read, NOT_FOUND)
            .without(FieldRead, HIDDEN),
        row(
            "GET sobjects/{object}/describe",
            "an object with a child of the hidden one",
        )
        .then(get("/sobjects/Item__c/describe"))
        .shows("\"referenceTo\":[\"Vault__c\"]")
        .without(Read, NOT_FOUND),
        row("GET sobjects/{event}/eventSchema", "the schema of an event")
            .then(get("/sobjects/Alarm__e/eventSchema"))
            .shows("Text__c")
            .without(Read, NOT_FOUND),
        // Schemas of events are the same for everybody.
        row(
            "GET event/eventSchema/{schemaId}",
            "the schema of an event by its id",
        )
        .first(
            get("/sobjects/Alarm__e/eventSchema")
                .by_admin()
                .take("schema", "\"uuid\":\"", "\""),
        )
        .then(get("/event/eventSchema/{schema}"))
        .shows("Text__c"),
    ]
}

fn records() -> Vec<Row> {
    let new = r#"{"Name":"v{n}-c","Secret__c":"okapi"}"#;
    let change = r#"{"Secret__c":"okapi"}"#;
    vec![
        creates("POST sobjects/{object}", post("/sobjects/Vault__c", new))
            .without(FieldRead, FIELD_UNKNOWN)
            .without(FieldEdit, FIELD_READ_ONLY),
        creates(
            "POST sobjects/{records}/Id",
            post("/sobjects/Vault__c/Id", new),
        )
        .without(FieldRead, FIELD_UNKNOWN)
        .without(FieldEdit, FIELD_READ_ONLY),
        reads(
            "GET sobjects/{records}/{id}",
            "a record",
            "/sobjects/Vault__c/{vault}",
        ),
        row(
            "GET sobjects/{records}/{id}",
            "the hidden field of a record",
        )
        .then(get("/sobjects/Vault__c/{vault}?fields=Name,Secret__c"))
        .without(Read, NOT_FOUND)
        .without(FieldRead, "INVALID_FIELD"),
        reads(
            "GET sobjects/{records}/Id/{id}",
            "a record",
            "/sobjects/Vault__c/Id/{vault}",
        ),
        edits(
            "PATCH sobjects/{records}/{id}",
            send("PATCH", "/sobjects/Vault__c/{vault}", change),
        ),
        edits(
            "PATCH sobjects/{records}/Id/{id}",
            send("PATCH", "/sobjects/Vault__c/Id/{vault}", change),
        ),
        deletes(
            "DELETE sobjects/{records}/{id}",
            send("DELETE", "/sobjects/Vault__c/{vault}", ""),
        ),
        deletes(
            "DELETE sobjects/{records}/Id/{id}",
            send("DELETE", "/sobjects/Vault__c/Id/{vault}", ""),
        ),
    ]
}

/// Records by an external id.
fn keys() -> Vec<Row> {
    let path = "/sobjects/Vault__c/Code__c/k{n}a";
    let change = r#"{"Secret__c":"okapi"}"#;
    vec![
        reads(
            "GET sobjects/{records}/{field}/{value}",
            "a record by its key",
            path,
        ),
        edits(
            "PATCH sobjects/{records}/{field}/{value}",
            send("PATCH", path, change),
        ),
        row(
            "PATCH sobjects/{records}/{field}/{value}",
            "a new record by its key",
        )
        .then(send(
            "PATCH",
            "/sobjects/Vault__c/Code__c/k{n}new",
            r#"{"Name":"v{n}-c"}"#,
        ))
        .changes()
        .without(Read, NOT_FOUND)
        .without(Create, READ_ONLY),
        deletes(
            "DELETE sobjects/{records}/{field}/{value}",
            send("DELETE", path, ""),
        ),
    ]
}

/// Records by a relationship.
fn related() -> Vec<Row> {
    let path = "/sobjects/Item__c/{item}/Vault__r";
    let change = r#"{"Secret__c":"okapi"}"#;
    vec![
        reads(
            "GET sobjects/{records}/{record}/{relationship}",
            "the parent of a record",
            path,
        ),
        row(
            "GET sobjects/{records}/{record}/{relationship}",
            "the children of a record",
        )
        .then(get("/sobjects/Vault__c/{vault}/Items__r"))
        .shows("\"i{n}\"")
        .without(Read, NOT_FOUND),
        edits(
            "PATCH sobjects/{records}/{record}/{relationship}",
            send("PATCH", path, change),
        ),
        deletes(
            "DELETE sobjects/{records}/{record}/{relationship}",
            send("DELETE", path, ""),
        ),
    ]
}

fn collections() -> Vec<Row> {
    let all = "/composite/sobjects";
    let attributes = r#""attributes":{"type":"Vault__c"}"#;
    let records = |members: &str| format!(r#"{{"records":[{{{attributes},{members}}}]}}"#);
    vec![
        creates(
            "POST composite/sobjects",
            post(all, &records(r#""Name":"v{n}-c","Secret__c":"okapi""#)),
        )
        .without(FieldRead, FIELD_UNKNOWN)
        .without(FieldEdit, FIELD_READ_ONLY),
        edits(
            "PATCH composite/sobjects",
            send(
                "PATCH",
                all,
                &records(r#""id":"{vault}","Secret__c":"okapi""#),
            ),
        ),
        deletes(
            "DELETE composite/sobjects",
            send("DELETE", &format!("{all}?ids={{vault}}"), ""),
        ),
        row("GET composite/sobjects/{records}", "records by their ids")
            .then(get(&format!(
                "{all}/Vault__c?ids={{vault}}&fields=Secret__c"
            )))
            .without(Read, NOT_FOUND)
            .without(FieldRead, "INVALID_FIELD"),
        row("POST composite/sobjects/{records}", "records by their ids")
            .then(post(
                &format!("{all}/Vault__c"),
                r#"{"ids":["{vault}"],"fields":["Secret__c"]}"#,
            ))
            .without(Read, NOT_FOUND)
            .without(FieldRead, "INVALID_FIELD"),
        edits(
            "PATCH composite/sobjects/{records}/{field}",
            send(
                "PATCH",
                &format!("{all}/Vault__c/Code__c"),
                &records(r#""Code__c":"k{n}a","Secret__c":"okapi""#),
            ),
        ),
    ]
}

/// One request within others.
fn composites() -> Vec<Row> {
    let record = format!("{DATA}/sobjects/Vault__c/{{vault}}");
    let composite = |part: &str| format!(r#"{{"compositeRequest":[{part}]}}"#);
    let read = format!(r#"{{"method":"GET","url":"{record}","referenceId":"a"}}"#);
    let change = format!(
        r#"{{"method":"PATCH","url":"{record}","referenceId":"a","body":{{"Secret__c":"okapi"}}}}"#
    );
    let graph =
        |part: &str| format!(r#"{{"graphs":[{{"graphId":"g","compositeRequest":[{part}]}}]}}"#);
    let batch = |part: &str| format!(r#"{{"batchRequests":[{part}]}}"#);
    let below = "v59.0/sobjects/Vault__c/{vault}";
    let tree = r#"{"records":[{"attributes":{"type":"Vault__c","referenceId":"a"},"Name":"v{n}-c","Secret__c":"okapi"}]}"#;
    vec![
        row("POST composite", "a record within a request")
            .then(post("/composite", &composite(&read)))
            .without(Read, NOT_FOUND)
            .without(FieldRead, HIDDEN),
        edits("POST composite", post("/composite", &composite(&change))),
        row("POST composite/graph", "a record within a graph")
            .then(post("/composite/graph", &graph(&read)))
            .without(Read, NOT_FOUND)
            .without(FieldRead, HIDDEN),
        edits(
            "POST composite/graph",
            post("/composite/graph", &graph(&change)),
        ),
        row("POST composite/batch", "a record within a batch")
            .then(post(
                "/composite/batch",
                &batch(&format!(r#"{{"method":"GET","url":"{below}"}}"#)),
            ))
            .without(Read, NOT_FOUND)
            .without(FieldRead, HIDDEN),
        edits(
            "POST composite/batch",
            post(
                "/composite/batch",
                &batch(&format!(
                    r#"{{"method":"PATCH","url":"{below}","richInput":{{"Secret__c":"okapi"}}}}"#
                )),
            ),
        ),
        creates(
            "POST composite/tree/{records}",
            post("/composite/tree/Vault__c", tree),
        )
        .without(FieldRead, FIELD_UNKNOWN)
        .without(FieldEdit, FIELD_READ_ONLY),
    ]
}

fn others() -> Vec<Row> {
    let period = "start={start}&end={end}";
    vec![
        row("GET limits/recordCount", "a count")
            .then(get("/limits/recordCount?sObjects=Vault__c"))
            .shows("\"name\":\"Vault__c\"")
            .without(Read, HIDDEN),
        row("GET recent", "what was changed last")
            .then(get("/recent?limit=200"))
            .shows("\"Vault__c\"")
            .without(Read, HIDDEN),
        row(
            "GET sobjects/{records}/updated",
            "which records were changed",
        )
        .then(get(&format!("/sobjects/Vault__c/updated?{period}")))
        .shows("{vault}")
        .without(Read, NOT_FOUND),
        row(
            "GET sobjects/{records}/deleted",
            "which records were deleted",
        )
        .first(send("DELETE", "/sobjects/Vault__c/{vault}", "").by_admin())
        .then(get(&format!("/sobjects/Vault__c/deleted?{period}")))
        .shows("{vault}")
        .without(Read, NOT_FOUND),
        row(
            "GET sobjects/{records:StreamingChannel}/{record}/push",
            "who listens to a channel",
        )
        .first(channel())
        .then(get("/sobjects/StreamingChannel/{channel}/push"))
        .shows("\"OnlineUserIds\"")
        .without(Read, NOT_FOUND),
        row(
            "POST sobjects/{records:StreamingChannel}/{record}/push",
            "a text for a channel",
        )
        .first(channel())
        .then(post(
            "/sobjects/StreamingChannel/{channel}/push",
            r#"{"pushEvents":[{"payload":"a","userIds":[]}]}"#,
        ))
        .shows("\"fanoutCount\"")
        .without(Read, NOT_FOUND)
        .without(Edit, READ_ONLY),
        row("POST sobjects/{object}", "a published event")
            .then(post("/sobjects/Alarm__e", r#"{"Text__c":"a"}"#))
            .shows("\"success\":true")
            .without(Read, NOT_FOUND)
            .without(Create, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"),
    ]
}

fn channel() -> Step {
    let query = "/query?q=SELECT+Id+FROM+StreamingChannel";
    get(query).by_admin().take("channel", "\"Id\":\"", "\"")
}
