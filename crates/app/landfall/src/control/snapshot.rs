//! `landfall reset` and `landfall snapshot`: returning a developer org to a state from before.

use clap::{Args, Subcommand};
use landfall_client::Method;
use serde_json::{Value, json};

use super::{Call, ControlOptions, carry_out, segment, text};
use crate::complete;
use crate::options::LogOptions;
use crate::outcome::Ended;

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
    Save(Named),
    /// Return to a snapshot, with its events and their replay ids; subscribers are ended
    Load(Named),
    /// List the snapshots
    List {
        #[command(flatten)]
        org: ControlOptions,
    },
    /// Show what a snapshot holds
    Show(Named),
    /// Remove a snapshot
    Remove(Named),
}

#[derive(Args)]
pub(crate) struct Named {
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
    };
    let show = |state: &Value| vec![format!("reset to {}", line(state))];
    carry_out(&options.org, log, call, show).await
}

pub(crate) async fn snapshot(command: SnapshotCommand, log: &LogOptions) -> Ended {
    let (name, method, named, show): (_, _, _, fn(&Value) -> Vec<String>) = match command {
        SnapshotCommand::List { org } => {
            let call = Call {
                command: "snapshot list",
                method: Method::GET,
                path: "snapshots".to_owned(),
                body: None,
            };
            return carry_out(&org, log, call, listed).await;
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
