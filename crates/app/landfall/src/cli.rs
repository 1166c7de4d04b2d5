//! The options of every command. Each is also a `LANDFALL_*` variable; flags take precedence over variables.
//!
//! Those of `dev` and `serve` are derived from the declarations of the settings: see [`crate::options`].

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::bench::BenchOptions;
use crate::cluster::ClusterCommand;
use crate::colour::Colours;
use crate::complete;
use crate::context::ContextCommand;
use crate::control::{
    ClockCommand, EventsCommand, ExpectOptions, FaultCommand, FaultSpec, NodeOptions, OrgCommand,
    RequestsCommand, ResetOptions, SettleOptions, SnapshotCommand, SubscribersCommand,
    TopicsCommand,
};
use crate::env::EnvOptions;
use crate::explain::ExplainOptions;
use crate::limits::LimitsOptions;
use crate::man::ManOptions;
use crate::move_org::MoveOptions;
use crate::open::OpenOptions;
use crate::options::{Dev, Exec, LogOptions, Serve, ServerOptions};
use crate::org_options::OrgOptions;
use crate::record::RecordCommand;
use crate::seed::SeedOptions;
use crate::tail::{Expected, Since};
use crate::top::TopOptions;

/// A Salesforce-compatible org for change events: develop, test, run.
///
/// Examples:
///   landfall dev
///   landfall tail /data/AccountChangeEvent
#[derive(Parser)]
#[command(
    name = "landfall",
    version,
    propagate_version = true,
    verbatim_doc_comment,
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) log: LogOptions,
    /// Show no progress of long work
    #[arg(
        long,
        env = "LANDFALL_NO_PROGRESS",
        global = true,
        help_heading = "Output"
    )]
    pub(crate) no_progress: bool,
    /// When there are colours
    #[arg(
        long,
        value_name = "WHEN",
        env = "LANDFALL_COLOR",
        global = true,
        default_value = "auto",
        help_heading = "Output"
    )]
    pub(crate) color: Colours,
}

const EXEC_ABOUT: &str = "Run a command with a developer org of its own, which is removed at its end

The command finds the org in LANDFALL_TARGET, LANDFALL_USERNAME, LANDFALL_PASSWORD, LANDFALL_CLIENT_ID,
LANDFALL_CLIENT_SECRET, LANDFALL_ACCESS_TOKEN and LANDFALL_CA_FILE. The exit status is that of the command.

Example: landfall exec --project . --seed data/plan.json -- npm test";

const CONTEXT_ABOUT: &str =
    "Add, list, use and remove contexts: orgs by name, with the login to them

Examples:
  landfall context add prod --target https://acme.my.salesforce.com --access-token-stdin < token
  landfall tail --target prod /data/AccountChangeEvent";

const ENV_ABOUT: &str =
    "Print what a shell, or a client, needs to use an org: exports, or the exact snippet

Examples:
  eval \"$(landfall env)\" && npm test
  landfall env --client simple-salesforce";

const EXPLAIN_ABOUT: &str =
    "Explain an error: what it means, what to do, what clients do, how to rehearse it

Examples:
  landfall explain '403::Unknown client'
  landfall explain INVALID_SESSION_ID";

const MOVE_ABOUT: &str =
    "Move an org between a data folder and PostgreSQL, with everything that it holds

No server may use either of them. The source stays as it is; never serve both. After an interruption, the same command goes
on where it was. Exit status: 0 both are equal, 1 they differ or the move failed, 130 interrupted.

Examples:
  landfall move --from landfall-data --to postgres://landfall@db.internal/landfall
  landfall move --from postgres://landfall@db.internal/landfall --to landfall-data --check";

const TAIL_ABOUT: &str =
    "Follow topics of an org: a line for each event, JSON unless stdout is a terminal

