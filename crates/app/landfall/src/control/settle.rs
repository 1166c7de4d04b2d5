//! `landfall settle`: waits until subscribers have what has happened.

use clap::Args;
use landfall_client::Method;
use serde_json::json;

use super::{Call, ControlOptions, Wait, carry_out, text};
use crate::options::LogOptions;
use crate::outcome::Ended;

#[derive(Args)]
pub(crate) struct SettleOptions {
    #[command(flatten)]
    wait: Wait,
    #[command(flatten)]
    org: ControlOptions,
}

pub(crate) async fn run(options: SettleOptions, log: &LogOptions) -> Ended {
    let call = Call {
        command: "settle",
        method: Method::POST,
        path: "settle".to_owned(),
        body: Some(json!({ "timeoutMs": options.wait.millis() })),
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
