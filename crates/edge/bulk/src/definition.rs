//! What a client says about a job.

use landfall_auth::Login;
use landfall_engine::Definitions;
use landfall_model::{
    BulkFault, EntityDefinition, Fault, FieldDefinition, RecordFault, RequestFault,
};
use serde_json::{Map, Value};

use crate::job::{Changing, Delimiter, LineEnding, Operation, Query, State};

/// A job to be.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) changing: Changing,
    pub(crate) object: String,
    pub(crate) delimiter: Delimiter,
    pub(crate) line_ending: LineEnding,
}

impl Definition {
    /// Reads and checks the definition of a job.
    ///
    /// # Errors
    /// [`RequestFault::JsonInvalid`], [`Fault::Bulk`], [`RecordFault::AccessDenied`].
    pub(crate) fn read(
        body: &[u8],
        definitions: &Definitions,
        login: &Login,
    ) -> Result<Self, Fault> {
        let members = members(body)?;
        let mut given = Parameters::default();
        for (name, value) in &members {
            let slot = match name.as_str() {
                "operation" => &mut given.operation,
                "object" => &mut given.object,
                "externalIdFieldName" => &mut given.external_id_field,
                "columnDelimiter" => &mut given.delimiter,
                "lineEnding" => &mut given.line_ending,
                "contentType" => &mut given.content_type,
                "concurrencyMode" => &mut given.concurrency_mode,
                _ => return Err(unrecognized(name)),
            };
            *slot = text(value)?;
        }
        given.checked(definitions, login)
    }
}

/// A query that is to become a job.
#[derive(Debug)]
pub(crate) struct QueryDefinition {
    pub(crate) query: Query,
    pub(crate) delimiter: Delimiter,
    pub(crate) line_ending: LineEnding,
}

impl QueryDefinition {
    /// Reads the definition of a job.
    ///
    /// # Errors
    /// [`RequestFault::JsonInvalid`], [`BulkFault::JobUnreadable`].
    pub(crate) fn read(body: &[u8]) -> Result<Self, Fault> {
        let members = members(body)?;
        let mut given = Parameters::default();
        let mut statement = None;
        for (name, value) in &members {
            let slot = match name.as_str() {
                "operation" => &mut given.operation,
                "query" => &mut statement,
                "columnDelimiter" => &mut given.delimiter,
                "lineEnding" => &mut given.line_ending,
                "contentType" => &mut given.content_type,
                _ => return Err(unrecognized(name)),
            };
            *slot = text(value)?;
        }
        let deleted = match given.operation {
            Some("query") => false,
            Some("queryAll") => true,
            _ => return Err(unreadable()),
        };
        let (delimiter, line_ending) =
            form(given.content_type, given.delimiter, given.line_ending)?;
        Ok(Self {
            query: Query {
                statement: statement.ok_or_else(unreadable)?.to_owned(),
                deleted,
                columns: Vec::new(),
                marks: Vec::new(),
            },
            delimiter,
            line_ending,
        })
    }
}

#[derive(Default)]
struct Parameters<'a> {
    operation: Option<&'a str>,
    object: Option<&'a str>,
    external_id_field: Option<&'a str>,
    delimiter: Option<&'a str>,
    line_ending: Option<&'a str>,
    content_type: Option<&'a str>,
    concurrency_mode: Option<&'a str>,
}

impl Parameters<'_> {
    fn checked(self, definitions: &Definitions, login: &Login) -> Result<Definition, Fault> {
        let operation = operation(self.operation.unwrap_or_default(), login)?;
        if !matches!(self.concurrency_mode, None | Some("Parallel")) {
            return Err(unreadable());
        }
        let (delimiter, line_ending) = form(self.content_type, self.delimiter, self.line_ending)?;
        let name = self.object.unwrap_or_default();
        let entity = changed(definitions, name, operation, login)?;
        let external_id_field = match operation {
            Operation::Upsert => Some(external_id(entity, self.external_id_field)?),
            _ => None,
        };
        Ok(Definition {
            changing: Changing {
                operation,
                external_id_field: external_id_field.map(|field| field.name.to_string()),
            },
            object: entity.name.to_string(),
            delimiter,
            line_ending,
        })
    }
}

/// What is to be done with records, by its name.
///
/// # Errors
/// [`BulkFault::JobUnreadable`]; [`BulkFault::HardDeleteDenied`] without the permission, which no user has unless it is
/// granted.
pub(crate) fn operation(name: &str, login: &Login) -> Result<Operation, Fault> {
    match Operation::parse(name) {
        Some(Operation::HardDelete) if !login.permissions().bulk_hard_delete => {
            Err(Fault::Bulk(BulkFault::HardDeleteDenied))
        }
        Some(operation) => Ok(operation),
        None => Err(unreadable()),
    }
}

