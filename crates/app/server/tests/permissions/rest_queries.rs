//! Queries and searches over REST.

use crate::rest::get;
use crate::right::Right::{FieldRead, Read};
use crate::row::{HIDDEN, Row, Step, encoded};
use crate::stage::DATA;

const TYPE: &str = "INVALID_TYPE";
const FIELD: &str = "INVALID_FIELD";

pub(crate) fn rows() -> Vec<Row> {
    [statements(), oracles(), pages(), searches()].concat()
}

fn query(statement: &str) -> Step {
    get(&format!("/query?q={}", encoded(statement)))
}

fn row(case: &'static str, statement: &str) -> Row {
    let row = Row::new("REST GET query", case).then(query(statement));
    row.without(Read, TYPE).without(FieldRead, FIELD)
}

/// Statements that would show the secret.
fn statements() -> Vec<Row> {
    vec![
        row(
            "a field",
            "SELECT Secret__c FROM Vault__c WHERE Id = '{vault}'",
        ),
        Row::new("REST GET query", "all fields")
            .then(query(
                "SELECT FIELDS(CUSTOM) FROM Vault__c WHERE Id = '{vault}' LIMIT 1",
            ))
            .without(Read, TYPE)
            .without(FieldRead, HIDDEN),
        row(
            "a relationship path",
            "SELECT Vault__r.Secret__c FROM Item__c WHERE Id = '{item}'",
        ),
        row(
            "a sub-query of the object with the field",
            "SELECT Id, (SELECT Vault__r.Secret__c FROM Items__r) FROM Vault__c WHERE Id = '{vault}'",
        ),
        row(
            "an aggregate",
            "SELECT MAX(Secret__c) top FROM Vault__c WHERE Id = '{vault}'",
        ),
        row(
            "a group",
            "SELECT Secret__c, COUNT(Id) FROM Vault__c WHERE Id = '{vault}' GROUP BY Secret__c",
        ),
        row(
            "a field of a parent in a group",
            "SELECT Vault__r.Secret__c, COUNT(Id) FROM Item__c WHERE Id = '{item}' GROUP BY Vault__r.Secret__c",
        ),
        Row::new("REST GET queryAll", "a deleted record")
            .first(
                Step::http("DELETE", &format!("{DATA}/sobjects/Vault__c/{{vault}}"), "").by_admin(),
            )
            .then(get(&format!(
                "/queryAll?q={}",
                encoded("SELECT Secret__c FROM Vault__c WHERE Id = '{vault}'")
            )))
            .without(Read, TYPE)
            .without(FieldRead, FIELD),
    ]
}

/// Statements that would show something about the secret.
fn oracles() -> Vec<Row> {
    let one = "\"totalSize\":1";
    let conditions = [
        (
            "a filter",
            "SELECT Id FROM Vault__c WHERE Id = '{vault}' AND Secret__c LIKE 'quagga{n}%'",
        ),
        (
            "a filter by a parent",
            "SELECT Id FROM Item__c WHERE Id = '{item}' AND Vault__r.Secret__c LIKE 'quagga{n}%'",
        ),
        (
            "a semi-join",
            "SELECT Id FROM Item__c WHERE Id = '{item}' AND Vault__c IN \
             (SELECT Id FROM Vault__c WHERE Secret__c LIKE 'quagga{n}%')",
        ),
        (
            "an order",
            "SELECT Id FROM Vault__c WHERE Id = '{vault}' ORDER BY Secret__c",
        ),
        (
            "an order by a parent",
            "SELECT Id FROM Item__c WHERE Id = '{item}' ORDER BY Vault__r.Secret__c",
        ),
        (
            "a condition of groups",
            "SELECT Name FROM Vault__c WHERE Id = '{vault}' GROUP BY Name HAVING MAX(Secret__c) LIKE 'quagga{n}%'",
        ),
        (
            "a filter in a sub-query",
            "SELECT Id, (SELECT Id FROM Items__r WHERE Vault__r.Secret__c LIKE 'quagga{n}%') FROM Vault__c \
             WHERE Id = '{vault}'",
        ),
    ];
    let mut rows: Vec<Row> = conditions
        .into_iter()
        .map(|(case, statement)| row(case, statement).shows(one))
        .collect();
    let explained = encoded("SELECT Id FROM Vault__c WHERE Secret__c = 'a'");
    rows.push(
        Row::new("REST GET query", "the plan of a query")
            .then(get(&format!("/query?explain={explained}")))
            .shows("\"leadingOperationType\"")
            .without(Read, TYPE)
            .without(FieldRead, FIELD),
    );
    rows.push(
        Row::new("REST GET query", "a count")
            .then(query("SELECT COUNT() FROM Vault__c WHERE Id = '{vault}'"))
            .shows(one)
            .without(Read, TYPE),
    );
    rows.push(
        Row::new("REST GET query", "children")
            .then(query(
                "SELECT Id, (SELECT Name FROM Items__r) FROM Vault__c WHERE Id = '{vault}'",
            ))
            .shows("\"i{n}\"")
            .without(Read, TYPE),
    );
    rows
}

