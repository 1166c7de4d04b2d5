//! What a client says about a job with batches, as XML or JSON.

use landfall_auth::Login;
use landfall_engine::Definitions;
use landfall_model::{BulkFault, Fault};
use landfall_xml::{Limits, parse};
use serde_json::Value;

use super::job::{Stage, Task};
use crate::definition::{changed, external_id, object, operation};
use crate::job::{Form, Operation};

/// Members of a job that a client may give.
const KNOWN: [&str; 6] = [
    "operation",
    "object",
    "contentType",
    "concurrencyMode",
    "externalIdFieldName",
    "state",
];

/// A job to be.
#[derive(Debug)]
pub(crate) struct JobRequest {
    pub(crate) task: Task,
    pub(crate) object: String,
    pub(crate) form: Form,
    pub(crate) serial: bool,
}

/// Reads and checks the definition of a job.
///
/// # Errors
/// [`Fault::Bulk`], [`landfall_model::RecordFault::AccessDenied`].
pub(crate) fn definition(
    body: &[u8],
    form: Form,
    definitions: &Definitions,
    login: &Login,
) -> Result<JobRequest, Fault> {
    let given = members(body, form)?;
    let get = |name: &str| {
        let found = given.iter().find(|(given, _)| given == name);
        found.map(|(_, value)| value.as_str())
    };
    let serial = match get("concurrencyMode") {
        // Clients: simple-salesforce gives the number of the mode.
        None | Some("Parallel" | "0") => false,
        Some("Serial" | "1") => true,
        Some(_) => return Err(unreadable()),
    };
    let form = match get("contentType") {
        None | Some("XML") => Form::Xml,
        Some("CSV") => Form::Csv,
        Some("JSON") => Form::Json,
        Some(_) => return Err(unreadable()),
    };
    let name = get("object").unwrap_or_default();
    let (entity, task) = match get("operation").unwrap_or_default() {
        "query" => (object(definitions, name)?, Task::Query { deleted: false }),
        "queryAll" => (object(definitions, name)?, Task::Query { deleted: true }),
        other => {
            let operation = operation(other, login)?;
            let entity = changed(definitions, name, operation, login)?;
            let external_id_field = match operation {
                Operation::Upsert => {
                    let field = external_id(entity, get("externalIdFieldName"))?;
                    Some(field.name.to_string())
                }
                _ => None,
            };
            let task = Task::Change {
                operation,
                external_id_field,
            };
            (entity, task)
        }
    };
    Ok(JobRequest {
        task,
        object: entity.name.to_string(),
        form,
        serial,
    })
}

/// Reads the state that a client wants a job to have.
///
/// # Errors
/// [`BulkFault::JobUnreadable`].
pub(crate) fn requested_state(body: &[u8], form: Form) -> Result<Stage, Fault> {
    match members(body, form)?.as_slice() {
        [(name, state)] if name == "state" => match state.as_str() {
            "Closed" => Ok(Stage::Closed),
            "Aborted" => Ok(Stage::Aborted),
            _ => Err(unreadable()),
        },
        _ => Err(unreadable()),
    }
}

fn members(body: &[u8], form: Form) -> Result<Vec<(String, String)>, Fault> {
    let members = match form {
        Form::Json => json(body),
        Form::Xml | Form::Csv => elements(body),
    };
    let members = members.ok_or_else(unreadable)?;
    if members
        .iter()
        .all(|(name, _)| KNOWN.contains(&name.as_str()))
    {
        Ok(members)
    } else {
        Err(unreadable())
    }
}

fn json(body: &[u8]) -> Option<Vec<(String, String)>> {
    let Value::Object(members) = serde_json::from_slice(body).ok()? else {
        return None;
    };
    let given = members.into_iter().filter(|(_, value)| !value.is_null());
    given
        .map(|(name, value)| match value {
            Value::String(text) => Some((name, text)),
            Value::Number(number) => Some((name, number.to_string())),
            _ => None,
        })
        .collect()
}

fn elements(body: &[u8]) -> Option<Vec<(String, String)>> {
    let root = parse(std::str::from_utf8(body).ok()?, Limits::REQUEST).ok()?;
    let is_job = root.name == "jobInfo";
    let children = root.children.into_iter().filter(|child| !child.nil);
    is_job.then(|| {
        children
            .map(|child| (child.name, child.text.trim().to_owned()))
            .collect()
    })
}

const fn unreadable() -> Fault {
    Fault::Bulk(BulkFault::JobUnreadable)
}
