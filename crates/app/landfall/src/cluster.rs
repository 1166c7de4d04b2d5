//! `landfall cluster`: the nodes that share the database of an org, as they have noted it there.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use landfall_server::{Settings, cluster_nodes, settings};
use serde_json::{Value, json};

use crate::log;
use crate::options::LogOptions;
use crate::outcome::{Coded, Ended, Exit, Failure, conclude, table};

/// Log filter by default.
const FILTER_DEFAULT: &str = "warn";

#[derive(Subcommand)]
pub(crate) enum ClusterCommand {
    /// List the nodes of a cluster: which one leads, and when each was seen last
    ///
    /// Asks the database, so it works while no node runs. Exit status 1 if no node leads.
    ///
    /// Example: landfall cluster status --config landfall.toml
    Status(StatusOptions),
}

#[derive(Args)]
pub(crate) struct StatusOptions {
    /// Configuration file of a node, which names the database
    #[arg(long, env = "LANDFALL_CONFIG", value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    config: Option<PathBuf>,
    /// PostgreSQL database of the org; takes precedence over the file
    #[arg(
        long,
        env = "LANDFALL_STORE",
        value_name = "URL",
        hide_env_values = true
    )]
    store: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(command: ClusterCommand, log: &LogOptions) -> Ended {
    let ClusterCommand::Status(options) = command;
    let (format, filter) = log.format_and_filter()?;
    log::start(format, filter.as_deref().unwrap_or(FILTER_DEFAULT))?;
    let json = options.json;
    let status = status(options).await;
    let is_led = status
        .as_ref()
        .is_ok_and(|status| !status["leader"].is_null());
    let ended = conclude("cluster status", json, status, lines)?;
    Ok(match ended {
        Exit::Done if !is_led => Exit::Failed,
        ended => ended,
    })
}

async fn status(options: StatusOptions) -> Result<Value, Coded> {
    let store = match (options.store, options.config) {
        (Some(store), _) => Some(store),
        (None, Some(path)) => {
            let read = Settings::read(&path).map_err(Failure::from)?;
            read.get(&settings::STORE).map_err(Failure::from)?
        }
        (None, None) => None,
    };
    let store = store.ok_or_else(|| {
        Failure::new("no database is named")
            .hint("set --config FILE or --store URL, as the nodes have it")
            .exit(Exit::Usage)
    })?;
    let (epoch, nodes) = cluster_nodes(&store).await.map_err(Failure::from)?;
    let leader = nodes.iter().find(|node| node.is_leader);
    let listed = nodes.iter().map(|node| {
        let role = match (node.is_leader, node.is_alive) {
            (true, _) => "leader",
            (false, true) => "follower",
            (false, false) => "gone",
        };
        json!({
            "node": node.address,
            "role": role,
            "epoch": node.epoch,
            "version": node.version,
            "upSeconds": node.up,
            "seenSecondsAgo": node.silent,
        })
    });
    Ok(json!({
        "epoch": epoch,
        "leader": leader.map(|leader| &leader.address),
        "nodes": listed.collect::<Vec<_>>(),
    }))
}

fn lines(status: &Value) -> Vec<String> {
    let titles = ["NODE", "ROLE", "EPOCH", "VERSION", "UP", "SEEN"].map(str::to_owned);
    let nodes = status["nodes"].as_array().into_iter().flatten();
    let rows = nodes.map(|node| {
        let text = |name: &str| node[name].as_str().unwrap_or_default().to_owned();
        let seconds = |name: &str| format!("{} s", node[name]);
        let epoch = match node["epoch"].as_i64() {
            Some(epoch) if epoch > 0 => epoch.to_string(),
            _ => "-".to_owned(),
        };
        [
            text("node"),
            text("role"),
            epoch,
            text("version"),
            seconds("upSeconds"),
            format!("{} ago", seconds("seenSecondsAgo")),
        ]
    });
    let rows: Vec<[String; 6]> = std::iter::once(titles).chain(rows).collect();
    let mut lines = table(&rows);
    if status["leader"].is_null() {
        lines.push("No node leads.".to_owned());
    }
    lines
}
