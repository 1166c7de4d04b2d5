//! The commands that control a developer org: one for each call of its control interface.
//!
//! With `--json` each prints one object: the answer of the control interface in `data`, or what failed in `error`.

mod clock;
mod events;
mod expect;
mod fault;
mod follow;
mod node;
mod org;
mod requests;
mod settle;
mod snapshot;
mod subscribers;
mod topics;

use std::fmt::Write as _;
use std::ops::Deref;
use std::path::PathBuf;
use std::time::Duration;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use landfall_client::{AccessToken, Control, Error, Method, Target, Trust, system_trust};
use serde_json::Value;
use tokio::time::timeout;

pub(crate) use clock::{ClockCommand, run as clock};
pub(crate) use events::{EventsCommand, run as events};
pub(crate) use expect::{ExpectOptions, run as expect};
pub(crate) use fault::{FaultCommand, FaultSpec, arm, report_unfired, run as fault};
pub(crate) use node::{NodeOptions, node, usage};
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
use crate::outcome::{Coded, Ended, Exit, Failure, conclude, nearest};
use crate::progress::Progress;

/// Log filter by default.
const FILTER_DEFAULT: &str = "warn";

/// How long a look-up of names may take.
const LOOK_UP_MAX: Duration = Duration::from_secs(2);

/// How long the org may take until something has happened.
#[derive(Args)]
struct Wait {
    /// Exit with status 8 if it has not happened within this time, 60 at most
    #[arg(
        long,
        env = "LANDFALL_TIMEOUT",
        value_name = "SECONDS",
        default_value = "5"
    )]
    timeout: u32,
}

impl Wait {
    fn millis(&self) -> u64 {
        u64::from(self.timeout) * 1000
    }
}

/// States that every developer org can return to.
const OWN_STATES: &[&str] = &["seed", "empty"];

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
    /// What it names that may be unknown.
    names: Option<Named>,
}

/// A name, and the list that it should be in.
struct Named {
    name: String,
    /// The path of the list and the member that has it, and the member of each item with its name.
    list: (&'static str, &'static str),
    /// The command that prints the list.
    command: &'static str,
    /// Names that are not listed.
    more: &'static [&'static str],
}

impl Named {
    fn channel(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            list: ("topics", "channel"),
            command: "topics",
            more: &[],
        }
    }

    fn snapshot(name: &str, more: &'static [&'static str]) -> Self {
        Self {
            name: name.to_owned(),
            list: ("snapshots", "name"),
            command: "snapshot",
            more,
        }
    }

    /// The name in the list that was probably meant, if the list can be read and one is near.
    async fn meant(&self, control: &Control) -> Option<String> {
        let (list, member) = self.list;
        let listed = control.call(Method::GET, list, None);
        let listed = timeout(LOOK_UP_MAX, listed).await.ok()?.ok()?;
        let items = listed.get(list)?.as_array()?.iter();
        let names = items.filter_map(|item| item.get(member)?.as_str());
        let names = names.chain(self.more.iter().copied());
        nearest(&self.name, names).map(str::to_owned)
    }
}

impl<'c> Call<'c> {
    const fn get(command: &'c str, path: String) -> Self {
        Self {
            command,
            method: Method::GET,
            path,
            body: None,
            names: None,
        }
    }

    /// The same with what it names.
    fn naming(self, named: Named) -> Self {
        Self {
            names: Some(named),
            ..self
        }
    }
}

/// A path with those parameters that have a value.
fn query<'n>(
    path: &str,
    parameters: impl IntoIterator<Item = (&'n str, Option<String>)>,
) -> String {
    let parameters = parameters.into_iter();
    let set = parameters.filter_map(|(name, value)| Some(format!("{name}={}", segment(&value?))));
    let set: Vec<String> = set.collect();
    if set.is_empty() {
        return path.to_owned();
    }
    format!("{path}?{}", set.join("&"))
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
    let control = opened(options).map_err(|error| refusal(&error))?;
    let answer = control.call(call.method.clone(), &call.path, call.body.as_ref());
    let error = match answer.await {
        Ok(answer) => return Ok(answer),
        Err(error) => error,
    };
    let mut refused = refusal(&error);
    if refused.failure.exit == Exit::Unknown
        && let Some(named) = &call.names
    {
        refused.failure = refused.failure.hint(match named.meant(&control).await {
            Some(meant) => format!("did you mean {meant}?"),
            None => format!("landfall {} list", named.command),
        });
    }
    Err(refused)
}

fn opened(options: &ControlOptions) -> Result<Control, Error> {
    let target: Target = options.target.parse()?;
    let trust = options.ca_file.as_ref();
    let trust = trust.map_or_else(system_trust, Trust::file);
    let token = options.access_token.as_ref();
    let token = token.map(|token| AccessToken::new(token.clone()));
    Control::new(target, &trust, token)
}

/// What precedes a suggestion in a message.
const MEANT: &str = "; did you mean ";

/// An error of a call, with its code.
fn refusal(error: &Error) -> Coded {
    match error {
        Error::Refused { code, message } => {
            let exit = match code.as_str() {
                "invalid" => Exit::Usage,
                "not-settled" | "not-met" => Exit::Unmet,
                code if code.ends_with("not-found") => Exit::Unknown,
                _ => Exit::Failed,
            };
            // Messages of queries begin with a line of their own.
            let message = message.trim();
            let failure = match message.split_once(MEANT) {
                Some((what, meant)) => Failure::new(what).hint(format!("did you mean {meant}")),
                None => Failure::new(message),
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
        _ => connection::failure(error).into(),
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