Examples:
  landfall tail /data/AccountChangeEvent
  landfall tail --since 2h --expect Name=Acme --timeout 10 /data/AccountChangeEvent";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Start a developer org: loopback only, known credentials
    Dev(ServerOptions<Dev>),
    /// Run a command with a developer org of its own, which is removed at its end
    #[command(long_about = EXEC_ABOUT)]
    Exec(ExecOptions),
    /// Print what a shell, or a client, needs to use an org: exports, or the exact snippet
    #[command(long_about = ENV_ABOUT)]
    Env(EnvOptions),
    /// Start a production node
    Serve(ServerOptions<Serve>),
    /// List the nodes of a cluster of production nodes
    #[command(subcommand)]
    Cluster(ClusterCommand),
    /// Move an org between a data folder and PostgreSQL, with everything that it holds
    #[command(long_about = MOVE_ABOUT)]
    Move(MoveOptions),
    /// Follow topics of an org: a line for each event, JSON unless stdout is a terminal
    #[command(long_about = TAIL_ABOUT)]
    Tail(TailOptions),
    /// Publish platform events: one JSON object per event on stdout
    Publish(PublishOptions),
    /// Create, print, change, delete, restore and query records of an org
    ///
    /// Example: landfall record create Account Name=Acme Industry=Energy
    #[command(subcommand)]
    Record(RecordCommand),
    /// Create records from files of `sf data export tree` in an org that runs
    ///
    /// Example: landfall seed data/plan.json
    Seed(SeedOptions),
    /// Show the fields of a topic's events
    Schema(SchemaOptions),
    /// Check a data folder, is it whole, or a project: what is loaded, what is left out, and why?
    ///
    /// Exit status: 0 whole or usable, 1 damaged or refused, 2 not checked. A data folder may be in use.
    Check(CheckOptions),
    /// Show, freeze, set, advance or resume the clock of a developer org
    ///
    /// Example: landfall clock advance 73h
    #[command(subcommand)]
    Clock(ClockCommand),
    /// Return a developer org to how it began, or to a snapshot
    ///
    /// Example: landfall reset --keep-subscribers
    Reset(ResetOptions),
    /// Save, load, list, show, compare and remove snapshots of a developer org
    ///
    /// Example: landfall snapshot save before-import
    #[command(subcommand)]
    Snapshot(SnapshotCommand),
    /// Open, list, log in to and close isolated orgs in the process of a developer org
    ///
    /// Example: landfall org open --json
    #[command(subcommand)]
    Org(OrgCommand),
    /// Arm, list and clear faults of a developer org: what clients have to survive, on request
    ///
    /// Example: landfall fault arm client-unknown --method /meta/connect
    #[command(subcommand)]
    Fault(FaultCommand),
    /// What clients of a developer org have sent and got, and what they did wrong
    ///
    /// Example: landfall requests list --api streaming
    #[command(subcommand)]
    Requests(RequestsCommand),
    /// List, show, count and follow the events of a developer org, without being a subscriber
    ///
    /// Example: landfall events list --entity Account
    #[command(subcommand)]
    Events(EventsCommand),
    /// Wait for events of a developer org that look as expected
    ///
    /// Example: landfall expect /data/AccountChangeEvent Name=Acme
    Expect(ExpectOptions),
    /// What clients of a developer org can subscribe to, what is on it, and the replay id at a time
    #[command(subcommand)]
    Topics(TopicsCommand),
    /// Who is subscribed to a developer org, how far behind, and end one
    #[command(subcommand)]
    Subscribers(SubscribersCommand),
    /// Wait until the subscribers of a developer org have every event so far
    Settle(SettleOptions),
    /// Print how much of its allocations a developer org has used, and events by topic
    Usage(NodeOptions),
    /// Print how the process of a developer org is: build, storage, commits, connections, settings
    Node(NodeOptions),
    /// Show what goes through a server, live: events by topic, subscribers and their lag
    ///
    /// Without a terminal it prints one view. Example: landfall top --target prod
    Top(TopOptions),
    /// Add, list, use and remove contexts: orgs by name, with the login to them
    #[command(subcommand, long_about = CONTEXT_ABOUT)]
    Context(ContextCommand),
    /// Print the limits of an org, and how much of each is used
    ///
    /// Example: landfall limits
    Limits(LimitsOptions),
    /// Open the console of a developer org in a browser, and print its address
    ///
    /// Example: landfall open
    Open(OpenOptions),
    /// Explain an error: what it means, what to do, what clients do, how to rehearse it
    #[command(long_about = EXPLAIN_ABOUT)]
    Explain(ExplainOptions),
    /// Measure a server on this machine and print the numbers
    Bench(BenchOptions),
    /// Print a completion script for a shell, which completes names of the org too
    ///
    /// Example: source <(landfall completions bash)
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write a manual page for each command
    ///
    /// Example: landfall man ~/.local/share/man/man1
    Man(ManOptions),
    /// Print the version
    Version,
}

#[derive(Args)]
pub(crate) struct ExecOptions {
    #[command(flatten)]
    pub(crate) server: ServerOptions<Exec>,
    #[command(flatten)]
    pub(crate) rehearsal: Rehearsal,
    /// Command to run, with its arguments
    #[arg(last = true, required = true, num_args = 1.., value_name = "COMMAND", value_hint = clap::ValueHint::CommandWithArguments)]
    pub(crate) command: Vec<OsString>,
}

/// What goes wrong on purpose, and what must not.
#[derive(Args)]
pub(crate) struct Rehearsal {
    /// Fault to arm before the command starts, such as client-unknown,method=/meta/connect,next=2; repeatable, or several
    /// with semicolons between them
    #[arg(
        long,
        env = "LANDFALL_FAULT",
        value_name = "FAULT[,KEY=VALUE]...",
        value_delimiter = ';'
    )]
    pub(crate) fault: Vec<FaultSpec>,
    /// Fail if a fault has never fired
    #[arg(long, env = "LANDFALL_STRICT_FAULTS")]
    pub(crate) strict_faults: bool,
    /// Fail if a client did what no correct client does, or asked for what is not supported
    #[arg(long, env = "LANDFALL_STRICT_MISTAKES")]
    pub(crate) strict_mistakes: bool,
}

