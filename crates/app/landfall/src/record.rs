//! `landfall record`: records of any org, over its REST API and, for what that lacks, its SOAP API.
//!
//! Start reading at [`run`]; [`crate::rest`] makes the calls, [`fields`] turns `NAME=VALUE` into what an object takes.

mod fields;
mod query;
mod undelete;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use landfall_client::Method;
use serde_json::{Map, Value, json};

use crate::complete;
use crate::log;
use crate::options::LogOptions;
use crate::outcome::{Coded, Ended, Exit, Failure, conclude, table};
use crate::publish::Input;
use crate::rest::{Rest, RestOptions, message};

/// Log filter by default.
const FILTER_DEFAULT: &str = "warn";

/// Records of one request.
/// Source: "sObject Collections" (REST API Developer Guide).
const RECORDS_MAX: usize = 200;

#[derive(Subcommand)]
pub(crate) enum RecordCommand {
    /// Create records and print their ids, or publish platform events
    ///
    /// Example: landfall record create Account Name=Acme Industry=Energy
    Create(CreateOptions),
    /// Print the fields of a record
    ///
    /// Example: landfall record get Account 0015f0000000001AAA --field Name --field Industry
    Get(GetOptions),
    /// Change fields of a record; `NAME=null` empties one
    ///
    /// Example: landfall record update Account 0015f0000000001AAA Industry=Banking Phone=null
    Update(UpdateOptions),
    /// Create records, or change those that have the same value of a field, and print their ids
    ///
    /// Example: landfall record upsert Contact --by Email Email=a@example.com LastName=Doe
    Upsert(UpsertOptions),
    /// Delete a record: it goes to the recycle bin
    Delete(DeleteOptions),
    /// Restore records from the recycle bin
    Undelete(UndeleteOptions),
    /// Print the result of a query, all pages of it
    ///
    /// Example: landfall record query "SELECT Id, Name FROM Account WHERE Industry = 'Energy'"
    Query(query::QueryOptions),
}

#[derive(Args)]
pub(crate) struct CreateOptions {
    /// API name of the object, such as Account or `Order__e`
    #[arg(value_name = "OBJECT", add = complete::objects())]
    object: String,
    /// Values of one record; without them and --file, JSON objects are read from stdin
    #[arg(value_name = "NAME=VALUE")]
    values: Vec<String>,
    /// File of JSON objects, one per record; `-` is stdin
    #[arg(short, long, value_name = "FILE", conflicts_with = "values")]
    file: Option<PathBuf>,
    #[command(flatten)]
    options: RestOptions,
}

#[derive(Args)]
pub(crate) struct GetOptions {
    /// API name of the object
    #[arg(value_name = "OBJECT", add = complete::objects())]
    object: String,
    /// Id of the record
    #[arg(value_name = "ID")]
    id: String,
    /// Print this field only; repeatable
    #[arg(long, value_name = "NAME")]
    field: Vec<String>,
    #[command(flatten)]
    options: RestOptions,
}

#[derive(Args)]
pub(crate) struct UpdateOptions {
    /// API name of the object
    #[arg(value_name = "OBJECT", add = complete::objects())]
    object: String,
    /// Id of the record
    #[arg(value_name = "ID")]
    id: String,
    /// Values to set; without them and --file, a JSON object is read from stdin
    #[arg(value_name = "NAME=VALUE")]
    values: Vec<String>,
    /// File with a JSON object; `-` is stdin
    #[arg(short, long, value_name = "FILE", conflicts_with = "values")]
    file: Option<PathBuf>,
    #[command(flatten)]
    options: RestOptions,
}

#[derive(Args)]
pub(crate) struct UpsertOptions {
    #[command(flatten)]
    records: CreateOptions,
    /// API name of the field that identifies the record: an external id, another unique field, or `Id`
    #[arg(long, value_name = "NAME")]
    by: String,
}

#[derive(Args)]
pub(crate) struct DeleteOptions {
    /// API name of the object
    #[arg(value_name = "OBJECT", add = complete::objects())]
    object: String,
    /// Id of the record
    #[arg(value_name = "ID")]
    id: String,
    /// Delete it although the org is not on this machine
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    options: RestOptions,
}

#[derive(Args)]
pub(crate) struct UndeleteOptions {
    /// Ids of the records
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    #[command(flatten)]
    options: RestOptions,
}

pub(crate) async fn run(command: RecordCommand, log: &LogOptions) -> Ended {
    let (format, filter) = log.format_and_filter()?;
    log::start(format, filter.as_deref().unwrap_or(FILTER_DEFAULT))?;
    match command {
        RecordCommand::Create(options) => {
            let created = create(&options).await;
            conclude_each("record create", options.options.json, created)
        }
        RecordCommand::Upsert(options) => {
            let upserted = upsert(&options).await;
            conclude_each("record upsert", options.records.options.json, upserted)
        }
        RecordCommand::Get(options) => {
            let record = get(&options).await;
            conclude("record get", options.options.json, record, record_lines)
        }
        RecordCommand::Update(options) => {
            let updated = update(&options).await;
            conclude("record update", options.options.json, updated, |_| {
                Vec::new()
            })
        }
        RecordCommand::Delete(options) => {
            let deleted = delete(&options).await;
            conclude("record delete", options.options.json, deleted, |_| {
                Vec::new()
            })
        }
        RecordCommand::Undelete(options) => {
            let restored = undelete(&options).await;
            conclude_each("record undelete", options.options.json, restored)
        }
        RecordCommand::Query(options) => query::run(options).await,
    }
}