/// The pages after the first.
fn pages() -> Vec<Row> {
    let page = |surface: &str, first: &str, more: &'static str| {
        let statement =
            encoded("SELECT Secret__c FROM Vault__c WHERE Name LIKE 'v{n}-%' ORDER BY Name");
        Row::new(surface, "a further page")
            .first(
                get(&format!("/{first}?q={statement}"))
                    .header("sforce-query-options", "batchSize=1")
                    .take("more", "\"nextRecordsUrl\":\"", "\""),
            )
            .then(Step::http("GET", more, "").header("sforce-query-options", "batchSize=1"))
            .without(Read, TYPE)
            .without(FieldRead, FIELD)
    };
    vec![
        page("REST GET query/{locator}", "query", "{more}"),
        page("REST GET queryAll/{locator}", "queryAll", "{more}"),
    ]
}

fn searches() -> Vec<Row> {
    let search = |statement: &str| get(&format!("/search?q={}", encoded(statement)));
    let parameters = "/parameterizedSearch?q=note{n}x&sobject=Vault__c&Vault__c.fields=Secret__c";
    let found = "{vault}";
    let hidden = "";
    let surface = "REST GET search";
    vec![
        Row::new(surface, "a field of what is found")
            .then(search("FIND {note{n}x} RETURNING Vault__c(Secret__c)"))
            .without(Read, TYPE)
            .without(FieldRead, FIELD),
        Row::new(surface, "a word of a hidden field")
            .then(search("FIND {quagga{n}*} RETURNING Vault__c(Id)"))
            .shows(found)
            .without(Read, TYPE)
            .without(FieldRead, hidden),
        Row::new(surface, "a word in any object")
            .then(search("FIND {note{n}x}"))
            .shows(found)
            .without(Read, hidden),
        Row::new(surface, "a filter")
            .then(search(
                "FIND {note{n}x} RETURNING Vault__c(Id WHERE Secret__c LIKE 'quagga{n}%')",
            ))
            .shows(found)
            .without(Read, TYPE)
            .without(FieldRead, FIELD),
        Row::new("REST GET parameterizedSearch", "a field of what is found")
            .then(get(parameters))
            .without(Read, TYPE)
            .without(FieldRead, FIELD),
        Row::new("REST GET parameterizedSearch", "a word of a hidden field")
            .then(get("/parameterizedSearch?q=quagga{n}*"))
            .shows(found)
            .without(Read, hidden)
            .without(FieldRead, hidden),
        Row::new("REST POST parameterizedSearch", "a field of what is found")
            .then(Step::http(
                "POST",
                &format!("{DATA}/parameterizedSearch"),
                r#"{"q":"note{n}x","sobjects":[{"name":"Vault__c","fields":["Secret__c"]}]}"#,
            ))
            .without(Read, TYPE)
            .without(FieldRead, FIELD),
    ]
}
