//! `landfall usage` and `landfall node`: what an org has used, and how its process is.

use clap::Args;
use serde_json::Value;

use super::{Call, ControlOptions, carry_out, text};
use crate::options::LogOptions;
use crate::outcome::{Ended, table};

#[derive(Args)]
pub(crate) struct NodeOptions {
    #[command(flatten)]
    org: ControlOptions,
}

pub(crate) async fn usage(options: NodeOptions, log: &LogOptions) -> Ended {
    let call = Call::get("usage", "usage".to_owned());
    carry_out(&options.org, log, call, used).await
}

pub(crate) async fn node(options: NodeOptions, log: &LogOptions) -> Ended {
    let call = Call::get("node", "node".to_owned());
    carry_out(&options.org, log, call, shown).await
}

fn used(answer: &Value) -> Vec<String> {
    let allocations = answer["allocations"].as_array().into_iter().flatten();
    let titles = ["ALLOCATION", "USED", "OF"].map(str::to_owned);
    let rows = allocations.map(|one| ["name", "used", "most"].map(|name| text(one, name)));
    let clients = ["clients".to_owned(), text(answer, "clients"), String::new()];
    let rows: Vec<_> = std::iter::once(titles)
        .chain(rows)
        .chain([clients])
        .collect();
    let mut lines = table(&rows);
    let topics = answer["topics"].as_array().into_iter().flatten();
    let topics: Vec<[String; 3]> = topics
        .map(|one| ["topic", "published", "delivered"].map(|name| text(one, name)))
        .collect();
    if !topics.is_empty() {
        let titles = ["TOPIC", "PUBLISHED", "DELIVERED"].map(str::to_owned);
        let rows: Vec<_> = std::iter::once(titles).chain(topics).collect();
        lines.push(String::new());
        lines.extend(table(&rows));
    }
    lines
}

fn shown(node: &Value) -> Vec<String> {
    let at = |pointer: &str| match node.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => String::new(),
    };
    let rows = [
        ("Version", "/version"),
        ("Build", "/build"),
        ("Platform", "/platform"),
        ("Command", "/command"),
        ("Address", "/address"),
        ("Up (ms)", "/uptimeMs"),
        ("Ready", "/ready"),
        ("Storage", "/storage/backEnd"),
        ("Place", "/storage/place"),
        ("Bytes", "/storage/fileBytes"),
        ("Free bytes", "/storage/freeBytes"),
        ("Damaged", "/storage/damaged"),
        ("Commits", "/commits/count"),
        ("Median (us)", "/commits/medianUs"),
        ("Events", "/commits/events"),
        ("Earliest", "/earliest"),
        ("Tail", "/tail"),
        ("Connections", "/connections/open"),
        ("Sessions", "/connections/sessions"),
        ("Streams", "/connections/streams"),
    ];
    let rows = rows.map(|(label, pointer)| [label.to_owned(), at(pointer)]);
    let mut lines = table(&rows);
    let reasons = node["reasons"].as_array().into_iter().flatten();
    lines.extend(reasons.filter_map(Value::as_str).map(str::to_owned));
    let settings = node["settings"].as_array().into_iter().flatten();
    let set = settings.filter(|setting| setting["origin"] != "default");
    let rows: Vec<[String; 3]> = set
        .map(|setting| ["key", "value", "origin"].map(|name| text(setting, name)))
        .collect();
    if !rows.is_empty() {
        let titles = ["SETTING", "VALUE", "ORIGIN"].map(str::to_owned);
        let rows: Vec<_> = std::iter::once(titles).chain(rows).collect();
        lines.push(String::new());
        lines.extend(table(&rows));
    }
    lines
}