/// The same for results, one for each record: if any of them failed, the command has.
fn conclude_each(command: &str, json: bool, results: Result<Value, Coded>) -> Ended {
    let is_partial = results.as_ref().is_ok_and(|data| failed(data) > 0);
    let ended = conclude(command, json, results, created_lines)?;
    Ok(if is_partial { Exit::Failed } else { ended })
}

async fn create(options: &CreateOptions) -> Result<Value, Coded> {
    let rest = Rest::open(&options.options).await?;
    if !options.values.is_empty() {
        let record = fields::record(&rest, &options.object, &options.values).await?;
        let id = rest.create(&options.object, &record).await?;
        return Ok(json!({ "id": id, "success": true, "errors": [] }));
    }
    let send = async |records| rest.create_all(&options.object, records).await;
    send_all(options.file.as_deref(), send).await
}

async fn upsert(options: &UpsertOptions) -> Result<Value, Coded> {
    let CreateOptions {
        object,
        values,
        file,
        options: rest,
    } = &options.records;
    let rest = Rest::open(rest).await?;
    if !values.is_empty() {
        let record = fields::record(&rest, object, values).await?;
        let record = record.as_object().cloned().into_iter().collect();
        let mut results = rest.upsert_all(object, &options.by, record).await?;
        return Ok(results.pop().unwrap_or_default());
    }
    let send = async |records| rest.upsert_all(object, &options.by, records).await;
    send_all(file.as_deref(), send).await
}

/// Sends the JSON objects of a file, or of stdin, by so many as one request takes: the result of each.
async fn send_all(
    file: Option<&Path>,
    mut send: impl AsyncFnMut(Vec<Map<String, Value>>) -> Result<Vec<Value>, Coded>,
) -> Result<Value, Coded> {
    let mut input = input(file)?;
    let mut results = Vec::new();
    loop {
        let mut records = Vec::new();
        let more = input.take(&mut records, RECORDS_MAX).await?;
        if !records.is_empty() {
            results.extend(send(records).await?);
        }
        if !more {
            return Ok(json!({ "results": results }));
        }
    }
}

async fn get(options: &GetOptions) -> Result<Value, Coded> {
    let rest = Rest::open(&options.options).await?;
    let record = rest
        .get(&options.object, &options.id, &options.field)
        .await?;
    let Value::Object(mut record) = record else {
        return Ok(record);
    };
    if !options.field.is_empty() {
        let asked = |name: &str| {
            let mut fields = options.field.iter();
            fields.any(|field| field.eq_ignore_ascii_case(name))
        };
        record.retain(|name, _| name == "attributes" || asked(name));
    }
    Ok(Value::Object(record))
}

async fn update(options: &UpdateOptions) -> Result<Value, Coded> {
    let rest = Rest::open(&options.options).await?;
    let record = if options.values.is_empty() {
        one(options.file.as_deref()).await?
    } else {
        fields::record(&rest, &options.object, &options.values).await?
    };
    rest.change(Method::PATCH, &options.object, &options.id, Some(&record))
        .await?;
    Ok(json!({ "id": options.id, "success": true, "errors": [] }))
}

async fn delete(options: &DeleteOptions) -> Result<Value, Coded> {
    let rest = Rest::open(&options.options).await?;
    let target = rest.org.http().target();
    if !options.yes && !target.is_loopback() {
        let failure = Failure::new(format!(
            "{target} is not on this machine: nothing was deleted"
        ));
        return Err(failure
            .hint("add --yes to delete the record")
            .exit(Exit::Unconfirmed)
            .into());
    }
    rest.change(Method::DELETE, &options.object, &options.id, None)
        .await?;
    Ok(json!({ "id": options.id, "success": true, "errors": [] }))
}

async fn undelete(options: &UndeleteOptions) -> Result<Value, Coded> {
    let rest = Rest::open(&options.options).await?;
    let results = undelete::restore(&rest.org, &rest.version, &options.ids).await?;
    Ok(match results.as_slice() {
        [one] => one.clone(),
        _ => json!({ "results": results }),
    })
}

/// JSON objects from a file, or from stdin.
fn input(file: Option<&Path>) -> Result<Input, Failure> {
    Input::open(None, file.filter(|file| file.as_os_str() != "-"))
}

/// The one object of a file, or of stdin.
async fn one(file: Option<&Path>) -> Result<Value, Failure> {
    let mut input = input(file)?;
    let mut records = Vec::new();
    while input.take(&mut records, 2).await? && records.len() < 2 {}
    match <[Map<String, Value>; 1]>::try_from(records) {
        Ok([record]) => Ok(record.into()),
        Err(records) => {
            let what = format!("one JSON object is expected, not {}", records.len());
            Err(Failure::new(what).exit(Exit::Usage))
        }
    }
}

/// The results of an answer that has one or several.
fn results(data: &Value) -> Vec<&Value> {
    match data["results"].as_array() {
        Some(results) => results.iter().collect(),
        None => vec![data],
    }
}

fn failed(data: &Value) -> usize {
    let results = results(data).into_iter();
    results.filter(|result| result["success"] != true).count()
}

/// The id of each record; in its place the error, if it has one.
fn created_lines(data: &Value) -> Vec<String> {
    let line = |result: &Value| match result["id"].as_str() {
        Some(id) if result["success"] == true => id.to_owned(),
        _ => format!(
            "error: {}",
            message(result.pointer("/errors/0").unwrap_or(&Value::Null))
        ),
    };
    results(data).into_iter().map(line).collect()
}

fn record_lines(record: &Value) -> Vec<String> {
    let members = record.as_object().into_iter().flatten();
    let members = members.filter(|(name, _)| *name != "attributes");
    let rows: Vec<[String; 2]> = members
        .map(|(name, value)| [name.clone(), query::cell(value)])
        .collect();
    table(&rows)
}
