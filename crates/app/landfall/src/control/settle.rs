//! `landfall settle`: waits until subscribers have what has happened.

use clap::Args;
use landfall_client::Method;
use serde_json::json;

use super::{Call, ControlOptions, carry_out, text};
use crate::options::LogOptions;
use crate::outcome::Ended;

#[derive(Args)]
pub(crate) struct SettleOptions {
    /// Exit with status 8 if they do not have it within this time, 60 at most
    #[arg(
        long,
        env = "LANDFALL_TIMEOUT",
        value_name = "SECONDS",
        default_value = "5"
    )]
    timeout: u32,
    #[command(flatten)]
    org: ControlOptions,
}

pub(crate) async fn run(options: SettleOptions, log: &LogOptions) -> Ended {
    let millis = u64::from(options.timeout) * 1000;
    let call = Call {
        command: "settle",
        method: Method::POST,
        path: "settle".to_owned(),
        body: Some(json!({ "timeoutMs": millis })),
        names: None,
    };
    carry_out(&options.org, log, call, |settled| {
        let (subscriptions, tail) = (text(settled, "subscriptions"), text(settled, "tail"));
        vec![format!(
            "{subscriptions} subscriptions have every event up to {tail}"
        )]
    })
    .await
}
