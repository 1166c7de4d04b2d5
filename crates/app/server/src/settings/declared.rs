//! Every setting. A new one is a declaration here, and whatever reads it by `settings.get(&NAME)`: flag, variable, file
//! key, help and docs follow from it. `UPDATE=1 cargo test -p landfall-server settings` rewrites the docs.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use landfall_engine::CaptureRules;
use landfall_model::{Timestamp, limits};

use super::declaration::{Declared, Group, Setting};
use super::feature_name::FeatureName;
use super::value::{HostName, HostPort};
use super::{Edition, LogFormat, PublicUrl};
use crate::settings::network::Network;
use landfall_metadata::OriginPattern;

/// Makes each declaration a constant, and a list of all of them in their order.
macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $declaration:expr;)*) => {
        $(
            $(#[$doc])*
            pub static $name: Setting<$type> = $declaration;
        )*

        /// Every setting, in the order of help and docs.
        pub static ALL: &[&'static dyn Declared] = &[$(&$name),*];
    };
}

/// Where an org is stored by default.
pub const DATA_DEFAULT: &str = "landfall-data";

/// For allocations.
const OF_EDITION: &str = "that of the edition";

const fn listen_default() -> SocketAddr {
    SocketAddr::V4(std::net::SocketAddrV4::new(Ipv4Addr::LOCALHOST, 7443))
}

settings! {
    /// Address and port.
    LISTEN: SocketAddr = Setting::new(
        "listen",
        Group::Listening,
        "Address and port to listen on; port 0 picks a free one",
    )
    .default(listen_default)
    .details("A developer org listens on loopback addresses only.")
    .example("\"0.0.0.0:7443\"")
    .daily();

    /// Data folder.
    DATA: PathBuf = Setting::new("data", Group::Data, "Folder that the org is stored in")
        .value_name("DIR")
        .default_of_dev(|| DATA_DEFAULT.into())
        .details("Required for `serve`.")
        .example("\"/var/lib/landfall\"")
        .daily();

    /// Database of the org.
    STORE: String = Setting::new(
        "store",
        Group::Data,
        "PostgreSQL database that the org is stored in, instead of a file in the data folder",
    )
    .value_name("URL")
    .details("`postgres://USER:PASSWORD@HOST/DATABASE`, PostgreSQL 15 or later; the schema is `landfall`, or the `search_path` of the URL's `options`; TLS is used as its `sslmode` says. The data folder has the files of bulk jobs. The command line of a process is no secret: set it in the file or the environment. See [serve.md](serve.md#postgresql).")
    .serve_only()
    .example("\"postgres://landfall:secret@127.0.0.1/landfall\"")
    .secret();

    /// Temporary data folder.
    EPHEMERAL: bool = Setting::new(
        "ephemeral",
        Group::Data,
        "Store the org in a temporary folder that is removed at exit; takes precedence over --data",
    )
    .default_of_dev(|| false)
    .dev_only("everything would be lost at exit")
    .daily();

    /// Where the clock stands still.
    CLOCK: Timestamp = Setting::new(
        "clock.start",
        Group::Data,
        "Time at which the clock of the org stands still from the start",
    )
    .alias("clock")
    .dev_only("nothing would ever fall due")
    .details("It is moved and resumed as any clock of a developer org ([tests](testing.md#time)). Commits of an org that is already there are never before its last one.")
    .example("\"2030-01-01T09:00:00Z\"");

    /// Where randomness begins.
    RANDOM_SEED: u64 = Setting::new(
        "random_seed",
        Group::Data,
        "Number that everything random in the org is made from: ids, client ids, transaction keys, tokens",
    )
    .dev_only("tokens could be guessed")
    .details("Two new orgs with the same seed and `clock.start` answer the same requests, one after the other, with the same bytes. Each org of the process has a sequence of its own.")
    .example("1");

    /// Reserve of disk space.
    RESERVE_MIB: u64 = Setting::new(
        "disk.reserve_mib",
        Group::Data,
        "Free disk space below which uploads and jobs are refused, so that changes can still be committed",
    )
    .value_name("MIB")
    .unit("MiB")
    .default(|| limits::RESERVE_MIB)
    .details("0 turns it off. What is refused gets `STORAGE_LIMIT_EXCEEDED`; see [operations](operations/full-disk.md).")
    .example("2048");

    /// Pace of comparing stored data with its checksums.
    SCRUB_MIB_PER_MINUTE: u64 = Setting::new(
        "disk.scrub_mib_per_minute",
        Group::Data,
        "How much of the data file is compared with its checksums in a minute",
    )
    .value_name("MIB")
    .unit("MiB")
    .default(|| limits::SCRUB_MIB_PER_MINUTE)
    .details("0 turns it off. An hour after all of it was read it begins again. What is damaged is logged, counted by `/metrics` and reported by `/readyz`; see [operations](operations/damage.md).")
    .example("600");

    /// Whether jumps of the clock are followed.
    TRUST_CLOCK: bool = Setting::new(
        "clock.trust",
        Group::Data,
        "Follow the machine's clock when it jumps by more than an hour",
    )
    .default_of_dev(|| true)
    .default_of_serve(|| false)
    .details("Without it, time goes on as before until the clock is back or the server is restarted; see [operations](operations/clock.md).")
    .example("true");

    /// Salesforce DX project.
    PROJECT: PathBuf = Setting::new(
        "project",
        Group::Data,
        "Salesforce DX project with the org's objects, fields and platform events; reloaded when it changes",
    )
    .value_name("DIR")
    .example("\"/srv/integration\"")
    .daily();

    /// Whether nothing of the project may be left out.
    STRICT: bool = Setting::new(
        "strict",
        Group::Data,
        "Refuse a project of which anything has to be left out",
    )
    .example("true")
    .default_of_dev(|| false)
    .default_of_serve(|| false)
    .daily();

    /// Features.
    FEATURES: Vec<FeatureName> = Setting::new(
        "features",
        Group::Data,
        "Feature of the org, by the name of a scratch-org feature, which brings objects and fields; repeatable",
    )
    .value_name("FEATURE")
    .alias("feature")
    .details("[compat/objects.md](compat/objects.md#features) lists them. Those that a project needs are switched on with it ([project.md](project.md#features)).")
    .example("[\"Quotes\", \"MultiCurrency\"]")
    .daily();

    /// Initial records.
    SEEDS: Vec<PathBuf> = Setting::new(
        "seeds",
        Group::Data,
        "File of records, or plan of such files, to load into a new org; repeatable",
    )
    .value_name("FILE")
    .alias("seed")
    .example("[\"/srv/integration/data/plan.json\"]")
    .daily();

    /// URL of a running server.
    READY_FILE: PathBuf = Setting::new(
        "ready_file",
        Group::Listening,
        "File to write the URL to once the server is ready; removed at exit",
    )
    .value_name("FILE")
    .example("\"/run/landfall/ready\"");

    /// Address of the server as clients use it.
    PUBLIC_URL: PublicUrl = Setting::new(
        "public_url",
        Group::Listening,
        "URL of the server as clients use it; JWT assertions must name it as their audience",
    )
    .details(
        "Without it, the audience of an assertion must be a login host of the service; a developer org also accepts its \
         own loopback addresses. The `Host` header of a request never decides it.",
    )
    .example("\"https://org.example.com\"");

    /// Host names of a developer org.
    HOSTS: Vec<HostName> = Setting::new(
        "hosts",
        Group::Listening,
        "Host name that requests may be addressed to besides loopback ones; repeatable",
    )
    .dev_only("a production node does not check host names")
    .details(
        "A developer org refuses requests whose `Host` or `Origin` is neither a loopback name nor one of these, so that no \
         website can reach it through a DNS name that resolves to this machine. `--as-salesforce` adds the host names of \
         the service.",
    )
    .example("[\"landfall.internal\"]");

    /// Origins of websites.
    CORS_ORIGINS: Vec<OriginPattern> = Setting::new(
        "cors.origins",
        Group::Listening,
        "Origin of websites that may use the APIs from a browser; repeatable",
    )
    .value_name("ORIGIN")
    .details(
        "The CORS allowlist of an org. `https://*.example.com` allows all subdomains. A developer org also allows every \
         loopback origin.",
    )
    .example("[\"https://*.example.com\", \"http://localhost:3000\"]");

    /// CORS of OAuth endpoints.
    CORS_OAUTH: bool = Setting::new(
        "cors.oauth",
        Group::Listening,
        "Let these origins use the OAuth endpoints too",
    )
    .default_of_dev(|| true)
    .default_of_serve(|| false)
    .details("The setting `enableOauthCorsPolicy` of an org: authorize, token, revoke and introspect.");

    /// Host names of the service.
    AS_SALESFORCE: bool = Setting::new(
        "as_salesforce",
        Group::Listening,
        "Answer as login.salesforce.com and the service's other hosts: over TLS, and as the HTTPS proxy of clients",
    )
    .default_of_dev(|| false)
    .dev_only("a production node does not answer for host names that are not its own");

    /// Connections.
    CONNECTIONS: usize = Setting::new(
        "limits.connections",
        Group::Listening,
        "Open connections; more wait to be accepted",
    )
    .default(|| limits::CONNECTIONS_DEFAULT)
    .at_least(1)
    .details("Never more than the limit of open files allows; see [serve.md](serve.md#open-files).");

    /// Certificate.
    TLS_CERTIFICATE_FILE: PathBuf = Setting::new(
        "tls.certificate_file",
        Group::Listening,
        "Certificate chain in PEM, the server's own certificate first",
    )
    .value_name("FILE")
    .serve_only()
    .example("\"/etc/landfall/tls.pem\"");

    /// Private key.
    TLS_KEY_FILE: PathBuf = Setting::new(
        "tls.key_file",
        Group::Listening,
        "Private key of the certificate in PEM",
    )
    .value_name("FILE")
    .serve_only()
    .example("\"/etc/landfall/tls-key.pem\"");

    /// TLS of a proxy.
    TLS_TERMINATED_BY_PROXY: bool = Setting::new(
        "tls.terminated_by_proxy",
        Group::Listening,
        "Accept cleartext from a proxy that terminates TLS",
    )
    .default_of_serve(|| false)
    .serve_only()
    .details(
        "Requires `proxies.trusted`. With a certificate, it permits logins over cleartext, which are refused otherwise.",
    )
    .example("false");

    /// Proxies.
    PROXIES_TRUSTED: Vec<Network> = Setting::new(
        "proxies.trusted",
        Group::Listening,
        "Address or range of proxies whose X-Forwarded-Proto, -Host and -For headers are trusted; repeatable",
    )
    .example("[\"10.0.0.0/8\", \"fd00::1\"]");

    /// Retention.
    RETENTION_HOURS: u64 = Setting::new(
        "events.retention_hours",
        Group::Events,
        "How long events are retained",
    )
    .value_name("HOURS")
    .unit("hours")
    .default(|| limits::RETENTION_HOURS)
    .at_least(1);

    /// Retention of `PushTopics` and generic channels.
    STREAM_RETENTION_HOURS: u64 = Setting::new(
        "events.stream_retention_hours",
        Group::Events,
        "How long events of PushTopics and generic channels are retained",
    )
    .value_name("HOURS")
    .unit("hours")
    .default_described("24, or `events.retention_hours` if that is less")
    .at_least(1)
    .details("At most `events.retention_hours`.")
    .example("24");

    /// Change events of all objects.
    CAPTURE_ALL: bool = Setting::new(
        "events.capture_all",
        Group::Events,
        "Publish change events for every object that supports them",
    )
    .default_of_dev(|| true)
    .default_of_serve(|| false)
    .example("true");

    /// Login events.
    LOGIN_EVENTS: bool = Setting::new(
        "events.logins",
        Group::Events,
        "Publish logins to /event/LoginEventStream, for users who may view real-time event monitoring data",
    )
    .default(|| false)
    .example("true");

    /// Differences of large texts.
    DIFFERENCES: bool = Setting::new(
        "events.differences",
        Group::Events,
        "Publish changes of large text fields as differences, as the service does",
    )
    .default(|| CaptureRules::default().differences);

    /// Merged events.
    MERGE: bool = Setting::new(
        "events.merge",
        Group::Events,
        "Merge equal changes of several records in one transaction into one event, as the service sometimes does",
    )
    .default(|| CaptureRules::default().merge)
    .example("true");

    /// Overflow events.
    OVERFLOW_AFTER: u64 = Setting::new(
        "events.overflow_after",
        Group::Events,
        "Changes of one transaction that have change events of their own; the rest is one overflow event per object",
    )
    .unit("changes")
    .default(|| limits::OVERFLOW_CHANGES)
    .at_least(1)
    .at_most(limits::OVERFLOW_CHANGES)
    .details("An update counts once for each changed field.")
    .example("1000");

    /// Browser cookie.
    STRICT_COOKIES: bool = Setting::new(
        "streaming.strict_cookies",
        Group::Events,
        "Refuse Streaming API clients that do not return the BAYEUX_BROWSER cookie, as the service does",
    )
    .default(|| false)
    .example("true");

    /// Dynamic channels.
    DYNAMIC_CHANNELS: bool = Setting::new(
        "streaming.dynamic_channels",
        Group::Events,
        "Create a generic channel (/u/...) when a client subscribes to one that does not exist",
    )
    .default(|| false)
    .example("true");

    /// Server reflection.
    REFLECTION: bool = Setting::new(
        "pubsub.reflection",
        Group::Events,
        "Describe the Pub/Sub API by gRPC server reflection, without a login",
    )
    .default_of_dev(|| true)
    .default_of_serve(|| false)
    .example("true");

    /// Idle time of a `PublishStream`.
    PUBLISH_IDLE_SECONDS: u32 = Setting::new(
        "pubsub.publish_idle_seconds",
        Group::Events,
        "Idle time after which a PublishStream of the Pub/Sub API ends",
    )
    .value_name("SECONDS")
    .unit("seconds")
    .default(|| limits::PUBLISH_IDLE_SECONDS)
    .at_least(1);

    /// First administrator.
    ADMIN_USERNAME: String = Setting::new(
        "admin.username",
        Group::Login,
        "User name of the first administrator, in the form of an email address",
    )
    .value_name("NAME")
    .serve_only()
    .details("Required for a new org; ignored once the user exists.")
    .example("\"ops@example.com\"")
    .daily();

    /// Password of the first administrator.
    ADMIN_PASSWORD_FILE: PathBuf = Setting::new(
        "admin.password_file",
        Group::Login,
        "File that contains the password of the first administrator",
    )
    .value_name("FILE")
    .serve_only()
    .details("At least 12 characters.")
    .example("\"/run/secrets/landfall-admin\"")
    .daily();

    /// Consumer key.
    APP_CLIENT_ID: String = Setting::new(
        "connected_app.client_id",
        Group::Login,
        "Consumer key of the connected app",
    )
    .value_name("ID")
    .serve_only()
    .details("Created unless it exists.")
    .example("\"integration\"");

    /// Consumer secret.
    APP_CLIENT_SECRET_FILE: PathBuf = Setting::new(
        "connected_app.client_secret_file",
        Group::Login,
        "File that contains the consumer secret",
    )
    .value_name("FILE")
    .serve_only()
    .details("At least 16 characters without whitespace; read when the app is created.")
    .example("\"/run/secrets/landfall-client\"");

    /// Scopes.
    APP_SCOPES: Vec<String> = Setting::new(
        "connected_app.scopes",
        Group::Login,
        "OAuth scope that the connected app may request; repeatable",
    )
    .value_name("SCOPE")
    .serve_only()
    .default_described("api, id, web, openid and refresh_token")
    .example("[\"api\", \"id\", \"web\", \"openid\", \"refresh_token\"]");

    /// Redirect URIs.
    APP_REDIRECT_URIS: Vec<String> = Setting::new(
        "connected_app.redirect_uris",
        Group::Login,
        "URI that users of the connected app may be redirected to; repeatable",
    )
    .value_name("URI")
    .details(
        "`https`, a scheme of the app's own, or `http` on the user's own machine, where `*` matches any port. A developer \
         org also accepts every loopback URI.",
    )
    .example("[\"https://integration.example.com/callback\", \"http://localhost:*/callback\"]");

    /// Refresh token rotation.
    APP_ROTATE_REFRESH_TOKENS: bool = Setting::new(
        "connected_app.rotate_refresh_tokens",
        Group::Login,
        "Replace a refresh token each time it is used",
    )
    .default(|| false)
    .example("true");

    /// Certificate of the connected app.
    APP_CERTIFICATE_FILE: PathBuf = Setting::new(
        "connected_app.certificate_file",
        Group::Login,
        "Certificate in PEM of the RSA key that the connected app signs JWT assertions with",
    )
    .value_name("FILE")
    .example("\"/etc/landfall/integration.pem\"");

    /// Consent.
    APP_PRE_AUTHORIZED: bool = Setting::new(
        "connected_app.pre_authorized",
        Group::Login,
        "Skip the consent page for users of the connected app",
    )
    .default_of_serve(|| false)
    .default_described("true with `connected_app.certificate_file`")
    .details("With a certificate, an assertion then logs in any user.")
    .example("true");

    /// Automatic approval.
    AUTO_APPROVE: String = Setting::new(
        "oauth.auto_approve",
        Group::Login,
        "Authorize every app as this user, without login and consent pages",
    )
    .value_name("USERNAME")
    .dev_only("any app would be authorized without a password")
    .example("\"admin@landfall.test\"");

    /// Session timeout.
    SESSION_TIMEOUT_SECONDS: u64 = Setting::new(
        "oauth.session_timeout_seconds",
        Group::Login,
        "Idle time after which a login expires",
    )
    .value_name("SECONDS")
    .unit("seconds")
    .default(|| limits::SESSION_IDLE_MINUTES * 60)
    .at_least(1);

    /// Username-password flow.
    PASSWORD_GRANT: bool = Setting::new(
        "oauth.password_grant",
        Group::Login,
        "Allow the OAuth username-password flow and the SOAP login() call",
    )
    .default(|| true)
    .details("The service blocks both in new orgs.")
    .example("false");

    /// Logins an hour.
    LOGINS_AN_HOUR: u32 = Setting::new(
        "limits.logins_an_hour",
        Group::Login,
        "Logins of one user in an hour; 0 for no limit",
    )
    .unit("logins")
    .default_of_dev(|| 0)
    .default_of_serve(|| limits::LOGINS_AN_HOUR);

    /// Edition.
    ALLOCATIONS: Edition = Setting::new(
        "limits.allocations",
        Group::Allocations,
        "Edition whose allocations the org has",
    )
    .default_of_dev(|| Edition::Unlimited)
    .default_of_serve(|| Edition::Developer)
    .details("The settings below override single allocations; 0 is no limit. See [usage.md](usage.md).")
    .example("\"performance\"");

    /// `PushTopics`.
    PUSH_TOPICS: usize = Setting::new(
        "limits.push_topics",
        Group::Allocations,
        "Active PushTopics; 0 for no limit",
    )
    .default_described(OF_EDITION)
    .example("100");

    /// Generic channels.
    STREAMING_CHANNELS: usize = Setting::new(
        "limits.streaming_channels",
        Group::Allocations,
        "Generic channels; 0 for no limit",
    )
    .default_described(OF_EDITION)
    .example("1000");

    /// Streaming API clients.
    CONCURRENT_CLIENTS: u64 = Setting::new(
        "limits.concurrent_clients",
        Group::Allocations,
        "Concurrent Streaming API clients; 0 for no limit",
    )
    .default_described(OF_EDITION)
    .example("2000");

    /// Delivered events.
    DELIVERED_DAILY: u64 = Setting::new(
        "limits.delivered_daily",
        Group::Allocations,
        "Change events and platform events delivered in 24 hours, counted per subscriber; 0 for no limit",
    )
    .default_described(OF_EDITION)
    .example("50000");

    /// Published events.
    PUBLISHED_HOURLY: u64 = Setting::new(
        "limits.published_hourly",
        Group::Allocations,
        "Platform events published in an hour; 0 for no limit",
    )
    .default_described(OF_EDITION)
    .example("250000");

    /// `PushTopic` events.
    PUSH_TOPICS_DAILY: u64 = Setting::new(
        "limits.push_topics_daily",
        Group::Allocations,
        "PushTopic events delivered in 24 hours; 0 for no limit",
    )
    .default_described(OF_EDITION)
    .example("1000000");

    /// Generic events.
    GENERIC_DAILY: u64 = Setting::new(
        "limits.generic_daily",
        Group::Allocations,
        "Generic events delivered in 24 hours; 0 for no limit",
    )
    .default_described(OF_EDITION)
    .example("1000000");

    /// API requests.
    REQUESTS_DAILY: u64 = Setting::new(
        "limits.requests_daily",
        Group::Allocations,
        "API requests in 24 hours; 0 for no limit",
    )
    .default_described(OF_EDITION)
    .example("100000");

    /// Platform event definitions.
    EVENT_DEFINITIONS: u64 = Setting::new(
        "limits.event_definitions",
        Group::Allocations,
        "Platform event definitions; 0 for no limit",
    )
    .default_described(OF_EDITION)
    .example("100");

    /// Selected objects.
    SELECTED_OBJECTS: u64 = Setting::new(
        "limits.selected_objects",
        Group::Allocations,
        "Objects selected for change events on all channels together; 0 for no limit",
    )
    .default_described(OF_EDITION)
    .details("5 in every edition without the add-on. `events.capture_all` does not count as a selection.")
    .example("0");

    /// Selected platform events.
    SELECTED_EVENTS: u64 = Setting::new(
        "limits.selected_events",
        Group::Allocations,
        "Platform events selected on all channels together; 0 for no limit",
    )
    .default_described(OF_EDITION)
    .example("50");

    /// Subscriptions of a topic.
    TOPIC_SUBSCRIBERS: u64 = Setting::new(
        "limits.topic_subscribers",
        Group::Allocations,
        "Concurrent subscriptions to one PushTopic or generic channel; 0 for no limit",
    )
    .default(|| 0)
    .example("1000");

    /// The console of a production node.
    CONSOLE_ENABLED: bool = Setting::new(
        "console.enabled",
        Group::Console,
        "Serve the console at /console, read-only, for logins of administrators",
    )
    .serve_only()
    .default_of_serve(|| false)
    .details("Users log in with user name and password; see [console.md](console.md#in-serve). `dev` always has it.")
    .example("true");

    /// Fields that the console does not show.
    CONSOLE_MASKED_FIELDS: Vec<String> = Setting::new(
        "console.masked_fields",
        Group::Console,
        "Field whose values the console does not show, in any object and event; repeatable",
    )
    .value_name("FIELD")
    .serve_only()
    .details("A part of an address or a name stands for all of it. The APIs are not affected.")
    .example("[\"Phone\", \"SocialSecurityNumber__c\"]");

    /// Requests in the journal.
    JOURNAL_REQUESTS: usize = Setting::new(
        "journal.requests",
        Group::Logging,
        "Requests of clients that are kept in memory to be shown; 0 keeps none",
    )
    .value_name("COUNT")
    .default_of_dev(|| limits::JOURNAL_REQUESTS)
    .dev_only("bodies of requests are kept")
    .details(
        "The beginnings of bodies are kept, without passwords and tokens, in at most 8 MiB; see [tests](testing.md).",
    )
    .example("1000");

    /// Token of `/metrics`.
    METRICS_TOKEN_FILE: PathBuf = Setting::new(
        "metrics.token_file",
        Group::Logging,
        "File that contains the bearer token required to read /metrics",
    )
    .value_name("FILE")
    .details(
        "At least 16 characters. Without it, `serve` requires the access token of a user who may view all data; `dev` \
         requires none.",
    )
    .example("\"metrics-token\"");

    /// Log format.
    LOG_FORMAT: LogFormat = Setting::new("log.format", Group::Logging, "Format of log lines on stderr")
        .default(LogFormat::default)
        .example("\"json\"");

    /// Log filter.
    LOG_FILTER: String = Setting::new(
        "log.filter",
        Group::Logging,
        "Log level, or levels by module, such as info or warn,landfall_streaming=debug",
    )
    .value_name("FILTER")
    .alias("log")
    .default_of_dev(|| "warn".to_owned())
    .default_of_serve(|| "info".to_owned())
    .example("\"info,landfall_streaming=debug\"");

    /// Where the other nodes reach this one.
    CLUSTER_ADVERTISE: HostPort = Setting::new(
        "cluster.advertise",
        Group::Cluster,
        "Host and port at which the other nodes of the cluster reach this one; its name in logs and lists",
    )
    .details("With it, any number of servers share one `store`: one of them leads, the others follow it ([operations/cluster.md](operations/cluster.md)). Port 0 is the port that the server listens on.")
    .serve_only()
    .example("\"node-1.internal:7443\"");

    /// What the nodes have in common.
    CLUSTER_SECRET_FILE: PathBuf = Setting::new(
        "cluster.secret_file",
        Group::Cluster,
        "File that contains the secret by which the nodes of the cluster know each other",
    )
    .value_name("FILE")
    .details("At least 16 characters, the same on every node. Required with `cluster.advertise`.")
    .serve_only()
    .example("\"cluster-secret\"");

    /// Where operators reach a node.
    OPERATIONS_LISTEN: SocketAddr = Setting::new(
        "operations.listen",
        Group::Listening,
        "Address and port of the control interface for operators: what is safe of it, with a token",
    )
    .details("Off unless it is set. Other addresses than loopback require TLS, as for `listen`; see [serve](serve.md#operators).")
    .serve_only()
    .example("\"127.0.0.1:7444\"");

    /// What operators show for it.
    OPERATIONS_TOKEN_FILE: PathBuf = Setting::new(
        "operations.token_file",
        Group::Listening,
        "File that contains the bearer token of every request to operations.listen",
    )
    .value_name("FILE")
    .details("At least 16 characters. Required with `operations.listen`.")
    .serve_only()
    .example("\"operations-token\"");
}
