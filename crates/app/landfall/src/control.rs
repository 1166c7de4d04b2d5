//! The commands that control a developer org: its clock, its state, its subscribers, what can be subscribed to, further orgs.
//!
//! With `--json` each prints one object: the answer of the control interface in `data`, or what failed in `error`.

mod clock;
mod fault;
mod org;
mod requests;
mod settle;
mod snapshot;
mod subscribers;
mod topics;

use std::fmt::Write as _;
use std::ops::Deref;
use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use landfall_client::{AccessToken, Control, Error, Method, Target, Trust, system_trust};
use serde_json::Value;

pub(crate) use clock::{ClockCommand, run as clock};
pub(crate) use fault::{FaultCommand, FaultSpec, arm, report_unfired, run as fault};
pub(crate) use org::{OrgCommand, run as org};
pub(crate) use requests::{RequestsCommand, run as requests};
pub(crate) use settle::{SettleOptions, run as settle};
pub(crate) use snapshot::{ResetOptions, SnapshotCommand, reset, snapshot};
pub(crate) use subscribers::{SubscribersCommand, run as subscribers};
pub(crate) use topics::{TopicsCommand, run as topics};

use crate::complete;
use crate::connection;
use crate::log;
use crate::options::LogOptions;
use crate::org_options::{TARGET_DEFAULT, TARGET_HELP, context_of};
use crate::outcome::{Coded, Ended, Exit, Failure, conclude};
use crate::progress::Progress;

/// Log filter by default.
const FILTER_DEFAULT: &str = "warn";

/// What flags and variables say of the developer org.
#[derive(Args)]
pub(crate) struct Given {
    #[arg(
        short,
        long,
        env = "LANDFALL_TARGET",
        value_name = "URL|NAME",
        default_value = TARGET_DEFAULT,
        hide_default_value = true,
        help = TARGET_HELP,
        add = complete::contexts()
    )]
    target: String,
    /// Access token of the org, if the process has several [default: the first org]
    #[arg(
        long,
        env = "LANDFALL_ACCESS_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true
    )]
    access_token: Option<String>,
    /// Certificate authority to trust, in PEM
    #[arg(long, env = "LANDFALL_CA_FILE", value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Print JSON
    #[arg(long, env = "LANDFALL_JSON")]
    json: bool,
}

/// The developer org.
pub(crate) struct ControlOptions(Given);

impl Deref for ControlOptions {
    type Target = Given;

    fn deref(&self) -> &Given {
        &self.0
    }
}

impl Args for ControlOptions {
    fn augment_args(command: Command) -> Command {
        Given::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Given::augment_args_for_update(command)
    }
}

impl FromArgMatches for ControlOptions {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut given = Given::from_arg_matches(matches)?;
        let is_flag = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
        if let Some(context) = context_of(matches)? {
            given.target = context.target;
            if !is_flag("access_token") {
                given.access_token = context.access_token;
            }
            if !is_flag("ca_file") {
                given.ca_file = context.ca_file;
            }
        }
        Ok(Self(given))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// A call of the control interface.
struct Call<'c> {
    /// The command, as its user wrote it: `clock advance`.
    command: &'c str,
    method: Method,
    /// Below the base of the interface.
    path: String,
    body: Option<Value>,
}

/// Makes a call, and prints its answer: for people by `show`, as a line each.
async fn carry_out(
    options: &ControlOptions,
    log: &LogOptions,
    call: Call<'_>,
    show: impl FnOnce(&Value) -> Vec<String>,
) -> Ended {
    let (format, filter) = log.format_and_filter()?;
    log::start(format, filter.as_deref().unwrap_or(FILTER_DEFAULT))?;
    let progress = Progress::of(call.command);
    let result = answer(options, &call).await;
    drop(progress);
    conclude(call.command, options.json, result, show)
}

async fn answer(options: &ControlOptions, call: &Call<'_>) -> Result<Value, Coded> {
    let target: Target = options
        .target
        .parse()
        .map_err(|error: Error| refusal(&error))?;
    let trust = options.ca_file.as_ref();
    let trust = trust.map_or_else(system_trust, Trust::file);
    let token = options.access_token.as_ref();
    let token = token.map(|token| AccessToken::new(token.clone()));
    let control = Control::new(target, &trust, token).map_err(|error| refusal(&error))?;
    let answer = control.call(call.method.clone(), &call.path, call.body.as_ref());
    answer.await.map_err(|error| refusal(&error))
}

/// An error of a call, with its code.
fn refusal(error: &Error) -> Coded {
    let failure = connection::failure(error);
    match error {
        Error::Refused { code, .. } => {
            let exit = match code.as_str() {
                "invalid" => Exit::Usage,
                "not-settled" | "not-met" => Exit::Unmet,
                code if code.ends_with("not-found") => Exit::Unknown,
                _ => Exit::Failed,
            };
            Coded {
                code: code.clone(),
                failure: failure.exit(exit),
            }
        }
        Error::Status { .. } => {
            let failure = Failure::new("the target has no control interface")
                .hint("only developer orgs have one: start it with `landfall dev`")
                .exit(Exit::Unknown);
            Coded {
                code: "no-control-interface".to_owned(),
                failure,
            }
        }
        _ => failure.into(),
    }
}

/// A part of a path or of a query: every byte that is no letter, digit or hyphen is written as `%XX`.
pub(crate) fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            encoded.push(char::from(byte));
        } else {
            // Writing to memory does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// A member as people read it.
fn text(value: &Value, name: &str) -> String {
    match value.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_one_segment() {
        assert_eq!(segment("/data/A__c-x é"), "%2Fdata%2FA%5F%5Fc-x%20%C3%A9");
    }
}
