//! `landfall subscribers`: who is subscribed, and how far behind.

use clap::Subcommand;
use landfall_client::Method;
use serde_json::Value;

use super::{Call, ControlOptions, carry_out, segment, text};
use crate::complete;
use crate::options::LogOptions;
use crate::outcome::Ended;

#[derive(Subcommand)]
pub(crate) enum SubscribersCommand {
    /// List the sessions of the Streaming API and the streams of the Pub/Sub API
    List {
        #[command(flatten)]
        org: ControlOptions,
    },
    /// Forget a session, or end a stream: does the client come back, and from where?
    End {
        /// Its id, as the list has it
        #[arg(value_name = "ID", add = complete::subscribers())]
        id: String,
        #[command(flatten)]
        org: ControlOptions,
    },
}

pub(crate) async fn run(command: SubscribersCommand, log: &LogOptions) -> Ended {
    let (name, method, path, org) = match command {
        SubscribersCommand::List { org } => (
            "subscribers list",
            Method::GET,
            "subscribers".to_owned(),
            org,
        ),
        SubscribersCommand::End { id, org } => {
            let path = format!("subscribers/{}", segment(&id));
            ("subscribers end", Method::DELETE, path, org)
        }
    };
    let call = Call {
        command: name,
        method,
        path,
        body: None,
        names: None,
    };
    carry_out(&org, log, call, listed).await
}

/// A line for each subscription, and one for a session without any.
fn listed(answer: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for subscriber in answer["subscribers"].as_array().into_iter().flatten() {
        let who = format!(
            "{:<7} {}  {}  {}",
            text(subscriber, "protocol"),
            text(subscriber, "id"),
            text(subscriber, "username"),
            text(subscriber, "state")
        );
        let subscriptions = subscriber["subscriptions"].as_array();
        for subscription in subscriptions.into_iter().flatten() {
            lines.push(format!(
                "{who}  {}  at {}  lag {}",
                text(subscription, "channel"),
                text(subscription, "replayId"),
                text(subscription, "lag")
            ));
        }
        if subscriptions.is_none_or(Vec::is_empty) {
            lines.push(who);
        }
    }
    lines
}
