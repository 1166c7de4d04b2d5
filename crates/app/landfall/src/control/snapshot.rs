//! `landfall reset` and `landfall snapshot`: returning a developer org to a state from before.

use clap::{Args, Subcommand};
use landfall_client::Method;
use serde_json::{Value, json};

use super::{Call, ControlOptions, Named, OWN_STATES, carry_out, query, segment, text};
use crate::complete;
use crate::options::LogOptions;
use crate::outcome::{Ended, table};

#[derive(Args)]
pub(crate) struct ResetOptions {
    /// The state: seed, as after the project and the seeds were loaded; empty, without the records of seeds; or a snapshot
    #[arg(
        long,
        env = "LANDFALL_TO",
        value_name = "STATE",
        default_value = "seed",
        add = complete::states()
    )]
    to: String,
    /// Keep subscribers; they get what comes next, and replay ids go on
    #[arg(long, env = "LANDFALL_KEEP_SUBSCRIBERS")]
    keep_subscribers: bool,
    #[command(flatten)]
    org: ControlOptions,
}

#[derive(Subcommand)]
pub(crate) enum SnapshotCommand {
    /// Save what the org holds now
    Save(NamedOptions),
    /// Return to a snapshot, with its events and their replay ids; subscribers are ended
    Load(NamedOptions),
    /// List the snapshots
    List {
        #[command(flatten)]
        org: ControlOptions,
    },
    /// Show what a snapshot holds
    Show(NamedOptions),
    /// Show what differs between a snapshot and another one, or now
    ///
    /// Example: landfall snapshot diff seed
    Diff(DiffOptions),
    /// Remove a snapshot
    Remove(NamedOptions),
}

#[derive(Args)]
pub(crate) struct DiffOptions {
    /// The snapshot, or seed or empty
    #[arg(value_name = "NAME", add = complete::states())]
    name: String,
    /// A later snapshot [default: what the org holds now]
    #[arg(long, value_name = "NAME", add = complete::states())]
    with: Option<String>,
    /// Records of this object only
    #[arg(long, value_name = "OBJECT", add = complete::objects())]
    object: Option<String>,
    /// Records with higher ids than this one
    #[arg(long, value_name = "ID")]
    after: Option<String>,
    /// How many records and events are listed, 1000 at most
    #[arg(short = 'n', long, value_name = "N", default_value = "100")]
    limit: u16,
    #[command(flatten)]
    org: ControlOptions,
}

#[derive(Args)]
pub(crate) struct NamedOptions {
    /// Its name: letters, digits, dots, hyphens and underscores
    #[arg(value_name = "NAME", add = complete::snapshots())]
    name: String,
    #[command(flatten)]
    org: ControlOptions,
}

pub(crate) async fn reset(options: ResetOptions, log: &LogOptions) -> Ended {
    let call = Call {
        command: "reset",
        method: Method::POST,
        path: "reset".to_owned(),
        body: Some(json!({ "to": options.to, "keepSubscribers": options.keep_subscribers })),
        names: Some(Named::snapshot(&options.to, OWN_STATES)),
    };
    let show = |state: &Value| vec![format!("reset to {}", line(state))];
    carry_out(&options.org, log, call, show).await
}