#[derive(Args)]
pub(crate) struct CheckOptions {
    /// Folder to check
    #[arg(value_name = "PATH", value_hint = clap::ValueHint::DirPath)]
    pub(crate) path: PathBuf,
    /// Refuse a project of which anything has to be left out
    #[arg(long, env = "LANDFALL_STRICT")]
    pub(crate) strict: bool,
    /// Print JSON
    #[arg(long, env = "LANDFALL_JSON")]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct PublishOptions {
    /// Topic of a platform event
    #[arg(value_name = "TOPIC", add = complete::topics())]
    pub(crate) topic: String,
    /// Fields of the event as a JSON object; with `-`, or without this and --file, objects are read from stdin
    #[arg(value_name = "JSON")]
    pub(crate) event: Option<String>,
    /// File of JSON objects, one per event
    #[arg(
        short,
        long,
        env = "LANDFALL_FILE",
        value_name = "FILE",
        conflicts_with = "event"
    )]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) org: OrgOptions,
}

#[derive(Args)]
pub(crate) struct SchemaOptions {
    /// Topic, such as /data/AccountChangeEvent, or a schema id
    #[arg(value_name = "TOPIC|ID", add = complete::topics())]
    pub(crate) of: String,
    /// Print JSON: the Avro schema, or the names of --bitmap
    #[arg(long, env = "LANDFALL_JSON")]
    pub(crate) json: bool,
    /// Print the field names of a bitmap, such as 0x800000 or 4-0x01; repeatable
    #[arg(
        long,
        env = "LANDFALL_BITMAP",
        value_name = "BITMAP",
        value_delimiter = ','
    )]
    pub(crate) bitmap: Vec<String>,
    #[command(flatten)]
    pub(crate) org: OrgOptions,
}

#[derive(Args)]
#[command(group = clap::ArgGroup::new("goal").args(["count", "expect"]).multiple(true))]
pub(crate) struct TailOptions {
    /// Topics, such as /data/AccountChangeEvent
    #[arg(required = true, value_name = "TOPIC", add = complete::topics())]
    pub(crate) topics: Vec<String>,
    #[command(flatten)]
    pub(crate) org: OrgOptions,
    /// Where to start: latest, earliest, or the replay id of the last event received
    #[arg(
        short,
        long,
        env = "LANDFALL_REPLAY",
        value_name = "PRESET|ID",
        default_value = "latest"
    )]
    pub(crate) replay: Replay,
    /// Start with the events of this span of time, such as 2h, or since a time such as 2030-01-01T09:00:00Z; developer orgs
    /// only
    #[arg(
        long,
        env = "LANDFALL_SINCE",
        value_name = "SPAN|TIME",
        conflicts_with = "replay"
    )]
    pub(crate) since: Option<Since>,
    /// Protocol [default: pubsub; cometd for /topic/…, /u/… and /systemTopic/…]
    #[arg(long, env = "LANDFALL_PROTOCOL", value_enum)]
    pub(crate) protocol: Option<Protocol>,
    /// Version of the Streaming API
    #[arg(
        long,
        env = "LANDFALL_API_VERSION",
        value_name = "NN.0",
        default_value = "59.0"
    )]
    pub(crate) api_version: String,
    /// Exit after this many events; with --expect, after this many of those that are expected
    #[arg(short = 'n', long, env = "LANDFALL_COUNT", value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,
    /// Exit when an event has this value, such as Name=Acme, ChangeEventHeader.changeType=UPDATE or Phone=null, or contains
    /// this JSON object; with several, an event must have them all
    #[arg(long, env = "LANDFALL_EXPECT", value_name = "FIELD=VALUE|JSON")]
    pub(crate) expect: Vec<Expected>,
    /// Exit with status 8 if --count or --expect is not met within this time
    #[arg(
        long,
        env = "LANDFALL_TIMEOUT",
        value_name = "SECONDS",
        requires = "goal"
    )]
    pub(crate) timeout: Option<u64>,
    /// Print JSON even on a terminal
    #[arg(long, env = "LANDFALL_JSON")]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Protocol {
    /// The Pub/Sub API
    Pubsub,
    /// The Streaming API
    Cometd,
}

/// Where a subscription starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replay {
    Latest,
    Earliest,
    After(u64),
}

impl std::str::FromStr for Replay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "latest" | "-1" => Ok(Self::Latest),
            "earliest" | "-2" => Ok(Self::Earliest),
            id => id
                .parse()
                .map(Self::After)
                .map_err(|_| "expected `latest`, `earliest` or a replay id".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_options_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_option_has_a_variable() {
        for command in Cli::command().get_subcommands() {
            for option in command.get_opts() {
                assert!(
                    option.get_env().is_some(),
                    "{} --{:?}",
                    command.get_name(),
                    option.get_long()
                );
            }
        }
    }

    #[test]
    fn a_replay_is_a_preset_or_an_id() {
        assert_eq!("latest".parse(), Ok(Replay::Latest));
        assert_eq!("-2".parse(), Ok(Replay::Earliest));
        assert_eq!("1001".parse(), Ok(Replay::After(1001)));
        assert!("soon".parse::<Replay>().is_err());
    }
}
