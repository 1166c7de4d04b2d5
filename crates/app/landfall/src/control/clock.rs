//! `landfall clock`: the time of a developer org.

use clap::Subcommand;
use landfall_client::Method;
use serde_json::{Value, json};

use super::{Call, ControlOptions, carry_out, text};
use crate::options::LogOptions;
use crate::outcome::Ended;

#[derive(Subcommand)]
pub(crate) enum ClockCommand {
    /// Show the time, and whether it goes on
    Show {
        #[command(flatten)]
        org: ControlOptions,
    },
    /// Stop the time
    Freeze {
        /// The time to stop at, such as 2030-01-01T09:00:00Z [default: now]
        #[arg(long, env = "LANDFALL_AT", value_name = "TIME")]
        at: Option<String>,
        #[command(flatten)]
        org: ControlOptions,
    },
    /// Set a later time
    Set {
        /// Such as 2030-01-01T09:00:00Z
        #[arg(value_name = "TIME")]
        time: String,
        #[command(flatten)]
        org: ControlOptions,
    },
    /// Show what would fall due if the time were advanced, and change nothing
    Preview {
        /// Such as 73h, 1d12h or 90s
        #[arg(value_name = "SPAN")]
        by: String,
        #[command(flatten)]
        org: ControlOptions,
    },
    /// Advance the time, and wait until all that has fallen due is done
    Advance {
        /// Such as 73h, 1d12h or 90s
        #[arg(value_name = "SPAN")]
        by: String,
        #[command(flatten)]
        org: ControlOptions,
    },
    /// Let the time go on from where it is
    Resume {
        #[command(flatten)]
        org: ControlOptions,
    },
}

pub(crate) async fn run(command: ClockCommand, log: &LogOptions) -> Ended {
    let set = |body: Value| (Method::PUT, "clock", Some(body));
    let (name, org, (method, path, body)) = match command {
        ClockCommand::Show { org } => ("clock show", org, (Method::GET, "clock", None)),
        ClockCommand::Freeze { at: None, org } => {
            ("clock freeze", org, set(json!({"mode": "frozen"})))
        }
        ClockCommand::Freeze { at: Some(at), org } => {
            let frozen = set(json!({"mode": "frozen", "now": at}));
            ("clock freeze", org, frozen)
        }
        ClockCommand::Set { time, org } => ("clock set", org, set(json!({"now": time}))),
        ClockCommand::Advance { by, org } => {
            let advance = (Method::POST, "clock/advance", Some(json!({"by": by})));
            ("clock advance", org, advance)
        }
        ClockCommand::Preview { by, org } => {
            let preview = (Method::POST, "clock/preview", Some(json!({"by": by})));
            ("clock preview", org, preview)
        }
        ClockCommand::Resume { org } => ("clock resume", org, set(json!({"mode": "running"}))),
    };
    let call = Call {
        command: name,
        method,
        path: path.to_owned(),
        body,
        names: None,
    };
    carry_out(&org, log, call, |clock| vec![shown(clock)]).await
}

fn shown(clock: &Value) -> String {
    if let Some(events) = clock["events"].as_u64() {
        let [now, before, logins, sessions] =
            ["now", "eventsBefore", "logins", "sessions"].map(|name| text(clock, name));
        return format!(
            "{now}: {events} events from before {before} expire, {logins} access tokens and {sessions} sessions end"
        );
    }
    let ahead = clock["aheadMs"].as_i64().unwrap_or_default() / 1000;
    let ahead = match ahead {
        0 => String::new(),
        seconds => format!("  {seconds} s ahead of the machine"),
    };
    format!("{}  {}{ahead}", text(clock, "now"), text(clock, "mode"))
}