/// How lines of CSV are written; there is no other form.
fn form(
    content_type: Option<&str>,
    delimiter: Option<&str>,
    line_ending: Option<&str>,
) -> Result<(Delimiter, LineEnding), Fault> {
    if !matches!(content_type, None | Some("CSV")) {
        return Err(unreadable());
    }
    let delimiter = delimiter.map_or(Some(Delimiter::Comma), Delimiter::parse);
    let line_ending = line_ending.map_or(Some(LineEnding::Lf), LineEnding::parse);
    delimiter.zip(line_ending).ok_or_else(unreadable)
}

fn text(value: &Value) -> Result<Option<&str>, Fault> {
    match value {
        Value::String(text) => Ok(Some(text)),
        Value::Null => Ok(None),
        _ => Err(unreadable()),
    }
}

/// The object whose records are changed, or the event that is published.
///
/// Source: "Publish Event Messages with Salesforce APIs" (Platform Events Developer Guide): events are inserted.
///
/// # Errors
/// Those of [`object`], [`RecordFault::AccessDenied`].
pub(crate) fn changed<'d>(
    definitions: &'d Definitions,
    name: &str,
    operation: Operation,
    login: &Login,
) -> Result<&'d EntityDefinition, Fault> {
    let access = login.access();
    let publication = definitions.publication(name);
    if let Some(publication) = publication.filter(|_| operation == Operation::Insert) {
        if !access.event(&publication.event).create {
            return Err(Fault::Record(RecordFault::AccessDenied));
        }
        if publication.object.capabilities.createable {
            return Ok(&publication.object);
        }
    }
    let entity = object(definitions, name)?;
    access.check(operation.act(), entity)?;
    Ok(entity)
}

/// The object of a name.
pub(crate) fn object<'d>(
    definitions: &'d Definitions,
    name: &str,
) -> Result<&'d EntityDefinition, Fault> {
    if let Some(entity) = definitions.catalog().entity(name) {
        return Ok(entity);
    }
    let name = name.to_owned();
    Err(Fault::Bulk(if definitions.publication(&name).is_some() {
        BulkFault::ObjectUnsupported { name }
    } else {
        BulkFault::ObjectUnknown { name }
    }))
}

/// The field that an upsert goes by.
pub(crate) fn external_id<'e>(
    entity: &'e EntityDefinition,
    name: Option<&str>,
) -> Result<&'e FieldDefinition, Fault> {
    let name = name.map(str::trim).filter(|name| !name.is_empty());
    let Some(name) = name else {
        return Err(Fault::Bulk(BulkFault::ExternalIdMissing {
            entity: entity.name.clone(),
        }));
    };
    let field = entity.field(name).map(|(_, field)| field);
    field.filter(|field| identifies(field)).ok_or_else(|| {
        Fault::Bulk(BulkFault::ExternalIdUnknown {
            field: name.to_owned(),
            entity: entity.name.clone(),
        })
    })
}

/// Whether records can be found by the field.
pub(crate) fn identifies(field: &FieldDefinition) -> bool {
    field.external_id || field.id_lookup
}

/// Reads the state that a client wants a job to have.
///
/// # Errors
/// [`RequestFault::JsonInvalid`], [`BulkFault::JobUnreadable`].
pub(crate) fn requested_state(body: &[u8]) -> Result<State, Fault> {
    let mut requested = None;
    for (name, value) in members(body)? {
        if name != "state" {
            return Err(unrecognized(&name));
        }
        requested = match value.as_str() {
            Some("UploadComplete") => Some(State::UploadComplete),
            Some("Aborted") => Some(State::Aborted),
            _ => None,
        };
    }
    requested.ok_or_else(unreadable)
}

fn members(body: &[u8]) -> Result<Map<String, Value>, Fault> {
    if body.is_empty() {
        return Err(Fault::Request(RequestFault::BodyMissing));
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(unreadable()),
        Err(error) => Err(Fault::Request(RequestFault::JsonInvalid {
            reason: "The HTTP entity body is not valid JSON".to_owned(),
            line: error.line(),
            column: error.column(),
        })),
    }
}

fn unreadable() -> Fault {
    Fault::Bulk(BulkFault::JobUnreadable)
}

fn unrecognized(name: &str) -> Fault {
    Fault::Request(RequestFault::JsonInvalid {
        reason: format!("Unrecognized field \"{name}\""),
        line: 1,
        column: 1,
    })
}
