//! `landfall topics`: what can be subscribed to, what is on it, and the position at a time.

use clap::Subcommand;
use landfall_client::Method;
use serde_json::{Value, json};

use super::{Call, ControlOptions, Named, carry_out, query, segment, text};
use crate::complete;
use crate::options::LogOptions;
use crate::outcome::{Ended, table};

#[derive(Subcommand)]
pub(crate) enum TopicsCommand {
    /// List what clients can subscribe to
    List {
        #[command(flatten)]
        org: ControlOptions,
    },
    /// Show a channel: object, schema, retention, and the members of a custom channel
    Show {
        /// Channel, such as /data/AccountChangeEvent
        #[arg(value_name = "CHANNEL", add = complete::topics())]
        channel: String,
        #[command(flatten)]
        org: ControlOptions,
    },
    /// Count the retained events of a channel
    Count {
        /// Channel, such as /data/AccountChangeEvent
        #[arg(value_name = "CHANNEL", add = complete::topics())]
        channel: String,
        /// Only those after this replay id
        #[arg(long, value_name = "ID")]
        after: Option<u64>,
        #[command(flatten)]
        org: ControlOptions,
    },
    /// List the current and former schemas of events
    Schemas {
        #[command(flatten)]
        org: ControlOptions,
    },
    /// Check the query of a PushTopic, and show what it would watch; nothing is saved
    ///
    /// Example: landfall topics check "SELECT Id, Name FROM Account"
    Check {
        /// The query
        #[arg(value_name = "QUERY")]
        query: String,
        /// `NotifyForFields`: All, Referenced, Select or Where
        #[arg(long, value_name = "FIELDS")]
        notify_for_fields: Option<String>,
        #[command(flatten)]
        org: ControlOptions,
    },
    /// Print the replay id to subscribe with to get every event from a time on
    Position {
        /// Channel, such as /data/AccountChangeEvent
        #[arg(value_name = "CHANNEL", add = complete::topics())]
        channel: String,
        /// The time, such as 2030-01-01T09:00:00Z [default: now]
        #[arg(long, env = "LANDFALL_AT", value_name = "TIME")]
        at: Option<String>,
        #[command(flatten)]
        org: ControlOptions,
    },
}

pub(crate) async fn run(command: TopicsCommand, log: &LogOptions) -> Ended {
    match command {
        TopicsCommand::List { org } => {
            let call = Call::get("topics list", "topics".to_owned());
            carry_out(&org, log, call, listed).await
        }
        TopicsCommand::Show { channel, org } => {
            let path = format!("topics/{}", segment(&channel));
            let call = Call::get("topics show", path).naming(Named::channel(&channel));
            carry_out(&org, log, call, shown).await
        }
        TopicsCommand::Count {
            channel,
            after,
            org,
        } => {
            let path = format!("topics/{}/count", segment(&channel));
            let after = after.map(|after| after.to_string());
            let call = Call::get("topics count", query(&path, [("after", after)]))
                .naming(Named::channel(&channel));
            carry_out(&org, log, call, counted).await
        }
        TopicsCommand::Schemas { org } => {
            let call = Call::get("topics schemas", "schemas".to_owned());
            carry_out(&org, log, call, schemas).await
        }
        TopicsCommand::Check {
            query,
            notify_for_fields,
            org,
        } => {
            let body = match notify_for_fields {
                Some(fields) => json!({ "query": query, "notifyForFields": fields }),
                None => json!({ "query": query }),
            };
            let call = Call {
                command: "topics check",
                method: Method::POST,
                path: "pushtopics/check".to_owned(),
                body: Some(body),
                names: None,
            };
            carry_out(&org, log, call, checked).await
        }
        TopicsCommand::Position { channel, at, org } => {
            let path = format!("topics/{}/position", segment(&channel));
            let call = Call::get("topics position", query(&path, [("at", at)]))
                .naming(Named::channel(&channel));
            let shown = |position: &Value| vec![text(position, "replayId")];
            carry_out(&org, log, call, shown).await
        }
    }
}

fn listed(answer: &Value) -> Vec<String> {
    let topics = answer["topics"].as_array().into_iter().flatten();
    let lines =
        topics.map(|topic| format!("{:<13}  {}", text(topic, "kind"), text(topic, "channel")));
    lines.collect()
}

fn shown(channel: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for (label, name) in [
        ("Channel", "channel"),
        ("Kind", "kind"),
        ("Object", "entity"),
        ("Event", "event"),
        ("Schema", "schema"),
        ("Retention (hours)", "retentionHours"),
    ] {
        if channel.get(name).is_some() {
            lines.push(format!("{label:<17}  {}", text(channel, name)));
        }
    }
    let members = channel["members"].as_array().into_iter().flatten();
    let rows: Vec<[String; 3]> = members
        .map(|member| {
            let [channel, filter] = ["channel", "filter"].map(|name| text(member, name));
            [channel, filter, names(member, "enrichedFields")]
        })
        .collect();
    if !rows.is_empty() {
        let titles = ["MEMBER", "FILTER", "ENRICHED FIELDS"].map(str::to_owned);
        let rows: Vec<_> = std::iter::once(titles).chain(rows).collect();
        lines.extend(table(&rows));
    }
    lines
}

/// `3 events, 1001 to 1003`.
fn counted(count: &Value) -> Vec<String> {
    let events = text(count, "events");
    let more = match count.get("complete") {
        Some(Value::Bool(false)) => " and more",
        _ => "",
    };
    let bounds = match (count.get("first"), count.get("last")) {
        (Some(first), Some(last)) => {
            format!(
                ", {} to {}",
                text(first, "replayId"),
                text(last, "replayId")
            )
        }
        _ => String::new(),
    };
    let plural = if events == "1" { "" } else { "s" };
    vec![format!("{events} event{plural}{more}{bounds}")]
}

fn schemas(answer: &Value) -> Vec<String> {
    let schemas = answer["schemas"].as_array().into_iter().flatten();
    let titles = ["SCHEMA", "EVENT", "FIELDS", "STATE"].map(str::to_owned);
    let rows = schemas.map(|schema| {
        let state = match schema.get("current") {
            Some(Value::Bool(true)) => "current",
            _ => "former",
        };
        let [id, event, fields] = ["id", "event", "fields"].map(|name| text(schema, name));
        [id, event, fields, state.to_owned()]
    });
    let rows: Vec<_> = std::iter::once(titles).chain(rows).collect();
    table(&rows)
}

fn checked(outline: &Value) -> Vec<String> {
    let lists = [
        ("Selected", "selected"),
        ("Condition", "condition"),
        ("Tracked", "tracked"),
    ];
    let lists = lists.map(|(label, name)| format!("{label:<9}  {}", names(outline, name)));
    let object = format!("{:<9}  {}", "Object", text(outline, "entity"));
    std::iter::once(object).chain(lists).collect()
}

/// The texts of a list.
fn names(value: &Value, name: &str) -> String {
    let texts = value[name].as_array().into_iter().flatten();
    let texts: Vec<&str> = texts.filter_map(Value::as_str).collect();
    texts.join(", ")
}
