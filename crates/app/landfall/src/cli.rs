//! The options of every command. Each is also a `LANDFALL_*` variable; flags go before variables.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use landfall_server::Network;
use landfall_server::settings::{Edition, LogFormat};

use crate::bench::BenchOptions;

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
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Start a developer org: loopback only, known credentials
    Dev(DevOptions),
    /// Start a production node from a configuration
    Serve(Box<ServeOptions>),
    /// Follow topics of an org: one JSON object per event on stdout
    Tail(TailOptions),
    /// Publish platform events: one JSON object per event on stdout
    Publish(PublishOptions),
    /// Show the fields of a topic's events
    Schema(SchemaOptions),
    /// Measure a server on this machine and print the numbers
    Bench(BenchOptions),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the version
    Version,
}

#[derive(Args, Clone)]
pub(crate) struct LogOptions {
    /// How log lines on stderr look
    #[arg(long, global = true, env = "LANDFALL_LOG_FORMAT", value_enum)]
    pub(crate) log_format: Option<LogForm>,
    /// What is logged, such as `info` or `warn,landfall_streaming=debug`
    #[arg(
        long = "log",
        global = true,
        env = "LANDFALL_LOG",
        value_name = "FILTER"
    )]
    pub(crate) filter: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum LogForm {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

impl From<LogForm> for LogFormat {
    fn from(form: LogForm) -> Self {
        match form {
            LogForm::Text => Self::Text,
            LogForm::Json => Self::Json,
        }
    }
}

/// Whose allocations.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum EditionName {
    /// Developer Edition
    Developer,
    /// Enterprise Edition
    Enterprise,
    /// Performance and Unlimited Edition
    Performance,
    /// No allocations at all
    Unlimited,
}

impl From<EditionName> for Edition {
    fn from(name: EditionName) -> Self {
        match name {
            EditionName::Developer => Self::Developer,
            EditionName::Enterprise => Self::Enterprise,
            EditionName::Performance => Self::Performance,
            EditionName::Unlimited => Self::Unlimited,
        }
    }
}

