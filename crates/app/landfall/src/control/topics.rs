//! `landfall topics`: what can be subscribed to, and the position at a time.

use clap::Subcommand;
use landfall_client::Method;
use serde_json::Value;

use super::{Call, ControlOptions, carry_out, segment, text};
use crate::complete;
use crate::options::LogOptions;
use crate::outcome::Ended;

#[derive(Subcommand)]
pub(crate) enum TopicsCommand {
    /// List what clients can subscribe to
    List {
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
            let call = Call {
                command: "topics list",
                method: Method::GET,
                path: "topics".to_owned(),
                body: None,
            };
            carry_out(&org, log, call, listed).await
        }
        TopicsCommand::Position { channel, at, org } => {
            let mut path = format!("topics/{}/position", segment(&channel));
            if let Some(at) = at {
                path.push_str("?at=");
                path.push_str(&segment(&at));
            }
            let call = Call {
                command: "topics position",
                method: Method::GET,
                path,
                body: None,
            };
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