pub(crate) async fn snapshot(command: SnapshotCommand, log: &LogOptions) -> Ended {
    let (name, method, named, show): (_, _, _, fn(&Value) -> Vec<String>) = match command {
        SnapshotCommand::List { org } => {
            let call = Call::get("snapshot list", "snapshots".to_owned());
            return carry_out(&org, log, call, listed).await;
        }
        SnapshotCommand::Diff(options) => {
            let path = format!("snapshots/{}/difference", segment(&options.name));
            let parameters = [
                ("with", options.with),
                ("object", options.object),
                ("after", options.after),
                ("limit", Some(options.limit.to_string())),
            ];
            let call = Call::get("snapshot diff", query(&path, parameters))
                .naming(Named::snapshot(&options.name, OWN_STATES));
            return carry_out(&options.org, log, call, difference).await;
        }
        SnapshotCommand::Save(named) => ("snapshot save", Method::PUT, named, one),
        SnapshotCommand::Load(named) => ("snapshot load", Method::POST, named, one),
        SnapshotCommand::Show(named) => ("snapshot show", Method::GET, named, shown),
        SnapshotCommand::Remove(named) => {
            ("snapshot remove", Method::DELETE, named, |_| Vec::new())
        }
    };
    let call = Call {
        command: name,
        method,
        path: format!("snapshots/{}", segment(&named.name)),
        body: None,
        names: Some(Named::snapshot(&named.name, &[])),
    };
    carry_out(&named.org, log, call, show).await
}

fn listed(answer: &Value) -> Vec<String> {
    let all = answer["snapshots"].as_array().into_iter().flatten();
    all.map(line).collect()
}

fn one(snapshot: &Value) -> Vec<String> {
    vec![line(snapshot)]
}

/// Name and totals: `before: 12 records, 3 events`.
fn line(snapshot: &Value) -> String {
    let objects = snapshot["records"].as_array().into_iter().flatten();
    let records: u64 = objects.filter_map(|object| object["count"].as_u64()).sum();
    let events = snapshot["events"].as_u64().unwrap_or_default();
    let (records, events) = (counted(records, "record"), counted(events, "event"));
    format!("{}: {records}, {events}", text(snapshot, "name"))
}

fn counted(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

fn shown(snapshot: &Value) -> Vec<String> {
    let mut lines = vec![
        line(snapshot),
        format!("saved     {}", text(snapshot, "saved")),
        format!("replay id {}", text(snapshot, "replayId")),
        format!("bytes     {}", text(snapshot, "bytes")),
    ];
    let objects = snapshot["records"].as_array().into_iter().flatten();
    lines.extend(objects.map(|object| {
        let (name, count) = (text(object, "object"), text(object, "count"));
        format!("{count:>9} {name}")
    }));
    lines
}

/// Totals by object, then each record with its fields, then the events.
fn difference(answer: &Value) -> Vec<String> {
    let objects = answer["objects"].as_array().into_iter().flatten();
    let rows: Vec<[String; 4]> = objects
        .map(|object| ["object", "created", "changed", "removed"].map(|name| text(object, name)))
        .collect();
    let mut lines = Vec::new();
    if rows.is_empty() {
        lines.push("no record differs".to_owned());
    } else {
        let titles = ["OBJECT", "CREATED", "CHANGED", "REMOVED"].map(str::to_owned);
        let rows: Vec<_> = std::iter::once(titles).chain(rows).collect();
        lines.extend(table(&rows));
    }
    for record in answer["records"].as_array().into_iter().flatten() {
        let sign = match text(record, "change").as_str() {
            "created" => '+',
            "removed" => '-',
            _ => '~',
        };
        let (object, id) = (text(record, "object"), text(record, "id"));
        lines.push(format!("{sign} {object} {id}"));
        for field in record["fields"].as_array().into_iter().flatten() {
            let [name, before, after] = ["name", "before", "after"].map(|part| text(field, part));
            lines.push(match sign {
                '+' => format!("    {name}: {after}"),
                '-' => format!("    {name}: {before}"),
                _ => format!("    {name}: {before} -> {after}"),
            });
        }
    }
    if answer.get("more") == Some(&Value::Bool(true)) {
        lines.push("there are more records: --object and --after go on".to_owned());
    }
    let events = |count: &str| {
        let count = answer.pointer(count).and_then(Value::as_u64);
        count.unwrap_or_default()
    };
    let added = events("/eventsAdded/count");
    let removed = events("/eventsRemoved/count");
    let (added, removed) = (counted(added, "event"), counted(removed, "event"));
    lines.push(format!("{added} added, {removed} removed"));
    lines
}