#[derive(Args)]
pub(crate) struct DevOptions {
    /// Configuration in TOML; what flags and variables say goes before it
    #[arg(long, env = "LANDFALL_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Address and port to listen on; port 0 takes a free one [default: 127.0.0.1:7443]
    #[arg(long, env = "LANDFALL_LISTEN", value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// Folder to keep the org in [default: landfall-data]
    #[arg(long, env = "LANDFALL_DATA", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Keep the org in a temporary folder that is removed at exit; goes before --data
    #[arg(long, env = "LANDFALL_EPHEMERAL", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) ephemeral: Option<bool>,
    /// Answer to login.salesforce.com and the vendor's other hosts: over TLS, and as the HTTPS proxy of clients
    #[arg(long, env = "LANDFALL_AS_SALESFORCE", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) as_salesforce: Option<bool>,
    /// Addresses that the connected app's users may be sent back to, besides every one on this machine
    #[arg(
        long,
        env = "LANDFALL_CONNECTED_APP_REDIRECT_URIS",
        value_name = "URI",
        value_delimiter = ','
    )]
    pub(crate) connected_app_redirect_uris: Option<Vec<String>>,
    /// Whether a refresh token is replaced at each use [default: false]
    #[arg(long, env = "LANDFALL_CONNECTED_APP_ROTATE_REFRESH_TOKENS", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) connected_app_rotate_refresh_tokens: Option<bool>,
    /// Certificate in PEM of the key that the connected app signs assertions with
    #[arg(
        long,
        env = "LANDFALL_CONNECTED_APP_CERTIFICATE_FILE",
        value_name = "FILE"
    )]
    pub(crate) connected_app_certificate_file: Option<PathBuf>,
    /// Whether the connected app's users need not say yes [default: true with a certificate]
    #[arg(long, env = "LANDFALL_CONNECTED_APP_PRE_AUTHORIZED", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) connected_app_pre_authorized: Option<bool>,
    /// Whether logins become events, for those who may see what users do [default: false]
    #[arg(long, env = "LANDFALL_EVENTS_LOGINS", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) events_logins: Option<bool>,
    /// Whether equal changes of several records in one transaction are one event [default: false]
    #[arg(long, env = "LANDFALL_EVENTS_MERGE", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) events_merge: Option<bool>,
    /// Changes of one transaction that have events of their own; one overflow event of each object tells of more [default: 100000]
    #[arg(long, env = "LANDFALL_EVENTS_OVERFLOW_AFTER", value_name = "N")]
    pub(crate) events_overflow_after: Option<u64>,
    /// Whether a generic channel that somebody subscribes to is made if it is not there [default: false]
    #[arg(long, env = "LANDFALL_STREAMING_DYNAMIC_CHANNELS", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) streaming_dynamic_channels: Option<bool>,
    /// Let apps in as this user, without a login page and a question
    #[arg(long, env = "LANDFALL_OAUTH_AUTO_APPROVE", value_name = "USERNAME")]
    pub(crate) oauth_auto_approve: Option<String>,
    /// For how many seconds a login lasts without being used [default: 7200]
    #[arg(
        long,
        env = "LANDFALL_OAUTH_SESSION_TIMEOUT_SECONDS",
        value_name = "SECONDS"
    )]
    pub(crate) oauth_session_timeout_seconds: Option<u64>,
    /// Folder of the Salesforce DX project that objects, fields and platform events come from; read again when it changes
    #[arg(long, env = "LANDFALL_PROJECT", value_name = "DIR")]
    pub(crate) project: Option<PathBuf>,
    /// File of records, or plan of such files, that a new org begins with; may be given several times
    #[arg(
        long,
        env = "LANDFALL_SEED",
        value_name = "FILE",
        value_delimiter = ','
    )]
    pub(crate) seed: Option<Vec<PathBuf>>,
    /// File to write the URL to once requests are answered; removed at exit
    #[arg(long, env = "LANDFALL_READY_FILE", value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct ServeOptions {
    /// Configuration in TOML; what flags and variables say goes before it
    #[arg(long, env = "LANDFALL_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Address and port to listen on [default: 127.0.0.1:7443]
    #[arg(long, env = "LANDFALL_LISTEN", value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// Folder to keep the org in
    #[arg(long, env = "LANDFALL_DATA", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Certificate chain in PEM
    #[arg(long, env = "LANDFALL_TLS_CERTIFICATE_FILE", value_name = "FILE")]
    pub(crate) tls_certificate_file: Option<PathBuf>,
    /// Private key of the certificate in PEM
    #[arg(long, env = "LANDFALL_TLS_KEY_FILE", value_name = "FILE")]
    pub(crate) tls_key_file: Option<PathBuf>,
    /// Whether a proxy in front takes TLS off
    #[arg(long, env = "LANDFALL_TLS_TERMINATED_BY_PROXY", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) tls_terminated_by_proxy: Option<bool>,
    /// Addresses or ranges whose X-Forwarded-* headers are believed
    #[arg(
        long,
        env = "LANDFALL_PROXIES_TRUSTED",
        value_name = "RANGE",
        value_delimiter = ','
    )]
    pub(crate) proxies_trusted: Option<Vec<Network>>,
    /// Is for `dev`: refused with the reason
    #[arg(long, env = "LANDFALL_AS_SALESFORCE", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", hide = true)]
    pub(crate) as_salesforce: Option<bool>,
    /// User name of the first administrator of a new org
    #[arg(long, env = "LANDFALL_ADMIN_USERNAME", value_name = "NAME")]
    pub(crate) admin_username: Option<String>,
    /// File that holds the administrator's password
    #[arg(long, env = "LANDFALL_ADMIN_PASSWORD_FILE", value_name = "FILE")]
    pub(crate) admin_password_file: Option<PathBuf>,
    /// Consumer key of the first connected app
    #[arg(long, env = "LANDFALL_CONNECTED_APP_CLIENT_ID", value_name = "ID")]
    pub(crate) connected_app_client_id: Option<String>,
    /// File that holds the consumer secret
    #[arg(
        long,
        env = "LANDFALL_CONNECTED_APP_CLIENT_SECRET_FILE",
        value_name = "FILE"
    )]
    pub(crate) connected_app_client_secret_file: Option<PathBuf>,
    /// Scopes that the connected app may ask for; by default those of the APIs, of who the user is, and of refresh tokens
    #[arg(
        long,
        env = "LANDFALL_CONNECTED_APP_SCOPES",
        value_name = "SCOPE",
        value_delimiter = ','
    )]
    pub(crate) connected_app_scopes: Option<Vec<String>>,
    /// Addresses that the connected app's users may be sent back to
    #[arg(
        long,
        env = "LANDFALL_CONNECTED_APP_REDIRECT_URIS",
        value_name = "URI",
        value_delimiter = ','
    )]
    pub(crate) connected_app_redirect_uris: Option<Vec<String>>,
    /// Whether a refresh token is replaced at each use [default: false]
    #[arg(long, env = "LANDFALL_CONNECTED_APP_ROTATE_REFRESH_TOKENS", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) connected_app_rotate_refresh_tokens: Option<bool>,
    /// Certificate in PEM of the key that the connected app signs assertions with
    #[arg(
        long,
        env = "LANDFALL_CONNECTED_APP_CERTIFICATE_FILE",
        value_name = "FILE"
    )]
    pub(crate) connected_app_certificate_file: Option<PathBuf>,
    /// Whether the connected app's users need not say yes [default: false]
    #[arg(long, env = "LANDFALL_CONNECTED_APP_PRE_AUTHORIZED", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) connected_app_pre_authorized: Option<bool>,
    /// For how many seconds a login lasts without being used [default: 7200]
    #[arg(
        long,
        env = "LANDFALL_OAUTH_SESSION_TIMEOUT_SECONDS",
        value_name = "SECONDS"
    )]
    pub(crate) oauth_session_timeout_seconds: Option<u64>,
    /// Whether users may log in by the `password` grant [default: true]
    #[arg(long, env = "LANDFALL_OAUTH_PASSWORD_GRANT", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) oauth_password_grant: Option<bool>,
    /// How many hours events are retained [default: 72]
    #[arg(long, env = "LANDFALL_EVENTS_RETENTION_HOURS", value_name = "HOURS")]
    pub(crate) events_retention_hours: Option<u64>,
    /// How many hours those of `PushTopics` and generic channels are retained [default: 24]
    #[arg(
        long,
        env = "LANDFALL_EVENTS_STREAM_RETENTION_HOURS",
        value_name = "HOURS"
    )]
    pub(crate) events_stream_retention_hours: Option<u64>,
    /// Whether changes of every object that supports it become events [default: false]
    #[arg(long, env = "LANDFALL_EVENTS_CAPTURE_ALL", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) events_capture_all: Option<bool>,
    /// Whether logins become events, for those who may see what users do [default: false]
    #[arg(long, env = "LANDFALL_EVENTS_LOGINS", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) events_logins: Option<bool>,
    /// Whether updates tell large texts by what changed in them [default: true]
    #[arg(long, env = "LANDFALL_EVENTS_DIFFERENCES", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) events_differences: Option<bool>,
    /// Whether equal changes of several records in one transaction are one event [default: false]
    #[arg(long, env = "LANDFALL_EVENTS_MERGE", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) events_merge: Option<bool>,
    /// Changes of one transaction that have events of their own; one overflow event of each object tells of more [default: 100000]
    #[arg(long, env = "LANDFALL_EVENTS_OVERFLOW_AFTER", value_name = "N")]
    pub(crate) events_overflow_after: Option<u64>,
    /// Whether Streaming API clients must return the browser cookie [default: false]
    #[arg(long, env = "LANDFALL_STREAMING_STRICT_COOKIES", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) streaming_strict_cookies: Option<bool>,
    /// Whether a generic channel that somebody subscribes to is made if it is not there [default: false]
    #[arg(long, env = "LANDFALL_STREAMING_DYNAMIC_CHANNELS", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) streaming_dynamic_channels: Option<bool>,
    /// Whether server reflection describes the Pub/Sub API, without a login [default: false]
    #[arg(long, env = "LANDFALL_PUBSUB_REFLECTION", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) pubsub_reflection: Option<bool>,
    /// Connections at once; more wait [default: 20000]
    #[arg(long, env = "LANDFALL_LIMITS_CONNECTIONS", value_name = "N")]
    pub(crate) limits_connections: Option<usize>,
    /// The edition whose allocations the org has [default: developer]
    #[arg(long, env = "LANDFALL_LIMITS_ALLOCATIONS", value_name = "EDITION")]
    pub(crate) limits_allocations: Option<EditionName>,
    /// Streaming API clients at once; 0 for no limit [default: 20]
    #[arg(long, env = "LANDFALL_LIMITS_CONCURRENT_CLIENTS", value_name = "N")]
    pub(crate) limits_concurrent_clients: Option<u64>,
    /// Change events and platform events delivered in 24 hours; 0 for no limit [default: 10000]
    #[arg(long, env = "LANDFALL_LIMITS_DELIVERED_DAILY", value_name = "N")]
    pub(crate) limits_delivered_daily: Option<u64>,
    /// Platform events published in an hour; 0 for no limit [default: 50000]
    #[arg(long, env = "LANDFALL_LIMITS_PUBLISHED_HOURLY", value_name = "N")]
    pub(crate) limits_published_hourly: Option<u64>,
    /// PushTopic events delivered in 24 hours; 0 for no limit [default: 10000]
    #[arg(long, env = "LANDFALL_LIMITS_PUSH_TOPICS_DAILY", value_name = "N")]
    pub(crate) limits_push_topics_daily: Option<u64>,
    /// Generic events delivered in 24 hours; 0 for no limit [default: 10000]
    #[arg(long, env = "LANDFALL_LIMITS_GENERIC_DAILY", value_name = "N")]
    pub(crate) limits_generic_daily: Option<u64>,
    /// Requests to the API in 24 hours; 0 for no limit [default: 15000]
    #[arg(long, env = "LANDFALL_LIMITS_REQUESTS_DAILY", value_name = "N")]
    pub(crate) limits_requests_daily: Option<u64>,
    /// Platform events that may be defined; 0 for no limit [default: 5]
    #[arg(long, env = "LANDFALL_LIMITS_EVENT_DEFINITIONS", value_name = "N")]
    pub(crate) limits_event_definitions: Option<u64>,
    /// Objects that may be selected for change events on all channels together; 0 for no limit [default: 5]
    #[arg(long, env = "LANDFALL_LIMITS_SELECTED_OBJECTS", value_name = "N")]
    pub(crate) limits_selected_objects: Option<u64>,
    /// Platform events that may be selected on all channels together; 0 for no limit [default: 5]
    #[arg(long, env = "LANDFALL_LIMITS_SELECTED_EVENTS", value_name = "N")]
    pub(crate) limits_selected_events: Option<u64>,
    /// Subscriptions to one PushTopic or generic channel at once; 0 for no limit [default: 0]
    #[arg(long, env = "LANDFALL_LIMITS_TOPIC_SUBSCRIBERS", value_name = "N")]
    pub(crate) limits_topic_subscribers: Option<u64>,
    /// File that holds the token that whoever reads /metrics has to bring
    #[arg(long, env = "LANDFALL_METRICS_TOKEN_FILE", value_name = "FILE")]
    pub(crate) metrics_token_file: Option<PathBuf>,
    /// Logins of one user in an hour; 0 for no limit [default: 3600]
    #[arg(long, env = "LANDFALL_LIMITS_LOGINS_AN_HOUR", value_name = "N")]
    pub(crate) limits_logins_an_hour: Option<u32>,
    /// Active `PushTopics`; 0 for no limit [default: 40]
    #[arg(long, env = "LANDFALL_LIMITS_PUSH_TOPICS", value_name = "N")]
    pub(crate) limits_push_topics: Option<usize>,
    /// Generic channels; 0 for no limit [default: 200]
    #[arg(long, env = "LANDFALL_LIMITS_STREAMING_CHANNELS", value_name = "N")]
    pub(crate) limits_streaming_channels: Option<usize>,
    /// Folder of the Salesforce DX project that objects, fields and platform events come from; read again when it changes
    #[arg(long, env = "LANDFALL_PROJECT", value_name = "DIR")]
    pub(crate) project: Option<PathBuf>,
    /// File of records, or plan of such files, that a new org begins with; may be given several times
    #[arg(
        long,
        env = "LANDFALL_SEED",
        value_name = "FILE",
        value_delimiter = ','
    )]
    pub(crate) seed: Option<Vec<PathBuf>>,
    /// File to write the URL to once requests are answered; removed at exit
    #[arg(long, env = "LANDFALL_READY_FILE", value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
}

