//! `landfall fault`: faults of a developer org are armed, listed and cleared.

use std::str::FromStr;

use clap::{Args, Subcommand};
use landfall_client::{Control, Method};
use serde_json::{Map, Value};

use super::{Call, ControlOptions, carry_out, refusal, segment, text};
use crate::complete;
use crate::options::LogOptions;
use crate::outcome::{Ended, Failure, say, table as table_of};

/// The path of the faults.
const FAULTS: &str = "faults";

#[derive(Subcommand)]
pub(crate) enum FaultCommand {
    /// Arm a fault: it fires by count, at the occasions that match
    ///
    /// Example: landfall fault arm client-unknown --method /meta/connect
    Arm(Box<ArmOptions>),
    /// List faults with how often each has fired
    List {
        #[command(flatten)]
        org: ControlOptions,
    },
    /// Remove a fault, or all of them
    Clear {
        /// Its number, as the list has it
        #[arg(value_name = "ID", add = complete::armed())]
        id: Option<String>,
        #[command(flatten)]
        org: ControlOptions,
    },
}

#[derive(Args)]
pub(crate) struct ArmOptions {
    /// What happens, such as client-unknown or replay-id-invalid; docs/testing.md lists all
    #[arg(value_name = "FAULT", add = complete::faults())]
    fault: String,
    /// On this topic only
    #[arg(long, value_name = "TOPIC", add = complete::topics())]
    topic: Option<String>,
    /// For this client id of the Streaming API only
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// For this user only, by username or id
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// For this method only: /meta/connect, Subscribe, "POST /sobjects/Account"
    #[arg(long, value_name = "METHOD")]
    method: Option<String>,
    /// How often it fires [default: 1, or without end with --every, --from or --to]
    #[arg(long, value_name = "N")]
    next: Option<u32>,
    /// At every so many matching occasions; 1 for all
    #[arg(long, value_name = "N")]
    every: Option<u32>,
    /// After so many matching occasions
    #[arg(long, value_name = "N")]
    after: Option<u32>,
    /// From this time of the org's clock on
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Before this time of the org's clock
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// How long, for faults that are about time: 250ms, 1m30s
    #[arg(long, value_name = "SPAN")]
    delay: Option<String>,
    /// How many bytes a second, for bandwidth; of each piece, for slice
    #[arg(long, value_name = "N")]
    bytes: Option<u32>,
    /// What is hidden or shown again: an object; show without it shows everything
    #[arg(long, value_name = "OBJECT", add = complete::objects())]
    object: Option<String>,
    /// A field of the object
    #[arg(long, value_name = "FIELD", requires = "object")]
    field: Option<String>,
    #[command(flatten)]
    org: ControlOptions,
}

pub(crate) async fn run(command: FaultCommand, log: &LogOptions) -> Ended {
    let (name, method, path, body, org) = match command {
        FaultCommand::Arm(options) => {
            let body = options.body();
            let path = FAULTS.to_owned();
            ("fault arm", Method::POST, path, Some(body), options.org)
        }
        FaultCommand::List { org } => ("fault list", Method::GET, FAULTS.to_owned(), None, org),
        FaultCommand::Clear { id: None, org } => {
            ("fault clear", Method::DELETE, FAULTS.to_owned(), None, org)
        }
        FaultCommand::Clear { id: Some(id), org } => {
            let path = format!("{FAULTS}/{}", segment(&id));
            ("fault clear", Method::DELETE, path, None, org)
        }
    };
    let call = Call {
        command: name,
        method,
        path,
        body,
        names: None,
    };
    carry_out(&org, log, call, table).await
}

impl ArmOptions {
    fn body(&self) -> Value {
        let texts = [
            ("fault", Some(&self.fault)),
            ("topic", self.topic.as_ref()),
            ("client", self.client.as_ref()),
            ("user", self.user.as_ref()),
            ("method", self.method.as_ref()),
            ("from", self.from.as_ref()),
            ("to", self.to.as_ref()),
            ("delay", self.delay.as_ref()),
            ("object", self.object.as_ref()),
            ("field", self.field.as_ref()),
        ];
        let texts = texts.into_iter();
        let texts = texts.filter_map(|(name, text)| Some((name, Value::from(text?.as_str()))));
        let numbers = [
            ("next", self.next),
            ("every", self.every),
            ("after", self.after),
            ("bytes", self.bytes),
        ];
        let numbers = numbers.into_iter();
        let numbers = numbers.filter_map(|(name, number)| Some((name, number?.into())));
        let members = texts.chain(numbers);
        let members = members.map(|(name, value)| (name.to_owned(), value));
        Value::Object(members.collect())
    }
}

