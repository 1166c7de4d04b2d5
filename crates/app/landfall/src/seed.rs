//! `landfall seed`: records from files into an org that runs, over its REST API.
//!
//! The files are those of `dev --seed`. Start reading at [`run`]; [`files`] reads them, [`order`] decides what is created
//! next.

mod files;
mod order;

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use clap::builder::ValueHint;
use landfall_client::Method;
use serde_json::{Map, Value, json};

use crate::log;
use crate::options::LogOptions;
use crate::outcome::{Coded, Ended, Exit, Failure, conclude, table};
use crate::progress::Progress;
use crate::rest::{Rest, RestOptions, message};

use self::files::Record;
use self::order::Order;

/// Log filter by default.
const FILTER_DEFAULT: &str = "warn";

#[derive(Args)]
pub(crate) struct SeedOptions {
    /// Files of `sf data export tree`, or plans that name such files
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    rest: RestOptions,
}

pub(crate) async fn run(options: SeedOptions, log: &LogOptions) -> Ended {
    let (format, filter) = log.format_and_filter()?;
    log::start(format, filter.as_deref().unwrap_or(FILTER_DEFAULT))?;
    let seeded = seed(&options).await;
    conclude("seed", options.rest.json, seeded, lines)
}

async fn seed(options: &SeedOptions) -> Result<Value, Coded> {
    let files = files::read(&options.files)?;
    let rest = Rest::open(&options.rest).await?;
    let mut objects = Objects {
        rest: &rest,
        described: BTreeMap::new(),
    };
    let mut records = Vec::new();
    for (place, file) in files.iter().enumerate() {
        files::flatten(place, file, &mut objects, &mut records).await?;
    }
    let mut order = Order::new(&records);
    let progress = Progress::counted("creating records", count(records.len()));
    while let Some(batch) = order.next(&records)? {
        let ids = create(&rest, &records, &order, &batch)
            .await
            .map_err(|error| Coded {
                failure: error.failure.hint(format!(
                    "{} records were created before, {} were not",
                    order.done(),
                    records.len() - order.done()
                )),
                code: error.code,
            })?;
        order.created(&batch, ids);
        progress.set(count(order.done()));
    }
    drop(progress);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for record in &records {
        *counts.entry(&record.object).or_default() += 1;
    }
    let counts = counts.into_iter();
    let counts = counts.map(|(object, count)| json!({ "object": object, "count": count }));
    Ok(json!({ "records": counts.collect::<Vec<_>>(), "ids": order.ids(&records) }))
}

fn count(records: usize) -> u64 {
    u64::try_from(records).unwrap_or(u64::MAX)
}

/// Creates records, all or none: their ids.
async fn create(
    rest: &Rest,
    records: &[Record],
    order: &Order,
    batch: &[usize],
) -> Result<Vec<String>, Coded> {
    let of_batch = || batch.iter().filter_map(|place| records.get(*place));
    let bodies = of_batch().map(|record| {
        let mut body = record.fields.clone();
        body.insert("attributes".to_owned(), json!({ "type": record.object }));
        for link in &record.links {
            body.insert(link.field.clone(), order.id_of(link, record.file).into());
        }
        Value::Object(body)
    });
    let body = json!({ "allOrNone": true, "records": bodies.collect::<Vec<_>>() });
    let answer = rest
        .call(Method::POST, "composite/sobjects", Some(&body))
        .await?;
    let results = answer.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut ids = Vec::new();
    for (record, result) in of_batch().zip(results) {
        let error = result.pointer("/errors/0").unwrap_or(&Value::Null);
        // The others failed only because this one did.
        if error["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK" {
            continue;
        }
        match result["id"].as_str() {
            Some(id) if result["success"] == true => ids.push(id.to_owned()),
            _ => {
                let code = error["statusCode"].as_str().unwrap_or("failed").to_owned();
                let failure = Failure::new(format!("{}: {}", record.name, message(error)));
                return Err(Coded { code, failure });
            }
        }
    }
    if ids.len() == batch.len() {
        Ok(ids)
    } else {
        Err(Failure::new("the org's answer has not a result for each record").into())
    }
}

/// Describes of objects, each read once.
struct Objects<'r> {
    rest: &'r Rest,
    described: BTreeMap<String, Value>,
}

impl Objects<'_> {
    async fn described(&mut self, object: &str) -> Result<&Value, Coded> {
        if !self.described.contains_key(object) {
            let described = self.rest.describe(object).await?;
            self.described.insert(object.to_owned(), described);
        }
        let described = self.described.get(object);
        Ok(described.expect("it is there or was put there"))
    }
}

fn lines(data: &Value) -> Vec<String> {
    let counts = data["records"].as_array().into_iter().flatten();
    let rows: Vec<[String; 2]> = counts
        .map(|row| {
            let object = row["object"].as_str().unwrap_or_default();
            [object.to_owned(), row["count"].to_string()]
        })
        .collect();
    table(&rows)
}

/// The members of a JSON object.
fn object(json: &Value) -> Option<&Map<String, Value>> {
    json.as_object()
}

fn unusable(what: String) -> Failure {
    Failure::new(what).exit(Exit::Failed)
}