/// Which org, and how to log in.
#[derive(Args)]
pub(crate) struct OrgOptions {
    /// The org
    #[arg(
        short,
        long,
        env = "LANDFALL_TARGET",
        value_name = "URL",
        default_value = "http://127.0.0.1:7443"
    )]
    pub(crate) target: String,
    /// User name; on loopback targets the developer org's is known
    #[arg(long, env = "LANDFALL_USERNAME", value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// Password; better given as a variable, which other users of the machine cannot see
    #[arg(
        long,
        env = "LANDFALL_PASSWORD",
        value_name = "PASSWORD",
        hide_env_values = true
    )]
    pub(crate) password: Option<String>,
    /// Consumer key of the connected app to log in with [default: landfall]
    #[arg(long, env = "LANDFALL_CLIENT_ID", value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// Consumer secret; without a user name it logs in by itself
    #[arg(
        long,
        env = "LANDFALL_CLIENT_SECRET",
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub(crate) client_secret: Option<String>,
    /// Token of a login that exists
    #[arg(long, env = "LANDFALL_ACCESS_TOKEN", value_name = "TOKEN", hide_env_values = true, conflicts_with_all = ["username", "password"])]
    pub(crate) access_token: Option<String>,
    /// Certificate authority to trust, in PEM
    #[arg(long, env = "LANDFALL_CA_FILE", value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct PublishOptions {
    /// Topic of a platform event
    #[arg(value_name = "TOPIC")]
    pub(crate) topic: String,
    /// The event's fields as a JSON object; `-`, or neither this nor --file, reads one object after another from stdin
    #[arg(value_name = "JSON")]
    pub(crate) event: Option<String>,
    /// File to read one JSON object after another from
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
    /// Topic, such as /data/AccountChangeEvent, or id of a schema
    #[arg(value_name = "TOPIC|ID")]
    pub(crate) of: String,
    /// Print JSON: the Avro schema, or with --bitmap the names
    #[arg(long, env = "LANDFALL_JSON")]
    pub(crate) json: bool,
    /// Print the fields that a bitmap stands for, such as 0x800000 or 4-0x01; may be repeated
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
pub(crate) struct TailOptions {
    /// Topics, such as /data/AccountChangeEvent
    #[arg(required = true, value_name = "TOPIC")]
    pub(crate) topics: Vec<String>,
    #[command(flatten)]
    pub(crate) org: OrgOptions,
    /// Where to begin: latest, earliest, or the replay id of the last event seen
    #[arg(
        short,
        long,
        env = "LANDFALL_REPLAY",
        value_name = "PRESET|ID",
        default_value = "latest"
    )]
    pub(crate) replay: Replay,
    /// Protocol to speak [default: pubsub, or cometd where a topic needs it: /topic/…, /u/…, /systemTopic/…]
    #[arg(long, env = "LANDFALL_PROTOCOL", value_enum)]
    pub(crate) protocol: Option<Protocol>,
    /// API version of the Streaming API to speak
    #[arg(
        long,
        env = "LANDFALL_API_VERSION",
        value_name = "NN.0",
        default_value = "59.0"
    )]
    pub(crate) api_version: String,
    /// End after this many events
    #[arg(short = 'n', long, env = "LANDFALL_COUNT", value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,
    /// Give up when --count is not reached after this many seconds
    #[arg(
        long,
        env = "LANDFALL_TIMEOUT",
        value_name = "SECONDS",
        requires = "count"
    )]
    pub(crate) timeout: Option<u64>,
    /// Print JSON also on a terminal
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

/// Where a subscription begins.
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