/// A fault as `exec --fault` takes it: `NAME[,KEY=VALUE]...`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FaultSpec(Value);

impl FromStr for FaultSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(',');
        let mut body = Map::new();
        body.insert("fault".to_owned(), parts.next().unwrap_or_default().into());
        for part in parts {
            let (key, value) = part
                .split_once('=')
                .ok_or_else(|| format!("`{part}` is not of the form KEY=VALUE"))?;
            let value = match key {
                "next" | "every" | "after" | "bytes" => {
                    let number: Result<u32, _> = value.parse();
                    number.map_err(|_| format!("{key} is not a number"))?.into()
                }
                _ => Value::from(value),
            };
            if body.insert(key.to_owned(), value).is_some() {
                return Err(format!("{key} is there twice"));
            }
        }
        Ok(Self(Value::Object(body)))
    }
}

/// Arms the faults of a run.
pub(crate) async fn arm(control: &Control, faults: &[FaultSpec]) -> Result<(), Failure> {
    for FaultSpec(body) in faults {
        let armed = control.call(Method::POST, FAULTS, Some(body)).await;
        armed.map_err(|error| refusal(&error).failure)?;
    }
    Ok(())
}

/// Names the faults that have never fired; says how many there are.
pub(crate) async fn report_unfired(control: &Control) -> Result<usize, Failure> {
    let listed = control.call(Method::GET, FAULTS, None).await;
    let listed = listed.map_err(|error| refusal(&error).failure)?;
    let faults = listed.get(FAULTS).and_then(Value::as_array);
    let is_unfired = |fault: &&Value| fault.get("fired").and_then(Value::as_i64) == Some(0);
    let unfired = faults.into_iter().flatten().filter(is_unfired);
    let mut count = 0;
    for fault in unfired {
        let (name, id, restrictions) = (text(fault, "fault"), text(fault, "id"), scope(fault));
        let restrictions = if restrictions.is_empty() {
            restrictions
        } else {
            format!(" ({restrictions})")
        };
        say(&format!("fault {id} has never fired: {name}{restrictions}"));
        count += 1;
    }
    Ok(count)
}

/// A line for each fault, in columns.
fn table(answer: &Value) -> Vec<String> {
    let faults = match answer.get(FAULTS).and_then(Value::as_array) {
        Some(faults) => faults.iter().collect(),
        None => vec![answer],
    };
    let rows: Vec<[String; 6]> = faults.into_iter().map(row).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let titles = ["ID", "FAULT", "STATE", "FIRED", "MATCHED", "RESTRICTED TO"].map(str::to_owned);
    let rows: Vec<_> = std::iter::once(titles).chain(rows).collect();
    table_of(&rows)
}

fn row(fault: &Value) -> [String; 6] {
    let names = ["id", "fault", "state", "fired", "matched"];
    let [id, name, state, fired, matched] = names.map(|name| text(fault, name));
    [id, name, state, fired, matched, scope(fault)]
}

/// What a fault is restricted to.
fn scope(fault: &Value) -> String {
    let names = ["topic", "client", "user", "method", "object", "field"];
    let set = names.iter().filter(|name| fault.get(**name).is_some());
    let set = set.map(|name| format!("{name}={}", text(fault, name)));
    set.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_fault_of_a_run_is_a_name_and_members() {
        let parse = |text: &str| text.parse::<FaultSpec>();
        let parsed = parse("client-unknown,method=/meta/connect,next=2");
        let body = json!({ "fault": "client-unknown", "method": "/meta/connect", "next": 2 });
        assert_eq!(parsed, Ok(FaultSpec(body)));
        for bad in ["gap,next", "gap,next=x", "gap,topic=a,topic=b", "gap,"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
