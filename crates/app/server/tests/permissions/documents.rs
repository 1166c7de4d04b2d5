//! The documents that describe an org to tools.

use crate::right::Right::{FieldRead, Read};
use crate::row::{HIDDEN, Row, Step};

pub(crate) fn rows() -> Vec<Row> {
    let row = |surface: &str, case: &'static str, path: &str, shown: &str| {
        Row::new(&format!("Document {surface}"), case)
            .then(Step::http("GET", path, ""))
            .shows(shown)
    };
    let schema = "/schemas/{file}";
    vec![
        row(
            "/asyncapi.yaml",
            "a hidden field",
            "/asyncapi.yaml",
            "Secret__c",
        )
        .without_any(&[Read, FieldRead], HIDDEN),
        row("/asyncapi.yaml", "an event", "/asyncapi.yaml", "Alarm__e").without(Read, HIDDEN),
        row(
            "/openapi.yaml",
            "a hidden field",
            "/openapi.yaml",
            "Secret__c",
        )
        .without_any(&[Read, FieldRead], HIDDEN),
        row("/openapi.yaml", "an object", "/openapi.yaml", "Vault__c").without(Read, HIDDEN),
        row(
            schema,
            "a hidden field",
            "/schemas/Vault__ChangeEvent.json",
            "Secret__c",
        )
        .without(Read, "NOT_FOUND")
        .without(FieldRead, HIDDEN),
        row(schema, "an event", "/schemas/Alarm__e.json", "Text__c").without(Read, "NOT_FOUND"),
    ]
}
