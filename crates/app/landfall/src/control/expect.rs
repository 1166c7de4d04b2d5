//! `landfall expect`: waits for events that look as expected.

use clap::Args;
use landfall_client::Method;
use serde_json::{Map, Value, json};

use super::{Call, ControlOptions, Named, Wait, carry_out, text};
use crate::complete;
use crate::options::LogOptions;
use crate::outcome::{Ended, Exit, Failure};

#[derive(Args)]
pub(crate) struct ExpectOptions {
    /// Channel, such as /data/AccountChangeEvent; no custom channel
    #[arg(value_name = "CHANNEL", add = complete::topics())]
    channel: String,
    /// What the payload of an event has, such as Name=Acme or ChangeEventHeader.changeType=CREATE; the value is JSON or a
    /// text. All must match
    #[arg(value_name = "FIELD=VALUE", value_parser = field)]
    fields: Vec<(String, Value)>,
    /// What the data of an event contains, as a JSON object, instead of fields of its payload
    #[arg(
        long = "match",
        env = "LANDFALL_MATCH",
        value_name = "JSON",
        conflicts_with = "fields"
    )]
    data: Option<String>,
    /// How many events
    #[arg(
        short = 'n',
        long,
        env = "LANDFALL_COUNT",
        value_name = "N",
        default_value = "1"
    )]
    count: u32,
    /// Only events after this replay id [default: all that are retained]
    #[arg(long, env = "LANDFALL_AFTER", value_name = "ID")]
    after: Option<u64>,
    #[command(flatten)]
    wait: Wait,
    #[command(flatten)]
    org: ControlOptions,
}

pub(crate) async fn run(options: ExpectOptions, log: &LogOptions) -> Ended {
    let mut body = Map::new();
    body.insert("channel".to_owned(), options.channel.clone().into());
    body.insert("count".to_owned(), options.count.into());
    body.insert("timeoutMs".to_owned(), options.wait.millis().into());
    if let Some(after) = options.after {
        body.insert("after".to_owned(), after.into());
    }
    if let Some(part) = part(&options)? {
        body.insert("match".to_owned(), part);
    }
    let call = Call {
        command: "expect",
        method: Method::POST,
        path: "expect".to_owned(),
        body: Some(Value::Object(body)),
        names: Some(Named::channel(&options.channel)),
    };
    carry_out(&options.org, log, call, lines).await
}

/// What the data of an event must contain.
fn part(options: &ExpectOptions) -> Result<Option<Value>, Failure> {
    if let Some(data) = &options.data {
        let part = serde_json::from_str(data).map_err(|error| {
            let failure = Failure::new("what --match has is no JSON").caused_by(&error);
            failure.exit(Exit::Usage)
        })?;
        return Ok(Some(part));
    }
    if options.fields.is_empty() {
        return Ok(None);
    }
    let mut payload = json!({});
    for (path, value) in &options.fields {
        let mut place = &mut payload;
        for name in path.split('.') {
            if !place.is_object() {
                let failure =
                    Failure::new(format!("{path} is inside of a value that is expected too"));
                return Err(failure.exit(Exit::Usage));
            }
            place = &mut place[name];
            if place.is_null() {
                *place = json!({});
            }
        }
        *place = value.clone();
    }
    Ok(Some(json!({ "payload": payload })))
}

fn field(text: &str) -> Result<(String, Value), String> {
    let (path, value) = text
        .split_once('=')
        .filter(|(path, _)| !path.is_empty() && !path.split('.').any(str::is_empty))
        .ok_or("expected FIELD=VALUE")?;
    let parsed = serde_json::from_str(value);
    Ok((path.to_owned(), parsed.unwrap_or_else(|_| value.into())))
}

fn lines(answer: &Value) -> Vec<String> {
    let events = answer["events"].as_array().into_iter().flatten();
    events
        .map(|event| format!("{:>7}  {}", text(event, "replayId"), event["data"]))
        .collect()
}
